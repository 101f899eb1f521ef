/* Translates a database's error to terms of the schema. */
#ifndef RL_RUN_CONSTRAINT_H
#define RL_RUN_CONSTRAINT_H

#include "plan/plan.h"

/* failed: the step whose statement failed; NULL: not known. */
void rl_translate_constraint(const rl_schema *schema, const rl_model *model, const rl_step *failed, rl_error *err);

#endif
