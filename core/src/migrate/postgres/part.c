/* PostgreSQL's part of migrations. */
#include "migrate/postgres/postgres.h"
#include "migrate/structure/open.h"
#include "sql/ddl.h"

static const rl_db_known_type types[] = {{"TEXT", "String", NULL},
                                         {"VARCHAR", "String", "VarChar"},
                                         {"CHAR", "String", "Char"},
                                         {"BIT", "String", "Bit"},
                                         {"VARBIT", "String", "VarBit"},
                                         {"UUID", "String", "Uuid"},
                                         {"XML", "String", "Xml"},
                                         {"INET", "String", "Inet"},
                                         {"CITEXT", "String", "Citext"},
                                         {"BOOLEAN", "Boolean", NULL},
                                         {"INTEGER", "Int", NULL},
                                         {"SMALLINT", "Int", "SmallInt"},
                                         {"OID", "Int", "Oid"},
                                         {"BIGINT", "BigInt", NULL},
                                         {"DOUBLE PRECISION", "Float", NULL},
                                         {"REAL", "Float", "Real"},
                                         {"DECIMAL", "Decimal", "Decimal"},
                                         {"MONEY", "Decimal", "Money"},
                                         {"TIMESTAMP", "DateTime", "Timestamp"},
                                         {"TIMESTAMPTZ", "DateTime", "Timestamptz"},
                                         {"DATE", "DateTime", "Date"},
                                         {"TIME", "DateTime", "Time"},
                                         {"TIMETZ", "DateTime", "Timetz"},
                                         {"JSON", "Json", "Json"},
                                         {"JSONB", "Json", NULL},
                                         {"BYTEA", "Bytes", NULL}};

/* *len: length of the type's name, without arguments. */
static const rl_db_known_type *known_type(rl_str type, size_t *len) {
  type = rl_db_element_type(type);
  const char *open = memchr(type.p, '(', type.len);
  *len = open ? (size_t)(open - type.p) : type.len;
  return rl_db_find_type(types, sizeof types / sizeof *types, rl_str_make(type.p, *len));
}

static const char create_history_sql[] = "CREATE TABLE %.*s (\n"
                                         "    id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n"
                                         "    checksum                VARCHAR(64) NOT NULL,\n"
                                         "    finished_at             TIMESTAMPTZ,\n"
                                         "    migration_name          VARCHAR(255) NOT NULL,\n"
                                         "    logs                    TEXT,\n"
                                         "    rolled_back_at          TIMESTAMPTZ,\n"
                                         "    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n"
                                         "    applied_steps_count     INTEGER NOT NULL DEFAULT 0\n)";

#define STAMP_PG(c) "to_char(" c " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
static const char read_history[] =
    "SELECT id, checksum, migration_name, " STAMP_PG("started_at") ", " STAMP_PG("finished_at") ", " STAMP_PG(
        "rolled_back_at") ", logs, applied_steps_count::text, '' FROM %.*s ORDER BY started_at, migration_name";

static void write_has_history(rl_buf *sql, rl_str table) {
  rl_buf_text(sql, "SELECT (to_regclass(");
  rl_ddl_text(sql, table);
  rl_buf_text(sql, ") IS NOT NULL)::text");
}

static void write_has_tables(rl_buf *sql, const rl_str *namespaces, size_t count) {
  rl_buf_text(sql, "SELECT count(*)::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                   "WHERE c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations' AND NOT EXISTS "
                   "(SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') "
                   "AND n.nspname IN (current_schema()");
  for (size_t i = 0; i < count; i++) {
    rl_buf_text(sql, ", ");
    rl_ddl_text(sql, namespaces[i]);
  }
  rl_buf_byte(sql, ')');
}

/* Behind a pooler RESET does not restore the settings that the connection was opened with. These three are set again.
 */
static void restore(rl_session *s, const rl_str *settings, rl_error *ignored) {
  rl_session_script(s, "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL", ignored);
  rl_error_clear(ignored);
  rl_session_execute(s,
                     "SELECT set_config('search_path', $1, false), set_config('lock_timeout', $2, false), "
                     "set_config('statement_timeout', $3, false)",
                     settings, 3, ignored);
}

static const char *contents(const rl_conn_options *o) {
  bool one = o->search_path && strcmp(o->search_path, "public") != 0;
  return one ? "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
               "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname = current_schema() ORDER BY 1 LIMIT 1"
             : "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
               "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
               "AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (SELECT 1 FROM pg_depend d "
               "WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1";
}

const rl_migrate_part rl_migrate_part_postgres = {
    .describe = rl_describe_postgres,
    .normalize = rl_normalize_postgres,
    .known_type = known_type,
    .admin_database = "postgres",
    .backup_head = {"PGDMP", 5},
    .backup_title = "what pg_dump writes with -Fc",
    .contents = contents,
    .create_history_sql = create_history_sql,
    .read_history = read_history,
    .write_has_history = write_has_history,
    .write_has_tables = write_has_tables,
    .settings = "SELECT coalesce(current_schema(), 'public'), current_setting('search_path'), "
                "current_setting('lock_timeout'), current_setting('statement_timeout')",
    .restore = restore,
    .script_timeouts = true,
    .sends_whole_scripts = true,
    .try_lock = "SELECT pg_try_advisory_lock(72707369)::text",
    .release_lock = "SELECT pg_advisory_unlock(72707369)",
    .lock_name = "pg_advisory_lock(72707369)",
    .write_cache_triggers = rl_write_cache_triggers_postgres,
    .lock_switch = "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK",
};
