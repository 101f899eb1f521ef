/* Inside the PostgreSQL driver: the connection, its queue, and the functions that its files share. */
#ifndef RL_DRIVER_POSTGRES_PG_H
#define RL_DRIVER_POSTGRES_PG_H

#include "driver/driver.h"

#include <libpq-fe.h>
#include <sys/types.h>

#include "driver/stmt_cache.h"

#define RL_PG_NAME_MAX 24

/* A statement prepared on the server. Its name has a number that this connection never uses twice. */
typedef struct rl_pg_prepared {
  uint32_t number;
  char name[RL_PG_NAME_MAX];
} rl_pg_prepared;

typedef enum rl_pg_kind {
  /* The driver's own, whose answers are not reported: */
  RL_PG_PREPARE, /* before the statement's first run */
  RL_PG_DEALLOCATE,
  RL_PG_DECLARE,  /* before the first FETCH from a cursor */
  RL_PG_SETTINGS, /* settings that a pooler did not pass to the session, for one transaction */
  /* Those of callers: */
  RL_PG_STATEMENT,
  RL_PG_COMMAND,
  RL_PG_SCRIPT,
  RL_PG_SYNC /* the end of a pipeline */
} rl_pg_kind;

/* Something sent whose answer has not been read, in order of sending. */
typedef struct rl_pg_item {
  rl_pg_kind kind;
  const rl_stmt *stmt;
  uint32_t number;      /* PREPARE, STATEMENT: of the name */
  uint32_t first_param; /* STATEMENT: into rl_conn.params */
} rl_pg_item;

/* An encoded parameter. Its bytes are in rl_conn.bytes, which may still move. */
typedef struct rl_pg_param {
  size_t offset; /* SIZE_MAX: NULL */
  int length;
  int format; /* 0 text, terminated; 1 binary */
  Oid type;   /* 0: the server infers it */
} rl_pg_param;

/* How a column of the current result is decoded. */
typedef struct rl_pg_column {
  int op; /* of decode.c */
  Oid oid;
  rl_wire_type wire_type;
  bool convert; /* the server's type differs from the wire type */
  bool simple;  /* neither converted nor an array */
} rl_pg_column;

typedef struct rl_pg_hosts rl_pg_hosts;

struct rl_conn {
  const rl_conn_options *options;
  PGconn *pg;               /* NULL until the names of the hosts are resolved */
  PQconninfoOption *wanted; /* the options of the URL; like `hosts`, until it is connected */
  rl_pg_hosts *hosts;
  size_t address;                    /* the one being tried, */
  int64_t address_since;             /* since then */
  struct rl_pg_canceller *canceller; /* created when connected, so any thread may use it */
  long pid;
  bool ready, lost;
  bool server_gone; /* a FATAL message, or an answer to no statement, was received */
  int64_t connect_ms, connect_until;
  int64_t last_used;                          /* rl_clock_ms when the queue was last empty */
  char limits[RL_MOST_LIMITS][RL_LIMIT_SIZE]; /* for transactions of limits_ms: most have the same */
  size_t limit_count;
  int64_t limits_ms;
  rl_stmt session_stmt; /* sets the settings of the transaction that begins; text and wire types are owned */
  rl_wire_type *session_wire_types;

  bool keeps_notifications; /* a listener asks for them */
  bool prepares;            /* statements may be prepared and kept */
  char *settings;           /* behind a pooler: the statement that starts each transaction; NULL: not needed */
  rl_stmt_cache statements;
  bool has_forgotten; /* the server may have statements that are not in the cache */
  uint32_t next_number;

  rl_pg_item *items; /* the next answer belongs to items[head] */
  size_t head, count, cap;
  size_t segment; /* index of the first item after the last SYNC */
  rl_buf bytes;   /* parameters of all queued items, kept so a statement can be sent again */
  rl_pg_param *params;
  size_t param_count, param_cap;
  const char **values; /* the same in libpq's form, for one statement */
  int *lengths, *formats;
  Oid *types;
  size_t array_cap;

  bool just_sent;  /* with nothing before it: the answer cannot have arrived, and reading would cost a system call */
  bool must_write; /* libpq still has bytes to send */
  bool began_idle; /* no transaction was open when the queue began to fill */
  int retries;     /* of the queue */
  size_t retry_at; /* index + 1 of the item to send again from, when the pipeline has ended */

  PGresult *result; /* the rows being delivered */
  int row, row_count;
  bool ended;  /* the statement's answer is complete except the SYNC */
  bool failed; /* ... and it is an error: */
  rl_error error;
  rl_error hidden; /* of the driver's own item; reported as the next statement's error */
  int64_t affected;
  bool counts_answers; /* a script of the caller is running */
  uint32_t answers;    /* of the script's statements */

  bool abandoning;
  int64_t abandon_until, cancel_at; /* cancel_at: when to ask the server (again) to stop */

  rl_pg_column *columns;
  rl_column_info *infos;
  rl_value *cells;
  size_t column_cap;
  uint32_t column_count;
  PGresult *described; /* the last raw result, which owns the names of its columns */
  PGnotify *notify;    /* the last one delivered */
  rl_arena scratch;    /* texts and lists converted for the current row */
  bool scratch_used;
  /* Why a cell could not be decoded: out of memory, or a valid value that does not fit the wire type. Neither: the
   * server sent an invalid value. */
  bool no_memory, wrong_type;
  int nesting;       /* of arrays within arrays, while one is decoded */
  int empty_answers; /* in a row */
};

/* conninfo.c */
rille_status rl_pg_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);
/* Builds a statement that sets, for one transaction behind a pooler, what differs in the session. *out is NULL if
 * nothing does. */
rille_status rl_pg_transaction_settings(const rl_conn_options *options, PGconn *pg, char **out, rl_error *err);
/* Writes the options of the session as one text of -c settings. user: the URL's own. */
void rl_pg_session_options(const rl_conn_options *options, const char *user, rl_buf *out);

/* error.c */
rille_status rl_pg_fail_result(rl_conn *c, const PGresult *result, rl_error *err);
rille_status rl_pg_fail_connect(rl_conn *c, rl_error *err);
/* Fails because the connection has broken, and marks it as lost. */
rille_status rl_pg_fail_lost(rl_conn *c, bool not_sent, rl_error *err);
/* Fails with P1017 because the server's answers do not match the statements, and marks the connection as lost. */
rille_status rl_pg_fail_out_of_step(rl_conn *c, const char *what, rl_error *err);

/* dump.c */
rille_status rl_pg_backup(rl_conn *c, const char *file, rl_error *err);
rille_status rl_pg_restore(rl_conn *c, const char *file, bool force, rl_error *err);

/* transaction.c: the verbs */
rille_status rl_pg_begin(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err);
rille_status rl_pg_commit(rl_conn *c, rl_commands *out, rl_error *err);
rille_status rl_pg_rollback(rl_conn *c, rl_commands *out, rl_error *err);
rille_status rl_pg_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
rille_status rl_pg_release(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
rille_status rl_pg_rollback_to(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err);
rille_status rl_pg_check_setting(rl_str name, rl_error *err);
void rl_pg_forget_session(rl_conn *c); /* frees what a begin has built */

/* send.c */
rille_status rl_pg_send(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
rille_status rl_pg_send_command(rl_conn *c, const char *sql, rl_error *err);
/* Sends a command that begins a transaction. Behind a pooler the session's settings follow it. */
rille_status rl_pg_send_begin(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_pg_send_script(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_pg_fetch_rows(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params, uint32_t rows,
                              rl_error *err);
rille_status rl_pg_close_cursor(rl_conn *c, rl_cursor *cursor, rl_error *err);
rille_status rl_pg_flush(rl_conn *c, rl_error *err);
rille_status rl_pg_send_again(rl_conn *c, size_t first, size_t end, rl_error *err); /* items [first, end) and a SYNC */
void rl_pg_forget_statements(rl_conn *c);
void rl_pg_forget(rl_conn *c, const rl_pg_item *prepare);
void rl_pg_queue_reset(rl_conn *c); /* the queue is empty */

/* result.c, abandon.c */
rille_status rl_pg_next(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err);
uint32_t rl_pg_columns(rl_conn *c, const rl_column_info **out);
rille_status rl_pg_abandon(rl_conn *c, rl_wait *wait, rl_error *err);
/* Takes libpq's next answer, which may be NULL: RILLE_OK; AGAIN; or an error, then the connection is lost. */
rille_status rl_pg_fetch(rl_conn *c, PGresult **out, rl_wait *wait, rl_error *err);

/* cancel.c. Any thread may call `ask`, which returns immediately. There is one request at a time. A statement that is
 * sent while it `asks` might be stopped instead. */
typedef struct rl_pg_canceller rl_pg_canceller;
rl_pg_canceller *rl_pg_canceller_new(PGconn *pg); /* NULL: out of memory */
/* Closes the connection too, immediately or after the current request. c and pg may be NULL. */
void rl_pg_canceller_free(rl_pg_canceller *c, PGconn *pg);
void rl_pg_canceller_ask(rl_pg_canceller *c);
bool rl_pg_canceller_asks(const rl_pg_canceller *c);

/* encode.c */
rille_status rl_pg_encode(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
bool rl_pg_write_scalar(rl_buf *out, rl_wire wire, const rl_value *v); /* binary; false: it has no binary form */
void rl_pg_write_text(rl_buf *out, rl_wire wire, const rl_value *v);   /* as the server reads it */
/* encode_array.c. false: an element has no binary form */
bool rl_pg_write_array(rl_buf *out, rl_wire wire, const rl_value *list);
void rl_pg_write_array_text(rl_buf *out, rl_wire wire, const rl_value *list);

/* decode.c */
rille_status rl_pg_describe(rl_conn *c, const rl_stmt *stmt, rl_error *err); /* of c->result */
rille_status rl_pg_decode_row(rl_conn *c, rl_row_view *row, rl_error *err);
void rl_pg_drop_result(rl_conn *c);
int rl_pg_op_of(Oid oid);
bool rl_pg_decode_cell(rl_conn *c, int op, Oid oid, const char *p, size_t len, rl_value *out);
bool rl_pg_convert(rl_conn *c, rl_wire wire, rl_value *v); /* convert.c */
bool rl_pg_decode_array(rl_conn *c, rl_wire wire, bool convert, const char *p, size_t len, rl_value *out); /* array.c */
bool rl_pg_decode_numeric(rl_conn *c, const char *p, size_t len, rl_value *out);        /* numeric.c */
bool rl_pg_decode_other(rl_conn *c, Oid oid, const char *p, size_t len, rl_value *out); /* text.c */
/* scratch.c */
/* Allocates memory for the current row. NULL: c->no_memory is set. */
char *rl_pg_scratch(rl_conn *c, size_t size);
bool rl_pg_keep(rl_conn *c, rille_value_kind kind, const char *text, size_t len, rl_value *out);
bool rl_pg_wrong_type(rl_conn *c); /* sets c->wrong_type and returns false */

/* Reads numbers of the wire: most significant byte first. */
static inline uint16_t rl_pg_u16(const char *p) {
  const unsigned char *b = (const unsigned char *)p;
  return (uint16_t)((unsigned)b[0] << 8 | b[1]);
}
static inline uint32_t rl_pg_u32(const char *p) {
  const unsigned char *b = (const unsigned char *)p;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}
static inline uint64_t rl_pg_u64(const char *p) {
  return (uint64_t)rl_pg_u32(p) << 32 | rl_pg_u32(p + 4);
}

#define RL_PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01, from 1970 */
#define RL_PG_EPOCH_DAYS 10957

/* Types by number, the same on every server. */
enum {
  RL_OID_BOOL = 16,
  RL_OID_BYTEA = 17,
  RL_OID_CHAR = 18,
  RL_OID_NAME = 19,
  RL_OID_INT8 = 20,
  RL_OID_INT2 = 21,
  RL_OID_INT2VECTOR = 22,
  RL_OID_INT4 = 23,
  RL_OID_REGPROC = 24,
  RL_OID_TEXT = 25,
  RL_OID_OID = 26,
  RL_OID_XID = 28,
  RL_OID_CID = 29,
  RL_OID_OIDVECTOR = 30,
  RL_OID_JSON = 114,
  RL_OID_XML = 142,
  RL_OID_CIDR = 650,
  RL_OID_FLOAT4 = 700,
  RL_OID_FLOAT8 = 701,
  RL_OID_UNKNOWN = 705,
  RL_OID_MACADDR8 = 774,
  RL_OID_MONEY = 790,
  RL_OID_MACADDR = 829,
  RL_OID_INET = 869,
  RL_OID_BPCHAR = 1042,
  RL_OID_VARCHAR = 1043,
  RL_OID_DATE = 1082,
  RL_OID_TIME = 1083,
  RL_OID_TIMESTAMP = 1114,
  RL_OID_TIMESTAMPTZ = 1184,
  RL_OID_INTERVAL = 1186,
  RL_OID_TIMETZ = 1266,
  RL_OID_BIT = 1560,
  RL_OID_VARBIT = 1562,
  RL_OID_NUMERIC = 1700,
  RL_OID_REGCLASS = 2205,
  RL_OID_REGTYPE = 2206,
  RL_OID_VOID = 2278,
  RL_OID_UUID = 2950,
  RL_OID_PG_LSN = 3220,
  RL_OID_JSONB = 3802,
  RL_OID_JSONPATH = 4072,
  RL_OID_XID8 = 5069
};

/* session.c */
extern const rl_advisory_locks rl_pg_advisory_locks;
extern const rl_notifications rl_pg_notifications;
extern const char rl_pg_position[];

#endif
