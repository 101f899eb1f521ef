/* The scope of the client, for rows that are written. Where the values themselves say that a row stays in the scope,
 * nothing is checked. Otherwise the written rows are read again, and an error undoes everything. */
#include "plan/write.h"

typedef struct rl_scope_task {
  rl_at at;
  uint32_t guard;
  struct rl_scope_task *next;
} rl_scope_task;

rl_filter *rl_plan_scope(rl_builder *b, const rl_model *model) {
  if (!b->query->scopes) return NULL;
  const rl_model_scope *scope = &b->query->scopes[model->index];
  if (!scope->bound)
    rl_refuse(b, RL_INTERNAL, NULL, "the scope of %.*s is not known to the plan", RL_STR_ARG(model->name));
  return scope->where;
}

/* ------------------------------------------------------------------ what values say */

static const rl_rows_column *column_of(const rl_rows *rows, const rl_field *field) {
  for (size_t i = 0; rows && i < rows->column_count; i++)
    if (rows->columns[i].field == field) return &rows->columns[i];
  return NULL;
}

static bool is_updated(const rl_rows *rows, const rl_field *field) {
  for (size_t i = 0; rows && i < rows->update_count; i++)
    if (rows->update[i] == field) return true;
  return false;
}

static bool is_touched(const rl_written *w, const rl_field *field) {
  return w->created || rl_assign_of(w->assigns, w->assign_count, field) || is_updated(w->rows, field);
}

/* Returns whether both are the same value of the tape. */
static bool is_same(const rl_input *a, const rl_input *b) {
  if (!a || !b) return !a && !b;
  return a == b || (a->kind == RL_INPUT_VALUE && b->kind == RL_INPUT_VALUE && a->arg == b->arg &&
                    a->transform == b->transform && a->type.scalar == b->type.scalar);
}

static bool gives_value(const rl_written *w, const rl_filter *value) {
  const rl_assign *assign = rl_assign_of(w->assigns, w->assign_count, value->field);
  if (assign) return assign->op == RL_SET && is_same(assign->input, value->input);
  const rl_rows_column *column = w->created ? column_of(w->rows, value->field) : NULL;
  return column && column->from == RL_FROM_ROW && column->only_missing && is_same(column->missing, value->input);
}

static bool mentions(const rl_written *w, const rl_filter *f) {
  if (!f) return false;
  if (f->kind == RL_FILTER_RELATION) return true; /* related rows may be written too */
  if (f->field && is_touched(w, f->field)) return true;
  if (f->column && is_touched(w, f->column)) return true;
  for (size_t i = 0; i < f->field_count; i++)
    if (is_touched(w, f->fields[i])) return true;
  for (size_t i = 0; f->items && i < f->count; i++)
    if (mentions(w, f->items[i])) return true;
  return false;
}

/* Returns whether the values alone say that rows meet the condition, or met it before. */
static bool is_met(const rl_written *w, const rl_filter *f) {
  if (f->kind == RL_FILTER_AND && !f->negated) {
    for (size_t i = 0; i < f->count; i++)
      if (!is_met(w, f->items[i])) return false;
    return true;
  }
  if (f->field && rl_scope_gives(f, f->field)) return !is_touched(w, f->field) || gives_value(w, f);
  return !w->created && !mentions(w, f);
}

bool rl_scope_concerns(rl_builder *b, const rl_written *w) {
  if (!b->query->scopes) return false;
  rl_filter *scope = rl_plan_scope(b, w->model);
  return w->key_count > 0 || (scope && !is_met(w, scope));
}

/* ------------------------------------------------------------------ checks */

/* Reads the rows that meet the condition: all of them must. */
static void expect_all(rl_builder *b, const rl_at *at, rl_filter *where, const rl_raise *otherwise) {
  rl_columns none = {0};
  bool many = at->rowset != RL_NO_ROWSET;
  rl_step *step = rl_add_select(b, at->model, where, rl_where_identity(b, at, many));
  rl_step_columns(b, step, &none, 0);
  if (many) {
    step->if_fewer = otherwise;
    step->expected = at->rowset;
  } else {
    step->if_none = otherwise;
  }
}

static rl_filter *new_filter(rl_builder *b, rl_filter_kind kind, const rl_field *field) {
  rl_filter *f = RL_MAKE(b, rl_filter);
  f->kind = kind;
  f->field = field;
  return f;
}

/* Returns the condition that a relation names no row, or one in the scope. */
static rl_filter *names_known(rl_builder *b, const rl_field *relation) {
  const rl_relation *r = relation->relation;
  rl_filter *any = new_filter(b, RL_FILTER_OR, NULL), *known = new_filter(b, RL_FILTER_RELATION, relation);
  any->items = RL_MAKE_ARRAY(b, rl_filter *, r->count + 1);
  for (size_t i = 0; i < r->count; i++)
    if (!r->fields[i]->required) any->items[any->count++] = new_filter(b, RL_FILTER_IS_NULL, r->fields[i]);
  known->quantifier = RL_IS;
  known->inner = rl_plan_scope(b, relation->target);
  any->items[any->count++] = known;
  return any;
}

static uint32_t number_of(const rl_builder *b, const rl_step *step) {
  size_t at = b->plan->step_count - 1;
  while (b->steps[at] != step) at--;
  return (uint32_t)at;
}

void rl_scoped_check(rl_builder *b, const rl_step *step, const rl_written *w, const rl_at *at) {
  for (size_t i = 0; i < w->key_count; i++)
    expect_all(b, at, names_known(b, w->keys[i]), rl_raise_broken(b, w->keys[i]->relation, number_of(b, step)));
  rl_filter *scope = rl_plan_scope(b, w->model);
  if (!scope || is_met(w, scope)) return;
  rl_scope_task *task = RL_MAKE(b, rl_scope_task);
  *task = (rl_scope_task){.at = *at, .guard = b->guard, .next = b->scoped};
  b->scoped = task;
}

rl_written rl_written_by(const rl_model *model, const rl_assign *assigns, size_t count, const rl_write *write) {
  rl_written w = {.model = model, .assigns = assigns, .assign_count = count};
  if (!write) return w;
  w.created = write->is_create;
  w.keys = write->keys;
  w.key_count = write->key_count;
  return w;
}

rl_written rl_written_by_rows(const rl_rows *rows, bool created) {
  return (rl_written){
      .model = rows->model, .rows = rows, .created = created, .keys = rows->keys, .key_count = rows->key_count};
}

rl_at rl_scoped_keep(rl_builder *b, rl_step *step, const rl_written *w, const rl_fields *fields) {
  rl_at at = {.model = w->model, .rowset = RL_NO_ROWSET};
  rl_fields kept = {0};
  if (fields) rl_fields_add_all(b, &kept, fields->items, fields->count);
  if (rl_scope_concerns(b, w)) rl_fields_add_key(b, &kept, w->model);
  if (kept.count) at = rl_step_keeps(b, step, w->model, &kept);
  rl_scoped_check(b, step, w, &at);
  return at;
}

void rl_scoped_rest(rl_builder *b) {
  uint32_t before = b->guard;
  for (rl_scope_task *task = b->scoped; task; task = task->next) {
    b->guard = task->guard;
    expect_all(b, &task->at, rl_plan_scope(b, task->at.model), rl_raise_outside(b, task->at.model));
  }
  b->guard = before;
}
