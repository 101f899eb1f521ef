/* Inserts and updates of many rows. */
#ifndef RL_RUN_BULK_H
#define RL_RUN_BULK_H

#include "run/call.h"

typedef struct rl_bulk rl_bulk;

rille_status rl_bulk_read(rl_call *call, uint32_t step, rl_bulk **out,
                          rl_error *err); /* reads and checks the rows of the call */
/* Sends the first statement. RILLE_DONE: there are no rows. */
rille_status rl_bulk_start(rl_call *call, rl_exchange *io, uint32_t step, rl_error *err);
/* Sends the next statement. RILLE_DONE: all have been sent. */
rille_status rl_bulk_more(rl_call *call, rl_exchange *io, rl_error *err);
bool rl_bulk_is_several(const rl_call *call, uint32_t step); /* its rows need more than one statement */
void rl_bulk_rewind(rl_call *call);                          /* starts again with the first row */
/* Called after each of its statements. Raises if_fewer of the step when all statements together found fewer rows than
 * there were. */
rille_status rl_bulk_check(rl_call *call, uint32_t step, int64_t affected, rl_error *err);

#endif
