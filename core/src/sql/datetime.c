/* Comparisons of date-times that may be stored in two formats. */
#include "sql/datetime.h"

static bool covers(const rl_index *index, const rl_field *field) {
  for (size_t i = 0; i < index->count; i++)
    if (index->fields[i].field == field) return true;
  return false;
}

/* Keys identify rows. Two forms of one value would be two keys, and no index would prevent that. */
static bool is_key(const rl_field *f) {
  if (f->model->primary && covers(f->model->primary, f)) return true;
  for (size_t i = 0; i < f->model->index_count; i++)
    if (f->model->indexes[i].kind == RL_INDEX_UNIQUE && covers(&f->model->indexes[i], f)) return true;
  return false;
}

rl_datetime_style rl_datetime_style_of(const rl_writer *w, const rl_field *field) {
  if (!field || !w->dialect->features.brief_datetimes || field->type.scalar != RL_DATETIME) return RL_DATETIME_WRITTEN;
  bool filled = field->def.kind == RL_DEFAULT_NOW || field->def.kind == RL_DEFAULT_DBGENERATED;
  return filled && !is_key(field) ? RL_DATETIME_BOTH : RL_DATETIME_WRITTEN;
}

rl_expr rl_x_datetime(rl_writer *w, rl_expr value, const rl_field *field) {
  if (rl_datetime_style_of(w, field) == RL_DATETIME_WRITTEN) return value;
  if (w->dialect->features.unixepoch_ms)
    return rl_x(w, "CASE typeof(%s) WHEN 'text' THEN CAST(strftime('%%s', %s) AS INTEGER) * 1000 ELSE %s END", value,
                value, value);
  return rl_x(w, "CASE length(%s) WHEN 19 THEN replace(%s, ' ', 'T') || '.000+00:00' ELSE %s END", value, value, value);
}

static rl_expr datetime_param(rl_writer *w, const rl_input *input, rl_datetime_style style, bool list) {
  return rl_x_param_datetime(w, input, style, list);
}

/* ISO text: within a day, the brief form sorts before all others. So one side of a range is the brief text, with
 * which an index is searched, and the rows beyond it are compared exactly. A plus keeps SQLite from converting both
 * sides to numbers for each row. */
static rl_expr compare_iso(rl_writer *w, rl_expr c, rl_operator op, rl_expr full, rl_expr brief) {
  switch (op) {
  case RL_OP_LT: return rl_x(w, "(%s < %s AND (+%s < %s OR length(%s) > 19))", c, full, c, brief, c);
  case RL_OP_LTE: return rl_x(w, "(%s <= %s AND (+%s <= %s OR length(%s) > 19))", c, full, c, brief, c);
  case RL_OP_GT: return rl_x(w, "(%s > %s AND (+%s > %s OR length(%s) = 19))", c, brief, c, full, c);
  default: return rl_x(w, "(%s >= %s AND (+%s >= %s OR length(%s) = 19))", c, brief, c, full, c);
  }
}

/* Milliseconds: numbers sort before all text. */
static rl_expr compare_epoch(rl_writer *w, rl_expr c, rl_operator op, rl_expr full, rl_expr brief) {
  switch (op) {
  case RL_OP_LT: return rl_x(w, "(%s < %s OR (%s >= '' AND %s < %s))", c, full, c, c, brief);
  case RL_OP_LTE: return rl_x(w, "(%s <= %s OR (%s >= '' AND %s <= %s))", c, full, c, c, brief);
  case RL_OP_GT: return rl_x(w, "(%s > %s AND (+%s > %s OR typeof(%s) <> 'text'))", c, full, c, brief, c);
  default: return rl_x(w, "(%s >= %s AND (+%s >= %s OR typeof(%s) <> 'text'))", c, full, c, brief, c);
  }
}

rl_expr rl_x_datetime_compare(rl_writer *w, rl_expr column, rl_operator op, const rl_input *input) {
  rl_expr full = datetime_param(w, input, RL_DATETIME_WRITTEN, false),
          brief = datetime_param(w, input, RL_DATETIME_BRIEF, false);
  switch (op) {
  case RL_OP_EQ: return rl_x(w, "%s IN (%s, %s)", column, full, brief);
  case RL_OP_NE: return rl_x(w, "%s NOT IN (%s, %s)", column, full, brief);
  case RL_OP_LT:
  case RL_OP_LTE:
  case RL_OP_GT:
  case RL_OP_GTE:
    return w->dialect->features.unixepoch_ms ? compare_epoch(w, column, op, full, brief)
                                             : compare_iso(w, column, op, full, brief);
  case RL_OP_LIKE:
  case RL_OP_HAS:
  case RL_OP_HAS_EVERY:
  case RL_OP_HAS_SOME:
  case RL_OP_IS_EMPTY:
  case RL_OP_STRING_CONTAINS:
  case RL_OP_STRING_STARTS_WITH:
  case RL_OP_STRING_ENDS_WITH:
  case RL_OP_ARRAY_CONTAINS:
  case RL_OP_ARRAY_STARTS_WITH:
  case RL_OP_ARRAY_ENDS_WITH: break; /* not of date-times */
  }
  rl_w_no_form(w, op);
  return "";
}

rl_expr rl_x_datetime_in(rl_writer *w, rl_expr column, const rl_input *list, bool negated) {
  return rl_x(w, "%s %s (SELECT value FROM json_each(%s))", column, negated ? "NOT IN" : "IN",
              datetime_param(w, list, RL_DATETIME_BOTH, true));
}

/* ------------------------------------------------------------------ orders */

bool rl_datetime_orders_by_index(const rl_writer *w, const rl_field *field) {
  if (rl_datetime_style_of(w, field) == RL_DATETIME_WRITTEN) return false;
  for (size_t i = 0; i < field->model->index_count; i++)
    if (field->model->indexes[i].kind == RL_INDEX_NORMAL && covers(&field->model->indexes[i], field)) return true;
  return false;
}

/* Rows of the same day, or with the same keys before the column in an index, which a limit may leave out. One search
 * of the index per new day. */
static rl_expr guard(rl_writer *w, const rl_index *index, const rl_field *field, uint32_t alias, size_t number) {
  uint32_t other = rl_w_alias(w);
  rl_expr mine = rl_x_column(w, alias, field), theirs = rl_x_column(w, other, field), keys = "";
  for (size_t i = 0; i < index->count && index->fields[i].field != field; i++)
    keys = rl_x(w, "%s%s IS %s AND ", keys, rl_x_column(w, other, index->fields[i].field),
                rl_x_column(w, alias, index->fields[i].field));
  rl_expr range =
      w->dialect->features.unixepoch_ms
          ? rl_x(w, "%s >= ''", theirs)
          : rl_x(w, "%s >= substr(%s, 1, 10) || ' ' AND %s < substr(%s, 1, 10) || '!'", theirs, mine, theirs, mine);
  size_t mark = rl_w_mark(w);
  rl_w_table(w, field->model);
  rl_expr table = rl_w_since(w, mark);
  /* the name of a field has only letters, digits and underscores */
  return rl_x(w,
              "CASE WHEN rille_new_day('%.*s', %zu, %s) THEN (SELECT rille_brief('%.*s', %s) FROM %s AS t%u WHERE %s%s "
              "LIMIT 1) IS NULL ELSE TRUE END",
              RL_STR_ARG(field->name), number, mine, RL_STR_ARG(field->name), theirs, table, (unsigned)other, keys,
              range);
}

void rl_sql_datetime_guards(rl_writer *w, const rl_field *field, uint32_t alias, const char *join) {
  const rl_model *model = field->model;
  for (size_t i = 0; i < model->index_count; i++) {
    const rl_index *index = &model->indexes[i];
    if (index->kind != RL_INDEX_NORMAL || !covers(index, field)) continue;
    rl_w_f(w, "%s%s", join, guard(w, index, field, alias, i));
    join = " AND ";
  }
}
