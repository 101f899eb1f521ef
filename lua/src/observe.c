/* Observing: events for Lua, calls for the watcher of a client, metrics by action. */
#include <string.h>

#include "options.h"

void rl_watcher_push(lua_State *L, rl_scope *scope) {
  rl_get_user(L, -1);
  scope->watcher = (rl_watcher *)rl_new_userdata(L, sizeof *scope->watcher);
  scope->watcher->what = 0;
  rl_push_ref(L, RL_REF_WATCHER);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  rl_set_user(L, -2);
  lua_setfield(L, -2, "watcher");
  lua_pop(L, 1);
}

void rl_watcher_inherit(lua_State *L, rl_scope *scope, const rl_scope *from) {
  lua_getfield(L, -1, "watcher");
  lua_setfield(L, -3, "watcher");
  scope->watcher = from->watcher;
  scope->traced = from->traced;
  if (!from->traced) return;
  lua_getfield(L, -1, "trace");
  lua_setfield(L, -3, "trace");
}

void rl_watcher_function(lua_State *L, int anchors, const char *name) {
  lua_getfield(L, anchors, "watcher");
  rl_get_user(L, -1);
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

void rl_report_events(lua_State *L, int anchors) {
  int top = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, "to report events");
  rl_watcher_function(L, anchors, "after");
  lua_getfield(L, anchors, "scope");
  lua_pcall(L, 1, 0, 0); /* an error must not lose the result of the call */
  lua_settop(L, top);
}

/* owner: stack index of the scope or of a model, followed by the arguments. */
void rl_report_call(lua_State *L, const rl_scope *scope, int owner, const char *name) {
  int top = lua_gettop(L);
  rl_get_user(L, owner);
  rl_watcher_function(L, top + 1, "call");
  lua_pushvalue(L, owner);
  lua_pushstring(L, name);
  lua_pushvalue(L, owner + 1);
  lua_pushvalue(L, top + 1);
  lua_pushboolean(L, scope->depth > 0);
  lua_pushnumber(L, (lua_Number)rl_now_us() / 1000);
  lua_call(L, 6, 0);
  lua_settop(L, top);
}

void rl_set_trace(lua_State *L, rl_lua_op *op) {
  lua_getfield(L, -2, "trace");
  lua_call(L, 0, 1);
  int is_text = lua_type(L, -1) == LUA_TSTRING;
  if (!is_text && lua_toboolean(L, -1))
    rl_lua_raise(L, "VALIDATION", "traceparent: expected a string or nil from the function, got %s",
                 rl_type_name(L, -1));
  if (rille_op_set_trace(op->core, is_text ? rl_string(L, -1, "traceparent") : NULL, &op->err) < 0) {
    rl_push_error(L, op->err);
    lua_error(L);
  }
  lua_pop(L, 1);
}

/* core.watch(scope, functions, what): sets the functions of the watcher, and RL_WATCH_... */
static int watch_scope(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  int what = (int)luaL_checkinteger(L, 3);
  rl_get_user(L, 1);
  lua_getfield(L, -1, "watcher");
  lua_pushvalue(L, 2);
  rl_set_user(L, -2);
  scope->watcher->what = what;
  return 0;
}

/* core.observe(scope, { what, slow_ms, pool_wait_ms, params_length }) */
static int observe_client(lua_State *L) {
  static const rl_option rows[] = {
      {"what", RL_OPTION_INT32, .at = offsetof(rille_observe_options, what), .most = INT32_MAX},
      {"slow_ms", RL_OPTION_INT32, .at = offsetof(rille_observe_options, slow_ms), .most = INT32_MAX},
      {"pool_wait_ms", RL_OPTION_INT32, .at = offsetof(rille_observe_options, pool_wait_ms), .most = INT32_MAX},
      {"params_length", RL_OPTION_INT32, .at = offsetof(rille_observe_options, params_length), .least = -1,
       .most = INT32_MAX},
      {0}};
  rl_scope *scope = rl_scope_check(L, 1);
  rille_observe_options options;
  rl_options_read(L, 2, "core.observe", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_client_observe(scope->client, &options, &box->err));
  return 0;
}

static void set_text(lua_State *L, const char *key, const char *text) {
  if (!text) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, int64_t n) {
  rl_push_integer(L, n);
  lua_setfield(L, -2, key);
}

static const char *event_kind_name(rille_client_event_kind kind) {
  static const char *const names[] = {"other",     "query",   "begin",       "commit", "rollback",
                                      "savepoint", "release", "rollback_to", "warn",   "cache"};
  return kind > 0 && (size_t)kind < sizeof names / sizeof *names ? names[kind] : names[0];
}

static void push_event(lua_State *L, const rille_client_event *e) {
  lua_createtable(L, 0, 15);
  set_text(L, "kind", event_kind_name(e->kind));
  set_text(L, "sql", e->sql);
  set_text(L, "params", e->params);
  set_text(L, "model", e->model);
  set_text(L, "action", e->action);
  set_text(L, "trace", e->trace);
  set_text(L, "error", e->code);
  if (e->rows >= 0) set_number(L, "rows", e->rows);
  if (e->transaction) set_number(L, "transaction", (int64_t)e->transaction);
  if (e->slow) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "slow");
  }
  if (e->kind == RILLE_CLIENT_EVENT_CACHE) {
    set_text(L, "answer", e->message);
    set_text(L, "label", e->label);
  } else {
    set_text(L, "message", e->message);
    set_number(L, "round_trip", e->round_trip);
    set_number(L, "operation", (int64_t)e->operation);
  }
  if (e->kind != RILLE_CLIENT_EVENT_WARN && e->kind != RILLE_CLIENT_EVENT_CACHE) {
    lua_pushnumber(L, (lua_Number)e->duration_ms);
    lua_setfield(L, -2, "duration_ms");
  }
  char time[RILLE_DATETIME_MAX];
  lua_pushlstring(L, time, rille_datetime_format(e->time_us, time));
  lua_setfield(L, -2, "time");
}

/* core.next_event(scope): returns a table, or nil. */
static int push_next_event(lua_State *L) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCOPE);
  rl_lua_box *box = rl_lua_box_push(L);
  if (!scope || !scope->client || rille_client_next_event(scope->client, &box->event) != RILLE_OK) return 0;
  push_event(L, box->event);
  rl_lua_box_clear(box);
  return 1;
}

static void push_action_stats(lua_State *L, const char *model, const char *action, const rille_action_stats *s) {
  lua_createtable(L, 0, 6);
  set_text(L, "model", model);
  set_text(L, "action", action);
  set_number(L, "operations", s->operations);
  set_number(L, "errors", s->errors);
  lua_pushnumber(L, (lua_Number)s->duration_us / 1000);
  lua_setfield(L, -2, "duration_ms");
  lua_createtable(L, RILLE_DURATION_BUCKETS, 0);
  for (int i = 0; i < RILLE_DURATION_BUCKETS; i++) {
    rl_push_integer(L, s->buckets[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "buckets");
}

static void append_action_stats(lua_State *L, const rl_scope *scope, int32_t model, rille_action action,
                                const char *name) {
  rille_action_stats stats;
  stats.struct_size = (uint32_t)sizeof stats;
  if (rille_client_action_stats(scope->client, model, action, &stats) != RILLE_OK) return;
  push_action_stats(L, rille_schema_model_name(rille_client_schema(scope->client), model), name, &stats);
  lua_rawseti(L, -2, (int)rl_rawlen(L, -2) + 1);
}

/* core.action_stats(scope): returns a list of { model, action, operations, errors, duration_ms, buckets }. */
static int push_stats_list(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  int32_t models = rille_schema_model_count(rille_client_schema(scope->client));
  lua_newtable(L);
  rille_action_info info;
  for (int32_t m = 0; m < models; m++)
    for (rille_action a = 1; rl_action_at(a, &info); a++) append_action_stats(L, scope, m, a, info.name);
  append_action_stats(L, scope, -1, RILLE_RAW_QUERY, "query_raw");
  append_action_stats(L, scope, -1, RILLE_RAW_EXECUTE, "execute_raw");
  append_action_stats(L, scope, -1, RILLE_RAW_SCRIPT, "execute_script");
  return 1;
}

#define KEYS_MAX 64

/* core.relation(scope, from, to, keys): returns the field of model `from` that leads to the rows of `to` that a where
 * with these keys finds, or nil. */
static int push_relation(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  const char *keys[KEYS_MAX];
  size_t count = 0, len = 0, from_len, to_len;
  const char *from = luaL_checklstring(L, 2, &from_len), *to = luaL_checklstring(L, 3, &to_len);
  luaL_checktype(L, 4, LUA_TTABLE);
  for (size_t n = rl_rawlen(L, 4); count < n && count < KEYS_MAX; count++) {
    lua_rawgeti(L, 4, (int)count + 1);
    keys[count] = luaL_checkstring(L, -1); /* with a zero byte it is not a field either way */
    lua_pop(L, 1);                         /* the table keeps it */
  }
  rille_schema *schema = rille_client_schema(scope->client);
  const char *field = rille_schema_relation(schema, rille_schema_model(schema, from, from_len),
                                            rille_schema_model(schema, to, to_len), keys, count, &len);
  if (!field) return 0;
  lua_pushlstring(L, field, len);
  return 1;
}

void rl_observe_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"watch", watch_scope},          {"observe", observe_client},
                                       {"next_event", push_next_event}, {"action_stats", push_stats_list},
                                       {"relation", push_relation},     {NULL, NULL}};
  rl_set_functions(L, functions);
}
