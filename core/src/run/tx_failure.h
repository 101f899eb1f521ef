/* The failure after which a database takes nothing more of a transaction, for the words of later errors. */
#ifndef RL_RUN_TX_FAILURE_H
#define RL_RUN_TX_FAILURE_H

#include "run/tx.h"

/* After an operation that has failed, while its connection is at hand: remembers the failure when it is
 * the first, or puts the first into the words of the operation's error. */
void rl_tx_note_failure(rl_tx *tx, rl_op *op);
void rl_tx_forget_failure(rl_tx *tx);
/* Where in the program the call was that has just failed; nothing when another one has failed before. */
void rl_tx_place_failure(rl_tx *tx, const char *place);
/* P2028 with what happens, what failed, and what would have helped; or the same as the text of an error that is there.
 */
rille_status rl_tx_fail_after_failure(const rl_tx *tx, const char *what, rl_error *err);

#endif
