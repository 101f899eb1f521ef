/* A lane of a pool: its idle connections, and the queue of callers that wait for one. Everything is under the pool's
 * lock. */
#ifndef RL_RUN_LANE_H
#define RL_RUN_LANE_H

#include <pthread.h>

#include "run/pool.h"

/* Readers and the writer of an SQLite file have one lane each. Other databases use only the first. */
typedef struct rl_lane {
  rl_lease *idle; /* most recently used first */
  int limit, open, idle_count;
  int connecting;         /* of the open ones: not connected yet */
  bool failing;           /* the last attempt to connect failed */
  int64_t connect_ms;     /* when a caller began to connect last */
  rl_lease *first, *last; /* waiting leases, next to be served first */
  rl_lease *aside;        /* those that were woken and stayed away, in no order */
  int waiting;            /* in both lists */
  int cooperative;        /* of the waiting: not blocking */
  uint64_t tickets, left; /* how many have joined the queue, and left it */
  uint64_t turns;         /* how many have been served from the queue */
  int64_t turned_us;      /* when one was served last, or when the first one joined since; of rl_clock_us */
  rl_bell *bells;         /* unused */
  int bell_count, bells_out;
} rl_lane;

/* Notes that the caller checks. signal: of a blocking caller, it must live until the caller leaves or checks again. A
 * caller that was aside is first again. */
void rl_lane_note_check(rl_lane *lane, rl_lease *l, pthread_cond_t *signal);
/* Adds l to the queue. Returns false if it was in it. */
bool rl_lane_join(rl_lane *lane, rl_lease *l);
void rl_lane_leave(rl_lane *lane, rl_lease *l);
/* Returns whether a caller outside the queue may take an idle connection. It may if the queue is empty, or if threads
 * wait whose turn has not come. Serving a thread costs a context switch, so the first one waits a little while others
 * use what costs none. */
bool rl_lane_is_open(const rl_lane *lane);
/* Returns whether there is a connection, or room for one, that no waiter before l will get. */
bool rl_lane_may_take(rl_lane *lane, const rl_lease *l);
/* Returns whether another caller may begin to connect. After a quiet time, or while the server is away, a few attempts
 * at the same time are enough. */
bool rl_lane_may_connect(const rl_lane *lane);
/* Notes that one waiter of the queue was served. */
void rl_lane_next_turn(rl_lane *lane);
/* Wakes the waiters that may have what was released, and no others. */
void rl_lane_wake(rl_lane *lane);
/* Sets what a cooperative waiter in the queue waits for. */
void rl_lane_listen(rl_lane *lane, rl_lease *l, rl_wait *wait);
/* Blocks until l is woken, or until the deadline. */
void rl_lane_block(const rl_lane *lane, rl_lease *l, pthread_mutex_t *lock, int64_t deadline_ms);
void rl_lane_dispose(rl_lane *lane); /* frees the bells */

#endif
