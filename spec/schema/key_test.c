/* Keys and indexes: fields and options, names in the database and for the client, and conflicts. */
#include "parsing.h"
#include "schema/operator_class.h"

static const rl_index *index_named(const rl_schema *s, const char *name) {
  for (size_t m = 0; m < s->model_count; m++)
    for (size_t i = 0; i < s->models[m]->index_count; i++)
      if (rl_str_is(s->models[m]->indexes[i].name, name)) return &s->models[m]->indexes[i];
  fail_msg("no index %s", name);
  return NULL;
}

static void test_names(void **state) {
  (void)state;
  rl_schema *s = parse_pg("model User {\n  id Int @id\n  email String @unique @map(\"e_mail\")\n  a Int\n  b Int\n  "
                          "@@unique([a, b])\n  @@unique([b, a], name: \"ba\", map: \"other\")\n"
                          "  @@index([a])\n  @@index([b], name: \"old\")\n  @@map(\"users\")\n}\n");
  const rl_model *m = s->models[0];
  assert_int_equal(m->index_count, 6);
  assert_text(m->primary->name, "users_pkey");
  assert_text(m->indexes[1].name, "users_e_mail_key");
  assert_text(m->indexes[1].client_name, "email");
  assert_text(m->indexes[2].name, "users_a_b_key");
  assert_text(m->indexes[2].client_name, "a_b");
  assert_text(m->indexes[3].client_name, "ba");
  assert_text(m->indexes[4].name, "users_a_idx");
  assert_text(m->indexes[5].name, "old");
  assert_ptr_equal(rl_model_unique(m, RL_STR("ba")), &m->indexes[3]);
  assert_ptr_equal(rl_model_unique(m, RL_STR("id")), m->primary);
  assert_null(rl_model_unique(m, RL_STR("a")));
  assert_true(field_of(s, "User", "id")->is_id);
  assert_true(field_of(s, "User", "email")->is_unique);
  assert_false(field_of(s, "User", "a")->is_unique);
  rl_schema_release(s);
}

#define LONG "ATableWhoseNameIsSoLongThatItDoesNotFitIntoSixtyThreeBytesAtAll_"

static void test_long_names(void **state) {
  (void)state;
  static const char text[] =
      "model " LONG "x {\n  id Int @id\n  col Int @unique\n  upId Int\n  up Other @relation(fields: [upId], "
      "references: [id])\n  m Other[] @relation(\"" LONG "yyy\")\n}\n"
      "model Other {\n  id Int @id\n  downs " LONG "x[]\n  m " LONG "x[] @relation(\"" LONG "yyy\")\n}\n";
  rl_schema *s = parse_pg(text);
  assert_text(s->models[0]->primary->name, "ATableWhoseNameIsSoLongThatItDoesNotFitIntoSixtyThreeBytes_pkey");
  assert_text(s->models[0]->indexes[1].name, "ATableWhoseNameIsSoLongThatItDoesNotFitIntoSixtyThreeBytesA_key");
  assert_text(s->relations[0]->constraint, "ATableWhoseNameIsSoLongThatItDoesNotFitIntoSixtyThreeBytes_fkey");
  assert_int_equal(s->relations[1]->join_table.len, 63);
  rl_schema_release(s);
  s = parse_lite(text);
  assert_text(s->models[0]->indexes[1].name, LONG "x_col_key");
  assert_text(s->relations[1]->join_table, "_" LONG "yyy");
  rl_schema_release(s);
  /* No character is split: the map name has 2-byte letters. */
  s = parse_pg("model A {\n  id Int @id\n  c Int @unique "
               "@map(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA4\")\n}\n");
  assert_text(s->models[0]->indexes[1].name, "A_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_key");
  rl_schema_release(s);
}

static void test_options(void **state) {
  (void)state;
  rl_schema *s = parse_pg(
      "model A {\n  id Int @id\n  a String\n  j Json\n  b Boolean\n  @@index([a(sort: Desc), id], map: \"x\")\n  "
      "@@index([j(ops: JsonbPathOps)], type: Gin, map: \"y\")\n"
      "  @@index([a(ops: raw(\"gin_trgm_ops\"))], type: Gin, map: \"z\")\n  @@index(a, type: Hash, map: \"h\")\n"
      "  @@unique([a], where: raw(\"b\"), map: \"p\")\n  @@index([id], where: { a: { not: \"it's\" }, b: true, j: "
      "null, id: -1 }, map: \"q\")\n}\n");
  assert_true(index_named(s, "x")->fields[0].descending);
  assert_false(index_named(s, "x")->fields[1].has_sort);
  assert_text(index_named(s, "y")->fields[0].ops, "JsonbPathOps");
  assert_text(index_named(s, "y")->method, "Gin");
  assert_true(index_named(s, "z")->fields[0].ops_raw);
  assert_text(index_named(s, "h")->method, "Hash");
  assert_text(index_named(s, "p")->where, "b");
  assert_text(index_named(s, "q")->where, "\"a\" != 'it''s' AND \"b\" = true AND \"j\" IS NULL AND \"id\" = -1");
  assert_false(field_of(s, "A", "a")->is_unique);
  assert_null(rl_model_unique(s->models[0], RL_STR("a")));
  rl_schema_release(s);
}

static void test_operator_classes(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"JsonbPathOps", "jsonb_path_ops"},
                                         {"TextOps", "text_ops"},
                                         {"Int8MinMaxMultiOps", "int8_minmax_multi_ops"},
                                         {"TimestampTzBloomOps", "timestamptz_bloom_ops"},
                                         {"TimeTzMinMaxOps", "timetz_minmax_ops"},
                                         {"VarBitMinMaxOps", "varbit_minmax_ops"},
                                         {"BitMinMaxOps", "bit_minmax_ops"},
                                         {"InetInclusionOps", "inet_inclusion_ops"}};
  rl_buf b;
  rl_buf_init(&b);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(rl_is_operator_class(rl_str_of(cases[i][0])));
    rl_buf_reset(&b);
    rl_operator_class_text(rl_str_of(cases[i][0]), &b);
    assert_text(rl_buf_view(&b), cases[i][1]);
    rl_buf_reset(&b);
    rl_buf_text(&b, "ops: ");
    assert_true(rl_operator_class_name(rl_str_of(cases[i][1]), &b));
    assert_text(rl_str_make(b.p + 5, b.len - 5), cases[i][0]);
  }
  rl_buf_reset(&b);
  assert_false(rl_operator_class_name(RL_STR("gin_trgm_ops"), &b));
  assert_int_equal(b.len, 0);
  rl_buf_dispose(&b);
}

static void test_criterion(void **state) {
  (void)state;
  assert_lite_errors(
      "model A {\n  a Int\n}\nmodel B {\n  a Int? @unique\n}\nmodel C {\n  a Int?\n  b Int\n  @@unique([a, b])\n}\n",
      {1, "identifies the rows of `A`"}, {4, "optional field is not enough"}, {7, "optional field is not enough"});
  rl_schema_release(parse_lite("model A {\n  a Int @unique\n}\nmodel B {\n  a Int\n  b Int\n  @@unique([a, "
                               "b])\n}\nmodel C {\n  a Int\n  @@ignore\n}\nview V {\n  a Int\n}\n"));
}

static void test_ids(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  a Int? @id\n  b Int @id\n}\nmodel B {\n  a Int[] @id\n}\nmodel C {\n  a Int?\n  b "
                   "Int\n  @@id([a, b])\n}\nmodel D {\n  a Int @id\n  b Int\n  @@id([a, b])\n}\n",
                   {2, "An id must be required"}, {3, "already has an id"}, {6, "cannot be an id"},
                   {11, "must be required"}, {16, "already has an id"});
}

static void test_field_lists(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  a Int\n  bs B[]\n  @@index([])\n  @@index([aa])\n  @@index([a, a])\n  "
                   "@@index([bs])\n  @@unique(\"a\")\n  @@index\n  @@index([a(srt: Desc)], map: \"m\")\n"
                   "  @@index([a(sort: Down)], map: \"n\")\n  @@index([a(ops: JsonbPathOp)], map: \"o\")\n  "
                   "@@index([a], type: Btree, map: \"p\")\n  @@unique([a], type: Hash)\n}\n"
                   "model B {\n  id Int @id\n  as A[]\n}\n",
                   {5, "list of fields is empty"}, {6, "no field `aa`"}, {7, "given twice"}, {8, "is a relation"},
                   {9, "needs a list"}, {10, "needs a list"}, {11, "`sort`, `length` and `ops`"},
                   {12, "`Asc` or `Desc`"}, {13, "Did you mean `JsonbPathOps`?"}, {14, "Did you mean `BTree`?"},
                   {15, "no argument `type`"});
}

static void test_what_a_database_lacks(void **state) {
  (void)state;
  assert_lite_errors(
      "model A {\n  id Int @id\n  a String\n  n Int @default(autoincrement())\n  @@index([a], type: "
      "Hash)\n  @@index([a(length: 3)], map: \"x\")\n  @@fulltext([a], map: \"y\")\n"
      "  @@index([a], clustered: true, map: \"z\")\n}\n"
      "model B {\n  a Int\n  b Int\n  @@id([a, b], map: \"k\")\n}\nmodel C {\n  a Int @id(map: \"k\")\n}\n",
      {4, "only the `@id` field"}, {5, "only BTree indexes"}, {6, "no prefix length"}, {7, "no full-text index"},
      {8, "no clustering"}, {13, "no names for primary keys"}, {16, "no names for primary keys"});
  assert_pg_errors("view V {\n  id Int @id\n  @@index([id])\n}\n", {2, "no primary key"}, {3, "no index"});
}

static void test_conflicts(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  a Int @unique(map: \"same\")\n  b Int\n  a_b Int\n  @@unique([a, "
                   "b])\n}\nmodel B {\n  id Int @id\n  c Int\n  @@index([c], map: \"same\")\n"
                   "  @@map(\"A\")\n}\n",
                   {6, "also the name of a field"}, {8, "also has the table `A`"}, {9, "`A_pkey` in the database"},
                   {11, "`same` in the database"});
}

static void test_client_names(void **state) {
  (void)state;
  static const struct {
    const char *written, *snake, *camel;
  } cases[] = {{"BlogPost", "blog_post", "blogPost"},
               {"HTTPServer", "http_server", "hTTPServer"},
               {"User2", "user2", "user2"},
               {"user_profile", "user_profile", "user_profile"},
               {"User2Role", "user2_role", "user2Role"},
               {"ABC", "abc", "aBC"},
               {"OAuth2Token", "o_auth2_token", "oAuth2Token"},
               {"A", "a", "a"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[128];
    snprintf(text, sizeof text, "model %s {\n  id Int @id\n}\n", cases[i].written);
    rl_schema *s = parse_lite(text);
    assert_text(s->models[0]->client_names[0], cases[i].snake);
    assert_text(s->models[0]->client_names[1], cases[i].camel);
    assert_ptr_equal(rl_schema_model(s, rl_str_of(cases[i].snake)), s->models[0]);
    assert_ptr_equal(rl_schema_model(s, rl_str_of(cases[i].camel)), s->models[0]);
    assert_ptr_equal(rl_schema_model(s, rl_str_of(cases[i].written)), s->models[0]);
    assert_null(rl_schema_model(s, RL_STR("nobody")));
    rl_schema_release(s);
  }
  rl_schema *s = parse_lite("model User {\n  id Int @id\n}\nmodel user {\n  id Int @id\n  @@map(\"u2\")\n}\n");
  assert_ptr_equal(rl_schema_model(s, RL_STR("user")), s->models[1]);
  assert_ptr_equal(rl_schema_model(s, RL_STR("User")), s->models[0]);
  rl_schema_release(s);
}

static void test_json_fields(void **state) {
  (void)state;
  rl_schema *s = parse_lite("model A {\n  id Int @id\n  meta Json\n  data Json\n  bs B[]\n}\nmodel B {\n  id Int @id\n "
                            " data String\n  bs Json\n  meta Json?\n  aId Int\n"
                            "  a A @relation(fields: [aId], references: [id])\n}\n");
  assert_int_equal(s->json_fields.count, 1);
  assert_non_null(rl_map_get(&s->json_fields, RL_STR("meta")));
  rl_schema_release(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),       cmocka_unit_test(test_long_names),
      cmocka_unit_test(test_options),     cmocka_unit_test(test_operator_classes),
      cmocka_unit_test(test_criterion),   cmocka_unit_test(test_ids),
      cmocka_unit_test(test_field_lists), cmocka_unit_test(test_what_a_database_lacks),
      cmocka_unit_test(test_conflicts),   cmocka_unit_test(test_client_names),
      cmocka_unit_test(test_json_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
