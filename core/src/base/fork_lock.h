/* Locks that a fork may come across: a child must not inherit one that a thread of its parent holds, nor a half-made
 * change of what it guards. The thread that forks takes all of them for that time. Each is the only one that its holder
 * has, and is held for a few moves of pointers. */
#ifndef RL_BASE_FORK_LOCK_H
#define RL_BASE_FORK_LOCK_H

#include <pthread.h>

typedef struct rl_fork_lock {
  pthread_mutex_t mutex;
  struct rl_fork_lock *next, *previous;
} rl_fork_lock;

void rl_fork_lock_init(rl_fork_lock *l);
void rl_fork_lock_dispose(rl_fork_lock *l); /* nobody has it, or wants it */

static inline void rl_fork_lock_take(rl_fork_lock *l) {
  pthread_mutex_lock(&l->mutex);
}
static inline void rl_fork_lock_give(rl_fork_lock *l) {
  pthread_mutex_unlock(&l->mutex);
}

#endif
