/* Starting threads, and conditions on the monotonic clock. */
#include "base/thread.h"

#include <signal.h>
#include <time.h>

bool rl_thread_start(size_t stack, void *(*run)(void *context), void *context, pthread_t *out) {
  pthread_attr_t attributes;
  sigset_t all, before;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return false;
  if (!out) (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack) (void)pthread_attr_setstacksize(&attributes, stack);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(out ? out : &thread, &attributes, run, context) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return started;
}

void rl_condition_init(pthread_cond_t *c) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(c, &attributes);
  pthread_condattr_destroy(&attributes);
}
