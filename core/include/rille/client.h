/* A client: a schema and a pool of connections to one database. Reference-counted; any thread may use it. Clients of
 * one process with the same URL and pool options share one pool. For a database in memory, the options do not matter.
 */
#ifndef RILLE_CLIENT_H
#define RILLE_CLIENT_H

#include <rille/schema.h>

RILLE_BEGIN_DECLS

typedef struct rille_client rille_client;

typedef struct rille_client_options {
  uint32_t struct_size;     /* sizeof(rille_client_options) */
  int32_t pool_size;        /* maximum number of connections; 0: connection_limit of the URL, or 10 */
  const char *url;          /* required; copied */
  rille_schema *schema;     /* required; the client takes its own reference */
  int64_t pool_wait_ms;     /* how long a call waits for a free connection; 0: pool_timeout of the URL, or 5000 */
  int64_t pool_idle_ms;     /* idle connections are closed after this; 0: 300000 */
  int64_t pool_lifetime_ms; /* maximum age of a connection; 0: 1800000 */
  int32_t strict_where;     /* 1: reads reject an empty where too */
  int32_t plan_cache_size;  /* maximum number of programs kept; 0: 1000 */
  const char *const *omit;  /* "user.password", ... left out unless selected; snake_case model name */
  size_t omit_count;
  /* PostgreSQL: replicas of the server at `url`. Reads outside transactions go to them in turn. After a write of the
   * same client, or of one derived from it, a replica is used only once it has replayed that write. Each replica has
   * its own pool with the limits above. */
  const char *const *replica_urls;
  size_t replica_count;
  const struct rille_cache_options *cache; /* rille/cache.h; NULL: its reads do not ask the cache. Copied */
} rille_client_options;

/* Opens no connection; the first operation does. Errors: P1012 (schema of another provider), P1013 (URL), VALIDATION
 * (options; an omit that names no field; replicas of a database that has none). */
RILLE_API rille_status rille_client_open(const rille_client_options *options, rille_client **out, rille_error **err);

/* How a derived client differs from the one it comes from. */
typedef struct rille_derive_options {
  uint32_t struct_size; /* sizeof(rille_derive_options) */
  int32_t primary;      /* 1: reads do not go to a replica */
  /* Settings of the database session, for example for row-level security: names and values in turn. They hold within
   * the transactions of the derived client, and each call outside of one becomes a transaction. Nothing of them is left
   * on the connection afterwards. */
  const char *const *session;
  size_t session_count; /* pairs */
  const char *
      comment; /* NULL, or the text of an SQL comment that is sent with each statement, without the comment marks. Text
                  that could end the comment is VALIDATION. Statements with it are prepared once it was sent 10 times */
  /* Milliseconds after which a call outside a transaction, or a batch of a stream, is cancelled on the server and fails
   * with P1008; 0: as in the client it comes from. */
  int64_t timeout_ms;
  const char *trace; /* NULL, or the traceparent of its operations, see rille_op_set_trace */
  /* Conditions on all rows that calls of the derived client reach: an object of models and their conditions, like the
   * `where` of find_many; the key "*" is every model, and each must have its fields unless `except` names it. For the
   * client there are no other rows. Scopes of the client it comes from hold too. Raw SQL is refused. The tape is only
   * read here. NULL: none. */
  struct rille_tape *scope;
  const char *const *except;
  size_t except_count;
  int32_t unscoped; /* 1: raw SQL, which sees all rows, is allowed although the client has a scope */
} rille_derive_options;

/* Creates a client over the same pool, schema and plan cache. `from` may be a derived client: its traits are kept,
 * except settings of the same name and a comment that is replaced. Everything is copied. Errors: VALIDATION, P2026 if
 * the database does not support it. */
RILLE_API rille_status rille_client_derive(rille_client *from, const rille_derive_options *options, rille_client **out,
                                           rille_error **err);
RILLE_API rille_client *rille_client_retain(rille_client *c);
/* Releases the reference. The last release closes idle connections; running operations keep what they need. */
RILLE_API void rille_client_release(rille_client *c);
RILLE_API rille_schema *rille_client_schema(const rille_client *c); /* borrowed */
/* "postgresql" or "sqlite"; static. */
RILLE_API const char *rille_client_provider(const rille_client *c);
/* Returns 1 if the URL says that there is a pooler in transaction mode. A session then lasts only as long as a
 * transaction. */
RILLE_API int rille_client_pooled(const rille_client *c);
/* Returns 1 if both take their connections from one pool, as clients with the same URL and options do. */
RILLE_API int rille_client_same_pool(const rille_client *a, const rille_client *b);
/* Returns 1 if their URLs name the same database. Different names of one server, or of one file, count as different. */
RILLE_API int rille_client_same_database(const rille_client *a, const rille_client *b);

typedef struct rille_pool_stats {
  uint32_t struct_size; /* set by the caller */
  int32_t size, open, idle, in_use, waiting;
  int64_t connects, waits, timeouts; /* since the pool was created */
  int64_t waited_ms;                 /* total time in the queue of callers that got a connection or timed out */
} rille_pool_stats;
RILLE_API void rille_client_pool_stats(const rille_client *c, rille_pool_stats *out);

/* The same for the pool of a replica, index from 0. An index out of range gives zeros. */
RILLE_API int32_t rille_client_replica_count(const rille_client *c);
RILLE_API void rille_client_replica_stats(const rille_client *c, int32_t index, rille_pool_stats *out);

typedef struct rille_plan_stats {
  uint32_t struct_size; /* set by the caller */
  int32_t kept;
  int64_t hits, misses, evictions;
  int64_t bytes; /* of the programs kept; 32 MiB at most */
} rille_plan_stats;
RILLE_API void rille_client_plan_stats(const rille_client *c, rille_plan_stats *out);

/* What the client's operations have sent since it was opened. Each is counted when it has ended. BEGIN, COMMIT and the
 * like are not counted as statements, but they add a round trip if they are not sent with one. */
typedef struct rille_call_stats {
  uint32_t struct_size; /* set by the caller */
  int64_t operations, statements, round_trips;
} rille_call_stats;
RILLE_API void rille_client_call_stats(const rille_client *c, rille_call_stats *out);

RILLE_END_DECLS
#endif
