/* Columns: what a row returns, and the wire type of each value. */
#include "sql/datetime.h"
#include "sql/render.h"

const rl_field *rl_sql_guarded_extreme(const rl_writer *w, const rl_select *s) {
  const rl_column *c = s->columns;
  if (s->column_count != 1 || s->by_count > 0 || s->aggregate_over || c->kind != RL_COLUMN_AGGREGATE) return NULL;
  bool extreme = c->fn == RL_AGG_MIN || c->fn == RL_AGG_MAX;
  return extreme && rl_datetime_orders_by_index(w, c->field) ? c->field : NULL;
}

rl_expr rl_x_grouped(rl_writer *w, rl_period period, rl_expr value, const rl_field *field) {
  value = rl_x_datetime(w, value, field);
  return period ? w->dialect->forms->period(w, period, value, &field->type) : value;
}

rl_expr rl_x_count(rl_writer *w, const rl_field *relation, const rl_filter *where, uint32_t alias) {
  bool all = rl_filter_is_true(where);
  size_t mark = rl_w_mark(w);
  rl_w_text(w, "(SELECT COUNT(*) ");
  uint32_t child = rl_sql_related(w, relation, alias, !all);
  if (!all) {
    rl_w_text(w, " AND ");
    rl_sql_filter(w, where, child, false);
  }
  rl_w_text(w, ")");
  return rl_w_since(w, mark);
}

/* Returns the type of an aggregate. */
static rl_type aggregate_type(rl_aggregate fn, const rl_field *field) {
  rl_type type = {.scalar = RL_BIGINT};
  if (fn == RL_AGG_MIN || fn == RL_AGG_MAX) return field->type;
  if (fn != RL_AGG_SUM && fn != RL_AGG_AVG) return type;
  if (field->type.scalar == RL_DECIMAL)
    type.scalar = RL_DECIMAL;
  else if (fn == RL_AGG_AVG || field->type.scalar == RL_FLOAT)
    type.scalar = RL_FLOAT;
  return type;
}

rl_expr rl_x_output(rl_writer *w, const rl_select *s, const rl_column *c, uint32_t alias, uint32_t link, bool raw) {
  switch (c->kind) {
  case RL_COLUMN_FIELD: {
    rl_expr value = rl_x_column(w, alias, c->field);
    if (s->by_count > 0) value = rl_x_grouped(w, c->period, value, c->field);
    return raw ? value : w->dialect->forms->read(w, value, &c->field->type);
  }
  case RL_COLUMN_COUNT: return rl_x_count(w, c->relation, c->where, alias);
  case RL_COLUMN_AGGREGATE: {
    rl_expr value = c->field ? rl_x_column(w, alias, c->field) : "*";
    value = rl_sql_guarded_extreme(w, s) ? w->dialect->forms->aggregate(w, c->fn, value, &c->field->type)
                                         : rl_x_aggregate(w, c->fn, value, c->field);
    bool extreme = c->fn == RL_AGG_MIN || c->fn == RL_AGG_MAX;
    return extreme && !raw ? w->dialect->forms->read(w, value, &c->field->type) : value;
  }
  case RL_COLUMN_LINK: return rl_x(w, "t%u.%s", (unsigned)link, rl_x_identifier(w, rl_link_column(s->link_from_a)));
  case RL_COLUMN_DEPTH: return "1";
  case RL_COLUMN_EXISTS: return "1";
  }
  return "NULL";
}

static rl_wire_type column_wire_type(const rl_dialect *dialect, const rl_select *s, const rl_column *c) {
  rl_type type = {.scalar = RL_BIGINT};
  switch (c->kind) {
  case RL_COLUMN_FIELD: type = c->field->type; break;
  case RL_COLUMN_COUNT: break;
  case RL_COLUMN_AGGREGATE: type = aggregate_type(c->fn, c->field); break;
  case RL_COLUMN_LINK: {
    const rl_field *side = s->link_from_a ? s->link->key_side : s->link->other_side;
    type = rl_model_link_id(side->model)->type;
    break;
  }
  case RL_COLUMN_EXISTS: type.scalar = RL_BOOLEAN; break;
  case RL_COLUMN_DEPTH: type.scalar = RL_INT; break;
  }
  return dialect->wire_type(&type);
}

static rl_wire_type wire_type_of_column(const rl_writer *w, const rl_select *s, const rl_column *c) {
  rl_wire_type wire_type = column_wire_type(w->dialect, s, c);
  if (c->kind == RL_COLUMN_FIELD) wire_type.datetime_style = rl_datetime_style_of(w, c->field);
  return wire_type;
}

/* Returns the field whose enum names translate the value. */
static const rl_field *column_field(const rl_column *c) {
  if (c->kind == RL_COLUMN_FIELD) return c->field;
  return c->kind == RL_COLUMN_AGGREGATE && (c->fn == RL_AGG_MIN || c->fn == RL_AGG_MAX) ? c->field : NULL;
}

void rl_template_columns(rl_writer *w, const rl_select *s, const rl_column *columns, size_t count, rl_template *out) {
  out->columns = RL_NEW_ARRAY(w->arena, rl_wire_type, count + 1);
  out->column_fields = RL_NEW_ARRAY(w->arena, const rl_field *, count + 1);
  if (!out->columns || !out->column_fields) {
    rl_w_nomem(w);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    out->columns[i] = wire_type_of_column(w, s, &columns[i]);
    out->column_fields[i] = column_field(&columns[i]);
  }
  out->column_count = (uint32_t)count;
}

/* Columns have no alias here, because not every database allows one in RETURNING. */
void rl_sql_returning(rl_writer *w, const rl_step *step) {
  for (size_t i = 0; i < step->returning_count; i++) {
    const rl_field *field = step->returning[i].field;
    rl_w_text(w, i > 0 ? ", " : " RETURNING ");
    rl_w_text(w, w->dialect->forms->read(w, rl_x_identifier(w, field->column), &field->type));
  }
}
