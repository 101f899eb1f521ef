/* The plan: a query as a short list of steps. Pure: no I/O, no dialect's name; it asks the features of a database. Lies
 * in the arena given, borrows query and schema.
 *
 * Steps run in order. A step may fill a rowset (rows kept for later steps), show its rows as a node of the result,
 * raise an error when it found or changed no row, and be guarded by what an earlier rowset holds. There is no other
 * control flow: a guarded step that is not due is passed over and leaves its rowset as it is. Two steps may fill the
 * same rowset under opposite guards. Steps that take nothing from one another may share a round trip; `needs` says
 * which rowsets a step reads. */
#ifndef RL_PLAN_PLAN_H
#define RL_PLAN_PLAN_H

#include "query/query.h"

typedef struct rl_features {
  bool returning;     /* INSERT, UPDATE and DELETE return rows */
  bool unnest_insert; /* a bulk insert takes one array a column */
  bool row_locks;
  bool full_text;
  bool brief_moments; /* CURRENT_TIMESTAMP gives another form than the one that rille writes */
  bool unixepoch_ms;  /* which is milliseconds since 1970 */
  size_t max_params;
} rl_features;

/* ------------------------------------------------------------------ what a step reads or writes: the relational form
 * that sql renders */

typedef enum rl_column_kind {
  RL_COLUMN_FIELD,     /* field of the model */
  RL_COLUMN_COUNT,     /* number of related rows: relation, where */
  RL_COLUMN_AGGREGATE, /* fn(field), over all rows or a group */
  RL_COLUMN_LINK,      /* the join table's column that names the parent (select.link) */
  RL_COLUMN_EXISTS,    /* whether any row is there: the whole select becomes SELECT EXISTS(...) */
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
  /* rows of these parents only. Through the model's own fields: keys is a KEYS filter. Through a join table: link is
   * the relation, link_from_a says that parents are its model A, link_keys the list of parent ids. */
  rl_filter *keys;
  const rl_relation *link;
  bool link_from_a;
  rl_input *link_keys;
  bool per_parent; /* take, skip, cursor and distinct count for each parent on its own: partition by the key fields or
                      the link */
  rl_order *orders;
  size_t order_count;
  bool order_total; /* the plan appended the primary key (or a unique one) so that cursor, take or distinct are well
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
  bool aggregate_over; /* aggregate columns are computed over the rows that where/cursor/take/skip leave */
  /* The self relation that is followed with WITH RECURSIVE, down to `depth` levels (INT32_MAX: to its end); keys or
   * link choose the rows of level 1, no row comes twice under one of them. The last column is RL_COLUMN_DEPTH, hidden,
   * from 1; rows come in its order. Those of level 1 are shown as step.node, others as the nodes that continue it. */
  const rl_field *recursive;
  int32_t depth;
} rl_select;

typedef struct rl_insert {
  const rl_model *model;
  rl_assign *assigns; /* one row; op is always RL_SET. Empty: DEFAULT VALUES */
  size_t assign_count;
  rl_rows *rows; /* many rows instead. Of a nested create_many: a copy with the parent's key as columns that no row
                    gives; their `missing` is a CELL or a value */
  const rl_relation *link; /* a row of a join table instead: link_a, link_b; a pair that is already there is left alone.
                              KEYS inputs insert every combination */
  rl_input *link_a, *link_b;
  bool skip_duplicates;      /* ON CONFLICT DO NOTHING */
  const rl_field **conflict; /* ON CONFLICT (fields) DO UPDATE SET on_conflict, or (rows) the new row's update fields;
                                with neither: DO NOTHING */
  size_t conflict_count;
  rl_assign *on_conflict;
  size_t on_conflict_count;
  rl_filter *conflict_where; /* further conditions of an upsert's where */
} rl_insert;

typedef struct rl_update {
  const rl_model *model;
  rl_assign *assigns;
  size_t assign_count;
  rl_filter *where; /* NULL: all */
  rl_filter *keys;  /* KEYS, or NULL; both hold */
  rl_input *limit;
  rl_rows *rows; /* values of each row's own instead of assigns: rows->conflict tells the rows apart, rows->update is
                    set as far as a row gives it */
} rl_update;

typedef struct rl_delete {
  const rl_model *model;
  const rl_relation *link; /* rows of a join table instead; link_a and/or link_b: a value or KEYS; NULL: any. keep_b:
                              those with B in it stay */
  rl_input *link_a, *link_b;
  bool keep_a, keep_b; /* the list is of those that stay (set) */
  rl_filter *where, *keys;
  rl_input *limit;
  bool as_seen; /* not rows that another transaction has changed while this waited for it (needs row_locks) */
} rl_delete;

/* ------------------------------------------------------------------ steps */

typedef enum rl_step_kind {
  RL_STEP_SELECT,
  RL_STEP_INSERT,
  RL_STEP_UPDATE,
  RL_STEP_DELETE,
  RL_STEP_RAISE, /* raises `error` when its guard holds */
  RL_STEP_MERGE  /* copies the rows of rowset `from` into `rowset` (branches of an upsert that end in different rowsets)
                  */
} rl_step_kind;

#define RL_NO_ROWSET UINT32_MAX
#define RL_NO_NODE UINT32_MAX
#define RL_NO_GUARD UINT32_MAX

/* A step with a guard is due when the rowset has (or has not) rows, and the parent guard holds too. */
typedef struct rl_guard {
  uint32_t rowset;
  bool when_empty;
  uint32_t parent; /* RL_NO_GUARD */
} rl_guard;

/* What is raised, with Prisma's code and meta. message is a finished text. */
typedef struct rl_raise {
  rl_code code;
  rl_str message;
  rl_str model, relation, path, cause; /* details; empty: left out */
} rl_raise;

/* Two values that must be the same when the step is sent: a column that two relations give. */
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
  uint32_t node;            /* rows are shown as this node */
  const rl_raise *if_none;  /* no row was found, or changed */
  const rl_raise *if_fewer; /* fewer rows than the rows of `expected`; of a bulk step: than it was given */
  uint32_t expected;
  rl_agreement *agreements;
  size_t agreement_count;
  bool checked_late;     /* INSERT: without its row nothing is written, so COMMIT need not wait for if_none */
  const rl_raise *error; /* RAISE */
  bool counts;           /* its affected rows are the operation's count (the sum of all such steps) */
  uint64_t needs;        /* bit k: reads rowset k (beyond 63 rowsets: all bits) */
} rl_step;

/* Whether a condition asks for related rows. */
bool rl_filter_has_relation(const rl_filter *filter);

/* Whether an insert may write a row that is already there. */
static inline bool rl_insert_updates(const rl_insert *insert) {
  return insert->on_conflict_count > 0 || (insert->rows && insert->rows->update_count > 0);
}

/* The rows of a bulk step; NULL for any other. */
static inline rl_rows *rl_step_rows(const rl_step *step) {
  if (step->kind == RL_STEP_INSERT) return step->as.insert->rows;
  return step->kind == RL_STEP_UPDATE ? step->as.update->rows : NULL;
}

/* A level of the result. Node 0 is the root. Rows of a node come after all rows of its parent. A recursive include has
 * up to two nodes behind its own that continue it: one for the levels below the first, one for the last level where
 * `depth` ends the walk. Their rows are numbered together with those of its own, as are the rows of the rowset. */
typedef struct rl_node_plan {
  uint32_t parent; /* RL_NO_NODE for the root; the node itself when it continues the one before */
  bool last;       /* it continues one, and nothing was looked for below its rows */
  rl_str name;     /* the relation field's name */
  bool list;       /* array of rows, else one row or none */
  const rl_model *model;
  rl_column *columns; /* visible ones, of the step that shows it */
  size_t column_count;
  /* how a row finds its parents: cells `link` of the row (indices into all columns of its step) equal columns
   * `parent_link` of the parent's rowset */
  uint32_t *link, *parent_link;
  size_t link_count;
  uint32_t parent_rowset; /* row k of it is row k of the parent's node */
  /* the first node of a recursive include: which columns of its own rowset and of the parent's tell rows apart, so that
   * none is shown below itself */
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
  bool atomic;   /* needs a transaction: more than one statement of which one writes */
  bool collides; /* an upsert of one statement that another unique key may refuse: it looks again, which takes a
                    savepoint within a transaction of the caller */
} rl_plan;

/* Never does I/O. Errors: VALIDATION or P2026 for what the features do not allow (with the path), P2014 for what the
 * schema itself forbids. */
rille_status rl_plan_make(const rl_schema *schema, const rl_query *query, const rl_features *features, rl_arena *arena,
                          rl_plan **out, rl_error *err);

/* The steps as text, for explain and for tests: one line a step. */
void rl_plan_dump(const rl_plan *plan, rl_buf *out);

#endif
