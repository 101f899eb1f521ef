/* The plan: a query as a short list of steps. Pure: no I/O, and no dialect; it asks for features of the database. It is
 * in the given arena and borrows query and schema.
 *
 * Steps run in order. A step may fill a rowset (rows kept for later steps), return its rows as a node of the result,
 * raise an error if it found or changed no row, and have a guard on an earlier rowset. There is no other control flow:
 * a step whose guard does not hold is skipped and leaves its rowset unchanged. Two steps may fill the same rowset under
 * opposite guards. Independent steps may share a round trip; `needs` says which rowsets a step reads. */
#ifndef RL_PLAN_PLAN_H
#define RL_PLAN_PLAN_H

#include "query/query.h"

typedef struct rl_features {
  bool returning;          /* INSERT, UPDATE and DELETE return rows */
  bool unnest_insert;      /* a bulk insert takes one array per column */
  bool row_locks;          /* SELECT ... FOR UPDATE */
  bool concurrent_writers; /* a statement may meet rows that another transaction is changing */
  bool full_text;
  bool brief_datetimes; /* CURRENT_TIMESTAMP has another format than the one that rille writes */
  bool unixepoch_ms;    /* which is milliseconds since 1970 */
  bool names_keys;      /* errors name the foreign key that is broken */
  size_t max_params;
} rl_features;

/* ------------------------------------------------------------------ what a step reads or writes: the relational form
 * that sql renders */

typedef enum rl_column_kind {
  RL_COLUMN_FIELD,     /* field of the model */
  RL_COLUMN_COUNT,     /* number of related rows: relation, where */
  RL_COLUMN_AGGREGATE, /* fn(field), over all rows or a group */
  RL_COLUMN_LINK,      /* the join table's column that names the parent (select.link) */
  RL_COLUMN_EXISTS,    /* whether there is any row: the whole select becomes SELECT EXISTS(...) */
  RL_COLUMN_DEPTH      /* level in a recursive read */
} rl_column_kind;

typedef struct rl_column {
  rl_column_kind kind;
  const rl_field *field;
  const rl_field *relation; /* COUNT */
  rl_filter *where;         /* COUNT */
  rl_aggregate fn;          /* AGGREGATE */
  rl_period period;         /* FIELD, of a group */
  rl_str group, name;       /* of a visible column: row[name], or row[group][name] */
} rl_column;

typedef struct rl_select {
  const rl_model *model;
  rl_column *columns; /* the first `visible` are the node's, the rest are for keys */
  size_t column_count, visible;
  rl_filter *where; /* the caller's condition; NULL: none */
  /* only rows of these parents. Through the model's own fields: keys is a KEYS filter. Through a join table: link is
   * the relation, link_from_a says that the parents are its model A, link_keys is the list of parent ids. */
  rl_filter *keys;
  const rl_relation *link;
  bool link_from_a;
  rl_input *link_keys;
  bool per_parent; /* take, skip, cursor and distinct apply to each parent separately: partition by the key fields or
                      the link */
  rl_order *orders;
  size_t order_count;
  bool order_total; /* the plan appended the primary key (or a unique key) to make cursor, take and distinct well
                       defined */
  rl_input *take, *skip;
  bool reverse, take_none;
  rl_filter *cursor;
  const rl_field **distinct;
  size_t distinct_count;
  rl_lock_mode lock;
  rl_lock_wait lock_wait;
  const rl_field **by; /* group_by: GROUP BY */
  rl_period *periods;  /* of each */
  size_t by_count;
  rl_filter *having;
  bool aggregate_over; /* aggregates are computed over the rows that where, cursor, take and skip select */
  /* The self relation to follow with WITH RECURSIVE, down to `depth` levels (INT32_MAX: to its end). keys or link
   * select the rows of level 1; no row appears twice below one of them. The last column is RL_COLUMN_DEPTH, hidden,
   * from 1; rows come in its order. Rows of level 1 are returned as step.node, others as the nodes that continue it. */
  const rl_field *recursive;
  int32_t depth;
} rl_select;

typedef struct rl_insert {
  const rl_model *model;
  rl_assign *assigns; /* one row; op is always RL_SET. Empty: DEFAULT VALUES */
  size_t assign_count;
  rl_rows *rows; /* many rows instead. For a nested create_many: a copy with the parent's key as columns that no row
                    gives; their `missing` is a CELL or a value */
  const rl_relation *link; /* a row of a join table instead: link_a, link_b; an existing pair is kept. KEYS inputs
                              insert every combination */
  rl_input *link_a, *link_b;
  bool skip_duplicates;      /* ON CONFLICT DO NOTHING */
  const rl_field **conflict; /* ON CONFLICT (fields) DO UPDATE SET on_conflict, or (rows) the new row's update fields;
                                without either: DO NOTHING */
  size_t conflict_count;
  rl_assign *on_conflict;
  size_t on_conflict_count;
  rl_filter *conflict_where; /* more conditions of an upsert's where */
} rl_insert;

typedef struct rl_update {
  const rl_model *model;
  rl_assign *assigns;
  size_t assign_count;
  rl_filter *where; /* NULL: all */
  rl_filter *keys;  /* KEYS, or NULL; both hold */
  rl_input *limit;
  rl_rows *rows; /* separate values per row instead of assigns: rows->conflict identifies the rows; a row sets those of
                    rows->update that it gives */
} rl_update;

typedef struct rl_delete {
  const rl_model *model;
  const rl_relation *link; /* rows of a join table instead; link_a and/or link_b: a value or KEYS; NULL: any. keep_b:
                              rows with B in the list stay */
  rl_input *link_a, *link_b;
  bool keep_a, keep_b; /* the list names the rows that stay (set) */
  rl_filter *where, *keys;
  rl_input *limit;
  bool as_seen; /* skip rows that another transaction changed while this waited for it (needs row_locks) */
} rl_delete;

/* ------------------------------------------------------------------ steps */

typedef enum rl_step_kind {
  RL_STEP_SELECT,
  RL_STEP_INSERT,
  RL_STEP_UPDATE,
  RL_STEP_DELETE,
  RL_STEP_RAISE, /* raises `error` if its guard holds */
  RL_STEP_MERGE  /* copies the rows of rowset `from` into `rowset` (branches of an upsert that end in different rowsets)
                  */
} rl_step_kind;

#define RL_NO_ROWSET UINT32_MAX
#define RL_NO_NODE UINT32_MAX
#define RL_NO_GUARD UINT32_MAX

/* A step with a guard runs if the rowset has (or does not have) rows, and the parent guard holds too. */
typedef struct rl_guard {
  uint32_t rowset;
  bool when_empty;
  uint32_t parent; /* RL_NO_GUARD */
} rl_guard;

/* An error to raise, with Prisma's code and meta. message is complete. */
typedef struct rl_raise {
  rl_code code;
  rl_str message;
  rl_str model, relation, path, cause; /* details; empty: left out */
  const rl_field **target;             /* P2002: the fields of the key; NULL: left out */
  size_t target_count;
  const rl_relation *broken; /* P2003: as the database would say it of the step `broken_by`; NULL: no */
  uint32_t broken_by;
} rl_raise;

/* Two values that must be equal when the step is sent: a column that two relations give. */
typedef struct rl_agreement {
  rl_input *one, *other;
  const rl_raise *differs;
} rl_agreement;

typedef struct rl_step {
  rl_step_kind kind;
  union {
    rl_select *select;
    rl_insert *insert;
    rl_update *update;
    rl_delete *delete_;
  } as;
  rl_column *returning; /* INSERT, UPDATE, DELETE: columns of the rows they return; FIELD only */
  size_t returning_count, returning_visible;
  uint32_t guard;
  uint32_t rowset; /* filled with `keep`; RL_NO_ROWSET: none */
  uint32_t *keep;  /* indices of the step's columns that the rowset has, in order */
  size_t keep_count;
  uint32_t from;            /* MERGE */
  uint32_t node;            /* rows are returned as this node */
  const rl_raise *if_none;  /* raised if no row was found or changed */
  const rl_raise *if_fewer; /* raised if there are fewer rows than in `expected`; bulk step: than it was given */
  uint32_t expected;
  rl_agreement *agreements;
  size_t agreement_count;
  bool checked_late;     /* INSERT: without its row nothing is written, so COMMIT does not wait for if_none */
  const rl_raise *error; /* RAISE */
  bool all_or_none;      /* its checks must be answered before it is committed, also if it is the only statement */
  bool counts;           /* its affected rows count for the operation (the sum of all such steps) */
  uint64_t needs;        /* bit k: it reads rowset k (beyond 63 rowsets: all bits) */
} rl_step;

/* Returns whether a condition depends on related rows. */
bool rl_filter_has_relation(const rl_filter *filter);

const rl_assign *rl_assign_of(const rl_assign *assigns, size_t count, const rl_field *field); /* NULL: none */

/* Returns whether an insert may write an existing row. */
static inline bool rl_insert_updates(const rl_insert *insert) {
  return insert->on_conflict_count > 0 || (insert->rows && insert->rows->update_count > 0);
}

/* Returns the rows of a bulk step; NULL for any other step. */
static inline rl_rows *rl_step_rows(const rl_step *step) {
  if (step->kind == RL_STEP_INSERT) return step->as.insert->rows;
  return step->kind == RL_STEP_UPDATE ? step->as.update->rows : NULL;
}

/* A level of the result. Node 0 is the root. The rows of a node come after all rows of its parent. A recursive include
 * has up to two more nodes that continue its own: one for the levels below the first, and one for the last level if
 * `depth` limits it. Their rows are numbered together with those of its own node, and so are the rows of the rowset. */
typedef struct rl_node_plan {
  uint32_t parent; /* RL_NO_NODE for the root; the node itself when it continues the one before */
  bool last;       /* it continues one, and nothing was read below its rows */
  rl_str name;     /* the relation field's name */
  bool list;       /* array of rows, else one row or none */
  const rl_model *model;
  rl_column *columns; /* the visible columns of the step that returns it */
  size_t column_count;
  /* how to find the parents of a row: its cells `link` (indices into all columns of its step) equal the columns
   * `parent_link` of the parent's rowset */
  uint32_t *link, *parent_link;
  size_t link_count;
  uint32_t parent_rowset; /* row k of it is row k of the parent's node */
  /* the first node of a recursive include: the columns of its own rowset and of the parent's that identify rows, so
   * that no row is returned below itself */
  uint32_t *self, *parent_self;
  size_t self_count;
} rl_node_plan;

typedef struct rl_plan {
  rille_action action;
  rille_result result;
  const rl_model *model;
  rl_step *steps;
  size_t step_count;
  rl_guard *guards;
  size_t guard_count;
  rl_node_plan *nodes;
  size_t node_count;
  uint32_t rowset_count;
  uint32_t generated_count;
  bool writes;   /* any step writes */
  bool atomic;   /* needs a transaction: it has more than one statement, and one of them writes */
  bool scoped;   /* of a client with a scope: errors do not say which rows exist outside of it */
  bool collides; /* an upsert of one statement that another unique key may refuse: it is then repeated, which needs a
                    savepoint inside a transaction of the caller */
} rl_plan;

/* Builds a plan. Never does I/O. Errors: VALIDATION or P2026 for what the features do not allow (with the path), P2014
 * for what the schema itself forbids. */
rille_status rl_plan_make(const rl_schema *schema, const rl_query *query, const rl_features *features, rl_arena *arena,
                          rl_plan **out, rl_error *err);

/* Writes the steps as text, for explain and for tests: one line per step. */
void rl_plan_dump(const rl_plan *plan, rl_buf *out);

#endif
