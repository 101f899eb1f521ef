/* The entries of a cache: a hash map and the order of their last use, bounded in bytes. All under the store's lock. */
#include <limits.h>

#include "base/alloc.h"
#include "cache/inside.h"

#define USUAL_BYTES ((int64_t)64 << 20)
#define USUAL_ENTRY ((int64_t)1 << 20)
/* An entry of usual size, for the number of buckets. */
#define USUAL_COST 512
enum { FEWEST_BUCKETS = 64, MOST_BUCKETS = 1 << 24 };
/* What the allocator adds to each block; to large ones it adds up to a page. Blocks of many sizes that come and go
 * leave gaps: 4 percent were measured, an eighth is counted. */
enum { BLOCK_HEAD = 16, LARGE_BLOCK = 128 << 10, PAGE = 4096, GAPS = 8 };

/* ------------------------------------------------------------------ entries */

static int64_t cost_of(size_t size) {
  size_t cost = (size + BLOCK_HEAD + 15) / 16 * 16;
  return (int64_t)(cost + cost / GAPS + (size >= LARGE_BLOCK ? PAGE : 0));
}

rl_cache_entry *rl_entry_new(rl_str key, rl_str bytes, const rl_stamp *stamps, size_t stamp_count) {
  size_t head = sizeof(rl_cache_entry) + stamp_count * sizeof *stamps;
  if (key.len > SIZE_MAX / 4 || bytes.len > SIZE_MAX / 4) return NULL;
  size_t size = head + key.len + bytes.len;
  rl_cache_entry *e = rl_alloc(size);
  if (!e) return NULL;
  *e = (rl_cache_entry){.cost = cost_of(size), .stamp_count = stamp_count, .key_len = key.len, .len = bytes.len};
  atomic_init(&e->references, 1);
  if (stamp_count) memcpy(e->stamps, stamps, stamp_count * sizeof *stamps);
  char *text = (char *)e + head;
  if (key.len) memcpy(text, key.p, key.len);
  if (bytes.len) memcpy(text + key.len, bytes.p, bytes.len);
  e->bytes = text;
  return e;
}

rl_str rl_cache_entry_bytes(const rl_cache_entry *e) {
  return (rl_str){e->bytes + e->key_len, e->len};
}

/* Relaxed: who retains has a reference already, or the lock of the store. */
rl_cache_entry *rl_cache_entry_retain(rl_cache_entry *e) {
  atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
  return e;
}

/* Acquire and release: what all others read comes before it is freed. */
void rl_cache_entry_release(rl_cache_entry *e) {
  if (e && atomic_fetch_sub_explicit(&e->references, 1, memory_order_acq_rel) == 1) rl_free(e);
}

void rl_entries_free(rl_cache_entry *dropped) {
  while (dropped) {
    rl_cache_entry *next = dropped->next;
    rl_cache_entry_release(dropped);
    dropped = next;
  }
}

/* ------------------------------------------------------------------ map and order */

static rl_cache_entry **bucket_of(const rl_store *s, uint64_t hash) {
  return &s->buckets[hash & (s->bucket_count - 1)];
}

static void order_add(rl_store *s, rl_cache_entry *e) {
  e->newer = NULL;
  e->older = s->newest;
  *(s->newest ? &s->newest->newer : &s->oldest) = e;
  s->newest = e;
}

static void order_remove(rl_store *s, rl_cache_entry *e) {
  *(e->newer ? &e->newer->older : &s->newest) = e->older;
  *(e->older ? &e->older->newer : &s->oldest) = e->newer;
}

static void count_entry(rl_cache *c, const rl_cache_entry *e, int sign) {
  rl_count(c, e->label, RL_COUNT_BYTES, sign * e->cost);
  rl_count(c, e->label, RL_COUNT_ENTRIES, sign);
}

static void store_account(rl_cache *c, const rl_cache_entry *e, int sign) {
  c->store.bytes += sign * e->cost;
  c->store.entries += (size_t)(int64_t)sign;
  count_entry(c, e, sign);
}

/* Takes *at out of its bucket, and puts it in front of the list `dropped`. */
static void store_remove(rl_cache *c, rl_cache_entry **at, rl_cache_entry **dropped) {
  rl_cache_entry *e = *at;
  *at = e->next;
  order_remove(&c->store, e);
  store_account(c, e, -1);
  e->next = *dropped;
  *dropped = e;
}

static rl_cache_entry **store_look_up(const rl_store *s, rl_str key, uint64_t hash) {
  rl_cache_entry **at = bucket_of(s, hash);
  for (; *at; at = &(*at)->next) {
    const rl_cache_entry *e = *at;
    if (e->hash == hash && e->key_len == key.len && memcmp(e->bytes, key.p, key.len) == 0) return at;
  }
  return NULL;
}

static rl_found age_of(const rl_cache_entry *e, const rl_question *q, int64_t now) {
  int64_t age = now - e->birth_ms;
  if (age < q->ttl_ms) return RL_FOUND_FRESH;
  return age - q->ttl_ms < q->stale_ms ? RL_FOUND_OLD : RL_FOUND_NONE;
}

rl_found rl_store_find(rl_cache *c, const rl_question *q, uint64_t hash, int64_t now, rl_cache_entry **out) {
  rl_store *s = &c->store;
  rl_cache_entry *dropped = NULL;
  rl_found found = RL_FOUND_NONE;
  pthread_mutex_lock(&s->lock);
  rl_cache_entry **at = s->bucket_count ? store_look_up(s, q->key, hash) : NULL;
  rl_cache_entry *e = at ? *at : NULL;
  if (e && !rl_ledger_holds(c, e->all, e->stamps, e->stamp_count)) {
    if (rl_ledger_is_over(c, e->all, e->stamps, e->stamp_count)) store_remove(c, at, &dropped);
  } else if (e) {
    found = age_of(e, q, now);
    if (found != RL_FOUND_NONE) *out = rl_cache_entry_retain(e);
    if (e != s->newest) {
      order_remove(s, e);
      order_add(s, e);
    }
  }
  pthread_mutex_unlock(&s->lock);
  rl_entries_free(dropped);
  return found;
}

/* ------------------------------------------------------------------ bounds */

static void store_evict(rl_cache *c, int64_t budget, rl_cache_entry **dropped) {
  rl_store *s = &c->store;
  while (s->oldest && s->bytes > budget) {
    rl_cache_entry *e = s->oldest, **at = bucket_of(s, e->hash);
    while (*at != e) at = &(*at)->next;
    rl_count(c, e->label, RL_COUNT_EVICTIONS, 1);
    store_remove(c, at, dropped);
  }
}

/* At least half is for entries, however small max_bytes is. */
static int64_t store_budget(const rl_store *s) {
  int64_t left = s->max_bytes - s->fixed_bytes;
  return left > s->max_bytes / 2 ? left : s->max_bytes / 2;
}

static void store_use_buckets(rl_store *s, rl_cache_entry **buckets, size_t count) {
  s->fixed_bytes += (int64_t)((count - s->bucket_count) * sizeof *buckets);
  s->buckets = buckets;
  s->bucket_count = count;
  for (rl_cache_entry *e = s->newest; e; e = e->older) {
    rl_cache_entry **at = bucket_of(s, e->hash);
    e->next = *at;
    *at = e;
  }
}

/* Only a private store starts with fewer buckets than it may need. */
static void store_grow(rl_cache *c) {
  rl_store *s = &c->store;
  if (!c->is_private || s->entries < s->bucket_count * 2 || s->bucket_count >= MOST_BUCKETS) return;
  rl_cache_entry **more = rl_calloc(s->bucket_count * 2, sizeof *more), **old = s->buckets;
  if (!more) return;
  store_use_buckets(s, more, s->bucket_count * 2);
  rl_free(old);
}

bool rl_store_takes(rl_cache *c, size_t size) {
  pthread_mutex_lock(&c->store.lock);
  bool takes = size <= (size_t)c->store.max_entry;
  pthread_mutex_unlock(&c->store.lock);
  return takes;
}

bool rl_store_put(rl_cache *c, rl_cache_entry *e, rl_cache_entry **dropped) {
  rl_store *s = &c->store;
  pthread_mutex_lock(&s->lock);
  int64_t budget = store_budget(s);
  bool fits = s->bucket_count && e->cost <= budget && (int64_t)(e->key_len + e->len) <= s->max_entry;
  rl_cache_entry **at = s->bucket_count ? store_look_up(s, (rl_str){e->bytes, e->key_len}, e->hash) : NULL;
  if (at) store_remove(c, at, dropped);
  if (fits) {
    store_evict(c, budget - e->cost, dropped);
    store_grow(c);
    rl_cache_entry **bucket = bucket_of(s, e->hash);
    e->next = *bucket;
    *bucket = rl_cache_entry_retain(e);
    order_add(s, e);
    store_account(c, e, 1);
  }
  pthread_mutex_unlock(&s->lock);
  return fits;
}

/* ------------------------------------------------------------------ life */

static size_t buckets_for(const rl_cache *c, int64_t max_bytes) {
  size_t count = FEWEST_BUCKETS;
  if (!c->is_private)
    while (count < MOST_BUCKETS && (int64_t)count < max_bytes / USUAL_COST) count *= 2;
  return count;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

bool rl_store_activate(rl_cache *c, const rl_cache_limits *limits, uint32_t places) {
  rl_store *s = &c->store;
  pthread_mutex_lock(&s->lock);
  bool active = s->bucket_count != 0, done = true;
  int64_t max_bytes = larger(s->max_bytes, limits->max_bytes > 0 ? limits->max_bytes : USUAL_BYTES);
  int64_t max_entry = larger(s->max_entry, limits->max_entry > 0 ? limits->max_entry : USUAL_ENTRY);
  size_t count = buckets_for(c, max_bytes);
  rl_cache_entry **buckets = count > s->bucket_count ? rl_calloc(count, sizeof *buckets) : NULL, **old = s->buckets;
  rl_ledger *ledger = active ? NULL : rl_ledger_new(places);
  if (!active && (!buckets || !ledger)) {
    rl_free(buckets);
    rl_free(ledger);
    done = false;
  } else {
    s->max_bytes = max_bytes;
    s->max_entry = max_entry;
    if (buckets) {
      store_use_buckets(s, buckets, count);
      rl_free(old);
    }
    if (ledger) {
      s->fixed_bytes += (int64_t)rl_ledger_bytes(places);
      /* Sequentially consistent, as marks are: a write that does not see the ledger has marked `all`, or will before
       * its COMMIT, and every entry depends on that. */
      atomic_store_explicit(&c->ledger, ledger, memory_order_seq_cst);
    }
  }
  pthread_mutex_unlock(&s->lock);
  return done;
}

/* Under the lock only pointers are moved. `fresh`: buckets to use instead, for as many as `count`. The old ones are
 * left in *fresh. */
static rl_cache_entry *store_empty(rl_store *s, rl_cache_entry ***fresh, size_t count) {
  rl_cache_entry *all = s->newest, **old = s->buckets;
  s->newest = s->oldest = NULL;
  s->bytes = 0;
  s->entries = 0;
  if (*fresh && count == s->bucket_count) {
    s->buckets = *fresh;
    *fresh = old;
  } else if (s->bucket_count) {
    memset(s->buckets, 0, s->bucket_count * sizeof *s->buckets);
  }
  return all;
}

void rl_store_clear(rl_cache *c) {
  rl_store *s = &c->store;
  pthread_mutex_lock(&s->lock);
  size_t count = s->bucket_count;
  pthread_mutex_unlock(&s->lock);
  rl_cache_entry **buckets = count ? rl_calloc(count, sizeof *buckets) : NULL;
  pthread_mutex_lock(&s->lock);
  rl_cache_entry *all = store_empty(s, &buckets, count);
  pthread_mutex_unlock(&s->lock);
  rl_free(buckets);
  while (all) {
    rl_cache_entry *next = all->older;
    count_entry(c, all, -1);
    rl_cache_entry_release(all);
    all = next;
  }
}

/* The new stamp comes first: what lands in between is not kept. */
void rl_cache_clear(rl_cache *c) {
  rl_cache_touch_everything(c);
  rl_store_clear(c);
}
