/* Batches: round trips, order, what later calls see, failures and what remains after them, on both databases. */
#include "running/running.h"

typedef struct asked {
  const char *model; /* NULL: json is SQL */
  rille_action action;
  const char *json;
} asked;

#define MOST 8

typedef struct batch_answer {
  rille_status status;
  char code[16], message[512];
  answer parts[MOST];
  uint32_t part, round_trips;
} batch_answer;

static rille_status add(rille_op *op, const asked *a, rille_tape *tape, rille_error **err) {
  if (!a->model) return rille_op_batch_raw(op, a->json, strlen(a->json), NULL, 1, err);
  write_tape(tape, a->json);
  rille_schema *s = rille_client_schema(op->client);
  return rille_op_batch_model(op, rille_schema_model(s, a->model, strlen(a->model)), a->action, tape, err);
}

static rille_status pull(rille_op *op, batch_answer *out, rille_error **err) {
  rille_row row;
  for (;;) {
    rille_status st = rille_op_next(op, &row, err);
    if (st == RILLE_ROW)
      show_row(&out->parts[rille_op_part(op)], &row);
    else if (st == RILLE_AGAIN)
      wait_for_op(op);
    else
      return st;
  }
}

static batch_answer run_on(rille_op *op, rille_tx *tx, int atomic, size_t count, const asked *calls) {
  batch_answer out;
  memset(&out, 0, sizeof out);
  rille_error *err = NULL;
  rille_tape *tapes[MOST] = {NULL};
  rille_status st = rille_op_batch(op, tx, atomic, &err);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) {
    tapes[i] = rille_tape_new();
    st = add(op, &calls[i], tapes[i], &err);
  }
  if (st == RILLE_OK) st = rille_op_batch_run(op, tx, &err);
  if (st == RILLE_OK) st = pull(op, &out, &err);
  out.status = st;
  snprintf(out.code, sizeof out.code, "%s", err ? rille_error_code(err) : "");
  snprintf(out.message, sizeof out.message, "%s", err ? rille_error_message(err) : "");
  rille_error_free(err);
  out.part = rille_op_part(op);
  out.round_trips = rille_op_round_trips(op);
  for (uint32_t i = 0; i < rille_op_parts(op) && st == RILLE_DONE; i++) {
    rille_op_set_part(op, i);
    out.parts[i].affected = rille_op_affected(op);
    size_t n = strlen(out.parts[i].rows);
    if (n) out.parts[i].rows[n - 1] = 0;
  }
  rille_op_reset(op);
  for (size_t i = 0; i < count; i++) rille_tape_free(tapes[i]);
  return out;
}

static batch_answer run(world *w, rille_tx *tx, int atomic, size_t count, const asked *calls) {
  rille_op *op = rille_op_new(w->client);
  assert_non_null(op);
  batch_answer out = run_on(op, tx, atomic, count, calls);
  rille_op_free(op);
  return out;
}

static void expect_done(const batch_answer *a) {
  if (a->status != RILLE_DONE) fail_msg("%s in call %u: %s", a->code, a->part, a->message);
}

static void seed(world *w) {
  expect_rows(
      call(w->client, NULL, "user", RILLE_CREATE,
           "{'data':{'email':'a@x','posts':{'create':[{'title':'one'},{'title':'two'}]}},'select':{'id':true}}"),
      "(1)");
}

#define POSTS "{'select':{'title':true},'order_by':{'id':'asc'}}"
#define USERS "{'select':{'id':true,'posts':{'select':{'title':true},'order_by':{'id':'asc'}}},'order_by':{'id':'asc'}}"

static void reads(world *w) {
  seed(w);
  const asked page[] = {{"post", RILLE_FIND_MANY, POSTS}, {"post", RILLE_COUNT, "{}"}};
  for (int i = 0; i < 2; i++) { /* also if the statements are not prepared yet */
    batch_answer a = run(w, NULL, 0, 2, page);
    expect_done(&a);
    assert_string_equal(a.parts[0].rows, "(one) (two)");
    assert_string_equal(a.parts[1].rows, "(2)");
    if (w->postgres) assert_int_equal(a.round_trips, 1);
  }
  const asked trees[] = {{"user", RILLE_FIND_MANY, USERS},
                         {"post", RILLE_COUNT, "{}"},
                         {"user", RILLE_FIND_MANY, USERS},
                         {NULL, 0, "select 7 as n"},
                         {"user", RILLE_EXISTS, "{'where':{'id':9}}"}};
  batch_answer a = run(w, NULL, 0, 5, trees);
  expect_done(&a);
  assert_string_equal(a.parts[0].rows, "(1) 1<0(one) 1<0(two)");
  assert_string_equal(a.parts[2].rows, "(1) 1<0(one) 1<0(two)");
  assert_string_equal(a.parts[3].rows, "(7)");
  assert_string_equal(a.parts[4].rows, "(false)");
  if (w->postgres) assert_int_equal(a.round_trips, 2);
  a = run(w, NULL, 0, 0, NULL);
  expect_done(&a);
}
static void test_reads(void **state) {
  (void)state;
  on_both(reads, "", 2);
}

/* A read sees the writes before it and none after it, whatever shares its round trip. */
static void in_order(world *w) {
  seed(w);
  const asked calls[] = {
      {"user", RILLE_FIND_MANY, USERS},
      {"user", RILLE_CREATE, "{'data':{'email':'b@x','posts':{'create':{'title':'three'}}},'select':{'id':true}}"},
      {"post", RILLE_COUNT, "{}"},
      {"post", RILLE_UPDATE_MANY, "{'where':{'title':'one'},'data':{'title':'ONE'}}"},
      {"post", RILLE_FIND_MANY, POSTS},
      {"post", RILLE_CREATE_MANY, "{'data':[{'title':'x','authorId':1},{'title':'y','authorId':1}]}"},
      {"post", RILLE_COUNT, "{}"}};
  batch_answer a = run(w, NULL, 0, 7, calls);
  expect_done(&a);
  assert_string_equal(a.parts[0].rows, "(1) 1<0(one) 1<0(two)");
  assert_string_equal(a.parts[1].rows, "(2)");
  assert_string_equal(a.parts[2].rows, "(3)");
  assert_int_equal(a.parts[3].affected, 1);
  assert_string_equal(a.parts[4].rows, "(ONE) (two) (three)");
  assert_int_equal(a.parts[5].affected, 2);
  assert_string_equal(a.parts[6].rows, "(5)");
  const asked writes[] = {{"tag", RILLE_CREATE, "{'data':{'name':'p'},'select':{'id':true}}"},
                          {"tag", RILLE_CREATE, "{'data':{'name':'q'},'select':{'id':true}}"},
                          {"tag", RILLE_COUNT, "{}"}};
  a = run(w, NULL, 1, 3, writes);
  expect_done(&a);
  assert_string_equal(a.parts[2].rows, "(2)");
  if (w->postgres) assert_int_equal(a.round_trips, 1);
}
static void test_in_order(void **state) {
  (void)state;
  on_both(in_order, "", 2);
}

/* Whatever fails, at any place: nothing of the batch remains, the error names the call, and the connection stays
 * usable. */
static void failures(world *w) {
  seed(w);
  const asked fresh = {"tag", RILLE_CREATE, "{'data':{'name':'t'}}"};
  const asked bad[] = {{"user", RILLE_CREATE, "{'data':{'email':'a@x'}}"},
                       {"user", RILLE_UPDATE, "{'where':{'id':99},'data':{'name':'x'}}"},
                       {"user", RILLE_CREATE, "{'data':{'email':'n@x','posts':{'connect':{'id':99}}}}"},
                       {"post", RILLE_FIND_UNIQUE_OR_THROW, "{'where':{'id':99}}"},
                       {"user", RILLE_FIND_MANY, "{'where':{'nope':1}}"},
                       {NULL, 0, "select nothing from nowhere"}};
  const char *codes[] = {"P2002", "P2025", "P2018", "P2025", "VALIDATION", "P2010"};
  rille_op *op = rille_op_new(w->client);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const asked calls[] = {fresh, {"tag", RILLE_COUNT, "{}"}, bad[i], {"tag", RILLE_COUNT, "{}"}};
    batch_answer a = run_on(op, NULL, 0, 4, calls);
    assert_true(a.status < 0);
    assert_string_equal(a.code, codes[i]);
    assert_int_equal(a.part, 2);
    expect_rows(call(w->client, NULL, "tag", RILLE_COUNT, "{}"), "(0)");
  }
  rille_op_free(op);
  rille_pool_stats s = pool_stats(w->client);
  assert_int_equal(s.in_use, 0);
  if (w->postgres) assert_int_equal(s.connects, 1);
}
static void test_failures(void **state) {
  (void)state;
  on_both(failures, "", 2);
}

static void in_transaction(world *w) {
  seed(w);
  rille_tx *tx = begin_tx(w->client, NULL);
  const asked good[] = {{"tag", RILLE_CREATE, "{'data':{'name':'t'},'select':{'id':true}}"},
                        {"tag", RILLE_COUNT, "{}"}};
  batch_answer a = run(w, tx, 0, 2, good);
  expect_done(&a);
  assert_string_equal(a.parts[1].rows, "(1)");
  if (w->postgres) assert_int_equal(a.round_trips, 1);
  assert_int_equal(step(w->client, tx, rille_op_rollback).status, RILLE_DONE);
  a = run(w, tx, 0, 2, good);
  assert_string_equal(a.code, "P2028");
  rille_tx_free(tx);
  expect_rows(call(w->client, NULL, "tag", RILLE_COUNT, "{}"), "(0)");
}
static void test_in_transaction(void **state) {
  (void)state;
  on_both(in_transaction, "", 2);
}

/* Abandoned after each step: nothing remains, and the next batch runs on the same operation. */
static void given_up(world *w) {
  seed(w);
  rille_op *op = rille_op_new(w->client);
  rille_op_set_blocking(op, 0);
  const asked calls[] = {{"tag", RILLE_CREATE, "{'data':{'name':'t'}}"}, {"user", RILLE_FIND_MANY, USERS}};
  for (int stop = 0; stop < 8; stop++) {
    rille_tape *tapes[2] = {rille_tape_new(), rille_tape_new()};
    rille_row row;
    assert_int_equal(rille_op_batch(op, NULL, 1, NULL), RILLE_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(add(op, &calls[i], tapes[i], NULL), RILLE_OK);
    assert_int_equal(rille_op_batch_run(op, NULL, NULL), RILLE_OK);
    rille_status st = RILLE_OK;
    for (int i = 0; i < stop && st != RILLE_DONE; i++) {
      st = rille_op_next(op, &row, NULL);
      if (st == RILLE_AGAIN) wait_for_op(op);
    }
    rille_op_reset(op);
    for (int i = 0; i < 2; i++) rille_tape_free(tapes[i]);
    expect_rows(call(w->client, NULL, "tag", RILLE_DELETE_MANY, "{'where':'<all>'}"), "");
    assert_int_equal(pool_stats(w->client).in_use, 0);
  }
  batch_answer a = run_on(op, NULL, 0, 2, calls);
  expect_done(&a);
  rille_op_free(op);
}
static void test_given_up(void **state) {
  (void)state;
  on_both(given_up, "", 1);
}

/* All reads of a snapshot see one state, in one round trip; it cannot write. */
static void snapshot(world *w) {
  seed(w);
  const asked reads[] = {{"post", RILLE_COUNT, "{}"}, {"user", RILLE_COUNT, "{}"}};
  batch_answer a = run(w, NULL, RILLE_BATCH_SNAPSHOT, 2, reads);
  expect_done(&a);
  assert_string_equal(a.parts[0].rows, "(2)");
  if (w->postgres) assert_int_equal(a.round_trips, 1);
  const asked writes[] = {{"post", RILLE_COUNT, "{}"}, {"tag", RILLE_CREATE, "{'data':{'name':'t'}}"}};
  a = run(w, NULL, RILLE_BATCH_SNAPSHOT, 2, writes);
  assert_string_equal(a.code, "VALIDATION");
  assert_int_equal(a.part, 1);
  const asked raw[] = {{NULL, 0, "DELETE FROM \"Tag\""}};
  if (w->postgres) assert_true(run(w, NULL, RILLE_BATCH_SNAPSHOT, 1, raw).status < 0);
  rille_tx *tx = begin_tx(w->client, NULL);
  a = run(w, tx, RILLE_BATCH_SNAPSHOT, 2, reads);
  expect_done(&a);
  assert_int_equal(step(w->client, tx, rille_op_rollback).status, RILLE_DONE);
  rille_tx_free(tx);
  assert_int_equal(pool_stats(w->client).in_use, 0);
}
static void test_snapshot(void **state) {
  (void)state;
  on_both(snapshot, "", 2);
}

/* An idle connection died and nothing was sent yet: the batch moves to another one. */
static void test_idle_connection_killed(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "application_name=batch_victim", 1);
  seed(&w);
  assert_int_equal(
      psql("postgres",
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'batch_victim'"),
      0);
  usleep(300000);
  const asked calls[] = {{"post", RILLE_FIND_MANY, POSTS}, {"post", RILLE_COUNT, "{}"}};
  batch_answer a = run(&w, NULL, 0, 2, calls);
  expect_done(&a);
  assert_string_equal(a.parts[1].rows, "(2)");
  assert_int_equal(pool_stats(w.client).connects, 2);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads),    cmocka_unit_test(test_in_order),
      cmocka_unit_test(test_failures), cmocka_unit_test(test_in_transaction),
      cmocka_unit_test(test_given_up), cmocka_unit_test(test_idle_connection_killed),
      cmocka_unit_test(test_snapshot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
