/* Computations and requests (rille/cache.h). While the function of one runs, the calls of its coroutine are part of it:
 * the contexts of a coroutine are found by its address, as its transactions are (inside.c). */
#include <string.h>

#include "options.h"

/* A computation or a request. Its user value is the coroutine in which it runs, so no other one can get its address. */
typedef struct rl_lua_context {
  rille_computation *computation; /* one of the two is set; both NULL: ended */
  rille_request *request;
  const lua_State *thread; /* NULL: its function does not run */
  rl_binding *binding;
  struct rl_lua_context *newer, *older; /* in its bucket */
} rl_lua_context;

static rl_lua_context **context_bucket(rl_binding *b, const lua_State *thread) {
  uintptr_t bits = (uintptr_t)thread;
  return &b->contexts[((bits >> 4) ^ (bits >> 12)) % RL_OPEN_BUCKETS];
}

static void context_leave(rl_lua_context *c) {
  if (!c->thread) return;
  if (c->older) c->older->newer = c->newer;
  if (c->newer)
    c->newer->older = c->older;
  else
    *context_bucket(c->binding, c->thread) = c->older;
  c->binding->context_count--;
  c->thread = NULL;
}

static void context_end(rl_lua_context *c) {
  context_leave(c);
  rille_computation_free(c->computation);
  rille_request_free(c->request);
  c->computation = NULL;
  c->request = NULL;
}

static const rl_lua_context *context_find(lua_State *L, int of_request) {
  rl_binding *b = rl_binding_of(L);
  if (!b->context_count) return NULL;
  for (const rl_lua_context *c = *context_bucket(b, L); c; c = c->older)
    if (c->thread == L && (of_request ? c->request != NULL : c->computation != NULL)) return c;
  return NULL;
}

void rl_context_apply(lua_State *L, rl_lua_op *op) {
  const rl_lua_context *computation = context_find(L, 0), *request = context_find(L, 1);
  op->in_context = computation || request;
  rille_op_set_request(op->core, request ? request->request : NULL);
  if (rille_op_set_computation(op->core, computation ? computation->computation : NULL, &op->err) >= 0) return;
  op->in_context = 1; /* it is to be cleared before the next use */
  rl_push_error(L, op->err);
  rl_lua_op_stop(op);
  lua_error(L);
}

static rl_lua_context *context_new(lua_State *L) {
  rl_lua_context *c = (rl_lua_context *)rl_new_userdata(L, sizeof *c);
  memset(c, 0, sizeof *c);
  c->binding = rl_binding_of(L);
  rl_push_ref(L, RL_REF_CONTEXT);
  lua_setmetatable(L, -2);
  return c;
}

static rl_lua_context *context_check(lua_State *L) {
  rl_lua_context *c = (rl_lua_context *)rl_is(L, rl_binding_of(L), 1, RL_REF_CONTEXT);
  if (!c) rl_lua_raise(L, "VALIDATION", "expected a computation or a request, got %s", rl_type_name(L, 1));
  return c;
}

/* ------------------------------------------------------------------ computations */

enum { STRINGS_MAX = 1000000 }; /* of tags, the core takes fewer */

static int64_t read_milliseconds(lua_State *L, int index, const char *key) {
  lua_getfield(L, index, key);
  int64_t ms = rl_span_ms(lua_tonumber(L, -1) * 1000);
  lua_pop(L, 1);
  return ms;
}

/* core.computation(scope, options, blocking). options: key (bytes), label, ttl, stale (seconds), tags, paths, by_ttl.
 */
static int new_computation(lua_State *L) {
  static const rl_option rows[] = {
      {"key", RL_OPTION_BYTES, .at = offsetof(rille_computation_options, key),
       .count_at = offsetof(rille_computation_options, key_len), .required = 1},
      {"label", RL_OPTION_BYTES, .at = offsetof(rille_computation_options, label), .required = 1},
      {"paths", RL_OPTION_STRINGS, .at = offsetof(rille_computation_options, paths),
       .count_at = offsetof(rille_computation_options, path_count), .most = STRINGS_MAX},
      {0}};
  static const rl_option how_rows[] = {{"by_ttl", RL_OPTION_FLAG, .at = offsetof(rille_cached, by_ttl_only)},
                                       {"tags", RL_OPTION_STRINGS, .at = offsetof(rille_cached, tags),
                                        .count_at = offsetof(rille_cached, tag_count), .most = STRINGS_MAX},
                                       {0}};
  rl_scope *scope = rl_scope_check(L, 1);
  rille_cached how;
  rille_computation_options o;
  lua_settop(L, 3);
  rl_options_read(L, 2, "cached", rows, &o, sizeof o);
  rl_options_read(L, 2, "cached", how_rows, &how, sizeof how);
  how.ttl_ms = read_milliseconds(L, 2, "ttl");
  how.stale_ms = read_milliseconds(L, 2, "stale");
  o.how = &how;
  o.blocking = lua_toboolean(L, 3);
  if (scope->keep_nulls) { /* rows are other values in such a client */
    lua_pushliteral(L, "nulls ");
    lua_pushlstring(L, o.key, o.key_len);
    lua_concat(L, 2);
    o.key = lua_tolstring(L, -1, &o.key_len);
  }
  const rl_lua_context *within = context_find(L, 0);
  o.within = within ? within->computation : NULL;
  rl_lua_context *c = context_new(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_computation_new(scope->client, &o, &c->computation, &box->err));
  lua_pop(L, 1);
  return 1;
}

static rille_computation *computation_check(lua_State *L) {
  rl_lua_context *c = context_check(L);
  if (!c->computation) rl_lua_raise(L, "VALIDATION", "the computation has ended");
  return c->computation;
}

/* core.computation_next(computation): returns "value", bytes; "compute"; or mode, fd, seconds to wait for. */
static int computation_next(lua_State *L) {
  rille_computation *c = computation_check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status status = rille_computation_next(c, &box->err);
  rl_lua_box_check(L, box, status);
  if (status == RILLE_ROW) {
    size_t len;
    const char *bytes;
    rille_computation_value(c, &bytes, &len);
    lua_pushliteral(L, "value");
    lua_pushlstring(L, bytes, len);
    return 2;
  }
  if (status == RILLE_DONE) {
    lua_pushliteral(L, "compute");
    return 1;
  }
  rille_wait wait = {.struct_size = (uint32_t)sizeof wait};
  rille_computation_wait(c, &wait);
  return rl_push_wait(L, &wait);
}

/* core.computation_land(computation, bytes) */
static int computation_land(lua_State *L) {
  size_t len;
  rille_computation *c = computation_check(L);
  const char *bytes = luaL_checklstring(L, 2, &len);
  rille_computation_land(c, bytes, len);
  return 0;
}

/* core.computation_fail(computation, code, message): those who wait get this error; without code they compute again. */
static int computation_fail(lua_State *L) {
  rille_computation *c = computation_check(L);
  rille_computation_fail(c, luaL_optstring(L, 2, NULL), luaL_optstring(L, 3, ""));
  return 0;
}

/* ------------------------------------------------------------------ contexts */

/* core.request() */
static int new_request(lua_State *L) {
  rl_lua_context *c = context_new(L);
  c->request = rille_request_new();
  if (c->request) return 1;
  rl_push_error(L, NULL);
  return lua_error(L);
}

/* core.context_enter(context): the calls of this coroutine are part of it from now on. */
static int enter_context(lua_State *L) {
  rl_lua_context *c = context_check(L);
  rl_binding *b = c->binding;
  if (c->thread) return 0;
  lua_createtable(L, 1, 0); /* a user value is a table in Lua 5.1 */
  lua_pushthread(L);
  lua_rawseti(L, -2, 1);
  rl_set_user(L, 1);
  rl_lua_context **head = context_bucket(b, L);
  c->thread = L;
  c->older = *head;
  c->newer = NULL;
  if (*head) (*head)->newer = c;
  *head = c;
  b->context_count++;
  return 0;
}

/* core.context_leave(context) */
static int leave_context(lua_State *L) {
  context_leave(context_check(L));
  return 0;
}

/* core.context_end(context): leaves it and frees it. A computation that has not ended is given up. */
static int end_context(lua_State *L) {
  context_end(context_check(L));
  return 0;
}

/* ------------------------------------------------------------------ figures */

static void push_figures(lua_State *L, const rille_cache_stats *s) {
  const struct {
    const char *name;
    int64_t value;
  } all[] = {{"hits", s->hits},       {"misses", s->misses}, {"stale_hits", s->stale_hits},
             {"waits", s->waits},     {"kept", s->kept},     {"refused", s->refused},
             {"entries", s->entries}, {"bytes", s->bytes},   {"evictions", s->evictions}};
  lua_createtable(L, 0, (int)(sizeof all / sizeof *all));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    rl_push_integer(L, all[i].value);
    lua_setfield(L, -2, all[i].name);
  }
}

/* core.cache_stats(scope): returns the figures of the cache, and in `by` those of each model and key; nil if there is
 * no cache. */
static int push_cache_stats(lua_State *L) {
  const rl_scope *scope = rl_scope_check(L, 1);
  rille_cache_stats s = {.struct_size = (uint32_t)sizeof s};
  const char *name;
  size_t len;
  if (!rille_client_cache_label(scope->client, 0, &name, &len, &s)) return 0;
  rille_client_cache_stats(scope->client, &s);
  push_figures(L, &s);
  lua_newtable(L);
  for (uint32_t i = 0; rille_client_cache_label(scope->client, i, &name, &len, &s); i++) {
    if (s.hits + s.misses + s.stale_hits + s.waits == 0) continue;
    lua_pushlstring(L, name, len);
    push_figures(L, &s);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "by");
  return 1;
}

/* core.cache_clear(scope) */
static int clear_cache(lua_State *L) {
  const rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_client_cache_clear(scope->client, &box->err));
  return 0;
}

/* core.cache_survey(store, prefix or nil, clears): returns what a Redis server has under the prefix. */
static int survey_cache(lua_State *L) {
  const char *store = rl_string_arg(L, 1, "store"),
             *prefix = lua_isnoneornil(L, 2) ? NULL : rl_string_arg(L, 2, "prefix");
  rille_cache_survey_result r = {.struct_size = (uint32_t)sizeof r};
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_cache_survey(store, prefix, lua_toboolean(L, 3), &r, &box->err));
  const struct {
    const char *name;
    int64_t value;
  } all[] = {{"entries", r.entries}, {"bytes", r.bytes},         {"stamps", r.stamps},
             {"marks", r.marks},     {"computing", r.computing}, {"outdated", r.outdated},
             {"removed", r.removed}, {"memory", r.memory},       {"max_memory", r.max_memory}};
  lua_createtable(L, 0, (int)(sizeof all / sizeof *all) + 1);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i].value < 0) continue; /* not known */
    rl_push_integer(L, all[i].value);
    lua_setfield(L, -2, all[i].name);
  }
  lua_pushboolean(L, r.partial);
  lua_setfield(L, -2, "partial");
  return 1;
}

/* __gc */
static int context_gc(lua_State *L) {
  rl_lua_context *c = (rl_lua_context *)rl_is(L, rl_binding_of(L), 1, RL_REF_CONTEXT);
  if (c) context_end(c);
  return 0;
}

void rl_kept_setup(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", context_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"computation", new_computation},
                                       {"computation_next", computation_next},
                                       {"computation_land", computation_land},
                                       {"computation_fail", computation_fail},
                                       {"request", new_request},
                                       {"context_enter", enter_context},
                                       {"context_leave", leave_context},
                                       {"context_end", end_context},
                                       {"cache_stats", push_cache_stats},
                                       {"cache_clear", clear_cache},
                                       {"cache_survey", survey_cache},
                                       {NULL, NULL}};
  rl_push_ref(L, RL_REF_CONTEXT);
  rl_set_functions(L, meta);
  lua_pop(L, 1);
  rl_set_functions(L, functions);
}
