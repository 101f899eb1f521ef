/* The public functions of operations. */
#include "api/handle.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "run/batch.h"
#include "run/cached.h"
#include "run/explain.h"
#include "run/model.h"
#include "run/phases.h"

rille_op *rille_op_new(rille_client *c) {
  rille_op *op = rl_calloc(1, sizeof *op);
  if (!op) return NULL;
  rl_op_init(&op->op, c->client);
  op->client = rille_client_retain(c);
  return op;
}

void rille_op_free(rille_op *op) {
  if (!op) return;
  rl_op_dispose(&op->op);
  rille_client_release(op->client);
  rl_free(op);
}

void rille_op_reset(rille_op *op) {
  rl_op_reset(&op->op);
  (void)rl_op_set_request(&op->op, NULL, NULL); /* a write that was given up has emptied it */
  (void)rl_op_set_computation(&op->op, NULL, NULL);
}
void rille_op_set_blocking(rille_op *op, int blocking) {
  rl_op_set_blocking(&op->op, blocking != 0);
}

rille_bell *rille_bell_new(void) {
  return (rille_bell *)rl_bell_new();
}
void rille_bell_free(rille_bell *b) {
  rl_bell_free((rl_bell *)b);
}
int rille_bell_descriptor(const rille_bell *b) {
  const rl_bell *bell = (const rl_bell *)b;
  return rl_bell_is_own(bell) ? bell->listen : -1;
}
int rille_bell_next(rille_bell *b, uint64_t *tag) {
  return rl_bell_next((rl_bell *)b, tag);
}
void rille_op_set_bell(rille_op *op, rille_bell *bell, uint64_t tag) {
  rl_op_set_bell(&op->op, (rl_bell *)bell, tag);
}

rille_status rille_op_acquire(rille_op *op, int64_t wait_ms) {
  return rl_op_acquire(&op->op, wait_ms);
}

void rille_op_set_whole(rille_op *op, int whole) {
  rl_op_set_whole(&op->op, whole != 0);
}

void rille_op_set_stream(rille_op *op, uint32_t batch) {
  rl_op_set_stream(&op->op, batch);
}

void rille_op_set_json(rille_op *op, uint32_t how) {
  rl_op_set_json(&op->op, how);
}

rille_status rille_op_json(rille_op *op, const char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_str text;
  rille_status status = rl_op_json(&op->op, &text, &error);
  *out = text.p ? text.p : "";
  *len = text.len;
  return rl_box(status, &error, err);
}

rille_status rille_op_set_trace(rille_op *op, const char *trace, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_op_set_trace(&op->op, rl_str_of(trace), &error), &error, err);
}

int rille_action_get(rille_action action, rille_action_info *out) {
  const rl_action_info *info = rl_action_info_of(action);
  if (!info) return 0;
  rille_action_info full = {.result = info->result, .writes = info->writes, .name = info->name};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

rille_action rille_action_named(const char *name, size_t len) {
  return rl_action_named(rl_str_make(name, len));
}

static rille_status append_scope(rille_tape *args, const rl_tape_suffix *scope, rl_error *err) {
  rille_status st = rl_tape_finish(args, err);
  return st == RILLE_OK ? rl_tape_append(&args->tape, scope, err) : st;
}

rille_status rl_check_call(const rl_client *c, int32_t model, rille_action action, rille_tape *args, rl_error *err) {
  const rl_schema *s = c->schema;
  if (model < 0 || (size_t)model >= s->model_count)
    return rl_fail(err, RL_VALIDATION, "there is no model number %d", (int)model);
  if (!rl_action_info_of(action)) return rl_fail(err, RL_VALIDATION, "there is no action number %d", (int)action);
  if (!args) return rl_fail(err, RL_VALIDATION, "the arguments are missing; without arguments, pass an empty object");
  if (c->traits.scope || args->tape.end.suffix) return append_scope(args, c->traits.scope, err);
  return rl_tape_finish(args, err);
}

typedef rille_status start_function(rl_op *, rl_tx *, const rl_model *, rille_action, const rl_tape *, rl_error *);

static rille_status op_start(rille_op *op, rille_tx *tx, int32_t model, rille_action action, rille_tape *args,
                             start_function *start, rille_error **err) {
  rl_error error = {0};
  const rl_schema *s = op->op.client->schema;
  rille_status st = rl_check_call(op->op.client, model, action, args, &error);
  if (st == RILLE_OK) st = start(&op->op, tx ? &tx->tx : NULL, s->models[model], action, &args->tape, &error);
  return rl_box(st, &error, err);
}

rille_status rille_op_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action, rille_tape *args,
                            rille_error **err) {
  return op_start(op, tx, model, action, args, rl_op_start_model, err);
}

rille_status rille_op_explain_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action, rille_tape *args,
                                    rille_error **err) {
  return op_start(op, tx, model, action, args, rl_op_start_explain, err);
}

rille_status rille_op_batch(rille_op *op, rille_tx *tx, int atomic, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_batch_begin(&op->op, tx ? &tx->tx : NULL, atomic != 0 && atomic != RILLE_BATCH_SNAPSHOT,
                               atomic == RILLE_BATCH_SNAPSHOT, &error),
                &error, err);
}

static rille_status batch_add_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action,
                                    const rl_tape *tape, rl_error *err) {
  (void)tx; /* the batch has it */
  return rl_batch_add_model(op, model, action, tape, err);
}

rille_status rille_op_batch_model(rille_op *op, int32_t model, rille_action action, rille_tape *args,
                                  rille_error **err) {
  return op_start(op, NULL, model, action, args, batch_add_model, err);
}

static rl_raw_call raw_call(const char *sql, size_t len, const rille_tape *params, int query) {
  return (rl_raw_call){.sql = rl_str_make(sql, len),
                       .params = params ? &params->tape : NULL,
                       .rows = (query & RILLE_RAW_ROWS) != 0,
                       .numbered = (query & RILLE_RAW_NUMBERED) != 0,
                       .unscoped = (query & RILLE_RAW_UNSCOPED) != 0};
}

rille_status rille_op_batch_raw(rille_op *op, const char *sql, size_t len, rille_tape *params, int query,
                                rille_error **err) {
  rl_error error = {0};
  rl_raw_call call = raw_call(sql, len, params, query);
  rille_status st = params ? rl_tape_finish(params, &error) : RILLE_OK;
  if (st == RILLE_OK) st = rl_batch_add_raw(&op->op, &call, &error);
  return rl_box(st, &error, err);
}

rille_status rille_op_batch_run(rille_op *op, rille_tx *tx, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_batch_run(&op->op, tx ? &tx->tx : NULL, &error), &error, err);
}

rille_status rille_op_raw(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_tape *params, int query,
                          rille_error **err) {
  rl_error error = {0};
  rl_raw_call call = raw_call(sql, len, params, query);
  rille_status st = params ? rl_tape_finish(params, &error) : RILLE_OK;
  if (st == RILLE_OK) st = rl_op_start_raw(&op->op, tx ? &tx->tx : NULL, &call, &error);
  return rl_box(st, &error, err);
}

rille_status rille_op_script(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_op_start_script(&op->op, tx ? &tx->tx : NULL, rl_str_make(sql, len), &error), &error, err);
}

rille_status rille_op_next(rille_op *op, rille_row *row, rille_error **err) {
  rl_error error = {0};
  rille_status st = rl_op_next(&op->op, row, &error);
  return st >= 0 ? st : rl_box(st, &error, err);
}

void rl_write_wait(const rl_wait *w, rille_wait *out) {
  int64_t left = w->until_ms == RL_NO_DEADLINE ? -1 : w->until_ms - rl_clock_ms();
  rille_wait full = {.fd = w->fd,
                     .read = w->read,
                     .write = w->write,
                     .timeout_ms = w->until_ms != RL_NO_DEADLINE && left < 0 ? 0 : left};
  rl_write_struct(out, &full, sizeof full);
}

void rille_op_wait(const rille_op *op, rille_wait *out) {
  rl_write_wait(&op->op.wait, out);
}

int32_t rille_op_node_model(const rille_op *op, uint32_t node) {
  const rl_model *model = rl_op_node_model(&op->op, node);
  return model ? (int32_t)model->index : -1;
}

uint64_t rille_op_shape(const rille_op *op, const rille_node **nodes, uint32_t *count) {
  return rl_op_shape(&op->op, nodes, count);
}
rille_result rille_op_result(const rille_op *op) {
  return rl_op_result(&op->op);
}
int64_t rille_op_affected(const rille_op *op) {
  const rl_op *o = &op->op;
  return o->result_of < o->call_count ? o->calls[o->result_of]->affected : 0;
}
uint32_t rille_op_parts(const rille_op *op) {
  return op->op.call_count ? op->op.call_count : 1;
}
uint32_t rille_op_part(const rille_op *op) {
  return op->op.current;
}
void rille_op_set_part(rille_op *op, uint32_t part) {
  if (part < rille_op_parts(op)) op->op.result_of = part;
}
uint32_t rille_op_statements(const rille_op *op) {
  return op->op.io.statements;
}
uint32_t rille_op_round_trips(const rille_op *op) {
  return op->op.io.round_trips;
}

rille_status rille_op_explain(const rille_op *op, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  const rl_call *call = rl_op_call(&op->op);
  const rl_compiled *c = call ? call->compiled : NULL;
  if (!c) return rl_box(rl_fail(&error, RL_VALIDATION, "explain: no model call has been started"), &error, err);
  rl_buf b;
  rl_buf_init(&b);
  for (size_t i = 0; i < c->plan->step_count; i++)
    if (c->steps[i].main.sql) rl_buf_printf(&b, "%.*s\n", (int)c->steps[i].main.sql_len, c->steps[i].main.sql);
  return rl_give_text(RILLE_OK, &b, out, len, &error, err);
}
