/* Making cached answers stale: core.revalidate(scope, tags, paths), two lists of strings. */
#include "binding.h"

/* Pushes an array of the strings in the table at `list`, which keeps them alive. */
static const char *const *push_strings(lua_State *L, int list, size_t *count) {
  luaL_checktype(L, list, LUA_TTABLE);
  *count = rl_rawlen(L, list);
  const char **strings = (const char **)rl_new_userdata(L, (*count + 1) * sizeof *strings);
  for (size_t i = 0; i < *count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    strings[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1);
  }
  return strings;
}

/* Stack afterwards: two arrays at 4 and 5, anchors at 6, op at 7. */
static rl_lua_op *revalidate_start(lua_State *L, rl_scope *scope, int job) {
  size_t tag_count, path_count;
  lua_settop(L, 3);
  const char *const *tags = push_strings(L, 2, &tag_count);
  const char *const *paths = push_strings(L, 3, &path_count);
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  if (job) rl_job_prepare(op, scope);
  rl_lua_op_begin(op, scope);
  if (rille_op_revalidate(op->core, rl_lua_op_tx(op), tags, tag_count, paths, path_count, &op->err) < 0)
    rl_lua_op_throw(L, scope, op, 6);
  return op;
}

static int revalidate(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = revalidate_start(L, scope, 0);
  rl_lua_op_connect(L, op);
  if (rl_drain(op) < 0) rl_lua_op_throw(L, scope, op, 6);
  rl_lua_op_release(L, scope, op, 6);
  return 0;
}

rl_lua_op *rl_revalidate_job(lua_State *L, rl_scope *scope) {
  return revalidate_start(L, scope, 1);
}

/* core.caches(scope): returns whether the client has a cache. */
static int push_caches(lua_State *L) {
  const rl_scope *scope = rl_scope_check(L, 1);
  lua_pushboolean(L, rille_client_caches(scope->client));
  return 1;
}

void rl_revalidate_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"revalidate", revalidate}, {"caches", push_caches}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
