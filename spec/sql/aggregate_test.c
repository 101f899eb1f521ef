/* Counts, aggregates, groups and existence, run on each available database. */
#include "blog.h"
#include "engines.h"

static void aggregate(rl_select *s, rl_aggregate fn, const char *field) {
  ir_add_column(s, RL_COLUMN_AGGREGATE, field)->fn = fn;
}

static void over_all_rows(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "", NULL);
  aggregate(s, RL_AGG_COUNT_ALL, NULL);
  aggregate(s, RL_AGG_COUNT, "User.age");
  aggregate(s, RL_AGG_COUNT_DISTINCT, "User.age");
  aggregate(s, RL_AGG_SUM, "User.age");
  aggregate(s, RL_AGG_MIN, "User.email");
  aggregate(s, RL_AGG_MAX, "User.score");
  aggregate(s, RL_AGG_SUM, "User.score");
  expect_select(s, "5|3|2|100|ann@x|2.5|4.5");
  const rl_template *t = &ir_render(the_engine.dialect, ir_read(s))->main;
  assert_int_equal(t->columns[0].wire, RL_WIRE_INT8);
  assert_int_equal(t->columns[3].wire, RL_WIRE_INT8);
  assert_int_equal(t->columns[4].wire, RL_WIRE_TEXT);
  assert_int_equal(t->columns[6].wire, RL_WIRE_FLOAT8);
  assert_null(t->column_fields[3]);
  assert_ptr_equal(t->column_fields[4], ir_field("User.email"));
  s->where = ir_compare("User.id", RL_OP_EQ, ir_int(77));
  expect_select(s, "0|0|0|-|-|-|-");
}

static void averages(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "", ir_compare("Post.views", RL_OP_GTE, ir_int(5)));
  aggregate(s, RL_AGG_AVG, "Post.views");
  expect_select(s, on_postgres() ? "13.75" : "13.75");
  assert_int_equal(ir_render(the_engine.dialect, ir_read(s))->main.columns[0].wire, RL_WIRE_FLOAT8);
  s = ir_select("User", "", NULL);
  aggregate(s, RL_AGG_AVG, "User.bal");
  assert_int_equal(ir_render(the_engine.dialect, ir_read(s))->main.columns[0].wire, RL_WIRE_DECIMAL);
  assert_true(strncmp(run_step(ir_read(s)), "6.5", 3) == 0);
}

static void over_a_page(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "", NULL);
  s->aggregate_over = true;
  s->take = ir_number(2);
  s->skip = ir_number(1);
  ir_order(s, "Post.id", false);
  aggregate(s, RL_AGG_COUNT_ALL, NULL);
  expect_select(s, "2");
  aggregate(s, RL_AGG_SUM, "Post.views");
  aggregate(s, RL_AGG_MAX, "Post.title");
  aggregate(s, RL_AGG_MIN, "Post.views");
  expect_select(s, "2|40|two|20");
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(4));
  s->skip = NULL;
  expect_select(s, "2|5|four|0");
  s->cursor = NULL;
  s->reverse = true;
  expect_select(s, "2|5|four|0");
  s->reverse = false;
  s->distinct = ir_fields(1, "Post.views");
  s->distinct_count = 1;
  expect_select(s, "2|30|two|10");
}

static void groups(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "authorId", NULL);
  s->by = ir_fields(1, "Post.authorId");
  s->by_count = 1;
  aggregate(s, RL_AGG_SUM, "Post.views");
  aggregate(s, RL_AGG_COUNT_ALL, NULL);
  rl_order *o = ir_order(s, "Post.views", true);
  o->kind = RL_ORDER_AGGREGATE;
  o->aggregate = RL_AGG_SUM;
  expect_select(s, "1|50|3;2|5|1;-|0|1");
  rl_filter *having = ir_compare("Post.views", RL_OP_GT, ir_int(1));
  having->aggregate = RL_AGG_AVG;
  s->having = having;
  expect_select(s, "1|50|3;2|5|1");
  rl_filter *count = ir_filter(RL_FILTER_COMPARE, NULL);
  count->aggregate = RL_AGG_COUNT_ALL;
  count->op = RL_OP_EQ;
  count->input = ir_number(1);
  s->having = ir_and(having, count);
  expect_select(s, "2|5|1");
  s->having = NULL;
  s->take = ir_number(1);
  s->skip = ir_number(1);
  expect_select(s, "2|5|1");
  s->reverse = true;
  s->skip = NULL;
  expect_select(s, "-|0|1");
}

static void counts_of_relations(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "id", NULL);
  ir_add_column(s, RL_COLUMN_COUNT, NULL)->relation = ir_field("User.posts");
  rl_column *popular = ir_add_column(s, RL_COLUMN_COUNT, NULL);
  popular->relation = ir_field("User.posts");
  popular->where = ir_compare("Post.views", RL_OP_EQ, ir_int(20));
  ir_order(s, "User.id", false);
  s->take = ir_number(3);
  expect_select(s, "1|3|2;2|1|0;3|0|0");
  s = ir_select("Post", "id", NULL);
  ir_add_column(s, RL_COLUMN_COUNT, NULL)->relation = ir_field("Post.tags");
  rl_column *red = ir_add_column(s, RL_COLUMN_COUNT, NULL);
  red->relation = ir_field("Post.tags");
  red->where = ir_compare("Tag.name", RL_OP_EQ, ir_text("red"));
  ir_order(s, "Post.id", false);
  expect_select(s, "1|2|1;2|1|0;3|0|0;4|1|0;5|0|0");
}

static void existence(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "", ir_compare("User.name", RL_OP_EQ, ir_text("Dee")));
  ir_add_column(s, RL_COLUMN_EXISTS, NULL);
  expect_select(s, on_postgres() ? "t" : "1");
  assert_int_equal(ir_render(the_engine.dialect, ir_read(s))->main.columns[0].wire, RL_WIRE_BOOL);
  s->where = ir_compare("User.name", RL_OP_EQ, ir_text("Nobody"));
  expect_select(s, on_postgres() ? "f" : "0");
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
      cmocka_unit_test(over_all_rows),       cmocka_unit_test(averages),
      cmocka_unit_test(over_a_page),         cmocka_unit_test(groups),
      cmocka_unit_test(counts_of_relations), cmocka_unit_test(existence),
  };
  return run_on_engines(tests, sizeof tests / sizeof *tests, setup, teardown);
}
