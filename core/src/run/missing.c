/* Missing tables and columns: which model or field they belong to, and what creates them. */
#include "run/missing.h"

#define ADVICE "`rille migrate dev` or `rille db push` creates it"

/* Returns the name without the database schema before it. */
static rl_str last_part(rl_str name) {
  for (size_t i = name.len; i > 0; i--)
    if (name.p[i - 1] == '.') return rl_str_make(name.p + i, name.len - i);
  return name;
}

static void set_message(rl_error *err, rl_buf *text) {
  char *message = rl_buf_take(text);
  if (message) rl_error_replace_message(err, message); /* otherwise the database's message stays */
}

/* ------------------------------------------------------------------ tables */

static const rl_model *model_of_table(const rl_schema *s, rl_str table) {
  for (size_t i = 0; i < s->model_count; i++)
    if (rl_str_eq(s->models[i]->table, table)) return s->models[i];
  return NULL;
}

static const rl_relation *relation_of_table(const rl_schema *s, rl_str table) {
  for (size_t i = 0; i < s->relation_count; i++)
    if (s->relations[i]->kind == RL_MANY_TO_MANY && rl_str_eq(s->relations[i]->join_table, table))
      return s->relations[i];
  return NULL;
}

static void translate_table(const rl_schema *s, rl_error *err) {
  rl_str table = last_part(rl_error_get(err, "table"));
  const rl_model *m = model_of_table(s, table);
  const rl_relation *r = m ? NULL : relation_of_table(s, table);
  if (!m && !r) return;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "the %s `%.*s` of ", m && m->is_view ? "view" : "table", RL_STR_ARG(table));
  if (m)
    rl_buf_printf(&text, "%.*s", RL_STR_ARG(m->name));
  else
    rl_buf_printf(&text, "the relation %.*s.%.*s", RL_STR_ARG(r->key_side->model->name), RL_STR_ARG(r->key_side->name));
  rl_buf_text(&text, " does not exist in the database");
  rl_buf_text(&text, m && m->is_view ? "; create the view in a migration of your own" : "; " ADVICE);
  if (m) rl_error_detail(err, "model", m->name);
  set_message(err, &text);
}

/* ------------------------------------------------------------------ columns */

static const rl_field *field_of_column(const rl_model *m, rl_str column) {
  for (size_t i = 0; m && i < m->column_count; i++)
    if (rl_str_eq(m->columns[i]->column, column)) return m->columns[i];
  return NULL;
}

static const rl_model *model_of_step(const rl_step *step) {
  switch (step ? step->kind : RL_STEP_RAISE) {
  case RL_STEP_SELECT: return step->as.select->model;
  case RL_STEP_INSERT: return step->as.insert->model;
  case RL_STEP_UPDATE: return step->as.update->model;
  case RL_STEP_DELETE: return step->as.delete_->model;
  default: return NULL;
  }
}

/* Returns the only field of the schema with this column. NULL: none, or several. */
static const rl_field *only_field(const rl_schema *s, rl_str column) {
  const rl_field *only = NULL;
  for (size_t i = 0; i < s->model_count; i++) {
    const rl_field *f = field_of_column(s->models[i], column);
    if (f && only) return NULL;
    if (f) only = f;
  }
  return only;
}

/* Finds the field of a missing column. After `t0`, or without an alias, it belongs to the table of the step, otherwise
 * to a related one. */
static const rl_field *missing_field(const rl_schema *s, const rl_step *failed, rl_str column, const char *message) {
  const char *alias = strstr(message, " t");
  bool elsewhere = alias && alias[2] >= '1' && alias[2] <= '9';
  const rl_field *own = field_of_column(model_of_step(failed), column);
  return own && !elsewhere ? own : only_field(s, column);
}

static void translate_column(const rl_schema *s, const rl_step *failed, rl_error *err) {
  rl_str column = rl_error_get(err, "column");
  const rl_field *f = missing_field(s, failed, column, rl_error_message(err));
  if (!f) return;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "%.*s.%.*s: the column `%.*s` of the table `%.*s` does not exist in the database; " ADVICE,
                RL_STR_ARG(f->model->name), RL_STR_ARG(f->name), RL_STR_ARG(column), RL_STR_ARG(f->model->table));
  rl_error_detail(err, "model", f->model->name);
  rl_error_detail(err, "field", f->name);
  rl_error_detail(err, "table", f->model->table);
  set_message(err, &text);
}

void rl_translate_missing(const rl_schema *s, const rl_step *failed, rl_error *err) {
  if (err->code == RL_P2021) translate_table(s, err);
  if (err->code == RL_P2022) translate_column(s, failed, err);
}
