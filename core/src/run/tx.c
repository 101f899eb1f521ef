/* The state of transactions: who may touch one, and how each operation changes it. */
#include "run/tx.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "run/foreign.h"
#include "run/paused.h"
#include "run/rollback.h"
#include "run/committing.h"
#include "run/tx_failure.h"

static const char *const level_names[] = {"", "read_uncommitted", "read_committed", "repeatable_read", "serializable"};
enum { LEVELS = sizeof level_names / sizeof *level_names };

static rille_status check_isolation(const rl_driver *d, rl_isolation wanted, rl_error *err) {
  char known[128] = "";
  if (d->isolation_levels & 1u << wanted) return RILLE_OK;
  for (size_t i = RL_ISOLATION_DEFAULT + 1, n = 0; i < LEVELS; i++)
    if (d->isolation_levels & 1u << i)
      n += (size_t)snprintf(known + n, sizeof known - n, "%s\"%s\"", n ? ", " : "", level_names[i]);
  return rl_fail(err, RL_P2028, "isolation_level: %s has only %s", rl_provider_title(d->provider), known);
}

rille_status rl_tx_init(rl_tx *tx, rl_client *c, const rl_tx_settings *settings, rl_error *err) {
  *tx = (rl_tx){.settings = *settings, .state = RL_TX_NEW};
  if (tx->settings.max_wait_ms <= 0) tx->settings.max_wait_ms = 2000;
  if (tx->settings.timeout_ms <= 0) tx->settings.timeout_ms = 5000;
  tx->deadline_ms = tx->expires_ms = RL_NO_DEADLINE;
  rille_status st = check_isolation(c->driver, settings->isolation, err);
  if (st != RILLE_OK) return st;
  tx->client = rl_client_retain(c);
  return RILLE_OK;
}

void rl_tx_adopt(rl_tx *tx, rl_client *c, rl_lease *lease) {
  *tx = (rl_tx){.state = RL_TX_OPEN,
                .lease = lease,
                .deadline_ms = RL_NO_DEADLINE,
                .expires_ms = RL_NO_DEADLINE,
                .adopted = true};
  tx->client = rl_client_retain(c);
}

static const char *state_text(rl_tx_state s) {
  switch (s) {
  case RL_TX_NEW: return "it was never begun";
  case RL_TX_COMMITTED: return "it is committed";
  case RL_TX_ROLLED_BACK: return "it is rolled back";
  case RL_TX_LOST: return "its connection was lost";
  case RL_TX_EXPIRED: return "it timed out and was rolled back";
  case RL_TX_ENDED: return "the database has ended it, after a failure or a COMMIT or ROLLBACK in a raw statement";
  case RL_TX_OPEN: break;
  }
  return "it is open";
}

static void tx_leave_expiry(rl_tx *tx) {
  if (tx->expires_ms == RL_NO_DEADLINE) return;
  tx->expires_ms = RL_NO_DEADLINE;
  rl_expiry_leave(tx);
}

static void tx_ended(rl_tx *tx, rl_tx_state state, bool clean) {
  rl_paused_cut(tx, 0);
  tx_leave_expiry(tx);
  tx->state = state;
  rl_committing_tx_forget(tx, state == RL_TX_ENDED);
  if (!tx->adopted) rl_lease_release(tx->lease, clean);
  tx->lease = NULL;
}

/* Notes whether the transaction has ended. The database ends it on its own (SQLite does so when the disk is full), and
 * so does a raw COMMIT. What follows would not be in a transaction. */
static void tx_check_connection(rl_tx *tx) {
  const rl_driver *d = tx->lease->driver;
  if (!d->is_usable(tx->lease->conn))
    tx_ended(tx, RL_TX_LOST, false);
  else if (!d->in_transaction(tx->lease->conn))
    tx_ended(tx, RL_TX_ENDED, true);
}

/* How long a rollback that no caller waits for may take before the connection is closed. */
#define DISPOSE_MS 1000
#define DISPOSE_COOPERATIVE_MS 40

void rl_tx_roll_back(rl_tx *tx) {
  rl_rollback r;
  tx_leave_expiry(tx);
  rl_paused_cut(tx, 0);
  if (tx->state == RL_TX_OPEN && tx->lease && !tx->adopted) tx_check_connection(tx);
  if (tx->state != RL_TX_OPEN || !tx->lease || tx->adopted) return;
  rl_rollback_init(&r, tx->client, tx->lease, tx->number,
                   rl_clock_ms() + (tx->cooperative ? DISPOSE_COOPERATIVE_MS : DISPOSE_MS));
  tx->state = RL_TX_ROLLED_BACK;
  rl_committing_tx_forget(tx, false);
  tx->lease = NULL;
  rl_rollback_wait(&r);
}

static rille_status tx_refuse(const rl_tx *tx, rl_error *err) {
  if (tx->state == RL_TX_ENDED && tx->failure.action)
    return rl_tx_fail_after_failure(
        tx, "the transaction cannot be used any more: the database has ended it after a failure", err);
  if (tx->state == RL_TX_LOST && tx->failure.action)
    return rl_tx_fail_after_failure(tx, "the transaction cannot be used any more: its connection was lost", err);
  if (tx->state != RL_TX_EXPIRED)
    return rl_fail(err, RL_P2028, "the transaction cannot be used any more: %s", state_text(tx->state));
  return rl_fail(err, RL_P2028,
                 "the transaction has expired: its timeout is %lld ms; keep transactions short, or raise `timeout`",
                 (long long)tx->settings.timeout_ms);
}

static void tx_take_grip(rl_tx *tx) {
  int seen = RL_GRIP_FREE;
  while (!atomic_compare_exchange_strong(&tx->grip, &seen, RL_GRIP_OWNER)) {
    rl_expiry_wait();
    seen = RL_GRIP_FREE;
  }
}

void rl_tx_let_go(rl_tx *tx) {
  bool due = atomic_exchange(&tx->grip, RL_GRIP_FREE) == RL_GRIP_DUE;
  if (due && tx->expires_ms != RL_NO_DEADLINE) rl_expiry_join(tx, tx->expires_ms);
}

rille_status rl_tx_hold(rl_tx *tx, rl_error *err) {
  tx_take_grip(tx);
  if (tx->state == RL_TX_OPEN) return RILLE_OK;
  rille_status st = tx_refuse(tx, err);
  rl_tx_let_go(tx);
  return st;
}

rille_status rl_tx_check(rl_tx *tx, rl_error *err) {
  if (tx->running)
    return rl_fail(
        err, RL_P2028,
        "the transaction is running another operation; finish that first: a transaction does one thing at a time");
  tx_take_grip(tx);
  if (tx->state == RL_TX_OPEN) tx_check_connection(tx);
  rille_status st = tx->state == RL_TX_OPEN ? RILLE_OK : tx_refuse(tx, err);
  bool late = st == RILLE_OK && rl_clock_ms() >= tx->deadline_ms;
  if (late) tx_leave_expiry(tx);
  rl_tx_let_go(tx);
  if (!late) return st;
  rl_tx_roll_back(tx); /* others wait for its locks, and its owner may never end it */
  tx->state = RL_TX_EXPIRED;
  return tx_refuse(tx, err);
}

rille_status rl_tx_check_new(rl_tx *tx, rl_error *err) {
  if (tx->running) return rl_fail(err, RL_P2028, "the transaction has begun already: one of its operations is running");
  tx_take_grip(tx);
  rl_tx_state state = tx->state;
  rl_tx_let_go(tx);
  return state == RL_TX_NEW ? RILLE_OK
                            : rl_fail(err, RL_P2028, "the transaction has begun already: %s", state_text(state));
}

static void tx_begun(rl_tx *tx, rl_op *op) {
  tx->lease = op->lease; /* if it was not begun, the operation releases its connection */
  op->lease = NULL;
  if (tx->lease->writer) rl_foreign_settle(tx->client, tx->lease); /* from now on nobody else can commit */
  tx->state = RL_TX_OPEN;
  tx->cooperative = !op->blocking;
  tx->deadline_ms = tx->expires_ms = rl_clock_after(tx->settings.timeout_ms);
  rl_expiry_join(tx, tx->expires_ms);
}

static void tx_verb_answered(rl_tx *tx, rl_op *op, bool good, bool clean) {
  switch (tx->verb) {
  case RL_VERB_NONE:
  case RL_VERB_BEGIN: return;
  case RL_VERB_COMMIT:
    if (good && tx->doomed)
      rl_tx_fail_after_failure(
          tx, "the transaction was rolled back, not committed, because a statement in it had failed", &op->error);
    rl_committing_tx_answered(tx, op, good);
    tx_ended(tx, good && !tx->doomed ? RL_TX_COMMITTED : RL_TX_ROLLED_BACK, clean);
    return;
  case RL_VERB_ROLLBACK: tx_ended(tx, RL_TX_ROLLED_BACK, clean); return;
  case RL_VERB_SAVEPOINT: tx->depth += good; return;
  case RL_VERB_RELEASE:
    if (!good) return;
    if (!tx->doomed) {
      rl_paused_lift(tx, --tx->depth);
      return;
    }
    rl_paused_cut(tx, tx->depth--);
    rl_tx_fail_after_failure(tx, "the savepoint was rolled back, not released, because a statement in it had failed",
                             &op->error);
    return;
  case RL_VERB_ROLLBACK_TO:
    if (good) rl_paused_cut(tx, tx->depth--);
    return;
  }
}

static void tx_operation_answered(rl_tx *tx, rl_op *op, bool good) {
  const rl_exchange *io = &op->io;
  bool usable = !io->must_close && io->driver->is_usable(io->conn);
  bool clean = usable && !io->driver->in_transaction(io->conn);
  if (!good) rl_tx_note_failure(tx, op);
  if (op->kind->ends) tx_verb_answered(tx, op, good, clean);
  if (tx->state == RL_TX_OPEN && (op->ends_tx || !usable))
    tx_ended(tx, op->ends_tx ? RL_TX_ROLLED_BACK : RL_TX_LOST, clean);
  bool undone = good && tx->failure.action && tx->state == RL_TX_OPEN && !io->driver->transaction_failed(io->conn);
  if (undone) rl_tx_forget_failure(tx);
}

void rl_tx_answered(rl_tx *tx, rl_op *op, bool good) {
  tx->running = NULL;
  if (op->kind->begins) {
    if (good) tx_begun(tx, op);
    return;
  }
  if (!op->io.conn) return; /* nothing of it was sent */
  if (tx->state == RL_TX_OPEN) tx_operation_answered(tx, op, good);
  rl_tx_let_go(tx);
}
