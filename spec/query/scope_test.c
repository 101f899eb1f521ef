/* Scopes of clients: what is wrong with one, and where its conditions go. */
#include "query/calling.h"

static void give_scope(rl_tape *tape, rl_arena *arena, const char *text, const rl_str *except, size_t count) {
  rl_tape scope;
  rl_str own;
  rl_error err = {0};
  rl_tape_init(&scope);
  write_tape(&scope, text);
  const rl_tape_suffix *suffix =
      rl_tape_suffix_new(&scope, RL_STR("scope"), RL_STR("except"), except, count, NULL, arena, &own);
  assert_non_null(suffix);
  assert_int_equal(rl_tape_append(tape, suffix, &err), RILLE_OK);
  rl_tape_dispose(&scope);
}

/* Expects the message of a wrong scope; NULL: it is right. */
static void check_scope(const char *text, const rl_str *except, size_t count, const char *message) {
  rl_tape tape;
  rl_arena arena;
  rl_arg_tree *tree = NULL;
  rl_error err = {0};
  rl_tape_init(&tape);
  rl_arena_init(&arena, 0);
  write_tape(&tape, "{}");
  give_scope(&tape, &arena, text, except, count);
  assert_int_equal(rl_arg_tree_read(&tape, &arena, &tree, &err), RILLE_OK);
  rille_status status = rl_check_scope(test_schema, tree, &arena, &err);
  if (message) {
    assert_int_equal(status, RILLE_ERROR);
    assert_string_equal(rl_error_message(&err), message);
    assert_int_equal(err.code, RL_VALIDATION);
  } else if (status != RILLE_OK) {
    fail_msg("%s\n  %s", text, rl_error_message(&err));
  }
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&tape);
}

#define EMPTY "a scope without a condition would be no scope; a nil disappears from a Lua table"

static void test_wrong(void **state) {
  (void)state;
  check_scope("{ User = { age = 7 } }", NULL, 0, NULL);
  check_scope("{ user = { age = { [\"in\"] = {} } } }", NULL, 0, NULL);
  check_scope("{ user = { posts = { some = {} } } }", NULL, 0, NULL);
  check_scope("{}", NULL, 0, "scope: " EMPTY);
  check_scope("{ user = {} }", NULL, 0, "scope.user: " EMPTY);
  check_scope("{ user = { age = {} } }", NULL, 0, "scope.user.age: " EMPTY);
  check_scope("{ user = { age = 7, AND = { { id = 1 }, {} } } }", NULL, 0, "scope.user.AND[2]: " EMPTY);
  check_scope("{ usr = { age = 7 } }", NULL, 0, "scope.usr: unknown model; did you mean `user`?");
  check_scope("{ user = { agee = 7 } }", NULL, 0, "scope.user.agee: unknown field of User; did you mean `age`?");
  check_scope("{ user = { age = \"x\" } }", NULL, 0, "scope.user.age: expected an integer, got a string");
  check_scope("{ user = 7 }", NULL, 0, "scope.user: expected a table of conditions, got an integer");
  const rl_str except[] = {RL_STR("usr")};
  check_scope("{ user = { age = 7 } }", except, 1, "except.usr: unknown model; did you mean `user`?");
}

static call *scoped_call(const char *scope, const char *model, rille_action action, const char *text) {
  call *c = test_calloc(1, sizeof *c);
  rl_tape_init(&c->tape);
  rl_arena_init(&c->arena, 0);
  write_tape(&c->tape, text);
  give_scope(&c->tape, &c->arena, scope, NULL, 0);
  const rl_model *m = rl_schema_model(test_schema, rl_str_of(model));
  assert_int_equal(rl_arg_tree_read(&c->tape, &c->arena, &c->tree, &c->err), RILLE_OK);
  rille_status status = rl_bind(test_schema, m, action, c->tree, &test_options, &c->arena, &c->query, &c->err);
  if (status != RILLE_OK) fail_msg("%s", rl_error_message(&c->err));
  c->anchors = test_calloc(c->tree->run_count + 1, sizeof *c->anchors);
  assert_true(address_again(c));
  return c;
}

static void expect_where(call *c, const rl_filter *f, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  show_filter(&out, c, f);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

/* The values come from behind the arguments, also if lists before them have other lengths. */
static void test_values(void **state) {
  (void)state;
  call *c =
      scoped_call("{ user = { age = 7 } }", "user", RILLE_FIND_MANY, "{ where = { id = { [\"in\"] = { 1, 2 } } } }");
  expect_where(c, c->query->read.where, "and(id in [1 2], and(age = 7))");
  rl_tape_reset(&c->tape);
  write_tape(&c->tape, "{ where = { id = { [\"in\"] = { 5, 6, 7, 8 } } } }");
  give_scope(&c->tape, &c->arena, "{ user = { age = 9 } }", NULL, 0);
  assert_true(address_again(c));
  expect_where(c, c->query->read.where, "and(id in [5 6 7 8], and(age = 9))");
  end_call(c);
}

/* A tape can be used again with another scope, or none. */
static void test_append(void **state) {
  (void)state;
  rl_tape tape;
  rl_arena arena;
  rl_error err = {0};
  rl_tape_init(&tape);
  rl_arena_init(&arena, 0);
  write_tape(&tape, "{ where = { id = 1 } }");
  size_t shape = tape.shape.len, values = tape.value_count;
  give_scope(&tape, &arena, "{ user = { age = 7, name = \"a\" } }", NULL, 0);
  assert_int_equal(tape.value_count, values + 2);
  give_scope(&tape, &arena, "{ user = { age = 7 } }", NULL, 0);
  assert_int_equal(tape.value_count, values + 1);
  assert_int_equal(rl_tape_append(&tape, NULL, &err), RILLE_OK);
  assert_int_equal(tape.shape.len, shape);
  assert_int_equal(tape.value_count, values);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&tape);
}

static void test_strict(void **state) {
  (void)state;
  test_options.strict_where = true;
  rl_tape tape;
  rl_arena arena;
  rl_arg_tree *tree = NULL;
  rl_query *query = NULL;
  rl_error err = {0};
  rl_tape_init(&tape);
  rl_arena_init(&arena, 0);
  write_tape(&tape, "{ where = {} }");
  give_scope(&tape, &arena, "{ user = { age = 7 } }", NULL, 0);
  assert_int_equal(rl_arg_tree_read(&tape, &arena, &tree, &err), RILLE_OK);
  const rl_model *m = rl_schema_model(test_schema, RL_STR("user"));
  assert_int_equal(rl_bind(test_schema, m, RILLE_FIND_MANY, tree, &test_options, &arena, &query, &err), RILLE_ERROR);
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&tape);
  test_options.strict_where = false;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wrong),
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_append),
      cmocka_unit_test(test_strict),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
