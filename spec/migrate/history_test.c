/* The history: states of migrations, problems, what a failure left, and the order of a run. */
#include "migrate/history/migrations.h"
#include "running/running.h"

typedef struct place {
  bool postgres;
  char root[64], url[512];
  rl_migrations m;
  bool open;
} place;

static void open_handle(place *p) {
  rl_error err = {0};
  const rl_migrations_settings s = {.url = rl_str_of(p->url), .folder = rl_str_of(p->root), .create = true};
  if (p->open) rl_migrations_close(&p->m);
  rille_status st = rl_migrations_open(&p->m, &s, &err);
  if (st == RILLE_OK) st = rl_migrations_load(&p->m, &err);
  if (st != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  p->open = true;
}

static void open_place(place *p, bool postgres) {
  static int serial;
  char name[64];
  memset(p, 0, sizeof *p);
  p->postgres = postgres;
  strcpy(p->root, "/tmp/rille-history-XXXXXX");
  assert_non_null(mkdtemp(p->root));
  snprintf(name, sizeof name, "rille_history_%d_%d", (int)getpid(), ++serial);
  if (postgres)
    url_with(name, "", p->url, sizeof p->url);
  else
    snprintf(p->url, sizeof p->url, "file:%s/x.db", p->root);
}

static void close_place(place *p) {
  char command[128];
  if (p->open) rl_migrations_close(&p->m);
  snprintf(command, sizeof command, "rm -rf '%s'", p->root);
  assert_int_equal(system(command), 0);
}

static void add_file(const place *p, const char *name, const char *file, const char *text) {
  rl_error err = {0};
  if (rl_folder_write(rl_str_of(p->root), rl_str_of(name), file, rl_str_of(text), &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
}

static void remove_migration(const place *p, const char *name) {
  char command[200];
  snprintf(command, sizeof command, "rm -r '%s/%s'", p->root, name);
  assert_int_equal(system(command), 0);
}

/* Loads, and applies all that is pending. Returns the code of the error, or "". */
static const char *deploy(place *p, rl_error *err) {
  const rl_migration *x;
  open_handle(p);
  rl_error_clear(err);
  rille_status st = rl_migrations_apply(&p->m, err);
  if (st == RILLE_OK)
    while ((st = rl_migrations_next(&p->m, &x, err)) == RILLE_ROW) {}
  return st == RILLE_DONE ? "" : rl_code_name(err->code);
}

static void expect_states(place *p, const char *want) {
  static const char *const names[] = {"pending", "applied", "failed", "rolled_back", "edited", "missing"};
  char got[400] = "";
  open_handle(p);
  for (size_t i = 0; i < p->m.list.count; i++) {
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%.*s=%s", i ? " " : "", RL_STR_ARG(p->m.list.items[i].name),
             names[p->m.list.items[i].state]);
  }
  assert_string_equal(got, want);
}

/* Checks the codes of the problems, and whether all is applied. */
static void expect_problems(place *p, const char *want, bool up_to_date) {
  rl_error err = {0};
  char got[200] = "";
  open_handle(p);
  assert_int_equal(rl_migrations_evaluate(&p->m, &err), RILLE_OK);
  for (size_t i = 0; i < p->m.problems.count; i++) {
    const rl_migration_problem *x = &p->m.problems.items[i];
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%s%s%.*s", i ? " " : "", x->code, x->migration.len ? ":" : "",
             (int)x->migration.len, x->migration.len ? x->migration.p : "");
    assert_true(*x->message && *x->advice);
  }
  assert_string_equal(got, want);
  assert_int_equal(p->m.up_to_date, up_to_date);
}

static const char table_a[] = "CREATE TABLE a (id INTEGER PRIMARY KEY);\n";
static const char table_b[] = "CREATE TABLE b (id INTEGER PRIMARY KEY);\n";

static void goes_through_states(place *p) {
  rl_error err = {0};
  expect_states(p, "");
  expect_problems(p, "", true);
  add_file(p, "1_a", "migration.sql", table_a);
  add_file(p, "2_b", "migration.sql", table_b);
  expect_states(p, "1_a=pending 2_b=pending");
  expect_problems(p, "", false);
  assert_string_equal(deploy(p, &err), "");
  expect_states(p, "1_a=applied 2_b=applied");
  expect_problems(p, "", true);
  add_file(p, "1_a", "migration.sql",
           "CREATE TABLE a (id INTEGER PRIMARY KEY);\r\n"); /* other line endings are no edit */
  expect_states(p, "1_a=applied 2_b=applied");
  add_file(p, "1_a", "migration.sql", "-- edited\n");
  expect_states(p, "1_a=edited 2_b=applied");
  expect_problems(p, "EDITED:1_a", true);
  remove_migration(p, "1_a");
  expect_states(p, "1_a=missing 2_b=applied");
  expect_problems(p, "MISSING:1_a", false);
  add_file(p, "3_c", "down.sql", "");
  expect_states(p, "1_a=missing 2_b=applied 3_c=pending");
  expect_problems(p, "MISSING:1_a P3015:3_c", false);
  assert_string_equal(deploy(p, &err), "P3015");
  assert_true(rl_str_is(rl_error_get(&err, "migration"), "3_c"));
  rl_error_clear(&err);
}

static void wants_a_baseline(place *p) {
  rl_error err = {0};
  open_handle(p);
  assert_int_equal(rl_session_script(&p->m.session, table_a, &err), RILLE_OK);
  add_file(p, "1_a", "migration.sql", table_a);
  expect_problems(p, "P3005", false);
  assert_string_equal(deploy(p, &err), "P3005");
  rl_error_clear(&err);
  open_handle(p);
  assert_int_equal(rl_migrations_mark(&p->m, RL_STR("1_a"), true, &err), RILLE_OK);
  expect_states(p, "1_a=applied");
  expect_problems(p, "", true);
  open_handle(p);
  assert_int_equal(rl_migrations_mark(&p->m, RL_STR("1_a"), true, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P3008);
  rl_error_clear(&err);
  assert_int_equal(rl_migrations_mark(&p->m, RL_STR("1_a"), false, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P3012);
  rl_error_clear(&err);
}

static void belongs_to_one_provider(place *p) {
  add_file(p, "", "migration_lock.toml", p->postgres ? "provider = \"sqlite\"\n" : "provider = \"postgresql\"\n");
  expect_problems(p, "P3019", true);
}

static rl_left left_of(const place *p, size_t i) {
  return rl_left_of(p->m.list.items[i].logs);
}

/* Its transaction leaves nothing, and the history says where it failed. */
static void fails_as_a_whole(place *p) {
  rl_error err = {0};
  add_file(p, "1_a", "migration.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n\nINSERT INTO a\n VALUES ('x', 2);\n");
  assert_string_equal(deploy(p, &err), "P3018");
  assert_true(rl_str_is(rl_error_get(&err, "migration"), "1_a"));
  assert_true(rl_str_is(rl_error_get(&err, "line"), "3"));
  assert_true(rl_str_is(rl_error_get(&err, "statement"), "INSERT INTO a\n VALUES ('x', 2)"));
  assert_true(rl_str_is(rl_error_get(&err, "left"), "nothing"));
  assert_non_null(strstr(rl_error_message(&err), "; statement 2, line 3 of migration.sql: INSERT INTO a"));
  expect_states(p, "1_a=failed");
  assert_int_equal(left_of(p, 0), RL_LEFT_NOTHING);
  bool some = true;
  assert_int_equal(rl_migrations_has_tables(&p->m, &some, &err), RILLE_OK);
  assert_false(some);
  expect_problems(p, "P3009:1_a", false);
  assert_non_null(strstr(p->m.problems.items[0].advice, "nothing of it was kept"));
  assert_null(strchr(p->m.problems.items[0].message, '\n'));
  assert_null(strstr(p->m.problems.items[0].message, "failed: the migration"));
  assert_string_equal(deploy(p, &err), "P3009");
  rl_error_clear(&err);
  open_handle(p);
  assert_int_equal(rl_migrations_mark(&p->m, RL_STR("1_a"), false, &err), RILLE_OK);
  expect_states(p, "1_a=rolled_back");
  expect_problems(p, "", false);
  add_file(p, "1_a", "migration.sql", table_a);
  assert_string_equal(deploy(p, &err), "");
  expect_states(p, "1_a=applied");
}

static void fails_without_a_transaction(place *p) {
  rl_error err = {0};
  add_file(p, "1_a", "migration.sql",
           "-- rille: no-transaction\nCREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (id INTEGER PRIMARY "
           "KEY);\nCREATE TABLE a (id INTEGER PRIMARY KEY);\n");
  assert_string_equal(deploy(p, &err), "P3018");
  assert_true(rl_str_is(rl_error_get(&err, "line"), "4"));
  assert_true(rl_str_is(rl_error_get(&err, "left"), "part"));
  rl_error_clear(&err);
  expect_states(p, "1_a=failed");
  assert_int_equal(left_of(p, 0), RL_LEFT_PART);
  assert_int_equal(p->m.list.items[0].steps, 2);
  bool some = false;
  assert_int_equal(rl_migrations_has_tables(&p->m, &some, &err), RILLE_OK);
  assert_true(some);
  expect_problems(p, "P3009:1_a", false);
  assert_non_null(strstr(p->m.problems.items[0].advice, "check what it left"));
}

/* The caller's part is in the same transaction. */
static void fails_in_the_callers_part(place *p) {
  rl_error err = {0};
  const rl_migration *x;
  add_file(p, "1_a", "migration.sql", table_a);
  add_file(p, "1_a", "migration.lua", "");
  add_file(p, "2_b", "migration.sql", table_b);
  open_handle(p);
  assert_int_equal(rl_migrations_apply(&p->m, &err), RILLE_OK);
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_ROW);
  assert_true(rl_str_is(x->name, "1_a") && x->has_lua);
  assert_int_equal(rl_migrations_fail(&p->m, RL_STR("no luck"), &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P3018);
  assert_true(rl_str_is(rl_error_get(&err, "left"), "nothing"));
  rl_error_clear(&err);
  expect_states(p, "1_a=failed 2_b=pending");
  assert_int_equal(left_of(p, 0), RL_LEFT_NOTHING);
  assert_non_null(strstr(p->m.list.items[0].logs.p, "no luck"));
}

/* A process that dies leaves a started migration. */
static void is_killed(place *p) {
  rl_error err = {0};
  const rl_migration *x;
  add_file(p, "1_a", "migration.sql", table_a);
  open_handle(p);
  assert_int_equal(rl_migrations_apply(&p->m, &err), RILLE_OK);
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_ROW);
  expect_states(p, "1_a=failed"); /* the handle was closed */
  assert_int_equal(left_of(p, 0), RL_LEFT_NOTHING);
}

static void is_undone(place *p) {
  rl_error err = {0};
  const rl_migration *x;
  add_file(p, "1_a", "migration.sql", table_a);
  add_file(p, "1_a", "down.sql", "DROP TABLE a;\n");
  add_file(p, "2_b", "migration.sql", table_b);
  add_file(p, "3_c", "migration.sql", "CREATE TABLE c (id INTEGER PRIMARY KEY);\n");
  add_file(p, "3_c", "down.sql", "DROP TABLE c;\n");
  assert_string_equal(deploy(p, &err), "");
  open_handle(p);
  assert_int_equal(rl_migrations_take_back(&p->m, 2, (rl_str){NULL, 0}, &err), RILLE_ERROR); /* 2_b has no down.sql */
  assert_int_equal(err.code, RL_P3015);
  assert_true(rl_str_is(rl_error_get(&err, "migration"), "2_b"));
  rl_error_clear(&err);
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_DONE); /* nothing is done */
  assert_int_equal(rl_migrations_take_back(&p->m, 0, (rl_str){NULL, 0}, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_VALIDATION);
  rl_error_clear(&err);
  assert_int_equal(rl_migrations_take_back(&p->m, 0, RL_STR("9_z"), &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P3017);
  rl_error_clear(&err);
  assert_int_equal(rl_migrations_take_back(&p->m, 0, RL_STR("2_b"), &err), RILLE_OK);
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_ROW);
  assert_true(rl_str_is(x->name, "3_c"));
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_DONE);
  expect_states(p, "1_a=applied 2_b=applied 3_c=rolled_back");
  add_file(p, "2_b", "down.sql", "DROP TABLE b;\n");
  open_handle(p);
  assert_int_equal(rl_migrations_take_back(&p->m, 5, (rl_str){NULL, 0}, &err), RILLE_OK); /* the latest first */
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_ROW);
  assert_true(rl_str_is(x->name, "2_b"));
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_ROW);
  assert_true(rl_str_is(x->name, "1_a"));
  assert_int_equal(rl_migrations_next(&p->m, &x, &err), RILLE_DONE);
  expect_states(p, "1_a=rolled_back 2_b=rolled_back 3_c=rolled_back");
}

static void (*const cases[])(place *) = {goes_through_states,
                                         wants_a_baseline,
                                         belongs_to_one_provider,
                                         fails_as_a_whole,
                                         fails_without_a_transaction,
                                         fails_in_the_callers_part,
                                         is_killed,
                                         is_undone};

static void run_cases(bool postgres) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    place p;
    open_place(&p, postgres);
    cases[i](&p);
    close_place(&p);
  }
}

static void test_sqlite(void **state) {
  (void)state;
  run_cases(false);
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  run_cases(true);
}

/* Every sentence that is written is recognized when it is read. */
static void test_sentences(void **state) {
  (void)state;
  rl_arena arena;
  rl_arena_init(&arena, 0);
  for (int i = 0; i < RL_REMAINS_COUNT; i++) {
    char *logs = rl_arena_printf(&arena, "the migration 1_a failed: no such table\n%s", rl_remains_text((rl_remains)i));
    assert_int_equal(rl_left_of(rl_str_of(logs)), rl_remains_left((rl_remains)i));
  }
  assert_int_equal(rl_left_of(rl_str_of(rl_remains_progress(&arena, 1, 3))), RL_LEFT_PART);
  assert_int_equal(rl_left_of(RL_STR("A migration failed to apply.\n\nDatabase error code: 42P07")), RL_LEFT_UNKNOWN);
  assert_int_equal(rl_left_of((rl_str){NULL, 0}), RL_LEFT_UNKNOWN);
  rl_migration x = {.name = RL_STR("1_a"), .logs = RL_STR("the migration 1_a failed: no such table")};
  assert_true(rl_str_is(rl_reason_of(&x), "no such table"));
  x.logs = RL_STR("the migration 1_b failed: no such table");
  assert_true(rl_str_is(rl_reason_of(&x), "the migration 1_b failed: no such table"));
  rl_arena_dispose(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_sentences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
