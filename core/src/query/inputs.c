/* Inputs: where the parameters of a query come from. All inputs are in one chain of the query, and get their addresses
 * at the end. */
#include "query/bind.h"

static rl_input *chain_input(rl_binder *b, rl_input *input) {
  if (!input) return NULL;
  input->next_sealed = b->query->inputs;
  b->query->inputs = input;
  return input;
}

rl_input *rl_input_new(rl_binder *b, rl_input_kind kind, const rl_type *type, const rl_field *field, rl_arg *arg) {
  rl_input *input = RL_NEW(b->arena, rl_input);
  if (!input) return NULL;
  input->kind = kind;
  if (type) input->type = *type;
  input->field = field;
  input->arg = arg;
  if (arg) input->path = rl_arg_path(b->arena, arg);
  if (arg && !input->path.p) return NULL;
  return chain_input(b, input);
}

rl_type rl_plain_type(rl_scalar scalar) {
  return (rl_type){.scalar = scalar};
}

static bool is_date_table(const rl_type *type, rl_arg *arg) {
  return type->scalar == RL_DATETIME && arg->kind == RL_ARG_OBJECT && rl_get(arg, "year");
}

/* Converts the value of this call immediately. So a value of the wrong kind is an error before anything is planned. */
static rille_status try_value(rl_binder *b, const rl_input *input) {
  rl_value out;
  return rl_coerce(input, input->arg->value, b->arena, &out, b->err);
}

rille_status rl_input_scalar(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, rl_input **out) {
  if (type->scalar == RL_JSON) return rl_input_json(b, type, field, arg, out);
  rl_type element = *type;
  element.list = false;
  if (!arg->value && !is_date_table(type, arg)) {
    if (arg->kind == RL_ARG_NULL) return rl_bad(b, arg, field, "cannot be `rille.null`");
    return rl_bad(b, arg, field, "expected a single value, got %s", rl_kind_text(arg));
  }
  rl_input *input = rl_input_new(b, RL_INPUT_VALUE, &element, field, arg);
  if (!input) return rl_nomem(b);
  *out = input;
  return arg->value ? try_value(b, input) : RILLE_OK;
}

/* Marks are part of the shape, so they are checked when the shape is new. Everything else about the elements is checked
 * when they are read. */
static rille_status check_elements(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg) {
  rl_list_walk walk;
  rl_list_walk_init(&walk, b->tree->tape, arg->shape_at, arg->slot);
  uint32_t shape, slot, run = UINT32_MAX;
  for (size_t i = 1; rl_list_walk_next(&walk, &shape, &slot); i++) {
    if (walk.run_index == run) continue;
    run = walk.run_index;
    rl_value v = rl_tape_scalar(b->tree->tape, shape, slot);
    bool json_null = type->scalar == RL_JSON && v.as.i == RL_MARK_JSON_NULL;
    if (v.kind == RILLE_NULL && v.as.i > 0 && v.as.i <= RL_MARK_FIELD && !json_null)
      return rl_bad(b, arg, field, "element %lu cannot be %s", (unsigned long)i, rl_mark_text((rl_mark)v.as.i));
  }
  return RILLE_OK;
}

/* Converts a list like try_value. The result is allocated in a separate arena, because the list may be long. */
static rille_status try_list(rl_binder *b, const rl_input *input) {
  rl_arena scratch;
  rl_value out;
  rl_arena_init(&scratch, 0);
  rille_status status =
      rl_coerce_list(input, b->tree->tape, input->arg->shape_at, input->arg->slot, &scratch, &out, b->err);
  rl_arena_dispose(&scratch);
  return status;
}

void rl_take_list_as_data(rl_binder *b, const rl_type *type, rl_arg *arg) {
  if (type->scalar == RL_JSON)
    arg->is_data = true;
  else if (rl_is_empty_list(arg))
    arg->is_data = arg->kind != RL_ARG_OBJECT;
  else
    arg->is_data = !rl_tape_has_decoded(b->tree->tape, arg->shape_at);
}

rille_status rl_input_scalars(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, bool as_list,
                              rl_input **out) {
  rl_type element = *type;
  element.list = as_list;
  bool empty = rl_is_empty_list(arg);
  bool captured = arg->kind == RL_ARG_JSON && type->scalar == RL_JSON; /* the tape wrote the list as one Json text */
  rl_take_list_as_data(b, type, arg);
  if (!empty && !captured && arg->kind != RL_ARG_LIST)
    return rl_bad(b, arg, field, "expected a list, got %s", rl_kind_text(arg));
  rl_input *input = rl_input_new(b, empty ? RL_INPUT_CONSTANT : RL_INPUT_LIST, &element, field, arg);
  if (!input) return rl_nomem(b);
  input->constant = (rl_value){.kind = RILLE_LIST};
  *out = input;
  if (empty) return RILLE_OK;
  if (!captured) RL_TRY(check_elements(b, type, field, arg));
  return try_list(b, input);
}

rille_status rl_input_json(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, rl_input **out) {
  rl_type element = *type;
  element.list = false;
  bool special = arg->kind == RL_ARG_MARK && arg->mark != RL_MARK_JSON_NULL && arg->mark != RL_MARK_EMPTY_ARRAY &&
                 arg->mark != RL_MARK_EMPTY_OBJECT;
  if (special) return rl_bad(b, arg, field, "expected a JSON value, got %s", rl_kind_text(arg));
  arg->is_data = true;
  *out = rl_input_new(b, RL_INPUT_JSON, &element, field, arg);
  if (!*out) return rl_nomem(b);
  rl_buf text;
  rl_buf_init(&text);
  rl_error error = {0};
  rille_status status = rl_arg_json(b->tree->tape, arg, &text, &error);
  rl_buf_dispose(&text);
  if (status == RILLE_ERROR) status = rl_bad_code(b, error.code, arg, field, "%s", rl_error_message(&error));
  if (status == RILLE_NOMEM) (void)rl_nomem(b);
  rl_error_clear(&error);
  return status;
}

static rille_status input_constant(rl_binder *b, const rl_field *field, rl_value value, rl_str path, rl_input **out) {
  *out = rl_input_new(b, RL_INPUT_CONSTANT, &field->type, field, NULL);
  if (!*out) return rl_nomem(b);
  (*out)->constant = value;
  (*out)->path = path;
  return RILLE_OK;
}

static rille_status input_generated(rl_binder *b, const rl_field *field, rl_default_kind kind, rl_str path,
                                    rl_input **out) {
  *out = rl_input_new(b, RL_INPUT_GENERATED, &field->type, field, NULL);
  if (!*out) return rl_nomem(b);
  (*out)->generator = kind;
  (*out)->generator_size = kind == RL_DEFAULT_NANOID ? field->def.size : 0;
  (*out)->slot = b->query->generated_count++;
  (*out)->path = path;
  return RILLE_OK;
}

rille_status rl_input_now(rl_binder *b, const rl_field *field, rl_str path, rl_input **out) {
  return input_generated(b, field, RL_DEFAULT_NOW, path, out);
}

static bool has_client_default(const rl_field *field) {
  switch (field->def.kind) {
  case RL_DEFAULT_NONE:
  case RL_DEFAULT_AUTOINCREMENT:
  case RL_DEFAULT_DBGENERATED:
  case RL_DEFAULT_SEQUENCE: return false;
  default: return true;
  }
}

rille_status rl_input_default(rl_binder *b, const rl_field *field, rl_str path, rl_input **out) {
  *out = NULL;
  if (!has_client_default(field)) return RILLE_OK;
  if (field->def.kind != RL_DEFAULT_LITERAL && field->def.kind != RL_DEFAULT_LIST)
    return input_generated(b, field, field->def.kind, path, out);
  rl_value value;
  RL_TRY(rl_literal_value(field, b->arena, &value, b->err));
  return input_constant(b, field, value, path, out);
}

rille_status rl_input_count(rl_binder *b, rl_arg *arg, rl_input **out) {
  rl_type type = rl_plain_type(RL_BIGINT);
  RL_TRY(rl_expect_number(b, arg));
  RL_TRY(rl_input_scalar(b, &type, NULL, arg, out));
  rl_arg_pin_sign(arg);
  bool negative = arg->kind == RL_ARG_FLOAT ? arg->value->as.f < 0 : arg->value->as.i < 0;
  if (!negative) return RILLE_OK;
  return rl_bad_code(b, RL_P2019, arg, NULL, "expected 0 or more, got a negative number");
}

rille_status rl_seal(rl_binder *b) {
  RL_TRY(rl_arg_tree_address(b->tree, b->err));
  for (rl_input *i = b->query->inputs; i; i = i->next_sealed) {
    if (!i->arg) continue;
    i->address = i->arg->address;
    bool scalar = i->kind == RL_INPUT_VALUE && i->arg->value;
    i->shape_at = scalar ? 0 : i->arg->shape_at; /* a VALUE with a shape is a table of os.date */
  }
  for (rl_sealed_rows *r = b->rows; r; r = r->next) {
    r->rows->address = r->rows->arg->address;
    r->rows->shape_at = r->rows->arg->shape_at;
  }
  return RILLE_OK;
}
