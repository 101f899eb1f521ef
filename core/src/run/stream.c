/* Reads in batches: their beginning, the pause after each batch, and their end. */
#include "run/stream.h"

#include "base/clock.h"
#include "run/drive.h"
#include "run/own_tx.h"
#include "run/paused.h"
#include "run/steps.h"
#include "run/tx.h"

#define CLOSE_MS 1000

/* Returns whether all rows must be read at once. Where a cursor sees writes, a statement that still reads might meet
 * the caller's own changes: with one connection for everything, or in a transaction. */
static bool must_read_ahead(const rl_op *op, const rl_tx *tx) {
  if (!op->client->driver->cursors_see_writes) return false;
  return tx ? !tx->settings.read_only : rl_pool_conn_options(op->client->pool)->memory;
}

/* Keeps what the start has allocated apart from the arena that each batch empties. */
rille_status rl_stream_start(rl_op *op, rl_call *call, rl_tx *tx, uint32_t portion, rl_error *err) {
  const rl_plan *plan = call->compiled->plan;
  bool streams = plan->result == RILLE_RESULT_ROWS && !plan->writes && plan->step_count > 0 &&
                 plan->steps[0].kind == RL_STEP_SELECT && plan->steps[0].node == 0 && call->params[0];
  if (!streams) return rl_fail(err, RL_VALIDATION, "only a read of many rows can be read in batches");
  if (must_read_ahead(op, tx)) return RILLE_OK;
  rl_stream *s = RL_NEW(&op->arena, rl_stream);
  if (!s) return rl_fail_nomem(err);
  s->op = op;
  s->call = call;
  bool reads = plan->steps[0].as.select->lock == RL_LOCK_NONE; /* only a transaction that may write can lock rows */
  s->begin = (rl_begin){.read_only = reads, .snapshot = reads, .deferred = true};
  s->depth = tx ? tx->depth : 0;
  s->start_arena = op->arena;
  rl_arena_init(&op->arena, 4096);
  call->portion = portion;
  op->stream = s;
  return RILLE_OK;
}

void rl_stream_free(rl_op *op) {
  rl_arena start_arena = op->stream->start_arena;
  op->stream = NULL;
  rl_arena_dispose(&start_arena);
}

rille_status rl_stream_end(rl_op *op, rl_error *err) {
  rl_exchange *io = &op->io;
  if (!op->stream->call->root_ended || op->stream->closing) return RILLE_OK;
  op->stream->closing = true;
  if (!op->tx) return rl_own_tx_end(op, err);
  rille_status st = io->driver->close_cursor(io->conn, &op->stream->call->cursor, err);
  return st == RILLE_OK ? rl_exchange_push(io, (rl_sent){.kind = RL_SENT_COMMAND}, err) : st;
}

bool rl_stream_continues(const rl_op *op) {
  return op->stream && !op->stream->call->root_ended;
}

rille_status rl_stream_pause(rl_op *op) {
  op->stream->between_batches = true;
  if (!op->tx) return RILLE_BATCH;
  rl_paused_add(op->tx, op->stream);
  op->tx->running = NULL;
  rl_tx_let_go(op->tx);
  return RILLE_BATCH;
}

rille_status rl_stream_resume(rl_op *op, rl_error *err) {
  rl_tx *tx = op->tx;
  op->stream->between_batches = false;
  if (op->error.code != RL_CODE_NONE) return RILLE_ERROR; /* ended meanwhile */
  if (tx) rl_paused_remove(tx, op->stream);
  rille_status st = tx ? rl_tx_check(tx, err) : RILLE_OK;
  if (tx && st == RILLE_OK) st = rl_tx_hold(tx, err);
  if (st != RILLE_OK) { /* the cursor, if it still exists, ends with the transaction */
    op->tx = NULL;
    op->io.conn = NULL;
    return st;
  }
  if (tx) tx->running = op;
  op->limit_ms = tx ? tx->deadline_ms : rl_client_limit(op->client);
  rl_arena_reset(&op->arena); /* everything of the last batch is dropped; what the start has allocated stays */
  op->sent_calls = 0;
  rl_call_next_portion(op->stream->call);
  rl_exchange_forget(&op->io);
  return RILLE_OK;
}

/* Returns whether the cursor can be closed now. If the connection is busy or not usable, the end of the transaction
 * closes the cursor. */
static bool cursor_can_close(const rl_op *op) {
  const rl_driver *d = op->io.driver;
  const rl_conn *c = op->io.conn;
  return op->stream->call->cursor.number && d->is_usable(c) && d->in_transaction(c) && !d->transaction_failed(c);
}

static void cursor_close_now(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_error ignored = {0};
  rille_status st = io->driver->close_cursor(io->conn, &op->stream->call->cursor, &ignored);
  if (st == RILLE_OK) st = io->driver->flush(io->conn, &ignored);
  if (st == RILLE_OK) st = rl_drive_answer(io->driver, io->conn, rl_clock_ms() + CLOSE_MS, &ignored);
  if (st != RILLE_DONE) op->tx->state = RL_TX_LOST;
  rl_error_clear(&ignored);
}

void rl_stream_drop(rl_op *op) {
  if (op->stream) op->stream->between_batches = false;
}

void rl_stream_abandon(rl_op *op) {
  if (!op->stream->paused) return;
  if (op->blocking && !op->tx->running && rl_tx_hold(op->tx, NULL) == RILLE_OK) {
    if (cursor_can_close(op)) cursor_close_now(op);
    rl_tx_let_go(op->tx);
  }
  rl_paused_remove(op->tx, op->stream);
  op->tx = NULL;
  op->io.conn = NULL;
  op->phase = RL_PHASE_IDLE;
}
