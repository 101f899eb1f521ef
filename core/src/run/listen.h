/* Listening to notifications: a connection outside the pool, which is opened again after a loss. Nothing here blocks.
 * One thread at a time. */
#ifndef RL_RUN_LISTEN_H
#define RL_RUN_LISTEN_H

#include "run/client.h"
#include "run/connect.h"

typedef enum rl_event_kind {
  RL_EVENT_HEARD,     /* channel, payload and pid are set, until the next call */
  RL_EVENT_LISTENING, /* no notification is missed from now on; reconnected: some may have been */
  RL_EVENT_LOST
} rl_event_kind;

typedef struct rl_event {
  rl_event_kind kind;
  bool reconnected;
  rl_notification heard;
} rl_event;

typedef struct rl_channel {
  char *name;
  bool subscribed; /* LISTEN was sent on the current connection */
  bool is_leaving; /* UNLISTEN is still to be sent */
} rl_channel;

typedef enum rl_listener_state {
  RL_LISTENER_DOWN,
  RL_LISTENER_CONNECTING,
  RL_LISTENER_ASKING,
  RL_LISTENER_READY
} rl_listener_state;

typedef struct rl_listener {
  rl_client *client; /* retained; NULL: the owner of `options` keeps them */
  const rl_conn_options *options;
  int64_t silence_ms, answer_ms; /* after this silence it asks for a sign of life, which must come in this time */
  rl_conn *conn;
  rl_connecting connecting; /* while it connects */
  rl_listener_state state;
  long pid; /* the process that owns the connection */
  rl_channel *channels;
  size_t count, cap;
  size_t answers;                 /* outstanding */
  bool listen_sent;               /* an outstanding answer is that of a LISTEN */
  uint64_t questions;             /* signs of life that it has asked for */
  bool hears;                     /* a LISTEN was answered on the current connection */
  bool has_listened, loss_is_due; /* has listened before; a loss is still to be reported */
  bool reconnected;               /* the current connection is not the first */
  int failures;                   /* since it listened last */
  int64_t quiet_ms;               /* when nothing more was received last */
  int64_t life_ms;                /* since then the server has sent something */
  int64_t due_ms;                 /* DOWN: the next attempt; ASKING: the answer; READY: the next sign of life */
  rl_wait wait;
} rl_listener;

/* Fails with P2026 on SQLite, and behind a pooler that changes sessions with each transaction. */
rille_status rl_listener_open(rl_listener *l, rl_client *client, rl_error *err);
/* Opens one without a client. The options are borrowed until it is closed; its driver has notifications, and no pooler
 * is in between. */
void rl_listener_init(rl_listener *l, const rl_conn_options *options);
void rl_listener_close(rl_listener *l);
/* Adds a channel. VALIDATION: the server would cut off the name. A known channel is left alone. */
rille_status rl_listener_add(rl_listener *l, rl_str channel, rl_error *err);
rille_status rl_listener_remove(rl_listener *l, rl_str channel, rl_error *err);
/* ROW: an event. AGAIN: wait for l->wait. An error can only be that of the first connection: a lost one is opened again
 * without limit, with pauses that grow to ten seconds. */
rille_status rl_listener_next(rl_listener *l, rl_event *out, rl_error *err);
/* Returns whether the server sends notifications on the current connection. */
static inline bool rl_listener_hears(const rl_listener *l) {
  return l->hears;
}

#endif
