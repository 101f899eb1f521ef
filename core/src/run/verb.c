/* The verbs of transactions on their way to the driver: recorded, and counted among what is to be answered. */
#include <stdio.h>

#include "run/tx.h"

static void name_savepoint(uint32_t number, char out[24]) {
  if (number)
    snprintf(out, 24, "rille_%u", number);
  else
    snprintf(out, 24, "rille_op");
}

static rille_status note(rl_op *op, rl_verb verb, const rl_commands *queued, rl_error *err) {
  for (uint32_t i = 0; i < queued->count; i++) {
    if (op->watch) rl_observe_sent_command(op, i ? RL_VERB_NONE : verb, queued->sql[i]);
    rille_status st = rl_op_push_sent(op, RL_SENT_COMMAND, 0, err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

rille_status rl_op_send_begin(rl_op *op, rl_begin how, rl_error *err) {
  rl_commands queued = {0};
  how.session = op->client->traits.session;
  how.session_count = op->client->traits.session_count;
  rille_status st = op->driver->begin(op->conn, &how, &queued, err);
  return st == RILLE_OK ? note(op, RL_VERB_BEGIN, &queued, err) : st;
}

rille_status rl_op_send_verb(rl_op *op, rl_step_of_tx step, rl_error *err) {
  const rl_driver *d = op->driver;
  rl_commands queued = {0};
  rille_status st = RILLE_OK;
  char name[24];
  name_savepoint(step.savepoint, name);
  switch (step.verb) {
  case RL_VERB_NONE: break;
  case RL_VERB_BEGIN: return rl_op_send_begin(op, rl_tx_begin(op->tx), err);
  case RL_VERB_COMMIT: st = d->commit(op->conn, &queued, err); break;
  case RL_VERB_ROLLBACK: st = d->rollback(op->conn, &queued, err); break;
  case RL_VERB_SAVEPOINT: st = d->savepoint(op->conn, name, &queued, err); break;
  case RL_VERB_RELEASE: st = d->release(op->conn, name, &queued, err); break;
  case RL_VERB_ROLLBACK_TO: st = d->rollback_to(op->conn, name, &queued, err); break;
  }
  return st == RILLE_OK ? note(op, step.verb, &queued, err) : st;
}
