/* SQL text read through the public interface: statements and placeholders with their places. */
#include "running/running.h"

static rille_sql_reader *open_reader(const char *provider, const char *sql) {
  rille_sql_reader *r = NULL;
  rille_error *err = NULL;
  must(rille_sql_reader_new(provider, sql, strlen(sql), &r, &err), err);
  return r;
}

static void expect_statements(const char *provider, const char *sql, const char *want) {
  char got[500] = "";
  rille_sql_reader *r = open_reader(provider, sql);
  rille_sql_statement s = {.struct_size = sizeof s};
  while (rille_sql_next_statement(r, &s) == RILLE_ROW) {
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%u:%u %.*s", n ? "|" : "", s.line, s.column, (int)s.length, sql + s.offset);
  }
  assert_int_equal(rille_sql_next_statement(r, &s), RILLE_DONE);
  assert_string_equal(got, want);
  rille_sql_reader_free(r);
}

static void expect_placeholders(const char *provider, const char *sql, const char *want) {
  char got[500] = "";
  rille_sql_reader *r = open_reader(provider, sql);
  rille_sql_placeholder p = {.struct_size = sizeof p};
  while (rille_sql_next_placeholder(r, &p) == RILLE_ROW) {
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%u:%u %d %u %.*s", n ? "|" : "", p.line, p.column, (int)p.kind, p.number,
             (int)p.length, sql + p.offset);
  }
  assert_string_equal(got, want);
  rille_sql_reader_free(r);
}

static void test_statements(void **state) {
  (void)state;
  expect_statements("postgresql", "SELECT E'it\\'s;';\n  $a$;$a$ /* ; /* */ */ ; ;x",
                    "1:1 SELECT E'it\\'s;'|2:3 $a$;$a$|2:28 x");
  expect_statements("sqlite", "\xef\xbb\xbf[a;]; -- \xc3\xa9\n'\xc3\xa9' ; b", "1:1 [a;]|2:1 '\xc3\xa9'|2:7 b");
  expect_statements("sqlite", "", "");
}

static void test_placeholders(void **state) {
  (void)state;
  expect_placeholders("postgresql", "SELECT ?, '?',\n $12 /* ? */, \"?\", a ?| b, :c",
                      "1:8 1 0 ?|2:2 2 12 $12|2:22 1 0 ?");
  expect_placeholders("sqlite", "SELECT ?, [?],\n '\xc3\xa9' = ?7, :c, $1",
                      "1:8 1 0 ?|2:8 2 7 ?7|2:12 3 0 :c|2:16 2 1 $1");
}

/* An older caller has a shorter struct, and what lies behind it is left alone. */
static void test_sizes(void **state) {
  (void)state;
  rille_sql_reader *r = open_reader("sqlite", " ?");
  rille_sql_placeholder p;
  memset(&p, 0x55, sizeof p);
  p.struct_size = offsetof(rille_sql_placeholder, kind);
  assert_int_equal(rille_sql_next_placeholder(r, &p), RILLE_ROW);
  assert_int_equal(p.column, 2);
  assert_int_equal(p.kind, 0x55555555);
  rille_sql_reader_free(r);
  rille_sql_reader_free(NULL);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const names[] = {"mysql", "", NULL};
  for (size_t i = 0; i < 3; i++) {
    rille_sql_reader *r = NULL;
    rille_error *err = NULL;
    assert_int_equal(rille_sql_reader_new(names[i], "", 0, &r, &err), RILLE_ERROR);
    assert_null(r);
    assert_string_equal(rille_error_code(err), "VALIDATION");
    assert_non_null(strstr(rille_error_message(err), "\"postgresql\" or \"sqlite\""));
    rille_error_free(err);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statements),
      cmocka_unit_test(test_placeholders),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
