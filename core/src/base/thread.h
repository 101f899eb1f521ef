/* The library's own threads, which block all signals and leave them to the application's threads, and condition
 * variables. */
#ifndef RL_BASE_THREAD_H
#define RL_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define RL_SMALL_STACK ((size_t)256 * 1024)

/* Starts a thread. stack: bytes; 0: the system's default. out: for joining; NULL: it is detached. Returns false if the
 * system has no thread left. */
bool rl_thread_start(size_t stack, void *(*run)(void *context), void *context, pthread_t *out);

void rl_condition_init(pthread_cond_t *c); /* takes the times of rl_clock_timespec */

#endif
