/* Recording operations: when they begin, what they send, what comes back. */
#include "run/observe.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "run/tx.h"

/* When memory is short the operation is not observed, and goes on. */
void rl_observe_begin(rl_op *op, rl_watch *w) {
  if (rl_watch_what(w)) op->watch = RL_NEW(&op->arena, rl_op_watch);
  if (op->watch) op->watch->on = w;
}

void rl_observe_started(rl_op *op) {
  op->watch->begun_us = rl_clock_us();
  op->watch->number = rl_watch_number();
}

void rl_observe_part(rl_op *batch, rl_op *part) {
  part->watch->clock = &batch->watch->answered_us;
  part->watch->number = batch->watch->number;
  part->watch->trips = batch->round_trips + 1;
  if (batch->tx && !batch->tx->number) batch->tx->number = rl_watch_number();
  part->watch->transaction = batch->tx ? batch->tx->number : batch->watch->transaction;
}

/* ------------------------------------------------------------------ what an event is made of */

const char *rl_op_action(const rl_op *op) {
  switch (op->kind) {
  case RL_OP_MODEL: return rl_action_info_of(op->compiled->action)->name;
  case RL_OP_EXPLAIN: return "explain";
  case RL_OP_RAW: return op->raw.returns_rows ? "query_raw" : "execute_raw";
  case RL_OP_SCRIPT: return "execute_script";
  case RL_OP_BATCH: return "batch";
  case RL_OP_BEGIN:
  case RL_OP_END: break;
  }
  return "transaction";
}

/* Of its transaction; one of its own is numbered when it begins. */
static uint64_t transaction_of(rl_op *op) {
  if (op->tx && !op->tx->number) op->tx->number = rl_watch_number();
  return op->tx ? op->tx->number : op->watch->transaction;
}

static void put(rl_op *op, rille_client_event *event, rl_event_texts *texts) {
  event->operation = op->watch->number;
  event->transaction = transaction_of(op);
  event->time_us = rl_clock_wall_us();
  if (op->kind == RL_OP_MODEL) texts->model = op->compiled->model->name;
  texts->action = rl_str_of(rl_op_action(op));
  texts->trace = rl_str_of(rl_op_trace(op));
  rl_watch_put(op->watch->on, event, texts);
}

static void warn(rl_op *op, const char *code, const char *format, ...) {
  va_list args;
  rille_client_event event = {
      .kind = RILLE_CLIENT_EVENT_WARN, .rows = -1, .round_trip = op->watch->trips + op->round_trips};
  if (!(rl_watch_what(op->watch->on) & RILLE_OBSERVE_WARNINGS)) return;
  rl_buf text;
  rl_buf_init(&text);
  va_start(args, format);
  rl_buf_vprintf(&text, format, args);
  va_end(args);
  rl_event_texts texts = {.message = rl_buf_view(&text), .code = rl_str_of(code)};
  put(op, &event, &texts);
  rl_buf_dispose(&text);
}

/* ------------------------------------------------------------------ statements */

static rl_trail *trail_at(rl_op *op, uint32_t index) {
  rl_op_watch *w = op->watch;
  if (index >= w->trail_cap) {
    uint32_t cap = index < 4 ? 8 : index * 2;
    rl_trail *more = RL_NEW_ARRAY(&op->arena, rl_trail, cap);
    if (!more) return NULL; /* an event less */
    if (w->trail_cap) memcpy(more, w->trail, w->trail_cap * sizeof *more);
    w->trail = more;
    w->trail_cap = cap;
  }
  return &w->trail[index];
}

void rl_observe_next_batch(rl_op *op) {
  op->watch->trail = NULL;
  op->watch->trail_cap = 0;
}

void rl_observe_sent_command(rl_op *op, rl_verb verb, const char *sql) {
  rl_trail *t = trail_at(op, (uint32_t)op->sent_count);
  char *copy = t ? rl_arena_strdup(&op->arena, rl_str_of(sql)) : NULL;
  if (copy) *t = (rl_trail){.command = copy, .verb = verb, .sent_us = rl_clock_us()};
}

static rille_client_event_kind kind_of(const rl_trail *t) {
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

static void tell(rl_op *op, const rl_trail *t, int64_t from_us, int64_t rows, const rl_error *failure) {
  rl_watch_settings s = rl_watch_get(op->watch->on);
  bool failed = failure->code != RL_CODE_NONE || failure->nomem;
  int64_t now = rl_clock_us(), took = now - from_us;
  *(op->watch->clock ? op->watch->clock : &op->watch->answered_us) = now;
  bool slow = took >= s.slow_us;
  if (!(s.what & RILLE_OBSERVE_QUERIES) && !(slow && s.what & RILLE_OBSERVE_SLOW)) return;
  rille_client_event event = {.kind = kind_of(t),
                              .slow = slow,
                              .round_trip = op->watch->trips + op->round_trips,
                              .duration_ms = (double)took / 1000,
                              .rows = failed || t->command ? -1 : rows};
  if (event.kind == RILLE_CLIENT_EVENT_BEGIN && !op->tx) op->watch->transaction = rl_watch_number();
  rl_event_texts texts = {.sql = t->command ? rl_str_of(t->command) : rl_str_make(t->stmt->sql, t->stmt->sql_len)};
  if (failed) texts.code = rl_str_of(rl_code_name(failure->nomem ? RL_INTERNAL : failure->code));
  rl_buf params;
  rl_buf_init(&params);
  if (t->stmt && t->params && s.params_length > 0) {
    rl_dispatch d = {.stmt = t->stmt, .params = t->params, .from = t->from};
    rl_observe_params(&params, &d, s.params_length, op->client->context.bind.omit, op->kind != RL_OP_MODEL);
    if (!params.failed) texts.params = rl_buf_view(&params);
  }
  put(op, &event, &texts);
  rl_buf_dispose(&params);
}

void rl_observe_answer(rl_op *op, uint32_t index, int64_t affected, const rl_error *failure) {
  if (index >= op->watch->trail_cap) return;
  rl_trail t = op->watch->trail[index];
  op->watch->trail[index] = (rl_trail){0}; /* not everything that is sent leaves one */
  bool not_run = failure->code != RL_CODE_NONE && op->error.code != RL_CODE_NONE; /* it failed with one before it */
  if ((!t.stmt && !t.command) || not_run) return;
  int64_t before = op->watch->clock ? *op->watch->clock : op->watch->answered_us;
  tell(op, &t, before > t.sent_us ? before : t.sent_us, affected, failure);
}

rille_status rl_observe_dispatch(rl_op *op, rl_dispatch d, rl_error *err) {
  if (op->kind != RL_OP_SCRIPT) {
    rille_status st = rl_comment_stmt(op->client->comment, rl_op_trace(op), op->kind != RL_OP_MODEL, d.stmt, &op->arena,
                                      &d.stmt, err);
    if (st != RILLE_OK) return st;
  }
  if (!op->watch) return rl_op_send(op, d, err);
  rl_trail *t = trail_at(op, d.index);
  if (t) *t = (rl_trail){.stmt = d.stmt, .params = d.params, .from = d.from, .sent_us = rl_clock_us()};
  rille_status st = rl_op_send(op, d, err);
  bool refused = st < 0 && t && err && !err->not_sent; /* SQLite tells of a fault in a statement before it runs */
  if (refused) tell(op, t, t->sent_us, -1, err);
  return st;
}

/* ------------------------------------------------------------------ operations */

void rl_observe_acquired(rl_op *op) {
  if (op->watch->acquired) return;
  op->watch->acquired = true;
  int64_t waited = rl_clock_us() - op->watch->begun_us;
  if (waited < rl_watch_get(op->watch->on).pool_wait_us) return;
  rl_pool_counts n;
  rl_pool_count(op->client->pool, &n);
  warn(op, NULL, "waited %lld ms for a connection: the pool's size is %d, %d are in use, %d wait",
       (long long)(waited / 1000), n.size, n.in_use, n.waiting);
}

/* A replica that has not come as far, or does not do it, is nothing to look at. */
void rl_observe_retry(rl_op *op) {
  rl_observe_next_batch(op);
  if (!op->error.connection_lost) return;
  warn(op, rl_code_name(op->error.code), "a connection was lost before it was used, and is replaced: %s",
       rl_error_message(&op->error));
}

static void count(rl_op *op, const rl_op *call, int64_t took, bool good) {
  bool model = call->kind == RL_OP_MODEL;
  int32_t action = call->kind == RL_OP_SCRIPT ? RILLE_RAW_SCRIPT
                   : call->raw.returns_rows   ? RILLE_RAW_QUERY
                                              : RILLE_RAW_EXECUTE;
  rl_watch_count(op->watch->on, model ? (int64_t)call->compiled->model->index : -1,
                 model ? call->compiled->action : action, took, good);
}

static void count_calls(rl_op *op, bool good) {
  int64_t took = rl_clock_us() - op->watch->begun_us;
  if (op->kind == RL_OP_MODEL || op->kind == RL_OP_RAW || op->kind == RL_OP_SCRIPT) count(op, op, took, good);
  for (uint32_t i = 0; i < op->part_count; i++) count(op, op->parts[i], took, good || i != op->part);
}

/* More programs than the cache keeps are in use: each call is compiled anew. */
static void look_at_plans(rl_op *op) {
  rl_plan_cache_counts n;
  rl_plan_cache_count(op->client->cache, &n);
  if (n.evictions == 0 || !rl_watch_evicted(op->watch->on, n.evictions, (int64_t)n.kept)) return;
  warn(
      op, NULL,
      "the plan cache of %zu calls is too small: %lld were pushed out of it, %lld had to be compiled; do the shapes of "
      "calls depend on data?",
      n.kept, (long long)n.evictions, (long long)n.misses);
}

void rl_observe_end(rl_op *op) {
  bool good = op->error.code == RL_CODE_NONE && !op->error.nomem;
  bool ran = op->watch->begun_us && (op->watch->acquired || !good);
  if (!ran || op->watch->counted) return;
  op->watch->counted = true;
  uint32_t what = rl_watch_what(op->watch->on);
  if (what & RILLE_OBSERVE_FIGURES) count_calls(op, good);
  if (!(what & RILLE_OBSERVE_WARNINGS)) return;
  if (op->error.connection_lost)
    warn(op, rl_code_name(op->error.code), "a connection was lost: %s", rl_error_message(&op->error));
  if (op->kind == RL_OP_MODEL) look_at_plans(op);
}
