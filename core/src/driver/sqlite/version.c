/* The version of the file, by which a connection notices what others have committed. */
#include "driver/sqlite/conn.h"

static bool file_was_replaced(rl_conn *c) {
  int moved = 0;
  return sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

rille_status rl_sqlite_foreign_version(rl_conn *c, int64_t *version, rl_error *err) {
  if (file_was_replaced(c)) return rl_fail(err, RL_P1003, "the file was replaced or removed: %s", c->options->conninfo);
  int rc = SQLITE_OK;
  sqlite3_busy_timeout(c->db, 0); /* the caller does not wait */
  if (!c->version)
    rc = sqlite3_prepare_v3(c->db, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT, &c->version, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(c->version);
  if (rc == SQLITE_ROW) *version = sqlite3_column_int64(c->version, 0);
  rille_status st = rc == SQLITE_ROW ? RILLE_OK : (rc & 0xff) == SQLITE_BUSY ? RILLE_AGAIN : rl_sqlite_fail(c, rc, err);
  sqlite3_reset(c->version);
  sqlite3_busy_timeout(c->db, RL_SQLITE_BUSY_MS);
  return st;
}
