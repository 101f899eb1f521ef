/* What a client's operations do, told afterwards: each statement with its values and its time, transactions, and what
 * somebody should look at. A client that is not observed records nothing and reads no clock.
 *
 * A client and all that are derived from it share one ring of events, into which any thread writes and from which any
 * thread takes. When nobody takes them, the oldest are dropped and counted. */
#ifndef RILLE_EVENTS_H
#define RILLE_EVENTS_H

#include <rille/client.h>

RILLE_BEGIN_DECLS

/* Kinds of event; unknown ones may be passed over. */
typedef int32_t rille_client_event_kind;
#define RILLE_CLIENT_EVENT_QUERY 1 /* a statement: its SQL and values */
#define RILLE_CLIENT_EVENT_BEGIN 2 /* of a transaction, from here on with the command that was sent as sql */
#define RILLE_CLIENT_EVENT_COMMIT 3
#define RILLE_CLIENT_EVENT_ROLLBACK 4
#define RILLE_CLIENT_EVENT_SAVEPOINT 5
#define RILLE_CLIENT_EVENT_RELEASE 6     /* of a savepoint */
#define RILLE_CLIENT_EVENT_ROLLBACK_TO 7 /* a savepoint */
#define RILLE_CLIENT_EVENT_WARN 8        /* message: a connection was lost or replaced, a long wait for one, ... */

/* What is recorded: bits for rille_observe_options. */
#define RILLE_OBSERVE_QUERIES 1u /* every statement and transaction command */
#define RILLE_OBSERVE_SLOW 2u    /* statements that took slow_ms or more */
#define RILLE_OBSERVE_WARNINGS 4u
#define RILLE_OBSERVE_FIGURES 8u /* no events: rille_client_action_stats */

typedef struct rille_observe_options {
  uint32_t struct_size;  /* sizeof(rille_observe_options) */
  uint32_t what;         /* RILLE_OBSERVE_... bits; 0: nothing any more */
  int32_t capacity;      /* events kept until they are taken; 0: 1024. Fixed by the first call for this client */
  int32_t slow_ms;       /* 0: 200 */
  int32_t pool_wait_ms;  /* a wait for a connection of so long is a warning; 0: 1000 */
  int32_t params_length; /* about so many bytes of values a statement; 0: 2048; negative: no values at all */
} rille_observe_options;

/* Begins, changes or ends the observation of a client and all that are derived from it. Operations that run already are
 * not concerned. NULL: the end. Any thread. Errors: VALIDATION (options). */
RILLE_API rille_status rille_client_observe(rille_client *c, const rille_observe_options *options, rille_error **err);

/* Texts end with a zero and are NULL where there is none. */
typedef struct rille_client_event {
  uint32_t struct_size; /* set by the library: what lies beyond it is not there */
  rille_client_event_kind kind;
  int32_t slow;         /* 1: it took slow_ms or more */
  uint32_t round_trip;  /* of the operation, from 1 on */
  double duration_ms;   /* from when it was sent, or the answer before it had come, until its last row was taken */
  int64_t rows;         /* returned, or affected; -1: it failed, or has none */
  int64_t time_us;      /* when it ended: microseconds since 1970-01-01T00:00:00Z */
  uint64_t operation;   /* number of the operation, unique in the process */
  uint64_t transaction; /* number of the transaction, unique in the process; 0: outside of one */
  const char *sql;
  /* The values as a Json array. Long ones are cut, with an ellipsis at the end; values of fields that the client omits
   * are "***"; bytes are told by their number. */
  const char *params;
  const char *model;   /* as the schema writes it; NULL for raw statements */
  const char *action;  /* "find_many", "query_raw", "transaction", ... */
  const char *trace;   /* traceparent */
  const char *code;    /* of the error, when it failed: "P2002" */
  const char *message; /* of a warning */
} rille_client_event;

/* Takes the oldest event: RILLE_OK and *out, which the caller gives back with rille_client_event_free; RILLE_DONE when
 * there is none. Any thread; allocates nothing. */
RILLE_API rille_status rille_client_next_event(rille_client *c, const rille_client_event **out);
RILLE_API void rille_client_event_free(const rille_client_event *event); /* NULL is fine */
/* How many events were dropped so far: nobody took them in time, or memory was short. */
RILLE_API int64_t rille_client_events_dropped(const rille_client *c);

/* Upper bounds of the buckets of durations, in milliseconds; the last bucket has what took longer. */
#define RILLE_DURATION_BOUNDS                                                                                          \
  { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000 }
#define RILLE_DURATION_BUCKETS 11

typedef struct rille_action_stats {
  uint32_t struct_size; /* set by the caller */
  uint32_t reserved;
  int64_t operations, errors; /* errors: how many of the operations failed */
  int64_t duration_us;        /* of all together, from start to end */
  int64_t buckets[RILLE_DURATION_BUCKETS];
} rille_action_stats;

/* Raw statements, in place of a model's action with model -1. */
#define RILLE_RAW_QUERY 1
#define RILLE_RAW_EXECUTE 2
#define RILLE_RAW_SCRIPT 3

/* What calls of this kind have done while RILLE_OBSERVE_FIGURES was on; of a batch each call has the time of the whole
 * batch. RILLE_DONE and zeros when there were none. Any thread. */
RILLE_API rille_status rille_client_action_stats(const rille_client *c, int32_t model, rille_action action,
                                                 rille_action_stats *out);

RILLE_END_DECLS
#endif
