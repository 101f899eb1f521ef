/* Rules applied to values: what passes, what is changed, and the words for the person at the form. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "input/rules.h"

#define TEXT(z) ((rl_value){.kind = RILLE_TEXT, .len = (uint32_t)strlen(z), .as.p = (z)})
#define INT(n) ((rl_value){.kind = RILLE_INT, .as.i = (n)})
#define FLOAT(n) ((rl_value){.kind = RILLE_FLOAT, .as.f = (n)})
#define DECIMAL(z) ((rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)strlen(z), .as.p = (z)})
#define DATE(us) ((rl_value){.kind = RILLE_DATETIME, .as.i = (us)})

typedef struct subject {
  rl_schema *schema;
  const rl_field *field;
} subject;

static subject subject_of(const char *type, const char *comments) {
  char text[600];
  (void)snprintf(text, sizeof text, "model A {\n  id Int @id\n%s\n  x %s\n}\n", comments, type);
  rl_source source = {RL_STR("test.prisma"), rl_str_of(text)};
  subject s = {NULL, NULL};
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &s.schema, NULL, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
  s.field = rl_model_field(s.schema->models[0], RL_STR("x"));
  return s;
}

/* All faults, "code[element] message" separated by "; ", or the transformed text. */
static void check_value(const char *type, const char *comments, rl_value v, const char *expected) {
  subject s = subject_of(type, comments);
  rl_arena arena;
  rl_error err = {0};
  rl_buf out;
  rl_rule_fault fault;
  rl_arena_init(&arena, 0);
  rl_buf_init(&out);
  assert_int_equal(rl_rules_transform(s.field->rules, &arena, &v, &err), RILLE_OK);
  for (uint32_t at = 0; rl_rules_check(s.field, &v, false, &at, &fault);) {
    rl_buf_printf(&out, "%s%s", out.len ? "; " : "", fault.code);
    if (fault.element) rl_buf_printf(&out, "[%u]", (unsigned)fault.element);
    rl_buf_byte(&out, ' ');
    rl_rule_message(s.field, &fault, &out);
  }
  if (!out.len && v.kind == RILLE_TEXT) rl_buf_put(&out, v.as.p, v.len);
  assert_string_equal(out.len ? rl_buf_z(&out) : "", expected);
  rl_buf_dispose(&out);
  rl_arena_dispose(&arena);
  rl_schema_release(s.schema);
}

static void test_length(void **state) {
  (void)state;
  check_value("String", "/// @length 3..5", TEXT("ab"), "too_short must be at least 3 characters long");
  check_value("String", "/// @length 3..5", TEXT("abc"), "abc");
  check_value("String", "/// @length 3..5", TEXT("äöü"), "äöü");
  check_value("String", "/// @length 3..5", TEXT("äöüäöü"), "too_long must be at most 5 characters long");
  check_value("String", "/// @length 1..", TEXT(""), "too_short must be at least 1 character long");
  check_value("String", "/// @length 4..4", TEXT("abc"), "too_short must be exactly 4 characters long");
  check_value("Bytes", "/// @length ..2", ((rl_value){.kind = RILLE_BYTES, .len = 3, .as.p = "\xC3\xA4\0"}),
              "too_long must be at most 2 bytes long");
  check_value("String?", "/// @length 3..", (rl_value){.kind = RILLE_NULL}, "");
  check_value("String", "/// @length 3..\n/// @message say more", TEXT("a"), "too_short say more");
}

static void test_lists(void **state) {
  (void)state;
  const rl_value items[] = {TEXT("ab"), TEXT("c d"), TEXT("x")};
  rl_value list = {.kind = RILLE_LIST, .len = 3, .as.list = items}, none = {.kind = RILLE_LIST};
  check_value("String[]", "/// @length 1..2\n/// @pattern ^%a+$", list,
              "too_long must have at most 2 items; bad_format[2] does not have the right format");
  check_value("String[]", "/// @length 1..", none, "too_short must have at least 1 item");
  check_value("String[]", "/// @one-of ab, x", list, "not_one_of[2] must be one of ab, x");
}

static void test_range(void **state) {
  (void)state;
  check_value("Int", "/// @range 0..10", INT(-1), "too_small must be at least 0");
  check_value("Int", "/// @range 0..10", INT(11), "too_large must be at most 10");
  check_value("Int", "/// @range 0..10", INT(10), "");
  check_value("BigInt", "/// @range ..9007199254740992", INT(INT64_C(9007199254740993)),
              "too_large must be at most 9007199254740992");
  check_value("Float", "/// @range 0.1..0.3", FLOAT(0.1), "");
  check_value("Float", "/// @range 0.1..0.3", FLOAT(0.1 + 0.2), "too_large must be at most 0.3");
  check_value("Float", "/// @range 0..", FLOAT((double)NAN), "too_small must be at least 0");
  check_value("Float", "/// @range ..0", FLOAT((double)NAN), "too_large must be at most 0");
  check_value("Float", "/// @range ..0", FLOAT(-HUGE_VAL), "");
  check_value("Decimal", "/// @range -0.5..12345678901234567890.12", DECIMAL("12345678901234567890.13"),
              "too_large must be at most 12345678901234567890.12");
  check_value("Decimal", "/// @range -0.5..12345678901234567890.12", DECIMAL("12345678901234567890.119"), "");
  check_value("Decimal", "/// @range -0.5..", DECIMAL("-0.51"), "too_small must be at least -0.5");
  check_value("Decimal", "/// @range -0.5..", DECIMAL("-0.49"), "");
  check_value("Decimal", "/// @range 1e2..", DECIMAL("99"), "too_small must be at least 1e2");
  check_value("DateTime", "/// @range 2020-01-01..2020-12-31", DATE(INT64_C(1577836799999999)),
              "too_small must not be before 2020-01-01");
  check_value("DateTime", "/// @range 2020-01-01..2020-12-31", DATE(INT64_C(1609372800000001)),
              "too_large must not be after 2020-12-31");
  check_value("DateTime", "/// @range 2020-01-01..", TEXT("-infinity"), "too_small must not be before 2020-01-01");
  check_value("DateTime", "/// @range 2020-01-01..", TEXT("infinity"), "infinity");
  check_value("Int", "/// @one-of 1, -2", INT(-2), "");
  check_value("Int", "/// @one-of 1, -2", INT(2), "not_one_of must be one of 1, -2");
}

static void test_transforms(void **state) {
  (void)state;
  check_value("String", "/// @trim", TEXT(" \t\u00a0\u3000a b\u2028\n"), "a b");
  check_value("String", "/// @trim\n/// @length 1..", TEXT("\u2003 \xC2\x85"),
              "too_short must be at least 1 character long");
  check_value("String", "/// @trim", TEXT("\u200ba"), "\u200ba"); /* a format character, no white space */
  check_value("String", "/// @lowercase", TEXT("ÀÉÎ ΑΣ ДЖ ABC Ⱥ"), "àéî ασ дж abc ⱥ");
  check_value("String", "/// @lowercase", TEXT("abc"), "abc");
  check_value("String", "/// @email\n/// @lowercase\n/// @trim", TEXT(" Ada@Example.COM "), "ada@example.com");
}

static void test_list_transforms(void **state) {
  (void)state;
  subject s = subject_of("String[]", "/// @trim\n/// @lowercase");
  const rl_value items[] = {TEXT(" A "), TEXT("b")};
  rl_value list = {.kind = RILLE_LIST, .len = 2, .as.list = items};
  rl_arena arena;
  rl_error err = {0};
  rl_arena_init(&arena, 0);
  assert_int_equal(rl_rules_transform(s.field->rules, &arena, &list, &err), RILLE_OK);
  assert_true(rl_str_is(rl_str_make(list.as.list[0].as.p, list.as.list[0].len), "a"));
  assert_true(rl_str_is(rl_str_make(items[0].as.p, items[0].len), " A ")); /* the caller's are as they were */
  rl_arena_dispose(&arena);
  rl_schema_release(s.schema);
}

static void check_addresses(const char *rule, const char *code, const char *const *texts, size_t count, bool good) {
  char comment[40];
  (void)snprintf(comment, sizeof comment, "/// @%s", rule);
  subject s = subject_of("String", comment);
  for (size_t i = 0; i < count; i++) {
    rl_value v = TEXT(texts[i]);
    rl_rule_fault fault;
    uint32_t at = 0;
    bool found = rl_rules_check(s.field, &v, false, &at, &fault);
    if (found == good) fail_msg("%s: %s", good ? "refused" : "taken", texts[i]);
    if (found) assert_string_equal(fault.code, code);
  }
  rl_schema_release(s.schema);
}
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void test_emails(void **state) {
  (void)state;
  static const char *const good[] = {"a@b.co",
                                     "ada.lovelace+news@mail.example.com",
                                     "o'hara@example.ie",
                                     "x_y-z@ex-ample.museum",
                                     "1@2.com",
                                     "jörg@exämple.de",
                                     "a@xn--exmple-cua.de",
                                     "user%a!b#c$d&e*f/g=h?i^j`k{l|m}n~@example.com"};
  static const char *const bad[] = {"",
                                    "a",
                                    "@b.co",
                                    "a@",
                                    "a@b",
                                    "a@localhost",
                                    "a@b.c",
                                    "a@@b.co",
                                    "a@b@c.co",
                                    ".a@b.co",
                                    "a.@b.co",
                                    "a..b@c.co",
                                    "a b@c.co",
                                    "a@b c.co",
                                    "a@b..co",
                                    "a@.b.co",
                                    "a@b.co.",
                                    "a@-b.co",
                                    "a@b-.co",
                                    "a@b_c.co",
                                    "a@127.0.0.1",
                                    "a@[127.0.0.1]",
                                    "\"a b\"@c.co",
                                    "a(b)@c.co",
                                    "a@b.co\n",
                                    "Ada <a@b.co>",
                                    "a,b@c.co",
                                    "a@b.co,c@d.co",
                                    "a\u00a0b@c.co",
                                    "a\u200b@c.co",
                                    "mailto:a@b.co"};
  check_addresses("email", "not_email", good, COUNT(good), true);
  check_addresses("email", "not_email", bad, COUNT(bad), false);
  char longest[400];
  memset(longest, 'a', sizeof longest);
  memcpy(longest + 64, "@b.co", 6);
  const char *texts[] = {longest};
  check_addresses("email", "not_email", texts, 1, true);
  memcpy(longest + 64, "a@b.co", 7);
  check_addresses("email", "not_email", texts, 1, false);
}

static void test_urls(void **state) {
  (void)state;
  static const char *const good[] = {"http://example.com",
                                     "HTTPS://Example.com/",
                                     "https://example.com:8080/a/b?c=d&e=%20#f",
                                     "https://user:pass@example.com",
                                     "http://localhost:3000",
                                     "http://127.0.0.1/",
                                     "http://[::1]:80/x",
                                     "https://my_app.example.com.",
                                     "https://exämple.de/straße",
                                     "https://example.com?x",
                                     "https://en.wikipedia.org/wiki/Lua_(programming_language)"};
  static const char *const bad[] = {"",
                                    "example.com",
                                    "//example.com",
                                    "http:example.com",
                                    "http://",
                                    "http:///path",
                                    "http://?x",
                                    "javascript:alert(1)",
                                    "javascript://example.com/%0aalert(1)",
                                    "data:text/html,x",
                                    "ftp://example.com",
                                    "https://exam ple.com",
                                    "https://example.com/a b",
                                    "https://example.com/\"onclick",
                                    "https://example.com/<script>",
                                    "https://-example.com",
                                    "https://example..com",
                                    "https://example.com:99999",
                                    "https://example.com:",
                                    "https://example.com:x",
                                    "https://a@",
                                    "https://[zz]/",
                                    "https://example.com\n",
                                    " https://example.com",
                                    "https://example.com\\@evil.com",
                                    "https://example.com/\u2028x"};
  check_addresses("url", "not_url", good, COUNT(good), true);
  check_addresses("url", "not_url", bad, COUNT(bad), false);
}

static void test_errors(void **state) {
  (void)state;
  subject s = subject_of("String[]", "/// @trim\n/// @length ..1\n/// @email");
  const rl_value items[] = {TEXT("a@b.co"), TEXT(" x ")};
  rl_value list = {.kind = RILLE_LIST, .len = 2, .as.list = items};
  rl_input input = {.type = s.field->type, .field = s.field, .path = RL_STR("data.x")};
  rl_arena arena;
  rl_error err = {0};
  rl_arena_init(&arena, 0);
  assert_int_equal(rl_rules_apply(&input, false, &arena, &list, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_INPUT);
  assert_int_equal(rl_code_kind(err.code), RILLE_KIND_VALIDATION);
  assert_string_equal(rl_error_message(&err), "data.x: must have at most 1 item");
  rl_error_clear(&err);
  assert_int_equal(rl_rules_apply(&input, true, &arena, &list, &err), RILLE_ERROR);
  assert_string_equal(rl_error_message(&err), "data.x[2]: must be an email address");
  assert_true(rl_str_is(rl_error_get(&err, "path"), "data.x[2]"));
  assert_true(rl_str_is(rl_error_get(&err, "model"), "A"));
  assert_true(rl_str_is(rl_error_get(&err, "field"), "x"));
  assert_true(rl_str_is(rl_error_get(&err, "rule"), "email"));
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  rl_schema_release(s.schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_length),     cmocka_unit_test(test_lists),           cmocka_unit_test(test_range),
      cmocka_unit_test(test_transforms), cmocka_unit_test(test_emails),          cmocka_unit_test(test_urls),
      cmocka_unit_test(test_errors),     cmocka_unit_test(test_list_transforms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
