/* The pools of the process: found by URL and limits, shared, and freed with their last reference. */
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fork_lock.h"
#include "base/process.h"
#include "base/thread.h"
#include "run/pool_inside.h"

static rl_fork_lock registry_lock;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static rl_pool *registry; /* process-wide: threads and Lua states share pools */

/* A child ignores the pools of other processes. */
static void registry_init(void) {
  rl_fork_lock_init(&registry_lock);
}

static uint64_t pool_key(rl_str url, const rl_pool_options *o) {
  uint64_t h = rl_hash(url.p, url.len, 17);
  int64_t parts[4] = {o->size, o->wait_ms, o->idle_ms, o->lifetime_ms};
  return rl_hash(parts, sizeof parts, h);
}

static _Atomic uint64_t last_serial;

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
  p->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1;
  p->key = pool_key(url, o);
  p->requested = p->limits = *o;
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
  pthread_mutex_init(&p->lock, NULL);
  p->references = 1;
  *out = p;
  return RILLE_OK;
}

rille_status rl_pool_get(rl_str url, const rl_pool_options *options, rl_pool **out, rl_error *err) {
  pthread_once(&registry_once, registry_init);
  uint64_t key = pool_key(url, options);
  long pid = rl_process_id();
  rl_fork_lock_take(&registry_lock);
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
  rl_fork_lock_give(&registry_lock);
  *out = st == RILLE_OK ? p : NULL;
  return st;
}

static void pool_free(rl_pool *p) {
  for (rl_pool_guest *g = p->guests, *next; g; g = next) {
    next = g->next;
    g->close(g);
  }
  for (int i = 0; i < 2; i++) {
    rl_lease_close_all(p->lanes[i].idle);
    rl_lane_dispose(&p->lanes[i]);
  }
  rl_error_clear(&p->failure);
  pthread_mutex_destroy(&p->lock);
  rl_arena_dispose(&p->arena);
  rl_free(p);
}

/* Under the registry's lock. */
static void registry_remove(rl_pool *p) {
  rl_pool **at = &registry;
  while (*at && *at != p) at = &(*at)->next;
  if (*at) *at = p->next;
}

void rl_pool_release(rl_pool *p) {
  if (!p) return;
  int seen = p->references;
  while (seen > 2 || (seen == 2 && !p->bequeathed))
    if (atomic_compare_exchange_weak(&p->references, &seen, seen - 1)) return;
  rl_fork_lock_take(&registry_lock);
  int left = --p->references;
  bool last = left == 0 || (left == 1 && p->bequeathed);
  if (last) registry_remove(p);
  rl_fork_lock_give(&registry_lock);
  /* a thread that does not exist here may hold the lock of a parent's pool, and its connections are not ours */
  if (last && p->pid == rl_process_id()) pool_free(p);
}

void rl_pool_bequeath(rl_pool *p) {
  rl_fork_lock_take(&registry_lock);
  if (p->bequeathed) p->references--; /* there is one reference without an owner already */
  p->bequeathed = true;
  rl_fork_lock_give(&registry_lock);
}

int64_t rl_pool_wait_ms(const rl_pool *p) {
  return p->limits.wait_ms;
}

uint64_t rl_pool_serial(const rl_pool *p) {
  return p->serial;
}

const rl_conn_options *rl_pool_conn_options(const rl_pool *p) {
  return &p->options;
}

/* After a fork. Several threads may come here at the same time; one of them changes the client. */
rille_status rl_pool_own(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err) {
  rl_pool *inherited = *pool, *own = NULL;
  rille_status st = rl_pool_get(inherited->url, &inherited->requested, &own, err);
  if (st != RILLE_OK) return st;
  if (atomic_compare_exchange_strong(pool, &inherited, own)) {
    rl_pool_release(inherited);
  } else {
    rl_pool_release(own);
    own = inherited; /* the one that the other thread has set */
  }
  *out = own;
  return RILLE_OK;
}

rille_status rl_pool_share(rl_pool *_Atomic *pool, rl_pool **out, rl_error *err) {
  rl_pool *p = *pool;
  rille_status st = p->pid == rl_process_id() ? RILLE_OK : rl_pool_own(pool, &p, err);
  if (st != RILLE_OK) return st;
  rl_pool_retain(p);
  *out = p;
  return RILLE_OK;
}
