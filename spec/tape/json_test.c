/* JSON text: strict reading, writing, floats, random round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/failing_allocator.h"
#include "random.h"
#include "tape/json.h"

/* Reads the whole text and writes it again without spaces. Returns false if it is not JSON. */
static bool rewrite(rl_str text, rl_buf *out, rl_error *err) {
  rl_json_reader r;
  rl_json_token token;
  rille_status status;
  bool comma = false;
  rl_json_reader_init(&r, text);
  while ((status = rl_json_next(&r, &token, err)) == RILLE_ROW) {
    bool closes = token == RL_JSON_CLOSE_OBJECT || token == RL_JSON_CLOSE_ARRAY;
    if (comma && !closes) rl_buf_byte(out, ',');
    comma = true;
    switch (token) {
    case RL_JSON_NULL: rl_buf_text(out, "null"); break;
    case RL_JSON_TRUE: rl_buf_text(out, "true"); break;
    case RL_JSON_FALSE: rl_buf_text(out, "false"); break;
    case RL_JSON_NUMBER: rl_buf_str(out, r.value); break;
    case RL_JSON_KEY:
    case RL_JSON_TEXT: rl_json_write_text(out, r.value); break;
    case RL_JSON_OPEN_OBJECT: rl_buf_byte(out, '{'); break;
    case RL_JSON_OPEN_ARRAY: rl_buf_byte(out, '['); break;
    case RL_JSON_CLOSE_OBJECT: rl_buf_byte(out, '}'); break;
    case RL_JSON_CLOSE_ARRAY: rl_buf_byte(out, ']'); break;
    default: abort();
    }
    if (token == RL_JSON_KEY) rl_buf_byte(out, ':');
    if (token == RL_JSON_KEY || token == RL_JSON_OPEN_OBJECT || token == RL_JSON_OPEN_ARRAY) comma = false;
  }
  rl_json_reader_dispose(&r);
  return status == RILLE_DONE && !out->failed;
}

static void assert_reads(const char *text, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  rl_error e = {0};
  if (!rewrite(rl_str_of(text), &out, &e)) fail_msg("%s: %s", text, rl_error_message(&e));
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

static void test_accepted(void **state) {
  (void)state;
  assert_reads(" null ", "null");
  assert_reads("[]", "[]");
  assert_reads("{ }", "{}");
  assert_reads("\t[ 1 , -0 , 0.5 , 1e5, 1E-2, -12.5e+3 ]\r\n", "[1,-0,0.5,1e5,1E-2,-12.5e+3]");
  assert_reads("{\"a\":{\"b\":[true,false,null]},\"\":\"\"}", "{\"a\":{\"b\":[true,false,null]},\"\":\"\"}");
  assert_reads("\"\\u0041\\n\\/\\\\\\\"\\t\\b\\f\\r\"", "\"A\\n/\\\\\\\"\\t\\b\\f\\r\"");
  assert_reads("\"\\u00e4\\u20AC\\ud83d\\ude00\"", "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  assert_reads("\"\\u0000\\u001f\"", "\"\\u0000\\u001f\"");
  assert_reads("[[[]],[{}]]", "[[[]],[{}]]");
  assert_reads("123456789012345678901234567890.5", "123456789012345678901234567890.5");
}

static void test_rejected(void **state) {
  (void)state;
  static const struct {
    const char *text, *where;
  } cases[] = {
      {"", "offset 0"},
      {"  ", "offset 2"},
      {"nul", "offset 0"},
      {"nulll", "offset 4"},
      {"1 2", "offset 2"},
      {"[1,]", "offset 3"},
      {"[1 2]", "offset 3"},
      {"[,1]", "offset 1"},
      {"[1", "offset 2"},
      {"{\"a\"}", "offset 4"},
      {"{\"a\":}", "offset 5"},
      {"{\"a\":1,}", "offset 7"},
      {"{a:1}", "offset 1"},
      {"{\"a\":1]", "offset 6"},
      {"[1}", "offset 2"},
      {"]", "offset 0"},
      {"01", "offset 2"},
      {"-", "offset 1"},
      {"1.", "offset 2"},
      {".5", "offset 0"},
      {"1e", "offset 2"},
      {"+1", "offset 0"},
      {"NaN", "offset 0"},
      {"'a'", "offset 0"},
      {"\"a", "offset 2"},
      {"\"\\x\"", "offset 2"},
      {"\"\\u12g4\"", "offset 3"},
      {"\"\n\"", "offset 1"},
      {"\"\\ud800\"", "offset 7"},
      {"\"\\udc00\"", "offset 7"},
      {"\"\\ud800\\u0041\"", "offset 13"},
      {"\"ab\xC3(\"", "offset 3"},
      {"\"\xED\xA0\x80\"", "offset 1"},
      {"\"\\", "offset 2"},
      {"tru\\", "offset 0"},
      {"{\"a\" 1}", "offset 5"},
      {"[1]]", "offset 3"},
      {"{1:2}", "offset 1"},
      {"/**/1", "offset 0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_buf out;
    rl_buf_init(&out);
    rl_error e = {0};
    if (rewrite(rl_str_of(cases[i].text), &out, &e)) fail_msg("'%s' was accepted", cases[i].text);
    if (!strstr(rl_error_message(&e), cases[i].where)) fail_msg("'%s': %s", cases[i].text, rl_error_message(&e));
    rl_error_clear(&e);
    rl_buf_dispose(&out);
  }
}

static void test_depth(void **state) {
  (void)state;
  char text[500];
  rl_buf out;
  rl_buf_init(&out);
  rl_error e = {0};
  memset(text, '[', 200);
  memset(text + 200, ']', 200);
  assert_true(rewrite(rl_str_make(text, 400), &out, &e));
  memset(text, '[', 201);
  assert_false(rewrite(rl_str_make(text, 400), &out, &e));
  assert_non_null(strstr(rl_error_message(&e), "200"));
  rl_error_clear(&e);
  rl_buf_dispose(&out);
}

/* ------------------------------------------------------------------ random texts */

static void write_random_text(uint64_t *seed, rl_buf *out) {
  rl_buf text;
  rl_buf_init(&text);
  for (unsigned i = random_below(seed, 12); i > 0; i--) {
    static const char *const pieces[] = {"a", "\"",        "\\", "\n", "\x01", "\xC3\xA4", "\xF0\x9F\x98\x80",
                                         "/", "long piece"};
    rl_buf_text(&text, pieces[random_below(seed, 9)]);
  }
  rl_json_write_text(out, rl_buf_view(&text));
  rl_buf_dispose(&text);
}

static void write_random(uint64_t *seed, int depth, rl_buf *out) {
  unsigned choice = random_below(seed, depth > 0 ? 7 : 5);
  unsigned count = random_below(seed, 4);
  switch (choice) {
  case 0: rl_buf_text(out, "null"); break;
  case 1: rl_buf_text(out, count % 2 ? "true" : "false"); break;
  case 2: rl_buf_int(out, (int64_t)random_next(seed)); break;
  case 3: rl_json_write_float(out, (double)random_next(seed) / 3.0); break;
  case 4: write_random_text(seed, out); break;
  default:
    rl_buf_byte(out, choice == 5 ? '{' : '[');
    for (unsigned i = 0; i < count; i++) {
      if (i) rl_buf_byte(out, ',');
      if (choice == 5) write_random_text(seed, out), rl_buf_byte(out, ':');
      write_random(seed, depth - 1, out);
    }
    rl_buf_byte(out, choice == 5 ? '}' : ']');
  }
}

static void test_random_round_trips(void **state) {
  (void)state;
  uint64_t seed = 3;
  rl_buf text, out;
  rl_buf_init(&text);
  rl_buf_init(&out);
  for (int i = 0; i < 20000; i++) {
    rl_buf_reset(&text);
    rl_buf_reset(&out);
    write_random(&seed, 6, &text);
    rl_error e = {0};
    if (!rewrite(rl_buf_view(&text), &out, &e)) fail_msg("%s: %s", rl_buf_z(&text), rl_error_message(&e));
    assert_string_equal(rl_buf_z(&text), rl_buf_z(&out));
    /* Damaged text must be read or rejected, and no byte after its end read. */
    char *copy = malloc(text.len + 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.len);
    size_t length = random_below(&seed, (unsigned)text.len + 1);
    char *tight = malloc(length ? length : 1);
    assert_non_null(tight);
    memcpy(tight, copy, length);
    if (length) tight[random_below(&seed, (unsigned)length)] = (char)random_next(&seed);
    (void)rewrite(rl_str_make(tight, length), &out, &e);
    rl_error_clear(&e);
    free(tight);
    free(copy);
  }
  rl_buf_dispose(&text);
  rl_buf_dispose(&out);
}

/* ------------------------------------------------------------------ floats */

static void assert_float(double f, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  rl_json_write_float(&out, f);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

static void check_floats(void) {
  assert_float(0.1, "0.1");
  assert_float(1.0 / 3, "0.3333333333333333");
  assert_float(0.1 + 0.2, "0.30000000000000004");
  assert_float(3.0, "3");
  assert_float(-0.0, "-0");
  assert_float(-2.5, "-2.5");
  assert_float(1e15, "1000000000000000");
  assert_float(9007199254740992.0, "9007199254740992");
  assert_float(1e300, "1e+300");
  assert_float(5e-324, "5e-324");
  assert_float(2.2250738585072014e-308, "2.2250738585072014e-308");
  assert_float(1.7976931348623157e308, "1.7976931348623157e+308");
  assert_float(INFINITY, "null");
  assert_float(NAN, "null");
}

static void test_floats(void **state) {
  (void)state;
  check_floats();
  uint64_t seed = 9;
  for (int i = 0; i < 50000; i++) {
    uint64_t bits = random_next(&seed);
    double f, back;
    memcpy(&f, &bits, sizeof f);
    if (i % 2) f = (double)(int64_t)bits / 1000000.0;
    if (!isfinite(f)) continue;
    rl_buf out;
    rl_buf_init(&out);
    rl_json_write_float(&out, f);
    back = strtod(rl_buf_z(&out), NULL);
    assert_memory_equal(&back, &f, sizeof f);
    rl_buf_dispose(&out);
  }
}

static void test_floats_in_a_locale_with_comma(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (setlocale(LC_NUMERIC, names[i])) break;
  check_floats(); /* if no such locale is installed, this repeats the test above */
  setlocale(LC_NUMERIC, "C");
}

static bool read_with_escapes(void *argument) {
  (void)argument;
  rl_buf out;
  rl_buf_init(&out);
  rl_error e = {0};
  bool done = rewrite(RL_STR("{\"a\\n\":[\"\\u20ac\",\"a text that is longer than the first buffer of a text with "
                             "escapes \\t and so on\"]}"),
                      &out, &e);
  rl_error_clear(&e);
  rl_buf_dispose(&out);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(read_with_escapes, NULL, false) > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_accepted),
      cmocka_unit_test(test_rejected),
      cmocka_unit_test(test_depth),
      cmocka_unit_test(test_random_round_trips),
      cmocka_unit_test(test_floats),
      cmocka_unit_test(test_floats_in_a_locale_with_comma),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
