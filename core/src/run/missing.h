/* Missing tables and columns (P2021, P2022). */
#ifndef RL_RUN_MISSING_H
#define RL_RUN_MISSING_H

#include "plan/plan.h"

void rl_translate_missing(const rl_schema *schema, const rl_step *failed, rl_error *err);

#endif
