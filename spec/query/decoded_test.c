/* Decoded JSON and forms in a call: data from outside is never a condition, an operator or a nested write. */
#include "query/calling.h"

#define USE "; use input(), or rille.trust()"

static void check_refused(const char *model, rille_action action, const char *text, const char *message) {
  check_error(model, action, text, RL_VALIDATION, message);
}

static void test_conditions(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"{ where = { email = @json{ [\"not\"] = \"\" } } }", "where.email: decoded JSON is not a condition" USE},
      {"{ where = { email = @form{ contains = \"\" } } }", "where.email: a decoded form is not a condition" USE},
      {"{ where = @json{ email = \"a\" } }", "where: decoded JSON is not a condition" USE},
      {"{ where = @json{} }", "where: decoded JSON is not a condition" USE},
      {"{ where = @json{[]} }", "where: decoded JSON is not a condition" USE},
      {"{ where = { OR = { { id = 1 }, @json{ id = 2 } } } }", "where.OR[2]: decoded JSON is not a condition" USE},
      {"{ where = { OR = @json{[]} } }", "where.OR: decoded JSON is not a condition" USE},
      {"{ where = { posts = { some = @json{ title = \"a\" } } } }",
       "where.posts.some: decoded JSON is not a condition" USE},
      {"{ where = { posts = { some = { title = @json{ contains = \"a\" } } } } }",
       "where.posts.some.title: decoded JSON is not a condition" USE},
      {"{ where = { meta = @json{ equals = 1 } } }", "where.meta: decoded JSON is not a condition" USE},
      {"{ where = { createdAt = @json{ year = 2020, month = 1, day = 1 } } }",
       "where.createdAt: decoded JSON is not a condition" USE},
      {"{ where = { createdAt = { [\"in\"] = { @json{ year = 2020, month = 1, day = 1 } } } } }",
       "where.createdAt.in: decoded JSON is not a condition" USE},
      /* also in place of another error within the table */
      {"{ where = { email = @json{ bogus = 1 } } }", "where.email: decoded JSON is not a condition" USE},
      {"{ where = @json{ bogus = 1 } }", "where: decoded JSON is not a condition" USE},
      {"@json{ where = { id = 1 } }", "find_many: decoded JSON is not a table of arguments" USE},
      {"@json{}", "find_many: decoded JSON is not a table of arguments" USE},
      {"{ select = @json{ email = true } }", "select: decoded JSON is not an argument" USE},
      {"{ include = { posts = @json{ take = 1 } } }", "include.posts: decoded JSON is not an argument" USE},
      {"{ include = { posts = { where = @json{ id = 1 } } } }",
       "include.posts.where: decoded JSON is not an argument" USE},
      {"{ order_by = { @json{ id = \"asc\" } } }", "order_by[1]: decoded JSON is not an argument" USE},
      {"{ cursor = @json{ id = 1 } }", "cursor: decoded JSON is not a condition" USE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_refused("user", RILLE_FIND_MANY, cases[i].text, cases[i].message);
}

static void test_data(void **state) {
  (void)state;
  static const struct {
    rille_action action;
    const char *text, *message;
  } cases[] = {
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { age = @json{ increment = 1000 } } }",
       "data.age: decoded JSON is not data" USE},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { posts = @json{ connect = { id = 1 } } } }",
       "data.posts: decoded JSON is not data" USE},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { posts = { connect = @json{ id = 1 } } } }",
       "data.posts.connect: decoded JSON is not data" USE},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { posts = { connect = { @json{ id = 1 } } } } }",
       "data.posts.connect[1]: decoded JSON is not data" USE},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { tags = @json{ push = \"a\" } } }",
       "data.tags: decoded JSON is not data" USE},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = @json{ name = \"a\" } }", "data: decoded JSON is not data" USE},
      {RILLE_UPDATE_MANY, "{ where = @all, data = @json{ name = \"a\" } }", "data: decoded JSON is not data" USE},
      {RILLE_CREATE, "{ data = @form{ email = \"a\" } }", "data: a decoded form is not data" USE},
      {RILLE_CREATE, "{ data = { email = @json{ set = \"a\" } } }", "data.email: decoded JSON is not data" USE},
      {RILLE_CREATE, "{ data = { email = \"a\", posts = { create = { @json{ id = 1, title = \"t\" } } } } }",
       "data.posts.create[1]: decoded JSON is not data" USE},
      {RILLE_CREATE,
       "{ data = { email = \"a\", posts = { create_many = { data = { @json{ id = 1, title = \"t\" } } } } } }",
       "data.posts.create_many.data[1]: decoded JSON is not data" USE},
      {RILLE_UPSERT, "{ where = { id = 1 }, create = @json{ email = \"a\" }, update = {} }",
       "create: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\" }, @json{ email = \"b\" } } }",
       "data[2]: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = @json{ email = \"b\" } }", "data: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = { { email = @json{ set = \"b\" } } } }",
       "data[1].email: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\", posts = @json{ create = { id = 1, title = \"t\" } } } } }",
       "data[1].posts: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\", posts = { create = { @json{ id = 1, title = \"t\" } } } } } }",
       "data[1].posts.create[1]: decoded JSON is not data" USE},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\", posts = { connect = @json{ id = 1 } } } } }",
       "data[1].posts.connect: decoded JSON is not data" USE},
      {RILLE_DELETE_MANY, "{ where = @json{ id = 1 } }", "where: decoded JSON is not a condition" USE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_refused("user", cases[i].action, cases[i].text, cases[i].message);
}

static void check_good(rille_action action, const char *text) {
  end_call(good_call("user", action, text));
}

/* What a Json field holds, and lists of scalars, are values: also where the tape knows the Json fields, and writes them
 * as one value. */
static void check_values(void) {
  check_good(RILLE_CREATE, "{ data = { email = \"a\", meta = @json{ increment = 1, set = { 1, 2 } } } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", meta = { inner = @json{ x = @form{ y = 1 } } } } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", meta = @json{[]} } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", meta = @json{} } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", tags = { \"a\", \"b\" } } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", tags = @json{[]} } }");
  check_good(RILLE_CREATE, "{ data = { email = \"a\", jl = { @json{ a = 1 }, @json{} } } }");
  check_good(RILLE_UPDATE, "{ where = { id = 1 }, data = { meta = @json{ push = 1 }, data = @json{ a = 1 } } }");
  check_good(RILLE_CREATE_MANY,
             "{ data = { { email = \"a\", meta = @json{ a = 1 } }, { email = \"b\", meta = @json{} } } }");
  check_good(RILLE_FIND_MANY, "{ where = { meta = { equals = @json{ a = 1 } } } }");
  check_good(RILLE_FIND_MANY, "{ where = { email = { [\"in\"] = @json{[]} } } }");
  check_good(RILLE_FIND_MANY, "{ where = { data = { path = { \"a\" }, equals = @json{ a = 1 } } } }");
}

static void test_values(void **state) {
  (void)state;
  check_values();
  test_json_keys = &test_schema->json_fields;
  check_values();
  test_json_keys = NULL;
}

/* `set` in a decoded table is a key like any other: the Json value is the table itself. */
static void check_set_is_a_key(void) {
  call *c = good_call("user", RILLE_UPDATE, "{ where = { id = 1 }, data = { meta = @json{ set = 5 } } }");
  rl_buf out;
  rl_buf_init(&out);
  assert_int_equal(c->query->update->assign_count, 2); /* and updatedAt */
  for (size_t i = 0; i < 2; i++)
    if (rl_str_is(c->query->update->assigns[i].field->name, "meta"))
      show_input(&out, c, c->query->update->assigns[i].input);
  assert_string_equal(rl_buf_z(&out), "j{\"set\":5}");
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_set_is_a_key(void **state) {
  (void)state;
  check_set_is_a_key();
  test_json_keys = &test_schema->json_fields;
  check_set_is_a_key();
  test_json_keys = NULL;
}

/* An error elsewhere is reported as it is. */
static void test_other_errors(void **state) {
  (void)state;
  check_error("user", RILLE_CREATE, "{ data = { emial = \"a\", meta = @json{ a = 1 } } }", RL_VALIDATION,
              "data.emial: unknown field of User; did you mean `email`?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conditions),   cmocka_unit_test(test_data),         cmocka_unit_test(test_values),
      cmocka_unit_test(test_set_is_a_key), cmocka_unit_test(test_other_errors),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
