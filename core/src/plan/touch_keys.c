/* Primary keys that are known when a call starts: which rows a step can only mean. */
#include "plan/touching.h"

static const rl_input *value_of(const rl_plan *plan, size_t at, const rl_input *input);

static bool is_equality(const rl_filter *f) {
  return f->kind == RL_FILTER_COMPARE && f->op == RL_OP_EQ && !f->negated && !f->insensitive && !f->aggregate &&
         f->input && !f->column;
}

/* Returns the value that a condition demands of the field. All conditions in `f` must hold. */
static const rl_input *value_by(const rl_plan *plan, size_t at, const rl_filter *f, const rl_field *field) {
  if (!f || f->negated) return NULL;
  const rl_input *found = NULL;
  if (is_equality(f) && f->field == field) return value_of(plan, at, f->input);
  for (size_t i = 0; f->kind == RL_FILTER_KEYS && i < f->field_count && !found; i++)
    if (f->fields[i] == field) found = value_of(plan, at, f->inputs[i]);
  for (size_t i = 0; f->kind == RL_FILTER_AND && i < f->count && !found; i++)
    found = value_by(plan, at, f->items[i], field);
  return found;
}

/* Returns the only step that fills the rowset, before step `at`; the number of steps: there are several, or none. */
static size_t source_of(const rl_plan *plan, size_t at, uint32_t rowset) {
  size_t source = plan->step_count;
  for (size_t i = 0; i < plan->step_count; i++) {
    const rl_step *step = &plan->steps[i];
    if (step->rowset != rowset || step->kind == RL_STEP_RAISE) continue;
    if (step->kind == RL_STEP_MERGE || i >= at || source < plan->step_count) return plan->step_count;
    source = i;
  }
  return source;
}

static const rl_column *kept_column(const rl_step *step, uint32_t column) {
  bool reads = step->kind == RL_STEP_SELECT;
  const rl_column *columns = reads ? step->as.select->columns : step->returning;
  size_t count = reads ? step->as.select->column_count : step->returning_count;
  if (column >= step->keep_count || step->keep[column] >= count) return NULL;
  const rl_column *kept = &columns[step->keep[column]];
  return kept->kind == RL_COLUMN_FIELD && !kept->period ? kept : NULL;
}

/* Returns whether the rows that the update returns may have another value than its conditions say. */
static bool sets(const rl_update *update, const rl_field *field) {
  return update->rows || rl_assign_of(update->assigns, update->assign_count, field);
}

/* A value of the call itself, or of rows that an earlier step found by such a value. */
static const rl_input *value_of(const rl_plan *plan, size_t at, const rl_input *input) {
  if (input->kind == RL_INPUT_VALUE || input->kind == RL_INPUT_CONSTANT) return input;
  if (input->kind != RL_INPUT_CELL && input->kind != RL_INPUT_KEYS) return NULL;
  size_t source = source_of(plan, at, input->rowset);
  if (source == plan->step_count) return NULL;
  const rl_step *step = &plan->steps[source];
  const rl_column *kept = kept_column(step, input->column);
  if (!kept || (step->kind == RL_STEP_UPDATE && sets(step->as.update, kept->field))) return NULL;
  return rl_known_value(plan, source, kept->field);
}

const rl_input *rl_known_value(const rl_plan *plan, size_t at, const rl_field *field) {
  const rl_step *step = &plan->steps[at];
  const rl_filter *where = NULL, *keys = NULL;
  if (step->kind == RL_STEP_SELECT && step->as.select->model == field->model && !step->as.select->recursive) {
    where = step->as.select->where;
    keys = step->as.select->keys;
  } else if (step->kind == RL_STEP_UPDATE && step->as.update->model == field->model && !step->as.update->rows) {
    where = step->as.update->where;
    keys = step->as.update->keys;
  } else if (step->kind == RL_STEP_DELETE && step->as.delete_->model == field->model && !step->as.delete_->link) {
    where = step->as.delete_->where;
    keys = step->as.delete_->keys;
  }
  const rl_input *found = value_by(plan, at, where, field);
  return found ? found : value_by(plan, at, keys, field);
}

/* ------------------------------------------------------------------ one unique key */

enum { MOST_KEY_FIELDS = 32 };

typedef struct key_fields {
  const rl_field *items[MOST_KEY_FIELDS];
  size_t count;
} key_fields;

/* Collects the fields of equalities. Returns false if the condition says more. */
static bool collect_fields(const rl_filter *f, key_fields *out) {
  if (is_equality(f)) {
    if (out->count == MOST_KEY_FIELDS) return false;
    out->items[out->count++] = f->field;
    return true;
  }
  if (f->kind != RL_FILTER_AND || f->negated) return false;
  for (size_t i = 0; i < f->count; i++)
    if (!collect_fields(f->items[i], out)) return false;
  return true;
}

bool rl_is_one_key(const rl_model *model, const rl_filter *where) {
  key_fields fields = {.count = 0};
  return where && collect_fields(where, &fields) && rl_model_unique_of(model, fields.items, fields.count);
}
