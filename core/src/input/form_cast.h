/* One value of a form: cast to the type of its field, and compared with the native type. Private to the form files. */
#ifndef RL_INPUT_FORM_CAST_H
#define RL_INPUT_FORM_CAST_H

#include "input/input.h"

/* One cast. Either `value` is right, or `code` says what is wrong. */
typedef struct rl_cast {
  const rl_field *field;
  rl_arena *arena;
  rl_error *err; /* out of memory only */
  rl_value value;
  const char *code; /* static; NULL: nothing is wrong */
  rl_str limit;     /* of the code, for its message */
  bool is_local;    /* a date-time without an offset */
} rl_cast;

/* Casts a text that is valid UTF-8 and not empty. Not for Json. Returns RILLE_OK with a code, or out of memory. */
rille_status rl_cast_text(rl_cast *c, rl_str text);
/* Casts what is not a text: a number or a date-time. Not for Json and Boolean. */
rille_status rl_cast_number(rl_cast *c, const rl_value *given);
/* Compares the cast value with the native type. */
rille_status rl_cast_check_native(rl_cast *c);
/* Returns the code for a value that is not of the field's type: "not_integer". */
const char *rl_cast_type_code(const rl_field *field);
/* Sets the code and the limit "must be one of". */
rille_status rl_cast_refuse_enum(rl_cast *c);

/* Reads standard or URL-safe base64, padded or not. False with *out NULL: out of memory. */
bool rl_cast_base64(rl_str text, rl_arena *arena, rl_value *out);

typedef struct rl_json_limits {
  uint32_t depth, items, fields;
} rl_json_limits;
/* Checks that a text is JSON that every database and every Lua can hold: within the limits, without zero bytes, with
 * numbers of bounded size. *is_null: the text is `null`. */
rille_status rl_cast_json(rl_cast *c, rl_str json, const rl_json_limits *limits, bool *is_null);

/* form_words.c: writes the message for the person at the form. */
void rl_form_words(const char *code, const rl_field *field, rl_str limit, rl_buf *out);

static inline rille_status rl_cast_refuse(rl_cast *c, const char *code) {
  c->code = code;
  c->limit = (rl_str){NULL, 0};
  return RILLE_OK;
}
/* The same with a limit, which is static or in the arena. */
static inline rille_status rl_cast_refuse_limit(rl_cast *c, const char *code, rl_str limit) {
  c->code = code;
  c->limit = limit;
  return RILLE_OK;
}

#endif
