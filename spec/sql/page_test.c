/* Orders, pages, cursors and distinct rows, run on each available database. */
#include "blog.h"
#include "engines.h"

static rl_select *users(void) {
  return ir_select("User", "id", NULL);
}

static void orders(void **state) {
  (void)state;
  rl_select *s = users();
  ir_order(s, "User.age", false)->nulls = RL_NULLS_LAST;
  ir_order(s, "User.id", true);
  expect_select(s, "3;4;1;5;2");
  s = users();
  ir_order(s, "User.age", false); /* each database puts nulls where it does by default */
  ir_order(s, "User.id", false);
  expect_select(s, on_postgres() ? "3;1;4;2;5" : "2;5;3;1;4");
}

static void orders_by_relations(void **state) {
  (void)state;
  rl_select *s = users();
  rl_order *o = ir_order(s, "User.age", false);
  o->path = ir_fields(1, "User.boss");
  o->path_count = 1;
  o->nulls = RL_NULLS_FIRST;
  ir_order(s, "User.id", false);
  expect_select(s, "1;5;4;2;3");
  s = users();
  o = ir_order(s, "User.posts", true);
  o->kind = RL_ORDER_COUNT;
  ir_order(s, "User.id", false);
  expect_select(s, "1;2;3;4;5");
  s = ir_select("Post", "id", NULL);
  o = ir_order(s, "Post.tags", true);
  o->kind = RL_ORDER_COUNT;
  ir_order(s, "Post.id", true);
  expect_select(s, "1;4;2;5;3");
  s = ir_select("Post", "id", NULL);
  o = ir_order(s, "User.minions", true);
  o->kind = RL_ORDER_COUNT;
  o->path = ir_fields(1, "Post.author");
  o->path_count = 1;
  ir_order(s, "Post.id", false);
  expect_select(s, "1;2;3;4;5");
}

static void limits(void **state) {
  (void)state;
  rl_select *s = users();
  ir_order(s, "User.id", false);
  s->take = ir_number(2);
  expect_select(s, "1;2");
  s->skip = ir_number(1);
  expect_select(s, "2;3");
  s->take = NULL;
  s->skip = ir_number(3);
  expect_select(s, "4;5");
  s->take = ir_number(2);
  s->skip = ir_number(1);
  s->reverse = true; /* the last two, without the very last, in order */
  expect_select(s, "3;4");
  s->take_none = true;
  expect_select(s, "");
}

/* The users from `id` on, by age and key, or backwards from it. */
static const char *from(int64_t id, bool descending, bool reverse, rl_nulls nulls) {
  rl_select *s = users();
  rl_order *o = ir_order(s, "User.age", descending);
  o->nulls = nulls;
  ir_order(s, "User.id", false);
  s->cursor = ir_compare("User.id", RL_OP_EQ, ir_int(id));
  s->reverse = reverse;
  s->take = ir_number(10);
  return run_step(ir_read(s));
}

static void cursors_over_nulls(void **state) {
  (void)state;
  assert_string_equal(from(4, false, false, RL_NULLS_LAST), "4;2;5"); /* 3 1 4 2 5 */
  assert_string_equal(from(2, false, false, RL_NULLS_LAST), "2;5");
  assert_string_equal(from(4, false, true, RL_NULLS_LAST), "3;1;4");
  assert_string_equal(from(5, false, true, RL_NULLS_LAST), "3;1;4;2;5");
  assert_string_equal(from(5, false, false, RL_NULLS_FIRST), "5;3;1;4"); /* 2 5 3 1 4 */
  assert_string_equal(from(1, false, true, RL_NULLS_FIRST), "2;5;3;1");
  assert_string_equal(from(2, true, false, RL_NULLS_FIRST), "2;5;1;4;3"); /* 2 5 1 4 3 */
  assert_string_equal(from(1, true, false, RL_NULLS_LAST), "1;4;3;2;5");  /* 1 4 3 2 5 */
  assert_string_equal(from(3, false, false, RL_NULLS_DEFAULT), on_postgres() ? "3;1;4;2;5" : "3;1;4");
  assert_string_equal(from(9, false, false, RL_NULLS_LAST), ""); /* no such row: no rows */
}

static void cursors_as_rows(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "id", NULL);
  ir_order(s, "Post.views", true);
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(3));
  ir_order(s, "Post.id", true);
  expect_select(s, "3;2;1;4;5");
  s->take = ir_number(2);
  s->skip = ir_number(1);
  expect_select(s, "2;1");
  s->reverse = true;
  s->skip = NULL;
  expect_select(s, "3");
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(4));
  expect_select(s, "1;4");
  s->orders[1].descending = false; /* 2 3 1 4 5: directions differ */
  s->reverse = false;
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(3));
  expect_select(s, "3;1");
  s->where = ir_compare("Post.id", RL_OP_NE, ir_int(3)); /* the cursor row itself need not be among the rows */
  expect_select(s, "1;4");
  s->where = NULL;
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(99));
  expect_select(s, "");
}

static void distinct_rows(void **state) {
  (void)state;
  rl_select *s = users();
  ir_order(s, "User.id", false);
  s->distinct = ir_fields(1, "User.age");
  s->distinct_count = 1;
  expect_select(s, "1;2;3");
  s->skip = ir_number(1);
  s->take = ir_number(1);
  expect_select(s, "2");
  s->skip = NULL;
  s->take = ir_number(2);
  s->reverse = true; /* counted from the end: 5, 4 and 3 are the first of their ages */
  expect_select(s, "4;5");
}

static rl_select *posts_of(rl_input *authors) {
  rl_select *s = ir_select("Post", "authorId id", NULL);
  s->keys = ir_key("Post.authorId", authors);
  s->per_parent = true;
  ir_order(s, "Post.id", false);
  return s;
}

static void per_parent(void **state) {
  (void)state;
  rl_input *authors = ir_list_of("Post.authorId", ir_int(1), ir_int(2));
  rl_select *s = posts_of(authors);
  expect_select(s, "1|1;1|2;1|3;2|4");
  s->take = ir_number(2);
  expect_select(s, "1|1;1|2;2|4");
  s->skip = ir_number(1);
  expect_select(s, "1|2;1|3");
  s->take = NULL;
  expect_select(s, "1|2;1|3");
  s->skip = NULL;
  s->take = ir_number(1);
  s->reverse = true;
  expect_select(s, "1|3;2|4");
  s->reverse = false;
  s->distinct = ir_fields(1, "Post.views");
  s->distinct_count = 1;
  s->take = ir_number(2);
  expect_select(s, "1|1;1|2;2|4");
  s->reverse = true;
  expect_select(s, "1|1;1|3;2|4");
  s->distinct_count = 0;
  s->reverse = false;
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(2)); /* a row of author 1: the others have no cursor row */
  expect_select(s, "1|2;1|3");
}

static void through_join_table(void **state) {
  (void)state;
  rl_select *s = ir_select("Tag", "name", NULL);
  ir_add_column(s, RL_COLUMN_LINK, NULL);
  s->link = ir_field("Post.tags")->relation;
  s->link_from_a = true;
  s->link_keys = ir_list_of("Post.id", ir_int(1), ir_int(4));
  ir_order(s, "Tag.name", false);
  ir_order(s, "Tag.id", false);
  expect_select(s, "blue|4;green|1;red|1");
  s->per_parent = true;
  s->take = ir_number(1);
  expect_select(s, "blue|4;green|1");
  s->cursor = ir_compare("Tag.name", RL_OP_EQ, ir_text("red"));
  expect_select(s, "red|1");
  s->cursor = NULL;
  s->take = NULL;
  s->where = ir_compare("Tag.name", RL_OP_EQ, ir_text("green"));
  expect_select(s, "green|1");
  rl_select *back = ir_select("Post", "title", NULL);
  back->link = s->link;
  back->link_keys = ir_of("Tag.id", ir_int(2));
  ir_order(back, "Post.id", false);
  expect_select(back, "one;two");
}

static void recursion(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "id bossId", NULL);
  ir_add_column(s, RL_COLUMN_DEPTH, NULL);
  s->recursive = ir_field("User.minions");
  s->depth = 5;
  s->keys = ir_key("User.bossId", ir_list_of("User.bossId", ir_int(1)));
  ir_order(s, "User.id", true);
  expect_select(s, "3|1|1;2|1|1;4|3|2");
  s->depth = 1;
  expect_select(s, "3|1|1;2|1|1");
  s->depth = 5;
  s->recursive = ir_field("User.boss");
  s->keys = ir_key("User.id", ir_list_of("User.id", ir_int(3)));
  expect_select(s, "3|1|1;1|-|2");
  engine_script("UPDATE \"User\" SET boss = 4 WHERE id = 1"); /* 1, 3 and 4 are a ring now */
  expect_select(s, "3|1|1;1|4|2;4|3|3");
  s->recursive = ir_field("User.minions");
  s->keys = ir_key("User.bossId", ir_list_of("User.bossId", ir_int(1)));
  expect_select(s, "3|1|1;2|1|1;4|3|2");
  engine_script("UPDATE \"User\" SET boss = NULL WHERE id = 1");
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
      cmocka_unit_test(orders),          cmocka_unit_test(orders_by_relations),
      cmocka_unit_test(limits),          cmocka_unit_test(cursors_over_nulls),
      cmocka_unit_test(cursors_as_rows), cmocka_unit_test(distinct_rows),
      cmocka_unit_test(per_parent),      cmocka_unit_test(through_join_table),
      cmocka_unit_test(recursion),
  };
  return run_on_engines(tests, sizeof tests / sizeof *tests, setup, teardown);
}
