/* The one interface of a database driver: statements and parameters in, rows and errors out. A driver knows nothing of
 * schemas, queries or plans. It uses base and tape only. A function that would have to wait returns RILLE_AGAIN and
 * says what to wait for. Blocking is poll(2) around it, in the room above. One thread at a time uses a connection. */
#ifndef RL_DRIVER_DRIVER_H
#define RL_DRIVER_DRIVER_H

#include <rille/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/provider.h"
#include "base/wait.h"
#include "driver/transaction.h"
#include "tape/tape.h"
#include "tape/wire.h"

/* A statement, immutable, shared by all connections. `id` is unique in the process, and 0 for a statement that must not
 * be prepared and kept. Placeholders are $1.. on PostgreSQL and ?1.. on SQLite. */
typedef struct rl_stmt {
  uint64_t id;
  const char *sql; /* terminated */
  size_t sql_len;
  const rl_wire_type *params;
  uint32_t param_count;
  const rl_wire_type
      *columns; /* the wire types of a row; NULL with column_count 0: every column as ANY (raw queries) */
  uint32_t column_count;
  bool writes;       /* changes the database (SQLite: must run on the writer) */
  bool returns_rows; /* false: only the number of affected rows matters */
  bool numbers_rows; /* inserts rows whose key, an Int, the database generates (SQLite: without checking its range) */
} rl_stmt;

typedef struct rl_conn rl_conn;
typedef struct rl_driver rl_driver;

/* 0 seconds in a URL, which means no limit: longer than any process lives. */
#define RL_UNLIMITED_MS ((int64_t)INT32_MAX * 1000)

/* What a URL says, from rl_driver_parse_url. Its texts are in the arena of that call. */
typedef struct rl_conn_options {
  const rl_driver *driver;
  const char *conninfo;    /* PostgreSQL: for libpq, without rille's own parameters; SQLite: the path, or ":memory:" */
  const char *search_path; /* schema= of the URL, the first of the search path; NULL: absent */
  const char *display;     /* the URL without its password, for messages */
  const char *host, *database, *user; /* for messages; NULL: unknown */
  const char *address;                /* for messages: host and port, of all hosts; NULL: no server */
  int port;                           /* of the first */
  const char *parameters;             /* PostgreSQL: all that libpq gets, by name, but no secrets; NULL: none */
  const char *origin;                 /* of these, what names the server or database beside the address; NULL: none */
  bool memory;                        /* SQLite: in memory; exists as long as its one connection */
  bool pooled;                        /* behind a transaction-mode pooler: no named statements, no session state */
  bool read_only;                     /* SQLite: a reader connection */
  bool unixepoch_ms;                  /* SQLite: date-times are milliseconds since 1970, not ISO text */
  bool must_exist;                    /* SQLite: a missing file is not created */
  int connection_limit;               /* 0: not given */
  int64_t pool_timeout_ms, connect_timeout_ms, socket_timeout_ms; /* -1: not given */
  int statement_cache_size; /* prepared statements that a connection keeps; -1: not given, 500 */
} rl_conn_options;

/* A row. Its cells are views, valid until the next call on the connection. */
typedef struct rl_row_view {
  const rl_value *cells;
  uint32_t count;
} rl_row_view;

/* Columns of a raw query's result. Names are borrowed until the statement has ended. */
typedef struct rl_column_info {
  rl_str name;
  rl_wire_type wire_type; /* as decoded */
} rl_column_info;

/* A statement whose rows are fetched in portions. It ends at the latest with the transaction (or the savepoint) that
 * opened it. */
typedef struct rl_cursor {
  uint32_t number; /* 0: not opened yet */
} rl_cursor;

/* A notification from another session. */
typedef struct rl_notification {
  const char *channel, *payload; /* terminated */
  int pid;                       /* of the session that sent it */
} rl_notification;

/* LISTEN and NOTIFY. All texts are copied. */
typedef struct rl_notifications {
  size_t longest_name;                                            /* of a channel, in bytes */
  void (*write_listen)(rl_buf *out, rl_str channel, bool listen); /* the command that starts or stops listening */
  const char *ping;                                               /* a command that every live server answers */
  /* Queues a notification as one command: it is sent when the transaction commits. */
  rille_status (*notify)(rl_conn *c, rl_str channel, rl_str payload, rl_commands *out, rl_error *err);
  /* Takes the next notification received: RILLE_ROW, its texts valid until the next call; AGAIN; or an error, then the
   * connection is lost. wait NULL: it reads nothing from the server, as it must be while an answer is outstanding. The
   * connection keeps notifications from the first call on, so call it before LISTEN. Before that it drops them. */
  rille_status (*next)(rl_conn *c, rl_notification *out, rl_wait *wait, rl_error *err);
} rl_notifications;

/* Statements with one parameter, the key, and one Boolean as their result. The first index is 1 for a shared lock, the
 * second 1 for a key that is a text and not a number. */
typedef struct rl_advisory_locks {
  const char *take[2][2], *release[2][2];
} rl_advisory_locks;

enum { RL_VERSION_SIZE = 24 };

struct rl_driver {
  rl_provider provider;
  void (*library_version)(char out[RL_VERSION_SIZE]); /* of libpq or SQLite as loaded: "15.4" */
  /* How the database behaves. Each flag answers one question only. */
  bool single_writer;      /* one connection may write at a time, so a pool has one writer */
  bool cursors_see_writes; /* an open cursor sees what its own connection writes meanwhile */
  bool waits_for_locks;    /* `next` returns AGAIN only while another connection has a lock */
  bool may_be_lost;        /* a connection can end at any time, because its other end is a process */
  bool fails_partly;       /* a statement that fails outside transactions may have kept rows that it wrote before */
  bool statements_expire;  /* a prepared statement becomes invalid when another session changes its tables */
  bool infers_types;       /* a parameter's type comes from its place in the statement; false: from its value */
  /* The prefix that returns the lines of a statement's plan instead of running it; the text is in column
   * `explain_text`. With explain_tree the first two columns are the line's number and its parent's. */
  const char *explain;
  uint32_t explain_text;
  bool explain_tree;
  bool pipelines; /* several statements may be sent before the first answer is read */
  /* Sets in *out what the URL says. The caller has filled it with rl_url_no_options. P1013: the URL is wrong. */
  rille_status (*parse_url)(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);
  /* Starts to connect. The connection is usable when poll_connect returns RILLE_OK. On failure *out is NULL. The
   * connection borrows `options` until it is closed. */
  rille_status (*open)(const rl_conn_options *options, rl_conn **out, rl_error *err);
  rille_status (*poll_connect)(rl_conn *c, rl_wait *wait, rl_error *err);
  void (*close)(rl_conn *c); /* allowed at any time */
  /* Queues a statement. Copies or encodes its parameters. With pipelines, several statements may be queued before the
   * first row is read, and results come in the same order. A failed statement fails every later one of the same
   * pipeline, up to the flush. */
  rille_status (*send)(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
  rille_status (*flush)(rl_conn *c, rl_error *err); /* ends the pipeline: sends what is queued */
  /* Reads results, in order of sending. RILLE_ROW: *row. RILLE_DONE: this statement has ended with *affected rows
   * (select: rows returned), and the next call is about the next one. RILLE_AGAIN: wait. RILLE_ERROR: the statement
   * failed; the connection is clean again once every queued statement has been read. */
  rille_status (*next)(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err);
  uint32_t (*columns)(
      rl_conn *c, const rl_column_info **out); /* of the current statement of `next`; known after its first answer */
  /* Queues the next `rows` rows of a statement that only reads. They come as from `send`; fewer mean that there are no
   * more. The first call opens the cursor with `params`, within a transaction. Later calls ignore them. */
  rille_status (*fetch)(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params, uint32_t rows,
                        rl_error *err);
  /* Queues the end of an open cursor. Poll with next, which returns DONE. */
  rille_status (*close_cursor)(rl_conn *c, rl_cursor *cursor, rl_error *err);
  /* Abandons what is queued or running: PostgreSQL cancels on the server and drains, SQLite resets. Afterwards the
   * connection is clean, or lost (see is_usable). AGAIN as above. */
  rille_status (*abandon)(rl_conn *c, rl_wait *wait, rl_error *err);
  /* The verbs of transactions. Each queues its commands in one pipeline and lists them in *out. Poll with next, once
   * for each command. savepoint: an identifier, rille's own name. */
  rille_status (*begin)(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err);
  rille_status (*commit)(rl_conn *c, rl_commands *out, rl_error *err);
  rille_status (*rollback)(rl_conn *c, rl_commands *out, rl_error *err);
  rille_status (*savepoint)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  rille_status (*release)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  rille_status (*rollback_to)(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
  uint32_t isolation_levels; /* those supported: 1 << rl_isolation of each */
  /* Checks the name of a setting for rl_begin: VALIDATION if no setting can have it. NULL: sessions have no settings.
   */
  rille_status (*check_setting)(rl_str name, rl_error *err);
  /* Queues one statement without parameters and rows that is none of the verbs above (LISTEN, SET). Poll with next,
   * which returns DONE. `sql` is terminated and copied. */
  rille_status (*send_command)(rl_conn *c, const char *sql, rl_error *err);
  /* Queues a script of any number of statements. next returns DONE at its end. PostgreSQL: simple protocol, only
   * outside a pipeline. */
  rille_status (*send_script)(rl_conn *c, const char *sql, rl_error *err);
  bool (*is_usable)(const rl_conn *c); /* false: the connection is lost, or belongs to another process (after fork) */
  bool (*in_transaction)(const rl_conn *c);     /* as the database says */
  bool (*transaction_failed)(const rl_conn *c); /* in one that accepts no more statements and must be rolled back */
  int (*descriptor)(const rl_conn *c);          /* -1: none */
  /* Sets the deadline at which statements stop, with P1008. NULL: a call never computes for long before it returns
   * AGAIN. */
  void (*run_until)(rl_conn *c, int64_t deadline_ms);
  /* Writes the whole database into an existing, empty file, consistent while others write; and reads it back, all or
   * nothing. The connection is idle. Both block, since people run them, not requests. `force`: drops what the database
   * has under the names that the file has. Errors: BACKUP; P1008 if others use the database and must not. */
  rille_status (*backup)(rl_conn *c, const char *file, rl_error *err);
  rille_status (*restore)(rl_conn *c, const char *file, bool force, rl_error *err);
  /* What only some databases have. NULL: not this one. */
  const rl_advisory_locks *advisory_locks;
  const rl_notifications *notifications;
  /* Reads a number that changes whenever another connection has committed, not when this one has. The connection is
   * idle. Does not wait: AGAIN: another connection has a lock. An error: the connection is not to be used any more,
   * because its database is not where it was. */
  rille_status (*foreign_version)(rl_conn *c, int64_t *version, rl_error *err);
  /* Returns whether the server is a standby now, whose answers may lag behind. NULL: never. */
  bool (*is_standby)(const rl_conn *c);
  const char *position; /* replicas: a query for the position of the server's log, one INT8 */
};

/* The drivers by provider. NULL: not in this build. */
extern const rl_driver *const rl_drivers[RL_PROVIDER_SLOTS];

/* Fails with "SQLite has no notifications; they exist on PostgreSQL", with `where` in front of it. */
rille_status rl_fail_lack(rl_error *err, rl_code code, const rl_driver *driver, bool (*has)(const rl_driver *),
                          const char *where, const char *what);

/* Finds the driver by the URL's scheme. P1013 for an unknown or malformed one, with what would be right. */
rille_status rl_driver_of_url(rl_str url, const rl_driver **out, rl_error *err);
rille_status rl_driver_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);

extern const rl_driver rl_driver_postgres, rl_driver_sqlite;

#endif
