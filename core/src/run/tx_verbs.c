/* Beginning and ending transactions and savepoints, as operations. */
#include "run/tx_verbs.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "run/paused.h"
#include "run/committing.h"
#include "run/tx_failure.h"
#include "run/abandon_limits.h"

/* ------------------------------------------------------------------ the kinds */

static bool begin_writes(const rl_op *op) {
  return !op->tx->settings.read_only;
}

static rille_status send_begin(rl_op *op, rl_error *err) {
  const rl_tx_settings *s = &op->tx->settings;
  rl_begin how = {.isolation = s->isolation, .read_only = s->read_only, .timeout_ms = s->timeout_ms};
  if (op->io.sent_count) return RILLE_DONE;
  rl_committing_tx_begins(op->tx);
  rille_status st = rl_verb_begin(&op->io, how, err);
  return st == RILLE_OK ? op->io.driver->flush(op->io.conn, err) : st;
}

static rille_status send_verbs(rl_op *op, rl_error *err) {
  if (op->io.sent_count) return RILLE_DONE;
  rille_status st = op->verbs[0].verb == RL_VERB_COMMIT ? rl_committing_tx_commits(op, err) : RILLE_OK;
  for (size_t i = 0; i < op->verb_count && st == RILLE_OK; i++) st = rl_verb_send(&op->io, op->verbs[i], err);
  return st == RILLE_OK ? op->io.driver->flush(op->io.conn, err) : st;
}

static const rl_op_kind begin_kind = {.action = "transaction",
                                      .begins = true,
                                      .writes = begin_writes,
                                      .may_write = rl_op_never,
                                      .repeats = rl_op_never,
                                      .suits_replica = rl_op_never,
                                      .send = send_begin};
static const rl_op_kind end_kind = {.action = "transaction",
                                    .ends = true,
                                    .writes = rl_op_always,
                                    .may_write = rl_op_never,
                                    .repeats = rl_op_never,
                                    .suits_replica = rl_op_never,
                                    .send = send_verbs};

/* ------------------------------------------------------------------ starting */

/* Returns the deadline for ending a transaction, which may begin after its timeout and then has the same time again.
 * The server's clock does not help: statement_timeout does not count a commit, which may wait for a standby or for
 * deferred triggers. */
static int64_t tx_end_limit(const rl_tx *tx) {
  int64_t most = tx->settings.timeout_ms;
  return rl_clock_after(most > RL_ABANDON_MS ? most : RL_ABANDON_MS);
}

static rille_status tx_start_verbs(rl_op *op, rl_tx *tx, const rl_verb_step *verbs, size_t count, rl_error *err) {
  const rl_op_kind *kind = verbs[0].verb == RL_VERB_BEGIN ? &begin_kind : &end_kind;
  rille_status st = rl_op_begin_start(op, tx, kind, err);
  if (st != RILLE_OK) return st;
  if (kind->ends && !tx->adopted && op->limit_ms == RL_NO_DEADLINE) op->limit_ms = tx_end_limit(tx);
  memcpy(op->verbs, verbs, count * sizeof *verbs);
  op->verb_count = count;
  rl_op_started(op, tx);
  return RILLE_OK;
}

/* Starts an end, which must work after the deadline too. */
static rille_status tx_start_end(rl_tx *tx, rl_op *op, const rl_verb_step *verbs, size_t count, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = tx_start_verbs(op, tx, verbs, count, err);
  tx->deadline_ms = deadline;
  return st;
}

/* Checks that the verb fits, before the transaction is changed: another operation may run in it. */
static rille_status tx_may_start(rl_tx *tx, rl_verb verb, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  if (verb == RL_VERB_BEGIN) return rl_tx_check_new(tx, err);
  if (verb == RL_VERB_ROLLBACK || verb == RL_VERB_RELEASE || verb == RL_VERB_ROLLBACK_TO)
    tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = rl_tx_check(tx, err);
  tx->deadline_ms = deadline;
  bool needs_savepoint = verb == RL_VERB_RELEASE || verb == RL_VERB_ROLLBACK_TO;
  bool ends_all = verb == RL_VERB_COMMIT || verb == RL_VERB_ROLLBACK;
  if (st == RILLE_OK && ends_all && tx->adopted)
    return rl_fail(err, RL_P2028, "the transaction must be ended where it was begun");
  if (st == RILLE_OK && needs_savepoint && tx->depth == 0)
    return rl_fail(err, RL_P2028, "the transaction has no open savepoint");
  return st;
}

/* Notes whether the database would refuse to keep the work. */
static rille_status tx_note_doomed(rl_tx *tx, rl_error *err) {
  rille_status st = rl_tx_hold(tx, err);
  if (st != RILLE_OK) return st;
  tx->doomed = tx->lease->driver->transaction_failed(tx->lease->conn);
  rl_tx_let_go(tx);
  return RILLE_OK;
}

static rille_status tx_start_savepoint_end(rl_tx *tx, rl_op *op, bool release, rl_error *err) {
  rille_status st = release ? tx_note_doomed(tx, err) : RILLE_OK;
  if (st != RILLE_OK) return st;
  bool undo = !release || tx->doomed;
  rl_verb_step verbs[] = {{RL_VERB_ROLLBACK_TO, tx->depth}, {RL_VERB_RELEASE, tx->depth}};
  return tx_start_end(tx, op, undo ? verbs : verbs + 1, undo ? 2 : 1, err);
}

rille_status rl_tx_start(rl_tx *tx, rl_op *op, rl_verb verb, rl_error *err) {
  rl_verb_step one = {verb, tx->depth + 1};
  rl_op_reset(op); /* what it did may have been in this transaction */
  rille_status st = tx_may_start(tx, verb, err);
  if (st != RILLE_OK) return st;
  tx->verb = verb;
  switch (verb) {
  case RL_VERB_BEGIN:
  case RL_VERB_SAVEPOINT: return tx_start_verbs(op, tx, &one, 1, err);
  case RL_VERB_COMMIT:
    st = tx_note_doomed(tx, err);
    if (st != RILLE_OK) return st;
    if (tx->doomed) one.verb = RL_VERB_ROLLBACK;
    return tx_start_end(tx, op, &one, 1, err);
  case RL_VERB_ROLLBACK: return tx_start_end(tx, op, &one, 1, err);
  case RL_VERB_RELEASE:
  case RL_VERB_ROLLBACK_TO: return tx_start_savepoint_end(tx, op, verb == RL_VERB_RELEASE, err);
  case RL_VERB_NONE: break;
  }
  return rl_fail(err, RL_INTERNAL, "unknown verb of a transaction: %d", (int)verb);
}

/* ------------------------------------------------------------------ the end of the handle */

void rl_tx_dispose(rl_tx *tx) {
  if (tx->running) rl_op_cut(tx->running);
  tx->running = NULL;
  atomic_store(&tx->grip, RL_GRIP_FREE);
  rl_tx_roll_back(tx);
  if (tx->lease && !tx->adopted) rl_lease_release(tx->lease, false);
  tx->lease = NULL;
  rl_committing_tx_forget(tx, tx->state == RL_TX_ENDED);
  rl_names_dispose(&tx->touched);
  rl_tx_forget_failure(tx);
  rl_client_release(tx->client);
  tx->client = NULL;
}
