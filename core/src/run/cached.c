/* The way of a read that asks the cache: asking, collecting, landing. */
#include "run/cached.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"
#include "run/answers.h"
#include "run/depends.h"
#include "run/document.h"
#include "run/foreign.h"
#include "run/model.h"
#include "run/observe.h"
#include "run/tx_state.h"

/* The memory of a longer entry is not kept for the next read. */
#define BYTES_KEPT (256u * 1024)
/* What is longer is neither kept nor given to others: collecting it would cost as much memory again. */
#define MOST_BYTES ((size_t)64 << 20)

/* ------------------------------------------------------------------ life */

/* In a forked child, flights and seat are the parent's, and a thread that does not exist here may hold their locks. */
static bool own(rl_cached *c) {
  if (c->pid == rl_process_id()) return true;
  c->pid = rl_process_id();
  c->flight = c->memo = NULL;
  c->entry = NULL;
  c->talks = false;
  rl_shared_reset(&c->shared);
  rl_turn_forget(&c->turn);
  return false;
}

static void give_up(rl_cached *c, const rl_error *err) {
  if (c->flight) (void)rl_shared_end(&c->shared, (rl_str){0}, 0, NULL, false);
  if (c->flight) rl_flight_fail(c->flight, err);
  if (c->memo) rl_flight_fail(c->memo, err);
  c->flight = c->memo = NULL;
  c->collects = false;
}

static void release_entry(rl_cached *c) {
  if (c->entry) rl_cache_entry_release(c->entry);
  c->entry = NULL;
  c->text = (rl_str){0};
}

static void empty_memo(const rl_cached *c) {
  rl_cache *memo = c->request ? rl_request_memo(c->request) : NULL;
  if (memo) rl_cache_clear(memo);
}

void rl_cached_reset(rl_op *op) {
  rl_cached *c = op->cached;
  own(c);
  if (c->emptied) empty_memo(c);
  give_up(c, NULL);
  rl_turn_leave(&c->turn);
  release_entry(c);
  c->wanted = c->asks = c->remembers = c->emptied = c->is_unique = c->is_seen = false;
  c->notes = c->talks = c->peeks = false;
  rl_shared_reset(&c->shared);
  c->turn.until_ms = 0;
  c->counts = NULL;
  c->affected = 0;
  rl_buf_reset(&c->key);
  rl_names_clear(&c->names);
  rl_names_clear(&c->precise);
  if (c->bytes.cap > BYTES_KEPT)
    rl_buf_dispose(&c->bytes);
  else
    rl_buf_reset(&c->bytes);
}

void rl_cached_free(rl_cached *c) {
  if (!c) return;
  rl_turn_dispose(&c->turn);
  rl_shared_dispose(&c->shared);
  rl_cached_how_dispose(&c->how);
  rl_buf_dispose(&c->key);
  rl_buf_dispose(&c->bytes);
  rl_names_dispose(&c->names);
  rl_names_dispose(&c->precise);
  rl_free(c);
}

/* ------------------------------------------------------------------ the start */

static bool only_reads(const rl_call *call) {
  return !call->kind->may_write(call);
}

static rille_status check_use(const rl_op *op, const rl_call *call, rl_error *err) {
  const char *action = call->kind->action(call);
  if (call->kind->writes(call))
    rl_fail(err, RL_VALIDATION, "cache: cannot be used here; %s writes", action);
  else if (!only_reads(call))
    rl_fail(err, RL_VALIDATION, "cache: cannot be used together with `lock`: a lock is for rows as they are now");
  else if (!rl_client_caches(op->client))
    rl_fail(err, RL_VALIDATION,
            "cache: the client has no cache; open it with one, as in rille.connect{ cache = true }");
  else
    return RILLE_OK;
  if (err) rl_error_detail(err, "path", rl_str_of("cache"));
  return RILLE_ERROR;
}

rille_status rl_cached_start(rl_op *op, const rl_tx *tx, bool wanted, bool streams, rl_error *err) {
  rl_cached *c = op->cached;
  const rl_call *call = op->calls[0];
  if (wanted) {
    rille_status st = check_use(op, call, err);
    if (st != RILLE_OK) return st;
  }
  bool plain = !tx && !streams && only_reads(call);
  c->asks = wanted && plain;
  /* what the memo gives has no dependencies, which a computation needs */
  c->remembers = c->request && plain && !c->computation;
  return RILLE_OK;
}

/* Policies of row-level security may decide by the session which rows are seen, and may read any table for that. So
 * answers depend on every write, and another row may become the one that is found. */
static bool is_seen_by_session(const rl_op *op) {
  return op->client->traits.session_count > 0;
}

/* Collects what the calls of the operation read. */
static void collect_names(rl_op *op) {
  rl_cached *c = op->cached;
  if (is_seen_by_session(op)) rl_names_add(&c->names, RL_NAME_ANY_WRITE);
  for (uint32_t i = 0; i < op->call_count; i++) rl_depends_before(op->calls[i], &c->names);
}

/* In a transaction, everything that was committed since it began counts. What it has written itself may never be
 * committed. */
static void note_in_transaction(rl_computation *c, const rl_tx *tx, const rl_names *names) {
  rl_computation_note_snapshot(c, &tx->snapshot);
  rl_computation_note(c, names);
  rl_computation_spoil_shared(c);
  if (!rl_names_is_empty(&tx->touched)) rl_computation_spoil(c);
}

static rille_status note_reads(rl_op *op) {
  rl_cached *c = op->cached;
  rille_status st = RILLE_OK;
  for (uint32_t i = 0; i < op->call_count && st == RILLE_OK; i++)
    if (!op->calls[i]->kind->writes(op->calls[i])) st = rl_computation_check(c->computation, op->client, &op->error);
  if (st != RILLE_OK || c->asks) return st;
  collect_names(op);
  if (op->tx)
    note_in_transaction(c->computation, op->tx, &c->names);
  else
    rl_computation_note(c->computation, &c->names);
  c->notes = !op->tx && !rl_names_is_empty(&c->names) && rl_computation_work(c->computation);
  return RILLE_OK;
}

void rl_cached_started(rl_op *op) {
  rl_cached *c = op->cached;
  c->pid = rl_process_id();
  c->turn.came = rl_flights_last();
  c->emptied = c->request && (op->kind->may_write(op) || rl_tx_commits(op));
  if (c->emptied) empty_memo(c);
  if (c->asks || c->remembers) op->phase = RL_PHASE_ASK;
  if (c->computation && note_reads(op) != RILLE_OK)
    op->phase = RL_PHASE_END;
  else if (c->notes)
    op->phase = RL_PHASE_ASK;
}

/* ------------------------------------------------------------------ asking */

static bool write_key(rl_op *op) {
  rl_cached *c = op->cached;
  char client_key[RL_CLIENT_KEY];
  rl_json_wanted json = {.wanted = op->calls[0]->document != NULL};
  if (json.wanted) json.how = rl_document_how(op->calls[0]->document);
  if (c->key.len) return true;
  if (!rl_client_key(op->client, client_key)) return false;
  rl_cached_write_key(&c->key, client_key, op->calls[0], json, c->asks ? &c->how : NULL);
  return !c->key.failed;
}

static rille_status run(rl_op *op) {
  rl_cached *c = op->cached;
  c->collects = c->flight || c->memo;
  if (c->collects) rl_call_collect(op->calls[0], c);
  op->phase = RL_PHASE_ACQUIRE;
  return RILLE_OK;
}

/* what: "hit", "stale", "wait" or "miss" */
static void tell(const rl_op *op, const char *what) {
  const rl_call *call = op->calls[0];
  rl_observe_cache(op->client,
                   &(rl_cache_told){.what = what, .model = call->compiled->model->name, .action = rl_op_action(op)});
}

/* Computes for itself. What it is part of depends on what it reads. */
static rille_status run_alone(rl_op *op) {
  rl_cached *c = op->cached;
  if (c->asks) tell(op, "miss");
  if (c->computation && c->asks) {
    if (!c->how.by_ttl_only) collect_names(op);
    rl_names_add_all(&c->names, &c->how.names);
    rl_computation_note(c->computation, &c->names);
    rl_computation_spoil_shared(c->computation);
  }
  return run(op);
}

static bool is_find_unique(rille_action action) {
  return action == RILLE_FIND_UNIQUE || action == RILLE_FIND_UNIQUE_OR_THROW;
}

/* Notes in the flight what the answer depends on, as far as that is known before the first statement. */
static void note_flight(rl_op *op) {
  rl_cached *c = op->cached;
  rl_call *call = op->calls[0];
  if (!c->how.by_ttl_only) collect_names(op);
  rl_names_add_all(&c->names, &c->how.names);
  if (c->computation) rl_computation_note(c->computation, &c->names);
  c->is_unique = !c->how.by_ttl_only && is_find_unique(call->compiled->action) && !is_seen_by_session(op);
  rl_flight_note(c->flight, &c->names);
}

static rille_status run_for_all(rl_op *op) {
  tell(op, "miss");
  return run(op);
}

static void begin_replay_phase(rl_op *op, const char *what) {
  rl_cached *c = op->cached;
  if (what) tell(op, what);
  if (c->memo) rl_flight_land(c->memo, rl_cache_entry_bytes(c->entry), true);
  c->memo = NULL;
  op->phase = RL_PHASE_REPLAY;
}

static rille_status replay(rl_op *op, const char *what) {
  rl_cached *c = op->cached;
  if (c->computation) {
    rl_computation_note_entry(c->computation, c->entry);
    rl_computation_spoil_shared(c->computation);
  }
  begin_replay_phase(op, what);
  return RILLE_OK;
}

/* ------------------------------------------------------------------ asking the server that processes share */

/* A hit there is one for all who wait here. Out of memory, it is a miss. */
static rille_status replay_shared(rl_op *op, bool stale) {
  rl_cached *c = op->cached;
  rl_str bytes = c->shared.talk.bytes;
  c->entry = rl_cache_entry_outside(bytes);
  if (!c->entry) return run_alone(op);
  if (c->flight) rl_flight_give(c->flight, bytes, RL_GIVEN);
  c->flight = NULL;
  rl_turn_leave(&c->turn);
  if (c->computation) rl_computation_add_work(c->computation, &c->shared.work);
  rl_cache *answers = rl_client_answers(op->client);
  if (answers && !c->peeks)
    rl_cache_count_outside(answers, rl_cache_label(answers, op->calls[0]->compiled->model->name), stale);
  rl_talk_end(&c->shared.talk);
  begin_replay_phase(op, stale ? "stale" : "hit");
  return RILLE_OK;
}

/* OK: the next phase is set. AGAIN: it talks, or, if it does not any more, waits for another caller. */
static rille_status talk_on(rl_op *op) {
  rl_cached *c = op->cached;
  if (rl_shared_next(&c->shared, &op->wait) == RILLE_AGAIN) return RILLE_AGAIN;
  rl_remote_answer answer = c->shared.talk.answer;
  c->talks = false;
  if (answer == RL_REMOTE_HIT || answer == RL_REMOTE_STALE_HIT) return replay_shared(op, answer == RL_REMOTE_STALE_HIT);
  rl_talk_end(&c->shared.talk);
  if (c->peeks) return RILLE_AGAIN;
  if (c->computation && (answer == RL_REMOTE_COMPUTE || answer == RL_REMOTE_DONE))
    rl_computation_add_work(c->computation, &c->shared.work);
  else if (c->computation)
    rl_computation_spoil_shared(c->computation);
  return c->notes ? run(op) : run_for_all(op);
}

/* peeks: another caller of this process computes. It may give an old answer meanwhile. */
static rille_status ask_shared(rl_op *op, const rl_caller *from, bool peeks) {
  rl_cached *c = op->cached;
  rl_remote_question q = {rl_buf_view(&c->key),  c->how.ttl_ms, c->how.stale_ms, peeks,
                          rl_caller_limit(from), &c->names};
  c->peeks = peeks;
  c->talks = true;
  rl_shared_ask(&c->shared, op->client, &q);
  return talk_on(op);
}

/* Asks for the stamps of what a computation is about to read. */
static rille_status note_shared(rl_op *op) {
  rl_cached *c = op->cached;
  const rl_remote_work *work = rl_computation_work(c->computation);
  if (!work) return run(op);
  rl_shared_note(&c->shared, op->client, &c->names, work);
  c->talks = true;
  return talk_on(op);
}

/* Asks the memo. A coroutine of the same request may be computing the same: the memo makes nobody wait. */
static bool memo_has_it(rl_op *op) {
  rl_cached *c = op->cached;
  rl_cache *memo = rl_request_memo(c->request);
  rl_seat seat = {.blocking = true};
  rl_question q = {.key = rl_buf_view(&c->key), .ttl_ms = INT64_MAX, .blocking = true};
  if (!memo) return false;
  switch (rl_cache_ask(memo, &q, &c->entry, &c->memo, &seat)) {
  case RL_CACHE_HIT:
  case RL_CACHE_STALE_HIT: return true;
  case RL_CACHE_WAIT: rl_seat_leave(&seat); return false;
  case RL_CACHE_COMPUTE:
  case RL_CACHE_ALONE: break;
  }
  return false;
}

static rl_caller caller_of(const rl_op *op) {
  return (rl_caller){
      .client = op->client, .blocking = op->blocking, .shared = op->bell, .tag = op->tag, .limit_ms = op->limit_ms};
}

/* Asks the cache of the database. AGAIN: it talks with the server, or waits for another caller. */
static rille_status ask(rl_op *op, const rl_caller *from) {
  rl_cached *c = op->cached;
  rl_cache *answers = rl_client_answers(op->client);
  if (!answers || !rl_foreign_look(op->client) || !rl_turn_prepare(&c->turn, from)) return run_alone(op);
  rl_question q = {.key = rl_buf_view(&c->key),
                   .ttl_ms = rl_computation_least_ttl(c->computation, c->how.ttl_ms),
                   .stale_ms = c->how.stale_ms,
                   .blocking = op->blocking,
                   .within = c->computation ? rl_computation_flight(c->computation) : NULL,
                   .label = rl_cache_label(answers, op->calls[0]->compiled->model->name)};
  switch (rl_cache_ask(answers, &q, &c->entry, &c->flight, &c->turn.seat)) {
  case RL_CACHE_HIT: return replay(op, "hit");
  case RL_CACHE_STALE_HIT: return replay(op, "stale");
  case RL_CACHE_COMPUTE:
    note_flight(op);
    return rl_client_remote(op->client) ? ask_shared(op, from, false) : run_for_all(op);
  case RL_CACHE_WAIT:
    return rl_client_remote(op->client) && c->how.stale_ms > 0 ? ask_shared(op, from, true) : RILLE_AGAIN;
  case RL_CACHE_ALONE: break;
  }
  return run_alone(op);
}

rille_status rl_cached_ask(rl_op *op) {
  rl_cached *c = op->cached;
  rl_caller from = caller_of(op);
  own(c);
  rille_status st = c->talks ? talk_on(op) : RILLE_AGAIN;
  if (st != RILLE_AGAIN || c->talks) return st;
  if (c->notes) return note_shared(op);
  if (!write_key(op)) return run_alone(op);
  if (c->remembers && !c->memo && !rl_turn_is_taken(&c->turn) && memo_has_it(op)) return replay(op, NULL);
  if (!c->asks) return run(op);
  for (;;) {
    if (!rl_turn_is_taken(&c->turn)) {
      st = ask(op, &from);
      if (st != RILLE_AGAIN || c->talks) return st;
    }
    switch (rl_turn_look(&c->turn, &from, &c->entry, &op->wait, &op->error)) {
    case RL_TURN_GOT:
      if (!rl_turn_may_be_old(&c->turn, op->client)) return replay(op, "wait");
      release_entry(c);
      st = ask_shared(op, &from, true);
      if (st != RILLE_AGAIN || c->talks) return st;
      break;
    case RL_TURN_FAILED: return op->error.nomem ? RILLE_NOMEM : RILLE_ERROR;
    case RL_TURN_WAITS: return RILLE_AGAIN;
    case RL_TURN_LATE: return run_alone(op);
    case RL_TURN_AGAIN: break;
    }
  }
}

/* ------------------------------------------------------------------ bytes of an entry */

/* An entry begins with the number of affected rows, and whether it is a text. Rows follow, or the text. */
typedef struct head {
  int64_t affected;
  uint64_t is_text;
} head;

static void begin_bytes(rl_cached *c, bool is_text) {
  head h = {0, is_text};
  rl_buf_reset(&c->bytes);
  rl_buf_put(&c->bytes, &h, sizeof h);
}

void rl_cached_see_row(rl_call *call, const rille_row *row) {
  rl_cached *c = call->cached;
  if (!c->is_unique || c->is_seen || row->node != 0) return;
  rl_depends_after(call, row, &c->precise);
  c->is_seen = true;
}

void rl_cached_collect_row(rl_call *call, const rille_row *row) {
  rl_cached *c = call->cached;
  if (!c->collects) return;
  if (!c->bytes.len) begin_bytes(c, false);
  rl_pack_row(&c->bytes, row);
  if (c->bytes.failed || c->bytes.len > MOST_BYTES) give_up(c, NULL);
}

void rl_cached_rewind(rl_op *op) {
  rl_cached *c = op->cached;
  rl_buf_reset(&c->bytes);
  rl_names_clear(&c->precise);
  c->is_seen = false;
}

/* Completes the bytes. Returns false if the answer cannot be kept. */
static bool complete_bytes(rl_op *op) {
  rl_cached *c = op->cached;
  const rl_call *call = op->calls[0];
  rl_str text;
  if (call->document) {
    begin_bytes(c, true);
    if (!rl_document_peek(call->document, &text)) return false;
    rl_buf_str(&c->bytes, text);
  } else if (!c->bytes.len) {
    begin_bytes(c, false);
  }
  if (c->bytes.failed || c->bytes.len > MOST_BYTES) return false;
  memcpy(c->bytes.p + offsetof(head, affected), &call->affected, sizeof call->affected);
  return true;
}

/* ------------------------------------------------------------------ the end */

static void land_flight(rl_op *op, rl_str bytes) {
  rl_cached *c = op->cached;
  rl_shared_land(&c->shared, c->flight,
                 &(rl_landing){.bytes = bytes,
                               .known = rl_foreign_look(op->client),
                               .life_ms = rl_cached_life(&c->how),
                               .final = c->is_unique ? &c->precise : NULL,
                               .blocking = op->blocking});
}

static void land(rl_op *op) {
  rl_cached *c = op->cached;
  rl_call *call = op->calls[0];
  if (!complete_bytes(op)) {
    give_up(c, NULL);
    return;
  }
  if (c->flight && c->is_unique) {
    if (!c->is_seen) rl_depends_after(call, NULL, &c->precise);
    rl_names_add_all(&c->precise, &c->how.names);
    rl_flight_narrow(c->flight, &c->precise);
  }
  rl_str bytes = rl_buf_view(&c->bytes);
  if (c->flight) land_flight(op, bytes);
  if (c->memo) rl_flight_land(c->memo, bytes, true);
  c->flight = c->memo = NULL;
  c->collects = false;
}

/* A limit of this caller's is not the fault of the computation: another one computes it again. */
static const rl_error *error_for_others(const rl_op *op) {
  const rl_error *e = &op->error;
  bool own_limit = e->code == RL_P1008 && op->limit_ms != RL_NO_DEADLINE && rl_clock_ms() >= op->limit_ms;
  return own_limit || e->nomem || e->code == RL_CODE_NONE ? NULL : e;
}

void rl_cached_leaves_connection(rl_op *op) {
  rl_cached *c = op->cached;
  const rl_exchange *io = &op->io;
  if (!io->conn || !io->driver->is_standby || !io->driver->is_standby(io->conn) || !own(c)) return;
  if (c->flight) rl_flight_spoil(c->flight);
  if (c->computation) rl_computation_spoil(c->computation);
}

void rl_cached_ended(rl_op *op, bool good) {
  rl_cached *c = op->cached;
  if (!own(c)) return;
  if (c->emptied) empty_memo(c);
  c->emptied = false;
  if (c->collects && good) land(op);
  if (c->flight || c->memo) give_up(c, error_for_others(op));
  if (!c->text.p) release_entry(c);
}

/* ------------------------------------------------------------------ replaying */

static bool begin_replay(rl_op *op) {
  rl_cached *c = op->cached;
  rl_str bytes = rl_cache_entry_bytes(c->entry);
  const rille_node *nodes;
  uint32_t count, most = 1;
  head h;
  if (bytes.len < sizeof h) return false;
  memcpy(&h, bytes.p, sizeof h);
  if (h.is_text != (op->calls[0]->document != NULL)) return false;
  c->affected = h.affected;
  bytes = rl_str_make(bytes.p + sizeof h, bytes.len - sizeof h);
  if (h.is_text) {
    c->text = bytes;
    return true;
  }
  op->calls[0]->kind->shape(op->calls[0], &nodes, &count);
  for (uint32_t i = 0; i < count; i++)
    if (nodes[i].column_count > most) most = nodes[i].column_count;
  c->counts = RL_NEW_ARRAY(&op->arena, uint64_t, count + 1);
  c->rows = (rl_unpack){.at = bytes.p,
                        .end = bytes.p + bytes.len,
                        .cells = rl_arena_alloc(&op->arena, most * sizeof(rl_value)),
                        .cells_cap = most,
                        .arena = &op->arena};
  return c->counts && c->rows.cells;
}

static uint32_t numbered_as(const rille_node *nodes, uint32_t node) {
  while (node > 0 && nodes[node].parent == node) node--;
  return node;
}

/* Bytes may come from another process. A row is only given if it fits the layout, and its parent has been given. */
static bool row_fits(const rl_op *op, const rille_row *row) {
  const rl_cached *c = op->cached;
  const rille_node *nodes;
  uint32_t count;
  op->calls[0]->kind->shape(op->calls[0], &nodes, &count);
  if (row->node >= count || row->count != nodes[row->node].column_count) return false;
  uint32_t home = numbered_as(nodes, row->node), parent = nodes[home].parent;
  if (row->ordinal != c->counts[home]++) return false;
  if (row->node != home) return row->parent < row->ordinal;
  return parent == UINT32_MAX || row->parent < c->counts[numbered_as(nodes, parent)];
}

/* Bytes that are no rows are a miss, unless the caller has used some. */
static rille_status give_up_replay(rl_op *op) {
  rl_cached *c = op->cached;
  release_entry(c);
  if (op->delivered == RL_DELIVERED_FINAL)
    return rl_fail(&op->error, RL_P2023, "the cached answer cannot be read: its bytes are not those of an answer");
  op->restart_is_due = op->delivered == RL_DELIVERED_BUFFERED;
  return run_alone(op);
}

rille_status rl_cached_replay(rl_op *op, rille_row *row) {
  rl_cached *c = op->cached;
  if (!c->counts && !c->text.p && !begin_replay(op)) return give_up_replay(op);
  rille_status st = c->text.p ? RILLE_DONE : rl_unpack_row(&c->rows, row, &op->error);
  if (st == RILLE_ROW && row_fits(op, row)) {
    if (op->delivered == RL_DELIVERED_NOTHING)
      op->delivered = op->caller_buffers ? RL_DELIVERED_BUFFERED : RL_DELIVERED_FINAL;
    return RILLE_ROW;
  }
  if (st == RILLE_NOMEM) return st;
  if (st != RILLE_DONE) {
    rl_error_clear(&op->error);
    return give_up_replay(op);
  }
  op->calls[0]->affected = c->affected;
  op->phase = RL_PHASE_END;
  return RILLE_OK;
}
