/* Recording what operations do, for clients that are observed, and marking their statements. The other files of the
 * room call these; what an event is made of is known here only. */
#ifndef RL_RUN_OBSERVE_H
#define RL_RUN_OBSERVE_H

#include "run/client.h"

typedef struct rl_op rl_op;

/* What was sent and is not answered yet, by its place among what was sent. */
typedef struct rl_trail {
  const rl_stmt *stmt;     /* NULL: a command */
  const rl_value *params;  /* alive until the answer */
  const rl_template *from; /* where the parameters come from, NULL when nobody knows */
  const char *command;
  rl_verb verb; /* of the command */
  int64_t sent_us;
} rl_trail;

/* Of an operation. */
typedef struct rl_op_watch {
  rl_watch *on;
  int64_t begun_us;
  int64_t answered_us; /* when the latest answer was complete */
  int64_t *clock;      /* a part of a batch: the batch's answered_us */
  uint64_t number, transaction;
  uint32_t trips; /* a part of a batch: those before */
  uint32_t trail_cap;
  rl_trail *trail;
  bool acquired, counted;
} rl_op_watch;

/* A statement on its way. */
typedef struct rl_dispatch {
  const rl_stmt *stmt;
  const rl_value *params;
  const rl_template *from;
  bool fetch;     /* a portion, by op->cursor */
  uint32_t index; /* its place in op->sent */
} rl_dispatch;
/* Of an operation that is marked: records the statement, puts the comment behind it, and sends it. */
rille_status rl_observe_dispatch(rl_op *op, rl_dispatch d, rl_error *err);

void rl_observe_begin(rl_op *op, rl_watch *w); /* sets op->watch */
/* The rest only for those that have it. */
void rl_observe_started(rl_op *op);
void rl_observe_acquired(rl_op *op);
/* Before it goes into op->sent. verb: RL_VERB_NONE for what goes along with one. */
void rl_observe_sent_command(rl_op *op, rl_verb verb, const char *sql);
void rl_observe_part(rl_op *batch, rl_op *part);
void rl_observe_answer(rl_op *op, uint32_t index, int64_t affected, const rl_error *failure);
void rl_observe_next_batch(rl_op *op); /* of a stream: nothing is under way */
void rl_observe_retry(rl_op *op);
void rl_observe_end(rl_op *op);

/* What was called: "find_many", "query_raw", "batch", ...; static. */
const char *rl_op_action(const rl_op *op);

/* observe_params.c: parameters as a Json array of about `length` bytes. omit: as of rl_bind_options. raw: without
 * `from` they are nobody's fields, and shown. */
void rl_observe_params(rl_buf *out, const rl_dispatch *d, int32_t length, const rl_map *omit, bool raw);

#endif
