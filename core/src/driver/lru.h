/* A bounded table from a statement's id to what a driver keeps of it (a prepared statement), which forgets the one
 * unused for longest. */
#ifndef RL_DRIVER_LRU_H
#define RL_DRIVER_LRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rl_lru_entry rl_lru_entry;
typedef struct rl_lru {
  rl_lru_entry **buckets; /* a power of two, made with the first entry */
  size_t bucket_count;
  rl_lru_entry *newest, *oldest;
  size_t count, limit;
} rl_lru;

void rl_lru_init(rl_lru *l, size_t limit); /* allocates nothing; limit 0 keeps nothing */
void rl_lru_dispose(rl_lru *l);            /* the values are the caller's: take them out with rl_lru_pop first */
void *rl_lru_get(rl_lru *l, uint64_t id);  /* NULL when absent; makes it the newest */
/* The id must be absent, the limit not 0. *evicted receives the value that had to leave, or NULL. false when memory is
 * short. */
bool rl_lru_put(rl_lru *l, uint64_t id, void *value, void **evicted);
void *rl_lru_remove(rl_lru *l, uint64_t id); /* NULL when absent */
void *rl_lru_pop(rl_lru *l);                 /* takes the oldest out; NULL when empty */

#endif
