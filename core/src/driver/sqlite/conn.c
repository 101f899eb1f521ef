/* SQLite connections: opening, set-up, closing; and the table of the driver's functions. */
#include "driver/sqlite/conn.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"

/* KEPT_BYTES: SQLite's memory for the prepared statements of a connection. CHECK_AFTER: instructions of SQLite's
 * virtual machine between two checks of the deadline. They take less than a millisecond, and the checks cost nothing
 * measurable. */
enum { OLDEST_VERSION = 3035000, KEPT_STATEMENTS = 500, KEPT_BYTES = 16 << 20, CHECK_AFTER = 5000 };

static rille_status sqlite_check_version(rl_error *err) {
  if (sqlite3_libversion_number() >= OLDEST_VERSION) return RILLE_OK;
  return rl_fail(err, RL_P1015, "SQLite %s is too old; rille needs 3.35.0 or later, for RETURNING",
                 sqlite3_libversion());
}

static rille_status open_database(rl_conn *c, rl_error *err) {
  const rl_conn_options *o = c->options;
  /* A reader opens for writing too, because WAL needs it for the shared index. query_only forbids other writes. */
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (o->read_only || o->must_exist ? 0 : SQLITE_OPEN_CREATE);
  int rc = sqlite3_open_v2(o->conninfo, &c->db, flags, NULL);
  if (rc == SQLITE_OK) {
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, RL_SQLITE_BUSY_MS);
    rl_sqlite_watch_numbers(c);
    rc = rl_sqlite_add_functions(c->db);
    return rc == SQLITE_OK ? RILLE_OK : rl_fail_nomem(err);
  }
  if (!c->db) return rl_fail_nomem(err);
  return rl_sqlite_fail_open(o, sqlite3_extended_errcode(c->db), sqlite3_errmsg(c->db), err);
}

static void sqlite_close(rl_conn *c) {
  if (!c) return;
  /* In a forked child the parent still uses the file. Closing it here would release the parent's locks. */
  if (c->pid == rl_process_id()) {
    rl_sqlite_drop_queue(c);
    rl_sqlite_cursors_end(c);
    rl_sqlite_forget_all(c);
    sqlite3_finalize(c->version.stmt);
    sqlite3_close_v2(c->db);
  }
  rl_stmt_cache_dispose(&c->statements);
  rl_arena_dispose(&c->names);
  rl_arena_dispose(&c->scratch);
  rl_free(c->items);
  rl_free(c->cells);
  rl_free(c->infos);
  rl_free(c);
}

static rille_status sqlite_open(const rl_conn_options *options, rl_conn **out, rl_error *err) {
  *out = NULL;
  rille_status s = sqlite_check_version(err);
  if (s != RILLE_OK) return s;
  rl_conn *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->options = options;
  c->pid = rl_process_id();
  c->run_until = RL_NO_DEADLINE;
  rl_stmt_cache_init(&c->statements,
                     options->statement_cache_size >= 0 ? (size_t)options->statement_cache_size : KEPT_STATEMENTS,
                     KEPT_BYTES);
  rl_arena_init(&c->names, 0);
  rl_arena_init(&c->scratch, 0);
  s = open_database(c, err);
  if (s != RILLE_OK) {
    sqlite_close(c);
    return s;
  }
  *out = c;
  return RILLE_OK;
}

/* Turns on WAL. If that is impossible (a read-only disk, a file system without shared memory), the database works
 * without it, and fully synchronous. */
static int set_journal(rl_conn *c) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL);
  bool wal = false;
  if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    wal = sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    rc = SQLITE_OK;
  }
  sqlite3_finalize(stmt);
  int primary = rc & 0xff;
  if (primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN || (primary == SQLITE_IOERR && !wal)) rc = SQLITE_OK;
  if (rc == SQLITE_OK && wal) rc = sqlite3_exec(c->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
  return rc;
}

/* Runs one step of the set-up. The first reads the file and so finds out whether it is a database. */
static int connect_step(rl_conn *c, int step) {
  switch (step) {
  case 0: return sqlite3_exec(c->db, "PRAGMA schema_version", NULL, NULL, NULL);
  case 1: return c->options->memory || c->options->read_only ? SQLITE_OK : set_journal(c);
  case 2: return sqlite3_exec(c->db, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
  default:
    return c->options->read_only
               ? sqlite3_exec(c->db, "PRAGMA query_only=ON; PRAGMA synchronous=NORMAL", NULL, NULL, NULL)
               : SQLITE_OK;
  }
}

enum { SET_UP_STEPS = 4 };

static rille_status sqlite_poll_connect(rl_conn *c, rl_wait *wait, rl_error *err) {
  int64_t limit = c->options->connect_timeout_ms >= 0 ? c->options->connect_timeout_ms : RL_SQLITE_LOCK_TIMEOUT_MS;
  while (c->setup_step < SET_UP_STEPS) {
    int rc = connect_step(c, c->setup_step);
    if ((rc & 0xff) == SQLITE_BUSY) return rl_sqlite_wait_for_lock(c, limit, rc, wait, err);
    if (rc != SQLITE_OK) {
      rille_status s = rl_sqlite_fail_open(c->options, sqlite3_extended_errcode(c->db), sqlite3_errmsg(c->db), err);
      return s;
    }
    c->setup_step++;
    c->busy_until = 0;
  }
  c->ready = true;
  return RILLE_OK;
}

static rille_status sqlite_flush(rl_conn *c, rl_error *err) {
  (void)c;
  (void)err;
  return RILLE_OK;
}

/* Looks up the names of declared columns here, only when they are asked for. */
static uint32_t sqlite_columns(rl_conn *c, const rl_column_info **out) {
  const rl_sqlite_item *item = c->running ? &c->items[c->head] : NULL;
  if (item && item->decl && item->decl->column_count > 0 && item->prepared->stmt)
    for (uint32_t i = 0; i < c->info_count; i++)
      c->infos[i] =
          (rl_column_info){rl_str_of(sqlite3_column_name(item->prepared->stmt, (int)i)), item->decl->columns[i]};
  *out = c->infos;
  return c->info_count;
}

static rille_status sqlite_abandon(rl_conn *c, rl_wait *wait, rl_error *err) {
  (void)wait;
  (void)err;
  rl_sqlite_drop_queue(c);
  return RILLE_OK;
}

static bool sqlite_is_usable(const rl_conn *c) {
  return c->ready && c->pid == rl_process_id();
}
static bool sqlite_in_transaction(const rl_conn *c) {
  return sqlite3_get_autocommit(c->db) == 0;
}
/* A statement that fails is undone, except one that has given a row too large a number. */
static bool sqlite_transaction_failed(const rl_conn *c) {
  return c->must_roll_back && !sqlite3_get_autocommit(c->db);
}

static int is_past_deadline(void *context) {
  const rl_conn *c = context;
  return rl_clock_ms() >= c->run_until;
}

static void sqlite_run_until(rl_conn *c, int64_t deadline_ms) {
  bool timed = deadline_ms != RL_NO_DEADLINE, was = c->run_until != RL_NO_DEADLINE;
  c->run_until = deadline_ms;
  if (timed != was) sqlite3_progress_handler(c->db, timed ? CHECK_AFTER : 0, timed ? is_past_deadline : NULL, c);
}

static int sqlite_descriptor(const rl_conn *c) {
  (void)c;
  return -1;
}

static void sqlite_library_version(char out[RL_VERSION_SIZE]) {
  snprintf(out, RL_VERSION_SIZE, "%s", sqlite3_libversion());
}

const rl_driver rl_driver_sqlite = {
    .provider = RL_PROVIDER_SQLITE,
    .library_version = sqlite_library_version,
    .single_writer = true,
    .fails_partly = true,
    .cursors_see_writes = true,
    .waits_for_locks = true,
    .parse_url = rl_sqlite_parse_url,
    .open = sqlite_open,
    .poll_connect = sqlite_poll_connect,
    .close = sqlite_close,
    .send = rl_sqlite_send,
    .fetch = rl_sqlite_fetch,
    .explain = "EXPLAIN QUERY PLAN ",
    .explain_text = 3,
    .explain_tree = true,
    .close_cursor = rl_sqlite_close_cursor,
    .flush = sqlite_flush,
    .next = rl_sqlite_next,
    .columns = sqlite_columns,
    .abandon = sqlite_abandon,
    .begin = rl_sqlite_begin,
    .commit = rl_sqlite_commit,
    .rollback = rl_sqlite_rollback,
    .savepoint = rl_sqlite_savepoint,
    .release = rl_sqlite_release_savepoint,
    .rollback_to = rl_sqlite_rollback_to,
    .isolation_levels = 1u << RL_ISOLATION_DEFAULT | 1u << RL_ISOLATION_SERIALIZABLE,
    .send_command = rl_sqlite_send_command,
    .send_script = rl_sqlite_send_script,
    .is_usable = sqlite_is_usable,
    .in_transaction = sqlite_in_transaction,
    .transaction_failed = sqlite_transaction_failed,
    .descriptor = sqlite_descriptor,
    .run_until = sqlite_run_until,
    .backup = rl_sqlite_backup,
    .restore = rl_sqlite_restore,
    .foreign_version = rl_sqlite_foreign_version,
};
