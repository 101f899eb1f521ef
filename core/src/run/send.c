/* Which statements go to the database next: as many steps as take nothing from one another share a round trip. */
#include "run/route.h"

typedef struct rl_bulk rl_bulk;

static uint64_t rowset_bit(uint32_t rowset) {
  return rowset == RL_NO_ROWSET ? 0 : rowset < 64 ? (uint64_t)1 << rowset : ~(uint64_t)0;
}

rille_status rl_op_push_sent(rl_op *op, rl_sent_kind kind, uint32_t step, rl_error *err) {
  if (op->sent_count == op->sent_cap) {
    size_t cap = op->sent_cap ? op->sent_cap * 2 : 4;
    rl_sent *more = rl_arena_alloc(&op->arena, cap * sizeof *more);
    if (!more) return rl_fail_nomem(err);
    if (op->sent_count) memcpy(more, op->sent, op->sent_count * sizeof *more);
    op->sent = more;
    op->sent_cap = cap;
  }
  op->sent[op->sent_count++] = (rl_sent){kind, step};
  return RILLE_OK;
}

static uint64_t guard_needs(const rl_plan *plan, uint32_t guard) {
  uint64_t needs = 0;
  for (; guard != RL_NO_GUARD; guard = plan->guards[guard].parent) needs |= rowset_bit(plan->guards[guard].rowset);
  return needs;
}

bool rl_op_due(const rl_op *op, const rl_step *step) {
  const rl_plan *plan = op->compiled->plan;
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent) {
    bool empty = op->inputs.rowsets[plan->guards[g].rowset].rows == 0;
    if (empty != plan->guards[g].when_empty) return false;
  }
  return true;
}

static rille_status merge(rl_op *op, const rl_step *step, rl_error *err) {
  rl_rowset *to = &op->inputs.rowsets[step->rowset];
  const rl_rowset *from = &op->inputs.rowsets[step->from];
  if (to->rows == 0) {
    *to = *from;
    to->filled = true;
    return RILLE_OK;
  }
  size_t columns = to->columns, rows = to->rows + from->rows;
  rl_value *cells = rl_arena_alloc(&op->arena, rows * columns * sizeof *cells + 1);
  if (!cells) return rl_fail_nomem(err);
  memcpy(cells, to->cells, to->rows * columns * sizeof *cells);
  if (from->rows) memcpy(cells + to->rows * columns, from->cells, from->rows * columns * sizeof *cells);
  *to = (rl_rowset){.cells = cells, .rows = rows, .columns = columns, .cap = rows, .filled = true};
  return RILLE_OK;
}

static rille_status take_params(rl_op *op, const rl_template *t, rl_value *params, rl_error *err) {
  for (uint32_t i = 0; i < t->param_count; i++) {
    rille_status st = rl_input_value(t->inputs[i], &op->inputs, &params[i], err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

rille_status rl_op_prepare_inputs(rl_op *op, rl_error *err) {
  const rl_plan *plan = op->compiled->plan;
  op->params = RL_NEW_ARRAY(&op->arena, rl_value *, plan->step_count + 1);
  if (!op->params) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < plan->step_count; i++) {
    const rl_step_sql *sql = &op->compiled->program->steps[i];
    rille_status st = RILLE_OK;
    if (sql->bulk != RL_BULK_NONE) {
      if (!op->bulks) op->bulks = RL_NEW_ARRAY(&op->arena, rl_bulk *, plan->step_count + 1);
      if (!op->bulks) return rl_fail_nomem(err);
      if (!plan->steps[i].needs) st = rl_bulk_read(op, i, &op->bulks[i], err);
    } else if (!plan->steps[i].needs && sql->main.sql) {
      op->params[i] = rl_arena_alloc(&op->arena, (sql->main.param_count + 1) * sizeof(rl_value));
      if (!op->params[i]) return rl_fail_nomem(err);
      st = take_params(op, &sql->main, op->params[i], err);
    }
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

static rille_status check_agreements(rl_op *op, const rl_step *step, rl_error *err) {
  for (size_t i = 0; i < step->agreement_count; i++) {
    rl_value one, other;
    rille_status st = rl_input_value(step->agreements[i].one, &op->inputs, &one, err);
    if (st == RILLE_OK) st = rl_input_value(step->agreements[i].other, &op->inputs, &other, err);
    if (st == RILLE_OK && !rl_value_same(&one, &other))
      st = rl_raise_error(step->agreements[i].differs, op->compiled->model, err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

static rille_status send_statement(rl_op *op, uint32_t index, rl_error *err) {
  const rl_step *step = &op->compiled->plan->steps[index];
  if (step->agreement_count) {
    rille_status st = check_agreements(op, step, err);
    if (st != RILLE_OK) return st;
  }
  const rl_template *t = &op->compiled->program->steps[index].main;
  rl_value *params = op->params[index];
  if (!params) {
    params = rl_arena_alloc(&op->arena, (t->param_count + 1) * sizeof *params);
    if (!params) return rl_fail_nomem(err);
    rille_status st = take_params(op, t, params, err);
    if (st != RILLE_OK) return st;
  }
  const rl_stmt *stmt = &op->compiled->steps[index].main;
  rille_status st;
  op->statements++;
  st = rl_op_dispatch(op, (rl_dispatch){stmt, params, t, op->stream && index == 0, (uint32_t)op->sent_count}, err);
  return st == RILLE_OK ? rl_op_push_sent(op, RL_SENT_STEP, index, err) : st;
}

bool rl_op_is_atomic(const rl_op *op) {
  const rl_plan *plan = op->compiled->plan;
  if (plan->atomic || (op->tx && plan->collides)) return true;
  for (uint32_t i = 0; i < plan->step_count; i++)
    if (op->compiled->program->steps[i].bulk == RL_BULK_VALUES || rl_bulk_is_several(op, i)) return true;
  return false;
}

bool rl_op_needs_transaction(const rl_op *op) {
  if (op->stream || (!op->tx && rl_op_has_settings(op))) return !op->tx;
  return rl_op_is_atomic(op);
}

rille_status rl_op_open_transaction(rl_op *op, rl_error *err) {
  rille_status st;
  if (op->tx)
    st = rl_op_send_verb(op, (rl_step_of_tx){RL_VERB_SAVEPOINT, 0}, err);
  else
    st = rl_op_send_begin(op, op->stream ? rl_stream_begin(op) : (rl_begin){0}, err);
  if (st == RILLE_OK) op->opened = true;
  return st;
}

rille_status rl_op_send_commit(rl_op *op, rl_error *err) {
  op->commit_sent = true;
  return rl_op_send_verb(op, (rl_step_of_tx){op->tx ? RL_VERB_RELEASE : RL_VERB_COMMIT, 0}, err);
}

/* One step: sent, done here, or passed over. The group counts what was sent, and knows whether a check must be awaited.
 */
static rille_status send_step(rl_op *op, uint32_t index, rl_group *group, rl_error *err) {
  const rl_step *step = &op->compiled->plan->steps[index];
  if (step->kind == RL_STEP_RAISE) return rl_raise_error(step->error, op->compiled->model, err);
  if (step->kind == RL_STEP_MERGE) return merge(op, step, err);
  rille_status st;
  if (op->compiled->program->steps[index].bulk != RL_BULK_NONE) {
    st = rl_bulk_start(op, index, err);
    if (st == RILLE_DONE) return rl_op_finish_step(op, index, 0, err); /* no rows */
    if (st == RILLE_OK) st = rl_op_push_sent(op, RL_SENT_BULK, index, err);
  } else {
    st = send_statement(op, index, err);
  }
  group->steps++;
  group->waits = group->waits || op->compiled->steps[index].waits;
  op->filling |= rowset_bit(step->rowset);
  return st;
}

rille_status rl_op_send_steps(rl_op *op, rl_group *group, rl_error *err) {
  const rl_plan *plan = op->compiled->plan;
  rille_status st = RILLE_OK;
  op->filling = 0;
  while (st == RILLE_OK && op->pc < plan->step_count) {
    const rl_step *step = &plan->steps[op->pc];
    if ((step->needs | guard_needs(plan, step->guard)) & op->filling) break;
    if (group->steps && !op->driver->pipelines) break;
    bool bulk = op->compiled->program->steps[op->pc].bulk != RL_BULK_NONE;
    if (group->steps && bulk) break; /* a bulk insert has the connection to itself */
    if (rl_op_due(op, step)) st = send_step(op, op->pc, group, err);
    op->pc++;
    if (group->steps && bulk) break;
  }
  return st;
}

rille_status rl_op_send_group(rl_op *op, rl_error *err) {
  rl_group group = {0, false};
  rille_status st = RILLE_OK;
  op->sent_count = op->read_count = 0;
  st = rl_route_send_probe(op, err);
  if (st == RILLE_OK && op->pc == 0 && !op->opened && rl_op_needs_transaction(op)) st = rl_op_open_transaction(op, err);
  if (st == RILLE_OK) st = rl_op_send_steps(op, &group, err);
  if (st != RILLE_OK) return st;
  bool last = op->pc == op->compiled->plan->step_count && !op->commit_sent &&
              (!group.steps || (!group.waits && op->driver->pipelines));
  if (last && op->stream)
    st = op->stream_ended ? rl_stream_end(op, err) : RILLE_OK;
  else if (last && op->opened)
    st = rl_op_send_commit(op, err);
  if (st != RILLE_OK) return st;
  return op->sent_count ? op->driver->flush(op->conn, err) : RILLE_DONE;
}

static bool foreseen(const rl_plan *plan, const rl_step *step) {
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent)
    if (plan->guards[g].when_empty) return false;
  return true;
}

uint32_t rl_op_foresee_trips(const rl_op *op) {
  const rl_plan *plan = op->compiled->plan;
  const rl_program *program = op->compiled->program;
  uint32_t trips = 0, sent = 0; /* statements of the group at hand */
  uint64_t filling = 0;
  bool waits = false, alone = false;
  for (size_t i = 0; i < plan->step_count; i++) {
    const rl_step *step = &plan->steps[i];
    if (!program->steps[i].main.sql || !foreseen(plan, step)) continue;
    bool bulk = program->steps[i].bulk != RL_BULK_NONE;
    bool held = ((step->needs | guard_needs(plan, step->guard)) & filling) || !op->driver->pipelines || bulk || alone;
    if (sent && held) {
      trips++;
      sent = 0;
      filling = 0;
      waits = false;
    }
    sent++;
    alone = bulk;
    waits = waits || op->compiled->steps[i].waits;
    filling |= rowset_bit(step->rowset);
  }
  if (sent) trips++;
  bool commits_apart = rl_op_needs_transaction(op) && (waits || !op->driver->pipelines);
  return trips + commits_apart;
}
