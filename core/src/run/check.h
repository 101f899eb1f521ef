/* Checks after the last row of a step. */
#ifndef RL_RUN_CHECK_H
#define RL_RUN_CHECK_H

#include "run/call.h"

rille_status rl_call_finish_step(rl_call *call, uint32_t step, int64_t affected, rl_error *err);

#endif
