/* The steps of a call of a model: their inputs, and which are sent next. */
#ifndef RL_RUN_STEPS_H
#define RL_RUN_STEPS_H

#include "run/call.h"

/* Reads and checks every value that the call itself has. */
rille_status rl_call_prepare_inputs(rl_call *call, rl_error *err);
/* Queues the steps that may be sent now. Steps that do not need each other's rows share a round trip. */
rille_status rl_call_send_steps(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err);
/* Returns whether its statements need one transaction. within: the caller's transaction is open. */
bool rl_call_is_atomic(const rl_call *call, bool within);
/* Returns the number of round trips if every step finds rows. wrapped: in its own transaction. */
uint32_t rl_call_foresee_trips(const rl_call *call, bool pipelines, bool wrapped);
/* Begins the next portion of a stream, in an arena that was emptied. */
void rl_call_next_portion(rl_call *call);
void rl_call_rewind(rl_call *call); /* prepares it to be sent again from the start */

#endif
