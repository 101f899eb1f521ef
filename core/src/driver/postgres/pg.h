/* Inside the PostgreSQL driver: the connection, its queue, and what its parts offer one another. */
#ifndef RL_DRIVER_POSTGRES_PG_H
#define RL_DRIVER_POSTGRES_PG_H

#include "driver/driver.h"

#include <libpq-fe.h>
#include <sys/types.h>

#include "driver/stmt_cache.h"

#define RL_PG_NAME_MAX 24

/* A statement prepared on the server. Its name is made of a number that this connection never uses twice. */
typedef struct rl_pg_prepared {
  uint32_t number;
  char name[RL_PG_NAME_MAX];
} rl_pg_prepared;

typedef enum rl_pg_kind {
  RL_PG_PREPARE,    /* ours, told to nobody: comes before the statement's first run */
  RL_PG_DEALLOCATE, /* ours as well */
  RL_PG_DECLARE,    /* and this: comes before the first FETCH from a cursor */
  RL_PG_SETTINGS,   /* and this: what a pooler has kept from the session, for one transaction */
  RL_PG_STATEMENT,
  RL_PG_COMMAND,
  RL_PG_SCRIPT,
  RL_PG_SYNC /* the end of a pipeline */
} rl_pg_kind;

/* Something sent whose answer is still to come, in order of sending. */
typedef struct rl_pg_item {
  rl_pg_kind kind;
  const rl_stmt *stmt;
  uint32_t number;      /* PREPARE, STATEMENT: of the name */
  uint32_t first_param; /* STATEMENT: into rl_conn.params */
} rl_pg_item;

/* A parameter, encoded. The bytes lie in rl_conn.bytes, which may still move. */
typedef struct rl_pg_param {
  size_t offset; /* SIZE_MAX: NULL */
  int length;
  int format; /* 0 text, terminated; 1 binary */
  Oid type;   /* 0: the server works it out */
} rl_pg_param;

/* How a column of the present result is decoded. */
typedef struct rl_pg_column {
  int op; /* decode.c's own */
  Oid oid;
  rl_wire_type wire_type;
  bool convert; /* the server's type is not quite what the wire type wants */
} rl_pg_column;

typedef struct rl_pg_hosts rl_pg_hosts;

struct rl_conn {
  const rl_conn_options *options;
  PGconn *pg;               /* NULL until the names of the hosts are resolved */
  PQconninfoOption *wishes; /* until it is connected, as the hosts */
  rl_pg_hosts *hosts;
  size_t address; /* which of them is being tried, and since when */
  int64_t address_since;
  struct rl_pg_canceller *canceller; /* made when connected, so that any thread may use it */
  long pid;
  bool ready, lost;
  bool server_gone; /* a FATAL message came while nothing was running, or anything else that nobody had asked for */
  int64_t connect_ms, connect_until;
  int64_t last_used; /* rl_clock_ms when the queue was last empty */
  char version[32];
  char limits[RL_MOST_LIMITS][RL_LIMIT_SIZE]; /* for transactions of limits_ms: most are of the same */
  size_t limit_count;
  int64_t limits_ms;
  rl_stmt session_stmt; /* sets the settings of the transaction that begins; text and wire types are owned */
  rl_wire_type *session_wire_types;

  bool hears;     /* notifications are kept, because somebody asks for them */
  bool named;     /* statements may be prepared and kept */
  char *settings; /* behind a pooler: what each transaction begins with; NULL: nothing is amiss */
  rl_stmt_cache statements;
  bool forgotten; /* the server may have statements that are not among them */
  uint32_t next_number;

  rl_pg_item *items; /* items[head] is what the next answer is about */
  size_t head, count, cap;
  size_t segment; /* index of the first item after the last SYNC */
  rl_buf bytes;   /* parameters of all that is in the queue: kept, so that a statement can be sent again */
  rl_pg_param *params;
  size_t param_count, param_cap;
  const char **values; /* the same as libpq wants them, for one statement */
  int *lengths, *formats;
  Oid *types;
  size_t array_cap;

  bool fresh; /* just sent, with nothing before it: the answer cannot be there yet, and looking would cost a system call
               */
  bool must_write; /* libpq still has bytes to send */
  bool began_idle; /* no transaction was open when the queue began to fill */
  int retries;     /* of what is in the queue */
  size_t retry_at; /* index + 1 of the item from which to send again, when the pipeline has ended */

  PGresult *result; /* whose rows are handed out */
  int row, row_count;
  bool ended;  /* the statement's answer is complete but for the SYNC */
  bool failed; /* ... and it is an error: */
  rl_error error;
  rl_error hidden; /* what went wrong in something of ours: it is the next statement's fault */
  int64_t affected;
  bool counts;      /* a script is under way, */
  uint32_t answers; /* of which this many statements have run */

  bool abandoning;
  int64_t abandon_until, cancel_at; /* cancel_at: when the server is asked (again) to stop */

  rl_pg_column *columns;
  rl_column_info *infos;
  rl_value *cells;
  size_t column_cap;
  uint32_t column_count;
  PGresult *described; /* the last raw result: names of its columns are borrowed from it */
  PGnotify *notify;    /* the last one that was told */
  rl_arena scratch;    /* texts and lists converted for the present row */
  bool scratch_used;
  /* Why a cell could not be decoded: memory is short, or what came is right but not what the wire type wants. Neither:
   * the server sent what is no value of its own type. */
  bool no_memory, unfit;
  int nesting;  /* of arrays within arrays, while one is decoded */
  int nothings; /* answers in a row that said nothing */
};

/* conninfo.c */
rille_status rl_pg_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err);
/* The options of the session, as one text of -c settings; user: what the URL says itself. */
/* Behind a pooler: a statement that sets, for one transaction, what the session is not like already. NULL in *out when
 * nothing is to be set. */
rille_status rl_pg_transaction_settings(const rl_conn_options *options, PGconn *pg, char **out, rl_error *err);
void rl_pg_session_options(const rl_conn_options *options, const char *user, rl_buf *out);

/* error.c */
rille_status rl_pg_fail_result(rl_conn *c, const PGresult *result, rl_error *err);
rille_status rl_pg_fail_connect(rl_conn *c, rl_error *err);
/* The connection has broken: it is marked as lost. */
rille_status rl_pg_fail_lost(rl_conn *c, bool not_sent, rl_error *err);
/* What the server says does not fit what it was asked: P1017, the connection is marked as lost. */
rille_status rl_pg_out_of_step(rl_conn *c, const char *what, rl_error *err);

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
void rl_pg_forget_session(rl_conn *c); /* frees what a begin has made */

/* send.c */
rille_status rl_pg_send(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
rille_status rl_pg_send_command(rl_conn *c, const char *sql, rl_error *err);
/* A command that begins a transaction. Behind a pooler the settings of our own follow it. */
rille_status rl_pg_send_begin(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_pg_send_script(rl_conn *c, const char *sql, rl_error *err);
rille_status rl_pg_fetch_rows(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params, uint32_t rows,
                              rl_error *err);
rille_status rl_pg_close_cursor(rl_conn *c, rl_cursor *cursor, rl_error *err);
rille_status rl_pg_flush(rl_conn *c, rl_error *err);
rille_status rl_pg_send_again(rl_conn *c, size_t first, size_t end, rl_error *err); /* items [first, end) and a SYNC */
void rl_pg_forget_statements(rl_conn *c);
void rl_pg_forget(rl_conn *c, const rl_pg_item *prepare);
void rl_pg_queue_reset(rl_conn *c); /* when it is empty */

/* result.c, abandon.c */
rille_status rl_pg_next(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err);
uint32_t rl_pg_columns(rl_conn *c, const rl_column_info **out);
rille_status rl_pg_abandon(rl_conn *c, rl_wait *wait, rl_error *err);
/* The next answer of libpq, possibly NULL: RILLE_OK; AGAIN; or an error, then the connection is lost. */
rille_status rl_pg_fetch(rl_conn *c, PGresult **out, rl_wait *wait, rl_error *err);
void rl_pg_drop_result(rl_conn *c);

/* cancel.c. ask returns at once, from any thread; while one request is on its way there is no second. What is sent
 * while it `asks` might be stopped instead. */
typedef struct rl_pg_canceller rl_pg_canceller;
rl_pg_canceller *rl_pg_canceller_new(PGconn *pg); /* NULL: memory is short */
/* Closes the connection too: at once, or after what it asks for now. c and pg may be NULL. */
void rl_pg_canceller_free(rl_pg_canceller *c, PGconn *pg);
void rl_pg_canceller_ask(rl_pg_canceller *c);
bool rl_pg_canceller_asks(const rl_pg_canceller *c);

/* encode.c */
rille_status rl_pg_encode(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err);
bool rl_pg_write_scalar(rl_buf *out, rl_wire wire, const rl_value *v); /* binary; false: it has no such form */
void rl_pg_write_text(rl_buf *out, rl_wire wire, const rl_value *v);   /* as the server reads it */
/* encode_array.c: false when some element has no binary form */
bool rl_pg_write_array(rl_buf *out, rl_wire wire, const rl_value *list);
void rl_pg_write_array_text(rl_buf *out, rl_wire wire, const rl_value *list);

/* decode.c */
rille_status rl_pg_describe(rl_conn *c, const rl_stmt *stmt, rl_error *err); /* of c->result */
rille_status rl_pg_decode_row(rl_conn *c, rl_row_view *row, rl_error *err);
int rl_pg_op_of(Oid oid);
bool rl_pg_decode_cell(rl_conn *c, int op, Oid oid, const char *p, size_t len, rl_value *out);
bool rl_pg_convert(rl_conn *c, rl_wire wire, rl_value *v); /* convert.c */
bool rl_pg_decode_array(rl_conn *c, rl_wire wire, bool convert, const char *p, size_t len, rl_value *out); /* array.c */
bool rl_pg_decode_numeric(rl_conn *c, const char *p, size_t len, rl_value *out);        /* numeric.c */
bool rl_pg_decode_other(rl_conn *c, Oid oid, const char *p, size_t len, rl_value *out); /* text.c */
/* Memory for the present row; NULL is noted in c->no_memory. */
char *rl_pg_scratch(rl_conn *c, size_t size);
bool rl_pg_keep(rl_conn *c, rille_value_kind kind, const char *text, size_t len, rl_value *out);
bool rl_pg_unfit(rl_conn *c); /* notes it and answers false */

/* Numbers of the wire: most significant byte first. */
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

/* Types by number: they are the same on every server. */
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
