/* Notifications from other sessions of a PostgreSQL database (LISTEN and NOTIFY). A listener has its own connection,
 * which the pool does not count. If the connection is lost, the listener connects and listens again. It never blocks
 * and needs no thread: pull with rille_listener_next, wait as rille_listener_wait says. One thread at a time. To notify
 * others, run SELECT pg_notify($1, $2) as a raw statement. */
#ifndef RILLE_LISTEN_H
#define RILLE_LISTEN_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

typedef struct rille_listener rille_listener;

/* Kinds of event. Ignore unknown ones. */
#define RILLE_EVENT_HEARD 1 /* a notification */
#define RILLE_EVENT_LISTENING                                                                                          \
  2 /* no notification is missed from now on; again = 1: after a loss, so some may have been missed */
#define RILLE_EVENT_LOST 3 /* the connection was lost; the listener reconnects on its own */

typedef struct rille_event {
  uint32_t struct_size; /* set by the caller */
  int32_t kind;
  int32_t again;
  int32_t pid;         /* HEARD: of the notifying session */
  const char *channel; /* HEARD: borrowed until the next call on the listener; terminated */
  const char *payload; /* HEARD: borrowed in the same way; "" if there is none */
} rille_event;

/* Opens no connection yet. The listener takes a reference to the client. Errors: P2026 on SQLite, and behind a pooler
 * in transaction mode, which have no notifications. */
RILLE_API rille_status rille_listener_open(rille_client *c, rille_listener **out, rille_error **err);
/* Adds or removes a channel, at any time. Names are case-sensitive, 1 to 63 bytes. The next rille_listener_next sends
 * the change. Errors: VALIDATION. */
RILLE_API rille_status rille_listener_add(rille_listener *l, const char *channel, size_t len, rille_error **err);
RILLE_API rille_status rille_listener_remove(rille_listener *l, const char *channel, size_t len, rille_error **err);
/* Returns RILLE_ROW: *out is filled in; RILLE_AGAIN: nothing yet; or an error if the first connection fails (P1001 and
 * the like): the next call tries again. Once it has listened, losses are not errors. */
RILLE_API rille_status rille_listener_next(rille_listener *l, rille_event *out, rille_error **err);
/* Returns what to wait for after RILLE_AGAIN, like rille_op_wait. The descriptor changes when it reconnects. */
RILLE_API void rille_listener_wait(const rille_listener *l, rille_wait *out);
RILLE_API void rille_listener_close(rille_listener *l); /* NULL is allowed */

RILLE_END_DECLS
#endif
