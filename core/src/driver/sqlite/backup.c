/* Backup of a whole SQLite database with its online backup. A transaction that others commit meanwhile is either in it
 * or not. */
#include "driver/sqlite/conn.h"

#include "base/clock.h"

enum { PATIENCE_MS = 5000, IN_USE_MS = 1000, NAP_MS = 20 };

static rille_status backup_fail(const char *what, const char *file, const char *why, rl_error *err) {
  return rl_fail(err, RL_BACKUP, "%s %s: %s", what, file, why);
}

/* Copies all pages in one step, under one read lock, which blocks nobody in WAL mode. Waits for locks. */
static int copy_pages(sqlite3 *from, sqlite3 *to) {
  sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
  if (!b) return sqlite3_errcode(to);
  int64_t until = rl_clock_ms() + PATIENCE_MS;
  int rc = sqlite3_backup_step(b, -1);
  while ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && rl_clock_ms() < until) {
    sqlite3_sleep(NAP_MS);
    rc = sqlite3_backup_step(b, -1);
  }
  int end = sqlite3_backup_finish(b);
  return rc == SQLITE_DONE ? end : rc;
}

/* Compares the first column of a statement's first row. SQLITE_MISMATCH: it has another value. */
static int expect_text(sqlite3 *db, const char *sql, const char *wanted) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    const char *got = (const char *)sqlite3_column_text(stmt, 0);
    rc = got && sqlite3_stricmp(got, wanted) == 0 ? SQLITE_OK : SQLITE_MISMATCH;
  }
  int end = sqlite3_finalize(stmt);
  return rc == SQLITE_OK ? end : rc;
}

/* Takes the copy out of WAL mode, which it has from the original. A single file should not be in it. */
static int leave_wal(const char *file) {
  sqlite3 *db = NULL;
  int rc = sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = expect_text(db, "PRAGMA journal_mode=DELETE", "delete");
  int end = sqlite3_close(db);
  return rc == SQLITE_OK ? end : rc;
}

/* The file exists and is empty. The caller, who created it, flushes and renames it, or removes it. */
rille_status rl_sqlite_backup(rl_conn *c, const char *file, rl_error *err) {
  sqlite3 *to = NULL;
  int rc = sqlite3_open_v2(file, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (!to) return rl_fail_nomem(err);
  if (rc == SQLITE_OK) rc = sqlite3_exec(to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = copy_pages(c->db, to);
  int end = sqlite3_close(to);
  if (rc == SQLITE_OK) rc = end;
  if (rc == SQLITE_OK) rc = leave_wal(file);
  if (rc == SQLITE_OK) return RILLE_OK;
  return rc == SQLITE_NOMEM ? rl_fail_nomem(err)
                            : backup_fail("the backup could not be written to", file, sqlite3_errstr(rc), err);
}

static rille_status open_backup(const char *file, sqlite3 **out, rl_error *err) {
  int rc = sqlite3_open_v2(file, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
  if (!*out) return rl_fail_nomem(err);
  if (rc == SQLITE_OK) rc = expect_text(*out, "PRAGMA quick_check(1)", "ok");
  if (rc == SQLITE_OK) return RILLE_OK;
  return backup_fail("no database can be restored from", file,
                     rc == SQLITE_MISMATCH ? "it is damaged" : sqlite3_errstr(rc), err);
}

/* Takes the database for this connection alone. Leaving WAL mode is possible only without other connections, and with
 * exclusive locking none can follow. */
static rille_status take_exclusive_lock(rl_conn *c, rl_error *err) {
  int64_t until = rl_clock_ms() + IN_USE_MS;
  int rc = sqlite3_exec(c->db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL", NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = expect_text(c->db, "PRAGMA journal_mode=DELETE", "delete");
  while (((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED || rc == SQLITE_MISMATCH) &&
         rl_clock_ms() < until) {
    sqlite3_sleep(NAP_MS);
    rc = expect_text(c->db, "PRAGMA journal_mode=DELETE", "delete");
  }
  if (rc == SQLITE_OK) rc = sqlite3_exec(c->db, "BEGIN EXCLUSIVE; COMMIT", NULL, NULL, NULL);
  if (rc == SQLITE_OK) return RILLE_OK;
  if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED || rc == SQLITE_MISMATCH)
    return rl_fail(err, RL_P1008, "the database %s is in use; close its other connections, then restore",
                   c->options->display);
  return rl_sqlite_fail(c, rc, err);
}

/* Writes the pages in one transaction. If it fails, or the machine does, the database stays as it was. */
rille_status rl_sqlite_restore(rl_conn *c, const char *file, bool force, rl_error *err) {
  (void)force; /* everything is replaced anyway */
  sqlite3 *from = NULL;
  rille_status s = open_backup(file, &from, err);
  if (s == RILLE_OK && !c->options->memory) s = take_exclusive_lock(c, err);
  if (s == RILLE_OK) {
    rl_sqlite_forget_all(c);
    int rc = copy_pages(from, c->db);
    if (rc != SQLITE_OK)
      s = rc == SQLITE_NOMEM ? rl_fail_nomem(err)
                             : backup_fail("the database could not be restored from", file, sqlite3_errstr(rc), err);
  }
  sqlite3_close(from);
  return s;
}
