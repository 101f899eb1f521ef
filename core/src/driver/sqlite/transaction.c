/* The verbs of transactions in SQLite. Isolation is always serializable. Transactions differ in when they take the
 * right to write, which one connection has at a time. */
#include "driver/sqlite/conn.h"

#ifdef RILLE_WITH_SQLITE

rille_status rl_sqlite_begin(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err) {
  rille_status s;
  /* a transaction that takes the right to write only after it has read may find that others have written since */
  out->sql[0] = how->read_only || how->deferred ? "BEGIN" : "BEGIN IMMEDIATE";
  out->count = 1;
  if (rl_sqlite_queue_command(c, out->sql[0], &s, err) && sqlite3_get_autocommit(c->db)) c->only_reads = how->read_only;
  return s;
}

static rille_status sqlite_queue_verb(rl_conn *c, rl_verb verb, const char *savepoint, rl_commands *out,
                                      rl_error *err) {
  rille_status s;
  rl_verb_write(verb, savepoint, out);
  rl_sqlite_item *item = rl_sqlite_queue_command(c, out->sql[0], &s, err);
  if (item) item->rolls_back = verb == RL_VERB_ROLLBACK || verb == RL_VERB_ROLLBACK_TO;
  return s;
}

rille_status rl_sqlite_commit(rl_conn *c, rl_commands *out, rl_error *err) {
  return sqlite_queue_verb(c, RL_VERB_COMMIT, NULL, out, err);
}

rille_status rl_sqlite_rollback(rl_conn *c, rl_commands *out, rl_error *err) {
  return sqlite_queue_verb(c, RL_VERB_ROLLBACK, NULL, out, err);
}

rille_status rl_sqlite_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return sqlite_queue_verb(c, RL_VERB_SAVEPOINT, savepoint, out, err);
}

rille_status rl_sqlite_release_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return sqlite_queue_verb(c, RL_VERB_RELEASE, savepoint, out, err);
}

rille_status rl_sqlite_rollback_to(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return sqlite_queue_verb(c, RL_VERB_ROLLBACK_TO, savepoint, out, err);
}

#endif
