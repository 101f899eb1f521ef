/* JSON in rille's form, and the writers of strings and integers against simple ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/failing_allocator.h"
#include "base/digits.h"
#include "random.h"
#include "tape/json_form.h"

static uint64_t seed = 20261201;

static rille_status form(rl_json_form *f, const char *text, rl_buf *out, unsigned *depth, rl_error *err) {
  rl_buf_reset(out);
  return rl_json_form_write(f, rl_str_of(text), out, depth, err);
}

static void expect(rl_json_form *f, const char *text, const char *expected, unsigned depth) {
  rl_buf out;
  rl_error err = {0};
  unsigned found = 0;
  rl_buf_init(&out);
  if (form(f, text, &out, &found, &err) < 0) fail_msg("%s: %s", text, rl_error_message(&err));
  assert_string_equal(rl_buf_z(&out), expected);
  assert_int_equal(found, depth);
  rl_buf_dispose(&out);
}

static void test_form(void **state) {
  (void)state;
  rl_json_form f = {0};
  expect(&f, " null ", "null", 0);
  expect(&f, "\"a\\u00e9\\/\\u0001\\t\\\"\"", "\"a\xc3\xa9/\\u0001\\t\\\"\"", 0);
  expect(&f, "[ ]", "[]", 1);
  expect(&f, "{ }", "{}", 1);
  expect(&f, "[1, [ ], {\"b\": [true, false], \"a\": null}]", "[1,[],{\"a\":null,\"b\":[true,false]}]", 3);
  expect(&f, "{\"b\":{\"d\":1,\"c\":{\"y\":1,\"x\":2}},\"a\":[{\"q\":1,\"p\":2}]}",
         "{\"a\":[{\"p\":2,\"q\":1}],\"b\":{\"c\":{\"x\":2,\"y\":1},\"d\":1}}", 3);
  expect(&f, "{\"aa\":1,\"a\":2,\"b\":3,\"\":4}", "{\"\":4,\"a\":2,\"aa\":1,\"b\":3}", 1);
  expect(&f, "{\"a\":1,\"b\":2,\"a\":[3]}", "{\"a\":[3],\"b\":2}", 2);
  expect(&f, "{\"a\":1,\"a\":2}", "{\"a\":2}", 1);
  expect(&f, "{\"\\u0062\":1,\"a\":2}", "{\"a\":2,\"b\":1}", 1);
  expect(&f, "[0,-0,1.0,1e3,1.50,-2.5e-3,1E+2]", "[0,-0,1,1000,1.5,-0.0025,100]", 1);
  expect(&f, "[9223372036854775807,-9223372036854775808,9223372036854775808,1e30]",
         "[9223372036854775807,-9223372036854775808,9223372036854775808,1e+30]", 1);
  expect(&f, "0.1234567890123456789", "0.1234567890123456789", 0);
  expect(&f, "[9007199254740993]", "[9007199254740993]", 1);
  f.big_as_text = true;
  expect(&f, "[9007199254740993,-9007199254740993,9007199254740992,9223372036854775808,1.5]",
         "[\"9007199254740993\",\"-9007199254740993\",9007199254740992,9223372036854775808,1.5]", 1);
  rl_json_form_dispose(&f);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"", "{", "[1,]", "{\"a\"}", "nul", "\"\xff\"", "1 2", "1e99999"};
  rl_json_form f = {0};
  rl_buf out;
  rl_buf_init(&out);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    rl_error err = {0};
    unsigned depth;
    if (form(&f, texts[i], &out, &depth, &err) != RILLE_ERROR) fail_msg("%s", texts[i]);
    rl_error_clear(&err);
  }
  char many[1024] = "[1e20000";
  for (int i = 0; i < 60; i++) strcat(many, ",1e20000");
  strcat(many, "]");
  rl_error err = {0};
  unsigned depth;
  assert_int_equal(form(&f, many, &out, &depth, &err), RILLE_ERROR);
  assert_non_null(strstr(rl_error_message(&err), "too many digits"));
  rl_error_clear(&err);
  rl_buf_dispose(&out);
  rl_json_form_dispose(&f);
}

static void write_random(rl_buf *out, int depth) {
  unsigned kind = random_below(&seed, depth > 0 ? 9 : 6);
  switch (kind) {
  case 0: rl_buf_text(out, "null"); return;
  case 1: rl_buf_text(out, "true"); return;
  case 2: rl_buf_printf(out, "%d", (int)random_below(&seed, 2000) - 1000); return;
  case 3: rl_buf_printf(out, "%d.%u", (int)random_below(&seed, 200) - 100, random_below(&seed, 1000)); return;
  case 4:
    rl_buf_printf(out, "\"%c\\n%c\"", 'a' + (int)random_below(&seed, 26), 'a' + (int)random_below(&seed, 26));
    return;
  case 5: rl_buf_text(out, "\"\""); return;
  default: break;
  }
  bool object = kind != 6;
  unsigned count = random_below(&seed, 6);
  rl_buf_byte(out, object ? '{' : '[');
  for (unsigned i = 0; i < count; i++) {
    if (i) rl_buf_text(out, ", ");
    if (object) rl_buf_printf(out, "\"%c\": ", 'a' + (int)random_below(&seed, 8));
    write_random(out, depth - 1);
  }
  rl_buf_byte(out, object ? '}' : ']');
}

/* Keys in order, and the form of the form is the same. */
static void test_random(void **state) {
  (void)state;
  rl_json_form f = {0};
  rl_buf in, once, twice;
  rl_buf_init(&in);
  rl_buf_init(&once);
  rl_buf_init(&twice);
  for (int i = 0; i < 3000; i++) {
    unsigned depth;
    rl_error err = {0};
    rl_buf_reset(&in);
    write_random(&in, 5);
    assert_int_equal(form(&f, rl_buf_z(&in), &once, &depth, &err), RILLE_OK);
    assert_int_equal(form(&f, rl_buf_z(&once), &twice, &depth, &err), RILLE_OK);
    assert_string_equal(rl_buf_z(&once), rl_buf_z(&twice));
    assert_true(once.len <= in.len);
  }
  rl_buf_dispose(&in);
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
  rl_json_form_dispose(&f);
}

static bool form_once(void *argument) {
  rl_json_form f = {0};
  rl_buf out;
  rl_error err = {0};
  unsigned depth;
  rl_buf_init(&out);
  rille_status st = form(&f, argument, &out, &depth, &err);
  assert_true(st == RILLE_OK || st == RILLE_NOMEM);
  rl_error_clear(&err);
  rl_buf_dispose(&out);
  rl_json_form_dispose(&f);
  return st == RILLE_OK;
}

static void test_shortage(void **state) {
  (void)state;
  char text[] = "{\"b\":[1,2.5,\"x\\n\"],\"a\":{\"d\":1,\"c\":123456789012345678901234567890}}";
  assert_true(fail_each_allocation(form_once, text, false) > 3);
}

/* ------------------------------------------------------------------ strings and integers */

static void write_simply(rl_buf *out, const unsigned char *p, size_t len) {
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < len; i++) {
    static const char *const letters[128] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
                                             ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t"};
    if (p[i] < 128 && letters[p[i]])
      rl_buf_text(out, letters[p[i]]);
    else if (p[i] < 0x20)
      rl_buf_printf(out, "\\u%04x", p[i]);
    else
      rl_buf_byte(out, (char)p[i]);
  }
  rl_buf_byte(out, '"');
}

static void test_strings(void **state) {
  (void)state;
  static const char *const pieces[] = {"a",    "bc",   "defghij", "\"",          "\\",           "\n",
                                       "\x01", "\x1f", "\x7f",    "\xc3\xa9",    "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                       " ",    "\xff", "\xc3",    "\xed\xa0\x80"};
  rl_buf text, found, expected;
  rl_buf_init(&text);
  rl_buf_init(&found);
  rl_buf_init(&expected);
  for (int i = 0; i < 20000; i++) {
    rl_buf_reset(&text);
    rl_buf_reset(&found);
    rl_buf_reset(&expected);
    unsigned count = random_below(&seed, 24), kinds = i % 3 == 0 ? 16 : i % 3 == 1 ? 13 : 3;
    for (unsigned k = 0; k < count; k++) rl_buf_text(&text, pieces[random_below(&seed, kinds)]);
    rl_str s = rl_buf_view(&text);
    bool valid = rl_json_write_text(&found, s);
    write_simply(&expected, (const unsigned char *)s.p, s.len);
    assert_int_equal(valid, rl_utf8_valid(s, NULL));
    assert_string_equal(rl_buf_z(&found), rl_buf_z(&expected));
  }
  rl_buf_reset(&found);
  assert_true(rl_json_write_text(&found, (rl_str){NULL, 0}));
  assert_string_equal(rl_buf_z(&found), "\"\"");
  rl_buf_dispose(&text);
  rl_buf_dispose(&found);
  rl_buf_dispose(&expected);
}

static void check_int(int64_t i) {
  char found[RL_INT_TEXT_MAX + 1], expected[32];
  *rl_put_int(found, i) = '\0';
  snprintf(expected, sizeof expected, "%" PRId64, i);
  assert_string_equal(found, expected);
}

static void test_integers(void **state) {
  (void)state;
  check_int(INT64_MAX);
  check_int(INT64_MIN);
  for (int64_t power = 1; power > 0 && power <= INT64_MAX / 10; power *= 10)
    for (int64_t d = -1; d <= 1; d++) {
      check_int(power + d);
      check_int(-power - d);
    }
  for (int64_t i = -1000; i < 12000; i++) check_int(i);
}

static void test_bytes(void **state) {
  (void)state;
  static const char *const expected[] = {"\"\"", "\"AA==\"", "\"AP8=\"", "\"AP94\"", "\"AP94fw==\""};
  for (size_t len = 0; len < 5; len++) {
    rl_buf out;
    rl_buf_init(&out);
    rl_json_write_base64(&out, rl_str_make("\0\xffx\x7f", len));
    assert_string_equal(rl_buf_z(&out), expected[len]);
    rl_buf_dispose(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_form),     cmocka_unit_test(test_refused), cmocka_unit_test(test_random),
      cmocka_unit_test(test_shortage), cmocka_unit_test(test_strings), cmocka_unit_test(test_integers),
      cmocka_unit_test(test_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
