/* Plain types shared by every public header: status, kinds of error, values.
 *
 * Everything here is frozen: constants are never renumbered, a reader treats an unknown constant as
 * the nearest documented fallback. */
#ifndef RILLE_TYPES_H
#define RILLE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <rille/export.h>

/* What a function answers. 0 and positive: it went well; negative: it failed, and the error that the
 * last parameter received says how. */
typedef int32_t rille_status;
#define RILLE_OK 0
#define RILLE_ROW 1   /* a row is there */
#define RILLE_DONE 2  /* no more rows */
#define RILLE_AGAIN 3 /* would block: wait for what rille_op_wait names, then call again */
#define RILLE_BATCH 4 /* a batch of a stream is complete, more may follow: see rille_op_set_stream */
#define RILLE_ERROR (-1)
#define RILLE_NOMEM (-2) /* an allocation failed; no error object is needed to know it */

/* Kinds of error, as `e.kind` of the Lua face. Unknown values read as RILLE_KIND_INTERNAL. */
typedef int32_t rille_kind;
#define RILLE_KIND_INTERNAL 0
#define RILLE_KIND_CONNECTION 1
#define RILLE_KIND_VALIDATION 2
#define RILLE_KIND_CONSTRAINT 3
#define RILLE_KIND_NOT_FOUND 4
#define RILLE_KIND_TRANSACTION 5
#define RILLE_KIND_TIMEOUT 6
#define RILLE_KIND_MIGRATION 7

/* Kinds of value. Unknown kinds read as opaque bytes. */
typedef uint32_t rille_value_kind;
#define RILLE_NULL 0
#define RILLE_BOOL 1     /* i: 0 or 1 */
#define RILLE_INT 2      /* i: Int and BigInt */
#define RILLE_FLOAT 3    /* f */
#define RILLE_TEXT 4     /* p, len: UTF-8, not terminated; String, enum (its name in the schema), uuid */
#define RILLE_BYTES 5    /* p, len */
#define RILLE_DECIMAL 6  /* p, len: plain decimal text, no exponent; also "NaN" */
#define RILLE_DATETIME 7 /* i: microseconds since 1970-01-01T00:00:00Z */
#define RILLE_JSON 8     /* p, len: Json text */
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

/* What can be asked of a model: the methods of the Lua face. */
typedef int32_t rille_action;
#define RILLE_FIND_UNIQUE 1
#define RILLE_FIND_UNIQUE_OR_THROW 2
#define RILLE_FIND_FIRST 3
#define RILLE_FIND_FIRST_OR_THROW 4
#define RILLE_FIND_MANY 5
#define RILLE_CREATE 6
#define RILLE_CREATE_MANY 7
#define RILLE_CREATE_MANY_AND_RETURN 8
#define RILLE_UPDATE 9
#define RILLE_UPDATE_MANY 10
#define RILLE_UPDATE_MANY_AND_RETURN 11
#define RILLE_UPSERT 12
#define RILLE_UPSERT_MANY 13
#define RILLE_DELETE 14
#define RILLE_DELETE_MANY 15
#define RILLE_COUNT 16
#define RILLE_AGGREGATE 17
#define RILLE_GROUP_BY 18
#define RILLE_EXISTS 19

/* How the result of an operation is to be read. */
typedef int32_t rille_result;
#define RILLE_RESULT_ROW 1     /* one row of the root node, or none */
#define RILLE_RESULT_ROWS 2    /* any number of rows of the root node */
#define RILLE_RESULT_COUNT 3   /* { count = n }: rille_op_affected */
#define RILLE_RESULT_INTEGER 4 /* the one cell of the one row */
#define RILLE_RESULT_BOOLEAN 5 /* the one cell of the one row */
#define RILLE_RESULT_NONE 6    /* nothing: begin, commit, ... */

/* A row of a result: see rille_op_next. */
typedef struct rille_row {
  uint32_t node;            /* which node it belongs to */
  uint32_t count;           /* cells: the columns of the node */
  uint64_t ordinal;         /* number within the node, from 0 */
  uint64_t parent;          /* ordinal of the parent in the parent's node; 0 for the root */
  const rille_value *cells; /* NULL columns are RILLE_NULL */
} rille_row;

/* The shape of a result: a tree of nodes, each with columns. See rille_op_shape. */
typedef struct rille_column {
  const char *name; /* row[name], or row[group][name] */
  size_t name_len;
  const char *group; /* NULL, or "_count", "_sum", ... */
  size_t group_len;
  rille_value_kind kind; /* RILLE_NULL when only the values tell (raw) */
  int32_t list;          /* 1: cells are RILLE_LIST of it */
} rille_column;
typedef struct rille_node {
  uint32_t parent;  /* UINT32_MAX for the root */
  int32_t list;     /* 1: an array in the parent (empty when it has no rows); 0: one row or none */
  const char *name; /* key in the parent */
  size_t name_len;
  const rille_column *columns;
  uint32_t column_count;
  uint32_t child_count; /* nodes whose parent it is */
} rille_node;

#endif
