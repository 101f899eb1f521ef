/* Reads in batches: the root's statement is read a portion at a time, and for each portion the steps below run with the
 * keys of its rows. One transaction spans all of them, so that every batch is of the same snapshot. */
#ifndef RL_RUN_STREAM_H
#define RL_RUN_STREAM_H

#include "run/paused.h"

/* Decides whether this call is read so, `portion` rows of the root at a time. */
rille_status rl_stream_start(rl_op *op, rl_call *call, rl_tx *tx, uint32_t portion, rl_error *err);
rille_status rl_stream_end(rl_op *op, rl_error *err); /* sends what ends it, when the root has no more rows */
bool rl_stream_goes_on(const rl_op *op);              /* after a batch */
rille_status rl_stream_pause(rl_op *op);              /* a batch is complete: RILLE_BATCH */
rille_status rl_stream_resume(rl_op *op, rl_error *err);
void rl_stream_drop(rl_op *op);  /* its connection is another process's: there is no next batch */
void rl_stream_leave(rl_op *op); /* a paused one is given up */
void rl_stream_free(rl_op *op);
static inline bool rl_stream_is_between(const rl_op *op) {
  return op->stream && op->stream->between;
}
static inline bool rl_stream_is_paused(const rl_op *op) {
  return op->stream && op->stream->paused;
}

#endif
