/* Listening to what other sessions of a PostgreSQL database tell (LISTEN and NOTIFY). A listener has a connection of
 * its own, which the pool does not count; after a loss it connects again and listens anew. It never blocks and needs no
 * thread: pull with rille_listener_next, wait as rille_listener_wait says. One thread at a time. To tell something, run
 * SELECT pg_notify($1, $2) as a raw statement. */
#ifndef RILLE_LISTEN_H
#define RILLE_LISTEN_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

typedef struct rille_listener rille_listener;

/* Kinds of event; unknown ones are to be passed over. */
#define RILLE_EVENT_HEARD 1 /* a notification */
#define RILLE_EVENT_LISTENING                                                                                          \
  2                        /* from now on nothing is missed; again 1: after a loss, in which something may have been */
#define RILLE_EVENT_LOST 3 /* the connection was lost; the listener goes on by itself */

typedef struct rille_event {
  uint32_t struct_size; /* set by the caller */
  int32_t kind;
  int32_t again;
  int32_t pid;         /* HEARD: of the session that told it */
  const char *channel; /* HEARD: borrowed until the next call on the listener; terminated */
  const char *payload; /* HEARD: likewise; "" when there is none */
} rille_event;

/* Connects nothing yet. The listener takes a reference of the client. Errors: P2026 where there are no notifications:
 * on SQLite, and behind a pooler in transaction mode. */
RILLE_API rille_status rille_listener_open(rille_client *c, rille_listener **out, rille_error **err);
/* Channels to listen to, at any time; names as they are, 1 to 63 bytes. The server is told with the next
 * rille_listener_next. Errors: VALIDATION. */
RILLE_API rille_status rille_listener_add(rille_listener *l, const char *channel, size_t len, rille_error **err);
RILLE_API rille_status rille_listener_remove(rille_listener *l, const char *channel, size_t len, rille_error **err);
/* RILLE_ROW: *out is filled; RILLE_AGAIN: nothing yet; or an error, when the first connection cannot be made (P1001 and
 * the like): the next call tries again. After it has listened once, losses are no errors. */
RILLE_API rille_status rille_listener_next(rille_listener *l, rille_event *out, rille_error **err);
/* What to wait for after RILLE_AGAIN, as rille_op_wait. The descriptor changes when a connection is made anew. */
RILLE_API void rille_listener_wait(const rille_listener *l, rille_wait *out);
RILLE_API void rille_listener_close(rille_listener *l); /* NULL is fine */

RILLE_END_DECLS
#endif
