/* The foreign key that a statement has broken. */
#ifndef RL_RUN_FOREIGN_KEY_H
#define RL_RUN_FOREIGN_KEY_H

#include "plan/plan.h"

/* Returns the relation whose foreign key the statement of the step has broken. NULL: it could be several. */
const rl_relation *rl_broken_relation(const rl_schema *schema, const rl_step *step);

#endif
