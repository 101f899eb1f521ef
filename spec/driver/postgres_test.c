/* The PostgreSQL driver against a real server: every type written and read, and every kind of error. */
#include "postgres_support.h"

/* Sends a value as a parameter cast to the type, reads it as a column of the wire type, and again by a raw query. */
static void trip(fixture *f, const char *type, rl_wire_type wire_type, rl_value in, rl_value want) {
  char sql[96];
  snprintf(sql, sizeof sql, "SELECT $1::%s", type);
  rl_stmt stmt = statement(0, sql, &wire_type, 1, &wire_type, 1);
  must(f, run_statement(f, &stmt, &in));
  assert_int_equal(f->rows, 1);
  expect_cell(f, 0, want);
  stmt.columns = NULL;
  stmt.column_count = 0;
  must(f, run_statement(f, &stmt, &in));
  expect_cell(f, 0, want);
}

static void same(fixture *f, const char *type, rl_wire_type wire_type, rl_value v) {
  trip(f, type, wire_type, v, v);
}

static void scalars(void **state) {
  fixture *f = *state;
  same(f, "bool", S(BOOL), v_bool(true));
  same(f, "bool", S(BOOL), v_bool(false));
  same(f, "int2", S(INT2), v_int(INT16_MIN));
  same(f, "int2", S(INT2), v_int(INT16_MAX));
  same(f, "int4", S(INT4), v_int(INT32_MIN));
  same(f, "int4", S(INT4), v_int(INT32_MAX));
  same(f, "int8", S(INT8), v_int(INT64_MIN));
  same(f, "int8", S(INT8), v_int(INT64_MAX));
  same(f, "oid", S(OID), v_int(UINT32_MAX));
  same(f, "float4", S(FLOAT4), v_float(0.5));
  same(f, "float8", S(FLOAT8), v_float(0.1));
  same(f, "float8", S(FLOAT8), v_float(5e-324));
  same(f, "float8", S(FLOAT8), v_float(-1.7976931348623157e308));
  same(f, "float8", S(FLOAT8), v_float(NAN));
  same(f, "float8", S(FLOAT8), v_float(INFINITY));
  same(f, "float8", S(FLOAT8), v_float(-INFINITY));
  trip(f, "float8", S(FLOAT8), v_int(3), v_float(3));
  same(f, "int4", S(INT4), v_null());
  same(f, "text", S(TEXT), v_text(""));
  same(f, "text", S(TEXT), v_text("h\xc3\xa9llo \xf0\x9f\x98\x80 \"'\\"));
  same(f, "varchar(5)", S(TEXT), v_text("abc"));
  trip(f, "char(5)", S(TEXT), v_text("abc"), v_text("abc  "));
  same(f, "name", S(TEXT), v_text("abc"));
  same(f, "bytea", S(BYTES), v_data(RILLE_BYTES, "", 0));
  same(f, "bytea", S(BYTES), v_data(RILLE_BYTES, "\0\xff\x80\\", 4));
  same(f, "uuid", S(UUID), v_text("00112233-4455-6677-8899-aabbccddeeff"));
  trip(f, "uuid", S(UUID), v_text("{00112233445566778899AABBCCDDEEFF}"),
       v_text("00112233-4455-6677-8899-aabbccddeeff"));
  same(f, "json", S(JSON), v_json("{\"a\": [1, 2]}"));
  same(f, "jsonb", S(JSONB), v_json("{\"a\": [1, 2], \"b\": null}"));
  same(f, "jsonb", S(JSONB), v_json("null"));
}

static void decimals(void **state) {
  fixture *f = *state;
  char big[104];
  memset(big, '7', 100);
  big[50] = '.';
  big[100] = 0;
  const char *const texts[] = {"0",          "1",     "-1",        "12.5",      "0.1",        "-0.0001",
                               "0.00000001", "10000", "100000000", "9999.9999", "10000.0001", "123456789.000000000123",
                               "NaN",        big};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) same(f, "numeric", S(DECIMAL), v_decimal(texts[i]));
  trip(f, "numeric", S(DECIMAL), v_decimal("12.500"), v_decimal("12.5"));
  trip(f, "numeric(65,30)", S(DECIMAL), v_decimal("12.5"), v_decimal("12.5"));
  trip(f, "numeric", S(DECIMAL), v_int(INT64_MIN), v_decimal("-9223372036854775808"));
  trip(f, "numeric", S(DECIMAL), v_float(0.1), v_decimal("0.1"));
  trip(f, "numeric(10,2)", S(DECIMAL), v_decimal("-0.00"), v_decimal("0"));
}

static void datetimes(void **state) {
  fixture *f = *state;
  const int64_t noon = INT64_C(1795348800000000), day = INT64_C(86400000000);
  same(f, "timestamp", S(TIMESTAMP), v_time(noon + 123456));
  same(f, "timestamptz", S(TIMESTAMPTZ), v_time(noon + 123000));
  trip(f, "timestamp(3)", S(TIMESTAMP), v_time(noon + 123456), v_time(noon + 123000));
  same(f, "timestamp", S(TIMESTAMP), v_time(-1));
  same(f, "timestamp", S(TIMESTAMP), v_time(INT64_C(-62135596800000000)));
  same(f, "timestamptz", S(TIMESTAMPTZ), v_time(INT64_C(253402300799999999)));
  same(f, "date", S(DATE), v_time(noon - day / 2));
  trip(f, "date", S(DATE), v_time(-1), v_time(-day));
  same(f, "date", S(DATE), v_time(INT64_C(-62135596800000000)));
  same(f, "time", S(TIME), v_time(day - 1));
  trip(f, "time", S(TIME), v_time(noon), v_time(day / 2));
  same(f, "timetz", S(TIMETZ), v_time(day / 2 + 1));
  must(f,
       run_raw(f, "SELECT '12:00+02'::timetz, '23:30-02'::timetz, 'infinity'::timestamp, '-infinity'::date", NULL, 0));
  expect_cell(f, 0, v_time(10 * INT64_C(3600000000)));
  expect_cell(f, 1, v_time(INT64_C(5400000000)));
  expect_cell(f, 2, v_text("infinity"));
  expect_cell(f, 3, v_text("-infinity"));
}

static void lists(void **state) {
  fixture *f = *state;
  rl_value ints[] = {v_int(INT32_MIN), v_null(), v_int(INT32_MAX)};
  same(f, "int4[]", L(INT4), v_list(ints, 3));
  same(f, "int8[]", L(INT8), v_list(ints, 3));
  same(f, "int4[]", L(INT4), v_list(NULL, 0));
  rl_value texts[] = {v_text(""), v_text("NULL"), v_null(), v_text("a\"b\\c,{}\n")};
  same(f, "text[]", L(TEXT), v_list(texts, 4));
  trip(f, "text[]", L(UNKNOWN), v_list(texts, 4), v_list(texts, 4));
  rl_value decimals_in[] = {v_decimal("1.5"), v_null(), v_decimal("-20000.25")};
  same(f, "numeric[]", L(DECIMAL), v_list(decimals_in, 3));
  rl_value flags[] = {v_bool(true), v_bool(false)};
  same(f, "bool[]", L(BOOL), v_list(flags, 2));
  rl_value times[] = {v_time(-1), v_time(INT64_C(1795348800123000))};
  same(f, "timestamp[]", L(TIMESTAMP), v_list(times, 2));
  same(f, "timestamptz[]", L(TIMESTAMPTZ), v_list(times, 2));
  rl_value bytes[] = {v_data(RILLE_BYTES, "", 0), v_data(RILLE_BYTES, "\0\xff", 2)};
  same(f, "bytea[]", L(BYTES), v_list(bytes, 2));
  rl_value uuids[] = {v_text("00112233-4455-6677-8899-aabbccddeeff"), v_null()};
  same(f, "uuid[]", L(UUID), v_list(uuids, 2));
  rl_value documents[] = {v_json("{\"a\": \"x,\\\"y\\\"\"}"), v_json("[]"), v_null()};
  same(f, "jsonb[]", L(JSONB), v_list(documents, 3));
  rl_value floats[] = {v_float(NAN), v_float(-0.25)};
  same(f, "float8[]", L(FLOAT8), v_list(floats, 2));
  rl_value inner_a[] = {v_int(1), v_int(2)}, inner_b[] = {v_int(3), v_null()},
           outer[] = {v_list(inner_a, 2), v_list(inner_b, 2)};
  must(f, run_raw(f, "SELECT '{{1,2},{3,NULL}}'::int4[], '1 2'::int2vector", NULL, 0));
  expect_cell(f, 0, v_list(outer, 2));
  expect_cell(f, 1, v_list(inner_a, 2));
}

static void other_types(void **state) {
  fixture *f = *state;
  must(f, run_raw(f,
                  "SELECT '1 year 2 mons -3 days 04:05:06.789'::interval, '-00:00:01'::interval, '0'::interval, "
                  "'10.1.2.3'::inet, '10.1.0.0/16'::cidr, '::1'::inet,"
                  "'08:00:2b:01:02:03'::macaddr, B'10110', B''::varbit, '-12.50'::numeric::money, '<a/>'::xml, "
                  "'16/B374D848'::pg_lsn, 'x'::\"char\", pg_sleep(0)",
                  NULL, 0));
  const char *const want[] = {"1 year 2 mons -3 days +04:05:06.789",
                              "-00:00:01",
                              "00:00:00",
                              "10.1.2.3",
                              "10.1.0.0/16",
                              "::1",
                              "08:00:2b:01:02:03",
                              "10110",
                              ""};
  for (uint32_t i = 0; i < 9; i++) expect_cell(f, i, v_text(want[i]));
  expect_cell(f, 9, v_decimal("-12.5"));
  expect_cell(f, 10, v_text("<a/>"));
  expect_cell(f, 11, v_text("16/B374D848"));
  expect_cell(f, 12, v_text("x"));
  expect_cell(f, 13, v_text(""));
  must(f,
       run_raw(f, "SELECT '-1 mon 1 day -00:00:00.5'::interval::text, '-1 mon 1 day -00:00:00.5'::interval", NULL, 0));
  expect_cell(f, 1, f->cells[0]);
  /* An unknown type: text if it can be. */
  must(f, run_raw(f, "SELECT '(1,2)'::point", NULL, 0));
  assert_int_equal(f->cells[0].kind, RILLE_BYTES);
}

static void enums_and_domains(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "DROP TABLE IF EXISTS enum_t; DROP TYPE IF EXISTS role_t; DROP DOMAIN IF EXISTS small_t;"
                        "CREATE TYPE role_t AS ENUM ('USER', 'ADMIN'); CREATE DOMAIN small_t AS int4; CREATE TABLE "
                        "enum_t(r role_t, rs role_t[], s small_t)"));
  rl_wire_type wire_types[] = {S(ENUM), L(ENUM), S(INT4)};
  rl_value roles[] = {v_text("USER"), v_null(), v_text("ADMIN")}, row[] = {v_text("ADMIN"), v_list(roles, 3), v_int(7)};
  rl_stmt insert = statement(0, "INSERT INTO enum_t VALUES ($1, $2, $3) RETURNING *", wire_types, 3, wire_types, 3);
  must(f, run_statement(f, &insert, row));
  assert_int_equal(f->affected, 1);
  for (uint32_t i = 0; i < 3; i++) expect_cell(f, i, row[i]);
  must(f, run_raw(f, "SELECT * FROM enum_t", NULL, 0));
  for (uint32_t i = 0; i < 3; i++) expect_cell(f, i, row[i]);
  rl_value wrong[] = {v_text("NOBODY"), v_null(), v_null()};
  expect_error(f, run_statement(f, &insert, wrong), RL_P2007);
  assert_string_equal(f->err.sqlstate, "22P02");
  must(f, run_script(f, "DROP TABLE enum_t; DROP TYPE role_t; DROP DOMAIN small_t"));
}

static void conversions(void **state) {
  fixture *f = *state;
  rl_wire_type wire_types[] = {S(INT8), S(DECIMAL), S(FLOAT8), S(JSON), S(FLOAT8), S(DECIMAL)};
  rl_stmt stmt = statement(
      0, "SELECT sum(v), sum(v::int4), avg(v), '{}'::text, 3::int4, 0.1::float8 FROM (VALUES (1::int8), (4)) x(v)",
      NULL, 0, wire_types, 6);
  must(f, run_statement(f, &stmt, NULL));
  expect_cell(f, 0, v_int(5));
  expect_cell(f, 1, v_decimal("5"));
  expect_cell(f, 2, v_float(2.5));
  expect_cell(f, 3, v_json("{}"));
  expect_cell(f, 4, v_float(3));
  expect_cell(f, 5, v_decimal("0.1"));
  rl_wire_type number = S(INT8);
  rl_stmt fraction = statement(0, "SELECT 1.5::numeric", NULL, 0, &number, 1);
  expect_error(f, run_statement(f, &fraction, NULL), RL_P2023);
  must(f, run_raw(f, "SELECT 1", NULL, 0));
}

static void raw(void **state) {
  fixture *f = *state;
  rl_value params[] = {v_int(5), v_text("x"), v_bool(true), v_float(0.5)};
  must(f, run_raw(f, "SELECT $1::int4 + 1 AS a, $2 || 'y' AS b, NOT $3 AS c, $4::float8 AS d", params, 4));
  expect_cell(f, 0, v_int(6));
  expect_cell(f, 1, v_text("xy"));
  expect_cell(f, 2, v_bool(false));
  expect_cell(f, 3, v_float(0.5));
  rl_value date[] = {v_text("2026-11-22"), v_time(INT64_C(1795348800000000)), v_data(RILLE_BYTES, "\0\1", 2)};
  must(f, run_raw(f, "SELECT $1::date, $2::timestamptz, $3::bytea", date, 3));
  expect_cell(f, 1, date[1]);
  expect_cell(f, 2, date[2]);
  must(f, run_raw(f, "SELECT 1 AS one, now() AS t WHERE false", NULL, 0));
  const rl_column_info *info = NULL;
  assert_int_equal(f->driver->columns(f->conn, &info), 2);
  assert_true(rl_str_is(info[0].name, "one"));
  assert_int_equal(info[0].wire_type.wire, RL_WIRE_INT4);
  assert_int_equal(info[1].wire_type.wire, RL_WIRE_TIMESTAMPTZ);
  expect_error(f, run_raw(f, "SELECT $1, $2", params, 1), RL_P1016);
  expect_error(f, run_raw(f, "SELECT 1; SELECT 2", NULL, 0), RL_P2039);
  must(f, run_raw(f, "", NULL, 0));
  assert_int_equal(f->rows, 0);
}

static void constraint_errors(void **state) {
  fixture *f = *state;
  must(f, run_script(f, "DROP TABLE IF EXISTS c_post, c_user;"
                        "CREATE TABLE c_user(id int PRIMARY KEY, \"eMail\" varchar(5) NOT NULL, a int, b int, age int "
                        "CONSTRAINT grown CHECK (age > 17), UNIQUE(\"eMail\", a));"
                        "CREATE UNIQUE INDEX c_lower ON c_user(lower(\"eMail\"), b);"
                        "CREATE TABLE c_post(id int, \"userId\" int REFERENCES c_user(id) DEFERRABLE INITIALLY "
                        "IMMEDIATE, during int4range, EXCLUDE USING gist (during WITH &&));"
                        "INSERT INTO c_user VALUES (1, 'a', 1, 1, 20)"));
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (1, 'b', 1, 2, 20)"), RL_P2002);
  expect_detail(f, "table", "c_user");
  expect_detail(f, "schema", "public");
  expect_detail(f, "constraint", "c_user_pkey");
  expect_list(f, "columns", "id", NULL);
  assert_string_equal(f->err.sqlstate, "23505");
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (2, 'a', 1, 2, 20)"), RL_P2002);
  expect_list(f, "columns", "eMail", "a");
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (2, 'A', 1, 1, 20)"), RL_P2002);
  expect_detail(f, "constraint", "c_lower");
  expect_error(f, run_command(f, "INSERT INTO c_post VALUES (1, 9)"), RL_P2003);
  expect_detail(f, "constraint", "c_post_userId_fkey");
  expect_list(f, "columns", "userId", NULL);
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (2, NULL, 1, 2, 20)"), RL_P2011);
  expect_detail(f, "column", "eMail");
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (2, 'x', 1, 2, 2)"), RL_P2004);
  expect_detail(f, "constraint", "grown");
  must(f, run_command(f, "INSERT INTO c_post VALUES (1, 1, '[1,5)')"));
  expect_error(f, run_command(f, "INSERT INTO c_post VALUES (1, 1, '[2,3)')"), RL_P2004);
  expect_error(f, run_command(f, "INSERT INTO c_user VALUES (3, 'too long', 1, 3, 20)"), RL_P2000);
  /* A deferred constraint fails only at the commit. */
  must(f, run_script(f, "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO c_post VALUES (5, 99)"));
  assert_true(f->driver->in_transaction(f->conn));
  expect_error(f, run_command(f, "COMMIT"), RL_P2003);
  assert_false(f->driver->in_transaction(f->conn));
  must(f, run_script(f, "ALTER TABLE c_post ALTER CONSTRAINT \"c_post_userId_fkey\" DEFERRABLE INITIALLY DEFERRED"));
  expect_error(f, run_command(f, "INSERT INTO c_post VALUES (6, 99)"),
               RL_P2003); /* in the implicit transaction: with the end of the pipeline */
  must(f, run_script(f, "DROP TABLE c_post, c_user"));
}

static void other_errors(void **state) {
  fixture *f = *state;
  expect_error(f, run_command(f, "SELECT * FROM \"Nothing\""), RL_P2021);
  expect_detail(f, "table", "Nothing");
  expect_error(f, run_command(f, "SELECT nobody FROM pg_class"), RL_P2022);
  expect_detail(f, "column", "nobody");
  expect_error(f, run_command(f, "SELECT c.nobody FROM pg_class c"), RL_P2022);
  expect_detail(f, "column", "nobody"); /* without the alias */
  expect_error(f, run_command(f, "SELECT 'x'::int4"), RL_P2007);
  expect_error(f, run_command(f, "SELECT '2026-02-30'::date"), RL_P2007);
  expect_error(f, run_command(f, "SELECT 1/0"), RL_P2007);
  expect_error(f, run_command(f, "SELECT 99999999999::int4"), RL_P2020);
  expect_error(f, run_command(f, "SELEC 1"), RL_P2039);
  assert_string_equal(f->err.sqlstate, "42601");
  expect_error(f, run_command(f, "SET statement_timeout = 20; SELECT 1"), RL_P2039);
  must(f, run_command(f, "SET statement_timeout = 20"));
  expect_error(f, run_command(f, "SELECT pg_sleep(5)"), RL_P1008);
  must(f, run_command(f, "SET statement_timeout = 0"));
  must(f, run_script(f, "BEGIN READ ONLY"));
  expect_error(f, run_command(f, "CREATE TABLE never(a int)"), RL_P2028);
  expect_error(f, run_command(f, "SELECT 1"), RL_P2028);
  assert_true(f->driver->in_transaction(f->conn));
  must(f, run_command(f, "ROLLBACK"));
  rl_wire_type small = S(INT4), text = S(TEXT), unknown = S(UNKNOWN);
  rl_value large = v_int(INT64_C(3000000000)), nul = v_data(RILLE_TEXT, "a\0b", 3);
  rl_stmt stmt = statement(0, "SELECT $1", &small, 1, NULL, 0);
  expect_error(f, run_statement(f, &stmt, &large), RL_P2020);
  stmt.params = &text;
  expect_error(f, run_statement(f, &stmt, &nul), RL_P2007);
  stmt.params = &unknown;
  expect_error(f, run_statement(f, &stmt, &nul), RL_P2007);
  must(f, run_raw(f, "SELECT 1", NULL, 0));
}

static void write_conflict(void **state) {
  fixture *a = *state, b;
  open_with(&b, "");
  must(a, run_script(a, "DROP TABLE IF EXISTS w_t; CREATE TABLE w_t(v int); INSERT INTO w_t VALUES (1)"));
  must(a, run_command(a, "BEGIN ISOLATION LEVEL SERIALIZABLE"));
  must(a, run_raw(a, "SELECT v FROM w_t", NULL, 0));
  must(&b, run_command(&b, "UPDATE w_t SET v = 2"));
  expect_error(a, run_command(a, "UPDATE w_t SET v = 3"), RL_P2034);
  must(a, run_command(a, "ROLLBACK"));
  must(a, run_script(a, "BEGIN; LOCK TABLE w_t"));
  expect_error(&b, run_command(&b, "LOCK TABLE w_t NOWAIT"), RL_P2028); /* only in a transaction */
  must(&b, run_command(&b, "BEGIN"));
  expect_error(&b, run_command(&b, "LOCK TABLE w_t NOWAIT"), RL_P2034);
  must(&b, run_command(&b, "ROLLBACK"));
  must(a, run_script(a, "ROLLBACK; DROP TABLE w_t"));
  close_fixture(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {SHARED(scalars),      SHARED(decimals),      SHARED(datetimes),
                                     SHARED(lists),        SHARED(other_types),   SHARED(enums_and_domains),
                                     SHARED(conversions),  SHARED(raw),           SHARED(constraint_errors),
                                     SHARED(other_errors), SHARED(write_conflict)};
  RUN_WITH_SERVER(tests);
}
