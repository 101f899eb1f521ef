/* Rows of text in aligned columns, for the formatter. */
#ifndef RL_SCHEMA_TABLE_H
#define RL_SCHEMA_TABLE_H

#include "base/buf.h"
#include "schema/build.h"

enum { RL_TABLE_COLUMNS = 3 };

typedef struct rl_row {
  bool loose;                       /* a line that is not aligned */
  rl_str columns[RL_TABLE_COLUMNS]; /* the last ones may be empty */
  rl_str suffix;                    /* a comment */
  struct rl_row *next;
} rl_row;

typedef struct rl_table {
  rl_build *b;
  rl_buf *out;
  int indent;
  rl_row *first, *last;
} rl_table;

rl_row *rl_table_row(rl_table *t); /* adds a row; an empty one is an empty line */
void rl_table_loose(rl_table *t, rl_str text);
void rl_table_render(rl_table *t); /* writes all rows and empties the table */

#endif
