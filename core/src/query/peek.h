/* What lies at an offset of a tape's shape, by the letters that tape.h fixes. Private to the query room. */
#ifndef RL_QUERY_PEEK_H
#define RL_QUERY_PEEK_H

#include "tape/tape.h"

static inline bool rl_tape_is_table(const rl_tape *t, uint32_t shape) {
  return t->shape.p[shape] == '{';
}
static inline bool rl_tape_is_list(const rl_tape *t, uint32_t shape) {
  return t->shape.p[shape] == '[';
}

#endif
