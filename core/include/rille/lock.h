/* Advisory locks of a PostgreSQL database, held by one connection of the pool outside any transaction. It never blocks:
 * wait as rille_lock_wait says and call again. One thread at a time. */
#ifndef RILLE_LOCK_H
#define RILLE_LOCK_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

typedef struct rille_lock rille_lock;

typedef struct rille_lock_options {
  uint32_t struct_size; /* sizeof(rille_lock_options) */
  int32_t shared;       /* 1: with others who share it */
  const char *key;      /* a text, of which the server makes a number by hashtextextended(key, 0); NULL: number */
  size_t key_len;
  int64_t number;
  int64_t wait_ms; /* how long it is tried; 0: once */
} rille_lock_options;

/* Takes nothing yet. Texts are copied; a reference of the client is taken. Errors: P2026 where there are no such locks:
 * on SQLite, and behind a pooler in transaction mode, where a transaction can take one by pg_advisory_xact_lock. */
RILLE_API rille_status rille_lock_new(rille_client *c, const rille_lock_options *options, rille_lock **out,
                                      rille_error **err);
/* RILLE_OK: it is held; RILLE_AGAIN; RILLE_DONE: somebody else had it all the time; or an error of the connection.
 * While it waits it occupies no connection. */
RILLE_API rille_status rille_lock_take(rille_lock *lock, rille_error **err);
/* RILLE_OK: given back; RILLE_AGAIN; P1017 when it was lost before with its connection, so that somebody else may have
 * had it. */
RILLE_API rille_status rille_lock_release(rille_lock *lock, rille_error **err);
/* What to wait for after RILLE_AGAIN, as rille_op_wait. */
RILLE_API void rille_lock_wait(const rille_lock *lock, rille_wait *out);
/* A lock that is still held goes with its connection, which is closed. NULL is fine. */
RILLE_API void rille_lock_free(rille_lock *lock);

RILLE_END_DECLS
#endif
