/* What was written, and what is being written. Numbers only, so writers and readers never wait for each other.
 *
 * A writer adds 1 to each word before its COMMIT is sent (a mark), and after the outcome adds RL_WORD_STAMP to what is
 * stale, then takes its marks back. All these are read-modify-write operations, sequentially consistent: they are rare,
 * and the mark must be visible to every thread before the system call that sends the COMMIT. A reader loads with
 * acquire: what it does next (to send its statement, to give the entry) stays behind the load. Between a load and the
 * rows that came before it there is always a system call or a lock, which no load passes.
 *
 * Marks may be of other words than what is stale in the end, so a reader checks all its words twice. If the first round
 * finds no mark of a write that was visible before, the write has ended by then, and its new stamps are seen in the
 * second round: they were set before the marks were taken back. */
#include "base/alloc.h"
#include "base/clock.h"
#include "cache/inside.h"

size_t rl_ledger_bytes(uint32_t places) {
  return sizeof(rl_ledger) + places * (sizeof(_Atomic rl_word) + sizeof(_Atomic int64_t));
}

rl_ledger *rl_ledger_new(uint32_t places) {
  rl_ledger *l = rl_calloc(1, rl_ledger_bytes(places));
  if (!l) return NULL;
  l->mask = places - 1;
  l->unknown_until = (_Atomic int64_t *)&l->words[places];
  return l;
}

/* Acquire: the words that were set before the ledger was published are seen. */
static rl_ledger *ledger_of(const rl_cache *c) {
  return atomic_load_explicit(&c->ledger, memory_order_acquire);
}

/* Acquire: see the head of this file. */
static rl_word load(const _Atomic rl_word *word) {
  return atomic_load_explicit(word, memory_order_acquire);
}

static uint32_t place_of(const rl_ledger *l, rl_name name) {
  return (uint32_t)name & l->mask;
}

static bool is_written(rl_word word) {
  return (word & RL_WORD_WRITES) != 0;
}

/* ------------------------------------------------------------------ reading */

static bool round_holds(const rl_cache *c, const rl_ledger *l, rl_word all, const rl_stamp *stamps, size_t count) {
  if (load(&c->all) != all) return false;
  for (size_t i = 0; i < count; i++)
    if (load(&l->words[stamps[i] & RL_WORD_WRITES]) != (stamps[i] & ~RL_WORD_WRITES)) return false;
  return true;
}

bool rl_ledger_holds(const rl_cache *c, rl_word all, const rl_stamp *stamps, size_t count) {
  const rl_ledger *l = ledger_of(c);
  return l && round_holds(c, l, all, stamps, count) && round_holds(c, l, all, stamps, count);
}

bool rl_ledger_is_over(const rl_cache *c, rl_word all, const rl_stamp *stamps, size_t count) {
  const rl_ledger *l = ledger_of(c);
  bool over = ((load(&c->all) ^ all) & ~RL_WORD_WRITES) != 0;
  for (size_t i = 0; i < count && !over; i++)
    over = ((load(&l->words[stamps[i] & RL_WORD_WRITES]) ^ stamps[i]) & ~RL_WORD_WRITES) != 0;
  return over;
}

/* Relaxed: whoever loaded the word that an unknown write has left with acquire, as all do before, sees its time too. */
static bool may_still_happen(const _Atomic int64_t *until, int64_t now) {
  return now < atomic_load_explicit(until, memory_order_relaxed);
}

bool rl_ledger_note(const rl_cache *c, rl_name name, int64_t now, rl_stamp *out) {
  const rl_ledger *l = ledger_of(c);
  if (!l) return false;
  uint32_t place = place_of(l, name);
  rl_word word = load(&l->words[place]);
  if (is_written(word) || may_still_happen(&l->unknown_until[place], now)) return false;
  *out = word | place;
  return true;
}

bool rl_ledger_note_all(const rl_cache *c, int64_t now, rl_word *out) {
  *out = load(&c->all);
  return !is_written(*out) && !may_still_happen(&c->all_unknown_until, now);
}

rl_snapshot rl_cache_snapshot(rl_cache *c) {
  rl_word all = load(&c->all), total = load(&c->total);
  bool usable = !is_written(all) && !is_written(total) && !may_still_happen(&c->any_unknown_until, rl_clock_ms());
  return (rl_snapshot){all, total, usable};
}

bool rl_cache_is_still(const rl_cache *c, const rl_snapshot *s) {
  return s->usable && load(&c->all) == s->epoch && load(&c->total) == s->stamp;
}

/* ------------------------------------------------------------------ writing */

/* Sequentially consistent: see the head of this file. */
static void add(_Atomic rl_word *word, rl_word more) {
  atomic_fetch_add_explicit(word, more, memory_order_seq_cst);
}

static void add_to_each(rl_cache *c, const rl_names *names, rl_word more) {
  rl_ledger *l = ledger_of(c);
  if (!l || !names || names->everything) {
    add(&c->all, more);
    return;
  }
  for (size_t i = 0; i < names->count; i++) add(&l->words[place_of(l, names->items[i])], more);
}

void rl_cache_write_begins(rl_cache *c, rl_writing *w, const rl_names *names) {
  *w = (rl_writing){.cache = c};
  w->counted_only = !ledger_of(c);
  if (!names)
    w->names.everything = true;
  else if (!w->counted_only)
    rl_names_add_all(&w->names, names);
  /* A cache that is activated meanwhile knows of a counted write that it may write anything. */
  add_to_each(c, w->counted_only ? NULL : &w->names, 1);
  add(&c->total, 1);
}

/* Relaxed: the stamp that is added next, sequentially consistent, publishes it. */
static void raise_time(_Atomic int64_t *until, int64_t time) {
  int64_t seen = atomic_load_explicit(until, memory_order_relaxed);
  while (seen < time &&
         !atomic_compare_exchange_weak_explicit(until, &seen, time, memory_order_relaxed, memory_order_relaxed)) {}
}

static void quarantine(rl_cache *c, const rl_names *names) {
  rl_ledger *l = ledger_of(c);
  int64_t until = rl_clock_after(RL_UNKNOWN_MS);
  if (!l || !names || names->everything)
    raise_time(&c->all_unknown_until, until);
  else
    for (size_t i = 0; i < names->count; i++) raise_time(&l->unknown_until[place_of(l, names->items[i])], until);
  raise_time(&c->any_unknown_until, until);
}

void rl_cache_write_ends(rl_writing *w, rl_write_outcome outcome, const rl_names *done) {
  rl_cache *c = w->cache;
  if (!c) return;
  rl_writing_end_shared(w, outcome, done);
  const rl_names *marked = w->counted_only ? NULL : &w->names, *stale = w->counted_only || !done ? marked : done;
  if (outcome == RL_WRITE_UNKNOWN) quarantine(c, stale);
  if (outcome != RL_WRITE_FAILED) add_to_each(c, stale, RL_WORD_STAMP);
  /* `total` is still marked until the stamps are set. */
  add(&c->total, outcome == RL_WRITE_FAILED ? (rl_word)-1 : RL_WORD_STAMP - 1);
  if (w->counted_only)
    add(&c->all, (rl_word)-1);
  else
    add_to_each(c, marked, (rl_word)-1);
  rl_names_dispose(&w->names);
  *w = (rl_writing){0};
}

void rl_cache_touch_here(rl_cache *c, const rl_names *names) {
  add_to_each(c, names, RL_WORD_STAMP);
  add(&c->total, RL_WORD_STAMP);
}

void rl_cache_touch(rl_cache *c, const rl_names *names) {
  rl_cache_touch_here(c, names);
  rl_touch_remote(c, names);
}

void rl_cache_touch_everything(rl_cache *c) {
  rl_cache_touch(c, NULL);
}
