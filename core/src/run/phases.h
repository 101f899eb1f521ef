/* Running an operation. */
#ifndef RL_RUN_PHASES_H
#define RL_RUN_PHASES_H

#include "run/op.h"

/* Waits for a connection, wait_ms at most. AGAIN: it is still in the queue, otherwise OK. rl_op_next reports a failure.
 */
rille_status rl_op_acquire(rl_op *op, int64_t wait_ms);
/* ROW, BATCH, RESTART, DONE; AGAIN: op->wait says what to wait for (never when blocking); or an error. */
rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err);

#endif
