/* The replicas of a root client: their pools, and how far each has come. Any thread. */
#ifndef RL_RUN_REPLICAS_H
#define RL_RUN_REPLICAS_H

#include "run/pool.h"

typedef struct rl_replica {
  rl_pool *_Atomic pool;
  _Atomic int64_t replayed; /* the position it has replayed for certain; it only increases */
  _Atomic int64_t aside_until, ask_at, behind_ms;
  _Atomic uint32_t failures;
} rl_replica;

/* The position that replicas must reach. Writes of the client are numbered when they end. `position` is at least that
 * of the primary's log after write number `known`. It is raised first, so a thread that reads the number reads a valid
 * position. */
typedef struct rl_replicas {
  _Atomic uint64_t writes, known;
  _Atomic int64_t position;
  _Atomic uint32_t turn;
  rl_stmt probe;
  size_t count;
  rl_replica all[];
} rl_replicas;

/* Fails with VALIDATION if the database has no replicas. */
rille_status rl_replicas_open(const rl_str *urls, size_t count, const rl_driver *driver, const rl_pool_options *pool,
                              rl_replicas **out, rl_error *err);
void rl_replicas_free(rl_replicas *r);
size_t rl_replicas_count(const rl_replicas *r); /* NULL: 0 */
rl_pool *rl_replicas_pool(const rl_replicas *r, size_t index);

#endif
