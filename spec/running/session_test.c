/* A separate connection, used blocking. */
#include "run/pool.h"
#include "run/session.h"

#include "running/running.h"

static void use(const char *url, const char *numbers) {
  rl_session s;
  rl_error err = {0};
  if (rl_session_open(&s, rl_str_of(url), &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  assert_int_equal(rl_session_command(&s, "CREATE TEMPORARY TABLE t (n INTEGER, x TEXT)", &err), RILLE_OK);
  assert_int_equal(rl_session_script(&s, "INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, NULL);", &err),
                   RILLE_OK);
  rl_str *texts = NULL;
  size_t count = 0;
  assert_int_equal(rl_session_texts(&s, "SELECT x FROM t ORDER BY n", &texts, &count, &err), RILLE_OK);
  assert_int_equal(count, 2);
  assert_true(rl_str_is(texts[0], "a"));
  assert_int_equal(texts[1].len, 0);
  assert_int_equal(rl_session_texts(&s, numbers, &texts, &count, &err), RILLE_OK);
  assert_int_equal(count, 1000);
  assert_true(rl_str_is(texts[999], "1000"));
  assert_int_equal(rl_session_command(&s, "NONSENSE", &err), RILLE_ERROR);
  rl_error_clear(&err);
  assert_int_equal(rl_session_texts(&s, "SELECT nope", &texts, &count, &err), RILLE_ERROR);
  rl_error_clear(&err);
  assert_int_equal(rl_session_script(&s, "SELECT 1; NONSENSE", &err), RILLE_ERROR);
  rl_error_clear(&err);
  assert_int_equal(rl_session_texts(&s, "SELECT x FROM t WHERE n > 5", &texts, &count, &err), RILLE_OK);
  assert_int_equal(count, 0);
  rl_session_close(&s);
}

static void test_sqlite(void **state) {
  (void)state;
  use("sqlite::memory:",
      "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT CAST(n AS TEXT) FROM r");
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  use(postgres_url(), "SELECT n::text FROM generate_series(1, 1000) AS n");
}

static const char *const shared = "sqlite::memory:?pool_timeout=41";

static void open_shared(rl_session *s) {
  rl_error err = {0};
  if (rl_session_open_shared(s, rl_str_of(shared), &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
}

static size_t count_tables(rl_session *s) {
  rl_str *texts = NULL;
  size_t count = 0;
  rl_error err = {0};
  assert_int_equal(rl_session_texts(s, "SELECT name FROM sqlite_master", &texts, &count, &err), RILLE_OK);
  return count;
}

/* What one session creates in memory, the next one and the pool see, until the pool's last reference is released. */
static void test_shared(void **state) {
  (void)state;
  rl_session s;
  rl_error err = {0};
  open_shared(&s);
  assert_int_equal(rl_session_command(&s, "CREATE TABLE t (n)", &err), RILLE_OK);
  rl_session_close(&s);
  assert_int_equal(rl_session_open(&s, rl_str_of(shared), &err), RILLE_OK);
  assert_int_equal(count_tables(&s), 0);
  rl_session_close(&s);
  open_shared(&s);
  assert_int_equal(count_tables(&s), 1);
  rl_session_close(&s);
  rl_pool *one = NULL, *two = NULL;
  assert_int_equal(rl_pool_get(rl_str_of(shared), &(rl_pool_options){.size = 3}, &one, &err), RILLE_OK);
  assert_int_equal(rl_pool_get(rl_str_of(shared), &(rl_pool_options){.size = 4, .idle_ms = 1}, &two, &err), RILLE_OK);
  assert_ptr_equal(one, two);
  rl_pool_release(one);
  open_shared(&s);
  assert_int_equal(count_tables(&s), 1);
  rl_session_close(&s);
  rl_pool_release(two);
  open_shared(&s);
  assert_int_equal(count_tables(&s), 0);
  rl_session_close(&s);
}

/* A connection left in a transaction is not for others. */
static void test_shared_left_open(void **state) {
  (void)state;
  rl_session s;
  rl_error err = {0};
  open_shared(&s);
  assert_int_equal(rl_session_script(&s, "BEGIN; CREATE TABLE u (n)", &err), RILLE_OK);
  rl_session_close(&s);
  open_shared(&s);
  assert_int_equal(count_tables(&s), 0);
  rl_session_close(&s);
}

static void expect_refusal(const char *url, rl_code code) {
  rl_session s;
  rl_error err = {0};
  int64_t from = rl_clock_ms();
  assert_int_equal(rl_session_open(&s, rl_str_of(url), &err), RILLE_ERROR);
  if (err.code != code) fail_msg("%s: %s", rl_code_name(err.code), rl_error_message(&err));
  assert_in_range(rl_clock_ms() - from, 0, 8000);
  assert_null(strstr(rl_error_message(&err), "secret"));
  rl_error_clear(&err);
}

static void test_refusals(void **state) {
  (void)state;
  expect_refusal("file:/nonexistent-folder/x.db", RL_P1003);
  expect_refusal("postgresql://u:secret@127.0.0.1:1/x", RL_P1001);
  expect_refusal("", RL_P1013);
  if (!postgres_url()) return;
  char url[512];
  url_with("rille_is_not_there", "", url, sizeof url);
  expect_refusal(url, RL_P1003);
}

/* What takes too long is cancelled, and the session stays usable. */
static void test_socket_timeout(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  rl_session s;
  rl_error err = {0};
  rl_str *texts = NULL;
  size_t count = 0;
  char url[512];
  url_with("postgres", "socket_timeout=1", url, sizeof url);
  if (rl_session_open(&s, rl_str_of(url), &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  assert_int_equal(rl_session_script(&s, "SELECT 1; SELECT pg_sleep(30)", &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1008);
  rl_error_clear(&err);
  assert_int_equal(rl_session_texts(&s, "SELECT 'on'", &texts, &count, &err), RILLE_OK);
  assert_true(count == 1 && rl_str_is(texts[0], "on"));
  rl_session_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite),   cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_shared),   cmocka_unit_test(test_shared_left_open),
                                     cmocka_unit_test(test_refusals), cmocka_unit_test(test_socket_timeout)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
