/* Where a read goes: to a replica, or to the primary. A client reads its own writes: after one of them, a replica is
 * only read from once it has replayed the position that the primary's log had then. */
#ifndef RL_RUN_ROUTE_H
#define RL_RUN_ROUTE_H

#include "run/op.h"

/* The replicas of a root client. Any thread. */
typedef struct rl_replicas rl_replicas;

/* VALIDATION where the database has no replicas. */
rille_status rl_replicas_open(const rl_str *urls, size_t count, const rl_driver *driver, const rl_pool_options *pool,
                              rl_replicas **out, rl_error *err);
void rl_replicas_free(rl_replicas *r);
size_t rl_replicas_count(const rl_replicas *r); /* 0 of NULL */
rl_pool *rl_replicas_pool(const rl_replicas *r, size_t index);

/* The pool that the operation is to take its connection from. */
rl_pool *_Atomic *rl_route_choose(rl_op *op);
/* Queues the question for the server's position, when it is to be asked: a pipeline of its own, before the operation's,
 * so that what is read afterwards is at least as new. */
rille_status rl_route_send_probe(rl_op *op, rl_error *err);
rille_status rl_route_take_probe(rl_op *op, const rl_row_view *view, rl_error *err);
/* After a failure: whether the operation, which only reads and has told nothing yet, is to be done elsewhere. */
bool rl_route_elsewhere(rl_op *op);
/* The operation has given its connection back, or is about to. */
void rl_route_ended(rl_op *op);

#endif
