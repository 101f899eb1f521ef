/* Reads: rows, whether there are any, or aggregates of them. */
#include "sql/render.h"

static bool has_column(const rl_select *s, rl_column_kind kind) {
  for (size_t i = 0; i < s->column_count; i++)
    if (s->columns[i].kind == kind) return true;
  return false;
}

/* Returns the position of a field in the columns of the aggregated rows. Adds it if it is missing. */
static size_t place_of(rl_column *columns, size_t *count, const rl_field *field) {
  for (size_t i = 0; i < *count; i++)
    if (columns[i].field == field) return i;
  columns[*count] = (rl_column){.kind = RL_COLUMN_FIELD, .field = field};
  return (*count)++;
}

/* Writes aggregates of the rows that where, cursor, take and skip select. */
static void aggregate_over(rl_writer *w, const rl_select *s) {
  rl_select rows = *s;
  rows.columns = RL_NEW_ARRAY(&w->scratch, rl_column, s->column_count + 1);
  if (!rows.columns) {
    rl_w_nomem(w);
    return;
  }
  rows.column_count = 0;
  rl_w_text(w, "SELECT ");
  for (size_t i = 0; i < s->column_count; i++) {
    const rl_column *c = &s->columns[i];
    rl_expr value = c->field ? rl_x(w, "w.c%zu", place_of(rows.columns, &rows.column_count, c->field)) : "*";
    rl_expr sum = rl_x_aggregate(w, c->fn, value, c->field);
    bool extreme = c->fn == RL_AGG_MIN || c->fn == RL_AGG_MAX;
    rl_w_comma(w, i);
    rl_w_text(w, extreme ? w->dialect->forms->read(w, sum, &c->field->type) : sum);
  }
  rl_w_text(w, " FROM (");
  rl_sql_page(w, &rows, true, true);
  rl_w_text(w, ") AS w");
}

static void exists(rl_writer *w, const rl_select *s) {
  rl_select rows = *s;
  if (!s->take && !s->skip) rows.order_count = s->cursor ? s->order_count : 0;
  rl_w_text(w, "SELECT EXISTS (");
  rl_sql_page(w, &rows, false, false);
  rl_w_text(w, ")");
}

void rl_sql_select(rl_writer *w, const rl_select *s) {
  if (s->recursive) {
    rl_sql_recursive(w, s);
    return;
  }
  rl_sql_cursor_table(w, s);
  if (has_column(s, RL_COLUMN_EXISTS))
    exists(w, s);
  else if (s->aggregate_over && has_column(s, RL_COLUMN_AGGREGATE))
    aggregate_over(w, s);
  else
    rl_sql_page(w, s, false, false);
}
