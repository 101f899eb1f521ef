/* Plans of creates with nested writes: referenced rows come first, and the depth limits the round trips. */
#include "plan_fixture.h"
#include "blog_schema.h"

static rl_schema *blog;

static void children_after_their_parent(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', posts: {create: [{title: 'a'}, {title: 'b'}]}, profile: {create: {bio: 'c'}}}, "
              "select: {id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: insert Post {id=new0 title=$ views=#0 authorId=r0.0}\n"
              "2: insert Post {id=new1 title=$ views=#0 authorId=r0.0}\n"
              "3: insert Profile {bio=$ userId=r0.0}\n");
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', posts: {create_many: {data: [{title: 'a'}]}}}, select: {id: true, posts: {select: "
              "{id: true}}}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: insert Post rows id=new0 views=#0 authorId=r0.0\n"
              "2: select Post [id | authorId] where authorId=r0.0[] as node 1\n");
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', comments: {create_many: {data: [{id: 1}]}}}, select: {title: true}}",
              "atomic\n"
              "0: insert Post {id=new0 title=$ views=#0} returning [title | id] -> r0(1) as node 0 else P2025\n"
              "1: insert Comment rows postId=r0.0\n");
  expect_plan(blog, "post", RILLE_CREATE, "{data: {title: 'a', comments: {create: {id: 1}}}, select: {title: true}}",
              "atomic\n"
              "0: insert Post {id=new0 title=$ views=#0} returning [title] as node 0 else P2025\n"
              "1: insert Comment {id=$ postId=new0}\n");
}

static void parents_before_their_child(void **state) {
  (void)state;
  expect_plan(blog, "post", RILLE_CREATE, "{data: {title: 'a', author: {create: {email: 'a'}}}, select: {id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [| id] -> r0(0) else P2025\n"
              "1: insert Post {id=new0 title=$ views=#0 authorId=r0.0} returning [id] as node 0 else P2025\n");
  expect_plan(blog, "post", RILLE_CREATE, "{data: {title: 'a', author: {connect: {email: 'a'}}}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where email=$ -> r0(0) else P2025\n"
              "1: insert Post {id=new0 title=$ views=#0 authorId=r0.0} returning [id] as node 0 else P2025\n");
  expect_plan(blog, "pin", RILLE_CREATE, "{data: {id: 1, place: {connect: {x_y: {x: 1, y: 2}}}}, select: {id: true}}",
              "atomic\n"
              "0: select Place [| x y] where (x=$ and y=$) -> r0(0 1) else P2025\n"
              "1: insert Pin {id=$ px=r0.0 py=r0.1} returning [id] as node 0 else P2025\n");
}

static void a_one_to_one_place_is_freed(void **state) {
  (void)state;
  expect_plan(blog, "profile", RILLE_CREATE, "{data: {user: {connect: {email: 'a'}}}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where email=$ -> r0(0) else P2025\n"
              "1: update Profile {userId=null} where userId=r0.0\n"
              "2: insert Profile {userId=r0.0} returning [id] as node 0 else P2025\n");
  expect_plan(blog, "badge", RILLE_CREATE, "{data: {text: 't', user: {connect: {email: 'a'}}}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where email=$ -> r0(0) else P2025\n"
              "1: select Badge [| id] where userId=r0.0 -> r1(0)\n"
              "2: if r1: raise P2014\n"
              "3: insert Badge {text=$ userId=r0.0} returning [id] as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', profile: {connect: {id: 1}}, badge: {connect: {id: 2}}}, select: {id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: update Profile {userId=r0.0} where id=$ else P2025\n"
              "2: update Badge {userId=r0.0} where id=$ else P2025\n");
}

static void connects(void **state) {
  (void)state;
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', posts: {connect: [{id: 'x'}, {id: 'y'}]}}, select: {id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: update Post {authorId=r0.0} where id=$ else P2018\n"
              "2: update Post {authorId=r0.0} where id=$ else P2018\n");
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', tags: {connect: [{name: 'x'}, {id: 2}]}}, select: {title: true}}",
              "atomic\n"
              "0: insert Post {id=new0 title=$ views=#0} returning [title] as node 0 else P2025\n"
              "1: select Tag [| id] where name=$ -> r0(0) else P2025\n"
              "2: select Tag [| id] where id=$ -> r1(0) else P2025\n"
              "3: link _PostToTag A=new0 B=r0.0\n"
              "4: link _PostToTag A=new0 B=r1.0\n");
}

static void connects_or_creates_without_a_race(void **state) {
  (void)state;
  keys_in_create = true;
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', tags: {connect_or_create: [{where: {name: 'x'}, create: {name: 'x'}}]}}, select: "
              "{title: true}}",
              "atomic\n"
              "0: insert Post {id=new0 title=$ views=#0} returning [title] as node 0 else P2025\n"
              "1: insert Tag {name=$} on conflict (name) nothing\n"
              "2: select Tag [| id] where name=$ -> r0(0) else P2025\n"
              "3: link _PostToTag A=new0 B=r0.0\n");
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', drafts: {connect_or_create: {where: {slug: 'x'}, create: {slug: 'x'}}}}, select: "
              "{id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: insert Draft {slug=$ ownerId=r0.0} on conflict (slug) nothing\n"
              "2: update Draft {ownerId=r0.0} where slug=$ else P2018\n");
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', author: {connect_or_create: {where: {email: 'x'}, create: {email: 'x'}}}}, select: "
              "{title: true}}",
              "atomic\n"
              "0: insert User {email=$} on conflict (email) nothing\n"
              "1: select User [| id] where email=$ -> r0(0) else P2025\n"
              "2: insert Post {id=new0 title=$ views=#0 authorId=r0.0} returning [title] as node 0 else P2025\n");
}

static void connects_or_creates_by_branches(void **state) {
  (void)state;
  keys_in_create = false;
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', author: {connect_or_create: {where: {email: 'x'}, create: {email: 'y'}}}}, select: "
              "{title: true}}",
              "atomic\n"
              "0: select User [| id] where email=$ -> r0(0)\n"
              "1: if r0: r1 := r0\n"
              "2: if r0 is empty: insert User {email=$} returning [| id] -> r2(0) else P2025\n"
              "3: if r0 is empty: r1 := r2\n"
              "4: insert Post {id=new0 title=$ views=#0 authorId=r1.0} returning [title] as node 0 else P2025\n");
  expect_plan(blog, "user", RILLE_CREATE,
              "{data: {email: 'a', drafts: {connect_or_create: {where: {slug: 'x'}, create: {slug: 'y'}}}}, select: "
              "{id: true}}",
              "atomic\n"
              "0: insert User {email=$} returning [id] -> r0(0) as node 0 else P2025\n"
              "1: select Draft [| id] where slug=$ lock but its key -> r1(0)\n"
              "2: if r1: update Draft {ownerId=r0.0} where id=r1.0\n"
              "3: if r1 is empty: insert Draft {slug=$ ownerId=r0.0}\n");
  expect_plan(blog, "post", RILLE_CREATE,
              "{data: {title: 'a', tags: {connect_or_create: {where: {name: 'x'}, create: {name: 'y'}}}}, select: "
              "{title: true}}",
              "atomic\n"
              "0: insert Post {id=new0 title=$ views=#0} returning [title] as node 0 else P2025\n"
              "1: select Tag [| id] where name=$ -> r0(0)\n"
              "2: if r0 is empty: insert Tag {name=$} returning [| id] -> r1(0) else P2025\n"
              "3: if r0: link _PostToTag A=new0 B=r0.0\n"
              "4: if r0 is empty: link _PostToTag A=new0 B=r1.0\n");
}

static void breadth_costs_no_round_trips(void **state) {
  (void)state;
  planned p = plan_with(blog, &full_features, "user", RILLE_CREATE,
                        "{data: {email: 'a', posts: {create: [{title: '0', tags: {create: [{name: 'a'}, {name: "
                        "'b'}]}}, {title: '1', tags: {create: [{name: 'c'}]}},"
                        " {title: '2', tags: {connect: [{name: 'a'}]}}, {title: '3'}, {title: '4'}, {title: '5'}, "
                        "{title: '6'}, {title: '7'}, {title: '8'}, {title: '9'}]}},"
                        " include: {posts: {include: {tags: true}}}}");
  assert_int_equal(statements(p.plan), 1 + 10 + 4 + 4 + 3);
  assert_int_equal(round_trips(p.plan), 5); /* author; posts, tags; links, author again; posts; tags */
  assert_true(p.plan->atomic);
  plan_done(&p);
  p = plan_with(blog, &full_features, "user", RILLE_CREATE,
                "{data: {email: 'a', posts: {create: [{title: '0'}, {title: '1'}, {title: '2'}, {title: '3'}]}}, "
                "include: {posts: true}}");
  assert_int_equal(statements(p.plan), 6);
  assert_int_equal(round_trips(p.plan), 2);
  plan_done(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(children_after_their_parent),        cmocka_unit_test(parents_before_their_child),
      cmocka_unit_test(a_one_to_one_place_is_freed),        cmocka_unit_test(connects),
      cmocka_unit_test(connects_or_creates_without_a_race), cmocka_unit_test(connects_or_creates_by_branches),
      cmocka_unit_test(breadth_costs_no_round_trips),
  };
  blog = schema_of(blog_schema);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  return failed;
}
