/* The shape and the plan that docs/architecture.md shows are those of its example. */
#include "plan/plan_fixture.h"

#include "base/alloc.h"

static char *page;

static void read_page(void) {
  FILE *file = fopen("docs/architecture.md", "rb");
  assert_non_null(file);
  rl_buf text;
  rl_buf_init(&text);
  for (int c = getc(file); c != EOF; c = getc(file)) rl_buf_byte(&text, (char)c);
  fclose(file);
  page = rl_buf_take(&text);
  assert_non_null(page);
}

/* The block of code that follows the words on the page; owned by the caller. */
static char *block_after(const char *words, const char *fence) {
  const char *at = strstr(page, words);
  assert_non_null(at);
  at = strstr(at, fence);
  assert_non_null(at);
  at += strlen(fence);
  const char *end = strstr(at, "```\n");
  assert_non_null(end);
  char *copy = malloc((size_t)(end - at) + 1);
  assert_non_null(copy);
  memcpy(copy, at, (size_t)(end - at));
  copy[end - at] = 0;
  return copy;
}

/* As the page has it: spaces between the tokens, and no length behind the letter of a key. */
static void write_shape(const rl_tape *tape, rl_buf *out) {
  const unsigned char *p = (const unsigned char *)tape->shape.p, *end = p + tape->shape.len;
  while (p < end) {
    size_t key = *p == 'k' ? (size_t)(p[1] | p[2] << 8) : 0;
    if (out->len) rl_buf_byte(out, ' ');
    rl_buf_byte(out, (char)*p);
    if (*p == 'k') rl_buf_str(out, rl_str_make((const char *)p + 3, key));
    p += *p == 'k' ? 3 + key : 1;
  }
  rl_buf_byte(out, '\n');
}

static void is_as_the_page_shows_it(void **state) {
  (void)state;
  read_page();
  char *schema_text = block_after("## Life of a query", "```prisma\n");
  char *shape = block_after("**1. Tape.**", "```text\n"), *plan = block_after("**4. Plan**", "```text\n");
  rl_schema *schema = schema_of(schema_text);
  planned p = plan_with(
      schema, &full_features, "user", RILLE_FIND_MANY,
      "{where: {email: {ends_with: '@example.com'}}, include: {posts: {order_by: {views: 'desc'}, take: 2}}}");
  rl_buf written;
  rl_buf_init(&written);
  write_shape(&p.tape, &written);
  assert_string_equal(rl_buf_z(&written), shape);
  assert_int_equal(p.tape.value_count, 3);
  assert_string_equal(rl_buf_z(&p.text), plan);
  rl_buf_dispose(&written);
  plan_done(&p);
  rl_schema_release(schema);
  free(schema_text);
  free(shape);
  free(plan);
  rl_free(page);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_as_the_page_shows_it)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
