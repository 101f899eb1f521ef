/* INSERT and UPDATE of many rows: one array per column if the database accepts arrays, otherwise statements with rows
 * of values. */
#include "sql/bulk.h"

enum { ROWS_PER_STATEMENT = 50, PARAMS_PER_STATEMENT = 999 };

static void write_head(rl_writer *w, const rl_bulk_sql *b, uint32_t alias) {
  const rl_insert *ins = b->step->as.insert;
  rl_w_text(w, "INSERT INTO ");
  if (ins->link) { /* its columns have other names than those of the rows that it joins */
    rl_sql_join_table(w, ins->link);
    rl_w_f(w, " (%s, %s) ", rl_x_identifier(w, rl_link_column(true)), rl_x_identifier(w, rl_link_column(false)));
    return;
  }
  rl_w_table(w, ins->model);
  if (rl_insert_updates(ins)) rl_w_f(w, " AS t%u", (unsigned)alias);
  if (b->count == 0) {
    rl_w_text(w, " DEFAULT VALUES");
    return;
  }
  for (size_t i = 0; i < b->count; i++) {
    rl_w_text(w, i > 0 ? ", " : " (");
    rl_w_identifier(w, b->fields[i]->column);
  }
  rl_w_text(w, ") ");
}

static bool is_update(const rl_step *step) {
  return step->kind == RL_STEP_UPDATE;
}

/* Writes what follows the rows, with its own parameters. */
static void write_tail(rl_writer *w, const rl_bulk_sql *b) {
  uint32_t alias = 0; /* of the model's table: the first alias */
  if (is_update(b->step)) {
    const rl_filter *where = b->step->as.update->where;
    if (rl_filter_is_true(where)) return;
    rl_w_text(w, " AND ");
    rl_sql_filter(w, where, alias, false);
  } else if (b->count > 0) {
    rl_sql_on_conflict(w, b->step->as.insert, alias);
  }
}

static bool numbers_rows(const rl_bulk_sql *b) {
  const rl_field *key = is_update(b->step) ? NULL : rl_sql_numbered_key(b->step->as.insert);
  for (size_t i = 0; key && i < b->count; i++)
    if (b->fields[i] == key) return false;
  return key != NULL;
}

/* rows 0: as arrays. */
static rille_status write_statement(const rl_bulk_sql *b, uint32_t rows, rl_template *out, uint32_t *fixed) {
  rl_writer w;
  rl_w_init(&w, b->dialect, b->schema, b->arena, b->err);
  if (is_update(b->step)) {
    rl_sql_update_rows(&w, b, rows);
  } else {
    write_head(&w, b, rl_w_alias(&w));
    if (b->count > 0) rl_sql_bulk_source(&w, b, rows);
  }
  uint32_t own = w.param_count;
  write_tail(&w, b);
  *fixed = w.param_count - own;
  rl_sql_returning(&w, b->step);
  rl_template_columns(&w, NULL, b->step->returning, b->step->returning_count, out);
  out->writes = true;
  out->returns_rows = b->step->returning_count > 0;
  out->numbers_rows = numbers_rows(b);
  rille_status status = rl_w_finish(&w, out);
  rl_w_dispose(&w);
  return status;
}

static rille_status take_columns(rl_bulk_sql *b, const bool *given) {
  const rl_rows *rows = b->rows;
  b->fields = RL_NEW_ARRAY(b->arena, const rl_field *, rows->column_count + 1);
  if (!b->fields) return rl_fail_nomem(b->err);
  for (size_t i = 0; i < rows->column_count; i++)
    if (!given || given[i]) b->fields[b->count++] = rows->columns[i].field;
  return RILLE_OK;
}

/* unnest splits an array of arrays into scalars, so rows with lists are written as VALUES. */
static bool any_list(const rl_bulk_sql *b) {
  for (size_t i = 0; i < b->count; i++)
    if (b->fields[i]->type.list) return true;
  return false;
}

rille_status rl_sql_bulk(const rl_dialect *dialect, const rl_schema *schema, const rl_step *step, const bool *given,
                         rl_arena *arena, rl_step_sql *out, rl_error *err) {
  rl_bulk_sql b = {.dialect = dialect, .schema = schema, .step = step, .arena = arena, .err = err};
  b.rows = rl_step_rows(step);
  rille_status status = take_columns(&b, given);
  if (status != RILLE_OK) return status;
  if (b.count > 0 && dialect->features.unnest_insert && !any_list(&b)) {
    out->bulk = RL_BULK_ARRAYS;
    return write_statement(&b, 0, &out->main, &out->fixed_params);
  }
  uint32_t rows = b.count > 0 ? (uint32_t)(PARAMS_PER_STATEMENT / b.count) : 1;
  if (rows > ROWS_PER_STATEMENT) rows = ROWS_PER_STATEMENT;
  if (rows < 1) rows = 1;
  out->bulk = RL_BULK_VALUES;
  out->rows_per = rows;
  status = write_statement(&b, 1, &out->one, &out->fixed_params);
  if (status != RILLE_OK) return status;
  return write_statement(&b, rows, &out->main, &out->fixed_params);
}
