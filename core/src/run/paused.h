/* Reads in batches, and the list of those that pause in a transaction, which may do other things meanwhile. */
#ifndef RL_RUN_PAUSED_H
#define RL_RUN_PAUSED_H

#include "run/tx_state.h"

struct rl_stream {
  rl_op *op;
  rl_call *call;
  rl_arena lasting; /* what outlives a batch, this among it; the operation's arena is of one batch */
  bool closing;     /* what ends it was sent */
  bool between;     /* a batch is told and the next not begun */
  bool paused;      /* ... in a transaction, which may do other things: in its list */
  rl_begin begin;   /* of its own transaction */
  uint32_t depth;   /* of savepoints when it began */
  rl_stream *next_paused;
};

void rl_paused_add(rl_tx *tx, rl_stream *s);
void rl_paused_remove(rl_tx *tx, rl_stream *s);
/* Those that were begun at this depth of savepoints or deeper are over. */
void rl_paused_cut(rl_tx *tx, uint32_t depth);
/* Those that were begun deeper belong to what they were in. */
void rl_paused_lift(rl_tx *tx, uint32_t depth);

#endif
