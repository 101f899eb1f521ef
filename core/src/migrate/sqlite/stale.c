/* Values of enums that rows still have but the schema no longer has. */
#include "migrate/sqlite/sqlite.h"
#include "migrate/structure/render.h"

#define MAX_STALE "20" /* per column: enough for a warning; all old names are among them, because they come first */

static void order_by_renamed(rl_buf *sql, const rl_dialect *d, const rl_db_enum *e, rl_str column) {
  rl_buf_text(sql, ") ORDER BY ");
  rl_sql_name(sql, d, column);
  rl_buf_text(sql, " NOT IN (''");
  for (size_t i = 0; i < e->values.count; i++) {
    if (!e->values.items[i].renamed_from.len) continue;
    rl_buf_text(sql, ", ");
    rl_ddl_text(sql, e->values.items[i].renamed_from);
  }
  rl_buf_text(sql, "), 1 LIMIT " MAX_STALE);
}

static rille_status find_stale(rl_session *s, const rl_db *live, const rl_db_enum *e, const rl_db_table *t,
                               rl_db_column *c, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  rl_buf_text(&sql, "SELECT DISTINCT ");
  rl_sql_name(&sql, live->dialect, c->name);
  rl_buf_text(&sql, " FROM ");
  rl_sql_table(&sql, live->dialect, t);
  rl_buf_text(&sql, " WHERE ");
  rl_sql_name(&sql, live->dialect, c->name);
  rl_buf_text(&sql, " NOT IN (''");
  for (size_t i = 0; i < e->values.count; i++) {
    rl_buf_text(&sql, ", ");
    rl_ddl_text(&sql, e->values.items[i].name);
  }
  order_by_renamed(&sql, live->dialect, e, c->name);
  const char *z = rl_buf_z(&sql);
  rille_status st = z ? rl_session_texts(s, z, &c->stale, &c->stale_count, err) : rl_fail_nomem(err);
  rl_buf_dispose(&sql);
  return st;
}

/* Find the live table or column by its new or its former name. */
static rl_db_table *live_table(const rl_db *live, const rl_db_table *wanted) {
  rl_db_table *t = rl_db_table_of(live, wanted->namespace_, wanted->name);
  return t || !wanted->renamed_from.len ? t : rl_db_table_of(live, wanted->namespace_, wanted->renamed_from);
}

static rl_db_column *live_column(const rl_db_table *live, const rl_db_column *wanted) {
  rl_db_column *c = rl_db_column_of(live, wanted->name);
  return c || !wanted->renamed_from.len ? c : rl_db_column_of(live, wanted->renamed_from);
}

/* Enums are stored as text, so only rows show whether a value is already renamed. */
rille_status rl_normalize_sqlite(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < wanted->tables.count && st == RILLE_OK; i++) {
    const rl_db_table *t = &wanted->tables.items[i], *l = live_table(live, t);
    for (size_t k = 0; l && k < t->columns.count && st == RILLE_OK; k++) {
      const rl_db_column *c = &t->columns.items[k];
      const rl_db_enum *e = c->enum_name.len ? rl_db_enum_of(wanted, c->enum_namespace, c->enum_name) : NULL;
      rl_db_column *old = e ? live_column(l, c) : NULL;
      if (old) st = find_stale(s, live, e, l, old, err);
    }
  }
  return st;
}
