/* A transaction: one connection from begin to end. One thread at a time uses it. When it times out and nothing runs in
 * it, our own thread takes the connection away (expiry.h). */
#ifndef RL_RUN_TX_H
#define RL_RUN_TX_H

#include "run/tx_state.h"

rille_status rl_tx_init(rl_tx *tx, rl_client *c, const rl_tx_settings *settings, rl_error *err);
/* Adopts a transaction that another owner began on its connection, and will end. It accepts only operations and
 * savepoints. The lease is borrowed. */
void rl_tx_adopt(rl_tx *tx, rl_client *c, rl_lease *lease);
/* Rolls back if it is open, and waits only briefly. Nothing runs in it. */
void rl_tx_roll_back(rl_tx *tx);
/* Fails with P2028 unless the transaction is open, idle and within its time. A transaction that the database has ended,
 * or whose connection is the parent's after a fork, becomes ended. */
rille_status rl_tx_check(rl_tx *tx, rl_error *err);
rille_status rl_tx_check_new(rl_tx *tx, rl_error *err); /* P2028: it has begun */

/* Called before the connection is touched. Holds it until rl_tx_let_go. P2028: the transaction is no longer open. */
rille_status rl_tx_hold(rl_tx *tx, rl_error *err);
void rl_tx_let_go(rl_tx *tx);

/* Called by every operation of the transaction when it ends. Lets go of the connection. A commit that could only roll
 * back puts P2028 into the operation. */
void rl_tx_answered(rl_tx *tx, rl_op *op, bool good);

#endif
