/* Rows on their way out: kept for later steps, assigned to their parents, delivered to the caller. */
#ifndef RL_RUN_EMIT_H
#define RL_RUN_EMIT_H

#include "run/call.h"

/* Takes the row of a step in call->view. ROW: it is delivered, OK: it is only kept. */
rille_status rl_call_take_row(rl_call *call, uint32_t step, rille_row *row, rl_error *err);
rille_status rl_call_emit_more(rl_call *call, uint32_t step, rille_row *row, rl_error *err); /* while emit_next != 0 */

#endif
