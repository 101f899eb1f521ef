/* Inputs: where the parameters of a statement come from. A query is bound once and runs many times: bind
 * (query/query.h) builds the inputs, and this room reads, checks and converts the values of each call. Scalars are
 * checked nowhere else. The inputs of an operation are used by one thread at a time. */
#ifndef RL_INPUT_INPUT_H
#define RL_INPUT_INPUT_H

#include <rille/types.h>

#include "input/form.h"
#include "schema/schema.h"
#include "tape/tape.h"

/* ------------------------------------------------------------------ an input */

typedef enum rl_input_kind {
  RL_INPUT_VALUE,     /* a scalar of the tape, coerced to type */
  RL_INPUT_LIST,      /* an unexpanded list of scalars of the tape, each coerced to type; becomes one list value */
  RL_INPUT_JSON,      /* any value of the tape as JSON text */
  RL_INPUT_CONSTANT,  /* `constant`, already of the right kind */
  RL_INPUT_GENERATED, /* generated once per operation, and once per row in a bulk insert: see generator; the same `slot`
                         means the same value */
  RL_INPUT_CELL,      /* column `column` of the first row of rowset `rowset` (plan only) */
  RL_INPUT_KEYS, /* column `column` of all rows of rowset `rowset`, distinct and without nulls, as a list (plan only) */
  RL_INPUT_ARRAY /* a list of the values of `items`, which are inputs too (from an expanded list) */
} rl_input_kind;

/* What happens to a value before it is bound. The transforms for LIKE escape % _ and \ with a backslash. */
typedef enum rl_transform {
  RL_TRANSFORM_NONE,
  RL_TRANSFORM_RULES,  /* the rules of the field: the value is written to it */
  RL_TRANSFORM_PUSHED, /* the same, for what is appended to a list */
  RL_TRANSFORM_CONTAINS,
  RL_TRANSFORM_STARTS_WITH,
  RL_TRANSFORM_ENDS_WITH,
  RL_TRANSFORM_ABSOLUTE,   /* of a negative take */
  RL_TRANSFORM_JSON_ARRAY, /* wraps a JSON scalar or object in an array; arrays stay (array_contains on
                              PostgreSQL) */
  RL_TRANSFORM_TSQUERY,    /* a full-text search, unchanged, if it is a tsquery; otherwise NULL */
  RL_TRANSFORM_WORDS,      /* the same, as words, if it is not a tsquery; otherwise NULL */
  RL_TRANSFORM_JSON_PATH   /* the list of steps, all strings; one string like "$.a.b[0]" becomes such a list */
} rl_transform;

typedef struct rl_input rl_input;
struct rl_input {
  rl_input_kind kind;
  rl_transform transform;
  rl_type type; /* the value is coerced to it; LIST, KEYS and ARRAY: the type of an element (type.list false), unless
                   the column is a list */
  const rl_field *field; /* for messages; NULL: none */
  rl_str path;           /* for messages: "where.posts.some.title" */
  const rl_arg *arg;     /* VALUE, LIST, JSON: valid only while compiling; after bind, read `address` and `shape_at` */
  rl_address address;
  uint32_t shape_at; /* LIST, JSON: its offset in the shape; VALUE: 0, or the offset of a table of os.date("*t") */
  bool nullable;     /* null is allowed, and binds NULL */
  rl_value constant;
  rl_default_kind generator; /* GENERATED */
  int32_t generator_size;    /* NANOID */
  uint32_t slot;
  uint32_t rowset, column;
  bool paired; /* KEYS of a tuple of several columns: every row, in order, with duplicates and nulls, so the lists match
                */
  rl_input *items;
  size_t count;
  rl_input *next_sealed; /* the next input of the query */
};

static inline bool rl_input_has_rules(const rl_input *input) {
  return input->transform == RL_TRANSFORM_RULES || input->transform == RL_TRANSFORM_PUSHED;
}

/* ------------------------------------------------------------------ one call */

/* Rows that are kept for later steps: cells in row-major order, owned by the operation's arena. */
typedef struct rl_rowset {
  rl_value *cells;
  size_t rows, columns, cap;
  bool filled; /* the step that fills it has run, even if it returned no row */
} rl_rowset;

/* The state of one operation from which inputs are read. */
typedef struct rl_inputs {
  const rl_tape *tape;
  const uint32_t *anchors;
  rl_rowset *rowsets;
  rl_value *generated; /* by slot; RILLE_NULL until generated */
  int64_t now_us;      /* one now() per operation */
  rl_arena *arena;     /* of the operation */
} rl_inputs;

/* Returns the value of an input as a parameter: coerced and transformed; a list for LIST, KEYS and ARRAY. */
rille_status rl_input_value(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err);
/* Returns a literal default of the schema as a value of the column's type. */
rille_status rl_literal_value(const rl_field *field, rl_arena *arena, rl_value *out, rl_error *err);

/* ------------------------------------------------------------------ one value: bind converts those of the first call
 */

/* Converts one scalar to the type of a column: INT within the range of the native type, FLOAT from integers, DECIMAL
 * from numbers and text, DATETIME from ISO text and from numbers (seconds since 1970), TEXT as valid UTF-8 without zero
 * bytes, names of enum values (out: the database's name), UUIDs if the native type is Uuid, BYTES from text, JSON from
 * every scalar. New text is allocated in the arena. Errors: VALIDATION, P2020 (out of range), with the path and what
 * would be right. */
rille_status rl_coerce(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out, rl_error *err);

/* Converts the list at `shape` to a list value. */
rille_status rl_coerce_list(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                            rl_value *out, rl_error *err);

/* ------------------------------------------------------------------ words for messages */

/* "a string", "an integer"; for RILLE_NULL with a mark in as.i, the mark's. Static. */
const char *rl_value_kind_text(const rl_value *v);
const char *rl_mark_text(rl_mark mark); /* "`rille.all`", "a field reference"; static */

/* ------------------------------------------------------------------ all that is wrong with values */

/* Gets each error, which it moves away. Returns RILLE_OK to go on. */
typedef struct rl_note_to {
  rille_status (*fn)(void *state, rille_status status);
  void *state;
} rl_note_to;
/* Notes what is wrong with the value of an input of this very tape, whose `arg` is known: its type, its rules. */
rille_status rl_input_find_faults(const rl_input *input, const rl_tape *tape, rl_arena *arena, const rl_note_to *note,
                                  rl_error *err);

/* Writes what is wrong with a value in words for the person at a form, without a path: "must be a whole number", "is
 * required". Other errors keep their words. */
void rl_message_for_people(const rl_schema *s, const rl_error *e, rl_buf *out);

/* ------------------------------------------------------------------ the rows of a bulk write */

/* Where the cells of a column come from: the row itself, the kept rows of its parents, or those of an earlier step with
 * the same rows. In the last two cases `missing` is the CELL with rowset and column. */
typedef enum rl_rows_from { RL_FROM_ROW, RL_FROM_PARENT, RL_FROM_STEP } rl_rows_from;

/* One column of the rows of a bulk write. */
typedef struct rl_rows_column {
  const rl_field *field;
  rl_rows_from from;
  rl_input *missing; /* the value for rows without the key: a default; NULL: SQL NULL */
  bool by_database;  /* rows without the key leave the column out: it gets the database's default (autoincrement,
                        dbgenerated), or keeps its value (update_many) */
  bool ruled;        /* what rows give is written, and its field has rules */
  bool only_missing; /* no row has the key */
} rl_rows_column;

/* The rows of a bulk write. Data is walked when the call runs. */
typedef struct rl_rows rl_rows;
struct rl_rows {
  const rl_model *model;
  uint32_t shape_at; /* of the list in the shape */
  const rl_arg *arg;
  rl_address address;
  bool single;             /* data is one object, which counts as a list of one */
  rl_str path;             /* "data" */
  rl_rows_column *columns; /* every column that a row has, or that has a default on the client's side */
  size_t column_count;
  bool skip_duplicates;
  const rl_field **conflict; /* UPSERT_MANY: `on` */
  size_t conflict_count;
  const rl_field **update; /* UPSERT_MANY: the fields that are updated */
  size_t update_count;
  /* Related rows, all rows of one relation together: new ones (create, create_many), or existing ones to connect, by
   * the key in `conflict`. They are found by walking their parents. */
  const rl_rows *parent;
  const rl_field *via;
  bool connects;
  bool loose; /* keys that are not columns are skipped: another step reads them */
  rl_rows **children;
  size_t child_count;
  const rl_field **keys; /* like rl_write.keys (query/query.h) */
  size_t key_count;
};

/* Iterates over the rows: cells[k] is for rows->columns[k]; given[k] is false if the database's own default is meant.
 * Returns RILLE_ROW, RILLE_DONE or an error. */
typedef struct rl_rows_walk rl_rows_walk;
rille_status rl_rows_walk_new(const rl_rows *rows, rl_inputs *in, rl_rows_walk **out,
                              rl_error *err); /* allocated in in->arena */
rille_status rl_rows_walk_next(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err);
size_t rl_rows_walk_count(const rl_rows_walk *w); /* the number of all rows */
/* Checks what all rows give against the rules of their fields. Reads no rowset. */
rille_status rl_rows_check_rules(const rl_rows *rows, rl_inputs *in, rl_error *err);
/* Notes what is wrong with the values that all rows give, and their related rows. Reads no rowset. */
rille_status rl_rows_find_faults(const rl_rows *rows, rl_inputs *in, const rl_note_to *note, rl_error *err);
/* Rejects two rows with the same key (rows->conflict). A key with a null is like no other. cells: all rows, row by row.
 */
rille_status rl_rows_check_keys(const rl_rows *rows, rl_inputs *in, const rl_value *cells, size_t count, rl_error *err);

#endif
