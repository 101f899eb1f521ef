/* Cached reads: threads that ask for the same, memos of requests, computations, forks. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "running/running.h"

static rille_client *open_cached(const world *w) {
  rille_cache_options cache = {.struct_size = sizeof cache};
  rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .cache = &cache};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err);
  return c;
}

static const rille_cached minute = {.struct_size = sizeof minute, .ttl_ms = 60000};

static answer cached_with(rille_op *op, rille_tx *tx, const char *model, rille_action action, const char *json) {
  rille_error *err = NULL;
  must(rille_op_set_cached(op, &minute, &err), err);
  answer a;
  rille_tape *tape = rille_tape_new();
  rille_status st = start_call(op, tx, model, action, tape, json, &err);
  drain(op, st, err, &a);
  rille_tape_free(tape);
  return a;
}

static answer cached(rille_client *c, const char *model, rille_action action, const char *json) {
  rille_op *op = rille_op_new(c);
  answer a = cached_with(op, NULL, model, action, json);
  rille_op_free(op);
  return a;
}

/* On PostgreSQL the cache answers once the client listens for writes of others. */
static void wait_until_it_answers(rille_client *c) {
  for (int i = 0; i < 1000; i++) {
    if (cached(c, "tag", RILLE_COUNT, "{}").statements == 0) return;
    usleep(5000);
  }
  fail_msg("the cache does not answer");
}

static rille_client *start(world *w) {
  rille_client *c = open_cached(w);
  expect_rows(call(c, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a@x'},{'email':'b@x'}]}"), "");
  wait_until_it_answers(c);
  return c;
}

#define expect_hit(a, text)                                                                                            \
  do {                                                                                                                 \
    answer hit_ = (a);                                                                                                 \
    assert_int_equal(hit_.statements, 0);                                                                              \
    expect_rows(hit_, text);                                                                                           \
  } while (0)
#define expect_miss(a, text)                                                                                           \
  do {                                                                                                                 \
    answer miss_ = (a);                                                                                                \
    assert_int_not_equal(miss_.statements, 0);                                                                         \
    expect_rows(miss_, text);                                                                                          \
  } while (0)

/* ------------------------------------------------------------------ hits */

static void hits(world *w) {
  rille_client *c = start(w);
  const char *all = "{'select':{'id':true,'email':true},'order_by':{'id':'asc'}}";
  expect_miss(cached(c, "user", RILLE_FIND_MANY, all), "(1,a@x) (2,b@x)");
  expect_hit(cached(c, "user", RILLE_FIND_MANY, all), "(1,a@x) (2,b@x)");
  expect_rows(call(c, NULL, "user", RILLE_DELETE, "{'where':{'id':2},'select':{'id':true}}"), "(2)");
  expect_miss(cached(c, "user", RILLE_FIND_MANY, all), "(1,a@x)");
  rille_cache_stats n = {.struct_size = sizeof n};
  rille_client_cache_stats(c, &n);
  assert_true(n.hits >= 1 && n.misses >= 2 && n.entries >= 1 && n.bytes > 0);
  bool found = false;
  const char *name;
  size_t len;
  for (uint32_t i = 0; rille_client_cache_label(c, i, &name, &len, &n); i++)
    found = found || (len == 4 && memcmp(name, "User", 4) == 0 && n.hits >= 1);
  assert_true(found);
  rille_error *err = NULL;
  must(rille_client_cache_clear(c, &err), err);
  expect_miss(cached(c, "user", RILLE_FIND_MANY, all), "(1,a@x)");
  rille_client_release(c);
}

static void an_option_of_one_call(world *w) {
  rille_client *c = start(w);
  rille_op *op = rille_op_new(c);
  expect_rows(cached_with(op, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  expect_miss(call_with(op, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  expect_hit(cached_with(op, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  rille_error *err = NULL;
  must(rille_op_set_cached(op, &minute, &err), err);
  rille_op_reset(op);
  expect_miss(call_with(op, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  rille_tx *tx = begin_tx(c, NULL);
  expect_miss(cached_with(op, tx, "user", RILLE_COUNT, "{}"), "(2)");
  rille_op_free(op);
  rille_tx_free(tx);
  rille_client_release(c);
}

static void test_hits(void **state) {
  (void)state;
  on_both(hits, "", 4);
}

static void test_option(void **state) {
  (void)state;
  on_both(an_option_of_one_call, "", 4);
}

static void refused(world *w) {
  rille_client *c = open_cached(w);
  expect_code(cached(c, "user", RILLE_CREATE, "{'data':{'email':'x@x'}}"), "VALIDATION");
  expect_code(cached(w->client, "user", RILLE_COUNT, "{}"), "VALIDATION");
  if (w->postgres) expect_code(cached(c, "user", RILLE_FIND_MANY, "{'lock':'update'}"), "VALIDATION");
  rille_op *op = rille_op_new(c);
  rille_cached bad = {.struct_size = sizeof bad};
  rille_error *err = NULL;
  assert_int_equal(rille_op_set_cached(op, &bad, &err), RILLE_ERROR);
  assert_non_null(strstr(rille_error_message(err), "cache.ttl"));
  rille_error_free(err);
  rille_op_free(op);
  rille_client_release(c);
}

static void test_refused(void **state) {
  (void)state;
  on_both(refused, "", 4);
}

/* ------------------------------------------------------------------ threads */

enum { THREADS = 16, ROUNDS = 30 };

typedef struct shared {
  rille_client *client;
  pthread_barrier_t barrier;
  _Atomic int statements, wrong;
} shared;

static void *read_together(void *context) {
  shared *s = context;
  rille_op *op = rille_op_new(s->client);
  for (int i = 0; i < ROUNDS; i++) {
    char where[64];
    snprintf(where, sizeof where, "{'where':{'id':{'lt':%d}}}", 1000 + i);
    pthread_barrier_wait(&s->barrier);
    answer a = cached_with(op, NULL, "user", RILLE_COUNT, where);
    s->statements += (int)a.statements;
    if (a.status != RILLE_DONE || strcmp(a.rows, "(2)") != 0) s->wrong++;
  }
  rille_op_free(op);
  return NULL;
}

/* Nothing is written, so each question is computed once, unless it was not known for a moment what others write. */
static void together(world *w) {
  shared s = {.client = start(w)};
  pthread_t threads[THREADS];
  pthread_barrier_init(&s.barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_together, &s), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&s.barrier);
  assert_int_equal(s.wrong, 0);
  assert_in_range(s.statements, ROUNDS, ROUNDS * 2);
  rille_client_release(s.client);
}

static void test_threads(void **state) {
  (void)state;
  on_both(together, "", 8);
}

static void *write_and_read(void *context) {
  shared *s = context;
  rille_op *op = rille_op_new(s->client);
  for (int i = 0; i < ROUNDS; i++) {
    char data[128];
    snprintf(data, sizeof data, "{'data':{'name':'%d'},'where':{'id':1},'select':{'id':true}}", i);
    answer a = call_with(op, NULL, "user", RILLE_UPDATE, data);
    if (a.status != RILLE_DONE) s->wrong++;
    a = cached_with(op, NULL, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1},'select':{'name':true}}");
    if (a.status != RILLE_DONE || strlen(a.rows) < 3) s->wrong++;
  }
  rille_op_free(op);
  return NULL;
}

/* After all writes, the cache gives the last state. */
static void writers(world *w) {
  shared s = {.client = start(w)};
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_and_read, &s), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_int_equal(s.wrong, 0);
  const char *one = "{'where':{'id':1},'select':{'name':true}}";
  answer real = call(s.client, NULL, "user", RILLE_FIND_UNIQUE, one);
  expect_rows(cached(s.client, "user", RILLE_FIND_UNIQUE, one), real.rows);
  rille_client_release(s.client);
}
static void test_writers(void **state) {
  (void)state;
  on_both(writers, "", 8);
}

/* ------------------------------------------------------------------ requests */

static void request(world *w) {
  rille_client *c = w->client; /* it needs no cache of the database */
  expect_rows(call(c, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a@x'},{'email':'b@x'}]}"), "");
  rille_op *op = rille_op_new(c);
  rille_request *r = rille_request_new();
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  answer a;
  rille_op_set_request(op, r);
#define ask(action, json) (drain(op, start_call(op, NULL, "user", action, tape, json, &err), err, &a), err = NULL, a)
  expect_miss(ask(RILLE_COUNT, "{}"), "(2)");
  expect_hit(ask(RILLE_COUNT, "{}"), "(2)");
  expect_miss(ask(RILLE_FIND_MANY, "{'select':{'id':true},'order_by':{'id':'asc'}}"), "(1) (2)");
  expect_hit(ask(RILLE_FIND_MANY, "{'select':{'id':true},'order_by':{'id':'asc'}}"), "(1) (2)");
  expect_rows(call(c, NULL, "user", RILLE_CREATE, "{'data':{'email':'c@x'},'select':{'id':true}}"), "(3)");
  expect_hit(ask(RILLE_COUNT, "{}"), "(2)"); /* a write that is not of the request */
  expect_rows(ask(RILLE_CREATE, "{'data':{'email':'d@x'},'select':{'id':true}}"), "(4)");
  expect_miss(ask(RILLE_COUNT, "{}"), "(4)");
  rille_op_set_request(op, NULL);
  expect_miss(ask(RILLE_COUNT, "{}"), "(4)");
#undef ask
  rille_tape_free(tape);
  rille_request_free(r);
  rille_op_free(op);
}

static void test_request(void **state) {
  (void)state;
  on_both(request, "", 4);
}

/* ------------------------------------------------------------------ computations */

static rille_computation *computation(rille_client *c, const char *key, rille_computation *within) {
  static const char *const paths[] = {"/posts/1"};
  rille_computation_options o = {.struct_size = sizeof o,
                                 .blocking = 1,
                                 .key = key,
                                 .key_len = strlen(key),
                                 .label = "stats",
                                 .paths = paths,
                                 .path_count = 1,
                                 .how = &minute,
                                 .within = within};
  rille_computation *out = NULL;
  rille_error *err = NULL;
  must(rille_computation_new(c, &o, &out, &err), err);
  return out;
}

/* Returns the value, or computes it from the number of users, and returns "". */
static const char *value_of(rille_client *c, const char *key, rille_computation *within, bool read_cached) {
  static char text[64];
  rille_error *err = NULL;
  rille_computation *v = computation(c, key, within);
  rille_status st = rille_computation_next(v, &err);
  check_status(st, err);
  const char *value = "";
  size_t len = 0;
  text[0] = 0;
  if (st == RILLE_ROW) {
    rille_computation_value(v, &value, &len);
    snprintf(text, sizeof text, "%.*s", (int)len, value);
  } else {
    rille_op *op = rille_op_new(c);
    must(rille_op_set_computation(op, v, &err), err);
    if (read_cached) must(rille_op_set_cached(op, &minute, &err), err);
    rille_tape *tape = rille_tape_new();
    answer a;
    drain(op, start_call(op, NULL, "user", RILLE_COUNT, tape, "{}", &err), err, &a);
    assert_int_equal(a.status, RILLE_DONE);
    rille_computation_land(v, a.rows, strlen(a.rows));
    rille_tape_free(tape);
    rille_op_free(op);
  }
  rille_computation_free(v);
  return text;
}

static void computations(world *w) {
  rille_client *c = start(w);
  for (int read_cached = 0; read_cached < 2; read_cached++) {
    const char *key = read_cached ? "a" : "b";
    assert_string_equal(value_of(c, key, NULL, read_cached), "");
    assert_string_equal(value_of(c, key, NULL, read_cached), "(2)");
    expect_rows(call(c, NULL, "tag", RILLE_CREATE, read_cached ? "{'data':{'name':'t'}}" : "{'data':{'name':'s'}}"),
                read_cached ? "(2,t)" : "(1,s)");
    assert_string_equal(value_of(c, key, NULL, read_cached), "(2)");
    expect_rows(call(c, NULL, "user", RILLE_UPDATE, "{'where':{'id':1},'data':{'name':'n'},'select':{'id':true}}"),
                "(1)");
    assert_string_equal(value_of(c, key, NULL, read_cached), "");
    assert_string_equal(value_of(c, key, NULL, read_cached), "(2)");
  }
  rille_client_release(c);
}

static void test_computations(void **state) {
  (void)state;
  on_both(computations, "", 4);
}

/* What is computed within another one is part of it, also if it was known already. */
static void nested(world *w) {
  rille_client *c = start(w);
  rille_error *err = NULL;
  assert_string_equal(value_of(c, "inner", NULL, false), "");
  rille_computation *outer = computation(c, "outer", NULL);
  assert_int_equal(rille_computation_next(outer, &err), RILLE_DONE);
  assert_string_equal(value_of(c, "inner", outer, false), "(2)");
  rille_computation_land(outer, "o", 1);
  rille_computation_free(outer);
  assert_string_equal(value_of(c, "outer", NULL, false), "o");
  expect_rows(call(c, NULL, "user", RILLE_UPDATE, "{'where':{'id':1},'data':{'name':'n'},'select':{'id':true}}"),
              "(1)");
  assert_string_equal(value_of(c, "outer", NULL, false), "");

  rille_computation *self = computation(c, "self", NULL); /* asks for itself: it computes, and nobody hangs */
  assert_int_equal(rille_computation_next(self, &err), RILLE_DONE);
  rille_computation *again = computation(c, "self", self);
  assert_int_equal(rille_computation_next(again, &err), RILLE_DONE);
  rille_computation_free(again);
  rille_computation_free(self);
  rille_client_release(c);
}

static void test_nested(void **state) {
  (void)state;
  on_both(nested, "", 4);
}

static void other_traits(world *w) {
  if (!w->postgres) return;
  rille_client *c = start(w), *tenant = NULL;
  static const char *const session[] = {"app.tenant", "1"};
  rille_derive_options o = {.struct_size = sizeof o, .session = session, .session_count = 1};
  rille_error *err = NULL;
  must(rille_client_derive(c, &o, &tenant, &err), err);
  rille_computation *v = computation(c, "k", NULL);
  assert_int_equal(rille_computation_next(v, &err), RILLE_DONE);
  rille_op *op = rille_op_new(tenant);
  must(rille_op_set_computation(op, v, &err), err);
  rille_tape *tape = rille_tape_new();
  answer a;
  drain(op, start_call(op, NULL, "user", RILLE_COUNT, tape, "{}", &err), err, &a);
  expect_code(a, "VALIDATION");
  rille_tape_free(tape);
  rille_op_free(op);
  rille_computation_free(v);
  rille_client_release(tenant);
  rille_client_release(c);
}

static void test_traits(void **state) {
  (void)state;
  on_both(other_traits, "", 4);
}

/* A value that was read in a transaction that has written is not kept: the write may never be committed. */
static void in_transaction(world *w) {
  rille_client *c = start(w);
  rille_error *err = NULL;
  for (int writes = 0; writes < 2; writes++) {
    const char *key = writes ? "w" : "r";
    rille_tx *tx = begin_tx(c, NULL);
    rille_op *op = rille_op_new(c);
    if (writes)
      expect_rows(call_with(op, tx, "user", RILLE_CREATE, "{'data':{'email':'u@x'},'select':{'email':true}}"), "(u@x)");
    rille_computation *v = computation(c, key, NULL);
    assert_int_equal(rille_computation_next(v, &err), RILLE_DONE);
    must(rille_op_set_computation(op, v, &err), err);
    rille_tape *tape = rille_tape_new();
    answer a;
    drain(op, start_call(op, tx, "user", RILLE_COUNT, tape, "{}", &err), err, &a);
    expect_rows(a, writes ? "(3)" : "(2)");
    rille_computation_land(v, a.rows, strlen(a.rows));
    rille_computation_free(v);
    rille_tape_free(tape);
    rille_op_free(op);
    rille_tx_free(tx);
    assert_string_equal(value_of(c, key, NULL, false), writes ? "" : "(2)");
  }
  rille_client_release(c);
}

static void test_in_transaction(void **state) {
  (void)state;
  on_both(in_transaction, "", 4);
}

/* ------------------------------------------------------------------ limits of waiting */

/* The computation of a caller that only looks: it does not block. */
static rille_computation *looking(rille_client *c) {
  rille_computation_options o = {.struct_size = sizeof o, .key = "slow", .key_len = 4, .how = &minute};
  rille_computation *out = NULL;
  rille_error *err = NULL;
  must(rille_computation_new(c, &o, &out, &err), err);
  return out;
}

static rille_status wait_for_value(rille_computation *v, rille_error **err) {
  rille_status st;
  while ((st = rille_computation_next(v, err)) == RILLE_AGAIN) {
    rille_wait w = {.struct_size = sizeof w};
    rille_computation_wait(v, &w);
    struct pollfd q = {w.fd, POLLIN, 0};
    assert_true(w.fd >= 0 && w.timeout_ms >= 0);
    poll(&q, 1, (int)w.timeout_ms);
  }
  return st;
}

static void expect_slow_value(rille_client *c, const char *text) {
  rille_error *err = NULL;
  const char *value;
  size_t len;
  rille_computation *v = looking(c);
  assert_int_equal(wait_for_value(v, &err), RILLE_ROW);
  rille_computation_value(v, &value, &len);
  assert_int_equal(len, strlen(text));
  assert_memory_equal(value, text, len);
  rille_computation_free(v);
}

/* A caller with a timeout fails at its time. Another one waits as long as for a connection, and then computes, and so
 * does everybody who comes later. */
static void limits(world *w) {
  rille_client *c = start(w), *hasty = NULL;
  rille_derive_options o = {.struct_size = sizeof o, .timeout_ms = 40};
  rille_error *err = NULL;
  wait_until_it_answers(w->client);
  must(rille_client_derive(c, &o, &hasty, &err), err);
  rille_computation *slow = looking(c), *first = looking(hasty), *second = looking(w->client), *third = looking(c);
  assert_int_equal(rille_computation_next(slow, &err), RILLE_DONE);
  assert_int_equal(rille_computation_next(second, &err), RILLE_AGAIN);
  assert_int_equal(wait_for_value(first, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P1008");
  assert_non_null(strstr(rille_error_message(err), "40 ms"));
  rille_error_free(err);
  err = NULL;
  assert_int_equal(wait_for_value(second, &err), RILLE_DONE);
  assert_int_equal(rille_computation_next(third, &err), RILLE_DONE);
  rille_computation_land(second, "mine", 4);
  rille_computation_land(slow, "old", 3);
  rille_computation_land(third, "kept", 4);
  expect_slow_value(c, "kept");
  for (size_t i = 0; i < 4; i++) rille_computation_free((rille_computation *[]){slow, first, second, third}[i]);
  rille_client_release(hasty);
  rille_client_release(c);
}

static void test_limits(void **state) {
  (void)state;
  for (int postgres = 0; postgres < (postgres_url() ? 2 : 1); postgres++) {
    world w;
    open_world(&w, postgres, blog_schema, "", 4);
    rille_client_release(w.client);
    rille_cache_options cache = {.struct_size = sizeof cache};
    rille_client_options o = {
        .struct_size = sizeof o, .url = w.url, .schema = w.schema, .pool_wait_ms = 60, .cache = &cache};
    rille_error *err = NULL;
    must(rille_client_open(&o, &w.client, &err), err);
    limits(&w);
    close_world(&w);
  }
}

/* The same for a read. It gets the rows that the other caller has read, or fails at its time. */
static void reads_that_wait(world *w) {
  if (!w->postgres) return; /* reads of SQLite do not wait */
  rille_client *c = start(w), *hasty = NULL;
  rille_derive_options o = {.struct_size = sizeof o, .timeout_ms = 40};
  rille_error *err = NULL;
  must(rille_client_derive(c, &o, &hasty, &err), err);
  rille_op *slow = rille_op_new(c), *waiter = rille_op_new(c), *late = rille_op_new(hasty);
  rille_tape *tape = rille_tape_new(), *other = rille_tape_new();
  rille_op *both[] = {slow, waiter};
  rille_row row;
  for (size_t i = 0; i < 2; i++) {
    rille_op_set_blocking(both[i], 0);
    must(rille_op_set_cached(both[i], &minute, &err), err);
    must(start_call(both[i], NULL, "user", RILLE_COUNT, i ? other : tape, "{'where':{'id':{'gt':0}}}", &err), err);
    assert_int_equal(rille_op_next(both[i], &row, &err), RILLE_AGAIN);
  }
  rille_op_set_blocking(late, 0);
  expect_code(cached_with(late, NULL, "user", RILLE_COUNT, "{'where':{'id':{'gt':0}}}"), "P1008");
  answer a;
  drain(slow, RILLE_OK, NULL, &a);
  expect_miss(a, "(2)");
  drain(waiter, RILLE_OK, NULL, &a);
  expect_hit(a, "(2)");
  rille_op_free(slow);
  rille_op_free(waiter);
  rille_op_free(late);
  rille_tape_free(tape);
  rille_tape_free(other);
  rille_client_release(hasty);
  rille_client_release(c);
}

static void test_reads_that_wait(void **state) {
  (void)state;
  on_both(reads_that_wait, "", 4);
}

/* ------------------------------------------------------------------ forks */

static void forked(world *w) {
  rille_client *c = start(w);
  const char *all = "{'select':{'id':true},'order_by':{'id':'asc'}}";
  expect_rows(cached(c, "user", RILLE_FIND_MANY, all), "(1) (2)");
  expect_hit(cached(c, "user", RILLE_FIND_MANY, all), "(1) (2)");
  rille_computation *v = computation(c, "mine", NULL);
  rille_error *err = NULL;
  assert_int_equal(rille_computation_next(v, &err), RILLE_DONE);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    answer a = cached(c, "user", RILLE_FIND_MANY, all); /* it starts empty */
    bool good = a.status == RILLE_DONE && a.statements > 0 && strcmp(a.rows, "(1) (2)") == 0;
    rille_computation_land(v, "x", 1); /* it is the parent's */
    rille_computation_free(v);
    _exit(good ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  expect_hit(cached(c, "user", RILLE_FIND_MANY, all), "(1) (2)");
  rille_computation_free(v);
  rille_client_release(c);
}

static void test_fork(void **state) {
  (void)state;
  on_both(forked, "", 4);
}

/* What a standby says may be behind. */
static bool always_standby(const rl_conn *c) {
  return c != NULL;
}

static void standby(world *w) {
  rille_client *c = start(w);
  const rl_driver *real = c->client->driver;
  rl_driver driver = *real;
  driver.is_standby = always_standby;
  c->client->driver = &driver;
  for (int i = 0; i < 2; i++) {
    answer a = cached(c, "user", RILLE_FIND_MANY, "{'select':{'id':true}}");
    assert_int_equal(a.statements, 1);
  }
  c->client->driver = real;
  assert_int_equal(cached(c, "user", RILLE_FIND_MANY, "{'select':{'id':true}}").statements, 1);
  assert_int_equal(cached(c, "user", RILLE_FIND_MANY, "{'select':{'id':true}}").statements, 0);
  rille_client_release(c);
}
static void test_standby(void **state) {
  (void)state;
  on_both(standby, "", 4);
}

/* Others that share a server must be told of a clear. */
static void clears(world *w) {
  rille_cache_options cache = {.struct_size = sizeof cache, .store = "unix:///tmp/rille-no-such-socket"};
  rille_client_options o = {
      .struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 7, .cache = &cache};
  rille_client *c = NULL;
  rille_error *err = NULL;
  if (rille_client_open(&o, &c, &err) != RILLE_OK) { /* a build without Redis */
    rille_error_free(err);
    return;
  }
  assert_int_equal(rille_client_cache_clear(c, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P1001");
  assert_non_null(strstr(rille_error_message(err), "was not told that everything is stale"));
  rille_error_free(err);
  rille_client_release(c);
}
static void test_clear(void **state) {
  (void)state;
  on_both(clears, "", 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hits),
      cmocka_unit_test(test_option),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_writers),
      cmocka_unit_test(test_request),
      cmocka_unit_test(test_computations),
      cmocka_unit_test(test_nested),
      cmocka_unit_test(test_traits),
      cmocka_unit_test(test_in_transaction),
      cmocka_unit_test(test_fork),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_reads_that_wait),
      cmocka_unit_test(test_standby),
      cmocka_unit_test(test_clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
