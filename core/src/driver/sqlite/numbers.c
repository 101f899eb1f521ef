/* The numbers that SQLite generates for new rows. They have 64 bits, whatever the type of the key. One that does not
 * fit an Int would be stored, and no later read of the table would succeed. */
#include "driver/sqlite/conn.h"

/* Checks the last number only: the numbers of one statement grow. */
static bool is_beyond(const rl_conn *c) {
  return c->numbers_rows && sqlite3_last_insert_rowid(c->db) > INT32_MAX;
}

/* SQLite calls it before each commit, and rolls back if it does not return 0. */
static int refuse_commit(void *connection) {
  const rl_conn *c = connection;
  return c->must_roll_back || is_beyond(c);
}

void rl_sqlite_watch_numbers(rl_conn *c) {
  sqlite3_commit_hook(c->db, refuse_commit, c);
}

void rl_sqlite_begin_numbers(rl_conn *c, const rl_stmt *decl) {
  c->numbers_rows = decl && decl->numbers_rows;
  if (c->numbers_rows) sqlite3_set_last_insert_rowid(c->db, 0); /* it was set by another statement */
}

rille_status rl_sqlite_check_numbers(rl_conn *c, sqlite3_stmt *stmt, int rc, rl_error *err) {
  bool inserted = rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_CONSTRAINT_COMMITHOOK;
  if (!inserted || !is_beyond(c)) return RILLE_OK;
  if (!sqlite3_get_autocommit(c->db)) c->must_roll_back = true;
  sqlite3_reset(stmt); /* outside a transaction this undoes it */
  c->numbers_rows = false;
  return rl_fail(err, RL_P2020, RL_SQLITE_OUT_OF_RANGE " for Int: the next number of a row is too large");
}
