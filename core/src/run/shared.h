/* Answers that several processes share in a Redis server (cache/redis/remote.h): which client does, and the
 * conversations of one read or computation. */
#ifndef RL_RUN_SHARED_H
#define RL_RUN_SHARED_H

#include "cache/redis/survey.h"
#include "run/answers.h"
#include "run/asking.h"

/* For a root whose option `cache` names a store: connects the cache of its database with the server. VALIDATION. */
rille_status rl_shared_open(rl_client *c, const rl_cache_settings *s, rl_cache *answers, rl_error *err);
/* Returns whether the store of a client is one that processes share. */
bool rl_shared_is_wanted(const rl_cache_settings *s);
/* Appends what a database's name needs to be unique among all machines: the machine, if it is local. */
void rl_shared_write_place(rl_buf *out, const rl_conn_options *o);
/* Returns the server that the client's reads ask. NULL: its store is memory. */
static inline rl_remote *rl_client_remote(rl_client *c) {
  return rl_client_root(c)->remote;
}

/* Returns whether an answer that a turn has got must be asked for there: the computation began before the caller came,
 * and this process does not know what others have written since. */
static inline bool rl_turn_may_be_old(const rl_turn *t, rl_client *c) {
  return rl_client_remote(c) && t->seat.number <= t->came;
}

/* The conversations of one read or computation. Zero-initialised. */
typedef struct rl_shared {
  rl_talk talk;
  rl_remote_work work;
  rl_remote *remote; /* borrowed from the client; NULL: it asks nobody */
} rl_shared;

void rl_shared_reset(rl_shared *s);
void rl_shared_dispose(rl_shared *s);
/* Begin a conversation. names live until it has ended. */
void rl_shared_ask(rl_shared *s, rl_client *c, const rl_remote_question *q);
void rl_shared_note(rl_shared *s, rl_client *c, const rl_names *names, const rl_remote_work *of);
/* AGAIN: *wait. DONE: s->talk.answer. */
rille_status rl_shared_next(rl_shared *s, rl_wait *wait);
/* Ends a computation: with bytes to keep, or without (p NULL). final: as in rl_talk_keep. Does not wait, unless it has
 * to connect and the caller blocks. Returns whether they are on their way. */
bool rl_shared_end(rl_shared *s, rl_str bytes, int64_t life_ms, const rl_names *final, bool blocking);

typedef struct rl_landing {
  rl_str bytes;
  bool known;            /* what others did until now: rl_foreign_look */
  int64_t life_ms;       /* rl_cached_life */
  const rl_names *final; /* as in rl_talk_keep */
  bool blocking;
} rl_landing;
/* Ends a flight with an answer, which is kept here, or in the server if it was asked. */
void rl_shared_land(rl_shared *s, rl_flight *f, const rl_landing *l);

/* Clears a cache, and what other processes share with it. Blocks. P1001: the server was not told, which is made up for
 * as soon as it answers; until then this process uses nothing from it. */
rille_status rl_shared_clear(rl_cache *answers, rl_error *err);
/* Counts what a server has, or clears it, for no client. Blocks. VALIDATION, P1001. */
rille_status rl_shared_survey(rl_str store, rl_str prefix, bool clears, rl_survey_figures *out, rl_error *err);

#endif
