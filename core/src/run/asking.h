/* What a question to the cache has besides its key: how old an answer may be and which tags it has; and the caller's
 * place while another caller computes it. */
#ifndef RL_RUN_ASKING_H
#define RL_RUN_ASKING_H

#include "run/client.h"

typedef struct rl_cached_how {
  int64_t ttl_ms, stale_ms;
  bool by_ttl_only; /* writes do not make it stale, only its ttl and its tags do */
  rl_buf tags;      /* sorted, each with its length: part of the key */
  rl_names names;   /* of the tags */
} rl_cached_how;

enum { RL_MOST_TAGS = 100 };

typedef struct rl_cached_given {
  int64_t ttl_ms, stale_ms;
  bool by_ttl_only;
  const char *const *tags;
  size_t tag_count;
} rl_cached_given;

/* Checks and copies. Errors: VALIDATION with the path, as in "cache.ttl: ...". */
rille_status rl_cached_how_set(rl_cached_how *how, const rl_cached_given *given, rl_error *err);
void rl_cached_how_dispose(rl_cached_how *how);

/* Returns for how long an answer may be given, at last as an old one. */
static inline int64_t rl_cached_life(const rl_cached_how *how) {
  return how->ttl_ms < INT64_MAX - how->stale_ms ? how->ttl_ms + how->stale_ms : INT64_MAX;
}

/* A place in the queue of those who wait for an answer, and the caller's limit. */
typedef struct rl_turn {
  rl_seat seat;
  rl_bell *bell;    /* owned: of a cooperative caller without a shared one; NULL: not needed yet */
  int64_t until_ms; /* how long it waits; 0: it has not waited yet */
  uint64_t came;    /* the last flight when the caller came */
  bool own_limit;   /* until_ms is the client's timeout; afterwards the call has failed */
} rl_turn;

/* What the caller waits with. */
typedef struct rl_caller {
  rl_client *client;
  bool blocking;
  rl_bell *shared; /* NULL: none */
  uint64_t tag;    /* for the shared bell */
  int64_t limit_ms;
} rl_caller;

/* Returns how long the caller waits for what others do. Without a timeout of the client this is as long as for a
 * connection. */
int64_t rl_caller_limit(const rl_caller *from);

/* Called before each question. Returns false if a cooperative caller cannot be called: then it does not ask. */
bool rl_turn_prepare(rl_turn *t, const rl_caller *from);
static inline bool rl_turn_is_taken(const rl_turn *t) {
  return t->seat.flight != NULL;
}

typedef enum rl_turn_state {
  RL_TURN_GOT,    /* *entry is retained */
  RL_TURN_FAILED, /* *err: of the computation, or the caller's limit */
  RL_TURN_AGAIN,  /* nobody computes it any more: ask again */
  RL_TURN_WAITS,  /* *wait says for what; never if blocking */
  RL_TURN_LATE,   /* it has waited as long as for a connection: the caller computes for itself */
} rl_turn_state;
/* Waits, or looks whether there is an answer. */
rl_turn_state rl_turn_look(rl_turn *t, const rl_caller *from, rl_cache_entry **entry, rl_wait *wait, rl_error *err);
void rl_turn_leave(rl_turn *t);   /* idempotent */
void rl_turn_dispose(rl_turn *t); /* leaves, and frees the bell */
void rl_turn_forget(rl_turn *t);  /* after a fork: the seat is the parent's */

#endif
