/* Conditions: comparisons, lists of values, nulls, keys. Logic, relations, scalar lists and JSON have separate files.
 * */
#include "sql/datetime.h"
#include "sql/render.h"

bool rl_filter_is_true(const rl_filter *f) {
  if (!f) return true;
  if (f->negated) return false;
  if (f->kind == RL_FILTER_TRUE) return true;
  if (f->kind != RL_FILTER_AND) return false;
  for (size_t i = 0; i < f->count; i++)
    if (!rl_filter_is_true(f->items[i])) return false;
  return true;
}

/* The left-hand side of a comparison: a column, or an aggregate of one in HAVING. */
static rl_expr subject_of(rl_writer *w, const rl_filter *f, uint32_t alias) {
  if (f->aggregate == RL_AGG_NONE) return rl_x_column(w, alias, f->field);
  return rl_x_aggregate(w, f->aggregate, f->field ? rl_x_column(w, alias, f->field) : "*", f->field);
}

static void filter_like(rl_writer *w, const rl_filter *f, uint32_t alias) {
  rl_w_text(w, w->dialect->forms->like(w, subject_of(w, f, alias), rl_x_pattern(w, f, alias), f->insensitive));
}

static void filter_sign(rl_writer *w, const rl_filter *f, uint32_t alias) {
  rl_expr left = subject_of(w, f, alias), right;
  if (f->aggregate == RL_AGG_NONE && f->input && !f->column && rl_datetime_style_of(w, f->field) == RL_DATETIME_BOTH) {
    rl_w_text(w, rl_x_datetime_compare(w, left, f->op, f->input));
    return;
  }
  if (f->column) {
    if (f->aggregate == RL_AGG_NONE) left = rl_x_datetime(w, left, f->field);
    right = rl_x_datetime(w, rl_x_column(w, alias, f->column), f->column);
  } else {
    right = f->input ? rl_x_param(w, f->input) : "NULL";
  }
  rl_w_f(w, f->insensitive ? "LOWER(%s) %s LOWER(%s)" : "%s %s %s", left, rl_operator_info_of(f->op)->sign, right);
}

static void filter_compare(rl_writer *w, const rl_filter *f, uint32_t alias) {
  switch (f->op) {
  case RL_OP_EQ:
  case RL_OP_NE:
  case RL_OP_LT:
  case RL_OP_LTE:
  case RL_OP_GT:
  case RL_OP_GTE: filter_sign(w, f, alias); return;
  case RL_OP_LIKE: filter_like(w, f, alias); return;
  case RL_OP_HAS:
  case RL_OP_HAS_EVERY:
  case RL_OP_HAS_SOME:
  case RL_OP_IS_EMPTY:
  case RL_OP_STRING_CONTAINS:
  case RL_OP_STRING_STARTS_WITH:
  case RL_OP_STRING_ENDS_WITH:
  case RL_OP_ARRAY_CONTAINS:
  case RL_OP_ARRAY_STARTS_WITH:
  case RL_OP_ARRAY_ENDS_WITH: break; /* for lists and JSON */
  }
  rl_w_no_form(w, f->op);
}

/* The list is another column of the row. If it is null, the condition is unknown, with or without regard to case. */
static void filter_in_column(rl_writer *w, const rl_filter *f, rl_expr subject, uint32_t alias) {
  rl_expr list = rl_x_column(w, alias, f->column);
  const char *test = f->negated ? "<> ALL" : "= ANY";
  if (!f->insensitive) {
    rl_w_f(w, "%s %s(%s)", subject, test, list);
    return;
  }
  rl_w_f(w, "CASE WHEN %s IS NOT NULL THEN LOWER(%s) %s (SELECT LOWER(u.value) FROM %s) END", list, subject, test,
         w->dialect->forms->list_source(w, list, "u"));
}

static void filter_in(rl_writer *w, const rl_filter *f, uint32_t alias) {
  rl_expr subject = subject_of(w, f, alias);
  if (f->column) {
    filter_in_column(w, f, subject, alias);
    return;
  }
  if (!f->input) {
    rl_w_text(w, f->negated ? "TRUE" : "FALSE");
    return;
  }
  if (f->aggregate == RL_AGG_NONE && rl_datetime_style_of(w, f->field) == RL_DATETIME_BOTH)
    rl_w_text(w, rl_x_datetime_in(w, subject, f->input, f->negated));
  else
    rl_w_text(w, w->dialect->forms->in_list(w, subject, f->input, f->negated, f->insensitive));
}

static void filter_search(rl_writer *w, const rl_filter *f, uint32_t alias) {
  const rl_field *own[1] = {f->field};
  const rl_field **fields = f->field_count > 0 ? f->fields : own;
  size_t count = f->field_count > 0 ? f->field_count : 1;
  rl_w_text(w, w->dialect->forms->search(w, w->dialect->forms->document(w, fields, count, alias), f->input));
}

/* Single values are compared separately, and the lists, which are parallel, together. */
static void write_filter_keys(rl_writer *w, const rl_filter *f, uint32_t alias) {
  const rl_field **fields = RL_NEW_ARRAY(&w->scratch, const rl_field *, f->field_count + 1);
  const rl_input **lists = RL_NEW_ARRAY(&w->scratch, const rl_input *, f->field_count + 1);
  if (!fields || !lists) {
    rl_w_nomem(w);
    return;
  }
  size_t list_count = 0, written = 0;
  for (size_t i = 0; i < f->field_count; i++) {
    if (rl_input_is_list(f->inputs[i]) && !f->fields[i]->type.list) {
      fields[list_count] = f->fields[i];
      lists[list_count++] = f->inputs[i];
      continue;
    }
    rl_w_text(w, written++ > 0 ? " AND " : "");
    rl_expr column = rl_x_column(w, alias, f->fields[i]);
    if (rl_datetime_style_of(w, f->fields[i]) == RL_DATETIME_BOTH)
      rl_w_text(w, rl_x_datetime_compare(w, column, RL_OP_EQ, f->inputs[i]));
    else
      rl_w_f(w, "%s = %s", column, rl_x_param(w, f->inputs[i]));
  }
  if (list_count == 0) {
    if (written == 0) rl_w_text(w, "TRUE");
    return;
  }
  rl_w_text(w, written > 0 ? " AND " : "");
  const rl_dialect_forms *forms = w->dialect->forms;
  if (list_count == 1 && rl_datetime_style_of(w, fields[0]) == RL_DATETIME_BOTH) {
    rl_w_text(w, rl_x_datetime_in(w, rl_x_column(w, alias, fields[0]), lists[0], false));
    return;
  }
  rl_w_text(w, list_count == 1 ? forms->in_list(w, rl_x_column(w, alias, fields[0]), lists[0], false, false)
                               : forms->in_tuples(w, fields, lists, list_count, alias));
}

static void write_plain(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  switch (f->kind) {
  case RL_FILTER_TRUE: rl_w_text(w, "TRUE"); return;
  case RL_FILTER_FALSE: rl_w_text(w, "FALSE"); return;
  case RL_FILTER_AND:
  case RL_FILTER_OR:
  case RL_FILTER_NOT: rl_sql_filter_logic(w, f, alias, negative); return;
  case RL_FILTER_COMPARE: filter_compare(w, f, alias); return;
  case RL_FILTER_IN: filter_in(w, f, alias); return;
  case RL_FILTER_IS_NULL: rl_w_f(w, f->negated ? "%s IS NOT NULL" : "%s IS NULL", subject_of(w, f, alias)); return;
  case RL_FILTER_RELATION: rl_sql_filter_relation(w, f, alias, negative); return;
  case RL_FILTER_LIST: rl_sql_filter_list(w, f, alias); return;
  case RL_FILTER_JSON: rl_sql_filter_json(w, f, alias, negative); return;
  case RL_FILTER_SEARCH: filter_search(w, f, alias); return;
  case RL_FILTER_KEYS: write_filter_keys(w, f, alias); return;
  }
}

void rl_sql_condition(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  bool own = f->kind == RL_FILTER_IN || f->kind == RL_FILTER_IS_NULL; /* these write their own negation */
  if (!f->negated || own) {
    write_plain(w, f, alias, negative);
    return;
  }
  rl_w_text(w, "NOT (");
  write_plain(w, f, alias, !negative);
  rl_w_text(w, ")");
}

/* Returns how many operands the condition has at its top level, because several need parentheses. */
static bool is_compound(const rl_filter *f) {
  if (f->negated) return false;
  if (f->kind == RL_FILTER_AND || f->kind == RL_FILTER_OR)
    return f->count > 1 || (f->count == 1 && is_compound(f->items[0]));
  return f->kind == RL_FILTER_KEYS && f->field_count > 1;
}

void rl_sql_filter(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  bool brackets = is_compound(f);
  if (brackets) rl_w_text(w, "(");
  rl_sql_condition(w, f, alias, negative);
  if (brackets) rl_w_text(w, ")");
}
