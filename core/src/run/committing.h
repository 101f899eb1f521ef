/* What operations and transactions touch, as the cache of their database must know it: marked before anything that
 * could commit is sent, unmarked when the outcome is known. With it, the notice to other processes, sent in the same
 * transaction. */
#ifndef RL_RUN_COMMITTING_H
#define RL_RUN_COMMITTING_H

#include "run/tx_state.h"

/* A write of an operation outside transactions, or a raw statement that may commit the caller's transaction. */
typedef struct rl_committing {
  rl_writing writing; /* none for rl_committing_now */
  rl_str notice;      /* for that: its text */
  bool tells;         /* other processes are told, with its COMMIT */
  bool wraps; /* its own transaction is only for that: its statements need none, and nothing is awaited before COMMIT */
} rl_committing;

/* Called before the first group of an operation that may write, again after each repetition. Outside transactions it
 * marks what the calls touch. In one it collects that for the commit. */
rille_status rl_committing_begin(rl_op *op, rl_error *err);
/* Called when the operation has ended, was abandoned or was cut, while it still has its connection. */
void rl_committing_end(rl_op *op, bool good);
/* Returns whether the operation is to be wrapped in a transaction to tell other processes. Called if it needs none. */
bool rl_committing_wraps(rl_op *op);
/* Returns whether other processes are told by a separate statement afterwards: it may not run in a transaction. */
bool rl_committing_tells_afterwards(const rl_op *op);
/* Queues the notice. */
rille_status rl_committing_tell(rl_op *op, rl_error *err);

/* For the caller's transactions. The snapshot is taken before BEGIN is sent, the mark is set before COMMIT is, with the
 * notice in the same group. */
void rl_committing_tx_begins(rl_tx *tx);
rille_status rl_committing_tx_commits(rl_op *op, rl_error *err);
/* Ends the mark of a COMMIT: it was answered, or given up. */
void rl_committing_tx_answered(rl_tx *tx, const rl_op *op, bool good);
/* The transaction has ended without a COMMIT of rille. ended: by the database, so a raw statement may have committed
 * it. */
void rl_committing_tx_forget(rl_tx *tx, bool ended);

/* Makes answers with one of the names stale now. tells: other processes are to be told, with rl_committing_tell. */
rille_status rl_committing_now(rl_op *op, const rl_names *names, bool *tells, rl_error *err);

#endif
