/* The operation's own transaction, or its savepoint in the caller's. */
#ifndef RL_RUN_OWN_TX_H
#define RL_RUN_OWN_TX_H

#include "run/op.h"

/* Called before the first group. Begins it, if the operation needs one. */
rille_status rl_own_tx_begin(rl_op *op, rl_error *err);
/* Sends what ends it, if it is due: the verb that keeps its work, or the notice to other processes. sent: how many
 * statements of the calls the group has. */
rille_status rl_own_tx_end(rl_op *op, size_t sent, rl_error *err);
void rl_own_tx_forget(rl_op *op); /* it was rolled back */

#endif
