/* What the files that bind the rows of a bulk write share. Private to the query room. */
#ifndef RL_QUERY_ROWS_H
#define RL_QUERY_ROWS_H

#include "query/bind.h"

typedef struct rl_row_binding {
  const rl_model *model;
  const rl_field *parent;
  rl_str path; /* of the list, or of the single row */
  bool listed;
  bool defaults; /* new rows: what is missing is filled in, or is an error */
  bool nests;    /* rows may have rows of theirs */
  bool connects; /* rows name rows that are there, by a unique key: `key`, the same in all */
  bool *given;   /* by column index: some row has it */
  size_t *times; /* by column index: in how many of the kinds of rows; NULL: not counted */
  size_t kinds;
  bool *row;            /* by column index: the row at hand has it */
  const rl_field **key; /* rows that are there already: what tells them apart; each row must have it */
  size_t key_count;
  struct rl_row_children *children;
} rl_row_binding;

/* The rows that rows have by one relation: new ones, or those that are to be connected. */
typedef struct rl_row_children {
  const rl_field *relation;
  rl_row_binding w;
  struct rl_row_children *next;
} rl_row_children;

rille_status rl_bad_row(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key, rl_code code, const rl_field *f,
                        const char *text);
/* The rows at `shape`: a list, or one. */
rille_status rl_look_at_rows(rl_binder *b, rl_row_binding *w, uint32_t shape, uint32_t slot);
rille_status rl_bind_row_columns(rl_binder *b, const rl_row_binding *w, rl_rows *rows);

/* rows_nested.c: the relation `f` of a row, and what came of all of them. */
rille_status rl_look_at_children(rl_binder *b, rl_row_binding *w, size_t row, const rl_field *f, uint32_t shape,
                                 uint32_t slot);
rille_status rl_look_at_connect(rl_binder *b, rl_row_binding *w, size_t row);
rille_status rl_bind_children(rl_binder *b, const rl_row_binding *w, rl_rows *rows);

#endif
