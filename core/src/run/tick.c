/* The thread for what is done now and then. */
#include "run/tick.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"

static struct {
  pthread_mutex_t lock;   /* held while something runs, which takes no longer than a call does */
  pthread_cond_t changed; /* somebody has joined, or the thread has to stop */
  rl_tick *first;
  pthread_t thread;
  bool runs, stops;
} ticks = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Runs what is due. Returns when the next one is. */
static int64_t run_due(void) {
  int64_t next = RL_NO_DEADLINE;
  for (rl_tick *t = ticks.first; t; t = t->next) {
    int64_t now = rl_clock_ms();
    if (now >= t->due_ms) {
      t->run(t);
      t->due_ms = now + t->every_ms;
    }
    if (t->due_ms < next) next = t->due_ms;
  }
  return next;
}

static void *tick_thread(void *context) {
  (void)context;
  pthread_mutex_lock(&ticks.lock);
  while (!ticks.stops) {
    int64_t next = run_due();
    struct timespec at = rl_clock_timespec(next);
    if (next == RL_NO_DEADLINE)
      pthread_cond_wait(&ticks.changed, &ticks.lock);
    else
      pthread_cond_timedwait(&ticks.changed, &ticks.lock, &at);
  }
  pthread_mutex_unlock(&ticks.lock);
  return NULL;
}

/* Stops the thread before the libraries below are torn down. */
static void stop_at_exit(void) {
  pthread_mutex_lock(&ticks.lock);
  bool there = ticks.runs;
  ticks.stops = true;
  ticks.runs = false;
  pthread_cond_signal(&ticks.changed);
  pthread_mutex_unlock(&ticks.lock);
  if (there) pthread_join(ticks.thread, NULL);
}

/* ------------------------------------------------------------------ forks */

static void before_fork(void) {
  pthread_mutex_lock(&ticks.lock);
}

static void after_fork(void) {
  pthread_mutex_unlock(&ticks.lock);
}

static void in_child(void) {
  for (rl_tick *t = ticks.first; t; t = t->next) t->listed = false;
  ticks.first = NULL;
  ticks.runs = false;
  rl_condition_init(&ticks.changed); /* the parent's thread sleeps on the one that was copied */
  pthread_mutex_unlock(&ticks.lock);
}

static void tick_set_up(void) {
  rl_condition_init(&ticks.changed);
  pthread_atfork(before_fork, after_fork, in_child);
  atexit(stop_at_exit);
}

/* ------------------------------------------------------------------ joining */

void rl_tick_join(rl_tick *t) {
  pthread_once(&once, tick_set_up);
  pthread_mutex_lock(&ticks.lock);
  if (!t->listed) {
    t->due_ms = rl_clock_after(t->every_ms);
    t->next = ticks.first;
    ticks.first = t;
    t->listed = true;
    if (!ticks.runs && !ticks.stops) ticks.runs = rl_thread_start(RL_SMALL_STACK, tick_thread, NULL, &ticks.thread);
    pthread_cond_signal(&ticks.changed);
  }
  pthread_mutex_unlock(&ticks.lock);
}

void rl_tick_leave(rl_tick *t) {
  pthread_mutex_lock(&ticks.lock);
  rl_tick **at = &ticks.first;
  while (*at && *at != t) at = &(*at)->next;
  if (*at) *at = t->next;
  t->listed = false;
  pthread_mutex_unlock(&ticks.lock);
}
