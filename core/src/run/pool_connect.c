/* Opening the connections of a pool, for leases that have a place for one. */
#include "base/clock.h"
#include "base/debug.h"
#include "run/drive.h"
#include "run/pool_inside.h"

/* An attempt takes no longer than this, nor than half of the call's time, if another server can be tried: that needs
 * time too. */
#define SPARE_MS 2000
/* A caller that has waited in the queue has at least this time for connecting. */
#define LEAST_MS 1000

void rl_lease_stop_connecting(rl_pool *p, rl_lease *l) {
  if (!l->connects) return;
  l->connects = false;
  rl_pool_lane(p, l->writer)->connecting--;
}

static int64_t spare_ms(const rl_lease *l) {
  int64_t half = l->limit_ms == RL_NO_DEADLINE ? SPARE_MS : (l->limit_ms - rl_clock_ms()) / 2;
  return half > SPARE_MS ? SPARE_MS : half < 1 ? 1 : half;
}

static void lease_begin_connecting(rl_pool *p, rl_lease *l) {
  const rl_conn_options *o = l->writer ? &p->options : &p->reader_options;
  rl_connecting_begin(&l->connecting, o, l->spare ? spare_ms(l) : 0, l->spare);
  /* the time in the queue counts while the server is away: the caller does not wait twice as long as it asked */
  int64_t now = rl_clock_ms(), fair = l->since_ms + l->connecting.limit_ms;
  if (fair < l->deadline_ms) fair = l->deadline_ms;
  if (fair < now + LEAST_MS) fair = now + LEAST_MS;
  if (l->limit_ms < fair) fair = l->limit_ms;
  rl_connecting_shorten(&l->connecting, fair);
  l->failed_attempts = 0;
  l->fresh = true;
}

/* Records failed attempts, which other callers wait for. Under the lock. */
static void pool_note_failures(rl_pool *p, rl_lane *lane, uint32_t count, const rl_error *why) {
  if (count == 0) return;
  p->failures += count;
  lane->failing = true;
  rl_error_clear(&p->failure);
  rl_fail(&p->failure, why->code ? why->code : RL_P1001, "%s", rl_error_message(why));
}

static void lease_connected(rl_pool *p, rl_lane *lane, rl_lease *l) {
  l->conn = rl_connecting_take(&l->connecting);
  l->opened_ms = rl_clock_ms();
  l->ready = true;
  RL_TRACE(RL_DEBUG_POOL, "open %p", (const void *)l->conn);
  l->number = (uint64_t)++p->connects;
  p->failures = 0;
  lane->failing = false;
}

/* Reports the result of a poll to the pool. */
static void lease_report_attempt(rl_pool *p, rl_lease *l, rille_status st, const rl_error *err) {
  rl_lane *lane = rl_pool_lane(p, l->writer);
  bool over = st != RILLE_AGAIN;
  uint32_t failed = l->connecting.attempts - (st == RILLE_OK || (!over && l->connecting.conn));
  if (!over && failed == l->failed_attempts) return;
  pthread_mutex_lock(&p->lock);
  pool_note_failures(p, lane, failed - l->failed_attempts, over ? err : &l->connecting.last);
  if (st == RILLE_OK) lease_connected(p, lane, l);
  if (st < 0) lane->open--;
  if (over) rl_lease_stop_connecting(p, l);
  if (over) rl_lane_wake(lane);
  pthread_mutex_unlock(&p->lock);
  l->failed_attempts = failed;
}

static bool lease_adopted(rl_pool *p, rl_lease *l) {
  rl_lease *closed = NULL;
  pthread_mutex_lock(&p->lock);
  bool got = rl_lease_adopt(p, rl_pool_lane(p, l->writer), l, &closed);
  pthread_mutex_unlock(&p->lock);
  rl_lease_close_all(closed);
  if (got) rl_connecting_stop(&l->connecting);
  return got;
}

rille_status rl_lease_connect(rl_lease *l, bool blocking, rl_wait *wait, rl_error *err) {
  rl_pool *p = l->pool;
  if (!l->connecting.options) lease_begin_connecting(p, l);
  for (;;) {
    rl_error failure = {0};
    if (rl_connecting_pauses(&l->connecting) && lease_adopted(p, l)) return RILLE_OK;
    rille_status st = rl_connecting_poll(&l->connecting, wait, &failure);
    lease_report_attempt(p, l, st, &failure);
    if (st < 0) {
      rl_connecting_stop(&l->connecting);
      l->connecting.options = NULL;
      if (err) rl_error_move(err, &failure);
      rl_error_clear(&failure);
    }
    if (st != RILLE_AGAIN || !blocking) return st;
    rl_wait_block(wait, l->connecting.deadline_ms);
  }
}
