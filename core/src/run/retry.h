/* What becomes of an operation that has failed: one table of rules over the facts. Work that may have happened is never
 * sent twice. */
#ifndef RL_RUN_RETRY_H
#define RL_RUN_RETRY_H

#include <stdint.h>

/* Facts about an operation that has failed. What was met: */
enum {
  RL_MET_LOSS = 1 << 0,     /* its connection was lost */
  RL_MET_STALE = 1 << 1,    /* a prepared statement, or the shape of its result, has become void */
  RL_MET_OUTDATED = 1 << 2, /* rows came or changed since it looked at them */
  RL_MET_REPLICA = 1 << 3,  /* a replica refused what a primary might do, or has not come as far */
  RL_MET_LIMIT = 1 << 4,    /* a limit of time: P1008 */
  RL_MET_NO_MEMORY = 1 << 5,
  /* what it is: */
  RL_IS_REPEATABLE = 1 << 6,  /* nobody notices that it happens twice: it only reads */
  RL_IS_BEGIN = 1 << 7,       /* a begin that was lost has begun nothing */
  RL_IS_WITHIN = 1 << 8,      /* in a transaction of the caller's */
  RL_IS_OWN = 1 << 9,         /* in a transaction of its own, or a begin, on a connection of its own */
  RL_IS_ON_REPLICA = 1 << 10, /* its connection is a replica's */
  /* what was sent and told: */
  RL_WAS_NOT_SENT = 1 << 11, /* nothing reached the server */
  RL_WAS_SOON = 1 << 12,     /* the failure came so soon after something was sent that the connection was dead before */
  RL_WAS_LEASED = 1 << 13,   /* it has a connection of its own */
  RL_WAS_FRESH = 1 << 14,    /* which was opened for it */
  RL_WAS_UNDONE = 1 << 15,   /* all that it has done is undone, and the connection is well */
  RL_WAS_TOLD = 1 << 16,     /* the caller may have shown rows */
  RL_WAS_RETRIED = 1 << 17,  /* on another connection, or prepared anew */
  RL_WAS_LOOKED = 1 << 18,   /* it has looked again as often as it may */
};

typedef enum rl_then {
  RL_THEN_FAIL,       /* the caller is told */
  RL_THEN_RECONNECT,  /* again on another connection; the idle ones are suspect */
  RL_THEN_ELSEWHERE,  /* again on another server */
  RL_THEN_PREPARE,    /* again on this connection, with statements prepared anew */
  RL_THEN_LOOK_AGAIN, /* again on this connection, from the first read on */
} rl_then;

rl_then rl_retry_decide(uint32_t facts);

#endif
