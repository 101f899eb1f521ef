/* A lane of a pool: its idle connections, and the queue of those who wait for one. All under the pool's lock. */
#ifndef RL_RUN_LANE_H
#define RL_RUN_LANE_H

#include <pthread.h>

#include "run/pool.h"

/* Readers and writers of an SQLite file are counted apart; other databases have only the first lane. */
typedef struct rl_lane {
  rl_lease *idle; /* most recently used first */
  int limit, open, idle_count;
  int connecting;         /* of those that are open: not connected yet */
  bool failing;           /* the last attempt to connect failed */
  int64_t connect_ms;     /* when somebody began to connect last */
  rl_lease *first, *last; /* waiting leases, the next to be served first */
  rl_lease *aside;        /* those that were called and stayed away, in no order */
  int waiting;            /* in both */
  int cooperative;        /* of those: that do not block */
  uint64_t tickets, left; /* how many have joined the queue, and left it */
  uint64_t turns;         /* how many have been served from it */
  int64_t turned_us;      /* when the last of them was, or when the first has joined since; of rl_clock_us */
  rl_bell *bells;         /* that nobody uses at the moment */
  int bell_count, bells_out;
} rl_lane;

/* The caller looks; blocking: by signal, which must live until it leaves or looks again. One that stood aside is the
 * first again. */
void rl_lane_look(rl_lane *lane, rl_lease *l, pthread_cond_t *signal);
/* True when l is new in the queue. */
bool rl_lane_join(rl_lane *lane, rl_lease *l);
void rl_lane_leave(rl_lane *lane, rl_lease *l);
/* Whether a caller that is not in the queue may take what is idle: nobody waits, or threads do whose turn it is not
 * yet. A thread costs a switch each time it is served, so the first of the queue is left waiting for a moment while
 * others use what they need no switch for. */
bool rl_lane_is_open(const rl_lane *lane);
/* Whether there is a connection, or room for one, that nobody before l is to have. */
bool rl_lane_may_take(rl_lane *lane, const rl_lease *l);
/* Whether another one may begin to connect: after a quiet time, or while the server is away, a few at once are enough
 * to find out. */
bool rl_lane_may_connect(const rl_lane *lane);
/* One of the queue has got its place. */
void rl_lane_next_turn(rl_lane *lane);
/* Something was given back: calls those who may have it, and nobody else. */
void rl_lane_wake(rl_lane *lane);
/* What a cooperative caller that is in the queue is to wait for. */
void rl_lane_listen(rl_lane *lane, rl_lease *l, rl_wait *wait);
/* Waits until l is called, or until the deadline. */
void rl_lane_block(const rl_lane *lane, rl_lease *l, pthread_mutex_t *lock, int64_t deadline_ms);
void rl_lane_dispose(rl_lane *lane); /* the bells */

#endif
