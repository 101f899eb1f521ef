/* The caches of the process: found by the identity of their database, shared, and freed with their last reference. */
#include "base/alloc.h"
#include "base/fork_lock.h"
#include "base/process.h"
#include "cache/inside.h"
#include "cache/redis/remote.h"

/* How many words a ledger has. A private cache is emptied by every write, so it needs few. */
enum { PLACES = 65536, PLACES_PRIVATE = 64 };

static rl_fork_lock registry_lock;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static rl_cache *registry;
static _Atomic uint64_t last_serial;

static void registry_init(void) {
  rl_fork_lock_init(&registry_lock);
}

static rl_cache *cache_new(rl_str identity) {
  rl_cache *c = rl_calloc(1, sizeof *c);
  if (!c) return NULL;
  c->identity = (rl_str){rl_strndup(identity.p, identity.len), identity.len};
  if (!c->identity.p) {
    rl_free(c);
    return NULL;
  }
  c->pid = rl_process_id();
  c->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1; /* only a number */
  atomic_init(&c->references, 1);
  pthread_mutex_init(&c->store.lock, NULL);
  return c;
}

static void cache_free(rl_cache *c) {
  rl_store_clear(c);
  rl_free(c->store.buckets);
  rl_labels_dispose(c);
  rl_free(c->ledger);
  pthread_mutex_destroy(&c->store.lock);
  rl_remote_release(c->remote);
  rl_free((char *)c->identity.p);
  rl_free(c);
}

rl_cache *rl_cache_of_database(rl_str identity) {
  pthread_once(&registry_once, registry_init);
  long pid = rl_process_id();
  rl_fork_lock_take(&registry_lock);
  rl_cache *c = registry;
  while (c && !(c->pid == pid && rl_str_eq(c->identity, identity))) c = c->next;
  if (c) {
    rl_cache_retain(c);
  } else {
    c = cache_new(identity);
    if (c) {
      c->next = registry;
      registry = c;
    }
  }
  rl_fork_lock_give(&registry_lock);
  return c;
}

rl_cache *rl_cache_new_private(const rl_cache_limits *limits) {
  pthread_once(&registry_once, registry_init);
  rl_cache *c = cache_new(RL_STR(""));
  if (!c) return NULL;
  c->is_private = true;
  if (rl_cache_activate(c, limits)) return c;
  cache_free(c);
  return NULL;
}

/* Relaxed: who retains has a reference already, or the lock of the registry. */
rl_cache *rl_cache_retain(rl_cache *c) {
  atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
  return c;
}

/* Under the registry's lock. */
static void registry_remove(const rl_cache *c) {
  rl_cache **at = &registry;
  while (*at && *at != c) at = &(*at)->next;
  if (*at) *at = c->next;
}

void rl_cache_release(rl_cache *c) {
  if (!c) return;
  int seen = atomic_load_explicit(&c->references, memory_order_relaxed);
  while (seen > 1) /* release: the last one sees what was done with it; relaxed: what was read is only a number */
    if (atomic_compare_exchange_weak_explicit(&c->references, &seen, seen - 1, memory_order_release,
                                              memory_order_relaxed))
      return;
  /* The last reference goes under the lock, so nobody finds a cache that is being freed. Acquire and release: what all
   * others did with the cache comes before it is freed. */
  rl_fork_lock_take(&registry_lock);
  bool last = atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) == 1;
  if (last) registry_remove(c);
  rl_fork_lock_give(&registry_lock);
  /* a thread that does not exist here may have been in the middle of a change */
  if (last && (c->pid == rl_process_id() || c->is_private)) cache_free(c);
}

bool rl_cache_activate(rl_cache *c, const rl_cache_limits *limits) {
  static const rl_cache_limits usual = {0};
  return rl_store_activate(c, limits ? limits : &usual, c->is_private ? PLACES_PRIVATE : PLACES);
}

/* Acquire: who sees it active sees its store, too. */
bool rl_cache_is_active(const rl_cache *c) {
  return atomic_load_explicit(&c->ledger, memory_order_acquire) != NULL;
}

uint64_t rl_cache_serial(const rl_cache *c) {
  return c->serial;
}

/* Several threads may come here at the same time. One of them sets the child's cache. */
bool rl_cache_own(rl_cache *_Atomic *cache) {
  rl_cache *inherited = atomic_load(cache);
  if (inherited->pid == rl_process_id()) return true;
  /* Neither of them takes the lock of the parent's store: a thread of the parent may hold it. The limits do not move in
   * the child. */
  rl_cache_limits limits = {inherited->store.max_bytes, inherited->store.max_entry};
  rl_cache *own = inherited->is_private ? rl_cache_new_private(&limits) : rl_cache_of_database(inherited->identity);
  if (!own) return false;
  if (rl_cache_is_active(inherited) && !rl_cache_activate(own, &limits)) {
    rl_cache_release(own);
    return false;
  }
  rl_remote *shared = rl_cache_remote(inherited);
  if (shared) (void)rl_cache_share(own, shared);
  if (atomic_compare_exchange_strong(cache, &inherited, own))
    rl_cache_release(inherited);
  else
    rl_cache_release(own);
  return true;
}
