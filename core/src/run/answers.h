/* The cache of a client: that of its database, and the client's part of the keys of cached reads. */
#ifndef RL_RUN_ANSWERS_H
#define RL_RUN_ANSWERS_H

#include "run/client.h"

/* The option `cache` of a client. */
typedef struct rl_cache_settings {
  rl_cache_limits limits;
  rl_str store;      /* empty: "memory" */
  rl_str listen_url; /* empty: none */
  rl_str prefix;     /* of keys in Redis; empty: the usual one */
} rl_cache_settings;

/* For a root that has its pool. Errors: VALIDATION, P1013 (URLs). */
rille_status rl_answers_open(rl_client *c, const rl_client_settings *settings, rl_error *err);
void rl_answers_close(rl_client *c);

/* Returns the cache of the client's database, borrowed; after a fork, that of this process. NULL: out of memory. */
rl_cache *rl_client_answers(rl_client *c);
/* Returns whether the client was opened with `cache`. */
static inline bool rl_client_caches(const rl_client *c) {
  return c->root ? c->root->caches : c->caches;
}
/* Writes what names a database: server and database. One in memory lives as long as its pool, which its clients share.
 * pool: may be NULL for others. */
void rl_database_name(rl_buf *out, const rl_conn_options *o, const rl_pool *pool);
/* Returns whether two clients name the same database. */
bool rl_client_same_database(const rl_client *a, const rl_client *b);

/* Writes what of the client decides its answers: database, role, schema, session, omitted fields. The same in every
 * process. Returns false when out of memory. Any thread. */
bool rl_client_key(rl_client *c, char out[RL_CLIENT_KEY]);

#endif
