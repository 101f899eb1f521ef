/* Triggers that tell the caches of clients which tables were written. */
#include "migrate/postgres/postgres.h"
#include "run/foreign.h"
#include "sql/ddl.h"

#define FUNCTION "\"rille_cache_notify\"()"
#define TRIGGER "\"rille_cache\""

/* A name with a line end would be two lines of a notice. Prisma cuts a script at every semicolon, so the body of the
 * function has none as such. */
static const char create_function[] =
    "-- \\073 is a semicolon, at which some programs would cut the function.\n"
    "CREATE OR REPLACE FUNCTION " FUNCTION " RETURNS trigger LANGUAGE plpgsql AS E'\n"
    "BEGIN\n"
    "  PERFORM pg_catalog.pg_notify(''" RL_NOTICE_CHANNEL "'',\n"
    "    CASE WHEN pg_catalog.strpos(TG_TABLE_NAME, pg_catalog.chr(10)) > 0 THEN ''everything''\n"
    "    ELSE ''T:'' || TG_TABLE_NAME END)\\073\n"
    "  RETURN NULL\\073\n"
    "END';\n";

static void write_trigger(rl_buf *sql, const rl_dialect *dialect, const rl_db_table *t) {
  rl_buf_text(sql, "\nDROP TRIGGER IF EXISTS " TRIGGER " ON ");
  rl_ddl_name(dialect, t->namespace_, t->name, sql);
  rl_buf_text(sql, ";\nCREATE TRIGGER " TRIGGER " AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ");
  rl_ddl_name(dialect, t->namespace_, t->name, sql);
  rl_buf_text(sql, "\n  FOR EACH STATEMENT EXECUTE PROCEDURE " FUNCTION ";\n");
}

/* Dropping the function drops all of its triggers, also those of tables that the schema no longer has. */
void rl_write_cache_triggers_postgres(rl_buf *sql, const rl_db *wanted, bool drop) {
  if (drop) {
    rl_buf_text(sql, "DROP FUNCTION IF EXISTS " FUNCTION " CASCADE;\n");
    return;
  }
  rl_buf_text(sql, create_function);
  for (size_t i = 0; i < wanted->tables.count; i++) write_trigger(sql, wanted->dialect, &wanted->tables.items[i]);
}
