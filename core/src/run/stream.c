/* Reads in batches: the root's statement is read a portion at a time, and for each portion the steps below run with the
 * keys of its rows. One transaction spans all of them, so that every batch is of the same snapshot. */
#include "base/clock.h"
#include "run/tx.h"

#define CLOSE_MS 1000

/* With one connection for everybody, or within a transaction, writes would go past a statement that still
 * reads, and it might meet its own changes. */
static bool must_read_ahead(const rl_op *op, const rl_tx *tx) {
  if (!op->driver->cursors_see_writes) return false;
  return tx ? !tx->settings.read_only : rl_pool_conn_options(op->client->pool)->memory;
}

/* Moves what the start has made out of the arena that each batch empties. */
rille_status rl_stream_start(rl_op *op, rl_tx *tx, rl_error *err) {
  const rl_plan *plan = op->compiled->plan;
  bool streams = plan->result == RILLE_RESULT_ROWS && !plan->writes && plan->step_count > 0 &&
                 plan->steps[0].kind == RL_STEP_SELECT && plan->steps[0].node == 0 && op->params[0];
  if (!streams) return rl_fail(err, RL_VALIDATION, "only a read of many rows can be read in batches");
  if (must_read_ahead(op, tx)) {
    op->stream = 0;
    return RILLE_OK;
  }
  op->lasting = op->arena;
  rl_arena_init(&op->arena, 4096);
  op->depth = tx ? tx->depth : 0;
  return RILLE_OK;
}

/* Rows can be locked only where something may be written. */
rl_begin rl_stream_begin(const rl_op *op) {
  bool reads = op->compiled->plan->steps[0].as.select->lock == RL_LOCK_NONE;
  return (rl_begin){.read_only = reads, .snapshot = reads, .deferred = true};
}

rille_status rl_stream_end(rl_op *op, rl_error *err) {
  op->commit_sent = true;
  if (!op->tx) return rl_op_send_verb(op, (rl_step_of_tx){RL_VERB_COMMIT, 0}, err);
  rille_status st = op->driver->close_cursor(op->conn, &op->cursor, err);
  return st == RILLE_OK ? rl_op_push_sent(op, RL_SENT_COMMAND, 0, err) : st;
}

rille_status rl_stream_pause(rl_op *op) {
  rl_tx *tx = op->tx;
  op->between = true;
  if (!tx) return RILLE_BATCH;
  op->paused = true;
  op->next_paused = tx->paused;
  tx->paused = op;
  tx->running = NULL;
  rl_tx_let_go(tx);
  return RILLE_BATCH;
}

static void unlist(rl_op *op) {
  rl_op **link = &op->tx->paused;
  while (*link && *link != op) link = &(*link)->next_paused;
  if (*link) *link = op->next_paused;
  op->next_paused = NULL;
  op->paused = false;
}

/* All that the last batch has left is forgotten; what the start has made stays. */
static void clear_batch(rl_op *op) {
  rl_arena_reset(&op->arena);
  rl_op_forget_rows(op);
  op->sent = NULL;
  if (op->watch) rl_observe_next_batch(op);
  op->sent_count = op->read_count = op->sent_cap = 0;
  op->mapped = op->kept = NULL;
  op->mapped_cap = op->emit_next = 0;
  op->pc = 0;
}

rille_status rl_stream_resume(rl_op *op, rl_error *err) {
  rl_tx *tx = op->tx;
  op->between = false;
  if (op->error.code != RL_CODE_NONE) return RILLE_ERROR; /* cut meanwhile */
  if (tx) unlist(op);
  rille_status st = tx ? rl_tx_check(tx, err) : RILLE_OK;
  if (tx && st == RILLE_OK) st = rl_tx_hold(tx, err);
  if (st != RILLE_OK) { /* the cursor, if there still is one, ends with the transaction */
    op->tx = NULL;
    op->conn = NULL;
    return st;
  }
  if (!tx) rl_op_start_clock(op);
  if (tx) {
    tx->running = op;
    op->limit_ms = tx->deadline_ms;
  }
  clear_batch(op);
  return RILLE_OK;
}

/* Where something else runs on the connection, or nothing can, the cursor is left to the end of the transaction. */
static bool can_close(const rl_op *op) {
  const rl_driver *d = op->driver;
  return op->cursor.number && d->is_usable(op->conn) && d->in_transaction(op->conn) && !d->transaction_failed(op->conn);
}

static void close_now(rl_op *op) {
  rl_error ignored = {0};
  rille_status st = op->driver->close_cursor(op->conn, &op->cursor, &ignored);
  if (st == RILLE_OK) st = rl_op_answer_now(op, rl_clock_ms() + CLOSE_MS, &ignored);
  if (st != RILLE_DONE) op->tx->state = RL_TX_LOST;
  rl_error_clear(&ignored);
}

void rl_stream_leave(rl_op *op) {
  if (op->blocking && !op->tx->running && rl_tx_hold(op->tx, NULL) == RILLE_OK) {
    if (can_close(op)) close_now(op);
    rl_tx_let_go(op->tx);
  }
  unlist(op);
  op->tx = NULL;
  op->conn = NULL;
  op->phase = RL_PHASE_IDLE;
}

void rl_stream_cut(rl_tx *tx, uint32_t depth) {
  rl_op *next;
  for (rl_op *op = tx->paused; op; op = next) {
    next = op->next_paused;
    if (op->depth < depth) continue;
    unlist(op);
    op->tx = NULL;
    op->conn = NULL;
    rl_fail(
        &op->error, RL_P2028,
        "The rows cannot be read on: the transaction they are read in is over, or was rolled back to before it began");
  }
}
