/* Failed allocations while structures are compared, and the meaning of texts in a catalogue. */
#include "running/running.h"

#include "base/failing_allocator.h"
#include "migrate/sqlite/sqlite.h"
#include "migrate/diff/sources.h"
#include "migrate/pull/pull.h"

static const char before[] =
    "model A {\n  id Int @id @default(autoincrement())\n  n String? @unique\n  gone Int\n  e E @default(X)\n  bs B[]\n "
    " cs "
    "C[]\n}\n"
    "model B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n  @@index([aId])\n}\n"
    "model C {\n  id Int @id\n  as A[]\n}\nenum E {\n  X\n  Y\n}\n";
static const char after[] =
    "model A {\n  id BigInt @id @default(autoincrement())\n  n String @default(\"it's\")\n  /// @renamed-from e\n  f "
    "E\n  ds "
    "D[]\n}\n"
    "/// @renamed-from B\nmodel D {\n  id Int @id\n  aId BigInt?\n  a A? @relation(fields: [aId], references: [id])\n  "
    "@@unique([aId, id])\n}\nenum E {\n  X\n  Z\n}\n";

static rl_schema *schema_of(const char *text, rl_provider provider) {
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  rl_schema *s = NULL;
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, provider, &s, NULL, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  return s;
}

typedef struct job {
  const rl_dialect *dialect;
  rl_schema *from, *to;
  size_t steps;
} job;

static bool diff_job(void *argument) {
  job *j = argument;
  rl_arena arena;
  rl_buf script;
  rl_db from, to;
  rl_diff diff = {0};
  rl_error err = {0};
  rl_arena_init(&arena, 64);
  rl_buf_init(&script);
  rille_status st = rl_db_of_schema(j->dialect, j->from, &arena, &from, &err);
  if (st == RILLE_OK) st = rl_db_of_schema(j->dialect, j->to, &arena, &to, &err);
  if (st == RILLE_OK) st = rl_db_diff(&from, &to, &arena, &diff, &err);
  if (st == RILLE_OK) rl_diff_script(&diff, j->dialect, &script);
  bool done = st == RILLE_OK && !script.failed;
  if (done) j->steps = diff.steps.count;
  rl_buf_dispose(&script);
  rl_arena_dispose(&arena);
  rl_error_clear(&err);
  return done;
}

static void diff_without_memory(const rl_dialect *dialect, rl_provider provider) {
  job j = {dialect, schema_of(before, provider), schema_of(after, provider), 0};
  assert_true(fail_each_allocation(diff_job, &j, false) > 5);
  assert_true(j.steps > 8);
  rl_schema_release(j.from);
  rl_schema_release(j.to);
}

static void test_diff_without_memory(void **state) {
  (void)state;
  diff_without_memory(&rl_dialect_postgres, RL_PROVIDER_POSTGRESQL);
  diff_without_memory(&rl_dialect_sqlite, RL_PROVIDER_SQLITE);
}

typedef struct live_job {
  const char *url;
  const rl_schema *schema;
} live_job;

static bool pull_job(void *argument) {
  const live_job *j = argument;
  rl_buf text;
  rl_error err = {0};
  rl_buf_init(&text);
  const rl_pull_order order = {.known = j->schema};
  bool done = rl_pull(rl_str_of(j->url), &order, &text, &err) == RILLE_OK && text.len > 100;
  rl_buf_dispose(&text);
  rl_error_clear(&err);
  return done;
}

static bool compare_job(void *argument) {
  const live_job *j = argument;
  rl_comparison c;
  rl_error err = {0};
  rl_diff_source from = {NULL, rl_str_of(j->url)}, to = {j->schema, {NULL, 0}};
  bool done = rl_compare_sources(&c, &from, &to, NULL, &err) == RILLE_OK && c.diff.steps.count == 0;
  rl_comparison_dispose(&c);
  rl_error_clear(&err);
  return done;
}

static void test_live_without_memory(void **state) {
  (void)state;
  world w;
  open_world(&w, false, before, "", 1);
  live_job j = {w.url, w.schema->schema};
  assert_true(fail_each_allocation(pull_job, &j, false) > 5);
  assert_true(fail_each_allocation(compare_job, &j, false) > 5);
  close_world(&w);
}

static void expect_default(const char *sql, rl_db_default_kind kind, const char *value) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_db_default d = rl_db_default_of(&arena, RL_PROVIDER_POSTGRESQL, rl_str_of(sql));
  assert_int_equal(d.kind, kind);
  if (value && !rl_str_is(d.value, value)) fail_msg("%s: %.*s instead of %s", sql, RL_STR_ARG(d.value), value);
  rl_arena_dispose(&arena);
}

static void test_defaults(void **state) {
  (void)state;
  expect_default("", RL_DB_DEFAULT_NONE, NULL);
  expect_default("NULL::character varying", RL_DB_DEFAULT_NONE, NULL);
  expect_default("'it''s'::text", RL_DB_DEFAULT_VALUE, "it's");
  expect_default("'a'::\"Odd \"\"one\"::text", RL_DB_DEFAULT_VALUE, "a");
  expect_default("'a'::text || 'b'::text", RL_DB_DEFAULT_EXPRESSION, NULL);
  expect_default("'-1'::integer", RL_DB_DEFAULT_VALUE, "-1");
  expect_default("(-1.5)::numeric(4,1)", RL_DB_DEFAULT_VALUE, "-1.5");
  expect_default("((7))", RL_DB_DEFAULT_VALUE, "7");
  expect_default("(1) + (2)", RL_DB_DEFAULT_EXPRESSION, "(1) + (2)");
  expect_default("TRUE", RL_DB_DEFAULT_VALUE, "true");
  expect_default("now()", RL_DB_DEFAULT_NOW, NULL);
  expect_default("CURRENT_TIMESTAMP", RL_DB_DEFAULT_NOW, NULL);
  expect_default("ARRAY['a'::text, 'b]'::text]::text[]", RL_DB_DEFAULT_LIST,
                 "a\x1f"
                 "b]\x1f");
  expect_default("'{a,b}'::text[]", RL_DB_DEFAULT_LIST,
                 "a\x1f"
                 "b\x1f");
  expect_default("E'it\\'s'::text", RL_DB_DEFAULT_EXPRESSION, "E'it\\'s'::text");
  expect_default("gen_random_uuid()", RL_DB_DEFAULT_EXPRESSION, "gen_random_uuid()");
  rl_db_default a = {RL_DB_DEFAULT_VALUE, RL_STR("1.50"), {"", 0}}, b = {RL_DB_DEFAULT_VALUE, RL_STR("1.5"), {"", 0}};
  assert_true(rl_db_default_equal(&a, &b));
  b.value = RL_STR("1.51");
  assert_false(rl_db_default_equal(&a, &b));
}

static void test_sqlite_texts(void **state) {
  (void)state;
  rl_arena arena;
  rl_db_table t = {0};
  rl_arena_init(&arena, 0);
  static const char sql[] =
      "CREATE TABLE \"CHECK\" (a INT /* CHECK (no) */ CHECK (a > ')' AND (1)), -- CHECK (no)\n"
      "b TEXT DEFAULT 'CHECK (no)', CONSTRAINT \"own \"\"one\" CHECK(b <> '')) WITHOUT ROWID, STRICT";
  assert_int_equal(rl_sqlite_definition(rl_str_of(sql), &arena, &t, NULL), RILLE_OK);
  assert_int_equal(t.checks.count, 2);
  assert_true(rl_str_is(t.checks.items[0].sql, "CHECK (a > ')' AND (1))"));
  assert_true(rl_str_is(t.checks.items[1].name, "own \"one"));
  assert_true(rl_str_is(t.checks.items[1].sql, "CHECK(b <> '')"));
  assert_true(t.strict && t.without_rowid);
  rl_str where = rl_sqlite_predicate(RL_STR("CREATE INDEX \"where\" ON t (a) WHERE (a > 1)"));
  assert_true(rl_str_is(rl_db_bare(RL_PROVIDER_SQLITE, where), "a > 1"));
  rl_arena_dispose(&arena);
}

static void expect_renamed(rl_provider provider, const char *sql, const char *want) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  const rl_dialect *d = provider == RL_PROVIDER_SQLITE ? &rl_dialect_sqlite : &rl_dialect_postgres;
  rl_str none = {"", 0}, got = rl_sql_renamed(&arena, d, rl_str_of(sql), RL_STR("a\"b"), RL_STR("c"), none);
  if (!rl_str_is(got, want)) fail_msg("%s: %.*s instead of %s", sql, RL_STR_ARG(got), want);
  assert_int_equal(rl_sql_mentions(provider, rl_str_of(sql), RL_STR("a\"b")), strcmp(sql, want) != 0);
  rl_arena_dispose(&arena);
}

/* Names in all kinds of quotes, and what only looks like them. */
static void test_mentions(void **state) {
  (void)state;
  static const char odd[] = "x > '\"a\"\"b\"' -- \"a\"\"b\"\n /*/ \"a\"\"b\" */";
  expect_renamed(RL_PROVIDER_SQLITE, "\"a\"\"b\" > `a\"b` + [a\"b] + [a]", "\"c\" > \"c\" + \"c\" + [a]");
  expect_renamed(RL_PROVIDER_SQLITE, odd, odd);
  expect_renamed(RL_PROVIDER_POSTGRESQL, "x[\"a\"\"b\"]", "x[\"c\"]");
  expect_renamed(RL_PROVIDER_POSTGRESQL, "E'\\' \"a\"\"b\"' || $$\"a\"\"b\"$$", "E'\\' \"a\"\"b\"' || $$\"a\"\"b\"$$");
  assert_true(rl_str_is(rl_db_bare(RL_PROVIDER_POSTGRESQL, RL_STR("(E'\\')' = a)")), "E'\\')' = a"));
  assert_true(rl_str_is(rl_db_bare(RL_PROVIDER_SQLITE, RL_STR("([)] = a)")), "[)] = a"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_diff_without_memory),
      cmocka_unit_test(test_live_without_memory),
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_sqlite_texts),
      cmocka_unit_test(test_mentions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
