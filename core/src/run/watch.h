/* What an observed client keeps: a ring of events, and metrics by model and action. Any thread. */
#ifndef RL_RUN_WATCH_H
#define RL_RUN_WATCH_H

#include <rille/types.h>

#include "base/buf.h"
#include "base/str.h"

typedef struct rl_watch rl_watch;

/* The texts of an event, which are copied. p NULL: none. */
typedef struct rl_event_texts {
  rl_str sql, params, model, action, trace, code, message, label;
} rl_event_texts;

typedef struct rl_watch_settings {
  uint32_t what;
  int64_t slow_us, pool_wait_us;
  int32_t params_length;
} rl_watch_settings;

/* models: their number in the schema. NULL: out of memory. */
rl_watch *rl_watch_new(size_t capacity, size_t models);
void rl_watch_free(rl_watch *w);
void rl_watch_set(rl_watch *w, const rl_watch_settings *settings);
rl_watch_settings rl_watch_get(const rl_watch *w);
uint32_t rl_watch_what(const rl_watch *w);

/* Adds an event. One that cannot be allocated is dropped and counted. */
void rl_watch_put(rl_watch *w, const rille_client_event *event, const rl_event_texts *texts);
rille_client_event *rl_watch_take(rl_watch *w); /* NULL: none */
void rl_event_free(rille_client_event *event);
int64_t rl_watch_dropped(const rl_watch *w);

/* model -1: raw statements */
void rl_watch_count(rl_watch *w, int64_t model, int32_t action, int64_t duration_us, bool good);
bool rl_watch_figures(const rl_watch *w, int64_t model, int32_t action, rille_action_stats *out);

/* Returns whether `step` more evictions of the plan cache were counted since it last returned true. */
bool rl_watch_evicted(rl_watch *w, int64_t evictions, int64_t step);
uint64_t rl_watch_number(void); /* unique in the process, never 0 */

#endif
