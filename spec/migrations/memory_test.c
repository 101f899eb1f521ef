/* Each allocation of a deploy, of its undoing and of a shadow fails in turn: that is an error, leaks nothing, and the
 * history stays true. */
#include "../base/failing_allocator.h"
#include "running/running.h"

typedef struct job {
  const char *url, *folder;
} job;

static rille_status deploy(const job *j, int32_t down) {
  rille_migrations_options o = {.struct_size = sizeof o, .create = 1, .url = j->url, .folder = j->folder};
  rille_migrations *m = NULL;
  rille_status st = rille_migrations_open(&o, &m, NULL);
  if (st == RILLE_OK) st = rille_migrations_lock(m, 1000, NULL);
  if (st == RILLE_OK) st = rille_migrations_load(m, NULL);
  if (st == RILLE_OK && !down) st = rille_migrations_prepare(m, NULL);
  if (st == RILLE_OK) st = rille_migrations_begin(m, "1_a", down, NULL);
  if (st == RILLE_OK) st = rille_migrations_finish(m, NULL);
  rille_migrations_free(m);
  return st;
}

static rille_status resolve(const job *j) {
  rille_migrations_options o = {.struct_size = sizeof o, .create = 1, .url = j->url, .folder = j->folder};
  rille_migrations *m = NULL;
  rille_status st = rille_migrations_open(&o, &m, NULL);
  if (st == RILLE_OK) st = rille_migrations_load(m, NULL);
  rille_migration x = {.struct_size = sizeof x};
  if (st == RILLE_OK) rille_migrations_get(m, 0, &x);
  if (st == RILLE_OK && x.state == RILLE_MIGRATION_FAILED) st = rille_migrations_mark(m, "1_a", 0, NULL);
  rille_migrations_free(m);
  return st;
}

static rille_status replay(const job *j) {
  rille_shadow *s = NULL;
  rille_status st = rille_shadow_open(j->url, NULL, &s, NULL);
  if (st == RILLE_OK) {
    rille_migrations_options o = {
        .struct_size = sizeof o, .replay = 1, .url = rille_shadow_url(s), .folder = j->folder};
    rille_migrations *m = NULL;
    st = rille_migrations_open(&o, &m, NULL);
    if (st == RILLE_OK) st = rille_migrations_load(m, NULL);
    if (st == RILLE_OK) st = rille_migrations_prepare(m, NULL);
    if (st == RILLE_OK) st = rille_migrations_begin(m, "1_a", 0, NULL);
    if (st == RILLE_OK) st = rille_migrations_finish(m, NULL);
    rille_migrations_free(m);
  }
  rille_shadow_free(s);
  return st;
}

static rille_status deploy_once(const job *j) {
  return deploy(j, 0);
}
static rille_status undo_once(const job *j) {
  return deploy(j, 1);
}

/* Repeats the attempt until it succeeds. What a failure left is resolved with enough memory. */
static void each_allocation(const job *j, rille_status (*attempt)(const job *), const char *what) {
  for (long n = 0;; n++) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    rille_status st = attempt(j);
    rl_allocator_set(NULL, NULL);
    if (f.live != 0) fail_msg("%s: request %ld failed: %ld blocks leaked", what, n, f.live);
    if (st == RILLE_OK) {
      assert_true(n > 10);
      return;
    }
    assert_true(f.failed);
    assert_int_equal(resolve(j), RILLE_OK);
  }
}

static void run(const char *url, const char *folder) {
  job j = {url, folder};
  static const char script[] = "CREATE TABLE a (id INTEGER PRIMARY KEY);\nINSERT INTO a VALUES (1);\n";
  static const char down[] = "DROP TABLE a;\n";
  rille_error *err = NULL;
  must(rille_migrations_write(folder, "1_a", "migration.sql", script, strlen(script), &err), err);
  must(rille_migrations_write(folder, "1_a", "down.sql", down, strlen(down), &err), err);
  each_allocation(&j, deploy_once, "deploy");
  each_allocation(&j, undo_once, "down");
  each_allocation(&j, replay, "replay");
}

static void test_sqlite(void **state) {
  (void)state;
  char folder[] = "/tmp/rille-migrations-XXXXXX", url[100], command[200];
  assert_non_null(mkdtemp(folder));
  snprintf(url, sizeof url, "file:%s/x.db", folder);
  run(url, folder);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  assert_int_equal(system(command), 0);
}

/* Adds a second migration to the folder. Each question is answered with yes. */
static rille_status develop(const char *url, const char *folder, rille_schema *schema) {
  rille_dev_options o = {.struct_size = sizeof o, .asks = 1, .url = url, .folder = folder, .schema = schema};
  rille_dev_step step = {.struct_size = sizeof step};
  rille_dev *d = NULL;
  rille_status st = rille_dev_open(&o, &d, NULL);
  while (st >= 0 && (st = rille_dev_next(d, &step, NULL)) == RILLE_ROW)
    if (step.kind != RILLE_DEV_MIGRATION) rille_dev_answer(d, 1, NULL, NULL);
  rille_dev_free(d);
  return st;
}

/* Only some allocations fail, because a run has thousands. After each failure the next run can continue from the folder
 * and the history. */
static void test_dev(void **state) {
  (void)state;
  static const char text[] = "datasource db {\n  provider = \"sqlite\"\n}\nmodel a {\n  id Int @id\n  n Int?\n}\n";
  char folder[] = "/tmp/rille-migrations-XXXXXX", url[100], command[200];
  rille_schema_options so = {.struct_size = sizeof so, .text = text, .text_len = sizeof text - 1};
  rille_schema *schema = NULL;
  rille_error *err = NULL;
  must(rille_schema_open(&so, &schema, NULL, &err), err);
  assert_non_null(mkdtemp(folder));
  snprintf(url, sizeof url, "file:%s/x.db", folder);
  bool done = false;
  for (long n = 0; !done; n += 1 + n / 6) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    done = develop(url, folder, schema) == RILLE_DONE;
    rl_allocator_set(NULL, NULL);
    if (f.live != 0) fail_msg("dev: request %ld failed: %ld blocks leaked", n, f.live);
    assert_int_equal(done, !f.failed);
  }
  assert_int_equal(develop(url, folder, schema), RILLE_DONE);
  rille_schema_release(schema);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  assert_int_equal(system(command), 0);
}

static void test_misuse(void **state) {
  (void)state;
  rille_migrations_options o = {
      .struct_size = sizeof o, .url = "sqlite::memory:?pool_timeout=91", .folder = "/nowhere/at/all"};
  rille_migrations *m = NULL;
  rille_error *err = NULL;
  must(rille_migrations_open(&o, &m, &err), err);
  must(rille_migrations_load(m, &err), err);
  assert_int_equal(rille_migrations_count(m), 0);
  assert_int_equal(rille_migrations_has_history(m), 0);
  rille_migration x = {.struct_size = sizeof x, .state = 77};
  rille_migrations_get(m, 3, &x);
  assert_int_equal(x.state, 77);
  assert_int_equal(rille_migrations_begin(m, "x", 0, NULL), RILLE_ERROR);
  assert_int_equal(rille_migrations_finish(m, NULL), RILLE_ERROR);
  assert_int_equal(rille_migrations_fail(m, "x", NULL), RILLE_ERROR);
  assert_int_equal(rille_migrations_mark(m, "x", 1, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P3017");
  rille_error_free(err);
  rille_migrations_unlock(m);
  rille_migrations_free(m);
  rille_migrations_free(NULL);
  rille_shadow_free(NULL);
  o.folder = NULL;
  assert_int_equal(rille_migrations_open(&o, &m, NULL), RILLE_ERROR);
  o.url = NULL;
  assert_int_equal(rille_migrations_open(&o, &m, NULL), RILLE_ERROR);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_dev),
                                     cmocka_unit_test(test_misuse)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
