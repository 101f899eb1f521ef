/* The version of the file, by which a connection notices what others have committed.
 *
 * To ask SQLite costs some system calls. In WAL mode a commit becomes visible when the header of the WAL's index
 * changes, which all connections share in memory. While it stays the same, the version does too. */
#include "driver/sqlite/conn.h"

#include <stdatomic.h>

#include "base/clock.h"

enum { INDEX_PAGE = 32768 }; /* bytes of the index that are mapped at a time */
enum { PLACE_MS = 1000 };    /* how often the file is looked for at its place */

static bool file_was_replaced(rl_conn *c) {
  int64_t now = rl_clock_ms();
  int moved = 0;
  if (c->version.placed_ms && now - c->version.placed_ms < PLACE_MS) return false;
  c->version.placed_ms = now;
  return sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

static bool uses_wal(rl_conn *c) {
  sqlite3_stmt *stmt = NULL;
  bool wal = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
             sqlite3_step(stmt) == SQLITE_ROW &&
             sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
  sqlite3_finalize(stmt);
  return wal;
}

/* Finds the index of the WAL. It stays where it is: the mode cannot change while this connection is open. */
static void find_index(rl_conn *c) {
  sqlite3_file *file = NULL;
  void volatile *at = NULL;
  if (c->version.index || !uses_wal(c)) return;
  if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file) return;
  const sqlite3_io_methods *methods = file->pMethods;
  if (!methods || methods->iVersion < 2 || !methods->xShmMap) return;
  if (methods->xShmMap(file, 0, INDEX_PAGE, 0, &at) == SQLITE_OK) c->version.index = at;
}

static void read_header(const rl_conn *c, uint64_t out[RL_SQLITE_INDEX_HEADER]) {
  volatile _Atomic uint64_t *at = c->version.index;
  for (int i = 0; i < RL_SQLITE_INDEX_HEADER; i++) out[i] = atomic_load_explicit(&at[i], memory_order_acquire);
}

static int ask_version(rl_conn *c) {
  rl_sqlite_version *v = &c->version;
  int rc = SQLITE_OK;
  sqlite3_busy_timeout(c->db, 0); /* the caller does not wait */
  if (!v->stmt) rc = sqlite3_prepare_v3(c->db, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT, &v->stmt, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(v->stmt);
  bool moved = rc == SQLITE_ROW && v->number != sqlite3_column_int64(v->stmt, 0);
  if (rc == SQLITE_ROW) v->number = sqlite3_column_int64(v->stmt, 0);
  sqlite3_reset(v->stmt);
  if (moved) find_index(c);
  sqlite3_busy_timeout(c->db, RL_SQLITE_BUSY_MS);
  return rc;
}

rille_status rl_sqlite_foreign_version(rl_conn *c, int64_t *version, rl_error *err) {
  rl_sqlite_version *v = &c->version;
  uint64_t header[RL_SQLITE_INDEX_HEADER];
  if (file_was_replaced(c)) return rl_fail(err, RL_P1003, "the file was replaced or removed: %s", c->options->conninfo);
  bool has_header = v->index != NULL;
  if (has_header) read_header(c, header); /* before asking: what is committed meanwhile changes it again */
  bool same = has_header && v->has_header && memcmp(header, v->header, sizeof header) == 0;
  int rc = same ? SQLITE_ROW : ask_version(c);
  *version = v->number;
  v->has_header = has_header && rc == SQLITE_ROW;
  if (v->has_header && !same) memcpy(v->header, header, sizeof header);
  if (rc == SQLITE_ROW) return RILLE_OK;
  return (rc & 0xff) == SQLITE_BUSY ? RILLE_AGAIN : rl_sqlite_fail(c, rc, err);
}
