/* The writer of one statement: text, identifiers, aliases and the list of parameters. */
#include "sql/writer.h"

void rl_w_init(rl_writer *w, const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_error *err) {
  memset(w, 0, sizeof *w);
  w->dialect = dialect;
  w->schema = schema;
  w->arena = arena;
  w->err = err;
  w->status = RILLE_OK;
  rl_arena_init(&w->scratch, 0);
  rl_buf_init(&w->out);
}

void rl_w_dispose(rl_writer *w) {
  rl_buf_dispose(&w->out);
  rl_arena_dispose(&w->scratch);
}

void rl_w_nomem(rl_writer *w) {
  if (w->status == RILLE_OK) w->status = rl_fail_nomem(w->err);
}

void rl_w_no_form(rl_writer *w, rl_operator op) {
  if (w->status != RILLE_OK) return;
  w->status = rl_fail(w->err, RL_INTERNAL, "`%s` has no SQL here", rl_operator_info_of(op)->text);
}

bool rl_w_ok(const rl_writer *w) {
  return w->status == RILLE_OK && !w->out.failed;
}

rille_status rl_w_finish(rl_writer *w, rl_template *out) {
  if (w->out.failed) rl_w_nomem(w);
  size_t dialect_limit = w->dialect->features.max_params;
  if (w->status == RILLE_OK && w->param_count > dialect_limit)
    w->status = rl_fail(w->err, RL_P2029, "the statement needs %u parameters; the database accepts at most %zu",
                        (unsigned)w->param_count, dialect_limit);
  if (w->status != RILLE_OK) return w->status;
  out->sql = rl_arena_strdup(w->arena, rl_buf_view(&w->out));
  out->sql_len = w->out.len;
  out->param_count = w->param_count;
  out->inputs = RL_NEW_ARRAY(w->arena, const rl_input *, w->param_count + 1u);
  out->wire_types = RL_NEW_ARRAY(w->arena, rl_wire_type, w->param_count + 1u);
  if (!out->sql || !out->inputs || !out->wire_types) return rl_fail_nomem(w->err);
  if (w->param_count > 0) {
    memcpy(out->inputs, w->inputs, w->param_count * sizeof *w->inputs);
    memcpy(out->wire_types, w->wire_types, w->param_count * sizeof *w->wire_types);
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ text */

void rl_w_text(rl_writer *w, const char *z) {
  rl_buf_text(&w->out, z);
}

void rl_w_f(rl_writer *w, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rl_buf_vprintf(&w->out, format, args);
  va_end(args);
}

void rl_w_identifier(rl_writer *w, rl_str name) {
  w->dialect->identifier(&w->out, name);
}

void rl_w_name(rl_writer *w, rl_str namespace_, rl_str name) {
  if (namespace_.len > 0) {
    rl_w_identifier(w, namespace_);
    rl_w_text(w, ".");
  }
  rl_w_identifier(w, name);
}

void rl_w_table(rl_writer *w, const rl_model *model) {
  rl_w_name(w, model->namespace_, model->table);
}

void rl_w_comma(rl_writer *w, size_t index) {
  if (index > 0) rl_w_text(w, ", ");
}

uint32_t rl_w_alias(rl_writer *w) {
  return w->aliases++;
}

size_t rl_w_mark(const rl_writer *w) {
  return w->out.len;
}

rl_expr rl_w_since(rl_writer *w, size_t mark) {
  if (w->out.failed || mark > w->out.len) return "";
  char *text = rl_arena_strdup(&w->scratch, rl_str_make(w->out.p ? w->out.p + mark : "", w->out.len - mark));
  w->out.len = mark;
  if (!text) rl_w_nomem(w);
  return text ? text : "";
}

/* ------------------------------------------------------------------ expressions */

rl_expr rl_x(rl_writer *w, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = rl_arena_vprintf(&w->scratch, format, args);
  va_end(args);
  if (!text) rl_w_nomem(w);
  return text ? text : "";
}

rl_expr rl_x_column(rl_writer *w, uint32_t alias, const rl_field *field) {
  size_t mark = rl_w_mark(w);
  rl_w_f(w, "t%u.", (unsigned)alias);
  rl_w_identifier(w, field->column);
  return rl_w_since(w, mark);
}

rl_expr rl_x_identifier(rl_writer *w, rl_str name) {
  size_t mark = rl_w_mark(w);
  rl_w_identifier(w, name);
  return rl_w_since(w, mark);
}

/* ------------------------------------------------------------------ parameters */

bool rl_input_is_list(const rl_input *input) {
  switch (input->kind) {
  case RL_INPUT_LIST:
  case RL_INPUT_KEYS:
  case RL_INPUT_ARRAY: return true;
  case RL_INPUT_CONSTANT: return input->type.list || input->constant.kind == RILLE_LIST;
  case RL_INPUT_VALUE:
  case RL_INPUT_JSON:
  case RL_INPUT_GENERATED:
  case RL_INPUT_CELL: return input->type.list;
  }
  return false;
}

static bool grow_params(rl_writer *w) {
  if (w->param_count < w->param_cap) return true;
  uint32_t cap = w->param_cap ? w->param_cap * 2 : 16;
  const rl_input **inputs = RL_NEW_ARRAY(&w->scratch, const rl_input *, cap);
  rl_wire_type *wire_types = RL_NEW_ARRAY(&w->scratch, rl_wire_type, cap);
  if (!inputs || !wire_types) {
    rl_w_nomem(w);
    return false;
  }
  if (w->param_count > 0) {
    memcpy(inputs, w->inputs, w->param_count * sizeof *inputs);
    memcpy(wire_types, w->wire_types, w->param_count * sizeof *wire_types);
  }
  w->inputs = inputs;
  w->wire_types = wire_types;
  w->param_cap = cap;
  return true;
}

/* Returns the number of the parameter, from 1. A second use of an input has the same number. */
static uint32_t bind_parameter(rl_writer *w, const rl_input *input, rl_wire_type wire_type) {
  for (uint32_t i = 0; input && i < w->param_count; i++)
    if (w->inputs[i] == input && w->wire_types[i].wire == wire_type.wire && w->wire_types[i].list == wire_type.list &&
        w->wire_types[i].datetime_style == wire_type.datetime_style)
      return i + 1;
  if (!grow_params(w)) return 1;
  w->inputs[w->param_count] = input;
  w->wire_types[w->param_count] = wire_type;
  return ++w->param_count;
}

static rl_expr placeholder_of(rl_writer *w, const rl_input *input, const rl_type *type, bool list,
                              rl_datetime_style style) {
  rl_wire_type wire_type = w->dialect->wire_type(type);
  wire_type.list = list;
  wire_type.datetime_style = style;
  uint32_t number = bind_parameter(w, input, wire_type);
  size_t mark = rl_w_mark(w);
  w->dialect->placeholder(&w->out, number, type, list);
  return rl_w_since(w, mark);
}

static rl_expr placeholder(rl_writer *w, const rl_input *input, const rl_type *type, bool list) {
  return placeholder_of(w, input, type, list, RL_DATETIME_WRITTEN);
}

rl_expr rl_x_param_datetime(rl_writer *w, const rl_input *input, rl_datetime_style style, bool list) {
  return placeholder_of(w, input, &input->type, list, style);
}

rl_expr rl_x_param(rl_writer *w, const rl_input *input) {
  return placeholder(w, input, &input->type, rl_input_is_list(input));
}

rl_expr rl_x_param_as(rl_writer *w, const rl_input *input, const rl_type *type, bool list) {
  return placeholder(w, input, type, list);
}

rl_expr rl_x_param_text(rl_writer *w, const rl_input *input) {
  rl_type text = {.scalar = RL_STRING};
  return placeholder(w, input, &text, false);
}

rl_expr rl_x_param_row(rl_writer *w, const rl_type *type, bool list) {
  return placeholder(w, NULL, type, list);
}
