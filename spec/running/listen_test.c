/* Listeners and advisory locks of PostgreSQL, and derived clients with settings of the session: events, losses, forks,
 * and every allocation failing in turn. */
#include <sys/wait.h>

#include "../base/failing_allocator.h"
#include "run/listen.h"
#include "running/running.h"

static void wait_for(const rille_wait *w, int64_t until) {
  struct pollfd q = {w->fd, (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0)), 0};
  int64_t left = until - rl_clock_ms();
  if (w->timeout_ms >= 0 && w->timeout_ms < left) left = w->timeout_ms;
  poll(&q, w->fd >= 0 ? 1 : 0, left < 0 ? 0 : (int)left);
}

/* Returns the next event. RILLE_AGAIN: none came in this time. */
static rille_status next_event(rille_listener *l, rille_event *out, int64_t wait_ms, rille_error **err) {
  int64_t until = rl_clock_ms() + wait_ms;
  *out = (rille_event){.struct_size = sizeof *out};
  for (;;) {
    rille_status st = rille_listener_next(l, out, err);
    if (st != RILLE_AGAIN || rl_clock_ms() >= until) return st;
    rille_wait w = {.struct_size = sizeof w};
    rille_listener_wait(l, &w);
    wait_for(&w, until);
  }
}

static rille_event must_hear(rille_listener *l) {
  rille_event e;
  rille_error *err = NULL;
  rille_status st = next_event(l, &e, 8000, &err);
  check_status(st, err);
  if (st != RILLE_ROW) fail_msg("no event came");
  return e;
}

static rille_listener *listen_to(rille_client *c, const char *channel) {
  rille_listener *l = NULL;
  rille_error *err = NULL;
  must(rille_listener_open(c, &l, &err), err);
  must(rille_listener_add(l, channel, strlen(channel), &err), err);
  rille_event e = must_hear(l);
  assert_int_equal(e.kind, RILLE_EVENT_LISTENING);
  assert_int_equal(e.again, 0);
  return l;
}

static void tell(world *w, const char *channel, const char *payload) {
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT 1 FROM (SELECT pg_notify('%s', '%s')) AS told", channel, payload);
  expect_rows(raw(w->client, NULL, sql, NULL), "(1)");
}

static void open_postgres(world *w) {
  if (!postgres_url()) skip();
  open_world(w, true, blog_schema, "", 2);
}

static void test_hears(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_listener *l = listen_to(w.client, "a");
  tell(&w, "a", "one");
  tell(&w, "b", "not heard");
  rille_event e = must_hear(l);
  assert_int_equal(e.kind, RILLE_EVENT_HEARD);
  assert_string_equal(e.channel, "a");
  assert_string_equal(e.payload, "one");
  assert_true(e.pid > 0);
  rille_error *err = NULL;
  must(rille_listener_add(l, "b", 1, &err), err);
  must(rille_listener_remove(l, "a", 1, &err), err);
  assert_int_equal(must_hear(l).kind, RILLE_EVENT_LISTENING);
  tell(&w, "a", "not heard");
  tell(&w, "b", "two");
  assert_string_equal(must_hear(l).payload, "two");
  assert_int_equal(rille_listener_remove(l, "a", 1, &err), RILLE_ERROR);
  rille_error_free(err);
  err = NULL;
  assert_int_equal(rille_listener_add(l, "", 0, &err), RILLE_ERROR);
  rille_error_free(err);
  rille_listener_close(l);
  close_world(&w);
}

static const rl_driver *real_driver;

/* Says AGAIN, but when it does, an answer has arrived meanwhile. */
static rille_status next_late(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err) {
  rille_status st = real_driver->next(c, row, affected, wait, err);
  if (st == RILLE_AGAIN && wait->read) {
    struct pollfd q = {wait->fd, POLLIN, 0};
    assert_int_equal(poll(&q, 1, 8000), 1);
  }
  return st;
}

/* While an answer is outstanding, the listener leaves it in the socket, or it would wait for what it has read. */
static void test_answer_comes_late(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  rl_arena arena;
  rl_conn_options options;
  rl_error err = {0};
  rl_event e;
  rl_arena_init(&arena, 0);
  assert_int_equal(rl_driver_parse_url(rl_str_of(postgres_url()), &arena, &options, &err), RILLE_OK);
  real_driver = options.driver;
  rl_driver late = *real_driver;
  late.next = next_late;
  options.driver = &late;
  rl_listener l;
  rl_listener_init(&l, &options);
  assert_int_equal(rl_listener_add(&l, RL_STR("late"), &err), RILLE_OK);
  rille_status st = rl_listener_next(&l, &e, &err);
  for (int turn = 0; st == RILLE_AGAIN && turn < 100; turn++) {
    struct pollfd q = {l.wait.fd, (short)((l.wait.read ? POLLIN : 0) | (l.wait.write ? POLLOUT : 0)), 0};
    if (poll(&q, 1, 8000) != 1) fail_msg("the listener waits for an answer that it has read");
    st = rl_listener_next(&l, &e, &err);
  }
  assert_int_equal(st, RILLE_ROW);
  assert_int_equal(e.kind, RL_EVENT_LISTENING);
  rl_listener_close(&l);
  rl_arena_dispose(&arena);
}

static void test_comes_back(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_listener *l = listen_to(w.client, "a");
  char sql[256], *slash = strrchr(w.url, '/');
  snprintf(sql, sizeof sql,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND query LIKE 'LISTEN%%'",
           slash + 1);
  assert_int_equal(psql("postgres", sql), 0);
  assert_int_equal(must_hear(l).kind, RILLE_EVENT_LOST);
  rille_event e = must_hear(l);
  assert_int_equal(e.kind, RILLE_EVENT_LISTENING);
  assert_int_equal(e.again, 1);
  tell(&w, "a", "still");
  assert_string_equal(must_hear(l).payload, "still");
  rille_listener_close(l);
  close_world(&w);
}

/* The child has its own connection, the parent keeps its own. */
static void test_fork(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_listener *l = listen_to(w.client, "a");
  pid_t child = fork();
  if (child == 0) {
    bool good = must_hear(l).kind == RILLE_EVENT_LOST;
    good = good && must_hear(l).again == 1;
    rille_listener_close(l);
    _exit(good ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  tell(&w, "a", "parent");
  assert_string_equal(must_hear(l).payload, "parent");
  rille_listener_close(l);
  close_world(&w);
}

/* ------------------------------------------------------------------ locks */

static rille_status go_on(rille_lock *lock, rille_status (*advance)(rille_lock *, rille_error **), rille_error **err) {
  for (;;) {
    rille_status st = advance(lock, err);
    if (st != RILLE_AGAIN) return st;
    rille_wait w = {.struct_size = sizeof w};
    rille_lock_wait(lock, &w);
    wait_for(&w, rl_clock_ms() + 8000);
  }
}

static void test_lock(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_lock_options o = {.struct_size = sizeof o, .key = "job", .key_len = 3};
  rille_lock *mine = NULL, *other = NULL;
  rille_error *err = NULL;
  must(rille_lock_new(w.client, &o, &mine, &err), err);
  must(go_on(mine, rille_lock_take, &err), err);
  o.wait_ms = 20;
  must(rille_lock_new(w.client, &o, &other, &err), err);
  assert_int_equal(go_on(other, rille_lock_take, &err), RILLE_DONE);
  assert_int_equal(pool_stats(w.client).in_use, 1);
  rille_lock_free(other);
  must(go_on(mine, rille_lock_release, &err), err);
  rille_lock_free(mine);
  assert_int_equal(pool_stats(w.client).in_use, 0);
  expect_rows(raw(w.client, NULL, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", NULL), "(0)");
  close_world(&w);
}

static void test_refused(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_error *err = NULL;
  rille_listener *l = NULL;
  assert_int_equal(rille_listener_open(w.client, &l, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P2026");
  rille_error_free(err);
  err = NULL;
  rille_lock *lock = NULL;
  rille_lock_options o = {.struct_size = sizeof o, .number = 1};
  assert_int_equal(rille_lock_new(w.client, &o, &lock, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P2026");
  rille_error_free(err);
  close_world(&w);
}

/* ------------------------------------------------------------------ out of memory */

static rille_status listen_once(rille_client *c) {
  rille_listener *l = NULL;
  rille_event e;
  rille_status st = rille_listener_open(c, &l, NULL);
  if (st == RILLE_OK) st = rille_listener_add(l, "a", 1, NULL);
  if (st == RILLE_OK) st = rille_listener_add(l, "b", 1, NULL);
  if (st == RILLE_OK) st = next_event(l, &e, 8000, NULL);
  rille_listener_close(l);
  return st == RILLE_ROW ? RILLE_OK : st;
}

/* Waits: the session of the run before may still be ending on the server, and holds the lock until then. */
static rille_status lock_once(rille_client *c) {
  rille_lock_options o = {.struct_size = sizeof o, .key = "memory", .key_len = 6, .wait_ms = 8000};
  rille_lock *lock = NULL;
  rille_status st = rille_lock_new(c, &o, &lock, NULL);
  if (st == RILLE_OK) st = go_on(lock, rille_lock_take, NULL);
  if (st == RILLE_OK) st = go_on(lock, rille_lock_release, NULL);
  rille_lock_free(lock);
  return st;
}

static rille_status run_in(rille_client *c, rille_status (*start)(rille_op *, rille_tape *)) {
  rille_row row;
  rille_op *op = rille_op_new(c);
  rille_tape *tape = op ? rille_tape_new() : NULL;
  rille_status st = tape ? start(op, tape) : RILLE_NOMEM;
  while (st == RILLE_OK || st == RILLE_ROW) st = rille_op_next(op, &row, NULL);
  rille_op_free(op);
  rille_tape_free(tape);
  return st == RILLE_DONE ? RILLE_OK : st;
}

static rille_status start_raw(rille_op *op, rille_tape *tape) {
  static const char sql[] = "SELECT current_setting('app.tenant')";
  (void)tape;
  return rille_op_raw(op, NULL, sql, sizeof sql - 1, NULL, 1, NULL);
}
static rille_status start_script(rille_op *op, rille_tape *tape) {
  static const char sql[] = "SELECT 1; SELECT 2";
  (void)tape;
  return rille_op_script(op, NULL, sql, sizeof sql - 1, NULL);
}
static rille_status start_find(rille_op *op, rille_tape *tape) {
  rille_tape_open_object(tape);
  rille_tape_close_object(tape);
  return rille_op_model(op, NULL, 0, RILLE_FIND_MANY, tape, NULL);
}

static rille_status use_settings(rille_client *c) {
  const char *settings[] = {"app.tenant", "7", "app.other", "8"};
  rille_derive_options o = {.struct_size = sizeof o, .session = settings, .session_count = 2, .timeout_ms = 60000};
  rille_client *derived = NULL;
  rille_status st = rille_client_derive(c, &o, &derived, NULL);
  if (st == RILLE_OK) st = run_in(derived, start_raw);
  if (st == RILLE_OK) st = run_in(derived, start_script);
  if (st == RILLE_OK) st = run_in(derived, start_find);
  rille_client_release(derived);
  return st;
}

typedef struct life {
  world *w;
  rille_status (*work)(rille_client *);
} life;

static bool whole_life(void *argument) {
  const life *l = argument;
  rille_client_options o = {.struct_size = sizeof o, .url = l->w->url, .schema = l->w->schema, .pool_size = 3};
  rille_client *c = NULL;
  if (rille_client_open(&o, &c, NULL) != RILLE_OK) return false;
  rille_status st = l->work(c);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d", (int)st);
  if (pool_stats(c).in_use != 0) fail_msg("a connection leaked");
  rille_client_release(c);
  return st == RILLE_OK;
}

static void test_short_memory(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_status (*const works[])(rille_client *) = {listen_once, lock_once, use_settings};
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    life l = {&w, works[i]};
    long n = fail_each_allocation(whole_life, &l, false);
    if (n < 10) fail_msg("work %zu: %ld", i, n);
  }
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hears),        cmocka_unit_test(test_answer_comes_late),
      cmocka_unit_test(test_comes_back),   cmocka_unit_test(test_fork),
      cmocka_unit_test(test_lock),         cmocka_unit_test(test_refused),
      cmocka_unit_test(test_short_memory),
  };
  return cmocka_run_group_tests_name("listeners and locks", tests, NULL, NULL);
}
