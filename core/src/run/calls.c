/* Operations that consist of calls: one call, or a batch. Their groups of statements are sent together: first one group
 * with statements of all calls, then the next. The result is the same as if the calls ran one after the other. Reads
 * run at the same time. A write begins when everything before it has been sent, and nothing after it begins until the
 * write has been sent. */
#include "run/own_tx.h"
#include "run/route.h"
#include "run/stream.h"
#include "run/committing.h"

static bool calls_write(const rl_op *op) {
  return rl_op_calls_write(op) || op->atomic;
}

static bool calls_may_write(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (op->calls[i]->kind->may_write(op->calls[i])) return true;
  return op->atomic;
}

static bool calls_repeat(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (!op->calls[i]->kind->repeats(op->calls[i])) return false;
  return true;
}

static bool calls_suit_replica(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (!op->calls[i]->kind->suits_replica) return false;
  return op->call_count > 0 && !calls_may_write(op);
}

/* Returns whether the call has to wait for the next group. */
static bool call_must_wait(const rl_op *op, const rl_call *call, const rl_group *group, bool open) {
  if (open && call->kind->writes(call)) return true;
  if (call->kind->script) return op->io.sent_count > 0; /* it shares a pipeline with nothing */
  if (!group->steps) return false;
  bool bulk = call->bulks && call->compiled->program->steps[call->pc].bulk != RL_BULK_NONE;
  return !op->io.driver->pipelines || bulk;
}

/* Returns whether its own transaction is only for the notice to other processes. */
static bool only_tells(const rl_op *op) {
  return op->committing && op->committing->wraps;
}

/* Queues the next statements of every call that may continue. */
static rille_status send_calls(rl_op *op, rl_group *group, bool *all, rl_error *err) {
  bool open = false; /* a call before this one is not sent completely */
  for (uint32_t i = op->sent_calls; i < op->call_count; i++) {
    rl_call *call = op->calls[i];
    if (call->kind->is_sent(call)) continue;
    if (call_must_wait(op, call, group, open)) return RILLE_OK;
    op->current = i;
    rille_status st = call->kind->send(call, &op->io, group, err);
    if (st != RILLE_OK) return st;
    bool sent = call->kind->is_sent(call);
    open = open || !sent;
    if (call->bulk || (!sent && call->kind->writes(call))) {
      *all = sent && only_tells(op); /* it has one call */
      return RILLE_OK;
    }
  }
  *all = !open;
  return RILLE_OK;
}

static bool calls_are_all_sent(rl_op *op) {
  while (op->sent_calls < op->call_count && op->calls[op->sent_calls]->kind->is_sent(op->calls[op->sent_calls]))
    op->sent_calls++;
  return op->sent_calls == op->call_count;
}

/* Marks what the operation touches, if it may write. */
static rille_status mark_writes(rl_op *op, rl_error *err) {
  return op->tx || op->lease->writer ? rl_committing_begin(op, err) : RILLE_OK;
}

static rille_status calls_send(rl_op *op, rl_error *err) {
  rl_exchange *io = &op->io;
  rl_group group = {0, false};
  bool all = false, first = op->own_tx == RL_OWN_UNDECIDED;
  rl_exchange_clear(io);
  bool has_none = op->own_tx == RL_OWN_NONE || op->own_tx == RL_OWN_NONE_TELLS;
  if (calls_are_all_sent(op) && has_none && !op->stream) return RILLE_DONE;
  rille_status st = first ? mark_writes(op, err) : RILLE_OK; /* before anything is queued */
  if (st == RILLE_OK) st = rl_route_send_probe(op, err);
  if (st == RILLE_OK && first) st = rl_own_tx_begin(op, err);
  if (st == RILLE_OK) st = send_calls(op, &group, &all, err);
  bool waits = group.waits && !only_tells(op);
  bool last = st == RILLE_OK && all && (!group.steps || (!waits && io->driver->pipelines));
  if (last && op->stream)
    st = rl_stream_end(op, err);
  else if (last && op->own_tx == RL_OWN_OPEN)
    st = rl_own_tx_end(op, err);
  if (st != RILLE_OK) return st;
  return io->sent_count ? io->driver->flush(io->conn, err) : RILLE_DONE;
}

const rl_op_kind rl_op_calls = {.writes = calls_write,
                                .may_write = calls_may_write,
                                .repeats = calls_repeat,
                                .suits_replica = calls_suit_replica,
                                .send = calls_send};
const rl_op_kind rl_op_batch = {.action = "batch",
                                .writes = calls_write,
                                .may_write = calls_may_write,
                                .repeats = calls_repeat,
                                .suits_replica = calls_suit_replica,
                                .send = calls_send};
