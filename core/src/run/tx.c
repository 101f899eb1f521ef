/* The state of transactions: who may touch one, and what becomes of it with each operation. */
#include "run/tx.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "run/paused.h"
#include "run/rollback.h"
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
  case RL_TX_EXPIRED: return "its time was up, and it was rolled back";
  case RL_TX_ENDED: return "the database has ended it, after a failure or a COMMIT or ROLLBACK in a raw statement";
  case RL_TX_OPEN: break;
  }
  return "it is open";
}

static void leave_expiry(rl_tx *tx) {
  if (tx->expires_ms == RL_NO_DEADLINE) return;
  tx->expires_ms = RL_NO_DEADLINE;
  rl_expiry_leave(tx);
}

static void ended(rl_tx *tx, rl_tx_state state, bool clean) {
  rl_paused_cut(tx, 0);
  leave_expiry(tx);
  tx->state = state;
  if (!tx->adopted) rl_pool_give(tx->lease, clean);
  tx->lease = NULL;
}

/* The database may have ended it on its own (SQLite does so when the disk is full), and so may a raw COMMIT: what comes
 * next would not be in a transaction at all. */
static void look_at_connection(rl_tx *tx) {
  const rl_driver *d = tx->lease->driver;
  if (!d->is_usable(tx->lease->conn))
    ended(tx, RL_TX_LOST, false);
  else if (!d->in_transaction(tx->lease->conn))
    ended(tx, RL_TX_ENDED, true);
}

/* How long a rollback that nobody waits for may take before the connection is closed instead. */
#define DISPOSE_MS 1000
#define DISPOSE_HURRY_MS 40

void rl_tx_roll_back(rl_tx *tx) {
  rl_rollback r;
  leave_expiry(tx);
  rl_paused_cut(tx, 0);
  if (tx->state == RL_TX_OPEN && tx->lease && !tx->adopted) look_at_connection(tx);
  if (tx->state != RL_TX_OPEN || !tx->lease || tx->adopted) return;
  rl_rollback_init(&r, tx->client, tx->lease, tx->number,
                   rl_clock_ms() + (tx->cooperative ? DISPOSE_HURRY_MS : DISPOSE_MS));
  tx->state = RL_TX_ROLLED_BACK;
  tx->lease = NULL;
  rl_rollback_wait(&r);
}

static rille_status refuse(const rl_tx *tx, rl_error *err) {
  if (tx->state == RL_TX_ENDED && tx->failure.action)
    return rl_tx_fail_after_failure(
        tx, "The transaction cannot be used any more: the database has ended it after a failure", err);
  if (tx->state == RL_TX_LOST && tx->failure.action)
    return rl_tx_fail_after_failure(tx, "The transaction cannot be used any more: its connection was lost", err);
  if (tx->state != RL_TX_EXPIRED)
    return rl_fail(err, RL_P2028, "The transaction cannot be used any more: %s", state_text(tx->state));
  return rl_fail(err, RL_P2028,
                 "The transaction has expired: its timeout is %lld ms; keep transactions short, or raise timeout",
                 (long long)tx->settings.timeout_ms);
}

static void grip(rl_tx *tx) {
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
  grip(tx);
  if (tx->state == RL_TX_OPEN) return RILLE_OK;
  rille_status st = refuse(tx, err);
  rl_tx_let_go(tx);
  return st;
}

rille_status rl_tx_check(rl_tx *tx, rl_error *err) {
  if (tx->running)
    return rl_fail(err, RL_P2028,
                   "The transaction runs another operation: finish that first, a transaction does one thing at a time");
  grip(tx);
  if (tx->state == RL_TX_OPEN) look_at_connection(tx);
  rille_status st = tx->state == RL_TX_OPEN ? RILLE_OK : refuse(tx, err);
  bool late = st == RILLE_OK && rl_clock_ms() >= tx->deadline_ms;
  if (late) leave_expiry(tx);
  rl_tx_let_go(tx);
  if (!late) return st;
  rl_tx_roll_back(tx); /* others wait for what it has locked, and nobody knows when its owner is going to end it */
  tx->state = RL_TX_EXPIRED;
  return refuse(tx, err);
}

rille_status rl_tx_check_new(rl_tx *tx, rl_error *err) {
  if (tx->running) return rl_fail(err, RL_P2028, "The transaction was begun before: an operation of it is under way");
  grip(tx);
  rl_tx_state state = tx->state;
  rl_tx_let_go(tx);
  return state == RL_TX_NEW ? RILLE_OK
                            : rl_fail(err, RL_P2028, "The transaction was begun before: %s", state_text(state));
}

static void begun(rl_tx *tx, rl_op *op) {
  tx->lease = op->lease; /* when it was not begun, the operation gives its connection back */
  op->lease = NULL;
  tx->state = RL_TX_OPEN;
  tx->cooperative = !op->blocking;
  tx->deadline_ms = tx->expires_ms = rl_clock_after(tx->settings.timeout_ms);
  rl_expiry_join(tx, tx->expires_ms);
}

static void command_answered(rl_tx *tx, rl_op *op, bool good, bool clean) {
  switch (tx->verb) {
  case RL_VERB_NONE:
  case RL_VERB_BEGIN: return;
  case RL_VERB_COMMIT:
    if (good && tx->doomed)
      rl_tx_fail_after_failure(
          tx, "The transaction was rolled back, not committed, because a statement in it had failed", &op->error);
    ended(tx, good && !tx->doomed ? RL_TX_COMMITTED : RL_TX_ROLLED_BACK, clean);
    return;
  case RL_VERB_ROLLBACK: ended(tx, RL_TX_ROLLED_BACK, clean); return;
  case RL_VERB_SAVEPOINT: tx->depth += good; return;
  case RL_VERB_RELEASE:
    if (!good) return;
    if (!tx->doomed) {
      rl_paused_lift(tx, --tx->depth);
      return;
    }
    rl_paused_cut(tx, tx->depth--);
    rl_tx_fail_after_failure(tx, "The savepoint was rolled back, not released, because a statement in it had failed",
                             &op->error);
    return;
  case RL_VERB_ROLLBACK_TO:
    if (good) rl_paused_cut(tx, tx->depth--);
    return;
  }
}

static void operation_answered(rl_tx *tx, rl_op *op, bool good) {
  const rl_exchange *io = &op->io;
  bool usable = !io->must_close && io->driver->is_usable(io->conn);
  bool clean = usable && !io->driver->in_transaction(io->conn);
  if (!good) rl_tx_note_failure(tx, op);
  if (op->kind->ends) command_answered(tx, op, good, clean);
  if (tx->state == RL_TX_OPEN && (op->ends_tx || !usable))
    ended(tx, op->ends_tx ? RL_TX_ROLLED_BACK : RL_TX_LOST, clean);
  bool undone = good && tx->failure.action && tx->state == RL_TX_OPEN && !io->driver->transaction_failed(io->conn);
  if (undone) rl_tx_forget_failure(tx);
}

void rl_tx_answered(rl_tx *tx, rl_op *op, bool good) {
  tx->running = NULL;
  if (op->kind->begins) {
    if (good) begun(tx, op);
    return;
  }
  if (!op->io.conn) return; /* nothing of it was sent */
  if (tx->state == RL_TX_OPEN) operation_answered(tx, op, good);
  rl_tx_let_go(tx);
}
