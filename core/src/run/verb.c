/* The verbs of transactions: sent, recorded, and counted among what is to be answered. */
#include "run/verb.h"

#include <stdio.h>

#include "run/observe.h"

enum { NAME_SIZE = 24 };

static void name_savepoint(uint32_t number, char out[NAME_SIZE]) {
  if (number)
    snprintf(out, NAME_SIZE, "rille_%u", number);
  else
    snprintf(out, NAME_SIZE, "rille_op");
}

static rille_status verb_note_sent(rl_exchange *io, rl_verb verb, const rl_commands *queued, rl_error *err) {
  for (uint32_t i = 0; i < queued->count; i++) {
    if (io->watch) rl_observe_command(io, i ? RL_VERB_NONE : verb, queued->sql[i]);
    rille_status st = rl_exchange_push(io, (rl_sent){.kind = RL_SENT_COMMAND}, err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

rille_status rl_verb_begin(rl_exchange *io, rl_begin how, rl_error *err) {
  rl_commands queued = {0};
  how.session = io->client->traits.session;
  how.session_count = io->client->traits.session_count;
  rille_status st = io->driver->begin(io->conn, &how, &queued, err);
  return st == RILLE_OK ? verb_note_sent(io, RL_VERB_BEGIN, &queued, err) : st;
}

rille_status rl_verb_send(rl_exchange *io, rl_verb_step step, rl_error *err) {
  const rl_driver *d = io->driver;
  rl_commands queued = {0};
  rille_status st = RILLE_OK;
  char name[NAME_SIZE];
  name_savepoint(step.savepoint, name);
  switch (step.verb) {
  case RL_VERB_NONE:
  case RL_VERB_BEGIN: return rl_fail(err, RL_INTERNAL, "BEGIN is sent by rl_verb_begin");
  case RL_VERB_COMMIT: st = d->commit(io->conn, &queued, err); break;
  case RL_VERB_ROLLBACK: st = d->rollback(io->conn, &queued, err); break;
  case RL_VERB_SAVEPOINT: st = d->savepoint(io->conn, name, &queued, err); break;
  case RL_VERB_RELEASE: st = d->release(io->conn, name, &queued, err); break;
  case RL_VERB_ROLLBACK_TO: st = d->rollback_to(io->conn, name, &queued, err); break;
  }
  return st == RILLE_OK ? verb_note_sent(io, step.verb, &queued, err) : st;
}

rille_status rl_verb_notify(rl_exchange *io, rl_str channel, rl_str payload, rl_error *err) {
  rl_commands queued = {0};
  rille_status st = io->driver->notifications->notify(io->conn, channel, payload, &queued, err);
  return st == RILLE_OK ? verb_note_sent(io, RL_VERB_NONE, &queued, err) : st;
}
