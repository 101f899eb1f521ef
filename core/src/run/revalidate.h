/* Making answers stale by tags and paths. */
#ifndef RL_RUN_REVALIDATE_H
#define RL_RUN_REVALIDATE_H

#include "run/op.h"

/* Starts it: now, or at the commit of the transaction, which takes no round trip. Without one, other processes are told
 * in one round trip. VALIDATION: the client has no cache. */
rille_status rl_op_start_revalidate(rl_op *op, rl_tx *tx, const rl_names *names, rl_error *err);

#endif
