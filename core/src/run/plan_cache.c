/* The plan cache: programs by shape, the least recently used one leaves. One lock, held for a few pointer moves. */
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fork_lock.h"
#include "run/compile.h"

struct rl_plan_cache {
  rl_fork_lock lock;
  rl_compiled **slots;
  size_t slot_count; /* power of two */
  size_t capacity, kept;
  rl_compiled *newest, *oldest;
  int64_t hits, misses, evictions;
};

rille_status rl_plan_cache_new(size_t capacity, rl_plan_cache **out, rl_error *err) {
  rl_plan_cache *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->capacity = capacity ? capacity : 1;
  c->slot_count = 64;
  while (c->slot_count < c->capacity * 2) c->slot_count *= 2;
  c->slots = rl_calloc(c->slot_count, sizeof *c->slots);
  if (!c->slots) {
    rl_free(c);
    return rl_fail_nomem(err);
  }
  rl_fork_lock_init(&c->lock);
  *out = c;
  return RILLE_OK;
}

void rl_compiled_release(rl_compiled *p) {
  if (!p || atomic_fetch_sub(&p->references, 1) != 1) return;
  rl_arena_dispose(&p->arena);
  rl_free(p);
}

static void unlink_age(rl_plan_cache *c, rl_compiled *p) {
  if (p->newer)
    p->newer->older = p->older;
  else
    c->newest = p->older;
  if (p->older)
    p->older->newer = p->newer;
  else
    c->oldest = p->newer;
  p->newer = p->older = NULL;
}

static void link_newest(rl_plan_cache *c, rl_compiled *p) {
  p->older = c->newest;
  p->newer = NULL;
  if (c->newest) c->newest->newer = p;
  c->newest = p;
  if (!c->oldest) c->oldest = p;
}

static rl_compiled *remove_oldest(rl_plan_cache *c) {
  rl_compiled *p = c->oldest;
  rl_compiled **at = &c->slots[p->hash & (c->slot_count - 1)];
  while (*at != p) at = &(*at)->next_in_slot;
  *at = p->next_in_slot;
  unlink_age(c, p);
  c->kept--;
  c->evictions++;
  p->cached = false;
  return p;
}

void rl_plan_cache_free(rl_plan_cache *c) {
  if (!c) return;
  while (c->oldest) rl_compiled_release(remove_oldest(c));
  rl_fork_lock_dispose(&c->lock);
  rl_free(c->slots);
  rl_free(c);
}

static bool fits(const rl_compiled *p, const rl_cache_key *key, uint32_t *anchors) {
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
    if (!room || !fits(p, key, room)) continue;
    found = p;
    *anchors = room;
  }
  if (found) {
    found->references++;
    c->hits++;
    if (c->newest != found) {
      unlink_age(c, found);
      link_newest(c, found);
    }
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

void rl_plan_cache_keep(rl_plan_cache *c, rl_compiled *p) {
  rl_compiled *evicted = NULL;
  rl_fork_lock_take(&c->lock);
  if (c->kept >= c->capacity) evicted = remove_oldest(c);
  rl_compiled **slot = &c->slots[p->hash & (c->slot_count - 1)];
  p->next_in_slot = *slot;
  *slot = p;
  p->cached = true;
  p->references++;
  c->kept++;
  link_newest(c, p);
  rl_fork_lock_give(&c->lock);
  rl_compiled_release(evicted);
}

void rl_plan_cache_count(rl_plan_cache *c, rl_plan_cache_counts *out) {
  rl_fork_lock_take(&c->lock);
  *out = (rl_plan_cache_counts){c->kept, c->hits, c->misses, c->evictions};
  rl_fork_lock_give(&c->lock);
}
