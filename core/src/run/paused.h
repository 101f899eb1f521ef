/* Reads in batches, and the list of those that pause in a transaction. The transaction may do other things meanwhile.
 */
#ifndef RL_RUN_PAUSED_H
#define RL_RUN_PAUSED_H

#include "run/tx_state.h"

struct rl_stream {
  rl_op *op;
  rl_call *call;
  rl_arena
      start_arena; /* what outlives a batch, this struct included; the operation's arena lives as long as a batch */
  bool closing;    /* the statement that ends it was sent */
  bool between_batches; /* a batch was delivered, and the next has not begun */
  bool paused;          /* the same in a transaction, whose list contains it */
  rl_begin begin;       /* of its own transaction */
  uint32_t depth;       /* open savepoints when it began */
  rl_stream *next_paused;
};

void rl_paused_add(rl_tx *tx, rl_stream *s);
void rl_paused_remove(rl_tx *tx, rl_stream *s);
/* Ends the reads that began with this many open savepoints, or more. */
void rl_paused_cut(rl_tx *tx, uint32_t depth);
/* Moves the reads that began with more open savepoints to this depth. */
void rl_paused_lift(rl_tx *tx, uint32_t depth);

#endif
