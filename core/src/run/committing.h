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
  bool is_certain;    /* its names become stale, whatever happens to the notice */
  bool tells;         /* other processes are told, with its COMMIT or afterwards */
  bool wraps; /* its own transaction is only for that: its statements need none, and nothing is awaited before COMMIT */
} rl_committing;

/* Called before the first group of an operation that may write, again after each repetition. Outside transactions it
 * marks what the calls touch. In one it collects that for the commit. AGAIN: op->wait is set, and nothing was queued.
 */
rille_status rl_committing_begin(rl_op *op, rl_error *err);
/* Tells the server that processes share, if that has not happened. AGAIN: op->wait is set. rl_committing_begin and
 * rl_committing_tx_commits do it too. For operations with op->committing. */
rille_status rl_committing_tell_server(rl_op *op);
/* Called when the operation has ended, was abandoned or was cut, while it still has its connection. */
void rl_committing_end(rl_op *op, bool good);
/* Returns whether the operation is to be wrapped in a transaction to tell other processes. Called if it needs none. */
bool rl_committing_wraps(rl_op *op);
/* Returns whether other processes are told by a separate statement afterwards: it may not run in a transaction. */
bool rl_committing_tells_afterwards(const rl_op *op);
/* Queues the notice. */
rille_status rl_committing_tell(rl_op *op, rl_error *err);
/* Returns whether other processes are still to be told, now that everything was answered: of a statement outside
 * transactions, also of one that has failed but may have committed something, or of a raw COMMIT of the caller's
 * transaction. */
bool rl_committing_owes_notice(const rl_op *op, bool good);
/* Sends that notice, and ends the mark: the outcome is known. After a failure to send, the connection is closed. */
rille_status rl_committing_tell_afterwards(rl_op *op, bool good, rl_error *err);
void rl_committing_warn(const rl_op *op, const rl_error *why); /* the notice has failed; the write has not */

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
