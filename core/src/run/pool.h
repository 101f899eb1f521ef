/* Connections, shared by every client of the process that names the same URL and limits. Bounded; waiting callers are
 * served in order, each with its deadline, and newcomers pass them for moments only (rl_lane_is_open). A dead
 * connection is recognised when it fails, or when it was idle and its socket has become readable; there is no ping. A
 * forked child gets a pool of its own and leaves its parent's connections alone. Any thread may use a pool. */
#ifndef RL_RUN_POOL_H
#define RL_RUN_POOL_H

#include <pthread.h>

#include "base/bell.h"
#include "run/connect.h"

typedef struct rl_pool rl_pool;

typedef struct rl_pool_options {
  int size; /* connections at most; SQLite: of each kind, readers and the one writer apart */
  int64_t wait_ms, idle_ms, lifetime_ms;
} rl_pool_options;

/* A connection in use. The holder alone may touch it. */
typedef struct rl_lease {
  rl_pool *pool;
  rl_conn *conn;
  const rl_driver *driver;
  bool writer;   /* may write */
  bool ready;    /* poll_connect has succeeded */
  bool spare;    /* set after rl_pool_take: there is another place to go, so one attempt to connect must do */
  bool connects; /* has a place for a connection that is still to be opened */
  rl_connecting connecting;
  uint32_t failed_attempts; /* that the pool knows of */
  bool fresh;               /* opened for this lease: nobody used it before */
  int64_t opened_ms, idle_since_ms;
  int64_t limit_ms; /* connecting takes no longer; RL_NO_DEADLINE: as long as connect_timeout says */
  bool queued;      /* waits in the lane's queue */
  int64_t since_ms, deadline_ms;
  int64_t looked_ms;                /* when a cooperative waiter looked last; RL_NO_DEADLINE: it blocks */
  int64_t called_ms;                /* when it was called; 0: not since it looked */
  int64_t every_ms;                 /* it looks by itself so often; 0: when it is called */
  uint64_t ticket;                  /* its number among those that have joined the queue */
  uint64_t called_in;               /* the lane's turn in which it was called last, + 1 */
  bool absent;                      /* it was called and has not come: it stands aside */
  pthread_cond_t *signal;           /* of a caller that blocks */
  rl_bell *bell;                    /* of its own, while it waits */
  rl_bell *shared;                  /* instead of that: of the loop that it belongs to; borrowed until rl_pool_give */
  rl_waiter waiter;                 /* ... in which it has this place */
  struct rl_lease *next, *previous; /* in the list of idle connections, or in the queue */
} rl_lease;

/* The process's pool for this URL and these options, made when it is not there yet; a database in memory has one pool
 * only, with the options of whoever came first. One reference for the caller. */
rille_status rl_pool_get(rl_str url, const rl_pool_options *options, rl_pool **out, rl_error *err);
/* Another reference to a client's pool. After a fork it is the process's own, for the client too. */
rille_status rl_pool_share(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err);
void rl_pool_release(rl_pool *p);
/* Gives the reference back, but the pool stays, even when nobody has one, until the last release after this: for a
 * database in memory whose tables are meant for clients to come. */
void rl_pool_bequeath(rl_pool *p);
int64_t rl_pool_patience(const rl_pool *p); /* milliseconds for which a caller waits for a connection */
const rl_conn_options *rl_pool_conn_options(const rl_pool *p);

/* Begins to take a connection: *lease is owned by the caller until rl_pool_give. deadline_ms: rl_clock_ms value;
 * RL_NO_DEADLINE: as long as the pool's wait_ms. After a fork *pool becomes the process's own. */
rille_status rl_pool_take(rl_pool *_Atomic *pool, bool writer, int64_t deadline_ms, rl_lease **lease, rl_error *err);
/* Goes on until the connection is usable: OK, AGAIN (never when blocking), or an error (P2024 names limit, in use,
 * waiting and waited time; P1001 ...). */
rille_status rl_pool_poll(rl_lease *lease, bool blocking, rl_wait *wait, rl_error *err);
/* P1017 in a child of the process that took it: the connection is the parent's, and not to be touched. */
rille_status rl_lease_check_process(const rl_lease *lease, rl_error *err);
/* Gives it back: kept when it is usable and clean, else closed. Also right for a lease that never became ready. NULL is
 * fine. */
void rl_pool_give(rl_lease *lease, bool clean);
/* Closes what is idle: after a connection was found dead, its idle sisters are suspect. */
void rl_pool_evict_idle(rl_pool *p);

typedef struct rl_pool_counts {
  int size, open, idle, in_use, waiting;
  int64_t connects, waits, timeouts;
  int64_t waited_ms; /* by those whose wait has ended, all together */
} rl_pool_counts;
void rl_pool_count(rl_pool *p, rl_pool_counts *out);

#endif
