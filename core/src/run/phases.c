/* The phases of an operation: taking a connection, sending, reading, and what follows a failure. Each answers OK to go
 * on, ROW, AGAIN, DONE at the very end, or an error that has been put in op->error. */
#include "run/op.h"

#include "base/clock.h"
#include "run/route.h"
#include "run/tx.h"

static bool wants_writer(const rl_op *op) {
  switch (op->kind) {
  case RL_OP_MODEL: return op->compiled->plan->writes;
  case RL_OP_EXPLAIN: return false;
  case RL_OP_RAW: return op->raw.writes;
  case RL_OP_BATCH: return rl_batch_writes(op);
  case RL_OP_BEGIN: return !op->tx->settings.read_only;
  case RL_OP_SCRIPT:
  case RL_OP_END: break;
  }
  return true;
}

/* A transaction's max_wait takes the place of the pool's patience; a client's timeout only cuts it short. Connecting
 * takes no longer than either. */
static rille_status take_lease(rl_op *op) {
  rl_pool *_Atomic *pool = rl_route_choose(op);
  int64_t until = op->limit_ms;
  bool timed = !op->tx && until != RL_NO_DEADLINE;
  if (timed && until - rl_clock_ms() > rl_pool_patience(*pool)) until = RL_NO_DEADLINE;
  rille_status st = rl_pool_take(pool, wants_writer(op), until, &op->lease, &op->error);
  if (st != RILLE_OK) return st;
  op->lease->limit_ms = op->limit_ms;
  op->lease->spare = op->route.replica != 0;
  if (op->bell && rl_bell_is_own(op->bell)) op->lease->shared = op->bell;
  op->lease->call.tag = op->tag;
  return st;
}

static inline rille_status acquire(rl_op *op) {
  rl_lease *lease = NULL;
  if (op->tx && op->kind != RL_OP_BEGIN) {
    rille_status st = rl_tx_hold(op->tx, &op->error); /* it may have expired since the start */
    if (st != RILLE_OK) return st;
    lease = op->tx->lease;
  } else {
    if (!op->lease) {
      rille_status st = take_lease(op);
      if (st != RILLE_OK) return st;
    }
    rille_status st = rl_pool_poll(op->lease, op->blocking, &op->wait, &op->error);
    if (st != RILLE_OK) return st;
    lease = op->lease;
  }
  op->conn = lease->conn;
  if (op->watch) rl_observe_acquired(op);
  op->phase = RL_PHASE_SEND;
  return RILLE_OK;
}

static rille_status send_verbs(rl_op *op) {
  if (op->sent_count) return RILLE_DONE;
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < op->verb_count && st == RILLE_OK; i++) st = rl_op_send_verb(op, op->verbs[i], &op->error);
  return st == RILLE_OK ? op->driver->flush(op->conn, &op->error) : st;
}

/* The server has so long for what is sent now: socket_timeout, or what is left of the transaction's time. The clock is
 * read only for those who ask later: a find in SQLite is hardly longer than ten looks at it. */
static void start_clock(rl_op *op) {
  rl_pool *pool = op->lease ? op->lease->pool : op->client->pool;
  int64_t limit = rl_pool_conn_options(pool)->socket_timeout_ms;
  bool may_be_lost = op->driver->pipelines; /* is_harmless wants to know when */
  if (limit > 0 || may_be_lost) op->sent_ms = rl_clock_ms();
  op->deadline_ms = limit > 0 ? op->sent_ms + limit : RL_NO_DEADLINE;
  if (op->limit_ms < op->deadline_ms) op->deadline_ms = op->limit_ms;
  if (op->driver->run_until) op->driver->run_until(op->conn, op->deadline_ms);
}

static void on_deadline(rl_op *op, bool locked);

static rille_status send_phase(rl_op *op) {
  rille_status st;
  start_clock(op);
  if (op->kind == RL_OP_MODEL)
    st = rl_op_send_group(op, &op->error);
  else if (op->kind == RL_OP_BATCH)
    st = rl_batch_send(op, &op->error);
  else if (op->kind == RL_OP_EXPLAIN)
    st = rl_explain_send(op, &op->error);
  else if (op->kind == RL_OP_RAW || op->kind == RL_OP_SCRIPT)
    st = rl_raw_send(op, &op->error);
  else
    st = send_verbs(op);
  if (st == RILLE_DONE) {
    if (op->stream && !op->stream_ended) return rl_stream_pause(op);
    op->phase = RL_PHASE_END;
    return RILLE_OK;
  }
  if (st == RILLE_OK) {
    op->phase = RL_PHASE_READ;
    op->round_trips++;
  }
  return st;
}

static rille_status answered(rl_op *op, const rl_sent *s, int64_t affected) {
  if (s->kind == RL_SENT_PROBE) return RILLE_OK;
  if (s->kind == RL_SENT_RAW) {
    op->affected = affected;
    return rl_raw_describe(op, &op->error);
  }
  if (s->kind == RL_SENT_COMMAND || s->kind == RL_SENT_EXPLAIN) return RILLE_OK;
  rille_status st = rl_op_finish_step(op, s->step, affected, &op->error);
  if (st == RILLE_OK && s->kind == RL_SENT_BULK) {
    st = rl_bulk_more(op, &op->error);
    if (st == RILLE_OK) {
      op->read_count--; /* the same entry answers again */
      op->round_trips++;
    } else if (st == RILLE_DONE) {
      st = RILLE_OK;
    }
  }
  return st;
}

static rille_status take_row(rl_op *op, const rl_sent *s, rille_row *row) {
  if (op->error.code != RL_CODE_NONE || s->kind == RL_SENT_COMMAND) return RILLE_OK; /* draining */
  if (s->kind == RL_SENT_PROBE) return rl_route_take_probe(op, &op->view, &op->error);
  if (s->kind == RL_SENT_RAW) {
    rille_status st = rl_raw_describe(op, &op->error);
    if (st != RILLE_OK) return st;
    *row = (rille_row){.count = op->view.count, .ordinal = op->step_rows++, .cells = op->view.cells};
    return RILLE_ROW;
  }
  if (s->kind == RL_SENT_EXPLAIN) return rl_explain_row(op, s->step, row, &op->error);
  return rl_op_take_row(op, s->step, &op->view, row, &op->error);
}

static rille_status read_phase(rl_op *op, rille_row *row) {
  if (op->read_count == op->sent_count) {
    op->phase = op->error.code == RL_CODE_NONE ? RL_PHASE_SEND : RL_PHASE_ROLLBACK;
    return RILLE_OK;
  }
  const rl_sent *s = &op->sent[op->read_count];
  rille_status st = s->kind == RL_SENT_PART ? rl_batch_read(op, s->step, row) : rl_op_read_answer(op, row);
  bool stopped = op->error.code == RL_P1008 && op->phase == RL_PHASE_READ && !op->undoing;
  if (stopped && rl_clock_ms() >= op->deadline_ms) { /* the database has looked at the clock before us */
    bool locked = op->error.busy;
    rl_error_clear(&op->error);
    on_deadline(op, locked);
  }
  return st;
}

rille_status rl_op_read_answer(rl_op *op, rille_row *row) {
  const rl_sent *s = &op->sent[op->read_count];
  if (op->emit_next && op->error.code == RL_CODE_NONE) return rl_op_emit_more(op, s->step, row, &op->error);
  int64_t affected = 0;
  rl_error own = {0};
  rille_status st = op->driver->next(op->conn, &op->view, &affected, &op->wait, &own);
  if (st == RILLE_ROW) return take_row(op, s, row);
  if (st == RILLE_AGAIN) return st;
  if (op->watch) rl_observe_answer(op, (uint32_t)op->read_count, affected, &own);
  op->read_count++;
  if (st == RILLE_DONE) {
    st = op->error.code == RL_CODE_NONE ? answered(op, s, affected) : RILLE_OK;
    op->step_rows = op->kind == RL_OP_MODEL ? 0 : op->step_rows;
    return st;
  }
  if (own.code == RL_CODE_NONE) rl_fail_nomem(&own);
  if (op->error.code == RL_CODE_NONE) {
    bool of_step = op->kind == RL_OP_MODEL && s->kind != RL_SENT_COMMAND && s->kind != RL_SENT_PROBE;
    op->failed = of_step ? s->step + 1 : 0;
    rl_error_move(&op->error, &own); /* the first error is the cause, the rest of the pipeline fails with it */
  }
  rl_error_clear(&own);
  if (op->error.connection_lost || !op->driver->is_usable(op->conn)) {
    op->dirty = true;
    op->phase = RL_PHASE_END;
  }
  return RILLE_OK;
}

/* After an error that the database does not know of: what it still does is given up, then undone. */
static rille_status abandon_phase(rl_op *op) {
  rl_error ignored = {0};
  rille_status st = op->driver->abandon(op->conn, &op->wait, &ignored);
  rl_error_clear(&ignored);
  if (st == RILLE_AGAIN) {
    if (rl_clock_ms() < op->deadline_ms) return st;
    op->dirty = true;
  }
  if (st < 0) op->dirty = true;
  op->sent_count = op->read_count = 0;
  op->phase = op->dirty ? RL_PHASE_END : RL_PHASE_ROLLBACK;
  return RILLE_OK;
}

static rille_status rollback_phase(rl_op *op) {
  rl_error ignored = {0};
  rille_status st = RILLE_OK;
  rl_step_of_tx undo[2];
  size_t count = op->undoing ? 0 : rl_op_undo_verbs(op, undo);
  op->phase = RL_PHASE_END;
  if (count == 0) return RILLE_OK;
  op->undoing = true;
  op->sent_count = op->read_count = 0;
  op->deadline_ms = rl_clock_ms() + (op->hurried ? RL_HURRY_MS : RL_ABANDON_MS);
  if (op->driver->run_until) op->driver->run_until(op->conn, RL_NO_DEADLINE);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) st = rl_op_send_verb(op, undo[i], &ignored);
  if (st == RILLE_OK) st = op->driver->flush(op->conn, &ignored);
  rl_error_clear(&ignored);
  if (st == RILLE_OK)
    op->phase = RL_PHASE_READ;
  else
    op->dirty = true;
  return RILLE_OK;
}

/* The head of an explanation does not come again. */
static bool is_whole(const rl_op *op) {
  return op->whole && op->kind != RL_OP_EXPLAIN;
}

static void note_given(rl_op *op, rille_status st) {
  op->given = true;
  op->told = op->told || !is_whole(op) || st == RILLE_BATCH;
}

static void start_over(rl_op *op) {
  rl_op_rewind(op);
  op->restarts = op->given && is_whole(op);
  op->opened = op->commit_sent = op->undoing = op->stream_ended = false;
  op->cursor.number = 0;
  op->failed = 0;
  rl_batch_rewind(op);
  op->phase = RL_PHASE_ACQUIRE;
}

/* A statement that the server had forgotten, or whose result has other columns by now, met in a transaction of the
 * operation's own: that is rolled back, and nothing was shown. */
static bool prepare_again(rl_op *op) {
  bool own = op->lease && (op->opened || op->kind == RL_OP_BEGIN);
  bool may = op->error.stale && own && !op->told && !op->retried && !op->dirty && !op->driver->in_transaction(op->conn);
  if (!may) return false;
  op->retried = true;
  start_over(op);
  return true;
}

enum { LOOKS_AGAIN = 3 };

/* Whether the step inserts a row because none was there a moment ago. */
static bool follows_a_look(const rl_plan *plan, const rl_step *step) {
  if (step->kind != RL_STEP_INSERT) return false;
  /* an index other than that of ON CONFLICT may be the first to meet the other row */
  if (rl_insert_updates(step->as.insert)) return true;
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent)
    if (plan->guards[g].when_empty) return true;
  return false;
}

/* Whether the step met rows that are not as they were read. */
static bool is_outdated(const rl_op *op, rl_code code) {
  if (op->kind != RL_OP_MODEL || !op->failed) return false;
  const rl_plan *plan = op->compiled->plan;
  const rl_step *step = &plan->steps[op->failed - 1];
  if (code == RL_P2034) return step->if_fewer && step->if_fewer->code == RL_P2034;
  return code == RL_P2002 && follows_a_look(plan, step);
}

/* The row that an upsert has looked for in vain was created by another in the meantime, or rows that were read to be
 * deleted were changed: all that was done is undone, and it looks again. A conflict with any other row is met once
 * more, and told. */
static bool look_again(rl_op *op) {
  const rl_op *part = op->kind == RL_OP_BATCH && op->part < op->part_count ? op->parts[op->part] : op;
  bool may = op->conn && !op->dirty && !op->told && !op->driver->single_writer && op->looked_again < LOOKS_AGAIN &&
             is_outdated(part, op->error.code);
  if (!may || (op->tx ? !op->opened : op->driver->in_transaction(op->conn))) return false;
  op->looked_again++;
  start_over(op);
  op->phase = RL_PHASE_SEND; /* on the connection it has */
  return true;
}

/* A connection that is lost so soon after something was sent had most likely died before. */
#define SOON_MS 1000

static bool only_reads(const rl_op *op) {
  if (op->kind == RL_OP_MODEL) return !op->compiled->plan->writes;
  for (uint32_t i = 0; op->kind == RL_OP_BATCH && i < op->part_count; i++)
    if (op->parts[i]->kind != RL_OP_MODEL || !only_reads(op->parts[i])) return false;
  return op->kind == RL_OP_BATCH || op->kind == RL_OP_EXPLAIN;
}

/* Whether what was sent may be sent again, though the server may have heard it: it is a read of our own making (a raw
 * SELECT may call a function that writes), and nobody has ended it for taking long. */
static bool is_harmless(const rl_op *op) {
  return op->error.code != RL_P1008 && rl_clock_ms() - op->sent_ms < SOON_MS && only_reads(op);
}

/* Work that never reached the server, or can be repeated without anybody noticing, is done again on another connection:
 * the idle one had died. */
static bool idle_one_had_died(const rl_op *op) {
  bool begin = op->kind == RL_OP_BEGIN; /* a begin that was lost has begun nothing */
  if (!op->error.connection_lost || (op->tx && !begin) || op->told || op->retried || !op->lease) return false;
  return is_harmless(op) || (!op->lease->fresh && (op->error.not_sent || begin));
}

static bool try_again(rl_op *op) {
  bool died = idle_one_had_died(op);
  if (!died && !rl_route_elsewhere(op)) return false;
  if (op->watch) rl_observe_retry(op);
  if (op->error.connection_lost && op->lease) rl_pool_evict_idle(op->lease->pool);
  bool clean = op->conn && !op->dirty && op->driver->is_usable(op->conn) && !op->driver->in_transaction(op->conn);
  rl_pool_give(op->lease, clean);
  op->lease = NULL;
  op->conn = NULL;
  op->retried = op->retried || died;
  start_over(op);
  return true;
}

/* The next user of the connection must not find itself in somebody else's transaction. */
static bool left_open(rl_op *op) {
  bool own_sql = op->kind == RL_OP_RAW || op->kind == RL_OP_SCRIPT || op->kind == RL_OP_BATCH;
  if (!own_sql || op->undoing || !op->lease || !op->conn || !op->driver->in_transaction(op->conn)) return false;
  rl_fail(&op->error, RL_P2028,
          "The statement began a transaction and left it open: it was rolled back; use a transaction of the client "
          "instead");
  op->phase = RL_PHASE_ROLLBACK;
  return true;
}

void rl_op_explain_failure(rl_op *op) {
  if (op->kind == RL_OP_MODEL) {
    const rl_step *failed = op->failed ? &op->compiled->plan->steps[op->failed - 1] : NULL;
    rl_explain_constraint(op->client->schema, op->compiled->model, failed, &op->error);
  }
  if (op->kind == RL_OP_RAW || op->kind == RL_OP_SCRIPT) rl_raw_explain(op);
  if (op->kind == RL_OP_BATCH) rl_batch_explain(op);
}

static rille_status end_phase(rl_op *op, rl_error *err) {
  bool good = op->error.code == RL_CODE_NONE && !op->error.nomem;
  if (good && left_open(op)) return RILLE_OK;
  if (!good && (try_again(op) || prepare_again(op) || look_again(op))) return RILLE_OK;
  if (!good) rl_op_explain_failure(op);
  if (op->tx) rl_tx_answered(op->tx, op, good);
  good = good && op->error.code == RL_CODE_NONE; /* a commit of a transaction that had failed before is none */
  if (!good && op->lease && op->error.connection_lost) rl_pool_evict_idle(op->lease->pool);
  rl_op_give_connection_back(op);
  op->phase = RL_PHASE_IDLE;
  if (good) return RILLE_DONE;
  rille_status st = op->error.nomem ? RILLE_NOMEM : RILLE_ERROR;
  if (err) rl_error_move(err, &op->error);
  return st;
}

/* An error of our own making: op->error is filled. */
static void fail(rl_op *op) {
  if (op->phase == RL_PHASE_READ && op->read_count < op->sent_count && op->conn && !op->dirty) {
    if (op->bulk || op->emit_next) op->emit_next = 0;
    return; /* go on reading: the answers that are under way are drained */
  }
  if (op->conn && op->phase == RL_PHASE_SEND) {
    if (op->error.connection_lost) {
      op->dirty = true;
      op->phase = RL_PHASE_END;
    } else {
      op->phase = RL_PHASE_ABANDON;
      op->deadline_ms = rl_clock_ms() + (op->hurried ? RL_HURRY_MS : RL_ABANDON_MS);
    }
    return;
  }
  op->phase = op->conn && !op->dirty && op->phase != RL_PHASE_END ? RL_PHASE_ROLLBACK : RL_PHASE_END;
}

/* What becomes of it while it is given up, nobody hears. */
static bool is_commit(const rl_op *op) {
  return op->tx && op->kind == RL_OP_END && op->tx->verb == RL_VERB_COMMIT;
}

/* locked: others kept it from beginning. */
static void on_deadline(rl_op *op, bool locked) {
  if (op->undoing) { /* not even that is answered */
    op->dirty = true;
    op->phase = RL_PHASE_END;
    return;
  }
  if (is_commit(op)) {
    rl_fail(&op->error, RL_P1008,
            locked ? "The transaction was rolled back: others kept the database locked when it was to be committed"
                   : "The commit was not answered in time, and given up: nobody knows whether it has happened");
    op->error.busy = locked;
  } else if (op->tx && rl_clock_ms() >= op->limit_ms) {
    const rl_tx_settings *s = &op->tx->settings;
    op->ends_tx = op->kind != RL_OP_BEGIN;
    if (op->ends_tx)
      rl_fail(&op->error, RL_P2028, "The transaction was rolled back: it took longer than its timeout of %lld ms",
              (long long)s->timeout_ms);
    else
      rl_fail(&op->error, RL_P2028, "The transaction could not begin within its max_wait of %lld ms",
              (long long)s->max_wait_ms);
  } else if (rl_clock_ms() >= op->limit_ms) {
    rl_fail(&op->error, RL_P1008, "The call was cancelled: it took longer than its client's timeout of %lld ms",
            (long long)op->client->traits.timeout_ms);
  } else {
    rl_fail(&op->error, RL_P1008,
            "The operation was cancelled: the database did not answer within the socket_timeout of the URL");
    op->error.busy = locked;
  }
  op->phase = RL_PHASE_ABANDON;
  op->deadline_ms = rl_clock_ms() + (op->hurried ? RL_HURRY_MS : RL_ABANDON_MS);
}

static rille_status advance(rl_op *op, rille_row *row, rl_error *err) {
  switch (op->phase) {
  case RL_PHASE_ACQUIRE: return acquire(op);
  case RL_PHASE_SEND: {
    rille_status st = op->explain ? rl_explain_head(op, row, &op->error) : RILLE_DONE;
    return st == RILLE_DONE ? send_phase(op) : st;
  }
  case RL_PHASE_READ: return read_phase(op, row);
  case RL_PHASE_ABANDON: return abandon_phase(op);
  case RL_PHASE_ROLLBACK: return rollback_phase(op);
  case RL_PHASE_END: return end_phase(op, err);
  case RL_PHASE_IDLE: break;
  }
  return RILLE_DONE;
}

/* What was under way when the process was forked is the parent's. A stream that pauses in a transaction is told by
 * that. */
static void look_at_process(rl_op *op) {
  rl_error inherited = {0};
  if (!op->conn || op->paused) return;
  const rl_lease *lease = op->lease ? op->lease : op->tx ? op->tx->lease : NULL;
  if (!lease || rl_lease_check_process(lease, &inherited) == RILLE_OK) return;
  rl_error_move(&op->error, &inherited);
  op->dirty = true;
  op->between = false;
  op->phase = RL_PHASE_END;
}

rille_status rl_op_acquire(rl_op *op, int64_t wait_ms) {
  int64_t until = rl_clock_after(wait_ms);
  bool blocking = op->blocking;
  rille_status st = RILLE_OK;
  op->blocking = false;
  while (op->phase == RL_PHASE_ACQUIRE && st >= 0) {
    st = acquire(op);
    bool queued = st == RILLE_AGAIN && op->lease->queued;
    if (queued && rl_clock_ms() >= until) break;
    if (st == RILLE_AGAIN && !queued && !blocking) break; /* it connects, which its own loop waits for */
    if (st == RILLE_AGAIN) rl_wait_block(&op->wait, queued ? until : RL_NO_DEADLINE);
  }
  op->blocking = blocking;
  if (st < 0) {
    if (st == RILLE_NOMEM) op->error.nomem = true;
    if (op->error.code == RL_CODE_NONE) rl_fail_nomem(&op->error);
    fail(op);
  }
  return st == RILLE_AGAIN && op->lease->queued ? RILLE_AGAIN : RILLE_OK;
}

rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err) {
  look_at_process(op);
  if (op->between && rl_stream_resume(op, &op->error) != RILLE_OK) op->phase = RL_PHASE_END;
  for (;;) {
    rille_status st = advance(op, row, err);
    if (st == RILLE_ROW || st == RILLE_BATCH) {
      if (!op->given || st == RILLE_BATCH) note_given(op, st);
      return st;
    }
    if (op->restarts) {
      op->restarts = op->given = false;
      return RILLE_RESTART;
    }
    if (op->phase == RL_PHASE_IDLE) return st;
    if (st == RILLE_AGAIN) {
      bool timed = op->phase != RL_PHASE_ACQUIRE; /* the pool has deadlines of its own */
      if (timed && op->wait.until_ms > op->deadline_ms) op->wait.until_ms = op->deadline_ms;
      bool limited = op->phase == RL_PHASE_READ && op->deadline_ms != RL_NO_DEADLINE;
      if (limited && rl_clock_ms() >= op->deadline_ms) {
        on_deadline(op, op->driver->waits_for_locks);
        continue;
      }
      if (!op->blocking) return st;
      rl_wait_block(&op->wait, op->deadline_ms);
    } else if (st < 0) {
      if (st == RILLE_NOMEM) op->error.nomem = true;
      if (op->error.code == RL_CODE_NONE) rl_fail_nomem(&op->error);
      fail(op);
    }
  }
}
