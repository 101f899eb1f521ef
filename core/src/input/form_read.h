/* What the files that read a form share: the state of one reading, and what they say of a value. Private to them. */
#ifndef RL_INPUT_FORM_READ_H
#define RL_INPUT_FORM_READ_H

#include "input/form.h"
#include "input/form_cast.h"

typedef struct rl_form_reading {
  const rl_form_options *options;
  rl_arg_tree *tree;
  rl_form *out;
  rl_arena *arena; /* of out */
  rl_error *err;
  const rl_arg **sources; /* of the elements of the last list of scalars; some elements may have been left out */
} rl_form_reading;

/* What became of a value of a form. */
typedef enum rl_given {
  RL_GIVEN_NOT,   /* there is none */
  RL_GIVEN_EMPTY, /* it means NULL */
  RL_GIVEN_VALUE,
  RL_GIVEN_FAULT /* it is wrong, and a fault says so */
} rl_given;

/* form_out.c: what is found. */
/* Adds a fault of the value `at`, or of its member `child`. With a code that rl_form_words knows, and a limit. */
rille_status rl_form_add_fault(rl_form_reading *r, const rl_arg *at, rl_str child, const rl_field *field,
                               const char *code, rl_str limit);
/* The same with a message, which is in the arena. */
rille_status rl_form_add_fault_text(rl_form_reading *r, const rl_arg *at, rl_str child, const char *code, rl_str limit,
                                    rl_str message, bool own);
rille_status rl_form_add_local(rl_form_reading *r, int64_t at, int32_t *minutes); /* minutes: east of UTC */
rille_status rl_form_put(rl_form_reading *r, rl_form_token_kind kind);
rille_status rl_form_put_key(rl_form_reading *r, rl_str name);
rille_status rl_form_put_value(rl_form_reading *r, const rl_value *value);

/* form_value.c: one field that is no relation. */
/* Reads a value, or a list of values if the field has one. rules: the rules of the field hold for it. */
rille_status rl_form_read_field(rl_form_reading *r, const rl_field *field, rl_arg *arg, bool rules, rl_given *given,
                                rl_value *out);
bool rl_form_is_empty(const rl_arg *arg);          /* null, "", a bare name, a table without elements */
bool rl_form_is_empty_table(const rl_arg *arg);    /* without elements or members */
const char *rl_form_unreadable(const rl_arg *arg); /* the code of a value that could not be read; NULL: it could */

/* form_relation.c */
rille_status rl_form_read_relation(rl_form_reading *r, const rl_allowed *allowed, rl_arg *arg, rl_given *given);

/* form_read.c: reads a table by what is allowed in it, and writes it. */
rille_status rl_form_read_row(rl_form_reading *r, const rl_allow *allow, rl_arg *object);

#endif
