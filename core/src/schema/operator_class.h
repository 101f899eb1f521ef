/* The operator classes of PostgreSQL that a schema can name without raw(). */
#ifndef RL_SCHEMA_OPERATOR_CLASS_H
#define RL_SCHEMA_OPERATOR_CLASS_H

#include "base/buf.h"

bool rl_is_operator_class(rl_str name);                /* JsonbPathOps */
void rl_operator_class_text(rl_str name, rl_buf *out); /* JsonbPathOps to jsonb_path_ops */
bool rl_operator_class_name(rl_str text, rl_buf *out); /* and back; false, with nothing written, when it has no name */

#endif
