/* Translates the tables, columns and constraints in a database's errors to models and fields. */
#include "run/constraint.h"

#include "run/foreign_key.h"
#include "run/missing.h"

static const rl_model *model_of_table(const rl_schema *s, rl_str table) {
  for (size_t i = 0; i < s->model_count; i++)
    if (rl_str_eq(s->models[i]->table, table)) return s->models[i];
  return NULL;
}

static const rl_field *field_of_column(const rl_model *m, rl_str column) {
  for (size_t i = 0; i < m->column_count; i++)
    if (rl_str_eq(m->columns[i]->column, column)) return m->columns[i];
  return NULL;
}

static const rl_index *index_named(const rl_model *m, rl_str name) {
  for (size_t i = 0; i < m->index_count; i++)
    if (rl_str_eq(m->indexes[i].name, name)) return &m->indexes[i];
  return NULL;
}

static const rl_detail *find_detail(const rl_error *err, const char *key) {
  for (size_t i = 0; i < err->detail_count; i++)
    if (strcmp(err->details[i].key, key) == 0) return &err->details[i];
  return NULL;
}

#define MOST_FIELDS 32

/* Finds the fields of a unique error: from its columns, otherwise from its constraint. */
static size_t unique_fields(const rl_model *m, const rl_error *err, rl_str *names) {
  const rl_detail *columns = find_detail(err, "columns");
  size_t n = 0;
  for (size_t i = 0; columns && i < columns->count && n < MOST_FIELDS; i++) {
    const rl_field *f = field_of_column(m, rl_str_of(columns->values[i]));
    names[n++] = f ? f->name : rl_str_of(columns->values[i]);
  }
  const rl_index *index = n ? NULL : index_named(m, rl_error_get(err, "constraint"));
  for (size_t i = 0; index && i < index->count && n < MOST_FIELDS; i++) names[n++] = index->fields[i].field->name;
  return n;
}

static void join_names(const rl_str *names, size_t n, rl_buf *out) {
  for (size_t i = 0; i < n; i++) rl_buf_printf(out, "%s`%.*s`", i ? ", " : "", RL_STR_ARG(names[i]));
}

static void replace_message(rl_error *err, rl_buf *text) {
  char *message = rl_buf_take(text);
  if (!message) return; /* the database's message stays */
  rl_error_replace_message(err, message);
}

static void translate_unique(const rl_model *m, rl_error *err) {
  rl_str names[MOST_FIELDS];
  size_t n = unique_fields(m, err, names);
  if (n == 0) return;
  rl_error_detail_list(err, "target", names, n);
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "%.*s: a row with the same ", RL_STR_ARG(m->name));
  join_names(names, n, &text);
  rl_buf_text(&text, " already exists (unique constraint)");
  replace_message(err, &text);
}

/* Finds a relation by its constraint. Names of constraints are unique only within a table. */
static const rl_relation *relation_of_constraint(const rl_schema *s, rl_str table, rl_str name) {
  for (size_t i = 0; name.len && i < s->relation_count; i++) {
    const rl_relation *r = s->relations[i];
    if (rl_str_eq(r->constraint, name) && r->key_side && (!table.len || rl_str_eq(r->key_side->model->table, table)))
      return r;
  }
  return NULL;
}

/* Adds the table and the constraint if the database did not name them, as SQLite does not. */
static void name_foreign_key(const rl_schema *s, const rl_step *failed, rl_error *err) {
  const rl_relation *r = failed ? rl_broken_relation(s, failed) : NULL;
  if (!r || rl_error_get(err, "constraint").len) return;
  rl_error_detail(err, "table", r->key_side->model->table);
  rl_error_detail(err, "constraint", r->constraint);
}

static void translate_foreign_key(const rl_schema *s, const rl_step *failed, rl_error *err) {
  const rl_relation *r = relation_of_constraint(s, rl_error_get(err, "table"), rl_error_get(err, "constraint"));
  const char *side = failed ? rl_broken_side(s, failed, r) : NULL;
  if (side) rl_error_detail(err, "side", rl_str_of(side));
  if (!r) return;
  rl_error_detail(err, "field_name", r->key_side->name);
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "the relation `%.*s` of %.*s to %.*s would be broken (foreign key constraint `%.*s`)",
                RL_STR_ARG(r->key_side->name), RL_STR_ARG(r->key_side->model->name),
                RL_STR_ARG(r->key_side->target->name), RL_STR_ARG(r->constraint));
  replace_message(err, &text);
}

static void translate_null(const rl_model *m, rl_error *err) {
  const rl_field *f = field_of_column(m, rl_error_get(err, "column"));
  if (!f) return;
  rl_error_detail_list(err, "target", &f->name, 1);
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "%.*s.%.*s must not be null", RL_STR_ARG(m->name), RL_STR_ARG(f->name));
  replace_message(err, &text);
}

void rl_translate_constraint(const rl_schema *s, const rl_model *model, const rl_step *failed, rl_error *err) {
  rl_translate_missing(s, failed, err);
  if (err->code == RL_P2003) name_foreign_key(s, failed, err);
  rl_str table = rl_error_get(err, "table");
  const rl_model *m = table.len ? model_of_table(s, table) : NULL;
  if (m) rl_error_detail(err, "model", m->name);
  rl_error_detail(err, "model", model->name);
  if (err->code == RL_P2002 && m) translate_unique(m, err);
  if (err->code == RL_P2011 && m) translate_null(m, err);
  if (err->code == RL_P2003) translate_foreign_key(s, failed, err);
}

rille_status rl_fail_broken_key(const rl_schema *s, const rl_model *model, const rl_step *step,
                                const rl_relation *broken, rl_error *err) {
  const rl_relation *r = broken ? broken : rl_broken_relation(s, step);
  rl_fail(err, RL_P2003, "foreign key constraint failed");
  if (r) rl_error_detail(err, "table", r->key_side->model->table);
  if (r) rl_error_detail(err, "constraint", r->constraint);
  rl_error_detail(err, "model", r ? r->key_side->model->name : model->name);
  translate_foreign_key(s, step, err);
  return RILLE_ERROR;
}

void rl_equalize_broken_key(const rl_schema *s, const rl_model *model, const rl_step *failed, rl_error *err) {
  const rl_relation *r = relation_of_constraint(s, rl_error_get(err, "table"), rl_error_get(err, "constraint"));
  if (err->code != RL_P2003) return;
  rl_error_clear(err);
  (void)rl_fail_broken_key(s, model, failed, r, err);
}
