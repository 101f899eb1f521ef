/* Conditions, run on each available database: which rows they find. */
#include "blog.h"
#include "engines.h"

/* Returns the ids of the users that a condition finds. */
static const char *users(rl_filter *where) {
  rl_select *s = ir_select("User", "id", where);
  ir_order(s, "User.id", false);
  return run_step(ir_read(s));
}

static const char *posts(rl_filter *where) {
  rl_select *s = ir_select("Post", "id", where);
  ir_order(s, "Post.id", false);
  return run_step(ir_read(s));
}

#define expect_users(where, ids) assert_string_equal(users(where), ids)
#define expect_posts(where, ids) assert_string_equal(posts(where), ids)

static void comparisons(void **state) {
  (void)state;
  expect_users(NULL, "1;2;3;4;5");
  expect_users(ir_compare("User.age", RL_OP_EQ, ir_int(40)), "1;4");
  expect_users(ir_compare("User.age", RL_OP_NE, ir_int(40)), "3");
  expect_users(ir_compare("User.age", RL_OP_LT, ir_int(40)), "3");
  expect_users(ir_compare("User.bal", RL_OP_GTE, ir_decimal("7")), "1;3");
  expect_users(ir_compare("User.role", RL_OP_EQ, ir_text("ADMIN")), "1");
  expect_users(ir_null("User.age", false), "2;5");
  expect_users(ir_null("User.age", true), "1;3;4");
  rl_filter *column = ir_compare("User.id", RL_OP_LT, ir_int(0));
  column->column = ir_field("User.age");
  column->input = NULL;
  expect_users(column, "1;3;4");
}

static void logic(void **state) {
  (void)state;
  rl_filter *old = ir_compare("User.age", RL_OP_EQ, ir_int(40)),
            *ann = ir_compare("User.name", RL_OP_EQ, ir_text("Ann"));
  expect_users(ir_and(old, ann), "1");
  expect_users(ir_or(ir_compare("User.id", RL_OP_EQ, ir_int(5)), ir_and(old, ir_not(ann))), "4;5");
  expect_users(ir_not(old), "3");
  expect_users(ir_not(ir_and(old, ann)), "2;3;4;5");
  expect_users(ir_filter(RL_FILTER_OR, NULL), "");
  expect_users(ir_filter(RL_FILTER_AND, NULL), "1;2;3;4;5");
  expect_users(ir_filter(RL_FILTER_NOT, NULL), "1;2;3;4;5");
  rl_filter *negated = ir_compare("User.age", RL_OP_EQ, ir_int(40));
  negated->negated = true;
  expect_users(ir_and(negated, ir_null("User.name", false)), "3");
}

static void lists_of_values(void **state) {
  (void)state;
  expect_users(ir_in("User.id", ir_list_of("User.id", ir_int(1), ir_int(4), ir_int(9)), false), "1;4");
  expect_users(ir_in("User.age", ir_list_of("User.age", ir_int(20)), true), "1;4");
  expect_users(ir_in("User.role", ir_list_of("User.role", ir_text("ADMIN")), false), "1");
  expect_users(ir_in("User.bal", ir_list_of("User.bal", ir_decimal("2.5"), ir_decimal("7")), false), "2;3");
  expect_users(ir_in("User.id", ir_list(ir_field("User.id")->type, 0), false), "");
  expect_users(ir_in("User.age", ir_list(ir_field("User.age")->type, 0), true), "1;2;3;4;5");
  rl_filter *f = ir_in("User.name", ir_list_of("User.name", ir_text("ANN"), ir_text("dEE")), false);
  f->insensitive = true;
  expect_users(f, "1;4;5");
}

static rl_filter *like(const char *pattern, bool insensitive) {
  rl_filter *f = ir_compare("User.email", RL_OP_LIKE, ir_text(pattern));
  f->insensitive = insensitive;
  return f;
}

static void patterns(void **state) {
  (void)state;
  expect_users(like("%b@%", false), "2");
  expect_users(like("%\\_x", false), "5");
  expect_users(like("ANN%", true), "1");
  expect_users(ir_not(like("%@x", false)), "5");
  rl_filter *equal = ir_compare("User.name", RL_OP_EQ, ir_text("ANN"));
  equal->insensitive = true;
  expect_users(equal, "1;5");
  rl_filter *column = ir_compare("User.email", RL_OP_LIKE, ir_text(""));
  column->column = ir_field("User.name");
  column->input->transform = RL_TRANSFORM_STARTS_WITH;
  expect_users(column, on_postgres() ? "2" : "1;2;4");
}

static void to_many(void **state) {
  (void)state;
  rl_filter *popular = ir_compare("Post.views", RL_OP_GTE, ir_int(20));
  expect_users(ir_relation("User.posts", RL_SOME, popular), "1");
  expect_users(ir_relation("User.posts", RL_NONE, popular), "2;3;4;5");
  expect_users(ir_relation("User.posts", RL_EVERY, ir_compare("Post.views", RL_OP_GTE, ir_int(10))), "1;3;4;5");
  expect_users(ir_relation("User.posts", RL_SOME, NULL), "1;2");
  expect_users(ir_relation("User.posts", RL_NONE, NULL), "3;4;5");
  expect_users(ir_relation("User.posts", RL_EVERY, NULL), "1;2;3;4;5");
  rl_filter *green = ir_relation("Post.tags", RL_SOME, ir_compare("Tag.name", RL_OP_EQ, ir_text("green")));
  expect_posts(green, "1;2");
  expect_posts(ir_relation("Post.tags", RL_EVERY, ir_compare("Tag.name", RL_OP_EQ, ir_text("green"))), "2;3;5");
  expect_posts(ir_relation("Post.tags", RL_NONE, NULL), "3;5");
  expect_users(ir_relation("User.posts", RL_SOME, ir_and(green, ir_compare("Post.views", RL_OP_EQ, ir_int(20)))), "1");
  rl_filter *deep = ir_relation("User.minions", RL_SOME,
                                ir_relation("User.minions", RL_SOME, ir_compare("User.id", RL_OP_EQ, ir_int(4))));
  expect_users(deep, "1");
  /* a condition that is unknown for a row does not break "every" */
  expect_users(ir_relation("User.minions", RL_EVERY, ir_compare("User.age", RL_OP_EQ, ir_int(20))), "1;2;4;5");
}

static void to_one(void **state) {
  (void)state;
  rl_filter *aged = ir_compare("User.age", RL_OP_EQ, ir_int(40));
  rl_filter *unknown = ir_compare("User.age", RL_OP_EQ, ir_int(1)); /* unknown for user 2, who wrote post 4 */
  expect_posts(ir_relation("Post.author", RL_IS, aged), "1;2;3");
  expect_posts(ir_relation("Post.author", RL_IS_NOT, aged), "5");
  expect_posts(ir_not(ir_relation("Post.author", RL_IS, aged)), "5");
  expect_posts(ir_not(ir_relation("Post.author", RL_IS_NOT, aged)), "1;2;3");
  expect_posts(ir_relation("Post.author", RL_IS, NULL), "5");
  expect_posts(ir_relation("Post.author", RL_IS_NOT, NULL), "1;2;3;4");
  expect_posts(ir_relation("Post.author", RL_IS_NOT, unknown), "1;2;3;5");
  expect_posts(ir_not(ir_relation("Post.author", RL_IS, unknown)), "1;2;3;5");
  expect_posts(ir_not(ir_relation("Post.author", RL_IS_NOT, unknown)), "");
  expect_users(
      ir_relation("User.boss", RL_IS, ir_relation("User.boss", RL_IS, ir_compare("User.id", RL_OP_EQ, ir_int(1)))),
      "4");
}

static void keys(void **state) {
  (void)state;
  const char *fields[] = {"Pair.a", "Pair.b"};
  rl_input *single[] = {ir_of("Pair.a", ir_int(1)), ir_of("Pair.b", ir_text("y"))};
  rl_input *lists[] = {ir_list_of("Pair.a", ir_int(1), ir_int(2), ir_int(2)),
                       ir_list_of("Pair.b", ir_text("y"), ir_text("x"), ir_text("y"))};
  rl_select *s = ir_select("Pair", "v", NULL);
  ir_order(s, "Pair.v", false);
  s->keys = ir_keys(2, fields, single);
  expect_select(s, "2");
  s->keys = ir_keys(2, fields, lists);
  expect_select(s, "2;3");
  s->keys = ir_key("Pair.b", lists[1]);
  s->where = ir_compare("Pair.a", RL_OP_EQ, ir_int(1));
  expect_select(s, "1;2");
  s->where = ir_or(ir_compare("Pair.v", RL_OP_EQ, ir_int(2)), ir_compare("Pair.v", RL_OP_EQ, ir_int(3)));
  s->keys = ir_key("Pair.b", ir_of("Pair.b", ir_text("x")));
  expect_select(s, "3");
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
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparisons), cmocka_unit_test(logic),   cmocka_unit_test(lists_of_values),
      cmocka_unit_test(patterns),    cmocka_unit_test(to_many), cmocka_unit_test(to_one),
      cmocka_unit_test(keys),
  };
  return run_on_engines(tests, sizeof tests / sizeof *tests, setup, teardown);
}
