/* Ending transactions that time out while nothing runs in them: their owner computes, hangs, or has lost them. One
 * thread per process, started by the first transaction, rolls them back and passes their connections to waiting
 * callers. A forked child starts its own thread when it needs one, and leaves its parent's transactions alone. */
#ifndef RL_RUN_EXPIRY_H
#define RL_RUN_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rl_tx rl_tx;

/* Who holds the connection of a transaction. Only the one that changes FREE to another value may touch the connection
 * and the transaction's state, and it sets FREE again. */
typedef enum rl_grip {
  RL_GRIP_FREE,  /* between two operations */
  RL_GRIP_OWNER, /* one of its operations, or a check before one */
  RL_GRIP_DUE,   /* the same, and it has timed out: the holder reports that when it lets go */
  RL_GRIP_CLOCK  /* the thread of expiry.c, briefly */
} rl_grip;

/* A transaction's place among those with a deadline. Under the lock of expiry.c. */
typedef struct rl_expiry {
  struct rl_tx *next, *previous;
  int64_t at_ms;
  bool listed;
} rl_expiry;

/* Lists the transaction. From at_ms on the thread may take it whenever its grip is free. Called by its owner. */
void rl_expiry_join(rl_tx *tx, int64_t at_ms);
/* Removes the transaction from the list. Only its owner knows it afterwards. */
void rl_expiry_leave(rl_tx *tx);
/* Waits until the thread has let go of what it holds. */
void rl_expiry_wait(void);

#endif
