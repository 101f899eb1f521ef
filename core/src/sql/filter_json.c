/* Conditions on JSON values. The dialect writes the parts (a value at a path, its kind, its text). Their meaning is
 * here. */
#include "sql/render.h"

/* Writes a condition for values of one kind. Other values do not match, even if it is negated. */
static void of_kind(rl_writer *w, rl_expr condition, rl_expr value, const char *kind, bool negative) {
  rl_w_f(w, negative ? "(%s OR %s <> '%s')" : "(%s AND %s = '%s')", condition, w->dialect->forms->json_kind(w, value),
         kind);
}

/* Distinguishes a NULL column, or no value at the path, from JSON null. */
static void filter_null(rl_writer *w, const rl_filter *f, rl_expr value) {
  bool equal = f->op != RL_OP_NE;
  rl_expr kind = w->dialect->forms->json_kind(w, value);
  if (f->json_null == RL_DB_NULL)
    rl_w_f(w, equal ? "%s IS NULL" : "%s IS NOT NULL", value);
  else if (f->json_null == RL_JSON_NULL_VALUE)
    rl_w_f(w, equal ? "%s = 'null'" : "%s <> 'null'", kind);
  else
    rl_w_f(w, equal ? "(%s IS NULL OR %s = 'null')" : "(%s IS NOT NULL AND %s <> 'null')", value, kind);
}

static rl_expr other_side(rl_writer *w, const rl_filter *f, uint32_t alias) {
  const rl_dialect_forms *forms = w->dialect->forms;
  if (f->column) return forms->json_value(w, rl_x_column(w, alias, f->column), &f->column->type, NULL);
  return f->input ? forms->json_param(w, f->input) : "NULL";
}

static void filter_string(rl_writer *w, const rl_filter *f, rl_expr value, uint32_t alias, bool negative) {
  const rl_dialect_forms *forms = w->dialect->forms;
  rl_expr condition = forms->like(w, forms->json_text(w, value), rl_x_pattern(w, f, alias), f->insensitive);
  of_kind(w, condition, value, "string", negative);
}

static void filter_array(rl_writer *w, const rl_filter *f, rl_expr value, rl_expr other, bool negative) {
  const rl_dialect_forms *forms = w->dialect->forms;
  rl_expr condition = f->op == RL_OP_ARRAY_CONTAINS
                          ? forms->json_contains(w, value, other)
                          : forms->json_equal(w, forms->json_item(w, value, f->op == RL_OP_ARRAY_ENDS_WITH), other);
  of_kind(w, condition, value, "array", negative);
}

/* Only values of the same kind have an order. */
static void filter_order(rl_writer *w, const rl_filter *f, rl_expr value, rl_expr other, bool negative) {
  const rl_dialect_forms *forms = w->dialect->forms;
  rl_w_f(w, negative ? "(%s OR %s <> %s)" : "(%s AND %s = %s)",
         forms->json_compare(w, value, rl_operator_info_of(f->op)->sign, other), forms->json_kind(w, value),
         forms->json_kind(w, other));
}

void rl_sql_filter_json(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  const rl_dialect_forms *forms = w->dialect->forms;
  rl_expr value = forms->json_value(w, rl_x_column(w, alias, f->field), &f->field->type, f->json_path);
  if (f->json_null != RL_JSON_NOT_NULL && (f->op == RL_OP_EQ || f->op == RL_OP_NE)) {
    filter_null(w, f, value);
    return;
  }
  switch (f->op) {
  case RL_OP_EQ: rl_w_text(w, forms->json_equal(w, value, other_side(w, f, alias))); return;
  case RL_OP_NE: rl_w_f(w, "NOT (%s)", forms->json_equal(w, value, other_side(w, f, alias))); return;
  case RL_OP_STRING_CONTAINS:
  case RL_OP_STRING_STARTS_WITH:
  case RL_OP_STRING_ENDS_WITH: filter_string(w, f, value, alias, negative); return;
  case RL_OP_ARRAY_CONTAINS:
  case RL_OP_ARRAY_STARTS_WITH:
  case RL_OP_ARRAY_ENDS_WITH: filter_array(w, f, value, other_side(w, f, alias), negative); return;
  case RL_OP_LT:
  case RL_OP_LTE:
  case RL_OP_GT:
  case RL_OP_GTE: filter_order(w, f, value, other_side(w, f, alias), negative); return;
  case RL_OP_LIKE:
  case RL_OP_HAS:
  case RL_OP_HAS_EVERY:
  case RL_OP_HAS_SOME:
  case RL_OP_IS_EMPTY: break; /* not for JSON */
  }
  rl_w_no_form(w, f->op);
}
