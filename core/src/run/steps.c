/* Which statements of a call are sent next. Steps that do not need each other's rows share a round trip. */
#include "run/steps.h"

#include "run/bulk.h"
#include "run/check.h"
#include "run/document.h"
#include "run/raise.h"

static uint64_t rowset_bit(uint32_t rowset) {
  return rowset == RL_NO_ROWSET ? 0 : rowset < 64 ? (uint64_t)1 << rowset : ~(uint64_t)0;
}

static uint64_t guard_needs(const rl_plan *plan, uint32_t guard) {
  uint64_t needs = 0;
  for (; guard != RL_NO_GUARD; guard = plan->guards[guard].parent) needs |= rowset_bit(plan->guards[guard].rowset);
  return needs;
}

static bool step_is_due(const rl_call *call, const rl_step *step) {
  const rl_plan *plan = call->compiled->plan;
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent) {
    bool empty = call->inputs.rowsets[plan->guards[g].rowset].rows == 0;
    if (empty != plan->guards[g].when_empty) return false;
  }
  return true;
}

static rille_status rowsets_merge(rl_call *call, const rl_step *step, rl_error *err) {
  rl_rowset *to = &call->inputs.rowsets[step->rowset];
  const rl_rowset *from = &call->inputs.rowsets[step->from];
  if (to->rows == 0) {
    *to = *from;
    to->filled = true;
    return RILLE_OK;
  }
  size_t columns = to->columns, rows = to->rows + from->rows;
  rl_value *cells = rl_arena_alloc(call->arena, rows * columns * sizeof *cells + 1);
  if (!cells) return rl_fail_nomem(err);
  memcpy(cells, to->cells, to->rows * columns * sizeof *cells);
  if (from->rows) memcpy(cells + to->rows * columns, from->cells, from->rows * columns * sizeof *cells);
  *to = (rl_rowset){.cells = cells, .rows = rows, .columns = columns, .cap = rows, .filled = true};
  return RILLE_OK;
}

static rille_status step_take_params(rl_call *call, const rl_template *t, rl_value *params, rl_error *err) {
  for (uint32_t i = 0; i < t->param_count; i++) {
    rille_status st = rl_input_value(t->inputs[i], &call->inputs, &params[i], err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

/* The values with rules of the steps that wait for others: nothing is sent if one of them breaks a rule. */
static rille_status check_late_rules(rl_call *call, rl_error *err) {
  const rl_compiled *c = call->compiled;
  for (uint32_t i = 0; i < c->plan->step_count; i++) {
    if (!c->steps[i].has_late_rules) continue;
    const rl_rows *rows = rl_step_rows(&c->plan->steps[i]);
    const rl_template *t = &c->program->steps[i].main;
    rille_status st = rows ? rl_rows_check_rules(rows, &call->inputs, err) : RILLE_OK;
    for (uint32_t p = 0; !rows && st == RILLE_OK && p < t->param_count; p++) {
      rl_value ignored;
      if (rl_input_has_rules(t->inputs[p])) st = rl_input_value(t->inputs[p], &call->inputs, &ignored, err);
    }
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

rille_status rl_call_prepare_inputs(rl_call *call, rl_error *err) {
  const rl_plan *plan = call->compiled->plan;
  call->params = RL_NEW_ARRAY(call->arena, rl_value *, plan->step_count + 1);
  if (!call->params) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < plan->step_count; i++) {
    const rl_step_sql *sql = &call->compiled->program->steps[i];
    rille_status st = RILLE_OK;
    if (sql->bulk != RL_BULK_NONE) {
      if (!call->bulks) call->bulks = RL_NEW_ARRAY(call->arena, rl_bulk *, plan->step_count + 1);
      if (!call->bulks) return rl_fail_nomem(err);
      if (!plan->steps[i].needs) st = rl_bulk_read(call, i, &call->bulks[i], err);
    } else if (!plan->steps[i].needs && sql->main.sql) {
      call->params[i] = rl_arena_alloc(call->arena, (sql->main.param_count + 1) * sizeof(rl_value));
      if (!call->params[i]) return rl_fail_nomem(err);
      st = step_take_params(call, &sql->main, call->params[i], err);
    }
    if (st != RILLE_OK) return st;
  }
  return call->compiled->has_late_rules ? check_late_rules(call, err) : RILLE_OK;
}

static rille_status step_check_agreements(rl_call *call, const rl_step *step, rl_error *err) {
  for (size_t i = 0; i < step->agreement_count; i++) {
    rl_value one, other;
    rille_status st = rl_input_value(step->agreements[i].one, &call->inputs, &one, err);
    if (st == RILLE_OK) st = rl_input_value(step->agreements[i].other, &call->inputs, &other, err);
    if (st == RILLE_OK && !rl_value_same(&one, &other))
      st = rl_raise_error(step->agreements[i].differs, call->compiled->model, err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

static rille_status step_send_statement(rl_call *call, rl_exchange *io, uint32_t index, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  if (step->agreement_count) {
    rille_status st = step_check_agreements(call, step, err);
    if (st != RILLE_OK) return st;
  }
  const rl_template *t = &call->compiled->program->steps[index].main;
  rl_value *params = call->params[index];
  if (!params) {
    params = rl_arena_alloc(call->arena, (t->param_count + 1) * sizeof *params);
    if (!params) return rl_fail_nomem(err);
    rille_status st = step_take_params(call, t, params, err);
    if (st != RILLE_OK) return st;
  }
  io->statements++;
  rl_dispatch d = {.call = call,
                   .stmt = &call->compiled->steps[index].main,
                   .params = params,
                   .from = t,
                   .cursor = call->portion && index == 0 ? &call->cursor : NULL,
                   .rows = call->portion,
                   .index = (uint32_t)io->sent_count};
  rille_status st = rl_exchange_send(io, &d, err);
  return st == RILLE_OK ? rl_exchange_push(io, (rl_sent){RL_SENT_STATEMENT, index, call}, err) : st;
}

bool rl_call_is_atomic(const rl_call *call, bool within) {
  const rl_plan *plan = call->compiled->plan;
  if (plan->atomic || (within && plan->collides)) return true;
  for (uint32_t i = 0; i < plan->step_count; i++)
    if (call->compiled->program->steps[i].bulk == RL_BULK_VALUES || (call->bulks && rl_bulk_is_several(call, i)))
      return true;
  return false;
}

/* Sends a step, does it here, or skips it. The group counts what was sent, and notes whether a check must be awaited.
 */
static rille_status send_step(rl_call *call, rl_exchange *io, uint32_t index, rl_group *group, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  if (step->kind == RL_STEP_RAISE) return rl_raise_error(step->error, call->compiled->model, err);
  if (step->kind == RL_STEP_MERGE) return rowsets_merge(call, step, err);
  rille_status st;
  if (call->compiled->program->steps[index].bulk != RL_BULK_NONE) {
    st = rl_bulk_start(call, io, index, err);
    if (st == RILLE_DONE) return rl_call_finish_step(call, index, 0, err); /* no rows */
    if (st == RILLE_OK) st = rl_exchange_push(io, (rl_sent){RL_SENT_STATEMENT, index, call}, err);
  } else {
    st = step_send_statement(call, io, index, err);
  }
  group->steps++;
  group->waits = group->waits || call->compiled->steps[index].waits;
  call->filling |= rowset_bit(step->rowset);
  return st;
}

rille_status rl_call_send_steps(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err) {
  const rl_plan *plan = call->compiled->plan;
  rille_status st = RILLE_OK;
  call->filling = 0;
  while (st == RILLE_OK && call->pc < plan->step_count) {
    const rl_step *step = &plan->steps[call->pc];
    if ((step->needs | guard_needs(plan, step->guard)) & call->filling) break;
    if (group->steps && !io->driver->pipelines) break;
    bool bulk = call->compiled->program->steps[call->pc].bulk != RL_BULK_NONE;
    if (group->steps && bulk) break; /* a bulk step has the connection to itself */
    if (step_is_due(call, step)) st = send_step(call, io, call->pc, group, err);
    call->pc++;
    if (group->steps && bulk) break;
  }
  return st;
}

static bool step_is_expected(const rl_plan *plan, const rl_step *step) {
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent)
    if (plan->guards[g].when_empty) return false;
  return true;
}

uint32_t rl_call_foresee_trips(const rl_call *call, bool pipelines, bool wrapped) {
  const rl_plan *plan = call->compiled->plan;
  const rl_program *program = call->compiled->program;
  uint32_t trips = 0, sent = 0; /* statements of the current group */
  uint64_t filling = 0;
  bool waits = false, alone = false;
  for (size_t i = 0; i < plan->step_count; i++) {
    const rl_step *step = &plan->steps[i];
    if (!program->steps[i].main.sql || !step_is_expected(plan, step)) continue;
    bool bulk = program->steps[i].bulk != RL_BULK_NONE;
    bool held = ((step->needs | guard_needs(plan, step->guard)) & filling) || !pipelines || bulk || alone;
    if (sent && held) {
      trips++;
      sent = 0;
      filling = 0;
      waits = false;
    }
    sent++;
    alone = bulk;
    waits = waits || call->compiled->steps[i].waits;
    filling |= rowset_bit(step->rowset);
  }
  if (sent) trips++;
  bool commits_apart = wrapped && (waits || !pipelines);
  return trips + commits_apart;
}

static void call_forget_rows(rl_call *call) {
  const rl_plan *plan = call->compiled->plan;
  if (plan->rowset_count) memset(call->inputs.rowsets, 0, plan->rowset_count * sizeof *call->inputs.rowsets);
  memset(call->node_rows, 0, plan->node_count * sizeof *call->node_rows);
  if (call->maps) memset(call->maps, 0, plan->node_count * sizeof *call->maps);
}

void rl_call_rewind(rl_call *call) {
  call->pc = call->emit_next = call->failed = 0;
  call->step_rows = 0;
  call->affected = 0;
  call->cursor.number = 0;
  call->root_ended = false;
  call_forget_rows(call);
  rl_bulk_rewind(call);
}

void rl_call_next_portion(rl_call *call) {
  call_forget_rows(call);
  call->mapped = call->kept = NULL;
  call->mapped_cap = call->emit_next = 0;
  call->pc = 0;
  if (call->document) rl_document_next(call->document);
}
