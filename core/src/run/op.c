/* The life of an operation: start, end, and what the caller may ask of it. Its phases are in phases.c. */
#include "run/op.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "run/route.h"
#include "run/tx.h"

/* How long an operation that is given up within a transaction may take to end by itself. */
#define FINISH_MS 50
rille_status rl_op_init(rl_op *op, rl_client *c) {
  *op = (rl_op){.client = rl_client_retain(c), .blocking = true, .driver = c->driver};
  rl_arena_init(&op->arena, 4096);
  return RILLE_OK;
}

rille_status rl_op_set_trace(rl_op *op, rl_str trace, rl_error *err) {
  if (trace.len == 0) {
    if (op->trace) op->trace[0] = 0;
    return RILLE_OK;
  }
  if (!rl_trace_valid(trace))
    return rl_fail(err, RL_VALIDATION, "trace: \"%.*s\" is no traceparent, which is 00-<32 hex>-<16 hex>-<2 hex>",
                   RL_STR_ARG(trace));
  if (!op->trace) op->trace = rl_calloc(1, RL_TRACE_LEN + 1);
  if (!op->trace) return rl_fail_nomem(err);
  memcpy(op->trace, trace.p, trace.len);
  return RILLE_OK;
}

void rl_op_set_bell(rl_op *op, rl_bell *bell, uint64_t tag) {
  if (bell != op->bell) {
    rl_bell_free(op->bell);
    op->bell = bell ? rl_bell_share(bell) : NULL;
  }
  op->tag = tag;
}

static void tally(rl_op *op) {
  if (op->tallied || op->kind == RL_OP_EXPLAIN || op->round_trips == 0) return;
  op->tallied = true;
  rl_client *client = rl_client_root(op->client);
  atomic_fetch_add_explicit(&client->operations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&client->statements, op->statements, memory_order_relaxed);
  atomic_fetch_add_explicit(&client->round_trips, op->round_trips, memory_order_relaxed);
}

void rl_op_give_connection_back(rl_op *op) {
  tally(op);
  if (op->watch) rl_observe_end(op);
  rl_route_ended(op);
  if (op->lease) {
    bool clean = !op->dirty && op->conn && op->driver->is_usable(op->conn) && !op->driver->in_transaction(op->conn);
    rl_pool_give(op->lease, clean);
  }
  op->tx = NULL;
  op->lease = NULL;
  op->conn = NULL;
}

static int64_t patience_until(const rl_op *op) {
  return rl_clock_ms() + (op->hurried || !op->blocking ? RL_HURRY_MS : RL_ABANDON_MS);
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

size_t rl_op_undo_verbs(const rl_op *op, rl_step_of_tx out[2]) {
  if (op->dirty || !op->conn || !op->driver->is_usable(op->conn) || !op->driver->in_transaction(op->conn)) return 0;
  bool ends = op->ends_tx || (op->tx && op->kind == RL_OP_END && op->tx->verb == RL_VERB_COMMIT);
  if (op->lease || ends) {
    out[0] = (rl_step_of_tx){RL_VERB_ROLLBACK, 0};
    return 1;
  }
  if (!op->opened) return 0;
  out[0] = (rl_step_of_tx){RL_VERB_ROLLBACK_TO, 0};
  out[1] = (rl_step_of_tx){RL_VERB_RELEASE, 0};
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
  rl_step_of_tx undo[2];
  size_t count = rl_op_undo_verbs(op, undo);
  int64_t deadline = patience_until(op);
  rl_error ignored = {0};
  for (size_t i = 0; i < count && !op->dirty; i++) {
    rille_status st = rl_op_send_verb(op, undo[i], &ignored);
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
  rl_op_give_connection_back(op);
  rl_batch_dispose(op);
  rl_compiled_release(op->compiled);
  rl_error_clear(&op->error);
  rl_client *client = op->client;
  rl_arena arena = op->arena;
  bool blocking = op->blocking, whole = op->whole;
  char *trace = op->trace;
  rl_bell *bell = op->bell;
  uint64_t tag = op->tag;
  rl_arena_reset(&arena);
  rl_arena_dispose(&op->lasting);
  *op = (rl_op){.client = client,
                .driver = client->driver,
                .arena = arena,
                .blocking = blocking,
                .whole = whole,
                .bell = bell,
                .tag = tag,
                .trace = trace,
                .wait = {-1, false, false, RL_NO_DEADLINE}};
}

void rl_op_cut(rl_op *op) {
  if (is_running(op)) abandon_now(op);
  if (op->dirty) op->tx->state = RL_TX_LOST;
  rl_fail(&op->error, RL_P2028, "The operation was given up: its transaction was freed while it ran");
  rl_op_give_connection_back(op); /* of a begin; nobody may come to ask for its end */
  op->conn = NULL;
  op->tx = NULL;
  op->phase = RL_PHASE_END;
}

void rl_op_dispose(rl_op *op) {
  rl_op_reset(op);
  rl_arena_dispose(&op->arena);
  rl_client_release(op->client);
  rl_bell_free(op->bell);
  op->bell = NULL;
  rl_free(op->trace);
  op->trace = NULL;
  op->client = NULL;
}

/* ------------------------------------------------------------------ starting */

/* Told before the database is asked: PostgreSQL would end the transaction, SQLite in memory would write. */
static rille_status check_writable(const rl_tx *tx, const rl_plan *plan, rl_error *err) {
  if (!tx || !tx->settings.read_only || !plan->writes) return RILLE_OK;
  return rl_fail(err, RL_P2028, "nothing can be written here: the transaction is read-only");
}

void rl_op_start_clock(rl_op *op) {
  int64_t timeout = op->client->traits.timeout_ms;
  if (timeout > 0) op->limit_ms = rl_clock_after(timeout);
}

rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, rl_op_kind kind, rl_error *err) {
  uint32_t stream = op->stream_wanted;
  rl_op_reset(op);
  op->stream = kind == RL_OP_MODEL ? stream : 0;
  op->kind = kind;
  op->limit_ms = op->deadline_ms = RL_NO_DEADLINE;
  if (!tx) rl_op_start_clock(op);
  rl_observe_start(op);
  if (!tx) return RILLE_OK;
  if (tx->client != op->client) return rl_fail(err, RL_P2028, "The transaction belongs to another client");
  if (kind == RL_OP_BEGIN) {
    op->limit_ms = rl_clock_after(tx->settings.max_wait_ms);
    return RILLE_OK;
  }
  rille_status st = rl_tx_check(tx, err);
  op->limit_ms = tx->deadline_ms;
  return st;
}

void rl_op_started(rl_op *op, rl_tx *tx) {
  op->tx = tx;
  if (tx) tx->running = op;
  if (op->watch) rl_observe_started(op);
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

/* The end of a transaction comes after its time, too, and has as long again. No clock of the server's runs then: its
 * statement_timeout does not count a commit, which may wait for a standby or for deferred triggers. */
static int64_t end_limit(const rl_tx *tx) {
  int64_t most = tx->settings.timeout_ms;
  return rl_clock_after(most > RL_ABANDON_MS ? most : RL_ABANDON_MS);
}

rille_status rl_op_start_verbs(rl_op *op, rl_tx *tx, const rl_step_of_tx *verbs, size_t count, rl_error *err) {
  bool begin = verbs[0].verb == RL_VERB_BEGIN;
  rille_status st = rl_op_begin_start(op, tx, begin ? RL_OP_BEGIN : RL_OP_END, err);
  if (st != RILLE_OK) return st;
  if (tx && !begin && !tx->adopted && op->limit_ms == RL_NO_DEADLINE) op->limit_ms = end_limit(tx);
  memcpy(op->verbs, verbs, count * sizeof *verbs);
  op->verb_count = count;
  rl_op_started(op, tx);
  return RILLE_OK;
}

void rl_op_forget_rows(rl_op *op) {
  const rl_plan *plan = op->compiled->plan;
  if (plan->rowset_count) memset(op->inputs.rowsets, 0, plan->rowset_count * sizeof *op->inputs.rowsets);
  memset(op->node_rows, 0, plan->node_count * sizeof *op->node_rows);
  if (op->maps) memset(op->maps, 0, plan->node_count * sizeof *op->maps);
}

void rl_op_rewind(rl_op *op) {
  rl_error_clear(&op->error);
  op->dirty = op->raw_described = false;
  op->pc = op->emit_next = 0;
  op->step_rows = 0;
  op->sent_count = op->read_count = 0;
  if (op->kind != RL_OP_MODEL) return;
  rl_op_forget_rows(op);
  rl_bulk_rewind(op);
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
