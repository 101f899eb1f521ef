/* The operator classes of PostgreSQL that a schema can name without raw(). */
#ifndef RL_SCHEMA_OPERATOR_CLASS_H
#define RL_SCHEMA_OPERATOR_CLASS_H

#include "base/buf.h"

bool rl_is_operator_class(rl_str name);                /* JsonbPathOps */
void rl_operator_class_text(rl_str name, rl_buf *out); /* JsonbPathOps -> jsonb_path_ops */
bool rl_operator_class_name(
    rl_str text, rl_buf *out); /* jsonb_path_ops -> JsonbPathOps; false: it has no name, nothing is written */

#endif
