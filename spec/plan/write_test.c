/* Plans of writes without nested writes: as few statements as possible. */
#include "plan_fixture.h"
#include "blog_schema.h"

static rl_schema *blog;

static void creates_in_one_statement(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_CREATE, "{data: {email: 'a'}}",
              "0: insert User {email=$} returning [id email name age bossId] as node 0 else P2025\n");
  expect_plan(blog, "post", RILLE_CREATE, "{data: {title: 'a', authorId: 1}, select: {id: true}}",
              "0: insert Post {id=new0 title=$ views=#0 authorId=$} returning [id] as node 0 else P2025\n");
  expect_plan(
      blog, "post", RILLE_CREATE, "{data: {title: 'a', authorId: 1}, select: {title: true, author: true}}",
      "atomic\n"
      "0: insert Post {id=new0 title=$ views=#0 authorId=$} returning [title | authorId] -> r0(1) as node 0 else P2025\n"
      "1: select User [id email name age bossId] where id=[$] as node 1\n");
  expect_plan(blog, "user", RILLE_CREATE, "{data: {email: 'a'}, select: {_count: {select: {posts: true}}}}",
              "atomic\n"
              "0: insert User {email=$} returning [| id] -> r0(0) else P2025\n"
              "1: select User [count(posts)] where id=r0.0 as node 0\n");
}

static void creates_many(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_CREATE_MANY, "{data: [{email: 'a'}, {email: 'b'}], skip_duplicates: true}",
              "0: insert User rows skip duplicates counts\n");
  expect_plan(blog, "user", RILLE_CREATE_MANY_AND_RETURN, "{data: [{email: 'a'}], select: {id: true}}",
              "0: insert User rows returning [id] as node 0\n");
  expect_plan(blog, "user", RILLE_UPSERT_MANY, "{data: [{email: 'a', name: 'n'}], on: ['email'], update: ['name']}",
              "0: insert User rows on conflict (email) update counts\n");
}

static void creates_many_with_related_rows(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_CREATE_MANY,
              "{data: [{email: 'a', posts: {create: [{title: 'x', tags: {create: {name: 'r'}, connect: {id: 1}}}], "
              "connect: {id: 'p'}}}]}",
              "atomic\n"
              "0: insert User rows returning [| id] -> r0(0) counts if fewer P2025\n"
              "1: insert Post rows id=new0 views=#0 authorId=r0.0 returning [| id] -> r1(0) if fewer P2025\n"
              "2: insert Tag rows returning [| id] -> r2(0) if fewer P2025\n"
              "3: link rows _PostToTag id=r1.0 id=r2.0\n"
              "4: link rows _PostToTag id=r1.0\n"
              "5: update Post rows on (id) set (authorId) if fewer P2018\n");
}

static void updates_many_by_key(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_UPDATE_MANY,
              "{data: [{id: 1, name: 'a'}, {id: 2, age: 3}], on: ['id'], where: {age: 1}}",
              "atomic\n0: update User rows on (id) set (name age) where age=$ counts\n");
  expect_plan(blog, "user", RILLE_UPDATE_MANY_AND_RETURN,
              "{data: [{email: 'a', name: 'b'}], on: ['email'], select: {id: true}}",
              "0: update User rows on (email) set (name) returning [id] as node 0\n");
  expect_plan(blog, "user", RILLE_UPDATE_MANY, "{data: [], on: ['id']}", "");
}

static void updates_without_reading(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_UPDATE,
              "{where: {email: 'a'}, data: {name: 'b', age: {increment: 1}}, select: {id: true}}",
              "0: update User {name=$ age+=$} where email=$ returning [id] as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_UPDATE,
              "{where: {id: 1}, data: {name: 'b'}, select: {id: true, posts: {select: {id: true}}}}",
              "atomic\n"
              "0: update User {name=$} where id=$ returning [id] -> r0(0) as node 0 else P2025\n"
              "1: if r0: select Post [id | authorId] where authorId=r0.0[] as node 1\n");
  expect_plan(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {id: 2}, select: {_count: {select: {posts: true}}}}",
              "atomic\n"
              "0: update User {id=$} where id=$ returning [| id] -> r0(0) else P2025\n"
              "1: select User [count(posts)] where id=r0.0 as node 0\n");
  expect_plan(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {}, select: {id: true}}",
              "0: select User [id] where id=$ as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_UPDATE_MANY, "{where: {age: 1}, data: {age: 2}}",
              "0: update User {age=$} where age=$ counts\n");
  expect_plan(blog, "user", RILLE_UPDATE_MANY, "{where: {age: 1}, data: {age: 2}, limit: 3}",
              "0: update User {age=$} where age=$ limit $ counts\n");
  expect_plan(blog, "user", RILLE_UPDATE_MANY, "{where: all, data: {}}", "");
  expect_plan(blog, "user", RILLE_UPDATE_MANY_AND_RETURN,
              "{where: {age: 1}, data: {age: 2}, select: {id: true, boss: {select: {id: true}}}}",
              "atomic\n"
              "0: update User {age=$} where age=$ returning [id | bossId] -> r0(1) as node 0\n"
              "1: if r0: select User [id] where id=r0.0[] as node 1\n");
}

static void upserts_in_one_statement(void **state) {
  (void)state;
  keys_in_create = true;
  expect_plan(
      blog, "user", RILLE_UPSERT,
      "{where: {email: 'a'}, create: {email: 'a', name: 'n'}, update: {name: 'm'}, select: {id: true}}",
      "0: insert User {email=$ name=$} on conflict (email) update {name=$} returning [id] as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_UPSERT, "{where: {email: 'a'}, create: {email: 'a'}, update: {}, select: {id: true}}",
              "0: insert User {email=$} on conflict (email) update {email=$} returning [id] as node 0 else P2025\n");
  expect_plan(
      blog, "user", RILLE_UPSERT,
      "{where: {email: 'a'}, create: {email: 'a'}, update: {age: 1}, select: {id: true, posts: {select: {id: true}}}}",
      "atomic\n"
      "0: insert User {email=$} on conflict (email) update {age=$} returning [id] -> r0(0) as node 0 else P2025\n"
      "1: if r0: select Post [id | authorId] where authorId=r0.0[] as node 1\n");
  expect_plan(
      blog, "place", RILLE_UPSERT,
      "{where: {x_y: {x: 1, y: 2}}, create: {x: 1, y: 2, label: 'a'}, update: {label: 'b'}, select: {label: true}}",
      "0: insert Place {x=$ y=$ label=$} on conflict (x y) update {label=$} returning [label] as node 0 else P2025\n");
}

static void upserts_with_branches_otherwise(void **state) {
  (void)state;
  keys_in_create = false;
  expect_plan(blog, "user", RILLE_UPSERT,
              "{where: {email: 'a'}, create: {email: 'b'}, update: {age: 1}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where email=$ -> r0(0)\n"
              "1: if r0: update User {age=$} where email=$ and id=r0.0 returning [| id] -> r2(0) else P2025\n"
              "2: if r0: r1 := r2\n"
              "3: if r0 is empty: insert User {email=$} returning [| id] -> r3(0) else P2025\n"
              "4: if r0 is empty: r1 := r3\n"
              "5: select User [id] where id=r1.0 as node 0\n");
  expect_plan(blog, "user", RILLE_UPSERT,
              "{where: {email: 'a', age: 3}, create: {email: 'a'}, update: {}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where (email=$ and age=$) -> r0(0)\n"
              "1: if r0: r1 := r0\n"
              "2: if r0 is empty: insert User {email=$} returning [| id] -> r2(0) else P2025\n"
              "3: if r0 is empty: r1 := r2\n"
              "4: select User [id] where id=r1.0 as node 0\n");
}

static void deletes(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_DELETE, "{where: {email: 'a'}, select: {id: true}}",
              "0: delete User where email=$ returning [id] as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_DELETE, "{where: {email: 'a'}, select: {name: true, posts: {select: {id: true}}}}",
              "atomic\n"
              "0: select User [name | id] where email=$ -> r0(1) as node 0 else P2025\n"
              "1: if r0: select Post [id | authorId] where authorId=r0.0[] as node 1\n"
              "2: delete User where email=$ and id=r0.0 else P2025\n");
  expect_plan(blog, "user", RILLE_DELETE_MANY, "{where: {age: 1}}", "0: delete User where age=$ counts\n");
  expect_plan(blog, "user", RILLE_DELETE_MANY, "{where: all, limit: 2}", "0: delete User limit $ counts\n");
}

static void bulk_rows_may_take_several_statements(void **state) {
  (void)state;
  planned p = plan_with(blog, &small_features, "user", RILLE_CREATE_MANY, "{data: [{email: 'a'}]}");
  assert_true(p.plan->atomic);
  plan_done(&p);
  p = plan_with(blog, &full_features, "tag", RILLE_CREATE_MANY, "{data: [{name: 'a'}]}");
  assert_false(p.plan->atomic);
  plan_done(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(creates_in_one_statement),
      cmocka_unit_test(creates_many),
      cmocka_unit_test(creates_many_with_related_rows),
      cmocka_unit_test(updates_many_by_key),
      cmocka_unit_test(updates_without_reading),
      cmocka_unit_test(upserts_in_one_statement),
      cmocka_unit_test(upserts_with_branches_otherwise),
      cmocka_unit_test(deletes),
      cmocka_unit_test(bulk_rows_may_take_several_statements),
  };
  blog = schema_of(blog_schema);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  return failed;
}
