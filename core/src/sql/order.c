/* Orders: the values by which rows are sorted, and the position of nulls. */
#include "sql/datetime.h"
#include "sql/render.h"

bool rl_order_is_guarded(const rl_writer *w, const rl_order *o) {
  return o->kind == RL_ORDER_FIELD && o->path_count == 0 && !o->period && rl_datetime_orders_by_index(w, o->field);
}

/* Writes the value of the order, for the row at the end of the path. */
static rl_expr end_of_path(rl_writer *w, const rl_order *o, uint32_t alias) {
  const rl_dialect_forms *forms = w->dialect->forms;
  switch (o->kind) {
  case RL_ORDER_COUNT: return rl_x_count(w, o->field, o->scopes ? o->scopes[o->path_count] : NULL, alias);
  case RL_ORDER_RELEVANCE: return forms->relevance(w, forms->document(w, o->fields, o->field_count, alias), o->search);
  case RL_ORDER_AGGREGATE:
    return rl_x_aggregate(w, o->aggregate, o->field ? rl_x_column(w, alias, o->field) : "*", o->field);
  case RL_ORDER_FIELD: {
    rl_expr column = rl_x_column(w, alias, o->field);
    if (rl_order_is_guarded(w, o)) return column;
    return rl_x_grouped(w, o->period, column, o->field);
  }
  }
  return "NULL";
}

static rl_expr walk_path(rl_writer *w, const rl_order *o, size_t at, uint32_t alias) {
  if (at == o->path_count) return end_of_path(w, o, alias);
  size_t mark = rl_w_mark(w);
  uint32_t next = rl_sql_related(w, o->path[at], alias, true);
  if (o->scopes) rl_sql_scope(w, o->scopes[at], next);
  rl_expr source = rl_w_since(w, mark);
  return rl_x(w, "(SELECT %s %s)", walk_path(w, o, at + 1, next), source);
}

rl_expr rl_x_order(rl_writer *w, const rl_order *order, uint32_t alias) {
  rl_expr value = walk_path(w, order, 0, alias);
  /* without a related row there are no further related rows */
  return order->kind == RL_ORDER_COUNT && order->path_count > 0 ? rl_x(w, "COALESCE(%s, 0)", value) : value;
}

bool rl_order_nullable(const rl_order *o) {
  if (o->kind == RL_ORDER_COUNT || o->kind == RL_ORDER_RELEVANCE) return false;
  if (o->kind == RL_ORDER_AGGREGATE) return true;
  for (size_t i = 0; i < o->path_count; i++)
    if (!o->path[i]->required || (o->scopes && o->scopes[i])) return true;
  return !o->field->required;
}

bool rl_order_nulls_first(const rl_writer *w, const rl_order *o) {
  if (o->nulls != RL_NULLS_DEFAULT) return o->nulls == RL_NULLS_FIRST;
  return o->descending == w->dialect->forms->nulls_largest;
}

void rl_sql_order_by(rl_writer *w, const rl_select *s, const rl_expr *exprs, bool inverted) {
  for (size_t i = 0; i < s->order_count; i++) {
    const rl_order *o = &s->orders[i];
    rl_w_f(w, "%s%s %s", i > 0 ? ", " : " ORDER BY ", exprs[i], o->descending != inverted ? "DESC" : "ASC");
    if (o->nulls != RL_NULLS_DEFAULT)
      rl_w_text(w, (o->nulls == RL_NULLS_FIRST) != inverted ? " NULLS FIRST" : " NULLS LAST");
  }
}
