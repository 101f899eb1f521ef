/* Advisory locks of a PostgreSQL database, held by one connection of the pool outside any transaction. No function
 * blocks: wait as rille_lock_wait says and call again. One thread at a time. */
#ifndef RILLE_LOCK_H
#define RILLE_LOCK_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

typedef struct rille_lock rille_lock;

typedef struct rille_lock_options {
  uint32_t struct_size; /* sizeof(rille_lock_options) */
  int32_t shared;       /* 1: shared with others that also ask for a shared lock */
  const char *key;      /* a string, which the server hashes with hashtextextended(key, 0); NULL: use number */
  size_t key_len;
  int64_t number;
  int64_t wait_ms; /* how long to try; 0: once */
} rille_lock_options;

/* Takes no lock yet. Strings are copied; the lock takes a reference to the client. Errors: P2026 on SQLite, and behind
 * a pooler in transaction mode, where a transaction can use pg_advisory_xact_lock. */
RILLE_API rille_status rille_lock_new(rille_client *c, const rille_lock_options *options, rille_lock **out,
                                      rille_error **err);
/* Returns RILLE_OK: it is held; RILLE_AGAIN; RILLE_DONE: another session held it all the time; or an error of the
 * connection. It occupies no connection while it waits. */
RILLE_API rille_status rille_lock_take(rille_lock *lock, rille_error **err);
/* Returns RILLE_OK: released; RILLE_AGAIN; P1017: it was lost with its connection before, so another session may have
 * held it. */
RILLE_API rille_status rille_lock_release(rille_lock *lock, rille_error **err);
/* Returns what to wait for after RILLE_AGAIN, like rille_op_wait. */
RILLE_API void rille_lock_wait(const rille_lock *lock, rille_wait *out);
/* Frees the lock. If it is still held, its connection is closed, which releases it. NULL is allowed. */
RILLE_API void rille_lock_free(rille_lock *lock);

RILLE_END_DECLS
#endif
