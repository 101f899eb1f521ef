/* Nested writes that wait until all rows of their depth have been planned. */
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

void rl_run_later(rl_builder *b) {
  uint32_t before = b->guard;
  while (b->later) {
    rl_task *task = b->later;
    b->later = task->next;
    b->guard = task->guard;
    if (task->write)
      rl_nested_after(b, task->write, &task->row, true);
    else
      rl_link_rows(b, task->join, task->mine, task->other);
  }
  b->guard = before;
}
