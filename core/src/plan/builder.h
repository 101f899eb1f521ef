/* Building blocks of a plan: steps, rowsets, guards, nodes, columns, and inputs from rows of earlier steps.
 *
 * Planning is pure and everything is in one arena, so a failure (memory, a rule of the schema) jumps to rl_plan_make.
 * No function here returns a failure or NULL. */
#ifndef RL_PLAN_BUILDER_H
#define RL_PLAN_BUILDER_H

#include <setjmp.h>

#include "plan/plan.h"

typedef struct rl_builder {
  const rl_schema *schema;
  const rl_query *query;
  const rl_features *features;
  rl_arena *arena;
  rl_error *err;
  rl_plan *plan;
  rl_step **steps;
  size_t step_cap, guard_cap, node_cap;
  uint32_t guard;                       /* the guard of new steps */
  const struct rl_action_path *actions; /* current referential actions, innermost first */
  struct rl_task *later, **later_end;   /* see write.h */
  struct rl_scope_task *scoped;         /* written rows to be checked at the end: scope.c */
  rille_status status;
  jmp_buf failed;
} rl_builder;

/* Jumps if p is NULL (out of memory). */
void *rl_need(rl_builder *b, void *p);
#define RL_MAKE(b, type) ((type *)rl_need((b), rl_arena_zalloc((b)->arena, sizeof(type))))
#define RL_MAKE_ARRAY(b, type, n) ((type *)rl_need((b), rl_arena_array((b)->arena, (n) ? (n) : 1, sizeof(type))))
/* Makes room for one more item; the array may move. */
void *rl_more(rl_builder *b, void *items, size_t count, size_t *cap, size_t size);
/* Rejects the plan: jumps. */
_Noreturn void rl_refuse(rl_builder *b, rl_code code, const char *path, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* ------------------------------------------------------------------ lists of fields and of columns */

typedef struct rl_fields {
  const rl_field **items;
  size_t count, cap;
} rl_fields;
#define RL_ABSENT ((size_t)-1)
size_t rl_fields_at(const rl_fields *list, const rl_field *field);         /* RL_ABSENT if it is not in the list */
void rl_fields_add(rl_builder *b, rl_fields *list, const rl_field *field); /* once */
void rl_fields_add_all(rl_builder *b, rl_fields *list, const rl_field *const *fields, size_t count);
void rl_fields_add_key(rl_builder *b, rl_fields *list, const rl_model *model); /* the fields that identify rows */

typedef struct rl_columns {
  rl_column *items;
  size_t count, cap;
} rl_columns;
uint32_t rl_columns_add(rl_builder *b, rl_columns *list, rl_column column);
uint32_t rl_columns_field(rl_builder *b, rl_columns *list,
                          const rl_field *field); /* its existing column, or a new one */

/* Returns the primary key, or the first unique key that is never null; NULL for a view without one. */
const rl_index *rl_model_key(const rl_model *model);

/* ------------------------------------------------------------------ where later steps find a row */

/* A row (or rows) of a model, and where its fields are: in the values it was created with, or in a rowset. */
typedef struct rl_at {
  const rl_model *model;
  uint32_t rowset;
  rl_fields fields; /* column k of the rowset is fields.items[k] */
  const rl_assign *assigns;
  size_t assign_count;
  bool many; /* the rowset may have more than one row */
} rl_at;

bool rl_at_has(const rl_at *at, const rl_field *field);
rl_input *rl_at_value(rl_builder *b, const rl_at *at, const rl_field *field); /* of the one row */
rl_input *rl_at_row_value(
    rl_builder *b, const rl_at *at,
    const rl_field *field); /* like rl_at_value, but the same for each row of a bulk insert: never GENERATED */
rl_input *rl_at_list(rl_builder *b, const rl_at *at, const rl_field *field); /* of all rows, as a list */
rl_input *rl_cell(rl_builder *b, uint32_t rowset, uint32_t column, const rl_field *field);

/* ------------------------------------------------------------------ filters */

/* Returns a filter: fields[i] of the row equals from[i] of `at`, of its one row, or (many) of any of its rows. */
rl_filter *rl_where_keys(rl_builder *b, const rl_field *const *fields, const rl_field *const *from, size_t count,
                         const rl_at *at, bool many);
rl_filter *rl_where_identity(rl_builder *b, const rl_at *at, bool many); /* the row itself, by its key */
rl_filter *rl_where_and(rl_builder *b, rl_filter *x, rl_filter *y);      /* either may be NULL */
rl_filter *rl_plan_filter_not(rl_builder *b, rl_filter *x);

/* ------------------------------------------------------------------ steps, rowsets, guards, nodes */

rl_step *rl_add_select(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys);
rl_step *rl_add_insert(rl_builder *b, const rl_model *model);
rl_step *rl_add_update(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys);
rl_step *rl_add_delete(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys);
void rl_add_raise(rl_builder *b, const rl_raise *error);
void rl_add_merge(rl_builder *b, uint32_t from, uint32_t into);
uint32_t rl_add_rowset(rl_builder *b);

/* Makes the step return these fields, hidden, and keep them in a new rowset. */
rl_at rl_step_keeps(rl_builder *b, rl_step *step, const rl_model *model, const rl_fields *fields);
/* Sets the columns of the step; the first `visible` are returned to the caller. */
void rl_step_columns(rl_builder *b, rl_step *step, const rl_columns *columns, size_t visible);

/* Reads the key and `wanted` of the rows that meet both filters, for later steps that need existing rows. */
rl_at rl_read_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, const rl_fields *wanted,
                   const rl_raise *none);

/* Makes later steps run only if the rowset has (does not have) rows. Returns the guard to restore. */
uint32_t rl_guard_on(rl_builder *b, uint32_t rowset, bool when_empty);

uint32_t rl_add_node(rl_builder *b, uint32_t parent, rl_str name, bool list, const rl_model *model);

#endif
