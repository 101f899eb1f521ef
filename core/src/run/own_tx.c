/* The operation's own transaction: whether it needs one, and its beginning and end. */
#include "run/own_tx.h"

#include "run/paused.h"
#include "run/committing.h"

/* Returns whether the operation needs one transaction around all calls: it is asked for, more than one call could be
 * left half done, or a call needs it. In the caller's transaction it is a savepoint, and only the last reason counts.
 */
static bool own_tx_is_needed(const rl_op *op) {
  bool within = op->tx != NULL;
  if (op->stream || op->snapshot) return !within;
  if (!within && (rl_client_has_session(op->client) || (op->call_count > 1 && op->kind->writes(op)))) return true;
  for (uint32_t i = 0; i < op->call_count; i++) {
    const rl_call *call = op->calls[i];
    if (call->kind->atomic && call->kind->atomic(call, within)) return true;
  }
  return false;
}

static rl_begin own_tx_how(const rl_op *op) {
  if (op->stream) return op->stream->begin;
  return (rl_begin){.read_only = op->snapshot, .snapshot = op->snapshot, .deferred = op->snapshot};
}

/* Returns whether an operation that needs no transaction begins one for the notice to other processes. */
static bool own_tx_tells(rl_op *op) {
  if (rl_committing_wraps(op)) return true;
  if (rl_committing_tells_afterwards(op)) op->own_tx = RL_OWN_NONE_TELLS;
  return false;
}

rille_status rl_own_tx_begin(rl_op *op, rl_error *err) {
  rille_status st = RILLE_OK;
  if (!own_tx_is_needed(op)) {
    op->own_tx = RL_OWN_NONE;
    if (!op->committing || !own_tx_tells(op)) return st;
  }
  if (op->tx)
    st = rl_verb_send(&op->io, (rl_verb_step){RL_VERB_SAVEPOINT, 0}, err);
  else
    st = rl_verb_begin(&op->io, own_tx_how(op), err);
  if (st == RILLE_OK) op->own_tx = RL_OWN_OPEN;
  return st;
}

rille_status rl_own_tx_end(rl_op *op, rl_error *err) {
  if (op->own_tx != RL_OWN_OPEN) return RILLE_OK;
  op->own_tx = RL_OWN_ENDING;
  rille_status st = op->committing && !op->tx ? rl_committing_tell(op, err) : RILLE_OK;
  if (st != RILLE_OK) return st;
  return rl_verb_send(&op->io, (rl_verb_step){op->tx ? RL_VERB_RELEASE : RL_VERB_COMMIT, 0}, err);
}

void rl_own_tx_forget(rl_op *op) {
  op->own_tx = RL_OWN_UNDECIDED;
}
