/* Rules and defaults of fields through the public interface. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rille/rille.h>

static const char text[] =
    "model A {\n  id Int @id @default(autoincrement())\n  /// @lowercase\n  /// @length 3..\n  /// "
    "@one-of abc, \"d, e\"\n  /// @message choose one\n  /// @trim\n  s String @default(\"abc\")\n  /// "
    "@range 0.5..1e2\n  d Decimal @default(7.10)\n  /// @range ..9\n  b BigInt @default(-3)\n  f Float "
    "@default(1.5)\n  y Boolean @default(true)\n  j Json @default(\"[1]\")\n  l Int[] @default([1, "
    "2])\n  g String @default(dbgenerated(\"x()\"))\n}\n"
    "/// @touches C, A\nmodel B {\n  id Int @id\n}\nmodel C {\n  id Int @id\n}\n";

static rille_schema *open_schema(void) {
  rille_schema_options o = {.struct_size = sizeof o, .text = text, .text_len = sizeof text - 1};
  rille_schema *s = NULL;
  assert_int_equal(rille_schema_open(&o, &s, NULL, NULL), RILLE_OK);
  return s;
}

static bool is(rille_text t, const char *expected) {
  return t.len == strlen(expected) && memcmp(t.p, expected, t.len) == 0;
}
static bool value_is(const rille_value *v, rille_value_kind kind, const char *expected) {
  return v->kind == kind && is((rille_text){v->as.p, v->len}, expected);
}

static rille_rule_info rule_of(const rille_schema *s, uint32_t field, uint32_t number) {
  rille_rule_info r = {.struct_size = sizeof r};
  assert_int_equal(rille_schema_rule_get(s, 0, field, number, &r), 1);
  return r;
}

static void test_rules(void **state) {
  (void)state;
  rille_schema *s = open_schema();
  rille_field_info f = {.struct_size = sizeof f};
  assert_int_equal(rille_schema_field_get(s, 0, 1, &f), 1);
  assert_int_equal(f.rule_count, 5);
  static const char *const words[] = {"trim", "lowercase", "length", "one-of", "message"};
  static const int32_t kinds[] = {RILLE_RULE_TRIM, RILLE_RULE_LOWERCASE, RILLE_RULE_LENGTH, RILLE_RULE_ONE_OF,
                                  RILLE_RULE_MESSAGE};
  for (uint32_t i = 0; i < 5; i++) {
    rille_rule_info r = rule_of(s, 1, i);
    assert_true(is(r.word, words[i]));
    assert_int_equal(r.kind, kinds[i]);
  }
  rille_rule_info length = rule_of(s, 1, 2), one_of = rule_of(s, 1, 3), range = rule_of(s, 2, 0);
  assert_true(length.min.kind == RILLE_INT && length.min.as.i == 3 && length.max.kind == RILLE_NULL);
  assert_int_equal(one_of.value_count, 2);
  rille_value v;
  assert_int_equal(rille_schema_rule_value(s, 0, 1, 3, 1, &v), 1);
  assert_true(value_is(&v, RILLE_TEXT, "d, e"));
  assert_int_equal(rille_schema_rule_value(s, 0, 1, 3, 2, &v), 0);
  assert_true(is(rule_of(s, 1, 4).text, "choose one"));
  assert_true(value_is(&range.max, RILLE_DECIMAL, "100") && is(range.max_text, "1e2"));
  rille_rule_info none = {.struct_size = sizeof none};
  assert_int_equal(rille_schema_rule_get(s, 0, 1, 5, &none), 0);
  assert_int_equal(rille_schema_rule_get(s, 0, 0, 0, &none), 0);
  assert_int_equal(rille_schema_rule_get(s, 1, 0, 0, &none), 0);
  rille_schema_release(s);
}

static void test_defaults(void **state) {
  (void)state;
  rille_schema *s = open_schema();
  rille_value v;
  assert_int_equal(rille_schema_default_get(s, 0, 0, 0, &v), 0);
  assert_true(rille_schema_default_get(s, 0, 1, 0, &v) && value_is(&v, RILLE_TEXT, "abc"));
  assert_true(rille_schema_default_get(s, 0, 2, 0, &v) && value_is(&v, RILLE_DECIMAL, "7.10"));
  assert_true(rille_schema_default_get(s, 0, 3, 0, &v) && v.kind == RILLE_INT && v.as.i == -3);
  assert_true(rille_schema_default_get(s, 0, 4, 0, &v) && v.kind == RILLE_FLOAT && v.as.f == 1.5);
  assert_true(rille_schema_default_get(s, 0, 5, 0, &v) && v.kind == RILLE_BOOL && v.as.i == 1);
  assert_true(rille_schema_default_get(s, 0, 6, 0, &v) && value_is(&v, RILLE_JSON, "[1]"));
  assert_true(rille_schema_default_get(s, 0, 7, 1, &v) && v.kind == RILLE_INT && v.as.i == 2);
  assert_int_equal(rille_schema_default_get(s, 0, 7, 2, &v), 0);
  rille_field_info f = {.struct_size = sizeof f};
  assert_int_equal(rille_schema_field_get(s, 0, 8, &f), 1);
  assert_true(is(f.expression, "x()") && f.default_count == 0);
  rille_schema_release(s);
}

static void test_touches(void **state) {
  (void)state;
  rille_schema *s = open_schema();
  rille_model_info m = {.struct_size = sizeof m};
  int32_t other = -1;
  assert_int_equal(rille_schema_model_get(s, 1, &m), 1);
  assert_int_equal(m.touch_count, 2);
  assert_int_equal(rille_schema_touch_get(s, 1, 0, &other), 1);
  assert_int_equal(other, 2);
  assert_int_equal(rille_schema_touch_get(s, 1, 1, &other), 1);
  assert_int_equal(other, 0);
  assert_int_equal(rille_schema_touch_get(s, 1, 2, &other), 0);
  assert_int_equal(rille_schema_touch_get(s, 9, 0, &other), 0);
  rille_schema_release(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_defaults),
                                     cmocka_unit_test(test_touches)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
