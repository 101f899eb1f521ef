/* Inside the pool: what its parts (registry, connections and their slots, connecting) share. */
#ifndef RL_RUN_POOL_INSIDE_H
#define RL_RUN_POOL_INSIDE_H

#include <pthread.h>

#include "run/lane.h"

struct rl_pool {
  pthread_mutex_t lock;
  _Atomic int references;  /* clients and leases; reaches 0 only under the registry's lock */
  _Atomic bool bequeathed; /* one of them is nobody's: the last of the others takes it along */
  long pid;
  uint64_t key;
  rl_str url;
  rl_arena arena;
  rl_conn_options options;
  rl_conn_options reader_options;
  rl_pool_options asked, limits; /* as the clients gave them, and with the defaults filled in */
  rl_lane lanes[2];
  int64_t trimmed_ms;
  int64_t connects, waits, timeouts, waited_ms;
  uint32_t failures; /* attempts to connect since the last that did not fail */
  rl_error failure;  /* of the last of them */
  struct rl_pool *next;
};

static inline rl_lane *rl_pool_lane(rl_pool *p, bool writer) {
  return &p->lanes[writer && p->lanes[1].limit > 0];
}

/* registry.c: one more reference for a caller that holds one already */
static inline void rl_pool_retain(rl_pool *p) {
  p->references++;
}
/* After a fork: the pool of this process instead of its parent's. */
rille_status rl_pool_own(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err);

/* pool.c */
/* Under the lock: l, which holds a slot and pauses between two attempts to connect, may get a connection that has been
 * given back meanwhile. What is to be closed goes to *closed. */
bool rl_lease_adopt(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed);
void rl_lease_close_all(rl_lease *l);

/* pool_connect.c: for a lease with a slot, until its connection is ready. Gives the slot back when it fails. */
rille_status rl_lease_connect(rl_lease *l, bool blocking, rl_wait *wait, rl_error *err);
/* Under the lock: the lease does not connect any more. */
void rl_lease_stop_connecting(rl_pool *p, rl_lease *l);

#endif
