/* The ring of events and the metrics of an observed client. */
#include "run/watch.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fork_lock.h"
#include "query/query.h"

#define ACTIONS RL_ACTION_LIMIT

typedef struct figures {
  _Atomic int64_t operations, errors, duration_us;
  _Atomic int64_t buckets[RILLE_DURATION_BUCKETS];
} figures;

struct rl_watch {
  rl_fork_lock lock;
  rille_client_event **ring;
  size_t capacity, first, count;
  _Atomic int64_t dropped;
  _Atomic uint32_t what;
  _Atomic int64_t slow_us, pool_wait_us;
  _Atomic int32_t params_length;
  _Atomic int64_t evictions_reported;
  size_t models;
  figures *figures; /* by model, then by action; raw statements have the row after the last model */
};

rl_watch *rl_watch_new(size_t capacity, size_t models) {
  rl_watch *w = rl_calloc(1, sizeof *w);
  if (!w) return NULL;
  w->ring = rl_calloc(capacity, sizeof(rille_client_event *));
  w->figures = rl_calloc((models + 1) * ACTIONS, sizeof *w->figures);
  if (!w->ring || !w->figures) {
    rl_free(w->ring);
    rl_free(w->figures);
    rl_free(w);
    return NULL;
  }
  w->capacity = capacity;
  w->models = models;
  rl_fork_lock_init(&w->lock);
  return w;
}

void rl_watch_free(rl_watch *w) {
  if (!w) return;
  for (size_t i = 0; i < w->count; i++) rl_event_free(w->ring[(w->first + i) % w->capacity]);
  rl_fork_lock_dispose(&w->lock);
  rl_free(w->ring);
  rl_free(w->figures);
  rl_free(w);
}

void rl_watch_set(rl_watch *w, const rl_watch_settings *s) {
  w->slow_us = s->slow_us;
  w->pool_wait_us = s->pool_wait_us;
  w->params_length = s->params_length;
  w->what = s->what;
}

rl_watch_settings rl_watch_get(const rl_watch *w) {
  return (rl_watch_settings){w->what, w->slow_us, w->pool_wait_us, w->params_length};
}

uint32_t rl_watch_what(const rl_watch *w) {
  return atomic_load_explicit(&w->what, memory_order_relaxed);
}

/* ------------------------------------------------------------------ events */

static const char *copy_text(char **at, rl_str s) {
  if (!s.p) return NULL;
  char *copy = *at;
  memcpy(copy, s.p, s.len);
  copy[s.len] = 0;
  *at += s.len + 1;
  return copy;
}

/* Allocates the event and its texts as one block. */
static rille_client_event *event_new(const rille_client_event *from, const rl_event_texts *t) {
  const rl_str all[] = {t->sql, t->params, t->model, t->action, t->trace, t->code, t->message, t->label};
  size_t size = sizeof(rille_client_event);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) size += all[i].p ? all[i].len + 1 : 0;
  rille_client_event *e = rl_alloc(size);
  if (!e) return NULL;
  char *at = (char *)(e + 1);
  *e = *from;
  e->struct_size = (uint32_t)sizeof *e;
  e->sql = copy_text(&at, t->sql);
  e->params = copy_text(&at, t->params);
  e->model = copy_text(&at, t->model);
  e->action = copy_text(&at, t->action);
  e->trace = copy_text(&at, t->trace);
  e->code = copy_text(&at, t->code);
  e->message = copy_text(&at, t->message);
  e->label = copy_text(&at, t->label);
  return e;
}

void rl_watch_put(rl_watch *w, const rille_client_event *event, const rl_event_texts *texts) {
  rille_client_event *e = event_new(event, texts), *oldest = NULL;
  if (!e) {
    w->dropped++;
    return;
  }
  rl_fork_lock_take(&w->lock);
  if (w->count == w->capacity) {
    oldest = w->ring[w->first];
    w->first = (w->first + 1) % w->capacity;
    w->count--;
    w->dropped++;
  }
  w->ring[(w->first + w->count++) % w->capacity] = e;
  rl_fork_lock_give(&w->lock);
  rl_event_free(oldest);
}

rille_client_event *rl_watch_take(rl_watch *w) {
  rille_client_event *e = NULL;
  rl_fork_lock_take(&w->lock);
  if (w->count) {
    e = w->ring[w->first];
    w->first = (w->first + 1) % w->capacity;
    w->count--;
  }
  rl_fork_lock_give(&w->lock);
  return e;
}

void rl_event_free(rille_client_event *event) {
  rl_free(event);
}

int64_t rl_watch_dropped(const rl_watch *w) {
  return w->dropped;
}

bool rl_watch_evicted(rl_watch *w, int64_t evictions, int64_t step) {
  int64_t reported = w->evictions_reported;
  return evictions >= reported + step && atomic_compare_exchange_strong(&w->evictions_reported, &reported, evictions);
}

uint64_t rl_watch_number(void) {
  static _Atomic uint64_t last;
  return ++last;
}

/* ------------------------------------------------------------------ figures */

static figures *figures_of(const rl_watch *w, int64_t model, int32_t action) {
  size_t row = model < 0 ? w->models : (size_t)model;
  if (row > w->models || action < 0 || action >= ACTIONS) return NULL;
  return &w->figures[row * ACTIONS + (size_t)action];
}

static size_t bucket_of(int64_t duration_us) {
  static const int64_t bounds[] = RILLE_DURATION_BOUNDS;
  size_t i = 0;
  while (i < sizeof bounds / sizeof *bounds && duration_us > bounds[i] * 1000) i++;
  return i;
}

static void counter_add(_Atomic int64_t *to, int64_t n) {
  atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

void rl_watch_count(rl_watch *w, int64_t model, int32_t action, int64_t duration_us, bool good) {
  figures *f = figures_of(w, model, action);
  if (!f) return;
  counter_add(&f->operations, 1);
  if (!good) counter_add(&f->errors, 1);
  counter_add(&f->duration_us, duration_us);
  counter_add(&f->buckets[bucket_of(duration_us)], 1);
}

bool rl_watch_figures(const rl_watch *w, int64_t model, int32_t action, rille_action_stats *out) {
  const figures *f = figures_of(w, model, action);
  if (!f || f->operations == 0) return false;
  out->operations = f->operations;
  out->errors = f->errors;
  out->duration_us = f->duration_us;
  for (size_t i = 0; i < RILLE_DURATION_BUCKETS; i++) out->buckets[i] = f->buckets[i];
  return true;
}
