/* Conditions on scalar lists. */
#include "sql/render.h"

/* Writes the right-hand side: a parameter or another column; for `has`, one element. */
static rl_expr other_side(rl_writer *w, const rl_filter *f, uint32_t alias) {
  if (f->column) return rl_x_column(w, alias, f->column);
  if (!f->input) return "NULL";
  rl_type element = f->field->type;
  element.list = false;
  bool list = f->op != RL_OP_HAS && f->op != RL_OP_IS_EMPTY;
  return rl_x_param_as(w, f->input, &element, list || rl_input_is_list(f->input));
}

void rl_sql_filter_list(rl_writer *w, const rl_filter *f, uint32_t alias) {
  rl_expr subject = rl_x_column(w, alias, f->field);
  rl_expr other = f->op == RL_OP_IS_EMPTY ? "" : other_side(w, f, alias);
  rl_w_text(w, w->dialect->forms->list(w, f, subject, other));
}
