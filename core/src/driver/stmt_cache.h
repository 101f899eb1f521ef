/* A table from a statement's id to what a driver keeps of it (a prepared statement), limited in number and in bytes.
 * When it is full, two random entries are compared and the one unused for longer leaves. Statements that are used often
 * stay, and a cycle of more statements than the table has room for still finds most of them. */
#ifndef RL_DRIVER_STMT_CACHE_H
#define RL_DRIVER_STMT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rl_stmt_entry rl_stmt_entry;
typedef struct rl_stmt_cache {
  rl_stmt_entry **buckets; /* a power of two; NULL before the first entry */
  rl_stmt_entry **entries; /* all, in no order */
  size_t bucket_count, count, limit;
  size_t bytes, most_bytes;
  uint64_t clock; /* counts look-ups */
  uint32_t random;
} rl_stmt_cache;

void rl_stmt_cache_init(rl_stmt_cache *c, size_t limit,
                        size_t most_bytes);             /* allocates nothing; limit 0 keeps nothing */
void rl_stmt_cache_dispose(rl_stmt_cache *c);           /* does not free values: pop them first */
void *rl_stmt_cache_get(rl_stmt_cache *c, uint64_t id); /* NULL: absent */
/* Returns whether a statement of `bytes` bytes is kept at all. A few large ones must not displace all others. */
bool rl_stmt_cache_takes(const rl_stmt_cache *c, size_t bytes);
/* Removes a value to make room for `bytes` bytes and returns it. NULL: there is room. */
void *rl_stmt_cache_evict(rl_stmt_cache *c, size_t bytes);
/* Adds a value. The id must be absent, and there must be room. false: out of memory. */
bool rl_stmt_cache_put(rl_stmt_cache *c, uint64_t id, void *value, size_t bytes);
void *rl_stmt_cache_remove(rl_stmt_cache *c, uint64_t id); /* NULL: absent */
void *rl_stmt_cache_pop(rl_stmt_cache *c);                 /* removes any value; NULL: empty */

#endif
