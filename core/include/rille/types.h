/* Plain types shared by every public header: status, kinds of error, values, rows, events.
 *
 * Everything here is frozen: constants are never renumbered, and a reader treats an unknown constant as the documented
 * fallback. */
#ifndef RILLE_TYPES_H
#define RILLE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <rille/actions.h>
#include <rille/export.h>

/* What a function returns. 0 and positive: success. Negative: failure, described by the error that the last parameter
 * received. */
typedef int32_t rille_status;
#define RILLE_OK 0
#define RILLE_ROW 1     /* a row was returned */
#define RILLE_DONE 2    /* no more rows */
#define RILLE_AGAIN 3   /* would block: wait for what rille_op_wait names, then call again */
#define RILLE_BATCH 4   /* a batch of a stream is complete, more may follow: see rille_op_set_stream */
#define RILLE_RESTART 5 /* the rows so far are invalid, and all come again: see rille_op_set_whole */
#define RILLE_ERROR (-1)
#define RILLE_NOMEM (-2) /* out of memory; there may be no error object */

/* Kinds of error, like `e.kind` in Lua. Treat unknown values as RILLE_KIND_INTERNAL. */
typedef int32_t rille_kind;
#define RILLE_KIND_INTERNAL 0
#define RILLE_KIND_CONNECTION 1
#define RILLE_KIND_VALIDATION 2
#define RILLE_KIND_CONSTRAINT 3
#define RILLE_KIND_NOT_FOUND 4
#define RILLE_KIND_TRANSACTION 5
#define RILLE_KIND_TIMEOUT 6
#define RILLE_KIND_MIGRATION 7

/* Kinds of value. Treat unknown kinds as opaque bytes. */
typedef uint32_t rille_value_kind;
#define RILLE_NULL 0
#define RILLE_BOOL 1     /* i: 0 or 1 */
#define RILLE_INT 2      /* i: Int and BigInt */
#define RILLE_FLOAT 3    /* f */
#define RILLE_TEXT 4     /* p, len: UTF-8, not terminated; String, enum (its name in the schema), uuid */
#define RILLE_BYTES 5    /* p, len */
#define RILLE_DECIMAL 6  /* p, len: plain decimal text, no exponent; also "NaN" */
#define RILLE_DATETIME 7 /* i: microseconds since 1970-01-01T00:00:00Z */
#define RILLE_JSON 8     /* p, len: JSON text */
#define RILLE_LIST 9     /* list: len elements */

typedef struct rille_value {
  rille_value_kind kind;
  uint32_t len; /* bytes of p, or elements of list */
  union {
    int64_t i;
    double f;
    const char *p;
    const struct rille_value *list;
  } as;
} rille_value;

/* How to read the result of an operation. */
typedef int32_t rille_result;
#define RILLE_RESULT_ROW 1     /* one row of the root node, or none */
#define RILLE_RESULT_ROWS 2    /* any number of rows of the root node */
#define RILLE_RESULT_COUNT 3   /* { count = n }: rille_op_affected */
#define RILLE_RESULT_INTEGER 4 /* the one cell of the one row */
#define RILLE_RESULT_BOOLEAN 5 /* the one cell of the one row */
#define RILLE_RESULT_NONE 6    /* nothing: begin, commit, ... */
#define RILLE_RESULT_JSON 7    /* no rows, but a text: rille_op_json */

/* A row of a result: see rille_op_next. */
typedef struct rille_row {
  uint32_t node;            /* which node it belongs to */
  uint32_t count;           /* cells: the columns of the node */
  uint64_t ordinal;         /* number within the node, from 0 */
  uint64_t parent;          /* ordinal of the parent in the parent's node; 0 for the root */
  const rille_value *cells; /* NULL columns are RILLE_NULL */
} rille_row;

/* The layout of a result: a tree of nodes, each with columns. See rille_op_shape.
 *
 * A node that is its own parent continues the node before it. A recursive include has one such node for the levels
 * below the first and, if `depth` limits it, one for the last level. Their rows and those of the node that they
 * continue are numbered together. All of them are parents of the nodes below that node, and the parent of a row of a
 * continuing node is one of them. Nothing was read below the rows of the last level, so that node has one child less
 * than the node before it. */
typedef struct rille_column {
  const char *name; /* row[name], or row[group][name] */
  size_t name_len;
  const char *group; /* NULL, or "_count", "_sum", ... */
  size_t group_len;
  rille_value_kind kind; /* RILLE_NULL: each value has its own kind (raw) */
  int32_t list;          /* 1: cells are RILLE_LIST of it */
} rille_column;
typedef struct rille_node {
  uint32_t parent;  /* UINT32_MAX for the root; its own number when it continues the node before it */
  int32_t list;     /* 1: an array in the parent (empty when it has no rows); 0: one row or none */
  const char *name; /* key in the parent */
  size_t name_len;
  const rille_column *columns;
  uint32_t column_count;
  uint32_t child_count; /* nodes below it: its children, and the node that continues it */
} rille_node;

/* ------------------------------------------------------------------ observing, see rille/events.h */

/* Kinds of event. Ignore unknown ones. */
typedef int32_t rille_client_event_kind;
#define RILLE_CLIENT_EVENT_QUERY 1 /* a statement: its SQL and values */
#define RILLE_CLIENT_EVENT_BEGIN 2 /* of a transaction; from here on, sql is the statement that was sent */
#define RILLE_CLIENT_EVENT_COMMIT 3
#define RILLE_CLIENT_EVENT_ROLLBACK 4
#define RILLE_CLIENT_EVENT_SAVEPOINT 5
#define RILLE_CLIENT_EVENT_RELEASE 6     /* of a savepoint */
#define RILLE_CLIENT_EVENT_ROLLBACK_TO 7 /* a savepoint */
#define RILLE_CLIENT_EVENT_WARN 8        /* message: a connection was lost or replaced, a long wait for one, ... */
#define RILLE_CLIENT_EVENT_CACHE 9       /* the cache was asked; message: "hit", "stale", "wait" or "miss" */

/* What is recorded: bits for rille_observe_options. */
#define RILLE_OBSERVE_QUERIES 1u /* every statement, and BEGIN, COMMIT and the like */
#define RILLE_OBSERVE_SLOW 2u    /* statements that took slow_ms or more */
#define RILLE_OBSERVE_WARNINGS 4u
#define RILLE_OBSERVE_FIGURES 8u /* no events: rille_client_action_stats */
#define RILLE_OBSERVE_CACHE 16u  /* what the cache has answered */

/* Strings are zero-terminated, or NULL. */
typedef struct rille_client_event {
  uint32_t struct_size; /* set by the library: fields beyond it do not exist */
  rille_client_event_kind kind;
  int32_t slow;         /* 1: it took slow_ms or more */
  uint32_t round_trip;  /* of the operation, from 1 on */
  double duration_ms;   /* from sending, or from the end of the previous answer, until its last row was read */
  int64_t rows;         /* returned or affected; -1: it failed, or there is no number */
  int64_t time_us;      /* when it ended: microseconds since 1970-01-01T00:00:00Z */
  uint64_t operation;   /* number of the operation, unique in the process */
  uint64_t transaction; /* number of the transaction, unique in the process; 0: outside of one */
  const char *sql;
  /* The values as a JSON array. Long ones are cut and end with an ellipsis. Values of fields that the client omits are
   * "***". For bytes, only their number is given. */
  const char *params;
  const char *model;   /* as the schema writes it; NULL for raw statements */
  const char *action;  /* "find_many", "query_raw", "transaction", ... */
  const char *trace;   /* traceparent */
  const char *code;    /* of the error, if it failed: "P2002" */
  const char *message; /* of a warning, or of the cache */
  const char *label;   /* of a computation that has asked the cache; its model is NULL */
} rille_client_event;

/* Raw statements, in place of a model's action, with model -1. */
#define RILLE_RAW_QUERY 1
#define RILLE_RAW_EXECUTE 2
#define RILLE_RAW_SCRIPT 3

/* Upper bounds of the duration buckets, in milliseconds; the last bucket counts what took longer. */
#define RILLE_DURATION_BOUNDS                                                                                          \
  { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000 }
#define RILLE_DURATION_BUCKETS 11

typedef struct rille_action_stats {
  uint32_t struct_size; /* set by the caller */
  uint32_t reserved;
  int64_t operations, errors; /* errors: the operations that failed */
  int64_t duration_us;        /* total, from start to end */
  int64_t buckets[RILLE_DURATION_BUCKETS];
} rille_action_stats;

#endif
