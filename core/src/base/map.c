/* The hash map: entries in order of insertion, and an open-addressed table of their indices. */
#include "base/map.h"

#include "base/alloc.h"

#define FIRST_SLOTS 16u

void rl_map_init(rl_map *m) {
  *m = (rl_map){0};
}

void rl_map_dispose(rl_map *m) {
  rl_free(m->entries);
  rl_free(m->slots);
  *m = (rl_map){0};
}

static uint64_t hash_of(rl_str key) {
  return rl_hash(key.p, key.len, 0);
}

/* Returns the bucket with the key, or the free one where it belongs. The table is never full. */
static uint32_t *find_slot(const rl_map *m, rl_str key, uint64_t hash) {
  size_t mask = m->slot_count - 1;
  for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
    uint32_t *slot = &m->slots[i];
    if (*slot == 0) return slot;
    const rl_map_entry *e = &m->entries[*slot - 1];
    if (e->hash == hash && rl_str_eq(e->key, key)) return slot;
  }
}

void *rl_map_get(const rl_map *m, rl_str key) {
  if (m->count == 0) return NULL;
  uint32_t slot = *find_slot(m, key, hash_of(key));
  return slot ? m->entries[slot - 1].value : NULL;
}

static bool grow_slots(rl_map *m) {
  size_t count = m->slot_count ? m->slot_count * 2 : FIRST_SLOTS;
  uint32_t *slots = rl_calloc(count, sizeof *slots);
  if (!slots) return false;
  rl_free(m->slots);
  m->slots = slots;
  m->slot_count = count;
  for (size_t i = 0; i < m->count; i++) *find_slot(m, m->entries[i].key, m->entries[i].hash) = (uint32_t)(i + 1);
  return true;
}

static bool grow_entries(rl_map *m) {
  size_t cap = m->cap ? m->cap * 2 : FIRST_SLOTS / 2;
  if (cap > UINT32_MAX / 2 || cap > SIZE_MAX / sizeof *m->entries) return false;
  rl_map_entry *entries = rl_realloc(m->entries, cap * sizeof *entries);
  if (!entries) return false;
  m->entries = entries;
  m->cap = cap;
  return true;
}

bool rl_map_put(rl_map *m, rl_str key, void *value) {
  if ((m->count + 1) * 4 > m->slot_count * 3 && !grow_slots(m)) return false;
  uint64_t hash = hash_of(key);
  uint32_t *slot = find_slot(m, key, hash);
  if (*slot) {
    m->entries[*slot - 1].value = value;
    return true;
  }
  if (m->count == m->cap && !grow_entries(m)) return false;
  m->entries[m->count] = (rl_map_entry){key, value, hash};
  *slot = (uint32_t)++m->count;
  return true;
}
