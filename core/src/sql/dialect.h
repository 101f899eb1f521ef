/* What the dialects share. Private to sql. */
#ifndef RL_SQL_DIALECT_H
#define RL_SQL_DIALECT_H

#include "sql/forms.h"

/* How values of a type travel: both databases agree. */
rl_wire_type rl_wire_type_of(const rl_type *type);
/* In double quotes, those within doubled. */
void rl_identifier_quote(rl_buf *out, rl_str name);
/* x LIKE y ESCAPE '\', with the operator's own name. */
rl_expr rl_x_like(rl_writer *w, rl_expr subject, const char *operator_, rl_expr pattern);
/* x + y and the like; NULL for what is no arithmetic. */
rl_expr rl_x_arithmetic(rl_writer *w, rl_assign_op op, rl_expr column, rl_expr operand);

#endif
