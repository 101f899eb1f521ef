/* Inserts and updates of many rows. */
#ifndef RL_RUN_BULK_H
#define RL_RUN_BULK_H

#include "run/call.h"

typedef struct rl_bulk rl_bulk;

rille_status rl_bulk_read(rl_call *call, uint32_t step, rl_bulk **out, rl_error *err); /* takes the rows of the call */
/* RILLE_OK, or RILLE_DONE: there are no rows. */
rille_status rl_bulk_start(rl_call *call, rl_exchange *io, uint32_t step, rl_error *err);
/* RILLE_OK when another statement was sent, RILLE_DONE when all are. */
rille_status rl_bulk_more(rl_call *call, rl_exchange *io, rl_error *err);
bool rl_bulk_is_several(const rl_call *call, uint32_t step); /* one statement is not enough for its rows */
void rl_bulk_rewind(rl_call *call);                          /* nothing of its rows was sent */
/* After each of its statements: if_fewer of a bulk step is raised when they found fewer rows than there were. */
rille_status rl_bulk_check(rl_call *call, uint32_t step, int64_t affected, rl_error *err);

#endif
