/* Renamed values of enums on SQLite, where rows contain them as text: the rows
 * are updated. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

static bool has_value(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return true;
  return false;
}

static bool is_stale(const rl_db_column *c, rl_str name) {
  for (size_t i = 0; i < c->stale_count; i++)
    if (rl_str_eq(c->stale[i], name)) return true;
  return false;
}

static void write_update(rl_differ *d, rl_str table, rl_str column, rl_str from, rl_str to) {
  rl_buf_text(&d->buf, "UPDATE ");
  rl_sql_name(&d->buf, d->dialect, table);
  rl_buf_text(&d->buf, " SET ");
  rl_sql_name(&d->buf, d->dialect, column);
  rl_buf_text(&d->buf, " = ");
  rl_ddl_text(&d->buf, to);
  rl_buf_text(&d->buf, " WHERE ");
  rl_sql_name(&d->buf, d->dialect, column);
  rl_buf_text(&d->buf, " = ");
  rl_ddl_text(&d->buf, from);
}

/* Returns whether the script of a migration renames the value. */
static bool is_in_past(rl_differ *d, const char *past, rl_str table, rl_str column, const rl_db_value *v) {
  write_update(d, table, column, v->renamed_from, v->name);
  const char *sql = rl_buf_z(&d->buf);
  bool found = !sql || strstr(past, sql);
  if (!sql) d->failed = true;
  rl_buf_reset(&d->buf);
  return found;
}

/* Returns whether the diff renames the value. For a live database its past or its rows decide, for a schema its enum.
 */
static bool is_renamed(rl_differ *d, const rl_db_table *t, const rl_db_column *from, const rl_db_enum *to,
                       const rl_db_value *v) {
  if (!v->renamed_from.len || has_value(to, v->renamed_from)) return false;
  if (d->from->past) return !is_in_past(d, d->from->past, t->name, from->name, v);
  if (!d->from->of_schema) return is_stale(from, v->renamed_from);
  return has_value(rl_db_enum_of(d->from, from->enum_namespace, from->enum_name), v->renamed_from);
}

static bool value_stays(const rl_db_enum *to, rl_str name) {
  for (size_t i = 0; i < to->values.count; i++)
    if (rl_str_eq(to->values.items[i].name, name) || rl_str_eq(to->values.items[i].renamed_from, name)) return true;
  return false;
}

/* Lists the values that `to` lacks: those of the old schema, or of the rows of a live database. */
static const rl_str *removed_values(rl_differ *d, const rl_db_column *from, const rl_db_enum *to, size_t *count) {
  const rl_db_enum *e = rl_db_enum_of(d->from, from->enum_namespace, from->enum_name);
  size_t n = e ? e->values.count : from->stale_count;
  rl_str *removed = RL_NEW_ARRAY(d->arena, rl_str, n + 1);
  *count = 0;
  if (!removed) d->failed = true;
  for (size_t i = 0; removed && i < n; i++) {
    rl_str name = e ? e->values.items[i].name : from->stale[i];
    if (!value_stays(to, name)) removed[(*count)++] = name;
  }
  return removed;
}

/* Writes a query that counts rows with other values than those of the enum, including renamed ones. */
static void write_other_count(rl_differ *d, const rl_db_table *from, const rl_db_column *c, const rl_db_enum *e) {
  rl_buf_text(&d->buf, "SELECT CAST(count(*) AS TEXT) FROM ");
  rl_ddl_name(d->dialect, from->namespace_, from->was, &d->buf);
  rl_buf_text(&d->buf, " WHERE ");
  rl_sql_name(&d->buf, d->dialect, c->was);
  rl_buf_text(&d->buf, " NOT IN (");
  for (size_t i = 0; i < e->values.count; i++) {
    rl_buf_text(&d->buf, i ? ", " : "");
    rl_ddl_text(&d->buf, e->values.items[i].name);
    if (!e->values.items[i].renamed_from.len) continue;
    rl_buf_text(&d->buf, ", ");
    rl_ddl_text(&d->buf, e->values.items[i].renamed_from);
  }
  rl_buf_byte(&d->buf, ')');
}

static void warn_of_removed(rl_differ *d, const rl_db_table *from, const rl_db_column *c, const rl_db_enum *e) {
  size_t count = 0;
  const rl_str *removed = removed_values(d, c, e, &count);
  const char *names = "";
  if (!count) return;
  for (size_t i = 0; i < count; i++)
    names = rl_differ_printf(d, "%s%s%.*s", names, i ? "," : "", RL_STR_ARG(removed[i]));
  const char *what =
      rl_differ_printf(d, "The values [%s] on the enum `%.*s` will be removed.", names, RL_STR_ARG(e->name));
  write_other_count(d, from, c, e);
  rl_diff_warning w = {
      .kind = RL_WARNING_DROP_ENUM_VALUES, .table = from->name, .column = c->name, .name = e->name, .items = removed};
  w.item_count = count;
  w.text = rl_differ_text(d, "%s Rows that still have them cannot be read.", what);
  w.counted =
      rl_differ_text(d, "%s {n} rows of `%.*s` still have them and cannot be read.", what, RL_STR_ARG(from->name));
  rl_differ_warn(d, &w);
}

static void rename_values(rl_differ *d, const rl_db_table *t, const rl_db_column *c, const rl_db_column *from,
                          const rl_db_enum *e) {
  for (size_t i = 0; i < e->values.count; i++)
    if (is_renamed(d, t, from, e, &e->values.items[i])) {
      write_update(d, t->name, c->name, e->values.items[i].renamed_from, e->values.items[i].name);
      rl_differ_step(d, RL_STEP_ALTER_ENUM, t->name);
    }
}

/* Undoes renames that no script of the target database contains. The target's values are known from scripts only. */
static void rename_back(rl_differ *d, const rl_db_table *from, const rl_db_column *c, const rl_db_enum *e) {
  for (size_t i = 0; i < e->values.count; i++) {
    const rl_db_value *v = &e->values.items[i];
    if (!v->renamed_from.len || has_value(e, v->renamed_from) || is_in_past(d, d->to->past, from->was, c->was, v))
      continue;
    write_update(d, from->name, c->name, v->name, v->renamed_from);
    rl_differ_step(d, RL_STEP_ALTER_ENUM, from->name);
  }
}

static void rename_all_back(rl_differ *d) {
  for (size_t i = 0; i < d->from->tables.count; i++) {
    const rl_db_table *t = &d->from->tables.items[i], *to = rl_db_table_of(d->to, t->namespace_, t->name);
    for (size_t k = 0; to && k < t->columns.count; k++) {
      const rl_db_column *c = &t->columns.items[k];
      const rl_db_enum *e = c->enum_name.len ? rl_db_enum_of(d->from, c->enum_namespace, c->enum_name) : NULL;
      if (e && rl_db_column_of(to, c->name)) rename_back(d, t, c, e);
    }
  }
}

void rl_diff_values(rl_differ *d) {
  if (d->to->past) rename_all_back(d);
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *t = &d->to->tables.items[i], *from = rl_db_table_of(d->from, t->namespace_, t->name);
    for (size_t k = 0; from && k < t->columns.count; k++) {
      const rl_db_column *c = &t->columns.items[k], *old = rl_db_column_of(from, c->name);
      const rl_db_enum *e = c->enum_name.len ? rl_db_enum_of(d->to, c->enum_namespace, c->enum_name) : NULL;
      if (!old || !e) continue;
      warn_of_removed(d, from, old, e);
      rename_values(d, t, c, old, e);
    }
  }
}
