/* Threads of the library's own, which take no signals: those are for the threads of the program. And what threads wait
 * with. */
#ifndef RL_BASE_THREAD_H
#define RL_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define RL_SMALL_STACK ((size_t)256 * 1024)

/* stack: bytes; 0: as the system has it. out: to be joined; NULL: it is detached. false when there is none to spare. */
bool rl_thread_start(size_t stack, void *(*run)(void *context), void *context, pthread_t *out);

void rl_condition_init(pthread_cond_t *c); /* its times are those of rl_clock_timespec */

#endif
