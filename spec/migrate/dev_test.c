/* What dev decides, step by step as any binding sees it: questions and their facts, answers, what is written, and what
 * an error leaves. Every case begins with an empty folder and database. */
#include "running/running.h"

static const char one[] = "model User {\n  id Int @id @default(autoincrement())\n  name String\n}\n";
static const char two[] = "model User {\n  id Int @id @default(autoincrement())\n  name String\n  age Int?\n}\n";
static const char renamed[] = "model User {\n  id Int @id @default(autoincrement())\n  title String\n}\n";
static const char less[] = "model User {\n  id Int @id @default(autoincrement())\n}\n";

typedef struct place {
  bool postgres;
  char root[64], folder[96], url[512];
  char log[1000]; /* the steps that were returned */
  char code[16], message[1000];
  rille_dev *dev;
  rille_schema *schema;
} place;

static void open_place(place *p, bool postgres) {
  static int serial;
  memset(p, 0, sizeof *p);
  p->postgres = postgres;
  strcpy(p->root, "/tmp/rille-dev-XXXXXX");
  assert_non_null(mkdtemp(p->root));
  snprintf(p->folder, sizeof p->folder, "%s/migrations", p->root);
  char name[64];
  snprintf(name, sizeof name, "rille_dev_%d_%d", (int)getpid(), ++serial);
  if (postgres)
    url_with(name, "", p->url, sizeof p->url);
  else
    snprintf(p->url, sizeof p->url, "file:%s/x.db", p->root);
}

static void close_dev(place *p) {
  rille_dev_free(p->dev);
  rille_schema_release(p->schema);
  p->dev = NULL;
  p->schema = NULL;
}

static void close_place(place *p) {
  char command[128];
  close_dev(p);
  snprintf(command, sizeof command, "rm -rf '%s'", p->root);
  assert_int_equal(system(command), 0);
}

static rille_schema *schema_for(const place *p, const char *models) {
  char text[2000];
  rille_schema *s = NULL;
  rille_error *err = NULL;
  snprintf(text, sizeof text, "datasource db {\n  provider = \"%s\"\n}\n%s", p->postgres ? "postgresql" : "sqlite",
           models);
  rille_schema_options o = {.struct_size = sizeof o, .text = text, .text_len = strlen(text)};
  must(rille_schema_open(&o, &s, NULL, &err), err);
  return s;
}

static void begin_dev(place *p, const char *models, rille_dev_options o) {
  rille_error *err = NULL;
  close_dev(p);
  p->log[0] = 0;
  p->schema = schema_for(p, models);
  o.struct_size = sizeof o;
  o.url = p->url;
  o.folder = p->folder;
  o.schema = p->schema;
  must(rille_dev_open(&o, &p->dev, &err), err);
}

static rille_status next(place *p, rille_dev_step *step) {
  rille_error *err = NULL;
  memset(step, 0, sizeof *step);
  step->struct_size = sizeof *step;
  rille_status st = rille_dev_next(p->dev, step, &err);
  snprintf(p->code, sizeof p->code, "%s", err ? rille_error_code(err) : "");
  snprintf(p->message, sizeof p->message, "%s", err ? rille_error_message(err) : "");
  rille_error_free(err);
  return st;
}

static void note(place *p, const char *word) {
  size_t n = strlen(p->log);
  snprintf(p->log + n, sizeof p->log - n, "%s%s", n ? " " : "", word);
}

/* Runs to the end. Each question is answered with `yes`, and a name with `name`. */
static rille_status go_on(place *p, bool yes, const char *name) {
  static const char *const words[] = {[RILLE_DEV_MIGRATION] = "migration",
                                      [RILLE_DEV_ASK_RESET] = "reset",
                                      [RILLE_DEV_ASK_RENAME] = "rename",
                                      [RILLE_DEV_ASK_DATA_LOSS] = "data_loss",
                                      [RILLE_DEV_ASK_NAME] = "name"};
  rille_dev_step step;
  rille_status st;
  while ((st = next(p, &step)) == RILLE_ROW) {
    note(p, words[step.kind]);
    if (step.kind != RILLE_DEV_MIGRATION) assert_int_equal(rille_dev_answer(p->dev, yes, name, NULL), RILLE_OK);
  }
  return st;
}

static rille_dev_result result_of(const place *p) {
  rille_dev_result r = {.struct_size = sizeof r};
  rille_dev_result_get(p->dev, &r);
  return r;
}

/* Runs all of dev, which must succeed. */
static rille_dev_result run_dev(place *p, const char *models, rille_dev_options o) {
  begin_dev(p, models, o);
  if (go_on(p, true, "it") != RILLE_DONE) fail_msg("%s %s", p->code, p->message);
  return result_of(p);
}

static char *read_file(const place *p, const char *migration, const char *file) {
  static char text[4000];
  char path[300];
  snprintf(path, sizeof path, "%s/%s%s%s", p->folder, migration, *migration ? "/" : "", file);
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  return text;
}

static void run_sql(const place *p, const char *models, const char *sql) {
  rille_client *c = NULL;
  rille_error *err = NULL;
  rille_schema *s = schema_for(p, models);
  rille_client_options o = {.struct_size = sizeof o, .url = p->url, .schema = s};
  must(rille_client_open(&o, &c, &err), err);
  rille_op *op = rille_op_new(c);
  rille_row row;
  must(rille_op_script(op, NULL, sql, strlen(sql), &err), err);
  must(rille_op_next(op, &row, &err), err);
  rille_op_free(op);
  rille_client_release(c);
  rille_schema_release(s);
}

static void add_migration(const place *p, const char *name, const char *sql) {
  rille_error *err = NULL;
  must(rille_migrations_write(p->folder, name, "migration.sql", sql, strlen(sql), &err), err);
}

#define PLAIN ((rille_dev_options){0})
#define ASKING ((rille_dev_options){.asks = 1})

/* ------------------------------------------------------------------ cases, for both databases */

static void writes_and_applies(place *p) {
  rille_dev_result r = run_dev(p, one, (rille_dev_options){.name = "Add Users"});
  assert_string_equal(p->log, "migration");
  assert_non_null(r.created);
  assert_string_equal(r.created + 14, "_add_users");
  assert_int_equal(r.applied_count, 1);
  assert_string_equal(r.applied[0], r.created);
  assert_int_equal(r.up_to_date, 0);
  assert_int_equal(r.irreversible_count, 0);
  char name[64];
  snprintf(name, sizeof name, "%s", r.created);
  assert_non_null(strstr(read_file(p, name, "migration.sql"), "-- CreateTable\nCREATE TABLE \"User\" ("));
  assert_non_null(strstr(read_file(p, name, "down.sql"), "DROP TABLE \"User\";"));
  assert_null(read_file(p, name, "migration.lua"));
  assert_non_null(strstr(read_file(p, "", "migration_lock.toml"),
                         p->postgres ? "provider = \"postgresql\"\n" : "provider = \"sqlite\"\n"));
  r = run_dev(p, one, PLAIN);
  assert_int_equal(r.up_to_date, 1);
  assert_null(r.created);
  assert_string_equal(p->log, "");
}

static void asks_for_a_name(place *p) {
  rille_dev_result r = run_dev(p, one, ASKING);
  assert_string_equal(p->log, "name migration");
  assert_string_equal(r.created + 14, "_it");
  begin_dev(p, two, ASKING);
  assert_int_equal(go_on(p, true, NULL), RILLE_DONE); /* none given */
  assert_string_equal(result_of(p).created + 14, "_migration");
  begin_dev(p, one, (rille_dev_options){.create_only = 1, .name = "It's Ünïcode & HTMLParser2"});
  assert_int_equal(go_on(p, true, NULL), RILLE_DONE);
  assert_string_equal(result_of(p).created + 14, "_its_uenicode_and_html_parser2");
}

static void only_writes(place *p) {
  rille_dev_result r = run_dev(p, one, (rille_dev_options){.create_only = 1, .no_down = 1});
  assert_int_equal(r.applied_count, 0);
  assert_null(read_file(p, r.created, "down.sql"));
  r = run_dev(p, one, PLAIN);
  assert_string_equal(p->log, "migration"); /* what was written is now applied */
  assert_int_equal(r.up_to_date, 1);
  r = run_dev(p, one, (rille_dev_options){.data = 1});
  assert_string_equal(p->log, "");
  assert_string_equal(read_file(p, r.created, "migration.sql"), "-- This is an empty migration.\n");
  assert_non_null(strstr(read_file(p, r.created, "migration.lua"), "return function(tx, context)"));
  assert_int_equal(r.irreversible_count, 1);
  assert_string_equal(r.irreversible[0], "migration.lua changed rows; they are not changed back.");
  assert_string_equal(read_file(p, r.created, "down.sql"),
                      "-- irreversible: migration.lua changed rows; they are not changed back.\n\n"
                      "-- The structure did not change: there is nothing to undo.\n");
}

static void rejects_or_asks_about_loss(place *p) {
  rille_dev_step step;
  run_dev(p, one, PLAIN);
  run_sql(p, one, "INSERT INTO \"User\" (name) VALUES ('x')");
  begin_dev(p, less, PLAIN);
  assert_int_equal(go_on(p, true, NULL), RILLE_ERROR);
  assert_string_equal(p->code, "P3001");
  assert_non_null(strstr(p->message, "accept_data_loss"));
  assert_int_equal(next(p, &step), RILLE_DONE); /* nothing is left to do */
  begin_dev(p, less, ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_ASK_DATA_LOSS);
  assert_int_equal(step.count, 1);
  rille_diff_warning w = {.struct_size = sizeof w};
  rille_dev_warning_at(p->dev, 0, &w);
  assert_int_equal(w.kind, RILLE_WARNING_DROP_COLUMN);
  assert_string_equal(w.table, "User");
  assert_string_equal(w.column, "name");
  assert_int_equal(w.rows, 1);
  assert_int_equal(w.blocks, 0);
  assert_int_equal(go_on(p, true, NULL), RILLE_ERROR); /* not answered: no */
  assert_string_equal(p->code, "P3001");
  rille_dev_result r = run_dev(p, less, ASKING);
  assert_string_equal(p->log, "data_loss name migration");
  assert_int_equal(r.irreversible_count, 1);
  assert_int_equal(r.warning_count, 1);
}

static void rejects_what_rows_prevent(place *p) {
  run_dev(p, less, PLAIN);
  run_sql(p, less, p->postgres ? "INSERT INTO \"User\" DEFAULT VALUES" : "INSERT INTO User DEFAULT VALUES");
  begin_dev(p, one, (rille_dev_options){.asks = 1, .accept_data_loss = 1});
  assert_int_equal(go_on(p, true, NULL), RILLE_ERROR);
  assert_string_equal(p->code, "P3001");
  assert_string_equal(p->log, "");
  assert_non_null(strstr(p->message, "create_only"));
  run_dev(p, one, (rille_dev_options){.create_only = 1});
}

static void asks_about_renames(place *p) {
  rille_dev_step step;
  run_dev(p, one, PLAIN);
  begin_dev(p, renamed, ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_ASK_RENAME);
  assert_string_equal(step.what, "column");
  assert_string_equal(step.table, "User");
  assert_string_equal(step.from, "name");
  assert_string_equal(step.to, "title");
  assert_int_equal(rille_dev_answer(p->dev, 1, NULL, NULL), RILLE_OK);
  assert_int_equal(go_on(p, true, "it"), RILLE_DONE);
  assert_string_equal(p->log, "name migration");
  rille_dev_result r = result_of(p);
  char name[64];
  snprintf(name, sizeof name, "%s", r.created);
  assert_string_equal(read_file(p, name, "migration.sql"),
                      "-- Rename\nALTER TABLE \"User\" RENAME COLUMN \"name\" TO \"title\";\n");
  assert_string_equal(read_file(p, name, "down.sql"),
                      "-- Rename\nALTER TABLE \"User\" RENAME COLUMN \"title\" TO \"name\";\n");
  begin_dev(p, one, ASKING); /* and back: no, it is another column */
  assert_int_equal(go_on(p, false, NULL), RILLE_DONE);
  assert_string_equal(p->log, "rename name migration");
  assert_int_equal(result_of(p).irreversible_count, 2);
}

static void asks_for_a_reset(place *p) {
  rille_dev_step step;
  rille_dev_result r = run_dev(p, one, PLAIN);
  char name[64];
  snprintf(name, sizeof name, "%s", r.created);
  add_migration(p, name, "-- edited\nCREATE TABLE \"User\" (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n");
  begin_dev(p, two, PLAIN);
  assert_int_equal(go_on(p, true, NULL), RILLE_ERROR);
  assert_string_equal(p->code, "VALIDATION");
  assert_non_null(strstr(p->message, "was changed after it was applied"));
  begin_dev(p, two, ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_ASK_RESET);
  assert_int_equal(step.count, 1);
  rille_dev_reason reason = {.struct_size = sizeof reason};
  rille_dev_reason_at(p->dev, 0, &reason);
  assert_int_equal(reason.kind, RILLE_REASON_EDITED);
  assert_string_equal(reason.migration, name);
  assert_string_equal(reason.script, "");
  assert_int_equal(rille_dev_answer(p->dev, 1, NULL, NULL), RILLE_OK);
  assert_int_equal(next(p, &step), RILLE_ROW); /* applied again after the reset */
  assert_int_equal(step.kind, RILLE_DEV_MIGRATION);
  assert_string_equal(step.migration, name);
  assert_int_equal(step.has_lua, 0);
}

static void finds_drift(place *p) {
  rille_dev_step step;
  run_dev(p, one, PLAIN);
  run_sql(p, one, "CREATE TABLE extra (id INTEGER PRIMARY KEY)");
  begin_dev(p, one, ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_ASK_RESET);
  rille_dev_reason reason = {.struct_size = sizeof reason};
  rille_dev_reason_at(p->dev, 0, &reason);
  assert_int_equal(reason.kind, RILLE_REASON_DRIFT);
  assert_string_equal(reason.migration, "");
  assert_non_null(strstr(reason.script, "CREATE TABLE \"extra\""));
  assert_non_null(strstr(reason.text, reason.script));
  rille_dev_reason untouched = {.struct_size = sizeof untouched, .kind = 77};
  rille_dev_reason_at(p->dev, 1, &untouched);
  assert_int_equal(untouched.kind, 77);
}

static void finds_failed_and_missing(place *p) {
  rille_dev_step step;
  add_migration(p, "1_a", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
  add_migration(p, "2_b", "CREATE TABLE b (id INTEGER PRIMARY KEY);\nCREATE TABLE a (id INTEGER PRIMARY KEY);\n");
  begin_dev(p, one, PLAIN);
  assert_int_equal(go_on(p, true, NULL), RILLE_ERROR); /* the folder does not apply to an empty database */
  assert_string_equal(p->code, "P3006");
  assert_non_null(strstr(p->message, "statement 2, line 2"));
  add_migration(p, "2_b", "CREATE TABLE b (id INTEGER PRIMARY KEY);\n");
  run_dev(p, "model a {\n  id Int @id\n}\nmodel b {\n  id Int @id\n}\n", PLAIN);
  char command[200];
  snprintf(command, sizeof command, "rm -r '%s/2_b'", p->folder);
  assert_int_equal(system(command), 0);
  begin_dev(p, one, ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_ASK_RESET);
  rille_dev_reason reason = {.struct_size = sizeof reason};
  rille_dev_reason_at(p->dev, 0, &reason);
  assert_int_equal(reason.kind, RILLE_REASON_MISSING);
  assert_string_equal(reason.migration, "2_b");
}

/* A pending migration is earlier than an applied one: the shadow is created twice. */
static void applies_late_branches(place *p) {
  add_migration(p, "2_b", "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY);\n");
  run_dev(p, "model b {\n  id Int @id\n}\n", (rille_dev_options){.create_only = 1});
  add_migration(p, "1_a", "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);\n");
  rille_dev_result r =
      run_dev(p, "model a {\n  id Int @id\n}\nmodel b {\n  id Int @id\n}\nmodel c {\n  id Int @id\n}\n",
              (rille_dev_options){.name = "c"});
  assert_true(r.applied_count >= 2);
  assert_string_equal(r.applied[0], "1_a");
  assert_non_null(strstr(read_file(p, r.created, "migration.sql"), "CREATE TABLE \"c\""));
  assert_null(strstr(read_file(p, r.created, "migration.sql"), "CREATE TABLE \"a\""));
}

static void returns_the_callers_part(place *p) {
  rille_dev_step step;
  rille_error *err = NULL;
  add_migration(p, "1_a", "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);\n");
  must(rille_migrations_write(p->folder, "1_a", "migration.lua", "return", 6, &err), err);
  begin_dev(p, "model a {\n  id Int @id\n}\n", PLAIN);
  assert_int_equal(next(p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_MIGRATION);
  assert_int_equal(step.has_lua, 1);
  assert_int_equal(step.has_schema, 0);
  char *text = NULL; /* as its transaction sees the database */
  must(rille_migrations_pull(rille_dev_migrations(p->dev), p->schema, &text, NULL, &err), err);
  assert_non_null(strstr(text, "model a {"));
  rille_free(text);
  assert_int_equal(rille_migrations_fail(rille_dev_migrations(p->dev), "no luck", &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P3018");
  rille_error_free(err);
  begin_dev(p, "model a {\n  id Int @id\n}\n", ASKING);
  assert_int_equal(next(p, &step), RILLE_ROW);
  rille_dev_reason reason = {.struct_size = sizeof reason};
  rille_dev_reason_at(p->dev, 0, &reason);
  assert_int_equal(reason.kind, RILLE_REASON_FAILED);
  assert_string_equal(reason.migration, "1_a");
}

static void (*const cases[])(place *) = {
    writes_and_applies,      asks_for_a_name,  only_writes, rejects_or_asks_about_loss, rejects_what_rows_prevent,
    asks_about_renames,      asks_for_a_reset, finds_drift, finds_failed_and_missing,   applies_late_branches,
    returns_the_callers_part};

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

static void test_misuse(void **state) {
  (void)state;
  place p;
  rille_dev_step step;
  rille_error *err = NULL;
  rille_dev *dev = NULL;
  open_place(&p, false);
  rille_dev_options o = {.struct_size = sizeof o};
  assert_int_equal(rille_dev_open(&o, &dev, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P1013");
  rille_error_free(err);
  o.url = p.url;
  assert_int_equal(rille_dev_open(&o, &dev, NULL), RILLE_ERROR); /* no folder */
  o.folder = p.folder;
  assert_int_equal(rille_dev_open(&o, &dev, NULL), RILLE_ERROR); /* no schema */
  p.postgres = true;
  rille_schema *other = schema_for(&p, one);
  p.postgres = false;
  o.schema = other;
  assert_int_equal(rille_dev_open(&o, &dev, &err), RILLE_ERROR); /* of another database */
  assert_string_equal(rille_error_code(err), "P1012");
  rille_error_free(err);
  rille_schema_release(other);
  assert_null(dev);
  begin_dev(&p, one, PLAIN);
  assert_int_equal(rille_dev_answer(p.dev, 1, NULL, NULL), RILLE_ERROR); /* no question is open */
  assert_int_equal(next(&p, &step), RILLE_ROW);
  assert_int_equal(step.kind, RILLE_DEV_MIGRATION);
  assert_int_equal(rille_dev_answer(p.dev, 1, NULL, NULL), RILLE_ERROR);
  close_place(&p); /* in the middle of a migration */
  rille_dev_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_misuse)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
