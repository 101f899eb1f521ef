/* `@touches` above a model: what its triggers write too. */
#include "parsing.h"

static const rl_model *model_of(const rl_schema *s, const char *name) {
  const rl_model *m = rl_schema_model(s, rl_str_of(name));
  assert_non_null(m);
  return m;
}

static void test_models(void **state) {
  (void)state;
  rl_schema *s =
      parse_pg("/// Rows are copied.\n/// @touches Audit, Log\n///@touches\tAudit , A\n/// @touched Other\n"
               "model A {\n  id Int @id\n}\n"
               "// @touches Nothing\nmodel Audit {\n  id Int @id\n}\n"
               "/// @touch Nothing\n/// @touches-all\n/// see @touches Nothing\nmodel Log {\n  id Int @id\n}\n");
  const rl_model *a = model_of(s, "A");
  assert_int_equal(a->touch_count, 3);
  assert_ptr_equal(a->touches[0], model_of(s, "Audit"));
  assert_ptr_equal(a->touches[1], model_of(s, "Log"));
  assert_ptr_equal(a->touches[2], a);
  assert_text(a->doc, "Rows are copied.\n@touches Audit, Log\n@touches\tAudit , A\n@touched Other");
  assert_int_equal(model_of(s, "Audit")->touch_count, 0);
  assert_int_equal(model_of(s, "Log")->touch_count, 0);
  rl_schema_release(s);
}

static void test_errors(void **state) {
  (void)state;
  assert_pg_errors("/// @touches Audi\n/// @touches\n/// @touches Audit,\n/// @touches(Audit)\n/// @touches E, Nope\n"
                   "model A {\n  id Int @id\n  /// @touches Audit\n  b Int\n  c Int /// @touches Audit\n}\n"
                   "model Audit {\n  id Int @id\n}\nenum E {\n  X\n}\n",
                   {1, "there is no model `Audi`. Did you mean `Audit`?"}, {2, "needs the names of models"},
                   {3, "needs the names of models"}, {4, "has no parentheses"}, {5, "there is no model `E`"},
                   {5, "there is no model `Nope`"}, {8, "belongs above a model"}, {10, "belongs above a model"});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_models), cmocka_unit_test(test_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
