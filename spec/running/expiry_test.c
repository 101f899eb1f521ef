/* Transactions that time out while their owner does something else. They are rolled back immediately, the owner gets
 * P2028 with its next use, and nothing ever uses a connection that it does not hold. */
#include <pthread.h>
#include <stdatomic.h>

#include "running/running.h"

/* By then everything that should happen has happened. */
#define OVERDUE_MS 10000

static rille_tx *begin_for(rille_client *c, int64_t timeout_ms, bool read_only) {
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = timeout_ms, .read_only = read_only};
  return begin_tx(c, &o);
}

static answer add_user(rille_client *c, rille_tx *tx, const char *email) {
  char json[128];
  snprintf(json, sizeof json, "{'data':{'email':'%s'},'select':{'email':true}}", email);
  return call(c, tx, "user", RILLE_CREATE, json);
}

static void wait_until_free(rille_client *c) {
  int64_t until = rl_clock_ms() + OVERDUE_MS;
  while (pool_stats(c).in_use > 0 && rl_clock_ms() < until) usleep(2000);
  assert_int_equal(pool_stats(c).in_use, 0);
}

static void expect_expired(answer a, const char *timeout) {
  expect_code(a, "P2028");
  if (!strstr(a.message, "expired") || !strstr(a.message, timeout)) fail_msg("%s", a.message);
}

/* ------------------------------------------------------------------ the owner is busy */

typedef struct rival {
  rille_client *client;
  _Atomic bool done;
  answer answer;
} rival;

static void *add_one(void *context) {
  rival *r = context;
  r->answer = add_user(r->client, NULL, "rival@x");
  r->done = true;
  return NULL;
}

/* The pool has one connection. A waiting caller gets it, although the owner does not use its transaction again. */
static void others_go_on(world *w) {
  rille_tx *tx = begin_for(w->client, 2000, false);
  expect_rows(step(w->client, tx, rille_op_savepoint), "");
  usleep(20000);
  expect_rows(add_user(w->client, tx, "a@x"), "(a@x)");
  rival r = {.client = w->client};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, add_one, &r), 0);
  int64_t until = rl_clock_ms() + OVERDUE_MS;
  while (!r.done && rl_clock_ms() < until) usleep(2000);
  bool came = r.done;
  expect_expired(call(w->client, tx, "user", RILLE_COUNT, "{}"), "2000 ms");
  pthread_join(thread, NULL);
  assert_true(came);
  expect_rows(r.answer, "(rival@x)");
  expect_code(step(w->client, tx, rille_op_rollback_savepoint), "P2028");
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  expect_code(step(w->client, tx, rille_op_begin), "P2028");
  rille_tx_free(tx);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(1)");
}
static void test_others_go_on(void **state) {
  (void)state;
  on_both(others_go_on, "", 1);
}

/* A later deadline that passes first; one that is never used or ended; one whose owner has ended it in SQL. */
static void many_at_once(world *w) {
  rille_tx *slow = begin_for(w->client, 60000, true), *tx[4];
  for (int i = 0; i < 4; i++) tx[i] = begin_for(w->client, 2000 - 500 * i, true);
  raw(w->client, tx[0], "COMMIT", NULL);
  int64_t until = rl_clock_ms() + OVERDUE_MS;
  while (pool_stats(w->client).in_use > 1 && rl_clock_ms() < until) usleep(2000);
  assert_int_equal(pool_stats(w->client).in_use, 1);
  expect_rows(call(w->client, slow, "user", RILLE_COUNT, "{}"), "(0)");
  expect_rows(step(w->client, slow, rille_op_commit), "");
  expect_expired(call(w->client, tx[3], "user", RILLE_COUNT, "{}"), "500 ms");
  expect_code(call(w->client, tx[0], "user", RILLE_COUNT, "{}"), "P2028");
  for (int i = 0; i < 4; i++) rille_tx_free(tx[i]);
  rille_tx_free(slow);
}
static void test_many_at_once(void **state) {
  (void)state;
  on_both(many_at_once, "", 5);
}

static void test_in_memory(void **state) {
  (void)state;
  rille_schema *schema = open_schema(blog_schema, false);
  push_schema("sqlite::memory:", schema);
  rille_client *c = open_client("sqlite::memory:", schema, 1);
  expect_rows(add_user(c, NULL, "a@x"), "(a@x)");
  rille_tx *tx = begin_for(c, 1000, false);
  expect_rows(add_user(c, tx, "b@x"), "(b@x)");
  expect_rows(call(c, NULL, "user", RILLE_COUNT, "{}"), "(1)"); /* waits for the one connection */
  expect_expired(step(c, tx, rille_op_commit), "1000 ms");
  rille_tx_free(tx);
  rille_client_release(c);
  rille_schema_release(schema);
}

/* ------------------------------------------------------------------ operations under way */

static rille_op *stream_users(rille_client *c, rille_tx *tx, rille_tape *tape) {
  rille_op *op = rille_op_new(c);
  rille_error *err = NULL;
  rille_op_set_stream(op, 1);
  must(start_call(op, tx, "user", RILLE_FIND_MANY, tape, "{'select':{'id':true},'order_by':{'id':'asc'}}", &err), err);
  return op;
}

static rille_status next_of(rille_op *op, answer *a) {
  rille_row row;
  rille_error *err = NULL;
  rille_status st;
  *a = (answer){.status = RILLE_OK};
  while ((st = rille_op_next(op, &row, &err)) == RILLE_ROW) show_row(a, &row);
  keep_error(a, st, err);
  return st;
}

/* A stream pauses between two batches. It continues, is abandoned, or outlives its transaction. */
static void paused_stream(world *w) {
  add_user(w->client, NULL, "a@x");
  add_user(w->client, NULL, "b@x");
  for (int how = 0; how < 3; how++) {
    rille_tape *tape = rille_tape_new();
    rille_tx *tx = begin_for(w->client, 150, true);
    rille_op *op = stream_users(w->client, tx, tape);
    answer a;
    assert_int_equal(next_of(op, &a), RILLE_BATCH);
    assert_string_equal(a.rows, "(1) ");
    wait_until_free(w->client);
    if (how == 0) {
      next_of(op, &a);
      expect_expired(a, "150 ms");
    }
    if (how == 2) rille_tx_free(tx);
    rille_op_free(op);
    if (how != 2) rille_tx_free(tx);
    rille_tape_free(tape);
  }
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(2)");
}
static void test_paused_stream(void **state) {
  (void)state;
  on_both(paused_stream, "", 1);
}

/* Started in time, but not run; the same for a batch. An operation that delivers row by row keeps its transaction to
 * its end, and the transaction ends with it. */
static void started_before(world *w) {
  add_user(w->client, NULL, "a@x");
  add_user(w->client, NULL, "b@x");
  for (int batch = 0; batch < 2; batch++) {
    rille_tape *tape = rille_tape_new();
    rille_error *err = NULL;
    answer a;
    rille_tx *tx = begin_for(w->client, 150, false);
    rille_op *op = rille_op_new(w->client);
    if (batch)
      must(rille_op_batch(op, tx, 0, &err), err);
    else
      must(start_call(op, tx, "user", RILLE_COUNT, tape, "{}", &err), err);
    wait_until_free(w->client);
    if (batch) {
      rille_status st = rille_op_batch_run(op, tx, &err);
      keep_error(&a, st, err);
    } else {
      next_of(op, &a);
    }
    expect_expired(a, "150 ms");
    rille_op_free(op);
    rille_tx_free(tx);
    rille_tape_free(tape);
  }
  rille_tape *tape = rille_tape_new();
  rille_tx *tx = begin_for(w->client, 300, false);
  rille_op *op = rille_op_new(w->client);
  rille_row row;
  must(start_call(op, tx, "user", RILLE_FIND_MANY, tape, "{}", NULL), NULL);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
  usleep(400000);
  assert_int_equal(pool_stats(w->client).in_use, 1);
  answer a;
  next_of(op, &a);
  wait_until_free(w->client);
  expect_code(step(w->client, tx, rille_op_commit), "P2028");
  rille_tx_free(tx);
  rille_op_free(op);
  rille_tape_free(tape);
}
static void test_started_before(void **state) {
  (void)state;
  on_both(started_before, "", 1);
}

/* ------------------------------------------------------------------ owner and clock at the same time */

enum { THREADS = 4, ROUNDS = 400 };

typedef struct racer {
  rille_client *client;
  pthread_t thread;
  unsigned seed;
  int committed, halves, unknown, expired;
} racer;

static unsigned chance(racer *r, unsigned below) {
  r->seed = r->seed * 1103515245u + 12345u;
  return (r->seed >> 16) % below;
}

static bool add(rille_client *c, rille_tx *tx, int id, int n) {
  char json[100];
  snprintf(json, sizeof json, "{'where':{'id':%d},'data':{'score':{'increment':%d}}}", id, n);
  return call(c, tx, "post", RILLE_UPDATE_MANY, json).status == RILLE_DONE;
}

/* Moves one from a row to another, counts itself in a third, and takes some time. */
static void transfer(racer *r, rille_tx *tx) {
  int from = 1 + (int)chance(r, 2);
  bool good = add(r->client, tx, from, -1);
  usleep(chance(r, 1500));
  good = add(r->client, tx, 3 - from, 1) && good;
  good = add(r->client, tx, 3, 1) && good;
  usleep(chance(r, 1500));
  answer a = step(r->client, tx, rille_op_commit);
  r->committed += a.status == RILLE_DONE;
  r->halves += a.status == RILLE_DONE && !good;
  r->unknown += a.status != RILLE_DONE && strcmp(a.code, "P2028") != 0;
  r->expired += strcmp(a.code, "P2028") == 0;
}

/* A paused stream that is dropped or continued while the transaction times out. */
static void look_around(racer *r, rille_tx *tx) {
  rille_tape *tape = rille_tape_new();
  rille_op *op = rille_op_new(r->client);
  answer a = {.status = RILLE_OK};
  rille_op_set_stream(op, 1);
  rille_status st = start_call(op, tx, "post", RILLE_FIND_MANY, tape, "{'select':{'id':true}}", NULL);
  for (int i = 0; st >= 0 && i < 3; i++) {
    st = next_of(op, &a);
    if (st == RILLE_DONE) break;
    usleep(chance(r, 1500));
  }
  if (st < 0) r->expired++;
  bool first = chance(r, 2) == 0;
  if (first) rille_tx_free(tx);
  rille_op_free(op);
  if (!first) rille_tx_free(tx);
  rille_tape_free(tape);
}

static void *race(void *context) {
  racer *r = context;
  for (int i = 0; i < ROUNDS; i++) {
    bool reads = chance(r, 3) == 0;
    rille_tx_options o = {
        .struct_size = sizeof o, .timeout_ms = 1 + chance(r, 3), .max_wait_ms = 60000, .read_only = reads};
    rille_tx *tx = NULL;
    must(rille_tx_new(r->client, &o, &tx, NULL), NULL);
    bool begun = step(r->client, tx, rille_op_begin).status == RILLE_DONE;
    if (begun && reads) {
      look_around(r, tx); /* frees it */
      continue;
    }
    if (begun) transfer(r, tx);
    rille_tx_free(tx);
  }
  return NULL;
}

static void races(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','posts':{'create':[{'title':'a'},{'title':'b'},{'title':'c'}]}},'select':{"
                   "'email':true}}"),
              "(a@x)");
  racer racers[THREADS];
  int committed = 0, unknown = 0, expired = 0;
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (racer){.client = w->client, .seed = 7 + (unsigned)i};
    assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(racers[i].thread, NULL);
    committed += racers[i].committed;
    unknown += racers[i].unknown;
    expired += racers[i].expired;
    assert_int_equal(racers[i].halves, 0); /* nothing fails in what is committed */
  }
  assert_true(expired > 0);
  wait_until_free(w->client);
  answer a = raw(w->client, NULL, "SELECT score FROM \"Post\" ORDER BY id", NULL);
  int score[3] = {0};
  assert_int_equal(sscanf(a.rows, "(%d) (%d) (%d)", &score[0], &score[1], &score[2]), 3);
  assert_int_equal(score[0] + score[1], 0);
  assert_in_range(score[2], committed, committed + unknown);
  if (!w->postgres) assert_int_equal(unknown, 0);
}
static void test_races(void **state) {
  (void)state;
  on_both(races, "", THREADS);
}

/* ------------------------------------------------------------------ out of memory */

static _Atomic bool short_of_memory;

static void *scarce(void *context, void *p, size_t size) {
  (void)context;
  if (size == 0) {
    free(p);
    return NULL;
  }
  return short_of_memory ? NULL : realloc(p, size);
}

/* The transaction stays as it is until there is memory. */
static void without_memory(world *w) {
  rille_tx *tx = begin_for(w->client, 100, false);
  expect_rows(add_user(w->client, tx, "a@x"), "(a@x)");
  short_of_memory = true;
  usleep(300000);
  int in_use = pool_stats(w->client).in_use;
  short_of_memory = false;
  assert_int_equal(in_use, 1);
  wait_until_free(w->client);
  expect_expired(step(w->client, tx, rille_op_commit), "100 ms");
  rille_tx_free(tx);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
}
static void test_without_memory(void **state) {
  (void)state;
  on_both(without_memory, "", 1);
}

int main(void) {
  rl_allocator_set(scarce, NULL); /* before a thread of the library looks at it */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_others_go_on),   cmocka_unit_test(test_many_at_once),   cmocka_unit_test(test_in_memory),
      cmocka_unit_test(test_paused_stream),  cmocka_unit_test(test_started_before), cmocka_unit_test(test_races),
      cmocka_unit_test(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
