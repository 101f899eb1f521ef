/* Prepared statements of a connection: kept by the statement's id, and a few commands (BEGIN, COMMIT) by their text. */
#include "driver/sqlite/conn.h"

#include "base/alloc.h"

static void prepared_destroy(rl_sqlite_prepared *p) {
  if (!p) return;
  sqlite3_finalize(p->stmt);
  rl_free(p);
}

/* Removes it from a cache: it ends now, or with its current use. */
static void prepared_drop(rl_sqlite_prepared *p) {
  if (!p) return;
  p->kept = false;
  if (!p->busy) prepared_destroy(p);
}

void rl_sqlite_release(rl_sqlite_prepared *p) {
  if (!p) return;
  p->busy = false;
  if (!p->kept) {
    prepared_destroy(p);
    return;
  }
  sqlite3_reset(p->stmt);
  sqlite3_clear_bindings(p->stmt); /* frees large values, which the statement would keep */
}

/* Refuses a second statement in the text, which SQLite would silently ignore. */
static rille_status refuse_second_statement(rl_conn *c, const char *tail, rl_error *err) {
  while (*tail) {
    sqlite3_stmt *more = NULL;
    const char *rest = NULL;
    int rc = sqlite3_prepare_v2(c->db, tail, -1, &more, &rest);
    bool is_statement = more != NULL || rc != SQLITE_OK;
    sqlite3_finalize(more);
    if (is_statement) return rl_fail(err, RL_P2010, "the query has more than one statement; send one at a time");
    if (rest == tail) break;
    tail = rest;
  }
  return RILLE_OK;
}

static rille_status prepare_statement(rl_conn *c, const char *sql, bool keep, rl_sqlite_prepared **out, rl_error *err) {
  const char *tail = NULL;
  sqlite3_stmt *stmt = NULL;
  unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
  int rc = sqlite3_prepare_v3(c->db, sql, -1, flags, &stmt, &tail);
  if ((rc & 0xff) == SQLITE_BUSY) {
    /* Only reading the schema can wait here, while another process recovers the log. That is rare, so it blocks. */
    sqlite3_busy_timeout(c->db, RL_SQLITE_LOCK_TIMEOUT_MS);
    rc = sqlite3_prepare_v3(c->db, sql, -1, flags, &stmt, &tail);
    sqlite3_busy_timeout(c->db, RL_SQLITE_BUSY_MS);
  }
  if (rc != SQLITE_OK) return rl_sqlite_fail(c, rc, err);
  if (*tail && refuse_second_statement(c, tail, err) != RILLE_OK) {
    sqlite3_finalize(stmt);
    return RILLE_ERROR;
  }
  rl_sqlite_prepared *p = rl_calloc(1, sizeof *p);
  if (!p) {
    sqlite3_finalize(stmt);
    return rl_fail_nomem(err);
  }
  p->stmt = stmt;
  p->busy = true;
  *out = p;
  return RILLE_OK;
}

rille_status rl_sqlite_acquire(rl_conn *c, const rl_stmt *decl, rl_sqlite_prepared **out, rl_error *err) {
  bool keep = decl->id != 0 && c->statements.limit > 0;
  rl_sqlite_prepared *known = keep ? rl_stmt_cache_get(&c->statements, decl->id) : NULL;
  if (known && !known->busy) {
    known->busy = true;
    *out = known;
    return RILLE_OK;
  }
  keep = keep && !known; /* queued twice: the second is prepared separately */
  rille_status s = prepare_statement(c, decl->sql, keep, out, err);
  if (s != RILLE_OK || !keep) return s;
  size_t bytes = (*out)->stmt ? (size_t)sqlite3_stmt_status((*out)->stmt, SQLITE_STMTSTATUS_MEMUSED, 0) : 0;
  if (!rl_stmt_cache_takes(&c->statements, bytes)) return s;
  for (rl_sqlite_prepared *p; (p = rl_stmt_cache_evict(&c->statements, bytes)) != NULL;) prepared_drop(p);
  /* Out of memory is no error here: a statement that is not kept only costs time. */
  (*out)->kept = rl_stmt_cache_put(&c->statements, decl->id, *out, bytes);
  return RILLE_OK;
}

static bool keep_command(rl_conn *c, const char *sql, rl_sqlite_prepared *p) {
  char *copy = rl_strndup(sql, strlen(sql));
  if (!copy) return false;
  rl_sqlite_command *old = &c->commands[c->next_command];
  c->next_command = (c->next_command + 1) % RL_SQLITE_COMMANDS;
  prepared_drop(old->prepared);
  rl_free(old->sql);
  *old = (rl_sqlite_command){copy, p};
  return true;
}

rille_status rl_sqlite_acquire_command(rl_conn *c, const char *sql, rl_sqlite_prepared **out, rl_error *err) {
  bool known = false;
  for (size_t i = 0; i < RL_SQLITE_COMMANDS; i++) {
    rl_sqlite_command *k = &c->commands[i];
    if (!k->sql || strcmp(k->sql, sql) != 0) continue;
    known = true;
    if (k->prepared->busy) break;
    k->prepared->busy = true;
    *out = k->prepared;
    return RILLE_OK;
  }
  rille_status s = prepare_statement(c, sql, !known, out, err);
  if (s == RILLE_OK && !known) (*out)->kept = keep_command(c, sql, *out);
  return s;
}

void rl_sqlite_forget_all(rl_conn *c) {
  for (rl_sqlite_prepared *p = rl_stmt_cache_pop(&c->statements); p; p = rl_stmt_cache_pop(&c->statements))
    prepared_drop(p);
  for (size_t i = 0; i < RL_SQLITE_COMMANDS; i++) {
    prepared_drop(c->commands[i].prepared);
    rl_free(c->commands[i].sql);
    c->commands[i] = (rl_sqlite_command){NULL, NULL};
  }
}
