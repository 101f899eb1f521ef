/* One computation for many callers: waiting, failing, giving up, computations in computations, circles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cache/caching.h"

static const int64_t A_WHILE = 30000; /* no test waits so long unless it fails */

static rl_cache_answer ask(rl_cache *c, const char *key, rl_flight *within, bool blocking, rl_flight **f, rl_seat *s) {
  rl_question q = caching_ask_for(key);
  q.within = within;
  q.blocking = blocking;
  rl_cache_entry *e;
  rl_cache_answer a = rl_cache_ask(c, &q, &e, f, s);
  rl_cache_entry_release(e);
  return a;
}

static bool rings(const rl_bell *b) {
  struct pollfd p = {.fd = b->listen, .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

/* ------------------------------------------------------------------ one thread, as coroutines do */

static void test_waiters_get_the_answer(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_bell *own = rl_bell_new(), *shared = rl_bell_new();
  rl_seat a = {.bell = own}, b = {.bell = shared, .shared_bell = true, .waiter.tag = 7};
  rl_flight *f = caching_begin(c, "k", 1), *g;
  rl_cache_entry *e;
  rl_error err = {0};
  assert_int_equal(ask(c, "k", NULL, false, &g, &a), RL_CACHE_WAIT);
  assert_int_equal(ask(c, "k", NULL, false, &g, &b), RL_CACHE_WAIT);
  assert_int_equal(rl_seat_look(&a, &e, &err), RL_SEAT_WAITING);
  assert_false(rings(own) || rings(shared));
  assert_true(rl_flight_land(f, RL_STR("answer"), true));
  assert_true(rings(own) && rings(shared));
  uint64_t tag = 0;
  assert_true(rl_bell_next(shared, &tag) && tag == 7);
  for (int i = 0; i < 2; i++) {
    rl_seat *s = i ? &b : &a;
    assert_int_equal(rl_seat_look(s, &e, &err), RL_SEAT_LANDED);
    assert_true(rl_str_is(rl_cache_entry_bytes(e), "answer"));
    rl_cache_entry_release(e);
    rl_seat_leave(s);
    rl_seat_leave(s);
  }
  assert_false(rings(own));
  rl_bell_free(own);
  rl_bell_free(shared);
  rl_cache_release(c);
}

/* Too long to be kept, and the waiters get it nevertheless. */
static void test_a_long_answer(void **state) {
  (void)state;
  static char answer[2 << 20];
  rl_cache *c = caching_open("flight");
  rl_seat s = {0};
  rl_flight *f = caching_begin(c, "long", 1), *g;
  rl_cache_entry *e;
  rl_error err = {0};
  assert_int_equal(ask(c, "long", NULL, false, &g, &s), RL_CACHE_WAIT);
  assert_false(rl_flight_land(f, (rl_str){answer, sizeof answer}, true));
  assert_int_equal(rl_seat_look(&s, &e, &err), RL_SEAT_LANDED);
  assert_int_equal(rl_cache_entry_bytes(e).len, sizeof answer);
  rl_cache_entry_release(e);
  rl_seat_leave(&s);
  assert_false(caching_has(c, "long"));
  rl_cache_release(c);
}

static void test_waiters_get_the_error(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_seat s = {0}, t = {0};
  rl_flight *f = caching_begin(c, "e", 1), *g;
  rl_cache_entry *e;
  rl_error err = {0}, got = {0};
  assert_int_equal(ask(c, "e", NULL, false, &g, &s), RL_CACHE_WAIT);
  rl_fail(&err, RL_P2025, "there is no row");
  rl_error_detail(&err, "model", RL_STR("User"));
  rl_flight_fail(f, &err);
  rl_error_clear(&err);
  assert_int_equal(rl_seat_look(&s, &e, &got), RL_SEAT_FAILED);
  assert_null(e);
  assert_int_equal(got.code, RL_P2025);
  assert_string_equal(rl_error_message(&got), "there is no row");
  assert_true(rl_str_is(rl_error_get(&got, "model"), "User"));
  rl_error_clear(&got);
  rl_seat_leave(&s);
  f = caching_begin(c, "e", 1); /* an error is not kept */
  assert_non_null(f);
  assert_int_equal(ask(c, "e", NULL, false, &g, &s), RL_CACHE_WAIT);
  assert_int_equal(ask(c, "e", NULL, false, &g, &t), RL_CACHE_WAIT);
  rl_flight_fail(f, NULL);
  assert_int_equal(rl_seat_look(&s, &e, &got), RL_SEAT_AGAIN);
  rl_seat_leave(&s);
  assert_int_equal(ask(c, "e", NULL, false, &g, &s), RL_CACHE_COMPUTE);
  rl_seat_leave(&t);
  assert_int_equal(ask(c, "e", NULL, false, &f, &t), RL_CACHE_WAIT);
  rl_seat_leave(&t); /* before its end */
  rl_flight_fail(g, NULL);
  rl_cache_release(c);
}

static void test_nobody_joins_what_began_before_a_write(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_seat s = {0}, t = {0};
  rl_flight *old = caching_begin(c, "w", 1), *f, *g;
  rl_cache_entry *e;
  rl_error err = {0};
  rl_names names = caching_names(1, 0);
  assert_int_equal(ask(c, "w", NULL, false, &g, &s), RL_CACHE_WAIT);
  rl_cache_touch(c, &names);
  assert_int_equal(ask(c, "w", NULL, false, &f, &t), RL_CACHE_COMPUTE);
  rl_flight_note(f, &names);
  assert_int_equal(ask(c, "w", NULL, false, &g, &t), RL_CACHE_WAIT);
  assert_true(rl_flight_land(f, RL_STR("new"), true));
  assert_false(rl_flight_land(old, RL_STR("old"), true));
  assert_int_equal(rl_seat_look(&s, &e, &err), RL_SEAT_LANDED); /* it came before the write */
  assert_true(rl_str_is(rl_cache_entry_bytes(e), "old"));
  rl_cache_entry_release(e);
  assert_int_equal(rl_seat_look(&t, &e, &err), RL_SEAT_LANDED);
  assert_true(rl_str_is(rl_cache_entry_bytes(e), "new"));
  rl_cache_entry_release(e);
  rl_seat_leave(&s);
  rl_seat_leave(&t);
  rl_names_dispose(&names);
  rl_cache_release(c);
}

/* The transaction began before the waiter came, and does not see what was written in between. */
static void test_an_old_snapshot_sends_waiters_away(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_names names = caching_names(9, 0);
  rl_seat s = {0};
  rl_cache_entry *e;
  rl_error err = {0};
  rl_flight *f = caching_begin(c, "tx", 0), *g;
  rl_snapshot snapshot = rl_cache_snapshot(c);
  rl_cache_touch(c, &names);
  assert_int_equal(ask(c, "tx", NULL, false, &g, &s), RL_CACHE_WAIT);
  rl_flight_note(f, &names);
  rl_flight_note_snapshot(f, &snapshot);
  assert_int_equal(rl_seat_look(&s, &e, &err), RL_SEAT_AGAIN);
  rl_seat_leave(&s);
  assert_false(rl_flight_land(f, RL_STR(""), true));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static void test_a_computation_depends_on_its_parts(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_names names = caching_names(5, 0);
  for (int i = 0; i < 2; i++) {
    rl_cache_clear(c);
    rl_flight *outer = caching_begin(c, "outer", 4), *inner;
    assert_int_equal(ask(c, "inner", outer, false, &inner, NULL), RL_CACHE_COMPUTE);
    rl_flight_note(inner, &names);
    assert_true(rl_flight_land(inner, RL_STR("i"), true));
    if (i) rl_cache_touch(c, &names);
    assert_int_equal(rl_flight_land(outer, RL_STR("o"), true), i == 0);
    rl_cache_touch(c, &names);
    assert_false(caching_has(c, "outer"));
  }
  /* ... also if the part was there already */
  assert_true(caching_fill(c, "inner", "i", 5));
  rl_flight *outer = caching_begin(c, "outer", 4), *f;
  rl_question q = caching_ask_for("inner");
  rl_cache_entry *e;
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_HIT);
  rl_flight_note_entry(outer, e);
  rl_cache_entry_release(e);
  assert_true(rl_flight_land(outer, RL_STR("o"), true));
  rl_cache_touch(c, &names);
  assert_false(caching_has(c, "outer"));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static bool has_younger_than(rl_cache *c, const char *key, int64_t ttl_ms) {
  rl_question q = caching_ask_for(key);
  rl_cache_entry *e;
  rl_flight *f;
  q.ttl_ms = ttl_ms;
  bool hit = rl_cache_ask(c, &q, &e, &f, NULL) == RL_CACHE_HIT;
  rl_cache_entry_release(e);
  if (f) rl_flight_fail(f, NULL);
  return hit;
}

/* Begins "outer", and "middle" within it, which uses the entry "inner". */
static void compute_of_inner(rl_cache *c, bool only_age) {
  rl_flight *outer = caching_begin(c, "outer", 4), *middle, *f;
  rl_question q = caching_ask_for("inner");
  rl_cache_entry *e;
  assert_int_equal(ask(c, "middle", outer, false, &middle, NULL), RL_CACHE_COMPUTE);
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_HIT);
  if (only_age)
    rl_flight_note_age(middle, e);
  else
    rl_flight_note_entry(middle, e);
  rl_cache_entry_release(e);
  rl_names names = caching_names(4, 0);
  rl_flight_note(middle, &names);
  rl_names_dispose(&names);
  assert_true(rl_flight_land(middle, RL_STR("m"), true));
  assert_true(rl_flight_land(outer, RL_STR("o"), true));
}

static void test_a_value_is_as_old_as_its_parts(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_cache_clear(c);
  int64_t born = rl_clock_ms();
  assert_true(caching_fill(c, "inner", "i", 5));
  while (rl_clock_ms() - born < 30) usleep(5000);
  for (int only_age = 0; only_age < 2; only_age++) {
    compute_of_inner(c, only_age);
    assert_true(has_younger_than(c, "outer", A_WHILE));
    assert_false(has_younger_than(c, "middle", 30 - 5));
    assert_false(has_younger_than(c, "outer", 30 - 5));
    rl_names names = caching_names(4, 0);
    rl_cache_touch(c, &names);
    rl_names_dispose(&names);
    assert_false(caching_has(c, "outer"));
  }
  rl_cache_release(c);
}

/* What only its ttl and its tags make stale passes on nothing else of its parts. */
static void test_parts_of_what_has_only_a_ttl(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_cache_clear(c);
  rl_flight *outer = caching_begin(c, "outer", 6), *middle, *inner;
  rl_question q = caching_ask_for("middle");
  rl_cache_entry *e;
  q.within = outer;
  q.by_ttl_only = true;
  assert_int_equal(rl_cache_ask(c, &q, &e, &middle, NULL), RL_CACHE_COMPUTE);
  rl_names tag = caching_names(7, 0), table = caching_names(8, 0);
  rl_flight_note(middle, &tag);
  assert_int_equal(ask(c, "inner", middle, false, &inner, NULL), RL_CACHE_COMPUTE);
  rl_flight_note(inner, &table);
  rl_cache_touch(c, &table);
  assert_false(rl_flight_land(inner, RL_STR("i"), true)); /* written meanwhile */
  assert_true(rl_flight_land(middle, RL_STR("m"), true));
  assert_true(rl_flight_land(outer, RL_STR("o"), true));
  rl_cache_touch(c, &table);
  assert_true(caching_has(c, "middle") && caching_has(c, "outer"));
  rl_cache_touch(c, &tag);
  assert_false(caching_has(c, "middle") || caching_has(c, "outer"));
  rl_names_dispose(&tag);
  rl_names_dispose(&table);
  rl_cache_release(c);
}

static void test_its_own_computation(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_seat s = {0};
  rl_flight *a = caching_begin(c, "a", 0), *b, *f;
  assert_int_equal(ask(c, "a", a, false, &f, &s), RL_CACHE_ALONE);
  assert_int_equal(ask(c, "b", a, false, &b, &s), RL_CACHE_COMPUTE);
  assert_int_equal(ask(c, "a", b, false, &f, &s), RL_CACHE_ALONE);
  assert_int_equal(ask(c, "a", NULL, true, &f, &s), RL_CACHE_ALONE); /* this thread would stand */
  rl_flight_spoil(a);
  assert_int_equal(ask(c, "a", b, false, &f, &s), RL_CACHE_ALONE);
  rl_flight_fail(b, NULL);
  rl_flight_fail(a, NULL);
  rl_cache_release(c);
}

/* a waits for b, and what is within b asks for a. */
static void test_a_circle_of_computations(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight"), *other = caching_open("another");
  rl_seat s = {0}, t = {0}, u = {0};
  rl_flight *a = caching_begin(c, "a", 0), *b = caching_begin(other, "b", 0), *inner, *d, *f;
  assert_int_equal(ask(c, "inner", b, false, &inner, &s), RL_CACHE_COMPUTE);
  assert_int_equal(ask(other, "b", a, false, &f, &s), RL_CACHE_WAIT);
  assert_int_equal(ask(c, "a", inner, false, &f, &t), RL_CACHE_ALONE);
  d = caching_begin(c, "d", 0);
  assert_int_equal(ask(c, "a", d, false, &f, &t), RL_CACHE_WAIT);
  assert_int_equal(ask(c, "d", inner, false, &f, &u), RL_CACHE_ALONE);
  rl_seat_leave(&s);
  assert_int_equal(ask(c, "d", inner, false, &f, &u), RL_CACHE_WAIT);
  assert_int_equal(ask(other, "b", a, false, &f, &s), RL_CACHE_ALONE);
  rl_seat_leave(&u);
  rl_seat_leave(&t);
  rl_flight_fail(inner, NULL);
  rl_flight_fail(d, NULL);
  rl_flight_fail(b, NULL);
  rl_flight_fail(a, NULL);
  rl_cache_release(c);
  rl_cache_release(other);
}

/* ------------------------------------------------------------------ threads that stand */

typedef struct crowd {
  rl_cache *cache;
  _Atomic int computed, right;
} crowd;

static void *compute_or_wait(void *context) {
  crowd *w = context;
  rl_question q = caching_ask_for("once");
  q.blocking = true;
  rl_seat s = {0};
  rl_cache_entry *e;
  rl_flight *f;
  rl_error err = {0};
  rl_cache_answer a = rl_cache_ask(w->cache, &q, &e, &f, &s);
  if (a == RL_CACHE_COMPUTE) {
    atomic_fetch_add(&w->computed, 1);
    usleep(20000);
    (void)rl_flight_land(f, RL_STR("it"), true);
    atomic_fetch_add(&w->right, 1);
    return NULL;
  }
  if (a == RL_CACHE_WAIT) {
    rl_seat_wait(&s, rl_clock_after(A_WHILE));
    if (rl_seat_look(&s, &e, &err) != RL_SEAT_LANDED) e = NULL;
    rl_seat_leave(&s);
  }
  if (e && rl_str_is(rl_cache_entry_bytes(e), "it")) atomic_fetch_add(&w->right, 1);
  rl_cache_entry_release(e);
  return NULL;
}

static void test_sixteen_threads_compute_once(void **state) {
  (void)state;
  enum { THREADS = 16 };
  crowd w = {.cache = caching_open("crowd")};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, compute_or_wait, &w), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(w.computed, 1);
  assert_int_equal(w.right, THREADS);
  rl_cache_figures figures;
  rl_cache_count(w.cache, &figures);
  assert_int_equal(figures.misses, 1);
  assert_int_equal(figures.kept, 1);
  assert_int_equal(figures.waits + figures.hits, THREADS - 1);
  rl_cache_release(w.cache);
}

static void test_a_wait_ends_in_time(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_flight *f = caching_begin(c, "slow", 0), *g;
  rl_seat s = {0};
  rl_cache_entry *e;
  rl_error err = {0};
  assert_int_equal(ask(c, "slow", NULL, false, &g, &s), RL_CACHE_WAIT);
  int64_t before = rl_clock_ms();
  rl_seat_wait(&s, rl_clock_after(30));
  assert_true(rl_clock_ms() - before >= 29);
  assert_int_equal(rl_seat_look(&s, &e, &err), RL_SEAT_WAITING);
  rl_seat_leave(&s);
  rl_flight_fail(f, NULL);
  rl_cache_release(c);
}

/* Nobody knows whether an owner that takes long is gone. */
static void test_who_waited_in_vain_leads_nobody_else_there(void **state) {
  (void)state;
  rl_cache *c = caching_open("flight");
  rl_flight *gone = caching_begin(c, "gone", 0), *g;
  rl_seat one = {0}, two = {0}, three = {0};
  rl_cache_entry *e;
  rl_error err = {0};
  assert_int_equal(ask(c, "gone", NULL, false, &g, &one), RL_CACHE_WAIT);
  assert_int_equal(ask(c, "gone", NULL, false, &g, &two), RL_CACHE_WAIT);
  rl_seat_despair(&one, false);
  rl_seat_leave(&one);
  assert_int_equal(ask(c, "gone", NULL, false, &g, &three), RL_CACHE_COMPUTE);
  assert_int_equal(rl_seat_look(&two, &e, &err), RL_SEAT_WAITING);
  assert_true(rl_flight_land(g, RL_STR("x"), true));
  rl_seat_despair(&two, true); /* it has waited in the hidden one */
  assert_int_equal(rl_seat_look(&two, &e, &err), RL_SEAT_AGAIN);
  rl_seat_leave(&two);
  assert_true(caching_has(c, "gone"));
  rl_flight_fail(gone, NULL);
  assert_true(caching_has(c, "gone"));
  rl_cache_clear(c);
  rl_cache_release(c);
}

/* Two threads, each of which computes one key and then stands for the other's. One of them must not wait. */
typedef struct pair {
  rl_cache *cache;
  const char *own, *other;
  pthread_barrier_t *barrier;
  _Atomic int *alone, *landed;
} pair;

static void *compute_and_stand(void *context) {
  pair *p = context;
  rl_flight *f = caching_begin(p->cache, p->own, 0), *g;
  pthread_barrier_wait(p->barrier);
  rl_seat s = {0};
  rl_cache_entry *e = NULL;
  rl_error err = {0};
  rl_cache_answer a = ask(p->cache, p->other, NULL, true, &g, &s);
  if (a == RL_CACHE_WAIT) {
    rl_seat_wait(&s, rl_clock_after(A_WHILE));
    if (rl_seat_look(&s, &e, &err) == RL_SEAT_LANDED) atomic_fetch_add(p->landed, 1);
    rl_cache_entry_release(e);
    rl_seat_leave(&s);
  }
  if (a == RL_CACHE_ALONE) atomic_fetch_add(p->alone, 1);
  (void)rl_flight_land(f, RL_STR("x"), true);
  return NULL;
}

static void test_threads_that_stand_for_each_other(void **state) {
  (void)state;
  for (int round = 0; round < 50; round++) {
    rl_cache *c = caching_open("pair");
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    _Atomic int alone = 0, landed = 0;
    pair a = {c, "a", "b", &barrier, &alone, &landed}, b = {c, "b", "a", &barrier, &alone, &landed};
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, compute_and_stand, &a);
    pthread_create(&threads[1], NULL, compute_and_stand, &b);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(alone, 1);
    assert_true(landed <= 1); /* 0: it came after the landing */
    pthread_barrier_destroy(&barrier);
    rl_cache_release(c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_waiters_get_the_answer),
      cmocka_unit_test(test_a_long_answer),
      cmocka_unit_test(test_waiters_get_the_error),
      cmocka_unit_test(test_nobody_joins_what_began_before_a_write),
      cmocka_unit_test(test_an_old_snapshot_sends_waiters_away),
      cmocka_unit_test(test_a_computation_depends_on_its_parts),
      cmocka_unit_test(test_a_value_is_as_old_as_its_parts),
      cmocka_unit_test(test_parts_of_what_has_only_a_ttl),
      cmocka_unit_test(test_its_own_computation),
      cmocka_unit_test(test_a_circle_of_computations),
      cmocka_unit_test(test_sixteen_threads_compute_once),
      cmocka_unit_test(test_a_wait_ends_in_time),
      cmocka_unit_test(test_who_waited_in_vain_leads_nobody_else_there),
      cmocka_unit_test(test_threads_that_stand_for_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
