/* Relations: kinds, sides, actions, names, and every rule for a pair of fields. */
#include "parsing.h"

static void test_one_to_many(void **state) {
  (void)state;
  rl_schema *s = parse_pg(
      "model User {\n  id Int @id\n  posts Post[]\n}\nmodel Post {\n  id Int @id\n  authorId Int @map(\"author_id\")\n"
      "  author User @relation(fields: [authorId], references: [id])\n  @@map(\"posts\")\n}\n");
  assert_int_equal(s->relation_count, 1);
  const rl_relation *r = s->relations[0];
  const rl_field *author = field_of(s, "Post", "author"), *posts = field_of(s, "User", "posts");
  assert_int_equal(r->kind, RL_ONE_TO_MANY);
  assert_text(r->name, "PostToUser");
  assert_text(r->constraint, "posts_author_id_fkey");
  assert_ptr_equal(r->key_side, author);
  assert_ptr_equal(r->other_side, posts);
  assert_ptr_equal(author->opposite, posts);
  assert_ptr_equal(posts->opposite, author);
  assert_true(author->holds_key);
  assert_false(posts->holds_key);
  assert_int_equal(r->count, 1);
  assert_ptr_equal(r->fields[0], field_of(s, "Post", "authorId"));
  assert_ptr_equal(r->references[0], field_of(s, "User", "id"));
  assert_int_equal(r->on_delete, RL_REF_RESTRICT);
  assert_int_equal(r->on_update, RL_REF_CASCADE);
  assert_false(r->on_delete_given);
  rl_schema_release(s);
}

static void test_actions(void **state) {
  (void)state;
  rl_schema *s = parse_lite(
      "model A {\n  id Int @id\n  x Int?\n  y Int?\n  b B? @relation(\"one\", fields: [x], references: [id])\n"
      "  c B? @relation(name: \"two\", fields: [y], references: [id], onDelete: NoAction, onUpdate: SetDefault)\n}\n"
      "model B {\n  id Int @id\n  a A[] @relation(\"one\")\n  z A[] @relation(\"two\")\n}\n");
  assert_int_equal(s->relations[0]->on_delete, RL_REF_SET_NULL);
  assert_int_equal(s->relations[1]->on_delete, RL_REF_NO_ACTION);
  assert_int_equal(s->relations[1]->on_update, RL_REF_SET_DEFAULT);
  assert_true(s->relations[1]->on_update_given);
  assert_ptr_equal(field_of(s, "A", "c")->opposite, field_of(s, "B", "z"));
  rl_schema_release(s);
}

static void test_one_to_one_and_compound(void **state) {
  (void)state;
  rl_schema *s =
      parse_pg("model A {\n  x Int\n  y Int\n  b B?\n  @@id([x, y])\n}\nmodel B {\n  id Int @id\n  ax Int?\n  ay Int\n"
               "  a A? @relation(fields: [ay, ax], references: [y, x], map: \"fk\")\n  @@unique([ax, ay])\n}\n");
  const rl_relation *r = s->relations[0];
  assert_int_equal(r->kind, RL_ONE_TO_ONE);
  assert_int_equal(r->count, 2);
  assert_text(r->constraint, "fk");
  assert_text(r->fields[0]->name, "ay");
  assert_text(r->references[1]->name, "x");
  assert_int_equal(r->on_delete, RL_REF_RESTRICT); /* one key field is required */
  rl_schema_release(s);
}

static void test_many_to_many(void **state) {
  (void)state;
  rl_schema *s = parse_pg("model Tag {\n  id Int @id\n  posts Post[]\n}\nmodel Post {\n  id Int @id\n  tags Tag[]\n  "
                          "likes Post[] @relation(\"likes\")\n"
                          "  likedBy Post[] @relation(\"likes\")\n}\n");
  assert_int_equal(s->relation_count, 2);
  const rl_relation *tags = field_of(s, "Tag", "posts")->relation, *likes = field_of(s, "Post", "likes")->relation;
  assert_int_equal(tags->kind, RL_MANY_TO_MANY);
  assert_text(tags->name, "PostToTag");
  assert_text(tags->join_table, "_PostToTag");
  assert_text(tags->key_side->name, "tags");
  assert_int_equal(tags->on_delete, RL_REF_CASCADE);
  assert_int_equal(tags->count, 0);
  assert_text(likes->join_table, "_likes");
  assert_text(likes->key_side->name, "likedBy");
  rl_schema_release(s);
}

static void test_self_relation(void **state) {
  (void)state;
  rl_schema *s = parse_lite("model N {\n  id Int @id\n  upId Int?\n  up N? @relation(\"tree\", fields: [upId], "
                            "references: [id])\n  down N[] @relation(\"tree\")\n}\n");
  assert_int_equal(s->relation_count, 1);
  assert_text(s->relations[0]->key_side->name, "up");
  assert_text(s->relations[0]->other_side->name, "down");
  rl_schema_release(s);
}

#define USER "model User {\n  id Int @id\n  email String\n"

static void test_missing_opposite(void **state) {
  (void)state;
  assert_pg_errors(USER
                   "}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: [uId], references: [id])\n}\n",
                   {8, "on `User`: add one there, like `ps P[]`."});
  assert_pg_errors(USER "  ps P[]\n}\nmodel P {\n  id Int @id\n}\n",
                   {4, "like `user User @relation(fields: [...], references: [...])`."});
  assert_pg_errors(USER "  ps P[] @relation(\"x\")\n}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: "
                        "[uId], references: [id])\n}\n",
                   {4, "no opposite"}, {9, "no opposite"});
}

static void test_ambiguous(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  x Int\n  b B @relation(fields: [x], references: [id])\n  c B "
                   "@relation(fields: [x], references: [id])\n}\n"
                   "model B {\n  id Int @id\n  as A[]\n}\n",
                   {4, "give each relation a name"});
  assert_pg_errors(
      "model N {\n  id Int @id\n  upId Int?\n  up N? @relation(fields: [upId], references: [id])\n  down N[]\n}\n",
      {4, "relates to itself"});
  assert_pg_errors(
      "model N {\n  id Int @id\n  a N[] @relation(\"x\")\n  b N[] @relation(\"x\")\n  c N[] @relation(\"x\")\n}\n",
      {3, "its own name"});
}

static void test_key_arguments(void **state) {
  (void)state;
  assert_pg_errors(USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  u User\n}\n", {8, "needs `fields` and `references`"});
  assert_pg_errors(USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  u User @relation(fields: [id])\n}\n",
                   {8, "needs `references`"});
  assert_pg_errors(USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: [uId], "
                        "references: [id, email])\n}\n",
                   {9, "must be pairs"});
  assert_pg_errors(USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: [uIdd], "
                        "references: [idd], onDelete: Cascad)\n}\n",
                   {9, "Did you mean `uId`?"}, {9, "no field `idd` for `references`"}, {9, "Did you mean `Cascade`?"});
  assert_pg_errors(USER "  ps P[] @relation(fields: [id], references: [id])\n}\nmodel P {\n  id Int @id\n  uId Int\n"
                        "  u User @relation(fields: [uId], references: [id])\n}\n",
                   {4, "`fields` belongs to the other side"}, {4, "`references` belongs to the other side"});
  assert_pg_errors(
      USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: [uId], refs: [id])\n}\n",
      {9, "needs `references`"}, {9, "no argument `refs`"});
}

static void test_key_types(void **state) {
  (void)state;
  assert_pg_errors(
      USER
      "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId String\n  u User @relation(fields: [uId], references: [id])\n}\n",
      {9, "same type"});
  assert_pg_errors(
      USER
      "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId String\n  u User @relation(fields: [uId], references: [email])\n}\n",
      {9, "mark `email` with `@unique`"});
  assert_pg_errors(
      USER "  ps P[]\n}\nmodel P {\n  id Int @id\n  uId Int?\n  u User @relation(fields: [uId], references: [id])\n}\n",
      {9, "write `User?`"});
}

static void test_one_to_one_rules(void **state) {
  (void)state;
  assert_pg_errors(
      USER "  p P?\n}\nmodel P {\n  id Int @id\n  uId Int\n  u User @relation(fields: [uId], references: [id])\n}\n",
      {9, "mark `uId` with `@unique`"});
  assert_pg_errors(
      USER
      "  p P\n}\nmodel P {\n  id Int @id\n  uId Int @unique\n  u User @relation(fields: [uId], references: [id])\n}\n",
      {4, "write `P?`"});
  assert_pg_errors(USER "  pId Int @unique\n  p P? @relation(fields: [pId], references: [id])\n}\nmodel P {\n  id Int "
                        "@id\n  uId Int @unique\n"
                        "  u User? @relation(fields: [uId], references: [id])\n}\n",
                   {5, "belongs to the other side"}, {5, "belongs to the other side"});
}

static void test_set_null(void **state) {
  (void)state;
  static const char text[] = "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int\n"
                             "  a A @relation(fields: [aId], references: [id], onDelete: SetNull)\n}\n";
  assert_lite_errors(text, {8, "needs optional fields"});
  rl_schema_release(parse_pg(text)); /* a warning only */
}

static void test_many_to_many_rules(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  x Int\n  y Int\n  bs B[]\n  @@id([x, y])\n}\nmodel B {\n  id Int @id\n  as A[]\n}\n",
                   {9, "`@id` of a single field"});
  assert_pg_errors("model A {\n  id Int @id\n  bs B[] @relation(references: [id])\n}\nmodel B {\n  id Int @id\n  as "
                   "A[] @relation(onDelete: Cascade)\n}\n",
                   {3, "has no `references`"}, {7, "has no `onDelete`"});
}

static void test_ignored(void **state) {
  (void)state;
  static const char head[] = "model A {\n  id Int @id\n  bs B[] ";
  static const char tail[] =
      "\n}\nmodel B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n  @@ignore\n}\n";
  char text[512];
  snprintf(text, sizeof text, "%s%s", head, tail);
  assert_pg_errors(text, {3, "needs `@ignore`"});
  snprintf(text, sizeof text, "%s@ignore%s", head, tail);
  rl_schema *s = parse_pg(text);
  assert_true(s->models[1]->ignored);
  assert_true(field_of(s, "A", "bs")->ignored);
  assert_ptr_equal(field_of(s, "B", "a")->opposite, field_of(s, "A", "bs"));
  rl_schema_release(s);
}

static void test_relation_mode(void **state) {
  (void)state;
  rl_schema *s = parse_pg(
      "datasource db {\n  provider = \"sqlite\"\n  relationMode = \"prisma\"\n}\nmodel A {\n  id Int @id\n}\n");
  assert_true(s->relation_mode_prisma);
  assert_int_equal(s->provider, RL_PROVIDER_SQLITE);
  rl_schema_release(s);
  s = parse_pg(
      "datasource db {\n  provider = \"postgresql\"\n  referentialIntegrity = \"prisma\"\n}\nmodel A {\n  id Int "
      "@id\n}\n");
  assert_true(s->relation_mode_prisma);
  rl_schema_release(s);
  assert_pg_errors(
      "datasource db {\n  provider = \"postgresql\"\n  referentialIntegrity = \"prisma\"\n  relationMode = "
      "\"prisma\"\n}\n",
      {3, "old name of `relationMode`"});
  assert_pg_errors("datasource db {\n  provider = \"postgresql\"\n  referentialIntegrity = \"off\"\n}\n",
                   {3, "`referentialIntegrity` must be \"foreignKeys\" or \"prisma\""});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_to_many),
      cmocka_unit_test(test_actions),
      cmocka_unit_test(test_one_to_one_and_compound),
      cmocka_unit_test(test_many_to_many),
      cmocka_unit_test(test_self_relation),
      cmocka_unit_test(test_missing_opposite),
      cmocka_unit_test(test_ambiguous),
      cmocka_unit_test(test_key_arguments),
      cmocka_unit_test(test_key_types),
      cmocka_unit_test(test_one_to_one_rules),
      cmocka_unit_test(test_set_null),
      cmocka_unit_test(test_many_to_many_rules),
      cmocka_unit_test(test_ignored),
      cmocka_unit_test(test_relation_mode),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
