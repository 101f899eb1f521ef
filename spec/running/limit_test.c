/* SQLite's statements run in the caller's thread. They are interrupted at their deadline, as a server's are cancelled.
 * Also what a database in memory refuses in a read-only transaction. */
#include "running.h"

#include "base/clock.h"

/* Hours of work. */
#define ENDLESS "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000000) "
static const char endless[] = ENDLESS "SELECT count(*) FROM c";
static const char endless_write[] = ENDLESS "INSERT INTO \"User\" (email) SELECT 'u' || x FROM c";
static const char endless_script[] = "SELECT 1; INSERT INTO \"User\" (email) VALUES ('s'); " ENDLESS
                                     "INSERT INTO \"User\" (email) SELECT 'u' || x FROM c";
static const char add_one[] = "{'data':{'email':'a@x'}}";

static void expect_rest(world *w, const char *users) {
  assert_int_equal(pool_stats(w->client).in_use, 0);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), users);
}

static answer script(rille_client *c, rille_tx *tx, const char *sql) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  rille_status st = rille_op_script(op, tx, sql, strlen(sql), &err);
  drain(op, st, err, &a);
  rille_op_free(op);
  return a;
}

static answer batch_of(rille_client *c, rille_tx *tx, const char *sql) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  must(rille_op_batch(op, tx, 0, &err), err);
  must(rille_op_batch_raw(op, "SELECT 1", 8, NULL, 1, &err), err);
  must(rille_op_batch_raw(op, sql, strlen(sql), NULL, 1, &err), err);
  drain(op, rille_op_batch_run(op, tx, &err), err, &a);
  rille_op_free(op);
  return a;
}

static answer run_kind(rille_client *c, rille_tx *tx, int kind) {
  switch (kind) {
  case 0: return raw(c, tx, endless, NULL);
  case 1: return raw(c, tx, endless_write, NULL);
  case 2: return script(c, tx, endless_script);
  default: return batch_of(c, tx, endless_write);
  }
}

/* The transaction ends with the statement, and nothing of it remains. */
static void test_in_transaction(void **state) {
  (void)state;
  for (int memory = 0; memory < 2; memory++) {
    world w;
    open_world(&w, false, blog_schema, "", 1);
    if (memory) {
      rille_client_release(w.client);
      push_schema("sqlite::memory:", w.schema);
      w.client = open_client("sqlite::memory:", w.schema, 1);
    }
    for (int kind = 0; kind < 4; kind++) {
      rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 200};
      rille_tx *tx = begin_tx(w.client, &o);
      assert_int_equal(call(w.client, tx, "user", RILLE_CREATE, add_one).status, RILLE_DONE);
      expect_code(run_kind(w.client, tx, kind), "P2028");
      expect_code(step(w.client, tx, rille_op_commit), "P2028");
      rille_tx_free(tx);
      expect_rest(&w, "(0)");
    }
    close_world(&w);
  }
}

static void test_socket_timeout(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "socket_timeout=1", 1);
  for (int kind = 0; kind < 4; kind++) {
    int64_t from = rl_clock_ms();
    expect_code(run_kind(w.client, NULL, kind), "P1008");
    assert_true(rl_clock_ms() - from >= 900);
    expect_rest(&w, kind == 2 ? "(1)" : "(0)"); /* a script is no transaction */
    raw(w.client, NULL, "DELETE FROM \"User\"", NULL);
  }
  close_world(&w);
}

static void expect_read_only(rille_client *c, rille_tx *tx) {
  expect_code(raw(c, tx, "INSERT INTO \"User\" (email) VALUES ('r')", NULL), "P2028");
  expect_code(raw(c, tx, "WITH w AS (SELECT 1) DELETE FROM \"User\"", NULL), "P2028");
  expect_code(script(c, tx, "SELECT 1; DROP TABLE \"Tag\""), "P2028");
  expect_rows(raw(c, tx, "SELECT count(*) FROM \"User\"", NULL), "(0)");
  expect_rows(call(c, tx, "user", RILLE_COUNT, "{}"), "(0)");
}

static void test_read_only_in_memory(void **state) {
  (void)state;
  rille_schema *schema = open_schema(blog_schema, false);
  push_schema("sqlite::memory:", schema);
  rille_client *c = open_client("sqlite::memory:", schema, 1);
  rille_tx_options o = {.struct_size = sizeof o, .read_only = 1};
  rille_tx *tx = begin_tx(c, &o);
  expect_read_only(c, tx);
  expect_rows(step(c, tx, rille_op_savepoint), "");
  expect_read_only(c, tx);
  expect_rows(step(c, tx, rille_op_rollback_savepoint), "");
  expect_rows(step(c, tx, rille_op_commit), "");
  rille_tx_free(tx);
  /* and no longer */
  expect_rows(script(c, NULL, "BEGIN; INSERT INTO \"User\" (email) VALUES ('b'); COMMIT"), "");
  tx = begin_tx(c, NULL);
  expect_rows(raw(c, tx, "INSERT INTO \"User\" (email) VALUES ('w')", NULL), "");
  expect_rows(step(c, tx, rille_op_commit), "");
  rille_tx_free(tx);
  expect_rows(raw(c, NULL, "SELECT count(*) FROM \"User\"", NULL), "(2)");
  rille_client_release(c);
  rille_schema_release(schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_transaction), cmocka_unit_test(test_socket_timeout),
                                     cmocka_unit_test(test_read_only_in_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
