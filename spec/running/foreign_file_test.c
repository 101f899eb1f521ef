/* Writes of others to a file, by its version. */
#include <sqlite3.h>
#include <sys/stat.h>

#include "running/noticing.h"

#include "driver/sqlite/conn.h"

/* Runs SQL as another program does. */
static void other_writes(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  char *message = NULL;
  if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
  sqlite3_close(db);
}

static void check_file(world *w) {
  keep_both(w);
  for (int i = 0; i < 20; i++) assert_true(look(w) && is_kept(w, "users"));
  own_write(w, NULL, "first"); /* the first one of the writer's connection is ours as well */
  assert_true(look(w) && is_kept(w, "posts"));
  keep_both(w);
  for (int i = 0; i < 20; i++) {
    char email[20];
    snprintf(email, sizeof email, "own%d", i);
    own_write(w, NULL, email);
    assert_true(look(w));
    assert_true(is_kept(w, "posts")); /* our own: the cache was told in another way */
    keep_both(w);
  }
  for (int i = 0; i < 5; i++) {
    own_write(w, NULL, i == 0 ? "a" : i == 1 ? "b" : i == 2 ? "c" : i == 3 ? "d" : "e");
    other_writes(w->path, "UPDATE User SET name = 'y'");
    assert_true(look(w));
    assert_false(is_kept(w, "posts"));
    keep_both(w);
  }
  other_writes(w->path, "BEGIN; UPDATE User SET name = 'x'; ROLLBACK");
  assert_true(look(w) && is_kept(w, "users"));
}

static void test_file(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  check_file(&w);
  close_world(&w);
}

/* While the writer is in use, it cannot be asked. What it had seen before is known. */
static void test_busy_writer(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  for (int i = 0; i < 3; i++) {
    char email[20];
    snprintf(email, sizeof email, "own%d", i);
    own_write(&w, NULL, email); /* moves the version, and nobody looks */
    rille_tx *tx = begin_tx(w.client, NULL);
    for (int n = 0; n < 3; n++) assert_true(look(&w) && is_kept(&w, "posts"));
    own_write(&w, tx, "undone");
    assert_true(look(&w) && is_kept(&w, "posts"));
    keep_both(&w);
    step(w.client, tx, i == 1 ? rille_op_commit : rille_op_rollback);
    rille_tx_free(tx);
    assert_true(look(&w) && is_kept(&w, "posts"));
    if (i == 1) call(w.client, NULL, "User", RILLE_DELETE, "{'where':{'email':'undone'}}");
  }
  close_world(&w);
}

/* A commit of others is noticed whether nobody looks before a transaction of ours begins, or it waits for that commit,
 * or it ends without rille. */
static void test_others_around_transactions(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  for (int i = 0; i < 3; i++) {
    char email[20];
    snprintf(email, sizeof email, "own%d", i);
    own_write(&w, NULL, email);
    other_writes(w.path, "UPDATE User SET name = 'x'");
    rille_tx *tx = begin_tx(w.client, NULL);
    assert_false(is_kept(&w, "users"));
    keep_both(&w);
    assert_true(look(&w) && is_kept(&w, "users"));
    if (i == 2) { /* the database is free again, and the connection is still the transaction's */
      assert_int_equal(sqlite3_exec(tx->tx.lease->conn->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
      other_writes(w.path, "UPDATE User SET name = 'y'");
      assert_false(look(&w));
      assert_false(look(&w));
    }
    step(w.client, tx, rille_op_rollback);
    rille_tx_free(tx);
    look_until_known(&w);
    assert_int_equal(is_kept(&w, "users"), i < 2);
    keep_both(&w);
  }
  close_world(&w);
}

/* A rollback journal: a writer that commits excludes readers, so the version cannot be read. */
static void test_locked_file(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  own_write(&w, NULL, "first");
  rille_client_release(w.client);
  other_writes(w.path, "PRAGMA journal_mode = DELETE");
  w.client = open_client(w.url, w.schema, 2);
  rl_client *c = w.client->client;
  assert_true(c->answers && rl_cache_activate(c->answers, &(rl_cache_limits){0}));
  keep_both(&w);
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open_v2(w.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE; UPDATE User SET name = 'y'", NULL, NULL, NULL), SQLITE_OK);
  for (int i = 0; i < 10; i++) assert_false(look(&w));
  assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  look_until_known(&w);
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

static void test_replaced_file(void **state) {
  (void)state;
  world w, other;
  char kept[200];
  open_cached(&w, false, "");
  keep_both(&w);
  open_world(&other, false, blog_schema, "", 1);
  own_write(&other, NULL, "somebody");
  rille_client_release(other.client);
  other.client = NULL;
  snprintf(kept, sizeof kept, "%s.kept", w.path);
  assert_int_equal(rename(w.path, kept), 0);
  look_until_not_known(&w); /* there is no database */
  assert_false(look(&w));
  remove_files(w.path);
  assert_int_equal(rename(other.path, w.path), 0);
  look_until_known(&w);
  assert_false(is_kept(&w, "users"));
  keep_both(&w);
  expect_rows(raw(w.client, NULL, "SELECT email FROM User", NULL), "(somebody)");
  other_writes(w.path, "UPDATE User SET name = 'x'");
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  unlink(kept);
  rille_schema_release(other.schema);
  remove_files(other.path);
  close_world(&w);
}

static void test_read_only_file(void **state) {
  (void)state;
  world w;
  if (geteuid() == 0) skip();
  open_cached(&w, false, "");
  assert_int_equal(chmod(w.path, 0444), 0);
  keep_both(&w);
  assert_true(look(&w) && is_kept(&w, "users"));
  assert_int_equal(chmod(w.path, 0644), 0);
  other_writes(w.path, "UPDATE User SET name = 'x'");
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

static void test_memory(void **state) {
  (void)state;
  world w = {0};
  w.schema = open_schema(blog_schema, false);
  snprintf(w.url, sizeof w.url, "sqlite::memory:");
  push_schema(w.url, w.schema);
  w.client = open_client(w.url, w.schema, 1);
  observe_warnings(w.client);
  assert_true(look(&w));
  assert_true(look(&w));
  assert_int_equal(warnings_of(w.client, ""), 0);
  rille_client_release(w.client);
  rille_schema_release(w.schema);
}

static void test_file_in_a_fork(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    look_until_known(&w);
    bool good = !is_kept(&w, "users");
    keep_both(&w);
    own_write(&w, NULL, "child");
    good = good && look(&w);
    _exit(good ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

static void write_users(const world *w) {
  other_writes(w->path, "UPDATE User SET name = 'x'");
}

static void test_threads(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  check_threads(&w, write_users);
  close_world(&w);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  check_memory(&w);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_busy_writer),
      cmocka_unit_test(test_others_around_transactions),
      cmocka_unit_test(test_locked_file),
      cmocka_unit_test(test_replaced_file),
      cmocka_unit_test(test_read_only_file),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_file_in_a_fork),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
