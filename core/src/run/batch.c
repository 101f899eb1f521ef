/* Batches: several calls as one operation, on one connection. Their groups of statements go out together: first those
 * of all calls, then what comes next in each, and so on, as long as nobody can tell the difference from one call after
 * the other: reads run side by side; a write begins when all before it are sent, and nothing begins before it is. */
#include "base/alloc.h"
#include "base/clock.h"
#include "run/route.h"
#include "run/tx.h"

rille_status rl_batch_begin(rl_op *op, rl_tx *tx, bool atomic, rl_error *err) {
  rille_status st = rl_op_begin_start(op, tx, RL_OP_BATCH, err);
  op->atomic = atomic;
  op->collecting = st == RILLE_OK;
  return st;
}

static bool make_room(rl_op *op) {
  if (op->part_count < op->part_cap) return true;
  uint32_t cap = op->part_cap ? op->part_cap * 2 : 4;
  rl_op **parts = rl_realloc(op->parts, cap * sizeof(rl_op *));
  if (!parts) return false;
  op->parts = parts;
  op->part_cap = cap;
  return true;
}

static rille_status new_part(rl_op *op, rl_op **out, rl_error *err) {
  if (!op->collecting)
    return rl_fail(err, RL_VALIDATION, "a call can only be added to a batch that has begun and does not run yet");
  rl_op *part = make_room(op) ? rl_calloc(1, sizeof *part) : NULL;
  if (!part) return rl_fail_nomem(err);
  rl_op_init(part, op->client);
  op->part = op->part_count;
  op->parts[op->part_count++] = part;
  *out = part;
  return op->trace ? rl_op_set_trace(part, rl_str_of(op->trace), err) : RILLE_OK;
}

/* A part holds no connection and is in no transaction: the batch is. */
static rille_status added(rl_op *part, rille_status st) {
  if (part->watch) part->watch->counted = true; /* with the batch */
  part->phase = RL_PHASE_IDLE;
  return st;
}

rille_status rl_batch_add_model(rl_op *op, const rl_model *model, rille_action action, const rl_tape *tape,
                                rl_error *err) {
  rl_op *part = NULL;
  rille_status st = new_part(op, &part, err);
  return st == RILLE_OK ? added(part, rl_op_start_model(part, NULL, model, action, tape, err)) : st;
}

rille_status rl_batch_add_raw(rl_op *op, rl_str sql, const rl_tape *params, bool rows, rl_error *err) {
  rl_op *part = NULL;
  rille_status st = new_part(op, &part, err);
  return st == RILLE_OK ? added(part, rl_op_start_raw(part, NULL, sql, params, rows, err)) : st;
}

rille_status rl_batch_run(rl_op *op, rl_tx *tx, rl_error *err) {
  if (!op->collecting) return rl_fail(err, RL_VALIDATION, "no batch has been begun");
  rille_status st = tx ? rl_tx_check(tx, err) : RILLE_OK; /* other things may have happened to it since */
  if (st != RILLE_OK) return st;
  op->collecting = false;
  op->part = 0;
  rl_op_started(op, tx);
  return RILLE_OK;
}

static bool part_writes(const rl_op *part) {
  return part->kind == RL_OP_RAW ? part->raw.writes : part->compiled->plan->writes;
}

bool rl_batch_writes(const rl_op *op) {
  for (uint32_t i = 0; i < op->part_count; i++)
    if (part_writes(op->parts[i])) return true;
  return op->atomic;
}

/* One transaction around all of them: when it is asked for, when more than one could be left half done, or when one
 * needs it for itself. Within a transaction it is a savepoint, and only the last counts. */
static bool needs_transaction(const rl_op *op) {
  if (!op->tx && rl_op_has_settings(op)) return true;
  for (uint32_t i = 0; i < op->part_count; i++) {
    const rl_op *part = op->parts[i];
    if (part->kind == RL_OP_MODEL && (rl_op_is_atomic(part) || (op->tx && part->compiled->plan->collides))) return true;
  }
  return !op->tx && op->part_count > 1 && rl_batch_writes(op);
}

static bool is_sent(const rl_op *part) {
  return part->kind == RL_OP_RAW ? part->pc > 0 : part->pc == part->compiled->plan->step_count;
}

static bool begins_with_bulk(const rl_op *part) {
  return part->kind == RL_OP_MODEL && part->compiled->program->steps[part->pc].bulk != RL_BULK_NONE;
}

static rille_status send_part(rl_op *op, rl_op *part, rl_group *group, rl_error *err) {
  uint32_t before = part->statements;
  rille_status st = RILLE_OK;
  part->conn = op->conn;
  part->sent_count = part->read_count = 0;
  if (op->watch && part->watch) rl_observe_part(op, part);
  if (part->kind == RL_OP_MODEL) {
    st = rl_op_send_steps(part, group, err);
  } else {
    part->pc = 1;
    group->steps++;
    st = rl_raw_queue(part, err);
  }
  op->statements += part->statements - before;
  return st;
}

/* The next group of every part that may go now. */
static rille_status send_parts(rl_op *op, rl_group *group, bool *all, rl_error *err) {
  bool open = false; /* some part before this one is not sent to its end */
  while (op->sent_parts < op->part_count && is_sent(op->parts[op->sent_parts])) op->sent_parts++;
  for (uint32_t i = op->sent_parts; i < op->part_count; i++) {
    rl_op *part = op->parts[i];
    if (is_sent(part)) continue;
    bool must_wait =
        (open && part_writes(part)) || (group->steps && (!op->driver->pipelines || begins_with_bulk(part)));
    if (must_wait) return RILLE_OK;
    op->part = i;
    size_t before = group->steps;
    rille_status st = send_part(op, part, group, err);
    if (st == RILLE_OK && group->steps > before) st = rl_op_push_sent(op, RL_SENT_PART, i, err);
    if (st != RILLE_OK) return st;
    open = open || !is_sent(part);
    if (part->bulk || (!is_sent(part) && part_writes(part))) return RILLE_OK;
  }
  *all = !open;
  return RILLE_OK;
}

rille_status rl_batch_send(rl_op *op, rl_error *err) {
  rl_group group = {0, false};
  bool all = false;
  rille_status st = RILLE_OK;
  op->sent_count = op->read_count = 0;
  st = rl_route_send_probe(op, err);
  if (st == RILLE_OK && op->pc == 0 && !op->opened && needs_transaction(op)) st = rl_op_open_transaction(op, err);
  op->pc = 1;
  if (st == RILLE_OK) st = send_parts(op, &group, &all, err);
  if (st != RILLE_OK) return st;
  bool commit = all && op->opened && !op->commit_sent && (!group.steps || (!group.waits && op->driver->pipelines));
  if (commit) st = rl_op_send_commit(op, err);
  if (st != RILLE_OK) return st;
  return op->sent_count ? op->driver->flush(op->conn, err) : RILLE_DONE;
}

/* What goes wrong in a part is the batch's error; the answers that are under way are drained, as always. */
static void take_failure(rl_op *op, rl_op *part, uint32_t index) {
  if (part->dirty) {
    op->dirty = true;
    op->phase = RL_PHASE_END;
  }
  if (part->error.code == RL_CODE_NONE || op->error.code != RL_CODE_NONE) return;
  rl_error_move(&op->error, &part->error);
  op->part = index;
}

rille_status rl_batch_read(rl_op *op, uint32_t index, rille_row *row) {
  rl_op *part = op->parts[index];
  if (op->error.code != RL_CODE_NONE && part->error.code == RL_CODE_NONE)
    rl_fail(&part->error, RL_P2039, "not run, because a call before it failed");
  uint32_t statements = part->statements;
  rille_status st = rl_op_read_answer(part, row);
  op->statements += part->statements - statements; /* a bulk insert sends its next one */
  op->round_trips += part->round_trips;
  part->round_trips = 0;
  if (st == RILLE_AGAIN) {
    op->wait = part->wait;
    return st;
  }
  if (st == RILLE_ROW) {
    op->part = op->asked = index;
    return st;
  }
  if (st < 0) {
    if (part->error.code == RL_CODE_NONE) rl_fail_nomem(&part->error);
    part->emit_next = 0;
  }
  take_failure(op, part, index);
  if (part->read_count == part->sent_count) op->read_count++;
  return RILLE_OK;
}

void rl_batch_explain(rl_op *op) {
  if (op->part >= op->part_count) return;
  rl_op *part = op->parts[op->part];
  rl_error_clear(&part->error);
  rl_error_move(&part->error, &op->error);
  rl_op_explain_failure(part);
  rl_error_move(&op->error, &part->error);
}

void rl_batch_rewind(rl_op *op) {
  op->sent_parts = 0;
  for (uint32_t i = 0; i < op->part_count; i++) rl_op_rewind(op->parts[i]);
}

void rl_batch_dispose(rl_op *op) {
  for (uint32_t i = 0; i < op->part_count; i++) {
    rl_op_dispose(op->parts[i]);
    rl_free(op->parts[i]);
  }
  rl_free(op->parts);
  op->parts = NULL;
  op->part_count = op->part_cap = 0;
}

const rl_op *rl_batch_asked(const rl_op *op) {
  return op->asked < op->part_count ? op->parts[op->asked] : op;
}
