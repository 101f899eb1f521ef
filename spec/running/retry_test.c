/* The decision after a failed operation: the table of rules, case by case and over all combinations of facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/retry.h"

enum { FACTS = 19 };

typedef struct sample {
  const char *what;
  uint32_t facts;
  rl_then then;
} sample;

/* A dead idle connection, as an operation outside a transaction meets it. */
#define LOST (RL_MET_LOSS | RL_WAS_LEASED)
#define READ_LOST (LOST | RL_WAS_SOON | RL_IS_REPEATABLE)

static const sample samples[] = {
    {"no rule is about it", 0, RL_THEN_FAIL},
    {"a write that never reached the server", LOST | RL_WAS_NOT_SENT, RL_THEN_RECONNECT},
    {"a write that may have happened", LOST | RL_WAS_SOON, RL_THEN_FAIL},
    {"the connection was opened for it: the server is away", LOST | RL_WAS_NOT_SENT | RL_WAS_FRESH, RL_THEN_FAIL},
    {"... and it was retried", LOST | RL_WAS_NOT_SENT | RL_WAS_RETRIED, RL_THEN_FAIL},
    {"a read", READ_LOST, RL_THEN_RECONNECT},
    {"a read on a new connection", READ_LOST | RL_WAS_FRESH, RL_THEN_RECONNECT},
    {"a read of which a row was delivered", READ_LOST | RL_WAS_DELIVERED, RL_THEN_FAIL},
    {"a read that ran for long", LOST | RL_IS_REPEATABLE, RL_THEN_FAIL},
    {"a read that was ended at its time limit", READ_LOST | RL_MET_LIMIT, RL_THEN_FAIL},
    {"a read in a transaction", READ_LOST | RL_IS_WITHIN, RL_THEN_FAIL},
    {"a write in a transaction", LOST | RL_WAS_NOT_SENT | RL_IS_WITHIN, RL_THEN_FAIL},
    {"a begin, whatever was sent", LOST | RL_IS_BEGIN, RL_THEN_RECONNECT},
    {"a begin on a new connection", LOST | RL_IS_BEGIN | RL_WAS_FRESH, RL_THEN_FAIL},
    {"a replica was lost", RL_IS_ON_REPLICA | RL_MET_LOSS | RL_WAS_LEASED, RL_THEN_ELSEWHERE},
    {"a second replica was lost", READ_LOST | RL_IS_ON_REPLICA | RL_WAS_RETRIED, RL_THEN_ELSEWHERE},
    {"a replica has cancelled it", RL_IS_ON_REPLICA | RL_MET_REPLICA, RL_THEN_ELSEWHERE},
    {"a replica was too slow", RL_IS_ON_REPLICA | RL_MET_REPLICA | RL_MET_LIMIT, RL_THEN_FAIL},
    {"rows of a replica were delivered", RL_IS_ON_REPLICA | RL_MET_REPLICA | RL_WAS_DELIVERED, RL_THEN_FAIL},
    {"the same of a primary", RL_MET_REPLICA, RL_THEN_FAIL},
    {"an invalid statement in its own transaction", RL_MET_STALE | RL_IS_OWN | RL_WAS_UNDONE, RL_THEN_PREPARE},
    {"... twice", RL_MET_STALE | RL_IS_OWN | RL_WAS_UNDONE | RL_WAS_RETRIED, RL_THEN_FAIL},
    {"... that could not be undone", RL_MET_STALE | RL_IS_OWN, RL_THEN_FAIL},
    {"an invalid statement in the caller's", RL_MET_STALE | RL_IS_WITHIN | RL_WAS_UNDONE, RL_THEN_FAIL},
    {"a row was added", RL_MET_OUTDATED | RL_WAS_UNDONE, RL_THEN_REREAD},
    {"... in the caller's transaction", RL_MET_OUTDATED | RL_WAS_UNDONE | RL_IS_WITHIN, RL_THEN_REREAD},
    {"... and its work is still there", RL_MET_OUTDATED, RL_THEN_FAIL},
    {"... as often as it may", RL_MET_OUTDATED | RL_WAS_UNDONE | RL_WAS_REREAD, RL_THEN_FAIL},
    {"... and rows were delivered", RL_MET_OUTDATED | RL_WAS_UNDONE | RL_WAS_DELIVERED, RL_THEN_FAIL},
};

static void each_rule(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    rl_then then = rl_retry_decide(samples[i].facts);
    if (then != samples[i].then) fail_msg("%s: %d, expected %d", samples[i].what, (int)then, (int)samples[i].then);
  }
}

static void holds(uint32_t facts, rl_then then) {
  if (then == RL_THEN_FAIL) return;
  assert_false(facts & RL_WAS_DELIVERED); /* no row is delivered twice */
  bool again = then == RL_THEN_RECONNECT || then == RL_THEN_ELSEWHERE;
  if (again) assert_false(facts & RL_IS_WITHIN && !(facts & RL_IS_ON_REPLICA) && !(facts & RL_IS_BEGIN));
  if (then == RL_THEN_RECONNECT) /* work that may have happened is never sent twice */
    assert_true(facts & (RL_WAS_NOT_SENT | RL_IS_REPEATABLE | RL_IS_BEGIN));
  if (then == RL_THEN_PREPARE || then == RL_THEN_REREAD) assert_true(facts & RL_WAS_UNDONE);
  if (then == RL_THEN_RECONNECT || then == RL_THEN_PREPARE) assert_false(facts & RL_WAS_RETRIED); /* it ends */
  if (then == RL_THEN_REREAD) assert_false(facts & RL_WAS_REREAD);
}

static void what_always_holds(void **state) {
  (void)state;
  for (uint32_t facts = 0; facts < (uint32_t)1 << FACTS; facts++) holds(facts, rl_retry_decide(facts));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_rule), cmocka_unit_test(what_always_holds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
