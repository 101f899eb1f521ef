/* What the files of bind share: the state of one bind, and the functions that build the parts of a query. Private to
 * the query room. */
#ifndef RL_QUERY_BIND_H
#define RL_QUERY_BIND_H

#include "query/query.h"

typedef struct rl_sealed_rows { /* rows that get their address at the end */
  rl_rows *rows;
  struct rl_sealed_rows *next;
} rl_sealed_rows;

typedef struct rl_binder {
  const rl_schema *schema;
  rl_arg_tree *tree;
  const rl_bind_options *options;
  rl_arena *arena;
  rl_query *query;
  rl_sealed_rows *rows;
  rl_faults *faults; /* NULL: the first error ends the bind */
  bool in_scope;     /* the conditions of a scope are bound: they see all rows */
  rl_error *err;
} rl_binder;

/* note.c. While faults are collected: what is wrong with a value that has rules; with the values of all rows. */
rille_status rl_note_value(rl_binder *b, const rl_input *input);
rille_status rl_note_rows(rl_binder *b);

/* ------------------------------------------------------------------ context.c: words, lists, errors */

/* Returns a failure to the caller. */
#define RL_TRY(call)                                                                                                   \
  do {                                                                                                                 \
    rille_status rl_try_status = (call);                                                                               \
    if (rl_try_status < 0) return rl_try_status;                                                                       \
  } while (0)

/* If errors are collected, adds the failure to them and returns RILLE_OK, so the bind continues with the next part.
 * Otherwise returns the failure. */
rille_status rl_note(rl_binder *b, rille_status status);
#define RL_NOTE(call) RL_TRY(rl_note(b, call))
static inline bool rl_is_faulty(const rl_binder *b) {
  return b->faults && b->faults->count;
}

typedef struct rl_word {
  const char *text;
  int id;
} rl_word;
#define RL_COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* Returns the id of a word, or -1. */
int rl_word_id(const rl_word *words, size_t count, rl_str text);

/* Names that would have been right, for suggestions. They are in the arena, because calls nest deeply and stacks are
 * small. A name is left out when out of memory. */
typedef struct rl_choices {
  rl_arena *arena;
  rl_str *items;
  size_t count, cap;
} rl_choices;
void rl_choices_add(rl_choices *names, rl_str name);
void rl_choices_words(rl_choices *names, const rl_word *words, size_t count);
void rl_choices_fields(rl_choices *names, const rl_model *model, bool scalars, bool relations);

/* Each sets VALIDATION (or `code`) with the message "path: text" and the details path, model and field (field may be
 * NULL), and returns RILLE_ERROR. At the root of the arguments the path in the message is the method's name. */
rille_status rl_bad(rl_binder *b, const rl_arg *at, const rl_field *field, const char *format, ...);
rille_status rl_bad_code(rl_binder *b, rl_code code, const rl_arg *at, const rl_field *field, const char *format, ...);
/* The same for a missing key: `child` is the key that `at` lacks. */
rille_status rl_bad_child(rl_binder *b, rl_code code, const rl_arg *at, const char *child, const rl_field *field,
                          const char *format, ...);
/* "where.emial: unknown field of User; did you mean `email`?" */
rille_status rl_bad_name(rl_binder *b, const rl_arg *at, rl_str written, const char *what, const rl_model *model,
                         const rl_choices *names);
rille_status rl_bad_field(rl_binder *b, const rl_arg *at, rl_str written, const rl_model *model, bool scalars,
                          bool relations);
/* meaning.c. Returns the name of which `written` is another spelling (orderBy), or the name that does what `written`
 * does in other tools; empty: none. */
rl_str rl_by_meaning(rl_str written, const rl_choices *names);
/* Rejects a list of names where a table with these keys is expected: "write `{ posts = true }`". Accepts anything else.
 */
rille_status rl_refuse_names(rl_binder *b, rl_arg *n);
rille_status rl_nomem(rl_binder *b);

/* Turns rille.array{} and rille.object{} into a plain empty list or object of the query language. */
void rl_plain(rl_arg *n);
bool rl_is_empty_list(const rl_arg *n);    /* {} or [] */
const char *rl_kind_text(const rl_arg *n); /* "a string", "a list": for messages */
rille_status rl_expect_object(rl_binder *b, rl_arg *n, const char *what);
rille_status rl_expect_number(rl_binder *b, const rl_arg *n); /* an integer or a float */
/* Reads a boolean, and pins it. */
rille_status rl_expect_flag(rl_binder *b, rl_arg *n, bool *out);
/* Reads a string that is one of the words, and pins it. */
rille_status rl_expect_word(rl_binder *b, rl_arg *n, const rl_word *words, size_t count, int *id);

typedef struct rl_args {
  rl_arg *items;
  size_t count;
} rl_args;
/* Reads one object or a list of objects. {} is none, or one empty object if empty_is_one. Lists are expanded. */
rille_status rl_expect_many(rl_binder *b, rl_arg *n, bool empty_is_one, rl_args *out);
/* Reads a field name or a list of them, and pins them. */
rille_status rl_expect_fields(rl_binder *b, rl_arg *n, const rl_model *model, const rl_field ***fields, size_t *count);
rl_arg *rl_get(rl_arg *object, const char *key);
const rl_field *rl_find_field(const rl_model *model, rl_str name); /* NULL for ignored ones too */

/* actions.c. Rejects arguments that the query's action does not take, and reports required ones that are missing. */
rille_status rl_check_arguments(rl_binder *b, rl_arg *args);

/* ------------------------------------------------------------------ decoded.c: data from outside */

/* Refuses a decoded table that the bind has not taken as a value. bound: the status of the bind, returned if there is
 * none; an error within such a table is replaced. */
rille_status rl_refuse_decoded(rl_binder *b, rille_status bound);
rille_status rl_refuse_decoded_in(rl_binder *b, const rl_arg *within, rille_status bound);
const char *rl_decoded_text(rl_decoded from); /* "decoded JSON" */

/* ------------------------------------------------------------------ inputs.c */

rl_input *rl_input_new(rl_binder *b, rl_input_kind kind, const rl_type *type, const rl_field *field, rl_arg *arg);
rille_status rl_input_scalar(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, rl_input **out);
/* Takes a list as a value, decoded or not, unless it contains a decoded table where a scalar is meant. */
void rl_take_list_as_data(rl_binder *b, const rl_type *type, rl_arg *arg);
/* A list of scalars. as_list: the list is the value of a list column (type.list); otherwise each element is compared
 * separately. */
rille_status rl_input_scalars(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, bool as_list,
                              rl_input **out);
rille_status rl_input_json(rl_binder *b, const rl_type *type, const rl_field *field, rl_arg *arg, rl_input **out);
rille_status rl_input_default(rl_binder *b, const rl_field *field, rl_str path,
                              rl_input **out); /* NULL: the client gives no default */
rille_status rl_input_now(rl_binder *b, const rl_field *field, rl_str path, rl_input **out);
/* An integer, 0 or more, for skip and limit. Pins its sign. */
rille_status rl_input_count(rl_binder *b, rl_arg *arg, rl_input **out);
rille_status rl_seal(rl_binder *b);
rl_type rl_plain_type(rl_scalar scalar);

/* ------------------------------------------------------------------ filters. NULL means no condition */

typedef struct rl_subject { /* the left-hand side of an operator */
  const rl_model *model;    /* a field reference may name its columns */
  const rl_field *field;
  rl_aggregate aggregate;
  rl_type type;     /* of its values */
  rl_type ref_type; /* the type that a referenced field must have */
  bool nullable;
  bool insensitive;
  bool reverse; /* inside an odd number of `not` */
} rl_subject;

typedef struct rl_filters { /* a growing conjunction */
  rl_filter **items;
  size_t count, cap;
} rl_filters;
rille_status rl_filters_add(rl_binder *b, rl_filters *list, rl_filter *f); /* skips NULL */
rille_status rl_filters_and(rl_binder *b, rl_filters *list, rl_filter **out);
rille_status rl_join_searches(rl_binder *b, rl_filter_kind flat, rl_filters *list); /* searches.c; flat: AND or OR */
rille_status rl_filter_new(rl_binder *b, rl_filter_kind kind, const rl_field *field, rl_filter **out);
rille_status rl_filter_not(rl_binder *b, rl_filter *inner, rl_filter **out);

/* where.c */
rille_status rl_bind_where(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out);
typedef rille_status rl_where_fn(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out);
/* AND, OR, NOT: the id is of rl_grouping_words, and fn binds the items. */
enum { RL_WORD_AND, RL_WORD_OR, RL_WORD_NOT };
extern const rl_word rl_grouping_words[3];
rille_status rl_bind_grouping(rl_binder *b, const rl_model *model, int id, rl_arg *arg, rl_where_fn *fn,
                              rl_filter **out);
rille_status rl_bind_field_filter(rl_binder *b, const rl_field *field, rl_arg *arg, rl_filter **out);
/* where_scalar.c */
rille_status rl_bind_scalar_filter(rl_binder *b, rl_subject *s, rl_arg *arg, rl_filter **out);
bool rl_is_scalar_operator(rl_str key);
rille_status rl_bind_field_ref(rl_binder *b, const rl_subject *s, rl_arg *arg, bool list, const rl_field **out);
/* where_list.c */
rille_status rl_bind_list_filter(rl_binder *b, const rl_field *field, rl_arg *arg, rl_filter **out);
/* where_json.c */
rille_status rl_bind_json_filter(rl_binder *b, const rl_subject *s, rl_arg *arg, rl_filter **out);
/* key_again.c. For upsert_native and key_in_create. */
rille_status rl_bind_key_again(rl_binder *b, const rl_filter *unique, const rl_write *create, bool *out);
/* where_unique.c. At least one whole unique key, and any other conditions; with the scope. */
rille_status rl_bind_unique(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out);

/* ------------------------------------------------------------------ scope.c: the scope of the client, see query.h */

/* Returns the scope of a model, bound once; NULL: none. */
rille_status rl_scope_of(rl_binder *b, const rl_model *model, rl_filter **out);
/* Adds the scope of the model to the caller's conditions. Everything that reaches rows of a model comes through here,
 * or through rl_bind_unique or a RELATION filter, which do it themselves. */
rille_status rl_scope_add(rl_binder *b, const rl_model *model, rl_filter **where);
/* Returns the condition that gives the field its value in new rows; NULL: none. */
const rl_filter *rl_scope_value(const rl_binder *b, const rl_field *field);
/* What is assigned to a field must be what the scope says. */
rille_status rl_scope_check_assign(rl_binder *b, const rl_arg *at, rl_assign *assign);
/* Finds the relations for rl_write.keys among the columns that are written. given: by column index. but: a relation
 * that gives its key itself, or NULL. */
rille_status rl_scope_keys(rl_binder *b, const rl_model *model, const bool *given, const rl_field *but,
                           const rl_field ***keys, size_t *count);

/* ------------------------------------------------------------------ reading */

rille_status rl_bind_order(rl_binder *b, const rl_model *model, rl_arg *arg, bool grouped, rl_order **orders,
                           size_t *count);                                                            /* order.c */
rille_status rl_bind_selection(rl_binder *b, const rl_model *model, rl_arg *args, rl_selection *out); /* select.c */
/* read.c. Reads where, order_by, cursor, take, skip, distinct and lock, if args has them. */
rille_status rl_bind_read(rl_binder *b, const rl_model *model, rl_arg *args, bool grouped, rl_read *read);
rille_status rl_bind_lock(rl_binder *b, rl_arg *arg, rl_read *read);
/* aggregate.c, having.c */
rille_status rl_bind_aggregates(rl_binder *b, rl_arg *args);
rille_status rl_bind_count_select(rl_binder *b, rl_arg *select);
rille_status rl_bind_group_by(rl_binder *b, rl_arg *args);
rille_status rl_bind_having(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out);
extern const rl_word rl_aggregate_words[5];
enum { RL_WORD_COUNT, RL_WORD_AVG, RL_WORD_SUM, RL_WORD_MIN, RL_WORD_MAX };
bool rl_can_aggregate(rl_aggregate fn, const rl_field *field);

/* ------------------------------------------------------------------ writing */

typedef enum rl_data_mode { RL_DATA_CREATE, RL_DATA_UPDATE, RL_DATA_UPDATE_MANY } rl_data_mode;
/* data.c. parent: the relation field of the parent model through which the row is written; NULL: at the top */
rille_status rl_bind_write(rl_binder *b, const rl_model *model, rl_arg *arg, rl_data_mode mode, const rl_field *parent,
                           rl_write **out);
rille_status rl_bind_assign(rl_binder *b, const rl_field *field, rl_arg *arg, rl_data_mode mode,
                            rl_assign *out); /* assign.c */
/* data_check.c. What cannot be written together, and what is required. */
bool rl_is_parent_key(const rl_field *field, const rl_field *parent);
rille_status rl_check_data(rl_binder *b, const rl_model *model, rl_arg *arg, rl_data_mode mode, const rl_field *parent);
/* nested.c. Appends to write->nesteds. */
rille_status rl_bind_nested(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_data_mode mode, rl_write *write);
/* rows.c */
rille_status rl_bind_rows(rl_binder *b, const rl_model *model, rl_arg *arg, const rl_field *parent, bool defaults,
                          rl_rows **out);
rille_status rl_bind_rows_keys(rl_binder *b, rl_arg *args, rl_rows *rows, bool update_all); /* on and update */

#endif
