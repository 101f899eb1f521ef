/* Parsing: blocks, comments, unusual bytes, and continuing after an error. */
#include "parsing.h"

static void test_documentation_and_order(void **state) {
  (void)state;
  rl_schema *s = parse_pg("// not this\n\n/// A person\n/// of ours\nmodel User { // here\n  /// the key\n  // and not "
                          "this\n  id Int @id /// behind\n  name String\n}\n"
                          "/// Colours\nenum Colour {\n  /// like blood\n  RED\n  GREEN\n}\n");
  const rl_model *m = s->models[0];
  assert_text(m->doc, "A person\nof ours");
  assert_text(m->fields[0].doc, "the key\nbehind");
  assert_text(m->fields[1].doc, "");
  assert_text(s->enums[0]->doc, "Colours");
  assert_text(s->enums[0]->values[0].doc, "like blood");
  assert_int_equal(m->field_count, 2);
  assert_text(m->fields[1].name, "name");
  rl_schema_release(s);
}

static void test_line_ends_marks_and_comments(void **state) {
  (void)state;
  rl_schema *s = parse_pg(
      "\xEF\xBB\xBFmodel A {\r\n  id Int @id /* of one line */\r\n\r\n  /* of\r\n several */\r\n  b\tString?\r\n}");
  assert_int_equal(s->models[0]->field_count, 2);
  assert_false(s->models[0]->fields[1].required);
  rl_schema_release(s);
  s = parse_pg("model A {\r  id Int @id\r}\r");
  assert_int_equal(s->models[0]->field_count, 1);
  rl_schema_release(s);
}

static void test_attributes_over_several_lines(void **state) {
  (void)state;
  rl_schema *s = parse_pg("model A {\n  a Int @default(\n    3 // three\n  )\n  b Int\n  @@id([\n    a,\n    b\n  ], "
                          "map: \"key\"\n  )\n}\n");
  assert_int_equal(s->models[0]->primary->count, 2);
  assert_text(s->models[0]->primary->name, "key");
  assert_text(s->models[0]->fields[0].def.literal.text, "3");
  rl_schema_release(s);
}

static void test_escapes(void **state) {
  (void)state;
  rl_schema *s =
      parse_pg("model A {\n  id Int @id\n  t String @default(\"a\\\"b\\\\c\\n\\u00e4\\ud83d\\ude00\\/\")\n}\n");
  assert_text(s->models[0]->fields[1].def.literal.text, "a\"b\\c\n\xC3\xA4\xF0\x9F\x98\x80/");
  rl_schema_release(s);
  assert_pg_errors("model A {\n  id Int @id\n  a String @default(\"\\x\")\n  b String @default(\"\\u0000\")\n  c "
                   "String @default(\"\\ud800\")\n}\n",
                   {3, "escape"}, {4, "escape"}, {5, "escape"});
}

static void test_each_wrong_line_is_reported(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  _x Int\n  b Int @@id\n  1c Int\n  d-d Int\n  e: Int\n  f [Int]\n  g "
                   "Int[]?\n  h Int!\n  i\n  j Int k\n}\n",
                   {3, "cannot begin with `_`"}, {4, "`@@` cannot be here"}, {5, "must begin with a letter"},
                   {6, "but not `-`"}, {7, "no colon"}, {8, "Type[]"}, {9, "cannot be optional"},
                   {10, "required without a mark"}, {11, "ends too early"}, {12, "`k` cannot be here"});
}

static void test_unknown_blocks(void **state) {
  (void)state;
  assert_pg_errors("modle A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n}\nthree little words\n?\n",
                   {1, "Did you mean `model`?"}, {7, "Expected a block"}, {8, "Expected a block"});
  assert_pg_errors("type T {\n  a Int\n}\n", {1, "Composite types"});
  assert_pg_errors("model {\n  id Int @id\n}\n", {1, "the block's name"}, {2, "Expected a block"},
                   {3, "Expected a block"});
}

static void test_missing_ends(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\nmodel B {\n  id Int @id\n}\n", {1, "never closed"});
  assert_pg_errors("model A {\n  id Int @id\n", {1, "never closed"});
  assert_pg_errors("model A {\n  id Int @id\n  b Int\n  @@index([b\n  @@map(\"a\")\n}\n", {4, "ends too early"});
  assert_pg_errors("model A {\n  id Int @id\n  t String @default(\"abc)\n  u Int\n}\n", {3, "string never ends"});
  assert_pg_errors("model A {\n  id Int @id\n}\n/* and so on\n", {4, "comment never ends"});
  assert_pg_errors("model A { id Int @id }\n", {1, "never closed"}, {1, "a line break after `{`"},
                   {1, "line break before the closing brace"});
}

static rille_status parse_bytes(const char *p, size_t len, int *line, int *column) {
  rl_source source = {RL_STR("bytes"), rl_str_make(p, len)};
  rl_schema *s = NULL;
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  rille_status status = rl_schema_parse(&source, 1, RL_PROVIDER_SQLITE, &s, &d, &err);
  *line = d.count ? d.items[0].line : 0;
  *column = d.count ? d.items[0].column : 0;
  rl_schema_release(s);
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
  return status;
}

static void test_files_that_are_not_text(void **state) {
  (void)state;
  int line, column;
  static const char nul[] = "model A {\n  id Int @id\n\0\n}\n", wrong[] = "model A {\n  id Int @id // \xFF\n}\n";
  assert_int_equal(parse_bytes(nul, sizeof nul - 1, &line, &column), RILLE_ERROR);
  assert_int_equal(line, 3);
  assert_int_equal(parse_bytes(wrong, sizeof wrong - 1, &line, &column), RILLE_ERROR);
  assert_int_equal(line, 2);
  assert_int_equal(column, 17);
  assert_int_equal(parse_bytes("", 0, &line, &column), RILLE_OK);
  char noise[4096];
  uint32_t seed = 12345;
  for (int round = 0; round < 50; round++) {
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
    assert_int_equal(parse_bytes(noise, sizeof noise, &line, &column), RILLE_ERROR);
  }
}

static void test_depth_and_size_have_limits(void **state) {
  (void)state;
  int line, column;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_text(&text, "model A {\n  id Int @id @default(");
  for (int i = 0; i < 100000; i++) rl_buf_byte(&text, '[');
  rl_buf_text(&text, "\n}\n");
  assert_int_equal(parse_bytes(text.p, text.len, &line, &column), RILLE_ERROR);
  assert_int_equal(line, 2);
  rl_buf_reset(&text);
  for (int i = 0; i < 5000; i++) rl_buf_printf(&text, "model M%d {\n  id Int @id\n  a Strin\n}\n", i);
  assert_int_equal(parse_bytes(text.p, text.len, &line, &column), RILLE_ERROR);
  assert_int_equal(line, 3);
  assert_int_equal(column, 5);
  rl_buf_dispose(&text);
}

static void test_several_files(void **state) {
  (void)state;
  rl_source sources[] = {
      {RL_STR("b.prisma"),
       RL_STR(
           "model Post {\n  id Int @id\n  userId Int\n  user User @relation(fields: [userId], references: [id])\n}")},
      {RL_STR("a.prisma"), RL_STR("model User {\n  id Int @id\n  posts Post[]\n}")}};
  rl_schema *s = NULL;
  assert_int_equal(rl_schema_parse(sources, 2, RL_PROVIDER_SQLITE, &s, NULL, NULL), RILLE_OK);
  assert_int_equal(s->model_count, 2);
  assert_ptr_equal(field_of(s, "post", "user")->target, s->models[1]);
  rl_schema_release(s);
  sources[1].text = RL_STR("model User {\n  id Int @id\n  posts Pots[]\n}");
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  assert_int_equal(rl_schema_parse(sources, 2, RL_PROVIDER_SQLITE, &s, &d, &err), RILLE_ERROR);
  assert_int_equal(d.count, 1);
  assert_text(d.items[0].file, "a.prisma");
  assert_int_equal(d.items[0].line, 3);
  assert_text(rl_error_get(&err, "file"), "a.prisma");
  assert_text(rl_error_get(&err, "line"), "3");
  assert_text(rl_error_get(&err, "column"), "9");
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_documentation_and_order),
      cmocka_unit_test(test_line_ends_marks_and_comments),
      cmocka_unit_test(test_attributes_over_several_lines),
      cmocka_unit_test(test_escapes),
      cmocka_unit_test(test_each_wrong_line_is_reported),
      cmocka_unit_test(test_unknown_blocks),
      cmocka_unit_test(test_missing_ends),
      cmocka_unit_test(test_files_that_are_not_text),
      cmocka_unit_test(test_depth_and_size_have_limits),
      cmocka_unit_test(test_several_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
