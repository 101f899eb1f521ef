/* The pool: limits, order and deadlines of waiting, life of connections, threads, forks, sharing. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "run/pool.h"
#include "running/running.h"

static rl_pool *open_pool(const char *url, rl_pool_options o) {
  rl_pool *p = NULL;
  rl_error err = {0};
  if (rl_pool_get(rl_str_of(url), &o, &p, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  return p;
}

/* Caches name a database in memory by its pool. A later pool may be at the same address. */
static void test_serials(void **state) {
  (void)state;
  uint64_t last = 0;
  for (int i = 0; i < 20; i++) {
    rl_pool *p = open_pool("sqlite::memory:", (rl_pool_options){0});
    assert_true(rl_pool_serial(p) > last);
    last = rl_pool_serial(p);
    rl_pool_release(p);
  }
}

static rille_status take(rl_pool **pool, bool writer, int64_t wait_ms, rl_lease **out, rl_error *err) {
  rl_pool *_Atomic at = *pool;
  rl_wait wait;
  rille_status st = rl_pool_take(&at, writer, rl_clock_ms() + wait_ms, out, err);
  *pool = at;
  if (st == RILLE_OK) st = rl_pool_poll(*out, true, &wait, err);
  return st;
}

static rl_lease *must_take(rl_pool *pool, bool writer) {
  rl_lease *l = NULL;
  rl_error err = {0};
  rl_pool *p = pool;
  if (take(&p, writer, 5000, &l, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  return l;
}

static rl_pool_counts counts(rl_pool *p) {
  rl_pool_counts n;
  rl_pool_count(p, &n);
  return n;
}

static void file_url(char out[128]) {
  static int serial;
  snprintf(out, 128, "file:/tmp/rille_pool_%d_%d.db", (int)getpid(), ++serial);
}

static void test_bounded(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 2});
  rl_lease *writer = must_take(p, true), *a = must_take(p, false), *b = must_take(p, false), *c = NULL;
  assert_ptr_not_equal(a->conn, b->conn);
  rl_error err = {0};
  rl_pool *same = p;
  int64_t from = rl_clock_ms();
  assert_int_equal(take(&same, false, 80, &c, &err), RILLE_ERROR);
  assert_in_range(rl_clock_ms() - from, 75, 1000);
  assert_int_equal(err.code, RL_P2024);
  assert_non_null(strstr(err.message, "limit is 2, 2 in use, 1 waiting"));
  rl_error_clear(&err);
  rl_lease_release(c, false);
  assert_int_equal(take(&same, true, 20, &c, &err), RILLE_ERROR); /* one writer, whatever the size */
  assert_non_null(strstr(err.message, "limit is 1 ("));
  rl_error_clear(&err);
  rl_lease_release(c, false);
  rl_pool_counts n = counts(p);
  assert_int_equal(n.in_use, 3);
  assert_int_equal(n.timeouts, 2);
  assert_int_equal(n.waiting, 0);
  rl_conn *kept = b->conn;
  rl_lease_release(b, true);
  rl_lease_release(a, false); /* not clean: closed */
  assert_int_equal(counts(p).open, 2);
  b = must_take(p, false);
  assert_ptr_equal(b->conn, kept);
  assert_false(b->fresh);
  rl_lease_release(b, true);
  rl_lease_release(writer, true);
  rl_pool_release(p);
  remove_files(url + 5);
}

typedef struct waiter {
  rl_pool *pool;
  _Atomic int *turn;
  int got; /* the turn in which it was served */
} waiter;

static void *wait_for_turn(void *argument) {
  waiter *w = argument;
  rl_lease *l = must_take(w->pool, true);
  w->got = atomic_fetch_add(w->turn, 1);
  usleep(2000);
  rl_lease_release(l, true);
  return NULL;
}

static void test_first_come_first_served(void **state) {
  (void)state;
  enum { N = 8 };
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 1});
  rl_lease *held = must_take(p, true);
  _Atomic int turn = 0;
  pthread_t threads[N];
  waiter waiters[N];
  for (int i = 0; i < N; i++) {
    waiters[i] = (waiter){p, &turn, -1};
    assert_int_equal(pthread_create(&threads[i], NULL, wait_for_turn, &waiters[i]), 0);
    while (counts(p).waiting != i + 1) usleep(500);
  }
  rl_lease_release(held, true);
  for (int i = 0; i < N; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < N; i++) assert_int_equal(waiters[i].got, i);
  assert_int_equal(counts(p).waits, N);
  rl_pool_release(p);
  remove_files(url + 5);
}

/* A thread that is faster than those it wakes may pass them, but only briefly. They are served in order meanwhile, and
 * in time. */
static void test_turns(void **state) {
  (void)state;
  enum { N = 8 };
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 1});
  rl_lease *held = must_take(p, true);
  _Atomic int turn = 0;
  pthread_t threads[N];
  waiter waiters[N];
  for (int i = 0; i < N; i++) {
    waiters[i] = (waiter){p, &turn, -1};
    assert_int_equal(pthread_create(&threads[i], NULL, wait_for_turn, &waiters[i]), 0);
    while (counts(p).waiting != i + 1) usleep(500);
  }
  rl_lease_release(held, true);
  while (turn < N) rl_lease_release(must_take(p, true), true); /* must_take waits for five seconds at most */
  for (int i = 0; i < N; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < N; i++) assert_int_equal(waiters[i].got, i);
  rl_pool_release(p);
  remove_files(url + 5);
}

/* The connection is released once, within the turn, and only the waiter that was woken for nothing comes for it. */
static void test_end_of_turn(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 1});
  for (int round = 0; round < 40; round++) {
    rl_lease *held = must_take(p, true);
    _Atomic int turn = 0;
    pthread_t thread;
    waiter w = {p, &turn, -1};
    assert_int_equal(pthread_create(&thread, NULL, wait_for_turn, &w), 0);
    while (counts(p).waiting != 1) sched_yield();
    for (int i = 0; i < round % 8; i++) {
      rl_lease_release(held, true);
      held = must_take(p, true);
    }
    int64_t from = rl_clock_ms();
    rl_lease_release(held, true);
    pthread_join(thread, NULL);
    assert_in_range(rl_clock_ms() - from, 0, 2000);
    assert_int_equal(w.got, 0);
  }
  rl_pool_release(p);
  remove_files(url + 5);
}

/* A cooperative waiter that stays away does not delay the others. One that gives up waiting leaves the queue. */
static void test_absent_waiter(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 1});
  rl_lease *held = must_take(p, true), *absent = NULL, *gone = NULL;
  rl_pool *_Atomic at = p;
  rl_wait wait;
  rl_error err = {0};
  assert_int_equal(rl_pool_take(&at, true, rl_clock_ms() + 60000, &absent, &err), RILLE_OK);
  assert_int_equal(rl_pool_poll(absent, false, &wait, &err), RILLE_AGAIN);
  assert_int_equal(rl_pool_take(&at, true, rl_clock_ms() + 60000, &gone, &err), RILLE_OK);
  assert_int_equal(rl_pool_poll(gone, false, &wait, &err), RILLE_AGAIN);
  assert_int_equal(counts(p).waiting, 2);
  rl_lease_release(gone, false);
  assert_int_equal(counts(p).waiting, 1);
  rl_lease_release(held, true);
  int64_t from = rl_clock_ms();
  held = must_take(p, true); /* behind the absent one */
  assert_in_range(rl_clock_ms() - from, 0, 2000);
  rl_lease_release(held, true);
  assert_int_equal(rl_pool_poll(absent, false, &wait, &err), RILLE_OK);
  rl_lease_release(absent, true);
  assert_int_equal(counts(p).in_use, 0);
  rl_pool_release(p);
  remove_files(url + 5);
}

static void test_lifetime_and_idle(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  rl_pool *p = open_pool(url, (rl_pool_options){.size = 3, .lifetime_ms = 400, .idle_ms = 100000});
  rl_lease_release(must_take(p, true), true);
  assert_int_equal(counts(p).idle, 1);
  usleep(450000);
  rl_lease *l = must_take(p, true);
  assert_true(l->fresh);
  usleep(450000);
  rl_lease_release(l, true); /* too old to be kept */
  assert_int_equal(counts(p).open, 0);
  rl_pool_release(p);
  p = open_pool(url, (rl_pool_options){.size = 3, .idle_ms = 1200});
  rl_lease *a = must_take(p, false), *b = must_take(p, false);
  rl_lease_release(a, true);
  rl_lease_release(b, true);
  for (int i = 0; i < 6 && counts(p).open > 1;
       i++) { /* the unneeded one is closed, although the other is always in use */
    usleep(500000);
    rl_lease_release(must_take(p, false), true);
  }
  assert_int_equal(counts(p).open, 1);
  rl_pool_release(p);
  remove_files(url + 5);
}

static void test_registry(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  rl_pool *a = open_pool(url, (rl_pool_options){.size = 2}), *b = open_pool(url, (rl_pool_options){.size = 2});
  rl_pool *c = open_pool(url, (rl_pool_options){.size = 3});
  assert_ptr_equal(a, b);
  assert_ptr_not_equal(a, c);
  rl_lease *out = must_take(a, true);
  rl_pool_release(a);
  rl_pool_release(b); /* the lease keeps it */
  rl_pool *again = open_pool(url, (rl_pool_options){.size = 2});
  assert_ptr_equal(again, out->pool);
  rl_pool_release(again);
  assert_true(out->driver->is_usable(out->conn));
  rl_lease_release(out, true);
  rl_pool_release(c);
  rl_pool *bad = NULL;
  rl_error err = {0};
  assert_int_equal(rl_pool_get(RL_STR("mysql://x"), &(rl_pool_options){0}, &bad, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1013);
  assert_null(bad);
  rl_error_clear(&err);
  remove_files(url + 5);
}

static void test_cannot_connect(void **state) {
  (void)state;
  rl_pool *p = open_pool("file:/nonexistent-folder/x.db", (rl_pool_options){.size = 1}), *same = p;
  for (int i = 0; i < 3; i++) { /* the slot is free again each time */
    rl_lease *l = NULL;
    rl_error err = {0};
    assert_int_equal(take(&same, true, 1000, &l, &err), RILLE_ERROR);
    assert_int_equal(err.code, RL_P1003);
    rl_error_clear(&err);
    rl_lease_release(l, false);
    assert_int_equal(counts(p).open, 0);
  }
  rl_pool_release(p);
}

enum { THREADS = 12, ROUNDS = 150 };
typedef struct crowd {
  rl_pool *pool;
  _Atomic int inside, most, writers;
} crowd;

static void *come_and_go(void *argument) {
  crowd *c = argument;
  for (int i = 0; i < ROUNDS; i++) {
    bool writer = i % 5 == 0;
    rl_lease *l = must_take(c->pool, writer);
    if (writer) {
      assert_int_equal(atomic_fetch_add(&c->writers, 1), 0);
    } else {
      int now = atomic_fetch_add(&c->inside, 1) + 1, most = c->most;
      while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now)) {}
    }
    if (i % 16 == 0) usleep(200);
    atomic_fetch_sub(writer ? &c->writers : &c->inside, 1);
    rl_lease_release(l, i % 50 != 0);
    rl_pool_counts n = counts(c->pool);
    assert_true(n.open <= 4 && n.idle <= n.open);
  }
  return NULL;
}

static void test_many_threads(void **state) {
  (void)state;
  char url[128];
  file_url(url);
  crowd c = {.pool = open_pool(url, (rl_pool_options){.size = 3})};
  pthread_t threads[THREADS];
  rl_lease_release(must_take(c.pool, true), true); /* creates the file */
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &c), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_in_range(c.most, 1, 3);
  rl_pool_counts n = counts(c.pool);
  assert_int_equal(n.in_use, 0);
  assert_int_equal(n.waiting, 0);
  rl_pool_release(c.pool);
  remove_files(url + 5);
}

/* One writer at a time, and readers next to it: every increment counts. A thread that fails keeps its error. */
typedef struct load {
  world *w;
  _Atomic bool done, failed;
  answer wrong;
} load;

static bool is_well(load *l, answer a, const char *rows) {
  if (a.status == RILLE_DONE && strcmp(a.rows, rows) == 0) return true;
  if (!atomic_exchange(&l->failed, true)) l->wrong = a;
  return false;
}

static void *increment(void *argument) {
  load *l = argument;
  static const char json[] = "{'where':{'id':1},'data':{'score':{'increment':1}},'select':{'id':true}}";
  for (int i = 0; i < 40; i++)
    if (!is_well(l, call(l->w->client, NULL, "post", RILLE_UPDATE, json), "(1)")) break;
  return NULL;
}

static void *read_on(void *argument) {
  load *l = argument;
  static const char json[] = "{'select':{'id':true,'author':{'select':{'id':true}}}}";
  while (!l->done)
    if (!is_well(l, call(l->w->client, NULL, "post", RILLE_FIND_MANY, json), "(1) 1<0(1)")) break;
  return NULL;
}

static void writers_and_readers(world *w) {
  load l = {.w = w};
  pthread_t threads[7];
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','posts':{'create':[{'title':'p'}]}},'select':{'id':true}}"),
              "(1)");
  for (int i = 0; i < 7; i++) assert_int_equal(pthread_create(&threads[i], NULL, i < 4 ? increment : read_on, &l), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  l.done = true;
  for (int i = 4; i < 7; i++) pthread_join(threads[i], NULL);
  if (l.failed) fail_msg("status %d: %s %s '%s'", (int)l.wrong.status, l.wrong.code, l.wrong.message, l.wrong.rows);
  expect_rows(call(w->client, NULL, "post", RILLE_FIND_FIRST, "{'select':{'score':true}}"), "(160)");
}
static void test_writers_and_readers(void **state) {
  (void)state;
  on_both(writers_and_readers, "", 3);
}

/* A child has its own connections, and leaves inherited ones alone, whatever their state. */
static int in_child(world *w, rille_op *running, rille_tx *tx) {
  rille_op *op = rille_op_new(w->client);
  rille_op_free(running);
  if (rille_op_begin(op, tx, NULL) != RILLE_ERROR || rille_op_commit(op, tx, NULL) != RILLE_ERROR) return 2;
  rille_tx_free(tx);
  rille_op_free(op);
  for (int i = 0; i < 3; i++) {
    answer a = call(w->client, NULL, "user", RILLE_COUNT, "{}");
    if (a.status != RILLE_DONE || strcmp(a.rows, "(2)") != 0) return 3;
  }
  rille_pool_stats s = pool_stats(w->client);
  if (s.open != 1 || s.in_use != 0) return 4;
  rille_client_release(w->client);
  return 0;
}

static void forking(world *w) {
  rille_op *running = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a@x'},{'email':'b@x'}]}"), "");
  rille_tx *tx = begin_tx(w->client, NULL);
  expect_rows(call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'c@x'},'select':{'id':true}}"), "(3)");
  assert_int_equal(start_call(running, NULL, "user", RILLE_FIND_MANY, tape, "{'include':{'posts':true}}", NULL),
                   RILLE_OK);
  assert_int_equal(rille_op_next(running, &row, NULL), RILLE_ROW);
  fflush(NULL);
  int answers[2], result = -1;
  assert_int_equal(pipe(answers), 0);
  pid_t child = fork();
  if (child == 0) {
    result = in_child(w, running, tx);
    if (write(answers[1], &result, sizeof result) != sizeof result) _exit(1);
    raise(SIGKILL); /* it must not free what it inherited of SQLite: leak checkers must not look */
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  close(answers[1]);
  assert_int_equal(read(answers[0], &result, sizeof result), sizeof result);
  close(answers[0]);
  assert_int_equal(result, 0);
  assert_int_equal(rille_op_next(running, &row, NULL), RILLE_ROW);
  assert_int_equal(rille_op_next(running, &row, NULL), RILLE_DONE);
  expect_rows(step(w->client, tx, rille_op_commit), "");
  rille_tx_free(tx);
  rille_op_free(running);
  rille_tape_free(tape);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(3)");
}
static void test_forking(void **state) {
  (void)state;
  on_both(forking, "", 3);
}

/* The last reference is released while a lease is in use: the lease stays usable to its end. */
static void released_while_running(world *w) {
  rille_client *c = open_client(w->url, w->schema, 7);
  rille_op *op = rille_op_new(c);
  rille_row row;
  rille_error *err = NULL;
  must(rille_op_raw(op, NULL, "VALUES (1), (2)", 15, NULL, 1, &err), err);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_ROW);
  rille_client_release(c);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_ROW);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE);
  rille_op_free(op);
}
static void test_released_while_running(void **state) {
  (void)state;
  on_both(released_while_running, "", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_serials),
      cmocka_unit_test(test_bounded),
      cmocka_unit_test(test_first_come_first_served),
      cmocka_unit_test(test_turns),
      cmocka_unit_test(test_end_of_turn),
      cmocka_unit_test(test_absent_waiter),
      cmocka_unit_test(test_lifetime_and_idle),
      cmocka_unit_test(test_registry),
      cmocka_unit_test(test_cannot_connect),
      cmocka_unit_test(test_many_threads),
      cmocka_unit_test(test_writers_and_readers),
      cmocka_unit_test(test_forking),
      cmocka_unit_test(test_released_while_running),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
