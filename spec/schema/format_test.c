/* The formatter: alignment, order of attributes, comments, empty lines. Formatted text stays unchanged. */
#include "parsing.h"

static void check_format(const char *text, const char *expected) {
  rl_buf once, twice;
  rl_buf_init(&once);
  rl_buf_init(&twice);
  assert_int_equal(rl_schema_format(rl_str_of(text), &once, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&once), expected);
  assert_int_equal(rl_schema_format(rl_buf_view(&once), &twice, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&twice), expected);
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
}

static void test_columns(void **state) {
  (void)state;
  check_format("model  User{\nid Int @default( autoincrement( ) )   @id\n  longerName   String?  @map(\"x\")@unique // "
               "why\n posts Post [] \n}",
               "model User {\n  id         Int     @id @default(autoincrement())\n  longerName String? @unique "
               "@map(\"x\") // why\n  posts      Post[]\n}\n");
}

static void test_empty_lines_begin_a_new_table(void **state) {
  (void)state;
  check_format("\n\nmodel A {\n\n  id Int @id\n\n\n  longName String\n  b Int\n\n}\n\n\n\nmodel B {\n  id Int "
               "@id\n}\nenum C {\n  X\n}\n\n",
               "model A {\n  id Int @id\n\n  longName String\n  b        Int\n}\n\nmodel B {\n  id Int @id\n}\n\nenum "
               "C {\n  X\n}\n");
}

static void test_block_attributes(void **state) {
  (void)state;
  check_format("model A {\n  @@map(\"a\")\n  id Int\n  // for lookups\n  @@index( [id,b] )\n  b Int\n  @@ignore\n  "
               "@@id([id,b(sort:Desc)] , map:\"k\") // key\n}\n",
               "model A {\n  id Int\n  b  Int\n\n  @@id([id, b(sort: Desc)], map: \"k\") // key\n  // for lookups\n  "
               "@@index([id, b])\n  @@map(\"a\")\n  @@ignore\n}\n");
}

static void test_attribute_at_the_top(void **state) {
  (void)state;
  check_format("model A {\n  @@map(\"a\")\n\n  id Int @id\n}\n", "model A {\n  id Int @id\n\n  @@map(\"a\")\n}\n");
}

static void test_comments(void **state) {
  (void)state;
  check_format(
      "// head\n\n/// doc\nmodel A { // of A\n  // first\n  id Int @id\n\n  /// of b\n  b Int\n  // last\n}\n// end",
      "// head\n\n/// doc\nmodel A { // of A\n  // first\n  id Int @id\n\n  /// of b\n  b Int\n  // last\n}\n\n// "
      "end\n");
  check_format("/* one\n   two */\nmodel A {\n  id Int @id\n}\n",
               "/**\n * one\n * two\n */\nmodel A {\n  id Int @id\n}\n");
}

static void test_enums_and_settings(void **state) {
  (void)state;
  check_format("enum E {\n  A @map(\"a\")\n  LONG_NAME   @map( \"b\" )\n  @@map(\"e\")\n}\ndatasource db {\n  "
               "provider=\"sqlite\"\n  url = env( \"X\" )\n}\n"
               "generator g {\n  provider = \"p\"\n  previewFeatures = [ \"a\",\"b\" ]\n}",
               "enum E {\n  A         @map(\"a\")\n  LONG_NAME @map(\"b\")\n\n  @@map(\"e\")\n}\n\ndatasource db {\n  "
               "provider = \"sqlite\"\n  url      = env(\"X\")\n}\n\n"
               "generator g {\n  provider        = \"p\"\n  previewFeatures = [\"a\", \"b\"]\n}\n");
}

static void test_wrong_lines_are_kept(void **state) {
  (void)state;
  check_format("model A {\n  id    Int @id\n  _odd   line here\n  b Whatever\n}\nstray   line\n",
               "model A {\n  id Int      @id\n  _odd   line here\n  b  Whatever\n}\n\nstray   line\n");
  check_format("model A {\n  id Int @id\n  @@index([id, // first\n  b])\n}\n",
               "model A {\n  id Int @id\n\n  @@index([id, // first\n  b])\n}\n");
  check_format("model A {\n  id Int @id\n  @@index([\n    id,\n    b\n  ], where: {b:1,id:{not:2}})\n}\n",
               "model A {\n  id Int @id\n\n  @@index([id, b], where: { b: 1, id: { not: 2 } })\n}\n");
}

static void test_line_ends(void **state) {
  (void)state;
  check_format("\xEF\xBB\xBFmodel A {\r\n  id Int @id // x\r\n\r\n  b Int\r\n}\r\n",
               "model A {\n  id Int @id // x\n\n  b Int\n}\n");
  check_format("\xEF\xBB\xBF\xEF\xBB\xBFmodel A {\n}\n", "model A {\n}\n"); /* joined files have several marks */
  check_format("", "");
}

static void test_unreadable_text(void **state) {
  (void)state;
  static const char *const texts[] = {"model A {\n  id Int @id\n", "model A {\n  x \xFF\n}\n",
                                      "model A {\n  1 2 3\nmodel B {\n}\n", "/*/ x\n\n  y\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    rl_buf out;
    rl_error err = {0};
    rl_buf_init(&out);
    assert_int_equal(rl_schema_format(rl_str_of(texts[i]), &out, &err), RILLE_ERROR);
    assert_int_equal(err.code, RL_P1012);
    assert_non_null(strstr(rl_error_message(&err), i == 1 ? "line 2" : "line 1"));
    rl_error_clear(&err);
    rl_buf_dispose(&out);
  }
}

/* A zero byte would end a C string, so the rest would be lost. */
static void test_zero_byte(void **state) {
  (void)state;
  rl_buf out;
  rl_error err = {0};
  rl_buf_init(&out);
  assert_int_equal(rl_schema_format(RL_STR("model A {\n  id Int @id // a\0b\n}\n"), &out, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1012);
  assert_non_null(strstr(rl_error_message(&err), "zero byte"));
  rl_error_clear(&err);
  rl_buf_dispose(&out);
}

/* A byte order mark after another, also behind one of Unicode's spaces, is one at the beginning. */
static void test_byte_order_marks(void **state) {
  (void)state;
  check_format("\xEF\xBB\xBF\xE1\x9A\x80\n\xEF\xBB\xBFmodel A {\n id Int @id\n}\n", "model A {\n  id Int @id\n}\n");
}

/* Lines that are not understood may be two halves of one: what is between them stays there. */
static void test_halves(void **state) {
  (void)state;
  check_format("model A {\n  a Int @id\n  b String @default(dbgenerated(\"x\"\n\n@@ignore\n))\n  longer Int\n}\n",
               "model A {\n  a Int @id\n  b String @default(dbgenerated(\"x\"\n\n  @@ignore\n  ))\n"
               "  longer   Int\n}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_zero_byte),
      cmocka_unit_test(test_columns),
      cmocka_unit_test(test_empty_lines_begin_a_new_table),
      cmocka_unit_test(test_block_attributes),
      cmocka_unit_test(test_attribute_at_the_top),
      cmocka_unit_test(test_comments),
      cmocka_unit_test(test_enums_and_settings),
      cmocka_unit_test(test_wrong_lines_are_kept),
      cmocka_unit_test(test_line_ends),
      cmocka_unit_test(test_unreadable_text),
      cmocka_unit_test(test_halves),
      cmocka_unit_test(test_byte_order_marks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
