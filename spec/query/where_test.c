/* where: conditions as filters. */
#include "query/calling.h"

static void test_scalars(void **state) {
  (void)state;
  check_where("user", "{}", "-");
  check_where("user", "{ id = 1 }", "id = 1");
  check_where("user", "{ id = 2.0 }", "id = 2");
  check_where("user", "{ id = 1, email = \"a\" }", "and(id = 1, email = 'a')");
  check_where("user", "{ name = null }", "name is null");
  check_where("user", "{ name = { equals = null } }", "name is null");
  check_where("user", "{ name = {} }", "-");
  check_where("user", "{ role = \"USER\" }", "role = 'user_role'");
  check_where("user", "{ age = { gt = 1, lte = 9 } }", "and(age > 1, age <= 9)");
  check_where("user", "{ email = { contains = \"50%_\\\\\" } }", "email like '%50\\%\\_\\\\%'");
  check_where("user", "{ email = { starts_with = \"a\", mode = \"insensitive\" } }", "email like~ 'a%'");
  check_where("user", "{ email = { ends_with = \"a\" } }", "email like '%a'");
  check_where("user", "{ name = { search = \"cat & dog\" } }", "name search 'cat & dog'");
  check_where("user", "{ createdAt = { gte = \"1970-01-02\" } }", "createdAt >= t86400000000");
  check_where("user", "{ createdAt = { year = 1970, month = 1, day = 2, hour = 0 } }", "createdAt = t86400000000");
  check_where("user", "{ balance = d\"1.50\" }", "balance = d1.5");
}

static void test_negation(void **state) {
  (void)state;
  check_where("user", "{ name = { [\"not\"] = null } }", "!name is null");
  check_where("user", "{ name = { not_ = \"x\" } }", "name <> 'x'");
  check_where("user", "{ age = { not_ = { gt = 1 } } }", "age <= 1");
  check_where("user", "{ age = { not_ = { not_ = { gt = 1 } } } }", "age > 1");
  check_where("user", "{ age = { not_ = { equals = 1, gt = 2 } } }", "and(age <> 1, age <= 2)");
  check_where("user", "{ name = { not_ = { contains = \"x\" } } }", "not(name like '%x%')");
  check_where("user", "{ name = { mode = \"insensitive\", not_ = { equals = \"x\" } } }", "name <>~ 'x'");
  check_where("user", "{ age = { not_ = { [\"in\"] = { 1 } } } }", "!age in [1]");
  check_where("user", "{ age = { not_ = { not_in = {} } } }", "false");
}

/* Searches for the same text next to each other become one over all fields, also inside OR, but not across it. */
static void test_searches(void **state) {
  (void)state;
  check_where("user", "{ name = { search = \"cat\" }, email = { search = \"cat\" } }", "name+email search 'cat'");
  check_where("user", "{ name = { search = \"cat\" }, email = { search = \"dog\" } }",
              "and(name search 'cat', email search 'dog')");
  check_where("user", "{ AND = { { name = { search = \"cat\" } }, { id = 1, email = { search = \"cat\" } } } }",
              "and(name+email search 'cat', id = 1)");
  check_where("user", "{ OR = { { name = { search = \"cat\" } }, { email = { search = \"cat\" } } } }",
              "name+email search 'cat'");
  check_where("user", "{ NOT = { { name = { search = \"cat\" } }, { email = { search = \"cat\" } } } }",
              "not(name+email search 'cat')");
  check_where("user", "{ name = { search = \"cat\" }, OR = { { email = { search = \"cat\" } }, { id = 3 } } }",
              "and(name search 'cat', or(email search 'cat', id = 3))");
  check_where("user", "{ AND = { { name = { search = \"cat\" } }, { name = { search = \"cat\" } } } }",
              "name search 'cat'");
}

static void test_lists_of_values(void **state) {
  (void)state;
  check_where("user", "{ id = { [\"in\"] = { 1, 2, 2.0 } } }", "id in [1 2 2]");
  check_where("user", "{ id = { in_ = {} } }", "false");
  check_where("user", "{ id = { in_ = @array } }", "false");
  check_where("user", "{ id = { not_in = {} } }", "true");
  check_where("user", "{ age = { in_ = { 1, null, 2 } } }", "age in [1 2]");
  check_where("user", "{ age = { in_ = null } }", "age is null");
  check_where("user", "{ age = { not_in = null } }", "!age is null");
  check_where("user", "{ role = { in_ = { \"USER\", \"ADMIN\" } } }", "role in ['user_role' 'ADMIN']");
  check_error("user", RILLE_FIND_MANY, "{ where = { role = { in_ = { \"USER\", \"NOPE\" } } } }", RL_VALIDATION,
              "where.role.in_[2]: expected a value of Role (`ADMIN`, `USER`), got `NOPE`");
}

static void test_grouping(void **state) {
  (void)state;
  check_where("user", "{ AND = {} }", "-");
  check_where("user", "{ OR = {} }", "false");
  check_where("user", "{ OR = { {} } }", "false");
  check_where("user", "{ OR = { {}, { id = 1 } } }", "id = 1");
  check_where("user", "{ NOT = {} }", "-");
  check_where("user", "{ NOT = { { name = {} } } }", "-");
  check_where("user", "{ NOT = { { id = 1 }, { age = 2 } } }", "and(not(id = 1), not(age = 2))");
  check_where("user", "{ NOT = { id = 1, age = 2 } }", "not(and(id = 1, age = 2))");
  check_where("user", "{ OR = { { id = 1 }, { AND = { id = 2, age = 3 } } } }", "or(id = 1, and(id = 2, age = 3))");
}

static void test_relations(void **state) {
  (void)state;
  check_where("user", "{ posts = { some = { title = \"x\" } } }", "posts some(title = 'x')");
  check_where("user", "{ posts = { some = {}, none = { views = 1 } } }",
              "and(posts some(true), posts none(views = 1))");
  check_where("user", "{ posts = {} }", "-");
  check_where("user", "{ posts = { every = { cats = { some = { id = 1 } } } } }", "posts every(cats some(id = 1))");
  check_where("user", "{ manager = null }", "manager is(null)");
  check_where("user", "{ manager = { is_not = null } }", "manager is_not(null)");
  check_where("user", "{ manager = {} }", "-");
  check_where("user", "{ manager = { is = {} } }", "manager is(true)");
  check_where("post", "{ author = { name = \"x\" } }", "author is(name = 'x')");
  check_where("post", "{ author = { is = { name = \"x\" }, is_not = { age = 1 } } }",
              "and(author is(name = 'x'), author is_not(age = 1))");
}

static void test_list_fields(void **state) {
  (void)state;
  check_where("user", "{ tags = { has = \"a\" } }", "tags has 'a'");
  check_where("user", "{ tags = { has = null } }", "false");
  check_where("user", "{ tags = { has_every = {} } }", "tags has_every []");
  check_where("user", "{ tags = { has_some = {} } }", "false");
  check_where("user", "{ tags = { has_some = { \"a\", \"b\" } } }", "tags has_some ['a' 'b']");
  check_where("user", "{ tags = { equals = { \"a\" } } }", "tags = ['a']");
  check_where("user", "{ tags = { equals = null } }", "tags is null");
  check_where("user", "{ nums = { is_empty = false } }", "!nums is_empty .");
  check_where("user", "{ jl = { has = { a = 1 } } }", "jl has j{\"a\":1}");
  check_where("user", "{ jl = { has_some = { { a = 1 }, 2 } } }", "jl has_some [j{\"a\":1} j2]");
}

static void test_json(void **state) {
  (void)state;
  check_where("user", "{ data = { equals = { a = { 1, 2 } } } }", "data = j{\"a\":[1,2]}");
  check_where("user", "{ data = { equals = @object } }", "data = j{}");
  check_where("user", "{ data = { not_ = 1 } }", "data <> j1");
  check_where("user", "{ data = null }", "data = db_null");
  check_where("user", "{ meta = null }", "meta = json_null");
  check_where("user", "{ data = { equals = @any_null } }", "data = any_null");
  check_where("user", "{ data = { not_ = @db_null } }", "data <> db_null");
  check_where("user", "{ data = { path = { \"a\", \"b\", 0 }, equals = 1 } }", "data@['a' 'b' '0'] = j1");
  check_where("user", "{ data = { path = \"$.a[0].\\\"x y\\\"\", gt = 1.5 } }", "data@['a' '0' 'x y'] > j1.5");
  check_where("user", "{ data = { path = { \"a\" }, equals = null } }", "data@['a'] = json_null");
  check_where("user", "{ data = { string_contains = \"x\", mode = \"insensitive\" } }", "data string_contains~ '%x%'");
  check_where("user", "{ data = { array_contains = 1 } }", "data array_contains j[1]");
  check_where("user", "{ data = { array_contains = { 1, 2 } } }", "data array_contains j[1,2]");
  check_where("user", "{ data = { array_starts_with = null } }", "data array_starts_with jnull");
  check_where("user", "{ data = { path = { \"a\" }, lt = 3, gte = 1 } }", "and(data@['a'] < j3, data@['a'] >= j1)");
}

static void test_field_references(void **state) {
  (void)state;
  check_where("user", "{ age = { gt = @field\"User.small\" } }", "age > column:small");
  check_where("user", "{ age = @field\"user.id\" }", "age = column:id");
  check_where("user", "{ age = { in_ = @field\"User.nums\" } }", "age in column:nums");
  check_where("user", "{ nums = { has = @field\"User.age\" } }", "nums has column:age");
  check_where("user", "{ name = { contains = @field\"User.email\" } }", "name like column:email");
  check_where("user", "{ data = { string_contains = @field\"User.name\" } }", "data string_contains column:name");
  check_error("user", RILLE_FIND_MANY, "{ where = { id = @field\"User.email\" } }", RL_P2019,
              "where.id: expected a field of type Int, got User.email of type String");
  check_error("user", RILLE_FIND_MANY, "{ where = { name = @field\"User.tags\" } }", RL_P2019,
              "where.name: expected a field of type String, got User.tags of type String[]");
  check_error("user", RILLE_FIND_MANY, "{ where = { id = @field\"Post.id\" } }", RL_P2019,
              "where.id: expected a field of User, got Post.id");
  check_error("user", RILLE_FIND_MANY, "{ where = { id = @field\"User.idd\" } }", RL_VALIDATION,
              "where.id: unknown field `idd` of User; did you mean `id`?");
}

static void test_errors(void **state) {
  (void)state;
#define WRONG(where, message) check_error("user", RILLE_FIND_MANY, "{ where = " where " }", RL_VALIDATION, message)
  WRONG("{ emial = 1 }", "where.emial: unknown field of User; did you mean `email`?");
  WRONG("{ secret = \"x\" }",
        "where.secret: unknown field of User; expected one of `id`, `email`, `name`, `role`, `age`, "
        "`big`, `score`, `balance`, "
        "`active`, `data`, `meta`, `blob`, `tags`, `nums`, `jl`, `uid`, `small`, `createdAt`, "
        "`updatedAt`, `managerId` and 7 more");
  WRONG("{ posts = { some = { titel = \"x\" } } }",
        "where.posts.some.titel: unknown field of Post; did you mean `title`?");
  WRONG("{ OR = { { id = 1 }, { nmae = 1 } } }", "where.OR[2].nmae: unknown field of User; did you mean `name`?");
  WRONG("{ id = \"1\" }", "where.id: expected an integer, got a string");
  WRONG("{ id = null }", "where.id: cannot be `rille.null`; the field is required");
  WRONG("{ id = { lt = null } }", "where.id.lt: cannot be `rille.null`");
  WRONG(
      "{ id = { 1, 2 } }",
      "where.id: expected a value or a table of conditions, got a list; for one of several values write `[\"in\"] = {...}`");
  WRONG(
      "{ id = { contains = \"x\" } }",
      "where.id.contains: unknown condition; expected one of `equals`, `not`, `in`, `not_in`, `lt`, `lte`, `gt`, `gte`");
  WRONG("{ email = { contans = \"x\" } }", "where.email.contans: unknown condition; did you mean `contains`?");
  WRONG("{ uid = { contains = \"x\" } }",
        "where.uid.contains: unknown condition; expected one of `equals`, `not`, `in`, `not_in`, `lt`, `lte`, `gt`, "
        "`gte`, `search`, `mode`");
  WRONG("{ posts = { any = {} } }", "where.posts.any: unknown condition on a to-many relation; did you mean `some`?");
  WRONG("{ posts = { none = null } }",
        "where.posts.none: cannot be `rille.null`; give conditions on the rows, or `{}` for none");
  WRONG("{ tags = { \"a\" } }",
        "where.tags: expected a table with `equals`, `has`, `has_every`, `has_some` or `is_empty`, got a list");
  WRONG("{ tags = { hass = 1 } }", "where.tags.hass: unknown condition on a list; did you mean `has`?");
  WRONG("3", "where: expected a table of conditions, got an integer");
  WRONG("{ email = \"a\\0b\" }", "where.email: a string cannot contain a zero byte (byte 2)");
  WRONG("{ email = \"a\\N\" }", "where.email: a string must be valid UTF-8 (byte 2 is not)");
#undef WRONG
  check_error("user", RILLE_FIND_MANY, "{ where = { data = { path = { \"a\" } } } }", RL_P2019,
              "where.data: `path` needs a condition next to it");
  check_error("post", RILLE_FIND_MANY, "{ where = { author = null } }", RL_VALIDATION,
              "where.author: cannot be `rille.null`; the relation is required");
  check_error("user", RILLE_FIND_MANY, "{ where = { id = 2147483648 } }", RL_P2020,
              "where.id: expected an integer from -2147483648 to 2147483647 (Int), got 2147483648");
}

static void check_unique(const char *model, const char *where, const char *expected) {
  char text[500];
  (void)snprintf(text, sizeof text, "{ where = %s }", where);
  call *c = good_call(model, RILLE_FIND_UNIQUE, text);
  check_filter(c, c->query->read.where, expected);
  end_call(c);
}

static void test_unique(void **state) {
  (void)state;
  check_unique("user", "{ id = 1 }", "id = 1");
  check_unique("user", "{ age = { gt = 1 }, email = \"a\" }", "and(email = 'a', age > 1)");
  check_unique("comment", "{ a_b = { b = \"x\", a = 1 } }", "and(a = 1, b = 'x')");
  check_unique("category", "{ name_and_id = { name = \"x\", id = 1 }, OR = {} }",
               "and(and(name = 'x', id = 1), false)");
#define WRONG(model, where, code, message) check_error(model, RILLE_FIND_UNIQUE, "{ where = " where " }", code, message)
  WRONG("user", "{}", RL_VALIDATION, "where: must name one User by a unique key: `id` or `email` or `uid`");
  WRONG("user", "{ name = \"x\" }", RL_VALIDATION,
        "where: must name one User by a unique key: `id` or `email` or `uid`");
  WRONG("comment", "{ a = 1 }", RL_VALIDATION,
        "where: must name one Comment by a unique key: `a_b = { a = ..., b = ... }`");
  WRONG("comment", "{ a_b = { a = 1 } }", RL_P2013, "where.a_b.b: missing; the key `a_b` needs all of its fields");
  WRONG("comment", "{ a_b = { a = 1, c = 2 } }", RL_VALIDATION,
        "where.a_b.c: unknown field of the key; expected one of `a`, `b`");
  WRONG("user", "{ id = { equals = 1 } }", RL_VALIDATION, "where.id: expected a single value, got a table");
  WRONG("user", "{ id = 1, email = null }", RL_VALIDATION,
        "where.email: cannot be `rille.null`; NULL does not identify a row");
#undef WRONG
  check_error("user", RILLE_FIND_UNIQUE, "{}", RL_P2013, "where: missing; `find_unique` needs it");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scalars),         cmocka_unit_test(test_negation), cmocka_unit_test(test_searches),
      cmocka_unit_test(test_lists_of_values), cmocka_unit_test(test_grouping), cmocka_unit_test(test_relations),
      cmocka_unit_test(test_list_fields),     cmocka_unit_test(test_json),     cmocka_unit_test(test_field_references),
      cmocka_unit_test(test_errors),          cmocka_unit_test(test_unique),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
