/* The scanner of SQL compared with the databases: both split and prepare random statements of odd strings, names,
 * comments and placeholders. */
#include "postgres_support.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include "base/sql_statements.h"
#include "run/placeholders.h"

enum { TIMES = 3000, MOST_STATEMENTS = 4 };

typedef struct chance {
  uint32_t state;
} chance;

static uint32_t below(chance *c, uint32_t limit) {
  c->state = c->state * 1664525u + 1013904223u;
  return (c->state >> 8) % limit;
}

/* What may be in the place of a value of SELECT, with a blank on each side. Each is one value, or the start of a list.
 */
static const char *const postgres_values[] = {"?",
                                              "?",
                                              "'?'",
                                              "'it''s ?;'",
                                              "'\\'",
                                              "E'it\\'s ?;'",
                                              "e'\\\\'",
                                              "E'a'\n'\\';?'",
                                              "E'a' -- b\n\n-- c ?\n  '\\';?'",
                                              "E''''\r'\\''",
                                              "'a'\n'\\'",
                                              "U&'\\0061?;'",
                                              "U&'!0061?' UESCAPE '!'",
                                              "B'01'",
                                              "X'1F'",
                                              "n'\\'",
                                              "$$?;'$$",
                                              "$a$ ?; $$ $b$ $ab$a$",
                                              "$\xc3\xa9$?;$\xc3\xa9$",
                                              "$_1$ $1 ; $_1$",
                                              "1.5e3",
                                              "(?)",
                                              "ARRAY[?,'?']",
                                              "(ARRAY[1])[1]",
                                              "(1)::text",
                                              "'{}'::jsonb",
                                              "CASE WHEN 1=1 THEN';' END",
                                              "(SELECT';')"};
static const char *const postgres_names[] = {
    "a", "a$b$c$", "\"?\"", "\"a\"\"?;\"", "U&\"\\0061?;\"", "\"e'\"", "e", "\"$$\"", "\"/*\"", "x$", "_1$"};
static const char *const postgres_blanks[] = {" ",          "\n",         "/**/",     "/* ? ; */", "/*/* ?; */ ' */",
                                              "-- ? ' ;\n", "-- $$ /*\r", "/* -- */", "\t\f\r",    "/*/*/**/*/*/",
                                              "--\n",       "/***/",      "/*'*/",    "/*$$*/",    " -- \"\n"};

static const char *const sqlite_values[] = {"?",
                                            "?",
                                            "'?'",
                                            "'it''s ?;'",
                                            "'\\'",
                                            "x'1F'",
                                            "X''",
                                            "1.5e3",
                                            ".5",
                                            "0x1F",
                                            "(?)",
                                            "'[' || ']'",
                                            "CASE WHEN 1=1 THEN';' END",
                                            "(SELECT';')",
                                            "'{\"a\":1}' ->> '$.a'",
                                            "1-?",
                                            "- -1",
                                            "'$$;'",
                                            "?1",
                                            "?3"};
static const char *const sqlite_names[] = {"a",     "a$b$c$",  "\xc3\xa9$", "\"?\"", "\"a\"\"?;\"", "[what?]",
                                           "[a;`]", "`a``?;`", "[it's]",    "x$",    "_1$",         "'?;'",
                                           "xx",    "E",       "[\"]",      "\"[\"", "`]`"};
static const char *const sqlite_blanks[] = {" ",          "\n",       "/**/",        "/* ? ; */", "/* /* ?; ' */",
                                            "-- ? ' ;\n", "/*/ ? */", "-- \r ? ;\n", "\t\f\r",    "--\n",
                                            "/***/",      "/*'*/",    "/*[*/",       " -- \"\n"};

typedef struct words {
  const char *const *values, *const *names, *const *blanks;
  uint32_t value_count, name_count, blank_count;
} words;

#define COUNT(list) (uint32_t)(sizeof(list) / sizeof *(list))
static const words of_postgres = {postgres_values,        postgres_names,        postgres_blanks,
                                  COUNT(postgres_values), COUNT(postgres_names), COUNT(postgres_blanks)};
static const words of_sqlite = {sqlite_values,        sqlite_names,        sqlite_blanks,
                                COUNT(sqlite_values), COUNT(sqlite_names), COUNT(sqlite_blanks)};

static void add_blank(rl_buf *out, const words *w, chance *c) {
  for (uint32_t n = 1 + below(c, 2); n > 0; n--) rl_buf_text(out, w->blanks[below(c, w->blank_count)]);
}

/* Writes SELECT value AS name, ... and returns the number of values. */
static uint32_t add_select(rl_buf *out, const words *w, chance *c) {
  uint32_t values = 1 + below(c, 4);
  add_blank(out, w, c);
  rl_buf_text(out, below(c, 2) ? "SELECT" : "select");
  for (uint32_t i = 0; i < values; i++) {
    if (i) rl_buf_byte(out, ',');
    add_blank(out, w, c);
    rl_buf_text(out, w->values[below(c, w->value_count)]);
    add_blank(out, w, c);
    rl_buf_text(out, "AS");
    add_blank(out, w, c);
    rl_buf_text(out, w->names[below(c, w->name_count)]);
    if (below(c, 2)) add_blank(out, w, c);
  }
  return values;
}

/* ------------------------------------------------------------------ SQLite */

static void check_sqlite_statement(sqlite3 *db, rl_str sql) {
  sqlite3_stmt *stmt = NULL;
  rl_buf own;
  uint32_t used = 0;
  rl_buf_init(&own);
  if (sqlite3_prepare_v2(db, sql.p, (int)sql.len, &stmt, NULL) != SQLITE_OK)
    fail_msg("%s: %.*s", sqlite3_errmsg(db), RL_STR_ARG(sql));
  int places = sqlite3_bind_parameter_count(stmt);
  rl_raw_placeholders(sql, RL_PROVIDER_SQLITE, false, &own, &used);
  if ((int)used != places) fail_msg("%u placeholders, not %d: %.*s", used, places, RL_STR_ARG(sql));
  sqlite3_finalize(stmt);
  if (sqlite3_prepare_v2(db, own.p, (int)own.len, &stmt, NULL) != SQLITE_OK)
    fail_msg("%s: %.*s", sqlite3_errmsg(db), (int)own.len, own.p);
  assert_int_equal(sqlite3_bind_parameter_count(stmt), places);
  sqlite3_finalize(stmt);
  rl_buf_dispose(&own);
}

/* Each statement ends where the next one starts for SQLite. */
static void check_sqlite_script(sqlite3 *db, rl_str script) {
  rl_sql_cutter cutter;
  rl_sql_statement s;
  const char *at = script.p, *end = script.p + script.len;
  rl_sql_cutter_init(&cutter, script, RL_PROVIDER_SQLITE);
  while (at < end) {
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    if (sqlite3_prepare_v2(db, at, (int)(end - at), &stmt, &tail) != SQLITE_OK)
      fail_msg("%s: %s", sqlite3_errmsg(db), at);
    if (stmt) {
      if (!rl_sql_next_statement(&cutter, &s)) fail_msg("no statement where SQLite has one: %s", at);
      if (s.sql.p < at || cutter.scan.at != tail)
        fail_msg("cut at %.*s, not at %.*s", (int)(cutter.scan.at - at), at, (int)(tail - at), at);
      check_sqlite_statement(db, s.sql);
    }
    sqlite3_finalize(stmt);
    at = tail;
  }
  assert_false(rl_sql_next_statement(&cutter, &s));
}

static void test_sqlite(void **state) {
  (void)state;
  sqlite3 *db = NULL;
  chance c = {7};
  rl_buf script;
  rl_buf_init(&script);
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  for (int i = 0; i < TIMES; i++) {
    rl_buf_reset(&script);
    for (uint32_t n = 1 + below(&c, MOST_STATEMENTS); n > 0; n--) {
      add_select(&script, &of_sqlite, &c);
      rl_buf_text(&script, below(&c, 4) ? ";" : "; ;");
    }
    check_sqlite_script(db, rl_str_of(rl_buf_z(&script)));
  }
  rl_buf_dispose(&script);
  sqlite3_close(db);
}

/* Bodies of triggers, whose tables must exist. */
static void test_sqlite_bodies(void **state) {
  (void)state;
  static const char with_case[] = "CREATE TEMP TRIGGER IF NOT EXISTS \"begin\" AFTER UPDATE OF x ON t "
                                  "WHEN CASE WHEN 1 THEN 2 END BEGIN "
                                  "UPDATE t SET x = CASE WHEN new.x THEN 1 ELSE 2 END; DELETE FROM t; END; SELECT 2;";
  static const char *const triggers[] = {
      "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 2;",
      with_case,
      "EXPLAIN CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT ';'; SELECT [;] FROM (SELECT 1 AS [;]); END; SELECT 2;",
      "/* c */ CREATE -- ;\n TRIGGER a AFTER DELETE ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END AS \"end\"; END; SELECT 2;",
      "CREATE TABLE u (\"trigger\" TEXT, y TEXT DEFAULT ';'); SELECT 2;",
      "EXPLAIN QUERY PLAN SELECT 1; SELECT 2"};
  for (size_t i = 0; i < COUNT(triggers); i++) {
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x INTEGER)", NULL, NULL, NULL), SQLITE_OK);
    check_sqlite_script(db, rl_str_of(triggers[i]));
    sqlite3_close(db);
  }
}

/* Texts that end inside something: SQLite needs more text exactly where the scanner sees it open. */
static void test_sqlite_complete(void **state) {
  (void)state;
  static const char *const texts[] = {"a;",  "a",     "'a;",      "'a';",     "[a;",     "[a];",
                                      "`a;", "/* a;", "/* a */;", "\"a\"\";", "-- a;\n;"};
  for (size_t i = 0; i < COUNT(texts); i++) {
    rl_sql_scan scan;
    rl_sql_scan_init(&scan, rl_str_of(texts[i]), RL_PROVIDER_SQLITE);
    rl_sql_token last = {0};
    for (rl_sql_token t = rl_sql_next(&scan); t.kind != RL_SQL_END; t = rl_sql_next(&scan)) last = t;
    assert_int_equal(rl_sql_is_sign(last, ';'), sqlite3_complete(texts[i]));
  }
}

/* ------------------------------------------------------------------ PostgreSQL */

static PGconn *connect_plain(void) {
  PGconn *pg = PQconnectdb(url);
  if (PQstatus(pg) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(pg));
  return pg;
}

static void check_postgres_statement(PGconn *pg, rl_str sql, int columns) {
  rl_buf own;
  uint32_t used = 0;
  rl_buf_init(&own);
  rl_raw_placeholders(sql, RL_PROVIDER_POSTGRESQL, false, &own, &used);
  const char *text = rl_buf_z(&own);
  PGresult *r = PQprepare(pg, "", text, 0, NULL);
  if (PQresultStatus(r) != PGRES_COMMAND_OK) fail_msg("%s: %s", PQerrorMessage(pg), text);
  PQclear(r);
  r = PQdescribePrepared(pg, "");
  if (PQnparams(r) != (int)used) fail_msg("%u placeholders, not %d: %s", used, PQnparams(r), text);
  if (columns && PQnfields(r) != columns) fail_msg("%d columns, not %d: %s", PQnfields(r), columns, text);
  PQclear(r);
  rl_buf_dispose(&own);
}

/* Finds as many statements as the server does in the whole script. A script has no placeholders: they are NULL there.
 */
static void check_postgres_script(PGconn *pg, rl_str script, const int *columns) {
  rl_sql_cutter cutter;
  rl_sql_statement s;
  rl_sql_scan scan;
  rl_buf whole;
  int cut = 0, found = 0;
  rl_sql_cutter_init(&cutter, script, RL_PROVIDER_POSTGRESQL);
  for (; rl_sql_next_statement(&cutter, &s); cut++) check_postgres_statement(pg, s.sql, columns ? columns[cut] : 0);
  rl_buf_init(&whole);
  rl_sql_scan_init(&scan, script, RL_PROVIDER_POSTGRESQL);
  for (rl_sql_token t = rl_sql_next(&scan); t.kind != RL_SQL_END; t = rl_sql_next(&scan))
    rl_buf_str(&whole, t.kind == RL_SQL_QUESTION ? RL_STR("NULL") : t.text);
  assert_int_equal(PQsendQuery(pg, rl_buf_z(&whole)), 1);
  for (PGresult *r; (r = PQgetResult(pg)) != NULL; PQclear(r)) {
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail_msg("%s: %s", PQerrorMessage(pg), whole.p);
    found++;
  }
  if (cut != found) fail_msg("%d statements, not %d: %s", cut, found, whole.p);
  rl_buf_dispose(&whole);
}

static void test_postgres(void **state) {
  (void)state;
  PGconn *pg = connect_plain();
  chance c = {7};
  rl_buf script;
  rl_buf_init(&script);
  for (int i = 0; i < TIMES / 10; i++) {
    int columns[MOST_STATEMENTS] = {0};
    rl_buf_reset(&script);
    for (uint32_t k = 0, n = 1 + below(&c, MOST_STATEMENTS); k < n; k++) {
      columns[k] = (int)add_select(&script, &of_postgres, &c);
      rl_buf_text(&script, below(&c, 4) ? ";" : "; ;");
    }
    check_postgres_script(pg, rl_str_of(rl_buf_z(&script)), columns);
  }
  rl_buf_dispose(&script);
  PQfinish(pg);
}

static void test_postgres_bodies(void **state) {
  (void)state;
  static const char *const scripts[] = {
      "CREATE FUNCTION pg_temp.f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN 1 = 1 THEN 2 END; SELECT 3; END; SELECT 1",
      "CREATE OR REPLACE FUNCTION pg_temp.g(\"begin\" int) RETURNS int LANGUAGE sql AS $f$ SELECT 1; $f$; SELECT 1",
      "CREATE FUNCTION pg_temp.h() RETURNS int LANGUAGE sql BEGIN ATOMIC; SELECT 1 AS \"end\"; END; SELECT 1;",
      "CREATE TEMP TABLE scan_t (a int); CREATE RULE r AS ON INSERT TO scan_t DO ALSO (SELECT ';'; SELECT 2); SELECT 1",
      "CREATE TEMP TABLE scan_u (function int, procedure int, atomic int); SELECT 1;"};
  PGconn *pg = connect_plain();
  if (PQserverVersion(pg) < 140000) skip();
  for (size_t i = 0; i < COUNT(scripts); i++) {
    rl_sql_cutter cutter;
    rl_sql_statement s;
    int cut = 0, found = 0;
    rl_sql_cutter_init(&cutter, rl_str_of(scripts[i]), RL_PROVIDER_POSTGRESQL);
    while (rl_sql_next_statement(&cutter, &s)) cut++;
    assert_int_equal(PQsendQuery(pg, scripts[i]), 1);
    for (PGresult *r; (r = PQgetResult(pg)) != NULL; PQclear(r), found++)
      if (PQresultStatus(r) == PGRES_FATAL_ERROR) fail_msg("%s: %s", PQerrorMessage(pg), scripts[i]);
    if (cut != found) fail_msg("%d statements, not %d: %s", cut, found, scripts[i]);
  }
  PQfinish(pg);
}

int main(void) {
  url = getenv("RILLE_TEST_POSTGRES");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sqlite),
      cmocka_unit_test(test_sqlite_bodies),
      cmocka_unit_test(test_sqlite_complete),
      {"test_postgres", url && *url ? test_postgres : skipped, NULL, NULL, NULL},
      {"test_postgres_bodies", url && *url ? test_postgres_bodies : skipped, NULL, NULL, NULL},
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
