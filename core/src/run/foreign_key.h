/* The foreign key that a statement has broken. */
#ifndef RL_RUN_FOREIGN_KEY_H
#define RL_RUN_FOREIGN_KEY_H

#include "plan/plan.h"

/* Returns the relation whose foreign key the statement of the step has broken. NULL: it could be several. */
const rl_relation *rl_broken_relation(const rl_schema *schema, const rl_step *step);

/* Returns "referencing" if a row that the step has written refers to nothing, "referenced" if a row that it has changed
 * or deleted is still referred to, NULL if it could be either. Static. `relation`: the broken one, or NULL. */
const char *rl_broken_side(const rl_schema *schema, const rl_step *step, const rl_relation *relation);

#endif
