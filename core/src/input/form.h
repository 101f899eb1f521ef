/* Forms: what comes from outside (a decoded form, a decoded JSON body), read by a list of what it may say and cast by
 * the schema into data for `create` and `update`. Nothing here raises for what a form says: every problem is a fault of
 * its field, and all of them are found. */
#ifndef RL_INPUT_FORM_H
#define RL_INPUT_FORM_H

#include "schema/schema.h"
#include "tape/tape.h"

/* ------------------------------------------------------------------ what a form may say */

typedef struct rl_allow rl_allow;
typedef struct rl_allowed {
  const rl_field *field;
  const rl_allow *nested; /* new rows of a relation; NULL: a scalar, or existing rows */
  bool needed;            /* by the schema: without it a row cannot be created */
  bool demanded;          /* by the option `required`: must be given, and not be empty */
} rl_allowed;
struct rl_allow {
  const rl_model *model;
  bool creates;      /* new rows, which need what the schema requires */
  rl_allowed *items; /* in the order of the schema */
  size_t count;
  uint32_t *positions; /* by index of the field: 1 + position in items; 0: not allowed */
};

/* Reads { title = true, tags = { name = true }, author = "connect" }, also written as lists of names, and the same for
 * `required` (NULL: none). creates: the fields that the schema requires are needed. Errors: VALIDATION, which names the
 * path. Everything is in the arena of the first tree. */
rille_status rl_allow_read(const rl_model *model, bool creates, rl_arg_tree *allow, rl_arg_tree *required,
                           rl_allow **out, rl_error *err);
/* Returns whether a scalar is part of the foreign key that a relation holds. */
bool rl_form_is_key_of(const rl_field *scalar, const rl_field *relation);

/* ------------------------------------------------------------------ reading */

typedef struct rl_form_options {
  const rl_allow *allow;
  bool report_unknown; /* names that are not allowed are faults; otherwise they are left out */
  uint32_t max_depth, max_items, max_fields;
  int32_t zone;           /* of date-times without an offset: minutes east of UTC */
  const int32_t *offsets; /* the same for the first ones, one by one */
  size_t offset_count;
} rl_form_options;

typedef enum rl_form_token_kind {
  RL_FORM_KEY, /* value: TEXT */
  RL_FORM_VALUE,
  RL_FORM_OPEN_OBJECT,
  RL_FORM_CLOSE_OBJECT,
  RL_FORM_OPEN_LIST,
  RL_FORM_CLOSE_LIST
} rl_form_token_kind;
typedef struct rl_form_token {
  rl_form_token_kind kind;
  rl_value value;
} rl_form_token;

typedef struct rl_form_fault {
  rl_str path;      /* "tags.2.name"; "base": the form as a whole */
  const char *code; /* static */
  rl_str message;   /* for the person at the form */
  rl_str limit;     /* what the message names: a bound, a list of values; empty: none */
  rl_value value;   /* what was given, if it is a scalar; otherwise NULL */
  bool own_message; /* the message is the schema's: @message */
} rl_form_fault;

#define RL_FORM_FAULTS_MAX 1000

/* The result. Texts are in the arena, or borrowed from the tape of the form and from the schema. */
typedef struct rl_form {
  rl_arena arena;
  rl_form_token *tokens; /* the data; meaningless if there are faults */
  size_t token_count, token_cap;
  rl_form_fault *faults; /* at most RL_FORM_FAULTS_MAX */
  size_t fault_count, fault_cap;
  int64_t *locals; /* date-times without an offset, in the order of reading: microseconds as if they were UTC */
  size_t local_count, local_cap;
} rl_form;
void rl_form_init(rl_form *form);
void rl_form_dispose(rl_form *form);

/* Reads a finished tape. Errors: out of memory. */
rille_status rl_form_read(const rl_form_options *options, const rl_tape *tape, rl_form *out, rl_error *err);

#endif
