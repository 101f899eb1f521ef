/* Which strings to_tsquery accepts, and which are plain words. */
#include "query/calling.h"
#include "input/convert.h"

static void texts_that_are_queries(void **state) {
  (void)state;
  static const char *const texts[] = {"cat",
                                      " cat ",
                                      "cat & dog",
                                      "cat&dog|!bird",
                                      "!!cat",
                                      "(cat | dog) & bird",
                                      "cat <-> dog",
                                      "cat<0>dog",
                                      "cat <16384> dog",
                                      "cat:*",
                                      "cat:aB*c & dog",
                                      "'a cat' & dog",
                                      "'it''s'",
                                      "'a\\'b'",
                                      "O'Reilly",
                                      "cat\\ dog",
                                      "-cat",
                                      "\"cat\"",
                                      "*",
                                      "c\xc3\xa6t",
                                      "cat\xe3\x80\x80& dog",
                                      "cat &\xe3\x80\x80"
                                      "dog",
                                      "'cat\xe3\x80\x80"
                                      "dog'"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!rl_is_tsquery(rl_str_of(texts[i]))) fail_msg("words: %s", texts[i]);
}

static void texts_that_are_words(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "  ",
                                      "cat dog",
                                      "cat &",
                                      "& cat",
                                      "cat && dog",
                                      "(cat",
                                      "cat)",
                                      "()",
                                      "cat!",
                                      "!",
                                      "cat <- dog",
                                      "cat <16385> dog",
                                      "cat <-1> dog",
                                      "cat <->",
                                      "a < b",
                                      "<cat",
                                      "'cat",
                                      "''",
                                      "'cat'dog",
                                      "cat\\",
                                      ":cat",
                                      "cat:x",
                                      "https://example.com",
                                      "cat -dog",
                                      "\"cat dog\"",
                                      "cat\u3000dog",
                                      "cat\xe3\x80\x80\xc2\xa0& dog",
                                      "cat & \xe3\x80\x80",
                                      "cat &\xc2\xa0 dog"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (rl_is_tsquery(rl_str_of(texts[i]))) fail_msg("a query: %s", texts[i]);
}

/* The server's parser has limits. rille must report them, not the server. */
static void what_would_overflow_the_parser(void **state) {
  (void)state;
  char text[4096];
  memset(text, '!', 24);
  memcpy(text + 24, "cat", 3);
  assert_true(rl_is_tsquery(rl_str_make(text, 27)));
  memset(text, '!', 25);
  memcpy(text + 25, "cat", 3);
  assert_false(rl_is_tsquery(rl_str_make(text, 28)));
  for (size_t depth = 1000; depth < 1002; depth++) {
    memset(text, '(', depth);
    memcpy(text + depth, "cat", 3);
    memset(text + depth + 3, ')', depth);
    assert_int_equal(rl_is_tsquery(rl_str_make(text, 2 * depth + 3)), depth == 1000);
  }
}

static rl_value transformed(rl_arena *arena, rl_transform transform, const char *text) {
  rl_input input = {.transform = transform, .path = RL_STR("where.title.search")};
  rl_value v = {.kind = RILLE_TEXT, .len = (uint32_t)strlen(text), .as.p = text};
  rl_error err = {0};
  assert_int_equal(rl_transform_search(&input, arena, &v, &err), RILLE_OK);
  return v;
}

static void expect_words(const char *text, const char *wanted) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  assert_int_equal(transformed(&arena, RL_TRANSFORM_TSQUERY, text).kind, RILLE_NULL);
  rl_value v = transformed(&arena, RL_TRANSFORM_WORDS, text);
  assert_int_equal(v.kind, RILLE_TEXT);
  assert_true(rl_str_is(rl_str_make(v.as.p, v.len), wanted));
  rl_arena_dispose(&arena);
}

static void one_of_two_parameters(void **state) {
  (void)state;
  rl_arena arena;
  rl_arena_init(&arena, 0);
  assert_int_equal(transformed(&arena, RL_TRANSFORM_WORDS, "cat & dog").kind, RILLE_NULL);
  rl_value v = transformed(&arena, RL_TRANSFORM_TSQUERY, "cat & dog");
  assert_true(rl_str_is(rl_str_make(v.as.p, v.len), "cat & dog"));
  rl_arena_dispose(&arena);
  expect_words("cat dog", "cat dog");
  expect_words("\"cat -- dog\" -bird", "\"cat -- dog\" -bird");
  expect_words("a ------------------------------ b", "a ------------------------ b"); /* an even number remains even */
  expect_words("a -------------------------- -b", "a ---------------------- -b");
  expect_words("\"------------------------------\" x", "\"------------------------------\" x");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_that_are_queries),
      cmocka_unit_test(texts_that_are_words),
      cmocka_unit_test(what_would_overflow_the_parser),
      cmocka_unit_test(one_of_two_parameters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
