/* Sending statements, and the list of those whose answer is outstanding. */
#include "run/exchange.h"

#include "base/alloc.h"
#include "run/call.h"
#include "run/observe.h"

static bool grow_sent(rl_exchange *io) {
  size_t cap = io->sent_cap * 4;
  rl_sent *more = cap ? rl_arena_alloc(io->arena, cap * sizeof *more) : io->inline_sent;
  if (!more) return false;
  if (io->sent_count) memcpy(more, io->sent, io->sent_count * sizeof *more);
  io->sent = more;
  io->sent_cap = cap ? cap : sizeof io->inline_sent / sizeof *io->inline_sent;
  return true;
}

rille_status rl_exchange_push(rl_exchange *io, rl_sent sent, rl_error *err) {
  if (io->sent_count == io->sent_cap && !grow_sent(io)) return rl_fail_nomem(err);
  io->sent[io->sent_count++] = sent;
  return RILLE_OK;
}

void rl_exchange_forget(rl_exchange *io) {
  if (io->watch) rl_observe_nothing_sent(io);
  io->sent = NULL;
  io->sent_count = io->read_count = io->sent_cap = 0;
}

void rl_exchange_set_must_close(rl_exchange *io) {
  io->must_close = true;
}

bool rl_exchange_is_clean(const rl_exchange *io) {
  return !io->must_close && io->conn && io->driver->is_usable(io->conn) && !io->driver->in_transaction(io->conn);
}

rille_status rl_exchange_set_trace(rl_exchange *io, rl_str trace, rl_error *err) {
  if (trace.len == 0) {
    if (io->trace) io->trace[0] = 0;
    return RILLE_OK;
  }
  if (!rl_trace_valid(trace))
    return rl_fail(err, RL_VALIDATION, "trace: expected a traceparent (00-<32 hex>-<16 hex>-<2 hex>), got `%.*s`",
                   RL_STR_ARG(trace));
  if (!io->trace) io->trace = rl_calloc(1, RL_TRACE_LEN + 1);
  if (!io->trace) return rl_fail_nomem(err);
  memcpy(io->trace, trace.p, trace.len);
  return RILLE_OK;
}

static rille_status exchange_send_to_driver(rl_exchange *io, const rl_dispatch *d, rl_error *err) {
  if (d->call->kind->script) return io->driver->send_script(io->conn, d->stmt->sql, err);
  if (d->cursor) return io->driver->fetch(io->conn, d->cursor, d->stmt, d->params, d->rows, err);
  return io->driver->send(io->conn, d->stmt, d->params, err);
}

/* Adds comment and trace to the statement, and records it. */
static rille_status exchange_send_with_extras(rl_exchange *io, rl_dispatch d, rl_error *err) {
  if (!d.call->kind->script) {
    rille_status st = rl_comment_stmt(io->client->comment, rl_exchange_trace(io), d.call->kind->own_sql, d.stmt,
                                      io->arena, &d.stmt, err);
    if (st != RILLE_OK) return st;
  }
  if (io->watch) rl_observe_statement(io, &d);
  rille_status st = exchange_send_to_driver(io, &d, err);
  bool refused = st < 0 && err && !err->not_sent; /* SQLite reports an error in a statement before it runs */
  if (io->watch && refused) rl_observe_refused(io, d.index, err);
  return st;
}

rille_status rl_exchange_send(rl_exchange *io, const rl_dispatch *d, rl_error *err) {
  return io->has_extras ? exchange_send_with_extras(io, *d, err) : exchange_send_to_driver(io, d, err);
}
