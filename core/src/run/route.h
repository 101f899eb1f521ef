/* Where a read goes: to a replica, or to the primary. A client reads its own writes: after one of them, a replica is
 * only read from once it has replayed the position that the primary's log had then. */
#ifndef RL_RUN_ROUTE_H
#define RL_RUN_ROUTE_H

#include "run/op.h"

/* The pool that the operation is to take its connection from. */
rl_pool *_Atomic *rl_route_choose(rl_op *op);
/* Queues the question for the server's position, when it is to be asked: a pipeline of its own, before the operation's,
 * so that what is read afterwards is at least as new. */
rille_status rl_route_send_probe(rl_op *op, rl_error *err);
rille_status rl_route_take_probe(rl_op *op, const rl_row_view *view, rl_error *err);
/* After a failure: what retry.h wants to know of the route. */
uint32_t rl_route_facts(const rl_op *op);
void rl_route_leave(rl_op *op); /* it is done elsewhere next */
/* The operation has given its connection back, or is about to. */
void rl_route_ended(rl_op *op);

#endif
