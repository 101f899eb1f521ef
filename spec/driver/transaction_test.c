/* The verbs of transactions on every database: what each does, what it queues, and the options of BEGIN. */
#include "support.h"

static const char *urls[2];

/* Ends the verb's pipeline and reads the answer of each of its commands. */
static void answered(fixture *f, rille_status s, const rl_commands *queued) {
  must(f, s == RILLE_OK ? RILLE_DONE : s);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  for (uint32_t i = 0; i < queued->count; i++) must(f, finish_now(f));
}

static void expect_queued(const rl_commands *queued, uint32_t count, const char *first) {
  assert_int_equal(queued->count, count);
  assert_string_equal(queued->sql[0], first);
}

static void begin(fixture *f, rl_begin how, rl_commands *queued) {
  answered(f, f->driver->begin(f->conn, &how, queued, &f->err), queued);
  assert_true(f->driver->in_transaction(f->conn));
}

static void rows_are(fixture *f, const char *sql, int64_t n) {
  must(f, run_raw(f, sql, NULL, 0));
  assert_int_equal(f->cells[0].as.i, n);
}

static void each_database(void (*test)(fixture *, bool)) {
  for (int i = 0; i < 2; i++) {
    fixture f;
    if (!urls[i]) continue;
    open_fixture(&f, urls[i]);
    must(&f, run_script(&f, "DROP TABLE IF EXISTS v_t; CREATE TABLE v_t(v INTEGER)"));
    test(&f, f.driver->provider == RL_PROVIDER_SQLITE);
    must(&f, run_script(&f, "DROP TABLE v_t"));
    close_fixture(&f);
  }
}

static void ends(fixture *f, bool is_sqlite) {
  rl_commands q;
  begin(f, (rl_begin){0}, &q);
  expect_queued(&q, 1, is_sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
  must(f, run_command(f, "INSERT INTO v_t VALUES (1)"));
  answered(f, f->driver->commit(f->conn, &q, &f->err), &q);
  expect_queued(&q, 1, "COMMIT");
  assert_false(f->driver->in_transaction(f->conn));
  begin(f, (rl_begin){0}, &q);
  must(f, run_command(f, "INSERT INTO v_t VALUES (2)"));
  answered(f, f->driver->rollback(f->conn, &q, &f->err), &q);
  expect_queued(&q, 1, "ROLLBACK");
  assert_false(f->driver->in_transaction(f->conn));
  rows_are(f, "SELECT count(*) FROM v_t", 1);
}

static void commit_and_rollback(void **state) {
  (void)state;
  each_database(ends);
}

static void nests(fixture *f, bool is_sqlite) {
  rl_commands q;
  (void)is_sqlite;
  begin(f, (rl_begin){0}, &q);
  answered(f, f->driver->savepoint(f->conn, "rille_1", &q, &f->err), &q);
  expect_queued(&q, 1, "SAVEPOINT rille_1");
  must(f, run_command(f, "INSERT INTO v_t VALUES (1)"));
  answered(f, f->driver->release(f->conn, "rille_1", &q, &f->err), &q);
  expect_queued(&q, 1, "RELEASE SAVEPOINT rille_1");
  answered(f, f->driver->savepoint(f->conn, "rille_1", &q, &f->err), &q);
  must(f, run_command(f, "INSERT INTO v_t VALUES (2)"));
  answered(f, f->driver->rollback_to(f->conn, "rille_1", &q, &f->err), &q);
  expect_queued(&q, 1, "ROLLBACK TO SAVEPOINT rille_1");
  answered(f, f->driver->release(f->conn, "rille_1", &q, &f->err), &q);
  answered(f, f->driver->commit(f->conn, &q, &f->err), &q);
  rows_are(f, "SELECT sum(v) FROM v_t", 1);
}

static void savepoints(void **state) {
  (void)state;
  each_database(nests);
}

static void refuses_writes(fixture *f, bool is_sqlite) {
  rl_commands q;
  rl_stmt insert = statement(0, "INSERT INTO v_t VALUES (1)", NULL, 0, NULL, 0);
  begin(f, (rl_begin){.read_only = true, .snapshot = true}, &q);
  expect_queued(&q, 1, is_sqlite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  expect_error(f, run_statement(f, &insert, NULL), RL_P2028);
  answered(f, f->driver->rollback(f->conn, &q, &f->err), &q);
  must(f, run_statement(f, &insert, NULL)); /* only that transaction had it */
  begin(f, (rl_begin){.deferred = true}, &q);
  expect_queued(&q, 1, "BEGIN");
  must(f, run_statement(f, &insert, NULL));
  answered(f, f->driver->commit(f->conn, &q, &f->err), &q);
  rows_are(f, "SELECT count(*) FROM v_t", 2);
}

static void read_only(void **state) {
  (void)state;
  each_database(refuses_writes);
}

static void knows_levels(fixture *f, bool is_sqlite) {
  static const char *const texts[] = {"BEGIN", "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
                                      "BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL REPEATABLE READ",
                                      "BEGIN ISOLATION LEVEL SERIALIZABLE"};
  rl_commands q;
  for (unsigned i = RL_ISOLATION_DEFAULT; i <= RL_ISOLATION_SERIALIZABLE; i++) {
    bool exists = !is_sqlite || i == RL_ISOLATION_DEFAULT || i == RL_ISOLATION_SERIALIZABLE;
    assert_int_equal((f->driver->isolation_levels >> i) & 1, exists);
    if (!exists) continue;
    begin(f, (rl_begin){.isolation = (rl_isolation)i}, &q);
    expect_queued(&q, 1, is_sqlite ? "BEGIN IMMEDIATE" : texts[i]);
    answered(f, f->driver->rollback(f->conn, &q, &f->err), &q);
  }
}

static void isolation_levels(void **state) {
  (void)state;
  each_database(knows_levels);
}

/* Timeouts and settings are sent with BEGIN, in one pipeline, and end with the transaction. */
static void limits_and_settings(void **state) {
  (void)state;
  fixture f;
  rl_commands q;
  rl_setting settings[] = {{RL_STR("app.tenant"), RL_STR("it's")}, {RL_STR("app.user"), RL_STR("7")}};
  if (!urls[1]) skip();
  open_fixture(&f, urls[1]);
  begin(&f, (rl_begin){.timeout_ms = 1234, .session = settings, .session_count = 2}, &q);
  assert_string_equal(q.sql[q.count - 1], "SELECT set_config($1, $2, true), set_config($3, $4, true)");
  assert_string_equal(q.sql[1], "SET LOCAL idle_in_transaction_session_timeout = 1484");
  must(&f, run_raw(&f, "SELECT current_setting('statement_timeout'), current_setting('app.tenant')", NULL, 0));
  expect_cell(&f, 0, v_text("1234ms"));
  expect_cell(&f, 1, v_text("it's"));
  answered(&f, f.driver->commit(f.conn, &q, &f.err), &q);
  begin(&f, (rl_begin){.session = settings, .session_count = 1}, &q); /* another text of the same statement */
  expect_queued(&q, 2, "BEGIN");
  must(&f, run_raw(&f, "SELECT current_setting('statement_timeout'), current_setting('app.user')", NULL, 0));
  expect_cell(&f, 0, v_text("0"));
  expect_cell(&f, 1, v_text(""));
  answered(&f, f.driver->rollback(f.conn, &q, &f.err), &q);
  close_fixture(&f);
}

static void names_of_settings(void **state) {
  (void)state;
  rl_error err = {0};
  if (!urls[1]) skip();
  rille_status (*check)(rl_str, rl_error *) = rl_driver_postgres.check_setting;
  assert_int_equal(check(RL_STR("app.tenant"), &err), RILLE_OK);
  static const char *const bad[] = {"", "a b", "1a", "app.", "client_encoding", "CLIENT_Encoding"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(check(rl_str_of(bad[i]), &err), RILLE_ERROR);
    assert_int_equal(err.code, RL_VALIDATION);
    rl_error_clear(&err);
  }
  assert_null(rl_driver_sqlite.check_setting);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(commit_and_rollback), cmocka_unit_test(savepoints),
                                     cmocka_unit_test(read_only),           cmocka_unit_test(isolation_levels),
                                     cmocka_unit_test(limits_and_settings), cmocka_unit_test(names_of_settings)};
  const char *postgres = getenv("RILLE_TEST_POSTGRES");
  urls[0] = "file::memory:";
  urls[1] = postgres && *postgres ? postgres : NULL;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
