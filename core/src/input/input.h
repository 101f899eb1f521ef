/* Inputs: where the parameters of a statement come from, and how the values of a call become them. A query is bound
 * once and runs many times: bind (query/query.h) makes the inputs, this room takes, checks and converts the values of
 * each call. It is the one place where scalars are checked. An operation's inputs are for one thread at a time. */
#ifndef RL_INPUT_INPUT_H
#define RL_INPUT_INPUT_H

#include <rille/types.h>

#include "schema/schema.h"
#include "tape/tape.h"

/* ------------------------------------------------------------------ an input */

typedef enum rl_input_kind {
  RL_INPUT_VALUE, /* a scalar of the tape, coerced to type */
  RL_INPUT_LIST,  /* an unexpanded list of scalars of the tape; each element coerced to type; becomes one list value */
  RL_INPUT_JSON,  /* any value of the tape as Json text */
  RL_INPUT_CONSTANT,  /* `constant`, already of the right kind */
  RL_INPUT_GENERATED, /* made once per operation (and once per row in a bulk insert): see generator; equal `slot` means
                         the same value */
  RL_INPUT_CELL,      /* column `column` of the first row of rowset `rowset` (plan only) */
  RL_INPUT_KEYS, /* column `column` of all rows of rowset `rowset`, distinct and without nulls, as a list (plan only) */
  RL_INPUT_ARRAY /* a list built of `items`, each an input of its own (from an expanded list) */
} rl_input_kind;

/* What is done with a text before it is bound. The LIKE ones escape % _ and \ with a backslash. */
typedef enum rl_transform {
  RL_TRANSFORM_NONE,
  RL_TRANSFORM_CONTAINS,
  RL_TRANSFORM_STARTS_WITH,
  RL_TRANSFORM_ENDS_WITH,
  RL_TRANSFORM_ABSOLUTE,   /* of a negative take */
  RL_TRANSFORM_JSON_ARRAY, /* wraps a Json scalar or object as a one-element array; arrays stay (array_contains on
                              PostgreSQL) */
  RL_TRANSFORM_TSQUERY,    /* a full-text search as it is when it is a tsquery, else NULL */
  RL_TRANSFORM_WORDS,      /* the same as words when it is no tsquery, else NULL */
  RL_TRANSFORM_JSON_PATH /* the value is the list of steps, all texts, also where one text such as "$.a.b[0]" was given
                          */
} rl_transform;

typedef struct rl_input rl_input;
struct rl_input {
  rl_input_kind kind;
  rl_transform transform;
  rl_type type; /* what the value is coerced to; for LIST, KEYS and ARRAY the element's (type.list false) unless the
                   column is a list */
  const rl_field *field; /* for messages, NULL when there is none */
  rl_str path;           /* for messages: "where.posts.some.title" */
  const rl_arg *arg;     /* VALUE, LIST, JSON: valid while compiling; after bind read `address` and `shape_at` */
  rl_address address;
  uint32_t shape_at; /* LIST, JSON: where it lies in the shape; VALUE: 0, else it is a table of os.date("*t") that lies
                        there */
  bool nullable;     /* a null value is allowed and binds NULL */
  rl_value constant;
  rl_default_kind generator; /* GENERATED */
  int32_t generator_size;    /* NANOID */
  uint32_t slot;
  uint32_t rowset, column;
  bool paired; /* KEYS of a tuple of several: every row in order, neither made distinct nor freed of nulls, so that its
                  lists go together */
  rl_input *items;
  size_t count;
  rl_input *next_sealed; /* bind's own list of all inputs */
};

/* ------------------------------------------------------------------ one call */

/* The state of one operation that inputs are taken from. */
typedef struct rl_rowset { /* rows kept for later steps: cells in row-major order, owned by the operation's arena */
  rl_value *cells;
  size_t rows, columns, cap;
  bool filled; /* a step has run that fills it, even when it gave no row */
} rl_rowset;

typedef struct rl_inputs {
  const rl_tape *tape;
  const uint32_t *anchors;
  rl_rowset *rowsets;
  rl_value *generated; /* by slot; RILLE_NULL until made */
  int64_t now_us;      /* one now() an operation */
  rl_arena *arena;     /* of the operation */
} rl_inputs;

/* The value of an input as a parameter: coerced, transformed, a list for LIST, KEYS and ARRAY. */
rille_status rl_input_value(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err);
/* A literal default of the schema as a value of the column's type. */
rille_status rl_literal_value(const rl_field *field, rl_arena *arena, rl_value *out, rl_error *err);

/* ------------------------------------------------------------------ one value: bind tries those of the first call */

/* One scalar to the type of a column: INT within the range of the native type, FLOAT from integers, DECIMAL from
 * numbers and text, DATETIME from ISO text, integers and floats (epoch seconds), TEXT as valid UTF-8 without NUL, enum
 * names (out: the database's name), uuid text where the native type is Uuid, BYTES from text, JSON from anything
 * scalar. Text that had to be made lies in the arena. Errors: VALIDATION, P2020 (out of range), with the path and what
 * would be right. */
rille_status rl_coerce(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out, rl_error *err);

/* A list at `shape` as a list value. */
rille_status rl_coerce_list(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                            rl_value *out, rl_error *err);

/* ------------------------------------------------------------------ the rows of a bulk write */

/* Where the cells of a column come from, when not from the row itself: from the rows kept of its parents, or of an
 * earlier step over the same rows. `missing` then is the CELL, and names rowset and column. */
typedef enum rl_rows_from { RL_FROM_ROW, RL_FROM_PARENT, RL_FROM_STEP } rl_rows_from;

/* The rows of a create_many, column by column: data is walked at run time, whatever its length. */
typedef struct rl_rows_column {
  const rl_field *field;
  rl_rows_from from;
  rl_input *missing; /* bound where a row has no such key: its default; NULL: SQL NULL */
  bool by_database;  /* rows without the key leave the column out: it takes the database's default (autoincrement,
                        dbgenerated), or stays as it is (update_many) */
} rl_rows_column;

typedef struct rl_rows rl_rows;
struct rl_rows {
  const rl_model *model;
  uint32_t shape_at; /* of the list in the shape; a single object as data is a list of one: see single */
  const rl_arg *arg;
  rl_address address;
  bool single;
  rl_str path;             /* "data" */
  rl_rows_column *columns; /* every column that any row gives or that has a client-side default */
  size_t column_count;
  bool skip_duplicates;
  const rl_field **conflict; /* UPSERT_MANY: `on` */
  size_t conflict_count;
  const rl_field **update; /* UPSERT_MANY: fields taken from the new row */
  size_t update_count;
  /* Rows that rows have by a relation, all those of one relation together: new ones (create, create_many), or those
   * that are connected, by the key in `conflict`. They are found by walking their parents. */
  const rl_rows *parent;
  const rl_field *via;
  bool connects;
  bool loose; /* keys that are no column are passed over: another step takes them */
  rl_rows **children;
  size_t child_count;
};

/* Gives the rows one at a time: cells[k] for rows->columns[k]; given[k] is false where the database's own
 * default is meant. RILLE_ROW, RILLE_DONE or an error. */
typedef struct rl_rows_walk rl_rows_walk;
rille_status rl_rows_walk_new(const rl_rows *rows, rl_inputs *in, rl_rows_walk **out,
                              rl_error *err); /* lies in in->arena */
rille_status rl_rows_walk_next(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err);
size_t rl_rows_walk_count(const rl_rows_walk *w); /* rows in all */
/* Refuses two rows that name the same one by rows->conflict; a null names none. cells: all rows, one after the other.
 */
rille_status rl_rows_check_keys(const rl_rows *rows, rl_inputs *in, const rl_value *cells, size_t count, rl_error *err);

#endif
