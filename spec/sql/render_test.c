/* The text of statements in both dialects: the right SQL, with only parameters and identifiers. */
#include "../base/failing_allocator.h"
#include "blog.h"
#include "ir.h"

static void expect(rl_step *step, const char *postgres, const char *sqlite) {
  ir_expect(&rl_dialect_postgres, step, postgres);
  ir_expect(&rl_dialect_sqlite, step, sqlite);
}

static rl_select *by_email(void) {
  return ir_select("User", "id name", ir_compare("User.email", RL_OP_EQ, ir_text("x'; --")));
}

static void find_by_key(void **state) {
  (void)state;
  rl_select *s = by_email();
  s->take = ir_number(1);
  expect(ir_read(s), "SELECT t0.\"id\", t0.\"name\" FROM \"User\" AS t0 WHERE t0.\"email\" = $1 LIMIT $2",
         "SELECT t0.\"id\", t0.\"name\" FROM \"User\" AS t0 WHERE t0.\"email\" = ?1 LIMIT ?2");
  const rl_template *t = &ir_render(&rl_dialect_postgres, ir_read(s))->main;
  assert_int_equal(t->param_count, 2);
  assert_ptr_equal(t->inputs[0], s->where->input);
  assert_ptr_equal(t->inputs[1], s->take);
  assert_int_equal(t->wire_types[0].wire, RL_WIRE_TEXT);
  assert_int_equal(t->wire_types[1].wire, RL_WIRE_INT4);
  assert_int_equal(t->column_count, 2);
  assert_int_equal(t->columns[0].wire, RL_WIRE_INT4);
  assert_ptr_equal(t->column_fields[1], ir_field("User.name"));
  assert_true(t->returns_rows);
  assert_false(t->writes);
}

static void include_one_level(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "id title authorId", NULL);
  s->keys = ir_key("Post.authorId", ir_list_of("User.id", ir_int(1)));
  ir_order(s, "Post.id", false);
  expect(ir_read(s),
         "SELECT t0.\"id\", t0.\"title\", t0.\"authorId\" FROM \"posts\" AS t0 WHERE t0.\"authorId\" = ANY($1) ORDER "
         "BY t0.\"id\" ASC",
         "SELECT t0.\"id\", t0.\"title\", t0.\"authorId\" FROM \"posts\" AS t0 WHERE t0.\"authorId\" IN (SELECT value "
         "FROM json_each(?1)) "
         "ORDER BY t0.\"id\" ASC");
  assert_true(ir_render(&rl_dialect_postgres, ir_read(s))->main.wire_types[0].list);
  s->per_parent = true;
  s->take = ir_number(3);
  ir_expect(&rl_dialect_postgres, ir_read(s),
            "SELECT w.c0, w.c1, w.c2 FROM (SELECT t0.\"id\" AS c0, t0.\"title\" AS c1, t0.\"authorId\" AS c2, "
            "t0.\"id\" AS o0, "
            "ROW_NUMBER() OVER (PARTITION BY t0.\"authorId\" ORDER BY t0.\"id\" ASC) AS rn FROM \"posts\" AS t0 "
            "WHERE t0.\"authorId\" = ANY($1)) AS w WHERE w.rn <= $2 ORDER BY w.o0 ASC");
}

static void cursor_enters_an_index(void **state) {
  (void)state;
  rl_select *s = ir_select("Post", "id", NULL);
  ir_order(s, "Post.id", false);
  s->cursor = ir_compare("Post.id", RL_OP_EQ, ir_int(3));
  s->take = ir_number(2);
  s->skip = ir_number(1);
  ir_expect(&rl_dialect_sqlite, ir_read(s),
            "WITH \"@cursor\" AS (SELECT t0.\"id\" AS k0 FROM \"posts\" AS t0 WHERE t0.\"id\" = ?1) SELECT t1.\"id\" "
            "FROM \"posts\" AS t1 "
            "WHERE t1.\"id\" >= (SELECT k0 FROM \"@cursor\") ORDER BY t1.\"id\" ASC LIMIT ?2 OFFSET ?3");
  s->orders[0].field = ir_field("Post.views");
  ir_order(s, "Post.id", false);
  ir_expect(
      &rl_dialect_postgres, ir_read(s),
      "WITH \"@cursor\" AS (SELECT t0.\"views\" AS k0, t0.\"id\" AS k1 FROM \"posts\" AS t0 WHERE t0.\"id\" = $1) "
      "SELECT t1.\"id\" FROM \"posts\" AS t1 WHERE (t1.\"views\", t1.\"id\") >= (SELECT k0, k1 FROM \"@cursor\") "
      "ORDER BY t1.\"views\" ASC, t1.\"id\" ASC LIMIT $2 OFFSET $3");
}

static void offset_alone(void **state) {
  (void)state;
  rl_select *s = ir_select("Tag", "id", NULL);
  s->skip = ir_number(3);
  expect(ir_read(s), "SELECT t0.\"id\" FROM \"Tag\" AS t0 OFFSET $1",
         "SELECT t0.\"id\" FROM \"Tag\" AS t0 LIMIT -1 OFFSET ?1");
}

static void enums_are_cast(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "role", ir_compare("User.role", RL_OP_EQ, ir_text("ADMIN")));
  expect(ir_read(s), "SELECT t0.\"role\" FROM \"User\" AS t0 WHERE t0.\"role\" = $1::\"Role\"",
         "SELECT t0.\"role\" FROM \"User\" AS t0 WHERE t0.\"role\" = ?1");
  s->where = ir_in("User.role", ir_list_of("User.role", ir_text("ADMIN")), false);
  ir_expect(&rl_dialect_postgres, ir_read(s),
            "SELECT t0.\"role\" FROM \"User\" AS t0 WHERE t0.\"role\" = ANY($1::\"Role\"[])");
}

static void one_parameter_an_input(void **state) {
  (void)state;
  rl_filter *f = ir_compare("User.age", RL_OP_GT, ir_int(1));
  rl_filter *same = ir_compare("User.age", RL_OP_LT, ir_int(1));
  same->input = f->input;
  rl_select *s = ir_select("User", "id", ir_or(f, same));
  ir_expect(&rl_dialect_postgres, ir_read(s),
            "SELECT t0.\"id\" FROM \"User\" AS t0 WHERE t0.\"age\" > $1 OR t0.\"age\" < $1");
  assert_int_equal(ir_render(&rl_dialect_postgres, ir_read(s))->main.param_count, 1);
}

static void identifiers_are_quoted(void **state) {
  (void)state;
  rl_buf out;
  rl_buf_init(&out);
  rl_dialect_postgres.identifier(&out, RL_STR("a\"; DROP"));
  assert_string_equal(rl_buf_z(&out), "\"a\"\"; DROP\"");
  rl_buf_dispose(&out);
}

static void writes(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("User"), .conflict = ir_fields(1, "User.email"), .conflict_count = 1};
  ins.assigns = ir_assigns(2, "User.id", RL_SET, ir_of("User.id", ir_int(1)), "User.email", RL_SET,
                           ir_of("User.email", ir_text("a")));
  ins.assign_count = 2;
  ins.on_conflict = ir_assigns(1, "User.age", RL_INCREMENT, ir_of("User.age", ir_int(1)));
  ins.on_conflict_count = 1;
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  ir_returning(step, "User", "id");
  expect(step,
         "INSERT INTO \"User\" AS t0 (\"id\", \"email\") VALUES ($1, $2) ON CONFLICT (\"email\") DO UPDATE SET \"age\" "
         "= t0.\"age\" + $3 "
         "RETURNING \"id\"",
         "INSERT INTO \"User\" AS t0 (\"id\", \"email\") VALUES (?1, ?2) ON CONFLICT (\"email\") DO UPDATE SET \"age\" "
         "= rille_whole(t0.\"age\", t0.\"age\" + ?3, 32) "
         "RETURNING \"id\"");
  rl_update u = {
      .model = ir_model("User"), .where = ir_null("User.name", false), .limit = ir_number(2), .assign_count = 1};
  u.assigns = ir_assigns(1, "User.name", RL_SET, NULL);
  step = ir_write(RL_STEP_UPDATE, &u);
  /* after waiting for a row, PostgreSQL checks its conditions again, but not those in the subquery */
  expect(step,
         "UPDATE \"User\" AS t0 SET \"name\" = NULL WHERE t0.\"id\" IN (SELECT t1.\"id\" FROM \"User\" AS t1 WHERE "
         "t1.\"name\" IS NULL LIMIT $1) AND t0.\"name\" IS NULL",
         "UPDATE \"User\" AS t0 SET \"name\" = NULL WHERE t0.\"id\" IN (SELECT t1.\"id\" FROM \"User\" AS t1 WHERE "
         "t1.\"name\" IS NULL LIMIT ?1)");
  assert_true(ir_render(&rl_dialect_sqlite, step)->main.writes);
  assert_false(ir_render(&rl_dialect_sqlite, step)->main.returns_rows);
  rl_delete d = {.model = ir_model("Tag")};
  ir_expect(&rl_dialect_sqlite, ir_write(RL_STEP_DELETE, &d), "DELETE FROM \"Tag\" AS t0");
}

static void bulk_inserts(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Pair"), .rows = ir_rows("Pair", 3, "Pair.a", "Pair.b", "Pair.v")};
  ins.conflict = ir_fields(2, "Pair.a", "Pair.b");
  ins.conflict_count = 2;
  ins.rows->update = ir_fields(1, "Pair.v");
  ins.rows->update_count = 1;
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  ir_expect(&rl_dialect_postgres, step,
            "INSERT INTO \"Pair\" AS t0 (\"a\", \"b\", \"v\") SELECT * FROM unnest($1, $2, $3) ON CONFLICT (\"a\", "
            "\"b\") DO UPDATE SET "
            "\"v\" = EXCLUDED.\"v\"");
  rl_step_sql *sql = ir_render(&rl_dialect_sqlite, step);
  assert_int_equal(sql->bulk, RL_BULK_VALUES);
  assert_int_equal(sql->main.param_count, 3 * sql->rows_per);
  assert_string_equal(
      sql->one.sql,
      "INSERT INTO \"Pair\" AS t0 (\"a\", \"b\", \"v\") VALUES (?1, ?2, ?3) ON CONFLICT (\"a\", \"b\") DO "
      "UPDATE SET \"v\" = EXCLUDED.\"v\"");
  ins.on_conflict = ir_assigns(1, "Pair.v", RL_INCREMENT, ir_of("Pair.v", ir_int(1)));
  ins.on_conflict_count = 1;
  ins.rows->update_count = 0;
  sql = ir_render(&rl_dialect_sqlite, step);
  assert_int_equal(sql->fixed_params, 1);
  assert_null(sql->one.inputs[2]);
  assert_ptr_equal(sql->one.inputs[3], ins.on_conflict[0].input);
}

static void refusals(void **state) {
  (void)state;
  rl_select *s = ir_select("User", "id", NULL);
  s->distinct = ir_fields(1, "User.age");
  s->distinct_count = 1;
  s->lock = RL_LOCK_UPDATE;
  rl_plan plan = {.steps = ir_read(s), .step_count = 1};
  rl_program *program = NULL;
  rl_error err = {0};
  assert_int_equal(rl_sql_render(&rl_dialect_postgres, ir_schema, &plan, &ir_arena, &program, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P2026);
  assert_null(program);
  rl_error_clear(&err);
  rl_insert ins = {.link = ir_field("Post.tags")->relation,
                   .link_a = ir_of("Post.id", ir_int(5)),
                   .link_b = ir_list_of("Pair.raw", ir_text("ab"))};
  plan.steps = ir_write(RL_STEP_INSERT, &ins);
  assert_int_equal(rl_sql_render(&rl_dialect_sqlite, ir_schema, &plan, &ir_arena, &program, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P2026);
  rl_error_clear(&err);
}

/* Steps of every kind, which together take all branches of the renderer. */
static rl_step *some_steps(size_t *count) {
  rl_step *steps = ir_new(4 * sizeof *steps);
  rl_select *s =
      ir_select("User", "id", ir_relation("User.posts", RL_SOME, ir_compare("Post.views", RL_OP_GT, ir_int(1))));
  ir_order(s, "User.age", false);
  ir_order(s, "User.id", false);
  s->cursor = ir_compare("User.id", RL_OP_EQ, ir_int(1));
  s->take = ir_number(3);
  s->distinct = ir_fields(1, "User.name");
  s->distinct_count = 1;
  steps[0] = *ir_read(s);
  rl_insert *ins = IR_NEW(rl_insert);
  ins->model = ir_model("Tag");
  ins->rows = ir_rows("Tag", 2, "Tag.id", "Tag.name");
  steps[1] = *ir_write(RL_STEP_INSERT, ins);
  rl_update *u = IR_NEW(rl_update);
  u->model = ir_model("Tag");
  u->assigns = ir_assigns(1, "Tag.name", RL_SET, ir_of("Tag.name", ir_text("x")));
  u->assign_count = 1;
  steps[2] = *ir_write(RL_STEP_UPDATE, u);
  ir_returning(&steps[2], "Tag", "id name");
  steps[3].kind = RL_STEP_RAISE;
  *count = 4;
  return steps;
}

static bool render_all(void *argument) {
  rl_plan *plan = argument;
  rl_program *program = NULL;
  rl_arena arena;
  rl_arena_init(&arena, 64);
  rl_error err = {0};
  rille_status status = rl_sql_render(&rl_dialect_sqlite, ir_schema, plan, &arena, &program, &err);
  bool told = status == RILLE_OK ? program != NULL : status == RILLE_NOMEM && !program;
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  assert_true(told);
  return status == RILLE_OK;
}

static void memory_runs_out(void **state) {
  (void)state;
  rl_plan plan = {0};
  plan.steps = some_steps(&plan.step_count);
  assert_true(fail_each_allocation(render_all, &plan, false) > 5);
}

static int setup(void **state) {
  (void)state;
  ir_open(blog_schema, RL_PROVIDER_POSTGRESQL);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  ir_close();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(find_by_key),
      cmocka_unit_test(include_one_level),
      cmocka_unit_test(cursor_enters_an_index),
      cmocka_unit_test(offset_alone),
      cmocka_unit_test(enums_are_cast),
      cmocka_unit_test(one_parameter_an_input),
      cmocka_unit_test(writes),
      cmocka_unit_test(identifiers_are_quoted),
      cmocka_unit_test(bulk_inserts),
      cmocka_unit_test(refusals),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
