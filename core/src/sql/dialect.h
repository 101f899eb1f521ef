/* What the dialects share. Private to sql. */
#ifndef RL_SQL_DIALECT_H
#define RL_SQL_DIALECT_H

#include "sql/forms.h"

/* Returns the wire type of a type, which is the same on both databases. */
rl_wire_type rl_wire_type_of(const rl_type *type);
/* Writes in double quotes, with quotes inside doubled. */
void rl_identifier_quote(rl_buf *out, rl_str name);
/* Writes x LIKE y ESCAPE '\', with the given name of the operator. */
rl_expr rl_x_like(rl_writer *w, rl_expr subject, const char *operator_, rl_expr pattern);
/* Writes x + y and similar; NULL: not arithmetic. */
rl_expr rl_x_arithmetic(rl_writer *w, rl_assign_op op, rl_expr column, rl_expr operand);

#endif
