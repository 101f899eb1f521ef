/* Transactions: begin, commit, roll back, savepoints. */
#include "run/tx.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"

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

rl_begin rl_tx_begin(const rl_tx *tx) {
  return (rl_begin){
      .isolation = tx->settings.isolation, .read_only = tx->settings.read_only, .timeout_ms = tx->settings.timeout_ms};
}

void rl_tx_adopt(rl_tx *tx, rl_client *c, rl_lease *lease) {
  *tx = (rl_tx){.state = RL_TX_OPEN,
                .lease = lease,
                .deadline_ms = RL_NO_DEADLINE,
                .expires_ms = RL_NO_DEADLINE,
                .adopted = true};
  tx->client = rl_client_retain(c);
}

/* How long a rollback that nobody waits for may take before the connection is closed instead. */
#define DISPOSE_MS 1000
#define DISPOSE_HURRY_MS 20

static void roll_back_now(rl_tx *tx) {
  rl_op op;
  rl_error ignored = {0};
  rille_row row;
  rl_op_init(&op, tx->client);
  if (rl_tx_start(tx, &op, RL_VERB_ROLLBACK, &ignored) == RILLE_OK) {
    op.hurried = tx->cooperative;
    op.limit_ms = rl_clock_ms() + (tx->cooperative ? DISPOSE_HURRY_MS : DISPOSE_MS);
    rl_op_next(&op, &row, &ignored);
  }
  rl_error_clear(&ignored);
  rl_op_dispose(&op);
}

static void leave_expiry(rl_tx *tx) {
  if (tx->expires_ms == RL_NO_DEADLINE) return;
  tx->expires_ms = RL_NO_DEADLINE;
  rl_expiry_leave(tx);
}

void rl_tx_dispose(rl_tx *tx) {
  leave_expiry(tx);
  if (tx->running) rl_op_cut(tx->running);
  tx->running = NULL;
  rl_stream_cut(tx, 0);
  atomic_store(&tx->grip, RL_GRIP_FREE);
  if (tx->state == RL_TX_OPEN && tx->lease && !tx->adopted) roll_back_now(tx);
  if (tx->lease && !tx->adopted) rl_pool_give(tx->lease, false);
  tx->lease = NULL;
  rl_tx_forget_failure(tx);
  rl_client_release(tx->client);
  tx->client = NULL;
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

static void ended(rl_tx *tx, rl_tx_state state, bool clean) {
  rl_stream_cut(tx, 0);
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

static rille_status refuse(const rl_tx *tx, rl_error *err) {
  if (tx->state == RL_TX_ENDED && tx->failure.action)
    return rl_tx_fail_after_failure(
        tx, "The transaction cannot be used any more: the database has ended it after a failure", err);
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
  roll_back_now(tx); /* others wait for what it has locked, and nobody knows when its owner is going to end it */
  if (tx->state == RL_TX_OPEN) return rl_fail_nomem(err);
  tx->state = RL_TX_EXPIRED;
  return refuse(tx, err);
}

/* Ending must work after the deadline too. */
static rille_status start_end(rl_tx *tx, rl_op *op, const rl_step_of_tx *verbs, size_t count, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = rl_op_start_verbs(op, tx, verbs, count, err);
  tx->deadline_ms = deadline;
  return st;
}

static rille_status may_begin(rl_tx *tx, rl_error *err) {
  if (tx->running) return rl_fail(err, RL_P2028, "The transaction was begun before: an operation of it is under way");
  grip(tx);
  rl_tx_state state = tx->state;
  rl_tx_let_go(tx);
  return state == RL_TX_NEW ? RILLE_OK
                            : rl_fail(err, RL_P2028, "The transaction was begun before: %s", state_text(state));
}

/* Before anything of the transaction is changed: another operation may run in it. */
static rille_status may_start(rl_tx *tx, rl_verb verb, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  if (verb == RL_VERB_BEGIN) return may_begin(tx, err);
  if (verb == RL_VERB_ROLLBACK || verb == RL_VERB_RELEASE || verb == RL_VERB_ROLLBACK_TO)
    tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = rl_tx_check(tx, err);
  tx->deadline_ms = deadline;
  bool needs_savepoint = verb == RL_VERB_RELEASE || verb == RL_VERB_ROLLBACK_TO;
  bool ends = verb == RL_VERB_COMMIT || verb == RL_VERB_ROLLBACK;
  if (st == RILLE_OK && ends && tx->adopted)
    return rl_fail(err, RL_P2028, "The transaction is not ended here, but by what began it");
  if (st == RILLE_OK && needs_savepoint && tx->depth == 0)
    return rl_fail(err, RL_P2028, "The transaction has no open savepoint");
  return st;
}

/* Whether the database would refuse to keep what was done. */
static rille_status look_for_failure(rl_tx *tx, rl_error *err) {
  rille_status st = rl_tx_hold(tx, err);
  if (st != RILLE_OK) return st;
  tx->doomed = tx->lease->driver->transaction_failed(tx->lease->conn);
  rl_tx_let_go(tx);
  return RILLE_OK;
}

static rille_status start_end_of_savepoint(rl_tx *tx, rl_op *op, bool release, rl_error *err) {
  rille_status st = release ? look_for_failure(tx, err) : RILLE_OK;
  if (st != RILLE_OK) return st;
  bool undo = !release || tx->doomed;
  rl_step_of_tx verbs[] = {{RL_VERB_ROLLBACK_TO, tx->depth}, {RL_VERB_RELEASE, tx->depth}};
  return start_end(tx, op, undo ? verbs : verbs + 1, undo ? 2 : 1, err);
}

rille_status rl_tx_start(rl_tx *tx, rl_op *op, rl_verb verb, rl_error *err) {
  rl_step_of_tx one = {verb, tx->depth + 1};
  rl_op_reset(op); /* what it did may have been in this very transaction */
  rille_status st = may_start(tx, verb, err);
  if (st != RILLE_OK) return st;
  tx->verb = verb;
  switch (verb) {
  case RL_VERB_BEGIN:
  case RL_VERB_SAVEPOINT: return rl_op_start_verbs(op, tx, &one, 1, err);
  case RL_VERB_COMMIT:
    st = look_for_failure(tx, err);
    if (st != RILLE_OK) return st;
    if (tx->doomed) one.verb = RL_VERB_ROLLBACK;
    return start_end(tx, op, &one, 1, err);
  case RL_VERB_ROLLBACK: return start_end(tx, op, &one, 1, err);
  case RL_VERB_RELEASE:
  case RL_VERB_ROLLBACK_TO: return start_end_of_savepoint(tx, op, verb == RL_VERB_RELEASE, err);
  case RL_VERB_NONE: break;
  }
  return rl_fail(err, RL_INTERNAL, "unknown verb of a transaction: %d", (int)verb);
}

static void begun(rl_tx *tx, rl_op *op) {
  tx->lease = op->lease; /* when it was not begun, the operation gives its connection back */
  op->lease = NULL;
  tx->state = RL_TX_OPEN;
  tx->cooperative = !op->blocking;
  tx->deadline_ms = tx->expires_ms = rl_clock_after(tx->settings.timeout_ms);
  rl_expiry_join(tx, tx->expires_ms);
}

/* Paused reads that were begun in the savepoint belong to what it was in. */
static void released(rl_tx *tx) {
  tx->depth--;
  for (rl_op *p = tx->paused; p; p = p->next_paused)
    if (p->depth > tx->depth) p->depth = tx->depth;
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
      released(tx);
      return;
    }
    rl_stream_cut(tx, tx->depth--);
    rl_tx_fail_after_failure(tx, "The savepoint was rolled back, not released, because a statement in it had failed",
                             &op->error);
    return;
  case RL_VERB_ROLLBACK_TO:
    if (good) rl_stream_cut(tx, tx->depth--);
    return;
  }
}

static void operation_answered(rl_tx *tx, rl_op *op, bool good) {
  bool usable = !op->dirty && op->driver->is_usable(op->conn);
  bool clean = usable && !op->driver->in_transaction(op->conn);
  if (!good) rl_tx_note_failure(tx, op);
  if (op->kind == RL_OP_END) command_answered(tx, op, good, clean);
  if (tx->state == RL_TX_OPEN && (op->ends_tx || !usable))
    ended(tx, op->ends_tx ? RL_TX_ROLLED_BACK : RL_TX_LOST, clean);
  bool undone = good && tx->failure.action && tx->state == RL_TX_OPEN && !op->driver->transaction_failed(op->conn);
  if (undone) rl_tx_forget_failure(tx);
}

void rl_tx_answered(rl_tx *tx, rl_op *op, bool good) {
  tx->running = NULL;
  if (op->kind == RL_OP_BEGIN) {
    if (good) begun(tx, op);
    return;
  }
  if (!op->conn) return; /* nothing of it was sent */
  if (tx->state == RL_TX_OPEN) operation_answered(tx, op, good);
  rl_tx_let_go(tx);
}
