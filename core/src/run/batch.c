/* Building batches. calls.c sends their calls. */
#include "run/batch.h"

#include "run/model.h"
#include "run/tx.h"

rille_status rl_batch_begin(rl_op *op, rl_tx *tx, bool atomic, bool snapshot, rl_error *err) {
  rille_status st = rl_op_begin_start(op, tx, &rl_op_batch, err);
  op->atomic = atomic;
  op->snapshot = snapshot && !tx;
  if (st == RILLE_OK) op->phase = RL_PHASE_COLLECT;
  return st;
}

static rille_status batch_add_call(rl_op *op, const rl_call_kind *kind, rl_call **out, rl_error *err) {
  if (op->phase != RL_PHASE_COLLECT)
    return rl_fail(err, RL_VALIDATION, "a call can only be added to a batch that has begun and is not running yet");
  op->current = op->call_count;
  return rl_op_add_call(op, kind, out, err);
}

rille_status rl_batch_add_model(rl_op *op, const rl_model *model, rille_action action, const rl_tape *tape,
                                rl_error *err) {
  rl_call *call = NULL;
  rille_status st = batch_add_call(op, &rl_call_model, &call, err);
  if (st == RILLE_OK) st = rl_call_compile(call, &(rl_model_call){op->client->cache, model, action, tape, NULL}, err);
  if (st == RILLE_OK && op->snapshot && call->kind->writes(call))
    st = rl_fail(err, RL_VALIDATION, "a batch that reads one snapshot cannot write");
  if (st == RILLE_OK && op->json.wanted) st = rl_call_write_json(op, call, op->json.how, err);
  op->json = (rl_json_wanted){0};
  if (st != RILLE_OK && call) rl_op_drop_call(op);
  return st;
}

rille_status rl_batch_add_raw(rl_op *op, const rl_raw_call *from, rl_error *err) {
  rl_call *call = NULL;
  rl_named_models named = rl_raw_take_models(op);
  rille_status st = from->unscoped ? RILLE_OK : rl_client_check_raw(op->client, err);
  if (st == RILLE_OK) st = batch_add_call(op, &rl_call_raw, &call, err);
  if (st == RILLE_OK) st = rl_raw_make(call, op->client->driver, from, err);
  st = rl_raw_name_models(call, &named, st, err);
  if (st != RILLE_OK && call) rl_op_drop_call(op);
  return st;
}

rille_status rl_batch_run(rl_op *op, rl_tx *tx, rl_error *err) {
  if (op->phase != RL_PHASE_COLLECT) return rl_fail(err, RL_VALIDATION, "no batch has begun");
  rille_status st = tx ? rl_tx_check(tx, err) : RILLE_OK; /* the transaction may have been used since the batch began */
  if (st != RILLE_OK) return st;
  op->current = 0;
  rl_op_started(op, tx);
  return RILLE_OK;
}
