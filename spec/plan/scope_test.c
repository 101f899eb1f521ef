/* Scopes in plans: the conditions of reads and writes, and which written rows are checked. */
#include "plan/plan_fixture.h"

#include "plan/blog_schema.h"

static rl_schema *blog;

/* Plans a call with a scope, both as text. */
static void expect_scoped(const char *scope, const char *model, rille_action action, const char *call,
                          const char *expected) {
  planned p = {.schema = blog};
  rl_tape given;
  rl_str own;
  rl_arg_tree *tree = NULL;
  const rl_bind_options options = {0};
  rl_tape_init(&p.tape);
  rl_tape_init(&given);
  rl_arena_init(&p.arena, 0);
  rl_buf_init(&p.text);
  write_value(&p.tape, call);
  write_value(&given, scope);
  assert_int_equal(rl_tape_end(&p.tape, &p.error), RILLE_OK);
  assert_int_equal(rl_tape_end(&given, &p.error), RILLE_OK);
  const rl_tape_suffix *suffix =
      rl_tape_suffix_new(&given, RL_STR("scope"), RL_STR("except"), NULL, 0, NULL, &p.arena, &own);
  assert_non_null(suffix);
  assert_int_equal(rl_tape_append(&p.tape, suffix, &p.error), RILLE_OK);
  assert_int_equal(rl_arg_tree_read(&p.tape, &p.arena, &tree, &p.error), RILLE_OK);
  assert_int_equal(tree->suffix_count, 1);
  const rl_model *m = rl_schema_model(blog, rl_str_of(model));
  p.status = rl_bind(blog, m, action, tree, &options, &p.arena, &p.query, &p.error);
  if (p.status == RILLE_OK) p.status = rl_plan_make(blog, p.query, &full_features, &p.arena, &p.plan, &p.error);
  if (p.status == RILLE_OK)
    rl_plan_dump(p.plan, &p.text);
  else
    rl_buf_printf(&p.text, "%s %s\n", rl_code_name(p.error.code), rl_error_message(&p.error));
  assert_string_equal(rl_buf_z(&p.text), expected);
  rl_error_clear(&p.error);
  rl_buf_dispose(&p.text);
  rl_arena_dispose(&p.arena);
  rl_tape_dispose(&given);
  rl_tape_dispose(&p.tape);
}

#define AGED "{User: {age: 7}}"

static void reads_within(void **state) {
  (void)state;
  expect_scoped(AGED, "user", RILLE_FIND_UNIQUE, "{where: {id: 1}, select: {id: true}}",
                "0: select User [id] where (id=$ and (age=$)) as node 0\n");
  expect_scoped(AGED, "user", RILLE_COUNT, "{}", "0: select User [count_all(*)] where (age=$) as node 0\n");
  expect_scoped(AGED, "post", RILLE_FIND_MANY,
                "{where: {author: {name: 'a'}}, select: {id: true, author: {select: {id: true}}}}",
                "0: select Post [id | authorId] where author.is(name=$ in (age=$)) -> r0(1) as node 0\n"
                "1: if r0: select User [id] where (age=$) and id=r0.0[] as node 1\n");
}

static void writes_within(void **state) {
  (void)state;
  expect_scoped(AGED, "user", RILLE_UPDATE_MANY, "{where: {name: 'a'}, data: {name: 'b'}}",
                "0: update User {name=$} where (name=$ and (age=$)) counts\n");
  expect_scoped(AGED, "user", RILLE_DELETE_MANY, "{where: all}", "0: delete User where (age=$) counts\n");
  expect_scoped(AGED, "user", RILLE_CREATE, "{data: {email: 'a'}, select: {id: true}}",
                "0: insert User {email=$ age=$} returning [id] as node 0 else P2025\n");
  expect_scoped(AGED, "user", RILLE_UPDATE, "{where: {id: 1}, data: {age: 7}, select: {id: true}}",
                "0: update User {age=$} where (id=$ and (age=$)) returning [id] as node 0 else P2025\n");
  expect_scoped(AGED, "user", RILLE_UPDATE, "{where: {id: 1}, data: {age: 8}}",
                "VALIDATION data.age: the scope of the client has another value for `age`; leave the field out\n");
  expect_scoped(AGED, "user", RILLE_UPDATE, "{where: {id: 1}, data: {age: {increment: 7}}}",
                "VALIDATION data.age: the scope of the client has another value for `age`; leave the field out\n");
}

static void checks_what_values_do_not_say(void **state) {
  (void)state;
  expect_scoped("{User: {age: {gt: 7}}}", "user", RILLE_UPDATE_MANY, "{where: all, data: {name: 'a'}}",
                "0: update User {name=$} where (age>$) counts\n");
  expect_scoped("{User: {age: {gt: 7}}}", "user", RILLE_UPDATE_MANY, "{where: all, data: {age: 8}}",
                "atomic\n"
                "0: update User {age=$} where (age>$) returning [| id] -> r0(0) counts\n"
                "1: select User [| id] where (age>$) and id=r0.0[] fewer than r0: VALIDATION\n");
  expect_scoped(AGED, "draft", RILLE_CREATE, "{data: {slug: 'a', ownerId: 1}, select: {id: true}}",
                "atomic\n"
                "0: insert Draft {slug=$ ownerId=$} returning [id] -> r0(0) as node 0 else P2025\n"
                "1: select Draft [| id] where (owner.is((age=$))) and id=r0.0[] fewer than r0: P2003\n");
  expect_scoped("{Draft: {ownerId: 7}}", "draft", RILLE_CREATE, "{data: {slug: 'a'}, select: {id: true}}",
                "0: insert Draft {slug=$ ownerId=$} returning [id] as node 0 else P2025\n");
}

static void upserts_within(void **state) {
  (void)state;
  expect_scoped(
      AGED, "user", RILLE_UPSERT,
      "{where: {email: 'a'}, create: {email: 'a'}, update: {name: 'b'}, select: {id: true}}",
      "0: insert User {email=$ age=$} on conflict (email) update {name=$} where (age=$) returning [id] as node 0 "
      "else P2002\n");
  expect_scoped(AGED, "user", RILLE_UPSERT_MANY, "{data: [{email: 'a', name: 'b'}], on: 'email'}",
                "atomic\n"
                "0: insert User rows age=$ on conflict (email) update where (age=$) counts if fewer P2002\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_within),
      cmocka_unit_test(writes_within),
      cmocka_unit_test(checks_what_values_do_not_say),
      cmocka_unit_test(upserts_within),
  };
  blog = schema_of(blog_schema);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(blog);
  return failed;
}
