/* A table from a statement's id to what a driver keeps of it (a prepared statement), bounded in number and in bytes.
 * When it is full, two entries are picked at random and the one unused for longer leaves: what is used often stays, and
 * a cycle of more statements than there is room for still finds most of them. */
#ifndef RL_DRIVER_STMT_CACHE_H
#define RL_DRIVER_STMT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rl_stmt_entry rl_stmt_entry;
typedef struct rl_stmt_cache {
  rl_stmt_entry **buckets; /* a power of two, made with the first entry */
  rl_stmt_entry **entries; /* all of them, in no order */
  size_t bucket_count, count, limit;
  size_t bytes, most_bytes;
  uint64_t clock; /* counts look-ups */
  uint32_t random;
} rl_stmt_cache;

void rl_stmt_cache_init(rl_stmt_cache *c, size_t limit,
                        size_t most_bytes);             /* allocates nothing; limit 0 keeps nothing */
void rl_stmt_cache_dispose(rl_stmt_cache *c);           /* the values are the caller's: take them out with pop first */
void *rl_stmt_cache_get(rl_stmt_cache *c, uint64_t id); /* NULL when absent */
/* Whether one of so many bytes is kept at all: a few large ones must not take the place of all others. */
bool rl_stmt_cache_takes(const rl_stmt_cache *c, size_t bytes);
/* Takes out a value that has to leave before one of so many bytes may come; NULL: there is room. */
void *rl_stmt_cache_evict(rl_stmt_cache *c, size_t bytes);
/* The id must be absent, and there must be room. false when memory is short. */
bool rl_stmt_cache_put(rl_stmt_cache *c, uint64_t id, void *value, size_t bytes);
void *rl_stmt_cache_remove(rl_stmt_cache *c, uint64_t id); /* NULL when absent */
void *rl_stmt_cache_pop(rl_stmt_cache *c);                 /* takes any out; NULL when empty */

#endif
