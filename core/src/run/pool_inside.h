/* Inside the pool: what its files share (registry, connections and their slots, connecting). */
#ifndef RL_RUN_POOL_INSIDE_H
#define RL_RUN_POOL_INSIDE_H

#include <pthread.h>

#include "run/lane.h"

/* Something that another file keeps with a pool, and that ends with it. */
typedef struct rl_pool_guest {
  void (*close)(struct rl_pool_guest *g); /* frees it */
  struct rl_pool_guest *next;
} rl_pool_guest;

struct rl_pool {
  pthread_mutex_t lock;
  _Atomic int references;  /* clients and leases; reaches 0 only under the registry's lock */
  _Atomic bool bequeathed; /* one reference has no owner: the last of the others is released together with it */
  long pid;
  uint64_t serial; /* unique in the process */
  uint64_t key;
  rl_str url;
  rl_arena arena;
  rl_conn_options options;
  rl_conn_options reader_options;
  rl_pool_options requested, limits; /* as the clients passed them, and with defaults */
  rl_lane lanes[2];
  int64_t trimmed_ms;
  int64_t connects, waits, timeouts, waited_ms;
  uint32_t failures;             /* failed attempts to connect since the last success */
  rl_error failure;              /* of the last attempt */
  rl_pool_guest *_Atomic guests; /* foreign.c; the list only grows */
  struct rl_pool *next;
};

static inline rl_lane *rl_pool_lane(rl_pool *p, bool writer) {
  return &p->lanes[writer && p->lanes[1].limit > 0];
}

/* registry.c: one more reference for a caller that has one */
static inline void rl_pool_retain(rl_pool *p) {
  p->references++;
}
/* Replaces the parent's pool by that of this process, after a fork. */
rille_status rl_pool_own(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err);

/* pool.c */
/* Lets a lease that pauses between two attempts to connect adopt an idle connection. Connections to close go to
 * *closed. Under the lock. */
bool rl_lease_adopt(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed);
void rl_lease_close_all(rl_lease *l);

/* pool_connect.c: continues until the connection of a lease with a slot is ready. Releases the slot on failure. */
rille_status rl_lease_connect(rl_lease *l, bool blocking, rl_wait *wait, rl_error *err);
/* Notes that the lease no longer connects. Under the lock. */
void rl_lease_stop_connecting(rl_pool *p, rl_lease *l);

#endif
