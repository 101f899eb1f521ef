/* A table or column that is not there (P2021, P2022), with what makes it. */
#ifndef RL_RUN_MISSING_H
#define RL_RUN_MISSING_H

#include "plan/plan.h"

void rl_explain_missing(const rl_schema *schema, const rl_step *failed, rl_error *err);

#endif
