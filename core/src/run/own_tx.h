/* The transaction that an operation makes for itself, or the savepoint within the caller's. */
#ifndef RL_RUN_OWN_TX_H
#define RL_RUN_OWN_TX_H

#include "run/op.h"

/* Before the first group: begins it, if the operation needs one. */
rille_status rl_own_begin(rl_op *op, rl_error *err);
/* What keeps its work; once. */
rille_status rl_own_end(rl_op *op, rl_error *err);
void rl_own_forget(rl_op *op); /* it was rolled back */

#endif
