/* Advisory locks: attempts with pauses between them, and the release. */
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
        "an advisory lock outside a transaction needs a session, which a pooler in transaction mode does not "
        "give");
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
  rl_pool_give(lock->lease, false);
  rl_arena_dispose(&lock->arena);
  rl_client_release(lock->client);
  *lock = (rl_lock){0};
}

/* A child of the process that took it neither asks nor waits: the lock stays the parent's. */
static rille_status check_process(const rl_lock *lock, rl_error *err) {
  return lock->lease ? rl_lease_check_process(lock->lease, err) : RILLE_OK;
}

static rille_status ask(rl_lock *lock, bool release, rl_error *err) {
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
  lock->yes = false;
  rille_status st = d->send(lock->lease->conn, &lock->stmt, &lock->value, err);
  if (st == RILLE_OK) st = d->flush(lock->lease->conn, err);
  lock->asked = st == RILLE_OK;
  return st;
}

/* The answer to what was asked, in lock->yes. */
static rille_status answer(rl_lock *lock, int64_t deadline, rl_error *err) {
  const rl_driver *d = lock->client->driver;
  while (lock->asked) {
    rl_row_view row;
    int64_t affected;
    rille_status st = d->next(lock->lease->conn, &row, &affected, &lock->wait, err);
    if (st == RILLE_ROW) {
      lock->yes = row.count == 1 && row.cells[0].kind == RILLE_BOOL && row.cells[0].as.i;
      continue;
    }
    if (st == RILLE_AGAIN && rl_clock_ms() < deadline) {
      if (deadline < lock->wait.until_ms) lock->wait.until_ms = deadline;
      return st;
    }
    if (st == RILLE_AGAIN) return rl_fail(err, RL_P1008, "the database did not answer in time about an advisory lock");
    lock->asked = false;
    if (st < 0) return st;
  }
  return RILLE_OK;
}

static rille_status give_up(rl_lock *lock, rille_status st) {
  rl_pool_give(lock->lease, false);
  lock->lease = NULL;
  lock->state = RL_LOCK_OVER;
  return st;
}

/* Its connection serves others until the next attempt. */
static rille_status refused(rl_lock *lock) {
  int64_t now = rl_clock_ms();
  rl_pool_give(lock->lease, true);
  lock->lease = NULL;
  lock->state = RL_LOCK_OVER;
  if (now >= lock->deadline_ms) return RILLE_DONE;
  int64_t most = lock->attempts < 5 ? (int64_t)FIRST_PAUSE_MS << lock->attempts : LONGEST_PAUSE_MS;
  int64_t chance = (int64_t)(rl_hash(&now, sizeof now, (uint64_t)(uintptr_t)lock) % (uint64_t)(most / 2));
  lock->attempts++;
  lock->next_ms = now + most / 2 + chance;
  if (lock->next_ms > lock->deadline_ms) lock->next_ms = lock->deadline_ms;
  lock->state = RL_LOCK_PAUSED;
  return RILLE_OK;
}

/* A connection that was idle may turn out to be dead: the pool gives another, the next attempt is soon. */
static rille_status lost(rl_lock *lock, rille_status st, rl_error *err) {
  bool again = err->connection_lost && !lock->lease->fresh;
  if (!again) return give_up(lock, st);
  rl_pool_evict_idle(lock->lease->pool);
  give_up(lock, st);
  rl_error_clear(err);
  lock->state = RL_LOCK_NEW;
  return RILLE_OK;
}

static rille_status begin(rl_lock *lock, rl_error *err) {
  lock->state = RL_LOCK_TAKING;
  return rl_pool_take(&lock->client->pool, true, RL_NO_DEADLINE, &lock->lease, err);
}

static rille_status taking(rl_lock *lock, rl_error *err) {
  rille_status st = rl_pool_poll(lock->lease, false, &lock->wait, err);
  if (st == RILLE_AGAIN) return st;
  if (st != RILLE_OK) return give_up(lock, st);
  lock->state = RL_LOCK_ASKING;
  st = ask(lock, false, err);
  return st == RILLE_OK ? st : lost(lock, st, err);
}

static rille_status asking(rl_lock *lock, rl_error *err) {
  rille_status st = answer(lock, lock->deadline_ms + ANSWER_MS, err);
  if (st == RILLE_AGAIN) return st;
  if (st != RILLE_OK) return lost(lock, st, err);
  if (!lock->yes) return refused(lock);
  lock->state = RL_LOCK_HELD;
  return RILLE_OK;
}

rille_status rl_lock_take(rl_lock *lock, rl_error *err) {
  if (lock->state == RL_LOCK_NEW) lock->deadline_ms = rl_clock_after(lock->settings.wait_ms);
  rille_status st = check_process(lock, err);
  while (st == RILLE_OK && lock->state != RL_LOCK_HELD) {
    switch (lock->state) {
    case RL_LOCK_PAUSED:
      lock->wait = (rl_wait){.fd = -1, .until_ms = lock->next_ms};
      if (rl_clock_ms() < lock->next_ms) return RILLE_AGAIN;
      st = begin(lock, err);
      break;
    case RL_LOCK_NEW: st = begin(lock, err); break;
    case RL_LOCK_TAKING: st = taking(lock, err); break;
    case RL_LOCK_ASKING: st = asking(lock, err); break;
    default: st = rl_fail(err, RL_VALIDATION, "an advisory lock is taken once"); break;
    }
  }
  return st;
}

rille_status rl_lock_release(rl_lock *lock, rl_error *err) {
  rille_status st = check_process(lock, err);
  if (st != RILLE_OK) return st;
  if (lock->state == RL_LOCK_HELD) {
    lock->state = RL_LOCK_LEAVING;
    lock->deadline_ms = rl_clock_ms() + ANSWER_MS;
    st = ask(lock, true, err);
  }
  if (lock->state != RL_LOCK_LEAVING) return rl_fail(err, RL_VALIDATION, "the advisory lock is not held");
  if (st == RILLE_OK) st = answer(lock, lock->deadline_ms, err);
  if (st == RILLE_AGAIN) return st;
  if (st == RILLE_OK && !lock->yes)
    st = rl_fail(err, RL_P1017, "the advisory lock was lost before it was given back: its session has ended");
  rl_pool_give(lock->lease, st == RILLE_OK);
  lock->lease = NULL;
  lock->state = RL_LOCK_OVER;
  return st;
}
