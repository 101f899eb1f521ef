/* The queue of an SQLite connection: its items run one after the other, when `next` asks for them. */
#include "driver/sqlite/conn.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "driver/trace.h"

#if SQLITE_VERSION_NUMBER >= 3037000
#define changes_of sqlite3_changes64
#define total_changes_of sqlite3_total_changes64
#else
#define changes_of sqlite3_changes
#define total_changes_of sqlite3_total_changes
#endif

enum { LONGEST_PAUSE_MS = 50 };

static rl_sqlite_item *push_item(rl_conn *c) {
  if (c->head == c->count) c->head = c->count = 0;
  if (c->count == c->cap) {
    size_t cap = c->cap ? c->cap * 2 : 8;
    rl_sqlite_item *items = rl_realloc(c->items, cap * sizeof *items);
    if (!items) return NULL;
    c->items = items;
    c->cap = cap;
  }
  rl_sqlite_item *item = &c->items[c->count++];
  *item = (rl_sqlite_item){0};
  return item;
}

/* Refuses writes in a read-only transaction on a database in memory, whose one connection is also the writer. A reader
 * of a file refuses them itself (query_only). */
static rille_status check_writable(rl_conn *c, sqlite3_stmt *stmt, rl_error *err) {
  if (sqlite3_get_autocommit(c->db)) c->only_reads = false; /* that transaction has ended */
  if (!c->only_reads || !stmt || sqlite3_stmt_readonly(stmt)) return RILLE_OK;
  return rl_fail(err, RL_P2028, "cannot write: the transaction is read-only");
}

static rille_status bind_all(rl_conn *c, const rl_stmt *decl, sqlite3_stmt *stmt, const rl_value *params,
                             rl_error *err) {
  uint32_t places = (uint32_t)sqlite3_bind_parameter_count(stmt);
  if (places != decl->param_count)
    return rl_fail(err, RL_P1016, "the query has %u placeholders, but %u parameters were given", places,
                   decl->param_count);
  for (uint32_t i = 0; i < places; i++) {
    rille_status s = rl_sqlite_bind(c, stmt, (int)i + 1, decl->params[i], &params[i], err);
    if (s != RILLE_OK) return s;
  }
  return RILLE_OK;
}

rille_status rl_sqlite_send(rl_conn *c, const rl_stmt *decl, const rl_value *params, rl_error *err) {
  if (c->must_roll_back && !sqlite3_get_autocommit(c->db))
    return rl_fail(err, RL_P2028, "the transaction accepts no more statements, because one in it failed");
  rl_sqlite_prepared *p = NULL;
  rl_trace_statement(c, decl, params);
  rille_status s = rl_sqlite_acquire(c, decl, &p, err);
  if (s != RILLE_OK) return s;
  s = check_writable(c, p->stmt, err);
  if (s == RILLE_OK && p->stmt) s = bind_all(c, decl, p->stmt, params, err);
  rl_sqlite_item *item = s == RILLE_OK ? push_item(c) : NULL;
  if (!item) {
    rl_sqlite_release(p);
    return s == RILLE_OK ? rl_fail_nomem(err) : s;
  }
  item->decl = decl;
  item->prepared = p;
  return RILLE_OK;
}

static rille_status open_cursor(rl_conn *c, rl_cursor *cursor, const rl_stmt *decl, const rl_value *params,
                                rl_error *err) {
  rl_sqlite_prepared *p = NULL;
  rl_trace_statement(c, decl, params);
  rille_status s = rl_sqlite_acquire(c, decl, &p, err);
  if (s != RILLE_OK) return s;
  s = bind_all(c, decl, p->stmt, params, err);
  rl_sqlite_cursor *opened = s == RILLE_OK ? rl_sqlite_cursor_add(c, p) : NULL;
  if (!opened) {
    rl_sqlite_release(p);
    return s == RILLE_OK ? rl_fail_nomem(err) : s;
  }
  cursor->number = opened->number;
  return RILLE_OK;
}

rille_status rl_sqlite_fetch(rl_conn *c, rl_cursor *cursor, const rl_stmt *decl, const rl_value *params, uint32_t rows,
                             rl_error *err) {
  rille_status s = cursor->number == 0 ? open_cursor(c, cursor, decl, params, err) : RILLE_OK;
  if (s != RILLE_OK) return s;
  rl_sqlite_cursor *open = rl_sqlite_cursor_find(c, cursor->number);
  if (!open) return rl_fail(err, RL_INTERNAL, "the cursor has ended with its transaction");
  rl_sqlite_item *item = push_item(c);
  if (!item) return rl_fail_nomem(err);
  item->decl = decl;
  item->prepared = open->prepared;
  item->cursor = open;
  item->portion = rows;
  return RILLE_OK;
}

/* Ends the cursor immediately. The queued item only answers. */
rille_status rl_sqlite_close_cursor(rl_conn *c, rl_cursor *cursor, rl_error *err) {
  rl_sqlite_cursor *open = rl_sqlite_cursor_find(c, cursor->number);
  if (open) rl_sqlite_cursor_end(c, open);
  cursor->number = 0;
  return push_item(c) ? RILLE_OK : rl_fail_nomem(err);
}

rl_sqlite_item *rl_sqlite_queue_command(rl_conn *c, const char *sql, rille_status *status, rl_error *err) {
  rl_sqlite_prepared *p = NULL;
  rl_trace_text(c, sql);
  *status = rl_sqlite_acquire_command(c, sql, &p, err);
  if (*status != RILLE_OK) return NULL;
  rl_sqlite_item *item = push_item(c);
  if (item) {
    item->prepared = p;
  } else {
    rl_sqlite_release(p);
    *status = rl_fail_nomem(err);
  }
  return item;
}

rille_status rl_sqlite_send_command(rl_conn *c, const char *sql, rl_error *err) {
  rille_status s;
  (void)rl_sqlite_queue_command(c, sql, &s, err);
  return s;
}

rille_status rl_sqlite_send_script(rl_conn *c, const char *sql, rl_error *err) {
  char *copy = rl_strndup(sql, strlen(sql));
  rl_trace_text(c, sql);
  rl_sqlite_item *item = copy ? push_item(c) : NULL;
  if (!item) {
    rl_free(copy);
    return rl_fail_nomem(err);
  }
  item->script = copy;
  item->at = copy;
  return RILLE_OK;
}

static void end_item(rl_conn *c) {
  rl_sqlite_item *item = &c->items[c->head++];
  c->numbers_rows = false;
  if (item->decl && item->decl->column_count > 0) c->info_count = 0; /* the statement owns their names */
  if (!item->cursor) rl_sqlite_release(item->prepared);
  rl_free(item->script);
  rl_sqlite_cursors_settle(c);
  c->running = false;
  c->busy_until = 0;
  if (c->head < c->count) return;
  c->head = c->count = 0;
  c->failed = false;
}

void rl_sqlite_drop_queue(rl_conn *c) {
  while (c->head < c->count) end_item(c);
  c->failed = false;
}

static rille_status fail_item(rl_conn *c, rille_status s) {
  c->failed = true;
  end_item(c);
  return s;
}

rille_status rl_sqlite_wait_for_lock(rl_conn *c, int64_t timeout_ms, int rc, rl_wait *wait, rl_error *err) {
  int64_t now = rl_clock_ms();
  if (c->busy_until == 0) {
    c->busy_until = now + timeout_ms;
    c->busy_pause = 1;
  }
  if (now >= c->busy_until) {
    rille_status s = rl_sqlite_fail(c, rc, err);
    c->busy_until = 0;
    return s;
  }
  int64_t until = now + c->busy_pause;
  c->busy_pause = c->busy_pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : c->busy_pause * 2;
  *wait = (rl_wait){.fd = -1, .until_ms = until < c->busy_until ? until : c->busy_until};
  return RILLE_AGAIN;
}

/* Returns whether the statement may wait and start again, because it has done nothing yet. Waiting does not help an
 * outdated snapshot. */
static bool may_wait(const rl_conn *c, int rc) {
  const rl_sqlite_cursor *cursor = c->items[c->head].cursor;
  bool started = c->rows > 0 || (cursor && cursor->started);
  return (rc & 0xff) == SQLITE_BUSY && !started && sqlite3_extended_errcode(c->db) != SQLITE_BUSY_SNAPSHOT;
}

static int64_t lock_timeout_ms(const rl_conn *c) {
  return c->options->socket_timeout_ms >= 0 ? c->options->socket_timeout_ms : RL_SQLITE_LOCK_TIMEOUT_MS;
}

static void begin_item(rl_conn *c) {
  c->running = true;
  c->described = false;
  c->rows = 0;
  c->info_count = 0;
  c->changes = (int64_t)total_changes_of(c->db);
  rl_sqlite_begin_numbers(c, c->items[c->head].decl);
  /* the transaction, or the part of it, has been rolled back */
  if (c->must_roll_back && (c->items[c->head].rolls_back || sqlite3_get_autocommit(c->db))) c->must_roll_back = false;
}

/* Reads the columns only after the first step. If another connection has changed the schema, SQLite prepares the
 * statement again within that step, and `SELECT *` may then have other columns. */
static rille_status describe_item(rl_conn *c, const rl_sqlite_item *item, rl_error *err) {
  if (c->described || !item->decl || !item->prepared->stmt) return RILLE_OK;
  c->described = true;
  return rl_sqlite_describe(c, item->prepared->stmt, item->decl, err);
}

static rille_status finish_item(rl_conn *c, const rl_sqlite_item *item, int64_t *affected) {
  sqlite3_stmt *stmt = item->prepared ? item->prepared->stmt : NULL;
  if (item->decl && stmt && sqlite3_stmt_readonly(stmt))
    *affected = c->rows;
  else
    *affected = (int64_t)total_changes_of(c->db) == c->changes ? 0 : (int64_t)changes_of(c->db);
  rl_sqlite_cursor *spent = item->cursor && c->rows < (int64_t)item->portion ? item->cursor : NULL;
  end_item(c);
  if (spent) rl_sqlite_cursor_end(c, spent);
  return RILLE_DONE;
}

static rille_status step_statement(rl_conn *c, const rl_sqlite_item *item, rl_row_view *row, int64_t *affected,
                                   rl_wait *wait, rl_error *err) {
  sqlite3_stmt *stmt = item->prepared ? item->prepared->stmt : NULL;
  int rc = SQLITE_DONE;
  if (item->cursor && c->rows == (int64_t)item->portion) return finish_item(c, item, affected);
  /* Ignores the rows of a command (PRAGMA). */
  while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW && !item->decl) {}
  if (c->numbers_rows && rl_sqlite_check_numbers(c, stmt, rc, err) != RILLE_OK) return fail_item(c, RILLE_ERROR);
  if (rc == SQLITE_DONE || rc == SQLITE_ROW) {
    rille_status s = describe_item(c, item, err);
    if (s == RILLE_OK && rc == SQLITE_DONE) return finish_item(c, item, affected);
    if (s != RILLE_OK) return fail_item(c, s);
    c->rows++;
    if (item->cursor) item->cursor->started = true;
    s = rl_sqlite_decode_row(c, stmt, item->decl, row, err);
    return s == RILLE_OK ? RILLE_ROW : fail_item(c, s);
  }
  if (!may_wait(c, rc)) return fail_item(c, rl_sqlite_fail(c, rc, err));
  rille_status s = rl_sqlite_wait_for_lock(c, lock_timeout_ms(c), rc, wait, err);
  sqlite3_reset(stmt);
  return s == RILLE_AGAIN ? s : fail_item(c, s);
}

/* Runs one statement of a script. SQLITE_DONE: it has run, *rest is what follows it. */
static int step_script(rl_conn *c, const char *sql, const char **rest, rl_error *err) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(c->db, sql, -1, &stmt, rest);
  if (rc != SQLITE_OK || !stmt) return rc == SQLITE_OK ? SQLITE_DONE : rc;
  if (check_writable(c, stmt, err) != RILLE_OK) {
    sqlite3_finalize(stmt);
    return SQLITE_READONLY;
  }
  do rc = sqlite3_step(stmt);
  while (rc == SQLITE_ROW);
  sqlite3_finalize(stmt);
  return rc;
}

static rille_status run_script(rl_conn *c, rl_sqlite_item *item, int64_t *affected, rl_wait *wait, rl_error *err) {
  while (*item->at) {
    const char *rest = item->at;
    int rc = step_script(c, item->at, &rest, err);
    if (rc == SQLITE_DONE) {
      item->at = rest;
      c->busy_until = 0;
      continue;
    }
    if (!may_wait(c, rc)) return fail_item(c, rl_sqlite_fail(c, rc, err));
    rille_status s = rl_sqlite_wait_for_lock(c, lock_timeout_ms(c), rc, wait, err);
    return s == RILLE_AGAIN ? s : fail_item(c, s);
  }
  return finish_item(c, item, affected);
}

rille_status rl_sqlite_next(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err) {
  if (c->head == c->count) return rl_fail(err, RL_INTERNAL, "no statement was sent that could be answered");
  rl_sqlite_item *item = &c->items[c->head];
  if (c->failed) {
    rille_status s = rl_fail(err, RL_P2039, "not run, because a statement sent before it failed");
    end_item(c);
    return s;
  }
  if (!c->running) begin_item(c);
  if (item->script) return run_script(c, item, affected, wait, err);
  return step_statement(c, item, row, affected, wait, err);
}
