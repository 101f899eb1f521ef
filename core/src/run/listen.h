/* Listening to what other sessions tell: a connection of its own, outside the pool, that comes back after a loss. It
 * never waits; one thread at a time. */
#ifndef RL_RUN_LISTEN_H
#define RL_RUN_LISTEN_H

#include "run/client.h"
#include "run/connect.h"

typedef enum rl_event_kind {
  RL_EVENT_HEARD,     /* channel, payload and pid are filled, until the next call */
  RL_EVENT_LISTENING, /* from now on nothing is missed; again: after a loss, so that something may have been */
  RL_EVENT_LOST
} rl_event_kind;

typedef struct rl_event {
  rl_event_kind kind;
  bool again;
  rl_notification heard;
} rl_event;

typedef struct rl_channel {
  char *name;
  bool told;  /* to the server, on the present connection */
  bool leave; /* the server is still to be told that it is over */
} rl_channel;

typedef enum rl_listener_state {
  RL_LISTENER_DOWN,
  RL_LISTENER_CONNECTING,
  RL_LISTENER_ASKING,
  RL_LISTENER_READY
} rl_listener_state;

typedef struct rl_listener {
  rl_client *client;
  rl_conn *conn;
  rl_connecting connecting; /* while it is made */
  rl_listener_state state;
  long pid; /* of the process whose connection it is */
  rl_channel *channels;
  size_t count, cap;
  size_t answers;    /* still to come */
  bool listening;    /* LISTEN is among what was asked */
  bool was_up, lost; /* has listened before; a loss is to be told */
  bool again;        /* the present connection is not the first */
  int failures;      /* since it was up last */
  int64_t due_ms;    /* DOWN: of the next attempt; ASKING: of the answer; READY: of the next sign of life */
  rl_wait wait;
} rl_listener;

/* P2026 where there is no such thing: on SQLite, and behind a pooler that changes sessions with each transaction. */
rille_status rl_listener_open(rl_listener *l, rl_client *client, rl_error *err);
void rl_listener_close(rl_listener *l);
/* VALIDATION for a name that the server would cut off. Again does nothing. */
rille_status rl_listener_add(rl_listener *l, rl_str channel, rl_error *err);
rille_status rl_listener_remove(rl_listener *l, rl_str channel, rl_error *err);
/* RILLE_ROW: an event; AGAIN: l->wait says what to wait for; or an error: that of the first connection. A later one is
 * made anew for as long as it takes, after a pause that grows to ten seconds. */
rille_status rl_listener_next(rl_listener *l, rl_event *out, rl_error *err);

#endif
