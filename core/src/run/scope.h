/* The scope of a client: conditions on every row that its calls reach. It is kept as the finished end of a tape, which
 * each call of the client appends to its arguments. So the scope is part of the shape and the values of each call:
 * 1,000 tenants share a program, and whatever is kept by shape and values (a cache of results, for example) is kept
 * apart for each of them. */
#ifndef RL_RUN_SCOPE_H
#define RL_RUN_SCOPE_H

#include "schema/schema.h"
#include "tape/tape.h"

typedef struct rl_scope_given {
  const rl_tape *scope; /* { ["*"] = {...}, post = {...} } */
  const rl_str *except; /* models */
  size_t except_count;
} rl_scope_given;

/* Shapes of scopes that have been checked against the schema. For all clients of a root. */
typedef struct rl_scopes rl_scopes;
rille_status rl_scopes_new(rl_scopes **out, rl_error *err);
void rl_scopes_free(rl_scopes *s);

/* Checks a scope, unless one of this shape is known, and adds it to those of `from` (NULL: none). The result, with all
 * it refers to, is in the arena. Errors: VALIDATION. */
rille_status rl_scope_make(rl_scopes *s, const rl_schema *schema, const rl_scope_given *given,
                           const rl_tape_suffix *from, rl_arena *arena, const rl_tape_suffix **out, rl_error *err);
#endif
