/* Which way to notice writes of others a client has, and its life: made by the first look, closed with the pool. */
#include "run/foreign.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/process.h"
#include "run/answers.h"
#include "run/foreign_inside.h"
#include "run/observe.h"

/* A database in memory has no others. */
static const rl_foreign_kind *choose_kind(const rl_conn_options *o) {
  if (o->memory) return NULL;
  if (o->driver->foreign_version) return &rl_foreign_asks_version;
  return o->driver->notifications && !o->pooled ? &rl_foreign_listens : NULL;
}

static void foreign_free(rl_pool_guest *g) {
  rl_foreign *f = (rl_foreign *)g; /* its first member */
  if (f->kind) f->kind->close(f);
  pthread_mutex_destroy(&f->lock);
  rl_arena_dispose(&f->arena);
  rl_free(f);
}

static rl_foreign *foreign_new(rl_pool *p, rl_str listen_url) {
  rl_foreign *f = rl_calloc(1, sizeof *f);
  if (!f) return NULL;
  rl_arena_init(&f->arena, 0);
  pthread_mutex_init(&f->lock, NULL);
  f->guest.close = foreign_free;
  f->pool = p;
  f->options = p->options;
  bool good = true;
  if (listen_url.len) {
    f->listen_url = rl_arena_str(&f->arena, listen_url);
    good = f->listen_url.p && rl_driver_parse_url(f->listen_url, &f->arena, &f->options, NULL) == RILLE_OK;
  }
  f->kind = good ? choose_kind(&f->options) : NULL;
  if (good) return f;
  foreign_free(&f->guest);
  return NULL;
}

static rl_foreign *pool_find_foreign(const rl_pool *p, rl_str listen_url) {
  rl_foreign *f = (rl_foreign *)p->guests;
  while (f && !rl_str_eq(f->listen_url, listen_url)) f = (rl_foreign *)f->guest.next;
  return f;
}

/* Several threads may come here at the same time. Of two that add the same one, both stay in the list, and one of them
 * is used. */
static rl_foreign *pool_add_foreign(rl_pool *p, rl_str listen_url) {
  rl_foreign *f = foreign_new(p, listen_url);
  if (!f) return NULL;
  f->guest.next = p->guests;
  while (!atomic_compare_exchange_weak(&p->guests, &f->guest.next, &f->guest)) {}
  return pool_find_foreign(p, listen_url);
}

/* Returns the pool of this process. NULL: out of memory. */
static rl_pool *client_pool(rl_client *root) {
  rl_pool *p = root->pool;
  if (p->pid == rl_process_id()) return p;
  return rl_pool_own(&root->pool, &p, NULL) == RILLE_OK ? p : NULL;
}

static void warn_of_pooler(rl_foreign *f, rl_client *root) {
  if (f->options.memory || atomic_load(&f->warned)) return;
  if (rl_observe_client_warning(root, NULL,
                                "the cache does not notice writes of other processes: listening needs its own session, "
                                "which a pooler in transaction mode does not provide; set `cache.listen_url` to a URL "
                                "of the server itself"))
    atomic_store(&f->warned, true);
}

bool rl_foreign_look(rl_client *c) {
  rl_client *root = rl_client_root(c);
  rl_pool *p = client_pool(root);
  if (!p) return false;
  rl_foreign *f = pool_find_foreign(p, root->listen_url);
  if (!f) f = pool_add_foreign(p, root->listen_url);
  if (!f) return false;
  rl_cache *cache = f->kind ? rl_client_answers(root) : NULL;
  if (f->kind) return cache && f->kind->look(f, root, cache);
  warn_of_pooler(f, root);
  return true;
}

void rl_foreign_settle(rl_client *c, const rl_lease *writer) {
  rl_foreign *f = (rl_foreign *)writer->pool->guests;
  for (; f; f = (rl_foreign *)f->guest.next) {
    rl_cache *cache = f->kind && f->kind->settle ? rl_client_answers(c) : NULL;
    if (cache) f->kind->settle(f, cache, writer);
  }
}
