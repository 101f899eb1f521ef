/* The one interface of a database driver: statements and parameters in, rows and errors out. A driver knows nothing of
 * schemas, queries or plans; it sees base and tape only. Every call that might wait returns RILLE_AGAIN instead and
 * says what to wait for; blocking is poll(2) around it, in the room above. A connection is used by one thread at a
 * time. */
#ifndef RL_DRIVER_DRIVER_H
#define RL_DRIVER_DRIVER_H

#include <rille/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/provider.h"
#include "driver/transaction.h"
#include "tape/tape.h"
#include "tape/wire.h"

/* A statement, immutable, shared by all connections; `id` is unique in the process and never 0 for one that may be
 * prepared and kept. Placeholders are $1.. on PostgreSQL and ?1.. on SQLite. */
typedef struct rl_stmt {
  uint64_t id;
  const char *sql; /* terminated */
  size_t sql_len;
  const rl_wire_type *params;
  uint32_t param_count;
  /* what rows are decoded to; NULL with column_count 0: every column as ANY (raw queries) */
  const rl_wire_type *columns;
  uint32_t column_count;
  bool writes;       /* changes the database (SQLite: must run on the writer) */
  bool returns_rows; /* rows are expected; else only the count of affected rows matters */
  bool numbers_rows; /* inserts rows whose key, an Int, the database numbers (SQLite: without a look at its type) */
} rl_stmt;

typedef struct rl_conn rl_conn;
typedef struct rl_driver rl_driver;

typedef struct rl_wait {
  int fd; /* -1: nothing to wait for but time */
  bool read, write;
  int64_t until_ms; /* rl_clock_ms; RL_NO_DEADLINE when only the descriptor counts */
} rl_wait;

/* 0 seconds in a URL, which is no limit: longer than any process lives. */
#define RL_UNLIMITED_MS ((int64_t)INT32_MAX * 1000)

/* What a URL says after rl_driver_parse_url. Owned by whoever parsed; texts lie in the arena given there. */
typedef struct rl_conn_options {
  const rl_driver *driver;
  const char
      *conninfo; /* PostgreSQL: for libpq, the parameters that are ours taken out; SQLite: the path, or ":memory:" */
  const char *search_path;            /* schema= of the URL, NULL when absent: the first of the search path */
  const char *display;                /* the URL without its password, for messages */
  const char *host, *database, *user; /* for messages; NULL when unknown */
  const char *address;                /* likewise: host and port, of all hosts; NULL when there is no server */
  int port;                           /* of the first */
  bool memory;                        /* SQLite: an in-memory database: exists as long as its one connection */
  bool pooled;                        /* behind a transaction-mode pooler: no named statements, no session state */
  bool read_only;                     /* SQLite: a reader connection */
  bool unixepoch_ms;                  /* SQLite: moments are milliseconds since 1970, not ISO text */
  bool must_exist;                    /* SQLite: a file that is not there is not made */
  int connection_limit;               /* 0: not given */
  int64_t pool_timeout_ms, connect_timeout_ms, socket_timeout_ms; /* -1: not given */
  int statement_cache_size; /* prepared statements kept by a connection; -1: not given, then 500 */
} rl_conn_options;

/* A row: cells are views that stay valid until the next call on the connection. */
typedef struct rl_row_view {
  const rl_value *cells;
  uint32_t count;
} rl_row_view;

/* Columns of a raw query's result. Names are borrowed until the statement has ended. */
typedef struct rl_column_info {
  rl_str name;
  rl_wire_type wire_type; /* as decoded */
} rl_column_info;

/* A statement whose rows are fetched in portions. It ends with the transaction (or the savepoint) in which it was
 * opened, at the latest. */
typedef struct rl_cursor {
  uint32_t number; /* 0: not opened yet */
} rl_cursor;

/* What another session has told this one. */
typedef struct rl_notified {
  const char *channel, *payload; /* terminated */
  int pid;                       /* of the session that told it */
} rl_notified;

/* LISTEN and NOTIFY. */
typedef struct rl_notifications {
  size_t longest_name;                                            /* of a channel, in bytes */
  void (*write_listen)(rl_buf *out, rl_str channel, bool listen); /* the command that begins or ends to listen */
  const char *sign_of_life;                                       /* a command that any server that lives answers */
  /* The next notification that has come: RILLE_ROW, its texts valid until the next call; AGAIN; or an error, then the
   * connection is lost. Nothing else may be under way. Notifications are kept from the
   * first call on: make one before LISTEN. A connection that is never asked drops them. */
  rille_status (*next)(rl_conn *c, rl_notified *out, rl_wait *wait, rl_error *err);
} rl_notifications;

/* Statements with one parameter, the key, and one Boolean as their result. The first index is 1 for a shared lock, the
 * second 1 for a key that is a text and not a number. */
typedef struct rl_advisory_locks {
  const char *take[2][2], *give[2][2];
} rl_advisory_locks;

enum { RL_VERSION_SIZE = 24 };

struct rl_driver {
  rl_provider provider;
  void (*library_version)(char out[RL_VERSION_SIZE]); /* of libpq or SQLite as loaded: "15.4" */
  /* How it behaves. Each flag says one thing and is not asked for another. */
  bool single_writer;      /* one connection may write at a time, so a pool has one writer */
  bool cursors_see_writes; /* an open cursor meets what its own connection writes meanwhile */
  bool waits_for_locks;    /* `next` answers AGAIN only while others hold a lock */
  bool infers_types;       /* the place of a parameter in its statement tells its type; else its value does */
  /* Before a statement: the lines of its plan come instead of its rows, the text in column `explain_text`; nothing is
   * run. With explain_tree the first two columns are the line's number and its parent's. */
  const char *explain;
  uint32_t explain_text;
  bool explain_tree;
  bool pipelines; /* several statements may be sent before the first answer is read */
  rille_status (*parse_url)(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err); /* P1013 */
  /* Begins to connect; the connection is usable when poll_connect returns RILLE_OK. On failure *out is NULL. `options`
   * is borrowed as long as the connection lives. */
  rille_status (*open)(const rl_conn_options *options, rl_conn **out, rl_error *err);
  rille_status (*poll_connect)(rl_conn *c, rl_wait *wait, rl_error *err);
  void (*close)(rl_conn *c); /* always safe, also in the middle of anything */
  /* Queues a statement. Parameters are copied or encoded here: not needed after. With pipelines, several may be queued
   * before the first row is read; results come in the same order. A failed statement fails every later one of the same
   * pipeline up to the flush. */
  rille_status (*send)(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
  rille_status (*flush)(rl_conn *c, rl_error *err); /* ends the pipeline: what was queued goes to the server */
  /* Results, in order of sending. RILLE_ROW: *row; RILLE_DONE: this statement has ended, *affected rows (select: rows
   * returned), the next call is about the next one; RILLE_AGAIN: wait; RILLE_ERROR: the statement failed and the
   * connection is clean again once every queued one was asked. */
  rille_status (*next)(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err);
  uint32_t (*columns)(
      rl_conn *c, const rl_column_info **out); /* of the statement that `next` is about; known after its first answer */
  /* Queues the next `rows` rows of a statement that only reads; they come as from `send`, fewer of them when there are
   * no more. Opened with `params` the first time (later they are not looked at), within a transaction. */
  rille_status (*fetch)(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params, uint32_t rows,
                        rl_error *err);
  /* Queues the early end of an open cursor; poll with next (returns DONE). */
  rille_status (*close_cursor)(rl_conn *c, rl_cursor *cursor, rl_error *err);
  /* Gives up what is still queued or running: PostgreSQL cancels on the server and drains, SQLite resets. Afterwards
   * the connection is clean, or lost (check is_usable). AGAIN as above. */
  rille_status (*abandon)(rl_conn *c, rl_wait *wait, rl_error *err);
  /* The verbs of transactions. Each queues what it takes, told in *out, in one pipeline: poll with next, once for each
   * command. savepoint: a name of our own, an identifier. */
  rille_status (*begin)(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err);
  rille_status (*commit)(rl_conn *c, rl_commands *out, rl_error *err);
  rille_status (*rollback)(rl_conn *c, rl_commands *out, rl_error *err);
  rille_status (*savepoint)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  rille_status (*release)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  rille_status (*rollback_to)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  uint32_t isolation_levels; /* that can be asked for: 1 << rl_isolation of each */
  /* Whether rl_begin can set this for a transaction: VALIDATION when no setting can have that name. NULL where a
   * session has no settings. */
  rille_status (*check_setting)(rl_str name, rl_error *err);
  /* One statement without parameters and rows, and other than a verb above (LISTEN, SET); PostgreSQL: simple protocol
   * or pipeline alike; poll with next (returns DONE). `sql` terminated, copied. */
  rille_status (*send_command)(rl_conn *c, const char *sql, rl_error *err);
  /* A script of any number of statements; its end is told by next (DONE). PostgreSQL: simple protocol, only outside a
   * pipeline. */
  rille_status (*send_script)(rl_conn *c, const char *sql, rl_error *err);
  bool (*is_usable)(
      const rl_conn *c); /* false once the connection is lost, or belongs to another process (after fork) */
  bool (*in_transaction)(const rl_conn *c);     /* as the database says */
  bool (*transaction_failed)(const rl_conn *c); /* in one that takes nothing more and can only be rolled back */
  int (*descriptor)(const rl_conn *c);          /* -1 when there is none */
  const char *(*server_version)(const rl_conn *c);
  /* Statements stop by themselves when this time has come, with P1008; RL_NO_DEADLINE: never. NULL where a call never
   * computes for long before it answers AGAIN. */
  void (*run_until)(rl_conn *c, int64_t deadline_ms);
  /* The whole database into a file that is there and empty, consistent while others write; and back, all or nothing.
   * The connection is idle. Both block: they are for people, not for requests. `force`: what the database has in the
   * place of what the file has is dropped. Errors: BACKUP; P1008 when others use it and must not. */
  rille_status (*backup)(rl_conn *c, const char *file, rl_error *err);
  rille_status (*restore)(rl_conn *c, const char *file, bool force, rl_error *err);
  /* What only some databases have. NULL where there is none. */
  const rl_advisory_locks *advisory_locks;
  const rl_notifications *notifications;
  const char *position; /* replicas: a query that gives how far the server's log has come, as one INT8 */
};

/* Indexed by provider; NULL where this library was built without one. */
extern const rl_driver *const rl_drivers[RL_PROVIDER_SLOTS];

/* "SQLite has no notifications; they exist on PostgreSQL", with `where` in front of it. */
rille_status rl_fail_lack(rl_error *err, rl_code code, const rl_driver *driver, bool (*has)(const rl_driver *),
                          const char *where, const char *what);

/* By URL scheme; P1013 for an unknown or malformed one, with what would be right. */
rille_status rl_driver_of_url(rl_str url, const rl_driver **out, rl_error *err);
rille_status rl_driver_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);

extern const rl_driver rl_driver_postgres, rl_driver_sqlite;

#endif
