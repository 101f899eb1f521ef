/* The verbs of transactions on their way to the driver. */
#ifndef RL_RUN_VERB_H
#define RL_RUN_VERB_H

#include "run/exchange.h"

/* A verb, and the number of its savepoint. */
typedef struct rl_verb_step {
  rl_verb verb;
  uint32_t savepoint; /* 0: the operation's own */
} rl_verb_step;

/* All queue their commands, and add them to `sent`. BEGIN includes the settings of the client's session. */
rille_status rl_verb_begin(rl_exchange *io, rl_begin how, rl_error *err);
rille_status rl_verb_send(rl_exchange *io, rl_verb_step step, rl_error *err); /* any verb but BEGIN */
/* Queues a notification, as a command of the transaction. */
rille_status rl_verb_notify(rl_exchange *io, rl_str channel, rl_str payload, rl_error *err);

#endif
