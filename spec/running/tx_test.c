/* Transactions: begin, commit, rollback, savepoints, deadlines, and what remains after a failure in one, on both
 * databases. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "run/drive.h"
#include "running/running.h"

static void add_user(world *w, rille_tx *tx, const char *email) {
  char json[128];
  snprintf(json, sizeof json, "{'data':{'email':'%s'},'select':{'email':true}}", email);
  answer a = call(w->client, tx, "user", RILLE_CREATE, json);
  if (a.status != RILLE_DONE) fail_msg("%s: %s", a.code, a.message);
}

static void expect_users(world *w, int n) {
  char want[16];
  snprintf(want, sizeof want, "(%d)", n);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), want);
}

static void commit_and_rollback(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  add_user(w, tx, "a@x");
  expect_rows(call(w->client, tx, "user", RILLE_COUNT, "{}"), "(1)");
  expect_rows(step(w->client, tx, rille_op_commit), "");
  expect_code(call(w->client, tx, "user", RILLE_COUNT, "{}"), "P2028");
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  expect_code(step(w->client, tx, rille_op_begin), "P2028");
  rille_tx_free(tx);
  tx = begin_tx(w->client, NULL);
  add_user(w, tx, "b@x");
  expect_rows(step(w->client, tx, rille_op_rollback), "");
  rille_tx_free(tx);
  tx = begin_tx(w->client, NULL);
  add_user(w, tx, "c@x");
  rille_tx_free(tx); /* rolls back */
  expect_users(w, 1);
  assert_int_equal(pool_stats(w->client).in_use, 0);
}
static void test_commit_and_rollback(void **state) {
  (void)state;
  on_both(commit_and_rollback, "", 1);
}

static void savepoints(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  expect_code(step(w->client, tx, rille_op_release_savepoint), "P2028");
  add_user(w, tx, "a@x");
  expect_rows(step(w->client, tx, rille_op_savepoint), "");
  add_user(w, tx, "b@x");
  expect_rows(step(w->client, tx, rille_op_savepoint), "");
  add_user(w, tx, "c@x");
  expect_rows(step(w->client, tx, rille_op_rollback_savepoint), "");
  expect_rows(step(w->client, tx, rille_op_release_savepoint), "");
  expect_rows(step(w->client, tx, rille_op_savepoint), "");
  expect_code(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'a@x'}}"), "P2002");
  expect_rows(step(w->client, tx, rille_op_rollback_savepoint), "");
  expect_rows(step(w->client, tx, rille_op_commit), "");
  rille_tx_free(tx);
  expect_users(w, 2);
}
static void test_savepoints(void **state) {
  (void)state;
  on_both(savepoints, "", 1);
}

/* A call of several statements fails in a transaction: its own work is undone, the transaction continues. */
static void atomic_call_fails_inside(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  add_user(w, tx, "a@x");
  expect_code(
      call(w->client, tx, "user", RILLE_CREATE,
           "{'data':{'email':'b@x','posts':{'create':[{'title':'p','tags':{'create':[{'name':'t'},{'name':'t'}]}}]}}}"),
      "P2002");
  expect_rows(call(w->client, tx, "user", RILLE_COUNT, "{}"), "(1)");
  expect_rows(call(w->client, tx, "post", RILLE_COUNT, "{}"), "(0)");
  add_user(w, tx, "c@x");
  expect_rows(step(w->client, tx, rille_op_commit), "");
  rille_tx_free(tx);
  expect_users(w, 2);
}
static void test_atomic_call_fails_inside(void **state) {
  (void)state;
  on_both(atomic_call_fails_inside, "", 1);
}

/* A single statement fails: PostgreSQL accepts no more statements in the transaction, and its commit must not succeed.
 */
static void commit_after_failure(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  add_user(w, tx, "a@x");
  expect_code(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'a@x'}}"), "P2002");
  if (w->postgres) {
    expect_code(call(w->client, tx, "user", RILLE_COUNT, "{}"), "P2028");
    expect_code(step(w->client, tx, rille_op_commit), "P2028");
  } else {
    expect_rows(step(w->client, tx, rille_op_commit), "");
  }
  rille_tx_free(tx);
  expect_users(w, w->postgres ? 0 : 1);
  assert_int_equal(pool_stats(w->client).in_use, 0);
  if (w->postgres) assert_int_equal(pool_stats(w->client).connects, 1);
}
static void test_commit_after_failure(void **state) {
  (void)state;
  on_both(commit_after_failure, "", 1);
}

/* The commit itself fails, because of a deferred constraint. */
static void commit_fails(world *w) {
  const char *sql = w->postgres
                        ? "ALTER TABLE \"Post\" ALTER CONSTRAINT \"Post_authorId_fkey\" DEFERRABLE INITIALLY DEFERRED"
                        : "PRAGMA defer_foreign_keys=ON";
  if (w->postgres) expect_rows(raw(w->client, NULL, sql, NULL), "");
  rille_tx *tx = begin_tx(w->client, NULL);
  if (!w->postgres) expect_rows(raw(w->client, tx, sql, NULL), "");
  expect_rows(call(w->client, tx, "post", RILLE_CREATE, "{'data':{'title':'x','authorId':99},'select':{'title':true}}"),
              "(x)");
  expect_code(step(w->client, tx, rille_op_commit), "P2003");
  expect_code(step(w->client, tx, rille_op_rollback), "P2028");
  assert_int_equal(pool_stats(w->client).in_use, 0);
  rille_tx_free(tx);
  expect_rows(call(w->client, NULL, "post", RILLE_COUNT, "{}"), "(0)");
  add_user(w, NULL, "a@x");
  if (w->postgres) assert_int_equal(pool_stats(w->client).connects, 1);
}
static void test_commit_fails(void **state) {
  (void)state;
  on_both(commit_fails, "", 1);
}

/* A raw COMMIT ends the transaction: what follows must not run outside it. */
static void raw_commit(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  add_user(w, tx, "a@x");
  expect_rows(raw(w->client, tx, "COMMIT", NULL), "");
  expect_code(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'b@x'}}"), "P2028");
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  rille_tx_free(tx);
  expect_users(w, 1);
}
static void test_raw_commit(void **state) {
  (void)state;
  on_both(raw_commit, "", 1);
}

static void one_thing_at_a_time(world *w) {
  add_user(w, NULL, "a@x");
  add_user(w, NULL, "b@x");
  rille_tx *tx = begin_tx(w->client, NULL);
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  assert_int_equal(start_call(op, tx, "user", RILLE_FIND_MANY, tape, "{}", NULL), RILLE_OK);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
  expect_code(call(w->client, tx, "user", RILLE_COUNT, "{}"), "P2028");
  expect_code(step(w->client, tx, rille_op_savepoint), "P2028");
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_DONE);
  expect_rows(step(w->client, tx, rille_op_commit), "");
  rille_tx_free(tx);
  rille_op_free(op);
  rille_tape_free(tape);
}
static void test_one_thing_at_a_time(void **state) {
  (void)state;
  on_both(one_thing_at_a_time, "", 1);
}

/* Either may be freed first, as finalizers of a closing Lua state do. */
static void freed_while_running(world *w) {
  add_user(w, NULL, "a@x");
  add_user(w, NULL, "b@x");
  for (int tx_first = 0; tx_first < 2; tx_first++) {
    rille_tx *tx = begin_tx(w->client, NULL);
    rille_op *op = rille_op_new(w->client);
    rille_tape *tape = rille_tape_new();
    rille_row row;
    rille_error *err = NULL;
    add_user(w, tx, "c@x");
    assert_int_equal(start_call(op, tx, "user", RILLE_FIND_MANY, tape, "{'include':{'posts':true}}", NULL), RILLE_OK);
    assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
    if (tx_first) {
      rille_tx_free(tx);
      assert_int_equal(rille_op_next(op, &row, &err), RILLE_ERROR);
      assert_string_equal(rille_error_code(err), "P2028");
      rille_error_free(err);
      rille_op_free(op);
    } else {
      rille_op_free(op);
      expect_rows(call(w->client, tx, "user", RILLE_COUNT, "{}"), "(3)");
      rille_tx_free(tx);
    }
    rille_tape_free(tape);
    assert_int_equal(pool_stats(w->client).in_use, 0);
    expect_users(w, 2);
  }
}
static void test_freed_while_running(void **state) {
  (void)state;
  on_both(freed_while_running, "", 1);
}

/* Two drivers that do not depend on the server's speed: one waits for the cancelled statement, however long it takes,
 * the other never gets an answer to its request. */
static rille_status abandon_until_answered(rl_conn *c, rl_wait *wait, rl_error *err) {
  rille_status st;
  while ((st = rl_driver_postgres.abandon(c, wait, err)) == RILLE_AGAIN) rl_wait_block(wait, RL_NO_DEADLINE);
  return st;
}
static rille_status abandon_unanswered(rl_conn *c, rl_wait *wait, rl_error *err) {
  (void)c;
  (void)err;
  *wait = (rl_wait){.fd = -1, .until_ms = RL_NO_DEADLINE};
  return RILLE_AGAIN;
}

/* Starts a statement in the transaction, and abandons it while the server runs it. */
static void abandon_raw(world *w, rille_tx *tx, rille_status (*abandon)(rl_conn *, rl_wait *, rl_error *)) {
  rl_driver driver = rl_driver_postgres;
  rille_op *op = rille_op_new(w->client);
  rille_row row;
  rille_error *err = NULL;
  const char *sql = "SELECT pg_sleep(60)";
  driver.abandon = abandon;
  rille_op_set_blocking(op, 0);
  must(rille_op_raw(op, tx, sql, strlen(sql), NULL, 1, &err), err);
  op->op.io.driver = &driver;
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_AGAIN);
  rille_op_free(op);
}

static void expect_abandoned(answer a, const char *what) {
  expect_code(a, "P2028");
  if (!strstr(a.message, what) || !strstr(a.message, ": a call was abandoned while it ran (query_raw)"))
    fail_msg("%s", a.message);
}

/* Later errors name an abandoned call, whether the server has answered the cancel request or the connection was lost.
 */
static void test_abandoned_inside(void **state) {
  (void)state;
  world w;
  if (!postgres_url()) skip();
  open_world(&w, true, blog_schema, "", 1);
  rille_tx *tx = begin_tx(w.client, NULL);
  abandon_raw(&w, tx, abandon_until_answered);
  expect_abandoned(call(w.client, tx, "user", RILLE_COUNT, "{}"), "accepts no more statements");
  expect_abandoned(step(w.client, tx, rille_op_commit), "rolled back, not committed");
  rille_tx_free(tx);
  assert_int_equal(pool_stats(w.client).open, 1);
  tx = begin_tx(w.client, NULL);
  abandon_raw(&w, tx, abandon_unanswered);
  assert_int_equal(pool_stats(w.client).open, 0);
  answer a = call(w.client, tx, "user", RILLE_COUNT, "{}");
  expect_abandoned(a, "its connection was lost");
  assert_null(strstr(a.message, "savepoint"));
  expect_abandoned(step(w.client, tx, rille_op_commit), "its connection was lost");
  rille_tx_free(tx);
  close_world(&w);
}

static void options(world *w) {
  rille_tx_options o = {.struct_size = sizeof o, .read_only = 1};
  rille_tx *tx = begin_tx(w->client, &o);
  expect_code(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'a@x'}}"), "P2028");
  expect_code(raw(w->client, tx, "DELETE FROM \"User\"", NULL), "P2028");
  rille_tx_free(tx);
  o = (rille_tx_options){.struct_size = sizeof o, .isolation = RILLE_ISOLATION_SERIALIZABLE};
  tx = begin_tx(w->client, &o);
  if (w->postgres)
    expect_rows(raw(w->client, tx, "SELECT current_setting('transaction_isolation')", NULL), "(serializable)");
  rille_tx_free(tx);
  if (!w->postgres) {
    rille_error *err = NULL;
    o.isolation = RILLE_ISOLATION_READ_COMMITTED;
    assert_int_equal(rille_tx_new(w->client, &o, &tx, &err), RILLE_ERROR);
    assert_string_equal(rille_error_code(err), "P2028");
    rille_error_free(err);
  }
  /* max_wait: the only connection is in use */
  rille_tx *first = begin_tx(w->client, NULL);
  o = (rille_tx_options){.struct_size = sizeof o, .max_wait_ms = 60};
  rille_error *err = NULL;
  must(rille_tx_new(w->client, &o, &tx, &err), err);
  expect_code(step(w->client, tx, rille_op_begin), "P2024");
  rille_tx_free(tx);
  rille_tx_free(first);
  expect_users(w, 0);
}
static void test_options(void **state) {
  (void)state;
  on_both(options, "", 1);
}

static void expires(world *w) {
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 600};
  rille_tx *tx = begin_tx(w->client, &o);
  add_user(w, tx, "a@x");
  usleep(700000);
  expect_code(call(w->client, tx, "user", RILLE_COUNT, "{}"), "P2028");
  expect_users(w, 0); /* the only connection is free: that call has rolled the transaction back */
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  expect_code(step(w->client, tx, rille_op_rollback), "P2028");
  rille_tx_free(tx);
}
static void test_expires(void **state) {
  (void)state;
  on_both(expires, "", 1);
}

/* The transaction times out while the server works: the server cancels, and the transaction ends immediately. */
static void test_timeout_cancels(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "", 1);
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 1500};
  rille_tx *tx = begin_tx(w.client, &o);
  add_user(&w, tx, "a@x");
  int64_t from = rl_clock_ms();
  answer a = raw(w.client, tx, "SELECT pg_sleep(30)", NULL);
  expect_code(a, "P2028");
  assert_non_null(strstr(a.message, "1500 ms"));
  assert_in_range(rl_clock_ms() - from, 100, 6000);
  assert_int_equal(pool_stats(w.client).in_use, 0);
  expect_users(&w, 0);
  expect_code(step(w.client, tx, rille_op_commit), "P2028");
  rille_tx_free(tx);
  assert_int_equal(pool_stats(w.client).connects, 1);
  close_world(&w);
}

static void test_backend_killed(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "application_name=victim3", 1);
  rille_tx *tx = begin_tx(w.client, NULL);
  add_user(&w, tx, "a@x");
  assert_int_equal(
      psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim3'"), 0);
  usleep(300000);
  answer a = call(w.client, tx, "user", RILLE_COUNT, "{}");
  expect_code(a, "P1017");
  expect_code(step(w.client, tx, rille_op_commit), "P2028");
  assert_int_equal(pool_stats(w.client).open, 0);
  rille_tx_free(tx);
  expect_users(&w, 0);
  close_world(&w);
}

/* A server that accepts the connection and says nothing: max_wait limits connecting too. */
static void test_max_wait_while_connecting(void **state) {
  (void)state;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  int silent = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(silent, 5), 0);
  assert_int_equal(getsockname(silent, (struct sockaddr *)&at, &len), 0);
  char url[128];
  snprintf(url, sizeof url, "postgresql://u@127.0.0.1:%d/d?sslmode=disable&connect_timeout=60", ntohs(at.sin_port));
  rille_schema *schema = open_schema(blog_schema, true);
  rille_client *c = open_client(url, schema, 1);
  rille_tx_options o = {.struct_size = sizeof o, .max_wait_ms = 150};
  rille_tx *tx = NULL;
  rille_error *err = NULL;
  int64_t from = rl_clock_ms();
  must(rille_tx_new(c, &o, &tx, &err), err);
  answer a = step(c, tx, rille_op_begin);
  assert_string_equal(a.code, "P1001");
  if (strstr(a.message, "60000 ms")) fail_msg("%s", a.message);
  assert_in_range(rl_clock_ms() - from, 140, 20000);
  assert_int_equal(pool_stats(c).open, 0);
  rille_tx_free(tx);
  rille_client_release(c);
  rille_schema_release(schema);
  close(silent);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_max_wait_while_connecting),
      cmocka_unit_test(test_commit_and_rollback),
      cmocka_unit_test(test_savepoints),
      cmocka_unit_test(test_atomic_call_fails_inside),
      cmocka_unit_test(test_commit_after_failure),
      cmocka_unit_test(test_commit_fails),
      cmocka_unit_test(test_raw_commit),
      cmocka_unit_test(test_one_thing_at_a_time),
      cmocka_unit_test(test_freed_while_running),
      cmocka_unit_test(test_abandoned_inside),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_expires),
      cmocka_unit_test(test_timeout_cancels),
      cmocka_unit_test(test_backend_killed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
