/* The phases of an operation: taking a connection, sending, reading, and what follows a failure. Each function returns
 * OK to continue, ROW, AGAIN, DONE at the very end, or an error in op->error. */
#include "run/phases.h"

#include "base/clock.h"
#include "base/debug.h"
#include "run/cached.h"
#include "run/committing.h"
#include "run/drive.h"
#include "run/foreign.h"
#include "run/observe.h"
#include "run/own_tx.h"
#include "run/abandon_limits.h"
#include "run/retry.h"
#include "run/route.h"
#include "run/stream.h"
#include "run/tx.h"

/* ------------------------------------------------------------------ taking a connection */

/* Begins to take a connection. A transaction's max_wait replaces the pool's wait, and a client's timeout only shortens
 * it. Connecting takes no longer than either. */
static rille_status op_take_lease(rl_op *op) {
  rl_pool *_Atomic *pool = rl_route_choose(op);
  int64_t until = op->limit_ms;
  bool timed = !op->tx && until != RL_NO_DEADLINE;
  if (timed && until - rl_clock_ms() > rl_pool_wait_ms(*pool)) until = RL_NO_DEADLINE;
  rille_status st = rl_pool_take(pool, op->kind->writes(op), until, &op->lease, &op->error);
  if (st != RILLE_OK) return st;
  op->lease->limit_ms = op->limit_ms;
  op->lease->spare = op->route.replica != 0;
  if (op->bell && rl_bell_is_own(op->bell)) op->lease->shared = op->bell;
  op->lease->waiter.tag = op->tag;
  return st;
}

static inline rille_status acquire_phase(rl_op *op, bool blocking) {
  rl_lease *lease = NULL;
  if (op->tx && !op->kind->begins) {
    rille_status st = rl_tx_hold(op->tx, &op->error); /* it may have timed out since the start */
    if (st != RILLE_OK) return st;
    lease = op->tx->lease;
  } else {
    if (!op->lease) {
      rille_status st = op_take_lease(op);
      if (st != RILLE_OK) return st;
    }
    rille_status st = rl_pool_poll(op->lease, blocking, &op->wait, &op->error);
    if (st != RILLE_OK) return st;
    lease = op->lease;
    if (lease->writer) rl_foreign_settle(op->client, lease);
  }
  op->io.conn = lease->conn;
  if (op->io.watch) rl_observe_acquired(&op->io);
  op->phase = RL_PHASE_SEND;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ sending and reading */

/* Sets the deadline of the group: socket_timeout, or what is left of the transaction's time. The clock is read only if
 * it is needed, also by RL_WAS_SOON: a find in SQLite takes as long as ten readings. */
static void op_start_clock(rl_op *op) {
  const rl_driver *d = op->io.driver;
  rl_pool *pool = op->lease ? op->lease->pool : op->client->pool;
  int64_t limit = rl_pool_conn_options(pool)->socket_timeout_ms;
  if (limit > 0 || d->may_be_lost) op->sent_ms = rl_clock_ms();
  op->deadline_ms = limit > 0 ? op->sent_ms + limit : RL_NO_DEADLINE;
  if (op->limit_ms < op->deadline_ms) op->deadline_ms = op->limit_ms;
  if (d->run_until) d->run_until(op->io.conn, op->deadline_ms);
}

/* Delivers the rows that need no database first. Until another row is delivered, a dead connection can be replaced. */
static rille_status op_deliver_head(rl_op *op, rille_row *row) {
  rl_call *call = op->call_count == 1 ? op->calls[0] : NULL;
  return call && call->kind->head ? call->kind->head(call, row, &op->error) : RILLE_DONE;
}

static rille_status send_phase(rl_op *op, rille_row *row) {
  rille_status st = op->own_tx == RL_OWN_UNDECIDED ? op_deliver_head(op, row) : RILLE_DONE;
  if (st != RILLE_DONE) return st;
  op_start_clock(op);
  st = op->kind->send(op, &op->error);
  if (st == RILLE_DONE) {
    if (rl_stream_continues(op)) return rl_stream_pause(op);
    op->phase = RL_PHASE_END;
    return RILLE_OK;
  }
  if (st == RILLE_OK) {
    op->phase = RL_PHASE_READ;
    op->io.round_trips++;
  }
  return st;
}

static rille_status op_statement_answered(rl_op *op, const rl_sent *s, int64_t affected) {
  rl_call *call = s->call;
  if (!call) return RILLE_OK;
  rille_status st = call->kind->answered(call, &op->io, s, affected, &op->error);
  if (st == RILLE_AGAIN) { /* the same entry will answer again */
    op->io.read_count--;
    op->io.round_trips++;
    return RILLE_OK;
  }
  if (st < 0) op->current = call->index;
  return st;
}

static void op_note_delivered(rl_op *op) {
  bool whole =
      op->caller_buffers && !(op->call_count == 1 && op->calls[0]->kind->head); /* a head is not delivered again */
  op->delivered = whole ? RL_DELIVERED_BUFFERED : RL_DELIVERED_FINAL;
}

static rille_status op_take_row(rl_op *op, const rl_sent *s, rille_row *row) {
  rl_call *call = s->call;
  rille_status st = call->kind->row(call, &op->io, s, row, &op->error);
  if (st == RILLE_ROW) {
    op->current = op->result_of = call->index;
    if (op->delivered == RL_DELIVERED_NOTHING) op_note_delivered(op);
  } else if (st < 0) {
    op->current = call->index;
    call->emit_next = 0;
  }
  return st;
}

/* Takes the error of a statement. The first error is the cause; the rest of the pipeline fails because of it. */
static void op_take_failure(rl_op *op, const rl_sent *s, rl_error *own) {
  if (own->code == RL_CODE_NONE) rl_fail_nomem(own);
  if (op->error.code == RL_CODE_NONE) {
    if (s->call) {
      op->current = s->call->index;
      s->call->failed = s->step + 1;
    }
    rl_error_move(&op->error, own);
  }
  rl_error_clear(own);
  if (!op->error.connection_lost && op->io.driver->is_usable(op->io.conn)) return;
  rl_exchange_set_must_close(&op->io);
  op->phase = RL_PHASE_END;
}

/* Reads the next answer. */
static rille_status op_read_answer(rl_op *op, rille_row *row) {
  rl_exchange *io = &op->io;
  const rl_sent *s = &io->sent[io->read_count];
  bool draining = op->error.code != RL_CODE_NONE;
  if (s->call && s->call->emit_next && !draining) return op_take_row(op, s, row);
  rl_row_view ignored, *view = s->call ? &s->call->view : &ignored;
  int64_t affected = 0;
  rl_error own = {0};
  rille_status st = io->driver->next(io->conn, view, &affected, &op->wait, &own);
  if (st == RILLE_ROW) {
    if (draining || s->kind == RL_SENT_COMMAND) return RILLE_OK;
    return s->call ? op_take_row(op, s, row) : rl_route_take_probe(op, view, &op->error);
  }
  if (st == RILLE_AGAIN) return st;
  bool not_run = own.code != RL_CODE_NONE && draining;
  if (io->watch) rl_observe_answer(io, (uint32_t)io->read_count, affected, &own, not_run);
  io->read_count++;
  if (st == RILLE_DONE) return draining ? RILLE_OK : op_statement_answered(op, s, affected);
  op_take_failure(op, s, &own);
  return RILLE_OK;
}

static void op_on_deadline(rl_op *op, bool locked);

static rille_status read_phase(rl_op *op, rille_row *row) {
  if (op->io.read_count == op->io.sent_count) {
    op->phase = op->phase == RL_PHASE_UNDOING    ? RL_PHASE_END
                : op->error.code == RL_CODE_NONE ? RL_PHASE_SEND
                                                 : RL_PHASE_ROLLBACK;
    return RILLE_OK;
  }
  rille_status st;
  do st = op_read_answer(op, row); /* a row that is not delivered costs no more than this */
  while (st == RILLE_OK && op->phase == RL_PHASE_READ && op->error.code == RL_CODE_NONE &&
         op->io.read_count < op->io.sent_count);
  bool stopped = op->error.code == RL_P1008 && op->phase == RL_PHASE_READ;
  if (stopped && rl_clock_ms() >= op->deadline_ms) { /* the database noticed the deadline first */
    bool locked = op->error.busy;
    rl_error_clear(&op->error);
    op_on_deadline(op, locked);
  }
  return st;
}

/* ------------------------------------------------------------------ giving up and undoing */

/* Abandons what runs after an error that the database does not know. Undoing comes next. */
static rille_status abandon_phase(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_error ignored = {0};
  rille_status st = io->driver->abandon(io->conn, &op->wait, &ignored);
  rl_error_clear(&ignored);
  if (st == RILLE_AGAIN && rl_clock_ms() < op->deadline_ms) return st;
  if (st != RILLE_OK) rl_exchange_set_must_close(io);
  rl_exchange_clear(io);
  op->phase = io->must_close ? RL_PHASE_END : RL_PHASE_ROLLBACK;
  return RILLE_OK;
}

static rille_status rollback_phase(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_error ignored = {0};
  rille_status st = RILLE_OK;
  rl_verb_step undo[2];
  size_t count = rl_op_undo_verbs(op, undo);
  op->phase = RL_PHASE_END;
  if (count == 0) return RILLE_OK;
  rl_exchange_clear(io);
  op->deadline_ms = rl_clock_ms() + RL_ABANDON_MS;
  if (io->driver->run_until) io->driver->run_until(io->conn, RL_NO_DEADLINE);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) st = rl_verb_send(io, undo[i], &ignored);
  if (st == RILLE_OK) st = io->driver->flush(io->conn, &ignored);
  rl_error_clear(&ignored);
  if (st == RILLE_OK)
    op->phase = RL_PHASE_UNDOING;
  else
    rl_exchange_set_must_close(io);
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the notice that follows */

/* Tells other processes, if that is still to be done. The error is the operation's own, and stays. */
static bool op_tell(rl_op *op, bool good) {
  rl_error why = {0};
  if (!op->committing || !rl_committing_owes_notice(op, good)) return false;
  op->deadline_ms = rl_clock_ms() + RL_ABANDON_MS;
  if (rl_committing_tell_afterwards(op, good, &why) == RILLE_OK)
    op->phase = RL_PHASE_TELL;
  else
    rl_committing_warn(op, &why);
  rl_error_clear(&why);
  return true;
}

/* Reads the answer. The calls were answered, so whatever happens to the notice is not their failure. */
static rille_status tell_phase(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_row_view ignored;
  int64_t affected = 0;
  rl_error why = {0};
  rille_status st = io->driver->next(io->conn, &ignored, &affected, &op->wait, &why);
  if (st == RILLE_ROW || (st == RILLE_AGAIN && rl_clock_ms() < op->deadline_ms)) return st == RILLE_ROW ? RILLE_OK : st;
  if (st == RILLE_AGAIN) {
    rl_exchange_set_must_close(io);
    st = rl_fail(&why, RL_P1008, "the database did not answer in time");
  } else {
    if (io->watch) rl_observe_answer(io, (uint32_t)io->read_count, affected, &why, false);
    io->read_count++;
  }
  if (st != RILLE_DONE) rl_committing_warn(op, &why);
  rl_error_clear(&why);
  op->phase = RL_PHASE_END;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ once more, or not */

enum { MOST_REREADS = 3 };
/* A connection that is lost within this time after sending was most likely dead before. */
#define SOON_MS 1000

static void op_start_again(rl_op *op, rl_op_phase phase) {
  rl_error_clear(&op->error);
  op->io.must_close = false;
  rl_exchange_clear(&op->io);
  for (uint32_t i = 0; i < op->call_count; i++) op->calls[i]->kind->rewind(op->calls[i]);
  op->sent_calls = 0;
  op->restart_is_due = op->delivered == RL_DELIVERED_BUFFERED;
  if (op->cached) rl_cached_rewind(op);
  rl_own_tx_forget(op);
  op->phase = phase;
}

static uint32_t fact(bool is_so, uint32_t fact) {
  return is_so ? fact : 0;
}

static uint32_t op_facts(const rl_op *op) {
  const rl_exchange *io = &op->io;
  const rl_error *e = &op->error;
  const rl_call *call = rl_op_call(op);
  bool in_transaction = io->conn && !io->must_close && io->driver->in_transaction(io->conn);
  bool well =
      io->conn && !io->must_close && (op->tx && !op->kind->begins ? op->own_tx >= RL_OWN_OPEN : !in_transaction);
  bool outdated = io->driver->statements_expire && call && call->kind->outdated && call->kind->outdated(call, e->code);
  return rl_route_facts(op) | fact(e->connection_lost, RL_MET_LOSS) | fact(e->stale, RL_MET_STALE) |
         fact(outdated, RL_MET_OUTDATED) | fact(e->code == RL_P1008, RL_MET_LIMIT) | fact(e->nomem, RL_MET_NO_MEMORY) |
         fact(op->kind->repeats(op), RL_IS_REPEATABLE) | fact(op->kind->begins, RL_IS_BEGIN) |
         fact(op->tx && !op->kind->begins, RL_IS_WITHIN) |
         fact(op->lease && (op->own_tx >= RL_OWN_OPEN || op->kind->begins), RL_IS_OWN) |
         fact(e->not_sent, RL_WAS_NOT_SENT) | fact(rl_clock_ms() - op->sent_ms < SOON_MS, RL_WAS_SOON) |
         fact(op->lease, RL_WAS_LEASED) | fact(op->lease && op->lease->fresh, RL_WAS_FRESH) |
         fact(well, RL_WAS_UNDONE) | fact(op->delivered == RL_DELIVERED_FINAL, RL_WAS_DELIVERED) |
         fact(op->retried, RL_WAS_RETRIED) | fact(op->rereads >= MOST_REREADS, RL_WAS_REREAD);
}

/* Starts the operation again if a rule allows it. */
static bool op_retry(rl_op *op) {
  rl_then then = rl_retry_decide(op_facts(op));
  switch (then) {
  case RL_THEN_FAIL: return false;
  case RL_THEN_RECONNECT:
  case RL_THEN_ELSEWHERE:
    if (then == RL_THEN_RECONNECT) op->retried = true;
    if (then == RL_THEN_ELSEWHERE) rl_route_leave(op);
    if (op->io.watch) rl_observe_retry(&op->io, &op->error);
    if (op->error.connection_lost && op->lease) rl_pool_evict_idle(op->lease->pool);
    rl_op_drop_connection(op, rl_exchange_is_clean(&op->io));
    break;
  case RL_THEN_PREPARE: op->retried = true; break;
  case RL_THEN_REREAD:
    op->rereads++;
    op_start_again(op, RL_PHASE_SEND); /* on the same connection */
    return true;
  }
  op_start_again(op, RL_PHASE_ACQUIRE);
  return true;
}

/* Fails if raw SQL has left a transaction open. The next user of the connection must not find itself in it. */
static bool op_left_tx_open(rl_op *op) {
  bool own_sql = false;
  for (uint32_t i = 0; i < op->call_count; i++) own_sql = own_sql || op->calls[i]->kind->own_sql;
  if (!own_sql || !op->lease || !op->io.conn || !op->io.driver->in_transaction(op->io.conn)) return false;
  rl_fail(&op->error, RL_P2028,
          "the statement began a transaction and left it open, so it was rolled back; use a transaction of the client "
          "instead");
  op->phase = RL_PHASE_ROLLBACK;
  return true;
}

static rille_status end_phase(rl_op *op, rl_error *err) {
  bool good = op->error.code == RL_CODE_NONE && !op->error.nomem;
  if (op->committing && rl_committing_tell_server(op) == RILLE_AGAIN) return RILLE_AGAIN;
  if (good && op_left_tx_open(op)) return RILLE_OK;
  if (!good && op->own_tx != RL_OWN_NONE_TOLD && op_retry(op)) {
    RL_TRACE(RL_DEBUG_PHASES, "%p retries", (const void *)op);
    return RILLE_OK;
  }
  if (op_tell(op, good)) return RILLE_OK;
  if (rl_op_ended(op, good)) return RILLE_DONE;
  rille_status st = op->error.nomem ? RILLE_NOMEM : RILLE_ERROR;
  if (err) rl_error_move(err, &op->error);
  return st;
}

/* ------------------------------------------------------------------ errors of our own making, and limits of time */

static void op_begin_abandoning(rl_op *op) {
  op->phase = RL_PHASE_ABANDON;
  op->deadline_ms = rl_clock_ms() + RL_ABANDON_MS;
}

/* Chooses the phase after an error. op->error is set. */
static void op_fail(rl_op *op) {
  rl_exchange *io = &op->io;
  bool reads = op->phase == RL_PHASE_READ || op->phase == RL_PHASE_UNDOING;
  if (reads && io->read_count < io->sent_count && io->conn && !io->must_close) return; /* the answers are read first */
  if (io->conn && op->phase == RL_PHASE_SEND) {
    if (op->error.connection_lost) {
      rl_exchange_set_must_close(io);
      op->phase = RL_PHASE_END;
    } else {
      op_begin_abandoning(op);
    }
    return;
  }
  op->phase = io->conn && !io->must_close && op->phase != RL_PHASE_END ? RL_PHASE_ROLLBACK : RL_PHASE_END;
}

static void op_fail_at_limit(rl_op *op, bool locked) {
  const rl_tx_settings *s = op->tx ? &op->tx->settings : NULL;
  bool late = rl_clock_ms() >= op->limit_ms;
  op->ends_tx = s && late && !op->kind->begins && !rl_tx_commits(op);
  if (rl_tx_commits(op)) /* its outcome while it is abandoned is not reported */
    rl_fail(&op->error, RL_P1008,
            locked ? "the transaction was rolled back: others kept the database locked until its commit timed out"
                   : "the commit was not answered in time and was abandoned: its outcome is unknown");
  else if (op->ends_tx)
    rl_fail(&op->error, RL_P2028, "the transaction was rolled back: it took longer than its timeout of %lld ms",
            (long long)s->timeout_ms);
  else if (s && late)
    rl_fail(&op->error, RL_P2028, "the transaction could not begin within its max_wait of %lld ms",
            (long long)s->max_wait_ms);
  else if (late)
    rl_fail(&op->error, RL_P1008, "the call was cancelled: it took longer than its client's timeout of %lld ms",
            (long long)op->client->traits.timeout_ms);
  else
    rl_fail(&op->error, RL_P1008,
            "the operation was cancelled: the database did not answer within the socket_timeout of the URL");
  op->error.busy = locked && op->error.code == RL_P1008 && (!late || rl_tx_commits(op));
}

/* locked: other writers kept the database locked. */
static void op_on_deadline(rl_op *op, bool locked) {
  if (op->phase == RL_PHASE_UNDOING) { /* the rollback is not answered either */
    rl_exchange_set_must_close(&op->io);
    op->phase = RL_PHASE_END;
    return;
  }
  op_fail_at_limit(op, locked);
  op_begin_abandoning(op);
}

/* ------------------------------------------------------------------ going on */

/* Traces each phase once, however often it is continued. */
static void op_trace_phase(const rl_op *op) {
  static const char *const words[] = {
      [RL_PHASE_IDLE] = "idle",          [RL_PHASE_COLLECT] = "collect", [RL_PHASE_ASK] = "ask the cache",
      [RL_PHASE_REPLAY] = "replay",      [RL_PHASE_ACQUIRE] = "acquire", [RL_PHASE_SEND] = "send",
      [RL_PHASE_READ] = "read",          [RL_PHASE_TELL] = "tell",       [RL_PHASE_ABANDON] = "abandon",
      [RL_PHASE_ROLLBACK] = "roll back", [RL_PHASE_UNDOING] = "undoing", [RL_PHASE_END] = "end"};
  static _Thread_local const rl_op *last_op;
  static _Thread_local unsigned last_phase;
  if (last_op == op && last_phase == (unsigned)op->phase) return;
  last_op = op;
  last_phase = (unsigned)op->phase;
  rl_debug_print(RL_DEBUG_PHASES, "%p %s", (const void *)op, words[op->phase]);
}

static rille_status op_advance(rl_op *op, rille_row *row, rl_error *err) {
  if (RL_DEBUGS(RL_DEBUG_PHASES)) op_trace_phase(op);
  switch (op->phase) {
  case RL_PHASE_ASK: return rl_cached_ask(op);
  case RL_PHASE_REPLAY: return rl_cached_replay(op, row);
  case RL_PHASE_ACQUIRE: return acquire_phase(op, op->blocking);
  case RL_PHASE_SEND: return send_phase(op, row);
  case RL_PHASE_READ:
  case RL_PHASE_UNDOING: return read_phase(op, row);
  case RL_PHASE_TELL: return tell_phase(op);
  case RL_PHASE_ABANDON: return abandon_phase(op);
  case RL_PHASE_ROLLBACK: return rollback_phase(op);
  case RL_PHASE_END: return end_phase(op, err);
  case RL_PHASE_IDLE:
  case RL_PHASE_COLLECT: break;
  }
  return RILLE_DONE;
}

/* Ends an operation that began before a fork: it is the parent's. A stream that pauses in a transaction learns it from
 * the transaction. */
static void op_check_process(rl_op *op) {
  rl_error inherited = {0};
  if (!op->io.conn || rl_stream_is_paused(op)) return;
  const rl_lease *lease = op->lease ? op->lease : op->tx ? op->tx->lease : NULL;
  if (!lease || rl_lease_check_process(lease, &inherited) == RILLE_OK) return;
  rl_error_move(&op->error, &inherited);
  rl_exchange_set_must_close(&op->io);
  rl_stream_drop(op);
  op->phase = RL_PHASE_END;
}

static void op_note_error(rl_op *op, rille_status st) {
  if (st == RILLE_NOMEM) op->error.nomem = true;
  if (op->error.code == RL_CODE_NONE) rl_fail_nomem(&op->error);
  op_fail(op);
}

rille_status rl_op_acquire(rl_op *op, int64_t wait_ms) {
  int64_t until = rl_clock_after(wait_ms);
  rille_status st = op->phase == RL_PHASE_ASK ? rl_cached_ask(op) : RILLE_OK;
  if (st == RILLE_AGAIN) return RILLE_OK; /* it waits for another caller, not for a connection */
  while (op->phase == RL_PHASE_ACQUIRE && st >= 0) {
    st = acquire_phase(op, false);
    bool queued = st == RILLE_AGAIN && op->lease->queued;
    if (queued && rl_clock_ms() >= until) break;
    if (st == RILLE_AGAIN && !queued && !op->blocking) break; /* it is connecting, and its own loop waits for that */
    if (st == RILLE_AGAIN) rl_wait_block(&op->wait, queued ? until : RL_NO_DEADLINE);
  }
  if (st < 0) op_note_error(op, st);
  return st == RILLE_AGAIN && op->lease->queued ? RILLE_AGAIN : RILLE_OK;
}

/* Waits. AGAIN: the caller must wait. OK: it has waited, or the deadline has passed. */
static rille_status op_wait(rl_op *op) {
  bool timed = op->phase != RL_PHASE_ACQUIRE; /* the pool has its own deadlines */
  bool reads = op->phase == RL_PHASE_READ || op->phase == RL_PHASE_UNDOING;
  if (timed && op->wait.until_ms > op->deadline_ms) op->wait.until_ms = op->deadline_ms;
  if (reads && op->deadline_ms != RL_NO_DEADLINE && rl_clock_ms() >= op->deadline_ms) {
    op_on_deadline(op, op->io.driver->waits_for_locks);
    return RILLE_OK;
  }
  if (!op->blocking) return RILLE_AGAIN;
  rl_wait_block(&op->wait, op->deadline_ms);
  return RILLE_OK;
}

rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err) {
  op_check_process(op);
  if (rl_stream_is_between_batches(op) && rl_stream_resume(op, &op->error) != RILLE_OK) op->phase = RL_PHASE_END;
  for (;;) {
    rille_status st = op_advance(op, row, err);
    if (st == RILLE_ROW) return st;
    if (st == RILLE_BATCH) {
      op->delivered = RL_DELIVERED_FINAL;
      return st;
    }
    if (op->restart_is_due) {
      op->restart_is_due = false;
      op->delivered = RL_DELIVERED_NOTHING;
      return RILLE_RESTART;
    }
    if (op->phase == RL_PHASE_IDLE || op->phase == RL_PHASE_COLLECT) return st;
    if (st == RILLE_AGAIN) {
      if (op_wait(op) == RILLE_AGAIN) return st;
    } else if (st < 0) {
      op_note_error(op, st);
    }
  }
}
