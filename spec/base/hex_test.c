/* Hexadecimal digits, and percent-encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/percent.h"

static void test_digits(void **state) {
  (void)state;
  static const char all[] = "0123456789abcdef", upper[] = "ABCDEF";
  for (int i = 0; i < 16; i++) assert_int_equal(rl_hex_digit(all[i]), i);
  for (int i = 0; i < 6; i++) assert_int_equal(rl_hex_digit(upper[i]), 10 + i);
  for (const char *c = "/:@G`g \xff"; *c; c++) assert_int_equal(rl_hex_digit(*c), -1);
  assert_int_equal(rl_hex_digit('\0'), -1);
}

static void test_bytes(void **state) {
  (void)state;
  char text[] = "--------";
  rl_hex_bytes("\0\x7f\xff", 3, text);
  assert_string_equal(text, "007fff--");
}

static void test_numbers(void **state) {
  (void)state;
  static const uint64_t numbers[] = {0, 1, UINT64_C(0x0123456789abcdef), UINT64_MAX};
  char text[RL_HEX_NUMBER];
  uint64_t got;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    rl_hex_number(numbers[i], text);
    assert_true(rl_hex_read_number(rl_str_make(text, sizeof text), &got));
    assert_true(got == numbers[i]);
  }
  assert_memory_equal(text, "ffffffffffffffff", sizeof text);
  static const char *const wrong[] = {
      "", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg", "0x23456789abcdef"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(rl_hex_read_number(rl_str_of(wrong[i]), &got));
}

static void test_percent(void **state) {
  (void)state;
  char text[16];
  size_t len;
  assert_true(rl_percent_decode(RL_STR("a%20%2Fb%c3%BC%00"), text, &len));
  assert_int_equal(len, 7);
  assert_memory_equal(text, "a /b\xc3\xbc\0", len);
  assert_true(rl_percent_decode(RL_STR(""), text, &len));
  assert_int_equal(len, 0);
  static const char *const wrong[] = {"%", "%4", "a%", "%zz", "%4z", "%%41"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(rl_percent_decode(rl_str_of(wrong[i]), text, &len));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_digits),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_percent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
