/* What a plan is put together with: steps, rowsets, guards, nodes, columns, and inputs taken from rows of earlier
 * steps.
 *
 * Planning is pure and everything lies in one arena, so a failure (memory, a rule of the schema) leaves it by a jump to
 * rl_plan_make: no function here returns a failure, none returns NULL. */
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
  uint32_t guard;                       /* that new steps get */
  const struct rl_action_path *actions; /* referential actions under way, innermost first */
  struct rl_task *later, **later_end;   /* see write.h */
  rille_status status;
  jmp_buf failed;
} rl_builder;

/* Jumps when p is NULL (memory is short). */
void *rl_need(rl_builder *b, void *p);
#define RL_MAKE(b, type) ((type *)rl_need((b), rl_arena_zalloc((b)->arena, sizeof(type))))
#define RL_MAKE_ARRAY(b, type, n) ((type *)rl_need((b), rl_arena_array((b)->arena, (n) ? (n) : 1, sizeof(type))))
/* Room for one more item; the array moves. */
void *rl_more(rl_builder *b, void *items, size_t count, size_t *cap, size_t size);
/* The plan is refused: jumps. */
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
size_t rl_fields_at(const rl_fields *list, const rl_field *field);         /* RL_ABSENT when it is not in it */
void rl_fields_add(rl_builder *b, rl_fields *list, const rl_field *field); /* once */
void rl_fields_add_all(rl_builder *b, rl_fields *list, const rl_field *const *fields, size_t count);
void rl_fields_add_key(rl_builder *b, rl_fields *list, const rl_model *model); /* the fields that tell rows apart */

typedef struct rl_columns {
  rl_column *items;
  size_t count, cap;
} rl_columns;
uint32_t rl_columns_add(rl_builder *b, rl_columns *list, rl_column column);
uint32_t rl_columns_field(rl_builder *b, rl_columns *list,
                          const rl_field *field); /* the column it has already, or a new one */

/* The primary key, else the first unique key that is never null; NULL for a view without any. */
const rl_index *rl_model_key(const rl_model *model);

/* ------------------------------------------------------------------ where later steps find a row */

/* A row (or rows) of a model and where its fields are: in the values it was created with, else in a rowset. */
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
    const rl_field *field); /* as rl_at_value, but the same for each row of a bulk insert: never GENERATED */
rl_input *rl_at_list(rl_builder *b, const rl_at *at, const rl_field *field); /* of all rows, as a list */
rl_input *rl_cell(rl_builder *b, uint32_t rowset, uint32_t column, const rl_field *field);
const rl_assign *rl_assign_of(const rl_assign *assigns, size_t count, const rl_field *field); /* NULL: none */

/* ------------------------------------------------------------------ filters */

/* fields[i] of the row are from[i] of `at`: of its one row, or (many) of any of its rows. */
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

/* The step gives (hidden) these fields and keeps them in a new rowset. */
rl_at rl_step_keeps(rl_builder *b, rl_step *step, const rl_model *model, const rl_fields *fields);
/* What the step gives; the first `visible` are shown. */
void rl_step_columns(rl_builder *b, rl_step *step, const rl_columns *columns, size_t visible);

/* Reads the key and `wanted` of the rows that meet both; what later steps need of rows that are there already. */
rl_at rl_read_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, const rl_fields *wanted,
                   const rl_raise *none);

/* Steps from here on are due only when the rowset has (has not) rows. Returns the guard to restore. */
uint32_t rl_guard_on(rl_builder *b, uint32_t rowset, bool when_empty);

uint32_t rl_add_node(rl_builder *b, uint32_t parent, rl_str name, bool list, const rl_model *model);

#endif
