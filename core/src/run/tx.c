/* Transactions: begin, commit, roll back, savepoints. */
#include "run/tx.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"

static const char *isolation_text(rl_isolation i) {
  switch (i) {
  case RL_ISOLATION_READ_UNCOMMITTED: return " ISOLATION LEVEL READ UNCOMMITTED";
  case RL_ISOLATION_READ_COMMITTED: return " ISOLATION LEVEL READ COMMITTED";
  case RL_ISOLATION_REPEATABLE_READ: return " ISOLATION LEVEL REPEATABLE READ";
  case RL_ISOLATION_SERIALIZABLE: return " ISOLATION LEVEL SERIALIZABLE";
  case RL_ISOLATION_DEFAULT: break;
  }
  return "";
}

rille_status rl_tx_init(rl_tx *tx, rl_client *c, const rl_tx_settings *settings, rl_error *err) {
  *tx = (rl_tx){.settings = *settings, .state = RL_TX_NEW};
  if (tx->settings.max_wait_ms <= 0) tx->settings.max_wait_ms = 2000;
  if (tx->settings.timeout_ms <= 0) tx->settings.timeout_ms = 5000;
  tx->deadline_ms = tx->expires_ms = RL_NO_DEADLINE;
  bool only_serializable = c->driver->single_writer; /* a database of one writer has no weaker levels */
  if (only_serializable && settings->isolation != RL_ISOLATION_DEFAULT &&
      settings->isolation != RL_ISOLATION_SERIALIZABLE)
    return rl_fail(err, RL_P2028, "isolation_level: %s has only \"serializable\"",
                   rl_provider_title(c->driver->provider));
  if (only_serializable)
    snprintf(tx->begin, sizeof tx->begin, "%s", settings->read_only ? "BEGIN" : "BEGIN IMMEDIATE");
  else
    snprintf(tx->begin, sizeof tx->begin, "BEGIN%s%s", isolation_text(settings->isolation),
             settings->read_only ? " READ ONLY" : "");
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

/* How long a rollback that nobody waits for may take before the connection is closed instead. */
#define DISPOSE_MS 1000
#define DISPOSE_HURRY_MS 20

static void roll_back_now(rl_tx *tx) {
  rl_op op;
  rl_error ignored = {0};
  rille_row row;
  rl_op_init(&op, tx->client);
  if (rl_tx_start(tx, &op, RL_TX_ROLLBACK, &ignored) == RILLE_OK) {
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

static void write_savepoint(rl_tx *tx, uint32_t depth) {
  snprintf(tx->savepoint[0], sizeof tx->savepoint[0], "SAVEPOINT rille_%u", depth);
  snprintf(tx->savepoint[1], sizeof tx->savepoint[1], "RELEASE SAVEPOINT rille_%u", depth);
  snprintf(tx->savepoint[2], sizeof tx->savepoint[2], "ROLLBACK TO SAVEPOINT rille_%u", depth);
}

/* Ending must work after the deadline too. */
static rille_status start_end(rl_tx *tx, rl_op *op, const char *const *commands, size_t count, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = rl_op_start_commands(op, tx, false, commands, count, err);
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
static rille_status may_start(rl_tx *tx, rl_tx_command command, rl_error *err) {
  int64_t deadline = tx->deadline_ms;
  if (command == RL_TX_BEGIN) return may_begin(tx, err);
  if (command == RL_TX_ROLLBACK || command == RL_TX_RELEASE || command == RL_TX_ROLLBACK_TO)
    tx->deadline_ms = RL_NO_DEADLINE;
  rille_status st = rl_tx_check(tx, err);
  tx->deadline_ms = deadline;
  bool needs_savepoint = command == RL_TX_RELEASE || command == RL_TX_ROLLBACK_TO;
  bool ends = command == RL_TX_COMMIT || command == RL_TX_ROLLBACK;
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
  const char *commands[2];
  rille_status st = release ? look_for_failure(tx, err) : RILLE_OK;
  if (st != RILLE_OK) return st;
  bool undo = !release || tx->doomed;
  write_savepoint(tx, tx->depth);
  commands[0] = tx->savepoint[undo ? 2 : 1];
  commands[1] = tx->savepoint[1];
  return start_end(tx, op, commands, undo ? 2 : 1, err);
}

rille_status rl_tx_start(rl_tx *tx, rl_op *op, rl_tx_command command, rl_error *err) {
  const char *one[1] = {NULL};
  rl_op_reset(op); /* what it did may have been in this very transaction */
  rille_status st = may_start(tx, command, err);
  if (st != RILLE_OK) return st;
  tx->command = command;
  switch (command) {
  case RL_TX_BEGIN: one[0] = tx->begin; return rl_op_start_commands(op, tx, true, one, 1, err);
  case RL_TX_COMMIT:
    st = look_for_failure(tx, err);
    if (st != RILLE_OK) return st;
    one[0] = tx->doomed ? "ROLLBACK" : "COMMIT";
    return start_end(tx, op, one, 1, err);
  case RL_TX_ROLLBACK: one[0] = "ROLLBACK"; return start_end(tx, op, one, 1, err);
  case RL_TX_SAVEPOINT:
    write_savepoint(tx, tx->depth + 1);
    one[0] = tx->savepoint[0];
    return rl_op_start_commands(op, tx, false, one, 1, err);
  case RL_TX_RELEASE:
  case RL_TX_ROLLBACK_TO: return start_end_of_savepoint(tx, op, command == RL_TX_RELEASE, err);
  }
  return rl_fail(err, RL_INTERNAL, "unknown transaction command %d", (int)command);
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
  switch (tx->command) {
  case RL_TX_BEGIN: return;
  case RL_TX_COMMIT:
    if (good && tx->doomed)
      rl_tx_fail_after_failure(
          tx, "The transaction was rolled back, not committed, because a statement in it had failed", &op->error);
    ended(tx, good && !tx->doomed ? RL_TX_COMMITTED : RL_TX_ROLLED_BACK, clean);
    return;
  case RL_TX_ROLLBACK: ended(tx, RL_TX_ROLLED_BACK, clean); return;
  case RL_TX_SAVEPOINT: tx->depth += good; return;
  case RL_TX_RELEASE:
    if (!good) return;
    if (!tx->doomed) {
      released(tx);
      return;
    }
    rl_stream_cut(tx, tx->depth--);
    rl_tx_fail_after_failure(tx, "The savepoint was rolled back, not released, because a statement in it had failed",
                             &op->error);
    return;
  case RL_TX_ROLLBACK_TO:
    if (good) rl_stream_cut(tx, tx->depth--);
    return;
  }
}

static void operation_answered(rl_tx *tx, rl_op *op, bool good) {
  bool usable = !op->dirty && op->driver->is_usable(op->conn);
  bool clean = usable && !op->driver->in_transaction(op->conn);
  if (!good) rl_tx_note_failure(tx, op);
  if (op->kind == RL_OP_COMMANDS) command_answered(tx, op, good, clean);
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
