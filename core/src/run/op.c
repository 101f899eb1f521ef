/* The life of an operation: start, phases, end. */
#include "run/op.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "run/tx.h"

/* How long a cancelled statement may take to answer before its connection is closed instead. */
#define ABANDON_MS 1000
/* How long an operation that is given up within a transaction may take to end by itself. */
#define FINISH_MS 50
/* How long either may take where many coroutines share the thread: less than anybody notices. A server that does not
 * stop at once costs its connection. */
#define HURRY_MS 20

rille_status rl_op_init(rl_op *op, rl_client *c) {
  *op = (rl_op){.client = rl_client_retain(c), .blocking = true, .driver = c->driver};
  rl_arena_init(&op->arena, 4096);
  return RILLE_OK;
}

static void tally(rl_op *op) {
  if (op->tallied || op->kind == RL_OP_EXPLAIN || op->round_trips == 0) return;
  op->tallied = true;
  atomic_fetch_add_explicit(&op->client->operations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&op->client->statements, op->statements, memory_order_relaxed);
  atomic_fetch_add_explicit(&op->client->round_trips, op->round_trips, memory_order_relaxed);
}

static void give_connection_back(rl_op *op) {
  tally(op);
  if (op->lease) {
    bool clean = !op->dirty && op->conn && op->driver->is_usable(op->conn) && !op->driver->in_transaction(op->conn);
    rl_pool_give(op->lease, clean);
  }
  op->tx = NULL;
  op->lease = NULL;
  op->conn = NULL;
}

static int64_t patience_until(const rl_op *op) {
  return rl_clock_ms() + (op->hurried || !op->blocking ? HURRY_MS : ABANDON_MS);
}

/* To cancel a statement ends the transaction it is in: what is nearly over is rather waited for. */
static void finish_soon(rl_op *op) {
  int64_t deadline = rl_clock_ms() + FINISH_MS;
  rl_error ignored = {0};
  while (op->read_count < op->sent_count && op->driver->is_usable(op->conn) && rl_clock_ms() < deadline) {
    rl_row_view view;
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    int64_t n;
    rille_status st = op->driver->next(op->conn, &view, &n, &wait, &ignored);
    if (st == RILLE_AGAIN)
      rl_wait_block(&wait, deadline);
    else if (st != RILLE_ROW)
      op->read_count++;
    rl_error_clear(&ignored);
  }
}

/* Blocks for a moment at most; the connection is clean or in doubt afterwards. One of the parent process is not
 * touched: the answers on it are the parent's. */
static void abandon_now(rl_op *op) {
  int64_t deadline = patience_until(op);
  rl_error ignored = {0};
  rille_status st = RILLE_AGAIN;
  if (op->tx && op->blocking && op->phase == RL_PHASE_READ) finish_soon(op);
  while (op->driver->is_usable(op->conn) && st == RILLE_AGAIN && rl_clock_ms() < deadline) {
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    st = op->driver->abandon(op->conn, &wait, &ignored);
    if (st == RILLE_AGAIN) rl_wait_block(&wait, deadline);
  }
  if (st != RILLE_OK) op->dirty = true;
  rl_error_clear(&ignored);
}

static bool is_running(const rl_op *op) {
  return op->conn && (op->phase == RL_PHASE_READ || op->phase == RL_PHASE_ABANDON || op->phase == RL_PHASE_ROLLBACK ||
                      op->phase == RL_PHASE_SEND);
}

/* The commands that undo what the operation has begun: all of a transaction on a connection of its own, and of one that
 * ends with it; its savepoint within one that goes on. None when there is nothing to undo. */
static size_t undo_commands(const rl_op *op, const char *out[2]) {
  if (op->dirty || !op->conn || !op->driver->is_usable(op->conn) || !op->driver->in_transaction(op->conn)) return 0;
  bool ends = op->ends_tx || (op->tx && op->kind == RL_OP_COMMANDS && op->tx->command == RL_TX_COMMIT);
  if (op->lease || ends) {
    out[0] = "ROLLBACK";
    return 1;
  }
  if (!op->opened) return 0;
  out[0] = "ROLLBACK TO SAVEPOINT rille_op";
  out[1] = "RELEASE SAVEPOINT rille_op";
  return 2;
}

rille_status rl_op_answer_now(rl_op *op, int64_t deadline, rl_error *err) {
  rille_status st = op->driver->flush(op->conn, err);
  while (st == RILLE_OK) {
    rl_row_view view;
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    int64_t n;
    st = op->driver->next(op->conn, &view, &n, &wait, err);
    if (st == RILLE_AGAIN && rl_clock_ms() < deadline) {
      rl_wait_block(&wait, deadline);
      st = RILLE_OK;
    }
  }
  return st;
}

static void undo_now(rl_op *op) {
  const char *undo[2];
  size_t count = undo_commands(op, undo);
  int64_t deadline = patience_until(op);
  rl_error ignored = {0};
  for (size_t i = 0; i < count && !op->dirty; i++) {
    rille_status st = op->driver->send_command(op->conn, undo[i], &ignored);
    if (st == RILLE_OK) st = rl_op_answer_now(op, deadline, &ignored);
    if (st != RILLE_DONE) op->dirty = true;
  }
  rl_error_clear(&ignored);
}

void rl_op_reset(rl_op *op) {
  if (op->paused) rl_stream_leave(op);
  if (is_running(op)) {
    abandon_now(op);
    undo_now(op);
  }
  if (op->tx) rl_tx_answered(op->tx, op, false);
  give_connection_back(op);
  rl_batch_dispose(op);
  rl_compiled_release(op->compiled);
  rl_error_clear(&op->error);
  rl_client *client = op->client;
  rl_arena arena = op->arena;
  bool blocking = op->blocking;
  rl_arena_reset(&arena);
  rl_arena_dispose(&op->lasting);
  *op = (rl_op){.client = client,
                .driver = client->driver,
                .arena = arena,
                .blocking = blocking,
                .wait = {-1, false, false, RL_NO_DEADLINE}};
}

void rl_op_cut(rl_op *op) {
  if (is_running(op)) abandon_now(op);
  if (op->dirty) op->tx->state = RL_TX_LOST;
  rl_fail(&op->error, RL_P2028, "The operation was given up: its transaction was freed while it ran");
  if (!op->lease) op->conn = NULL;
  op->tx = NULL;
  op->phase = RL_PHASE_END;
}

void rl_op_dispose(rl_op *op) {
  rl_op_reset(op);
  rl_arena_dispose(&op->arena);
  rl_client_release(op->client);
  op->client = NULL;
}

/* ------------------------------------------------------------------ starting */

/* Told before the database is asked: PostgreSQL would end the transaction, SQLite in memory would write. */
static rille_status check_writable(const rl_tx *tx, const rl_plan *plan, rl_error *err) {
  if (!tx || !tx->settings.read_only || !plan->writes) return RILLE_OK;
  return rl_fail(err, RL_P2028, "nothing can be written here: the transaction is read-only");
}

rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, rl_op_kind kind, rl_error *err) {
  uint32_t stream = op->stream_wanted;
  rl_op_reset(op);
  op->stream = kind == RL_OP_MODEL ? stream : 0;
  op->kind = kind;
  op->limit_ms = op->deadline_ms = RL_NO_DEADLINE;
  if (!tx) return RILLE_OK;
  if (tx->client != op->client) return rl_fail(err, RL_P2028, "The transaction belongs to another client");
  if (kind == RL_OP_BEGIN) {
    op->limit_ms = rl_clock_ms() + tx->settings.max_wait_ms;
    return RILLE_OK;
  }
  rille_status st = rl_tx_check(tx, err);
  op->limit_ms = tx->deadline_ms;
  return st;
}

void rl_op_started(rl_op *op, rl_tx *tx) {
  op->tx = tx;
  if (tx) tx->running = op;
  op->phase = RL_PHASE_ACQUIRE;
}

rille_status rl_op_start_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                               rl_error *err) {
  rille_status st = rl_op_begin_start(op, tx, RL_OP_MODEL, err);
  if (st != RILLE_OK) return st;
  uint32_t *anchors = NULL;
  st = rl_compile(op->client->cache, &op->client->context, model, action, tape, &op->arena, &op->compiled, &anchors,
                  err);
  if (st != RILLE_OK) return st;
  const rl_plan *plan = op->compiled->plan;
  st = check_writable(tx, plan, err);
  if (st != RILLE_OK) return st;
  op->tape = tape;
  op->inputs = (rl_inputs){.tape = tape, .anchors = anchors, .arena = &op->arena};
  if (plan->generated_count || plan->writes) op->inputs.now_us = rl_clock_wall_us() / 1000 * 1000;
  if (plan->rowset_count) op->inputs.rowsets = RL_NEW_ARRAY(&op->arena, rl_rowset, plan->rowset_count);
  if (plan->generated_count) op->inputs.generated = RL_NEW_ARRAY(&op->arena, rl_value, plan->generated_count);
  size_t nodes = plan->node_count ? plan->node_count : 1;
  op->node_rows = RL_NEW_ARRAY(&op->arena, uint64_t, nodes);
  op->maps = nodes > 1 ? RL_NEW_ARRAY(&op->arena, rl_key_map, nodes) : NULL;
  if (!op->node_rows || (nodes > 1 && !op->maps) || (plan->rowset_count && !op->inputs.rowsets) ||
      (plan->generated_count && !op->inputs.generated))
    return rl_fail_nomem(err);
  st = rl_op_prepare_inputs(op, err);
  if (st == RILLE_OK && op->stream) st = rl_stream_start(op, tx, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}

rille_status rl_op_start_commands(rl_op *op, rl_tx *tx, bool begin, const char *const *commands, size_t count,
                                  rl_error *err) {
  rille_status st = rl_op_begin_start(op, tx, begin ? RL_OP_BEGIN : RL_OP_COMMANDS, err);
  if (st != RILLE_OK) return st;
  for (size_t i = 0; i < count; i++) op->commands[i] = commands[i];
  op->command_count = count;
  rl_op_started(op, tx);
  return RILLE_OK;
}

/* ------------------------------------------------------------------ phases; each answers OK to go on, ROW, AGAIN, DONE
 * at the very end, or an error that has been put in op->error */

static bool wants_writer(const rl_op *op) {
  switch (op->kind) {
  case RL_OP_MODEL: return op->compiled->plan->writes;
  case RL_OP_EXPLAIN: return false;
  case RL_OP_RAW: return op->raw.writes;
  case RL_OP_BATCH: return rl_batch_writes(op);
  case RL_OP_BEGIN: return !op->tx->settings.read_only;
  case RL_OP_SCRIPT:
  case RL_OP_COMMANDS: break;
  }
  return true;
}

static rille_status acquire(rl_op *op) {
  rl_lease *lease = NULL;
  if (op->tx && op->kind != RL_OP_BEGIN) {
    lease = op->tx->lease;
  } else {
    if (!op->lease) {
      rille_status st = rl_pool_take(&op->client->pool, wants_writer(op), op->limit_ms, &op->lease, &op->error);
      if (st != RILLE_OK) return st;
    }
    rille_status st = rl_pool_poll(op->lease, op->blocking, &op->wait, &op->error);
    if (st != RILLE_OK) return st;
    lease = op->lease;
  }
  op->conn = lease->conn;
  op->phase = RL_PHASE_SEND;
  return RILLE_OK;
}

static rille_status send_commands(rl_op *op) {
  if (op->sent_count) return RILLE_DONE;
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < op->command_count && st == RILLE_OK; i++) {
    st = op->driver->send_command(op->conn, op->commands[i], &op->error);
    if (st == RILLE_OK) st = rl_op_push_sent(op, RL_SENT_COMMAND, 0, &op->error);
  }
  return st == RILLE_OK ? op->driver->flush(op->conn, &op->error) : st;
}

/* The server has so long for what is sent now: socket_timeout, or what is left of the transaction's time. */
static void start_clock(rl_op *op) {
  int64_t limit = rl_pool_conn_options(op->client->pool)->socket_timeout_ms;
  op->deadline_ms = limit > 0 ? rl_clock_ms() + limit : RL_NO_DEADLINE;
  if (op->limit_ms < op->deadline_ms) op->deadline_ms = op->limit_ms;
}

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
    st = op->sent_count ? RILLE_DONE : rl_raw_send(op, &op->error);
  else
    st = send_commands(op);
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
  if (op->kind == RL_OP_RAW || op->kind == RL_OP_SCRIPT) {
    op->affected = affected;
    return op->kind == RL_OP_RAW ? rl_raw_describe(op, &op->error) : RILLE_OK;
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
  if (op->error.code != RL_CODE_NONE) return RILLE_OK; /* draining */
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
  return s->kind == RL_SENT_PART ? rl_batch_read(op, s->step, row) : rl_op_read_answer(op, row);
}

rille_status rl_op_read_answer(rl_op *op, rille_row *row) {
  const rl_sent *s = &op->sent[op->read_count];
  if (op->emit_next && op->error.code == RL_CODE_NONE) return rl_op_emit_more(op, s->step, row, &op->error);
  int64_t affected = 0;
  rl_error own = {0};
  rille_status st = op->driver->next(op->conn, &op->view, &affected, &op->wait, &own);
  if (st == RILLE_ROW) return take_row(op, s, row);
  if (st == RILLE_AGAIN) return st;
  op->read_count++;
  if (st == RILLE_DONE) {
    st = op->error.code == RL_CODE_NONE ? answered(op, s, affected) : RILLE_OK;
    op->step_rows = op->kind == RL_OP_MODEL ? 0 : op->step_rows;
    return st;
  }
  if (own.code == RL_CODE_NONE) rl_fail_nomem(&own);
  bool too_late = own.code == RL_P1008 && own.connection_lost;
  if (too_late)
    op->driver->cancel(op->conn); /* the driver's own clock was first: the server should not go on for nobody */
  if (op->error.code == RL_CODE_NONE) {
    bool of_step = op->kind == RL_OP_MODEL && s->kind != RL_SENT_COMMAND;
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
  const char *undo[2];
  size_t count = op->undoing ? 0 : undo_commands(op, undo);
  op->phase = RL_PHASE_END;
  if (count == 0) return RILLE_OK;
  op->undoing = true;
  op->sent_count = op->read_count = 0;
  op->deadline_ms = rl_clock_ms() + (op->hurried ? HURRY_MS : ABANDON_MS);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) {
    st = op->driver->send_command(op->conn, undo[i], &ignored);
    if (st == RILLE_OK) st = rl_op_push_sent(op, RL_SENT_COMMAND, 0, &ignored);
  }
  if (st == RILLE_OK) st = op->driver->flush(op->conn, &ignored);
  rl_error_clear(&ignored);
  if (st == RILLE_OK)
    op->phase = RL_PHASE_READ;
  else
    op->dirty = true;
  return RILLE_OK;
}

/* Work that never reached the server may be done again on another connection: the idle one had died. */
static bool try_again(rl_op *op) {
  bool begin = op->kind == RL_OP_BEGIN; /* a begin that was lost has begun nothing */
  bool may = op->error.connection_lost && (op->error.not_sent || begin) && (!op->tx || begin) && !op->told &&
             !op->retried && op->lease && !op->lease->fresh;
  if (!may) return false;
  rl_pool *pool = op->lease->pool;
  rl_pool_evict_idle(pool);
  rl_pool_give(op->lease, false);
  op->lease = NULL;
  op->conn = NULL;
  rl_error_clear(&op->error);
  op->retried = true;
  op->dirty = op->opened = op->commit_sent = op->undoing = op->stream_ended = false;
  op->cursor.number = 0;
  op->pc = 0;
  op->sent_count = op->read_count = 0;
  rl_batch_rewind(op);
  op->phase = RL_PHASE_ACQUIRE;
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
  if (op->kind == RL_OP_RAW) rl_raw_explain(op);
  if (op->kind == RL_OP_BATCH) rl_batch_explain(op);
}

static rille_status end_phase(rl_op *op, rl_error *err) {
  bool good = op->error.code == RL_CODE_NONE && !op->error.nomem;
  if (good && left_open(op)) return RILLE_OK;
  if (!good && try_again(op)) return RILLE_OK;
  if (op->tx) rl_tx_answered(op->tx, op, good);
  good = good && op->error.code == RL_CODE_NONE; /* a commit of a transaction that had failed before is none */
  if (!good && op->lease && op->error.connection_lost) rl_pool_evict_idle(op->lease->pool);
  give_connection_back(op);
  op->phase = RL_PHASE_IDLE;
  if (good) return RILLE_DONE;
  rl_op_explain_failure(op);
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
      op->deadline_ms = rl_clock_ms() + (op->hurried ? HURRY_MS : ABANDON_MS);
    }
    return;
  }
  op->phase = op->conn && !op->dirty && op->phase != RL_PHASE_END ? RL_PHASE_ROLLBACK : RL_PHASE_END;
}

static void on_deadline(rl_op *op) {
  if (op->undoing) { /* not even that is answered */
    op->dirty = true;
    op->phase = RL_PHASE_END;
    return;
  }
  if (op->tx && rl_clock_ms() >= op->limit_ms) {
    const rl_tx_settings *s = &op->tx->settings;
    op->ends_tx = op->kind != RL_OP_BEGIN;
    if (op->ends_tx)
      rl_fail(&op->error, RL_P2028, "The transaction was rolled back: it took longer than its timeout of %lld ms",
              (long long)s->timeout_ms);
    else
      rl_fail(&op->error, RL_P2028, "The transaction could not begin within its max_wait of %lld ms",
              (long long)s->max_wait_ms);
  } else {
    rl_fail(&op->error, RL_P1008,
            "The operation was cancelled: the database did not answer within the socket_timeout of the URL");
  }
  op->phase = RL_PHASE_ABANDON;
  op->deadline_ms = rl_clock_ms() + (op->hurried ? HURRY_MS : ABANDON_MS);
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

rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err) {
  if (op->between && rl_stream_resume(op, &op->error) != RILLE_OK) op->phase = RL_PHASE_END;
  for (;;) {
    rille_status st = advance(op, row, err);
    if (st == RILLE_ROW || st == RILLE_BATCH) {
      op->told = true;
      return st;
    }
    if (op->phase == RL_PHASE_IDLE) return st;
    if (st == RILLE_AGAIN) {
      bool timed = op->phase != RL_PHASE_ACQUIRE; /* the pool has deadlines of its own */
      if (timed && op->wait.until_ms > op->deadline_ms) op->wait.until_ms = op->deadline_ms;
      if (op->phase == RL_PHASE_READ && rl_clock_ms() >= op->deadline_ms) {
        on_deadline(op);
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

/* ------------------------------------------------------------------ what the caller may ask */

uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count) {
  op = rl_batch_asked(op);
  if (op->kind == RL_OP_EXPLAIN) {
    *nodes = rl_explain_nodes;
    *count = 3;
    return 0;
  }
  if (op->kind == RL_OP_RAW) {
    *nodes = &op->raw_node;
    *count = op->raw_described ? 1 : 0;
    return 0;
  }
  if (!op->compiled) {
    *nodes = NULL;
    *count = 0;
    return 0;
  }
  *nodes = op->compiled->nodes;
  *count = (uint32_t)op->compiled->plan->node_count;
  return op->compiled->id;
}

rille_result rl_op_result(const rl_op *op) {
  op = rl_batch_asked(op);
  if (op->kind == RL_OP_EXPLAIN) return RILLE_RESULT_ROW;
  if (op->kind == RL_OP_RAW) return op->raw.returns_rows ? RILLE_RESULT_ROWS : RILLE_RESULT_COUNT;
  return op->kind == RL_OP_MODEL && op->compiled ? op->compiled->plan->result : RILLE_RESULT_NONE;
}
