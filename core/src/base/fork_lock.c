/* All locks of the process that are held during a fork. */
#include "base/fork_lock.h"

#include <stddef.h>

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t all_once = PTHREAD_ONCE_INIT;
static rl_fork_lock *all;

static void before_fork(void) {
  pthread_mutex_lock(&all_lock);
  for (rl_fork_lock *l = all; l; l = l->next) pthread_mutex_lock(&l->mutex);
}

static void after_fork(void) {
  for (rl_fork_lock *l = all; l; l = l->next) pthread_mutex_unlock(&l->mutex);
  pthread_mutex_unlock(&all_lock);
}

static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
}

void rl_fork_lock_init(rl_fork_lock *l) {
  pthread_mutex_init(&l->mutex, NULL);
  pthread_once(&all_once, watch_forks);
  pthread_mutex_lock(&all_lock);
  l->previous = NULL;
  l->next = all;
  if (l->next) l->next->previous = l;
  all = l;
  pthread_mutex_unlock(&all_lock);
}

void rl_fork_lock_dispose(rl_fork_lock *l) {
  pthread_mutex_lock(&all_lock);
  if (l->next) l->next->previous = l->previous;
  if (l->previous)
    l->previous->next = l->next;
  else
    all = l->next;
  pthread_mutex_unlock(&all_lock);
  pthread_mutex_destroy(&l->mutex);
}
