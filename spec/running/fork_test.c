/* Forks at any time. The child sends nothing on its parent's connections, whatever it continues, and no lock that a
 * thread of the parent held makes it wait. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "running/running.h"

/* In a child, AddressSanitizer's allocator stays locked if another thread was in it at the fork. */
#ifdef __SANITIZE_ADDRESS__
#define threads_may_allocate() skip()
#else
#define threads_may_allocate() ((void)0)
#endif

/* Runs it in a child and returns its result; 0: success. The child frees nothing: everything is its parent's. */
static int in_child(int (*run)(void *context), void *context) {
  int answers[2], result = -1;
  fflush(NULL);
  assert_int_equal(pipe(answers), 0);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    result = run(context);
    if (write(answers[1], &result, sizeof result) != sizeof result) _exit(1);
    raise(SIGKILL);
  }
  close(answers[1]);
  if (read(answers[0], &result, sizeof result) != sizeof result) result = -1;
  close(answers[0]);
  assert_int_equal(waitpid(child, NULL, 0), child);
  return result;
}

static void fill(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE_MANY,
                   "{'data':[{'email':'a@x'},{'email':'b@x'},{'email':'c@x'},{'email':'d@x'}]}"),
              "");
}

/* ------------------------------------------------------------------ operations */

typedef struct inherited {
  rille_client *client;
  rille_op *op;
} inherited;

/* It gets an error, and can start again. */
static int go_on_in_child(void *context) {
  inherited *i = context;
  rille_row row;
  rille_error *err = NULL;
  rille_status st = rille_op_next(i->op, &row, &err);
  if (st != RILLE_ERROR) return 10 + (int)st;
  if (strcmp(rille_error_code(err), "P1017") != 0 || !strstr(rille_error_message(err), "fork")) return 2;
  rille_error_free(err);
  rille_op_free(i->op);
  answer a = call(i->client, NULL, "user", RILLE_COUNT, "{}");
  return a.status == RILLE_DONE && strcmp(a.rows, "(4)") == 0 ? 0 : 3;
}

static answer pull(rille_op *op) {
  answer a = {.status = RILLE_OK};
  rille_row row;
  rille_error *err = NULL;
  rille_status st;
  while ((st = rille_op_next(op, &row, &err)) == RILLE_ROW) show_row(&a, &row);
  keep_error(&a, st, err);
  return a;
}

/* In the caller's transaction, the transaction has ended. */
static int fail_in_child(void *context) {
  rille_row row;
  return rille_op_next(context, &row, NULL) == RILLE_ERROR ? 0 : 1;
}

/* Between two batches, in its own transaction and in the caller's. */
static void forks_between_batches(world *w) {
  fill(w);
  for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
    rille_tx_options o = {.struct_size = sizeof o, .read_only = 1};
    rille_tx *tx = in_transaction ? begin_tx(w->client, &o) : NULL;
    rille_op *op = rille_op_new(w->client);
    rille_tape *tape = rille_tape_new();
    rille_error *err = NULL;
    rille_op_set_stream(op, 2);
    must(start_call(op, tx, "user", RILLE_FIND_MANY, tape, "{'select':{'id':true},'order_by':{'id':'asc'}}", &err),
         err);
    answer a = pull(op);
    assert_int_equal(a.status, RILLE_BATCH);
    if (!in_transaction) {
      inherited i = {w->client, op};
      assert_int_equal(in_child(go_on_in_child, &i), 0);
    } else {
      assert_int_equal(in_child(fail_in_child, op), 0);
    }
    a = pull(op);
    assert_int_equal(a.status, RILLE_BATCH);
    assert_string_equal(a.rows, "(3) (4) ");
    assert_int_equal(pull(op).status, RILLE_DONE);
    if (tx) expect_rows(step(w->client, tx, rille_op_commit), "");
    rille_tx_free(tx);
    rille_op_free(op);
    rille_tape_free(tape);
  }
}
static void test_between_batches(void **state) {
  (void)state;
  on_both(forks_between_batches, "", 3);
}

/* Its answer is on the way: the parent gets all of it. */
static void test_under_way(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "", 2);
  fill(&w);
  for (int blocking = 0; blocking < 2; blocking++) {
    static const char sql[] = "SELECT id, pg_sleep(0.02) IS NULL FROM \"User\" ORDER BY id";
    rille_op *op = rille_op_new(w.client);
    rille_error *err = NULL;
    rille_row row;
    rille_op_set_blocking(op, 0);
    must(rille_op_raw(op, NULL, sql, sizeof sql - 1, NULL, 1, &err), err);
    while (!op->op.io.sent_count) {
      assert_int_equal(rille_op_next(op, &row, &err), RILLE_AGAIN);
      if (!op->op.io.sent_count) wait_for_op(op);
    }
    rille_op_set_blocking(op, blocking);
    inherited i = {w.client, op};
    assert_int_equal(in_child(go_on_in_child, &i), 0);
    rille_op_set_blocking(op, 1);
    answer a = pull(op);
    if (a.status != RILLE_DONE) fail_msg("%s: %s", a.code, a.message);
    assert_string_equal(a.rows, "(1,false) (2,false) (3,false) (4,false) ");
    rille_op_free(op);
  }
  close_world(&w);
}

/* ------------------------------------------------------------------ advisory locks */

static rille_status drive(rille_lock *lock, rille_status (*advance)(rille_lock *, rille_error **), rille_error **err) {
  rille_wait w = {.struct_size = sizeof w};
  rille_status st;
  while ((st = advance(lock, err)) == RILLE_AGAIN) {
    rille_lock_wait(lock, &w);
    struct pollfd q = {w.fd, (short)((w.read ? POLLIN : 0) | (w.write ? POLLOUT : 0)), 0};
    poll(&q, w.fd >= 0 ? 1 : 0, w.timeout_ms < 0 ? 1000 : (int)w.timeout_ms);
  }
  return st;
}

static int release_in_child(void *context) {
  rille_error *err = NULL;
  rille_status st = drive(context, rille_lock_release, &err);
  bool told = st == RILLE_ERROR && strcmp(rille_error_code(err), "P1017") == 0;
  rille_error_free(err);
  rille_lock_free(context);
  return told ? 0 : 1;
}

/* It is still the parent's. */
static void test_lock(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  static const char held[] = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE "
                             "l.locktype = 'advisory' AND d.datname = current_database()";
  world w;
  open_world(&w, true, blog_schema, "", 2);
  rille_lock_options o = {.struct_size = sizeof o, .key = "fork", .key_len = 4};
  rille_lock *lock = NULL;
  rille_error *err = NULL;
  must(rille_lock_new(w.client, &o, &lock, &err), err);
  must(drive(lock, rille_lock_take, &err), err);
  assert_int_equal(in_child(release_in_child, lock), 0);
  expect_rows(raw(w.client, NULL, held, NULL), "(1)");
  must(drive(lock, rille_lock_release, &err), err);
  expect_rows(raw(w.client, NULL, held, NULL), "(0)");
  rille_lock_free(lock);
  close_world(&w);
}

/* ------------------------------------------------------------------ locks of the process */

typedef struct crowd {
  rille_client *client;
  _Atomic bool done;
} crowd;

static rl_comment *comment_of(rille_client *c) {
  rl_comment *comment = NULL;
  rl_error err = {0};
  if (rl_comment_get(rl_client_root(c->client)->comments, RL_STR("a='1'"), &comment, &err) != RILLE_OK) return NULL;
  return comment;
}

static void *take_events(void *context) {
  crowd *c = context;
  const rille_client_event *e = NULL;
  while (!c->done) rille_client_next_event(c->client, &e);
  return NULL;
}

static void *take_comments(void *context) {
  crowd *c = context;
  while (!c->done) rl_comment_release(comment_of(c->client));
  return NULL;
}

static int use_all_in_child(void *context) {
  rille_client *c = context;
  const rille_client_event *e = NULL;
  rl_comment *comment = comment_of(c);
  if (!comment) return 1;
  rl_comment_release(comment);
  while (rille_client_next_event(c, &e) == RILLE_OK) rille_client_event_free(e);
  if (call(c, NULL, "user", RILLE_COUNT, "{}").status != RILLE_DONE) return 2;
  return rille_client_next_event(c, &e) == RILLE_OK ? 0 : 3;
}

/* The parent's other threads are at work at each of many forks. */
static void test_among_threads(void **state) {
  (void)state;
  threads_may_allocate();
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_observe_options o = {.struct_size = sizeof o, .what = RILLE_OBSERVE_QUERIES};
  rille_error *err = NULL;
  must(rille_client_observe(w.client, &o, &err), err);
  rl_comment *kept = comment_of(w.client);
  crowd c = {.client = w.client};
  pthread_t threads[2];
  assert_int_equal(pthread_create(&threads[0], NULL, take_events, &c), 0);
  assert_int_equal(pthread_create(&threads[1], NULL, take_comments, &c), 0);
  for (int i = 0; i < 20; i++) assert_int_equal(in_child(use_all_in_child, w.client), 0);
  c.done = true;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  rl_comment_release(kept);
  close_world(&w);
}

/* ------------------------------------------------------------------ the clock of transactions */

static rille_tx *begin_for(rille_client *c, int64_t timeout_ms) {
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = timeout_ms, .read_only = 1};
  return begin_tx(c, &o);
}

static bool comes_free(rille_client *c) {
  for (int i = 0; i < 2000 && pool_stats(c).in_use > 0; i++) usleep(5000);
  return pool_stats(c).in_use == 0;
}

typedef struct halfway {
  rille_client *client;
  rille_tx *tx; /* the parent's */
  bool late;    /* it times out in the child */
} halfway;

/* The child's own thread ends its transactions, and nothing is sent on the parent's. */
static int expire_in_child(void *context) {
  halfway *h = context;
  rille_tx *own = begin_for(h->client, 30);
  if (!comes_free(h->client)) return 1;
  answer a = call(h->client, own, "user", RILLE_COUNT, "{}");
  if (strcmp(a.code, "P2028") != 0 || !strstr(a.message, "expired")) return 2;
  rille_tx_free(own);
  if (h->late) usleep(400000);
  a = call(h->client, h->tx, "user", RILLE_COUNT, "{}");
  if (a.status != RILLE_ERROR) return 3;
  rille_tx_free(h->tx);
  return call(h->client, NULL, "user", RILLE_COUNT, "{}").status == RILLE_DONE ? 0 : 4;
}

static void forks_within_transaction(world *w) {
  fill(w);
  halfway h = {w->client, NULL, false};
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 60000};
  h.tx = begin_tx(w->client, &o);
  expect_rows(call(w->client, h.tx, "user", RILLE_CREATE, "{'data':{'email':'n@x'},'select':{'email':true}}"), "(n@x)");
  assert_int_equal(in_child(expire_in_child, &h), 0);
  expect_rows(step(w->client, h.tx, rille_op_commit), "");
  rille_tx_free(h.tx);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(5)");
  h = (halfway){w->client, begin_for(w->client, 200), true};
  assert_int_equal(in_child(expire_in_child, &h), 0);
  assert_true(comes_free(w->client)); /* the parent's thread has continued */
  rille_tx_free(h.tx);
}
static void test_within_transaction(void **state) {
  (void)state;
  on_both(forks_within_transaction, "", 2);
}

static void *let_expire(void *context) {
  crowd *c = context;
  while (!c->done) {
    rille_tx *tx = begin_for(c->client, 1);
    usleep(1500);
    rille_tx_free(tx);
  }
  return NULL;
}

static int expire_another(void *context) {
  halfway h = {context, NULL, false};
  rille_tx *own = begin_for(h.client, 5);
  if (!comes_free(h.client)) return 1;
  rille_tx_free(own);
  return call(h.client, NULL, "user", RILLE_COUNT, "{}").status == RILLE_DONE ? 0 : 2;
}

/* The parent's thread is at work at each of many forks. */
static void forks_while_expiring(world *w) {
  crowd c = {.client = w->client};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, let_expire, &c), 0);
  for (int i = 0; i < 20; i++) assert_int_equal(in_child(expire_another, w->client), 0);
  c.done = true;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}
static void test_while_expiring(void **state) {
  (void)state;
  threads_may_allocate();
  on_both(forks_while_expiring, "", 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_between_batches),
      cmocka_unit_test(test_under_way),
      cmocka_unit_test(test_lock),
      cmocka_unit_test(test_among_threads),
      cmocka_unit_test(test_within_transaction),
      cmocka_unit_test(test_while_expiring),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
