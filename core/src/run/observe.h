/* Recording what operations do, for clients that are observed. What an event is made of is known here only. */
#ifndef RL_RUN_OBSERVE_H
#define RL_RUN_OBSERVE_H

#include "run/call.h"

typedef struct rl_op rl_op;

/* What was sent and is not answered yet, by its place among what was sent. */
typedef struct rl_trail {
  const rl_call *call;     /* NULL: a command */
  const rl_stmt *stmt;     /* NULL: a command */
  const rl_value *params;  /* alive until the answer */
  const rl_template *from; /* where the parameters come from, NULL when nobody knows */
  const char *command;
  rl_verb verb; /* of the command */
  int64_t sent_us;
} rl_trail;

/* What is recorded of an operation. */
struct rl_watched {
  rl_watch *on;
  const rl_call *about; /* what its commands and warnings are about; NULL: of a batch, or of no call */
  const char *action;   /* likewise, when there is none */
  int64_t begun_us;
  int64_t answered_us; /* when the latest answer was complete */
  uint64_t number, transaction;
  bool within; /* a transaction of the caller's */
  uint32_t trail_cap;
  rl_trail *trail;
  bool acquired, counted;
};

void rl_observe_begin(rl_exchange *io, rl_watch *w); /* sets io->watch */
/* The head of every start: sets io->watch and io->marked. */
static inline void rl_observe_start(rl_exchange *io) {
  rl_watch *w = rl_client_root(io->client)->watch;
  if (w) rl_observe_begin(io, w);
  io->marked = io->watch || io->client->comment || rl_exchange_trace(io);
}
/* The rest only for those that have a watch. */
void rl_observe_started(rl_op *op);
void rl_observe_rollback(rl_exchange *io, uint64_t transaction); /* instead, of one that nobody waits for */
void rl_observe_acquired(rl_exchange *io);
/* Before it goes among what was sent. verb: RL_VERB_NONE for what goes along with one. */
void rl_observe_command(rl_exchange *io, rl_verb verb, const char *sql);
void rl_observe_statement(rl_exchange *io, const rl_dispatch *d);
void rl_observe_refused(rl_exchange *io, uint32_t index, const rl_error *failure); /* by the driver, at once */
/* not_run: something before it has failed, and it with that. */
void rl_observe_answer(rl_exchange *io, uint32_t index, int64_t affected, const rl_error *failure, bool not_run);
void rl_observe_nothing_sent(rl_exchange *io); /* what was under way is forgotten */
void rl_observe_retry(rl_exchange *io, const rl_error *why);
void rl_observe_end(rl_op *op);

#endif
