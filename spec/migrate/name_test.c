/* Names of migrations: the slug of what a person types, and the time before it. */
#include "migrate/dev/name.h"
#include "running/running.h"

static void expect_slug(const char *typed, const char *want) {
  rl_buf out;
  rl_error err = {0};
  rl_buf_init(&out);
  assert_int_equal(rl_migration_slug(rl_str_of(typed), &out, &err), RILLE_OK);
  assert_string_equal(rl_buf_z(&out), want);
  rl_buf_dispose(&out);
}

static void test_slugs(void **state) {
  (void)state;
  expect_slug("", "");
  expect_slug("add users", "add_users");
  expect_slug("Add Users", "add_users");
  expect_slug("  --a--b..c!  ", "a_b_c");
  expect_slug("addUserTable", "add_user_table");
  expect_slug("HTMLParser", "html_parser");
  expect_slug("HTML5", "html_5");
  expect_slug("parseHTML5Now", "parse_html_5_now");
  expect_slug("APIs", "apis");
  expect_slug("v2Users", "v2_users");
  expect_slug("ABC", "abc");
  expect_slug("it's", "its");
  expect_slug("don't stop", "dont_stop");
  expect_slug("'quoted'", "quoted");
  expect_slug("users' rights", "users_rights");
  expect_slug("Ünïcode", "uenicode");
  expect_slug("straße", "strasse");
  expect_slug("Ærø & Þór", "aero_and_thor");
  expect_slug("日本", "");
  expect_slug("a日b", "a_b");
  expect_slug("___", "");
  expect_slug("1st", "1st");
}

static void test_length(void **state) {
  (void)state;
  char text[202];
  rl_buf out;
  rl_error err = {0};
  memset(text, 'x', 201);
  text[201] = 0;
  rl_buf_init(&out);
  assert_int_equal(rl_migration_slug((rl_str){text, 200}, &out, &err), RILLE_OK);
  assert_int_equal(out.len, 200);
  rl_buf_reset(&out);
  assert_int_equal(rl_migration_slug((rl_str){text, 201}, &out, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P3010);
  rl_error_clear(&err);
  rl_buf_dispose(&out);
}

static void expect_folder(const char *last, int64_t now, const char *want) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  char *name = rl_migration_folder_name(rl_str_of(last), RL_STR("x"), now, &arena);
  assert_non_null(name);
  assert_string_equal(name, want);
  rl_arena_dispose(&arena);
}

static void test_times(void **state) {
  (void)state;
  const int64_t now = 1582934400; /* 2020-02-29T00:00:00Z */
  expect_folder("", now, "20200229000000_x");
  expect_folder("20200228235959_before", now, "20200229000000_x");
  expect_folder("20200229000000_now", now, "20200229000001_x");
  expect_folder("20991231235959_late", now, "21000101000000_x");
  expect_folder("20240228235959_leap", now, "20240229000000_x");
  expect_folder("30000229120000", now, "30000301120001_x"); /* not a leap year */
  expect_folder("0_init", now, "20200229000000_x");         /* no time */
  expect_folder("2020022900000_short", now, "20200229000000_x");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_slugs), cmocka_unit_test(test_length),
                                     cmocka_unit_test(test_times)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
