/* What the files that bind the rows of a bulk write share. Private to the query room. */
#ifndef RL_QUERY_ROWS_H
#define RL_QUERY_ROWS_H

#include "query/bind.h"

typedef struct rl_row_binding {
  const rl_model *model;
  const rl_field *parent;
  rl_str path; /* of the list, or of the single row */
  bool listed;
  bool defaults; /* new rows: missing columns are filled in, or are errors */
  bool nests;    /* rows may have related rows */
  bool connects; /* rows name existing rows by a unique key: `key`, the same in all */
  bool *given;   /* by column index: at least one row has it */
  size_t *times; /* by column index: how many kinds of rows have it; NULL: not counted */
  size_t kinds;
  bool *row;            /* by column index: the current row has it */
  const rl_field **key; /* existing rows: the fields that identify them; each row must have them */
  size_t key_count;
  struct rl_row_children *children;
} rl_row_binding;

/* The related rows that rows have by one relation: new ones, or existing ones to connect. */
typedef struct rl_row_children {
  const rl_field *relation;
  rl_row_binding w;
  struct rl_row_children *next;
} rl_row_children;

rille_status rl_bad_row(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key, rl_code code, const rl_field *f,
                        const char *text);
/* A decoded table where a row, or what is written to a field, is meant. key: empty for the row itself. */
rille_status rl_bad_decoded_row(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key, const rl_field *f,
                                rl_decoded from);
/* Checks the rows at `shape`: a list, or a single row. */
rille_status rl_check_rows(rl_binder *b, rl_row_binding *w, uint32_t shape, uint32_t slot);
rille_status rl_bind_row_columns(rl_binder *b, const rl_row_binding *w, rl_rows *rows);

/* rows_nested.c. Check the relation `f` of one row, and bind all of them at the end. */
rille_status rl_check_row_children(rl_binder *b, rl_row_binding *w, size_t row, const rl_field *f, uint32_t shape,
                                   uint32_t slot);
rille_status rl_check_row_connect(rl_binder *b, rl_row_binding *w, size_t row);
rille_status rl_bind_children(rl_binder *b, const rl_row_binding *w, rl_rows *rows);

#endif
