/* Every schema of the conformance suite is valid. RILLE_CONFORMANCE names its folder. Without it the test is skipped.
 * */
#include "parsing.h"

#include "tape/json.h"

typedef struct test_case {
  rl_buf schema, mode;
  bool postgresql, sqlite;
} test_case;

/* Skips the value whose first token was just read. */
static void pass_over(rl_json_reader *r, rl_json_token token) {
  int depth = 0;
  for (;;) {
    depth += (token == RL_JSON_OPEN_OBJECT || token == RL_JSON_OPEN_ARRAY) -
             (token == RL_JSON_CLOSE_OBJECT || token == RL_JSON_CLOSE_ARRAY);
    if (depth == 0) return;
    assert_int_equal(rl_json_next(r, &token, NULL), RILLE_ROW);
  }
}

static void read_providers(rl_json_reader *r, test_case *c) {
  rl_json_token token;
  while (rl_json_next(r, &token, NULL) == RILLE_ROW && token == RL_JSON_TEXT) {
    c->postgresql = c->postgresql || rl_str_is(r->value, "postgresql");
    c->sqlite = c->sqlite || rl_str_is(r->value, "sqlite");
  }
}

static void read_case(rl_str line, test_case *c) {
  rl_json_reader r;
  rl_json_token token;
  rl_json_reader_init(&r, line);
  assert_int_equal(rl_json_next(&r, &token, NULL), RILLE_ROW);
  while (rl_json_next(&r, &token, NULL) == RILLE_ROW && token == RL_JSON_KEY) {
    bool schema = rl_str_is(r.value, "schema"), mode = rl_str_is(r.value, "relation_mode"),
         providers = rl_str_is(r.value, "providers");
    assert_int_equal(rl_json_next(&r, &token, NULL), RILLE_ROW);
    if (schema)
      rl_buf_str(&c->schema, r.value);
    else if (mode && token == RL_JSON_TEXT)
      rl_buf_str(&c->mode, r.value);
    else if (providers)
      read_providers(&r, c);
    else
      pass_over(&r, token);
  }
  rl_json_reader_dispose(&r);
}

static void check_schema(const test_case *c, rl_provider provider, const char *name) {
  rl_buf text, once, twice;
  rl_buf_init(&text);
  rl_buf_init(&once);
  rl_buf_init(&twice);
  if (c->mode.len)
    rl_buf_printf(&text, "datasource db {\n  provider = \"%s\"\n  relationMode = \"%.*s\"\n}\n", name,
                  RL_STR_ARG(rl_buf_view(&c->mode)));
  rl_buf_str(&text, rl_buf_view(&c->schema));
  rl_schema_release(parse_as(provider, rl_buf_z(&text)));
  assert_int_equal(rl_schema_format(rl_buf_view(&text), &once, NULL), RILLE_OK);
  rl_schema_release(parse_as(provider, rl_buf_z(&once)));
  assert_int_equal(rl_schema_format(rl_buf_view(&once), &twice, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&once), rl_buf_z(&twice));
  rl_buf_dispose(&text);
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
}

static void check_line(rl_str line) {
  test_case c = {.postgresql = false};
  rl_buf_init(&c.schema);
  rl_buf_init(&c.mode);
  read_case(line, &c);
  assert_true(c.schema.len > 0);
  if (c.postgresql) check_schema(&c, RL_PROVIDER_POSTGRESQL, "postgresql");
  if (c.sqlite) check_schema(&c, RL_PROVIDER_SQLITE, "sqlite");
  rl_buf_dispose(&c.schema);
  rl_buf_dispose(&c.mode);
}

static size_t check_file(const char *folder, const char *file) {
  char path[1024], part[65536];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *f = fopen(path, "rb");
  if (!f) return 0;
  rl_buf line;
  rl_buf_init(&line);
  size_t count = 0;
  while (fgets(part, sizeof part, f)) {
    rl_buf_text(&line, part);
    if (!line.len || line.p[line.len - 1] != '\n') continue;
    line.len--;
    check_line(rl_buf_view(&line));
    rl_buf_reset(&line);
    count++;
  }
  rl_buf_dispose(&line);
  fclose(f);
  return count;
}

static void test_suite(void **state) {
  (void)state;
  const char *folder = getenv("RILLE_CONFORMANCE");
  if (!folder || !*folder) {
    skip();
    return;
  }
  assert_true(check_file(folder, "public.jsonl") + check_file(folder, "derived.jsonl") > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
