/* The typed query: what a call means, checked against the schema. Bind builds it from the tape, and plan reads it.
 * Everything is allocated in the arena that bind gets, and borrows the schema. Names, keys, kinds and nesting have been
 * checked here. Scalars are checked when the values of a call are read (input/input.h), because one query serves many
 * calls. */
#ifndef RL_QUERY_QUERY_H
#define RL_QUERY_QUERY_H

#include <rille/types.h>

#include "input/input.h"

/* ------------------------------------------------------------------ actions: see actions.def */

typedef enum rl_action {
#define RL_ACTION(number, id, name, access, result, arguments, required, signature, description)                       \
  RL_ACTION_##id = number,
#include "query/actions.def"
} rl_action;

enum {
  RL_ACTION_LIMIT = 1 /* one more than the greatest number */
#define RL_ACTION(number, id, name, access, result, arguments, required, signature, description) +1
#include "query/actions.def"
};

typedef struct rl_action_info {
  const char *name; /* of the method, in events and errors; static */
  bool writes;
  rille_result result;
} rl_action_info;

const rl_action_info *rl_action_info_of(rille_action action); /* NULL: no such action */
rille_action rl_action_named(rl_str name);                    /* 0: no such action */

/* ------------------------------------------------------------------ filters */

typedef enum rl_filter_kind {
  RL_FILTER_TRUE,
  RL_FILTER_FALSE,
  RL_FILTER_AND,
  RL_FILTER_OR,
  RL_FILTER_NOT,
  RL_FILTER_COMPARE,  /* subject op operand */
  RL_FILTER_IN,       /* subject in list (negated: not in). No row is in an empty list (negated: every row is) */
  RL_FILTER_IS_NULL,  /* subject IS NULL (negated: IS NOT NULL) */
  RL_FILTER_RELATION, /* a quantifier over the rows of a relation */
  RL_FILTER_LIST,     /* has, has_every, has_some, is_empty, equals on a scalar list */
  RL_FILTER_JSON,     /* an operator on a Json field, or on the value at a path in it */
  RL_FILTER_SEARCH,   /* full text */
  RL_FILTER_KEYS /* a tuple of fields equals one of the keys: fields[i] = inputs[i] for single values, = ANY pairwise
                    for KEYS inputs */
} rl_filter_kind;

typedef enum rl_operator { /* see operators.def */
#define RL_OPERATOR(id, negation, text, sign) RL_OP_##id,
#include "query/operators.def"
} rl_operator;

typedef struct rl_operator_info {
  rl_operator negation; /* true where this is false, except for NULL; the operator itself: none */
  const char *text;     /* in dumps of plans */
  const char *sign;     /* in SQL; "": none */
} rl_operator_info;
const rl_operator_info *rl_operator_info_of(rl_operator op); /* static */

typedef enum rl_quantifier { RL_SOME, RL_EVERY, RL_NONE, RL_IS, RL_IS_NOT } rl_quantifier;

typedef enum rl_aggregate {
  RL_AGG_NONE,
  RL_AGG_COUNT,
  RL_AGG_COUNT_ALL,
  RL_AGG_COUNT_DISTINCT,
  RL_AGG_SUM,
  RL_AGG_AVG,
  RL_AGG_MIN,
  RL_AGG_MAX
} rl_aggregate;

/* Which null a Json comparison means. */
typedef enum rl_json_null { RL_JSON_NOT_NULL, RL_DB_NULL, RL_JSON_NULL_VALUE, RL_ANY_NULL } rl_json_null;

typedef struct rl_filter rl_filter;
struct rl_filter {
  rl_filter_kind kind;
  bool negated;
  rl_filter **items; /* AND, OR; NOT: negates the conjunction of its items */
  size_t count;
  const rl_field *field;  /* the subject: a scalar, or the relation. A COMPARE on `_all` in having has none */
  rl_aggregate aggregate; /* having: the subject is an aggregate of field */
  rl_operator op;
  bool insensitive; /* mode = "insensitive" */
  rl_input *input;  /* right-hand side: a value or list; NULL if column is set. Exception: LIKE and the string operators
                       of Json with a column have an input that carries only the transform */
  const rl_field *column; /* right-hand side: another column of the same row (rille.field) */
  rl_quantifier quantifier;
  rl_filter *inner;        /* RELATION: NULL with IS or IS_NOT: no related row */
  rl_filter *scope;        /* RELATION: the scope of the related model: other rows do not exist; NULL: none */
  bool is_scope;           /* AND: a scope, not the caller's condition */
  rl_input *json_path;     /* JSON: list of path steps; NULL: the whole value */
  rl_json_null json_null;  /* JSON, EQ and NE with a null */
  const rl_field **fields; /* SEARCH: the fields searched; KEYS: the tuple */
  rl_input **inputs;       /* KEYS: one per field */
  size_t field_count;
};

/* ------------------------------------------------------------------ reading */

typedef enum rl_nulls { RL_NULLS_DEFAULT, RL_NULLS_FIRST, RL_NULLS_LAST } rl_nulls;
typedef enum rl_order_kind { RL_ORDER_FIELD, RL_ORDER_COUNT, RL_ORDER_RELEVANCE, RL_ORDER_AGGREGATE } rl_order_kind;

/* The period of a date-time by which rows are grouped. Its value is the period's start in UTC. Weeks begin on Monday.
 */
typedef enum rl_period {
  RL_PERIOD_NONE,
  RL_PERIOD_YEAR,
  RL_PERIOD_MONTH,
  RL_PERIOD_WEEK,
  RL_PERIOD_DAY,
  RL_PERIOD_HOUR
} rl_period;

typedef struct rl_order {
  rl_order_kind kind;
  const rl_field **path; /* to-one relations from the model to the field, in order; may be empty */
  size_t path_count;
  const rl_field *field; /* FIELD: scalar; COUNT: the list relation; AGGREGATE: the field, NULL for _all */
  bool descending;
  rl_nulls nulls;
  rl_aggregate aggregate;
  rl_period period;        /* FIELD, of groups */
  const rl_field **fields; /* RELEVANCE */
  size_t field_count;
  rl_input *search;
  rl_filter **scopes; /* of the models at the end of each relation of the path; COUNT: and of the list relation. NULL:
                         none. A row outside of its scope does not exist */
} rl_order;

typedef enum rl_lock_mode {
  RL_LOCK_NONE,
  RL_LOCK_UPDATE,
  RL_LOCK_NO_KEY_UPDATE,
  RL_LOCK_SHARE,
  RL_LOCK_KEY_SHARE
} rl_lock_mode;
typedef enum rl_lock_wait { RL_LOCK_BLOCK, RL_LOCK_SKIP_LOCKED, RL_LOCK_NOWAIT } rl_lock_wait;

typedef struct rl_read rl_read;
typedef struct rl_include {
  const rl_field *relation;
  rl_read *read;
} rl_include; /* the model of `read` is the target; a to-one relation has neither take nor order */
typedef struct rl_relation_count {
  const rl_field *relation;
  rl_filter *where;
} rl_relation_count; /* _count; where may be NULL */

typedef struct rl_selection {
  const rl_model *model;
  const rl_field **fields; /* returned scalars, in the order of the schema */
  size_t field_count;
  rl_include *includes; /* in the order of the schema */
  size_t include_count;
  rl_relation_count *counts;
  size_t count_count;
} rl_selection;

struct rl_read {
  const rl_model *model;
  rl_filter *where; /* NULL: all */
  rl_order *orders;
  size_t order_count;
  rl_input *take; /* NULL: all; the absolute number (transform ABSOLUTE if negative) */
  bool reverse;   /* take was negative: the last rows, still in order */
  bool take_none; /* take = 0 */
  rl_input *skip;
  rl_filter *cursor; /* a unique condition; NULL: none */
  const rl_field **distinct;
  size_t distinct_count;
  rl_lock_mode lock;
  rl_lock_wait lock_wait;
  rl_selection selection;
  int32_t recursive_depth; /* of { recursive = true }: the depth limit; 0: not recursive */
};

/* ------------------------------------------------------------------ writing */

typedef enum rl_assign_op { RL_SET, RL_INCREMENT, RL_DECREMENT, RL_MULTIPLY, RL_DIVIDE, RL_PUSH } rl_assign_op;

typedef struct rl_assign {
  const rl_field *field;
  rl_assign_op op;
  rl_input *input; /* NULL: SQL NULL */
} rl_assign;

typedef enum rl_nested_kind {
  RL_NESTED_CREATE,
  RL_NESTED_CREATE_MANY,
  RL_NESTED_CONNECT,
  RL_NESTED_CONNECT_OR_CREATE,
  RL_NESTED_DISCONNECT,
  RL_NESTED_SET,
  RL_NESTED_DELETE,
  RL_NESTED_DELETE_MANY,
  RL_NESTED_UPDATE,
  RL_NESTED_UPDATE_MANY,
  RL_NESTED_UPSERT
} rl_nested_kind;

typedef struct rl_write rl_write;

/* One operation on one relation inside data. Each element of a list has its own rl_nested, except for SET, which has
 * all of its rows in `items`. */
typedef struct rl_nested {
  rl_nested_kind kind;
  const rl_field *relation;
  rl_str path;
  rl_filter *where;  /* unique (to-many), or any filter (to-one update, delete, disconnect with where; *_many); NULL:
                        what is connected */
  rl_filter **items; /* SET: unique conditions */
  size_t item_count;
  rl_write *create;   /* CREATE, CONNECT_OR_CREATE, UPSERT */
  rl_write *update;   /* UPDATE, UPDATE_MANY, UPSERT */
  rl_rows *rows;      /* CREATE_MANY */
  bool key_in_create; /* CONNECT_OR_CREATE: like rl_query.upsert_native, for where and create */
} rl_nested;

struct rl_write {
  const rl_model *model;
  bool is_create;     /* then assigns has every column that the client fills, with defaults and @updatedAt */
  rl_assign *assigns; /* in column order */
  size_t assign_count;
  rl_nested *nesteds; /* by relation in the order of the schema, then by rl_nested_kind, then as given */
  size_t nested_count;
  const rl_field **keys; /* relations to models with a scope whose foreign key is written directly: the row that it
                            names must be in the scope */
  size_t key_count;
};

/* ------------------------------------------------------------------ scopes
 *
 * The scope of a client is a condition for each model: for the client there are no other rows. It comes on the tape
 * behind the arguments (rl_tape_append), so its shape is part of the program and its values are those of the call. */

typedef struct rl_model_scope {
  bool bound;
  rl_filter *where; /* an AND with is_scope; NULL: all rows */
} rl_model_scope;

/* Returns the condition of a scope by which the field equals a value (COMPARE) or null (IS_NULL): new rows get it.
 * NULL: none. */
const rl_filter *rl_scope_gives(const rl_filter *scope, const rl_field *field);

/* Checks the values behind the arguments as scopes: models, fields, conditions, and whether every model has the fields
 * of "*". Errors: VALIDATION. */
rille_status rl_check_scope(const rl_schema *schema, rl_arg_tree *tree, rl_arena *arena, rl_error *err);

/* ------------------------------------------------------------------ the query */

typedef struct rl_aggregate_column {
  rl_aggregate fn;
  const rl_field *field;
  rl_str group, name;
} rl_aggregate_column; /* group "_sum", name "views"; COUNT_ALL: "_all" */

typedef struct rl_query {
  rl_action action;
  const rl_model *model;
  rl_read read; /* find_*, count, aggregate, group_by, exists; of a write: its `where`, and the selection that it
                   returns */
  rl_write *create, *update; /* create, update, upsert */
  rl_rows *rows;   /* create_many, upsert_many; update_many with `on`: rows->conflict identifies the rows, rows->update
                      is set */
  rl_input *limit; /* update_many, delete_many */
  bool upsert_native;  /* upsert: `where` is exactly one unique key by plain equality, no part of it is null, create
                          gives these fields the same values (rl_arg_pin_same), and neither create nor update has
                          nested writes. So one INSERT ... ON CONFLICT statement is enough */
  bool all_rows;       /* where = rille.all */
  const rl_field **by; /* group_by */
  rl_period *periods;  /* of each */
  size_t by_count;
  rl_filter *having;
  rl_aggregate_column *aggregates; /* aggregate, group_by, count with select */
  size_t aggregate_count;
  bool count_plain;         /* count without select: an integer */
  uint32_t generated_count; /* slots of GENERATED inputs */
  rl_input *inputs;         /* all inputs, linked by next_sealed */
  rl_model_scope *scopes;   /* by number of the model: those that the query reaches; NULL: the client has none */
} rl_query;

typedef struct rl_bind_options {
  bool strict_where;
  const rl_map
      *omit; /* global omit: "user.password" (the model's name in snake case, field name) -> non-NULL; NULL: none */
} rl_bind_options;

/* Checks the call and builds the query. Errors: VALIDATION (or P2009, P2012, P2013, P2019, where Prisma has a code)
 * with the details "path" and "model". The message has the path, what is wrong and the nearest right name. Pins in the
 * tree what the query depends on, calls rl_arg_tree_address at the end, and fills address and shape_at of every input.
 */
rille_status rl_bind(const rl_schema *schema, const rl_model *model, rille_action action, rl_arg_tree *tree,
                     const rl_bind_options *options, rl_arena *arena, rl_query **out, rl_error *err);

/* All errors in the data of a call: the first 1,000 of them. */
enum { RL_FAULTS_MOST = 1000 };
typedef struct rl_faults {
  rl_error *items;
  size_t count, cap;
} rl_faults;
void rl_faults_dispose(rl_faults *faults);
/* Binds only to find errors: collects those at which rl_bind would stop, and checks the rest of the data too. Fails
 * only when out of memory. */
rille_status rl_bind_faults(const rl_schema *schema, const rl_model *model, rille_action action, rl_arg_tree *tree,
                            const rl_bind_options *options, rl_arena *arena, rl_faults *faults, rl_error *err);

#endif
