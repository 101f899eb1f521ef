/* Clients: opening and closing, models by name, metrics. */
#include <string.h>

#include "options.h"

#define OMIT_MAX 1024
#define SESSION_MAX 256
#define REPLICAS_MAX 64
#define BYTES_MAX ((int64_t)1 << 50)
#define EXCEPT_MAX 10000

rl_scope *rl_scope_push(lua_State *L) {
  rl_scope *scope = (rl_scope *)rl_new_userdata(L, sizeof *scope);
  memset(scope, 0, sizeof *scope);
  rl_push_ref(L, RL_REF_SCOPE);
  lua_setmetatable(L, -2);
  lua_createtable(L, 2, 4); /* a transaction has its parent, the watcher and the hook */
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "scope");
  rl_set_user(L, -2);
  return scope;
}

void rl_scope_must_be_open(lua_State *L, const rl_scope *scope) {
  if (scope->client && !scope->ended && (scope->depth == 0 || scope->tx->tx)) return;
  if (scope->depth > 0)
    rl_lua_raise(
        L, "P2028",
        "Transaction error: this transaction has ended; calls inside must use the object that the function receives");
  rl_lua_raise(L, "VALIDATION", "the client is closed");
}

rl_scope *rl_scope_check(lua_State *L, int index) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), index, RL_REF_SCOPE);
  if (!scope)
    rl_lua_raise(L, "VALIDATION", "expected a client, got %s; is the call written with a colon?",
                 rl_type_name(L, index));
  rl_scope_must_be_open(L, scope);
  return scope;
}

/* Puts what only Lua reads into the anchors: the list of omitted fields, for paginate, and the messages. The scope is
 * at the top. */
static void scope_keep_options(lua_State *L) {
  rl_get_user(L, -1);
  lua_getfield(L, 1, "omit");
  lua_setfield(L, -2, "omit");
  lua_getfield(L, 1, "messages"); /* for input */
  lua_setfield(L, -2, "messages");
  lua_pop(L, 1);
}

/* Puts the wait hook into the anchors. The scope is at the top. */
static void scope_keep_hook(lua_State *L, rl_scope *scope) {
  rl_get_user(L, -1);
  lua_getfield(L, 1, "hook");
  scope->cooperative = lua_istable(L, -1);
  if (scope->cooperative) {
    lua_getfield(L, -1, "wake");
    if (!lua_isnil(L, -1)) scope->cooperative = 2;
    lua_pop(L, 1);
  }
  lua_setfield(L, -2, "hook");
  lua_pop(L, 1);
}

/* Reads the table at the top. What it points to stays alive on the stack. */
static void read_cache_options(lua_State *L, rille_cache_options *out) {
  static const rl_option rows[] = {
      {"store", RL_OPTION_STRING, .at = offsetof(rille_cache_options, store)},
      {"max_bytes", RL_OPTION_INT64, .at = offsetof(rille_cache_options, max_bytes), .least = 1, .most = BYTES_MAX},
      {"max_entry", RL_OPTION_INT64, .at = offsetof(rille_cache_options, max_entry), .least = 1, .most = BYTES_MAX},
      {"listen_url", RL_OPTION_STRING, .at = offsetof(rille_cache_options, listen_url)},
      {"prefix", RL_OPTION_STRING, .at = offsetof(rille_cache_options, prefix)},
      {0}};
  rl_options_read(L, lua_gettop(L), "rille.connect: cache", rows, out, sizeof *out);
}

/* core.open{ url, schema, pool_size, pool_wait, pool_idle, pool_lifetime, strict_where, keep_nulls, strict_rows, omit,
 * replicas, plan_cache_size, cache, hook, watcher } */
static int open_client(lua_State *L) {
  static const rl_option rows[] = {
      {"url", RL_OPTION_STRING, .at = offsetof(rille_client_options, url)},
      {"schema", RL_OPTION_SCHEMA, .at = offsetof(rille_client_options, schema), .required = 1},
      {"pool_size", RL_OPTION_INT32, .at = offsetof(rille_client_options, pool_size), .most = 100000},
      {"pool_wait", RL_OPTION_INT64, .at = offsetof(rille_client_options, pool_wait_ms), .most = INT32_MAX},
      {"pool_idle", RL_OPTION_INT64, .at = offsetof(rille_client_options, pool_idle_ms), .most = INT32_MAX},
      {"pool_lifetime", RL_OPTION_INT64, .at = offsetof(rille_client_options, pool_lifetime_ms), .most = INT32_MAX},
      {"plan_cache_size", RL_OPTION_INT32, .at = offsetof(rille_client_options, plan_cache_size), .most = 1000000},
      {"strict_where", RL_OPTION_FLAG, .at = offsetof(rille_client_options, strict_where)},
      {"omit", RL_OPTION_STRINGS, .at = offsetof(rille_client_options, omit),
       .count_at = offsetof(rille_client_options, omit_count), .most = OMIT_MAX},
      {"replicas", RL_OPTION_STRINGS, .at = offsetof(rille_client_options, replica_urls),
       .count_at = offsetof(rille_client_options, replica_count), .most = REPLICAS_MAX},
      {0}};
  rille_client_options options;
  lua_settop(L, 1);
  rille_cache_options cache;
  rl_options_read(L, 1, "rille.connect", rows, &options, sizeof options);
  lua_getfield(L, 1, "cache");
  if (lua_istable(L, -1)) {
    read_cache_options(L, &cache);
    options.cache = &cache;
  }
  rl_lua_box *box = rl_lua_box_push(L);
  rl_scope *scope = rl_scope_push(L);
  int top = lua_gettop(L);
  lua_getfield(L, 1, "keep_nulls");
  scope->keep_nulls = lua_toboolean(L, -1);
  lua_getfield(L, 1, "strict_rows");
  scope->strict = lua_toboolean(L, -1);
  lua_settop(L, top);
  scope_keep_hook(L, scope);
  scope_keep_options(L);
  rl_watcher_push(L, scope);
  rl_lua_box_check(L, box, rille_client_open(&options, &scope->client, &box->err));
  lua_settop(L, top);
  return 1;
}

/* Reads the option `trace`. Stack: options at 2; anchors of the scope below the top. */
static void scope_keep_trace(lua_State *L, rl_scope *scope, rille_derive_options *options) {
  lua_getfield(L, 2, "trace");
  if (lua_isnil(L, -1)) return;
  options->trace = rl_string(L, -1, "traceparent");
  scope->traced = lua_isfunction(L, -1);
  if (options->trace) lua_pushnil(L);
  lua_setfield(L, options->trace ? -4 : -3, "trace");
}

/* Writes the option `scope` onto the tape of the box. */
static void derive_write_scope(lua_State *L, rl_lua_box *box, rille_derive_options *options) {
  lua_getfield(L, 2, "scope");
  if (!lua_isnil(L, -1)) {
    options->scope = box->tape;
    rl_walk(L, rl_binding_of(L), box->tape, lua_gettop(L), 0);
  }
  lua_pop(L, 1);
}

/* Sets an anchor to the value at the top if it is not nil. Stack: anchors of the new scope, those of the other. */
static void set_anchor(lua_State *L, const char *name) {
  if (lua_isnil(L, -1))
    lua_pop(L, 1);
  else
    lua_setfield(L, -3, name);
}

/* What derived clients inherit, except `messages` that are given. Stack: options at 2; the anchors as for set_anchor.
 */
static void derive_anchors(lua_State *L, rl_scope *scope, const rl_scope *from) {
  lua_getfield(L, -1, "hook");
  set_anchor(L, "hook");
  lua_getfield(L, -1, "omit");
  set_anchor(L, "omit");
  lua_getfield(L, 2, "messages"); /* for input */
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_getfield(L, -1, "messages");
  }
  set_anchor(L, "messages");
  rl_watcher_inherit(L, scope, from);
}

/* core.derive(scope, { session = { name, value, ... }, comment, trace, primary, timeout, scope, except, unscoped,
 * messages }): returns the scope of a client with the same pool. trace: a traceparent, or a function that returns one
 * for each call. */
static int derive_client(lua_State *L) {
  static const rl_option rows[] = {
      {"comment", RL_OPTION_STRING, .at = offsetof(rille_derive_options, comment)},
      {"primary", RL_OPTION_FLAG, .at = offsetof(rille_derive_options, primary)},
      {"timeout", RL_OPTION_INT64, .at = offsetof(rille_derive_options, timeout_ms), .most = INT32_MAX},
      {"session", RL_OPTION_STRINGS, .at = offsetof(rille_derive_options, session),
       .count_at = offsetof(rille_derive_options, session_count), .most = SESSION_MAX},
      {"except", RL_OPTION_STRINGS, .at = offsetof(rille_derive_options, except),
       .count_at = offsetof(rille_derive_options, except_count), .most = EXCEPT_MAX},
      {"unscoped", RL_OPTION_FLAG, .at = offsetof(rille_derive_options, unscoped)},
      {0}};
  rille_derive_options options;
  rl_scope *from = rl_scope_check(L, 1);
  lua_settop(L, 2);
  rl_options_read(L, 2, "with", rows, &options, sizeof options);
  options.session_count /= 2; /* names and values alternate */
  rl_lua_box *box = rl_lua_box_take(L);
  int box_at = lua_gettop(L);
  rl_scope *scope = rl_scope_push(L);
  int top = lua_gettop(L);
  scope->keep_nulls = from->keep_nulls;
  scope->strict = from->strict;
  scope->cooperative = from->cooperative;
  rl_get_user(L, top);
  rl_get_user(L, 1);
  derive_anchors(L, scope, from);
  scope_keep_trace(L, scope, &options);
  derive_write_scope(L, box, &options);
  rl_lua_box_check(L, box, rille_client_derive(from->client, &options, &scope->client, &box->err));
  rl_lua_box_give(L, box_at);
  lua_settop(L, top);
  return 1;
}

static void scope_dispose(lua_State *L, rl_scope *scope) {
  rl_get_user(L, 1);
  for (; scope->idle > 0; scope->idle--) {
    lua_rawgeti(L, -1, scope->idle);
    rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), -1, RL_REF_OP);
    if (op) rl_lua_op_dispose(op);
    lua_pop(L, 1);
  }
  if (scope->depth == 1) rl_inside_leave(scope->tx);
  rl_lua_tx_release(scope->tx);
  scope->tx = NULL;
  if (scope->client) rille_client_release(scope->client);
  scope->client = NULL;
  scope->ended = 1;
}

/* core.close(scope): frees idle operations, so the pool may close its connections. Rolls back a transaction, also from
 * within a savepoint. Needs no memory. May be called twice. */
static int close_client(lua_State *L) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCOPE);
  if (!scope || !scope->client) return 0;
  if (scope->depth > 0) rl_lua_tx_roll_back(scope->tx);
  scope_dispose(L, scope);
  return 0;
}

/* When the state ends, the operation objects have their own finalizers and may be freed already: they are not used. */
static int scope_gc(lua_State *L) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCOPE);
  if (!scope) return 0;
  scope->idle = 0;
  scope_dispose(L, scope);
  return 0;
}

/* core.model(scope, name): returns a model by any of its names, or nil and the nearest name. */
static int push_model(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  rille_schema *schema = rille_client_schema(scope->client);
  int32_t number = rille_schema_model(schema, name, len);
  if (number < 0) {
    lua_pushnil(L);
    lua_pushstring(L, rille_schema_model_nearest(schema, name, len));
    return 2;
  }
  rl_lua_model *m = (rl_lua_model *)rl_new_userdata(L, sizeof *m);
  m->scope = scope;
  m->model = number;
  rl_push_ref(L, scope->cooperative ? RL_REF_COOPERATIVE : RL_REF_MODEL);
  lua_setmetatable(L, -2);
  rl_get_user(L, 1);
  rl_set_user(L, -2);
  return 1;
}

/* core.has_model(scope, name): returns whether a model has that name. false for a closed client. */
static int has_model(lua_State *L) {
  const rl_scope *scope = (const rl_scope *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCOPE);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  lua_pushboolean(L, scope && scope->client && rille_schema_model(rille_client_schema(scope->client), name, len) >= 0);
  return 1;
}

/* core.models(scope): returns the snake_case names in the order of the schema. */
static int push_model_names(lua_State *L) {
  rille_schema *schema = rille_client_schema(rl_scope_check(L, 1)->client);
  int32_t count = rille_schema_model_count(schema);
  lua_createtable(L, count, 0);
  for (int32_t i = 0; i < count; i++) {
    lua_pushstring(L, rille_schema_model_client(schema, i));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* core.keeps_nulls(scope): returns whether NULL and missing rows are returned as rille.null. */
static int push_keeps_nulls(lua_State *L) {
  lua_pushboolean(L, rl_scope_check(L, 1)->keep_nulls);
  return 1;
}

static int push_provider(lua_State *L) {
  lua_pushstring(L, rille_client_provider(rl_scope_check(L, 1)->client));
  return 1;
}

/* core.pooled(scope): returns whether there is a pooler in transaction mode. */
static int push_pooled(lua_State *L) {
  lua_pushboolean(L, rille_client_pooled(rl_scope_check(L, 1)->client));
  return 1;
}

static void set_metric(lua_State *L, const char *key, int64_t value) {
  rl_push_integer(L, value);
  lua_setfield(L, -2, key);
}

static void push_call_metrics(lua_State *L, const rille_client *c) {
  rille_call_stats calls;
  memset(&calls, 0, sizeof calls);
  calls.struct_size = (uint32_t)sizeof calls;
  rille_client_call_stats(c, &calls);
  lua_createtable(L, 0, 3);
  set_metric(L, "operations", calls.operations);
  set_metric(L, "statements", calls.statements);
  set_metric(L, "round_trips", calls.round_trips);
}

static void push_pool_metrics(lua_State *L, const rille_pool_stats *pool) {
  lua_createtable(L, 0, 9);
  set_metric(L, "waited_ms", pool->waited_ms);
  set_metric(L, "size", pool->size);
  set_metric(L, "open", pool->open);
  set_metric(L, "idle", pool->idle);
  set_metric(L, "in_use", pool->in_use);
  set_metric(L, "waiting", pool->waiting);
  set_metric(L, "connects", pool->connects);
  set_metric(L, "waits", pool->waits);
  set_metric(L, "timeouts", pool->timeouts);
}

static void push_replica_metrics(lua_State *L, const rille_client *c) {
  int32_t count = rille_client_replica_count(c);
  rl_new_list(L, count);
  for (int32_t i = 0; i < count; i++) {
    rille_pool_stats pool;
    memset(&pool, 0, sizeof pool);
    pool.struct_size = (uint32_t)sizeof pool;
    rille_client_replica_stats(c, i, &pool);
    push_pool_metrics(L, &pool);
    lua_rawseti(L, -2, i + 1);
  }
}

/* core.metrics(scope): returns { pool = {...}, replicas = { {...}, ... }, plans = {...}, calls = {...}, events = {...}
 * } */
static int push_metrics(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rille_pool_stats pool;
  rille_plan_stats plans;
  memset(&pool, 0, sizeof pool);
  memset(&plans, 0, sizeof plans);
  pool.struct_size = (uint32_t)sizeof pool;
  plans.struct_size = (uint32_t)sizeof plans;
  rille_client_pool_stats(scope->client, &pool);
  rille_client_plan_stats(scope->client, &plans);
  lua_createtable(L, 0, 4);
  push_call_metrics(L, scope->client);
  lua_setfield(L, -2, "calls");
  lua_createtable(L, 0, 1);
  set_metric(L, "dropped", rille_client_events_dropped(scope->client));
  lua_setfield(L, -2, "events");
  push_pool_metrics(L, &pool);
  lua_setfield(L, -2, "pool");
  push_replica_metrics(L, scope->client);
  lua_setfield(L, -2, "replicas");
  lua_createtable(L, 0, 5);
  set_metric(L, "bytes", plans.bytes);
  set_metric(L, "kept", plans.kept);
  set_metric(L, "hits", plans.hits);
  set_metric(L, "misses", plans.misses);
  set_metric(L, "evictions", plans.evictions);
  lua_setfield(L, -2, "plans");
  return 1;
}

void rl_client_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"open", open_client},
                                       {"close", close_client},
                                       {"model", push_model},
                                       {"keeps_nulls", push_keeps_nulls},
                                       {"models", push_model_names},
                                       {"provider", push_provider},
                                       {"metrics", push_metrics},
                                       {"derive", derive_client},
                                       {"pooled", push_pooled},
                                       {"has_model", has_model},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", scope_gc}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_SCOPE);
  rl_set_functions(L, meta);
  lua_pushliteral(L, "rille.Scope");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
