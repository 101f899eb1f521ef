/* INSERT, UPDATE and DELETE of one row or many, run on each available database. Each test begins with the same rows. */
#include "blog.h"
#include "engines.h"

static const char *all(const char *model, const char *fields, const char *by) {
  rl_select *s = ir_select(model, fields, NULL);
  ir_order(s, by, false);
  return run_step(ir_read(s));
}

#define expect_all(model, fields, by, text) assert_string_equal(all(model, fields, by), text)

static void insert_one(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Tag")};
  ins.assigns = ir_assigns(2, "Tag.id", RL_SET, ir_of("Tag.id", ir_int(9)), "Tag.name", RL_SET,
                           ir_of("Tag.name", ir_text("it's")));
  ins.assign_count = 2;
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  expect_rows(step, "");
  ir_returning(step, "Tag", "name id");
  ins.assigns[0].input = ir_of("Tag.id", ir_int(10));
  ins.assigns[1].input = ir_of("Tag.name", ir_text("\"quoted\""));
  expect_rows(step, "\"quoted\"|10");
  ins.skip_duplicates = true;
  expect_rows(step, "");
  expect_all("Tag", "id name", "Tag.id", "1|red;2|green;3|blue;9|it's;10|\"quoted\"");
}

static void insert_nulls_and_defaults(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Post")};
  ins.assigns = ir_assigns(2, "Post.title", RL_SET, ir_of("Post.title", ir_text("t")), "Post.authorId", RL_SET, NULL);
  ins.assign_count = 2;
  if (on_postgres()) engine_script("SELECT setval(pg_get_serial_sequence('posts', 'id'), 100)");
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  ir_returning(step, "Post", "id views authorId");
  expect_rows(step, on_postgres() ? "101|0|-" : "6|0|-");
}

static void upsert(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Pair"), .conflict = ir_fields(2, "Pair.a", "Pair.b"), .conflict_count = 2};
  ins.assigns = ir_assigns(3, "Pair.a", RL_SET, ir_of("Pair.a", ir_int(1)), "Pair.b", RL_SET,
                           ir_of("Pair.b", ir_text("x")), "Pair.v", RL_SET, ir_of("Pair.v", ir_int(50)));
  ins.assign_count = 3;
  ins.on_conflict = ir_assigns(1, "Pair.v", RL_INCREMENT, ir_of("Pair.v", ir_int(5)));
  ins.on_conflict_count = 1;
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  ir_returning(step, "Pair", "v");
  expect_rows(step, "6");
  ins.conflict_where = ir_compare("Pair.v", RL_OP_GT, ir_int(6));
  expect_rows(step, ""); /* it exists, but does not match the condition of the update */
  ins.assigns[1].input = ir_of("Pair.b", ir_text("new"));
  expect_rows(step, "50");
  ins.on_conflict_count = 0;
  expect_rows(step, "");
}

static void join_rows(void **state) {
  (void)state;
  rl_insert ins = {.link = ir_field("Post.tags")->relation,
                   .link_a = ir_of("Post.id", ir_int(5)),
                   .link_b = ir_of("Tag.id", ir_int(1))};
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  expect_rows(step, "");
  expect_rows(step, ""); /* an existing pair is left unchanged */
  ins.link_b = ir_list_of("Tag.id", ir_int(1), ir_int(2), ir_int(3));
  expect_rows(step, "");
  ins.link_a = ir_list_of("Post.id", ir_int(3), ir_int(5));
  expect_rows(step, "");
  rl_select *s = ir_select("Tag", "id", NULL);
  s->link = ins.link;
  s->link_from_a = true;
  s->link_keys = ir_list_of("Post.id", ir_int(3), ir_int(5));
  ir_order(s, "Tag.id", false);
  expect_select(s, "1;1;2;2;3;3");

  rl_delete del = {.link = ins.link,
                   .link_a = ir_of("Post.id", ir_int(5)),
                   .link_b = ir_list_of("Tag.id", ir_int(2)),
                   .keep_b = true};
  expect_rows(ir_write(RL_STEP_DELETE, &del), "");
  s->link_keys = ir_of("Post.id", ir_int(5));
  expect_select(s, "2");
  del.keep_b = false;
  expect_rows(ir_write(RL_STEP_DELETE, &del), "");
  expect_select(s, "");
  del.link_a = NULL;
  del.link_b = ir_of("Tag.id", ir_int(3));
  expect_rows(ir_write(RL_STEP_DELETE, &del), "");
  s->link_keys = ir_of("Post.id", ir_int(3));
  expect_select(s, "1;2");
}

static rl_value bulk_text(const char *z) {
  return ir_text(z);
}

/* Rows of tags, each with number and name, in the way of the database. */
static void insert_tags(const rl_step_sql *sql, size_t count, const rl_value *cells) {
  if (sql->bulk == RL_BULK_ARRAYS) {
    rl_value *ids = ir_new(count * sizeof *ids), *names = ir_new(count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
      ids[i] = cells[2 * i];
      names[i] = cells[2 * i + 1];
    }
    rl_value lists[] = {{.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = ids},
                        {.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = names}};
    run_template(&sql->main, lists);
    return;
  }
  assert_int_equal(sql->rows_per, 50);
  assert_int_equal(sql->main.param_count, 100);
  assert_int_equal(sql->one.param_count, 2);
  for (size_t i = 0; i < count; i++) run_template(&sql->one, cells + 2 * i);
}

static void bulk(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Tag"), .rows = ir_rows("Tag", 2, "Tag.id", "Tag.name")};
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  rl_value cells[] = {ir_int(7), bulk_text("seven"), ir_int(8), bulk_text("eight")};
  insert_tags(ir_render(the_engine.dialect, step), 2, cells);
  expect_all("Tag", "id name", "Tag.id", "1|red;2|green;3|blue;7|seven;8|eight");
  ins.rows->conflict = ir_fields(1, "Tag.id");
  ins.rows->conflict_count = 1;
  ins.rows->update = ir_fields(1, "Tag.name");
  ins.rows->update_count = 1;
  rl_value again[] = {ir_int(7), bulk_text("VII"), ir_int(9), bulk_text("nine")};
  insert_tags(ir_render(the_engine.dialect, step), 2, again);
  expect_all("Tag", "id name", "Tag.id", "1|red;2|green;3|blue;7|VII;8|eight;9|nine");
  ins.rows->conflict_count = ins.rows->update_count = 0;
  ins.skip_duplicates = true;
  insert_tags(ir_render(the_engine.dialect, step), 2, cells);
  expect_all("Tag", "name", "Tag.id", "red;green;blue;VII;eight;nine");
}

/* Different values per row. The condition of the call comes after the rows. */
static void bulk_update(void **state) {
  (void)state;
  rl_update u = {.model = ir_model("Tag"), .rows = ir_rows("Tag", 2, "Tag.id", "Tag.name")};
  u.rows->conflict = ir_fields(1, "Tag.id");
  u.rows->conflict_count = 1;
  u.rows->update = ir_fields(1, "Tag.name");
  u.rows->update_count = 1;
  rl_step *step = ir_write(RL_STEP_UPDATE, &u);
  rl_value cells[] = {ir_int(3), bulk_text("three"), ir_int(1), bulk_text("one"), ir_int(9), bulk_text("nine")};
  insert_tags(ir_render(the_engine.dialect, step), 3, cells);
  expect_all("Tag", "id name", "Tag.id", "1|one;2|green;3|three");
  u.where = ir_compare("Tag.id", RL_OP_GT, ir_int(1));
  const rl_step_sql *sql = ir_render(the_engine.dialect, step);
  assert_int_equal(sql->fixed_params, 1);
  assert_ptr_equal(sql->main.inputs[sql->main.param_count - 1], u.where->input);
  const char *one = "WITH rille_rows (v0, v1) AS (VALUES (?1, ?2)) UPDATE \"Tag\" AS t0 SET \"name\" = rille_rows.v1 "
                    "FROM rille_rows WHERE t0.\"id\" = rille_rows.v0 AND t0.\"id\" > ?3";
  const char *arrays = "WITH rille_rows (v0, v1) AS (SELECT * FROM unnest($1, $2)) UPDATE \"Tag\" AS t0 SET \"name\" = "
                       "rille_rows.v1 FROM rille_rows WHERE t0.\"id\" = rille_rows.v0 AND t0.\"id\" > $3";
  assert_string_equal(sql->bulk == RL_BULK_ARRAYS ? sql->main.sql : sql->one.sql, on_postgres() ? arrays : one);
}

static void bulk_without_columns(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Post"), .rows = ir_rows("Post", 2, "Post.id", "Post.title")};
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  rl_step_sql sql;
  rl_error err = {0};
  bool given[] = {false, true};
  assert_int_equal(rl_sql_render_bulk(the_engine.dialect, ir_schema, step, given, &ir_arena, &sql, &err), RILLE_OK);
  assert_int_equal((sql.bulk == RL_BULK_ARRAYS ? sql.main : sql.one).param_count, 1);
  given[1] = false;
  assert_int_equal(rl_sql_render_bulk(the_engine.dialect, ir_schema, step, given, &ir_arena, &sql, &err), RILLE_OK);
  assert_int_equal(sql.bulk, RL_BULK_VALUES);
  assert_int_equal(sql.rows_per, 1);
  assert_string_equal(sql.one.sql, "INSERT INTO \"posts\" DEFAULT VALUES");
}

static void update(void **state) {
  (void)state;
  rl_update u = {.model = ir_model("User"), .where = ir_compare("User.id", RL_OP_EQ, ir_int(1)), .assign_count = 5};
  u.assigns = ir_assigns(5, "User.age", RL_DIVIDE, ir_of("User.age", ir_int(3)), "User.bal", RL_MULTIPLY,
                         ir_of("User.bal", ir_decimal("2")), "User.score", RL_DECREMENT,
                         ir_of("User.score", (rl_value){.kind = RILLE_FLOAT, .as.f = 0.5}), "User.name", RL_SET, NULL,
                         "User.role", RL_SET, ir_of("User.role", ir_text("USER")));
  rl_step *step = ir_write(RL_STEP_UPDATE, &u);
  ir_returning(step, "User", "id age name role");
  expect_rows(step, "1|13|-|USER");
  u.where = NULL;
  u.keys = ir_key("User.id", ir_list_of("User.id", ir_int(3), ir_int(4)));
  u.assigns = ir_assigns(1, "User.age", RL_SET, ir_of("User.age", ir_int(1)));
  u.assign_count = 1;
  u.where = ir_relation("User.boss", RL_IS, ir_compare("User.id", RL_OP_EQ, ir_int(1)));
  step->returning_count = 0;
  expect_rows(step, "");
  expect_all("User", "age", "User.id", "13;-;1;40;-");
  u.keys = NULL;
  u.where = ir_null("User.age", false);
  u.limit = ir_number(1);
  expect_rows(step, "");
  rl_select *left = ir_select("User", "", ir_null("User.age", false));
  ir_add_column(left, RL_COLUMN_AGGREGATE, NULL)->fn = RL_AGG_COUNT_ALL;
  expect_select(left, "1");
}

static void decimals_divide_exactly(void **state) {
  (void)state;
  rl_update u = {.model = ir_model("User"), .where = ir_compare("User.id", RL_OP_EQ, ir_int(3)), .assign_count = 1};
  u.assigns = ir_assigns(1, "User.bal", RL_DIVIDE, ir_of("User.bal", ir_decimal("2")));
  rl_step *step = ir_write(RL_STEP_UPDATE, &u);
  ir_returning(step, "User", "bal");
  assert_true(strncmp(run_step(step), "3.5", 3) == 0);
}

static void delete_rows(void **state) {
  (void)state;
  rl_delete d = {.model = ir_model("Pair"), .where = ir_compare("Pair.a", RL_OP_EQ, ir_int(1)), .limit = ir_number(1)};
  rl_step *step = ir_write(RL_STEP_DELETE, &d);
  expect_rows(step, "");
  d.limit = NULL;
  ir_returning(step, "Pair", "a");
  expect_rows(step, "1");
  d.where = NULL;
  expect_rows(step, "2");
  expect_all("Pair", "v", "Pair.v", "");
}

static void bytes(void **state) {
  (void)state;
  rl_value raw = {.kind = RILLE_BYTES, .len = 2, .as.p = on_postgres() ? "\\xab" : "\xab\x01"};
  raw.len = on_postgres() ? 4 : 2;
  rl_update u = {.model = ir_model("Pair"), .assign_count = 1, .where = ir_compare("Pair.v", RL_OP_EQ, ir_int(3))};
  u.assigns = ir_assigns(1, "Pair.raw", RL_SET, ir_of("Pair.raw", raw));
  expect_rows(ir_write(RL_STEP_UPDATE, &u), "");
  rl_filter *in = ir_in("Pair.raw", ir_list_of("Pair.raw", ir_text(on_postgres() ? "\\\\xab" : "ab01")), false);
  expect_select(ir_select("Pair", "v", in), "3");
}

static int setup(void **state) {
  (void)state;
  return engine_open(blog_schema, blog_rows);
}

static int teardown(void **state) {
  (void)state;
  return engine_close();
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {fresh(insert_one),
                                     fresh(insert_nulls_and_defaults),
                                     fresh(upsert),
                                     fresh(join_rows),
                                     fresh(bulk),
                                     fresh(bulk_update),
                                     fresh(bulk_without_columns),
                                     fresh(update),
                                     fresh(decimals_divide_exactly),
                                     fresh(delete_rows),
                                     fresh(bytes)};
  return run_on_engines(tests, sizeof tests / sizeof *tests, NULL, NULL);
}
