/* The life of an operation: start, end, and what the caller may ask for. Its phases are in phases.c. */
#include "run/op.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "run/cached.h"
#include "run/document.h"
#include "run/drive.h"
#include "run/observe.h"
#include "run/abandon_limits.h"
#include "run/route.h"
#include "run/stream.h"
#include "run/committing.h"
#include "run/tx.h"

/* How long an abandoned operation in a transaction may take to end on its own. */
#define FINISH_MS 50
/* Bytes of a document that is kept for the next call. */
#define SPARE_MAX (256u * 1024)

static void op_make_idle(rl_op *op, rl_client *client) {
  op->client = client;
  op->wait = (rl_wait){-1, false, false, RL_NO_DEADLINE};
  op->io.client = client;
  op->io.driver = client->driver;
  op->io.arena = &op->arena;
}

rille_status rl_op_init(rl_op *op, rl_client *c) {
  *op = (rl_op){.blocking = true};
  op_make_idle(op, rl_client_retain(c));
  rl_arena_init(&op->arena, 4096);
  return RILLE_OK;
}

rille_status rl_op_set_trace(rl_op *op, rl_str trace, rl_error *err) {
  return rl_exchange_set_trace(&op->io, trace, err);
}

void rl_op_set_bell(rl_op *op, rl_bell *bell, uint64_t tag) {
  if (bell != op->bell) {
    rl_bell_free(op->bell);
    op->bell = bell ? rl_bell_share(bell) : NULL;
  }
  op->tag = tag;
}

void rl_op_set_blocking(rl_op *op, bool blocking) {
  op->blocking = blocking;
}

void rl_op_set_whole(rl_op *op, bool whole) {
  op->caller_buffers = whole;
}

void rl_op_set_stream(rl_op *op, uint32_t rows) {
  op->stream_wanted = rows;
}

void rl_op_set_json(rl_op *op, uint32_t how) {
  op->json = (rl_json_wanted){true, how};
}

static void drop_named(rl_op *op) {
  rl_free(op->named.items);
  op->named = (rl_named_models){0};
}

rille_status rl_op_set_touches(rl_op *op, const rl_model *const *models, size_t count, rl_error *err) {
  drop_named(op);
  if (!count) return RILLE_OK;
  op->named.items = rl_calloc(count, sizeof *op->named.items);
  if (!op->named.items) return rl_fail_nomem(err);
  memcpy(op->named.items, models, count * sizeof *models);
  op->named.count = count;
  return RILLE_OK;
}

rl_document *rl_op_new_document(rl_op *op) {
  rl_document *d = op->spare;
  op->spare = NULL;
  return d ? d : rl_document_new();
}

/* ------------------------------------------------------------------ its end */

static void op_tally(rl_op *op) {
  bool explains = op->call_count == 1 && !op->calls[0]->kind->counted_as;
  if (op->tallied || explains || op->io.round_trips == 0) return;
  op->tallied = true;
  rl_client_tally(op->client, op->io.statements, op->io.round_trips);
}

static void op_release_connection(rl_op *op) {
  op_tally(op);
  if (op->io.watch) rl_observe_end(op);
  rl_route_ended(op);
  if (op->lease) rl_lease_release(op->lease, rl_exchange_is_clean(&op->io));
  op->tx = NULL;
  op->lease = NULL;
  op->io.conn = NULL;
}

void rl_op_drop_connection(rl_op *op, bool clean) {
  rl_lease_release(op->lease, clean);
  op->lease = NULL;
  op->io.conn = NULL;
}

/* Waits briefly for the answers. Cancelling a statement ends its transaction, so one that is nearly done may end on its
 * own. */
static void op_finish_soon(rl_exchange *io) {
  int64_t deadline = rl_clock_ms() + FINISH_MS;
  rl_error ignored = {0};
  while (io->read_count < io->sent_count && io->driver->is_usable(io->conn) && rl_clock_ms() < deadline) {
    if (rl_drive_answer(io->driver, io->conn, deadline, &ignored) != RILLE_AGAIN) io->read_count++;
    rl_error_clear(&ignored);
  }
}

/* Abandons what runs. Blocks briefly; afterwards the connection is clean or must be closed. A connection of the parent
 * process is not touched: its answers are the parent's. */
static void op_abandon_now(rl_op *op) {
  rl_exchange *io = &op->io;
  rille_status st = RILLE_AGAIN;
  if (op->tx && op->blocking && op->phase == RL_PHASE_READ) op_finish_soon(io);
  if (io->driver->is_usable(io->conn))
    st = rl_drive_abandon(io->driver, io->conn,
                          rl_clock_ms() + (op->blocking ? RL_ABANDON_MS : RL_ABANDON_COOPERATIVE_MS));
  if (st != RILLE_OK) rl_exchange_set_must_close(io);
}

static bool op_is_running(const rl_op *op) {
  return op->io.conn && op->phase >= RL_PHASE_SEND && op->phase <= RL_PHASE_UNDOING;
}

size_t rl_op_undo_verbs(const rl_op *op, rl_verb_step out[2]) {
  const rl_exchange *io = &op->io;
  if (io->must_close || !io->conn || !io->driver->is_usable(io->conn) || !io->driver->in_transaction(io->conn))
    return 0;
  if (op->lease || op->ends_tx || rl_tx_commits(op)) {
    out[0] = (rl_verb_step){RL_VERB_ROLLBACK, 0};
    return 1;
  }
  if (op->own_tx < RL_OWN_OPEN) return 0;
  out[0] = (rl_verb_step){RL_VERB_ROLLBACK_TO, 0};
  out[1] = (rl_verb_step){RL_VERB_RELEASE, 0};
  return 2;
}

static void op_undo_now(rl_op *op) {
  rl_exchange *io = &op->io;
  rl_verb_step undo[2];
  size_t count = rl_op_undo_verbs(op, undo);
  int64_t deadline = rl_clock_ms() + (op->blocking ? RL_ABANDON_MS : RL_ABANDON_COOPERATIVE_MS);
  rl_error ignored = {0};
  for (size_t i = 0; i < count && !io->must_close; i++) {
    rille_status st = rl_verb_send(io, undo[i], &ignored);
    if (st == RILLE_OK) st = io->driver->flush(io->conn, &ignored);
    if (st == RILLE_OK) st = rl_drive_answer(io->driver, io->conn, deadline, &ignored);
    if (st != RILLE_DONE) rl_exchange_set_must_close(io);
  }
  rl_error_clear(&ignored);
}

/* Keeps the memory for the next document, unless it is much. */
static void release_document(rl_op *op, rl_document *d) {
  if (!d) return;
  if (!op->spare && rl_document_bytes(d) <= SPARE_MAX)
    op->spare = d;
  else
    rl_document_free(d);
}

static void release_call(rl_op *op, rl_call *call) {
  release_document(op, call->document);
  rl_compiled_release(call->compiled);
}

static void op_release_calls(rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++) release_call(op, op->calls[i]);
  op->call_count = 0;
}

static void op_stop_now(rl_op *op) {
  if (op_is_running(op)) {
    op_abandon_now(op);
    op_undo_now(op);
  }
  if (op->committing) rl_committing_end(op, false);
}

void rl_op_reset(rl_op *op) {
  bool idle = op->phase == RL_PHASE_IDLE; /* it has released everything */
  if (op->stream) rl_stream_abandon(op);
  if (op->cached) rl_cached_reset(op);
  if (!idle) op_stop_now(op);
  if (op->tx) rl_tx_answered(op->tx, op, false);
  if (!idle) op_release_connection(op);
  op_release_calls(op);
  if (op->named.items) drop_named(op);
  rl_error_clear(&op->error);
  rl_arena arena = op->arena;
  rl_client *client = op->client;
  rl_bell *bell = op->bell;
  uint64_t tag = op->tag;
  bool blocking = op->blocking, whole = op->caller_buffers;
  char *trace = op->io.trace;
  rl_document *spare = op->spare;
  rl_cached *cached = op->cached;
  rl_arena_reset(&arena);
  if (op->stream) rl_stream_free(op);
  *op = (rl_op){
      .arena = arena, .blocking = blocking, .caller_buffers = whole, .bell = bell, .tag = tag, .io = {.trace = trace}};
  op->spare = spare;
  op->cached = cached;
  op_make_idle(op, client);
}

void rl_op_cut(rl_op *op) {
  if (op_is_running(op)) op_abandon_now(op);
  if (op->committing) rl_committing_end(op, false);
  if (rl_tx_commits(op)) rl_committing_tx_answered(op->tx, op, false);
  if (op->io.must_close) op->tx->state = RL_TX_LOST;
  rl_fail(&op->error, RL_P2028, "the operation was abandoned: its transaction was freed while it ran");
  op_release_connection(op); /* of a begin; its end may never be asked for */
  op->phase = RL_PHASE_END;
}

void rl_op_dispose(rl_op *op) {
  rl_op_reset(op);
  rl_document_free(op->spare);
  op->spare = NULL;
  rl_cached_free(op->cached);
  op->cached = NULL;
  rl_arena_dispose(&op->arena);
  rl_client_release(op->client);
  rl_bell_free(op->bell);
  op->bell = NULL;
  rl_free(op->io.trace);
  op->io.trace = NULL;
  op->client = NULL;
}

/* ------------------------------------------------------------------ starting */

rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, const rl_op_kind *kind, rl_error *err) {
  rl_op_reset(op);
  op->kind = kind;
  op->limit_ms = op->deadline_ms = RL_NO_DEADLINE;
  if (!tx) op->limit_ms = rl_client_limit(op->client);
  rl_observe_start(&op->io);
  if (!tx) return RILLE_OK;
  if (tx->client != op->client) return rl_fail(err, RL_P2028, "the transaction belongs to another client");
  if (kind->begins) {
    op->limit_ms = rl_clock_after(tx->settings.max_wait_ms);
    return RILLE_OK;
  }
  rille_status st = rl_tx_check(tx, err);
  op->limit_ms = tx->deadline_ms;
  return st;
}

static bool op_grow_calls(rl_op *op) {
  uint32_t cap = op->call_cap * 4;
  rl_call **more = cap ? rl_arena_alloc(&op->arena, cap * sizeof(rl_call *)) : &op->one_call;
  if (!more) return false;
  if (op->call_count) memcpy(more, op->calls, op->call_count * sizeof(rl_call *));
  op->calls = more;
  op->call_cap = cap ? cap : 1;
  return true;
}

rille_status rl_op_add_call(rl_op *op, const rl_call_kind *kind, rl_call **out, rl_error *err) {
  if (op->call_count == op->call_cap && !op_grow_calls(op)) return rl_fail_nomem(err);
  rl_call *call = RL_NEW(&op->arena, rl_call);
  if (!call) return rl_fail_nomem(err);
  call->kind = kind;
  call->context = &op->client->context;
  call->arena = &op->arena;
  call->index = op->call_count;
  op->calls[op->call_count++] = call;
  *out = call;
  return RILLE_OK;
}

void rl_op_drop_call(rl_op *op) {
  release_call(op, op->calls[--op->call_count]);
}

/* ------------------------------------------------------------------ where the cache and extensions hook in */

void rl_op_started(rl_op *op, rl_tx *tx) {
  op->tx = tx;
  if (tx) tx->running = op;
  if (op->io.watch) rl_observe_started(op);
  op->phase = RL_PHASE_ACQUIRE;
  if (op->cached) rl_cached_started(op);
}

bool rl_op_ended(rl_op *op, bool good) {
  const rl_call *call = rl_op_call(op);
  if (!good && call) call->kind->failed(call, &op->error);
  if (op->cached) rl_cached_leaves_connection(op); /* the transaction may close it */
  if (op->committing) rl_committing_end(op, good);
  if (op->tx) rl_tx_answered(op->tx, op, good);
  good = good && op->error.code == RL_CODE_NONE; /* committing a failed transaction rolls it back */
  if (!good && op->lease && op->error.connection_lost) rl_pool_evict_idle(op->lease->pool);
  op_release_connection(op);
  if (op->cached) rl_cached_ended(op, good);
  op->phase = RL_PHASE_IDLE;
  op->succeeded = good;
  return good;
}

/* ------------------------------------------------------------------ what the caller may ask */

static const rl_call *op_result_call(const rl_op *op) {
  return op->result_of < op->call_count ? op->calls[op->result_of] : NULL;
}

const rl_model *rl_op_node_model(const rl_op *op, uint32_t node) {
  const rl_call *call = op_result_call(op);
  if (!call || !call->kind->of_model || !call->compiled) return NULL;
  const rl_plan *plan = call->compiled->plan;
  return node < plan->node_count ? plan->nodes[node].model : NULL;
}

uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count) {
  const rl_call *call = op_result_call(op);
  if (call) return call->kind->shape(call, nodes, count);
  *nodes = NULL;
  *count = 0;
  return 0;
}

rille_result rl_op_result(const rl_op *op) {
  const rl_call *call = op_result_call(op);
  return call ? call->kind->result(call) : RILLE_RESULT_NONE;
}

rille_status rl_op_json(rl_op *op, rl_str *out, rl_error *err) {
  const rl_call *call = op_result_call(op);
  bool between = rl_stream_is_between_batches(op);
  *out = (rl_str){0};
  if (!call || !call->document || !(op->succeeded || between))
    return rl_fail(err, RL_VALIDATION, "there is no JSON: no call with it has ended");
  if (op->cached && op->cached->text.p) {
    *out = op->cached->text;
    return RILLE_OK;
  }
  rille_status st = rl_document_text(call->document, !between, out, err);
  if (st != RILLE_OK) op->current = op->result_of; /* the call that has failed */
  return st;
}
