/* A hash map from strings to pointers. Keys are borrowed and must outlive the map. Entries keep their insertion order.
 */
#ifndef RL_BASE_MAP_H
#define RL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef struct rl_map_entry {
  rl_str key;
  void *value;
  uint64_t hash;
} rl_map_entry;

typedef struct rl_map {
  rl_map_entry *entries; /* in order of insertion */
  size_t count, cap;
  uint32_t *slots; /* index + 1 into entries; 0 is free */
  size_t slot_count;
} rl_map;

void rl_map_init(rl_map *m);
void rl_map_dispose(rl_map *m);
void *rl_map_get(const rl_map *m, rl_str key);       /* NULL when absent */
bool rl_map_put(rl_map *m, rl_str key, void *value); /* replaces; false when out of memory */

#endif
