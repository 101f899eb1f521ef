/* Operations of calls, one or a batch. Their groups of statements go out together: first those of all calls, then what
 * comes next in each, and so on, as long as nobody can tell the difference from one call after the other: reads run
 * side by side; a write begins when all before it are sent, and nothing begins before it is. */
#include "run/own_tx.h"
#include "run/route.h"
#include "run/stream.h"

static bool writes(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (op->calls[i]->kind->writes(op->calls[i])) return true;
  return op->atomic;
}

static bool may_write(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (op->calls[i]->kind->may_write(op->calls[i])) return true;
  return op->atomic;
}

static bool repeats(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (!op->calls[i]->kind->repeats(op->calls[i])) return false;
  return true;
}

static bool suits_replica(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (!op->calls[i]->kind->suits_replica) return false;
  return op->call_count > 0 && !may_write(op);
}

/* Whether the call is to wait for the next group. */
static bool must_wait(const rl_op *op, const rl_call *call, const rl_group *group, bool open) {
  if (open && call->kind->writes(call)) return true;
  if (call->kind->script) return op->io.sent_count > 0; /* it goes to the server apart from everything else */
  if (!group->steps) return false;
  bool bulk = call->bulks && call->compiled->program->steps[call->pc].bulk != RL_BULK_NONE;
  return !op->io.driver->pipelines || bulk;
}

/* The next statements of every call that may go now. */
static rille_status send_calls(rl_op *op, rl_group *group, bool *all, rl_error *err) {
  bool open = false; /* some call before this one is not sent to its end */
  for (uint32_t i = op->sent_calls; i < op->call_count; i++) {
    rl_call *call = op->calls[i];
    if (call->kind->is_sent(call)) continue;
    if (must_wait(op, call, group, open)) return RILLE_OK;
    op->at = i;
    rille_status st = call->kind->send(call, &op->io, group, err);
    if (st != RILLE_OK) return st;
    bool sent = call->kind->is_sent(call);
    open = open || !sent;
    if (call->bulk || (!sent && call->kind->writes(call))) return RILLE_OK;
  }
  *all = !open;
  return RILLE_OK;
}

static bool all_are_sent(rl_op *op) {
  while (op->sent_calls < op->call_count && op->calls[op->sent_calls]->kind->is_sent(op->calls[op->sent_calls]))
    op->sent_calls++;
  return op->sent_calls == op->call_count;
}

static rille_status send(rl_op *op, rl_error *err) {
  rl_exchange *io = &op->io;
  rl_group group = {0, false};
  bool all = false;
  rl_exchange_clear(io);
  if (all_are_sent(op) && op->own == RL_OWN_NONE && !op->stream) return RILLE_DONE;
  rille_status st = rl_route_send_probe(op, err);
  if (st == RILLE_OK) st = rl_own_begin(op, err);
  if (st == RILLE_OK) st = send_calls(op, &group, &all, err);
  bool last = st == RILLE_OK && all && (!group.steps || (!group.waits && io->driver->pipelines));
  if (last && op->stream)
    st = rl_stream_end(op, err);
  else if (last && op->own == RL_OWN_OPEN)
    st = rl_own_end(op, err);
  if (st != RILLE_OK) return st;
  return io->sent_count ? io->driver->flush(io->conn, err) : RILLE_DONE;
}

const rl_op_kind rl_op_calls = {
    .writes = writes, .may_write = may_write, .repeats = repeats, .suits_replica = suits_replica, .send = send};
const rl_op_kind rl_op_batch = {.action = "batch",
                                .writes = writes,
                                .may_write = may_write,
                                .repeats = repeats,
                                .suits_replica = suits_replica,
                                .send = send};
