/* The traffic on a connection: the statements sent whose answers are outstanding, in order, and what is recorded of
 * them. An operation owns one exchange. Its calls and the verbs of its transaction send through it. */
#ifndef RL_RUN_EXCHANGE_H
#define RL_RUN_EXCHANGE_H

#include "run/client.h"

typedef struct rl_call rl_call;
typedef struct rl_watched rl_watched;

typedef enum rl_sent_kind {
  RL_SENT_STATEMENT, /* of a call */
  RL_SENT_COMMAND,   /* of a transaction; rows in its answer are ignored */
  RL_SENT_PROBE      /* asks for the position of the server's log, see route.h */
} rl_sent_kind;

typedef struct rl_sent {
  rl_sent_kind kind;
  uint32_t step; /* numbered by the call */
  rl_call *call; /* NULL: none */
} rl_sent;

typedef struct rl_exchange {
  rl_client *client; /* borrowed */
  const rl_driver *driver;
  rl_conn *conn;   /* borrowed; NULL: none at the moment */
  rl_arena *arena; /* lives as long as one execution */
  rl_sent *sent;
  size_t sent_count, read_count, sent_cap;
  rl_sent inline_sent[2]; /* the first place of `sent`: most operations send no more at a time */
  uint32_t statements, round_trips;
  bool must_close;   /* the state of the connection is unknown: it must be closed */
  bool has_extras;   /* statements are recorded, or have a comment or trace */
  rl_watched *watch; /* in the arena; NULL: not observed */
  char *trace;       /* owned: the traceparent of the next start; NULL: the client's */
} rl_exchange;

/* A statement to send. */
typedef struct rl_dispatch {
  const rl_call *call;
  const rl_stmt *stmt;
  const rl_value *params;
  const rl_template *from; /* the origin of the parameters; NULL: unknown */
  rl_cursor *cursor;       /* NULL: no portions */
  uint32_t rows;           /* per portion */
  uint32_t index;          /* its place in `sent` */
} rl_dispatch;

/* Sends a statement of a call. There is no other way to the driver. */
rille_status rl_exchange_send(rl_exchange *io, const rl_dispatch *d, rl_error *err);
rille_status rl_exchange_push(rl_exchange *io, rl_sent sent, rl_error *err);
/* Begins another group: nothing is outstanding. */
static inline void rl_exchange_clear(rl_exchange *io) {
  io->sent_count = io->read_count = 0;
}
void rl_exchange_forget(rl_exchange *io); /* the same, after the arena was emptied */
void rl_exchange_set_must_close(rl_exchange *io);
/* Returns whether the connection can serve another caller. */
bool rl_exchange_is_clean(const rl_exchange *io);
/* Checks and sets the traceparent. Empty: the client's. */
rille_status rl_exchange_set_trace(rl_exchange *io, rl_str trace, rl_error *err);
static inline const char *rl_exchange_trace(const rl_exchange *io) {
  return io->trace && io->trace[0] ? io->trace : io->client->traits.trace.p;
}

#endif
