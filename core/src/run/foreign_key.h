/* Which relation a statement has broken. */
#ifndef RL_RUN_FOREIGN_KEY_H
#define RL_RUN_FOREIGN_KEY_H

#include "plan/plan.h"

/* The one relation whose foreign key the step's statement can have broken; NULL when there are several. */
const rl_relation *rl_broken_relation(const rl_schema *schema, const rl_step *step);

#endif
