/* Opening and closing clients. */
#include "run/client.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "run/answers.h"
#include "run/replicas.h"

/* A thousand ordinary calls take less. Calls with long lists must not fill the memory. */
#define PLAN_CACHE_BYTES ((size_t)32 << 20)
/* For the traits of a derived client. Most have one scope, and some programs derive a client per request. */
#define DERIVED_BYTES 448

const rl_dialect *rl_dialect_of(const rl_driver *driver) {
  return rl_dialects[driver->provider];
}

static const rl_dialect *client_dialect(const rl_client *c) {
  const rl_dialect *d = rl_dialect_of(c->driver);
  return rl_pool_conn_options(c->pool)->unixepoch_ms ? d->epoch : d;
}

rille_status rl_check_provider(const rl_schema *schema, const rl_driver *driver, rl_error *err) {
  if (schema->provider == RL_PROVIDER_NONE || schema->provider == driver->provider) return RILLE_OK;
  return rl_fail(err, RL_P1012, "the datasource of the schema has the provider `%.*s`, but the URL names a %s database",
                 RL_STR_ARG(schema->provider_text), rl_provider_title(driver->provider));
}

static rille_status client_check_omit(rl_client *c, rl_str entry, rl_error *err) {
  const char *dot = memchr(entry.p, '.', entry.len);
  const rl_model *m = dot ? rl_schema_model(c->schema, rl_str_make(entry.p, (size_t)(dot - entry.p))) : NULL;
  rl_str name = dot ? rl_str_make(dot + 1, entry.len - (size_t)(dot + 1 - entry.p)) : entry;
  const rl_field *f = m ? rl_model_field(m, name) : NULL;
  if (!f || f->is_relation || f->ignored)
    return rl_fail(err, RL_VALIDATION, "omit: `%.*s` is no scalar field of the schema; write it as `model.field`",
                   RL_STR_ARG(entry));
  char *key = rl_arena_printf(&c->arena, "%.*s.%.*s", RL_STR_ARG(m->client_names[0]), RL_STR_ARG(f->name));
  if (!key || !rl_map_put(&c->omit, rl_str_of(key), key)) return rl_fail_nomem(err);
  return RILLE_OK;
}

/* Rejects an omit that leaves nothing of a model: no call could read it. */
static rille_status client_check_fields_left(rl_client *c, rl_error *err) {
  char key[256];
  for (size_t i = 0; c->omit.count && i < c->schema->model_count; i++) {
    const rl_model *m = c->schema->models[i];
    bool left = false;
    for (size_t k = 0; k < m->column_count && !left; k++) {
      const rl_field *f = m->columns[k];
      int len = snprintf(key, sizeof key, "%.*s.%.*s", RL_STR_ARG(m->client_names[0]), RL_STR_ARG(f->name));
      left = !f->ignored && (len >= (int)sizeof key || !rl_map_get(&c->omit, rl_str_of(key)));
    }
    if (!left && m->column_count)
      return rl_fail(err, RL_VALIDATION, "omit: leaves no field of %.*s", RL_STR_ARG(m->name));
  }
  return RILLE_OK;
}

static rille_status client_fill(rl_client *c, const rl_client_settings *s, rl_error *err) {
  rille_status st = rl_driver_of_url(s->url, &c->driver, err);
  if (st == RILLE_OK) st = rl_check_provider(s->schema, c->driver, err);
  if (st == RILLE_OK)
    st = rl_plan_cache_new(s->plan_cache_size ? s->plan_cache_size : 1000, PLAN_CACHE_BYTES, &c->cache, err);
  for (size_t i = 0; st == RILLE_OK && i < s->omit_count; i++) st = client_check_omit(c, s->omit[i], err);
  if (st == RILLE_OK) st = client_check_fields_left(c, err);
  if (st == RILLE_OK) st = rl_comments_new(&c->comments, err);
  if (st == RILLE_OK) st = rl_scopes_new(&c->scopes, err);
  rl_pool *pool = NULL;
  if (st == RILLE_OK) st = rl_pool_get(s->url, &s->pool, &pool, err);
  if (st != RILLE_OK) return st;
  c->pool = pool;
  if (s->replica_count) {
    st = rl_replicas_open(s->replicas, s->replica_count, c->driver, &s->pool, &c->replicas, err);
    if (st != RILLE_OK) return st;
  }
  c->context =
      (rl_compile_context){c->schema, client_dialect(c), {s->strict_where, s->omit_count ? &c->omit : NULL}, NULL};
  return rl_answers_open(c, s, err);
}

rille_status rl_client_open(const rl_client_settings *settings, rl_client **out, rl_error *err) {
  rl_client *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->references = 1;
  rl_arena_init(&c->arena, 0);
  rl_map_init(&c->omit);
  c->schema = rl_schema_retain(settings->schema);
  rille_status st = client_fill(c, settings, err);
  if (st != RILLE_OK) {
    rl_client_release(c);
    return st;
  }
  *out = c;
  return RILLE_OK;
}

static const rl_setting *setting_named(const rl_client_traits *t, rl_str name) {
  for (size_t i = 0; i < t->session_count; i++)
    if (rl_str_eq(t->session[i].name, name)) return &t->session[i];
  return NULL;
}

static bool copy_setting(rl_client *c, rl_setting *list, const rl_setting *s) {
  rl_setting *out = &list[c->traits.session_count++];
  *out = (rl_setting){rl_arena_str(&c->arena, s->name), rl_arena_str(&c->arena, s->value)};
  return out->name.p && out->value.p;
}

static rille_status merge_traits(rl_client *c, const rl_client_traits *old, const rl_client_traits *add,
                                 rl_error *err) {
  size_t most = old->session_count + add->session_count;
  rl_setting *list = most ? RL_NEW_ARRAY(&c->arena, rl_setting, most) : NULL;
  if (most && !list) return rl_fail_nomem(err);
  c->traits.session = list;
  c->traits.primary = old->primary || add->primary;
  c->traits.unscoped_raw = old->unscoped_raw || add->unscoped_raw;
  c->traits.timeout_ms = add->timeout_ms ? add->timeout_ms : old->timeout_ms;
  for (size_t i = 0; i < old->session_count; i++)
    if (!setting_named(add, old->session[i].name) && !copy_setting(c, list, &old->session[i]))
      return rl_fail_nomem(err);
  for (size_t i = 0; i < add->session_count; i++)
    if (!copy_setting(c, list, &add->session[i])) return rl_fail_nomem(err);
  rl_str comment = add->comment.len ? add->comment : old->comment;
  rl_str trace = add->trace.len ? add->trace : old->trace;
  if (trace.len && !rl_trace_valid(trace))
    return rl_fail(err, RL_VALIDATION, "trace: expected a traceparent (00-<32 hex>-<16 hex>-<2 hex>), got `%.*s`",
                   RL_STR_ARG(trace));
  if (comment.len) c->traits.comment = rl_arena_str(&c->arena, comment);
  if (trace.len) c->traits.trace = rl_str_of(rl_arena_strdup(&c->arena, trace));
  rl_str extension = add->extension.len ? add->extension : old->extension;
  if (extension.len) c->traits.extension = rl_arena_str(&c->arena, extension);
  if ((comment.len && !c->traits.comment.p) || (trace.len && !c->traits.trace.p) ||
      (extension.len && !c->traits.extension.p))
    return rl_fail_nomem(err);
  return comment.len ? rl_comment_get(c->root->comments, comment, &c->comment, err) : RILLE_OK;
}

static bool has_session_settings(const rl_driver *d) {
  return d->check_setting != NULL;
}

static rille_status check_traits(const rl_client *from, const rl_client_traits *t, rl_error *err) {
  if (t->session_count && !has_session_settings(from->driver))
    return rl_fail_lack(err, RL_P2026, from->driver, has_session_settings, "session: ", "settings of a session");
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < t->session_count && st == RILLE_OK; i++)
    st = from->driver->check_setting(t->session[i].name, err);
  return st;
}

static rille_status add_scope(rl_client *c, rl_client *from, const rl_scope_given *given, rl_error *err) {
  const rl_tape_suffix *old = from->traits.scope;
  rille_status st = RILLE_OK;
  if (given)
    st = rl_scope_make(c->root->scopes, c->schema, given, old, &c->arena, &c->traits.scope, err);
  else if (old) {
    c->traits.scope = old;
    c->scope_owner = rl_client_retain(from->scope_owner ? from->scope_owner : from);
  }
  c->context.scope = c->traits.scope;
  return st;
}

rille_status rl_client_check_raw(const rl_client *c, rl_error *err) {
  if (!c->traits.scope || c->traits.unscoped_raw) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION,
                 "raw SQL does not know the scope of the client; if it may see all rows, derive a client with "
                 "`unscoped = true`");
}

rille_status rl_client_derive(rl_client *from, const rl_client_traits *traits, const rl_scope_given *scope,
                              rl_client **out, rl_error *err) {
  rl_client *root = rl_client_root(from);
  rille_status st = check_traits(from, traits, err);
  if (st != RILLE_OK) return st;
  rl_client *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->references = 1;
  rl_arena_init(&c->arena, DERIVED_BYTES);
  rl_map_init(&c->omit);
  c->root = rl_client_retain(root);
  c->schema = rl_schema_retain(root->schema);
  c->driver = root->driver;
  c->cache = root->cache;
  c->context = root->context;
  st = merge_traits(c, &from->traits, traits, err);
  if (st == RILLE_OK) st = add_scope(c, from, scope, err);
  rl_pool *pool = NULL;
  if (st == RILLE_OK) st = rl_pool_share(&root->pool, &pool, err);
  c->pool = pool;
  if (st == RILLE_OK)
    *out = c;
  else
    rl_client_release(c);
  return st;
}

/* Two threads may come here at the same time: one watch is kept. */
static rille_status client_create_watch(rl_client *root, size_t capacity, rl_error *err) {
  rl_watch *none = NULL, *created = rl_watch_new(capacity, root->schema->model_count);
  if (!created) return rl_fail_nomem(err);
  if (!atomic_compare_exchange_strong(&root->watch, &none, created)) rl_watch_free(created);
  return RILLE_OK;
}

rille_status rl_client_observe(rl_client *c, const rl_watch_settings *settings, size_t capacity, rl_error *err) {
  rl_client *root = rl_client_root(c);
  if (!root->watch && settings->what == 0) return RILLE_OK;
  rille_status st = root->watch ? RILLE_OK : client_create_watch(root, capacity, err);
  if (st == RILLE_OK) rl_watch_set(root->watch, settings);
  return st;
}

void rl_client_tally(rl_client *c, uint32_t statements, uint32_t round_trips) {
  rl_client *root = rl_client_root(c);
  atomic_fetch_add_explicit(&root->operations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&root->statements, statements, memory_order_relaxed);
  atomic_fetch_add_explicit(&root->round_trips, round_trips, memory_order_relaxed);
}

rl_client *rl_client_retain(rl_client *c) {
  c->references++;
  return c;
}

void rl_client_release(rl_client *c) {
  if (!c || atomic_fetch_sub(&c->references, 1) != 1) return;
  rl_answers_close(c); /* before the pool: the identity of a database in memory is its pool */
  rl_pool_release(c->pool);
  rl_comment_release(c->comment);
  rl_replicas_free(c->replicas);
  rl_client_release(c->scope_owner);
  if (c->root) {
    rl_client_release(c->root);
  } else {
    rl_plan_cache_free(c->cache);
    rl_watch_free(c->watch);
    rl_comments_free(c->comments);
    rl_scopes_free(c->scopes);
  }
  rl_map_dispose(&c->omit);
  rl_schema_release(c->schema);
  rl_arena_dispose(&c->arena);
  rl_free(c);
}
