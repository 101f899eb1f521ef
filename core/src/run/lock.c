/* Advisory locks: attempts with pauses, and the release. */
#include "run/lock.h"

#include "base/clock.h"

enum { FIRST_PAUSE_MS = 4, LONGEST_PAUSE_MS = 100, ANSWER_MS = 5000 };

static bool has_advisory_locks(const rl_driver *d) {
  return d->advisory_locks != NULL;
}

rille_status rl_lock_init(rl_lock *lock, rl_client *client, const rl_lock_settings *settings, rl_error *err) {
  if (!has_advisory_locks(client->driver))
    return rl_fail_lack(err, RL_P2026, client->driver, has_advisory_locks, "", "advisory locks");
  if (rl_pool_conn_options(client->pool)->pooled)
    return rl_fail(
        err, RL_P2026,
        "an advisory lock outside a transaction needs its own session, which a pooler in transaction mode does not "
        "provide");
  *lock = (rl_lock){.settings = *settings};
  rl_arena_init(&lock->arena, 256);
  if (settings->key.p) {
    lock->settings.key = rl_arena_str(&lock->arena, settings->key);
    if (!lock->settings.key.p) return rl_fail_nomem(err);
  }
  lock->client = rl_client_retain(client);
  return RILLE_OK;
}

void rl_lock_dispose(rl_lock *lock) {
  if (!lock->client) return;
  rl_lease_release(lock->lease, false);
  rl_arena_dispose(&lock->arena);
  rl_client_release(lock->client);
  *lock = (rl_lock){0};
}

/* A child of the process that took the lock neither sends nor waits: the lock stays the parent's. */
static rille_status lock_check_process(const rl_lock *lock, rl_error *err) {
  return lock->lease ? rl_lease_check_process(lock->lease, err) : RILLE_OK;
}

static rille_status lock_send(rl_lock *lock, bool release, rl_error *err) {
  const rl_driver *d = lock->client->driver;
  const rl_lock_settings *s = &lock->settings;
  bool text = s->key.p != NULL;
  const char *sql = (release ? d->advisory_locks->release : d->advisory_locks->take)[s->shared][text];
  lock->wire_type = (rl_wire_type){.wire = text ? RL_WIRE_TEXT : RL_WIRE_INT8};
  lock->value = (rl_value){.kind = text ? RILLE_TEXT : RILLE_INT};
  if (text) {
    lock->value.len = (uint32_t)s->key.len;
    lock->value.as.p = s->key.p;
  } else {
    lock->value.as.i = s->number;
  }
  lock->stmt =
      (rl_stmt){.sql = sql, .sql_len = strlen(sql), .params = &lock->wire_type, .param_count = 1, .returns_rows = true};
  lock->granted = false;
  rille_status st = d->send(lock->lease->conn, &lock->stmt, &lock->value, err);
  if (st == RILLE_OK) st = d->flush(lock->lease->conn, err);
  lock->answer_due = st == RILLE_OK;
  return st;
}

/* Reads the answer into lock->granted. */
static rille_status lock_read_answer(rl_lock *lock, int64_t deadline, rl_error *err) {
  const rl_driver *d = lock->client->driver;
  while (lock->answer_due) {
    rl_row_view row;
    int64_t affected;
    rille_status st = d->next(lock->lease->conn, &row, &affected, &lock->wait, err);
    if (st == RILLE_ROW) {
      lock->granted = row.count == 1 && row.cells[0].kind == RILLE_BOOL && row.cells[0].as.i;
      continue;
    }
    if (st == RILLE_AGAIN && rl_clock_ms() < deadline) {
      if (deadline < lock->wait.until_ms) lock->wait.until_ms = deadline;
      return st;
    }
    if (st == RILLE_AGAIN)
      return rl_fail(err, RL_P1008, "the database did not answer the request for an advisory lock in time");
    lock->answer_due = false;
    if (st < 0) return st;
  }
  return RILLE_OK;
}

static rille_status lock_end(rl_lock *lock, rille_status st) {
  rl_lease_release(lock->lease, false);
  lock->lease = NULL;
  lock->state = RL_LOCK_ENDED;
  return st;
}

/* Releases the connection, which serves others until the next attempt. */
static rille_status lock_refused(rl_lock *lock) {
  int64_t now = rl_clock_ms();
  rl_lease_release(lock->lease, true);
  lock->lease = NULL;
  lock->state = RL_LOCK_ENDED;
  if (now >= lock->deadline_ms) return RILLE_DONE;
  int64_t most = lock->attempts < 5 ? (int64_t)FIRST_PAUSE_MS << lock->attempts : LONGEST_PAUSE_MS;
  int64_t chance = (int64_t)(rl_hash(&now, sizeof now, (uint64_t)(uintptr_t)lock) % (uint64_t)(most / 2));
  lock->attempts++;
  lock->next_ms = now + most / 2 + chance;
  if (lock->next_ms > lock->deadline_ms) lock->next_ms = lock->deadline_ms;
  lock->state = RL_LOCK_PAUSED;
  return RILLE_OK;
}

/* A connection that was idle may be dead. The pool has another one, and the next attempt follows soon. */
static rille_status lock_connection_lost(rl_lock *lock, rille_status st, rl_error *err) {
  bool again = err->connection_lost && !lock->lease->fresh;
  if (!again) return lock_end(lock, st);
  rl_pool_evict_idle(lock->lease->pool);
  lock_end(lock, st);
  rl_error_clear(err);
  lock->state = RL_LOCK_NEW;
  return RILLE_OK;
}

static rille_status lock_take_connection(rl_lock *lock, rl_error *err) {
  lock->state = RL_LOCK_TAKING;
  return rl_pool_take(&lock->client->pool, true, RL_NO_DEADLINE, &lock->lease, err);
}

static rille_status lock_poll_connection(rl_lock *lock, rl_error *err) {
  rille_status st = rl_pool_poll(lock->lease, false, &lock->wait, err);
  if (st == RILLE_AGAIN) return st;
  if (st != RILLE_OK) return lock_end(lock, st);
  lock->state = RL_LOCK_ASKING;
  st = lock_send(lock, false, err);
  return st == RILLE_OK ? st : lock_connection_lost(lock, st, err);
}

static rille_status lock_poll_answer(rl_lock *lock, rl_error *err) {
  rille_status st = lock_read_answer(lock, lock->deadline_ms + ANSWER_MS, err);
  if (st == RILLE_AGAIN) return st;
  if (st != RILLE_OK) return lock_connection_lost(lock, st, err);
  if (!lock->granted) return lock_refused(lock);
  lock->state = RL_LOCK_HELD;
  return RILLE_OK;
}

rille_status rl_lock_take(rl_lock *lock, rl_error *err) {
  if (lock->state == RL_LOCK_NEW) lock->deadline_ms = rl_clock_after(lock->settings.wait_ms);
  rille_status st = lock_check_process(lock, err);
  while (st == RILLE_OK && lock->state != RL_LOCK_HELD) {
    switch (lock->state) {
    case RL_LOCK_PAUSED:
      lock->wait = (rl_wait){.fd = -1, .until_ms = lock->next_ms};
      if (rl_clock_ms() < lock->next_ms) return RILLE_AGAIN;
      st = lock_take_connection(lock, err);
      break;
    case RL_LOCK_NEW: st = lock_take_connection(lock, err); break;
    case RL_LOCK_TAKING: st = lock_poll_connection(lock, err); break;
    case RL_LOCK_ASKING: st = lock_poll_answer(lock, err); break;
    default: st = rl_fail(err, RL_VALIDATION, "an advisory lock can only be taken once"); break;
    }
  }
  return st;
}

rille_status rl_lock_release(rl_lock *lock, rl_error *err) {
  rille_status st = lock_check_process(lock, err);
  if (st != RILLE_OK) return st;
  if (lock->state == RL_LOCK_HELD) {
    lock->state = RL_LOCK_LEAVING;
    lock->deadline_ms = rl_clock_ms() + ANSWER_MS;
    st = lock_send(lock, true, err);
  }
  if (lock->state != RL_LOCK_LEAVING) return rl_fail(err, RL_VALIDATION, "the advisory lock is not held");
  if (st == RILLE_OK) st = lock_read_answer(lock, lock->deadline_ms, err);
  if (st == RILLE_AGAIN) return st;
  if (st == RILLE_OK && !lock->granted)
    st = rl_fail(err, RL_P1017, "the advisory lock was lost before it was released: its session has ended");
  rl_lease_release(lock->lease, st == RILLE_OK);
  lock->lease = NULL;
  lock->state = RL_LOCK_ENDED;
  return st;
}
