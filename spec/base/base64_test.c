/* Base64: the examples of RFC 4648, and its two alphabets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/base64.h"

static void test_encode(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"},
                                         {"\xfb\xff\xbf", "+/+/"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char out[16] = {0};
    size_t len = strlen(pairs[i][0]);
    char *end = rl_base64_encode(pairs[i][0], len, out);
    assert_int_equal(end - out, (int)rl_base64_length(len));
    assert_string_equal(out, pairs[i][1]);
  }
}

static void test_digits(void **state) {
  (void)state;
  static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 64; i++) assert_int_equal(rl_base64_digit(standard[i]), i);
  assert_int_equal(rl_base64_digit('-'), 62);
  assert_int_equal(rl_base64_digit('_'), 63);
  assert_int_equal(rl_base64_digit('='), -1);
  assert_int_equal(rl_base64_digit('\0'), -1);
  assert_int_equal(rl_base64_digit('\x80'), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_encode), cmocka_unit_test(test_digits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
