/* Operands of conditions: aggregates and the patterns of LIKE. */
#include "sql/datetime.h"
#include "sql/render.h"

rl_expr rl_x_aggregate(rl_writer *w, rl_aggregate fn, rl_expr value, const rl_field *field) {
  if (fn == RL_AGG_COUNT_DISTINCT || fn == RL_AGG_MIN || fn == RL_AGG_MAX) value = rl_x_datetime(w, value, field);
  switch (fn) {
  case RL_AGG_NONE: return value;
  case RL_AGG_COUNT: return field ? rl_x(w, "COUNT(%s)", value) : "COUNT(*)";
  case RL_AGG_COUNT_ALL: return "COUNT(*)";
  case RL_AGG_COUNT_DISTINCT: return rl_x(w, "COUNT(DISTINCT %s)", value);
  case RL_AGG_SUM:
  case RL_AGG_AVG:
  case RL_AGG_MIN:
  case RL_AGG_MAX: return w->dialect->forms->aggregate(w, fn, value, &field->type);
  }
  return value;
}

/* Writes another column as a pattern, with its characters escaped. The input has no value, but says on which side
 * anything may be. */
static rl_expr column_pattern(rl_writer *w, const rl_filter *f, uint32_t alias) {
  rl_expr plain = rl_x(w, "replace(replace(replace(%s, '\\', '\\\\'), '%%', '\\%%'), '_', '\\_')",
                       rl_x_column(w, alias, f->column));
  rl_transform transform = f->input ? f->input->transform : RL_TRANSFORM_CONTAINS;
  if (transform == RL_TRANSFORM_STARTS_WITH) return rl_x(w, "(%s || '%%')", plain);
  if (transform == RL_TRANSFORM_ENDS_WITH) return rl_x(w, "('%%' || %s)", plain);
  return rl_x(w, "('%%' || %s || '%%')", plain);
}

rl_expr rl_x_pattern(rl_writer *w, const rl_filter *f, uint32_t alias) {
  return f->column ? column_pattern(w, f, alias) : rl_x_param_text(w, f->input);
}
