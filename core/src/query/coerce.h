/* From the values of a call to the values of a statement's parameters: the one place where scalars are checked. */
#ifndef RL_QUERY_COERCE_H
#define RL_QUERY_COERCE_H

#include "query/query.h"

/* One scalar to the type of a column: INT within the range of the native type, FLOAT from integers, DECIMAL from
 * numbers and text, DATETIME from ISO text, integers and floats (epoch seconds), TEXT as valid UTF-8 without NUL, enum
 * names (out: the database's name), uuid text where the native type is Uuid, BYTES from text, JSON from anything
 * scalar. Text that had to be made lies in the arena. Errors: VALIDATION, P2020 (out of range), with the path and what
 * would be right. */
rille_status rl_coerce(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out, rl_error *err);

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
/* A fresh generated value (uuid(), cuid(), now() ...). */
rille_status rl_generate(rl_default_kind generator, int32_t size, int64_t now_us, rl_arena *arena, rl_value *out,
                         rl_error *err);
/* A literal default of the schema as a value of the column's type. */
rille_status rl_literal_value(const rl_field *field, rl_arena *arena, rl_value *out, rl_error *err);

/* The rows of a bulk insert, one at a time: cells[k] for rows->columns[k]; given[k] is false where the database's own
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
