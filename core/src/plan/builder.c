/* Building a plan: memory, steps, rowsets, guards and nodes. */
#include "plan/builder.h"

void *rl_need(rl_builder *b, void *p) {
  if (p) return p;
  b->status = rl_fail_nomem(b->err);
  longjmp(b->failed, 1);
}

_Noreturn void rl_refuse(rl_builder *b, rl_code code, const char *path, const char *format, ...) {
  va_list args;
  va_start(args, format);
  b->status = rl_vfail(b->err, code, format, args);
  va_end(args);
  if (path && *path) rl_error_detail(b->err, "path", rl_str_of(path));
  longjmp(b->failed, 1);
}

void *rl_more(rl_builder *b, void *items, size_t count, size_t *cap, size_t size) {
  if (count < *cap) return items;
  size_t bigger = *cap ? *cap * 2 : 8;
  void *moved = rl_need(b, rl_arena_array(b->arena, bigger, size));
  if (count) memcpy(moved, items, count * size);
  *cap = bigger;
  return moved;
}

size_t rl_fields_at(const rl_fields *list, const rl_field *field) {
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i] == field) return i;
  return RL_ABSENT;
}

void rl_fields_add(rl_builder *b, rl_fields *list, const rl_field *field) {
  if (rl_fields_at(list, field) != RL_ABSENT) return;
  list->items = rl_more(b, list->items, list->count, &list->cap, sizeof *list->items);
  list->items[list->count++] = field;
}

void rl_fields_add_all(rl_builder *b, rl_fields *list, const rl_field *const *fields, size_t count) {
  for (size_t i = 0; i < count; i++) rl_fields_add(b, list, fields[i]);
}

void rl_fields_add_key(rl_builder *b, rl_fields *list, const rl_model *model) {
  const rl_index *key = rl_model_key(model);
  for (size_t i = 0; key && i < key->count; i++) rl_fields_add(b, list, key->fields[i].field);
}

uint32_t rl_columns_add(rl_builder *b, rl_columns *list, rl_column column) {
  list->items = rl_more(b, list->items, list->count, &list->cap, sizeof *list->items);
  list->items[list->count] = column;
  return (uint32_t)list->count++;
}

uint32_t rl_columns_field(rl_builder *b, rl_columns *list, const rl_field *field) {
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].kind == RL_COLUMN_FIELD && list->items[i].field == field) return (uint32_t)i;
  return rl_columns_add(b, list, (rl_column){.kind = RL_COLUMN_FIELD, .field = field, .name = field->name});
}

static bool never_null(const rl_index *index) {
  if (index->kind != RL_INDEX_UNIQUE || index->where.len) return false;
  for (size_t i = 0; i < index->count; i++)
    if (!index->fields[i].field->required) return false;
  return true;
}

const rl_index *rl_model_key(const rl_model *model) {
  if (model->primary) return model->primary;
  for (size_t i = 0; i < model->index_count; i++)
    if (never_null(&model->indexes[i])) return &model->indexes[i];
  return NULL;
}

static rl_step *add_step(rl_builder *b, rl_step_kind kind) {
  rl_plan *plan = b->plan;
  b->steps = rl_more(b, b->steps, plan->step_count, &b->step_cap, sizeof *b->steps);
  rl_step *step = RL_MAKE(b, rl_step);
  step->kind = kind;
  step->guard = b->guard;
  step->rowset = step->from = step->expected = RL_NO_ROWSET;
  step->node = RL_NO_NODE;
  b->steps[plan->step_count++] = step;
  return step;
}

rl_step *rl_add_select(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys) {
  rl_step *step = add_step(b, RL_STEP_SELECT);
  rl_select *select = step->as.select = RL_MAKE(b, rl_select);
  select->model = model;
  select->where = where;
  select->keys = keys;
  return step;
}

rl_step *rl_add_insert(rl_builder *b, const rl_model *model) {
  rl_step *step = add_step(b, RL_STEP_INSERT);
  step->as.insert = RL_MAKE(b, rl_insert);
  step->as.insert->model = model;
  return step;
}

rl_step *rl_add_update(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys) {
  rl_step *step = add_step(b, RL_STEP_UPDATE);
  rl_update *update = step->as.update = RL_MAKE(b, rl_update);
  update->model = model;
  update->where = where;
  update->keys = keys;
  return step;
}

rl_step *rl_add_delete(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys) {
  rl_step *step = add_step(b, RL_STEP_DELETE);
  rl_delete *gone = step->as.delete_ = RL_MAKE(b, rl_delete);
  gone->model = model;
  gone->where = where;
  gone->keys = keys;
  return step;
}

void rl_add_raise(rl_builder *b, const rl_raise *error) {
  add_step(b, RL_STEP_RAISE)->error = error;
}

void rl_add_merge(rl_builder *b, uint32_t from, uint32_t into) {
  rl_step *step = add_step(b, RL_STEP_MERGE);
  step->from = from;
  step->rowset = into;
}

uint32_t rl_add_rowset(rl_builder *b) {
  return b->plan->rowset_count++;
}

void rl_step_columns(rl_builder *b, rl_step *step, const rl_columns *columns, size_t visible) {
  rl_columns all = *columns;
  /* a statement returns at least one column */
  if (!all.count) {
    const rl_model *model = step->kind == RL_STEP_SELECT ? step->as.select->model : NULL;
    if (model)
      rl_columns_field(b, &all, rl_model_key(model) ? rl_model_key(model)->fields[0].field : model->columns[0]);
  }
  if (step->kind == RL_STEP_SELECT) {
    step->as.select->columns = all.items;
    step->as.select->column_count = all.count;
    step->as.select->visible = visible;
  } else {
    step->returning = all.items;
    step->returning_count = all.count;
    step->returning_visible = visible;
  }
}

rl_at rl_step_keeps(rl_builder *b, rl_step *step, const rl_model *model, const rl_fields *fields) {
  rl_at at = {.model = model, .rowset = RL_NO_ROWSET, .fields = *fields};
  rl_columns columns = {0};
  step->keep = RL_MAKE_ARRAY(b, uint32_t, fields->count);
  for (size_t i = 0; i < fields->count; i++) step->keep[i] = rl_columns_field(b, &columns, fields->items[i]);
  step->keep_count = fields->count;
  rl_step_columns(b, step, &columns, 0);
  at.rowset = step->rowset = rl_add_rowset(b);
  return at;
}

rl_at rl_read_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, const rl_fields *wanted,
                   const rl_raise *none) {
  rl_fields fields = {0};
  rl_fields_add_key(b, &fields, model);
  if (wanted) rl_fields_add_all(b, &fields, wanted->items, wanted->count);
  rl_step *step = rl_add_select(b, model, where, keys);
  step->if_none = none;
  return rl_step_keeps(b, step, model, &fields);
}

uint32_t rl_guard_on(rl_builder *b, uint32_t rowset, bool when_empty) {
  rl_plan *plan = b->plan;
  uint32_t before = b->guard;
  plan->guards = rl_more(b, plan->guards, plan->guard_count, &b->guard_cap, sizeof *plan->guards);
  plan->guards[plan->guard_count] = (rl_guard){.rowset = rowset, .when_empty = when_empty, .parent = before};
  b->guard = (uint32_t)plan->guard_count++;
  return before;
}

uint32_t rl_add_node(rl_builder *b, uint32_t parent, rl_str name, bool list, const rl_model *model) {
  rl_plan *plan = b->plan;
  plan->nodes = rl_more(b, plan->nodes, plan->node_count, &b->node_cap, sizeof *plan->nodes);
  plan->nodes[plan->node_count] =
      (rl_node_plan){.parent = parent, .name = name, .list = list, .model = model, .parent_rowset = RL_NO_ROWSET};
  return (uint32_t)plan->node_count++;
}
