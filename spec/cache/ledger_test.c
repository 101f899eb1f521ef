/* What writes do to answers: marks, stamps, unknown outcomes, snapshots; and that a hit is never older than its call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cache/caching.h"

/* ------------------------------------------------------------------ one thread */

static void test_a_write_makes_stale_what_depends_on_it(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  assert_true(caching_fill(c, "a", "1", 1));
  assert_true(caching_fill(c, "b", "2", 2));
  assert_true(caching_has(c, "a"));
  rl_writing w;
  rl_names names = caching_names(1, 0);
  rl_cache_write_begins(c, &w, &names);
  assert_false(caching_has(c, "a"));
  assert_true(caching_has(c, "b"));
  assert_false(caching_fill(c, "a", "1", 1)); /* being written */
  rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
  assert_null(w.cache);
  assert_false(caching_has(c, "a"));
  assert_true(caching_fill(c, "a", "1", 1));
  assert_true(caching_has(c, "a"));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static void test_a_write_that_failed_makes_nothing_stale(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  rl_names names = caching_names(1, 0);
  rl_writing w;
  rl_flight *f = caching_begin(c, "x", 1);
  rl_cache_write_begins(c, &w, &names);
  rl_cache_write_ends(&w, RL_WRITE_FAILED, NULL);
  assert_true(rl_flight_land(f, RL_STR("1"), true));
  assert_true(caching_has(c, "x"));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static void test_the_end_may_be_more_precise(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  rl_names begin = caching_names(1, 2), done = caching_names(2, 3);
  rl_flight *f = caching_begin(c, "of 3", 3);
  rl_flight *g = caching_begin(c, "of 1", 1);
  rl_writing w;
  rl_cache_write_begins(c, &w, &begin);
  rl_cache_write_ends(&w, RL_WRITE_DONE, &done);
  assert_false(rl_flight_land(f, RL_STR("3"), true));
  assert_true(rl_flight_land(g, RL_STR("1"), true));
  rl_names_dispose(&begin);
  rl_names_dispose(&done);
  rl_cache_release(c);
}

static void test_a_touch_and_everything(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  rl_names names = caching_names(1, 0), all = {.everything = true};
  assert_true(caching_fill(c, "a", "1", 1) && caching_fill(c, "b", "2", 2));
  rl_cache_touch(c, &names);
  assert_true(!caching_has(c, "a") && caching_has(c, "b"));
  rl_cache_touch_everything(c);
  assert_false(caching_has(c, "b"));
  assert_true(caching_fill(c, "b", "2", 2));
  rl_writing w;
  rl_cache_write_begins(c, &w, &all);
  assert_false(caching_has(c, "b"));
  rl_cache_write_ends(&w, RL_WRITE_FAILED, NULL);
  assert_true(caching_has(c, "b"));
  rl_cache_write_begins(c, &w, NULL);
  rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
  assert_false(caching_has(c, "b"));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static void test_after_an_unknown_outcome_nothing_is_kept(void **state) {
  (void)state;
  rl_cache *c = caching_open("unknown");
  rl_names names = caching_names(1, 0);
  assert_true(caching_fill(c, "a", "1", 1));
  rl_writing w;
  rl_cache_write_begins(c, &w, &names);
  rl_cache_write_ends(&w, RL_WRITE_UNKNOWN, NULL);
  assert_false(caching_has(c, "a"));
  assert_false(caching_fill(c, "a", "1", 1));
  assert_true(caching_fill(c, "b", "2", 2));
  assert_false(rl_cache_snapshot(c).usable);
  rl_cache_write_begins(c, &w, &(rl_names){.everything = true});
  rl_cache_write_ends(&w, RL_WRITE_UNKNOWN, NULL);
  assert_false(caching_fill(c, "b", "2", 2));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

static void test_snapshots(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  rl_names one = caching_names(1, 0), two = caching_names(2, 0);
  rl_writing w;
  for (int order = 0; order < 2; order++) {
    rl_snapshot s = rl_cache_snapshot(c);
    assert_true(s.usable);
    rl_flight *f = caching_begin(c, "k", 0);
    if (order == 0) rl_flight_note_snapshot(f, &s);
    rl_cache_write_begins(c, &w, &one);
    rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
    rl_flight_note(f, &one); /* read in a transaction that does not see the write */
    if (order == 1) rl_flight_note_snapshot(f, &s);
    assert_false(rl_flight_land(f, RL_STR("1"), true));
  }
  rl_snapshot s = rl_cache_snapshot(c);
  rl_flight *f = caching_begin(c, "k", 1);
  rl_flight_note_snapshot(f, &s);
  rl_cache_write_begins(c, &w, &two); /* after all that was read */
  rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
  assert_true(rl_flight_land(f, RL_STR("1"), true));
  rl_cache_write_begins(c, &w, &two);
  assert_false(rl_cache_snapshot(c).usable);
  rl_cache_write_ends(&w, RL_WRITE_FAILED, NULL);
  assert_true(rl_cache_snapshot(c).usable);
  rl_names_dispose(&one);
  rl_names_dispose(&two);
  rl_cache_release(c);
}

static void test_a_narrower_answer(void **state) {
  (void)state;
  rl_cache *c = caching_open("ledger");
  rl_names table = caching_names(1, 0), row = caching_names(2, 3), other = caching_names(4, 0);
  rl_flight *f = caching_begin(c, "row", 1);
  rl_flight_narrow(f, &row);
  rl_cache_touch(c, &table);
  assert_true(rl_flight_land(f, RL_STR("1"), true));
  assert_true(caching_has(c, "row"));
  f = caching_begin(c, "row2", 1);
  rl_cache_touch(c, &table);
  rl_flight_narrow(f, &row);
  assert_false(rl_flight_land(f, RL_STR("1"), true));
  f = caching_begin(c, "row3", 1);
  rl_flight_narrow(f, &other);
  rl_cache_touch(c, &other);
  assert_false(rl_flight_land(f, RL_STR("1"), true));
  rl_names_dispose(&table);
  rl_names_dispose(&row);
  rl_names_dispose(&other);
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ before it is active */

static void test_a_write_from_before_the_activation(void **state) {
  (void)state;
  rl_names names = caching_names(1, 0);
  rl_cache *c = rl_cache_of_database(RL_STR("late"));
  rl_writing w, v;
  assert_false(rl_cache_is_active(c));
  rl_cache_write_begins(c, &w, NULL);
  rl_cache_write_begins(c, &v, &names);
  assert_true(w.counted_only && v.counted_only);
  assert_false(caching_fill(c, "a", "1", 1));
  assert_true(rl_cache_activate(c, NULL));
  assert_true(rl_cache_is_active(c));
  assert_false(caching_fill(c, "a", "1", 1)); /* it may be written by one of them */
  rl_flight *f = caching_begin(c, "b", 2);
  rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
  rl_cache_write_ends(&v, RL_WRITE_DONE, &names);
  assert_false(rl_flight_land(f, RL_STR("2"), true));
  assert_true(caching_fill(c, "a", "1", 1));
  assert_true(caching_has(c, "a"));
  rl_names_dispose(&names);
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ threads */

/* The database: for each key a number that only grows. Writers mark, raise it, and end. A reader notes, reads it, and
 * lands. A hit must not be less than what was committed when the call began. */
enum { KEYS = 4, WRITERS = 2, READERS = 2, ROUNDS = 20000 };
typedef struct world {
  rl_cache *cache;
  _Atomic long database[KEYS];
  _Atomic int writers_left;
  _Atomic long hits, wrong;
} world;

static void *write_on(void *context) {
  world *w = context;
  for (long i = 0; i < ROUNDS; i++) {
    int key = (int)(i * 7 + (i >> 3)) % KEYS;
    rl_names begin = caching_names(100, 300), done = caching_names(100, 200 + (uint64_t)key);
    rl_writing writing;
    rl_cache_write_begins(w->cache, &writing, &begin);
    atomic_fetch_add(&w->database[key], 1);
    rl_cache_write_ends(&writing, RL_WRITE_DONE, &done);
    rl_names_dispose(&begin);
    rl_names_dispose(&done);
    if (i % 64 == 0) sched_yield();
  }
  atomic_fetch_sub(&w->writers_left, 1);
  return NULL;
}

/* Every other one depends on its row only, as a find_unique does: on the row by its key (200 ...), and on writes whose
 * keys are not known yet (300), which get a mark and no stamp. */
static void read_one(world *w, int key) {
  char name[16];
  (void)snprintf(name, sizeof name, "k%d", key);
  long least = atomic_load(&w->database[key]); /* another caller may have seen it */
  rl_question q = {.key = rl_str_of(name), .ttl_ms = INT64_MAX};
  rl_cache_entry *e;
  rl_flight *f;
  rl_cache_answer a = rl_cache_ask(w->cache, &q, &e, &f, NULL);
  if (a == RL_CACHE_HIT) {
    long value;
    memcpy(&value, rl_cache_entry_bytes(e).p, sizeof value);
    atomic_fetch_add(&w->hits, 1);
    if (value < least) atomic_fetch_add(&w->wrong, 1);
    rl_cache_entry_release(e);
  } else if (a == RL_CACHE_COMPUTE) {
    rl_names names = caching_names(100, 200 + (uint64_t)key), row = caching_names(200 + (uint64_t)key, 300);
    rl_flight_note(f, &names);
    long value = atomic_load(&w->database[key]);
    if (key % 2) rl_flight_narrow(f, &row);
    (void)rl_flight_land(f, (rl_str){(char *)&value, sizeof value}, true);
    rl_names_dispose(&names);
    rl_names_dispose(&row);
  }
}

static void *read_on(void *context) {
  world *w = context;
  for (int i = 0; atomic_load(&w->writers_left) > 0 || i < 1000; i++) {
    read_one(w, i % KEYS);
    if (i % 64 == 0) sched_yield();
  }
  return NULL;
}

static void test_a_hit_is_never_older_than_its_call(void **state) {
  (void)state;
  static world w;
  w.cache = caching_open("threads");
  w.writers_left = WRITERS;
  pthread_t threads[WRITERS + READERS];
  for (int i = 0; i < WRITERS + READERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? write_on : read_on, &w), 0);
  for (int i = 0; i < WRITERS + READERS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(w.wrong, 0);
  assert_true(w.hits > 0);
  rl_cache_release(w.cache);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_write_makes_stale_what_depends_on_it),
      cmocka_unit_test(test_a_write_that_failed_makes_nothing_stale),
      cmocka_unit_test(test_the_end_may_be_more_precise),
      cmocka_unit_test(test_a_touch_and_everything),
      cmocka_unit_test(test_after_an_unknown_outcome_nothing_is_kept),
      cmocka_unit_test(test_snapshots),
      cmocka_unit_test(test_a_narrower_answer),
      cmocka_unit_test(test_a_write_from_before_the_activation),
      cmocka_unit_test(test_a_hit_is_never_older_than_its_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
