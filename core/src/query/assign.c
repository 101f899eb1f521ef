/* What is written to one column: a value, null, or an operation on the current value. */
#include "query/bind.h"

static const rl_word number_words[] = {{"set", RL_SET},
                                       {"increment", RL_INCREMENT},
                                       {"decrement", RL_DECREMENT},
                                       {"multiply", RL_MULTIPLY},
                                       {"divide", RL_DIVIDE}};
static const rl_word list_words[] = {{"set", RL_SET}, {"push", RL_PUSH}};

static bool is_number(const rl_field *f) {
  return f->type.scalar == RL_INT || f->type.scalar == RL_BIGINT || f->type.scalar == RL_FLOAT ||
         f->type.scalar == RL_DECIMAL;
}

/* ------------------------------------------------------------------ values */

static rille_status assign_null(rl_binder *b, const rl_field *field, rl_arg *arg) {
  if (!field->required) return RILLE_OK;
  rille_status status = rl_bad(b, arg, field, "cannot be `rille.null`; the field is required");
  b->err->absent = true;
  return status;
}

/* rille.null is SQL NULL if the column is optional, otherwise JSON null. */
static rille_status assign_json(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  bool mark = arg->kind == RL_ARG_MARK;
  if (arg->kind == RL_ARG_NULL && !field->required) return RILLE_OK;
  if (mark && arg->mark == RL_MARK_DB_NULL) {
    if (!field->required) return RILLE_OK;
    return rl_bad(b, arg, field, "cannot be `rille.db_null`; the field is required (JSON null is `rille.json_null`)");
  }
  if (mark && arg->mark == RL_MARK_ANY_NULL)
    return rl_bad(b, arg, field,
                  "`rille.any_null` can be used only in filters; write `rille.db_null` or `rille.json_null`");
  return rl_input_json(b, &field->type, field, arg, &out->input);
}

static rille_status assign_list(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  if (arg->kind == RL_ARG_NULL) return rl_bad(b, arg, field, "cannot be `rille.null`; an empty list is `{}`");
  return rl_input_scalars(b, &field->type, field, arg, true, &out->input);
}

static rille_status assign_unruled(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  if (field->list) return assign_list(b, field, arg, out);
  if (field->type.scalar == RL_JSON) return assign_json(b, field, arg, out);
  if (arg->kind == RL_ARG_NULL) return assign_null(b, field, arg);
  return rl_input_scalar(b, &field->type, field, arg, &out->input);
}

static rille_status assign_value(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  RL_TRY(assign_unruled(b, field, arg, out));
  if (!field->rules || !out->input) return RILLE_OK;
  out->input->transform = RL_TRANSFORM_RULES;
  return rl_note_value(b, out->input);
}

/* ------------------------------------------------------------------ operations */

/* Binds one value, or a list of values. A list that is pushed to Json[] is one JSON value, as in Prisma. */
static rille_status push_values(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  bool many = arg->kind == RL_ARG_LIST || rl_is_empty_list(arg);
  if (many && field->type.scalar != RL_JSON) return rl_input_scalars(b, &field->type, field, arg, true, &out->input);
  rl_input *items;
  RL_TRY(rl_input_scalar(b, &field->type, field, arg, &items));
  out->input = rl_input_new(b, RL_INPUT_ARRAY, &field->type, field, NULL);
  if (!out->input) return rl_nomem(b);
  out->input->path = items->path;
  out->input->type.list = true;
  out->input->items = items;
  out->input->count = 1;
  return RILLE_OK;
}

static rille_status assign_push(rl_binder *b, const rl_field *field, rl_arg *arg, rl_assign *out) {
  RL_TRY(push_values(b, field, arg, out));
  if (!field->rules) return RILLE_OK;
  out->input->transform = RL_TRANSFORM_PUSHED;
  return rl_note_value(b, out->input);
}

static rille_status assign_operation(rl_binder *b, const rl_field *field, rl_arg *member, int op, rl_assign *out) {
  out->op = (rl_assign_op)op;
  if (op == RL_SET) return assign_value(b, field, member, out);
  if (member->kind == RL_ARG_NULL) return rl_bad(b, member, field, "cannot be `rille.null`");
  if (op == RL_PUSH) return assign_push(b, field, member, out);
  return rl_input_scalar(b, &field->type, field, member, &out->input);
}

static rille_status bind_assign_operation(rl_binder *b, const rl_field *field, rl_arg *arg, rl_data_mode mode,
                                          rl_assign *out) {
  const rl_word *words = field->list ? list_words : number_words;
  size_t count = field->list ? RL_COUNT_OF(list_words) : is_number(field) ? RL_COUNT_OF(number_words) : 1;
  if (mode == RL_DATA_CREATE) count = 1;
  if (arg->count != 1)
    return rl_bad(b, arg, field, "expected a value or one operation like `{ %s = ... }`, got %s",
                  field->list ? "push" : "set", arg->count ? "a table with several keys" : "an empty table");
  rl_arg *member = &arg->children[0];
  int op = rl_word_id(words, count, member->key);
  if (op >= 0) return assign_operation(b, field, member, op, out);
  rl_choices names = {.arena = b->arena};
  rl_choices_words(&names, words, count);
  return rl_bad_name(b, member, member->key, "operation", NULL, &names);
}

static bool is_operation(const rl_field *field, rl_arg *arg) {
  if (arg->kind != RL_ARG_OBJECT) return false;
  if (field->list) return arg->count > 0;
  if (field->type.scalar == RL_JSON) return false; /* every table is the value itself */
  return !(field->type.scalar == RL_DATETIME && rl_get(arg, "year"));
}

rille_status rl_bind_assign(rl_binder *b, const rl_field *field, rl_arg *arg, rl_data_mode mode, rl_assign *out) {
  *out = (rl_assign){.field = field, .op = RL_SET};
  if (!is_operation(field, arg)) return assign_value(b, field, arg, out);
  if (mode == RL_DATA_CREATE && !field->list)
    return rl_bad(b, arg, field, "expected a value, got a table; a new row has no operations");
  return bind_assign_operation(b, field, arg, mode, out);
}
