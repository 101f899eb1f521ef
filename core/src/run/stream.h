/* Reads in batches. The statement of the root is read one portion at a time. For each portion the steps below run with
 * the keys of its rows. One transaction spans all batches, so all are of the same snapshot. */
#ifndef RL_RUN_STREAM_H
#define RL_RUN_STREAM_H

#include "run/paused.h"

/* Turns the call into a stream with `portion` rows of the root per batch, if it can be one. */
rille_status rl_stream_start(rl_op *op, rl_call *call, rl_tx *tx, uint32_t portion, rl_error *err);
rille_status rl_stream_end(rl_op *op,
                           rl_error *err); /* sends the statement that ends it, when the root has no more rows */
bool rl_stream_continues(const rl_op *op); /* more batches follow */
rille_status rl_stream_pause(rl_op *op);   /* a batch is complete: RILLE_BATCH */
rille_status rl_stream_resume(rl_op *op, rl_error *err);
void rl_stream_drop(rl_op *op);    /* after a fork: its connection is the parent's, there is no next batch */
void rl_stream_abandon(rl_op *op); /* abandons a paused one */
void rl_stream_free(rl_op *op);
static inline bool rl_stream_is_between_batches(const rl_op *op) {
  return op->stream && op->stream->between_batches;
}
static inline bool rl_stream_is_paused(const rl_op *op) {
  return op->stream && op->stream->paused;
}

#endif
