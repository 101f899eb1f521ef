/* What a client's operations have done: each statement with its values and its duration, transactions, and warnings. A
 * client that is not observed records nothing and reads no clock.
 *
 * A client and all clients derived from it share one ring of events. Any thread may write to it and read from it. When
 * the ring is full, the oldest events are dropped and counted. */
#ifndef RILLE_EVENTS_H
#define RILLE_EVENTS_H

#include <rille/client.h>

RILLE_BEGIN_DECLS

typedef struct rille_observe_options {
  uint32_t struct_size;  /* sizeof(rille_observe_options) */
  uint32_t what;         /* RILLE_OBSERVE_... bits; 0: stop */
  int32_t capacity;      /* events kept until they are read; 0: 1024. The first call for this client fixes it */
  int32_t slow_ms;       /* 0: 200 */
  int32_t pool_wait_ms;  /* a longer wait for a connection is a warning; 0: 1000 */
  int32_t params_length; /* about how many bytes of values per statement; 0: 2048; negative: no values */
} rille_observe_options;

/* Begins, changes or ends the observation of a client and all clients derived from it. Running operations are not
 * affected. NULL: ends it. Any thread. Errors: VALIDATION (options). */
RILLE_API rille_status rille_client_observe(rille_client *c, const rille_observe_options *options, rille_error **err);

/* Takes the oldest event: RILLE_OK and *out, which the caller frees with rille_client_event_free; RILLE_DONE: there is
 * none. Any thread; allocates nothing. */
RILLE_API rille_status rille_client_next_event(rille_client *c, const rille_client_event **out);
RILLE_API void rille_client_event_free(const rille_client_event *event); /* NULL is fine */
/* Returns how many events were dropped so far: they were not read in time, or memory ran out. */
RILLE_API int64_t rille_client_events_dropped(const rille_client *c);

/* Returns the metrics of such calls while RILLE_OBSERVE_FIGURES was on. Each call of a batch counts with the duration
 * of the whole batch. RILLE_DONE and zeros: there were none. Any thread. */
RILLE_API rille_status rille_client_action_stats(const rille_client *c, int32_t model, rille_action action,
                                                 rille_action_stats *out);

RILLE_END_DECLS
#endif
