/* Lua's patterns: what they find, which of them are malformed, and how long a match may take. spec/lua/rules_spec.lua
 * compares them with Lua's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/pattern.h"

static void check(const char *pattern, const char *text, bool found) {
  const char *why = rl_pattern_error(rl_str_of(pattern));
  if (why) fail_msg("`%s`: %s", pattern, why);
  rl_pattern_result result = rl_pattern_find(rl_str_of(pattern), rl_str_of(text));
  if (result != (found ? RL_PATTERN_FOUND : RL_PATTERN_NOT_FOUND))
    fail_msg("`%s` in `%s`: %d", pattern, text, (int)result);
}

static void test_classes(void **state) {
  (void)state;
  check("^[a-z0-9-]+$", "a-slug-7", true);
  check("^[a-z0-9-]+$", "A-slug", false);
  check("^[a-z0-9-]+$", "", false);
  check("^%u%l+$", "Ada", true);
  check("^%u%l+$",
        "\xC3\x84"
        "da",
        false); /* no letter beyond ASCII */
  check("%S", " \t\n\v\f\r", false);
  check("^%p+$", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true);
  check("^%x+$", "0aF", true);
  check("^%g+$", "a b", false);
  check("^%c$", "\x7F", true);
  check("^[^%d]*$", "abc", true);
  check("^[]]+$", "]]", true);
  check("^[^]]+$", "a]", false);
  check("^[%]a-]+$", "]-a", true);
  check("^[a%-z]+$", "-", true);
  check("^[a%-z]+$", "b", false);
  check("^[a-]+$", "a-", true);
  check("^..$", "ab", true);
  check("^%%%.$", "%.", true);
}

static void test_quantifiers(void **state) {
  (void)state;
  check("^a*b$", "aaab", true);
  check("^a+b$", "b", false);
  check("^a-b$", "aab", true);
  check("^a?b$", "ab", true);
  check("^a?b$", "aab", false);
  check("^.-(%d+)$", "abc12", true);
  check("*", "a*b", true); /* nothing to repeat: the byte itself */
  check("(a)*", "a*", true);
  check("^$", "", true);
  check("", "", true);
  check("a$b", "a$b", true);
  check("$*", "", true);
  check("^^", "^", true);
}

static void test_captures(void **state) {
  (void)state;
  check("^(%w+) %1$", "so so", true);
  check("^(%w+) %1$", "so no", false);
  check("^((a)(b))%2%3%1$", "ababab", true);
  check("^()a%1$", "a", false); /* a position repeats nothing */
  check("^(['\"])[^'\"]*%1$", "'it'", true);
  check("^(['\"])[^'\"]*%1$", "'it\"", false);
  check("%b()", "f(a(b)c)", true);
  check("^%b()$", "(a(b)", false);
  check("%f[%w]%w+%f[%W]", "hello", true);
  check("%f[%a]b", "ab", false);
}

static void test_malformed(void **state) {
  (void)state;
  static const char *const patterns[] = {"%",   "abc%", "[a", "[]",   "[^]", "[%",  "[a%]", "(",   ")",    "(()",
                                         "())", "%1",   "%0", "(%1)", "%b",  "%bx", "%f",   "%fa", "%f[a", "(a)%2"};
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
    if (!rl_pattern_error(rl_str_of(patterns[i]))) fail_msg("well formed: %s", patterns[i]);
  char many[600];
  for (size_t i = 0; i < 33; i++) memcpy(many + 2 * i, "()", 2);
  assert_null(rl_pattern_error(rl_str_make(many, 64)));
  assert_non_null(rl_pattern_error(rl_str_make(many, 66)));
  for (size_t i = 0; i < 201; i++) memcpy(many + 2 * i, "a*", 2);
  assert_null(rl_pattern_error(rl_str_make(many, 400)));
  assert_non_null(rl_pattern_error(rl_str_make(many, 402)));
}

static void test_bound(void **state) {
  (void)state;
  static char text[300000];
  memset(text, 'a', sizeof text);
  rl_str all = rl_str_make(text, sizeof text);
  assert_int_equal(rl_pattern_find(RL_STR("a*a*a*a*b"), rl_str_make(text, 400)), RL_PATTERN_TOO_LONG);
  assert_int_equal(rl_pattern_find(RL_STR("^a-b"), all), RL_PATTERN_TOO_LONG);
  assert_int_equal(rl_pattern_find(RL_STR("^a*$"), all), RL_PATTERN_TOO_LONG);
  assert_int_equal(rl_pattern_find(RL_STR("b"), all), RL_PATTERN_TOO_LONG);
  assert_int_equal(rl_pattern_find(RL_STR("^a*$"), rl_str_make(text, 90000)), RL_PATTERN_FOUND);
  text[0] = '(';
  assert_int_equal(rl_pattern_find(RL_STR("%b()"), all), RL_PATTERN_TOO_LONG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes),   cmocka_unit_test(test_quantifiers), cmocka_unit_test(test_captures),
      cmocka_unit_test(test_malformed), cmocka_unit_test(test_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
