/* SQLite's part of migrations. */
#include "migrate/sqlite/sqlite.h"

static const rl_db_known_type types[] = {
    {"INTEGER", "Int", NULL},     {"BIGINT", "BigInt", NULL},     {"REAL", "Float", NULL},
    {"DECIMAL", "Decimal", NULL}, {"TEXT", "String", NULL},       {"BLOB", "Bytes", NULL},
    {"BOOLEAN", "Boolean", NULL}, {"DATETIME", "DateTime", NULL}, {"JSONB", "Json", NULL}};

static const rl_db_known_type *known_type(rl_str type, size_t *len) {
  *len = type.len;
  const char *family = rl_sqlite_family(type);
  return family ? rl_db_find_type(types, sizeof types / sizeof *types, rl_str_of(family)) : NULL;
}

static const char create_history_sql[] = "CREATE TABLE %.*s (\n"
                                         "    \"id\"                    TEXT PRIMARY KEY NOT NULL,\n"
                                         "    \"checksum\"              TEXT NOT NULL,\n"
                                         "    \"finished_at\"           DATETIME,\n"
                                         "    \"migration_name\"        TEXT NOT NULL,\n"
                                         "    \"logs\"                  TEXT,\n"
                                         "    \"rolled_back_at\"        DATETIME,\n"
                                         "    \"started_at\"            DATETIME NOT NULL DEFAULT current_timestamp,\n"
                                         "    \"applied_steps_count\"   INTEGER UNSIGNED NOT NULL DEFAULT 0\n)";

#define STAMP_LITE(c)                                                                                                  \
  "CASE typeof(" c ") WHEN 'integer' THEN strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', " c " / 1000.0, 'unixepoch') "          \
  "ELSE strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', " c ") END"

static const char read_history[] = "SELECT id, checksum, migration_name, " STAMP_LITE("started_at") " AS s, " STAMP_LITE(
    "finished_at") ", " STAMP_LITE("rolled_back_at") ", logs, CAST(applied_steps_count AS TEXT), typeof(started_at) "
                                                     "FROM %.*s ORDER BY s, "
                                                     "migration_name";

static void write_has_history(rl_buf *sql, rl_str table) {
  (void)table;
  rl_buf_text(sql,
              "SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE type = 'table' AND name = '_prisma_migrations'");
}

static void write_has_tables(rl_buf *sql, const rl_str *namespaces, size_t count) {
  (void)namespaces;
  (void)count;
  rl_buf_text(sql, "SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                   "'sqlite\\_%' ESCAPE '\\' AND name <> '_prisma_migrations'");
}

static void restore(rl_session *s, const rl_str *settings, rl_error *ignored) {
  (void)settings;
  rl_session_command(s, "PRAGMA foreign_keys = ON", ignored);
}

static const char *contents(const rl_conn_options *o) {
  (void)o;
  return "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
         "ORDER BY name LIMIT 1";
}

const rl_migrate_part rl_migrate_part_sqlite = {
    .describe = rl_describe_sqlite,
    .normalize = rl_normalize_sqlite,
    .known_type = known_type,
    .hides_computed = true,
    .family = rl_sqlite_family,
    .automatic_index = "sqlite_autoindex_",
    .keep_count = {"INSERT INTO sqlite_sequence (name, seq) SELECT ", ", seq FROM sqlite_sequence WHERE name = "},
    .script_keys_off = "PRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\n",
    .script_keys_on = "PRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\n",
    .backup_head = {"SQLite format 3", 16},
    .backup_title = "an SQLite database",
    .contents = contents,
    .create_history_sql = create_history_sql,
    .read_history = read_history,
    .write_has_history = write_has_history,
    .write_has_tables = write_has_tables,
    .restore = restore,
    .count_broken = "SELECT CAST(count(*) AS TEXT) FROM pragma_foreign_key_check",
    .first_broken = "SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1",
};
