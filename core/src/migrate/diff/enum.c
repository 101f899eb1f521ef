/* Enums: creates and drops them, and adds values. To remove values, a new type
 * replaces the old one. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

static bool has_value(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return true;
  return false;
}

static bool column_has_enum(const rl_db_column *c, const rl_db_enum *e) {
  return rl_str_eq(c->enum_name, e->name) && rl_str_eq(c->enum_namespace, e->namespace_);
}

/* Returns whether a default is a new value, which cannot be used in the
 * transaction that adds it. */
static bool default_is_new(const rl_differ *d, const rl_db_enum *from, const rl_db_enum *to) {
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *t = &d->to->tables.items[i];
    for (size_t k = 0; k < t->columns.count; k++) {
      const rl_db_column *c = &t->columns.items[k];
      if (!column_has_enum(c, to) || c->def.kind == RL_DB_DEFAULT_NONE) continue;
      if (c->def.kind != RL_DB_DEFAULT_VALUE || !has_value(from, c->def.value)) return true;
    }
  }
  return false;
}

static void write_alter_column(rl_differ *d, const rl_db_table *t, const rl_db_column *c) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, t);
  rl_buf_text(&d->buf, " ALTER COLUMN ");
  rl_sql_name(&d->buf, d->dialect, c->name);
}

static void retype_column(rl_differ *d, const rl_db_table *t, rl_db_column *c, const rl_db_enum *e) {
  const char *list = c->list ? "[]" : "";
  if (c->def.kind != RL_DB_DEFAULT_NONE) {
    write_alter_column(d, t, c);
    rl_buf_text(&d->buf, " DROP DEFAULT");
    rl_differ_step(d, RL_STEP_ALTER_ENUM, e->name);
  }
  write_alter_column(d, t, c);
  rl_buf_text(&d->buf, " TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, e, "_new");
  rl_buf_printf(&d->buf, "%s USING (", list);
  rl_sql_name(&d->buf, d->dialect, c->name);
  rl_buf_printf(&d->buf, "::text%s::", list);
  rl_sql_enum_name(&d->buf, d->dialect, e, "_new");
  rl_buf_printf(&d->buf, "%s)", list);
  rl_differ_step(d, RL_STEP_ALTER_ENUM, e->name);
}

/* Gives columns the new type. Their defaults are set again with the other changes of the table. */
static void retype_columns(rl_differ *d, const rl_db_enum *e) {
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    for (size_t k = 0; k < t->columns.count; k++) {
      rl_db_column *c = &t->columns.items[k];
      if (!column_has_enum(c, e)) continue;
      retype_column(d, t, c, e);
      c->def = (rl_db_default){RL_DB_DEFAULT_NONE, {"", 0}, {"", 0}};
      c->retyped = true;
    }
  }
}

static void replace_type(rl_differ *d, rl_db_enum *from, const rl_db_enum *to) {
  from->replaced = true;
  rl_sql_create_enum(&d->buf, d->dialect, to, "_new");
  rl_differ_step(d, RL_STEP_ALTER_ENUM, to->name);
  retype_columns(d, from);
  static const char *const suffixes[][2] = {{"", "_old"}, {"_new", ""}};
  for (size_t i = 0; i < 2; i++) {
    rl_buf_text(&d->buf, "ALTER TYPE ");
    rl_sql_enum_name(&d->buf, d->dialect, to, suffixes[i][0]);
    rl_buf_text(&d->buf, " RENAME TO ");
    rl_sql_name(&d->buf, d->dialect, rl_str_of(rl_differ_printf(d, "%.*s%s", RL_STR_ARG(to->name), suffixes[i][1])));
    rl_differ_step(d, RL_STEP_ALTER_ENUM, to->name);
  }
  rl_buf_text(&d->buf, "DROP TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, to, "_old");
  rl_differ_step(d, RL_STEP_ALTER_ENUM, to->name);
}

/* Lists the values that stay, also under their former names: rows still have
 * these when they are counted. */
static void list_values(rl_differ *d, const rl_db_enum *to) {
  for (size_t v = 0; v < to->values.count; v++) {
    const rl_db_value *value = &to->values.items[v];
    rl_buf_text(&d->buf, v ? ", " : "");
    rl_ddl_text(&d->buf, value->name);
    if (!value->renamed_from.len) continue;
    rl_buf_text(&d->buf, ", ");
    rl_ddl_text(&d->buf, value->renamed_from);
  }
}

static void count_uses(rl_differ *d, const rl_db_enum *from, const rl_db_enum *to) {
  const char *plus = "";
  rl_buf_text(&d->buf, "SELECT CAST(");
  for (size_t i = 0; i < d->from->tables.count; i++) {
    const rl_db_table *t = &d->from->tables.items[i];
    for (size_t k = 0; k < t->columns.count; k++) {
      const rl_db_column *c = &t->columns.items[k];
      if (!column_has_enum(c, from)) continue;
      rl_buf_printf(&d->buf, "%s(SELECT count(*) FROM ", plus);
      rl_ddl_name(d->dialect, t->namespace_, t->was, &d->buf);
      rl_buf_text(&d->buf, " WHERE NOT (");
      rl_sql_name(&d->buf, d->dialect, c->was);
      rl_buf_text(&d->buf, c->list ? "::text[] <@ ARRAY[" : "::text = ANY (ARRAY[");
      list_values(d, to);
      rl_buf_text(&d->buf, c->list ? "]::text[]))" : "]::text[])))");
      plus = " + ";
    }
  }
  rl_buf_text(&d->buf, *plus ? " AS TEXT)" : "0 AS TEXT)");
}

/* Returns the values that `to` lacks; NULL: out of memory. */
static const rl_str *removed_values(rl_differ *d, const rl_db_enum *from, const rl_db_enum *to, size_t *count) {
  rl_str *removed = RL_NEW_ARRAY(d->arena, rl_str, from->values.count + 1);
  *count = 0;
  if (!removed) d->failed = true;
  for (size_t i = 0; removed && i < from->values.count; i++)
    if (!has_value(to, from->values.items[i].name)) removed[(*count)++] = from->values.items[i].name;
  return removed;
}

static void warn_of_removed(rl_differ *d, const rl_db_enum *from, const rl_db_enum *to, const rl_str *removed,
                            size_t count) {
  const char *names = "";
  for (size_t i = 0; i < count; i++)
    names = rl_differ_printf(d, "%s%s%.*s", names, i ? "," : "", RL_STR_ARG(removed[i]));
  const char *what = rl_differ_printf(d, "The values [%s] on the enum `%.*s`", names, RL_STR_ARG(to->name));
  count_uses(d, from, to);
  rl_diff_warning w = {.kind = RL_WARNING_DROP_ENUM_VALUES, .blocks = true, .name = to->name};
  w.items = removed;
  w.item_count = count;
  w.text =
      rl_differ_text(d, "%s will be removed. If these variants are still used in the database, this will fail.", what);
  w.counted = rl_differ_text(d, "%s cannot be removed: {n} rows still have them.", what);
  rl_differ_warn(d, &w);
}

/* Adds the live values that a schema cannot express to a new type. They are left alone. */
static const rl_db_enum *with_kept_values(rl_differ *d, const rl_db_enum *from, const rl_db_enum *to) {
  rl_db_enum *whole = NULL;
  if (!d->from->is_live || !d->to->of_schema) return to;
  for (size_t i = 0; i < from->values.count; i++) {
    if (rl_db_can_express_value(from->values.items[i].name)) continue;
    if (!whole && !(whole = RL_NEW(d->arena, rl_db_enum))) break;
    *whole = *to;
    rl_db_value *v = RL_DB_ADD(d->arena, &whole->values);
    if (v) *v = from->values.items[i];
    d->failed |= !v;
  }
  return whole ? whole : to;
}

static void add_value(rl_differ *d, const rl_db_enum *e, rl_str value) {
  rl_buf_text(&d->buf, "ALTER TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, e, "");
  rl_buf_text(&d->buf, " ADD VALUE ");
  rl_ddl_text(&d->buf, value);
  rl_differ_step(d, RL_STEP_ALTER_ENUM, e->name);
}

static void alter_enum(rl_differ *d, rl_db_enum *from, const rl_db_enum *to) {
  size_t added = 0, count = 0;
  const rl_str *removed = removed_values(d, from, to, &count);
  for (size_t i = 0; i < to->values.count; i++) added += !has_value(from, to->values.items[i].name);
  if (count) warn_of_removed(d, from, to, removed, count);
  if (count || (added && default_is_new(d, from, to))) {
    replace_type(d, from, to);
    return;
  }
  for (size_t i = 0; i < to->values.count; i++)
    if (!has_value(from, to->values.items[i].name)) add_value(d, to, to->values.items[i].name);
}

void rl_diff_enums(rl_differ *d) {
  for (size_t i = 0; i < d->to->enums.count; i++) {
    const rl_db_enum *to = &d->to->enums.items[i];
    rl_db_enum *from = rl_db_enum_of(d->from, to->namespace_, to->name);
    if (from) {
      alter_enum(d, from, with_kept_values(d, from, to));
      continue;
    }
    rl_sql_create_enum(&d->buf, d->dialect, to, "");
    rl_differ_step(d, RL_STEP_CREATE_ENUM, to->name);
  }
  for (size_t i = 0; i < d->from->enums.count; i++) {
    const rl_db_enum *e = &d->from->enums.items[i];
    if (rl_db_enum_of(d->to, e->namespace_, e->name)) continue;
    rl_buf_text(&d->buf, "DROP TYPE ");
    rl_sql_enum_name(&d->buf, d->dialect, e, "");
    rl_differ_step(d, RL_STEP_DROP_ENUM, e->name);
  }
}
