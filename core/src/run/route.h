/* Where a read is sent: to a replica, or to the primary. A client reads its own writes: after a write, a replica is
 * read only once it has replayed the position that the primary's log had then. */
#ifndef RL_RUN_ROUTE_H
#define RL_RUN_ROUTE_H

#include "run/op.h"

/* Returns the pool from which the operation takes its connection. */
rl_pool *_Atomic *rl_route_choose(rl_op *op);
/* Queues the question for the server's position, if it is due. It is a separate pipeline before the operation's, so the
 * rows read are at least as new as the answer. */
rille_status rl_route_send_probe(rl_op *op, rl_error *err);
rille_status rl_route_take_probe(rl_op *op, const rl_row_view *view, rl_error *err);
/* Returns the facts about the route that retry.h needs, after a failure. */
uint32_t rl_route_facts(const rl_op *op);
void rl_route_leave(rl_op *op); /* the operation is sent to another server next */
/* Called when the operation releases its connection. */
void rl_route_ended(rl_op *op);

#endif
