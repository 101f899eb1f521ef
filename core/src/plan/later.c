/* The queue of nested writes that wait until all rows of their depth have been planned. nested.c runs it. */
#include "plan/write.h"

void rl_later(rl_builder *b, rl_task task) {
  rl_task *waiting = RL_MAKE(b, rl_task);
  *waiting = task;
  waiting->guard = b->guard;
  waiting->next = NULL;
  if (!b->later) b->later_end = &b->later;
  *b->later_end = waiting;
  b->later_end = &waiting->next;
}
