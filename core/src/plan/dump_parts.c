/* Inputs, filters, columns and assignments as text. */
#include "plan/dump.h"

void rl_dump_input(rl_buf *out, const rl_input *input) {
  if (!input) {
    rl_buf_text(out, "null");
    return;
  }
  switch (input->kind) {
  case RL_INPUT_VALUE: rl_buf_text(out, "$"); break;
  case RL_INPUT_LIST: rl_buf_text(out, "$[]"); break;
  case RL_INPUT_JSON: rl_buf_text(out, "$json"); break;
  case RL_INPUT_CONSTANT:
    rl_buf_text(out, "#");
    if (input->constant.kind == RILLE_INT) rl_buf_int(out, input->constant.as.i);
    break;
  case RL_INPUT_GENERATED: rl_buf_printf(out, "new%u", (unsigned)input->slot); break;
  case RL_INPUT_CELL: rl_buf_printf(out, "r%u.%u", (unsigned)input->rowset, (unsigned)input->column); break;
  case RL_INPUT_KEYS: rl_buf_printf(out, "r%u.%u[]", (unsigned)input->rowset, (unsigned)input->column); break;
  case RL_INPUT_ARRAY:
    rl_buf_byte(out, '[');
    for (size_t i = 0; i < input->count; i++) {
      if (i) rl_buf_byte(out, ' ');
      rl_dump_input(out, &input->items[i]);
    }
    rl_buf_byte(out, ']');
    break;
  }
}

static const char *const quantifiers[] = {
    [RL_SOME] = "some", [RL_EVERY] = "every", [RL_NONE] = "none", [RL_IS] = "is", [RL_IS_NOT] = "is_not"};

static void group(rl_buf *out, const rl_filter *filter, const char *between) {
  rl_buf_byte(out, '(');
  for (size_t i = 0; i < filter->count; i++) {
    if (i) rl_buf_printf(out, " %s ", between);
    rl_dump_filter(out, filter->items[i]);
  }
  rl_buf_byte(out, ')');
}

static void dump_keys(rl_buf *out, const rl_filter *filter) {
  for (size_t i = 0; i < filter->field_count; i++) {
    if (i) rl_buf_text(out, " and ");
    rl_buf_str(out, filter->fields[i]->name);
    rl_buf_byte(out, '=');
    rl_dump_input(out, filter->inputs[i]);
  }
}

static void leaf(rl_buf *out, const rl_filter *filter) {
  if (filter->negated) rl_buf_text(out, "not ");
  if (filter->field) rl_buf_str(out, filter->field->name);
  for (size_t i = 1; filter->kind == RL_FILTER_SEARCH && i < filter->field_count; i++)
    rl_buf_printf(out, ",%.*s", RL_STR_ARG(filter->fields[i]->name));
  if (filter->kind == RL_FILTER_IS_NULL) rl_buf_text(out, " is null");
  if (filter->kind == RL_FILTER_IN) rl_buf_text(out, " in ");
  if (filter->kind == RL_FILTER_COMPARE) rl_buf_text(out, rl_operator_info_of(filter->op)->text);
  if (filter->kind == RL_FILTER_LIST || filter->kind == RL_FILTER_JSON)
    rl_buf_printf(out, " %s ", rl_operator_info_of(filter->op)->text);
  if (filter->kind == RL_FILTER_SEARCH) rl_buf_text(out, " search ");
  if (filter->column)
    rl_buf_str(out, filter->column->name);
  else if (filter->input)
    rl_dump_input(out, filter->input);
}

void rl_dump_filter(rl_buf *out, const rl_filter *filter) {
  switch (filter->kind) {
  case RL_FILTER_TRUE: rl_buf_text(out, "true"); break;
  case RL_FILTER_FALSE: rl_buf_text(out, "false"); break;
  case RL_FILTER_AND: group(out, filter, "and"); break;
  case RL_FILTER_OR: group(out, filter, "or"); break;
  case RL_FILTER_NOT:
    rl_buf_text(out, "not");
    group(out, filter, "and");
    break;
  case RL_FILTER_KEYS: dump_keys(out, filter); break;
  case RL_FILTER_RELATION:
    rl_buf_printf(out, "%.*s.%s(", RL_STR_ARG(filter->field->name), quantifiers[filter->quantifier]);
    if (filter->inner) rl_dump_filter(out, filter->inner);
    if (filter->scope) {
      rl_buf_text(out, " in ");
      rl_dump_filter(out, filter->scope);
    }
    rl_buf_byte(out, ')');
    break;
  default: leaf(out, filter); break;
  }
}

static const char *const functions[] = {
    [RL_AGG_NONE] = "",
    [RL_AGG_COUNT] = "count",
    [RL_AGG_COUNT_ALL] = "count_all",
    [RL_AGG_COUNT_DISTINCT] = "count_distinct",
    [RL_AGG_SUM] = "sum",
    [RL_AGG_AVG] = "avg",
    [RL_AGG_MIN] = "min",
    [RL_AGG_MAX] = "max",
};

static void dump_column(rl_buf *out, const rl_column *c) {
  switch (c->kind) {
  case RL_COLUMN_FIELD: rl_buf_str(out, c->field->name); break;
  case RL_COLUMN_COUNT: rl_buf_printf(out, "count(%.*s)", RL_STR_ARG(c->relation->name)); break;
  case RL_COLUMN_AGGREGATE:
    rl_buf_printf(out, "%s(%.*s)", functions[c->fn], RL_STR_ARG(c->field ? c->field->name : RL_STR("*")));
    break;
  case RL_COLUMN_LINK: rl_buf_text(out, "link"); break;
  case RL_COLUMN_EXISTS: rl_buf_text(out, "exists"); break;
  case RL_COLUMN_DEPTH: rl_buf_text(out, "depth"); break;
  }
}

void rl_dump_columns(rl_buf *out, const rl_column *columns, size_t count, size_t visible) {
  rl_buf_byte(out, '[');
  for (size_t i = 0; i < count; i++) {
    if (i) rl_buf_byte(out, ' ');
    if (i == visible) rl_buf_text(out, "| ");
    dump_column(out, &columns[i]);
  }
  rl_buf_byte(out, ']');
}

void rl_dump_assigns(rl_buf *out, const rl_assign *assigns, size_t count) {
  static const char *const ops[] = {[RL_SET] = "=",       [RL_INCREMENT] = "+=", [RL_DECREMENT] = "-=",
                                    [RL_MULTIPLY] = "*=", [RL_DIVIDE] = "/=",    [RL_PUSH] = "push="};
  rl_buf_byte(out, '{');
  for (size_t i = 0; i < count; i++) {
    rl_buf_printf(out, "%s%.*s%s", i ? " " : "", RL_STR_ARG(assigns[i].field->name), ops[assigns[i].op]);
    rl_dump_input(out, assigns[i].input);
  }
  rl_buf_byte(out, '}');
}

void rl_dump_fields(rl_buf *out, const rl_field *const *fields, size_t count) {
  rl_buf_byte(out, '(');
  for (size_t i = 0; i < count; i++) rl_buf_printf(out, "%s%.*s", i ? " " : "", RL_STR_ARG(fields[i]->name));
  rl_buf_byte(out, ')');
}
