/* Beginning and ending transactions and savepoints, as operations. */
#ifndef RL_RUN_TX_VERBS_H
#define RL_RUN_TX_VERBS_H

#include "run/tx.h"

/* Starts the verb on the connection of the transaction. BEGIN takes one. A failed transaction is rolled back instead of
 * committed, its savepoint instead of released. */
rille_status rl_tx_start(rl_tx *tx, rl_op *op, rl_verb verb, rl_error *err);
void rl_tx_dispose(rl_tx *tx); /* rolls back if it is open */

#endif
