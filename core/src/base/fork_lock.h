/* Locks that are safe across a fork. A child must not inherit a lock that a thread of its parent holds, nor a half-done
 * change of the data it guards. So the forking thread takes all of these locks during the fork. A thread holds at most
 * one of them, and only to move a few pointers. */
#ifndef RL_BASE_FORK_LOCK_H
#define RL_BASE_FORK_LOCK_H

#include <pthread.h>

typedef struct rl_fork_lock {
  pthread_mutex_t mutex;
  struct rl_fork_lock *next, *previous;
} rl_fork_lock;

void rl_fork_lock_init(rl_fork_lock *l);
void rl_fork_lock_dispose(rl_fork_lock *l); /* no thread holds it or waits for it */

static inline void rl_fork_lock_take(rl_fork_lock *l) {
  pthread_mutex_lock(&l->mutex);
}
static inline void rl_fork_lock_give(rl_fork_lock *l) {
  pthread_mutex_unlock(&l->mutex);
}

#endif
