/* Inside the SQLite driver: the connection, and the functions that its files share. */
#ifndef RL_DRIVER_SQLITE_CONN_H
#define RL_DRIVER_SQLITE_CONN_H

#include "driver/driver.h"

#include <sqlite3.h>
#include <sys/types.h>

#include "driver/stmt_cache.h"
#include "tape/datetime.h"

/* A prepared statement. It serves one queued statement at a time, and must not be finalised while it does. */
typedef struct rl_sqlite_prepared {
  sqlite3_stmt *stmt; /* NULL: the text has only spaces or comments */
  bool busy;          /* queued or running */
  bool kept;          /* in the cache of statements or commands; false: it ends with its use */
} rl_sqlite_prepared;

typedef struct rl_sqlite_command {
  char *sql;
  rl_sqlite_prepared *prepared;
} rl_sqlite_command;

/* A statement that is read in portions. It is in the connection's list until it has no more rows, it is closed, or the
 * transaction ends. */
typedef struct rl_sqlite_cursor {
  uint32_t number;
  bool started; /* has returned a row, and cannot start again */
  rl_sqlite_prepared *prepared;
  struct rl_sqlite_cursor *next;
} rl_sqlite_cursor;

/* An item of the queue: a statement with its parameters bound, a command, or a script. */
typedef struct rl_sqlite_item {
  const rl_stmt *decl; /* NULL for a command and a script */
  rl_sqlite_prepared *prepared;
  char *script;             /* owned */
  const char *at;           /* the rest of the script */
  bool rolls_back;          /* a command that rolls back, all or to a savepoint */
  rl_sqlite_cursor *cursor; /* its statement pauses after `portion` rows */
  uint32_t portion;
} rl_sqlite_item;

enum {
  RL_SQLITE_COMMANDS = 8,
  RL_SQLITE_BUSY_MS = 2,           /* how long SQLite itself waits for a lock before the driver returns AGAIN */
  RL_SQLITE_LOCK_TIMEOUT_MS = 5000 /* how long to wait for a lock, without a socket_timeout */
};

/* For version.c. */
enum { RL_SQLITE_INDEX_HEADER = 12 }; /* words of 64 bits: the header of a WAL's index, twice */
typedef struct rl_sqlite_version {
  sqlite3_stmt *stmt;   /* NULL: not prepared yet */
  int64_t number;       /* the last answer; 0: none */
  int64_t placed_ms;    /* when the file was last seen at its place */
  volatile void *index; /* of the WAL, mapped by SQLite; NULL: it has none, or it is not known */
  bool has_header;      /* `header` is that of `number` */
  uint64_t header[RL_SQLITE_INDEX_HEADER];
} rl_sqlite_version;

struct rl_conn {
  const rl_conn_options *options;
  sqlite3 *db;
  long pid;       /* the process that opened it: SQLite's locks do not survive a fork */
  int setup_step; /* the next step of the set-up */
  bool ready;
  rl_stmt_cache statements; /* rl_sqlite_prepared by rl_stmt.id */
  rl_sqlite_command commands[RL_SQLITE_COMMANDS];
  unsigned next_command; /* replaced next */

  rl_sqlite_version version;

  rl_sqlite_cursor *cursors;
  uint32_t last_cursor;

  rl_sqlite_item *items; /* items[head] is the current item of `next` */
  size_t head, count, cap;
  bool only_reads;     /* the transaction is read-only */
  bool failed;         /* an item failed; those after it do not run */
  bool numbers_rows;   /* the running statement may number new rows, and a number must fit an Int */
  bool must_roll_back; /* a number did not fit: the transaction, or the savepoint, must be rolled back */

  bool running;       /* items[head] has been stepped */
  bool described;     /* ... and its columns read */
  int64_t rows;       /* returned by it */
  int64_t changes;    /* total changes of the connection before it */
  int64_t run_until;  /* the deadline of statements */
  int64_t busy_until; /* 0: not waiting for a lock */
  int64_t busy_pause; /* ms until the next attempt */

  rl_value *cells;
  size_t cell_cap;
  rl_column_info *infos; /* of the running statement */
  size_t info_cap;
  uint32_t info_count;
  rl_arena names;   /* their names, when it is a raw query */
  rl_arena scratch; /* texts and lists converted for the current row */
  bool scratch_used;
};

/* error.c. Fills err from SQLite's code and text. */
rille_status rl_sqlite_fail(rl_conn *c, int rc, rl_error *err);
/* Fails for a file that cannot be opened, with the reason. */
rille_status rl_sqlite_fail_open(const rl_conn_options *options, int rc, const char *text, rl_error *err);

/* stmt.c */
rille_status rl_sqlite_acquire(rl_conn *c, const rl_stmt *decl, rl_sqlite_prepared **out, rl_error *err);
rille_status rl_sqlite_acquire_command(rl_conn *c, const char *sql, rl_sqlite_prepared **out, rl_error *err);
void rl_sqlite_release(rl_sqlite_prepared *p); /* its use has ended */
void rl_sqlite_forget_all(rl_conn *c);

/* Why a date-time is refused that PostgreSQL may have. */
#define RL_SQLITE_BEYOND "SQLite stores date-times of the years 1 to 9999"
static inline bool rl_sqlite_is_datetime(rl_wire wire) {
  return wire == RL_WIRE_TIMESTAMP || wire == RL_WIRE_TIMESTAMPTZ || wire == RL_WIRE_DATE;
}

/* bind.c, list.c */
rille_status rl_sqlite_bind(rl_conn *c, sqlite3_stmt *stmt, int index, rl_wire_type wire_type, const rl_value *v,
                            rl_error *err);
rille_status rl_sqlite_list_to_json(const rl_conn *c, const rl_value *list, rl_wire_type wire_type, rl_buf *out,
                                    rl_error *err);
rille_status rl_sqlite_json_to_list(rl_str json, rl_wire wire, rl_arena *arena, rl_value *out, rl_error *err);

/* decimal.c. Returns the text form of a stored number or text, a view of it or a copy in the arena. false: not a
 * number, or out of memory. */
bool rl_sqlite_decimal_of_text(rl_str text, rl_arena *arena, rl_str *out);
bool rl_sqlite_decimal_of_float(double f, rl_arena *arena, rl_str *out);
/* Returns the number nearest to a decimal text. */
bool rl_sqlite_decimal_to_float(rl_str text, double *out);

/* datetime.c. false: not the form that rille writes, nor the brief form if `style` allows it. */
bool rl_sqlite_read_datetime(const rl_conn *c, rl_str text, rl_datetime_style style, int64_t *microseconds);
bool rl_sqlite_read_epoch(const rl_conn *c, int64_t ms, int64_t *microseconds);
/* The same for any form. */
bool rl_sqlite_read_any_datetime(rl_str text, int64_t *microseconds);
bool rl_sqlite_read_any_epoch(int64_t ms, int64_t *microseconds);
int64_t rl_sqlite_epoch_ms(int64_t microseconds);
size_t rl_sqlite_brief_text(const rl_conn *c, int64_t microseconds, char out[RL_DATETIME_MAX]);
/* Fails with P2023 for a stored date-time in another form, and says how to correct it. */
void rl_sqlite_fail_datetime(const rl_conn *c, const char *column, bool number, rl_str stored, rl_error *err);

/* numbers.c. `rc`: the result of the step. The statement is not reset yet. */
void rl_sqlite_watch_numbers(rl_conn *c);
void rl_sqlite_begin_numbers(rl_conn *c, const rl_stmt *decl);
rille_status rl_sqlite_check_numbers(rl_conn *c, sqlite3_stmt *stmt, int rc, rl_error *err);

/* functions.c: the functions that rille's own SQL calls, and their errors. */
#define RL_SQLITE_MIXED "DateTime column "
#define RL_SQLITE_OUT_OF_RANGE "the result is out of range"
#define RL_SQLITE_NO_NUMBER "the result is not a number, as in a division by zero"
int rl_sqlite_add_functions(sqlite3 *db);

/* backup.c */
rille_status rl_sqlite_backup(rl_conn *c, const char *file, rl_error *err);
rille_status rl_sqlite_restore(rl_conn *c, const char *file, bool force, rl_error *err);

/* version.c */
rille_status rl_sqlite_foreign_version(rl_conn *c, int64_t *version, rl_error *err);

/* decode.c */
rille_status rl_sqlite_decode_row(rl_conn *c, sqlite3_stmt *stmt, const rl_stmt *decl, rl_row_view *row, rl_error *err);
rille_status rl_sqlite_describe(rl_conn *c, sqlite3_stmt *stmt, const rl_stmt *decl, rl_error *err);

/* transaction.c: the verbs */
rille_status rl_sqlite_begin(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err);
rille_status rl_sqlite_commit(rl_conn *c, rl_commands *out, rl_error *err);
rille_status rl_sqlite_rollback(rl_conn *c, rl_commands *out, rl_error *err);
rille_status rl_sqlite_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
rille_status rl_sqlite_release_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
rille_status rl_sqlite_rollback_to(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);

/* step.c */
/* Queues a command. NULL: failed. */
rl_sqlite_item *rl_sqlite_queue_command(rl_conn *c, const char *sql, rille_status *status, rl_error *err);
rille_status rl_sqlite_send(rl_conn *c, const rl_stmt *decl, const rl_value *params, rl_error *err);
rille_status rl_sqlite_send_command(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_sqlite_send_script(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_sqlite_next(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err);
rille_status rl_sqlite_fetch(rl_conn *c, rl_cursor *cursor, const rl_stmt *decl, const rl_value *params, uint32_t rows,
                             rl_error *err);
rille_status rl_sqlite_close_cursor(rl_conn *c, rl_cursor *cursor, rl_error *err);
void rl_sqlite_drop_queue(rl_conn *c);

/* cursor.c */
rl_sqlite_cursor *rl_sqlite_cursor_add(rl_conn *c,
                                       rl_sqlite_prepared *p); /* NULL: out of memory, p stays the caller's */
rl_sqlite_cursor *rl_sqlite_cursor_find(const rl_conn *c, uint32_t number);
void rl_sqlite_cursor_end(rl_conn *c, rl_sqlite_cursor *cursor);
void rl_sqlite_cursors_end(rl_conn *c);
/* Ends those of a transaction that has ended. */
void rl_sqlite_cursors_settle(rl_conn *c);
/* Sets in *wait when to try again for a lock that another connection has, or fails when the time has passed. */
rille_status rl_sqlite_wait_for_lock(rl_conn *c, int64_t timeout_ms, int rc, rl_wait *wait, rl_error *err);

/* url.c */
rille_status rl_sqlite_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);

#endif
