/* A transaction: one pinned connection from begin to end. One thread at a time; a thread of our own takes the
 * connection away when the time has passed and nothing runs in the transaction (expiry.h). */
#ifndef RL_RUN_TX_H
#define RL_RUN_TX_H

#include "run/tx_state.h"

rille_status rl_tx_init(rl_tx *tx, rl_client *c, const rl_tx_settings *settings, rl_error *err);
/* One that was begun on somebody else's connection, who also ends it: here it takes operations and savepoints only. The
 * lease is borrowed. */
void rl_tx_adopt(rl_tx *tx, rl_client *c, rl_lease *lease);
/* Rolls back what is still open, and waits for a moment at most. Nothing runs in it. */
void rl_tx_roll_back(rl_tx *tx);
/* P2028 unless the transaction is open, idle and within its time. One that the database has ended, or whose connection
 * is not ours after a fork, is over with it. */
rille_status rl_tx_check(rl_tx *tx, rl_error *err);
rille_status rl_tx_check_new(rl_tx *tx, rl_error *err); /* P2028 when it was begun before */

/* Before the connection is touched, until rl_tx_let_go. P2028 when it is not open any more. */
rille_status rl_tx_hold(rl_tx *tx, rl_error *err);
void rl_tx_let_go(rl_tx *tx);

/* Called by every operation of the transaction when it ends; one that has a connection lets it go. A commit that could
 * only roll back puts P2028 into the operation. */
void rl_tx_answered(rl_tx *tx, rl_op *op, bool good);

#endif
