/* The steps of a model call: their inputs, and which of them go to the database next. */
#ifndef RL_RUN_STEPS_H
#define RL_RUN_STEPS_H

#include "run/call.h"

/* Takes and checks every value that the call itself gives. */
rille_status rl_call_prepare_inputs(rl_call *call, rl_error *err);
/* Queues the steps that may go now: those that take nothing from one another share a round trip. */
rille_status rl_call_send_steps(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err);
/* Whether several of its statements must happen together; within: a transaction is around it. */
bool rl_call_is_atomic(const rl_call *call, bool within);
/* Times the call waits for the database when every step finds rows; wrapped: in a transaction of its own. */
uint32_t rl_call_foresee_trips(const rl_call *call, bool pipelines, bool wrapped);
/* Of a read in portions: the next one begins, in an arena that was emptied. */
void rl_call_next_portion(rl_call *call);
void rl_call_rewind(rl_call *call); /* to be sent again from the start */

#endif
