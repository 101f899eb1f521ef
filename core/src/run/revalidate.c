/* One notice as an operation of its own, or no statement at all. */
#include "run/revalidate.h"

#include "run/answers.h"
#include "run/committing.h"

static rille_status send_notice(rl_op *op, rl_error *err) {
  if (op->io.sent_count) return RILLE_DONE;
  rille_status st = rl_committing_tell(op, err);
  return st == RILLE_OK ? op->io.driver->flush(op->io.conn, err) : st;
}

static const rl_op_kind revalidate_kind = {.action = "revalidate",
                                           .writes = rl_op_always, /* only the primary passes notices on */
                                           .may_write = rl_op_never,
                                           .repeats = rl_op_always,
                                           .suits_replica = rl_op_never,
                                           .send = send_notice};

rille_status rl_op_start_revalidate(rl_op *op, rl_tx *tx, const rl_names *names, rl_error *err) {
  rille_status st = rl_op_begin_start(op, tx, &revalidate_kind, err);
  if (st == RILLE_OK && !rl_client_caches(op->client))
    st = rl_fail(err, RL_VALIDATION, "revalidate: the client has no cache; open it with `cache`");
  if (st != RILLE_OK) return st;
  bool tells = false;
  if (tx)
    rl_names_add_all(&tx->touched, names);
  else
    st = rl_committing_now(op, names, &tells, err);
  if (st != RILLE_OK) return st;
  rl_op_started(op, tx);
  if (!tells) op->phase = RL_PHASE_END;
  return st;
}
