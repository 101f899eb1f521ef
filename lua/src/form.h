/* Tables from outside and lists of names, written to tapes for rille_input_read. */
#ifndef RL_LUA_FORM_H
#define RL_LUA_FORM_H

#include "binding.h"

typedef struct rl_form_bounds {
  int depth;            /* levels of tables */
  size_t items, fields; /* elements of each list; names in all */
} rl_form_bounds;

/* Writes any value. What cannot be read, or is beyond a bound, becomes a mark, never an error, except a table whose
 * metatable hides its keys: VALIDATION. Strings are copied. */
void rl_form_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, const rl_form_bounds *bounds);

/* Writes { "title", tags = { "name" } } as { title = true, tags = { name = true } }. Raises VALIDATION with the path;
 * what: "input: allow". */
void rl_form_names(lua_State *L, const rl_binding *b, rille_tape *tape, int index, const char *what);

#endif
