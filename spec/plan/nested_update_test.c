/* Plans of updates and upserts with nested writes, by kind of relation, with Prisma's errors. */
#include "plan_fixture.h"
#include "blog_schema.h"

static rl_schema *blog;

static void update(const char *model, const char *data, const char *text) {
  char call[512];
  (void)snprintf(call, sizeof call, "{where: {id: %s}, data: %s, select: {id: true}}",
                 strcmp(model, "post") == 0 ? "'p'" : "1", data);
  expect_plan(blog, model, RILLE_UPDATE, call, text);
}

static void children_of_one_to_many(void **state) {
  (void)state;
  update("user", "{posts: {create: {title: 'a'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: insert Post {id=new0 title=$ views=#0 authorId=r0.0}\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{name: 'n', posts: {create: {title: 'a'}}}",
         "atomic\n"
         "0: update User {name=$} where id=$ returning [| id] -> r0(0) else P2025\n"
         "1: insert Post {id=new0 title=$ views=#0 authorId=r0.0}\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {connect: {id: 'x'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {authorId=r0.0} where id=$ else P2018\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {disconnect: {id: 'x'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {authorId=null} where id=$ and authorId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {set: [{id: 'x'}, {id: 'y'}]}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {authorId=null} where authorId=r0.0\n"
         "2: update Post {authorId=r0.0} where (id=$ or id=$)\n"
         "3: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {set: []}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {authorId=null} where authorId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {delete: {id: 'x'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: delete Post where id=$ and authorId=r0.0 else P2017\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {delete_many: {views: 0}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: delete Post where views=$ and authorId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {update: {where: {id: 'x'}, data: {views: {increment: 1}}}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {views+=$} where id=$ and authorId=r0.0 else P2025\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {update_many: {where: {views: 0}, data: {views: 1}}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {views=$} where views=$ and authorId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {upsert: {where: {id: 'x'}, create: {title: 'a'}, update: {title: 'b'}}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Post [| id] where id=$ and authorId=r0.0 -> r1(0)\n"
         "2: if r1: update Post {title=$} where authorId=r0.0 and id=r1.0 else P2025\n"
         "3: if r1 is empty: insert Post {id=new0 title=$ views=#0 authorId=r0.0}\n"
         "4: select User [id] where id=r0.0 as node 0\n");
  update("user", "{posts: {update: {where: {id: 'x'}, data: {}}}}",
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select User [id] where id=r0.0 as node 0\n");
}

static void required_children_cannot_be_orphaned(void **state) {
  (void)state;
  update("user", "{drafts: {disconnect: {slug: 'x'}}}", "P2014\n");
  update("user", "{drafts: {set: [{slug: 'x'}]}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Draft [| id] where (slug=$) order id+ lock but its key -> r1(0)\n"
         "2: select Draft [| id] where not(id=r1.0[]) and ownerId=r0.0 -> r2(0)\n"
         "3: if r2: raise P2014\n"
         "4: update Draft {ownerId=r0.0} where id=r1.0[]\n"
         "5: select User [id] where id=r0.0 as node 0\n");
  update("user", "{drafts: {set: []}}",
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Draft [| id] where ownerId=r0.0 -> r1(0)\n"
         "2: if r1: raise P2014\n"
         "3: select User [id] where id=r0.0 as node 0\n");
  update("user", "{badge: {create: {text: 't'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Badge [| id] where userId=r0.0 -> r1(0)\n"
         "2: if r1: raise P2014\n"
         "3: insert Badge {text=$ userId=r0.0}\n"
         "4: select User [id] where id=r0.0 as node 0\n");
  update("user", "{badge: {connect: {id: 2}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Badge [| id] where id=$ lock -> r1(0) else P2025\n"
         "2: select Badge [| id] where not(id=r1.0) and userId=r0.0 -> r2(0)\n"
         "3: if r2: raise P2014\n"
         "4: update Badge {userId=r0.0} where id=r1.0\n"
         "5: select User [id] where id=r0.0 as node 0\n");
  update("user", "{badge: {disconnect: true}}", "P2014\n");
}

static void child_of_one_to_one(void **state) {
  (void)state;
  update("user", "{profile: {create: {bio: 'a'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Profile {userId=null} where userId=r0.0\n"
         "2: insert Profile {bio=$ userId=r0.0}\n"
         "3: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {connect: {id: 2}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Profile [| id] where id=$ lock -> r1(0) else P2025\n"
         "2: update Profile {userId=null} where userId=r0.0\n"
         "3: update Profile {userId=r0.0} where id=r1.0\n"
         "4: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {disconnect: true}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Profile {userId=null} where userId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {disconnect: {bio: 'a'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Profile {userId=null} where bio=$ and userId=r0.0\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {delete: true}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: delete Profile where userId=r0.0 else P2025\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {update: {bio: 'a'}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Profile {bio=$} where userId=r0.0 else P2025\n"
         "2: select User [id] where id=r0.0 as node 0\n");
  update("user", "{profile: {upsert: {create: {bio: 'a'}, update: {bio: 'b'}}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Profile [| id] where userId=r0.0 -> r1(0)\n"
         "2: if r1: update Profile {bio=$} where userId=r0.0 and id=r1.0 else P2025\n"
         "3: if r1 is empty: insert Profile {bio=$ userId=r0.0}\n"
         "4: select User [id] where id=r0.0 as node 0\n");
}

static void key_on_the_row_itself(void **state) {
  (void)state;
  update("post", "{author: {create: {email: 'a'}}}",
         "atomic\n"
         "0: insert User {email=$} returning [| id] -> r0(0) else P2025\n"
         "1: update Post {authorId=r0.0} where id=$ returning [id] as node 0 else P2025\n");
  update("post", "{title: 't', author: {connect: {email: 'a'}}}",
         "atomic\n"
         "0: select User [| id] where email=$ -> r0(0) else P2025\n"
         "1: update Post {title=$ authorId=r0.0} where id=$ returning [id] as node 0 else P2025\n");
  update("post", "{author: {disconnect: true}}",
         "0: update Post {authorId=null} where id=$ returning [id] as node 0 else P2025\n");
  update("post", "{author: {disconnect: {name: 'a'}}}",
         "atomic\n"
         "0: select Post [| id authorId] where id=$ lock but its key -> r0(0 1) else P2025\n"
         "1: select User [| id] where name=$ and id=r0.1 -> r1(0)\n"
         "2: if r1: update Post {authorId=null} where id=r0.0\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{author: {delete: true}}",
         "atomic\n"
         "0: select Post [| id authorId] where id=$ lock but its key -> r0(0 1) else P2025\n"
         "1: delete User where id=r0.1 else P2025\n"
         "2: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{author: {update: {name: 'a'}}}",
         "atomic\n"
         "0: select Post [| id authorId] where id=$ lock but its key -> r0(0 1) else P2025\n"
         "1: update User {name=$} where id=r0.1 else P2025\n"
         "2: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{author: {upsert: {create: {email: 'a'}, update: {name: 'b'}}}}",
         "atomic\n"
         "0: select Post [| id authorId] where id=$ lock but its key -> r0(0 1) else P2025\n"
         "1: select User [| id] where id=r0.1 -> r1(0)\n"
         "2: if r1: update User {name=$} where id=r0.1 and id=r1.0 else P2025\n"
         "3: if r1 is empty: insert User {email=$} returning [| id] -> r2(0) else P2025\n"
         "4: if r1 is empty: update Post {authorId=r2.0} where id=r0.0\n"
         "5: select Post [id] where id=r0.0 as node 0\n");
  update("badge", "{user: {connect: {email: 'a'}}}",
         "atomic\n"
         "0: select Badge [| id] where id=$ lock -> r0(0) else P2025\n"
         "1: select User [| id] where email=$ -> r1(0) else P2025\n"
         "2: select Badge [| id] where not(id=r0.0) and userId=r1.0 -> r2(0)\n"
         "3: if r2: raise P2014\n"
         "4: update Badge {userId=r1.0} where id=r0.0 returning [id] as node 0\n");
}

static void join_tables(void **state) {
  (void)state;
  update("post", "{tags: {create: {name: 'a'}, connect: {name: 'b'}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: insert Tag {name=$} returning [| id] -> r1(0) else P2025\n"
         "2: select Tag [| id] where name=$ -> r2(0) else P2025\n"
         "3: link _PostToTag A=r0.0 B=r1.0\n"
         "4: link _PostToTag A=r0.0 B=r2.0\n"
         "5: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {disconnect: {name: 'a'}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Tag [| id] where name=$ linked by _PostToTag A=r0.0[] -> r1(0)\n"
         "2: if r1: unlink _PostToTag A=r0.0 B=r1.0\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {set: [{id: 1}, {name: 'b'}]}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: unlink _PostToTag A=r0.0\n"
         "2: select Tag [| id] where id=$ -> r1(0) else P2025\n"
         "3: select Tag [| id] where name=$ -> r2(0) else P2025\n"
         "4: link _PostToTag A=r0.0 B=r1.0\n"
         "5: link _PostToTag A=r0.0 B=r2.0\n"
         "6: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {delete: {name: 'a'}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: delete Tag where (name=$ and posts.some(id=r0.0)) as seen returning [| id] -> r1(0)\n"
         "2: if r1 is empty: delete Tag where (name=$ and posts.some(id=r0.0)) else P2017\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {delete_many: {name: 'a'}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: delete Tag where (name=$ and posts.some(id=r0.0)) as seen\n"
         "2: delete Tag where (name=$ and posts.some(id=r0.0))\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {update: {where: {name: 'a'}, data: {name: 'b'}}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Tag [| id] where (name=$ and posts.some(id=r0.0)) lock else P2025\n"
         "2: update Tag {name=$} where (name=$ and posts.some(id=r0.0)) else P2025\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {update_many: {where: {name: 'a'}, data: {name: 'b'}}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Tag [| id] where (name=$ and posts.some(id=r0.0)) order id+ lock\n"
         "2: update Tag {name=$} where (name=$ and posts.some(id=r0.0))\n"
         "3: select Post [id] where id=r0.0 as node 0\n");
  update("post", "{tags: {upsert: {where: {name: 'a'}, create: {name: 'a'}, update: {name: 'b'}}}}",
         "atomic\n"
         "0: select Post [| id] where id=$ -> r0(0) else P2025\n"
         "1: select Tag [| id] where name=$ linked by _PostToTag A=r0.0[] -> r1(0)\n"
         "2: if r1: select Tag [| id] where name=$ and posts.some(id=r0.0) lock else P2025\n"
         "3: if r1: update Tag {name=$} where (name=$ and posts.some(id=r0.0)) and id=r1.0 else P2025\n"
         "4: if r1 is empty: insert Tag {name=$} returning [| id] -> r2(0) else P2025\n"
         "5: if r1 is empty: link _PostToTag A=r0.0 B=r2.0\n"
         "6: select Post [id] where id=r0.0 as node 0\n");
}

static void depth(void **state) {
  (void)state;
  update("user", "{posts: {update: {where: {id: 'x'}, data: {title: 't', tags: {create: {name: 'a'}}}}}}",
         "atomic\n"
         "0: select User [| id] where id=$ -> r0(0) else P2025\n"
         "1: update Post {title=$} where id=$ and authorId=r0.0 returning [| id] -> r1(0) else P2025\n"
         "2: insert Tag {name=$} returning [| id] -> r2(0) else P2025\n"
         "3: link _PostToTag A=r1.0 B=r2.0\n"
         "4: select User [id] where id=r0.0 as node 0\n");
  update("user", "{boss: {update: {boss: {update: {name: 'a'}}}}}",
         "atomic\n"
         "0: select User [| id bossId] where id=$ lock but its key -> r0(0 1) else P2025\n"
         "1: select User [| id bossId] where id=r0.1 lock but its key -> r1(0 1) else P2025\n"
         "2: update User {name=$} where id=r1.1 else P2025\n"
         "3: select User [id] where id=r0.0 as node 0\n");
  expect_plan(blog, "user", RILLE_UPSERT,
              "{where: {id: 1}, create: {email: 'a', posts: {create: {title: 'a'}}}, update: {posts: {connect: {id: "
              "'x'}}}, select: {id: true}}",
              "atomic\n"
              "0: select User [| id] where id=$ -> r0(0)\n"
              "1: if r0: update Post {authorId=r0.0} where id=$ else P2018\n"
              "2: if r0: r1 := r0\n"
              "3: if r0 is empty: insert User {email=$} returning [| id] -> r2(0) else P2025\n"
              "4: if r0 is empty: r1 := r2\n"
              "5: if r0 is empty: insert Post {id=new0 title=$ views=#0 authorId=r2.0}\n"
              "6: select User [id] where id=r1.0 as node 0\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(children_of_one_to_many),
      cmocka_unit_test(required_children_cannot_be_orphaned),
      cmocka_unit_test(child_of_one_to_one),
      cmocka_unit_test(key_on_the_row_itself),
      cmocka_unit_test(join_tables),
      cmocka_unit_test(depth),
  };
  blog = schema_of(blog_schema);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  return failed;
}
