/* The public functions of clients. */
#include <stdatomic.h>

#include "api/handle.h"
#include "driver/facts.h"
#include "base/alloc.h"
#include "run/answers.h"
#include "run/replicas.h"

/* Reads an array of texts as views. The caller frees *out, which is NULL if there are none. */
static rille_status read_texts(const char *const *texts, size_t count, const char *what, rl_str **out, rl_error *err) {
  if (!count) return RILLE_OK;
  *out = rl_calloc(count, sizeof **out);
  if (!*out) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) {
    if (!texts[i]) return rl_fail(err, RL_VALIDATION, "%s[%zu]: expected a string, got NULL", what, i + 1);
    (*out)[i] = rl_str_of(texts[i]);
  }
  return RILLE_OK;
}

static rille_status read_settings(const rille_client_options *o, rl_client_settings *s, rl_str *lists[2],
                                  rl_error *err) {
  rille_status st = rl_check_url_given(o->url, err);
  if (st != RILLE_OK) return st;
  if (!o->schema) return rl_fail(err, RL_VALIDATION, "schema: missing");
  if (o->pool_size < 0 || o->pool_wait_ms < 0 || o->pool_idle_ms < 0 || o->pool_lifetime_ms < 0 ||
      o->plan_cache_size < 0)
    return rl_fail(err, RL_VALIDATION, "pool: sizes and times cannot be negative");
  *s = (rl_client_settings){.url = rl_str_of(o->url),
                            .schema = o->schema->schema,
                            .pool = {o->pool_size, o->pool_wait_ms, o->pool_idle_ms, o->pool_lifetime_ms},
                            .strict_where = o->strict_where != 0,
                            .plan_cache_size = (size_t)o->plan_cache_size};
  st = read_texts(o->omit, o->omit_count, "omit", &lists[0], err);
  if (st == RILLE_OK) st = read_texts(o->replica_urls, o->replica_count, "replicas", &lists[1], err);
  s->omit = lists[0];
  s->omit_count = o->omit_count;
  s->replicas = lists[1];
  s->replica_count = o->replica_count;
  return st;
}

static rille_status read_cache(const rille_cache_options *from, rl_cache_settings *out, rl_error *err) {
  rille_cache_options o;
  rille_status st =
      rl_read_options(&o, sizeof o, from, offsetof(rille_cache_options, store), "rille_cache_options", err);
  if (st != RILLE_OK) return st;
  *out = (rl_cache_settings){.limits = {o.max_bytes, o.max_entry},
                             .store = rl_str_of(o.store),
                             .listen_url = rl_str_of(o.listen_url),
                             .prefix = rl_str_of(o.prefix)};
  return RILLE_OK;
}

rille_status rille_client_open(const rille_client_options *options, rille_client **out, rille_error **err) {
  rl_error error = {0};
  rille_client_options o;
  rl_client_settings s;
  rl_cache_settings cache;
  rl_str *lists[2] = {NULL, NULL};
  rille_status st =
      rl_read_options(&o, sizeof o, options, offsetof(rille_client_options, cache), "rille_client_options", &error);
  if (st == RILLE_OK) st = read_settings(&o, &s, lists, &error);
  if (st == RILLE_OK && o.cache) {
    st = read_cache(o.cache, &cache, &error);
    s.cache = &cache;
  }
  rille_client *c = st == RILLE_OK ? rl_calloc(1, sizeof *c) : NULL;
  if (st == RILLE_OK && !c) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) st = rl_client_open(&s, &c->client, &error);
  rl_free(lists[0]);
  rl_free(lists[1]);
  if (st != RILLE_OK) {
    rl_free(c);
    return rl_box(st, &error, err);
  }
  c->references = 1;
  c->schema = rille_schema_retain(o.schema);
  *out = c;
  return RILLE_OK;
}

static rille_status read_traits(const rille_derive_options *o, rl_client_traits *t, rl_setting **list, rl_error *err) {
  *t = (rl_client_traits){.primary = o->primary != 0,
                          .comment = rl_str_of(o->comment),
                          .timeout_ms = o->timeout_ms,
                          .trace = rl_str_of(o->trace),
                          .unscoped_raw = o->unscoped != 0};
  if (o->timeout_ms < 0) return rl_fail(err, RL_VALIDATION, "timeout: cannot be negative");
  if (!o->session_count) return RILLE_OK;
  *list = rl_calloc(o->session_count, sizeof **list);
  if (!*list) return rl_fail_nomem(err);
  for (size_t i = 0; i < o->session_count; i++) {
    const char *name = o->session[2 * i], *value = o->session[2 * i + 1];
    if (!name || !value)
      return rl_fail(err, RL_VALIDATION, "session[%zu]: expected a name and a value, got NULL", i + 1);
    (*list)[i] = (rl_setting){rl_str_of(name), rl_str_of(value)};
  }
  t->session = *list;
  t->session_count = o->session_count;
  return RILLE_OK;
}

/* Reads the scope. The caller frees *except. */
static rille_status read_scope(const rille_derive_options *o, rl_scope_given *given, rl_str **except, rl_error *err) {
  if (!o->scope) {
    if (o->except_count) return rl_fail(err, RL_VALIDATION, "except: needs a scope");
    return RILLE_OK;
  }
  rille_status st = rl_tape_finish(o->scope, err);
  if (st == RILLE_OK) st = read_texts(o->except, o->except_count, "except", except, err);
  *given = (rl_scope_given){&o->scope->tape, *except, o->except_count};
  return st;
}

rille_status rille_client_derive(rille_client *from, const rille_derive_options *options, rille_client **out,
                                 rille_error **err) {
  rl_error error = {0};
  rille_derive_options o;
  rl_client_traits traits;
  rl_setting *list = NULL;
  rl_scope_given scope;
  rl_str *except = NULL;
  rille_status st = rl_read_options(&o, sizeof o, options, offsetof(rille_derive_options, timeout_ms),
                                    "rille_derive_options", &error);
  if (st == RILLE_OK) st = read_traits(&o, &traits, &list, &error);
  if (st == RILLE_OK) st = read_scope(&o, &scope, &except, &error);
  rille_client *c = st == RILLE_OK ? rl_calloc(1, sizeof *c) : NULL;
  if (st == RILLE_OK && !c) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) st = rl_client_derive(from->client, &traits, o.scope ? &scope : NULL, &c->client, &error);
  rl_free(list);
  rl_free(except);
  if (st != RILLE_OK) {
    rl_free(c);
    return rl_box(st, &error, err);
  }
  c->references = 1;
  c->schema = rille_schema_retain(from->schema);
  *out = c;
  return RILLE_OK;
}

rille_client *rille_client_retain(rille_client *c) {
  c->references++;
  return c;
}

void rille_client_release(rille_client *c) {
  if (!c || atomic_fetch_sub(&c->references, 1) != 1) return;
  rl_client_release(c->client);
  rille_schema_release(c->schema);
  rl_free(c);
}

rille_schema *rille_client_schema(const rille_client *c) {
  return c->schema;
}
const char *rille_client_provider(const rille_client *c) {
  return rl_provider_name(c->client->driver->provider);
}

int rille_client_pooled(const rille_client *c) {
  return rl_pool_conn_options(c->client->pool)->pooled;
}

int rille_client_same_pool(const rille_client *a, const rille_client *b) {
  return a->client->pool == b->client->pool;
}

int rille_client_same_database(const rille_client *a, const rille_client *b) {
  return rl_client_same_database(a->client, b->client);
}

static void write_pool_stats(rl_pool *pool, rille_pool_stats *out) {
  rl_pool_counts n = {0};
  if (pool) rl_pool_count(pool, &n);
  rille_pool_stats full = {.size = n.size,
                           .open = n.open,
                           .idle = n.idle,
                           .in_use = n.in_use,
                           .waiting = n.waiting,
                           .connects = n.connects,
                           .waits = n.waits,
                           .timeouts = n.timeouts,
                           .waited_ms = n.waited_ms};
  rl_write_struct(out, &full, sizeof full);
}

void rille_client_pool_stats(const rille_client *c, rille_pool_stats *out) {
  write_pool_stats(c->client->pool, out);
}

int32_t rille_client_replica_count(const rille_client *c) {
  return (int32_t)rl_replicas_count(rl_client_root(c->client)->replicas);
}

void rille_client_replica_stats(const rille_client *c, int32_t index, rille_pool_stats *out) {
  bool exists = index >= 0 && index < rille_client_replica_count(c);
  write_pool_stats(exists ? rl_replicas_pool(rl_client_root(c->client)->replicas, (size_t)index) : NULL, out);
}

void rille_client_plan_stats(const rille_client *c, rille_plan_stats *out) {
  rl_plan_cache_counts n;
  rl_plan_cache_count(c->client->cache, &n);
  rille_plan_stats full = {
      .kept = (int32_t)n.kept, .hits = n.hits, .misses = n.misses, .evictions = n.evictions, .bytes = (int64_t)n.bytes};
  rl_write_struct(out, &full, sizeof full);
}

void rille_client_call_stats(const rille_client *c, rille_call_stats *out) {
  rl_client *from = rl_client_root(c->client);
  rille_call_stats full = {.operations = atomic_load_explicit(&from->operations, memory_order_relaxed),
                           .statements = atomic_load_explicit(&from->statements, memory_order_relaxed),
                           .round_trips = atomic_load_explicit(&from->round_trips, memory_order_relaxed)};
  rl_write_struct(out, &full, sizeof full);
}
