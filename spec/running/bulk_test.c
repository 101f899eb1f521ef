/* Inserts of many rows: all or nothing, rows with different columns, counts, the limit of parameters. */
#include "running/running.h"

static rille_tape *many(int n, int twin) {
  rille_tape *t = rille_tape_new();
  rille_tape_open_object(t);
  rille_tape_key(t, "data", 4);
  rille_tape_open_list(t);
  for (int i = 0; i < n; i++) {
    char email[32];
    int len = snprintf(email, sizeof email, "%d@x", i == twin ? 0 : i);
    rille_tape_open_object(t);
    rille_tape_key(t, "email", 5);
    rille_tape_text_copy(t, email, (size_t)len);
    rille_tape_key(t, "name", 4);
    if (i % 3)
      rille_tape_text(t, "N", 1);
    else
      rille_tape_null(t);
    rille_tape_close_object(t);
  }
  rille_tape_close_list(t);
  rille_tape_close_object(t);
  return t;
}

static answer create_many(world *w, rille_tx *tx, int n, int twin) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(w->client);
  rille_tape *t = many(n, twin);
  rille_status st = rille_op_model(op, tx, rille_schema_model(w->schema, "user", 4), RILLE_CREATE_MANY, t, &err);
  drain(op, st, err, &a);
  rille_op_free(op);
  rille_tape_free(t);
  return a;
}

static void large(world *w) {
  answer a = create_many(w, NULL, 40000, -1);
  expect_rows(a, "");
  assert_int_equal(a.affected, 40000);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{'where':{'name':'N'}}"), "(26666)");
  expect_code(create_many(w, NULL, 3, -1), "P2002");
  expect_rows(call(w->client, NULL, "user", RILLE_DELETE_MANY, "{'where':'<all>'}"), "");
  /* the twin is one of the last rows: what was sent before it is undone */
  expect_code(create_many(w, NULL, 5000, 4999), "P2002");
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  rille_tx *tx = begin_tx(w->client, NULL);
  expect_rows(create_many(w, tx, 10, -1), "");
  expect_rows(step(w->client, tx, rille_op_commit), "");
  rille_tx_free(tx);
  tx = begin_tx(w->client, NULL);
  expect_code(create_many(w, tx, 3000, 2999), "P2002");
  rille_tx_free(tx);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(10)");
  assert_int_equal(pool_stats(w->client).in_use, 0);
}
static void test_large(void **state) {
  (void)state;
  on_both(large, "", 1);
}

static void small(world *w) {
  answer a = call(w->client, NULL, "user", RILLE_CREATE_MANY, "{'data':[]}");
  expect_rows(a, "");
  assert_int_equal(a.affected, 0);
  /* a column that some rows leave to the database */
  a = call(w->client, NULL, "user", RILLE_CREATE_MANY,
           "{'data':[{'email':'a@x'},{'email':'b@x','rank':'OLD'},{'email':'c@x','name':'C','rank':'NEW'},{'id':77,'"
           "email':'d@x'}]}");
  expect_rows(a, "");
  assert_int_equal(a.affected, 4);
  expect_rows(call(w->client, NULL, "user", RILLE_FIND_MANY,
                   "{'order_by':{'email':'asc'},'select':{'email':true,'name':true,'rank':true}}"),
              "(a@x,null,NEW) (b@x,null,OLD) (c@x,C,NEW) (d@x,null,NEW)");
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE_MANY_AND_RETURN,
                   "{'data':[{'email':'e@x'},{'email':'f@x'}],'select':{'email':true}}"),
              "(e@x) (f@x)");
  expect_rows(call(w->client, NULL, "user", RILLE_UPDATE_MANY, "{'where':{'rank':'OLD'},'data':{'name':'old'}}"), "");
  a = call(w->client, NULL, "user", RILLE_CREATE_MANY,
           "{'data':[{'email':'a@x'},{'email':'g@x'}],'skip_duplicates':true}");
  if (a.status == RILLE_DONE)
    assert_int_equal(a.affected, 1);
  else
    assert_string_equal(a.code, "VALIDATION");
}
static void test_small(void **state) {
  (void)state;
  on_both(small, "", 1);
}

/* Rows with names of `bytes` bytes. twin: the row that has the email of the first; -1: none. */
static answer create_wide(world *w, rille_tx *tx, int n, size_t bytes, int twin) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(w->client);
  rille_tape *t = rille_tape_new();
  char *name = malloc(bytes);
  memset(name, 'n', bytes);
  rille_tape_open_object(t);
  rille_tape_key(t, "data", 4);
  rille_tape_open_list(t);
  for (int i = 0; i < n; i++) {
    char email[32];
    int len = snprintf(email, sizeof email, "%d@x", i == twin ? 0 : i);
    rille_tape_open_object(t);
    rille_tape_key(t, "email", 5);
    rille_tape_text_copy(t, email, (size_t)len);
    rille_tape_key(t, "name", 4);
    rille_tape_text(t, name, bytes);
    rille_tape_close_object(t);
  }
  rille_tape_close_list(t);
  rille_tape_close_object(t);
  rille_status st = rille_op_model(op, tx, rille_schema_model(w->schema, "user", 4), RILLE_CREATE_MANY, t, &err);
  drain(op, st, err, &a);
  if (w->postgres && st >= 0 && bytes > 1000000 && n > 16) assert_true(rille_op_statements(op) > 1);
  rille_op_free(op);
  rille_tape_free(t);
  free(name);
  return a;
}

/* More rows than one statement carries: all or nothing, in the call's own transaction and in the caller's. */
static void wide(world *w) {
  const size_t megabyte = (size_t)1 << 20;
  answer a = create_wide(w, NULL, 40, megabyte, -1);
  expect_rows(a, "");
  assert_int_equal(a.affected, 40);
  expect_rows(call(w->client, NULL, "user", RILLE_DELETE_MANY, "{'where':'<all>'}"), "");
  expect_code(create_wide(w, NULL, 40, megabyte, 39), "P2002");
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  rille_tx *tx = begin_tx(w->client, NULL);
  expect_rows(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'kept'},'select':{'email':true}}"), "(kept)");
  expect_code(create_wide(w, tx, 40, megabyte, 39), "P2002");
  expect_rows(call(w->client, tx, "user", RILLE_FIND_MANY, "{'select':{'email':true}}"), "(kept)");
  assert_int_equal(step(w->client, tx, rille_op_rollback).status, RILLE_DONE);
  rille_tx_free(tx);
  a = create_wide(w, NULL, 3, 20 * megabyte, -1); /* each has its own */
  expect_rows(a, "");
  assert_int_equal(a.affected, 3);
}
static void test_wide(void **state) {
  (void)state;
  on_both(wide, "", 1);
}

/* Rows with different columns are sent in several statements too. */
static void uneven(world *w) {
  expect_code(call(w->client, NULL, "user", RILLE_CREATE_MANY,
                   "{'data':[{'email':'a@x'},{'email':'b@x','rank':'OLD'},{'id':77,'email':'a@x'}]}"),
              "P2002");
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
}
static void test_uneven(void **state) {
  (void)state;
  on_both(uneven, "", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_large), cmocka_unit_test(test_small),
                                     cmocka_unit_test(test_wide), cmocka_unit_test(test_uneven)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
