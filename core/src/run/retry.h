/* The decision after a failed operation: one table of rules over facts. Work that may have happened is never sent
 * twice. */
#ifndef RL_RUN_RETRY_H
#define RL_RUN_RETRY_H

#include <stdint.h>

/* Facts about a failed operation. What happened: */
enum {
  RL_MET_LOSS = 1 << 0,     /* its connection was lost */
  RL_MET_STALE = 1 << 1,    /* a prepared statement, or the shape of its result, is no longer valid */
  RL_MET_OUTDATED = 1 << 2, /* rows were added or changed since it read them */
  RL_MET_REPLICA = 1 << 3,  /* a replica refused what the primary may do, or is behind */
  RL_MET_LIMIT = 1 << 4,    /* a time limit: P1008 */
  RL_MET_NO_MEMORY = 1 << 5,
  /* What it is: */
  RL_IS_REPEATABLE = 1 << 6,  /* it only reads: sending it twice has no effect */
  RL_IS_BEGIN = 1 << 7,       /* a BEGIN that was lost has begun nothing */
  RL_IS_WITHIN = 1 << 8,      /* in the caller's transaction */
  RL_IS_OWN = 1 << 9,         /* in its own transaction, or a BEGIN, on its own connection */
  RL_IS_ON_REPLICA = 1 << 10, /* its connection is a replica's */
  /* What was sent and delivered: */
  RL_WAS_NOT_SENT = 1 << 11,  /* nothing reached the server */
  RL_WAS_SOON = 1 << 12,      /* it failed so soon after sending that the connection was dead before */
  RL_WAS_LEASED = 1 << 13,    /* it has its own connection */
  RL_WAS_FRESH = 1 << 14,     /* ... which was opened for it */
  RL_WAS_UNDONE = 1 << 15,    /* everything it did is undone, and the connection is usable */
  RL_WAS_DELIVERED = 1 << 16, /* the caller may have used rows */
  RL_WAS_RETRIED = 1 << 17,   /* it has run again on another connection, or with statements prepared again */
  RL_WAS_REREAD = 1 << 18,    /* it has read again as often as it may */
};

typedef enum rl_then {
  RL_THEN_FAIL,      /* the caller gets the error */
  RL_THEN_RECONNECT, /* again on another connection; idle ones may be dead too */
  RL_THEN_ELSEWHERE, /* again on another server */
  RL_THEN_PREPARE,   /* again on this connection, with statements prepared again */
  RL_THEN_REREAD,    /* again on this connection, from the first read on */
} rl_then;

rl_then rl_retry_decide(uint32_t facts);

#endif
