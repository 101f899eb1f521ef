/* The process id, cached until a fork. */
#include "base/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static _Atomic long known; /* 0: not known yet in this process */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget(void) {
  atomic_store_explicit(&known, 0, memory_order_relaxed);
}
static void watch_forks(void) {
  pthread_atfork(NULL, NULL, forget);
}

long rl_process_id(void) {
  long id = atomic_load_explicit(&known, memory_order_relaxed);
  if (id) return id;
  pthread_once(&once, watch_forks);
  id = (long)getpid();
  atomic_store_explicit(&known, id, memory_order_relaxed);
  return id;
}
