/* Calls of methods of models: their kind, and how they start. */
#include "run/model.h"

#include "base/clock.h"
#include "query/query.h"
#include "run/bulk.h"
#include "run/cached.h"
#include "run/constraint.h"
#include "run/document.h"
#include "run/emit.h"
#include "run/check.h"
#include "run/steps.h"
#include "run/stream.h"
#include "run/tx.h"

/* ------------------------------------------------------------------ the kind */

static const char *model_action(const rl_call *call) {
  return rl_action_info_of(call->compiled->action)->name;
}

static int32_t model_counted_as(const rl_call *call) {
  return (int32_t)call->compiled->action;
}

static bool model_writes(const rl_call *call) {
  return call->compiled->plan->writes;
}

static bool model_may_write(const rl_call *call) {
  const rl_plan *plan = call->compiled->plan;
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].kind == RL_STEP_SELECT && plan->steps[i].as.select->lock != RL_LOCK_NONE) return true;
  return plan->writes;
}

static bool model_repeats(const rl_call *call) {
  return !call->compiled->plan->writes;
}

/* Returns whether the step inserts a row because an earlier step found none. */
static bool inserts_after_read(const rl_plan *plan, const rl_step *step) {
  if (step->kind != RL_STEP_INSERT) return false;
  /* an index other than that of ON CONFLICT may find the other row first */
  if (rl_insert_updates(step->as.insert)) return true;
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent)
    if (plan->guards[g].when_empty) return true;
  return false;
}

static bool model_is_outdated(const rl_call *call, rl_code code) {
  if (!call->failed) return false;
  const rl_plan *plan = call->compiled->plan;
  const rl_step *step = &plan->steps[call->failed - 1];
  if (code == RL_P2034) return step->if_fewer && step->if_fewer->code == RL_P2034;
  return code == RL_P2002 && inserts_after_read(plan, step);
}

static bool model_is_sent(const rl_call *call) {
  return call->pc == call->compiled->plan->step_count;
}

static rille_status model_take_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row, rl_error *err) {
  (void)io;
  return call->emit_next ? rl_call_emit_more(call, sent->step, row, err) : rl_call_take_row(call, sent->step, row, err);
}

static rille_status model_answered(rl_call *call, rl_exchange *io, const rl_sent *sent, int64_t affected,
                                   rl_error *err) {
  rille_status st = rl_call_finish_step(call, sent->step, affected, err);
  call->step_rows = 0;
  if (st != RILLE_OK || !call->bulk) return st;
  st = rl_bulk_more(call, io, err);
  if (st == RILLE_OK) return RILLE_AGAIN;
  return st == RILLE_DONE ? RILLE_OK : st;
}

static void model_failed(const rl_call *call, rl_error *err) {
  const rl_step *step = call->failed ? &call->compiled->plan->steps[call->failed - 1] : NULL;
  rl_translate_constraint(call->context->schema, call->compiled->model, step, err);
  bool wrote = step && step->kind != RL_STEP_SELECT; /* a check has said it itself */
  if (wrote && call->compiled->plan->scoped)
    rl_equalize_broken_key(call->context->schema, call->compiled->model, step, err);
}

static uint64_t model_shape(const rl_call *call, const rille_node **nodes, uint32_t *count) {
  *nodes = call->compiled ? call->compiled->nodes : NULL;
  *count = call->compiled ? (uint32_t)call->compiled->plan->node_count : 0;
  return call->compiled ? call->compiled->id : 0;
}

static rille_result model_result(const rl_call *call) {
  return call->compiled ? call->compiled->plan->result : RILLE_RESULT_NONE;
}

/* What both kinds of call have. */
#define MODEL_KIND                                                                                                     \
  .of_model = true, .suits_replica = true, .action = model_action, .counted_as = model_counted_as,                     \
  .writes = model_writes, .may_write = model_may_write, .repeats = model_repeats, .atomic = rl_call_is_atomic,         \
  .outdated = model_is_outdated, .is_sent = model_is_sent, .send = rl_call_send_steps, .answered = model_answered,     \
  .failed = model_failed, .shape = model_shape

const rl_call_kind rl_call_model = {MODEL_KIND, .row = model_take_row, .rewind = rl_call_rewind,
                                    .result = model_result};

/* ------------------------------------------------------------------ the same, with its result as JSON */

static rille_status json_write_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row, rl_error *err) {
  rille_status st = model_take_row(call, io, sent, row, err);
  if (st != RILLE_ROW) return st;
  if (call->cached) rl_cached_see_row(call, row);
  rl_document_add(call->document, row, false);
  while (call->emit_next) { /* below other parents too */
    st = rl_call_emit_more(call, sent->step, row, err);
    if (st != RILLE_ROW) return st;
    rl_document_add(call->document, row, true);
  }
  return RILLE_OK;
}

static void json_rewind(rl_call *call) {
  rl_call_rewind(call);
  rl_document_rewind(call->document);
}

static rille_result json_result(const rl_call *call) {
  (void)call;
  return RILLE_RESULT_JSON;
}

static const rl_call_kind json_model = {MODEL_KIND, .row = json_write_row, .rewind = json_rewind,
                                        .result = json_result};

rille_status rl_call_write_json(rl_op *op, rl_call *call, uint32_t how, rl_error *err) {
  call->document = rl_op_new_document(op);
  if (!call->document) return rl_fail_nomem(err);
  call->kind = &json_model;
  return rl_document_begin(call->document, call->compiled, how, err);
}

/* ------------------------------------------------------------------ the same, with its rows collected for the cache */

static rille_status cached_take_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row,
                                    rl_error *err) {
  rille_status st = model_take_row(call, io, sent, row, err);
  if (st != RILLE_ROW) return st;
  rl_cached_see_row(call, row);
  rl_cached_collect_row(call, row);
  return st;
}

static const rl_call_kind cached_model = {MODEL_KIND, .row = cached_take_row, .rewind = rl_call_rewind,
                                          .result = model_result};

void rl_call_collect(rl_call *call, rl_cached *cached) {
  call->cached = cached;
  if (!call->document) call->kind = &cached_model; /* kinds differ, so other calls pay nothing */
}

/* ------------------------------------------------------------------ start */

/* Rejects writes before the database is asked. PostgreSQL would end the transaction, and SQLite in memory would write.
 */
static rille_status check_writable(const rl_tx *tx, const rl_plan *plan, rl_error *err) {
  if (!tx || !tx->settings.read_only || !plan->writes) return RILLE_OK;
  return rl_fail(err, RL_P2028, "nothing can be written here: the transaction is read-only");
}

static bool call_allocate(rl_call *call, const rl_plan *plan) {
  size_t nodes = plan->node_count ? plan->node_count : 1;
  if (plan->rowset_count) call->inputs.rowsets = RL_NEW_ARRAY(call->arena, rl_rowset, plan->rowset_count);
  if (plan->generated_count) call->inputs.generated = RL_NEW_ARRAY(call->arena, rl_value, plan->generated_count);
  if (nodes > 1) call->maps = RL_NEW_ARRAY(call->arena, rl_key_map, nodes);
  call->node_rows = RL_NEW_ARRAY(call->arena, uint64_t, nodes);
  return call->node_rows && (nodes < 2 || call->maps) && (!plan->rowset_count || call->inputs.rowsets) &&
         (!plan->generated_count || call->inputs.generated);
}

rille_status rl_call_compile(rl_call *call, const rl_model_call *from, rl_error *err) {
  uint32_t *anchors = NULL;
  rille_status st = rl_compile(from->cache, call->context, from->model, from->action, from->tape, call->arena,
                               &call->compiled, &anchors, err);
  if (st != RILLE_OK) return st;
  const rl_plan *plan = call->compiled->plan;
  st = check_writable(from->tx, plan, err);
  if (st != RILLE_OK) return st;
  call->tape = from->tape;
  call->inputs = (rl_inputs){.tape = from->tape, .anchors = anchors, .arena = call->arena};
  if (plan->generated_count || plan->writes) call->inputs.now_us = rl_clock_wall_us() / 1000 * 1000;
  return call_allocate(call, plan) ? rl_call_prepare_inputs(call, err) : rl_fail_nomem(err);
}

rille_status rl_op_start_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action_of, const rl_tape *tape,
                               rl_error *err) {
  rl_call *call = NULL;
  uint32_t portion = op->stream_wanted;
  rl_json_wanted json = op->json;
  bool cached = op->cached && op->cached->wanted;
  rille_status st = rl_op_begin_start(op, tx, &rl_op_calls, err);
  if (st == RILLE_OK) st = rl_op_add_call(op, &rl_call_model, &call, err);
  if (st == RILLE_OK) st = rl_call_compile(call, &(rl_model_call){op->client->cache, model, action_of, tape, tx}, err);
  if (st == RILLE_OK && json.wanted) st = rl_call_write_json(op, call, json.how, err);
  if (st == RILLE_OK && portion) st = rl_stream_start(op, call, tx, portion, err);
  if (st == RILLE_OK && op->cached) st = rl_cached_start(op, tx, cached, portion != 0, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}
