/* The rules for operations of the table "Failures" in docs/architecture.md. */
#include "run/retry.h"

#include <stddef.h>

typedef struct rule {
  uint32_t needs, forbids;
  rl_then then;
} rule;

static const rule rules[] = {
    /* an idle connection had died, and nothing reached the server */
    {RL_MET_LOSS | RL_WAS_LEASED | RL_WAS_NOT_SENT, RL_IS_WITHIN | RL_WAS_FRESH | RL_WAS_DELIVERED | RL_WAS_RETRIED,
     RL_THEN_RECONNECT},
    {RL_MET_LOSS | RL_WAS_LEASED | RL_IS_BEGIN, RL_WAS_FRESH | RL_WAS_DELIVERED | RL_WAS_RETRIED, RL_THEN_RECONNECT},
    /* it may have reached the server, but only reads; what was ended for taking long would take long again */
    {RL_MET_LOSS | RL_WAS_LEASED | RL_WAS_SOON | RL_IS_REPEATABLE,
     RL_MET_LIMIT | RL_IS_WITHIN | RL_WAS_DELIVERED | RL_WAS_RETRIED, RL_THEN_RECONNECT},
    {RL_IS_ON_REPLICA | RL_MET_LOSS, RL_MET_LIMIT | RL_MET_NO_MEMORY | RL_WAS_DELIVERED, RL_THEN_ELSEWHERE},
    {RL_IS_ON_REPLICA | RL_MET_REPLICA, RL_MET_LIMIT | RL_MET_NO_MEMORY | RL_WAS_DELIVERED, RL_THEN_ELSEWHERE},
    /* in the caller's transaction its earlier work would be lost */
    {RL_MET_STALE | RL_IS_OWN | RL_WAS_UNDONE, RL_WAS_DELIVERED | RL_WAS_RETRIED, RL_THEN_PREPARE},
    {RL_MET_OUTDATED | RL_WAS_UNDONE, RL_WAS_DELIVERED | RL_WAS_REREAD, RL_THEN_REREAD},
};

rl_then rl_retry_decide(uint32_t facts) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if ((facts & rules[i].needs) == rules[i].needs && !(facts & rules[i].forbids)) return rules[i].then;
  return RL_THEN_FAIL;
}
