/* PostgreSQL prints expressions in its own form, so only the database can
 * compare a wanted expression with a live one. It is asked with a temporary
 * table, which is rolled back. */
#include "migrate/postgres/postgres.h"
#include "migrate/structure/render.h"

typedef struct probe {
  rl_session *s;
  const rl_dialect *dialect;
  rl_buf buf;
} probe;

/* Returns false if the statement fails. Then the expressions differ. */
static bool run_probe(probe *p, const char *sql) {
  rl_error ignored = {0};
  bool ok = sql && rl_session_command(p->s, sql, &ignored) == RILLE_OK;
  rl_error_clear(&ignored);
  return ok;
}

static bool begin_probe(probe *p) {
  rl_error ignored = {0};
  bool ok = rl_session_begin(p->s, &(rl_begin){0}, &ignored) == RILLE_OK;
  rl_error_clear(&ignored);
  return ok;
}

static void roll_back_probe(probe *p) {
  rl_error ignored = {0};
  (void)rl_session_rollback(p->s, &ignored);
  rl_error_clear(&ignored);
}

static bool query_probe(probe *p, const char *sql, uint32_t columns, rl_text_rows *out) {
  rl_error ignored = {0};
  bool ok = rl_session_rows(p->s, sql, columns, out, &ignored) == RILLE_OK && out->count == 1;
  rl_error_clear(&ignored);
  return ok;
}

static void normalize_column(probe *p, rl_db_column *wanted, const rl_db_column *live) {
  rl_text_rows rows;
  rl_buf_reset(&p->buf);
  rl_buf_text(&p->buf, "CREATE TEMPORARY TABLE rille_probe (c ");
  rl_buf_str(&p->buf, wanted->type);
  if (wanted->def.kind != RL_DB_DEFAULT_NONE) {
    rl_buf_text(&p->buf, " DEFAULT ");
    rl_sql_default(&p->buf, p->dialect, wanted);
  }
  rl_buf_byte(&p->buf, ')');
  bool known = begin_probe(p) && run_probe(p, rl_buf_z(&p->buf)) &&
               query_probe(p,
                           "SELECT format_type(a.atttypid, a.atttypmod), "
                           "coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM "
                           "pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = "
                           "a.attrelid AND d.adnum = a.attnum WHERE a.attrelid "
                           "= 'pg_temp.rille_probe'::regclass AND a.attname = 'c'",
                           2, &rows);
  roll_back_probe(p);
  if (!known) return;
  if (rl_str_eq(rl_cell(&rows, 0, 0), live->type)) wanted->type = live->type;
  if (rl_str_eq(rl_cell(&rows, 0, 1), live->def.sql)) wanted->def = live->def;
}

static void normalize_predicate(probe *p, const rl_db_table *t, rl_db_index *wanted, const rl_db_index *live) {
  rl_text_rows rows;
  bool ok = begin_probe(p);
  rl_buf_reset(&p->buf);
  rl_buf_text(&p->buf, "CREATE TEMPORARY TABLE rille_probe (LIKE ");
  rl_sql_table(&p->buf, p->dialect, t);
  rl_buf_byte(&p->buf, ')');
  ok = ok && run_probe(p, rl_buf_z(&p->buf));
  rl_buf_reset(&p->buf);
  rl_buf_printf(&p->buf, "CREATE INDEX rille_probe_index ON rille_probe ((1)) WHERE (%.*s)",
                RL_STR_ARG(wanted->predicate));
  ok = ok && run_probe(p, rl_buf_z(&p->buf)) &&
       query_probe(p,
                   "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE "
                   "indexrelid = 'pg_temp.rille_probe_index'::regclass",
                   1, &rows);
  roll_back_probe(p);
  if (ok && rl_str_eq(rl_db_bare(p->dialect->provider, rl_cell(&rows, 0, 0)), live->predicate))
    wanted->predicate = live->predicate;
}

static void normalize_table(probe *p, rl_db_table *wanted, const rl_db_table *live) {
  for (size_t i = 0; i < wanted->columns.count; i++) {
    rl_db_column *c = &wanted->columns.items[i];
    const rl_db_column *l = rl_db_column_of(live, c->name);
    if (!l || !c->needs_probe) continue;
    bool typed = rl_str_eq(c->type, l->type), same = rl_db_default_equal(&c->def, &l->def);
    if (!typed || !same) normalize_column(p, c, l);
  }
  for (size_t i = 0; i < wanted->indexes.count; i++)
    for (size_t k = 0; k < live->indexes.count; k++) {
      rl_db_index *x = &wanted->indexes.items[i];
      const rl_db_index *l = &live->indexes.items[k];
      if (rl_str_eq(x->name, l->name) && x->predicate.len && !rl_str_eq(x->predicate, l->predicate))
        normalize_predicate(p, live, x, l);
    }
}

rille_status rl_normalize_postgres(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err) {
  probe p = {.s = s, .dialect = wanted->dialect};
  rl_buf_init(&p.buf);
  for (size_t i = 0; i < wanted->tables.count; i++) {
    rl_db_table *t = &wanted->tables.items[i];
    const rl_db_table *l = rl_db_table_of(live, t->namespace_, t->name);
    if (l) normalize_table(&p, t, l);
  }
  bool failed = p.buf.failed;
  rl_buf_dispose(&p.buf);
  if (!s->options.driver->is_usable(s->conn)) return rl_fail(err, RL_P1017, "the server closed the connection");
  return failed ? rl_fail_nomem(err) : RILLE_OK;
}
