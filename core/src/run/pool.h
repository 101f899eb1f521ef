/* Connections, shared by all clients of the process with the same URL and limits. Their number is bounded. Waiting
 * callers are served in order, each with its deadline, and newcomers pass them only briefly (rl_lane_is_open). A dead
 * connection is recognized when it fails, or when its socket becomes readable while it is idle; there is no ping. A
 * forked child gets its own pool and leaves its parent's connections alone. Any thread may use a pool. */
#ifndef RL_RUN_POOL_H
#define RL_RUN_POOL_H

#include <pthread.h>

#include "base/bell.h"
#include "run/connect.h"

typedef struct rl_pool rl_pool;

typedef struct rl_pool_options {
  int size; /* the most connections; SQLite: of readers, next to the one writer */
  int64_t wait_ms, idle_ms, lifetime_ms;
} rl_pool_options;

/* A connection in use, or a place in the queue for one. Only the holder may touch it. */
typedef struct rl_lease {
  rl_pool *pool;
  rl_conn *conn;
  const rl_driver *driver;
  bool writer;   /* may write */
  bool ready;    /* poll_connect has succeeded */
  bool spare;    /* set after rl_pool_take: another server can be tried, so one attempt to connect is enough */
  bool connects; /* has the place for a connection that is not open yet */
  rl_connecting connecting;
  uint32_t failed_attempts; /* those that the pool knows of */
  bool fresh;               /* opened for this lease, and not used before */
  uint64_t number;          /* of the connection, unique in the pool */
  int64_t opened_ms, idle_since_ms;
  int64_t limit_ms; /* deadline of connecting; RL_NO_DEADLINE: connect_timeout alone limits it */
  bool queued;      /* waits in the lane's queue */
  int64_t since_ms, deadline_ms;
  int64_t checked_ms;               /* when a cooperative waiter checked last */
  int64_t woken_ms;                 /* when it was woken; 0: not since it checked */
  int64_t every_ms;                 /* how often it checks without being woken; 0: only when woken */
  uint64_t ticket;                  /* its number in the order of joining the queue */
  uint64_t woken_in;                /* the lane's turn in which it was woken last, + 1 */
  bool absent;                      /* it was woken and has not come: others pass it */
  pthread_cond_t *signal;           /* of a blocking caller */
  rl_bell *bell;                    /* its own, while it waits */
  rl_bell *shared;                  /* instead: the bell of its loop; borrowed until rl_lease_release */
  rl_waiter waiter;                 /* its place in the list of that bell */
  struct rl_lease *next, *previous; /* in the list of idle connections, or in the queue */
} rl_lease;

/* Returns the process's pool for this URL and these options. Creates it if it does not exist. A database in memory has
 * one pool, with the options of its first caller. One reference to the caller. */
rille_status rl_pool_get(rl_str url, const rl_pool_options *options, rl_pool **out, rl_error *err);
/* Returns another reference to a client's pool. After a fork, client and caller get the pool of this process. */
rille_status rl_pool_share(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err);
void rl_pool_release(rl_pool *p);
/* Releases the reference, but keeps the pool until the next time its last reference is released. A database in memory
 * keeps its tables for later clients this way. */
void rl_pool_bequeath(rl_pool *p);
int64_t rl_pool_wait_ms(const rl_pool *p); /* how long a caller waits for a connection */
const rl_conn_options *rl_pool_conn_options(const rl_pool *p);
uint64_t rl_pool_serial(const rl_pool *p); /* no other pool of the process has or had it */

/* Begins to take a connection. The caller owns *lease until rl_lease_release. deadline_ms: as of rl_clock_ms;
 * RL_NO_DEADLINE: the pool's wait_ms counts. After a fork *pool becomes the pool of this process. */
rille_status rl_pool_take(rl_pool *_Atomic *pool, bool writer, int64_t deadline_ms, rl_lease **lease, rl_error *err);
/* Continues until the connection is usable. OK; AGAIN (never if blocking); or an error: P2024 with limit, connections
 * in use, waiting callers and time waited, P1001, ... */
rille_status rl_pool_poll(rl_lease *lease, bool blocking, rl_wait *wait, rl_error *err);
/* Fails with P1017 in a child of the process that took it: the connection is the parent's, and must not be touched. */
rille_status rl_lease_check_process(const rl_lease *lease, rl_error *err);
/* Releases the connection: it is kept if usable and clean, otherwise closed. Also for a lease that never got a
 * connection, and for NULL. */
void rl_lease_release(rl_lease *lease, bool clean);
/* Takes the pool's one writer if it is idle and nobody waits for it. IDLE: the caller releases *lease soon. */
typedef enum rl_writer_state {
  RL_WRITER_IDLE,
  RL_WRITER_BUSY,
  RL_WRITER_NONE /* not connected at the moment, or the pool has no separate writer */
} rl_writer_state;
rl_writer_state rl_pool_try_writer(rl_pool *p, rl_lease **lease);
/* Closes all idle connections. Called after a dead connection was found, because the other idle ones may be dead too.
 */
void rl_pool_evict_idle(rl_pool *p);

typedef struct rl_pool_counts {
  int size, open, idle, in_use, waiting;
  int64_t connects, waits, timeouts;
  int64_t waited_ms; /* sum over all waits that have ended */
} rl_pool_counts;
void rl_pool_count(rl_pool *p, rl_pool_counts *out);

#endif
