/* Cursors: the rows from a given row on, in any order. The cursor row's order values are a common table expression.
 * Scalar subqueries read it: the database evaluates them once, and can search an index with them. */
#include "sql/render.h"

#define CURSOR_TABLE "@cursor"

enum { MANY_ORDERS = 8 };

static rl_expr cursor_value(rl_writer *w, const char *prefix, size_t i) {
  return rl_x(w, "(SELECT %s%zu FROM %s)", prefix, i, rl_x_identifier(w, RL_STR(CURSOR_TABLE)));
}

/* A cursor in a parent's rows names a row of that parent. The columns that identify the parent are kept as p0, p1,
 * ... */
static void parent_columns(rl_writer *w, const rl_select *s, uint32_t alias, size_t written) {
  if (!s->per_parent) return;
  if (s->link) {
    const rl_field *side = s->link_from_a ? s->link->other_side : s->link->key_side;
    rl_w_comma(w, written);
    rl_w_f(w, "%s AS p0", rl_x_column(w, alias, rl_model_link_id(side->model)));
    return;
  }
  for (size_t i = 0; s->keys && i < s->keys->field_count; i++) {
    rl_w_comma(w, written + i);
    rl_w_f(w, "%s AS p%zu", rl_x_column(w, alias, s->keys->fields[i]), i);
  }
}

void rl_sql_cursor_table(rl_writer *w, const rl_select *s) {
  if (!s->cursor) return;
  uint32_t alias = rl_w_alias(w);
  rl_w_text(w, "WITH ");
  rl_w_identifier(w, RL_STR(CURSOR_TABLE));
  rl_w_text(w, " AS (SELECT ");
  for (size_t i = 0; i < s->order_count; i++) {
    rl_w_comma(w, i);
    rl_w_f(w, "%s AS k%zu", rl_x_order(w, &s->orders[i], alias), i);
  }
  parent_columns(w, s, alias, s->order_count);
  if (s->order_count == 0 && !s->per_parent) rl_w_text(w, "1 AS k0");
  rl_w_text(w, " FROM ");
  rl_w_table(w, s->model);
  rl_w_f(w, " AS t%u WHERE ", (unsigned)alias);
  rl_sql_condition(w, s->cursor, alias, false);
  rl_w_text(w, ") ");
}

static void same_parent(rl_writer *w, const rl_select *s, uint32_t alias, uint32_t link) {
  if (!s->per_parent) return;
  if (s->link) {
    rl_w_text(w, " AND EXISTS (SELECT 1 FROM ");
    rl_sql_join_table(w, s->link);
    uint32_t own = rl_w_alias(w);
    rl_expr parent = rl_x_identifier(w, rl_link_column(s->link_from_a));
    rl_w_f(w, " AS t%u WHERE t%u.%s = t%u.%s AND t%u.%s = %s)", (unsigned)own, (unsigned)own, parent, (unsigned)link,
           parent, (unsigned)own, rl_x_identifier(w, rl_link_column(!s->link_from_a)), cursor_value(w, "p", 0));
    return;
  }
  for (size_t i = 0; s->keys && i < s->keys->field_count; i++)
    rl_w_f(w, " AND %s = %s", rl_x_column(w, alias, s->keys->fields[i]), cursor_value(w, "p", i));
}

/* How the value of one order compares with the cursor's. */
typedef struct term {
  rl_expr value, key;
  const char *sign; /* after the cursor */
  bool nullable, nulls_first;
} term;

static term term_at(rl_writer *w, const rl_select *s, const rl_expr *orders, size_t i) {
  const rl_order *o = &s->orders[i];
  return (term){.value = orders[i],
                .key = cursor_value(w, "k", i),
                .sign = o->descending != s->reverse ? "<" : ">",
                .nullable = rl_order_nullable(o),
                .nulls_first = rl_order_nulls_first(w, o) != s->reverse};
}

static rl_expr after(rl_writer *w, const term *t) {
  rl_expr plain = rl_x(w, "%s %s %s", t->value, t->sign, t->key);
  if (!t->nullable) return plain;
  if (t->nulls_first) return rl_x(w, "(%s OR (%s IS NULL AND %s IS NOT NULL))", plain, t->key, t->value);
  return rl_x(w, "(%s OR (%s IS NULL AND %s IS NOT NULL))", plain, t->value, t->key);
}

static rl_expr same_as_cursor(rl_writer *w, const term *t) {
  return rl_x(w, "%s %s %s", t->value, t->nullable ? w->dialect->forms->same : "=", t->key);
}

/* Builds from the last order to the first: after the cursor in this order, or equal and not before in the orders that
 * follow. */
static rl_expr not_before(rl_writer *w, const rl_select *s, const rl_expr *orders) {
  rl_expr rest = NULL;
  for (size_t i = s->order_count; i-- > 0;) {
    term t = term_at(w, s, orders, i);
    if (!rest)
      rest = t.nullable ? rl_x(w, "(%s OR %s)", after(w, &t), same_as_cursor(w, &t))
                        : rl_x(w, "%s %s= %s", t.value, t.sign, t.key);
    else if (s->order_count > MANY_ORDERS) /* a parser needs less memory if the nested part is first */
      rest = rl_x(w, "((%s AND %s) OR %s)", rest, same_as_cursor(w, &t), after(w, &t));
    else
      rest = rl_x(w, "(%s OR (%s AND %s))", after(w, &t), same_as_cursor(w, &t), rest);
    /* implied, but a range with which an index can be searched */
    if (i == 0 && s->order_count > 1 && !t.nullable) rest = rl_x(w, "%s %s= %s AND %s", t.value, t.sign, t.key, rest);
  }
  return rest ? rest : "TRUE";
}

/* Orders of one direction without nulls compare as a row, which indexes support. */
static bool compares_as_row(const rl_select *s) {
  if (s->order_count < 2) return false;
  for (size_t i = 0; i < s->order_count; i++)
    if (rl_order_nullable(&s->orders[i]) || s->orders[i].descending != s->orders[0].descending) return false;
  return true;
}

static bool any_nullable(const rl_select *s) {
  for (size_t i = 0; i < s->order_count; i++)
    if (rl_order_nullable(&s->orders[i])) return true;
  return s->order_count == 0;
}

void rl_sql_cursor(rl_writer *w, const rl_select *s, const rl_expr *orders, uint32_t alias, uint32_t link) {
  if (!compares_as_row(s)) {
    rl_w_text(w, not_before(w, s, orders));
    /* if the cursor row is missing, nulls equal its values */
    if (any_nullable(s)) rl_w_f(w, " AND EXISTS (SELECT 1 FROM %s)", rl_x_identifier(w, RL_STR(CURSOR_TABLE)));
    same_parent(w, s, alias, link);
    return;
  }
  for (size_t i = 0; i < s->order_count; i++) rl_w_f(w, "%s%s", i > 0 ? ", " : "(", orders[i]);
  rl_w_text(w, s->orders[0].descending != s->reverse ? ") <= (SELECT " : ") >= (SELECT ");
  for (size_t i = 0; i < s->order_count; i++) rl_w_f(w, "%sk%zu", i > 0 ? ", " : "", i);
  rl_w_f(w, " FROM %s)", rl_x_identifier(w, RL_STR(CURSOR_TABLE)));
  same_parent(w, s, alias, link);
}
