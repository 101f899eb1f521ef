/* INSERT: one row, the pairs of a join table, and what happens to a row that already exists. */
#include "sql/render.h"

static void conflict_target(rl_writer *w, const rl_insert *ins) {
  const rl_field **fields = ins->conflict;
  size_t count = ins->conflict_count;
  if (count == 0 && ins->rows) {
    fields = ins->rows->conflict;
    count = ins->rows->conflict_count;
  }
  for (size_t i = 0; i < count; i++) {
    rl_w_text(w, i > 0 ? ", " : " (");
    rl_w_identifier(w, fields[i]->column);
  }
  if (count > 0) rl_w_text(w, ")");
}

void rl_sql_on_conflict(rl_writer *w, const rl_insert *ins, uint32_t alias) {
  bool updates = rl_insert_updates(ins);
  bool named = ins->conflict_count > 0 || (ins->rows && ins->rows->conflict_count > 0);
  if (!updates && !ins->skip_duplicates && !named) return;
  rl_w_text(w, " ON CONFLICT");
  conflict_target(w, ins);
  if (!updates) {
    rl_w_text(w, " DO NOTHING");
    return;
  }
  rl_w_text(w, " DO UPDATE ");
  rl_sql_assigns(w, ins->on_conflict, ins->on_conflict_count, alias);
  for (size_t i = 0; ins->rows && i < ins->rows->update_count; i++) {
    rl_w_text(w, i > 0 || ins->on_conflict_count > 0 ? ", " : "SET ");
    rl_w_identifier(w, ins->rows->update[i]->column);
    rl_w_text(w, " = EXCLUDED.");
    rl_w_identifier(w, ins->rows->update[i]->column);
  }
  if (rl_filter_is_true(ins->conflict_where)) return;
  rl_w_text(w, " WHERE ");
  rl_sql_condition(w, ins->conflict_where, alias, false);
}

void rl_sql_insert(rl_writer *w, const rl_insert *ins) {
  uint32_t alias = rl_w_alias(w);
  rl_w_text(w, "INSERT INTO ");
  rl_w_table(w, ins->model);
  if (rl_insert_updates(ins)) rl_w_f(w, " AS t%u", (unsigned)alias);
  if (ins->assign_count == 0) {
    rl_w_text(w, " DEFAULT VALUES");
    return;
  }
  for (size_t i = 0; i < ins->assign_count; i++) {
    rl_w_text(w, i > 0 ? ", " : " (");
    rl_w_identifier(w, ins->assigns[i].field->column);
  }
  rl_w_text(w, ") VALUES (");
  for (size_t i = 0; i < ins->assign_count; i++) {
    const rl_input *input = ins->assigns[i].input;
    rl_w_comma(w, i);
    rl_w_text(w, input ? rl_x_param(w, input) : "NULL");
  }
  rl_w_text(w, ")");
  rl_sql_on_conflict(w, ins, alias);
}

/* ------------------------------------------------------------------ join tables */

static void link_value(rl_writer *w, const rl_input *input, const char *alias) {
  bool list = rl_input_is_list(input);
  rl_w_text(w,
            list ? w->dialect->forms->list_value(w, rl_x(w, "%s.value", alias), &input->type) : rl_x_param(w, input));
}

static void link_source(rl_writer *w, const rl_input *input, const char *alias, const char *before) {
  if (rl_input_is_list(input))
    rl_w_f(w, "%s%s", before, w->dialect->forms->list_source(w, rl_x_param(w, input), alias));
}

void rl_sql_link_rows(rl_writer *w, const rl_insert *ins) {
  bool a_list = rl_input_is_list(ins->link_a), b_list = rl_input_is_list(ins->link_b);
  rl_w_text(w, "INSERT INTO ");
  rl_sql_join_table(w, ins->link);
  rl_w_f(w, " (%s, %s) ", rl_x_identifier(w, RL_STR("A")), rl_x_identifier(w, RL_STR("B")));
  rl_w_text(w, a_list || b_list ? "SELECT " : "VALUES (");
  link_value(w, ins->link_a, "a");
  rl_w_text(w, ", ");
  link_value(w, ins->link_b, "b");
  if (a_list || b_list) {
    link_source(w, ins->link_a, "a", " FROM ");
    link_source(w, ins->link_b, "b", a_list ? " CROSS JOIN " : " FROM ");
    rl_w_text(w, " WHERE TRUE"); /* otherwise SQLite reads ON CONFLICT as the condition of a join */
  } else {
    rl_w_text(w, ")");
  }
  rl_w_text(w, " ON CONFLICT DO NOTHING");
}

const rl_field *rl_sql_numbered_key(const rl_insert *ins) {
  const rl_index *key = ins->link ? NULL : ins->model->primary;
  const rl_field *field = key && key->count == 1 ? key->fields[0].field : NULL;
  return field && field->type.scalar == RL_INT && field->def.kind == RL_DEFAULT_AUTOINCREMENT ? field : NULL;
}
