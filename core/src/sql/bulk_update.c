/* UPDATE of many rows with different values: the rows are a table that is joined with the model's. */
#include "sql/bulk.h"

static bool starts_with(rl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.p, prefix, len) == 0;
}

/* The columns of the rows must have other names than those of the model, which RETURNING names without an alias. */
static rl_expr free_prefix(rl_writer *w, const rl_model *model) {
  rl_expr prefix = "v";
  for (size_t i = 0; i < model->column_count; i++) {
    if (!starts_with(model->columns[i]->column, prefix)) continue;
    prefix = rl_x(w, "%s_", prefix);
    if (!rl_w_ok(w)) break;
    i = (size_t)-1; /* from the first row */
  }
  return prefix;
}

static bool has_field(const rl_field *const *fields, size_t count, const rl_field *f) {
  for (size_t i = 0; i < count; i++)
    if (fields[i] == f) return true;
  return false;
}

static void write_sets(rl_writer *w, const rl_bulk_sql *b, uint32_t alias, rl_expr prefix) {
  size_t written = 0;
  for (size_t i = 0; i < b->count; i++) {
    if (!has_field((const rl_field *const *)b->rows->update, b->rows->update_count, b->fields[i])) continue;
    rl_w_text(w, written++ ? ", " : "SET ");
    rl_w_f(w, "%s = rille_rows.%s%zu", rl_x_identifier(w, b->fields[i]->column), prefix, i);
  }
  if (written > 0) return;
  const rl_field *key = b->rows->conflict[0]; /* a row that gives only its key stays unchanged, and counts */
  rl_w_f(w, "SET %s = %s", rl_x_identifier(w, key->column), rl_x_column(w, alias, key));
}

static void write_keys(rl_writer *w, const rl_bulk_sql *b, uint32_t alias, rl_expr prefix) {
  size_t written = 0;
  rl_w_text(w, " WHERE ");
  for (size_t i = 0; i < b->count; i++) {
    if (!has_field((const rl_field *const *)b->rows->conflict, b->rows->conflict_count, b->fields[i])) continue;
    rl_w_text(w, written++ ? " AND " : "");
    rl_w_f(w, "%s = rille_rows.%s%zu", rl_x_column(w, alias, b->fields[i]), prefix, i);
  }
}

void rl_sql_update_rows(rl_writer *w, const rl_bulk_sql *b, uint32_t rows) {
  const rl_update *u = b->step->as.update;
  uint32_t alias = rl_w_alias(w);
  rl_expr prefix = free_prefix(w, u->model);
  rl_w_text(w, "WITH rille_rows (");
  for (size_t i = 0; i < b->count; i++) rl_w_f(w, "%s%s%zu", i > 0 ? ", " : "", prefix, i);
  rl_w_text(w, ") AS (");
  rl_sql_bulk_source(w, b, rows);
  rl_w_text(w, ") UPDATE ");
  rl_w_table(w, u->model);
  rl_w_f(w, " AS t%u ", (unsigned)alias);
  write_sets(w, b, alias, prefix);
  rl_w_text(w, " FROM rille_rows");
  write_keys(w, b, alias, prefix);
}
