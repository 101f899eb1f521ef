/* A transaction: one pinned connection from begin to end. One thread at a time; a thread of our own takes the
 * connection away when the time has passed and nothing runs in the transaction (expiry.h). `grip` says whose state,
 * lease and connection are. */
#ifndef RL_RUN_TX_H
#define RL_RUN_TX_H

#include "run/expiry.h"
#include "run/op.h"

typedef enum rl_tx_state {
  RL_TX_NEW,
  RL_TX_OPEN,
  RL_TX_COMMITTED,
  RL_TX_ROLLED_BACK,
  RL_TX_LOST,
  RL_TX_EXPIRED,
  RL_TX_ENDED
} rl_tx_state;
typedef struct rl_tx_settings {
  rl_isolation isolation;
  bool read_only;
  int64_t max_wait_ms, timeout_ms; /* 0: 2000 and 5000 */
} rl_tx_settings;

/* What the database has refused, and takes nothing more of the transaction after it. */
typedef struct rl_tx_failure {
  const char *action; /* static; NULL: nothing has failed, or what has was undone */
  rl_str model;       /* the schema's; empty: the call has none */
  rl_code code;       /* RL_CODE_NONE: the call was given up while it ran */
  char *message;      /* its beginning; NULL: none */
  char *place;        /* "file:line" of the caller; NULL: not known */
  bool placed;        /* it is too late to say where it was */
} rl_tx_failure;

struct rl_tx {
  rl_client *client;
  rl_tx_settings settings;
  _Atomic int grip; /* rl_grip */
  rl_tx_state state;
  rl_lease *lease;
  int64_t deadline_ms;
  int64_t expires_ms; /* it is among those that expire; RL_NO_DEADLINE: it is not, or not any more */
  rl_expiry expiry;
  uint32_t depth; /* open savepoints */
  rl_op *running; /* the operation that runs in it, or NULL */
  rl_op *paused;  /* reads in batches that go on later */
  rl_tx_failure failure;
  bool doomed;      /* it, or its savepoint, is being rolled back instead: the database takes nothing more of it */
  bool cooperative; /* begun so: its thread has others to serve */
  bool adopted;     /* the connection and its end belong to somebody else */
  rl_verb verb;     /* under way */
  _Atomic uint64_t number; /* in events; 0: it was in none yet */
};

rille_status rl_tx_init(rl_tx *tx, rl_client *c, const rl_tx_settings *settings, rl_error *err);
/* One that was begun on somebody else's connection, who also ends it: here it takes operations and savepoints only. The
 * lease is borrowed. */
void rl_tx_adopt(rl_tx *tx, rl_client *c, rl_lease *lease);
rl_begin rl_tx_begin(const rl_tx *tx); /* what its BEGIN asks for */
void rl_tx_dispose(rl_tx *tx);         /* rolls back when it is still open */
/* P2028 unless the transaction is open, idle and within its time. One that the database has ended, or whose connection
 * is not ours after a fork, is over with it. */
rille_status rl_tx_check(rl_tx *tx, rl_error *err);

/* Before the connection is touched, until rl_tx_let_go. P2028 when it is not open any more. */
rille_status rl_tx_hold(rl_tx *tx, rl_error *err);
void rl_tx_let_go(rl_tx *tx);

rille_status rl_tx_start(rl_tx *tx, rl_op *op, rl_verb verb, rl_error *err);
/* Called by every operation of the transaction when it ends; one that has a connection lets it go. A commit that could
 * only roll back puts P2028 into the operation. */
void rl_tx_answered(rl_tx *tx, rl_op *op, bool good);

/* tx_failure.c: after an operation that has failed, while its connection is at hand: remembers the failure when it is
 * the first, or puts the first into the words of the operation's error. */
void rl_tx_note_failure(rl_tx *tx, rl_op *op);
void rl_tx_forget_failure(rl_tx *tx);
/* Where in the program the call was that has just failed; nothing when another one has failed before. */
void rl_tx_place_failure(rl_tx *tx, const char *place);
/* P2028 with what happens, what failed, and what would have helped; or the same as the text of an error that is there.
 */
rille_status rl_tx_fail_after_failure(const rl_tx *tx, const char *what, rl_error *err);

#endif
