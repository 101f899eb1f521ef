/* Batches: several calls as one operation, on one connection. Begin, add calls, run. */
#ifndef RL_RUN_BATCH_H
#define RL_RUN_BATCH_H

#include "run/raw.h"

/* atomic: all calls run in one transaction, whatever they do. snapshot: they only read, and see one state of the
 * database. In the caller's transaction neither changes anything. */
rille_status rl_batch_begin(rl_op *op, rl_tx *tx, bool atomic, bool snapshot, rl_error *err);
rille_status rl_batch_add_model(rl_op *op, const rl_model *model, rille_action action, const rl_tape *tape,
                                rl_error *err);
rille_status rl_batch_add_raw(rl_op *op, const rl_raw_call *from, rl_error *err);
rille_status rl_batch_run(rl_op *op, rl_tx *tx, rl_error *err);

#endif
