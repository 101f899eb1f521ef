/* The text of diagnostics, their error, and reading from files and folders. */
#include "parsing.h"

#include <sys/stat.h>
#include <unistd.h>

static void test_text(void **state) {
  (void)state;
  rl_source source = {RL_STR("schema.prisma"),
                      RL_STR("model A {\n\tid Int @id\n\t\xC3\xA4 b\n\tc Strin // \xC3\xA4\n}\n")};
  rl_diagnostics d;
  rl_error err = {0};
  rl_schema *s = NULL;
  rl_diagnostics_init(&d);
  assert_int_equal(rl_schema_parse(&source, 1, RL_PROVIDER_SQLITE, &s, &d, &err), RILLE_ERROR);
  rl_buf out;
  rl_buf_init(&out);
  rl_diagnostics_write(&d, &out);
  assert_string_equal(rl_buf_z(&out),
                      "schema.prisma:3:2: This character has no meaning in a schema: names have "
                      "the letters A to Z, digits and `_`.\n  \t\xC3\xA4 b\n  \t^\n"
                      "schema.prisma:4:4: The type `Strin` is unknown: it is not a built-in type, model "
                      "or enum. Did you mean `String`?\n  \tc Strin // \xC3\xA4\n  \t  ^^^^^\n");
  assert_int_equal(d.items[1].end_column, 9);
  assert_string_equal(rl_error_message(&err),
                      "schema.prisma:3:2: This character has no meaning in a schema: names have "
                      "the letters A to Z, digits and `_`. (and 1 more)");
  rl_buf_dispose(&out);
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
}

static void test_control_characters_are_not_printed(void **state) {
  (void)state;
  rl_source source = {RL_STR("x"), RL_STR("model A {\n  id Int @id \x1B[31m\n}\n")};
  rl_diagnostics d;
  rl_schema *s = NULL;
  rl_diagnostics_init(&d);
  assert_int_equal(rl_schema_parse(&source, 1, RL_PROVIDER_SQLITE, &s, &d, NULL), RILLE_ERROR);
  rl_buf out;
  rl_buf_init(&out);
  rl_diagnostics_write(&d, &out);
  assert_null(strchr(rl_buf_z(&out), 0x1B));
  rl_buf_dispose(&out);
  rl_diagnostics_dispose(&d);
}

static void test_a_warning_is_not_an_error(void **state) {
  (void)state;
  rl_source source = {RL_STR("x"), RL_STR("model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int\n  "
                                          "a A @relation(fields: [aId], references: [id], onDelete: SetNull)\n}\n")};
  rl_diagnostics d;
  rl_schema *s = NULL;
  rl_diagnostics_init(&d);
  assert_int_equal(rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &s, &d, NULL), RILLE_OK);
  assert_int_equal(d.count, 1);
  assert_true(d.items[0].warning);
  rl_schema_release(s);
  rl_diagnostics_dispose(&d);
}

static void write_file(const char *folder, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  fclose(f);
}

static void remove_file(const char *folder, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  remove(path);
}

static void test_load(void **state) {
  (void)state;
  char folder[] = "schema-test-XXXXXX", inner[64];
  assert_non_null(mkdtemp(folder));
  snprintf(inner, sizeof inner, "%s/models", folder);
  rl_schema *s = NULL;
  rl_error err = {0};
  assert_int_equal(rl_schema_load(folder, RL_PROVIDER_SQLITE, &s, NULL, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1012);
  assert_non_null(strstr(rl_error_message(&err), "no file that ends in `.prisma`"));
  rl_error_clear(&err);
  assert_int_equal(mkdir(inner, 0777), 0);
  write_file(folder, "z.prisma", "model Z {\n  id Int @id\n  as A[]\n}\n");
  write_file(inner, "a.prisma", "model A {\n  id Int @id\n  zs Z[]\n}\n");
  write_file(folder, "notes.txt", "not a schema");
  assert_int_equal(rl_schema_load(folder, RL_PROVIDER_SQLITE, &s, NULL, &err), RILLE_OK);
  assert_int_equal(s->model_count, 2);
  assert_text(s->models[0]->name, "A");
  rl_schema *same = rl_schema_retain(s);
  rl_schema_release(s);
  assert_text(same->models[1]->name, "Z");
  rl_schema_release(same);
  char path[96];
  snprintf(path, sizeof path, "%s/z.prisma", folder);
  assert_int_equal(rl_schema_load(path, RL_PROVIDER_SQLITE, &s, NULL, &err), RILLE_ERROR);
  assert_non_null(strstr(rl_error_message(&err), "z.prisma:3:6"));
  rl_error_clear(&err);
  remove_file(folder, "z.prisma");
  remove_file(folder, "notes.txt");
  remove_file(inner, "a.prisma");
  rmdir(inner);
  rmdir(folder);
  assert_int_equal(rl_schema_load(folder, RL_PROVIDER_SQLITE, &s, NULL, &err), RILLE_ERROR);
  assert_non_null(strstr(rl_error_message(&err), "no such file"));
  rl_error_clear(&err);
}

static void test_hash(void **state) {
  (void)state;
  rl_schema *a = parse_lite("model A {\n  id Int @id\n}\n"), *b = parse_lite("model A {\n  id Int @id\n}\n"),
            *c = parse_lite("model B {\n  id Int @id\n}\n");
  assert_true(a->hash == b->hash);
  assert_false(a->hash == c->hash);
  assert_text(a->source, "model A {\n  id Int @id\n}\n\n");
  rl_schema_release(a);
  rl_schema_release(b);
  rl_schema_release(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_control_characters_are_not_printed),
      cmocka_unit_test(test_a_warning_is_not_an_error),
      cmocka_unit_test(test_load),
      cmocka_unit_test(test_hash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
