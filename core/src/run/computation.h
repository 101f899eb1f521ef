/* A value that the caller computes once, and the cache keeps: `db:cached` and `db:page` of Lua. Operations that are
 * part of the computation note in it what they read. One thread at a time. */
#ifndef RL_RUN_COMPUTATION_H
#define RL_RUN_COMPUTATION_H

#include "run/asking.h"

typedef struct rl_computation rl_computation;

typedef struct rl_computation_options {
  rl_str key, label;
  const char *const *paths;
  size_t path_count;
  const rl_cached_given *how;
  bool blocking;
  rl_computation *within; /* NULL: none; it must live longer */
} rl_computation_options;

/* Retains the client. Errors: VALIDATION if the client has no cache, or other traits than `within`. */
rille_status rl_computation_new(rl_client *client, const rl_computation_options *o, rl_computation **out,
                                rl_error *err);
/* ROW: the value is known. DONE: the caller computes it. AGAIN: another caller does. An error: that of the caller who
 * has computed it, or P1008. */
rille_status rl_computation_next(rl_computation *c, rl_error *err);
const rl_wait *rl_computation_wait(const rl_computation *c);
rl_str rl_computation_value(const rl_computation *c); /* after ROW; borrowed */
/* End what the caller has computed. err NULL: others compute again. */
void rl_computation_land(rl_computation *c, rl_str value);
void rl_computation_fail(rl_computation *c, const rl_error *err);
void rl_computation_free(rl_computation *c); /* gives it up if it has not ended; NULL is allowed */

/* For operations that are part of it. Errors: VALIDATION if a read goes through a client of other traits. */
rille_status rl_computation_check(const rl_computation *c, rl_client *client, rl_error *err);
/* Note that it depends on something, and so do those that it is part of. Before the statement is sent. */
void rl_computation_note(rl_computation *c, const rl_names *names);
/* Returns the least ttl of it and those that it is part of, or that of something within it, if that is less: an older
 * part would make the whole too old to be given. c: may be NULL. */
int64_t rl_computation_least_ttl(const rl_computation *c, int64_t ttl_ms);
void rl_computation_note_entry(rl_computation *c, const rl_cache_entry *e);
void rl_computation_note_snapshot(rl_computation *c, const rl_snapshot *s);
void rl_computation_spoil(rl_computation *c); /* it will not be kept */
/* The same in the server that processes share. Returns a work that needs stamps; NULL: none. */
struct rl_remote_work;
const struct rl_remote_work *rl_computation_work(const rl_computation *c);
void rl_computation_add_work(rl_computation *c, const struct rl_remote_work *work);
void rl_computation_spoil_shared(rl_computation *c);
/* Returns what others may wait for, of it or of those that it is part of. NULL: nothing. */
rl_flight *rl_computation_flight(const rl_computation *c);

#endif
