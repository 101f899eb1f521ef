/* Errors that a plan foresees. */
#ifndef RL_RUN_RAISE_H
#define RL_RUN_RAISE_H

#include "plan/plan.h"

rille_status rl_raise_error(const rl_raise *r, const rl_model *model, rl_error *err);

#endif
