/* Whether an operation needs a transaction of its own, and its two ends. */
#include "run/own_tx.h"

#include "run/paused.h"

/* One transaction around all calls: when it is asked for, when more than one could be left half done, or when one needs
 * it for itself. Within a transaction it is a savepoint, and only the last counts. */
static bool is_needed(const rl_op *op) {
  bool within = op->tx != NULL;
  if (op->stream) return !within;
  if (!within && (rl_client_has_session(op->client) || (op->call_count > 1 && op->kind->writes(op)))) return true;
  for (uint32_t i = 0; i < op->call_count; i++) {
    const rl_call *call = op->calls[i];
    if (call->kind->atomic && call->kind->atomic(call, within)) return true;
  }
  return false;
}

rille_status rl_own_begin(rl_op *op, rl_error *err) {
  rille_status st = RILLE_OK;
  if (op->own != RL_OWN_UNDECIDED) return st;
  if (!is_needed(op)) {
    op->own = RL_OWN_NONE;
    return st;
  }
  if (op->tx)
    st = rl_verb_send(&op->io, (rl_verb_step){RL_VERB_SAVEPOINT, 0}, err);
  else
    st = rl_verb_begin(&op->io, op->stream ? op->stream->begin : (rl_begin){0}, err);
  if (st == RILLE_OK) op->own = RL_OWN_OPEN;
  return st;
}

rille_status rl_own_end(rl_op *op, rl_error *err) {
  op->own = RL_OWN_ENDING;
  return rl_verb_send(&op->io, (rl_verb_step){op->tx ? RL_VERB_RELEASE : RL_VERB_COMMIT, 0}, err);
}

void rl_own_forget(rl_op *op) {
  op->own = RL_OWN_UNDECIDED;
}
