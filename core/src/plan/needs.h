/* What finished steps need. */
#ifndef RL_PLAN_NEEDS_H
#define RL_PLAN_NEEDS_H

#include "plan/builder.h"

void rl_plan_needs(rl_plan *plan);                      /* fills in step.needs */
void rl_plan_check(rl_builder *b, const rl_plan *plan); /* rejects what the database does not support */

#endif
