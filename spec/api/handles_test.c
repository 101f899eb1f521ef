/* Handles of the public interface: references, reuse, misuse, one database in memory, explain. */
#include "running/running.h"

static const char table[] =
    "CREATE TABLE \"User\" (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, rank TEXT DEFAULT 'new')";

static rille_client *memory_client(rille_schema *s) {
  rille_client *c = open_client("sqlite::memory:", s, 0);
  expect_rows(raw(c, NULL, table, NULL), "");
  return c;
}

/* The client outlives nobody's use of it: what holds it, keeps it. */
static void test_references(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = memory_client(s);
  assert_ptr_equal(rille_client_schema(c), s);
  rille_schema_release(s);
  rille_client *again = rille_client_retain(c);
  rille_client_release(again);
  rille_op *op = rille_op_new(c);
  rille_tx *tx = begin_tx(c, NULL);
  rille_client_release(c);
  expect_rows(call_with(op, tx, "user", RILLE_CREATE, "{'data':{'id':1,'email':'a@x'},'select':{'id':true}}"), "(1)");
  rille_tx_free(tx);
  expect_rows(call_with(op, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  rille_op_free(op);
  rille_op_free(NULL);
  rille_tx_free(NULL);
  rille_client_release(NULL);
  rille_tape_free(NULL);
}

static void test_misuse(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = memory_client(s);
  rille_op *op = rille_op_new(c);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  rille_error *err = NULL;
  char *text = NULL;
  int32_t user = rille_schema_model(s, "user", 4);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE); /* nothing was started */
  assert_int_equal(rille_op_explain(op, &text, NULL, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_model(op, NULL, user, RILLE_FIND_MANY, NULL, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_model(op, NULL, user, RILLE_FIND_MANY, tape, NULL), RILLE_ERROR); /* not written */
  rille_tape_reset(tape);
  rille_tape_open_object(tape);
  assert_int_equal(rille_op_model(op, NULL, user, RILLE_FIND_MANY, tape, NULL), RILLE_ERROR); /* not closed */
  rille_tape_reset(tape);
  rille_tape_open_object(tape);
  rille_tape_close_object(tape);
  assert_int_equal(rille_op_model(op, NULL, 99, RILLE_FIND_MANY, tape, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_model(op, NULL, -1, RILLE_FIND_MANY, tape, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_model(op, NULL, user, 0, tape, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_model(op, NULL, user, RILLE_EXISTS + 1, tape, NULL), RILLE_ERROR);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE);
  for (int i = 0; i < 3; i++) { /* the same tape again and again */
    assert_int_equal(rille_op_model(op, NULL, user, RILLE_FIND_MANY, tape, &err), RILLE_OK);
    assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE);
  }
  rille_tape_open_list(tape); /* behind the end: the tape is broken, not the operation */
  assert_int_equal(rille_op_model(op, NULL, user, RILLE_FIND_MANY, tape, NULL), RILLE_ERROR);
  rille_tape_free(tape);
  rille_op_free(op);
  rille_client_release(c);
  rille_schema_release(s);
}

/* A transaction of one client is not for the operations of another. */
static void test_foreign_transaction(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = memory_client(s), *other = open_client("file:/tmp/never-made.db", s, 0);
  rille_tx *tx = begin_tx(c, NULL);
  expect_code(call(other, tx, "user", RILLE_COUNT, "{}"), "P2028");
  expect_code(step(other, tx, rille_op_commit), "P2028");
  expect_rows(step(c, tx, rille_op_commit), "");
  rille_tx_free(tx);
  rille_client_release(other);
  rille_client_release(c);
  rille_schema_release(s);
}

/* The database in memory lives as long as its one connection, whatever fails on it. */
static void test_memory_survives(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = memory_client(s);
  expect_rows(call(c, NULL, "user", RILLE_CREATE, "{'data':{'id':1,'email':'a@x'},'select':{'id':true}}"), "(1)");
  expect_code(call(c, NULL, "user", RILLE_CREATE, "{'data':{'id':1,'email':'b@x'}}"), "P2002");
  expect_code(raw(c, NULL, "BEGIN", NULL), "P2028");
  expect_code(raw(c, NULL, "NONSENSE", NULL), "P2010");
  rille_tx *tx = begin_tx(c, NULL);
  expect_rows(raw(c, tx, "CREATE TABLE child (n INTEGER REFERENCES \"User\" DEFERRABLE INITIALLY DEFERRED)", NULL), "");
  expect_rows(raw(c, tx, "INSERT INTO child VALUES (99)", NULL), "");
  expect_code(step(c, tx, rille_op_commit), "P2003");
  rille_tx_free(tx);
  rille_op *op = rille_op_new(c);
  rille_row row;
  rille_error *err = NULL;
  tx = begin_tx(c, NULL);
  must(rille_op_raw(op, tx, "VALUES (1), (2)", 15, NULL, 1, &err), err);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_ROW);
  rille_tx_free(tx);
  rille_op_free(op);
  expect_rows(call(c, NULL, "user", RILLE_FIND_MANY, "{'select':{'id':true}}"), "(1)");
  assert_int_equal(pool_stats(c).connects, 1);
  rille_client_release(c);
  rille_schema_release(s);
}

static void test_explain(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = memory_client(s);
  rille_op *op = rille_op_new(c);
  rille_tape *tape = rille_tape_new();
  char *text = NULL;
  size_t len = 0;
  rille_error *err = NULL;
  assert_int_equal(start_call(op, NULL, "user", RILLE_FIND_MANY, tape,
                              "{'where':{'email':'secret'},'include':{'posts':true}}", &err),
                   RILLE_OK);
  must(rille_op_explain(op, &text, &len, &err), err);
  assert_int_equal(strlen(text), len);
  assert_non_null(strstr(text, "\"User\""));
  assert_non_null(strstr(text, "\"Post\""));
  assert_null(strstr(text, "secret"));
  rille_free(text);
  rille_op_free(op); /* started, never pulled */
  assert_int_equal(pool_stats(c).in_use, 0);
  rille_tape_free(tape);
  rille_client_release(c);
  rille_schema_release(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_references),
      cmocka_unit_test(test_misuse),
      cmocka_unit_test(test_foreign_transaction),
      cmocka_unit_test(test_memory_survives),
      cmocka_unit_test(test_explain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
