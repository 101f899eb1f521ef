/* The verbs of transactions in SQL, the same in every database that follows the standard. */
#include "driver/transaction.h"

#include <stdio.h>

void rl_verb_write(rl_verb verb, const char *savepoint, rl_commands *out) {
  static const char *const words[] = {
      [RL_VERB_COMMIT] = "COMMIT",
      [RL_VERB_ROLLBACK] = "ROLLBACK",
      [RL_VERB_SAVEPOINT] = "SAVEPOINT ",
      [RL_VERB_RELEASE] = "RELEASE SAVEPOINT ",
      [RL_VERB_ROLLBACK_TO] = "ROLLBACK TO SAVEPOINT ",
  };
  bool named = verb >= RL_VERB_SAVEPOINT;
  snprintf(out->text, sizeof out->text, "%s%s", words[verb], named ? savepoint : "");
  out->sql[0] = out->text;
  out->count = 1;
}
