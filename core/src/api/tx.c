/* The public functions of transactions. */
#include "api/handle.h"
#include "base/alloc.h"
#include "run/tx_failure.h"

rille_status rille_tx_new(rille_client *c, const rille_tx_options *options, rille_tx **out, rille_error **err) {
  rl_error error = {0};
  rille_tx_options o = {0};
  rille_status st = options ? rl_read_options(&o, sizeof o, options, sizeof o, "rille_tx_options", &error) : RILLE_OK;
  if (st == RILLE_OK && (o.isolation < RILLE_ISOLATION_DEFAULT || o.isolation > RILLE_ISOLATION_SERIALIZABLE))
    st = rl_fail(&error, RL_VALIDATION, "isolation: unknown level %d", (int)o.isolation);
  if (st == RILLE_OK && (o.max_wait_ms < 0 || o.timeout_ms < 0))
    st = rl_fail(&error, RL_VALIDATION, "max_wait and timeout cannot be negative");
  rille_tx *tx = st == RILLE_OK ? rl_calloc(1, sizeof *tx) : NULL;
  if (st == RILLE_OK && !tx) st = rl_fail_nomem(&error);
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rl_tx_settings s = {(rl_isolation)o.isolation, o.read_only != 0, o.max_wait_ms, o.timeout_ms};
  st = rl_tx_init(&tx->tx, c->client, &s, &error);
  if (st != RILLE_OK) {
    rl_free(tx);
    return rl_box(st, &error, err);
  }
  *out = tx;
  return RILLE_OK;
}

void rille_tx_free(rille_tx *tx) {
  if (!tx) return;
  rl_tx_dispose(&tx->tx);
  rl_free(tx);
}

void rille_tx_failed_at(rille_tx *tx, const char *place) {
  if (tx && place) rl_tx_place_failure(&tx->tx, place);
}

static rille_status start_verb(rille_op *op, rille_tx *tx, rl_verb verb, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_tx_start(&tx->tx, &op->op, verb, &error), &error, err);
}

rille_status rille_op_begin(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_BEGIN, err);
}
rille_status rille_op_commit(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_COMMIT, err);
}
rille_status rille_op_rollback(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_ROLLBACK, err);
}
rille_status rille_op_savepoint(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_SAVEPOINT, err);
}
rille_status rille_op_release_savepoint(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_RELEASE, err);
}
rille_status rille_op_rollback_savepoint(rille_op *op, rille_tx *tx, rille_error **err) {
  return start_verb(op, tx, RL_VERB_ROLLBACK_TO, err);
}
