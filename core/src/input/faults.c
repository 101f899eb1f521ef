/* All that is wrong with values, for callers that do not stop at the first error. */
#include "input/convert.h"
#include "input/rows_position.h"
#include "input/rules.h"

typedef struct search {
  const rl_tape *tape;
  rl_arena *arena;
  const rl_note_to *note;
  rl_error *err;
} search;

static rille_status note_error(const search *s, rille_status status) {
  return status == RILLE_ERROR ? s->note->fn(s->note->state, status) : status;
}

static rille_status note_rules(const search *s, const rl_input *input, rl_value *v) {
  rl_rule_fault fault;
  bool pushed = input->transform == RL_TRANSFORM_PUSHED;
  if (v->kind == RILLE_NULL) return RILLE_OK;
  rille_status status = rl_rules_transform(input->field->rules, s->arena, v, s->err);
  for (uint32_t at = 0; status == RILLE_OK && rl_rules_check(input->field, v, pushed, &at, &fault);)
    status = note_error(s, rl_rules_refuse(input, &fault, s->arena, s->err));
  return status;
}

/* ------------------------------------------------------------------ an input */

static rille_status read_input(const search *s, const rl_input *input, rl_value *out) {
  if (input->kind == RL_INPUT_CONSTANT) {
    *out = input->constant;
    return RILLE_OK;
  }
  const rl_arg *arg = input->arg;
  if (input->kind == RL_INPUT_LIST)
    return rl_coerce_list(input, s->tape, arg->shape_at, arg->slot, s->arena, out, s->err);
  if (input->kind != RL_INPUT_ARRAY)
    return rl_coerce_at(input, s->tape, arg->shape_at, arg->slot, s->arena, out, s->err);
  rl_value *items = RL_NEW_ARRAY(s->arena, rl_value, input->count);
  if (!items) return rl_fail_nomem(s->err);
  for (size_t i = 0; i < input->count; i++) {
    rille_status status = read_input(s, &input->items[i], &items[i]);
    if (status < 0) return status;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)input->count, .as.list = items};
  return RILLE_OK;
}

rille_status rl_input_find_faults(const rl_input *input, const rl_tape *tape, rl_arena *arena, const rl_note_to *note,
                                  rl_error *err) {
  search s = {tape, arena, note, err};
  rl_value v;
  rille_status status = read_input(&s, input, &v);
  return status < 0 ? note_error(&s, status) : note_rules(&s, input, &v);
}

/* ------------------------------------------------------------------ rows */

static const rl_rows_column *column_of(const rl_rows *rows, rl_str key) {
  for (size_t c = 0; c < rows->column_count; c++)
    if (rows->columns[c].from == RL_FROM_ROW && rl_str_eq(rows->columns[c].field->name, key)) return &rows->columns[c];
  return NULL;
}

static rille_status search_cell(const search *s, const rl_rows_position *p, const rl_rows_column *c, uint32_t shape,
                                uint32_t slot) {
  const rl_field *f = c->field;
  const char *row = rl_rows_position_path(p, s->arena);
  char *path = row ? rl_arena_printf(s->arena, "%s.%.*s", row, RL_STR_ARG(f->name)) : NULL;
  if (!path) return rl_fail_nomem(s->err);
  rl_input input = {.kind = RL_INPUT_VALUE, .type = f->type, .field = f, .path = rl_str_of(path)};
  input.nullable = !f->required;
  rl_value v = rl_tape_scalar(s->tape, shape, slot);
  bool table = rl_tape_is_table(s->tape, shape) || rl_tape_is_list(s->tape, shape);
  if (!table && v.kind == RILLE_NULL) return RILLE_OK; /* checked with the shape */
  rille_status status = rl_read_cell(s->tape, &input, shape, slot, s->arena, &v, s->err);
  if (status < 0) return note_error(s, status);
  return c->ruled ? note_rules(s, &input, &v) : RILLE_OK;
}

static rille_status search_row(const search *s, const rl_rows_position *p, const rl_rows *rows, uint32_t shape,
                               uint32_t slot) {
  rl_str key;
  uint32_t value_shape, value_slot;
  rille_status status = RILLE_OK;
  if (!rl_tape_is_table(s->tape, shape)) return RILLE_OK; /* reported when the shape was checked */
  while (status == RILLE_OK && rl_tape_member(s->tape, &shape, &slot, &key, &value_shape, &value_slot)) {
    const rl_rows_column *c = column_of(rows, key);
    if (c) status = search_cell(s, p, c, value_shape, value_slot);
  }
  return status;
}

rille_status rl_rows_find_faults(const rl_rows *rows, rl_inputs *in, const rl_note_to *note, rl_error *err) {
  search s = {in->tape, in->arena, note, err};
  rl_rows_position p;
  uint32_t shape, slot;
  rille_status status = rl_rows_position_init(&p, rows, in, err);
  while (status == RILLE_OK && rl_rows_position_next(&p, &shape, &slot)) status = search_row(&s, &p, rows, shape, slot);
  for (size_t i = 0; status == RILLE_OK && i < rows->child_count; i++)
    status = rl_rows_find_faults(rows->children[i], in, note, err);
  return status;
}
