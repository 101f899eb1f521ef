/* UPDATE: assignments and conditions. */
#include "sql/render.h"

void rl_sql_assigns(rl_writer *w, const rl_assign *assigns, size_t count, uint32_t alias) {
  for (size_t i = 0; i < count; i++) {
    const rl_assign *a = &assigns[i];
    rl_w_text(w, i > 0 ? ", " : "SET ");
    rl_w_identifier(w, a->field->column);
    rl_w_text(w, " = ");
    if (!a->input)
      rl_w_text(w, "NULL");
    else if (a->op == RL_SET)
      rl_w_text(w, rl_x_param(w, a->input));
    else
      rl_w_text(w, w->dialect->forms->assign(w, a->op, rl_x_column(w, alias, a->field), a->input, &a->field->type));
  }
}

static const rl_index *any_key(const rl_model *model) {
  if (model->primary) return model->primary;
  for (size_t i = 0; i < model->index_count; i++)
    if (model->indexes[i].kind == RL_INDEX_UNIQUE) return &model->indexes[i];
  return NULL;
}

/* opens: " WHERE ", or " AND " after another condition. */
static void write_conditions(rl_writer *w, const char *opens, const rl_filter *where, const rl_filter *keys,
                             uint32_t alias) {
  bool some = !rl_filter_is_true(where);
  if (!keys && !some) return;
  rl_w_text(w, opens);
  if (!keys && opens[1] == 'W') {
    rl_sql_condition(w, where, alias, false);
    return;
  }
  if (!keys) {
    rl_sql_filter(w, where, alias, false);
    return;
  }
  rl_sql_filter(w, keys, alias, false);
  if (!some) return;
  rl_w_text(w, " AND ");
  rl_sql_filter(w, where, alias, false);
}

/* Writes by the keys of the rows, which are selected before anything is written, up to the limit. */
static void write_by_key(rl_writer *w, const rl_model *model, const rl_filter *where, const rl_filter *keys,
                         const rl_input *limit, uint32_t alias) {
  const rl_index *key = any_key(model);
  if (!key) {
    if (w->status == RILLE_OK)
      w->status =
          rl_fail(w->err, RL_P2026, "%.*s has no key by which its rows can be identified", RL_STR_ARG(model->name));
    return;
  }
  uint32_t inner = rl_w_alias(w);
  rl_w_text(w, key->count > 1 ? " WHERE (" : " WHERE ");
  for (size_t i = 0; i < key->count; i++) {
    rl_w_comma(w, i);
    rl_w_text(w, rl_x_column(w, alias, key->fields[i].field));
  }
  rl_w_text(w, key->count > 1 ? ") IN (SELECT " : " IN (SELECT ");
  for (size_t i = 0; i < key->count; i++) {
    rl_w_comma(w, i);
    rl_w_text(w, rl_x_column(w, inner, key->fields[i].field));
  }
  rl_w_text(w, " FROM ");
  rl_w_table(w, model);
  rl_w_f(w, " AS t%u", (unsigned)inner);
  write_conditions(w, " WHERE ", where, keys, inner);
  if (limit)
    rl_w_f(w, " LIMIT %s)", rl_x_param(w, limit));
  else
    rl_w_text(w, ")");
  /* after waiting for a lock, the database checks the row again, but only the conditions outside the subquery */
  if (w->dialect->features.concurrent_writers) write_conditions(w, " AND ", where, keys, alias);
}

void rl_sql_target(rl_writer *w, const rl_model *model, const rl_filter *where, const rl_filter *keys,
                   const rl_input *limit, uint32_t alias) {
  /* conditions on related rows may use the table that is written */
  bool told_before =
      w->dialect->forms->one_pass && (rl_filter_has_relation(where) || rl_filter_has_relation(keys)) && any_key(model);
  if (limit || told_before)
    write_by_key(w, model, where, keys, limit, alias);
  else
    write_conditions(w, " WHERE ", where, keys, alias);
}

void rl_sql_update(rl_writer *w, const rl_update *u) {
  uint32_t alias = rl_w_alias(w);
  rl_w_text(w, "UPDATE ");
  rl_w_table(w, u->model);
  rl_w_f(w, " AS t%u ", (unsigned)alias);
  if (u->assign_count > 0) {
    rl_sql_assigns(w, u->assigns, u->assign_count, alias);
  } else { /* nothing changes, but the rows are returned */
    const rl_field *first = u->model->columns[0];
    rl_w_f(w, "SET %s = %s", rl_x_identifier(w, first->column), rl_x_column(w, alias, first));
  }
  rl_sql_target(w, u->model, u->where, u->keys, u->limit, alias);
}
