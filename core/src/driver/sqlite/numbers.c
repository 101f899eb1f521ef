/* Numbers that SQLite gives to new rows: 64 bits, whatever the type of the key. One beyond an Int would be stored, and
 * no later read of the table would succeed. */
#include "driver/sqlite/conn.h"

/* The numbers of one statement grow: the last one tells of all. */
static bool is_beyond(const rl_conn *c) {
  return c->numbering && sqlite3_last_insert_rowid(c->db) > INT32_MAX;
}

/* Called before each commit; what is not 0 makes a rollback of it. */
static int may_not_commit(void *connection) {
  const rl_conn *c = connection;
  return c->spoilt || is_beyond(c);
}

void rl_sqlite_watch_numbers(rl_conn *c) {
  sqlite3_commit_hook(c->db, may_not_commit, c);
}

void rl_sqlite_begin_numbers(rl_conn *c, const rl_stmt *decl) {
  c->numbering = decl && decl->numbers_rows;
  if (c->numbering) sqlite3_set_last_insert_rowid(c->db, 0); /* that of another statement */
}

rille_status rl_sqlite_check_numbers(rl_conn *c, sqlite3_stmt *stmt, int rc, rl_error *err) {
  bool stands = rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_CONSTRAINT_COMMITHOOK;
  if (!stands || !is_beyond(c)) return RILLE_OK;
  if (!sqlite3_get_autocommit(c->db)) c->spoilt = true;
  sqlite3_reset(stmt); /* ends it: outside of a transaction it is undone */
  c->numbering = false;
  return rl_fail(err, RL_P2020, RL_SQLITE_OUT_OF_RANGE " for Int: the next number of a row is too large");
}
