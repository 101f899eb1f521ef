/* Explaining a call: its statements and steps, and the database's plan of each statement. Nothing is run. */
#ifndef RL_RUN_EXPLAIN_H
#define RL_RUN_EXPLAIN_H

#include "run/op.h"

rille_status rl_op_start_explain(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                                 rl_error *err);

#endif
