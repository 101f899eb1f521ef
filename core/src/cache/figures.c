/* Figures, by label. */
#include "base/alloc.h"
#include "cache/inside.h"

/* Acquire: who sees the labels, or their number, sees what is in them. */
static rl_labels *labels_of(const rl_cache *c) {
  return atomic_load_explicit(&c->labels, memory_order_acquire);
}
static uint32_t labels_count(const rl_labels *l) {
  return l ? atomic_load_explicit(&l->count, memory_order_acquire) : 0;
}

/* Relaxed: count was loaded with acquire, and items below it never change. */
static const rl_label *label_at(const rl_cache *c, uint32_t number) {
  const rl_labels *l = labels_of(c);
  if (number == 0 || number > labels_count(l)) return &c->unnamed;
  return atomic_load_explicit(&l->items[number], memory_order_relaxed);
}

/* Relaxed: figures order nothing. */
void rl_count(rl_cache *c, uint32_t label, int what, int64_t more) {
  rl_label *l = (rl_label *)label_at(c, label);
  atomic_fetch_add_explicit(&l->counts[what], more, memory_order_relaxed);
}

/* Under the lock of the store. */
static rl_labels *labels_make(rl_cache *c) {
  rl_labels *l = labels_of(c);
  if (l) return l;
  l = rl_calloc(1, sizeof *l);
  if (!l) return NULL;
  rl_map_init(&l->by_name);
  atomic_store_explicit(&c->labels, l, memory_order_release); /* labels_of */
  return l;
}

/* Under the lock of the store. Returns 0 if there are too many, or memory is short. */
static uint32_t label_add(rl_labels *l, rl_str name) {
  uint32_t number = labels_count(l) + 1;
  if (number >= RL_MOST_LABELS) return 0;
  rl_label *item = rl_calloc(1, sizeof *item + name.len);
  if (!item) return 0;
  char *text = (char *)(item + 1);
  memcpy(text, name.p, name.len);
  item->name = (rl_str){text, name.len};
  item->number = number;
  if (!rl_map_put(&l->by_name, item->name, item)) {
    rl_free(item);
    return 0;
  }
  atomic_store_explicit(&l->items[number], item, memory_order_relaxed); /* published by the next store */
  atomic_store_explicit(&l->count, number, memory_order_release);       /* labels_count */
  return number;
}

uint32_t rl_cache_label(rl_cache *c, rl_str name) {
  if (name.len == 0) return 0;
  pthread_mutex_lock(&c->store.lock);
  rl_labels *l = labels_make(c);
  const rl_label *known = l ? rl_map_get(&l->by_name, name) : NULL;
  uint32_t number = known ? known->number : l ? label_add(l, name) : 0;
  pthread_mutex_unlock(&c->store.lock);
  return number;
}

void rl_labels_dispose(rl_cache *c) {
  rl_labels *l = labels_of(c);
  if (!l) return;
  for (uint32_t i = 1; i <= labels_count(l); i++) rl_free(l->items[i]);
  rl_map_dispose(&l->by_name);
  rl_free(l);
}

static void add_counts(const rl_label *l, rl_cache_figures *out) {
  int64_t n[RL_COUNTS];
  for (int i = 0; i < RL_COUNTS; i++) n[i] = atomic_load_explicit(&l->counts[i], memory_order_relaxed); /* as above */
  out->hits += n[RL_COUNT_HITS];
  out->misses += n[RL_COUNT_MISSES];
  out->stale_hits += n[RL_COUNT_STALE_HITS];
  out->waits += n[RL_COUNT_WAITS];
  out->kept += n[RL_COUNT_KEPT];
  out->refused += n[RL_COUNT_REFUSED];
  out->entries += n[RL_COUNT_ENTRIES];
  out->bytes += n[RL_COUNT_BYTES];
  out->evictions += n[RL_COUNT_EVICTIONS];
}

void rl_cache_count(const rl_cache *c, rl_cache_figures *out) {
  pthread_mutex_t *lock = (pthread_mutex_t *)&c->store.lock;
  pthread_mutex_lock(lock);
  *out = (rl_cache_figures){.bytes = c->store.fixed_bytes};
  pthread_mutex_unlock(lock);
  uint32_t count = labels_count(labels_of(c));
  for (uint32_t i = 0; i <= count; i++) add_counts(label_at(c, i), out);
}

bool rl_cache_count_label(const rl_cache *c, uint32_t label, rl_str *name, rl_cache_figures *out) {
  if (label > labels_count(labels_of(c))) return false;
  const rl_label *l = label_at(c, label);
  *name = label == 0 ? RL_STR("") : l->name;
  *out = (rl_cache_figures){0};
  add_counts(l, out);
  return true;
}
