/* Rolling back a transaction that nobody uses any more: its owner has dropped it, or its time has passed. The
 * connection goes to the pool afterwards, or is closed when the server does not answer in time. */
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

/* Takes the lease. transaction: its number in events, 0: in none. */
void rl_rollback_init(rl_rollback *r, rl_client *client, rl_lease *lease, uint64_t transaction, int64_t deadline_ms);
/* RILLE_AGAIN: r->wait says what to wait for. DONE: it has ended, one way or the other, and r is empty. */
rille_status rl_rollback_poll(rl_rollback *r);
void rl_rollback_wait(rl_rollback *r); /* blocks until it has ended */
void rl_rollback_drop(rl_rollback *r); /* gives up, whatever is under way */

#endif
