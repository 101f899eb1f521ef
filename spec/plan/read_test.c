/* Plans of reads: one select, and one more per level below. */
#include "plan_fixture.h"
#include "blog_schema.h"

static rl_schema *blog;

static void setup_blog(void) {
  blog = schema_of(blog_schema);
}

static void finds_by_key(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1}}",
              "0: select User [id email name age bossId] where id=$ as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_UNIQUE_OR_THROW, "{where: {email: 'a'}, select: {name: true}}",
              "0: select User [name] where email=$ as node 0 else P2025\n");
  expect_plan(blog, "place", RILLE_FIND_UNIQUE, "{where: {x_y: {x: 1, y: 2}}}",
              "0: select Place [x y label] where (x=$ and y=$) as node 0\n");
}

static void finds_first(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_FIRST, "{where: {name: 'a'}}",
              "0: select User [id email name age bossId] where name=$ take #1 as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_FIRST, "{order_by: {age: 'desc'}, skip: 1}",
              "0: select User [id email name age bossId] order age- take #1 skip $ as node 0\n");
}

static void orders_totally_where_the_callers_order_will_not_do(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}}", "0: select User [id] as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, order_by: {age: 'desc'}}",
              "0: select User [id] order age- as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, order_by: {age: 'desc'}, take: 2, skip: 1}",
              "0: select User [id] order age- take $ skip $ as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, order_by: {email: 'asc'}, take: -2}",
              "0: select User [id] order email+ take $ from the end as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, cursor: {email: 'a'}, take: 3}",
              "0: select User [id] from email=$ order id+ take $ as node 0\n");
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, distinct: ['name']}",
              "0: select User [id] distinct (name) order id+ as node 0\n");
  expect_plan(blog, "place", RILLE_FIND_MANY, "{select: {label: true}, order_by: {label: 'asc'}, take: 1}",
              "0: select Place [label] order label+ take $ as node 0\n");
}

static void includes_a_level_a_step(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_MANY, "{include: {posts: true, profile: true}}",
              "0: select User [id email name age bossId] -> r0(0) as node 0\n"
              "1: if r0: select Post [id title views authorId] where authorId=r0.0[] as node 1\n"
              "2: if r0: select Profile [id bio userId] where userId=r0.0[] as node 2\n");
  expect_plan(blog, "post", RILLE_FIND_MANY, "{select: {title: true, author: {select: {name: true}}}}",
              "0: select Post [title | authorId] -> r0(1) as node 0\n"
              "1: if r0: select User [name | id] where id=r0.0[] as node 1\n");
  expect_plan(blog, "post", RILLE_FIND_MANY, "{select: {title: true, tags: {select: {name: true, posts: true}}}}",
              "0: select Post [title | id] -> r0(1) as node 0\n"
              "1: if r0: select Tag [name | link id] linked by _PostToTag A=r0.0[] -> r1(2) as node 1\n"
              "2: if r1: select Post [id title views authorId | link] linked by _PostToTag B=r1.0[] as node 2\n");
  expect_plan(blog, "place", RILLE_FIND_MANY, "{include: {pins: {select: {id: true}}}}",
              "0: select Place [x y label] -> r0(0 1) as node 0\n"
              "1: if r0: select Pin [id | px py] where px=r0.0[] and py=r0.1[] as node 1\n");
}

static void limits_per_parent(void **state) {
  (void)state;
  expect_plan(
      blog, "user", RILLE_FIND_MANY,
      "{select: {id: true, posts: {select: {id: true}, take: 2, order_by: {views: 'desc'}}}}",
      "0: select User [id] -> r0(0) as node 0\n"
      "1: if r0: select Post [id | authorId] where authorId=r0.0[] order views- id+ take $ per parent as node 1\n");
  expect_plan(
      blog, "tag", RILLE_FIND_MANY, "{select: {name: true, posts: {select: {id: true}, skip: 1}}}",
      "0: select Tag [name | id] -> r0(1) as node 0\n"
      "1: if r0: select Post [id | link] linked by _PostToTag B=r0.0[] order id+ skip $ per parent as node 1\n");
  expect_plan(
      blog, "user", RILLE_FIND_UNIQUE,
      "{where: {id: 1}, select: {posts: {select: {id: true, tags: {take: 1}}, take: 2}}}",
      "0: select User [| id] where id=$ -> r0(0) as node 0\n"
      "1: if r0: select Post [id | authorId] where authorId=r0.0[] order id+ take $ -> r1(0) as node 1\n"
      "2: if r1: select Tag [id name | link] linked by _PostToTag A=r1.0[] order id+ take $ per parent as node 2\n");
}

static void counts_related_rows_in_the_same_step(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true, _count: {select: {posts: true, staff: true}}}}",
              "0: select User [id count(staff) count(posts)] as node 0\n");
}

static void locks(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true}, lock: 'update'}",
              "0: select User [id] lock as node 0\n");
  expect_with(blog, &small_features, "user", RILLE_FIND_MANY, "{select: {id: true}, lock: 'update'}", "P2026\n");
}

static void a_read_is_never_atomic(void **state) {
  (void)state;
  planned p = plan_with(blog, &full_features, "user", RILLE_FIND_MANY,
                        "{include: {posts: {include: {tags: true}}, staff: true, boss: true}}");
  assert_int_equal(statements(p.plan), 5);
  assert_int_equal(round_trips(p.plan), 3);
  assert_false(p.plan->atomic);
  assert_false(p.plan->writes);
  assert_int_equal(p.plan->node_count, 5);
  assert_int_equal(p.plan->result, RILLE_RESULT_ROWS);
  plan_done(&p);
}

static void nodes_tell_how_rows_find_their_parents(void **state) {
  (void)state;
  planned p = plan_with(blog, &full_features, "post", RILLE_FIND_MANY,
                        "{select: {title: true, author: {select: {name: true}}, tags: {select: {name: true}}}}");
  const rl_node_plan *author = &p.plan->nodes[1], *tags = &p.plan->nodes[2];
  const rl_step *root = &p.plan->steps[0], *authors = &p.plan->steps[1];
  assert_int_equal(author->parent, 0);
  assert_false(author->list);
  assert_true(tags->list);
  assert_int_equal(author->parent_rowset, root->rowset);
  assert_int_equal(author->link_count, 1);
  const rl_column *own = &authors->as.select->columns[author->link[0]];
  const rl_column *parents = &root->as.select->columns[root->keep[author->parent_link[0]]];
  assert_true(rl_str_is(own->field->name, "id"));
  assert_true(rl_str_is(parents->field->name, "authorId"));
  assert_int_equal(p.plan->steps[2].as.select->columns[tags->link[0]].kind, RL_COLUMN_LINK);
  assert_int_equal(author->column_count, 1);
  plan_done(&p);
}

static void follows_a_relation_to_itself_in_one_step(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_FIND_MANY, "{select: {id: true, staff: {recursive: true, depth: 3}}}",
              "0: select User [id] -> r0(0) as node 0\n"
              "1: if r0: select User [id email name age bossId | depth] recursive staff to 3 where bossId=r0.0[] -> "
              "r1(0) as node 1\n");
  planned p = plan_with(blog, &full_features, "user", RILLE_FIND_MANY,
                        "{select: {id: true, staff: {recursive: true, depth: 3}}}");
  const rl_node_plan *nodes = p.plan->nodes;
  assert_int_equal(p.plan->node_count, 4);
  assert_int_equal(nodes[1].parent, 0);
  assert_int_equal(nodes[1].parent_rowset, p.plan->steps[0].rowset);
  for (uint32_t k = 2; k < 4; k++) { /* the middle levels, and the last one */
    assert_int_equal(nodes[k].parent, k);
    assert_int_equal(nodes[k].last, k == 3);
    assert_int_equal(nodes[k].parent_rowset, p.plan->steps[1].rowset);
    assert_true(nodes[k].list);
  }
  assert_int_equal(p.plan->steps[1].as.select->depth, 3);
  plan_done(&p);
  p = plan_with(blog, &full_features, "user", RILLE_FIND_MANY, "{select: {id: true, staff: {recursive: true}}}");
  assert_int_equal(p.plan->node_count, 3);
  plan_done(&p);
  p = plan_with(blog, &full_features, "user", RILLE_FIND_MANY,
                "{select: {id: true, staff: {recursive: true, select: {id: true, posts: true}}}}");
  assert_int_equal(p.plan->step_count, 3);
  assert_int_equal(p.plan->node_count, 4);
  assert_int_equal(p.plan->nodes[3].parent, 1);
  assert_int_equal(p.plan->nodes[3].parent_rowset, p.plan->steps[1].rowset);
  plan_done(&p);
}

static void aggregates(void **state) {
  (void)state;
  expect_plan(blog, "post", RILLE_COUNT, "{where: {title: 'a'}}",
              "0: select Post [count_all(*)] where title=$ as node 0\n");
  expect_plan(blog, "post", RILLE_COUNT, "{take: 5, order_by: {views: 'asc'}}",
              "0: select Post [count_all(*)] order views+ take $ over these as node 0\n");
  expect_plan(blog, "post", RILLE_COUNT, "{select: {_all: true, authorId: true}}",
              "0: select Post [count_all(*) count(authorId)] as node 0\n");
  expect_plan(blog, "post", RILLE_EXISTS, "{where: {title: 'a'}}", "0: select Post [exists] where title=$ as node 0\n");
  expect_plan(blog, "post", RILLE_AGGREGATE, "{_sum: {views: true}, _max: {title: true}}",
              "0: select Post [sum(views) max(title)] as node 0\n");
  expect_plan(blog, "post", RILLE_GROUP_BY,
              "{by: ['authorId'], _sum: {views: true}, order_by: {authorId: 'asc'}, take: 3}",
              "0: select Post [authorId sum(views)] by (authorId) order authorId+ take $ as node 0\n");
  expect_plan(blog, "post", RILLE_COUNT, "{cursor: {id: 'a'}, order_by: {views: 'asc'}}", "P2019\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_by_key),
      cmocka_unit_test(finds_first),
      cmocka_unit_test(orders_totally_where_the_callers_order_will_not_do),
      cmocka_unit_test(includes_a_level_a_step),
      cmocka_unit_test(limits_per_parent),
      cmocka_unit_test(counts_related_rows_in_the_same_step),
      cmocka_unit_test(locks),
      cmocka_unit_test(a_read_is_never_atomic),
      cmocka_unit_test(nodes_tell_how_rows_find_their_parents),
      cmocka_unit_test(follows_a_relation_to_itself_in_one_step),
      cmocka_unit_test(aggregates),
  };
  setup_blog();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  return failed;
}
