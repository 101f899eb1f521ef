/* A bell: a descriptor that becomes readable when another thread, or another coroutine of this one, rings it. */
#ifndef RL_BASE_BELL_H
#define RL_BASE_BELL_H

#include <stdbool.h>

typedef struct rl_bell {
  int listen, ring; /* the same descriptor where the system has eventfd, else the ends of a pipe */
  struct rl_bell *next;
} rl_bell;

rl_bell *rl_bell_new(void); /* NULL when memory or descriptors are short */
void rl_bell_free(rl_bell *b);
void rl_bell_ring(const rl_bell *b);
void rl_bell_hush(const rl_bell *b); /* silent again, however often it was rung */

#endif
