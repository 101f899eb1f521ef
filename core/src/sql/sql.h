/* Plans as SQL. A dialect is data and a few functions. Rendering uses these and the features, never the dialect's
 * name. */
#ifndef RL_SQL_SQL_H
#define RL_SQL_SQL_H

#include "plan/plan.h"
#include "tape/wire.h"

typedef struct rl_dialect rl_dialect;
struct rl_dialect {
  rl_provider provider;
  rl_features features;
  rl_wire_type (*wire_type)(const rl_type *type); /* the wire type of a column's values */
  void (*identifier)(rl_buf *out, rl_str name);   /* quoted */
  void (*placeholder)(
      rl_buf *out, uint32_t number, const rl_type *type,
      bool list); /* from 1; with a cast if the database needs one (enum, Json, uuid, inet, money, ...) */
  /* how databases differ; each writes an SQL expression */
  const struct rl_dialect_forms *forms; /* private to sql */
  const rl_dialect *epoch;              /* the same with date-times as milliseconds since 1970; NULL: not supported */
};
extern const rl_dialect rl_dialect_postgres, rl_dialect_sqlite;
extern const rl_dialect *const rl_dialects[RL_PROVIDER_SLOTS]; /* indexed by provider */

/* One rendered statement and where its parameters come from. */
typedef struct rl_template {
  const char *sql;
  size_t sql_len;
  rl_wire_type *wire_types; /* one per parameter */
  const rl_input **inputs;  /* one per parameter; NULL: of a row of a bulk insert */
  uint32_t param_count;
  rl_wire_type *columns;          /* one per column of the result */
  const rl_field **column_fields; /* for enum names and messages; NULL: the column is not a field */
  uint32_t column_count;
  bool writes, returns_rows;
  bool numbers_rows; /* an insert in which autoincrement sets an Int key */
} rl_template;

/* How the rows of a bulk insert become parameters. */
typedef enum rl_bulk_kind {
  RL_BULK_NONE,
  RL_BULK_ARRAYS, /* one statement; parameter k is the list of all values of column k */
  RL_BULK_VALUES  /* statements with `rows_per` rows each; `one`, with one row, for the remaining rows */
} rl_bulk_kind;

typedef struct rl_step_sql {
  rl_template main; /* VALUES: rows_per rows */
  rl_template one;  /* VALUES: one row */
  rl_bulk_kind bulk;
  uint32_t rows_per;
  uint32_t fixed_params; /* parameters of main and one after those of the rows (for upsert_many), from inputs */
} rl_step_sql;

typedef struct rl_program {
  rl_plan *plan;
  rl_step_sql *steps; /* one per step; empty for RAISE and MERGE */
} rl_program;

rille_status rl_sql_render(const rl_dialect *dialect, const rl_schema *schema, rl_plan *plan, rl_arena *arena,
                           rl_program **out, rl_error *err);

/* Renders a bulk insert without some columns, for rows in which the database fills them. `given`: one flag per
 * column. */
rille_status rl_sql_render_bulk(const rl_dialect *dialect, const rl_schema *schema, const rl_step *step,
                                const bool *given, rl_arena *arena, rl_step_sql *out, rl_error *err);

#endif
