/* What the statements that write many rows share. Private to sql. */
#ifndef RL_SQL_BULK_H
#define RL_SQL_BULK_H

#include "sql/render.h"

typedef struct rl_bulk_sql {
  const rl_dialect *dialect;
  const rl_schema *schema;
  const rl_step *step;
  const rl_rows *rows;
  const rl_field **fields; /* the columns of the rows */
  size_t count;
  rl_arena *arena;
  rl_error *err;
} rl_bulk_sql;

/* Writes "SELECT * FROM unnest(...)" with one array per column (rows 0), or "VALUES (...), ...". */
void rl_sql_bulk_source(rl_writer *w, const rl_bulk_sql *b, uint32_t rows);
/* Writes UPDATE ... FROM the rows. */
void rl_sql_update_rows(rl_writer *w, const rl_bulk_sql *b, uint32_t rows);

#endif
