/* The public functions that observe clients. */
#include "api/handle.h"
#include "base/alloc.h"

#define CAPACITY 1024
#define CAPACITY_MAX 1000000
#define SLOW_MS 200
#define POOL_WAIT_MS 1000
#define PARAMS_LENGTH 2048

static int32_t or_default(int32_t value, int32_t fallback) {
  return value ? value : fallback;
}

rille_status rille_client_observe(rille_client *c, const rille_observe_options *options, rille_error **err) {
  rl_error error = {0};
  rille_observe_options o = {0};
  rille_status st =
      options ? rl_read_options(&o, sizeof o, options, sizeof o, "rille_observe_options", &error) : RILLE_OK;
  if (st == RILLE_OK && (o.capacity < 0 || o.capacity > CAPACITY_MAX || o.slow_ms < 0 || o.pool_wait_ms < 0))
    st = rl_fail(&error, RL_VALIDATION, "observe: expected a capacity from 1 to %d and times of 0 or more",
                 CAPACITY_MAX);
  if (st == RILLE_OK) {
    rl_watch_settings s = {o.what, or_default(o.slow_ms, SLOW_MS) * (int64_t)1000,
                           or_default(o.pool_wait_ms, POOL_WAIT_MS) * (int64_t)1000,
                           or_default(o.params_length, PARAMS_LENGTH)};
    st = rl_client_observe(c->client, &s, (size_t)or_default(o.capacity, CAPACITY), &error);
  }
  return rl_box(st, &error, err);
}

rille_status rille_client_next_event(rille_client *c, const rille_client_event **out) {
  rl_watch *w = rl_client_root(c->client)->watch;
  *out = w ? rl_watch_take(w) : NULL;
  return *out ? RILLE_OK : RILLE_DONE;
}

void rille_client_event_free(const rille_client_event *event) {
  rl_event_free((rille_client_event *)(uintptr_t)event); /* created here, and constant for the caller only */
}

int64_t rille_client_events_dropped(const rille_client *c) {
  rl_watch *w = rl_client_root(c->client)->watch;
  return w ? rl_watch_dropped(w) : 0;
}

rille_status rille_client_action_stats(const rille_client *c, int32_t model, rille_action action,
                                       rille_action_stats *out) {
  rl_watch *w = rl_client_root(c->client)->watch;
  rille_action_stats full = {0};
  bool any = w && rl_watch_figures(w, model, action, &full);
  rl_write_struct(out, &full, sizeof full);
  return any ? RILLE_OK : RILLE_DONE;
}
