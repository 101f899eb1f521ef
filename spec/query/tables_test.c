/* The tables of actions and of operators. */
#include "query/calling.h"

#include <rille/op.h>

static void test_actions(void **state) {
  (void)state;
  for (rille_action a = 1; a < RL_ACTION_LIMIT; a++) {
    const rl_action_info *info = rl_action_info_of(a);
    assert_non_null(info);
    assert_non_null(info->name);
    assert_int_equal(rl_action_named(rl_str_of(info->name)), a);
    assert_in_range(info->result, RILLE_RESULT_ROW, RILLE_RESULT_BOOLEAN);
  }
  assert_null(rl_action_info_of(0));
  assert_null(rl_action_info_of(-1));
  assert_null(rl_action_info_of(RL_ACTION_LIMIT));
  assert_int_equal(rl_action_named(RL_STR("find_man")), 0);
  assert_int_equal(rl_action_named(RL_STR("")), 0);
}

static void test_actions_table(void **state) {
  (void)state;
  static const struct {
    rille_action action;
    const char *name;
    bool writes;
    rille_result result;
  } cases[] = {{RILLE_FIND_UNIQUE, "find_unique", false, RILLE_RESULT_ROW},
               {RILLE_FIND_MANY, "find_many", false, RILLE_RESULT_ROWS},
               {RILLE_CREATE_MANY, "create_many", true, RILLE_RESULT_COUNT},
               {RILLE_UPDATE_MANY_AND_RETURN, "update_many_and_return", true, RILLE_RESULT_ROWS},
               {RILLE_DELETE, "delete", true, RILLE_RESULT_ROW},
               {RILLE_COUNT, "count", false, RILLE_RESULT_INTEGER},
               {RILLE_EXISTS, "exists", false, RILLE_RESULT_BOOLEAN}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rille_action_info info = {.struct_size = sizeof info, .reserved = 9};
    assert_int_equal(rille_action_get(cases[i].action, &info), 1);
    assert_string_equal(info.name, cases[i].name);
    assert_int_equal(info.writes, cases[i].writes);
    assert_int_equal(info.result, cases[i].result);
    assert_int_equal(info.reserved, 0);
    assert_int_equal(rille_action_named(cases[i].name, strlen(cases[i].name)), cases[i].action);
  }
}

static void test_an_older_caller(void **state) {
  (void)state;
  rille_action_info info = {.struct_size = (uint32_t)offsetof(rille_action_info, writes), .writes = 77};
  assert_int_equal(rille_action_get(RILLE_CREATE, &info), 1);
  assert_int_equal(info.result, RILLE_RESULT_ROW);
  assert_int_equal(info.writes, 77);
  assert_null(info.name);
  info.result = 55;
  assert_int_equal(rille_action_get(RL_ACTION_LIMIT, &info), 0);
  assert_int_equal(info.result, 55);
}

static void test_negations(void **state) {
  (void)state;
  for (rl_operator op = RL_OP_EQ; op <= RL_OP_ARRAY_ENDS_WITH; op++) {
    const rl_operator_info *info = rl_operator_info_of(op);
    assert_true(*info->text != 0);
    assert_int_equal(rl_operator_info_of(info->negation)->negation, op);
    if (info->negation != op) assert_true(*info->sign && *rl_operator_info_of(info->negation)->sign);
  }
  check_where("user", "{ age = { not_ = { lt = 3, gte = 4 } } }", "and(age >= 3, age < 4)");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_actions), cmocka_unit_test(test_actions_table),
                                     cmocka_unit_test(test_an_older_caller), cmocka_unit_test(test_negations)};
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
