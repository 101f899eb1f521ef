/* A client: a schema and a pool of connections to one database. Any thread may use it; reference-counted.
 * Clients of one process with the same URL and pool options share one pool; of a database in memory, whatever the
 * options. */
#ifndef RILLE_CLIENT_H
#define RILLE_CLIENT_H

#include <rille/schema.h>

RILLE_BEGIN_DECLS

typedef struct rille_client rille_client;

typedef struct rille_client_options {
  uint32_t struct_size;     /* sizeof(rille_client_options) */
  int32_t pool_size;        /* connections at most; 0: connection_limit of the URL, else 10 */
  const char *url;          /* required; copied */
  rille_schema *schema;     /* required; the client takes a reference of its own */
  int64_t pool_wait_ms;     /* how long a call waits for a free connection; 0: pool_timeout of the URL, else 5000 */
  int64_t pool_idle_ms;     /* an idle connection is closed after this; 0: 300000 */
  int64_t pool_lifetime_ms; /* no connection gets older; 0: 1800000 */
  int32_t strict_where;     /* 1: reads refuse an empty where too */
  int32_t plan_cache_size;  /* programs kept at most; 0: 1000 */
  const char *const *omit;  /* "user.password", ... left out unless selected; snake_case model name */
  size_t omit_count;
  /* PostgreSQL: servers that replay what happens at `url`. Reads outside transactions go to them in turn; those that
   * follow a write of the same client, or of one derived from it, only where that write has been replayed. Each has a
   * pool of its own with the limits above. */
  const char *const *replica_urls;
  size_t replica_count;
} rille_client_options;

/* Opens no connection yet: the first operation does. Errors: P1012 (schema of another provider), P1013 (URL),
 * VALIDATION (options; an omit that names no field; replicas of a database that has none). */
RILLE_API rille_status rille_client_open(const rille_client_options *options, rille_client **out, rille_error **err);

/* What sets a derived client apart from the one it is made of. */
typedef struct rille_derive_options {
  uint32_t struct_size; /* sizeof(rille_derive_options) */
  int32_t primary;      /* 1: reads do not go to a replica */
  /* Settings of the database's session for row-level security and the like: names and values in turn. They hold within
   * the transactions of the derived client, and each call outside of one becomes a transaction; nothing of them is left
   * on the connection afterwards. */
  const char *const *session;
  size_t session_count; /* pairs */
  const char *comment;  /* NULL, or what is sent along with each statement as an SQL comment, without the marks. Nothing
                           that could end it: VALIDATION. Statements with it are prepared once it was sent 10 times */
  /* Milliseconds after which a call outside a transaction, or a batch of a stream, is cancelled on the server and fails
   * with P1008; 0: as the one it is made of. */
  int64_t timeout_ms;
  const char *trace; /* NULL, or the traceparent of its operations, see rille_op_set_trace */
} rille_derive_options;

/* A client over the same pool, schema and plan cache. What it is made of may have been derived itself: its traits stay,
 * but for settings of the same name and a comment that replaces its own. Everything is copied. Errors: VALIDATION,
 * P2026 where the database has no such thing. */
RILLE_API rille_status rille_client_derive(rille_client *from, const rille_derive_options *options, rille_client **out,
                                           rille_error **err);
RILLE_API rille_client *rille_client_retain(rille_client *c);
/* Gives the reference back. The last one closes what is idle; operations that still run keep what they need. */
RILLE_API void rille_client_release(rille_client *c);
RILLE_API rille_schema *rille_client_schema(const rille_client *c); /* borrowed */
/* "postgresql" or "sqlite"; static. */
RILLE_API const char *rille_client_provider(const rille_client *c);
/* 1: the URL says that a pooler in transaction mode is between, so that a session lasts as long as a transaction. */
RILLE_API int rille_client_pooled(const rille_client *c);
/* 1: both take their connections from one pool, as clients with the same URL and options do. */
RILLE_API int rille_client_same_pool(const rille_client *a, const rille_client *b);
/* 1: their URLs name the same database. Two names of one server, or of one file, are two. */
RILLE_API int rille_client_same_database(const rille_client *a, const rille_client *b);

typedef struct rille_pool_stats {
  uint32_t struct_size; /* set by the caller */
  int32_t size, open, idle, in_use, waiting;
  int64_t connects, waits, timeouts; /* since the pool was made */
  int64_t waited_ms;                 /* in the queue, by those who got a connection or timed out, all together */
} rille_pool_stats;
RILLE_API void rille_client_pool_stats(const rille_client *c, rille_pool_stats *out);

/* The same of a replica's pool, index from 0 on; a negative or too large one leaves zeros. */
RILLE_API int32_t rille_client_replica_count(const rille_client *c);
RILLE_API void rille_client_replica_stats(const rille_client *c, int32_t index, rille_pool_stats *out);

typedef struct rille_plan_stats {
  uint32_t struct_size; /* set by the caller */
  int32_t kept;
  int64_t hits, misses, evictions;
  int64_t bytes; /* of those that are kept; 32 MiB at most */
} rille_plan_stats;
RILLE_API void rille_client_plan_stats(const rille_client *c, rille_plan_stats *out);

/* What the client's operations have sent since it was opened; each is counted when it has ended. BEGIN, COMMIT and
 * their like are no statements, but wait where they are not sent along with one. */
typedef struct rille_call_stats {
  uint32_t struct_size; /* set by the caller */
  int64_t operations, statements, round_trips;
} rille_call_stats;
RILLE_API void rille_client_call_stats(const rille_client *c, rille_call_stats *out);

RILLE_END_DECLS
#endif
