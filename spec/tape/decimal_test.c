/* Decimals: text form, conversions, arithmetic, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/failing_allocator.h"
#include "random.h"
#include "tape/decimal.h"

static rl_decimal *parse(const char *text) {
  rl_decimal *d = NULL;
  rl_error e = {0};
  if (rl_decimal_parse(rl_str_of(text), &d, &e) != RILLE_OK) fail_msg("%s: %s", text, rl_error_message(&e));
  return d;
}

static void assert_text(rl_decimal *d, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  rl_decimal_write(d, &out);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  rl_decimal_free(d);
}

static void assert_normal(const char *text, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  assert_int_equal(rl_decimal_normalize(rl_str_of(text), &out, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  assert_text(parse(text), expected);
}

static void test_text_form(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"0", "0"},           {"-0", "0"},
      {"0.000", "0"},       {"-0.0e5", "0"},
      {"12.50", "12.5"},    {"+7", "7"},
      {"007", "7"},         {"-007.100", "-7.1"},
      {".5", "0.5"},        {"5.", "5"},
      {"-.05", "-0.05"},    {"1e3", "1000"},
      {"1E+3", "1000"},     {"1.5e1", "15"},
      {"1.5e3", "1500"},    {"1.25e1", "12.5"},
      {"15e-1", "1.5"},     {"15e-2", "0.15"},
      {"15e-5", "0.00015"}, {"100", "100"},
      {"100.0", "100"},     {"1200e-2", "12"},
      {"0.1e1", "1"},       {"0.010e2", "1"},
      {"-1.0", "-1"},       {"10", "10"},
      {"0e20000", "0"},     {"123456789012345678901234567890.123", "123456789012345678901234567890.123"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) assert_normal(pairs[i][0], pairs[i][1]);
}

static void test_rejected(void **state) {
  (void)state;
  static const char *const texts[] = {"",    "-",     "+",       ".",         "e5",  "1e",
                                      "1e+", "1.2.3", "1 ",      " 1",        "0x1", "NaN",
                                      "Inf", "--1",   "1e20001", "1e-20001",  "1,5", "1e99999999999999999999",
                                      "1_0", "1-",    "1e5.",    "\xC2\xA0x", "one"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    rl_decimal *d = NULL;
    rl_error e = {0};
    if (rl_decimal_parse(rl_str_of(texts[i]), &d, &e) != RILLE_ERROR) fail_msg("'%s' was accepted", texts[i]);
    assert_int_equal(e.code, RL_P2006);
    rl_error_clear(&e);
  }
}

static void test_conversions(void **state) {
  (void)state;
  rl_decimal *d = NULL;
  int64_t i = 0;
  static const int64_t numbers[] = {0, 1, -1, 10, INT64_MAX, INT64_MIN, 1000000};
  for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
    assert_int_equal(rl_decimal_of_int(numbers[n], &d, NULL), RILLE_OK);
    assert_true(rl_decimal_to_int(d, &i));
    assert_true(i == numbers[n]);
    rl_decimal_free(d);
  }
  static const char *const no_ints[] = {"9223372036854775808", "-9223372036854775809", "0.5", "1e30",
                                        "18446744073709551616"};
  for (size_t n = 0; n < sizeof no_ints / sizeof *no_ints; n++) {
    d = parse(no_ints[n]);
    assert_false(rl_decimal_to_int(d, &i));
    rl_decimal_free(d);
  }
  rl_decimal_of_float(0.1, &d, NULL);
  assert_text(d, "0.1");
  rl_decimal_of_float(-1e22, &d, NULL);
  assert_text(d, "-10000000000000000000000");
  rl_decimal_of_float(2.5e-7, &d, NULL);
  assert_text(d, "0.00000025");
  assert_int_equal(rl_decimal_of_float(NAN, &d, NULL), RILLE_ERROR);
  assert_int_equal(rl_decimal_of_float(INFINITY, &d, NULL), RILLE_ERROR);
}

static void test_floats_round_trip(void **state) {
  (void)state;
  uint64_t seed = 5;
  for (int i = 0; i < 3000; i++) {
    uint64_t bits = random_next(&seed);
    double f;
    memcpy(&f, &bits, sizeof f);
    if (!isfinite(f)) continue;
    rl_decimal *d = NULL;
    assert_int_equal(rl_decimal_of_float(f, &d, NULL), RILLE_OK);
    double back = rl_decimal_to_float(d);
    assert_memory_equal(&back, &f, sizeof f);
    rl_decimal_free(d);
  }
}

/* 1 + 2^-53 is exactly between two floats, so a distant digit decides. */
static void test_correct_rounding(void **state) {
  (void)state;
  static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
  char text[2200];
  rl_decimal *d = parse(half);
  assert_true(rl_decimal_to_float(d) <= 1.0);
  rl_decimal_free(d);
  memset(text, '0', sizeof text);
  memcpy(text, half, sizeof half - 1);
  memcpy(text + 2100, "1", 2);
  d = parse(text);
  assert_true(rl_decimal_to_float(d) > 1.0);
  rl_decimal_free(d);
  d = parse("1e20000");
  assert_true(isinf(rl_decimal_to_float(d)));
  rl_decimal_free(d);
  d = parse("-1e-20000");
  assert_true(fabs(rl_decimal_to_float(d)) <= 0.0);
  rl_decimal_free(d);
}

typedef rille_status operation(const rl_decimal *, const rl_decimal *, rl_decimal **, rl_error *);

static void assert_result(operation *o, const char *a, const char *b, const char *expected) {
  rl_decimal *x = parse(a), *y = parse(b), *result = NULL;
  rl_error e = {0};
  if (o(x, y, &result, &e) != RILLE_OK) fail_msg("%s, %s: %s", a, b, rl_error_message(&e));
  assert_text(result, expected);
  rl_decimal_free(x);
  rl_decimal_free(y);
}

static void test_arithmetic(void **state) {
  (void)state;
  assert_result(rl_decimal_add, "0.1", "0.2", "0.3");
  assert_result(rl_decimal_add, "99.99", "0.01", "100");
  assert_result(rl_decimal_add, "-5", "5.0", "0");
  assert_result(rl_decimal_sub, "1", "0.999", "0.001");
  assert_result(rl_decimal_mul, "2.5", "0.4", "1");
  assert_result(rl_decimal_mul, "-1.5", "1.5", "-2.25");
  assert_result(rl_decimal_mul, "0", "-1.5", "0");
  assert_result(rl_decimal_div, "1", "3", "0.33333333333333333333");
  assert_result(rl_decimal_div, "2", "3", "0.66666666666666666667");
  assert_result(rl_decimal_div, "-2", "3", "-0.66666666666666666667");
  assert_result(rl_decimal_div, "1e30", "3", "333333333333333333330000000000");
  assert_result(rl_decimal_div, "1", "7e25", "0.000000000000000000000000014285714285714285714");
  assert_result(rl_decimal_div, "10", "4", "2.5");
  assert_result(rl_decimal_div, "0", "4", "0");
  assert_result(rl_decimal_div, "9.99999999999999999999", "3", "3.33333333333333333333");
  assert_result(rl_decimal_div, "1", "99999999999999999999", "0.00000000000000000001");
}

static void test_division_by_zero(void **state) {
  (void)state;
  rl_decimal *one = parse("1"), *zero = parse("0"), *out = NULL;
  rl_error e = {0};
  assert_int_equal(rl_decimal_div(one, zero, &out, &e), RILLE_ERROR);
  assert_int_equal(e.code, RL_P2006);
  rl_error_clear(&e);
  rl_decimal_free(one);
  rl_decimal_free(zero);
}

static void assert_rounded(const char *text, int n, const char *rounded, const char *formatted) {
  rl_decimal *d = parse(text), *r = NULL;
  assert_int_equal(rl_decimal_round(d, n, &r, NULL), RILLE_OK);
  assert_text(r, rounded);
  rl_buf out;
  rl_buf_init(&out);
  assert_int_equal(rl_decimal_format(d, n, &out, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&out), formatted);
  rl_buf_dispose(&out);
  rl_decimal_free(d);
}

static void test_rounding(void **state) {
  (void)state;
  assert_rounded("12.5", 2, "12.5", "12.50");
  assert_rounded("12", 2, "12", "12.00");
  assert_rounded("0", 3, "0", "0.000");
  assert_rounded("12.345", 2, "12.35", "12.35");
  assert_rounded("-12.345", 2, "-12.35", "-12.35");
  assert_rounded("12.344999", 2, "12.34", "12.34");
  assert_rounded("2.5", 0, "3", "3");
  assert_rounded("-2.5", 0, "-3", "-3");
  assert_rounded("0.5", 0, "1", "1");
  assert_rounded("0.4", 0, "0", "0");
  assert_rounded("-0.04", 1, "0", "0.0");
  assert_rounded("99.995", 2, "100", "100.00");
  assert_rounded("1250", -2, "1300", "1300");
  assert_rounded("49", -2, "0", "0");
  assert_rounded("50", -2, "100", "100");
  assert_rounded("50", -2000000000, "0", "0");
  rl_decimal *d = parse("1"), *r = NULL;
  assert_int_equal(rl_decimal_round(d, INT32_MAX, &r, NULL), RILLE_OK);
  assert_text(r, "1");
  rl_buf out;
  rl_buf_init(&out);
  assert_int_equal(rl_decimal_format(d, INT32_MAX, &out, NULL), RILLE_ERROR);
  rl_buf_dispose(&out);
  rl_decimal_free(d);
}

static void test_order(void **state) {
  (void)state;
  static const char *const ascending[] = {"-1e20000", "-100", "-1.5", "-1.49", "-1e-20000", "0",
                                          "1e-20000", "0.1",  "0.11", "2",     "10",        "1e20000"};
  for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++)
    for (size_t j = 0; j < sizeof ascending / sizeof *ascending; j++) {
      rl_decimal *a = parse(ascending[i]), *b = parse(ascending[j]);
      assert_int_equal(rl_decimal_cmp(a, b), (i > j) - (i < j));
      rl_decimal_free(a);
      rl_decimal_free(b);
    }
}

/* Random numbers of up to 18 digits, as integers of ten-thousandths, compared with 64-bit arithmetic. */
static void test_random_sums(void **state) {
  (void)state;
  uint64_t seed = 11;
  for (int i = 0; i < 20000; i++) {
    int64_t x = (int64_t)(random_next(&seed) % 2000000000) - 1000000000;
    int64_t y = (int64_t)(random_next(&seed) % 2000000000) - 1000000000;
    char a[32], b[32];
    (void)snprintf(a, sizeof a, "%llde-4", (long long)x);
    (void)snprintf(b, sizeof b, "%llde-4", (long long)y);
    rl_decimal *p = parse(a), *q = parse(b), *sum = NULL, *product = NULL, *back = NULL;
    assert_int_equal(rl_decimal_cmp(p, q), (x > y) - (x < y));
    assert_int_equal(rl_decimal_add(p, q, &sum, NULL), RILLE_OK);
    assert_int_equal(rl_decimal_sub(sum, q, &back, NULL), RILLE_OK);
    assert_int_equal(rl_decimal_cmp(back, p), 0);
    rl_decimal_free(back);
    (void)snprintf(a, sizeof a, "%llde-4", (long long)(x + y));
    back = parse(a);
    assert_int_equal(rl_decimal_cmp(back, sum), 0);
    rl_decimal_free(back);
    assert_int_equal(rl_decimal_mul(p, q, &product, NULL), RILLE_OK);
    (void)snprintf(a, sizeof a, "%llde-8", (long long)(x * y));
    back = parse(a);
    assert_int_equal(rl_decimal_cmp(back, product), 0);
    rl_decimal_free(back);
    if (y != 0) { /* the quotient of a product is exact, because it has at most 20 digits */
      assert_int_equal(rl_decimal_div(product, q, &back, NULL), RILLE_OK);
      assert_int_equal(rl_decimal_cmp(back, p), 0);
      rl_decimal_free(back);
    }
    rl_decimal_free(p);
    rl_decimal_free(q);
    rl_decimal_free(sum);
    rl_decimal_free(product);
  }
}

/* Random digits, points and exponents: the text form is a fixed point, and agrees with writing the parsed number. */
static void test_random_texts(void **state) {
  (void)state;
  uint64_t seed = 13;
  for (int i = 0; i < 20000; i++) {
    char text[80];
    size_t len = 0;
    if (random_below(&seed, 2)) text[len++] = '-';
    size_t digits = 1 + random_below(&seed, 40), point = random_below(&seed, 42);
    for (size_t k = 0; k < digits; k++) {
      if (k == point) text[len++] = '.';
      text[len++] = (char)('0' + (random_below(&seed, 3) ? 0 : random_below(&seed, 10)));
    }
    int exponent = (int)random_below(&seed, 60) - 30;
    text[len] = '\0';
    if (random_below(&seed, 2)) (void)snprintf(text + len, sizeof text - len, "e%d", exponent);
    rl_buf once, twice;
    rl_buf_init(&once);
    rl_buf_init(&twice);
    assert_int_equal(rl_decimal_normalize(rl_str_of(text), &once, NULL), RILLE_OK);
    assert_int_equal(rl_decimal_normalize(rl_buf_view(&once), &twice, NULL), RILLE_OK);
    assert_string_equal(rl_buf_z(&once), rl_buf_z(&twice));
    assert_text(parse(text), rl_buf_z(&once));
    double expected = strtod(text, NULL), got = strtod(rl_buf_z(&once), NULL);
    if (fabs(expected - got) > 0.0) fail_msg("%s became %s", text, rl_buf_z(&once));
    rl_buf_dispose(&once);
    rl_buf_dispose(&twice);
  }
}

/* Repeated squaring must end in an error and not in an ever longer number. */
static void test_numbers_do_not_grow_without_limit(void **state) {
  (void)state;
  rl_decimal *d = parse("1.000000001");
  rl_error e = {0};
  int steps = 0;
  for (;; steps++) {
    rl_decimal *next = NULL;
    if (rl_decimal_mul(d, d, &next, &e) != RILLE_OK) break;
    rl_decimal_free(d);
    d = next;
    assert_true(steps < 40);
  }
  assert_int_equal(e.code, RL_P2020);
  rl_error_clear(&e);
  rl_decimal_free(d);
  char *text = malloc(400000);
  assert_non_null(text);
  memset(text, '7', 400000);
  assert_int_equal(rl_decimal_parse(rl_str_make(text, 400000), &d, &e), RILLE_ERROR);
  assert_int_equal(rl_decimal_parse(rl_str_make(text, 200000), &d, NULL), RILLE_ERROR);
  rl_error_clear(&e);
  free(text);
}

static bool work(void *argument) {
  (void)argument;
  rl_decimal *a = NULL, *b = NULL, *c = NULL;
  rl_error e = {0};
  rl_buf out;
  rl_buf_init(&out);
  bool done = rl_decimal_parse(RL_STR("12.5e3"), &a, &e) == RILLE_OK && rl_decimal_of_int(7, &b, &e) == RILLE_OK &&
              rl_decimal_div(a, b, &c, &e) == RILLE_OK && rl_decimal_format(c, 90, &out, &e) == RILLE_OK;
  if (done == e.nomem) abort();
  rl_decimal_free(a);
  rl_decimal_free(b);
  rl_decimal_free(c);
  rl_error_clear(&e);
  rl_buf_dispose(&out);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(work, NULL, false) > 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text_form),
      cmocka_unit_test(test_rejected),
      cmocka_unit_test(test_conversions),
      cmocka_unit_test(test_floats_round_trip),
      cmocka_unit_test(test_correct_rounding),
      cmocka_unit_test(test_arithmetic),
      cmocka_unit_test(test_division_by_zero),
      cmocka_unit_test(test_rounding),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_random_sums),
      cmocka_unit_test(test_random_texts),
      cmocka_unit_test(test_numbers_do_not_grow_without_limit),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
