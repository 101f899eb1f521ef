/* The table of kept statements: hash chains to find them, an array to pick one that leaves. */
#include "driver/stmt_cache.h"

#include "base/alloc.h"

enum { FIRST_BUCKETS = 64, LARGEST_PART = 8 };

struct rl_stmt_entry {
  uint64_t id;
  void *value;
  size_t bytes, index;  /* index: in the array */
  uint64_t used;        /* the cache's clock at its last use */
  rl_stmt_entry *chain; /* same bucket */
};

void rl_stmt_cache_init(rl_stmt_cache *c, size_t limit, size_t most_bytes) {
  *c = (rl_stmt_cache){.limit = limit, .most_bytes = most_bytes, .random = 2463534242u};
}

void rl_stmt_cache_dispose(rl_stmt_cache *c) {
  while (c->count) rl_stmt_cache_pop(c);
  rl_free(c->buckets);
  rl_free(c->entries);
  rl_stmt_cache_init(c, c->limit, c->most_bytes);
}

/* Ids are assigned in order, so their low bits spread evenly. */
static size_t bucket_of(const rl_stmt_cache *c, uint64_t id) {
  return (size_t)id & (c->bucket_count - 1);
}

void *rl_stmt_cache_get(rl_stmt_cache *c, uint64_t id) {
  if (c->count == 0) return NULL;
  rl_stmt_entry *e = c->buckets[bucket_of(c, id)];
  while (e && e->id != id) e = e->chain;
  if (!e) return NULL;
  e->used = ++c->clock;
  return e->value;
}

void *rl_stmt_cache_remove(rl_stmt_cache *c, uint64_t id) {
  if (c->count == 0) return NULL;
  rl_stmt_entry **at = &c->buckets[bucket_of(c, id)];
  while (*at && (*at)->id != id) at = &(*at)->chain;
  rl_stmt_entry *e = *at;
  if (!e) return NULL;
  *at = e->chain;
  rl_stmt_entry *last = c->entries[--c->count];
  c->entries[e->index] = last;
  last->index = e->index;
  c->bytes -= e->bytes;
  void *value = e->value;
  rl_free(e);
  return value;
}

void *rl_stmt_cache_pop(rl_stmt_cache *c) {
  return c->count ? rl_stmt_cache_remove(c, c->entries[c->count - 1]->id) : NULL;
}

bool rl_stmt_cache_takes(const rl_stmt_cache *c, size_t bytes) {
  return c->limit > 0 && bytes <= c->most_bytes / LARGEST_PART;
}

/* Marsaglia's xorshift: good enough for this, without a system call. */
static size_t cache_pick_index(rl_stmt_cache *c) {
  c->random ^= c->random << 13;
  c->random ^= c->random >> 17;
  c->random ^= c->random << 5;
  return c->random % c->count;
}

void *rl_stmt_cache_evict(rl_stmt_cache *c, size_t bytes) {
  if (c->count == 0 || (c->count < c->limit && c->bytes + bytes <= c->most_bytes)) return NULL;
  const rl_stmt_entry *a = c->entries[cache_pick_index(c)], *b = c->entries[cache_pick_index(c)];
  return rl_stmt_cache_remove(c, a->used < b->used ? a->id : b->id);
}

/* Keeps chains short: the array has room for two entries per bucket. If the table cannot grow, no more is kept. */
static bool cache_reserve(rl_stmt_cache *c) {
  if (c->buckets && c->count < c->bucket_count * 2) return true;
  size_t count = c->buckets ? c->bucket_count * 4 : FIRST_BUCKETS;
  rl_stmt_entry **buckets = rl_calloc(count, sizeof *buckets);
  rl_stmt_entry **entries = buckets ? rl_realloc(c->entries, count * 2 * sizeof *entries) : NULL;
  if (!entries) {
    rl_free(buckets);
    return false;
  }
  rl_free(c->buckets);
  c->buckets = buckets;
  c->entries = entries;
  c->bucket_count = count;
  for (size_t i = 0; i < c->count; i++) {
    rl_stmt_entry **head = &buckets[bucket_of(c, entries[i]->id)];
    entries[i]->chain = *head;
    *head = entries[i];
  }
  return true;
}

bool rl_stmt_cache_put(rl_stmt_cache *c, uint64_t id, void *value, size_t bytes) {
  if (!cache_reserve(c)) return false;
  rl_stmt_entry *e = rl_alloc(sizeof *e);
  if (!e) return false;
  rl_stmt_entry **head = &c->buckets[bucket_of(c, id)];
  *e = (rl_stmt_entry){.id = id, .value = value, .bytes = bytes, .index = c->count, .used = ++c->clock, .chain = *head};
  *head = e;
  c->entries[c->count++] = e;
  c->bytes += bytes;
  return true;
}
