/* The state of a transaction. `grip` says who may use state, lease and connection (expiry.h). */
#ifndef RL_RUN_TX_STATE_H
#define RL_RUN_TX_STATE_H

#include "cache/cache.h"
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

/* The failure that left the transaction unusable. */
typedef struct rl_tx_failure {
  const char *action;  /* static; NULL: nothing has failed, or the failure was undone */
  rl_str model;        /* the schema's; empty: not a call of a model */
  rl_code code;        /* RL_CODE_NONE: the call was abandoned while it ran */
  char *message;       /* its beginning; NULL: none */
  char *place;         /* "file:line" of the caller; NULL: not known */
  bool place_is_final; /* a later call cannot change it */
} rl_tx_failure;

struct rl_tx {
  rl_client *client;
  rl_tx_settings settings;
  _Atomic int grip; /* rl_grip */
  rl_tx_state state;
  rl_lease *lease;
  int64_t deadline_ms;
  int64_t expires_ms; /* when it expires; RL_NO_DEADLINE: it does not */
  rl_expiry expiry;
  uint32_t depth;    /* open savepoints */
  rl_op *running;    /* the operation that runs in it, or NULL */
  rl_stream *paused; /* reads in batches that will continue */
  rl_tx_failure failure;
  bool doomed; /* it, or its savepoint, is being rolled back instead, because the database accepts no more statements */
  bool cooperative; /* begun by a cooperative caller: its thread serves others too */
  bool adopted;     /* the connection belongs to another owner, which also ends the transaction */
  rl_verb verb;     /* under way */
  /* for the cache: committing.h */
  rl_names touched;        /* by its statements, and those of savepoints that were rolled back */
  rl_writing writing;      /* while its COMMIT is under way */
  rl_snapshot snapshot;    /* from before its BEGIN; not usable if the cache was not active */
  _Atomic uint64_t number; /* in events; 0: it was in none yet */
};

/* Returns whether the operation commits the caller's transaction. */
static inline bool rl_tx_commits(const rl_op *op) {
  return op->tx && op->kind->ends && op->tx->verb == RL_VERB_COMMIT;
}

#endif
