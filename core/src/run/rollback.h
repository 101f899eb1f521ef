/* Rolling back a transaction that has no user: its owner has dropped it, or it has timed out. The connection then
 * returns to the pool. It is closed if the server does not answer in time. */
#ifndef RL_RUN_ROLLBACK_H
#define RL_RUN_ROLLBACK_H

#include "run/exchange.h"

typedef struct rl_rollback {
  rl_client *client; /* retained */
  rl_lease *lease;
  rl_exchange io;
  rl_arena arena;
  rl_error error;
  rl_wait wait;
  int64_t deadline_ms;
  bool sent;
} rl_rollback;

/* Takes the lease. transaction: its number in events; 0: none. */
void rl_rollback_init(rl_rollback *r, rl_client *client, rl_lease *lease, uint64_t transaction, int64_t deadline_ms);
/* Continues. AGAIN: wait for r->wait. DONE: it has ended, with or without success, and r is empty. */
rille_status rl_rollback_poll(rl_rollback *r);
void rl_rollback_wait(rl_rollback *r); /* blocks until it has ended */
void rl_rollback_drop(rl_rollback *r); /* drops it, whatever is under way */

#endif
