/* A client: a schema, a pool and a plan cache. Reference-counted, for any thread. A derived client shares these with
 * its root, and has its own traits. */
#ifndef RL_RUN_CLIENT_H
#define RL_RUN_CLIENT_H

#include "base/clock.h"
#include "base/sha256.h"
#include "cache/cache.h"
#include "run/comment.h"
#include "run/compile.h"
#include "run/pool.h"
#include "run/scope.h"
#include "run/watch.h"

/* The traits of a derived client. Texts are allocated in its arena. */
typedef struct rl_client_traits {
  const rl_setting *session; /* scoped to each transaction, so the next user of the connection does not inherit them */
  size_t session_count;
  rl_str comment;              /* sent after the text of each statement; empty: none */
  int64_t timeout_ms;          /* of each call outside a transaction; 0: none */
  bool primary;                /* reads never go to a replica */
  rl_str trace;                /* traceparent of its operations; empty: none */
  rl_str extension;            /* what else decides its answers: part of the keys of cached reads; empty: nothing */
  const rl_tape_suffix *scope; /* of all its calls; NULL: none. Scopes add up, and never go away */
  bool unscoped_raw;           /* raw SQL is allowed although there is a scope */
} rl_client_traits;

enum { RL_CLIENT_KEY = RL_SHA256_BYTES };

struct rl_replicas;

typedef struct rl_client {
  _Atomic int references;
  struct rl_client *root;        /* retained; NULL: this is a root */
  struct rl_client *scope_owner; /* retained: the client whose scope this one has, unchanged; NULL: none */
  rl_client_traits traits;
  rl_arena arena;
  rl_schema *schema;
  rl_pool *_Atomic pool;        /* replaced after a fork */
  struct rl_replicas *replicas; /* of a root with replicas, otherwise NULL */
  const rl_driver *driver;
  rl_plan_cache *cache;
  rl_compile_context context;
  rl_map omit;                                         /* "user.password" -> non-NULL */
  _Atomic int64_t operations, statements, round_trips; /* of the operations that have ended */
  rl_comment *comment;                                 /* that of the traits, shared with other clients */
  /* of a root, for all clients derived from it */
  rl_watch *_Atomic watch; /* NULL: never observed */
  rl_comments *comments;
  rl_scopes *scopes;
  /* of the cache: answers.c. All but the key are of a root */
  rl_cache *_Atomic answers; /* that of the database; replaced after a fork */
  bool caches;               /* it was opened with `cache`: its writes tell other processes */
  struct rl_remote *remote;  /* retained: what its reads ask, and other processes too; NULL: its store is memory */
  rl_str database;           /* names server and database */
  rl_str listen_url;         /* where to listen for writes of others; empty: where the pool connects */
  rl_str own_key;            /* the root's part of the keys of cached reads */
  _Atomic int key_state;     /* whether `key` is set */
  char key[RL_CLIENT_KEY];
} rl_client;

typedef struct rl_client_settings {
  rl_str url;
  rl_schema *schema;
  rl_pool_options pool;
  bool strict_where;
  size_t plan_cache_size;
  const rl_str *omit;
  size_t omit_count;
  const rl_str *replicas; /* URLs */
  size_t replica_count;
  const struct rl_cache_settings *cache; /* NULL: it does not ask the cache */
} rl_client_settings;

rille_status rl_client_open(const rl_client_settings *settings, rl_client **out, rl_error *err);
/* Derives a client over the same pool and plan cache, with these traits on top of those of `from`. A setting of the
 * same name is replaced, and so is a comment. Copies everything it is passed. */
rille_status rl_client_derive(rl_client *from, const rl_client_traits *traits, const rl_scope_given *scope,
                              rl_client **out, rl_error *err); /* scope: one more; NULL: none */
/* Fails with VALIDATION if the client has a scope, which SQL of the application would not know. */
rille_status rl_client_check_raw(const rl_client *c, rl_error *err);
/* Begins, changes or ends the observation of a client and of all clients with the same root. */
rille_status rl_client_observe(rl_client *c, const rl_watch_settings *settings, size_t capacity, rl_error *err);
static inline rl_client *rl_client_root(rl_client *c) {
  return c->root ? c->root : c;
}
static inline bool rl_client_has_session(const rl_client *c) { /* with settings, each call is a transaction */
  return c->traits.session_count > 0;
}
/* Returns the deadline of a call outside a transaction that begins now. */
static inline int64_t rl_client_limit(const rl_client *c) {
  return c->traits.timeout_ms > 0 ? rl_clock_after(c->traits.timeout_ms) : RL_NO_DEADLINE;
}
/* Adds an operation that has ended to the totals. */
void rl_client_tally(rl_client *c, uint32_t statements, uint32_t round_trips);
rl_client *rl_client_retain(rl_client *c);
void rl_client_release(rl_client *c);

/* Returns the dialect of a driver. NULL: none. */
const rl_dialect *rl_dialect_of(const rl_driver *driver);
/* Fails with P1012 if the provider of the schema is not the URL's. */
rille_status rl_check_provider(const rl_schema *schema, const rl_driver *driver, rl_error *err);

#endif
