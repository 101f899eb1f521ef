/* Rules in doc comments: which lines are rules, what they mean, and what is wrong with them. */
#include "parsing.h"

#include "schema/field_rules.h"

static const rl_field_rules *rules_of(const rl_schema *s, const char *field) {
  return field_of(s, "A", field)->rules;
}

static void test_rules(void **state) {
  (void)state;
  rl_schema *s =
      parse_pg("model A {\n  id Int @id\n"
               "  /// The title, as readers see it.\n  /// @trim\n  /// @length 3..200\n  /// @message say more\n"
               "  title String\n"
               "  ///@lowercase\n  ///   @email  \n  email String @unique\n"
               "  /// @pattern (%a+)-?%1$\n  /// @message (a word)\n  twice String?\n"
               "  /// @pattern ^[a-z0-9-]+$\n  slug String?\n"
               "  site String? /// @url\n"
               "  /// @range 0..\n  age Int\n"
               "  /// @range -9223372036854775808 .. 9223372036854775807\n  big BigInt\n"
               "  /// @range ..0.3\n  f Float\n"
               "  /// @range -1.50..1e3\n  d Decimal\n"
               "  /// @range 2020-01-01..2030-12-31T23:59:59Z\n  t DateTime\n"
               "  /// @range 09:00:00..17:30:00\n  clock DateTime @db.Time\n"
               "  /// @one-of draft, \"in review, twice\" , done\n  state String\n"
               "  /// @one-of 1, -2\n  level Int\n"
               "  /// @length ..16\n  hash Bytes\n"
               "  /// @length 1..5\n  /// @pattern ^%a\n  tags String[]\n"
               "  plain String\n}\n");
  const rl_field_rules *r = rules_of(s, "title");
  assert_true(r->trim && !r->lowercase && s->models[0]->has_rules);
  assert_text(r->message, "say more");
  assert_int_equal(r->check_count, 1);
  assert_int_equal(r->checks[0].kind, RL_RULE_LENGTH);
  assert_int_equal(r->checks[0].min.value.as.i, 3);
  assert_int_equal(r->checks[0].max.value.as.i, 200);
  assert_text(r->checks[0].text, "3..200");
  assert_text(field_of(s, "A", "title")->doc,
              "The title, as readers see it.\n@trim\n@length 3..200\n@message say more");
  assert_true(rules_of(s, "email")->lowercase && !rules_of(s, "email")->trim);
  assert_int_equal(rules_of(s, "email")->checks[0].kind, RL_RULE_EMAIL);
  assert_text(rules_of(s, "twice")->checks[0].text, "(%a+)-?%1$");
  assert_text(rules_of(s, "twice")->message, "(a word)");
  assert_text(rules_of(s, "slug")->checks[0].text, "^[a-z0-9-]+$");
  assert_int_equal(rules_of(s, "site")->checks[0].kind, RL_RULE_URL);
  assert_true(rules_of(s, "age")->checks[0].min.given && !rules_of(s, "age")->checks[0].max.given);
  assert_true(rules_of(s, "big")->checks[0].min.value.as.i == INT64_MIN);
  assert_true(rules_of(s, "big")->checks[0].max.value.as.i == INT64_MAX);
  assert_true(rules_of(s, "f")->checks[0].max.value.as.f == 0.3);
  const rl_value *least = &rules_of(s, "d")->checks[0].min.value, *most = &rules_of(s, "d")->checks[0].max.value;
  assert_text(rl_str_make(least->as.p, least->len), "-1.5");
  assert_text(rl_str_make(most->as.p, most->len), "1000");
  assert_int_equal(rules_of(s, "t")->checks[0].min.value.kind, RILLE_DATETIME);
  assert_true(rules_of(s, "t")->checks[0].min.value.as.i == INT64_C(1577836800000000));
  assert_true(rules_of(s, "clock")->checks[0].min.value.as.i == INT64_C(32400000000));
  const rl_rule *one_of = &rules_of(s, "state")->checks[0];
  assert_int_equal(one_of->item_count, 3);
  assert_text(rl_str_make(one_of->items[1].as.p, one_of->items[1].len), "in review, twice");
  assert_text(rl_str_make(one_of->items[2].as.p, one_of->items[2].len), "done");
  assert_true(rules_of(s, "level")->checks[0].items[1].as.i == -2);
  assert_int_equal(rules_of(s, "tags")->check_count, 2);
  assert_null(rules_of(s, "plain"));
  assert_null(rules_of(s, "id"));
  rl_schema_release(s);
}

#define FAULT(type, comment, part)                                                                                     \
  assert_pg_errors("model A {\n  id Int @id\n  /// " comment "\n  x " type "\n}\n", {3, part})

static void test_faults(void **state) {
  (void)state;
  FAULT("String", "@length", "needs two bounds, or one of them: `@length 3..200`");
  FAULT("String", "@length 3", "needs two bounds");
  FAULT("String", "@length ..", "needs two bounds");
  FAULT("String", "@length 5..3", "The lower bound of `@length` is greater");
  FAULT("String", "@length -1..3", "Each bound of `@length` is an integer, 0 or more; `-1` is none.");
  FAULT("String", "@length a..b", "`a` is none");
  FAULT("String", "@length 1..99999999999999999999", "`99999999999999999999` is none");
  FAULT("String", "@length(3, 200)", "A rule has no parentheses");
  FAULT("String", "@length (3..200)", "A rule has no parentheses");
  FAULT("String", "@pattern(a)", "A rule has no parentheses");
  FAULT("String", "@pattern (a", "malformed"); /* here the parenthesis belongs to the pattern */
  FAULT("Int", "@length 1..2", "`@length` is for String, Bytes and lists; `x` is something else.");
  FAULT("String", "@range 1..2", "`@range` is for Int, BigInt, Float, Decimal and DateTime");
  FAULT("Int", "@range 1.5..", "an integer of 64 bits; `1.5` is none");
  FAULT("BigInt", "@range ..9223372036854775808", "is none");
  FAULT("Float", "@range 1..x", "is a number");
  FAULT("Decimal", "@range 2..1.99", "greater");
  FAULT("Float", "@range 2..1.99", "greater");
  FAULT("DateTime", "@range 2026-13-01..", "date-time like");
  FAULT("DateTime", "@range 2026-02-01..2026-01-01", "greater");
  FAULT("DateTime @db.Time", "@range 25:00..", "a time like");
  FAULT("Int", "@email", "`@email` is for String;");
  FAULT("Json", "@url", "`@url` is for String;");
  FAULT("String", "@email please", "`@email` has no arguments");
  FAULT("String", "@trim @lowercase", "`@trim` has no arguments; write each rule on its own line.");
  FAULT("String", "@pattern", "it is empty");
  FAULT("String", "@pattern [a-z", "malformed: a `]` is missing");
  FAULT("String", "@one-of", "`@one-of` needs values, separated by commas.");
  FAULT("String", "@one-of a,,b", "needs values");
  FAULT("String", "@one-of a,", "needs values");
  FAULT("String", "@one-of \"a", "needs values");
  FAULT("Int", "@one-of a, b", "needs integers");
  FAULT("Boolean", "@one-of true", "`@one-of` is for String, Int and BigInt");
  FAULT("String", "@message", "`@message` needs a text.");
  FAULT("Unsupported(\"circle\")?", "@message no", "any field but relations");
  assert_pg_errors("model A {\n  id Int @id\n  /// @trim\n  x String /// @trim\n}\n",
                   {4, "The field `x` has `@trim` twice."});
}

static void test_places(void **state) {
  (void)state;
  rl_source source = {RL_STR("test.prisma"),
                      RL_STR("model A {\n  id Int @id\n  /// Prose.\n\t///  @length 2..1  \n  x String /// @range 1..\n"
                             "  b B @relation(fields: [id], references: [id]) /// @message no\n}\n"
                             "model B {\n  id Int @id\n  a A?\n}\n")};
  rl_schema *schema = NULL;
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  assert_int_equal(rl_schema_parse(&source, 1, RL_PROVIDER_SQLITE, &schema, &d, &err), RILLE_ERROR);
  assert_int_equal(d.count, 3);
  assert_int_equal(d.items[0].line, 4);
  assert_int_equal(d.items[0].column, 7);
  assert_int_equal(d.items[0].end_column, 19);
  assert_int_equal(d.items[1].line, 5);
  assert_int_equal(d.items[1].column, 16);
  assert_int_equal(d.items[2].line, 6);
  rl_error_clear(&err);
  rl_diagnostics_dispose(&d);
}

/* What other tools read in doc comments, near misses, and prose. */
static const char *const foreign[] = {"@zod.string.min(3).max(10)",
                                      "@zod.custom.use(z.string().email())",
                                      "@z.email()",
                                      "@TypeGraphQL.omit(output: true)",
                                      "@TypeGraphQL.field(name: \"x\")",
                                      "@HideField()",
                                      "@HideField({ output: true })",
                                      "@Field(() => ID)",
                                      "@Validator.IsEmail()",
                                      "@Validator.MinLength(3)",
                                      "@Validator.Length(3, 20)",
                                      "@IsEmail()",
                                      "@Length(3, 20)",
                                      "@Min(3)",
                                      "@Max(5)",
                                      "@Matches(/^a/)",
                                      "@Transform(trim)",
                                      "@PropertyType({ name: \"x\" })",
                                      "@ObjectType()",
                                      "@Directive(\"@deprecated\")",
                                      "@kyselyType('a' | 'b')",
                                      "@DtoReadOnly",
                                      "@DtoCreateOptional",
                                      "@DtoUpdateHidden",
                                      "@DtoRelationRequired",
                                      "@DtoEntityHidden",
                                      "@description The mail",
                                      "@minLength 3",
                                      "@maxLength 200",
                                      "@minimum 1",
                                      "@maximum 9",
                                      "@exclusiveMinimum 0",
                                      "@minItems 1",
                                      "@example a@example.com",
                                      "@default x",
                                      "@format email",
                                      "@property",
                                      "@property {string} x",
                                      "@deprecated",
                                      "@deprecated use y",
                                      "@encrypted",
                                      "@encrypted?mode=strict",
                                      "@encryption:hash(email)?normalize=lowercase",
                                      "@omit",
                                      "@hide",
                                      "@hidden",
                                      "@internal",
                                      "@private",
                                      "@readonly",
                                      "@graphql(omit)",
                                      "@pothos",
                                      "@dbml note",
                                      "@note see below",
                                      "@todo shorten",
                                      "@see https://example.com",
                                      "@since 2.1",
                                      "@type {string}",
                                      "@prisma.ignore",
                                      "@ts-ignore",
                                      "@faker.lorem.words()",
                                      "@seed random",
                                      "@lengthy 3..5",
                                      "@Length 3..5",
                                      "@LENGTH 3..5",
                                      "@length: 3..5",
                                      "@length.min 3",
                                      "@range-of 1..2",
                                      "@emails",
                                      "@email-address",
                                      "@urls",
                                      "@url:x",
                                      "@patterns x",
                                      "@one_of a, b",
                                      "@oneof a, b",
                                      "@one-off a",
                                      "@trimmed",
                                      "@lower",
                                      "@lowercased",
                                      "@messages x",
                                      "@",
                                      "@ length 3..5",
                                      "@@length 3..5",
                                      "\\@length 3..5",
                                      "The word @length 3..5 within a line is no rule.",
                                      "Use @email, @url",
                                      "- @length 3..5",
                                      "`@length 3..5`",
                                      "/ @length 3..5",
                                      "length 3..5"};

static void test_foreign_words(void **state) {
  (void)state;
  size_t count = sizeof foreign / sizeof *foreign;
  assert_true(count >= 67);
  for (size_t i = 0; i < count; i++) {
    char text[1000];
    (void)snprintf(
        text, sizeof text,
        "/// %s\nmodel A {\n  id Int @id\n  /// %s\n  x String /// %s\n  /// %s\n  y Int\n  /// %s\n  b B[]\n}\n"
        "/// @length 5..3\nmodel B {\n  id Int @id\n  aId Int\n  // @length 5..3\n"
        "  a A @relation(fields: [aId], references: [id])\n}\n/// %s\nenum E {\n  /// @length 5..3\n  V\n}\n",
        foreign[i], foreign[i], foreign[i], foreign[i], foreign[i], foreign[i]);
    rl_schema *s = parse_as(RL_PROVIDER_NONE, text);
    if (s->models[0]->has_rules || field_of(s, "A", "x")->rules) fail_msg("a rule: %s", foreign[i]);
    rl_schema_release(s);
  }
}

static void test_formatting(void **state) {
  (void)state;
  static const char text[] = "model A {\n  id Int    @id\n  /// Its title.\n  /// @trim\n  /// @length 3..200\n"
                             "  t  String /// @pattern ^%a\n}\n";
  rl_buf out;
  rl_error err = {0};
  rl_buf_init(&out);
  assert_int_equal(rl_schema_format(RL_STR(text), &out, &err), RILLE_OK);
  assert_string_equal(rl_buf_z(&out), text);
  rl_buf_dispose(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules),         cmocka_unit_test(test_faults),     cmocka_unit_test(test_places),
      cmocka_unit_test(test_foreign_words), cmocka_unit_test(test_formatting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
