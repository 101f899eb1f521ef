/* What is kept: ttl and stale, bounds in bytes, figures, clearing; caches of the process, before and after a fork. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failing_allocator.h"
#include "cache/caching.h"

static void wait_past(int64_t ms) {
  while (rl_clock_ms() <= ms) usleep(500);
}

/* ------------------------------------------------------------------ time */

static void test_an_old_answer_is_given_while_one_renews_it(void **state) {
  (void)state;
  rl_cache *c = caching_open("stale");
  rl_question q = caching_ask_for("k");
  q.ttl_ms = 1;
  q.stale_ms = 3600000;
  rl_cache_entry *e;
  rl_flight *f, *g;
  int64_t birth = rl_clock_ms();
  assert_true(caching_fill(c, "k", "old", 1));
  assert_true(caching_has(c, "k")); /* who has no limit */
  wait_past(birth + 2);
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_COMPUTE);
  assert_null(e);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(rl_cache_ask(c, &q, &e, &g, NULL), RL_CACHE_STALE_HIT);
    assert_true(rl_str_is(rl_cache_entry_bytes(e), "old"));
    rl_cache_entry_release(e);
  }
  rl_flight_fail(f, NULL); /* then the next one renews it */
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_COMPUTE);
  rl_names names = caching_names(1, 0);
  rl_flight_note(f, &names);
  rl_seat s = {0};
  q.stale_ms = 0;
  assert_int_equal(rl_cache_ask(c, &q, &e, &g, &s), RL_CACHE_WAIT);
  rl_seat_leave(&s);
  q.stale_ms = 3600000;
  rl_cache_touch(c, &names);
  assert_int_equal(rl_cache_ask(c, &q, &e, &g, NULL), RL_CACHE_COMPUTE); /* written: never given again */
  rl_flight_note(g, &names);
  assert_true(rl_flight_land(g, RL_STR("new"), true));
  assert_false(rl_flight_land(f, RL_STR("older"), true));
  q.ttl_ms = 3600000;
  assert_int_equal(rl_cache_ask(c, &q, &e, &g, NULL), RL_CACHE_HIT);
  assert_true(rl_str_is(rl_cache_entry_bytes(e), "new"));
  rl_cache_entry_release(e);
  rl_names_dispose(&names);
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ bounds */

static long resident_kb(void) {
  FILE *f = fopen("/proc/self/statm", "r");
  long total = 0, resident = 0;
  if (f && fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
  if (f) (void)fclose(f);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static bool fill_number(rl_cache *c, int i, const char *bytes, size_t len) {
  char key[64];
  rl_flight *f;
  (void)snprintf(key, sizeof key, "key number %d", i);
  f = caching_begin(c, key, 1 + (uint64_t)i % 1000);
  return f && rl_flight_land(f, (rl_str){bytes, len}, true);
}

/* Keys and answers of many sizes. */
static void test_a_flood_stays_within_its_bounds(void **state) {
  (void)state;
  enum { MOST = 16 << 20 };
  static char bytes[200000];
  memset(bytes, 'b', sizeof bytes);
  rl_cache_limits limits = {.max_bytes = MOST};
  rl_cache *c = rl_cache_of_database(RL_STR("flood"));
  assert_true(rl_cache_activate(c, &limits));
  rl_cache_figures figures;
  long before = resident_kb();
  unsigned chance = 1;
  for (int i = 0; i < 60000; i++) {
    chance = chance * 1103515245u + 12345u;
    size_t len = (chance >> 16) % (i % 100 == 0 ? sizeof bytes : i % 10 == 0 ? 10000 : 500);
    assert_true(fill_number(c, i, bytes, len));
    if (i % 1000) continue;
    rl_cache_count(c, &figures);
    assert_true(figures.bytes <= MOST);
  }
  long grown = resident_kb() - before;
  rl_cache_count(c, &figures);
  print_message("%lld bytes in %lld entries, %ld KiB more in memory\n", (long long)figures.bytes,
                (long long)figures.entries, grown);
  assert_true(figures.bytes > MOST * 9 / 10);
  assert_true(figures.evictions > 10000);
  assert_true(figures.entries == figures.kept - figures.evictions);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (before > 0) assert_true(grown * 1024L <= MOST);
#endif
  rl_cache_clear(c);
  rl_cache_count(c, &figures);
  assert_int_equal(figures.entries, 0);
  rl_cache_release(c);
}

static void test_the_least_recently_used_goes_first(void **state) {
  (void)state;
  static char bytes[10000];
  rl_cache_limits limits = {.max_bytes = 220000, .max_entry = 10100};
  rl_cache *c = rl_cache_of_database(RL_STR("order"));
  assert_true(rl_cache_activate(c, &limits));
  for (int i = 0; i < 9; i++) assert_true(fill_number(c, i, bytes, sizeof bytes));
  assert_true(caching_has(c, "key number 0"));
  assert_true(fill_number(c, 9, bytes, sizeof bytes));
  assert_true(caching_has(c, "key number 0"));
  assert_false(caching_has(c, "key number 1"));
  assert_true(caching_has(c, "key number 9"));
  static char large[10101];
  assert_false(fill_number(c, 10, large, sizeof large));
  assert_true(caching_has(c, "key number 9"));
  rl_cache_release(c);
}

static void test_long_keys_are_compared_whole(void **state) {
  (void)state;
  static char key[70000];
  memset(key, 'k', sizeof key - 1);
  rl_cache *c = caching_open("keys");
  assert_true(caching_fill(c, key, "1", 1));
  assert_true(caching_has(c, key));
  key[40000] = 'x';
  assert_false(caching_has(c, key));
  rl_cache_release(c);
}

static void test_clearing(void **state) {
  (void)state;
  rl_cache *c = caching_open("clear");
  assert_true(caching_fill(c, "a", "1", 1));
  rl_question q = caching_ask_for("a");
  rl_cache_entry *e;
  rl_flight *f;
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_HIT);
  rl_flight *way = caching_begin(c, "b", 1), *early = caching_begin(c, "c", 0);
  rl_cache_clear(c);
  assert_false(caching_has(c, "a"));
  assert_true(rl_str_is(rl_cache_entry_bytes(e), "1")); /* still the caller's */
  rl_cache_entry_release(e);
  assert_false(rl_flight_land(way, RL_STR("2"), true));
  assert_false(rl_flight_land(early, RL_STR("3"), true));
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ figures */

static void test_figures_by_label(void **state) {
  (void)state;
  rl_cache *c = caching_open("figures");
  uint32_t user = rl_cache_label(c, RL_STR("User")), post = rl_cache_label(c, RL_STR("Post"));
  assert_true(user != post && user == rl_cache_label(c, RL_STR("User")));
  rl_question q = caching_ask_for("k");
  q.label = post;
  rl_cache_entry *e;
  rl_flight *f;
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_COMPUTE);
  assert_true(rl_flight_land(f, RL_STR("1"), true));
  assert_int_equal(rl_cache_ask(c, &q, &e, &f, NULL), RL_CACHE_HIT);
  rl_cache_entry_release(e);
  rl_cache_figures of;
  rl_str name;
  assert_true(rl_cache_count_label(c, post, &name, &of));
  assert_true(rl_str_is(name, "Post"));
  assert_int_equal(of.hits, 1);
  assert_int_equal(of.misses, 1);
  assert_int_equal(of.entries, 1);
  assert_true(of.bytes > 0);
  assert_true(rl_cache_count_label(c, user, &name, &of));
  assert_int_equal(of.hits, 0);
  assert_false(rl_cache_count_label(c, post + user, &name, &of));
  for (int i = 0; i < 2 * RL_MOST_LABELS; i++) {
    char text[32];
    (void)snprintf(text, sizeof text, "label %d", i);
    (void)rl_cache_label(c, rl_str_of(text));
  }
  assert_int_equal(rl_cache_label(c, RL_STR("one too many")), 0);
  assert_true(rl_cache_count_label(c, RL_MOST_LABELS - 1, &name, &of));
  assert_false(rl_cache_count_label(c, RL_MOST_LABELS, &name, &of));
  assert_true(rl_cache_count_label(c, 0, &name, &of) && name.len == 0);
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ caches */

static void test_a_database_has_one_cache(void **state) {
  (void)state;
  rl_cache *a = rl_cache_of_database(RL_STR("db 1")), *b = rl_cache_of_database(RL_STR("db 1"));
  rl_cache *other = rl_cache_of_database(RL_STR("db 2"));
  assert_ptr_equal(a, b);
  assert_true(a != other);
  assert_false(rl_cache_is_active(a));
  assert_false(caching_fill(a, "k", "v", 1));
  assert_true(rl_cache_activate(a, NULL) && rl_cache_activate(b, NULL));
  rl_cache_release(a);
  assert_true(caching_fill(b, "k", "v", 1));
  rl_cache_release(b);
  a = caching_open("db 1");
  assert_false(caching_has(a, "k"));
  rl_cache_release(a);
  rl_cache_release(other);
  rl_cache *private = rl_cache_new_private(NULL);
  for (int i = 0; i < 1000; i++) assert_true(fill_number(private, i, "v", 1));
  for (int i = 0; i < 1000; i++) {
    char key[64];
    (void)snprintf(key, sizeof key, "key number %d", i);
    assert_true(caching_has(private, key));
  }
  rl_cache_clear(private);
  assert_false(caching_has(private, "key number 7"));
  rl_cache_release(private);
}

static void test_another_cache_says_nothing_of_what_it_depends_on(void **state) {
  (void)state;
  rl_cache *c = caching_open("db 1"), *private = rl_cache_new_private(NULL);
  assert_true(caching_fill(private, "k", "v", 1));
  rl_question q = caching_ask_for("k");
  rl_cache_entry *e;
  rl_flight *none, *f = caching_begin(c, "page", 1);
  assert_int_equal(rl_cache_ask(private, &q, &e, &none, NULL), RL_CACHE_HIT);
  rl_flight_note_entry(f, e);
  rl_cache_entry_release(e);
  assert_false(rl_flight_land(f, RL_STR("p"), true));
  /* what is computed within it says it itself */
  f = caching_begin(c, "page", 1);
  q = caching_ask_for("m");
  q.within = f;
  assert_int_equal(rl_cache_ask(private, &q, &e, &none, NULL), RL_CACHE_COMPUTE);
  assert_true(rl_flight_land(none, RL_STR("m"), true));
  assert_true(rl_flight_land(f, RL_STR("p"), true));
  rl_cache_release(private);
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ forks */

typedef struct busy {
  rl_cache *cache;
  _Atomic bool stop;
} busy;

static void *keep_busy(void *context) {
  busy *b = context;
  for (int i = 0; !atomic_load(&b->stop); i = (i + 1) % 500) {
    (void)fill_number(b->cache, i, "value", 5);
    rl_names names = caching_names(1 + (uint64_t)i, 0);
    if (i % 3 == 0) rl_cache_touch(b->cache, &names);
    rl_names_dispose(&names);
  }
  return NULL;
}

/* Returns 0 if the child's cache is its own, empty, and works, whatever the parent's threads were doing. */
static int child(rl_cache *_Atomic *cache, rl_flight *inherited, rl_seat *seat) {
  rl_cache *parents = *cache;
  rl_cache_entry *e;
  rl_error err = {0};
  if (caching_begin(parents, "parent", 1)) return 1;
  if (!rl_cache_own(cache)) return 2;
  rl_cache *own = *cache;
  if (own == parents || !rl_cache_is_active(own)) return 3;
  if (caching_has(own, "parent")) return 4;
  if (!caching_fill(own, "k", "v", 1) || !caching_has(own, "k")) return 5;
  if (rl_seat_look(seat, &e, &err) != RL_SEAT_AGAIN) return 6;
  rl_seat_wait(seat, rl_clock_after(60000));
  rl_seat_leave(seat);
  if (rl_flight_land(inherited, RL_STR("x"), true)) return 7;
  if (!rl_cache_own(cache) || *cache != own) return 8;
  rl_cache_release(own);
  return 0;
}

static void test_a_fork_starts_empty(void **state) {
  (void)state;
  rl_cache *_Atomic c = caching_open("fork");
  busy b = {.cache = c};
  pthread_t thread;
  assert_true(caching_fill(c, "parent", "v", 600));
  rl_flight *f = caching_begin(c, "inherited", 1), *g;
  rl_bell *bell = rl_bell_new();
  rl_seat s = {.bell = bell};
  rl_question q = caching_ask_for("inherited");
  rl_cache_entry *e;
  assert_int_equal(rl_cache_ask(c, &q, &e, &g, &s), RL_CACHE_WAIT);
  assert_int_equal(pthread_create(&thread, NULL, keep_busy, &b), 0);
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      (void)alarm(60);
      _exit(child(&c, f, &s));
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
  }
  atomic_store(&b.stop, true);
  pthread_join(thread, NULL);
  rl_seat_leave(&s);
  rl_bell_free(bell);
  rl_flight_fail(f, NULL);
  assert_true(caching_has(c, "parent"));
  rl_cache_release(c);
}

/* ------------------------------------------------------------------ activation under way */

typedef struct late {
  rl_cache *cache;
  _Atomic long database, wrong;
  _Atomic bool stop;
} late;

static void *write_always(void *context) {
  late *l = context;
  rl_names names = caching_names(1, 0);
  while (!atomic_load(&l->stop)) {
    rl_writing w;
    rl_cache_write_begins(l->cache, &w, rl_cache_is_active(l->cache) ? &names : NULL);
    long now = atomic_fetch_add(&l->database, 1) + 1;
    rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
    if (now % 5 == 0) usleep(10);
  }
  rl_names_dispose(&names);
  return NULL;
}

static void read_late(late *l) {
  long least = atomic_load(&l->database); /* another caller may have seen it */
  rl_question q = caching_ask_for("k");
  rl_cache_entry *e;
  rl_flight *f;
  rl_names names = caching_names(1, 0);
  if (rl_cache_ask(l->cache, &q, &e, &f, NULL) == RL_CACHE_HIT) {
    long value;
    memcpy(&value, rl_cache_entry_bytes(e).p, sizeof value);
    if (value < least) atomic_fetch_add(&l->wrong, 1);
    rl_cache_entry_release(e);
  } else if (f) {
    rl_flight_note(f, &names);
    long value = atomic_load(&l->database);
    (void)rl_flight_land(f, (rl_str){(char *)&value, sizeof value}, true);
  }
  rl_names_dispose(&names);
}

static void test_activated_while_others_write(void **state) {
  (void)state;
  for (int round = 0; round < 50; round++) {
    late l = {.cache = rl_cache_of_database(RL_STR("activation"))};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_always, &l), 0);
    while (atomic_load(&l.database) < 10) usleep(10);
    assert_true(rl_cache_activate(l.cache, NULL));
    for (int i = 0; i < 300; i++) read_late(&l);
    atomic_store(&l.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(l.wrong, 0);
    rl_cache_release(l.cache);
  }
}

/* ------------------------------------------------------------------ memory */

static rl_flight *begin_within(rl_cache *c, const char *key, rl_flight *within) {
  rl_question q = caching_ask_for(key);
  rl_cache_entry *e;
  rl_flight *f;
  q.within = within;
  (void)rl_cache_ask(c, &q, &e, &f, NULL);
  rl_cache_entry_release(e);
  return f;
}

/* Whatever fails, an answer is right or is computed again, and nothing leaks. */
static bool use_everything(void *argument) {
  (void)argument;
  rl_cache *c = rl_cache_of_database(RL_STR("memory"));
  if (!c) return false;
  bool done = rl_cache_activate(c, &(rl_cache_limits){.max_bytes = 100000});
  rl_names names = caching_names(3, 4);
  uint32_t label = rl_cache_label(c, RL_STR("Label"));
  rl_writing w;
  rl_cache_write_begins(c, &w, &names);
  if (caching_has(c, "key")) abort();
  rl_cache_write_ends(&w, RL_WRITE_DONE, NULL);
  rl_flight *f = begin_within(c, "outer", NULL), *g = f ? begin_within(c, "inner", f) : NULL;
  if (f) rl_flight_note(f, &names);
  if (g) {
    for (uint64_t i = 1; i < 30; i++) {
      rl_names more = caching_names(i, 0);
      rl_flight_note(g, &more);
      rl_names_dispose(&more);
    }
    rl_flight_narrow(g, &names);
    done = rl_flight_land(g, RL_STR("i"), true) && done;
  }
  rl_seat s = {0};
  rl_error err = {0}, got = {0};
  rl_question q = caching_ask_for("outer");
  rl_cache_entry *e;
  rl_flight *none;
  bool waits = f && rl_cache_ask(c, &q, &e, &none, &s) == RL_CACHE_WAIT;
  rl_fail(&err, RL_P2025, "no row");
  rl_error_detail(&err, "model", RL_STR("User"));
  if (f) rl_flight_fail(f, &err);
  if (waits) {
    rl_seat_state state = rl_seat_look(&s, &e, &got);
    if (state != RL_SEAT_FAILED && state != RL_SEAT_AGAIN) abort();
    rl_seat_leave(&s);
  }
  done = done && f && g && label && waits && got.code == RL_P2025 && rl_error_get(&got, "model").len == 4;
  rl_cache_touch(c, &names);
  if (caching_has(c, "inner")) abort();
  rl_error_clear(&err);
  rl_error_clear(&got);
  rl_names_dispose(&names);
  rl_cache *private = rl_cache_new_private(NULL);
  done = done && private;
  rl_cache_release(private);
  rl_cache_release(c);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(use_everything, NULL, true) > 15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_old_answer_is_given_while_one_renews_it),
      cmocka_unit_test(test_a_flood_stays_within_its_bounds),
      cmocka_unit_test(test_the_least_recently_used_goes_first),
      cmocka_unit_test(test_long_keys_are_compared_whole),
      cmocka_unit_test(test_clearing),
      cmocka_unit_test(test_figures_by_label),
      cmocka_unit_test(test_a_database_has_one_cache),
      cmocka_unit_test(test_another_cache_says_nothing_of_what_it_depends_on),
      cmocka_unit_test(test_a_fork_starts_empty),
      cmocka_unit_test(test_activated_while_others_write),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
