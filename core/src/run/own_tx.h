/* The operation's own transaction, or its savepoint in the caller's. */
#ifndef RL_RUN_OWN_TX_H
#define RL_RUN_OWN_TX_H

#include "run/op.h"

/* Called before the first group. Begins it, if the operation needs one. */
rille_status rl_own_tx_begin(rl_op *op, rl_error *err);
/* Sends the verb that keeps its work, if it is open, with the notice to other processes before it. */
rille_status rl_own_tx_end(rl_op *op, rl_error *err);
void rl_own_tx_forget(rl_op *op); /* it was rolled back */

#endif
