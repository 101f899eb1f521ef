/* Recording operations: their begin, what they send, and the answers. */
#include "run/observe.h"

#include <stdarg.h>

#include "base/clock.h"
#include "run/observe_params.h"
#include "run/tx_state.h"

/* If out of memory, the operation is not observed. */
void rl_observe_begin(rl_exchange *io, rl_watch *w) {
  if (rl_watch_what(w)) io->watch = RL_NEW(io->arena, rl_watched);
  if (io->watch) io->watch->on = w;
}

void rl_observe_started(rl_op *op) {
  rl_watched *w = op->io.watch;
  rl_tx *tx = op->tx;
  w->begun_us = rl_clock_us();
  w->number = rl_watch_number();
  w->about = op->kind->action ? NULL : op->calls[0];
  w->action = rl_op_action(op);
  w->within = tx != NULL;
  if (tx && !tx->number) tx->number = rl_watch_number();
  w->transaction = tx ? tx->number : 0;
}

void rl_observe_rollback(rl_exchange *io, uint64_t transaction) {
  rl_watched *w = io->watch;
  w->begun_us = rl_clock_us();
  w->number = rl_watch_number();
  w->action = "transaction";
  w->within = true;
  w->transaction = transaction;
}

/* ------------------------------------------------------------------ what an event is made of */

static void observe_put(rl_exchange *io, const rl_call *call, rille_client_event *event, rl_event_texts *texts) {
  event->operation = io->watch->number;
  event->transaction = io->watch->transaction;
  event->time_us = rl_clock_wall_us();
  if (call && call->kind->of_model) texts->model = call->compiled->model->name;
  texts->action = rl_str_of(call ? call->kind->action(call) : io->watch->action);
  texts->trace = rl_str_of(rl_exchange_trace(io));
  rl_watch_put(io->watch->on, event, texts);
}

static void observe_warn(rl_exchange *io, const char *code, const char *format, ...) {
  va_list args;
  rille_client_event event = {.kind = RILLE_CLIENT_EVENT_WARN, .rows = -1, .round_trip = io->round_trips};
  if (!(rl_watch_what(io->watch->on) & RILLE_OBSERVE_WARNINGS)) return;
  rl_buf text;
  rl_buf_init(&text);
  va_start(args, format);
  rl_buf_vprintf(&text, format, args);
  va_end(args);
  rl_event_texts texts = {.message = rl_buf_view(&text), .code = rl_str_of(code)};
  observe_put(io, io->watch->about, &event, &texts);
  rl_buf_dispose(&text);
}

bool rl_observe_client_warning(rl_client *c, const char *code, const char *message) {
  rl_watch *w = rl_client_root(c)->watch;
  if (!w || !(rl_watch_what(w) & RILLE_OBSERVE_WARNINGS)) return false;
  rille_client_event event = {.kind = RILLE_CLIENT_EVENT_WARN, .rows = -1, .time_us = rl_clock_wall_us()};
  rl_event_texts texts = {.message = rl_str_of(message), .code = rl_str_of(code)};
  rl_watch_put(w, &event, &texts);
  return true;
}

static rl_str or_none(rl_str text) {
  return text.len ? text : (rl_str){0};
}

void rl_observe_cache(rl_client *c, const rl_cache_told *told) {
  rl_watch *w = rl_client_root(c)->watch;
  if (!w || !(rl_watch_what(w) & RILLE_OBSERVE_CACHE)) return;
  rille_client_event event = {.kind = RILLE_CLIENT_EVENT_CACHE, .rows = -1, .time_us = rl_clock_wall_us()};
  rl_event_texts texts = {.message = rl_str_of(told->what),
                          .model = or_none(told->model),
                          .action = rl_str_of(told->action),
                          .trace = c->traits.trace,
                          .label = or_none(told->label)};
  rl_watch_put(w, &event, &texts);
}

/* ------------------------------------------------------------------ statements */

static rl_trail *observe_trail_at(rl_exchange *io, uint32_t index) {
  rl_watched *w = io->watch;
  if (index >= w->trail_cap) {
    uint32_t cap = index < 4 ? 8 : index * 2;
    rl_trail *more = RL_NEW_ARRAY(io->arena, rl_trail, cap);
    if (!more) return NULL; /* one event is lost */
    if (w->trail_cap) memcpy(more, w->trail, w->trail_cap * sizeof *more);
    w->trail = more;
    w->trail_cap = cap;
  }
  return &w->trail[index];
}

void rl_observe_nothing_sent(rl_exchange *io) {
  io->watch->trail = NULL;
  io->watch->trail_cap = 0;
}

void rl_observe_command(rl_exchange *io, rl_verb verb, const char *sql) {
  rl_trail *t = observe_trail_at(io, (uint32_t)io->sent_count);
  char *copy = t ? rl_arena_strdup(io->arena, rl_str_of(sql)) : NULL;
  if (copy) *t = (rl_trail){.command = copy, .verb = verb, .sent_us = rl_clock_us()};
}

void rl_observe_statement(rl_exchange *io, const rl_dispatch *d) {
  rl_trail *t = observe_trail_at(io, d->index);
  if (!t) return;
  *t = (rl_trail){.call = d->call, .stmt = d->stmt, .params = d->params, .from = d->from, .sent_us = rl_clock_us()};
}

static rille_client_event_kind event_kind_of(const rl_trail *t) {
  switch (t->verb) {
  case RL_VERB_BEGIN: return RILLE_CLIENT_EVENT_BEGIN;
  case RL_VERB_COMMIT: return RILLE_CLIENT_EVENT_COMMIT;
  case RL_VERB_ROLLBACK: return RILLE_CLIENT_EVENT_ROLLBACK;
  case RL_VERB_SAVEPOINT: return RILLE_CLIENT_EVENT_SAVEPOINT;
  case RL_VERB_RELEASE: return RILLE_CLIENT_EVENT_RELEASE;
  case RL_VERB_ROLLBACK_TO: return RILLE_CLIENT_EVENT_ROLLBACK_TO;
  case RL_VERB_NONE: break;
  }
  return RILLE_CLIENT_EVENT_QUERY;
}

static void observe_report(rl_exchange *io, const rl_trail *t, int64_t from_us, int64_t rows, const rl_error *failure) {
  rl_watched *w = io->watch;
  rl_watch_settings s = rl_watch_get(w->on);
  bool failed = failure->code != RL_CODE_NONE || failure->nomem;
  int64_t now = rl_clock_us(), took = now - from_us;
  w->answered_us = now;
  bool slow = took >= s.slow_us;
  if (!(s.what & RILLE_OBSERVE_QUERIES) && !(slow && s.what & RILLE_OBSERVE_SLOW)) return;
  rille_client_event event = {.kind = event_kind_of(t),
                              .slow = slow,
                              .round_trip = io->round_trips,
                              .duration_ms = (double)took / 1000,
                              .rows = failed || t->command ? -1 : rows};
  if (event.kind == RILLE_CLIENT_EVENT_BEGIN && !w->within) w->transaction = rl_watch_number();
  rl_event_texts texts = {.sql = t->command ? rl_str_of(t->command) : rl_str_make(t->stmt->sql, t->stmt->sql_len)};
  if (failed) texts.code = rl_str_of(rl_code_name(failure->nomem ? RL_INTERNAL : failure->code));
  rl_buf params;
  rl_buf_init(&params);
  if (t->stmt && t->params && s.params_length > 0) {
    rl_dispatch d = {.stmt = t->stmt, .params = t->params, .from = t->from};
    rl_observe_params(&params, &d, s.params_length, io->client->context.bind.omit, t->call->kind->own_sql);
    if (!params.failed) texts.params = rl_buf_view(&params);
  }
  observe_put(io, t->call ? t->call : w->about, &event, &texts);
  rl_buf_dispose(&params);
}

void rl_observe_answer(rl_exchange *io, uint32_t index, int64_t affected, const rl_error *failure, bool not_run) {
  rl_watched *w = io->watch;
  if (index >= w->trail_cap) return;
  rl_trail t = w->trail[index];
  w->trail[index] = (rl_trail){0}; /* not everything that is sent leaves a trail */
  if ((!t.stmt && !t.command) || not_run) return;
  observe_report(io, &t, w->answered_us > t.sent_us ? w->answered_us : t.sent_us, affected, failure);
}

void rl_observe_refused(rl_exchange *io, uint32_t index, const rl_error *failure) {
  if (index >= io->watch->trail_cap) return;
  const rl_trail *t = &io->watch->trail[index];
  if (t->stmt) observe_report(io, t, t->sent_us, -1, failure);
}

/* ------------------------------------------------------------------ operations */

void rl_observe_acquired(rl_exchange *io) {
  if (io->watch->acquired) return;
  io->watch->acquired = true;
  int64_t waited = rl_clock_us() - io->watch->begun_us;
  if (waited < rl_watch_get(io->watch->on).pool_wait_us) return;
  rl_pool_counts n;
  rl_pool_count(io->client->pool, &n);
  observe_warn(io, NULL, "waited %lld ms for a connection: the pool's size is %d, %d in use, %d waiting",
               (long long)(waited / 1000), n.size, n.in_use, n.waiting);
}

/* Reports a lost connection. A replica that is behind or refuses the statement is no reason for a warning. */
void rl_observe_retry(rl_exchange *io, const rl_error *why) {
  rl_observe_nothing_sent(io);
  if (!why->connection_lost) return;
  observe_warn(io, rl_code_name(why->code), "a connection was lost before it was used, and was replaced: %s",
               rl_error_message(why));
}

static void observe_count(rl_watch *w, const rl_call *call, int64_t took, bool good) {
  const rl_call_kind *kind = call->kind;
  if (!kind->counted_as) return;
  int64_t model = kind->of_model ? (int64_t)call->compiled->model->index : -1;
  rl_watch_count(w, model, kind->counted_as(call), took, good);
}

/* Warns if more programs are in use than the plan cache keeps, so that calls are compiled again. */
static void observe_warn_of_evictions(rl_exchange *io) {
  rl_plan_cache_counts n;
  rl_plan_cache_count(io->client->cache, &n);
  if (n.evictions == 0 || !rl_watch_evicted(io->watch->on, n.evictions, (int64_t)n.kept)) return;
  observe_warn(
      io, NULL,
      "the plan cache of %zu calls is too small: %lld were evicted, %lld had to be compiled; do the shapes of calls "
      "depend on data?",
      n.kept, (long long)n.evictions, (long long)n.misses);
}

void rl_observe_end(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_watched *w = io->watch;
  bool good = op->error.code == RL_CODE_NONE && !op->error.nomem;
  bool ran = w->begun_us && (w->acquired || !good);
  if (!ran || w->counted) return;
  w->counted = true;
  uint32_t what = rl_watch_what(w->on);
  int64_t took = rl_clock_us() - w->begun_us;
  for (uint32_t i = 0; what & RILLE_OBSERVE_FIGURES && i < op->call_count; i++)
    observe_count(w->on, op->calls[i], took, good || i != op->current);
  if (!(what & RILLE_OBSERVE_WARNINGS)) return;
  if (op->error.connection_lost)
    observe_warn(io, rl_code_name(op->error.code), "a connection was lost: %s", rl_error_message(&op->error));
  if (w->about && w->about->kind->of_model) observe_warn_of_evictions(io);
}
