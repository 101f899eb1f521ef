/* Reading tables of options into the structs of the public headers. Each call has one table of rows. */
#ifndef RL_LUA_OPTIONS_H
#define RL_LUA_OPTIONS_H

#include <stddef.h>

#include "binding.h"

typedef enum rl_option_kind {
  RL_OPTION_STRING,  /* const char *; no zero bytes */
  RL_OPTION_BYTES,   /* const char * and its length: any string */
  RL_OPTION_FLAG,    /* int32_t, 0 or 1 */
  RL_OPTION_INT32,   /* int32_t, within `least` and `most` */
  RL_OPTION_INT64,   /* int64_t, the same */
  RL_OPTION_SPAN,    /* int64_t: milliseconds, rounded up */
  RL_OPTION_WORD,    /* int32_t: one of `words`; case and separators (_, -, space) do not matter */
  RL_OPTION_STRINGS, /* const char *const * and its length, at most `most` */
  RL_OPTION_SCHEMA   /* rille_schema * */
} rl_option_kind;

typedef struct rl_option_word {
  const char *name; /* lower case, words with _ between */
  int32_t value;
} rl_option_word;

/* One option. If it is nil its field is zero; a required one raises an error. */
typedef struct rl_option {
  const char *name; /* NULL ends the rows */
  rl_option_kind kind;
  size_t at;       /* offset of its field in the struct */
  size_t count_at; /* offset of the length or count */
  int64_t least, most;
  const rl_option_word *words; /* ended by a NULL name */
  int required;
} rl_option;

/* Clears the struct, sets its struct_size, and reads the table at index; nil is a table without options. Raises
 * VALIDATION: `what: name: expected X, got Y`. What the fields point to stays alive on the stack. */
void rl_options_read(lua_State *L, int index, const char *what, const rl_option *rows, void *out, size_t size);

#endif
