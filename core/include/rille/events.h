/* What a client's operations do, told afterwards: each statement with its values and its time, transactions, and what
 * somebody should look at. A client that is not observed records nothing and reads no clock.
 *
 * A client and all that are derived from it share one ring of events, into which any thread writes and from which any
 * thread takes. When nobody takes them, the oldest are dropped and counted. */
#ifndef RILLE_EVENTS_H
#define RILLE_EVENTS_H

#include <rille/client.h>

RILLE_BEGIN_DECLS

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

/* Takes the oldest event: RILLE_OK and *out, which the caller gives back with rille_client_event_free; RILLE_DONE when
 * there is none. Any thread; allocates nothing. */
RILLE_API rille_status rille_client_next_event(rille_client *c, const rille_client_event **out);
RILLE_API void rille_client_event_free(const rille_client_event *event); /* NULL is fine */
/* How many events were dropped so far: nobody took them in time, or memory was short. */
RILLE_API int64_t rille_client_events_dropped(const rille_client *c);

/* What calls of this kind have done while RILLE_OBSERVE_FIGURES was on; of a batch each call has the time of the whole
 * batch. RILLE_DONE and zeros when there were none. Any thread. */
RILLE_API rille_status rille_client_action_stats(const rille_client *c, int32_t model, rille_action action,
                                                 rille_action_stats *out);

RILLE_END_DECLS
#endif
