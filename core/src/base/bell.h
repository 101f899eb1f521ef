/* A bell: a descriptor that becomes readable when another thread, or another coroutine of this thread, rings it.
 * Several waiters may share one; the bell then keeps the list of called waiters, in order. */
#ifndef RL_BASE_BELL_H
#define RL_BASE_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A waiter that shares a bell. */
typedef struct rl_waiter {
  uint64_t tag; /* identifies it to its owner */
  bool called;
  struct rl_waiter *next, *previous;
} rl_waiter;

typedef struct rl_bell {
  int listen, ring; /* the same descriptor if the system has eventfd, otherwise the ends of a pipe */
  struct rl_bell *next;
  /* of a shared bell */
  _Atomic int references;
  long pid; /* in a forked child it would ring for the parent */
  pthread_mutex_t lock;
  rl_waiter *first, *last; /* called, but not returned by rl_bell_next yet */
} rl_bell;

rl_bell *rl_bell_new(void); /* NULL when out of memory or descriptors; one reference */
void rl_bell_free(rl_bell *b);
rl_bell *rl_bell_share(rl_bell *b); /* one more reference; rl_bell_free releases it */
void rl_bell_ring(const rl_bell *b);
void rl_bell_hush(const rl_bell *b); /* silent again, however often it was rung */

/* Any thread. A waiter is in the list of one bell at most. */
void rl_bell_add_waiter(rl_bell *b, rl_waiter *w);
void rl_bell_remove_waiter(rl_bell *b, rl_waiter *w); /* before the waiter is freed or added again */
/* Removes the next called waiter from the list. false: there is none, and the bell is silent. */
bool rl_bell_next(rl_bell *b, uint64_t *tag);
bool rl_bell_is_own(const rl_bell *b); /* created by this process */

#endif
