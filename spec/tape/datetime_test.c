/* Date-times: calendar, reading and writing text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "random.h"
#include "tape/datetime.h"

static void test_every_day_of_many_years(void **state) {
  (void)state;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t days = rl_days_from_civil(-800, 1, 1);
  for (int64_t year = -800; year < 3000; year++)
    for (int month = 1; month <= 12; month++) {
      bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      for (int day = 1; day <= lengths[month - 1] + (month == 2 && leap); day++, days++) {
        int64_t y;
        int m, d;
        rl_civil_from_days(days, &y, &m, &d);
        if (y != year || m != month || d != day || rl_days_from_civil(year, month, day) != days)
          fail_msg("%lld-%d-%d", (long long)year, month, day);
      }
    }
  assert_int_equal(rl_days_from_civil(1970, 1, 1), 0);
  assert_int_equal(rl_days_from_civil(2000, 3, 1), 11017);
}

static void test_accepted(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t microseconds;
  } cases[] = {
      {"1970-01-01", 0},
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01 00:01", 60000000},
      {"1970-01-01T00:00:01.5Z", 1500000},
      {"1970-01-01T00:00:00.1234567Z", 123456},
      {"1970-01-01T00:00:00.999999999Z", 999999},
      {"1970-01-01T02:00:00+02:00", 0},
      {"1970-01-01T02:00:00+0200", 0},
      {"1970-01-01T02:00:00+02", 0},
      {"1969-12-31T23:30:00-00:30", 0},
      {"1969-12-31T23:59:59.999999", -1},
      {"2026-11-22T12:00:00.000Z", INT64_C(1795348800000000)},
      {"2024-02-29", INT64_C(1709164800000000)},
      {"0001-01-01", INT64_C(-62135596800000000)},
      {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t t = 42;
    if (!rl_datetime_parse(rl_str_of(cases[i].text), &t) || t != cases[i].microseconds)
      fail_msg("%s: %lld", cases[i].text, (long long)t);
  }
}

static void test_rejected(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "2026",
      "2026-11",
      "2026-11-31",
      "2026-00-01",
      "2026-13-01",
      "2026-01-00",
      "2023-02-29",
      "1900-02-29",
      "0000-01-01",
      "2026-1-01",
      "26-11-22",
      "+2026-11-22",
      "2026-11-22T",
      "2026-11-22T12",
      "2026-11-22T24:00:00Z",
      "2026-11-22T12:60Z",
      "2026-11-22T12:00:60Z",
      "2026-11-22T12:00:00.Z",
      "2026-11-22T12:00:00.1234567890Z",
      "2026-11-22T12:00:00+",
      "2026-11-22T12:00:00+2",
      "2026-11-22T12:00:00+24:00",
      "2026-11-22T12:00:00+02:60",
      "2026-11-22T12:00:00+02:",
      "2026-11-22T12:00:00Z ",
      "2026-11-22T12:00:00ZZ",
      "2026-11-22Z",
      " 2026-11-22",
      "2026-11-22x12:00",
      "0001-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "now",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    int64_t t;
    if (rl_datetime_parse(rl_str_of(texts[i]), &t)) fail_msg("'%s' was accepted", texts[i]);
  }
}

static void test_out_of_range(void **state) {
  (void)state;
  static const struct {
    const char *text;
    rl_datetime_verdict verdict;
    int64_t microseconds;
  } cases[] = {
      {"+012000-01-01", RL_DATETIME_GOOD, INT64_C(316516204800000000)},
      {"+010000-01-01T00:00:00.5Z", RL_DATETIME_GOOD, INT64_C(253402300800500000)},
      {"+002026-11-22T14:00:00+02:00", RL_DATETIME_GOOD, INT64_C(1795348800000000)},
      {"-000043-03-15T00:00:00.000Z", RL_DATETIME_GOOD, INT64_C(-63517824000000000)},
      {"+000000-02-29", RL_DATETIME_GOOD, INT64_C(-62162121600000000)},
      {"+999999-01-01", RL_DATETIME_BEYOND, 0},
      {"-000000-01-01", RL_DATETIME_BEYOND, 0},
      {"-0001-01-01", RL_DATETIME_BEYOND, 0},
      {"0000-01-01", RL_DATETIME_BEYOND, 0},
      {"10000-01-01T00:00:00Z", RL_DATETIME_BEYOND, 0},
      {"123456789-01-01", RL_DATETIME_BEYOND, 0},
      {"0001-01-01T00:00:00+00:01", RL_DATETIME_BEYOND, 0},
      {"9999-12-31T23:59:59-00:01", RL_DATETIME_BEYOND, 0},
      {"1234567890-01-01", RL_DATETIME_NONE, 0},
      {"10000-13-01", RL_DATETIME_NONE, 0},
      {"10000-01-01T", RL_DATETIME_NONE, 0},
      {"+012000-02-30", RL_DATETIME_NONE, 0},
      {"999-01-01", RL_DATETIME_NONE, 0},
      {"+-12000-01-01", RL_DATETIME_NONE, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t t = 0;
    rl_datetime_verdict verdict = rl_datetime_read(rl_str_of(cases[i].text), &t);
    if (verdict != cases[i].verdict || (verdict == RL_DATETIME_GOOD && t != cases[i].microseconds))
      fail_msg("%s: %d, %lld", cases[i].text, (int)verdict, (long long)t);
    if (verdict != RL_DATETIME_GOOD) continue;
    char out[RL_DATETIME_MAX]; /* what is written is read back */
    int64_t again = 0;
    assert_int_equal(rl_datetime_read(rl_str_make(out, rl_datetime_format(t, out)), &again), RL_DATETIME_GOOD);
    assert_int_equal(again, t);
  }
}

static void test_written(void **state) {
  (void)state;
  char out[RL_DATETIME_MAX];
  assert_int_equal(rl_datetime_format(0, out), 24);
  assert_string_equal(out, "1970-01-01T00:00:00.000Z");
  rl_datetime_format(-1, out);
  assert_string_equal(out, "1969-12-31T23:59:59.999999Z");
  rl_datetime_format(INT64_C(1795348800120000), out);
  assert_string_equal(out, "2026-11-22T12:00:00.120Z");
  assert_int_equal(rl_datetime_format_offset(INT64_C(1795348800123000), out), 29);
  assert_string_equal(out, "2026-11-22T12:00:00.123+00:00");
  rl_datetime_format_offset(INT64_C(1795348800123456), out);
  assert_string_equal(out, "2026-11-22T12:00:00.123456+00:00");
  rl_datetime_format(INT64_MAX, out);
  assert_string_equal(out, "+294247-01-10T04:00:54.775807Z");
  rl_datetime_format(INT64_MIN, out);
  assert_string_equal(out, "-290308-12-21T19:59:05.224192Z");
}

static void test_random_round_trips(void **state) {
  (void)state;
  uint64_t seed = 1;
  int64_t low, high;
  rl_datetime_parse(RL_STR("0001-01-01"), &low);
  rl_datetime_parse(RL_STR("9999-12-31T23:59:59.999999Z"), &high);
  for (int i = 0; i < 200000; i++) {
    int64_t t = low + (int64_t)(random_next(&seed) % (uint64_t)(high - low + 1));
    if (i % 3 == 0) t -= t % 1000;
    char out[RL_DATETIME_MAX];
    int64_t back = 0;
    size_t len = i % 2 ? rl_datetime_format(t, out) : rl_datetime_format_offset(t, out);
    assert_int_equal(strlen(out), len);
    if (!rl_datetime_parse(rl_str_make(out, len), &back) || back != t) fail_msg("%lld: %s", (long long)t, out);
  }
}

static void test_time_of_day(void **state) {
  (void)state;
  int64_t t = 0;
  assert_true(rl_time_parse(RL_STR("12:34:56"), &t));
  assert_int_equal(t, INT64_C(45296000000));
  assert_true(rl_time_parse(RL_STR("12:34:56.000001"), &t));
  assert_int_equal(t, INT64_C(45296000001));
  assert_true(rl_time_parse(RL_STR("01:00:00+02"), &t));
  assert_int_equal(t, INT64_C(23) * 3600 * 1000000);
  assert_true(rl_time_parse(RL_STR("23:00:00-02:00"), &t));
  assert_int_equal(t, INT64_C(3600) * 1000000);
  assert_false(rl_time_parse(RL_STR("12:34"), &t));
  assert_false(rl_time_parse(RL_STR("24:00:00"), &t));
  assert_false(rl_time_parse(RL_STR("12:34:60"), &t));
  assert_false(rl_time_parse(RL_STR("12:34:56x"), &t));
  assert_false(rl_time_parse(RL_STR(""), &t));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_day_of_many_years),
      cmocka_unit_test(test_accepted),
      cmocka_unit_test(test_rejected),
      cmocka_unit_test(test_out_of_range),
      cmocka_unit_test(test_written),
      cmocka_unit_test(test_random_round_trips),
      cmocka_unit_test(test_time_of_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
