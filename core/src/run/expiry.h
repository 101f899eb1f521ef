/* The end of transactions whose time passes while nobody uses them: their owner computes, hangs, or has lost them. One
 * thread of the process, begun by the first transaction, rolls them back and gives their connections to those who wait.
 * A forked child has a thread of its own when it needs one, and leaves its parent's transactions alone. */
#ifndef RL_RUN_EXPIRY_H
#define RL_RUN_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rl_tx rl_tx;

/* Who has the connection of a transaction at the moment. Only whoever turns FREE into something else may touch it, and
 * what the transaction knows of it, and turns it back. */
typedef enum rl_grip {
  RL_GRIP_FREE,  /* between two operations */
  RL_GRIP_OWNER, /* one of its operations, or a look at it before one */
  RL_GRIP_DUE,   /* likewise, and its time has passed meanwhile: whoever lets it go says so */
  RL_GRIP_CLOCK  /* the thread here, for a moment */
} rl_grip;

/* A transaction's place among those that have a deadline. Under the lock of expiry.c. */
typedef struct rl_expiry {
  struct rl_tx *next, *previous;
  int64_t at_ms;
  bool listed;
} rl_expiry;

/* From at_ms on the transaction may be taken at any moment in which its grip is free. Called by its owner. */
void rl_expiry_join(rl_tx *tx, int64_t at_ms);
/* It is not, any more, and nobody but its owner knows of it. */
void rl_expiry_leave(rl_tx *tx);
/* Until the thread has let go of what it holds. */
void rl_expiry_wait(void);

#endif
