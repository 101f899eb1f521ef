/* The cache: answers that are kept, and given as long as they are right. docs/caching.md has the rules. A client has a
 * cache if rille_client_options.cache says so; clients of one process and database share it. */
#ifndef RILLE_CACHE_H
#define RILLE_CACHE_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

/* For rille_client_options.cache. */
typedef struct rille_cache_options {
  uint32_t struct_size;   /* sizeof(rille_cache_options) */
  int32_t reserved;       /* 0 */
  const char *store;      /* NULL or "memory"; or the URL of a Redis server: redis://, rediss://, unix:// */
  int64_t max_bytes;      /* of all entries in memory; 0: 64 MiB. The largest of all clients of the database counts */
  int64_t max_entry;      /* of one entry; 0: 1 MiB */
  const char *listen_url; /* PostgreSQL: where to listen for writes of others, if `url` is a pooler's; NULL: `url` */
  const char *prefix;     /* of keys in Redis; NULL: "rille:" */
} rille_cache_options;

/* How a read is cached. Times are in milliseconds. */
typedef struct rille_cached {
  uint32_t struct_size;    /* sizeof(rille_cached) */
  int32_t by_ttl_only;     /* 1: writes do not make it stale, only its ttl and its tags do */
  int64_t ttl_ms;          /* required, > 0 */
  int64_t stale_ms;        /* after the ttl: how long the old answer may be given while one caller renews it; 0 */
  const char *const *tags; /* for rille_client_revalidate */
  size_t tag_count;
} rille_cached;

/* Makes the next rille_op_model ask the cache, and fill it. The start is a VALIDATION error if the client has no cache,
 * and for writes and reads with a lock. In a transaction, in a batch and in a stream it has no effect. */
RILLE_API rille_status rille_op_set_cached(rille_op *op, const rille_cached *how, rille_error **err);

/* Models that the next rille_op_raw, rille_op_script or rille_op_batch_raw reads or writes, by number. A raw statement
 * that begins with SELECT or VALUES is a read, and so is an EXPLAIN that does not run it. Any other one is a write.
 * Without this it reads or writes everything. Errors: VALIDATION if there is no such model. */
RILLE_API rille_status rille_op_set_touches(rille_op *op, const int32_t *models, size_t count, rille_error **err);

/* ------------------------------------------------------------------ values that the caller computes */

/* A value to compute once and keep: `db:cached` and `db:page` of Lua. One thread at a time. The value is bytes. */
typedef struct rille_computation rille_computation;

typedef struct rille_computation_options {
  uint32_t struct_size; /* sizeof(rille_computation_options) */
  int32_t blocking;     /* 1: the caller's thread stands while it waits */
  const char *key;      /* everything that decides the value, beside the client's traits; any bytes */
  size_t key_len;
  const char *label;        /* for figures, terminated */
  const char *const *paths; /* paths that rille_client_revalidate may name */
  size_t path_count;
  const rille_cached *how;
  rille_computation *within; /* the computation that the caller is part of; NULL: none */
} rille_computation_options;

RILLE_API rille_status rille_computation_new(rille_client *c, const rille_computation_options *options,
                                             rille_computation **out, rille_error **err);
/* RILLE_ROW: the value is known (rille_computation_value). RILLE_DONE: the caller computes it, and ends it with
 * rille_computation_land or rille_computation_fail. RILLE_AGAIN: another caller computes it; wait as
 * rille_computation_wait says, then call again. A negative status: the error of the caller who has computed it. */
RILLE_API rille_status rille_computation_next(rille_computation *c, rille_error **err);
RILLE_API void rille_computation_wait(const rille_computation *c, rille_wait *out);
RILLE_API void rille_computation_value(const rille_computation *c, const char **value, size_t *len); /* borrowed */
/* Operations that are started with it are part of the computation: the value depends on what they read. NULL: none.
 * Holds until it is set again, or until rille_op_reset. A read through a client of other traits is VALIDATION. */
RILLE_API rille_status rille_op_set_computation(rille_op *op, rille_computation *c, rille_error **err);
RILLE_API void rille_computation_land(rille_computation *c, const char *value, size_t len);
/* Ends it with an error of rille, by its code ("P2025") and its message, which all who wait get. code NULL, or one that
 * is not rille's: one of those who wait computes again. */
RILLE_API void rille_computation_fail(rille_computation *c, const char *code, const char *message);
RILLE_API void rille_computation_free(rille_computation *c); /* gives it up if it has not ended */

/* ------------------------------------------------------------------ one request */

/* What was read in a request: an identical read of a model runs once. A write empties it. One thread at a time. */
typedef struct rille_request rille_request;
RILLE_API rille_request *rille_request_new(void); /* NULL when out of memory */
RILLE_API void rille_request_free(rille_request *r);
/* Operations that are started with it look there first. It must live until they have ended. NULL: none. Holds until it
 * is set again, or until rille_op_reset. */
RILLE_API void rille_op_set_request(rille_op *op, rille_request *r);

/* ------------------------------------------------------------------ making stale, and figures */

/* Returns 1 if the client was opened with a cache, otherwise 0. */
RILLE_API int rille_client_caches(const rille_client *c);

/* Makes stale what has one of the tags, or one of the paths ("/posts", "/posts/" and a star). In a transaction it
 * happens at its commit. On PostgreSQL other processes are told, in one round trip, which is why it is an operation. */
RILLE_API rille_status rille_op_revalidate(rille_op *op, rille_tx *tx, const char *const *tags, size_t tag_count,
                                           const char *const *paths, size_t path_count, rille_error **err);

typedef struct rille_cache_stats {
  uint32_t struct_size; /* set by the caller */
  uint32_t reserved;
  int64_t hits, misses, stale_hits, waits, kept, refused;
  int64_t entries, bytes, evictions;
} rille_cache_stats;
RILLE_API void rille_client_cache_stats(const rille_client *c, rille_cache_stats *out); /* zeros without a cache */
/* By model or label, index from 0. Returns 0 if there is none with this index. */
RILLE_API int rille_client_cache_label(const rille_client *c, uint32_t index, const char **name, size_t *len,
                                       rille_cache_stats *out);
/* Drops everything, and with Redis tells the other processes. Blocks. P1001: the server was not told, which is made up
 * for as soon as it answers; until then this process uses nothing from it. */
RILLE_API rille_status rille_client_cache_clear(rille_client *c, rille_error **err);

/* What a Redis server has under a prefix, for all databases that use it. */
typedef struct rille_cache_survey_result {
  uint32_t struct_size;       /* set by the caller */
  int32_t partial;            /* 1: there are too many keys, not all were seen */
  int64_t entries, bytes;     /* answers, with their keys and what they depend on */
  int64_t stamps, marks;      /* names that have a stamp, and writes of them that are under way or unknown */
  int64_t computing;          /* answers that somebody computes */
  int64_t outdated;           /* keys from before the server was started again */
  int64_t removed;            /* by clears */
  int64_t memory, max_memory; /* of the whole server; -1: not known. max_memory 0: it has no limit */
} rille_cache_survey_result;
/* Counts it; clears: 1: makes all of it stale for everybody, then removes the answers. prefix NULL: "rille:". Blocks, a
 * minute at most. Errors: VALIDATION (the URL), P1001 (the server cannot be reached, or refuses). */
RILLE_API rille_status rille_cache_survey(const char *store, const char *prefix, int clears,
                                          rille_cache_survey_result *out, rille_error **err);

RILLE_END_DECLS
#endif
