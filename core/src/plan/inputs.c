/* Inputs and filters that the plan creates: values of rows that earlier steps read or wrote. */
#include "plan/builder.h"

static rl_input *input_for(rl_builder *b, rl_input_kind kind, const rl_field *field) {
  rl_input *input = RL_MAKE(b, rl_input);
  input->kind = kind;
  input->field = field;
  if (field) input->type = field->type;
  input->nullable = true;
  return input;
}

rl_input *rl_cell(rl_builder *b, uint32_t rowset, uint32_t column, const rl_field *field) {
  rl_input *input = input_for(b, RL_INPUT_CELL, field);
  input->rowset = rowset;
  input->column = column;
  return input;
}

static rl_input *keys_input(rl_builder *b, uint32_t rowset, uint32_t column, const rl_field *field) {
  rl_input *input = rl_cell(b, rowset, column, field);
  input->kind = RL_INPUT_KEYS;
  return input;
}

const rl_assign *rl_assign_of(const rl_assign *assigns, size_t count, const rl_field *field) {
  for (size_t i = 0; i < count; i++)
    if (assigns[i].field == field) return &assigns[i];
  return NULL;
}

/* Returns the value that a row was created with, if it is known before the row exists. */
static rl_input *input_of_create(const rl_at *at, const rl_field *field) {
  const rl_assign *assign = rl_assign_of(at->assigns, at->assign_count, field);
  return assign && assign->op == RL_SET ? assign->input : NULL;
}

bool rl_at_has(const rl_at *at, const rl_field *field) {
  return input_of_create(at, field) || rl_fields_at(&at->fields, field) != RL_ABSENT;
}

rl_input *rl_at_value(rl_builder *b, const rl_at *at, const rl_field *field) {
  rl_input *known = input_of_create(at, field);
  if (known) return known;
  size_t column = rl_fields_at(&at->fields, field);
  if (column == RL_ABSENT)
    rl_refuse(b, RL_INTERNAL, NULL, "the plan reads %.*s.%.*s of a row that was not kept", RL_STR_ARG(at->model->name),
              RL_STR_ARG(field->name));
  return rl_cell(b, at->rowset, (uint32_t)column, field);
}

rl_input *rl_at_row_value(rl_builder *b, const rl_at *at, const rl_field *field) {
  size_t column = rl_fields_at(&at->fields, field);
  return column == RL_ABSENT ? rl_at_value(b, at, field) : rl_cell(b, at->rowset, (uint32_t)column, field);
}

rl_input *rl_at_list(rl_builder *b, const rl_at *at, const rl_field *field) {
  rl_input *known = input_of_create(at, field);
  size_t column = rl_fields_at(&at->fields, field);
  if (!known && column != RL_ABSENT) return keys_input(b, at->rowset, (uint32_t)column, field);
  rl_input *list = input_for(b, RL_INPUT_ARRAY, field);
  list->items = rl_at_value(b, at, field);
  list->count = 1;
  return list;
}

rl_filter *rl_where_keys(rl_builder *b, const rl_field *const *fields, const rl_field *const *from, size_t count,
                         const rl_at *at, bool many) {
  rl_filter *filter = RL_MAKE(b, rl_filter);
  filter->kind = RL_FILTER_KEYS;
  filter->field_count = count;
  filter->fields = RL_MAKE_ARRAY(b, const rl_field *, count);
  filter->inputs = RL_MAKE_ARRAY(b, rl_input *, count);
  for (size_t i = 0; i < count; i++) {
    filter->fields[i] = fields[i];
    filter->inputs[i] = many ? rl_at_list(b, at, from[i]) : rl_at_value(b, at, from[i]);
    if (filter->inputs[i]->kind == RL_INPUT_KEYS) filter->inputs[i]->paired = count > 1;
  }
  return filter;
}

rl_filter *rl_where_identity(rl_builder *b, const rl_at *at, bool many) {
  rl_fields key = {0};
  rl_fields_add_key(b, &key, at->model);
  return rl_where_keys(b, key.items, key.items, key.count, at, many);
}

rl_filter *rl_where_and(rl_builder *b, rl_filter *x, rl_filter *y) {
  if (!x || !y) return x ? x : y;
  rl_filter *both = RL_MAKE(b, rl_filter);
  both->kind = RL_FILTER_AND;
  both->items = RL_MAKE_ARRAY(b, rl_filter *, 2);
  both->items[0] = x;
  both->items[1] = y;
  both->count = 2;
  return both;
}

bool rl_filter_has_relation(const rl_filter *filter) {
  for (size_t i = 0; filter && filter->items && i < filter->count; i++)
    if (rl_filter_has_relation(filter->items[i])) return true;
  return filter && filter->kind == RL_FILTER_RELATION;
}

rl_filter *rl_plan_filter_not(rl_builder *b, rl_filter *x) {
  rl_filter *filter = RL_MAKE(b, rl_filter);
  filter->kind = RL_FILTER_NOT;
  filter->items = RL_MAKE_ARRAY(b, rl_filter *, 1);
  filter->items[0] = x;
  filter->count = 1;
  return filter;
}
