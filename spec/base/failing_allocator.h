/* An allocator for tests: fails the n-th request, and counts what is live. */
#ifndef RL_SPEC_FAILING_ALLOCATOR_H
#define RL_SPEC_FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"

typedef struct failing_allocator {
  long left; /* requests until the failing one; below 0: none fails */
  long live; /* blocks not freed */
  bool failed;
} failing_allocator;

static inline void *failing_alloc(void *context, void *ptr, size_t size) {
  failing_allocator *f = context;
  if (size == 0) {
    if (ptr) f->live--;
    free(ptr);
    return NULL;
  }
  if (f->left == 0) {
    f->failed = true;
    return NULL;
  }
  if (f->left > 0) f->left--;
  void *p = realloc(ptr, size);
  if (p && !ptr) f->live++;
  return p;
}

/* Runs work(argument) with the 1st, 2nd, ... request failing until none does. work answers whether it succeeded; it
 * must have failed whenever a request did, unless it may do without. Returns how many requests were made to fail, or -1
 * when a block leaked or a failure was overlooked. */
static inline long fail_each_allocation(bool (*work)(void *), void *argument, bool may_do_without) {
  for (long n = 0; n < 100000; n++) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    bool done = work(argument);
    rl_allocator_set(NULL, NULL);
    if (f.live != 0) return -1;
    if (!f.failed) return done ? n : -1;
    if (done && !may_do_without) return -1;
  }
  return -1;
}

#endif
