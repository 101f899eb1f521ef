/* The failure that left a transaction unusable, for the messages of later errors. */
#ifndef RL_RUN_TX_FAILURE_H
#define RL_RUN_TX_FAILURE_H

#include "run/tx.h"

/* Called after an operation has failed, before it releases its connection. Remembers the failure if it is the first, or
 * names the first one in the operation's error. */
void rl_tx_note_failure(rl_tx *tx, rl_op *op);
void rl_tx_forget_failure(rl_tx *tx);
/* Records the place of the call that has just failed. Does nothing if another one had failed before. */
void rl_tx_place_failure(rl_tx *tx, const char *place);
/* Fails with P2028: `what`, the failure, and a hint. If err has an error already, only its message is replaced. */
rille_status rl_tx_fail_after_failure(const rl_tx *tx, const char *what, rl_error *err);

#endif
