/* The plan cache: programs by shape, limited in number and bytes. When it is full, two programs are picked at random
 * and the one unused for longer is evicted, as in the drivers' statement caches. A cycle of more shapes than fit still
 * finds most of them. There is one lock, held for a few pointer moves. */
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fork_lock.h"
#include "plan/touch.h"
#include "run/json_layout.h"

#define LARGEST_PART 8

struct rl_plan_cache {
  rl_fork_lock lock;
  rl_compiled **slots; /* chains by hash */
  rl_compiled **all;   /* in no order */
  size_t slot_count;   /* power of two */
  size_t capacity, kept, bytes, most_bytes;
  uint64_t clock; /* counts look-ups */
  uint32_t random;
  int64_t hits, misses, evictions;
};

rille_status rl_plan_cache_new(size_t capacity, size_t most_bytes, rl_plan_cache **out, rl_error *err) {
  rl_plan_cache *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->capacity = capacity ? capacity : 1;
  c->most_bytes = most_bytes;
  c->random = 2463534242u;
  c->slot_count = 64;
  while (c->slot_count < c->capacity * 2) c->slot_count *= 2;
  c->slots = rl_calloc(c->slot_count, sizeof *c->slots);
  c->all = rl_calloc(c->capacity, sizeof *c->all);
  if (!c->slots || !c->all) {
    rl_free(c->slots);
    rl_free(c->all);
    rl_free(c);
    return rl_fail_nomem(err);
  }
  rl_fork_lock_init(&c->lock);
  *out = c;
  return RILLE_OK;
}

void rl_compiled_release(rl_compiled *p) {
  if (!p || atomic_fetch_sub(&p->references, 1) != 1) return;
  rl_json_layout_free(p->json);
  rl_touch_free(p->touch);
  rl_arena_dispose(&p->arena);
  rl_free(p);
}

static void cache_take_out(rl_plan_cache *c, rl_compiled *p) {
  rl_compiled **at = &c->slots[p->hash & (c->slot_count - 1)];
  while (*at != p) at = &(*at)->next_in_slot;
  *at = p->next_in_slot;
  rl_compiled *last = c->all[--c->kept];
  c->all[p->index] = last;
  last->index = p->index;
  c->bytes -= p->bytes;
}

void rl_plan_cache_free(rl_plan_cache *c) {
  if (!c) return;
  while (c->kept) {
    rl_compiled *p = c->all[c->kept - 1];
    cache_take_out(c, p);
    rl_compiled_release(p);
  }
  rl_fork_lock_dispose(&c->lock);
  rl_free(c->slots);
  rl_free(c->all);
  rl_free(c);
}

/* Picks a program at random. Marsaglia's xorshift is good enough, and needs no system call. */
static rl_compiled *cache_pick(rl_plan_cache *c) {
  c->random ^= c->random << 13;
  c->random ^= c->random >> 17;
  c->random ^= c->random << 5;
  return c->all[c->random % c->kept];
}

static bool compiled_fits(const rl_compiled *p, const rl_cache_key *key, uint32_t *anchors) {
  if (p->hash != key->hash || p->model != key->model || p->action != key->action || !rl_str_eq(p->shape, key->shape))
    return false;
  return rl_tape_anchors(key->tape, p->runs, p->run_count, p->pins, p->pin_count, anchors);
}

rl_compiled *rl_plan_cache_find(rl_plan_cache *c, const rl_cache_key *key, rl_arena *arena, uint32_t **anchors) {
  uint32_t quick[RL_QUICK_RUNS + 1];
  rl_compiled *found = NULL;
  rl_fork_lock_take(&c->lock);
  for (rl_compiled *p = c->slots[key->hash & (c->slot_count - 1)]; p && !found; p = p->next_in_slot) {
    uint32_t *room = p->run_count <= RL_QUICK_RUNS ? quick : rl_arena_alloc(arena, (p->run_count + 1) * sizeof *room);
    if (!room || !compiled_fits(p, key, room)) continue;
    found = p;
    *anchors = room;
  }
  if (found) {
    found->references++;
    c->hits++;
    found->used = ++c->clock;
  } else {
    c->misses++;
  }
  rl_fork_lock_give(&c->lock);
  if (found && *anchors == quick) {
    *anchors = rl_arena_alloc(arena, (found->run_count + 1) * sizeof **anchors);
    if (!*anchors) {
      rl_compiled_release(found);
      return NULL;
    }
    memcpy(*anchors, quick, (found->run_count + 1) * sizeof **anchors);
  }
  return found;
}

/* Evicts until there is room. Returns the evicted programs, chained by next_in_slot, to be freed without the lock. */
static rl_compiled *cache_evict(rl_plan_cache *c, size_t bytes) {
  rl_compiled *out = NULL;
  while (c->kept && (c->kept >= c->capacity || c->bytes + bytes > c->most_bytes)) {
    rl_compiled *a = cache_pick(c), *b = cache_pick(c), *p = a->used < b->used ? a : b;
    cache_take_out(c, p);
    c->evictions++;
    p->next_in_slot = out;
    out = p;
  }
  return out;
}

bool rl_plan_cache_keep(rl_plan_cache *c, rl_compiled *p) {
  p->bytes = sizeof *p + rl_arena_bytes(&p->arena);
  if (p->bytes > c->most_bytes / LARGEST_PART) return false;
  rl_fork_lock_take(&c->lock);
  rl_compiled *evicted = cache_evict(c, p->bytes);
  rl_compiled **slot = &c->slots[p->hash & (c->slot_count - 1)];
  p->next_in_slot = *slot;
  *slot = p;
  p->index = c->kept;
  p->used = ++c->clock;
  p->references++;
  c->all[c->kept++] = p;
  c->bytes += p->bytes;
  rl_fork_lock_give(&c->lock);
  while (evicted) {
    rl_compiled *next = evicted->next_in_slot;
    rl_compiled_release(evicted);
    evicted = next;
  }
  return true;
}

void rl_plan_cache_count(rl_plan_cache *c, rl_plan_cache_counts *out) {
  rl_fork_lock_take(&c->lock);
  *out = (rl_plan_cache_counts){c->kept, c->bytes, c->hits, c->misses, c->evictions};
  rl_fork_lock_give(&c->lock);
}
