/* Runs rendered statements on SQLite in memory and, if RILLE_TEST_POSTGRES names a server, on PostgreSQL. Writes rows
 * as one text: columns separated by |, rows by a semicolon, - for null. Parameters are constants. */
#ifndef SPEC_SQL_ENGINES_H
#define SPEC_SQL_ENGINES_H

#include <unistd.h>

#include "base/buf.h"
#include "ir.h"
#include "migrate/diff/diff.h"

#if RILLE_WITH_SQLITE
#include "driver/sqlite/conn.h"
static sqlite3 *engine_sqlite;
#endif
#if RILLE_WITH_POSTGRES
#include <libpq-fe.h>
static PGconn *engine_postgres;
#endif

/* ------------------------------------------------------------------ values as text */

static inline void value_text(rl_buf *out, const rl_value *v, bool json);

static inline void list_text(rl_buf *out, const rl_value *v, bool json) {
  rl_buf_byte(out, json ? '[' : '{');
  for (uint32_t i = 0; i < v->len; i++) {
    if (i > 0) rl_buf_byte(out, ',');
    const rl_value *item = &v->as.list[i];
    bool quoted = item->kind == RILLE_TEXT;
    if (quoted) rl_buf_byte(out, '"');
    value_text(out, item, json);
    if (quoted) rl_buf_byte(out, '"');
  }
  rl_buf_byte(out, json ? ']' : '}');
}

static inline void value_text(rl_buf *out, const rl_value *v, bool json) {
  switch (v->kind) {
  case RILLE_INT: rl_buf_int(out, v->as.i); return;
  case RILLE_FLOAT: rl_buf_printf(out, "%.17g", v->as.f); return;
  case RILLE_BOOL: rl_buf_text(out, v->as.i ? "true" : "false"); return;
  case RILLE_LIST: list_text(out, v, json); return;
  case RILLE_NULL: rl_buf_text(out, json ? "null" : "NULL"); return;
  default: rl_buf_put(out, v->as.p, v->len); return;
  }
}

static inline void show_cell(rl_buf *out, int row, int column, const char *text) {
  if (column > 0)
    rl_buf_byte(out, '|');
  else if (row > 0)
    rl_buf_byte(out, ';');
  rl_buf_text(out, text ? text : "-");
}

/* Returns the value of a parameter: its input's constant, or the value of a bulk row. */
static inline const rl_value *param_value(const rl_template *t, uint32_t i, const rl_value *given) {
  return t->inputs[i] ? &t->inputs[i]->constant : &given[i];
}

/* ------------------------------------------------------------------ SQLite */

#if RILLE_WITH_SQLITE
static inline void sqlite_must(int rc, const char *sql) {
  if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) fail_msg("%s\n%s", sqlite3_errmsg(engine_sqlite), sql);
}

static inline void sqlite_bind(sqlite3_stmt *stmt, int at, const rl_value *v) {
  rl_buf text;
  rl_buf_init(&text);
  if (v->kind == RILLE_INT || v->kind == RILLE_BOOL) {
    sqlite3_bind_int64(stmt, at, v->as.i);
  } else if (v->kind == RILLE_FLOAT) {
    sqlite3_bind_double(stmt, at, v->as.f);
  } else if (v->kind == RILLE_BYTES) {
    sqlite3_bind_blob(stmt, at, v->as.p, (int)v->len, SQLITE_TRANSIENT);
  } else if (v->kind != RILLE_NULL) {
    value_text(&text, v, true);
    if (v->kind == RILLE_DECIMAL)
      sqlite3_bind_double(stmt, at, strtod(rl_buf_z(&text), NULL));
    else
      sqlite3_bind_text(stmt, at, rl_buf_z(&text), (int)text.len, SQLITE_TRANSIENT);
  }
  rl_buf_dispose(&text);
}

static inline void sqlite_run(const rl_template *t, const rl_value *given, rl_buf *out) {
  sqlite3_stmt *stmt = NULL;
  sqlite_must(sqlite3_prepare_v2(engine_sqlite, t->sql, (int)t->sql_len, &stmt, NULL), t->sql);
  assert_int_equal(sqlite3_bind_parameter_count(stmt), t->param_count);
  for (uint32_t i = 0; i < t->param_count; i++) sqlite_bind(stmt, (int)i + 1, param_value(t, i, given));
  int rc, rows = 0;
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int c = 0; c < sqlite3_column_count(stmt); c++)
      show_cell(out, rows, c, (const char *)sqlite3_column_text(stmt, c));
    rows++;
  }
  sqlite_must(rc, t->sql);
  assert_int_equal(sqlite3_column_count(stmt), t->column_count);
  sqlite3_finalize(stmt);
}
#endif

/* ------------------------------------------------------------------ PostgreSQL */

#if RILLE_WITH_POSTGRES
static inline Oid wire_oid(rl_wire_type wire_type) {
  static const Oid oids[][2] = {
      [RL_WIRE_TEXT] = {25, 1009},        [RL_WIRE_BOOL] = {16, 1000},          [RL_WIRE_INT2] = {21, 1005},
      [RL_WIRE_INT4] = {23, 1007},        [RL_WIRE_INT8] = {20, 1016},          [RL_WIRE_OID] = {26, 1028},
      [RL_WIRE_FLOAT4] = {700, 1021},     [RL_WIRE_FLOAT8] = {701, 1022},       [RL_WIRE_DECIMAL] = {1700, 1231},
      [RL_WIRE_TIMESTAMP] = {1114, 1115}, [RL_WIRE_TIMESTAMPTZ] = {1184, 1185}, [RL_WIRE_DATE] = {1082, 1182},
      [RL_WIRE_TIME] = {1083, 1183},      [RL_WIRE_TIMETZ] = {1266, 1270},      [RL_WIRE_JSON] = {114, 199},
      [RL_WIRE_JSONB] = {3802, 3807},     [RL_WIRE_BYTES] = {17, 1001},         [RL_WIRE_UUID] = {2950, 2951},
      [RL_WIRE_UNKNOWN] = {0, 0}};
  return oids[wire_type.wire][wire_type.list ? 1 : 0];
}

static inline void postgres_must(PGresult *r, const char *sql) {
  ExecStatusType status = PQresultStatus(r);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail_msg("%s%s", PQerrorMessage(engine_postgres), sql);
}

static inline void postgres_run(const rl_template *t, const rl_value *given, rl_buf *out) {
  Oid *oids = ir_new((t->param_count + 1) * sizeof *oids);
  const char **values = ir_new((t->param_count + 1) * sizeof *values);
  for (uint32_t i = 0; i < t->param_count; i++) {
    const rl_value *v = param_value(t, i, given);
    oids[i] = wire_oid(t->wire_types[i]);
    if (v->kind == RILLE_NULL) continue;
    rl_buf text;
    rl_buf_init(&text);
    value_text(&text, v, false);
    values[i] = rl_arena_strdup(&ir_arena, rl_buf_view(&text));
    rl_buf_dispose(&text);
  }
  PGresult *r = PQexecParams(engine_postgres, t->sql, (int)t->param_count, oids, values, NULL, NULL, 0);
  postgres_must(r, t->sql);
  for (int row = 0; row < PQntuples(r); row++)
    for (int c = 0; c < PQnfields(r); c++)
      show_cell(out, row, c, PQgetisnull(r, row, c) ? NULL : PQgetvalue(r, row, c));
  assert_int_equal(PQnfields(r), t->column_count);
  PQclear(r);
}

static inline bool postgres_open(void) {
  const char *url = getenv("RILLE_TEST_POSTGRES");
  if (!url || !*url) return false;
  engine_postgres = PQconnectdb(url);
  if (PQstatus(engine_postgres) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(engine_postgres));
  PQclear(PQexec(engine_postgres, "SET client_min_messages = warning"));
  char script[128]; /* test programs share a server, not a schema */
  snprintf(script, sizeof script, "CREATE SCHEMA sql_test_%ld; SET search_path = sql_test_%ld", (long)getpid(),
           (long)getpid());
  PGresult *r = PQexec(engine_postgres, script);
  postgres_must(r, script);
  PQclear(r);
  return true;
}
#endif

/* ------------------------------------------------------------------ both */

typedef struct engine {
  const rl_dialect *dialect;
  rl_provider provider;
  void (*run)(const rl_template *t, const rl_value *given, rl_buf *out);
} engine;

static engine the_engine; /* the current one */

static inline void engine_script(const char *sql) {
  (void)sql; /* without a database */
#if RILLE_WITH_SQLITE
  if (the_engine.run == sqlite_run) sqlite_must(sqlite3_exec(engine_sqlite, sql, NULL, NULL, NULL), sql);
#endif
#if RILLE_WITH_POSTGRES
  if (the_engine.run == postgres_run) {
    PGresult *r = PQexec(engine_postgres, sql);
    postgres_must(r, sql);
    PQclear(r);
  }
#endif
}

/* Opens the database, creates the tables of the schema and fills them. */
static inline int engine_open(const char *schema, const char *data) {
  ir_open(schema, the_engine.provider);
#if RILLE_WITH_SQLITE
  if (the_engine.run == sqlite_run) {
    assert_int_equal(sqlite3_open(":memory:", &engine_sqlite), SQLITE_OK);
    assert_int_equal(rl_sqlite_add_functions(engine_sqlite), SQLITE_OK);
  }
#endif
#if RILLE_WITH_POSTGRES
  if (the_engine.run == postgres_run) postgres_open();
#endif
  rl_error err = {0};
  rl_db nothing = {.dialect = the_engine.dialect}, wanted;
  rl_diff diff = {0};
  rille_status st = rl_db_of_schema(the_engine.dialect, ir_schema, &ir_arena, &wanted, &err);
  if (st == RILLE_OK) st = rl_db_diff(&nothing, &wanted, &ir_arena, &diff, &err);
  if (st != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  for (size_t i = 0; i < diff.steps.count; i++) {
    char *sql = rl_arena_strdup(&ir_arena, diff.steps.items[i].sql);
    assert_non_null(sql);
    engine_script(sql);
  }
  engine_script(data);
  return 0;
}

static inline int engine_close(void) {
#if RILLE_WITH_SQLITE
  if (the_engine.run == sqlite_run) sqlite3_close(engine_sqlite);
#endif
#if RILLE_WITH_POSTGRES
  if (the_engine.run == postgres_run) {
    char script[64];
    snprintf(script, sizeof script, "DROP SCHEMA sql_test_%ld CASCADE", (long)getpid());
    engine_script(script);
    PQfinish(engine_postgres);
  }
#endif
  ir_close();
  return 0;
}

static inline const char *run_template(const rl_template *t, const rl_value *given) {
  rl_buf out;
  rl_buf_init(&out);
  the_engine.run(t, given, &out);
  const char *text = rl_arena_strdup(&ir_arena, rl_buf_view(&out));
  rl_buf_dispose(&out);
  assert_non_null(text);
  return text;
}

static inline const char *run_step(rl_step *step) {
  return run_template(&ir_render(the_engine.dialect, step)->main, NULL);
}

#define expect_rows(step, text) assert_string_equal(run_step(step), text)
#define expect_select(select, text) expect_rows(ir_read(select), text)

static inline bool on_postgres(void) {
  return the_engine.provider == RL_PROVIDER_POSTGRESQL;
}

/* Runs the group on each available database. Returns main's status. */
static inline int run_on_engines(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
                                 CMFixtureFunction teardown) {
  const engine engines[] = {
#if RILLE_WITH_SQLITE
    {&rl_dialect_sqlite, RL_PROVIDER_SQLITE, sqlite_run},
#endif
#if RILLE_WITH_POSTGRES
    {&rl_dialect_postgres, RL_PROVIDER_POSTGRESQL, postgres_run},
#endif
    {NULL, RL_PROVIDER_NONE, NULL}
  };
  const char *server = getenv("RILLE_TEST_POSTGRES");
  int failed = 0;
  for (const engine *e = engines; e->dialect; e++) {
    if (e->provider == RL_PROVIDER_POSTGRESQL && !(server && *server)) continue;
    the_engine = *e;
    failed += _cmocka_run_group_tests(rl_provider_name(e->dialect->provider), tests, count, setup, teardown);
  }
  return failed;
}

#endif
