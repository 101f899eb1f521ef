/* Fields: types, native types, defaults, and the attributes that are not keys or relations. */
#include "parsing.h"

static void test_types(void **state) {
  (void)state;
  rl_schema *s = parse_pg("model A {\n  id Int @id\n  s String?\n  b Boolean\n  big BigInt\n  f Float\n  d Decimal\n  "
                          "t DateTime @updatedAt\n  j Json\n  y Bytes\n"
                          "  e Role\n  l String[]\n  u Unsupported(\"circle\")?\n  h String @ignore\n}\nenum Role {\n  "
                          "X\n  Y @map(\"y y\")\n  @@map(\"roles\")\n}\n");
  static const rl_scalar expected[] = {RL_INT,     RL_STRING,      RL_BOOLEAN, RL_BIGINT, RL_FLOAT,
                                       RL_DECIMAL, RL_DATETIME,    RL_JSON,    RL_BYTES,  RL_ENUM,
                                       RL_STRING,  RL_UNSUPPORTED, RL_STRING};
  const rl_model *m = s->models[0];
  assert_int_equal(m->column_count, 13);
  for (size_t i = 0; i < 13; i++) {
    assert_int_equal(m->columns[i]->type.scalar, expected[i]);
    assert_int_equal(m->columns[i]->column_index, i);
  }
  assert_true(field_of(s, "A", "t")->updated_at);
  assert_true(field_of(s, "A", "l")->list);
  assert_false(field_of(s, "A", "l")->required);
  assert_true(field_of(s, "A", "u")->ignored);
  assert_string_equal(field_of(s, "A", "u")->type.unsupported, "circle");
  assert_true(field_of(s, "A", "h")->ignored);
  const rl_enum *e = field_of(s, "A", "e")->type.enumeration;
  assert_text(e->table, "roles");
  assert_text(rl_enum_by_column(e, RL_STR("y y"))->name, "Y");
  assert_text(rl_enum_by_name(e, RL_STR("Y"))->column, "y y");
  assert_null(rl_enum_by_name(e, RL_STR("Z")));
  rl_schema_release(s);
}

static void test_sqlite_types(void **state) {
  (void)state;
  rl_schema_release(parse_lite(
      "model A {\n  id Int @id\n  j Json\n  e E @default(X)\n  d Decimal @default(1.5)\n}\nenum E {\n  X\n}\n"));
  assert_lite_errors("model A {\n  id Int @id\n  l String[]\n  n String @db.Text\n}\n", {3, "SQLite has no lists"},
                     {4, "SQLite has no native types"});
}

static void test_unknown_types(void **state) {
  (void)state;
  assert_lite_errors("model User {\n  id Int @id\n  a Strin\n  b Usr[]\n  c Whatever\n}\n",
                     {3, "Did you mean `String`?"}, {4, "Did you mean `User`?"}, {5, "`Whatever` is unknown"});
}

static void test_duplicate_names(void **state) {
  (void)state;
  assert_lite_errors("model A {\n  id Int @id\n  id String\n}\nmodel A {\n  id Int @id\n}\nenum A {\n  X\n  "
                     "X\n}\nmodel String {\n  id Int @id\n}\n"
                     "model class {\n  id Int @id\n}\nenum E {\n}\n",
                     {3, "already has a field `id`"}, {5, "already a model `A`"}, {8, "already a model `A`"},
                     {10, "the value `X` twice"}, {12, "built-in type"}, {15, "reserved"}, {18, "has no value"});
}

static void test_native_types(void **state) {
  (void)state;
  rl_schema *s =
      parse_pg("datasource pg {\n  provider = \"postgresql\"\n}\nmodel A {\n  id Int @id @pg.SmallInt\n  v String "
               "@pg.VarChar(191)\n  d Decimal @pg.Decimal(10, 2)\n"
               "  t DateTime @pg.Timestamptz(3)\n  j Json @pg.Json\n  u String @pg.Uuid @default(uuid())\n}\n");
  assert_int_equal(field_of(s, "A", "id")->type.native, RL_NATIVE_SMALLINT);
  const rl_type *d = &field_of(s, "A", "d")->type;
  assert_int_equal(d->native, RL_NATIVE_DECIMAL);
  assert_int_equal(d->arg_count, 2);
  assert_int_equal(d->args[0], 10);
  assert_int_equal(d->args[1], 2);
  assert_string_equal(rl_native_name(RL_NATIVE_VARCHAR), "VarChar");
  assert_int_equal(field_of(s, "A", "t")->type.args[0], 3);
  rl_schema_release(s);
}

static void test_native_type_errors(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  a String @db.Varchar(3)\n  b Int @db.Text\n  c String @db.Text(3)\n  d "
                   "Decimal @db.Decimal(2, 3)\n  e String @db.Char(0)\n"
                   "  f DateTime @db.Time(7)\n  g Decimal @db.Decimal(1, 2, 3)\n  h String @pg.Text\n  i String "
                   "@db.Text @db.Uuid\n  j Unsupported(\"Uuid\")\n}\n",
                   {3, "Did you mean `VarChar`?"}, {4, "`Text` is a native type of String"}, {5, "has no arguments"},
                   {6, "scale"}, {7, "from 1 to"}, {8, "from 0 to 6"}, {9, "0 to 2 arguments"},
                   {10, "write `@db.Text`"}, {11, "only one native type"}, {12, "String @db.Uuid"});
}

static void test_defaults(void **state) {
  (void)state;
  rl_schema *s = parse_pg("model A {\n  id BigInt @id @default(autoincrement())\n  s String @default(\"x\")\n  n Int "
                          "@default(-7)\n  b Boolean @default(false)\n"
                          "  t DateTime @default(now())\n  u String @default(uuid(7))\n  v String @default(uuid())\n  "
                          "c String @default(cuid(2))\n  o String @default(nanoid(9))\n"
                          "  l Int[] @default([1, 2])\n  e E[] @default([X])\n  g Int @default(dbgenerated(\"2 + "
                          "2\"))\n  d Decimal @default(\"1e3\")\n  q String @default(ulid())\n"
                          "  w Unsupported(\"point\") @default(dbgenerated())\n}\nenum E {\n  X\n}\n");
  assert_int_equal(field_of(s, "A", "id")->def.kind, RL_DEFAULT_AUTOINCREMENT);
  assert_true(field_of(s, "A", "id")->generated_by_db);
  assert_text(field_of(s, "A", "s")->def.literal.text, "x");
  assert_int_equal(field_of(s, "A", "n")->def.literal.kind, RL_LITERAL_NUMBER);
  assert_text(field_of(s, "A", "n")->def.literal.text, "-7");
  assert_int_equal(field_of(s, "A", "b")->def.literal.kind, RL_LITERAL_BOOL);
  assert_false(field_of(s, "A", "t")->generated_by_db);
  assert_int_equal(field_of(s, "A", "u")->def.kind, RL_DEFAULT_UUID7);
  assert_int_equal(field_of(s, "A", "v")->def.kind, RL_DEFAULT_UUID4);
  assert_int_equal(field_of(s, "A", "c")->def.kind, RL_DEFAULT_CUID2);
  assert_int_equal(field_of(s, "A", "o")->def.size, 9);
  assert_int_equal(field_of(s, "A", "l")->def.item_count, 2);
  assert_text(field_of(s, "A", "e")->def.items[0].text, "X");
  assert_text(field_of(s, "A", "g")->def.expression, "2 + 2");
  assert_true(field_of(s, "A", "g")->generated_by_db);
  assert_int_equal(field_of(s, "A", "q")->def.kind, RL_DEFAULT_ULID);
  rl_schema_release(s);
}

static void test_default_errors(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id @default(uuid())\n  a Int @default(\"1\")\n  b Int @default(3000000000)\n  "
                   "c Int @default(1.5)\n  d Boolean @default(yes)\n"
                   "  e E @default(Y)\n  f E @default(\"X\")\n  g DateTime @default(\"yesterday\")\n  h Bytes "
                   "@default(\"?\")\n  i Json @default(\"{\")\n  j Int[] @default(1)\n"
                   "  k Int @default([1])\n  l String @default(nanoid(1))\n  m String @default(uuid(5))\n  n DateTime "
                   "@default(nwo())\n  o Int @default()\n"
                   "  p Unsupported(\"x\") @default(\"y\")\n  q String @default(dbgenerated(\"\"))\n  r Int "
                   "@default(1, map: \"d\")\n  s BigInt @default(9223372036854775808)\n}\n"
                   "enum E {\n  X\n}\n",
                   {2, "fields of type String"}, {3, "an integer, not a string"}, {4, "larger one needs BigInt"},
                   {5, "an integer"}, {6, "`true` or `false`"}, {7, "no value `Y`"}, {8, "without quotes"},
                   {9, "date and time"}, {10, "Base64"}, {11, "expected JSON"}, {12, "list in brackets"},
                   {13, "is not a list"}, {14, "length from 2 to 255"}, {15, "4 or 7"}, {16, "no function `nwo()`"},
                   {17, "needs a value"}, {18, "dbgenerated"}, {19, "not empty"}, {20, "no names"},
                   {21, "64-bit integer"});
}

static void test_attribute_errors(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  a Int @updatedAt\n  b Int @uniqe\n  c Int @map\n  d Int @map(\"\")\n  e "
                   "Int @map(\"x\", nam: \"y\")\n  f Int @map(\"id\")\n"
                   "  g DateTime[] @updatedAt\n  h Unsupported(\"x\") @ignore\n  i Int @default(1) @default(2)\n  j "
                   "Int @relation(\"x\")\n  @@mapp(\"x\")\n}\n",
                   {3, "type DateTime"}, {4, "Did you mean `unique`?"}, {5, "needs the name"}, {6, "cannot be empty"},
                   {7, "no argument `nam`"}, {8, "also has the column `id`"}, {9, "cannot be on a list"},
                   {10, "always ignored"}, {11, "only once"}, {12, "whose type is a model"},
                   {13, "Did you mean `map`?"});
}

static void test_attributes_on_relations(void **state) {
  (void)state;
  assert_pg_errors("model A {\n  id Int @id\n  bs B[] @map(\"x\") @unique\n}\nmodel B {\n  id Int @id\n  aId Int\n"
                   "  a A @relation(fields: [aId], references: [id]) @default(1) @id @db.Text\n}\n",
                   {3, "`@map` belongs"}, {3, "`@unique` belongs"}, {8, "`@default` belongs"}, {8, "`@id` belongs"},
                   {8, "native type belongs"});
}

static void test_namespaces(void **state) {
  (void)state;
  static const char head[] = "datasource db {\n  provider = \"postgresql\"\n  schemas = [\"a\", \"b\"]\n  extensions = "
                             "[citext, uuid_ossp(map: \"uuid-ossp\")]\n}\n";
  char text[512];
  snprintf(text, sizeof text, "%smodel M {\n  id Int @id\n  @@schema(\"b\")\n}\n", head);
  rl_schema *s = parse_pg(text);
  assert_int_equal(s->namespace_count, 2);
  assert_text(s->extensions[1], "uuid-ossp");
  assert_text(s->models[0]->namespace_, "b");
  rl_schema_release(s);
  snprintf(text, sizeof text, "%smodel M {\n  id Int @id\n}\nmodel N {\n  id Int @id\n  @@schema(\"c\")\n}\n", head);
  assert_pg_errors(text, {6, "must name its schema"}, {11, "not in the datasource's list"});
}

static void test_config(void **state) {
  (void)state;
  rl_schema *s = parse_lite("datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n  directUrl "
                            "= \"postgresql://x\"\n}\n/// made for us\n"
                            "generator client {\n  provider = \"anything\"\n  output = \"../x\"\n  previewFeatures = "
                            "[\"a\", \"b\"]\n  flag = true\n}\n");
  assert_int_equal(s->provider, RL_PROVIDER_POSTGRESQL);
  assert_text(s->url_env, "DATABASE_URL");
  assert_text(s->direct_url, "postgresql://x");
  assert_int_equal(s->generator_count, 1);
  assert_text(s->generators[0].provider, "anything");
  assert_text(s->generators[0].doc, "made for us");
  assert_text(*(rl_str *)rl_map_get(&s->generators[0].config, RL_STR("output")), "../x");
  assert_text(*(rl_str *)rl_map_get(&s->generators[0].config, RL_STR("previewFeatures")), "[\"a\", \"b\"]");
  rl_schema_release(s);
  assert_pg_errors("datasource db {\n  provider = \"postgrsql\"\n  urll = \"x\"\n}\ndatasource e {\n  provider = "
                   "\"sqlite\"\n}\ngenerator g {\n  x = 1\n  x = 2\n}\n",
                   {2, "Did you mean `postgresql`?"}, {3, "Did you mean `url`?"}, {5, "only one datasource"},
                   {8, "no `provider`"}, {10, "given twice"});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_sqlite_types),
      cmocka_unit_test(test_unknown_types),
      cmocka_unit_test(test_duplicate_names),
      cmocka_unit_test(test_native_types),
      cmocka_unit_test(test_native_type_errors),
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_default_errors),
      cmocka_unit_test(test_attribute_errors),
      cmocka_unit_test(test_attributes_on_relations),
      cmocka_unit_test(test_namespaces),
      cmocka_unit_test(test_config),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
