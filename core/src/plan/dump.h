/* Plans as text: the functions that dump.c combines. */
#ifndef RL_PLAN_DUMP_H
#define RL_PLAN_DUMP_H

#include "plan/plan.h"

void rl_dump_input(rl_buf *out, const rl_input *input);
void rl_dump_filter(rl_buf *out, const rl_filter *filter);
void rl_dump_columns(rl_buf *out, const rl_column *columns, size_t count, size_t visible);
void rl_dump_assigns(rl_buf *out, const rl_assign *assigns, size_t count);
void rl_dump_fields(rl_buf *out, const rl_field *const *fields, size_t count);

#endif
