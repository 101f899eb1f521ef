/* Rows on their way out: kept for later steps, given to their parents, shown to the caller. */
#ifndef RL_RUN_EMIT_H
#define RL_RUN_EMIT_H

#include "run/call.h"

/* What to do with the row of a step in call->view. ROW when it is shown, OK when it is only kept. */
rille_status rl_call_take_row(rl_call *call, uint32_t step, rille_row *row, rl_error *err);
rille_status rl_call_emit_more(rl_call *call, uint32_t step, rille_row *row, rl_error *err); /* while emit_next != 0 */

#endif
