/* Flights: who computes what, and what it depends on. One lock for the flights of all caches, because callers may wait
 * in one cache for what is computed within another. A hit does not take it. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/process.h"
#include "cache/inside.h"

enum { TABLE = 4096, MOST_STAMPS = 4096, FIRST_STAMPS = 8 };

static rl_fork_lock flights_lock;
static pthread_once_t flights_once = PTHREAD_ONCE_INIT;
static rl_flight *table[TABLE]; /* under way, by hash; of all caches */
static long table_pid;
static _Atomic uint64_t last_number; /* changes under the lock */

static void flights_init(void) {
  rl_fork_lock_init(&flights_lock);
}

void rl_flights_lock(void) {
  pthread_once(&flights_once, flights_init);
  rl_fork_lock_take(&flights_lock);
  long pid = rl_process_id();
  if (table_pid == pid) return;
  if (table_pid) {
    memset(table, 0, sizeof table);
    rl_standing_forget();
  }
  table_pid = pid;
}

void rl_flights_unlock(void) {
  rl_fork_lock_give(&flights_lock);
}

pthread_mutex_t *rl_flights_mutex(void) {
  return &flights_lock.mutex;
}

bool rl_flight_is_own(const rl_flight *f) {
  return f->pid == rl_process_id();
}

/* The address of a variable of the thread: no other living thread has the same. */
uint64_t rl_this_thread(void) {
  static _Thread_local char mark;
  return (uint64_t)(uintptr_t)&mark;
}

/* ------------------------------------------------------------------ life */

static rl_flight *flight_new(rl_cache *c, const rl_question *q, uint64_t hash) {
  rl_flight *f = rl_calloc(1, sizeof *f + q->key.len);
  if (!f) return NULL;
  atomic_init(&f->references, 1);
  f->cache = rl_cache_retain(c);
  f->pid = rl_process_id();
  f->hash = hash;
  f->thread = rl_this_thread();
  f->label = q->label;
  f->by_ttl_only = q->by_ttl_only;
  f->key_len = q->key.len;
  memcpy(f->key, q->key.p, q->key.len);
  f->within = rl_flight_of_question(q);
  return f;
}

/* Relaxed: who retains has a reference already. */
rl_flight *rl_flight_retain(rl_flight *f) {
  atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
  return f;
}

rl_flight *rl_flight_of_question(const rl_question *q) {
  return q->within && rl_flight_is_own(q->within) ? rl_flight_retain(q->within) : NULL;
}

/* Acquire and release: what all others did with it comes before it is freed. */
void rl_flight_release(rl_flight *f) {
  while (f && atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) == 1) {
    rl_flight *within = f->within;
    rl_cache_entry_release(f->entry);
    rl_error_clear(&f->error);
    rl_free(f->stamps);
    rl_cache_release(f->cache);
    rl_free(f);
    f = within;
  }
}

static rl_flight **table_find(const rl_cache *c, rl_str key, uint64_t hash) {
  rl_flight **at = &table[hash % TABLE];
  for (; *at; at = &(*at)->next) {
    const rl_flight *f = *at;
    if (f->hash == hash && f->cache == c && rl_str_eq((rl_str){f->key, f->key_len}, key)) return at;
  }
  return NULL;
}

void rl_flight_hide(rl_flight *f) {
  if (!f->listed) return;
  rl_flight **at = &table[f->hash % TABLE];
  while (*at != f) at = &(*at)->next;
  *at = f->next;
  f->listed = false;
}

/* Adds it to the table and to what it is within. */
static void flight_begin(rl_flight *f, int64_t now) {
  rl_flight *w = f->within;
  f->number = atomic_fetch_add(&last_number, 1) + 1;
  f->born_ms = now;
  f->spoiled = !rl_ledger_note_all(f->cache, now, &f->all);
  f->next = table[f->hash % TABLE];
  table[f->hash % TABLE] = f;
  f->listed = true;
  if (!w) return;
  f->next_child = w->children;
  if (w->children) w->children->previous_child = f;
  w->children = f;
}

static void flight_end(rl_flight *f, rl_flight_state state) {
  f->state = state;
  rl_flight_hide(f);
  rl_flight_call_seats(f, false);
  if (!f->within) return;
  *(f->previous_child ? &f->previous_child->next_child : &f->within->children) = f->next_child;
  if (f->next_child) f->next_child->previous_child = f->previous_child;
}

/* ------------------------------------------------------------------ asking */

/* Returns whether everything that it has noted still holds: then its answer is right for who comes now. */
static bool flight_may_be_joined(const rl_flight *f) {
  return !f->spoiled && rl_ledger_holds(f->cache, f->all, f->stamps, f->stamp_count);
}

/* Joins the flight or begins a new one, under the lock. `spare` is what a new one is made of; NULL: MAKE is answered,
 * if it is needed. */
enum { MAKE = -1 };

static int ask_flights(rl_cache *c, const rl_question *q, uint64_t hash, rl_cache_entry **entry, rl_flight *spare,
                       rl_seat *seat) {
  int64_t now = rl_clock_ms();
  rl_found found = rl_store_find(c, q, hash, now, entry); /* it may have landed meanwhile */
  if (found == RL_FOUND_FRESH) return RL_CACHE_HIT;
  rl_flight **at = table_find(c, q->key, hash), *f = at ? *at : NULL;
  if (found == RL_FOUND_OLD && f) return RL_CACHE_STALE_HIT;
  rl_cache_entry_release(*entry); /* the caller renews it */
  *entry = NULL;
  if (f && flight_may_be_joined(f)) {
    if (!seat || rl_wait_is_circle(f, q)) return RL_CACHE_ALONE;
    rl_seat_join(seat, f, q);
    return RL_CACHE_WAIT;
  }
  /* Its own computation reads what has been written meanwhile: another flight would wait for it in vain. */
  if (f && rl_flight_is_part(q->within, f)) return RL_CACHE_ALONE;
  if (!spare) return MAKE;
  if (f) rl_flight_hide(f);
  flight_begin(spare, now);
  return RL_CACHE_COMPUTE;
}

static rl_cache_answer ask_slowly(rl_cache *c, const rl_question *q, uint64_t hash, rl_cache_entry **entry,
                                  rl_flight **flight, rl_seat *seat) {
  rl_flights_lock();
  int answer = ask_flights(c, q, hash, entry, NULL, seat);
  rl_flights_unlock();
  if (answer != MAKE) return (rl_cache_answer)answer;
  rl_flight *spare = flight_new(c, q, hash);
  if (!spare) return RL_CACHE_ALONE;
  rl_flights_lock();
  answer = ask_flights(c, q, hash, entry, spare, seat);
  rl_flights_unlock();
  if (answer == RL_CACHE_COMPUTE)
    *flight = spare;
  else
    rl_flight_release(spare);
  return (rl_cache_answer)answer;
}

rl_cache_answer rl_cache_ask(rl_cache *c, const rl_question *q, rl_cache_entry **entry, rl_flight **flight,
                             rl_seat *seat) {
  static const int counted[] = {[RL_CACHE_HIT] = RL_COUNT_HITS,
                                [RL_CACHE_STALE_HIT] = RL_COUNT_STALE_HITS,
                                [RL_CACHE_COMPUTE] = RL_COUNT_MISSES,
                                [RL_CACHE_ALONE] = RL_COUNT_MISSES,
                                [RL_CACHE_WAIT] = RL_COUNT_WAITS};
  *entry = NULL;
  *flight = NULL;
  if (!rl_cache_is_active(c) || c->pid != rl_process_id()) return RL_CACHE_ALONE;
  uint64_t hash = rl_hash(q->key.p, q->key.len, c->serial);
  rl_cache_answer answer = RL_CACHE_HIT;
  if (rl_store_find(c, q, hash, rl_clock_ms(), entry) != RL_FOUND_FRESH) {
    rl_cache_entry_release(*entry);
    *entry = NULL;
    answer = ask_slowly(c, q, hash, entry, flight, seat);
  }
  rl_count(c, q->label, counted[answer], 1);
  return answer;
}

/* ------------------------------------------------------------------ what it depends on */

static bool stamps_make_room(rl_flight *f) {
  if (f->stamp_count < f->stamp_cap) return true;
  if (f->stamp_count >= MOST_STAMPS) return false;
  size_t cap = f->stamp_cap ? f->stamp_cap * 2 : FIRST_STAMPS;
  rl_stamp *stamps = rl_realloc(f->stamps, cap * sizeof *stamps);
  if (!stamps) return false;
  f->stamps = stamps;
  f->stamp_cap = cap;
  return true;
}

/* A second stamp of one place that differs from the first says that it was written in between. */
static bool flight_add_stamp(rl_flight *f, rl_stamp stamp) {
  const uint64_t place = RL_WORD_WRITES; /* its bits in a stamp */
  size_t at = rl_sorted_place(f->stamps, f->stamp_count, place, stamp);
  if (at < f->stamp_count && (f->stamps[at] & place) == (stamp & place)) return f->stamps[at] == stamp;
  if (!stamps_make_room(f)) return false;
  memmove(&f->stamps[at + 1], &f->stamps[at], (f->stamp_count - at) * sizeof *f->stamps);
  f->stamps[at] = stamp;
  f->stamp_count++;
  return true;
}

static void flight_add_stamps(rl_flight *f, rl_word all, const rl_stamp *stamps, size_t count) {
  if (all != f->all) f->spoiled = true;
  for (size_t i = 0; i < count && !f->spoiled; i++) f->spoiled = !flight_add_stamp(f, stamps[i]);
}

/* A transaction sees the state of its beginning. What was committed since is missing in what it reads from now on, also
 * for those who have joined since. */
static void flight_check_snapshot(rl_flight *f) {
  if (!f->has_snapshot || rl_cache_is_still(f->cache, &f->snapshot)) return;
  f->spoiled = true;
  rl_flight_call_seats(f, true);
}

static void flight_note_names(rl_flight *f, const rl_names *names, int64_t now) {
  rl_word all;
  if (names->everything || !rl_ledger_note_all(f->cache, now, &all) || all != f->all) f->spoiled = true;
  for (size_t i = 0; i < names->count && !f->spoiled; i++) {
    rl_stamp stamp;
    f->spoiled = !rl_ledger_note(f->cache, names->items[i], now, &stamp) || !flight_add_stamp(f, stamp);
  }
}

void rl_flight_note(rl_flight *f, const rl_names *names) {
  if (!rl_flight_is_own(f)) return;
  int64_t now = rl_clock_ms();
  rl_flights_lock();
  flight_note_names(f, names, now);
  flight_check_snapshot(f); /* after the stamps: what is committed from now on changes them */
  rl_flights_unlock();
}

static void flight_is_as_old_as(rl_flight *f, int64_t born_ms) {
  if (born_ms < f->born_ms) f->born_ms = born_ms;
}

void rl_flight_note_age(rl_flight *f, const rl_cache_entry *e) {
  if (!rl_flight_is_own(f)) return;
  rl_flights_lock();
  flight_is_as_old_as(f, e->birth_ms);
  rl_flights_unlock();
}

void rl_flight_note_entry(rl_flight *f, const rl_cache_entry *e) {
  if (!rl_flight_is_own(f)) return;
  rl_flights_lock();
  flight_is_as_old_as(f, e->birth_ms);
  if (e->spoiled || e->serial != f->cache->serial)
    f->spoiled = true;
  else
    flight_add_stamps(f, e->all, e->stamps, e->stamp_count);
  rl_flights_unlock();
}

void rl_flight_note_snapshot(rl_flight *f, const rl_snapshot *s) {
  if (!rl_flight_is_own(f)) return;
  rl_flights_lock();
  if (!f->has_snapshot) f->snapshot = *s;
  f->has_snapshot = true;
  f->snapshot.usable = f->snapshot.usable && s->usable;
  flight_check_snapshot(f);
  rl_flights_unlock();
}

void rl_flight_narrow(rl_flight *f, const rl_names *names) {
  if (!rl_flight_is_own(f)) return;
  int64_t now = rl_clock_ms();
  rl_flights_lock();
  rl_stamp *before = f->stamps;
  size_t count = f->stamp_count;
  f->stamps = NULL;
  f->stamp_count = f->stamp_cap = 0;
  flight_note_names(f, names, now);
  flight_check_snapshot(f);
  if (!rl_ledger_holds(f->cache, f->all, before, count)) f->spoiled = true;
  rl_flights_unlock();
  rl_free(before);
}

void rl_flight_spoil(rl_flight *f) {
  if (!rl_flight_is_own(f)) return;
  rl_flights_lock();
  f->spoiled = true;
  rl_flights_unlock();
}

/* ------------------------------------------------------------------ its end */

/* What a computation depends on, those that it is part of depend on, too, unless they say otherwise. A private cache
 * has other stamps, but what is read within it is noted by the others as well. */
static void flight_pass_on(const rl_flight *f, bool failed) {
  rl_flight *w = f->within;
  if (!w || w->state != RL_FLIGHT_UNDER_WAY) return;
  flight_is_as_old_as(w, f->born_ms);
  if (failed)
    w->spoiled = true; /* it may go on without the value */
  else if (w->by_ttl_only)
    return;
  else if (f->spoiled && !f->cache->is_private)
    w->spoiled = true;
  else if (f->cache == w->cache)
    flight_add_stamps(w, f->all, f->stamps, f->stamp_count);
  else if (!f->cache->is_private)
    w->spoiled = true;
}

static rl_cache_entry *flight_make_entry(const rl_flight *f, rl_str bytes) {
  rl_cache_entry *e = rl_entry_new((rl_str){f->key, f->key_len}, bytes, f->stamps, f->stamp_count);
  if (!e) return NULL;
  e->hash = f->hash;
  e->label = f->label;
  e->serial = f->cache->serial;
  e->birth_ms = f->born_ms;
  e->all = f->all;
  e->spoiled = f->spoiled;
  return e;
}

static bool flight_keep(rl_flight *f, rl_cache_entry *e, rl_cache_entry **dropped) {
  return !f->spoiled && rl_ledger_holds(f->cache, f->all, f->stamps, f->stamp_count) &&
         rl_store_put(f->cache, e, dropped);
}

/* outside: another store may have kept it. NULL: this one keeps it if it can. */
static bool flight_land(rl_flight *f, rl_str bytes, bool keep, const rl_given *outside) {
  if (!rl_flight_is_own(f)) {
    rl_flight_release(f);
    return false;
  }
  rl_cache_entry *dropped = NULL;
  bool fits = rl_store_takes(f->cache, f->key_len + bytes.len);
  rl_flights_lock();
  keep = keep && !f->spoiled && fits;
  bool wanted = (keep || f->first) && bytes.p;
  rl_flights_unlock();
  /* The bytes are copied outside of the lock. Only the owner changes the stamps. */
  rl_cache_entry *e = wanted ? flight_make_entry(f, bytes) : NULL;
  rl_flights_lock();
  bool kept = e && keep && flight_keep(f, e, &dropped);
  f->entry = e;
  flight_pass_on(f, false);
  flight_end(f, e ? RL_FLIGHT_LANDED : RL_FLIGHT_GIVEN_UP);
  rl_flights_unlock();
  rl_entries_free(dropped);
  bool counts_as_kept = outside ? *outside == RL_GIVEN_KEPT : kept;
  if (!outside || *outside != RL_GIVEN)
    rl_count(f->cache, f->label, counts_as_kept ? RL_COUNT_KEPT : RL_COUNT_REFUSED, 1);
  rl_flight_release(f);
  return kept;
}

bool rl_flight_land(rl_flight *f, rl_str bytes, bool keep) {
  static const rl_str nothing = {"", 0};
  return flight_land(f, bytes.p ? bytes : nothing, keep, NULL);
}

void rl_flight_give(rl_flight *f, rl_str bytes, rl_given as) {
  (void)flight_land(f, bytes, false, &as);
}

uint64_t rl_flights_last(void) {
  return atomic_load(&last_number);
}

bool rl_flight_holds(rl_flight *f) {
  if (!rl_flight_is_own(f)) return false;
  rl_flights_lock();
  bool holds = flight_may_be_joined(f);
  rl_flights_unlock();
  return holds;
}

void rl_flight_fail(rl_flight *f, const rl_error *err) {
  if (!rl_flight_is_own(f)) {
    rl_flight_release(f);
    return;
  }
  bool copied = err && rl_error_copy(&f->error, err);
  rl_flights_lock();
  flight_pass_on(f, true);
  flight_end(f, copied ? RL_FLIGHT_FAILED : RL_FLIGHT_GIVEN_UP);
  rl_flights_unlock();
  rl_flight_release(f);
}
