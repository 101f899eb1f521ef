/* The pool: registry and life of connections. */
#include "run/pool.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"
#include "run/lane.h"

/* An idle connection younger than this is trusted without a look at its socket. */
#define TRUST_IDLE_MS 1000
/* How often those that have been idle for too long are looked for. */
#define TRIM_MS 1000
#define DEFAULT_CONNECT_MS 5000

struct rl_pool {
  pthread_mutex_t lock;
  pthread_cond_t freed;
  _Atomic int references;  /* clients and leases; reaches 0 only under the registry's lock */
  _Atomic bool bequeathed; /* one of them is nobody's: the last of the others takes it along */
  long pid;
  uint64_t key;
  rl_str url;
  rl_arena arena;
  rl_conn_options options;
  rl_conn_options reader_options;
  rl_pool_options asked, limits; /* as the clients gave them, and with the defaults filled in */
  rl_lane lanes[2];
  int64_t trimmed_ms;
  int64_t connects, waits, timeouts;
  struct rl_pool *next;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static rl_pool *registry; /* process-wide by design: pools are shared by threads and Lua states */

/* A fork may come while another thread holds the registry; the child starts with a fresh lock and ignores pools of
 * other processes. */
static void registry_child(void) {
  pthread_mutex_init(&registry_lock, NULL);
}
static void registry_init(void) {
  pthread_atfork(NULL, NULL, registry_child);
}

static uint64_t pool_key(rl_str url, const rl_pool_options *o) {
  uint64_t h = rl_hash(url.p, url.len, 17);
  int64_t parts[4] = {o->size, o->wait_ms, o->idle_ms, o->lifetime_ms};
  return rl_hash(parts, sizeof parts, h);
}

static rille_status pool_new(rl_str url, const rl_pool_options *o, rl_pool **out, rl_error *err) {
  rl_pool *p = rl_calloc(1, sizeof *p);
  if (!p) return rl_fail_nomem(err);
  rl_arena_init(&p->arena, 0);
  p->url = rl_arena_str(&p->arena, url);
  rille_status st = p->url.p ? rl_driver_parse_url(url, &p->arena, &p->options, err) : rl_fail_nomem(err);
  if (st != RILLE_OK) {
    rl_arena_dispose(&p->arena);
    rl_free(p);
    return st;
  }
  p->pid = rl_process_id();
  p->key = pool_key(url, o);
  p->asked = p->limits = *o;
  int size = o->size > 0 ? o->size : p->options.connection_limit > 0 ? p->options.connection_limit : 10;
  if (p->limits.wait_ms <= 0) p->limits.wait_ms = p->options.pool_timeout_ms >= 0 ? p->options.pool_timeout_ms : 5000;
  if (p->limits.idle_ms <= 0) p->limits.idle_ms = 300000;
  if (p->limits.lifetime_ms <= 0) p->limits.lifetime_ms = 1800000;
  p->limits.size = size;
  bool split = p->options.driver->single_writer && !p->options.memory;
  p->lanes[0].limit = p->options.memory ? 1 : size;
  p->lanes[1].limit = split ? 1 : 0;
  p->reader_options = p->options;
  p->reader_options.read_only = split;
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&p->freed, &attr);
  pthread_condattr_destroy(&attr);
  pthread_mutex_init(&p->lock, NULL);
  p->references = 1;
  *out = p;
  return RILLE_OK;
}

rille_status rl_pool_get(rl_str url, const rl_pool_options *options, rl_pool **out, rl_error *err) {
  pthread_once(&registry_once, registry_init);
  uint64_t key = pool_key(url, options);
  long pid = rl_process_id();
  pthread_mutex_lock(&registry_lock);
  rille_status st = RILLE_OK;
  rl_pool *p = registry;
  while (p && !((p->key == key || p->options.memory) && p->pid == pid && rl_str_eq(p->url, url))) p = p->next;
  if (p) {
    p->references++;
  } else {
    st = pool_new(url, options, &p, err);
    if (st == RILLE_OK) {
      p->next = registry;
      registry = p;
    }
  }
  pthread_mutex_unlock(&registry_lock);
  *out = st == RILLE_OK ? p : NULL;
  return st;
}

static void lease_close(rl_lease *l) {
  if (l->conn) l->driver->close(l->conn);
  rl_free(l);
}

static void pool_free(rl_pool *p) {
  for (int i = 0; i < 2; i++) {
    rl_lease *l = p->lanes[i].idle;
    while (l) {
      rl_lease *next = l->next;
      lease_close(l);
      l = next;
    }
    rl_lane_dispose(&p->lanes[i]);
  }
  pthread_cond_destroy(&p->freed);
  pthread_mutex_destroy(&p->lock);
  rl_arena_dispose(&p->arena);
  rl_free(p);
}

/* The caller holds a reference already. */
static void pool_retain(rl_pool *p) {
  p->references++;
}

/* Under the registry's lock. */
static void unlist(rl_pool *p) {
  rl_pool **at = &registry;
  while (*at && *at != p) at = &(*at)->next;
  if (*at) *at = p->next;
}

void rl_pool_release(rl_pool *p) {
  if (!p) return;
  int seen = p->references;
  while (seen > 2 || (seen == 2 && !p->bequeathed))
    if (atomic_compare_exchange_weak(&p->references, &seen, seen - 1)) return;
  pthread_mutex_lock(&registry_lock);
  int left = --p->references;
  bool last = left == 0 || (left == 1 && p->bequeathed);
  if (last) unlist(p);
  pthread_mutex_unlock(&registry_lock);
  /* a pool of the parent process: its lock may be held by a thread that does not exist here, and its connections are
   * not ours */
  if (last && p->pid == rl_process_id()) pool_free(p);
}

void rl_pool_bequeath(rl_pool *p) {
  pthread_mutex_lock(&registry_lock);
  if (p->bequeathed) p->references--; /* the bequeathed one stays */
  p->bequeathed = true;
  pthread_mutex_unlock(&registry_lock);
}

int64_t rl_pool_patience(const rl_pool *p) {
  return p->limits.wait_ms;
}

const rl_conn_options *rl_pool_conn_options(const rl_pool *p) {
  return &p->options;
}

static rl_lane *lane_of(rl_pool *p, bool writer) {
  return &p->lanes[writer && p->lanes[1].limit > 0];
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
  return poll(&q, 1, 0) == 0; /* a server that speaks unasked has closed, or will */
}

static bool worth_keeping(const rl_pool *p, const rl_lease *l, int64_t now) {
  if (p->options.memory) return l->driver->is_usable(l->conn);
  return l->driver->is_usable(l->conn) && now - l->opened_ms < p->limits.lifetime_ms;
}

/* Under the lock: an idle connection that may be used, unlinked; bad ones go to *closed. */
static rl_lease *take_idle(rl_pool *p, rl_lane *lane, rl_lease **closed) {
  int64_t now = rl_clock_ms();
  while (lane->idle) {
    rl_lease *l = lane->idle;
    lane->idle = l->next;
    lane->idle_count--;
    l->next = NULL;
    int64_t idle = now - l->idle_since_ms;
    bool good = worth_keeping(p, l, now) && (p->options.memory || idle < p->limits.idle_ms) &&
                (idle < TRUST_IDLE_MS || socket_is_quiet(l));
    if (good) return l;
    lane->open--;
    l->next = *closed;
    *closed = l;
  }
  return NULL;
}

/* Under the lock: the idle list has the longest unused at its end, which no caller may reach for as long as fewer
 * connections suffice. */
static void trim_idle(rl_pool *p, rl_lease **closed) {
  int64_t now = rl_clock_ms();
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

static void close_all(rl_lease *l) {
  while (l) {
    rl_lease *next = l->next;
    lease_close(l);
    l = next;
  }
}

/* After a fork: the pool of this process instead of its parent's. Threads may come at once; one of them changes the
 * client. */
static rille_status own_pool(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err) {
  rl_pool *inherited = *pool, *own = NULL;
  rille_status st = rl_pool_get(inherited->url, &inherited->asked, &own, err);
  if (st != RILLE_OK) return st;
  if (atomic_compare_exchange_strong(pool, &inherited, own)) {
    rl_pool_release(inherited);
  } else {
    rl_pool_release(own);
    own = inherited; /* what the other thread put there */
  }
  *out = own;
  return RILLE_OK;
}

rille_status rl_pool_share(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err) {
  rl_pool *p = *pool;
  rille_status st = p->pid == rl_process_id() ? RILLE_OK : own_pool(pool, &p, err);
  if (st != RILLE_OK) return st;
  pool_retain(p);
  *out = p;
  return RILLE_OK;
}

rille_status rl_pool_take(rl_pool *_Atomic *pool, bool writer, int64_t deadline_ms, rl_lease **lease, rl_error *err) {
  rl_pool *p = *pool;
  if (p->pid != rl_process_id()) {
    rille_status st = own_pool(pool, &p, err);
    if (st != RILLE_OK) return st;
  }
  if (deadline_ms == RL_NO_DEADLINE) deadline_ms = rl_clock_ms() + p->limits.wait_ms;
  rl_lane *lane = lane_of(p, writer);
  rl_lease *closed = NULL, *l = NULL;
  pthread_mutex_lock(&p->lock);
  if (lane->waiting == 0) l = take_idle(p, lane, &closed);
  trim_idle(p, &closed);
  pthread_mutex_unlock(&p->lock);
  close_all(closed);
  if (l) {
    l->fresh = false;
    l->writer = writer;
    l->deadline_ms = deadline_ms;
    l->limit_ms = RL_NO_DEADLINE;
  } else {
    rille_status st = lease_new(p, writer, deadline_ms, &l, err);
    if (st != RILLE_OK) return st;
  }
  pool_retain(p);
  *lease = l;
  return RILLE_OK;
}

static rille_status timed_out(rl_pool *p, rl_lane *lane, rl_lease *l, rl_error *err) {
  bool only_writer = lane == &p->lanes[1];
  p->timeouts++;
  return rl_fail(
      err, RL_P2024,
      "Timed out after %lld ms waiting for a connection: the pool's limit is %d%s, %d in use, %d waiting; %s",
      (long long)(rl_clock_ms() - l->since_ms), lane->limit,
      only_writer ? " (a database of this kind has one writer)" : "", lane->open - lane->idle_count, lane->waiting,
      only_writer ? "find what holds the connection for long"
                  : "raise pool.size, or find what holds connections for long");
}

/* What a look at the lane, under the lock, gives a lease that has no connection yet. */
typedef enum slot_state { SLOT_ADOPTED, SLOT_OPEN_NEW, SLOT_NONE } slot_state;

static slot_state try_slot(rl_pool *p, rl_lane *lane, rl_lease *l, rl_lease **closed) {
  if (!rl_lane_may_take(lane, l)) return SLOT_NONE;
  rl_lease *idle = take_idle(p, lane, closed);
  if (idle) { /* the caller holds l: the connection moves into it */
    l->conn = idle->conn;
    l->opened_ms = idle->opened_ms;
    l->ready = true;
    idle->conn = NULL;
    idle->next = *closed;
    *closed = idle;
    return SLOT_ADOPTED;
  }
  if (lane->open < lane->limit) {
    lane->open++;
    return SLOT_OPEN_NEW;
  }
  return SLOT_NONE;
}

static rille_status get_slot(rl_pool *p, rl_lease *l, bool blocking, rl_wait *wait, slot_state *state, rl_error *err) {
  rl_lane *lane = lane_of(p, l->writer);
  rl_lease *closed = NULL;
  rille_status st = RILLE_OK;
  pthread_mutex_lock(&p->lock);
  l->looked_ms = blocking ? RL_NO_DEADLINE : rl_clock_ms();
  for (;;) {
    *state = try_slot(p, lane, l, &closed);
    if (*state != SLOT_NONE) break;
    if (rl_lane_join(lane, l)) p->waits++;
    if (rl_clock_ms() >= l->deadline_ms) {
      st = timed_out(p, lane, l, err);
      break;
    }
    if (!blocking) {
      rl_lane_listen(lane, l, wait);
      st = RILLE_AGAIN;
      break;
    }
    rl_lane_block(lane, &p->freed, &p->lock, l->deadline_ms);
  }
  if (st != RILLE_AGAIN) rl_lane_leave(lane, l, &p->freed);
  pthread_mutex_unlock(&p->lock);
  close_all(closed);
  return st;
}

static void give_slot_back(rl_pool *p, bool writer) {
  pthread_mutex_lock(&p->lock);
  rl_lane *lane = lane_of(p, writer);
  lane->open--;
  rl_lane_wake(lane, &p->freed);
  pthread_mutex_unlock(&p->lock);
}

static rille_status start_connecting(rl_pool *p, rl_lease *l, rl_error *err) {
  const rl_conn_options *o = l->writer ? &p->options : &p->reader_options;
  rille_status st = l->driver->open(o, &l->conn, err);
  l->fresh = true;
  l->opened_ms = rl_clock_ms();
  if (st != RILLE_OK) {
    l->conn = NULL;
    give_slot_back(p, l->writer);
    return st;
  }
  pthread_mutex_lock(&p->lock);
  p->connects++;
  pthread_mutex_unlock(&p->lock);
  return RILLE_OK;
}

static rille_status connect_failed(rl_pool *p, rl_lease *l, rille_status st) {
  l->driver->close(l->conn);
  l->conn = NULL;
  give_slot_back(p, l->writer);
  return st;
}

static rille_status keep_connecting(rl_pool *p, rl_lease *l, bool blocking, rl_wait *wait, rl_error *err) {
  const rl_conn_options *o = &p->options;
  int64_t limit = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : DEFAULT_CONNECT_MS;
  int64_t deadline = o->connect_timeout_ms == 0 ? RL_NO_DEADLINE : l->opened_ms + limit;
  if (l->limit_ms < deadline) deadline = l->limit_ms;
  for (;;) {
    rille_status st = l->driver->poll_connect(l->conn, wait, err);
    if (st == RILLE_OK) {
      l->ready = true;
      return RILLE_OK;
    }
    if (st != RILLE_AGAIN) return connect_failed(p, l, st);
    if (rl_clock_ms() >= deadline) {
      rl_fail(err, RL_P1001, "Can't reach the database server at %s:%d within %lld ms", o->host ? o->host : "?",
              o->port, (long long)(rl_clock_ms() - l->opened_ms));
      return connect_failed(p, l, RILLE_ERROR);
    }
    if (wait->until_ms > deadline) wait->until_ms = deadline;
    if (!blocking) return RILLE_AGAIN;
    rl_wait_block(wait, deadline);
  }
}

rille_status rl_pool_poll(rl_lease *l, bool blocking, rl_wait *wait, rl_error *err) {
  rl_pool *p = l->pool;
  if (p->pid != rl_process_id())
    return rl_fail(
        err, RL_P1017,
        "The operation was begun before the fork of this process: its connection belongs to the parent; begin anew");
  if (l->conn && l->ready) return RILLE_OK;
  if (!l->conn) {
    slot_state state = SLOT_NONE;
    rille_status st = get_slot(p, l, blocking, wait, &state, err);
    if (st != RILLE_OK || state == SLOT_ADOPTED) return st;
    st = start_connecting(p, l, err);
    if (st != RILLE_OK) return st;
  }
  return keep_connecting(p, l, blocking, wait, err);
}

static void drop_waiter(rl_pool *p, rl_lease *l) {
  pthread_mutex_lock(&p->lock);
  rl_lane_leave(lane_of(p, l->writer), l, &p->freed);
  pthread_mutex_unlock(&p->lock);
}

void rl_pool_give(rl_lease *l, bool clean) {
  if (!l) return;
  rl_pool *p = l->pool;
  if (p->pid !=
      rl_process_id()) { /* the parent's lease, copied into a child: the driver closes without a word to the server */
    lease_close(l);
    return;
  }
  if (!l->conn) {
    if (l->queued) drop_waiter(p, l);
    rl_free(l);
    rl_pool_release(p);
    return;
  }
  int64_t now = rl_clock_ms();
  bool keep = clean && l->ready && worth_keeping(p, l, now);
  rl_lane *lane = lane_of(p, l->writer);
  rl_lease *closed = NULL;
  if (keep && l->driver->run_until) l->driver->run_until(l->conn, RL_NO_DEADLINE); /* it was this holder's */
  pthread_mutex_lock(&p->lock);
  if (keep) {
    l->idle_since_ms = now;
    l->next = lane->idle;
    lane->idle = l;
    lane->idle_count++;
  } else {
    lane->open--;
  }
  trim_idle(p, &closed);
  rl_lane_wake(lane, &p->freed);
  pthread_mutex_unlock(&p->lock);
  close_all(closed);
  if (!keep) lease_close(l);
  rl_pool_release(p);
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
    rl_lane_wake(lane, &p->freed);
  }
  pthread_mutex_unlock(&p->lock);
  close_all(all);
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
  pthread_mutex_unlock(&p->lock);
}

rille_status rl_wait_block(const rl_wait *w, int64_t deadline_ms) {
  int64_t until = w->until_ms < deadline_ms ? w->until_ms : deadline_ms;
  int timeout = -1;
  if (until != RL_NO_DEADLINE) {
    int64_t left = until - rl_clock_ms();
    timeout = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
  }
  struct pollfd q = {w->fd, (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0)), 0};
  int n = poll(&q, w->fd >= 0 ? 1 : 0, timeout);
  return n == 0 && deadline_ms != RL_NO_DEADLINE && rl_clock_ms() >= deadline_ms ? RILLE_DONE : RILLE_OK;
}
