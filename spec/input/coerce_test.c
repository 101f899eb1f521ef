/* Scalars converted to the types of columns: what is accepted, what is rejected, and the limits. */
#include <time.h>

#include "input/convert.h"
#include "query/calling.h"

/* Returns the value of `text` for a field of User, as written, or the message. */
static void check_value(const char *model, const char *field, const char *text, const char *expected) {
  const rl_field *f = rl_model_field(rl_schema_model(test_schema, rl_str_of(model)), rl_str_of(field));
  assert_non_null(f);
  rl_tape tape;
  rl_arena arena;
  rl_error err = {0};
  rl_value v;
  rl_buf out;
  rl_tape_init(&tape);
  rl_arena_init(&arena, 0);
  rl_buf_init(&out);
  write_tape(&tape, text);
  rl_input input = {.type = f->type, .field = f, .path = RL_STR("x")};
  rl_value given = tape.value_count ? tape.values[0] : (rl_value){.kind = RILLE_NULL};
  if (rl_coerce(&input, &given, &arena, &v, &err) == RILLE_OK)
    show_value(&out, &v);
  else
    rl_buf_printf(&out, "%s %s", rl_code_name(err.code), rl_error_message(&err));
  assert_string_equal(rl_buf_z(&out), expected);
  if (err.code) {
    assert_true(rl_str_is(rl_error_get(&err, "path"), "x"));
    assert_true(rl_str_is(rl_error_get(&err, "field"), field));
  }
  rl_error_clear(&err);
  rl_buf_dispose(&out);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&tape);
}

#define USER(field, text, expected) check_value("User", field, text, expected)

static void test_integers(void **state) {
  (void)state;
  USER("age", "2147483647", "2147483647");
  USER("age", "-2147483648", "-2147483648");
  USER("age", "2147483648", "P2020 x: expected an integer from -2147483648 to 2147483647 (Int), got 2147483648");
  USER("age", "3.0", "3");
  USER("age", "3.5", "VALIDATION x: expected an integer, got 3.5");
  USER("age", "1e100", "P2020 x: expected an integer from -2147483648 to 2147483647 (Int), got 1e+100");
  USER("age", "nan", "VALIDATION x: expected an integer, got NaN");
  USER("age", "d\"12\"", "12");
  USER("age", "d\"12.5\"", "VALIDATION x: expected an integer, got 12.5");
  USER("age", "d\"18446744072438800000\"",
       "P2020 x: expected an integer from -2147483648 to 2147483647 (Int), got 18446744072438800000");
  USER("age", "\"12\"", "VALIDATION x: expected an integer, got a string");
  USER("age", "true", "VALIDATION x: expected an integer, got a boolean");
  USER("small", "32767", "32767");
  USER("small", "-32769", "P2020 x: expected an integer from -32768 to 32767 (Int @db.SmallInt), got -32769");
  USER("big", "9223372036854775807", "9223372036854775807");
  USER("big", "-9223372036854775808", "-9223372036854775808");
  USER("big", "9007199254740992.0", "9007199254740992");
  USER(
      "big", "9223372036854775808.0",
      "P2033 x: expected an integer from -9223372036854775808 to 9223372036854775807 (BigInt), got 9.2233720368547758e+18");
  USER(
      "big", "18446744072438800000.0",
      "P2033 x: expected an integer from -9223372036854775808 to 9223372036854775807 (BigInt), got 1.84467440724388e+19");
  USER(
      "big", "d\"18446744072438800000\"",
      "P2033 x: expected an integer from -9223372036854775808 to 9223372036854775807 (BigInt), got 18446744072438800000");
  USER("big", "d\"0.5\"", "VALIDATION x: expected an integer, got 0.5");
}

static void test_numbers(void **state) {
  (void)state;
  USER("score", "1", "1");
  USER("score", "1.25", "1.25");
  USER("score", "nan", "nan");
  USER("score", "d\"0.5\"", "0.5");
  USER("score", "\"1\"", "VALIDATION x: expected a number, got a string");
  USER("balance", "12", "d12");
  USER("balance", "-9223372036854775808", "d-9223372036854775808");
  USER("balance", "0.1", "d0.1");
  USER("balance", "1e21", "d1000000000000000000000");
  USER("balance", "\"-0012.50\"", "d-12.5");
  USER("balance", "\"1.5e3\"", "d1500");
  USER("balance", "\"12,5\"", "VALIDATION x: expected a decimal number, got `12,5`");
  USER("balance", "nan", "VALIDATION x: expected a finite number, got NaN");
  USER("balance", "false", "VALIDATION x: expected a decimal, a number or a string, got a boolean");
  USER("active", "true", "true");
  USER("active", "1", "VALIDATION x: expected a boolean, got an integer");
}

static void test_strings(void **state) {
  (void)state;
  USER("email", "\"\"", "''");
  USER("email", "\"\xc3\xa4\"", "'\xc3\xa4'");
  USER("email", "\"\xed\xa0\x80\"", "VALIDATION x: a string must be valid UTF-8 (byte 1 is not)");
  USER("email", "\"ab\\0\"", "VALIDATION x: a string cannot contain a zero byte (byte 3)");
  USER("email", "1", "VALIDATION x: expected a string, got an integer");
  USER("role", "\"USER\"", "'user_role'");
  USER("role", "\"user_role\"", "VALIDATION x: expected a value of Role (`ADMIN`, `USER`), got `user_role`");
  USER("uid", "\"123e4567-e89b-12d3-a456-42661417400A\"", "'123e4567-e89b-12d3-a456-42661417400a'");
  USER("uid", "\"123e4567e89b12d3a45642661417400a\"", "'123e4567-e89b-12d3-a456-42661417400a'");
  USER("uid", "\"123e4567-e89b-12d3-a456-42661417400\"",
       "VALIDATION x: expected a UUID like 123e4567-e89b-12d3-a456-426614174000");
  USER("uid", "\"123e4567e-89b-12d3-a456-42661417400a\"",
       "VALIDATION x: expected a UUID like 123e4567-e89b-12d3-a456-426614174000");
  USER("blob", "\"a\\N\"", "x'a\xff'");
  USER("blob", "1", "VALIDATION x: expected a string, got an integer");
}

static void test_datetimes(void **state) {
  (void)state;
  USER("createdAt", "0", "t0");
  USER("createdAt", "-1", "t-1000000");
  USER("createdAt", "1.5", "t1500000");
  USER("createdAt", "-0.25", "t-250000");
  USER("createdAt", "\"1970-01-01T01:00:00+01:00\"", "t0");
  USER("createdAt", "\"1970-01-02\"", "t86400000000");
  USER("createdAt", "\"1970-01-01 00:00:00.123456\"", "t123456");
  USER("createdAt", "\"1970-13-01\"",
       "VALIDATION x: expected an ISO-8601 date-time like 2026-11-22T12:00:00Z or 2026-11-22, got `1970-13-01`");
  USER("createdAt", "253402300799", "t253402300799000000");
  USER(
      "createdAt", "1760000000000",
      "P2020 x: expected a date-time in the years 1 to 9999, got 1760000000000 seconds since 1970; did you mean milliseconds?");
  USER("createdAt", "nan", "P2020 x: expected a date-time in the years 1 to 9999, got nan seconds since 1970");
  USER("createdAt", "true",
       "VALIDATION x: expected an ISO-8601 string, seconds since 1970 or a table of `os.date(\"*t\")`, got a boolean");
}

static void check_date(const char *table, const char *expected) {
  char text[500];
  (void)snprintf(text, sizeof text, "{ where = { createdAt = %s } }", table);
  call *c = good_call("user", RILLE_FIND_MANY, text);
  check_filter(c, c->query->read.where, expected);
  end_call(c);
}

static void test_date_tables(void **state) {
  (void)state;
  check_date("{ year = 1970, month = 1, day = 1, hour = 0 }", "createdAt = t0");
  check_date("{ year = 1970, month = 1, day = 1 }", "createdAt = t43200000000");
  check_date("{ year = 1969, month = 14, day = 0, hour = 24, min = 1, sec = 61, isdst = false, wday = 5 }",
             "createdAt = t2678521000000");
  check_date("{ year = 1970, day = 1 }", "createdAt = <where.createdAt: a date table needs `month`>");
  check_date(
      "{ year = 1970, month = 1, day = 1, ms = 1 }",
      "createdAt = <where.createdAt: `ms` of a date table is unknown; expected year, month, day, hour, min or sec>");
  check_date("{ year = 1970, month = \"x\", day = 1 }",
             "createdAt = <where.createdAt: `month` of a date table must be an integer>");
  check_date("{ year = 123456, month = 1, day = 1 }",
             "createdAt = <where.createdAt: expected a date table in the years 1 to 9999>");
}

/* A table with the day of the year is of os.date, and local time. */
static void test_local_date_tables(void **state) {
  (void)state;
  const char *zone = getenv("TZ");
  char kept[64];
  snprintf(kept, sizeof kept, "%s", zone ? zone : "");
  setenv("TZ", "ABC-3", 1);
  tzset();
  check_date("{ year = 1970, month = 1, day = 1, hour = 4, yday = 1, isdst = false }", "createdAt = t3600000000");
  check_date("{ year = 1970, month = 1, day = 1, hour = 4 }", "createdAt = t14400000000");
  check_date("{ year = 1970, month = 1, day = 1, hour = 2, min = 59, sec = 59, yday = 1 }", "createdAt = t-1000000");
  check_date("{ year = 123456, month = 1, day = 1, yday = 1 }",
             "createdAt = <where.createdAt: expected a date table in the years 1 to 9999>");
  if (zone)
    setenv("TZ", kept, 1);
  else
    unsetenv("TZ");
  tzset();
}

static void test_json(void **state) {
  (void)state;
  USER("data", "1", "j1");
  USER("data", "1.5", "j1.5");
  USER("data", "\"a\\\"b\"", "j\"a\\\"b\"");
  USER("data", "true", "jtrue");
  USER("data", "d\"12345678901234567890.12345\"", "j12345678901234567890.12345");
  USER("data", "nan", "VALIDATION x: JSON cannot contain NaN or infinity");
  USER("data", "\"\\N\"", "VALIDATION x: a string must be valid UTF-8 (byte 1 is not)");
}

static void test_literals(void **state) {
  (void)state;
  static const struct {
    const char *field, *expected;
  } cases[] = {{"role", "'user_role'"}, {"score", "0.5"}, {"active", "true"}, {"meta", "j{}"}, {"nums", "[1 2]"}};
  const rl_model *m = rl_schema_model(test_schema, RL_STR("User"));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_arena arena;
    rl_value v;
    rl_buf out;
    rl_arena_init(&arena, 0);
    rl_buf_init(&out);
    assert_int_equal(rl_literal_value(rl_model_field(m, rl_str_of(cases[i].field)), &arena, &v, NULL), RILLE_OK);
    show_value(&out, &v);
    assert_string_equal(rl_buf_z(&out), cases[i].expected);
    rl_buf_dispose(&out);
    rl_arena_dispose(&arena);
  }
}

static void test_generated(void **state) {
  (void)state;
  static const struct {
    rl_default_kind kind;
    int32_t size;
    size_t len;
  } cases[] = {{RL_DEFAULT_UUID4, 0, 36}, {RL_DEFAULT_UUID7, 0, 36}, {RL_DEFAULT_CUID, 0, 25},
               {RL_DEFAULT_CUID2, 0, 24}, {RL_DEFAULT_ULID, 0, 26},  {RL_DEFAULT_NANOID, 0, 21},
               {RL_DEFAULT_NANOID, 7, 7}};
  rl_arena arena;
  rl_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_value a, b;
    assert_int_equal(rl_generate(cases[i].kind, cases[i].size, 0, &arena, &a, NULL), RILLE_OK);
    assert_int_equal(rl_generate(cases[i].kind, cases[i].size, 0, &arena, &b, NULL), RILLE_OK);
    assert_int_equal(a.len, cases[i].len);
    assert_memory_not_equal(a.as.p, b.as.p, a.len);
  }
  rl_value now;
  assert_int_equal(rl_generate(RL_DEFAULT_NOW, 0, 1234567, &arena, &now, NULL), RILLE_OK);
  assert_int_equal(now.as.i, 1234000); /* in milliseconds, like TIMESTAMP(3) */
  rl_arena_dispose(&arena);
}

/* ------------------------------------------------------------------ inputs that are not on the tape */

static void test_rowsets(void **state) {
  (void)state;
  rl_value cells[] = {{.kind = RILLE_INT, .as.i = 2}, {.kind = RILLE_TEXT, .len = 1, .as.p = "a"},
                      {.kind = RILLE_NULL},           {.kind = RILLE_TEXT, .len = 1, .as.p = "b"},
                      {.kind = RILLE_INT, .as.i = 2}, {.kind = RILLE_TEXT, .len = 1, .as.p = "a"}};
  rl_rowset sets[2] = {{.cells = cells, .rows = 3, .columns = 2}, {.filled = true}};
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_inputs in = {.rowsets = sets, .arena = &arena};
  static const struct {
    rl_input input;
    const char *expected;
  } cases[] = {
      {{.kind = RL_INPUT_CELL, .column = 1}, "'a'"},
      {{.kind = RL_INPUT_CELL, .rowset = 1}, "null"},
      {{.kind = RL_INPUT_KEYS}, "[2]"},
      {{.kind = RL_INPUT_KEYS, .column = 1}, "['a' 'b']"},
      {{.kind = RL_INPUT_KEYS, .paired = true}, "[2 null 2]"},
      {{.kind = RL_INPUT_KEYS, .rowset = 1}, "[]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_value v;
    rl_buf out;
    rl_buf_init(&out);
    assert_int_equal(rl_input_value(&cases[i].input, &in, &v, NULL), RILLE_OK);
    show_value(&out, &v);
    assert_string_equal(rl_buf_z(&out), cases[i].expected);
    rl_buf_dispose(&out);
  }
  rl_arena_dispose(&arena);
}

static void test_generated_once(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_CREATE, "{ data = { email = \"a\" } }");
  rl_inputs in = inputs_of(c);
  size_t checked = 0;
  for (rl_input *i = c->query->inputs; i; i = i->next_sealed) {
    if (i->kind != RL_INPUT_GENERATED || i->generator != RL_DEFAULT_UUID4) continue;
    rl_value a, b;
    assert_int_equal(rl_input_value(i, &in, &a, NULL), RILLE_OK);
    assert_int_equal(rl_input_value(i, &in, &b, NULL), RILLE_OK);
    assert_ptr_equal(a.as.p, b.as.p);
    checked++;
  }
  assert_int_equal(checked, 1);
  end_call(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_integers),  cmocka_unit_test(test_numbers),        cmocka_unit_test(test_strings),
      cmocka_unit_test(test_datetimes), cmocka_unit_test(test_date_tables),    cmocka_unit_test(test_local_date_tables),
      cmocka_unit_test(test_json),      cmocka_unit_test(test_literals),       cmocka_unit_test(test_generated),
      cmocka_unit_test(test_rowsets),   cmocka_unit_test(test_generated_once),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
