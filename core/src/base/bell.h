/* A bell: a descriptor that becomes readable when another thread, or another coroutine of this one, rings it. Many may
 * share one: then it keeps who was called, in order. */
#ifndef RL_BASE_BELL_H
#define RL_BASE_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* One of those that share a bell. */
typedef struct rl_call {
  uint64_t tag; /* what its owner knows it by */
  bool called;
  struct rl_call *next, *previous;
} rl_call;

typedef struct rl_bell {
  int listen, ring; /* the same descriptor where the system has eventfd, else the ends of a pipe */
  struct rl_bell *next;
  /* of a shared one */
  _Atomic int references;
  long pid; /* in a forked child it would ring for the parent */
  pthread_mutex_t lock;
  rl_call *first, *last; /* were called and not told yet */
} rl_bell;

rl_bell *rl_bell_new(void); /* NULL when memory or descriptors are short; one reference */
void rl_bell_free(rl_bell *b);
rl_bell *rl_bell_share(rl_bell *b); /* one more reference, which rl_bell_free gives back */
void rl_bell_ring(const rl_bell *b);
void rl_bell_hush(const rl_bell *b); /* silent again, however often it was rung */

/* Any thread. The call is in the list of one bell at most. */
void rl_bell_call(rl_bell *b, rl_call *c);
void rl_bell_uncall(rl_bell *b, rl_call *c); /* before the call's memory goes, or it is called again */
/* Takes out the next that was called. false: there is none, and the bell is silent. */
bool rl_bell_next(rl_bell *b, uint64_t *tag);
bool rl_bell_is_own(const rl_bell *b); /* made by this process */

#endif
