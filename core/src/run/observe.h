/* Recording what operations do, for observed clients. Only this file knows the contents of events. */
#ifndef RL_RUN_OBSERVE_H
#define RL_RUN_OBSERVE_H

#include "run/call.h"

typedef struct rl_op rl_op;

/* A statement whose answer is outstanding, by its place in `sent`. */
typedef struct rl_trail {
  const rl_call *call;     /* NULL: a command */
  const rl_stmt *stmt;     /* NULL: a command */
  const rl_value *params;  /* they live until the answer */
  const rl_template *from; /* the origin of the parameters; NULL: unknown */
  const char *command;
  rl_verb verb; /* of the command */
  int64_t sent_us;
} rl_trail;

/* The record of an operation. */
struct rl_watched {
  rl_watch *on;
  const rl_call *about; /* the call that its commands and warnings are about; NULL: a batch, or no call */
  const char *action;   /* of the operation */
  int64_t begun_us;
  int64_t answered_us; /* when the latest answer was complete */
  uint64_t number, transaction;
  bool within; /* in a transaction of the caller */
  uint32_t trail_cap;
  rl_trail *trail;
  bool acquired, counted;
};

/* What the cache has answered. */
typedef struct rl_cache_told {
  const char *what;   /* "hit", "stale", "wait" or "miss" */
  rl_str model;       /* empty: a computation */
  const char *action; /* static */
  rl_str label;       /* of a computation */
} rl_cache_told;
void rl_observe_cache(rl_client *c, const rl_cache_told *told); /* records it if that is observed */

void rl_observe_begin(rl_exchange *io, rl_watch *w); /* sets io->watch */
/* Begins every start: sets io->watch and io->has_extras. */
static inline void rl_observe_start(rl_exchange *io) {
  rl_watch *w = rl_client_root(io->client)->watch;
  if (w) rl_observe_begin(io, w);
  io->has_extras = io->watch || io->client->comment || rl_exchange_trace(io);
}
/* The following functions need io->watch. */
void rl_observe_started(rl_op *op);
void rl_observe_rollback(rl_exchange *io,
                         uint64_t transaction); /* instead of rl_observe_started, for a rollback without an owner */
void rl_observe_acquired(rl_exchange *io);
/* Called before the command joins `sent`. verb: RL_VERB_NONE for an additional command of a verb. */
void rl_observe_command(rl_exchange *io, rl_verb verb, const char *sql);
void rl_observe_statement(rl_exchange *io, const rl_dispatch *d);
void rl_observe_refused(rl_exchange *io, uint32_t index, const rl_error *failure); /* the driver refused it */
/* not_run: the database skipped it after an earlier error. */
void rl_observe_answer(rl_exchange *io, uint32_t index, int64_t affected, const rl_error *failure, bool not_run);
void rl_observe_nothing_sent(rl_exchange *io); /* forgets what is outstanding */
void rl_observe_retry(rl_exchange *io, const rl_error *why);
void rl_observe_end(rl_op *op);
/* Records a warning that belongs to no operation. Any thread. Returns whether somebody observes the client. */
bool rl_observe_client_warning(rl_client *c, const char *code, const char *message);

#endif
