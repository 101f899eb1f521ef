/* What calls depend on and touch, as names: with the values of calls, their rows, and raw statements. */
#include "running/running.h"

#include "run/depends.h"
#include "run/raw.h"

static const char depends_schema[] =
    "model User {\n  id Int @id @default(autoincrement())\n  email String @unique\n  name String?\n  posts Post[]\n"
    "  @@map(\"users\")\n}\n"
    "model Post {\n  id Int @id @default(autoincrement())\n  title String\n  authorId Int\n"
    "  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)\n  tags Tag[]\n}\n"
    "model Tag {\n  id Int @id @default(autoincrement())\n  name String @unique\n  posts Post[]\n}\n"
    "/// @touches Audit\n"
    "model Seat {\n  row Int\n  rank Rank\n  code String\n  note String?\n  @@id([code, rank, row])\n}\n"
    "model Money {\n  id Decimal @id\n  note String?\n}\n"
    "model Audit {\n  id Int @id\n}\n"
    "enum Rank {\n  NEW @map(\"new\")\n  OLD @map(\"old\")\n}\n";

/* An operation that was started, and the names of its call. */
typedef struct asked {
  rille_op *op;
  rille_tape *tape;
  rl_names names;
} asked;

static asked ask(world *w, const char *model, rille_action action, const char *json) {
  asked a = {.op = rille_op_new(w->client), .tape = rille_tape_new()};
  rille_error *err = NULL;
  rl_names_init(&a.names);
  must(start_call(a.op, NULL, model, action, a.tape, json, &err), err);
  return a;
}

/* The same, with its result as JSON: no row is seen. */
static asked ask_json(world *w, const char *model, rille_action action, const char *json) {
  asked a = {.op = rille_op_new(w->client), .tape = rille_tape_new()};
  rille_error *err = NULL;
  rl_names_init(&a.names);
  rille_op_set_json(a.op, 0);
  must(start_call(a.op, NULL, model, action, a.tape, json, &err), err);
  return a;
}

static asked ask_raw(world *w, const char *sql, const char *const *models, size_t count, bool script) {
  asked a = {.op = rille_op_new(w->client)};
  const rl_schema *s = a.op->op.client->schema;
  const rl_model *named[4];
  rille_error *err = NULL;
  rl_error error = {0};
  rl_names_init(&a.names);
  for (size_t i = 0; i < count; i++) named[i] = rl_schema_model(s, rl_str_of(models[i]));
  assert_int_equal(rl_op_set_touches(&a.op->op, named, count, &error), RILLE_OK);
  if (script)
    must(rille_op_script(a.op, NULL, sql, strlen(sql), &err), err);
  else
    must(rille_op_raw(a.op, NULL, sql, strlen(sql), NULL, RILLE_RAW_ROWS, &err), err);
  return a;
}

static void asked_done(asked *a) {
  rl_names_dispose(&a->names);
  rille_op_free(a->op);
  rille_tape_free(a->tape);
}

static const rl_call *call_of(const asked *a) {
  return a->op->op.calls[0];
}

/* Reads the rows. The root's row is asked about while it is there. */
static void read_rows(asked *a) {
  rille_row row;
  rille_error *err = NULL;
  rille_status st;
  bool found = false;
  while ((st = rille_op_next(a->op, &row, &err)) == RILLE_ROW) {
    if (row.node == 0) rl_depends_after(call_of(a), &row, &a->names);
    found = true;
  }
  if (st != RILLE_DONE) fail_msg("%s", rille_error_message(err));
  if (!found) rl_depends_after(call_of(a), NULL, &a->names);
}

/* ------------------------------------------------------------------ names in tests */

#define ANY(table) rl_name_of_table(RL_STR(table), RL_TABLE_ANY)
#define ROWS(table) rl_name_of_table(RL_STR(table), RL_TABLE_ROWS)
#define NONE(table) rl_name_of_table(RL_STR(table), RL_TABLE_NONE)
#define WHOLE(table) ANY(table), ROWS(table), NONE(table)

static rl_name row_of(const char *table, int64_t id) {
  return rl_name_of_key(rl_str_of(table), &(rl_value){.kind = RILLE_INT, .as.i = id}, 1);
}

static rl_name seat(const char *code, const char *rank, int64_t row) {
  rl_value values[] = {{.kind = RILLE_TEXT, .len = (uint32_t)strlen(code), .as.p = code},
                       {.kind = RILLE_TEXT, .len = (uint32_t)strlen(rank), .as.p = rank},
                       {.kind = RILLE_INT, .as.i = row}};
  return rl_name_of_key(RL_STR("Seat"), values, 3);
}

static bool has_name(const rl_names *n, rl_name name) {
  for (size_t i = 0; i < n->count; i++)
    if (n->items[i] == name) return true;
  return false;
}

static void check_names(const rl_names *n, const rl_name *expected, size_t count, const char *what) {
  bool good = !n->everything && n->count == count;
  for (size_t i = 0; i < count; i++) good = good && has_name(n, expected[i]);
  if (good) return;
  for (size_t i = 0; i < count; i++) print_error("%s %zu\n", has_name(n, expected[i]) ? "has" : "lacks", i);
  fail_msg("%s: %zu names%s instead of %zu", what, n->count, n->everything ? ", everything" : "", count);
}
#define expect_names(n, what, ...)                                                                                     \
  do {                                                                                                                 \
    const rl_name list_[] = {__VA_ARGS__};                                                                             \
    check_names((n), list_, sizeof list_ / sizeof *list_, (what));                                                     \
  } while (0)

#define expect_before(w, model, action, json, ...)                                                                     \
  do {                                                                                                                 \
    asked a_ = ask((w), (model), (action), (json));                                                                    \
    rl_depends_before(call_of(&a_), &a_.names);                                                                        \
    expect_names(&a_.names, (json), __VA_ARGS__);                                                                      \
    asked_done(&a_);                                                                                                   \
  } while (0)
#define expect_after(w, model, action, json, ...)                                                                      \
  do {                                                                                                                 \
    asked a_ = ask((w), (model), (action), (json));                                                                    \
    read_rows(&a_);                                                                                                    \
    expect_names(&a_.names, (json), __VA_ARGS__);                                                                      \
    asked_done(&a_);                                                                                                   \
  } while (0)
#define expect_touches(w, model, action, json, ...)                                                                    \
  do {                                                                                                                 \
    asked a_ = ask((w), (model), (action), (json));                                                                    \
    rl_touches_of_call(call_of(&a_), &a_.names);                                                                       \
    expect_names(&a_.names, (json), RL_NAME_ANY_WRITE, __VA_ARGS__);                                                   \
    asked_done(&a_);                                                                                                   \
  } while (0)

/* ------------------------------------------------------------------ reads */

static void seed(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','posts':{'create':[{'title':'one'}]}},'select':{'id':true}}"),
              "(1)");
  expect_rows(
      call(w->client, NULL, "seat", RILLE_CREATE, "{'data':{'code':'A b','rank':'NEW','row':7},'select':{'row':true}}"),
      "(7)");
  expect_rows(call(w->client, NULL, "money", RILLE_CREATE, "{'data':{'id':'1.5'},'select':{'note':true}}"), "(null)");
}

static void reads(world *w) {
  seed(w);
  expect_before(w, "user", RILLE_FIND_MANY, "{}", ANY("users"));
  expect_before(w, "post", RILLE_COUNT, "{'where':{'tags':{'some':{}}}}", ANY("Post"), ANY("_PostToTag"), ANY("Tag"));
  expect_before(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1},'include':{'posts':true}}", ANY("users"), ANY("Post"));
  expect_after(w, "user", RILLE_FIND_MANY, "{}", ANY("users"));

  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1}}", ROWS("users"), row_of("users", 1));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'a@x'}}", ROWS("users"), row_of("users", 1));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1},'include':{'posts':true}}", ROWS("users"),
               row_of("users", 1), ANY("Post"));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1},'select':{'name':true}}", ROWS("users"),
               row_of("users", 1));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'a@x'},'select':{'name':true}}", ANY("users"));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':2}}", ROWS("users"), NONE("users"));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'b@x'}}", ROWS("users"), NONE("users"));
  expect_after(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'a@x','name':'n'}}", ANY("users"));
  expect_after(w, "user", RILLE_FIND_UNIQUE,
               "{'where':{'id':1},'select':{'id':true,'posts':{'where':{'author':{'is':{'name':'a'}}}}}}", ANY("users"),
               ANY("Post"));

  const char *by_seat = "{'where':{'code_rank_row':{'code':'A b','rank':'NEW','row':7}}}";
  expect_after(w, "seat", RILLE_FIND_UNIQUE, by_seat, ROWS("Seat"), seat("ab", "new", 7));
  expect_after(w, "money", RILLE_FIND_UNIQUE, "{'where':{'id':'1.5'}}", ANY("Money"));
}
static void reads_as_json(world *w) {
  asked a = ask_json(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':1}}");
  rl_depends_after(call_of(&a), NULL, &a.names);
  expect_names(&a.names, "by its primary key", ROWS("users"), NONE("users"), row_of("users", 1));
  asked_done(&a);
  a = ask_json(w, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'a@x'}}");
  rl_depends_after(call_of(&a), NULL, &a.names);
  expect_names(&a.names, "by another key", ANY("users"));
  asked_done(&a);
}

static void test_reads(void **state) {
  (void)state;
  world w;
  open_world(&w, false, depends_schema, "", 2);
  reads(&w);
  reads_as_json(&w);
  close_world(&w);
}

static void expect_everything(asked a) {
  rl_depends_before(call_of(&a), &a.names);
  assert_true(a.names.everything);
  asked_done(&a);
}

static void test_calls_that_cannot_be_cached(void **state) {
  (void)state;
  world w;
  open_world(&w, false, depends_schema, "", 2);
  expect_everything(ask(&w, "user", RILLE_UPDATE_MANY, "{'where':{'id':1},'data':{'name':'a'}}"));
  expect_everything(ask(&w, "user", RILLE_UPDATE_MANY, "{'where':{'id':1},'data':{}}"));
  expect_everything(ask_raw(&w, "UPDATE users SET name = 'a'", NULL, 0, false));
  expect_everything(ask_raw(&w, "SELECT 1", NULL, 0, true));
  close_world(&w);
}

/* ------------------------------------------------------------------ writes */

static void writes(world *w) {
  expect_touches(w, "user", RILLE_CREATE, "{'data':{'email':'n@x'}}", ANY("users"), NONE("users"));
  expect_touches(w, "user", RILLE_UPDATE, "{'where':{'id':5},'data':{'name':'n'}}", ANY("users"), row_of("users", 5));
  expect_touches(w, "user", RILLE_UPDATE, "{'where':{'id':5},'data':{'email':'n'}}", ANY("users"), NONE("users"),
                 row_of("users", 5));
  expect_touches(w, "user", RILLE_UPDATE, "{'where':{'email':'n'},'data':{'name':'n'}}", WHOLE("users"));
  expect_touches(w, "user", RILLE_DELETE, "{'where':{'id':5}}", ANY("users"), row_of("users", 5), WHOLE("Post"),
                 ANY("_PostToTag"));
  expect_touches(w, "user", RILLE_DELETE, "{'where':{'id':5},'include':{'posts':true}}", ANY("users"),
                 row_of("users", 5), WHOLE("Post"), ANY("_PostToTag"));
  expect_touches(w, "user", RILLE_DELETE_MANY, "{'where':{'name':'a'}}", WHOLE("users"), WHOLE("Post"),
                 ANY("_PostToTag"));
  expect_touches(w, "seat", RILLE_UPDATE,
                 "{'where':{'code_rank_row':{'row':7,'rank':'OLD','code':'c'}},'data':{'note':'n'}}", ANY("Seat"),
                 seat("c", "old", 7), WHOLE("Audit"));
  expect_touches(w, "money", RILLE_UPDATE, "{'where':{'id':'1.5'},'data':{'note':'n'}}", WHOLE("Money"));
  expect_touches(w, "post", RILLE_UPDATE, "{'where':{'id':3},'data':{'tags':{'connect':[{'id':4}]}}}",
                 ANY("_PostToTag"));
  expect_touches(w, "user", RILLE_CREATE, "{'data':{'email':'n@x','posts':{'connect':[{'id':3},{'id':4}]}}}",
                 ANY("users"), NONE("users"), ANY("Post"), row_of("Post", 3), row_of("Post", 4));
}

static void test_writes(void **state) {
  (void)state;
  world w;
  open_world(&w, false, depends_schema, "", 2);
  writes(&w);
  asked a = ask(&w, "user", RILLE_FIND_MANY, "{}");
  rl_touches_of_call(call_of(&a), &a.names);
  assert_true(rl_names_is_empty(&a.names));
  asked_done(&a);
  close_world(&w);
}

/* ------------------------------------------------------------------ raw statements */

#define expect_raw(w, sql, models, count, script, ask_for, ...)                                                        \
  do {                                                                                                                 \
    asked a_ = ask_raw((w), (sql), (models), (count), (script));                                                       \
    ask_for(call_of(&a_), &a_.names);                                                                                  \
    expect_names(&a_.names, (sql), __VA_ARGS__);                                                                       \
    asked_done(&a_);                                                                                                   \
  } while (0)

static bool counts_as_write(world *w, const char *sql) {
  asked a = ask_raw(w, sql, NULL, 0, false);
  rl_touches_of_call(call_of(&a), &a.names);
  bool everything = a.names.everything;
  assert_true(everything || rl_names_is_empty(&a.names));
  asked_done(&a);
  return everything;
}

static void test_raw_statements(void **state) {
  (void)state;
  static const char *const users[] = {"user"}, *const tags[] = {"tag", "seat"};
  world w;
  open_world(&w, false, depends_schema, "", 2);
  expect_raw(&w, "SELECT 1", NULL, 0, false, rl_depends_before, RL_NAME_ANY_WRITE);
  expect_raw(&w, "SELECT 1", users, 1, false, rl_depends_before, ANY("users"));
  expect_raw(&w, "SELECT 1", tags, 2, false, rl_depends_before, ANY("Tag"), ANY("_PostToTag"), ANY("Seat"));
  expect_raw(&w, "SELECT 1", users, 1, false, rl_depends_before, ANY("users"));
  expect_raw(&w, "DELETE FROM users", users, 1, false, rl_touches_of_call, RL_NAME_ANY_WRITE, WHOLE("users"),
             WHOLE("Post"), ANY("_PostToTag"));
  expect_raw(&w, "DELETE FROM Tag", tags, 2, true, rl_touches_of_call, RL_NAME_ANY_WRITE, WHOLE("Tag"),
             ANY("_PostToTag"), WHOLE("Seat"), WHOLE("Audit"));

  assert_false(counts_as_write(&w, "SELECT 1"));
  assert_false(counts_as_write(&w, " -- a comment\n/* another */ select 1;"));
  assert_false(counts_as_write(&w, "VALUES (1)"));
  assert_true(counts_as_write(&w, "WITH x AS (SELECT 1) SELECT * FROM x"));
  assert_true(counts_as_write(&w, "(SELECT 1)"));
  assert_true(counts_as_write(&w, "EXPLAIN SELECT 1"));
  assert_true(counts_as_write(&w, "SELECTED"));
  assert_true(counts_as_write(&w, "UPDATE users SET name = 'SELECT'"));
  assert_true(counts_as_write(&w, "SELECT 1; DELETE FROM users"));
  assert_true(counts_as_write(&w, ""));
  close_world(&w);
}

/* What the caller names holds for one start only. */
static void test_named_models_are_forgotten(void **state) {
  (void)state;
  static const char *const users[] = {"user"};
  world w;
  open_world(&w, false, depends_schema, "", 2);
  asked a = ask_raw(&w, "SELECT 1", users, 1, false);
  rille_error *err = NULL;
  must(rille_op_raw(a.op, NULL, "SELECT 1", 8, NULL, RILLE_RAW_ROWS, &err), err);
  rl_depends_before(call_of(&a), &a.names);
  expect_names(&a.names, "SELECT 1", RL_NAME_ANY_WRITE);
  asked_done(&a);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads),
      cmocka_unit_test(test_calls_that_cannot_be_cached),
      cmocka_unit_test(test_writes),
      cmocka_unit_test(test_raw_statements),
      cmocka_unit_test(test_named_models_are_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
