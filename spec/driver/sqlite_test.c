/* The SQLite driver: every kind of value written and read, every kind of error, locks, timeouts, the cache. */
#include "support.h"

#include "../base/failing_allocator.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static void path_of(const char *name, char out[128]) {
  snprintf(out, 128, "file:%s/%s", folder, name);
}

static fixture *memory(void) {
  static fixture f;
  open_fixture(&f, "sqlite::memory:");
  return &f;
}

#define S(name) ((rl_wire_type){.wire = RL_WIRE_##name})
#define L(name) ((rl_wire_type){.wire = RL_WIRE_##name, .list = true})

static void pragmas(void **state) {
  (void)state;
  char url[128];
  path_of("pragmas.db", url);
  fixture f;
  open_fixture(&f, url);
  must(&f, run_raw(&f,
                   "select (select journal_mode from pragma_journal_mode), (select synchronous from "
                   "pragma_synchronous), (select * from pragma_foreign_keys)",
                   NULL, 0));
  expect_cell(&f, 0, v_text("wal"));
  expect_cell(&f, 1, v_int(1));
  expect_cell(&f, 2, v_int(1));
  assert_true(f.driver->is_usable(f.conn));
  assert_false(f.driver->in_transaction(f.conn));
  assert_int_equal(f.driver->descriptor(f.conn), -1);
  close_fixture(&f);
}

/* Writes a value into a column of the declared type and reads it. */
static void trip(const char *type, rl_wire_type wire_type, rl_value in, rl_value want) {
  fixture *f = memory();
  char sql[128];
  snprintf(sql, sizeof sql, "CREATE TABLE t(v %s)", type);
  must(f, run_command(f, sql));
  rl_wire_type any = S(ANY); /* binds another form unchanged */
  rl_stmt insert = statement(1, "INSERT INTO t(v) VALUES (?1) RETURNING v", in.kind == want.kind ? &wire_type : &any, 1,
                             &wire_type, 1);
  must(f, run_statement(f, &insert, &in));
  assert_int_equal(f->rows, 1);
  assert_int_equal(f->affected, 1);
  expect_cell(f, 0, want);
  rl_stmt select = statement(2, "SELECT v FROM t", NULL, 0, &wire_type, 1);
  must(f, run_statement(f, &select, NULL));
  assert_int_equal(f->affected, 1);
  expect_cell(f, 0, want);
  close_fixture(f);
}

static void same(const char *type, rl_wire_type wire_type, rl_value v) {
  trip(type, wire_type, v, v);
}

static void scalars(void **state) {
  (void)state;
  same("INTEGER", S(INT4), v_int(INT32_MIN));
  same("BIGINT", S(INT8), v_int(INT64_MAX));
  same("BIGINT", S(INT8), v_int(INT64_MIN));
  same("INTEGER", S(INT4), v_null());
  same("BOOLEAN", S(BOOL), v_bool(true));
  same("BOOLEAN", S(BOOL), v_bool(false));
  same("REAL", S(FLOAT8), v_float(0.1));
  same("REAL", S(FLOAT8), v_float(-1.7976931348623157e308));
  same("REAL", S(FLOAT8), v_float(5e-324));
  same("REAL", S(FLOAT8), v_float(INFINITY));
  trip("REAL", S(FLOAT8), v_int(3), v_float(3.0));
  same("TEXT", S(TEXT), v_text(""));
  same("TEXT", S(TEXT), v_text("h\xc3\xa9llo \xf0\x9f\x98\x80"));
  same("TEXT", S(TEXT), v_data(RILLE_TEXT, "a\0b", 3));
  same("BLOB", S(BYTES), v_data(RILLE_BYTES, "", 0));
  same("BLOB", S(BYTES), v_data(RILLE_BYTES, "\0\xff\x00\x80", 4));
  same("TEXT", S(ENUM), v_text("ADMIN"));
  same("TEXT", S(UUID), v_text("00112233-4455-6677-8899-aabbccddeeff"));
}

/* A value in another form could be read but never found. */
static void other_forms(void **state) {
  (void)state;
  const struct {
    const char *sql;
    rl_wire_type wire_type;
  } cases[] = {
      {"SELECT 1795348800123", S(TIMESTAMP)},
      {"SELECT 1795348800123.5", S(TIMESTAMP)},
      {"SELECT '2026-11-22 12:00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22 12:00:00.5'", {.wire = RL_WIRE_TIMESTAMP, .datetime_style = RL_DATETIME_BOTH}},
      {"SELECT '2026-11-22T12:00:00.000Z'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T12:00:00+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T12:00:00.123000+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T14:00:00.000+02:00'", S(TIMESTAMP)},
      {"SELECT '2026-02-30T12:00:00.000+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T12:00:00.0:0+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T12:00:0/.000+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11-22T12;00:00.000+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-11,22T12:00:00.000+00:00'", S(TIMESTAMP)},
      {"SELECT '2\26026-11-22T12:00:00.000+00:00'", S(TIMESTAMP)},
      {"SELECT '2026-1\xb1-22 12:00:00'", {.wire = RL_WIRE_TIMESTAMP, .datetime_style = RL_DATETIME_BOTH}},
      {"SELECT '2026-11-22 12:00.00'", {.wire = RL_WIRE_TIMESTAMP, .datetime_style = RL_DATETIME_BOTH}},
      {"SELECT 'x'", S(TIMESTAMP)},
      {"SELECT 'true'", S(BOOL)},
      {"SELECT 2", S(BOOL)},
      {"SELECT 0.5", S(BOOL)},
      {"SELECT '1.5'", S(DECIMAL)},
      {"SELECT 1.5", S(INT4)},
      {"SELECT 2147483648", S(INT4)},
      {"SELECT '5'", S(INT8)},
      {"SELECT '5'", S(FLOAT8)},
  };
  fixture *f = memory();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_stmt stmt = statement(i + 1, cases[i].sql, NULL, 0, &cases[i].wire_type, 1);
    expect_error(f, run_statement(f, &stmt, NULL), RL_P2023);
  }
  close_fixture(f);
}

static void refused_parameters(void **state) {
  (void)state;
  const struct {
    rl_wire_type wire_type;
    rl_value value;
  } cases[] = {
      {S(FLOAT8), v_float(NAN)},
      {S(DECIMAL), v_decimal("1e400")},
      {S(ANY), v_decimal("-1e400")},
      {S(TIMESTAMP), v_time(INT64_C(253402300800000000))},
      {S(TIMESTAMP), v_time(INT64_C(-62135596800000001))},
      {S(TIMESTAMP), v_text("infinity")},
  };
  fixture *f = memory();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_stmt one = statement(i + 1, "SELECT ?1", &cases[i].wire_type, 1, NULL, 0);
    expect_error(f, run_statement(f, &one, &cases[i].value), RL_P2020);
    rl_wire_type list_type = {.wire = cases[i].wire_type.wire, .list = true};
    rl_value list = v_list((rl_value[]){cases[i].value}, 1);
    rl_stmt many = statement(i + 100, "SELECT ?1", &list_type, 1, NULL, 0);
    if (cases[i].value.kind != RILLE_DECIMAL) expect_error(f, run_statement(f, &many, &list), RL_P2020);
  }
  close_fixture(f);
}

static void arithmetic(void **state) {
  (void)state;
  static const struct {
    const char *sql;
    rl_code code;
  } cases[] = {
      {"SELECT rille_whole(1, 2147483648, 32)", RL_P2020},
      {"SELECT rille_whole(1, 9223372036854775807 + 1, 64)", RL_P2020},
      {"SELECT rille_whole(1, 1 / 0, 64)", RL_P2007},
      {"SELECT rille_finite(1e300, 1e300 * 1e300)", RL_P2020},
      {"SELECT rille_finite(1.5, 1.5 / 0)", RL_P2007},
  };
  fixture *f = memory();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_error(f, run_command(f, cases[i].sql), cases[i].code);
  must(f, run_command(f, "SELECT rille_whole(NULL, NULL + 1, 32), rille_finite(9e999, 9e999 * 2)"));
  close_fixture(f);
}

static void decimals(void **state) {
  (void)state;
  same("DECIMAL", S(DECIMAL), v_decimal("0"));
  same("DECIMAL", S(DECIMAL), v_decimal("12.5"));
  same("DECIMAL", S(DECIMAL), v_decimal("-0.001"));
  same("DECIMAL", S(DECIMAL), v_decimal("123456789012345678"));
  same("DECIMAL", S(DECIMAL), v_decimal("-1234567890.12345"));
  same("DECIMAL", S(DECIMAL), v_decimal("0.0000000001"));
  same("DECIMAL", S(DECIMAL), v_decimal("0.1"));
  trip("DECIMAL", S(DECIMAL), v_text("7.50"), v_decimal("7.5"));
  trip("DECIMAL", S(DECIMAL), v_int(3), v_decimal("3"));

  /* Next to an expression without a column's affinity, the parameter still compares as a number. */
  fixture *f = memory();
  rl_wire_type in = S(DECIMAL), out = S(BOOL);
  rl_value nine = v_decimal("9.5");
  rl_stmt stmt = statement(1, "SELECT 10 + 0 > ?1", &in, 1, &out, 1);
  must(f, run_statement(f, &stmt, &nine));
  expect_cell(f, 0, v_bool(true));
  close_fixture(f);
}

static void datetimes(void **state) {
  (void)state;
  const int64_t noon = INT64_C(1795348800000000); /* 2026-11-22T12:00:00Z */
  same("DATETIME", S(TIMESTAMP), v_time(noon));
  same("DATETIME", S(TIMESTAMP), v_time(noon + 123000));
  same("DATETIME", S(TIMESTAMP), v_time(noon + 123456));
  same("DATETIME", S(TIMESTAMP), v_time(-1000));
  same("DATETIME", S(TIMESTAMP), v_time(INT64_C(-62135596800000000))); /* year 1 */
  same("DATETIME", S(TIMESTAMP), v_time(INT64_C(253402300799999000))); /* year 9999 */
  rl_wire_type both = {.wire = RL_WIRE_TIMESTAMP, .datetime_style = RL_DATETIME_BOTH};
  trip("DATETIME", both, v_text("2026-11-22 12:00:00"), v_time(noon));
  trip("DATETIME", both, v_text("2024-02-29 12:00:00"), v_time(INT64_C(1709208000000000)));
  trip("DATETIME", S(TIMESTAMP), v_text("2024-02-29T00:00:00.000+00:00"), v_time(INT64_C(1709164800000000)));
  trip("TEXT", S(TEXT), v_time(noon + 7000), v_text("2026-11-22T12:00:00.007+00:00")); /* as Prisma stores it */
}

static void json(void **state) {
  (void)state;
  same("JSONB", S(JSONB), v_json("{\"a\":[1,2,{\"b\":null}]}"));
  same("JSONB", S(JSONB), v_json("\"text\""));
  same("JSONB", S(JSONB), v_json("null"));
  same("JSONB", S(JSONB), v_json("12")); /* the column's affinity turns it into a number */
  same("JSONB", S(JSONB), v_json("1.25"));
}

static void lists(void **state) {
  (void)state;
  rl_value ints[] = {v_int(INT64_MIN), v_int(0), v_null(), v_int(INT64_MAX)};
  same("TEXT", L(INT8), v_list(ints, 4));
  same("TEXT", L(INT8), v_list(NULL, 0));
  rl_value texts[] = {v_text(""), v_text("a\"b\\c\n\xc3\xa9"), v_null()};
  same("TEXT", L(TEXT), v_list(texts, 3));
  rl_value bytes[] = {v_data(RILLE_BYTES, "\0\xff", 2), v_data(RILLE_BYTES, "", 0)};
  same("TEXT", L(BYTES), v_list(bytes, 2));
  rl_value times[] = {v_time(INT64_C(1795348800123000))};
  same("TEXT", L(TIMESTAMP), v_list(times, 1));
  rl_value decimals_in[] = {v_decimal("12.5"), v_decimal("-3")};
  same("TEXT", L(DECIMAL), v_list(decimals_in, 2));
  rl_value flags[] = {v_bool(true), v_bool(false)};
  same("TEXT", L(BOOL), v_list(flags, 2));
  rl_value floats[] = {v_float(0.1), v_float(1e300)};
  same("TEXT", L(FLOAT8), v_list(floats, 2));
}

static void list_filter(void **state) {
  (void)state;
  fixture *f = memory();
  must(
      f,
      run_script(
          f,
          "CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, x'00ff'), (2, x'01'), (3, NULL);"));
  rl_wire_type in = L(INT8), out = S(INT8);
  rl_value ids[] = {v_int(3), v_int(1), v_int(9)}, list = v_list(ids, 3);
  rl_stmt stmt =
      statement(1, "SELECT id FROM t WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id", &in, 1, &out, 1);
  must(f, run_statement(f, &stmt, &list));
  assert_int_equal(f->rows, 2);
  expect_cell(f, 0, v_int(3));
  rl_wire_type bytes_in = L(BYTES);
  rl_value blobs[] = {v_data(RILLE_BYTES, "\0\xff", 2)}, blob_list = v_list(blobs, 1);
  rl_stmt by_hex =
      statement(2, "SELECT id FROM t WHERE hex(b) IN (SELECT value FROM json_each(?1))", &bytes_in, 1, &out, 1);
  must(f, run_statement(f, &by_hex, &blob_list));
  assert_int_equal(f->rows, 1);
  expect_cell(f, 0, v_int(1));
  close_fixture(f);
}

static void inconsistent_data(void **state) {
  (void)state;
  fixture *f = memory();
  must(f, run_script(f, "CREATE TABLE t(d DATETIME, i INTEGER); INSERT INTO t VALUES ('yesterday', 'many');"));
  rl_wire_type when = S(TIMESTAMP), number = S(INT4);
  rl_stmt stmt = statement(1, "SELECT d FROM t", NULL, 0, &when, 1);
  expect_error(f, run_statement(f, &stmt, NULL), RL_P2023);
  expect_detail(f, "column", "d");
  stmt = statement(2, "SELECT i FROM t", NULL, 0, &number, 1);
  expect_error(f, run_statement(f, &stmt, NULL), RL_P2023);
  must(f, run_script(f, "CREATE TABLE n(i INTEGER); INSERT INTO n VALUES (18446744072438800000);"));
  stmt = statement(3, "SELECT i FROM n", NULL, 0, &number, 1);
  expect_error(f, run_statement(f, &stmt, NULL), RL_P2023);
  assert_string_equal(rl_error_message(&f->err),
                      "column `i` has 1.84467440724388e+19, which is out of range for the field's type");
  close_fixture(f);
}

static void raw(void **state) {
  (void)state;
  fixture *f = memory();
  must(f, run_script(
              f, "CREATE TABLE t(b BOOLEAN, d DATETIME, x DECIMAL(10,2), j JSONB, s TEXT);"
                 "INSERT INTO t VALUES (1, '2026-11-22 12:00:00', 1.5, '{}', 'x'), (1, 'soon', 'much', NULL, NULL);"));
  rl_value one = v_int(1);
  must(f, run_raw(f, "SELECT *, 2.5 AS f, x'01' AS o FROM t WHERE b = ? LIMIT 1", &one, 1));
  expect_cell(f, 0, v_bool(true));
  expect_cell(f, 1, v_time(INT64_C(1795348800000000)));
  expect_cell(f, 2, v_decimal("1.5"));
  expect_cell(f, 3, v_json("{}"));
  expect_cell(f, 5, v_float(2.5));
  expect_cell(f, 6, v_data(RILLE_BYTES, "\1", 1));
  /* A value that does not fit its declaration is delivered as it is stored. */
  must(f, run_raw(f, "SELECT * FROM t LIMIT 1 OFFSET 1", NULL, 0));
  expect_cell(f, 1, v_text("soon"));
  expect_cell(f, 2, v_text("much"));
  /* A query without rows has columns, too. */
  must(f, run_raw(f, "SELECT b, 1 AS one FROM t WHERE 0", NULL, 0));
  const rl_column_info *info = NULL;
  assert_int_equal(f->driver->columns(f->conn, &info), 2);
  assert_true(rl_str_is(info[1].name, "one"));
  assert_int_equal(info[0].wire_type.wire, RL_WIRE_BOOL);
  expect_error(f, run_raw(f, "SELECT ?, ?", &one, 1), RL_P1016);
  expect_error(f, run_raw(f, "SELECT 1; SELECT 2", NULL, 0), RL_P2010);
  must(f, run_raw(f, "SELECT 1; -- the end", NULL, 0));
  must(f, run_raw(f, "-- nothing", NULL, 0));
  assert_int_equal(f->rows, 0);
  close_fixture(f);
}

static void constraint_errors(void **state) {
  (void)state;
  fixture *f = memory();
  must(f,
       run_script(
           f,
           "CREATE TABLE User(id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, a INT, b INT, age INT CONSTRAINT "
           "grown CHECK (age > 17), UNIQUE(a, b));"
           "CREATE TABLE Tag(name TEXT); CREATE UNIQUE INDEX lowered ON Tag(lower(name)); INSERT INTO Tag VALUES ('a');"
           "CREATE TABLE Post(id INTEGER PRIMARY KEY, userId INT REFERENCES User(id) ON DELETE RESTRICT);"
           "INSERT INTO User VALUES (1, 'a', 1, 2, 20); INSERT INTO Post VALUES (1, 1);"));
  expect_error(f, run_command(f, "INSERT INTO User VALUES (2, 'a', 3, 3, 20)"), RL_P2002);
  expect_detail(f, "table", "User");
  expect_list(f, "columns", "email", NULL);
  assert_int_equal(f->err.native, 2067);
  expect_error(f, run_command(f, "INSERT INTO User VALUES (1, 'b', 3, 3, 20)"), RL_P2002);
  expect_list(f, "columns", "id", NULL);
  expect_error(f, run_command(f, "INSERT INTO User VALUES (2, 'b', 1, 2, 20)"), RL_P2002);
  expect_list(f, "columns", "a", "b");
  expect_error(f, run_command(f, "INSERT INTO Tag VALUES ('A')"), RL_P2002);
  expect_detail(f, "constraint", "lowered");
  expect_error(f, run_command(f, "INSERT INTO User VALUES (2, NULL, 3, 3, 20)"), RL_P2011);
  expect_detail(f, "table", "User");
  expect_detail(f, "column", "email");
  expect_error(f, run_command(f, "INSERT INTO User VALUES (2, 'b', 3, 3, 2)"), RL_P2004);
  expect_detail(f, "constraint", "grown");
  expect_error(f, run_command(f, "INSERT INTO Post VALUES (2, 9)"), RL_P2003);
  expect_error(f, run_command(f, "DELETE FROM User"), RL_P2003);
  close_fixture(f);
}

static void other_errors(void **state) {
  (void)state;
  fixture *f = memory();
  expect_error(f, run_command(f, "SELECT * FROM Missing"), RL_P2021);
  expect_detail(f, "table", "Missing");
  must(f, run_command(f, "CREATE TABLE t(a INTEGER PRIMARY KEY)"));
  expect_error(f, run_command(f, "SELECT b FROM t"), RL_P2022);
  expect_detail(f, "column", "b");
  expect_error(f, run_command(f, "INSERT INTO t(c) VALUES (1)"), RL_P2022);
  expect_detail(f, "column", "c");
  expect_error(f, run_command(f, "INSERT INTO t VALUES ('x')"), RL_P2007);
  expect_error(f, run_command(f, "SELEC 1"), RL_P2039);
  expect_error(f, run_command(f, "SELECT ?999999999"), RL_P2029);
  expect_error(f, run_command(f, "SELECT zeroblob(2000000000)"), RL_P2000);
  expect_error(f,
               run_command(f, "SELECT sum(v) FROM (SELECT 9223372036854775807 v UNION ALL SELECT 9223372036854775807)"),
               RL_P2020);
  expect_error(f, run_command(f, "COMMIT"), RL_P2028);
  expect_error(f, run_command(f, "SELECT json_extract('{', '$')"), RL_P2007);
  must(f, run_command(f, "PRAGMA query_only=ON"));
  expect_error(f, run_command(f, "DELETE FROM t"), RL_P1010);
  close_fixture(f);
}

static void cannot_open(const char *url, rl_code code, bool reader) {
  fixture f;
  memset(&f, 0, sizeof f);
  assert_int_equal(parse_options(&f, url), RILLE_OK);
  f.options.read_only = reader;
  expect_error(&f, connect_now(&f), code);
  assert_true(f.err.not_sent);
  close_fixture(&f);
}

static void open_errors(void **state) {
  (void)state;
  char url[128], file[128];
  snprintf(url, sizeof url, "file:%s/none/a.db", folder);
  cannot_open(url, RL_P1003, false);
  snprintf(url, sizeof url, "file:%s", folder);
  cannot_open(url, RL_P1003, false);
  path_of("missing.db", url);
  cannot_open(url, RL_P1003, true);
  path_of("garbage.db", url);
  snprintf(file, sizeof file, "%s", url + 5);
  FILE *out = fopen(file, "w");
  assert_non_null(out);
  for (int i = 0; i < 200; i++) fputs("this is not a database ", out);
  fclose(out);
  cannot_open(url, RL_P1003, false);
}

static void lock_times_out(void **state) {
  (void)state;
  char url[128], patient[160];
  path_of("locks.db", url);
  snprintf(patient, sizeof patient, "%s?socket_timeout=1", url);
  fixture a, b;
  open_fixture(&a, url);
  open_fixture(&b, patient);
  must(&a, run_command(&a, "CREATE TABLE t(v)"));
  must(&a, run_command(&a, "BEGIN IMMEDIATE"));
  assert_true(a.driver->in_transaction(a.conn));
  int64_t before = rl_clock_ms();
  expect_error(&b, run_command(&b, "BEGIN IMMEDIATE"), RL_P1008);
  int64_t took = rl_clock_ms() - before;
  assert_in_range(took, 900, 3000);
  must(&b, run_raw(&b, "SELECT count(*) FROM t", NULL, 0)); /* readers continue */
  must(&a, run_command(&a, "COMMIT"));
  must(&b, run_command(&b, "BEGIN IMMEDIATE"));
  must(&b, run_command(&b, "ROLLBACK"));
  close_fixture(&a);
  close_fixture(&b);
}

static void old_snapshot(void **state) {
  (void)state;
  char url[128];
  path_of("snapshot.db", url);
  fixture a, b;
  open_fixture(&a, url);
  open_fixture(&b, url);
  must(&a, run_command(&a, "CREATE TABLE t(v)"));
  must(&a, run_command(&a, "BEGIN"));
  must(&a, run_raw(&a, "SELECT count(*) FROM t", NULL, 0));
  must(&b, run_command(&b, "INSERT INTO t VALUES (1)"));
  expect_error(&a, run_command(&a, "INSERT INTO t VALUES (2)"), RL_P2034);
  must(&a, run_command(&a, "ROLLBACK"));
  close_fixture(&a);
  close_fixture(&b);
}

static void reader_cannot_write(void **state) {
  (void)state;
  char url[128];
  path_of("reader.db", url);
  fixture w, r;
  open_fixture(&w, url);
  must(&w, run_script(&w, "CREATE TABLE t(v); INSERT INTO t VALUES (7)"));
  memset(&r, 0, sizeof r);
  assert_int_equal(parse_options(&r, url), RILLE_OK);
  r.options.read_only = true;
  assert_int_equal(connect_now(&r), RILLE_OK);
  must(&r, run_raw(&r, "SELECT v FROM t", NULL, 0));
  expect_cell(&r, 0, v_int(7));
  expect_error(&r, run_command(&r, "DELETE FROM t"), RL_P2028);
  close_fixture(&r);
  close_fixture(&w);
}

static void stopping(void **state) {
  (void)state;
  fixture *f = memory();
  f->driver->run_until(f->conn, rl_clock_after(50));
  expect_error(f,
               run_command(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
               RL_P1008);
  f->driver->run_until(f->conn, RL_NO_DEADLINE);
  must(f, run_raw(f, "SELECT 1", NULL, 0));
  close_fixture(f);
}

static void queue(void **state) {
  (void)state;
  fixture *f = memory();
  must(f, run_command(f, "CREATE TABLE t(v INTEGER UNIQUE)"));
  rl_wire_type wire_type = S(INT8);
  rl_stmt insert = statement(1, "INSERT INTO t VALUES (?1)", &wire_type, 1, NULL, 0);
  rl_value v[] = {v_int(1), v_int(1), v_int(2)};
  /* The same statement three times. The second fails, so the third does not run. */
  for (int i = 0; i < 3; i++) assert_int_equal(f->driver->send(f->conn, &insert, &v[i], &f->err), RILLE_OK);
  assert_int_equal(f->driver->flush(f->conn, &f->err), RILLE_OK);
  must(f, finish_now(f));
  assert_int_equal(f->affected, 1);
  expect_error(f, finish_now(f), RL_P2002);
  expect_error(f, finish_now(f), RL_P2039);
  must(f, run_raw(f, "SELECT count(*) FROM t", NULL, 0));
  expect_cell(f, 0, v_int(1));
  close_fixture(f);
}

static void abandoning(void **state) {
  (void)state;
  fixture *f = memory();
  must(f, run_script(f, "CREATE TABLE t(v); INSERT INTO t VALUES (1), (2), (3);"));
  rl_wire_type wire_type = S(INT8);
  rl_stmt select = statement(1, "SELECT v FROM t", NULL, 0, &wire_type, 1);
  rl_row_view row;
  rl_wait w;
  assert_int_equal(f->driver->send(f->conn, &select, NULL, &f->err), RILLE_OK);
  assert_int_equal(f->driver->send(f->conn, &select, NULL, &f->err), RILLE_OK);
  assert_int_equal(next_now(f, &row), RILLE_ROW);
  assert_int_equal(f->driver->abandon(f->conn, &w, &f->err), RILLE_OK);
  must(f, run_command(f, "DROP TABLE t")); /* impossible while a statement still reads it */
  close_fixture(f);
}

static void cache(void **state) {
  (void)state;
  static fixture f;
  open_fixture(&f, "sqlite::memory:?statement_cache_size=3");
  rl_wire_type wire_type = S(INT8);
  for (int round = 0; round < 3; round++)
    for (uint64_t id = 1; id <= 10; id++) {
      char sql[32];
      snprintf(sql, sizeof sql, "SELECT %d", (int)id * 10);
      rl_stmt stmt = statement(id, sql, NULL, 0, &wire_type, 1);
      must(&f, run_statement(&f, &stmt, NULL));
      expect_cell(&f, 0, v_int((int64_t)id * 10));
    }
  /* A kept statement follows a change of the schema. */
  must(&f, run_script(&f, "CREATE TABLE t(a); INSERT INTO t VALUES (1)"));
  rl_stmt star = statement(99, "SELECT a FROM t", NULL, 0, &wire_type, 1);
  must(&f, run_statement(&f, &star, NULL));
  must(&f, run_script(&f, "ALTER TABLE t ADD COLUMN b; UPDATE t SET a = 5"));
  must(&f, run_statement(&f, &star, NULL));
  expect_cell(&f, 0, v_int(5));
  close_fixture(&f);
}

static void affected_rows(void **state) {
  (void)state;
  fixture *f = memory();
  must(f, run_command(f, "CREATE TABLE t(v)"));
  assert_int_equal(f->affected, 0);
  must(f, run_command(f, "INSERT INTO t VALUES (1), (2), (3)"));
  assert_int_equal(f->affected, 3);
  must(f, run_command(f, "UPDATE t SET v = 0 WHERE v > 9"));
  assert_int_equal(f->affected, 0);
  must(f, run_command(f, "DELETE FROM t"));
  assert_int_equal(f->affected, 3);
  must(f, run_command(f, "BEGIN"));
  assert_int_equal(f->affected, 0);
  must(f, run_command(f, "COMMIT"));
  close_fixture(f);
}

static void script_error(void **state) {
  (void)state;
  fixture *f = memory();
  expect_error(f, run_script(f, "CREATE TABLE a(v); CREATE TABLE a(v); CREATE TABLE b(v)"), RL_P2039);
  must(f, run_raw(f, "SELECT count(*) FROM sqlite_schema", NULL, 0));
  expect_cell(f, 0, v_int(1));
  must(f, run_script(f, "  -- only a comment\n"));
  close_fixture(f);
}

static void forked(void **state) {
  (void)state;
  char url[128];
  path_of("fork.db", url);
  fixture f;
  open_fixture(&f, url);
  must(&f, run_command(&f, "CREATE TABLE t(v)"));
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    bool usable = f.driver->is_usable(f.conn);
    f.driver->close(f.conn);
    /* Leaks SQLite's memory on purpose, so the leak checker must not run at the end of this process. */
    if (!usable) execlp("true", "true", (char *)NULL);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  must(&f, run_command(&f, "INSERT INTO t VALUES (1)"));
  close_fixture(&f);
}

/* Opens, writes, reads lists and decimals, fails, while the n-th allocation fails. */
static bool works(void *argument) {
  fixture f;
  memset(&f, 0, sizeof f);
  rl_wire_type in[] = {S(TEXT), S(DECIMAL), L(TEXT)};
  rl_value texts[] = {v_text("a\n"), v_null()},
           row[] = {v_text("x"), v_decimal("0.1234567890123456789"), v_list(texts, 2)};
  rl_stmt make = statement(1, "CREATE TABLE t(s TEXT UNIQUE, d DECIMAL, l TEXT)", NULL, 0, NULL, 0);
  rl_stmt insert = statement(2, "INSERT INTO t VALUES (?1, ?2, ?3) RETURNING *", in, 3, in, 3);
  rille_status s = parse_options(&f, argument);
  if (s == RILLE_OK) s = connect_now(&f);
  if (s == RILLE_OK) s = run_statement(&f, &make, NULL);
  if (s == RILLE_DONE) s = run_statement(&f, &insert, row);
  if (s == RILLE_DONE) s = run_raw(&f, "SELECT * FROM t", NULL, 0);
  if (s == RILLE_DONE) s = run_script(&f, "SELECT 1");
  if (s == RILLE_DONE && run_statement(&f, &insert, row) != RILLE_ERROR) s = RILLE_NOMEM;
  bool ok = s == RILLE_DONE && !f.err.nomem;
  close_fixture(&f);
  return ok;
}

static void memory_shortage(void **state) {
  (void)state;
  char url[] = "sqlite::memory:";
  assert_true(fail_each_allocation(works, url, true) > 20);
}

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/rille-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(pragmas),
                                     cmocka_unit_test(scalars),
                                     cmocka_unit_test(decimals),
                                     cmocka_unit_test(datetimes),
                                     cmocka_unit_test(other_forms),
                                     cmocka_unit_test(refused_parameters),
                                     cmocka_unit_test(arithmetic),
                                     cmocka_unit_test(json),
                                     cmocka_unit_test(lists),
                                     cmocka_unit_test(list_filter),
                                     cmocka_unit_test(inconsistent_data),
                                     cmocka_unit_test(raw),
                                     cmocka_unit_test(other_errors),
                                     cmocka_unit_test(constraint_errors),
                                     cmocka_unit_test(open_errors),
                                     cmocka_unit_test(lock_times_out),
                                     cmocka_unit_test(old_snapshot),
                                     cmocka_unit_test(reader_cannot_write),
                                     cmocka_unit_test(stopping),
                                     cmocka_unit_test(queue),
                                     cmocka_unit_test(abandoning),
                                     cmocka_unit_test(cache),
                                     cmocka_unit_test(affected_rows),
                                     cmocka_unit_test(script_error),
                                     cmocka_unit_test(forked),
                                     cmocka_unit_test(memory_shortage)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
