/* What programs read and write: for every action, every nested write, and what the database does with them. */
#include "touch_sql.h"
#include "blog_schema.h"
#include "../base/failing_allocator.h"

static rl_schema *blog, *shop;

static const char shop_schema[] =
    "datasource db {\n  provider = \"postgresql\"\n}\n"
    "/// @touches Audit\n"
    "model Shop {\n  id Int @id\n  code String @unique\n  name String?\n  items Item[]\n  offers Offer[]\n  notes Note[]\n"
    "  towns Town[]\n  @@map(\"shops\")\n}\n"
    "model Item {\n  id Int @id\n  shopId Int\n  shop Shop @relation(fields: [shopId], references: [id], onDelete: "
    "Cascade)\n  parts Part[]\n  labels Label[]\n}\n"
    "model Part {\n  id Int @id\n  itemId Int?\n  item Item? @relation(fields: [itemId], references: [id])\n"
    "  screws Screw[]\n}\n"
    "model Screw {\n  id Int @id\n  partId Int?\n  part Part? @relation(fields: [partId], references: [id])\n}\n"
    "model Label {\n  id Int @id\n  text String\n  items Item[]\n}\n"
    "model Offer {\n  id Int @id\n  shopId Int\n  shop Shop @relation(fields: [shopId], references: [id], onDelete: "
    "Restrict, onUpdate: NoAction)\n}\n"
    "model Note {\n  id Int @id\n  code String? @default(\"x\")\n  shop Shop? @relation(fields: [code], references: [code], "
    "onUpdate: SetDefault, onDelete: NoAction)\n}\n"
    "model Town {\n  id Int @id\n  shops Shop[]\n}\n"
    "model Audit {\n  id Int @id\n  lines Line[]\n}\n"
    "model Line {\n  id Int @id\n  auditId Int\n  audit Audit @relation(fields: [auditId], references: [id], onDelete: "
    "Cascade)\n}\n"
    "model Page {\n  id Int @id @default(dbgenerated(\"7\"))\n  title String\n}\n"
    "view Sums {\n  id Int @unique\n  total Int\n}\n";

static void setup_schemas(void) {
  blog = schema_of(blog_schema);
  shop = schema_of(shop_schema);
}

static void expect_touch(rl_schema *schema, const char *model, rille_action action, const char *call,
                         const char *text) {
  planned p = plan_with(schema, &full_features, model, action, call);
  if (!p.plan) fail_msg("no plan: %s", rl_buf_z(&p.text));
  rl_touch *touch = rl_touch_of_plan(schema, p.plan);
  rl_buf out;
  rl_buf_init(&out);
  rl_touch_dump(touch, &out);
  if (strcmp(rl_buf_z(&out), text) != 0) fail_msg("%s %s:\n%sinstead of\n%s", model, call, rl_buf_z(&out), text);
  rl_buf_dispose(&out);
  rl_touch_free(touch);
  plan_done(&p);
  check_call(schema, model, action, call);
}

/* ------------------------------------------------------------------ reads */

static void reads_by_key(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1}}", "one by its primary key, reads User\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE_OR_THROW, "{where: {email: 'a'}}", "one by a key, reads User\n");
  expect_touch(blog, "place", RILLE_FIND_UNIQUE, "{where: {x_y: {x: 1, y: 2}}}",
               "one by its primary key, reads Place\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1, email: 'a'}}", "reads User\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1, name: 'a'}}", "reads User\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1}, include: {posts: {include: {tags: true}}}}",
               "one by its primary key, reads User Post Tag _PostToTag\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE, "{where: {id: 1}, include: {boss: true}}", "reads User\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE,
               "{where: {id: 1}, select: {name: true, _count: {select: {posts: true}}}}",
               "one by its primary key, reads User Post\n");
  expect_touch(blog, "user", RILLE_FIND_UNIQUE,
               "{where: {id: 1}, select: {name: true, posts: {where: {author: {is: {age: 1}}}}}}", "reads User Post\n");
  expect_touch(shop, "sums", RILLE_FIND_UNIQUE, "{where: {id: 1}}", "reads Sums by a view\n");
}

static void reads_lists(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_FIND_MANY, "{}", "reads User\n");
  expect_touch(shop, "shop", RILLE_FIND_MANY, "{where: {name: 'a'}}", "reads shops\n");
  expect_touch(blog, "user", RILLE_FIND_FIRST, "{where: {id: 1}, distinct: ['name'], cursor: {email: 'a'}}",
               "reads User\n");
  expect_touch(blog, "user", RILLE_FIND_MANY,
               "{where: {posts: {some: {tags: {none: {name: 'a'}}, comments: {every: {id: 1}}}}}}",
               "reads User Post _PostToTag Tag Comment\n");
  expect_touch(blog, "user", RILLE_FIND_MANY,
               "{where: {OR: [{NOT: {profile: {is: {bio: 'a'}}}}, {badge: {is_not: {text: 'a'}}}]}}",
               "reads User Profile Badge\n");
  expect_touch(blog, "post", RILLE_FIND_MANY,
               "{order_by: [{author: {boss: {profile: {bio: 'asc'}}}}, {tags: {_count: 'desc'}}]}",
               "reads Post User Profile _PostToTag Tag\n");
  expect_touch(blog, "user", RILLE_FIND_MANY, "{include: {_count: {select: {posts: {where: {comments: {some: {}}}}}}}}",
               "reads User Post Comment\n");
  expect_touch(blog, "user", RILLE_FIND_MANY, "{include: {staff: {recursive: true, include: {drafts: true}}}}",
               "reads User Draft\n");
  expect_touch(blog, "tag", RILLE_FIND_MANY,
               "{include: {posts: {take: 2, order_by: {author: {name: 'asc'}}, where: {comments: {none: {}}}}}}",
               "reads Tag Post _PostToTag User Comment\n");
  expect_touch(blog, "user", RILLE_FIND_MANY, "{lock: 'update'}", "locks and reads User\n");
  expect_touch(shop, "sums", RILLE_FIND_MANY, "{}", "reads Sums by a view\n");
}

static void reads_figures(void **state) {
  (void)state;
  expect_touch(blog, "post", RILLE_COUNT, "{where: {author: {is: {age: 1}}}}", "reads Post User\n");
  expect_touch(blog, "post", RILLE_EXISTS, "{where: {tags: {some: {}}}}", "reads Post _PostToTag Tag\n");
  expect_touch(blog, "post", RILLE_AGGREGATE, "{_sum: {views: true}, take: 3, order_by: {comments: {_count: 'asc'}}}",
               "reads Post Comment\n");
  expect_touch(
      blog, "post", RILLE_GROUP_BY,
      "{by: ['title'], _count: true, where: {author: {is: {badge: {is: {text: 'a'}}}}}, having: {views: {_sum: {gt: 1}}}}",
      "reads Post User Badge\n");
}

/* ------------------------------------------------------------------ writes */

static void inserts(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_CREATE, "{data: {email: 'a'}}", "reads\nwrites User+\n");
  expect_touch(blog, "user", RILLE_CREATE_MANY, "{data: [{email: 'a'}, {email: 'b'}]}", "reads\nwrites User+\n");
  expect_touch(blog, "user", RILLE_CREATE_MANY_AND_RETURN, "{data: [{email: 'a'}]}", "reads\nwrites User+\n");
  expect_touch(blog, "user", RILLE_UPSERT_MANY, "{data: [{email: 'a', age: 1}], on: ['email']}",
               "reads\nwrites User*\n");
  expect_touch(shop, "item", RILLE_CREATE, "{data: {id: 1, shopId: 1}}", "reads\nwrites Item+\n");
  expect_touch(shop, "shop", RILLE_CREATE, "{data: {id: 1, code: 'a'}}", "reads\nwrites shops+ Audit* Line*\n");
}

static void updates(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {name: 'a'}}", "reads\nwrites User[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1, name: 'b'}, data: {name: 'a'}}", "reads\nwrites User[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {email: 'a'}}", "reads\nwrites User[1]+\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {email: 'a'}, data: {name: 'a'}}", "reads\nwrites User*\n");
  expect_touch(blog, "place", RILLE_UPDATE, "{where: {x_y: {x: 1, y: 2}}, data: {label: 'a'}}",
               "reads\nwrites Place[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{where: {id: 1}, data: {name: 'a'}}", "reads\nwrites User[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{where: {id: {in: [1, 2]}}, data: {name: 'a'}}",
               "reads\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{where: {OR: [{id: 1}]}, data: {name: 'a'}}",
               "reads\nwrites User[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{where: {NOT: {id: 1}}, data: {name: 'a'}}", "reads\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{where: {posts: {some: {views: 1}}}, data: {name: 'a'}}",
               "reads Post\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY_AND_RETURN, "{where: all, data: {age: 2}}", "reads\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPDATE_MANY, "{data: [{id: 1, age: 2}], on: ['id']}", "reads\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {name: 'a'}, include: {posts: true}}",
               "reads Post\nwrites User[1]\n");
  expect_touch(shop, "page", RILLE_UPDATE, "{where: {id: 1}, data: {title: 'a'}}", "reads\nwrites Page[1]+\n");
}

static void upserts(void **state) {
  (void)state;
  keys_in_create = true;
  expect_touch(blog, "user", RILLE_UPSERT, "{where: {email: 'a'}, create: {email: 'a'}, update: {name: 'b'}}",
               "reads\nwrites User*\n");
  expect_touch(blog, "user", RILLE_UPSERT, "{where: {id: 1}, create: {id: 1, email: 'a'}, update: {name: 'b'}}",
               "reads\nwrites User[1]+\n");
  expect_touch(blog, "user", RILLE_UPSERT, "{where: {id: 1}, create: {id: 1, email: 'a'}, update: {}}",
               "reads\nwrites User[1]+\n");
  keys_in_create = false;
  expect_touch(blog, "user", RILLE_UPSERT, "{where: {id: 1}, create: {email: 'a'}, update: {name: 'b'}}",
               "reads User\nwrites User[1]+\n");
  expect_touch(blog, "user", RILLE_UPSERT, "{where: {email: 'a'}, create: {email: 'a'}, update: {name: 'b'}}",
               "reads User\nwrites User*\n");
}

static void deletes(void **state) {
  (void)state;
  expect_touch(blog, "comment", RILLE_DELETE, "{where: {id: 1}}", "reads\nwrites Comment[1]\n");
  expect_touch(blog, "comment", RILLE_DELETE, "{where: {id: 1}, include: {post: true}}",
               "reads Comment Post\nwrites Comment[1]\n");
  expect_touch(blog, "comment", RILLE_DELETE_MANY, "{where: {post: {is: {views: 1}}}}",
               "reads Post\nwrites Comment*\n");
  expect_touch(blog, "comment", RILLE_DELETE_MANY, "{where: all, limit: 1}", "reads\nwrites Comment*\n");
}

/* ------------------------------------------------------------------ nested writes */

static void nested_creates(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_CREATE, "{data: {email: 'a', posts: {create: [{title: 'a'}]}}, select: {id: true}}",
               "reads\nwrites User+ Post+\n");
  expect_touch(blog, "user", RILLE_CREATE,
               "{data: {email: 'a', posts: {create_many: {data: [{title: 'a'}]}}}, select: {id: true}}",
               "reads\nwrites User+ Post+\n");
  expect_touch(blog, "user", RILLE_CREATE, "{data: {email: 'a', posts: {connect: {id: 'x'}}}, select: {id: true}}",
               "reads\nwrites User+ Post[1]\n");
  expect_touch(blog, "user", RILLE_CREATE, "{data: {email: 'a', badge: {connect: {id: 1}}}, select: {id: true}}",
               "reads\nwrites User+ Badge[1]+\n");
  expect_touch(blog, "post", RILLE_CREATE, "{data: {title: 'a', author: {connect: {email: 'a'}}}, select: {id: true}}",
               "reads User\nwrites Post+\n");
  expect_touch(blog, "post", RILLE_CREATE, "{data: {title: 'a', author: {create: {email: 'a'}}}, select: {id: true}}",
               "reads\nwrites User+ Post+\n");
  expect_touch(blog, "post", RILLE_CREATE,
               "{data: {title: 'a', tags: {create: {name: 'a'}, connect: [{id: 1}]}}, select: {id: true}}",
               "reads Tag\nwrites Post+ Tag+ _PostToTag\n");
  expect_touch(
      blog, "post", RILLE_CREATE,
      "{data: {title: 'a', tags: {connect_or_create: {where: {name: 'a'}, create: {name: 'a'}}}}, select: {id: true}}",
      "reads Tag\nwrites Post+ Tag+ _PostToTag\n");
  expect_touch(
      blog, "user", RILLE_CREATE,
      "{data: {email: 'a', posts: {connect_or_create: {where: {id: 'x'}, create: {title: 'a'}}}}, select: {id: true}}",
      "locks and reads Post\nwrites User+ Post[1]+\n");
  expect_touch(blog, "tag", RILLE_CREATE_MANY,
               "{data: [{name: 'a', posts: {create: [{title: 'a', comments: {create: [{id: 1}]}}]}}]}",
               "reads\nwrites Tag+ Post+ _PostToTag Comment+\n");
}

static void nested_updates(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_UPDATE,
               "{where: {id: 1}, data: {posts: {update: {where: {id: 'x'}, data: {title: 'a'}}}}, select: {id: true}}",
               "reads User\nwrites Post[1]\n");
  expect_touch(
      blog, "user", RILLE_UPDATE,
      "{where: {id: 1}, data: {posts: {update_many: {where: {title: 'x'}, data: {title: 'a'}}}}, select: {id: true}}",
      "reads User\nwrites Post*\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {posts: {delete: {id: 'x'}}}, select: {id: true}}",
               "reads User\nwrites Post[1] _PostToTag\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {drafts: {delete_many: {}}}, select: {id: true}}",
               "reads User\nwrites Draft*\n");
  expect_touch(blog, "user", RILLE_UPDATE,
               "{where: {id: 1}, data: {name: 'a', posts: {disconnect: {id: 'x'}}}, select: {id: true}}",
               "reads User\nwrites User[1] Post[1]\n");
  expect_touch(blog, "user", RILLE_UPDATE, "{where: {id: 1}, data: {posts: {set: [{id: 'x'}]}}, select: {id: true}}",
               "reads User\nwrites Post*\n");
  expect_touch(
      blog, "user", RILLE_UPDATE,
      "{where: {id: 1}, data: {posts: {upsert: {where: {id: 'x'}, create: {title: 'a'}, update: {title: 'b'}}}}, select: {id: true}}",
      "reads User Post\nwrites Post[1]+\n");
  expect_touch(blog, "user", RILLE_UPDATE,
               "{where: {id: 1}, data: {profile: {update: {bio: 'a'}}}, select: {id: true}}",
               "reads User\nwrites Profile*\n");
  expect_touch(blog, "post", RILLE_UPDATE,
               "{where: {id: 'x'}, data: {author: {update: {name: 'a'}}}, select: {id: true}}",
               "locks and reads Post\nwrites User*\n");
  expect_touch(blog, "post", RILLE_UPDATE, "{where: {id: 'x'}, data: {author: {disconnect: true}}, select: {id: true}}",
               "reads\nwrites Post[1]\n");
  expect_touch(blog, "post", RILLE_UPDATE,
               "{where: {id: 'x'}, data: {tags: {set: [{id: 1}], disconnect: [{name: 'a'}]}}, select: {id: true}}",
               "reads Post Tag _PostToTag\nwrites _PostToTag\n");
  expect_touch(blog, "post", RILLE_UPDATE,
               "{where: {id: 'x'}, data: {tags: {update: {where: {id: 1}, data: {name: 'a'}}}}, select: {id: true}}",
               "locks and reads Post Tag _PostToTag\nwrites Tag[1]+\n");
  expect_touch(blog, "post", RILLE_UPDATE, "{where: {id: 'x'}, data: {tags: {delete: {id: 1}}}, select: {id: true}}",
               "reads Post _PostToTag\nwrites Tag[1] _PostToTag\n");
}

/* ------------------------------------------------------------------ what the database does */

static void referential_actions(void **state) {
  (void)state;
  expect_touch(blog, "user", RILLE_DELETE, "{where: {id: 1}}", "reads\nwrites User* Post* Profile*\n");
  expect_touch(shop, "shop", RILLE_DELETE, "{where: {id: 1}}",
               "reads\nwrites shops[1] _ShopToTown Item* _ItemToLabel Part* Audit* Line*\n");
  expect_touch(shop, "item", RILLE_DELETE, "{where: {id: 1}}", "reads\nwrites Item[1] _ItemToLabel Part*\n");
  expect_touch(shop, "shop", RILLE_UPDATE, "{where: {id: 1}, data: {code: 'a'}}",
               "reads\nwrites shops[1]+ Note* Audit* Line*\n");
  expect_touch(shop, "shop", RILLE_UPDATE, "{where: {id: 1}, data: {id: 2}}",
               "reads\nwrites shops* _ShopToTown Item* Audit* Line*\n");
  expect_touch(shop, "shop", RILLE_UPDATE, "{where: {id: 1}, data: {name: 'a'}}",
               "reads\nwrites shops[1] Audit* Line*\n");
  expect_touch(shop, "label", RILLE_UPDATE_MANY, "{where: {text: 'a'}, data: {id: {increment: 1}}}",
               "reads\nwrites Label* _ItemToLabel\n");
  expect_touch(shop, "line", RILLE_DELETE, "{where: {id: 1}}", "reads\nwrites Line[1]\n");
}

/* In relationMode "prisma" the actions are steps, and with foreign keys that are there after all nothing more happens.
 */
static void actions_as_steps(void **state) {
  (void)state;
  rl_schema *schema = schema_of(
      "datasource db {\n  provider = \"postgresql\"\n  relationMode = \"prisma\"\n}\n"
      "model Shop {\n  id Int @id\n  items Item[]\n  towns Town[]\n}\n"
      "model Item {\n  id Int @id\n  shopId Int\n  shop Shop @relation(fields: [shopId], references: [id], onDelete: "
      "Cascade)\n  part Part?\n}\n"
      "model Part {\n  id Int @id\n  itemId Int? @unique\n  item Item? @relation(fields: [itemId], references: [id])\n}\n"
      "model Town {\n  id Int @id\n  shops Shop[]\n}\n");
  expect_touch(schema, "shop", RILLE_DELETE, "{where: {id: 1}}",
               "reads Shop Item\nwrites _ShopToTown Part* Item* Shop[1]\n");
  expect_touch(schema, "shop", RILLE_UPDATE, "{where: {id: 1}, data: {id: 2}}",
               "locks and reads Shop\nwrites Item* Shop* _ShopToTown\n");
  rl_schema_release(schema);
}

/* The database acts on models too that the client does not have, in circles, and by keys of several columns. */
static void actions_on_hidden_models(void **state) {
  (void)state;
  rl_schema *schema = schema_of(
      "datasource db {\n  provider = \"postgresql\"\n}\n"
      "model A {\n  x Int\n  y Int\n  bId Int?\n  b B? @relation(\"ab\", fields: [bId], references: [id], onDelete: Cascade)\n"
      "  bs B[] @relation(\"ba\")\n  hidden Hidden[] @ignore\n  @@id([x, y])\n}\n"
      "model B {\n  id Int @id\n  as A[] @relation(\"ab\")\n  ax Int?\n  ay Int?\n"
      "  a A? @relation(\"ba\", fields: [ax, ay], references: [x, y], onDelete: Cascade)\n}\n"
      "model Hidden {\n  id Int @id\n  x Int\n  y Int\n"
      "  a A @relation(fields: [x, y], references: [x, y], onDelete: Cascade)\n  @@ignore\n}\n");
  expect_touch(schema, "b", RILLE_DELETE, "{where: {id: 1}}", "reads\nwrites B* A* Hidden*\n");
  expect_touch(schema, "a", RILLE_UPDATE, "{where: {x_y: {x: 1, y: 2}}, data: {bId: 3}}", "reads\nwrites A[1]\n");
  expect_touch(schema, "a", RILLE_UPDATE, "{where: {x_y: {x: 1, y: 2}}, data: {y: 3}}",
               "reads\nwrites A* B* Hidden*\n");
  expect_touch(schema, "b", RILLE_UPDATE,
               "{where: {id: 1}, data: {a: {connect: {x_y: {x: 1, y: 2}}}}, select: {id: true}}",
               "reads A\nwrites B[1]\n");
  rl_schema_release(schema);
}

/* ------------------------------------------------------------------ named models, limits, memory */

static void expect_named(const char *const *names, size_t count, bool views, const char *text) {
  const rl_model *models[4];
  rl_buf out;
  rl_buf_init(&out);
  for (size_t i = 0; i < count; i++) models[i] = rl_schema_model(shop, rl_str_of(names[i]));
  rl_touch *touch = rl_touch_of_models(shop, models, count);
  rl_touch_dump(touch, &out);
  assert_string_equal(rl_buf_z(&out), text);
  assert_int_equal(touch->writes_view, views);
  rl_buf_dispose(&out);
  rl_touch_free(touch);
}

static void named_models(void **state) {
  (void)state;
  static const char *const town[] = {"town"}, *const several[] = {"shop", "label", "shop"}, *const view[] = {"sums"};
  expect_named(town, 1, false, "reads Town _ShopToTown\nwrites Town* _ShopToTown\n");
  expect_named(several, 3, false,
               "reads shops _ShopToTown Label _ItemToLabel\n"
               "writes shops* Label* _ShopToTown Item* _ItemToLabel Part* Note* Audit* Line*\n");
  expect_named(view, 1, true, "reads Sums by a view\n");
}

/* Beyond some rows their number does not matter: the whole table is touched. */
static void many_rows(void **state) {
  (void)state;
  char call[4096] = "{data: {email: 'a', posts: {connect: [";
  for (int i = 0; i < 65; i++) {
    snprintf(call + strlen(call), sizeof call - strlen(call), "{id: 'x%d'}", i);
    if (i != 63) continue;
    size_t end = strlen(call);
    strcat(call, "]}}, select: {id: true}}");
    expect_touch(blog, "user", RILLE_CREATE, call, "reads\nwrites User+ Post[64]\n");
    call[end] = 0;
  }
  strcat(call, "]}}, select: {id: true}}");
  expect_touch(blog, "user", RILLE_CREATE, call, "reads\nwrites User+ Post*\n");
}

static bool touch_job(void *argument) {
  planned *p = argument;
  rl_touch *touch = rl_touch_of_plan(p->schema, p->plan);
  bool whole = touch && touch->write_count == 6;
  rl_touch_free(touch);
  return whole;
}

static void every_allocation_fails(void **state) {
  (void)state;
  planned p = plan_with(shop, &full_features, "shop", RILLE_UPDATE,
                        "{where: {id: 1}, data: {code: 'a', towns: {create: {id: 1}}}}");
  assert_true(fail_each_allocation(touch_job, &p, false) > 2);
  plan_done(&p);
}

int main(void) {
  setup_schemas();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_by_key),
      cmocka_unit_test(reads_lists),
      cmocka_unit_test(reads_figures),
      cmocka_unit_test(inserts),
      cmocka_unit_test(updates),
      cmocka_unit_test(upserts),
      cmocka_unit_test(deletes),
      cmocka_unit_test(nested_creates),
      cmocka_unit_test(nested_updates),
      cmocka_unit_test(referential_actions),
      cmocka_unit_test(actions_as_steps),
      cmocka_unit_test(actions_on_hidden_models),
      cmocka_unit_test(named_models),
      cmocka_unit_test(many_rows),
      cmocka_unit_test(every_allocation_fails),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  rl_schema_release(shop);
  return failed;
}
