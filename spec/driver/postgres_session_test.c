/* Connections to a real PostgreSQL: session, statement cache, pipelines, and what happens after abandoning, killing and
 * forking. */
#include "postgres_support.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/failing_allocator.h"

static void session(void **state) {
  (void)state;
  fixture f;
  open_with(&f, "schema=my%20odd%22one&application_name=spec");
  must(&f, run_raw(&f,
                   "SELECT current_setting('TimeZone'), current_setting('client_encoding'), "
                   "current_setting('search_path'), current_setting('application_name')",
                   NULL, 0));
  expect_cell(&f, 0, v_text("UTC"));
  expect_cell(&f, 1, v_text("UTF8"));
  expect_cell(&f, 2, v_text("\"my odd\"\"one\""));
  expect_cell(&f, 3, v_text("spec"));
  assert_true(f.driver->is_usable(f.conn));
  assert_true(f.driver->descriptor(f.conn) >= 0);
  close_fixture(&f);
}

static int64_t prepared_count(fixture *f) {
  must(f, run_raw(f, "SELECT count(*) FROM pg_prepared_statements", NULL, 0));
  return f->cells[0].as.i;
}

static void statement_cache(void **state) {
  (void)state;
  fixture f;
  open_with(&f, "statement_cache_size=3");
  rl_wire_type wire_type = S(INT4);
  for (int round = 0; round < 3; round++)
    for (uint64_t id = 1; id <= 10; id++) {
      char sql[48];
      snprintf(sql, sizeof sql, "SELECT $1 + %d", (int)id);
      rl_stmt stmt = statement(id, sql, &wire_type, 1, &wire_type, 1);
      rl_value v = v_int(100);
      must(&f, run_statement(&f, &stmt, &v));
      expect_cell(&f, 0, v_int(100 + (int64_t)id));
    }
  assert_int_equal(prepared_count(&f), 3);
  /* The same new statement twice in one pipeline is prepared once. */
  rl_stmt twice = statement(50, "SELECT $1 + 50", &wire_type, 1, &wire_type, 1);
  rl_value one = v_int(1), two = v_int(2);
  assert_int_equal(f.driver->send(f.conn, &twice, &one, &f.err), RILLE_OK);
  assert_int_equal(f.driver->send(f.conn, &twice, &two, &f.err), RILLE_OK);
  assert_int_equal(f.driver->flush(f.conn, &f.err), RILLE_OK);
  must(&f, finish_now(&f));
  expect_cell(&f, 0, v_int(51));
  must(&f, finish_now(&f));
  expect_cell(&f, 0, v_int(52));
  /* A statement that cannot be prepared leaves nothing behind. */
  rl_stmt bad = statement(51, "SELECT $1 + nobody", &wire_type, 1, &wire_type, 1);
  expect_error(&f, run_statement(&f, &bad, &one), RL_P2022);
  expect_error(&f, run_statement(&f, &bad, &one), RL_P2022);
  must(&f, run_statement(&f, &twice, &one));
  close_fixture(&f);
}

static void stale_statements(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "DROP TABLE IF EXISTS s_a, s_b; CREATE TABLE s_a(v int4); CREATE TABLE s_b(v int4); INSERT "
                        "INTO s_a VALUES (1); INSERT INTO s_b VALUES (2)"));
  rl_wire_type wire_type = S(INT8);
  rl_stmt a = statement(9001, "SELECT * FROM s_a", NULL, 0, &wire_type, 1),
          b = statement(9002, "SELECT * FROM s_b", NULL, 0, &wire_type, 1);
  must(f, run_statement(f, &a, NULL));
  must(f, run_statement(f, &b, NULL));
  /* Forgotten by the server. */
  must(f, run_command(f, "DISCARD ALL"));
  must(f, run_statement(f, &a, NULL));
  must(f, run_statement(f, &b, NULL));
  /* Its result has another type now. */
  must(f, run_script(f, "ALTER TABLE s_a ALTER v TYPE int8; ALTER TABLE s_b ALTER v TYPE int8"));
  must(f, run_statement(f, &a, NULL));
  expect_cell(f, 0, v_int(1));
  must(f, run_script(f, "ALTER TABLE s_a ALTER v TYPE int4"));
  assert_int_equal(f->driver->send(f->conn, &a, NULL, &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &b, NULL, &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  must(f, finish_now(f));
  expect_cell(f, 0, v_int(1));
  must(f, finish_now(f));
  expect_cell(f, 0, v_int(2));
  /* In a transaction nothing can be repeated. The error asks for another run, in which all statements are new. */
  must(f, run_script(f, "ALTER TABLE s_a ALTER v TYPE int8; ALTER TABLE s_b ALTER v TYPE int4"));
  must(f, run_command(f, "BEGIN"));
  expect_error(f, run_statement(f, &a, NULL), RL_P2034);
  must(f, run_command(f, "ROLLBACK"));
  must(f, run_command(f, "BEGIN"));
  must(f, run_statement(f, &a, NULL));
  must(f, run_statement(f, &b, NULL));
  rl_stmt count = statement(0, "SELECT count(*) FROM pg_prepared_statements", NULL, 0, &wire_type, 1);
  must(f, run_statement(f, &count, NULL));
  expect_cell(f, 0, v_int(2));
  must(f, run_command(f, "COMMIT"));
  must(f, run_script(f, "DROP TABLE s_a, s_b"));
}

static void pooled(void **state) {
  (void)state;
  fixture f;
  open_with(&f, "pgbouncer=true");
  assert_true(f.options.pooled);
  rl_wire_type wire_type = S(INT4);
  rl_value v = v_int(41);
  rl_stmt stmt = statement(77, "SELECT $1 + 1", &wire_type, 1, &wire_type, 1);
  must(&f, run_statement(&f, &stmt, &v));
  expect_cell(&f, 0, v_int(42));
  assert_int_equal(prepared_count(&f), 0);
  close_fixture(&f);
}

static void failing_pipeline(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "DROP TABLE IF EXISTS p_t; CREATE TABLE p_t(v int4 PRIMARY KEY)"));
  rl_wire_type wire_type = S(INT4);
  rl_stmt insert = statement(9101, "INSERT INTO p_t VALUES ($1)", &wire_type, 1, NULL, 0),
          other = statement(9102, "SELECT $1 + 1", &wire_type, 1, &wire_type, 1);
  rl_value v[] = {v_int(1), v_int(2), v_int(1), v_int(3)};
  for (int i = 0; i < 4; i++) assert_int_equal(f->driver->send(f->conn, &insert, &v[i], &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &other, &v[0], &f->err),
                   RILLE_OK); /* new: its preparing fails with the rest */
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  must(f, finish_now(f));
  must(f, finish_now(f));
  expect_error(f, finish_now(f), RL_P2002);
  expect_error(f, finish_now(f), RL_P2039);
  expect_error(f, finish_now(f), RL_P2039);
  assert_true(f->driver->is_usable(f->conn));
  assert_false(f->driver->in_transaction(f->conn));
  must(f, run_statement(f, &other, &v[0]));
  expect_cell(f, 0, v_int(2));
  must(f, run_raw(f, "SELECT count(*)::int4 FROM p_t", NULL, 0)); /* one pipeline is one transaction */
  expect_cell(f, 0, v_int(0));
  /* Two pipelines at the same time. */
  assert_int_equal(f->driver->send(f->conn, &insert, &v[0], &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &insert, &v[0], &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &insert, &v[1], &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  must(f, finish_now(f));
  expect_error(f, finish_now(f), RL_P2002);
  must(f, finish_now(f));
  must(f, run_script(f, "DROP TABLE p_t"));
}

static void transaction_in_pipeline(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "DROP TABLE IF EXISTS t_t; CREATE TABLE t_t(v int4)"));
  rl_wire_type wire_type = S(INT4);
  rl_value v = v_int(1);
  rl_stmt insert = statement(9201, "INSERT INTO t_t VALUES ($1)", &wire_type, 1, NULL, 0);
  assert_int_equal(f->driver->send_command(f->conn, "BEGIN", &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &insert, &v, &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  must(f, finish_now(f));
  must(f, finish_now(f));
  assert_true(f->driver->in_transaction(f->conn));
  must(f, run_command(f, "SAVEPOINT one"));
  expect_error(f, run_command(f, "SELECT 1/0"), RL_P2007);
  must(f, run_command(f, "ROLLBACK TO SAVEPOINT one"));
  must(f, run_command(f, "COMMIT"));
  assert_false(f->driver->in_transaction(f->conn));
  must(f, run_raw(f, "SELECT count(*)::int4 FROM t_t", NULL, 0));
  expect_cell(f, 0, v_int(1));
  must(f, run_script(f, "DROP TABLE t_t"));
}

/* More than the socket's buffers hold, in both directions. */
static void large_data(void **state) {
  fixture *f = *state;
  size_t size = 16u << 20;
  char *text = malloc(size);
  assert_non_null(text);
  memset(text, 'x', size);
  rl_wire_type wire_type = S(TEXT);
  rl_value v = v_data(RILLE_TEXT, text, size);
  rl_stmt stmt = statement(0, "SELECT $1 || ''", &wire_type, 1, &wire_type, 1);
  for (int i = 0; i < 3; i++) assert_int_equal(f->driver->send(f->conn, &stmt, &v, &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  for (int i = 0; i < 3; i++) {
    must(f, finish_now(f));
    assert_int_equal(f->cells[0].len, size);
  }
  free(text);
}

static void finish_abandon(fixture *f) {
  rl_wait w;
  rille_status s;
  while ((s = f->driver->abandon(f->conn, &w, &f->err)) == RILLE_AGAIN) wait_for(&w);
  assert_int_equal(s, RILLE_OK);
  assert_true(f->driver->is_usable(f->conn));
}

static void abandoning(void **state) {
  fixture *f = *state;
  rl_wire_type wire_type = S(INT4);
  rl_row_view row;
  rl_stmt many = statement(9301, "SELECT generate_series(1, 1000)", NULL, 0, &wire_type, 1),
          slow = statement(9302, "SELECT 1 FROM pg_sleep(20)", NULL, 0, &wire_type, 1);
  /* In the middle of rows, with a slow pipeline behind. */
  assert_int_equal(f->driver->send(f->conn, &many, NULL, &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &slow, NULL, &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  assert_int_equal(next_now(f, &row), RILLE_ROW);
  assert_int_equal(next_now(f, &row), RILLE_ROW);
  int64_t before = rl_clock_ms();
  finish_abandon(f);
  assert_in_range(rl_clock_ms() - before, 0, 4000);
  must(f, run_raw(f, "SELECT 1", NULL, 0));
  /* Queued, but never flushed. */
  assert_int_equal(f->driver->send(f->conn, &many, NULL, &f->err), RILLE_OK);
  finish_abandon(f);
  /* Two slow pipelines, and a script. */
  for (int i = 0; i < 2; i++) {
    assert_int_equal(f->driver->send(f->conn, &slow, NULL, &f->err), RILLE_OK);
    assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  }
  finish_abandon(f);
  assert_int_equal(f->driver->send_script(f->conn, "SELECT pg_sleep(20)", &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  finish_abandon(f);
  finish_abandon(f); /* nothing to abandon */
  assert_in_range(rl_clock_ms() - before, 0, 8000);
  must(f, run_statement(f, &many, NULL));
  assert_int_equal(f->rows, 1000);
  assert_int_equal(f->affected, 1000);
}

/* Asks the server to do something about the session whose pid is known. */
static void *ask_soon(fixture *f, const char *sql) {
  usleep(100000);
  fixture other;
  open_with(&other, "");
  rl_value pid = f->cells[0];
  must(&other, run_raw(&other, sql, &pid, 1));
  close_fixture(&other);
  return NULL;
}
static void *cancel_soon(void *arg) {
  return ask_soon(arg, "SELECT pg_cancel_backend($1::int4)");
}
static void *terminate_soon(void *arg) {
  return ask_soon(arg, "SELECT pg_terminate_backend($1::int4)");
}

/* Run by another session. */
static void cancelling(void **state) {
  fixture *f = *state;
  must(f, run_raw(f, "SELECT pg_backend_pid()", NULL, 0));
  fixture victim = *f;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &victim), 0);
  expect_error(f, run_raw(f, "SELECT pg_sleep(20)", NULL, 0), RL_P1008);
  assert_string_equal(f->err.sqlstate, "57014");
  assert_false(f->err.connection_lost);
  pthread_join(thread, NULL);
  must(f, run_raw(f, "SELECT 1", NULL, 0));
}

static void killed_while_running(void **state) {
  (void)state;
  fixture f;
  open_with(&f, "");
  must(&f, run_raw(&f, "SELECT pg_backend_pid()", NULL, 0));
  fixture victim = f;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, terminate_soon, &victim), 0);
  expect_error(&f, run_raw(&f, "SELECT pg_sleep(20)", NULL, 0), RL_P1017);
  pthread_join(thread, NULL);
  assert_true(f.err.connection_lost);
  assert_false(f.err.not_sent);
  assert_string_equal(f.err.sqlstate, "57P01");
  assert_false(f.driver->is_usable(f.conn));
  expect_error(&f, run_raw(&f, "SELECT 1", NULL, 0), RL_P1017);
  assert_true(f.err.connection_lost && f.err.not_sent);
  rl_wait w;
  assert_int_equal(f.driver->abandon(f.conn, &w, &f.err), RILLE_OK);
  close_fixture(&f);
}

static void killed_at_rest(void **state) {
  fixture *other = *state, f;
  open_with(&f, "");
  must(&f, run_raw(&f, "SELECT pg_backend_pid()", NULL, 0));
  rl_value pid = f.cells[0];
  must(other, run_raw(other, "SELECT pg_terminate_backend($1::int4)", &pid, 1));
  usleep(400000);
  expect_error(&f, run_raw(&f, "SELECT 1", NULL, 0), RL_P1017);
  assert_true(f.err.connection_lost);
  assert_true(f.err.not_sent); /* so the work may safely go to another connection */
  close_fixture(&f);
}

static void copy_is_refused(void **state) {
  (void)state;
  fixture f;
  open_with(&f, "");
  must(&f, run_script(&f, "CREATE TEMP TABLE copied(v int)"));
  expect_error(&f, run_raw(&f, "COPY copied FROM STDIN", NULL, 0), RL_P2026);
  assert_true(f.err.connection_lost);
  close_fixture(&f);
}

static void scripts(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "CREATE TEMP TABLE sc(v int); INSERT INTO sc VALUES (1), (2); DO $$ BEGIN RAISE NOTICE 'not to "
                        "be seen'; END $$; SELECT * FROM sc"));
  expect_error(f, run_script(f, "INSERT INTO sc VALUES (3); SELECT 1/0; INSERT INTO sc VALUES (4)"), RL_P2007);
  must(f, run_raw(f, "SELECT count(*)::int4 FROM sc", NULL, 0));
  expect_cell(f, 0, v_int(2));
  must(f, run_script(f, "DROP TABLE sc"));
}

static void forked(void **state) {
  fixture *f = *state;
  must(f, run_raw(f, "SELECT 1", NULL, 0));
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    bool usable = f->driver->is_usable(f->conn);
    f->driver->close(f->conn);
    _exit(usable ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  must(f, run_raw(f, "SELECT 2", NULL, 0));
  expect_cell(f, 0, v_int(2));
  assert_true(f->driver->is_usable(f->conn));
}

static void cannot_connect(const char *text, rl_code code) {
  fixture f;
  memset(&f, 0, sizeof f);
  assert_int_equal(parse_options(&f, text), RILLE_OK);
  expect_error(&f, connect_now(&f), code);
  assert_true(f.err.not_sent);
  assert_null(strstr(rl_error_message(&f.err), "s3cret"));
  assert_null(strchr(rl_error_message(&f.err), '\n'));
  close_fixture(&f);
}

static void connect_errors(void **state) {
  (void)state;
  cannot_connect("postgresql://u:s3cret@127.0.0.1:1/db", RL_P1001);
  cannot_connect("postgresql://u:s3cret@host.invalid/db", RL_P1001);
  cannot_connect("postgresql://u:s3cret@localhost/db?host=/nowhere/at/all", RL_P1001);
  char other[512];
  const char *slash = strchr(strstr(url, "://") + 3, '/');
  const char *mark = strchr(url, '?');
  if (!slash) return;
  snprintf(other, sizeof other, "%.*s/no_such_database%s", (int)(slash - url), url, mark ? mark : "");
  cannot_connect(other, RL_P1003);
  const char *at = strchr(url, '@');
  if (!at) return;
  snprintf(other, sizeof other, "postgresql://no_such_role:s3cret%s", at);
  cannot_connect(other, RL_P1000);
}

static void connect_timeout(void **state) {
  (void)state;
  fixture f;
  memset(&f, 0, sizeof f);
  /* A server that listens but never answers. */
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  char text[128];
  snprintf(text, sizeof text, "postgresql://u@127.0.0.1:%d/db?connect_timeout=1", ntohs(address.sin_port));
  assert_int_equal(parse_options(&f, text), RILLE_OK);
  int64_t before = rl_clock_ms();
  expect_error(&f, connect_now(&f), RL_P1001);
  assert_in_range(rl_clock_ms() - before, 900, 3000);
  close_fixture(&f);
  close(listener);
}

/* Connects, prepares, evicts, reads lists and numbers, fails, while the n-th allocation fails. */
static bool works(void *argument) {
  fixture f;
  memset(&f, 0, sizeof f);
  rl_wire_type in[] = {S(TEXT), S(DECIMAL), L(TEXT), S(UUID)};
  rl_value texts[] = {v_text("a\n"), v_null()};
  rl_value row[] = {v_text("x"), v_decimal("12.5"), v_list(texts, 2), v_text("00112233-4455-6677-8899-aabbccddeeff")};
  rl_stmt one = statement(1, "SELECT $1, $2, $3, $4", in, 4, in, 4),
          two = statement(2, "SELECT $1, $2, $3, $4, 1/0", in, 4, NULL, 0);
  rille_status s = parse_options(&f, argument);
  if (s == RILLE_OK) s = connect_now(&f);
  if (s == RILLE_OK) s = run_statement(&f, &one, row);
  if (s == RILLE_DONE) s = run_raw(&f, "SELECT '10.0.0.1'::inet, 1.5::numeric, '{1,2}'::int4[]", NULL, 0);
  if (s == RILLE_DONE) s = run_command(&f, "SELECT 1");
  if (s == RILLE_DONE && run_statement(&f, &two, row) != RILLE_ERROR) s = RILLE_NOMEM;
  bool ok = s == RILLE_DONE && !f.err.nomem;
  close_fixture(&f);
  return ok;
}

static void memory_shortage(void **state) {
  (void)state;
  char full[512];
  snprintf(full, sizeof full, "%s%sstatement_cache_size=1", url, strchr(url, '?') ? "&" : "?");
  assert_true(fail_each_allocation(works, full, true) > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(session),
                                     cmocka_unit_test(statement_cache),
                                     cmocka_unit_test(pooled),
                                     cmocka_unit_test(killed_while_running),
                                     cmocka_unit_test(copy_is_refused),
                                     cmocka_unit_test(connect_errors),
                                     cmocka_unit_test(connect_timeout),
                                     cmocka_unit_test(memory_shortage),
                                     SHARED(stale_statements),
                                     SHARED(failing_pipeline),
                                     SHARED(transaction_in_pipeline),
                                     SHARED(large_data),
                                     SHARED(abandoning),
                                     SHARED(cancelling),
                                     SHARED(killed_at_rest),
                                     SHARED(scripts),
                                     SHARED(forked)};
  RUN_WITH_SERVER(tests);
}
