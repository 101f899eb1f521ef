/* The table of kept statements: hash chains for finding, a list in order of use for forgetting. */
#include "driver/lru.h"

#include "base/alloc.h"

enum { FIRST_BUCKETS = 64 };

struct rl_lru_entry {
  uint64_t id;
  void *value;
  rl_lru_entry *chain;         /* same bucket */
  rl_lru_entry *newer, *older; /* order of use */
};

void rl_lru_init(rl_lru *l, size_t limit) {
  *l = (rl_lru){.limit = limit};
}

void rl_lru_dispose(rl_lru *l) {
  while (l->oldest) rl_lru_pop(l);
  rl_free(l->buckets);
  *l = (rl_lru){.limit = l->limit};
}

/* Ids are handed out in order, so that their low bits spread evenly. */
static size_t bucket_of(const rl_lru *l, uint64_t id) {
  return (size_t)id & (l->bucket_count - 1);
}

static void unlink_entry(rl_lru *l, rl_lru_entry *e) {
  if (e->newer)
    e->newer->older = e->older;
  else
    l->newest = e->older;
  if (e->older)
    e->older->newer = e->newer;
  else
    l->oldest = e->newer;
}

static void link_newest(rl_lru *l, rl_lru_entry *e) {
  e->newer = NULL;
  e->older = l->newest;
  if (l->newest)
    l->newest->newer = e;
  else
    l->oldest = e;
  l->newest = e;
}

static rl_lru_entry *find(const rl_lru *l, uint64_t id) {
  if (l->count == 0) return NULL;
  rl_lru_entry *e = l->buckets[bucket_of(l, id)];
  while (e && e->id != id) e = e->chain;
  return e;
}

void *rl_lru_get(rl_lru *l, uint64_t id) {
  rl_lru_entry *e = find(l, id);
  if (!e) return NULL;
  if (e != l->newest) {
    unlink_entry(l, e);
    link_newest(l, e);
  }
  return e->value;
}

void *rl_lru_remove(rl_lru *l, uint64_t id) {
  if (l->count == 0) return NULL;
  rl_lru_entry **at = &l->buckets[bucket_of(l, id)];
  while (*at && (*at)->id != id) at = &(*at)->chain;
  rl_lru_entry *e = *at;
  if (!e) return NULL;
  *at = e->chain;
  unlink_entry(l, e);
  l->count--;
  void *value = e->value;
  rl_free(e);
  return value;
}

void *rl_lru_pop(rl_lru *l) {
  return l->oldest ? rl_lru_remove(l, l->oldest->id) : NULL;
}

/* Chains stay short without ever failing: when memory for more buckets is missing, the old ones serve on. */
static bool make_room(rl_lru *l) {
  if (l->buckets && l->count < l->bucket_count * 2) return true;
  size_t count = l->buckets ? l->bucket_count * 4 : FIRST_BUCKETS;
  rl_lru_entry **buckets = rl_calloc(count, sizeof *buckets);
  if (!buckets) return l->buckets != NULL;
  rl_free(l->buckets);
  l->buckets = buckets;
  l->bucket_count = count;
  for (rl_lru_entry *e = l->oldest; e; e = e->newer) {
    rl_lru_entry **head = &buckets[bucket_of(l, e->id)];
    e->chain = *head;
    *head = e;
  }
  return true;
}

bool rl_lru_put(rl_lru *l, uint64_t id, void *value, void **evicted) {
  *evicted = NULL;
  if (!make_room(l)) return false;
  rl_lru_entry *e = rl_alloc(sizeof *e);
  if (!e) return false;
  if (l->count >= l->limit) *evicted = rl_lru_pop(l);
  rl_lru_entry **head = &l->buckets[bucket_of(l, id)];
  *e = (rl_lru_entry){.id = id, .value = value, .chain = *head};
  *head = e;
  link_newest(l, e);
  l->count++;
  return true;
}
