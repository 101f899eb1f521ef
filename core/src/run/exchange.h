/* What goes back and forth on a connection: what was sent and is to be answered, in order, and what is recorded of it.
 * An operation owns one; its calls, and the verbs of its transaction, send through it. */
#ifndef RL_RUN_EXCHANGE_H
#define RL_RUN_EXCHANGE_H

#include "run/client.h"

typedef struct rl_call rl_call;
typedef struct rl_watched rl_watched;

typedef enum rl_sent_kind {
  RL_SENT_STATEMENT, /* of a call */
  RL_SENT_COMMAND,   /* of a transaction; rows that come with its answer mean nothing */
  RL_SENT_PROBE      /* where the server's log is, see route.h */
} rl_sent_kind;

typedef struct rl_sent {
  rl_sent_kind kind;
  uint32_t step; /* the call's own number for it */
  rl_call *call; /* NULL: of none */
} rl_sent;

typedef struct rl_exchange {
  rl_client *client; /* borrowed */
  const rl_driver *driver;
  rl_conn *conn;   /* borrowed; NULL: there is none at the moment */
  rl_arena *arena; /* of one execution */
  rl_sent *sent;
  size_t sent_count, read_count, sent_cap;
  rl_sent near[2]; /* where `sent` begins: most operations send no more at a time */
  uint32_t statements, round_trips;
  bool doubtful;     /* the connection is in doubt: close it */
  bool marked;       /* statements are recorded, or have something behind their text */
  rl_watched *watch; /* in the arena; NULL: not observed */
  char *trace;       /* owned: the traceparent of what starts next; NULL: the client's */
} rl_exchange;

/* A statement on its way. */
typedef struct rl_dispatch {
  const rl_call *call;
  const rl_stmt *stmt;
  const rl_value *params;
  const rl_template *from; /* where the parameters come from, NULL when nobody knows */
  rl_cursor *cursor;       /* NULL: all rows at once */
  uint32_t rows;           /* of a portion */
  uint32_t index;          /* its place among what was sent */
} rl_dispatch;

/* The one way of a call's statements to the driver. */
rille_status rl_exchange_send(rl_exchange *io, const rl_dispatch *d, rl_error *err);
rille_status rl_exchange_push(rl_exchange *io, rl_sent sent, rl_error *err);
/* Another group begins: nothing is under way. */
static inline void rl_exchange_clear(rl_exchange *io) {
  io->sent_count = io->read_count = 0;
}
void rl_exchange_forget(rl_exchange *io); /* the same, after the arena was emptied */
void rl_exchange_doubt(rl_exchange *io);
/* Whether the connection can be given to somebody else. */
bool rl_exchange_is_clean(const rl_exchange *io);
/* Sets the traceparent, which is checked; empty: the client's. */
rille_status rl_exchange_set_trace(rl_exchange *io, rl_str trace, rl_error *err);
static inline const char *rl_exchange_trace(const rl_exchange *io) {
  return io->trace && io->trace[0] ? io->trace : io->client->traits.trace.p;
}

#endif
