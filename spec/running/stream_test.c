/* Reads in batches, and explanations: what is delivered when, early ends, transactions, running out of memory. */
#include "../base/failing_allocator.h"
#include "running/running.h"

static const char whole[] =
    "{'order_by':[{'id':'asc'}],'select':{'id':true,'posts':{'select':{'title':true},'order_by':[{'id':'asc'}]}}}";

static void fill(world *w, int users) {
  for (int i = 1; i <= users; i++) {
    char json[200];
    snprintf(json, sizeof json, "{'data':{'email':'%d@x','posts':{'create':[{'title':'p%d'}]}},'select':{'id':true}}",
             i, i);
    assert_int_equal(call(w->client, NULL, "user", RILLE_CREATE, json).status, RILLE_DONE);
  }
}

typedef struct stream {
  rille_op *op;
  rille_tape *tape;
  rille_error *err;
} stream;

static rille_status begin(stream *s, rille_client *c, rille_tx *tx, const char *json, uint32_t batch) {
  *s = (stream){.op = rille_op_new(c), .tape = rille_tape_new()};
  assert_true(s->op && s->tape);
  rille_op_set_stream(s->op, batch);
  return start_call(s->op, tx, "user", RILLE_FIND_MANY, s->tape, json, &s->err);
}

static void end(stream *s) {
  rille_op_free(s->op);
  rille_tape_free(s->tape);
  rille_error_free(s->err);
}

/* The rows of one batch as text, and what ended it. */
static answer pull(stream *s) {
  answer a = {.status = RILLE_OK};
  rille_row row;
  rille_status st;
  while ((st = rille_op_next(s->op, &row, &s->err)) == RILLE_ROW || st == RILLE_AGAIN) {
    if (st == RILLE_ROW)
      show_row(&a, &row);
    else
      wait_for_op(s->op);
  }
  keep_error(&a, st, s->err);
  s->err = NULL;
  return a;
}

static void expect(answer a, rille_status status, const char *rows) {
  if (a.status < 0 && status >= 0) fail_msg("%s: %s", a.code, a.message);
  assert_int_equal(a.status, status);
  assert_string_equal(a.rows, rows);
}

static void tell_batches(world *w) {
  stream s;
  fill(w, 5);
  for (int blocking = 0; blocking < 2; blocking++) {
    assert_int_equal(begin(&s, w->client, NULL, whole, 2), RILLE_OK);
    rille_op_set_blocking(s.op, blocking);
    expect(pull(&s), RILLE_BATCH, "(1) (2) 1<0(p1) 1<1(p2) ");
    expect(pull(&s), RILLE_BATCH, "(3) (4) 1<0(p3) 1<1(p4) ");
    expect(pull(&s), RILLE_DONE, "(5) 1<0(p5) ");
    assert_int_equal(rille_op_statements(s.op), 6);
    assert_int_equal(pool_stats(w->client).in_use, 0);
    end(&s);
  }
  assert_int_equal(begin(&s, w->client, NULL, "{'order_by':[{'id':'asc'}],'select':{'id':true}}", 5), RILLE_OK);
  expect(pull(&s), RILLE_BATCH, "(1) (2) (3) (4) (5) ");
  expect(pull(&s), RILLE_DONE, "");
  end(&s);
  assert_int_equal(begin(&s, w->client, NULL, "{'where':{'id':99},'select':{'id':true,'posts':true}}", 5), RILLE_OK);
  expect(pull(&s), RILLE_DONE, "");
  end(&s);
}

static void give_up(world *w) {
  rille_row row;
  stream s;
  fill(w, 6);
  for (int rows = 0; rows < 14; rows++) {
    assert_int_equal(begin(&s, w->client, NULL, whole, 2), RILLE_OK);
    for (int i = 0; i < rows; i++) rille_op_next(s.op, &row, &s.err);
    rille_op_reset(s.op);
    assert_int_equal(pool_stats(w->client).in_use, 0);
    expect_rows(call_with(s.op, NULL, "user", RILLE_COUNT, "{}"), "(6)"); /* no longer in batches */
    end(&s);
  }
}

static void refuse(world *w) {
  stream s;
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  static const rille_action actions[] = {RILLE_CREATE, RILLE_FIND_FIRST, RILLE_COUNT, RILLE_DELETE_MANY};
  static const char *const calls[] = {"{'data':{'email':'n'}}", "{}", "{}", "{'where':{'id':1}}"};
  for (size_t i = 0; i < 4; i++) {
    rille_op_set_stream(op, 10);
    assert_int_equal(start_call(op, NULL, "user", actions[i], tape, calls[i], &err), RILLE_ERROR);
    assert_string_equal(rille_error_code(err), "VALIDATION");
    rille_error_free(err);
    err = NULL;
  }
  rille_op_free(op);
  rille_tape_free(tape);
  assert_int_equal(begin(&s, w->client, NULL, "{'nothing':1}", 5), RILLE_ERROR);
  end(&s);
}

static void share_transaction(world *w) {
  rille_tx_options o = {.struct_size = sizeof o, .read_only = 1};
  stream s, other;
  fill(w, 4);
  rille_tx *tx = begin_tx(w->client, &o);
  assert_int_equal(begin(&s, w->client, tx, whole, 3), RILLE_OK);
  expect(pull(&s), RILLE_BATCH, "(1) (2) (3) 1<0(p1) 1<1(p2) 1<2(p3) ");
  expect_rows(call(w->client, tx, "user", RILLE_COUNT, "{}"), "(4)");
  assert_int_equal(begin(&other, w->client, tx, whole, 1), RILLE_OK);
  expect(pull(&other), RILLE_BATCH, "(1) 1<0(p1) ");
  expect(pull(&s), RILLE_DONE, "(4) 1<0(p4) ");
  expect(pull(&other), RILLE_BATCH, "(2) 1<0(p2) ");
  end(&s);
  rille_op_reset(other.op); /* the cursor is closed, the transaction continues */
  end(&other);
  expect_rows(call(w->client, tx, "user", RILLE_COUNT, "{}"), "(4)");
  assert_int_equal(begin(&s, w->client, tx, whole, 1), RILLE_OK);
  expect(pull(&s), RILLE_BATCH, "(1) 1<0(p1) ");
  assert_int_equal(step(w->client, tx, rille_op_commit).status, RILLE_DONE);
  expect_code(pull(&s), "P2028");
  end(&s);
  rille_tx_free(tx);
  tx = begin_tx(w->client, &o);
  assert_int_equal(begin(&s, w->client, tx, whole, 1), RILLE_OK);
  expect(pull(&s), RILLE_BATCH, "(1) 1<0(p1) ");
  rille_tx_free(tx); /* before the operation that it was paused in */
  expect_code(pull(&s), "P2028");
  end(&s);
  assert_int_equal(pool_stats(w->client).in_use, 0);
}

static void cut_by_savepoint(world *w) {
  rille_tx_options o = {.struct_size = sizeof o, .read_only = 1};
  stream outer, inner;
  fill(w, 3);
  rille_tx *tx = begin_tx(w->client, &o);
  assert_int_equal(begin(&outer, w->client, tx, whole, 1), RILLE_OK);
  expect(pull(&outer), RILLE_BATCH, "(1) 1<0(p1) ");
  assert_int_equal(step(w->client, tx, rille_op_savepoint).status, RILLE_DONE);
  assert_int_equal(begin(&inner, w->client, tx, whole, 1), RILLE_OK);
  expect(pull(&inner), RILLE_BATCH, "(1) 1<0(p1) ");
  assert_int_equal(step(w->client, tx, rille_op_rollback_savepoint).status, RILLE_DONE);
  expect_code(pull(&inner), "P2028");
  expect(pull(&outer), RILLE_BATCH, "(2) 1<0(p2) ");
  end(&inner);
  end(&outer);
  rille_tx_free(tx);
}

/* If the transaction may write, SQLite has read all rows at the start. PostgreSQL continues in batches. */
static void writing_transaction(world *w) {
  stream s;
  fill(w, 3);
  rille_tx *tx = begin_tx(w->client, NULL);
  assert_int_equal(begin(&s, w->client, tx, "{'order_by':[{'id':'asc'}],'select':{'id':true}}", 2), RILLE_OK);
  expect(pull(&s), w->postgres ? RILLE_BATCH : RILLE_DONE, w->postgres ? "(1) (2) " : "(1) (2) (3) ");
  assert_int_equal(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'new'}}").status, RILLE_DONE);
  if (w->postgres) expect(pull(&s), RILLE_DONE, "(3) ");
  end(&s);
  rille_tx_free(tx);
}

/* ------------------------------------------------------------------ out of memory */

static rille_status pull_all(rille_client *c, bool explain) {
  rille_error *err = NULL;
  rille_row row;
  rille_op *op = rille_op_new(c);
  rille_tape *tape = op ? rille_tape_new() : NULL;
  rille_status st = tape ? RILLE_OK : RILLE_NOMEM;
  if (st == RILLE_OK && explain) {
    st = write_tape(tape, whole);
    if (st == RILLE_OK) st = rille_op_explain_model(op, NULL, 0, RILLE_FIND_MANY, tape, &err);
  } else if (st == RILLE_OK) {
    rille_op_set_stream(op, 2);
    st = start_call(op, NULL, "user", RILLE_FIND_MANY, tape, whole, &err);
  }
  while (st == RILLE_OK || st == RILLE_ROW || st == RILLE_BATCH) st = rille_op_next(op, &row, &err);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d: %s", (int)st, err ? rille_error_message(err) : "");
  rille_error_free(err);
  rille_op_free(op);
  rille_tape_free(tape);
  return st;
}

static void short_of_memory(world *w) {
  fill(w, 3);
  for (int explain = 0; explain < 2; explain++) {
    for (long n = 0;; n++) {
      failing_allocator f = {.left = n};
      rl_allocator_set(failing_alloc, &f);
      rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 2};
      rille_client *c = NULL;
      bool done = rille_client_open(&o, &c, NULL) == RILLE_OK && pull_all(c, explain != 0) == RILLE_DONE;
      if (c && pool_stats(c).in_use != 0) fail_msg("a connection leaked");
      if (c) rille_client_release(c);
      rl_allocator_set(NULL, NULL);
      if (f.live != 0) fail_msg("request %ld failed: %ld blocks leaked", n, f.live);
      if (f.failed) continue;
      assert_true(done && n > 20);
      break;
    }
  }
}

/* ------------------------------------------------------------------ explanations */

static answer explain(world *w, const char *model, rille_action action, const char *json) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  assert_int_equal(write_tape(tape, json), RILLE_OK);
  rille_schema *s = rille_client_schema(w->client);
  rille_status st = rille_op_explain_model(op, NULL, rille_schema_model(s, model, strlen(model)), action, tape, &err);
  const rille_node *nodes = NULL;
  uint32_t count = 0;
  assert_int_equal(rille_op_shape(op, &nodes, &count), 0);
  assert_int_equal(count, st == RILLE_OK ? 3 : 0);
  if (st == RILLE_OK) assert_int_equal(rille_op_result(op), RILLE_RESULT_ROW);
  drain(op, st, err, &a);
  rille_op_free(op);
  rille_tape_free(tape);
  return a;
}

static void explain_calls(world *w) {
  answer a = explain(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'x'},'select':{'id':true,'posts':true}}");
  assert_int_equal(a.status, RILLE_DONE);
  assert_non_null(strstr(a.rows, "(2,0: select User"));
  assert_non_null(strstr(a.rows, "1<0(SELECT"));
  assert_non_null(strstr(a.rows, "2<0("));
  assert_non_null(strstr(a.rows, "2<1("));
  a = explain(w, "user", RILLE_DELETE_MANY, "{'where':{'id':{'gt':0}}}");
  assert_int_equal(a.status, RILLE_DONE);
  a = explain(
      w, "user", RILLE_CREATE,
      "{'data':{'email':'n','rank':'OLD','posts':{'create':[{'title':'t','tags':{'create':[{'name':'a'}]}}]}}}");
  assert_int_equal(a.status, RILLE_DONE);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  expect_code(explain(w, "user", RILLE_FIND_MANY, "{'where':{'nothing':1}}"), "VALIDATION");
  assert_int_equal(pool_stats(w->client).in_use, 0);
}

static void test_batches(void **state) {
  (void)state;
  on_both(tell_batches, "", 2);
}
static void test_given_up(void **state) {
  (void)state;
  on_both(give_up, "", 2);
}
static void test_refused(void **state) {
  (void)state;
  on_both(refuse, "", 1);
}
static void test_in_transaction(void **state) {
  (void)state;
  on_both(share_transaction, "", 2);
}
static void test_savepoint(void **state) {
  (void)state;
  on_both(cut_by_savepoint, "", 2);
}
static void test_writing_transaction(void **state) {
  (void)state;
  on_both(writing_transaction, "", 2);
}
static void test_shortage(void **state) {
  (void)state;
  on_both(short_of_memory, "", 3);
}
static void test_explain(void **state) {
  (void)state;
  on_both(explain_calls, "", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_batches),   cmocka_unit_test(test_given_up),
      cmocka_unit_test(test_refused),   cmocka_unit_test(test_in_transaction),
      cmocka_unit_test(test_savepoint), cmocka_unit_test(test_writing_transaction),
      cmocka_unit_test(test_shortage),  cmocka_unit_test(test_explain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
