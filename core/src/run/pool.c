/* The pool: who gets which connection, for how long, and when it is closed. */
#include <poll.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/process.h"
#include "base/thread.h"
#include "run/pool_inside.h"

/* A connection that has been idle for less than this is used without checking its socket. */
#define TRUST_IDLE_MS 1000
/* How often connections that have been idle for too long are looked for. */
#define TRIM_MS 1000

static void lease_close(rl_lease *l) {
  rl_connecting_stop(&l->connecting);
  if (l->conn) RL_TRACE(RL_DEBUG_POOL, "close %p", (const void *)l->conn);
  if (l->conn) l->driver->close(l->conn);
  rl_free(l);
}

static rille_status lease_new(rl_pool *p, bool writer, int64_t deadline_ms, rl_lease **out, rl_error *err) {
  rl_lease *l = rl_calloc(1, sizeof *l);
  if (!l) return rl_fail_nomem(err);
  l->pool = p;
  l->driver = p->options.driver;
  l->writer = writer;
  l->since_ms = rl_clock_ms();
  l->deadline_ms = deadline_ms;
  l->limit_ms = RL_NO_DEADLINE;
  *out = l;
  return RILLE_OK;
}

static bool socket_is_quiet(const rl_lease *l) {
  int fd = l->driver->descriptor(l->conn);
  if (fd < 0) return true;
  struct pollfd q = {fd, POLLIN, 0};
  return poll(&q, 1, 0) == 0; /* a server that sends without being asked has closed the connection, or will */
}

static bool lease_is_worth_keeping(const rl_pool *p, const rl_lease *l, int64_t now) {
  if (p->options.memory) return l->driver->is_usable(l->conn);
  return l->driver->is_usable(l->conn) && now - l->opened_ms < p->limits.lifetime_ms;
}

/* Removes an idle connection that may be used from its list. Unusable ones go to *closed. Under the lock. */
static rl_lease *pool_take_idle(rl_pool *p, rl_lane *lane, int64_t now, rl_lease **closed) {
  while (lane->idle) {
    rl_lease *l = lane->idle;
    lane->idle = l->next;
    lane->idle_count--;
    l->next = NULL;
    int64_t idle = now - l->idle_since_ms;
    bool good = lease_is_worth_keeping(p, l, now) && (p->options.memory || idle < p->limits.idle_ms) &&
                (idle < TRUST_IDLE_MS || socket_is_quiet(l));
    if (good) return l;
    lane->open--;
    l->next = *closed;
    *closed = l;
  }
  return NULL;
}

/* Removes connections that were idle for too long. They are at the end of the list, which no caller reaches while fewer
 * connections suffice. Under the lock. */
static void pool_trim_idle(rl_pool *p, int64_t now, rl_lease **closed) {
  if (p->options.memory || now - p->trimmed_ms < TRIM_MS) return;
  p->trimmed_ms = now;
  for (int i = 0; i < 2; i++) {
    rl_lease **at = &p->lanes[i].idle;
    while (*at) {
      rl_lease *l = *at;
      if (now - l->idle_since_ms < p->limits.idle_ms && now - l->opened_ms < p->limits.lifetime_ms) {
        at = &l->next;
        continue;
      }
      *at = l->next;
      l->next = *closed;
      *closed = l;
      p->lanes[i].idle_count--;
      p->lanes[i].open--;
    }
  }
}

void rl_lease_close_all(rl_lease *l) {
  while (l) {
    rl_lease *next = l->next;
    lease_close(l);
    l = next;
  }
}

rille_status rl_pool_take(rl_pool *_Atomic *pool, bool writer, int64_t deadline_ms, rl_lease **lease, rl_error *err) {
  rl_pool *p = *pool;
  if (p->pid != rl_process_id()) {
    rille_status st = rl_pool_own(pool, &p, err);
    if (st != RILLE_OK) return st;
  }
  int64_t now = rl_clock_ms();
  if (deadline_ms == RL_NO_DEADLINE) deadline_ms = rl_clock_from(now, p->limits.wait_ms);
  rl_lane *lane = rl_pool_lane(p, writer);
  rl_lease *closed = NULL, *l = NULL;
  pthread_mutex_lock(&p->lock);
  if (rl_lane_is_open(lane)) l = pool_take_idle(p, lane, now, &closed);
  pool_trim_idle(p, now, &closed);
  pthread_mutex_unlock(&p->lock);
  rl_lease_close_all(closed);
  if (l) {
    l->fresh = false;
    l->writer = writer;
    l->deadline_ms = deadline_ms;
    l->limit_ms = RL_NO_DEADLINE;
  } else {
    rille_status st = lease_new(p, writer, deadline_ms, &l, err);
    if (st != RILLE_OK) return st;
  }
  RL_TRACE(RL_DEBUG_POOL, "take %p%s", (const void *)l->conn, l->conn ? "" : ": none is idle");
  rl_pool_retain(p);
  *lease = l;
  return RILLE_OK;
}

/* Fails because the database could not be reached while the caller waited, which is why there was no connection. */
static rille_status pool_fail_unreachable(const rl_pool *p, const rl_lease *l, rl_error *err) {
  char attempts[16];
  snprintf(attempts, sizeof attempts, "%u", p->failures);
  rl_fail(err, RL_P1001,
          "Can't reach the database server: the last %u attempt%s to connect failed while this call waited for %lld "
          "ms; %s",
          p->failures, p->failures == 1 ? "" : "s", (long long)(rl_clock_ms() - l->since_ms),
          rl_error_message(&p->failure));
  if (!err) return RILLE_ERROR;
  err->connection_lost = err->not_sent = true;
  rl_error_detail(err, "attempts", rl_str_of(attempts));
  return RILLE_ERROR;
}

/* Why connections are scarce, and what to do. */
static const char *const scarce[][2] = {
    {"",
     "raise `pool.size`, or find what holds connections for so long; in a transaction, make calls on `tx`, not on `db`"},
    {" (a database of this kind has one writer)",
     "find what holds the connection for so long; in a transaction, make calls on `tx`, not on `db`"},
    {" (a database in memory is one connection)",
     "find what holds the connection for so long; during a transaction, only its own calls can run"}};

static rille_status pool_fail_timeout(rl_pool *p, rl_lane *lane, rl_lease *l, rl_error *err) {
  const char *const *words = scarce[p->options.memory ? 2 : lane == &p->lanes[1] ? 1 : 0];
  char connecting[48] = "";
  p->timeouts++;
  if (p->failures) return pool_fail_unreachable(p, l, err);
  if (lane->connecting) snprintf(connecting, sizeof connecting, ", %d of them still connecting", lane->connecting);
  return rl_fail(
      err, RL_P2024,
      "timed out after %lld ms waiting for a connection: the pool's limit is %d%s, %d in use%s, %d waiting; %s",
      (long long)(rl_clock_ms() - l->since_ms), lane->limit, words[0], lane->open - lane->idle_count, connecting,
      lane->waiting, words[1]);
}

/* What a lease without a connection gets from the lane, under the lock. */
typedef enum slot_state { SLOT_ADOPTED, SLOT_OPEN_NEW, SLOT_NONE } slot_state;

static bool lease_adopt_idle(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed) {
  rl_lease *idle = pool_take_idle(p, lane, rl_clock_ms(), closed);
  if (!idle) return false;
  l->conn = idle->conn; /* the caller holds l, so the connection moves into it */
  l->opened_ms = idle->opened_ms;
  l->number = idle->number;
  l->fresh = false;
  l->ready = true;
  idle->conn = NULL;
  idle->next = *closed;
  *closed = idle;
  return true;
}

bool rl_lease_adopt(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed) {
  if (lane->waiting || !lease_adopt_idle(p, lane, l, closed)) return false;
  lane->open--; /* its place for a new connection */
  rl_lease_stop_connecting(p, l);
  return true;
}

static slot_state lease_try_slot(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed) {
  if (!rl_lane_may_take(lane, l)) return SLOT_NONE;
  if (lease_adopt_idle(p, lane, l, closed)) return SLOT_ADOPTED;
  if (!rl_lane_may_connect(lane)) return SLOT_NONE;
  lane->open++;
  lane->connecting++;
  lane->connect_ms = rl_clock_ms();
  l->connects = true;
  return SLOT_OPEN_NEW;
}

static rille_status lease_get_slot(rl_pool *p, rl_lease *l, bool blocking, rl_wait *wait, slot_state *state,
                                   rl_error *err) {
  rl_lane *lane = rl_pool_lane(p, l->writer);
  rl_lease *closed = NULL;
  rille_status st = RILLE_OK;
  pthread_cond_t signal;
  if (blocking) rl_condition_init(&signal);
  pthread_mutex_lock(&p->lock);
  for (;;) {
    rl_lane_note_check(lane, l, blocking ? &signal : NULL);
    *state = lease_try_slot(p, lane, l, &closed);
    if (*state != SLOT_NONE) break;
    if (rl_lane_join(lane, l)) {
      p->waits++;
      RL_TRACE(RL_DEBUG_POOL, "queue: %d of %d open, %d waiting", lane->open, lane->limit, lane->waiting);
    }
    if (rl_clock_ms() >= l->deadline_ms) {
      st = pool_fail_timeout(p, lane, l, err);
      break;
    }
    if (!blocking) {
      rl_lane_listen(lane, l, wait);
      st = RILLE_AGAIN;
      break;
    }
    rl_lane_block(lane, l, &p->lock, l->deadline_ms);
  }
  if (*state != SLOT_NONE && l->queued) rl_lane_next_turn(lane);
  if (st != RILLE_AGAIN && l->queued) p->waited_ms += rl_clock_ms() - l->since_ms;
  if (st != RILLE_AGAIN) rl_lane_leave(lane, l);
  l->signal = NULL;
  pthread_mutex_unlock(&p->lock);
  if (blocking) pthread_cond_destroy(&signal);
  rl_lease_close_all(closed);
  return st;
}

rille_status rl_lease_check_process(const rl_lease *l, rl_error *err) {
  if (!l->pool || l->pool->pid == rl_process_id()) return RILLE_OK; /* a migration's own connection is in no pool */
  return rl_fail(
      err, RL_P1017,
      "the operation began before this process was forked: its connection belongs to the parent; start again");
}

rille_status rl_pool_poll(rl_lease *l, bool blocking, rl_wait *wait, rl_error *err) {
  rl_pool *p = l->pool;
  if (rl_lease_check_process(l, err) != RILLE_OK) return RILLE_ERROR;
  if (l->ready) return RILLE_OK;
  if (!l->connects) {
    slot_state state = SLOT_NONE;
    rille_status st = lease_get_slot(p, l, blocking, wait, &state, err);
    if (st != RILLE_OK || state == SLOT_ADOPTED) return st;
  }
  return rl_lease_connect(l, blocking, wait, err);
}

/* Drops a lease without a connection: it waits in the queue, connects, or has failed to. */
static void lease_drop_unready(rl_pool *p, rl_lease *l) {
  rl_lane *lane = rl_pool_lane(p, l->writer);
  pthread_mutex_lock(&p->lock);
  if (l->connects) lane->open--;
  rl_lease_stop_connecting(p, l);
  rl_lane_leave(lane, l);
  rl_lane_wake(lane);
  pthread_mutex_unlock(&p->lock);
}

void rl_lease_release(rl_lease *l, bool clean) {
  if (!l) return;
  rl_pool *p = l->pool;
  if (p->pid != rl_process_id()) { /* the parent's lease, copied into a child: the driver closes it without a message to
                                      the server */
    lease_close(l);
    return;
  }
  if (!l->ready) {
    lease_drop_unready(p, l);
    lease_close(l);
    rl_pool_release(p);
    return;
  }
  int64_t now = rl_clock_ms();
  bool keep = clean && lease_is_worth_keeping(p, l, now);
  RL_TRACE(RL_DEBUG_POOL, "release %p%s", (const void *)l->conn, keep ? "" : ", not kept");
  l->shared = NULL;
  rl_lane *lane = rl_pool_lane(p, l->writer);
  rl_lease *closed = NULL;
  if (keep && l->driver->run_until) l->driver->run_until(l->conn, RL_NO_DEADLINE); /* it belonged to this holder */
  pthread_mutex_lock(&p->lock);
  if (keep) {
    l->idle_since_ms = now;
    l->next = lane->idle;
    lane->idle = l;
    lane->idle_count++;
  } else {
    lane->open--;
  }
  pool_trim_idle(p, now, &closed);
  rl_lane_wake(lane);
  pthread_mutex_unlock(&p->lock);
  rl_lease_close_all(closed);
  if (!keep) lease_close(l);
  rl_pool_release(p);
}

rl_writer_state rl_pool_try_writer(rl_pool *p, rl_lease **lease) {
  rl_lane *lane = &p->lanes[1];
  rl_lease *closed = NULL;
  *lease = NULL;
  pthread_mutex_lock(&p->lock);
  if (lane->waiting == 0) *lease = pool_take_idle(p, lane, rl_clock_ms(), &closed);
  bool none = lane->open == 0;
  pthread_mutex_unlock(&p->lock);
  rl_lease_close_all(closed);
  if (*lease) rl_pool_retain(p);
  return *lease ? RL_WRITER_IDLE : none ? RL_WRITER_NONE : RL_WRITER_BUSY;
}

void rl_pool_evict_idle(rl_pool *p) {
  if (p->options.memory || p->pid != rl_process_id()) return;
  rl_lease *all = NULL;
  pthread_mutex_lock(&p->lock);
  for (int i = 0; i < 2; i++) {
    rl_lane *lane = &p->lanes[i];
    while (lane->idle) {
      rl_lease *l = lane->idle;
      lane->idle = l->next;
      l->next = all;
      all = l;
      lane->open--;
    }
    lane->idle_count = 0;
    rl_lane_wake(lane);
  }
  pthread_mutex_unlock(&p->lock);
  rl_lease_close_all(all);
}

void rl_pool_count(rl_pool *p, rl_pool_counts *out) {
  *out = (rl_pool_counts){.size = p->limits.size};
  if (p->pid != rl_process_id()) return;
  pthread_mutex_lock(&p->lock);
  for (int i = 0; i < 2; i++) {
    out->open += p->lanes[i].open;
    out->idle += p->lanes[i].idle_count;
    out->waiting += p->lanes[i].waiting;
  }
  out->in_use = out->open - out->idle;
  out->connects = p->connects;
  out->waits = p->waits;
  out->timeouts = p->timeouts;
  out->waited_ms = p->waited_ms;
  pthread_mutex_unlock(&p->lock);
}
