/* Conditions on JSON, run on each available database. */
#include "blog.h"
#include "engines.h"

static const char *users(rl_filter *where) {
  rl_select *s = ir_select("User", "id", where);
  ir_order(s, "User.id", false);
  return run_step(ir_read(s));
}

#define expect_users(where, ids) assert_string_equal(users(where), ids)
#define at(...) ir_path(__VA_ARGS__)

static rl_filter *json(rl_operator op, rl_input *path, const char *value) {
  return ir_json_filter("User.meta", op, path, ir_json(value));
}

static rl_filter *text(rl_operator op, rl_input *path, const char *pattern) {
  return ir_json_filter("User.meta", op, path, ir_text(pattern));
}

static rl_filter *null(rl_operator op, rl_input *path, rl_json_null which) {
  rl_filter *f = json(op, path, "null");
  f->json_null = which;
  return f;
}

static void equality(void **state) {
  (void)state;
  expect_users(json(RL_OP_EQ, at(ir_text("a")), "5"), "2");
  expect_users(json(RL_OP_NE, at(ir_text("a")), "5"), "1");
  expect_users(ir_not(json(RL_OP_EQ, at(ir_text("a")), "5")), "1");
  expect_users(json(RL_OP_EQ, NULL, "[1, {\"y\": 2, \"z\": 1}]"), "3"); /* the order of keys has no meaning */
  expect_users(json(RL_OP_NE, NULL, "[1,{\"y\":2,\"z\":1}]"), "1;2;5");
  expect_users(json(RL_OP_EQ, NULL, "[{\"z\": 1, \"y\": 2}, 1]"), "");
  expect_users(json(RL_OP_EQ, at(ir_text("a"), ir_text("b"), ir_text("1")), "2"), "1");
  expect_users(json(RL_OP_EQ, at(ir_text("a"), ir_text("b"), ir_text("-1")), "\"x\""), "1");
  expect_users(json(RL_OP_EQ, at(ir_text("1"), ir_text("z")), "1"), "3");
  rl_filter *itself = json(RL_OP_EQ, NULL, "0");
  itself->column = ir_field("User.meta");
  expect_users(itself, "1;2;3;5");
}

static void nulls(void **state) {
  (void)state;
  expect_users(null(RL_OP_EQ, NULL, RL_DB_NULL), "4");
  expect_users(null(RL_OP_NE, NULL, RL_DB_NULL), "1;2;3;5");
  expect_users(null(RL_OP_EQ, NULL, RL_JSON_NULL_VALUE), "5");
  expect_users(null(RL_OP_NE, NULL, RL_JSON_NULL_VALUE), "1;2;3");
  expect_users(null(RL_OP_EQ, NULL, RL_ANY_NULL), "4;5");
  expect_users(null(RL_OP_NE, NULL, RL_ANY_NULL), "1;2;3");
  expect_users(null(RL_OP_EQ, at(ir_text("n")), RL_JSON_NULL_VALUE), "1");
  expect_users(null(RL_OP_EQ, at(ir_text("n")), RL_DB_NULL), "2;3;4;5");
  expect_users(null(RL_OP_EQ, at(ir_text("n")), RL_ANY_NULL), "1;2;3;4;5");
}

static void strings(void **state) {
  (void)state;
  rl_input *s = at(ir_text("s"));
  expect_users(text(RL_OP_STRING_CONTAINS, s, "%x%"), "2");
  expect_users(text(RL_OP_STRING_STARTS_WITH, s, "a%"), "1;2");
  expect_users(text(RL_OP_STRING_ENDS_WITH, s, "%\\_b"), "1");
  expect_users(ir_not(text(RL_OP_STRING_CONTAINS, s, "%x%")), "1"); /* only strings can fail to contain */
  rl_filter *f = text(RL_OP_STRING_STARTS_WITH, s, "A\\_%");
  f->insensitive = true;
  expect_users(f, "1");
  expect_users(text(RL_OP_STRING_CONTAINS, at(ir_text("a")), "%5%"), "");
}

static void arrays(void **state) {
  (void)state;
  rl_input *b = at(ir_text("a"), ir_text("b"));
  expect_users(json(RL_OP_ARRAY_CONTAINS, b, "[2, \"x\"]"), "1");
  expect_users(json(RL_OP_ARRAY_CONTAINS, b, "[3]"), "");
  expect_users(json(RL_OP_ARRAY_CONTAINS, NULL, "[1]"), "3");
  expect_users(ir_not(json(RL_OP_ARRAY_CONTAINS, NULL, "[2]")), "3");
  expect_users(json(RL_OP_ARRAY_STARTS_WITH, b, "1"), "1");
  expect_users(json(RL_OP_ARRAY_ENDS_WITH, b, "\"x\""), "1");
  expect_users(json(RL_OP_ARRAY_ENDS_WITH, NULL, "{\"y\": 2, \"z\": 1}"), "3");
  expect_users(json(RL_OP_ARRAY_STARTS_WITH, NULL, "2"), "");
}

static void order(void **state) {
  (void)state;
  rl_input *k = at(ir_text("k"));
  expect_users(json(RL_OP_GT, k, "6"), "1");
  expect_users(json(RL_OP_LTE, k, "6.5"), "");
  expect_users(json(RL_OP_GTE, k, "\"7\""), "2");
  expect_users(ir_not(json(RL_OP_GT, k, "7")), "1");
}

static int setup(void **state) {
  (void)state;
  return engine_open(blog_schema, blog_rows);
}

static int teardown(void **state) {
  (void)state;
  return engine_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(equality), cmocka_unit_test(nulls), cmocka_unit_test(strings),
                                     cmocka_unit_test(arrays), cmocka_unit_test(order)};
  return run_on_engines(tests, sizeof tests / sizeof *tests, setup, teardown);
}
