/* rille.core, the private C module under `require "rille"`: the check of the Lua version, the state of the binding, the
 * functions. */
#include <string.h>

#include "binding.h"

#define REGISTRY_KEY "rille.core"

void rl_set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name; functions++) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushcclosure(L, functions->func, 2);
    lua_setfield(L, -2, functions->name);
  }
}

static void keep_ref(lua_State *L, rl_binding *b, int ref) {
  b->identity[ref] = lua_topointer(L, -1);
  lua_rawseti(L, RL_REFS, ref);
}

static void keep_sentinel(lua_State *L, rl_binding *b, int ref) {
  *(int *)rl_new_userdata(L, sizeof(int)) = ref;
  rl_push_ref(L, RL_REF_SENTINEL);
  lua_setmetatable(L, -2);
  keep_ref(L, b, ref);
}

/* Frees what the binding owns. */
static int binding_gc(lua_State *L) {
  rl_binding *b = (rl_binding *)lua_touserdata(L, 1);
  rille_json_free(b->json);
  rille_bell_free(b->bell);
  b->json = NULL;
  b->bell = NULL;
  return 0;
}

/* Pushes the module. Has the two upvalues of every function, so the setups can use them. */
static int build_module(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  lua_newtable(L);
  static const luaL_Reg own[] = {{"__gc", binding_gc}, {NULL, NULL}};
  rl_set_functions(L, own);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  for (int ref = RL_REF_SENTINEL; ref <= RL_REF_ENTRIES; ref++) {
    lua_newtable(L);
    keep_ref(L, b, ref);
  }
  for (int ref = RL_REF_NULL; ref <= RL_REF_ALL; ref++) keep_sentinel(L, b, ref);
  lua_newtable(L); /* the module: at the top for the setups */
  lua_pushvalue(L, -1);
  keep_ref(L, b, RL_REF_MODULE);
  rl_error_setup(L);
  rl_place_setup(L);
  rl_value_setup(L);
  rl_pack_setup(L);
  rl_lua_decimal_setup(L);
  rl_json_setup(L);
  rl_input_setup(L);
  rl_plain_setup(L);
  rl_lua_op_setup(L);
  rl_lua_schema_setup(L);
  rl_files_setup(L);
  rl_models_setup(L);
  rl_strict_setup(L);
  rl_backup_setup(L);
  rl_lua_migrations_setup(L);
  rl_lua_dev_setup(L);
  rl_client_setup(L);
  rl_observe_setup(L);
  rl_lua_tx_setup(L);
  rl_op_setup(L);
  rl_raw_setup(L);
  rl_revalidate_setup(L);
  rl_sql_setup(L);
  rl_job_setup(L);
  rl_alarm_setup(L);
  rl_listen_setup(L);
  rl_lock_setup(L);
  rl_inside_setup(L);
  rl_kept_setup(L);
  rl_provider_setup(L);
  lua_pushstring(L, rille_version());
  lua_setfield(L, -2, "version");
  return 1;
}

#if LUA_VERSION_NUM < 502 && defined(__GNUC__)
/* A function that all versions after 5.1 and LuaJIT have. */
extern int lua_pcallk(lua_State *, int, int, int, intptr_t, int (*)(lua_State *, int, intptr_t)) __attribute__((weak));
static void refuse_foreign_host(lua_State *L) {
  if (!lua_pcallk || lua_pcall) return;
  /* From here on, only functions that all versions have are called. */
  const char *host = "another Lua";
  if (luaL_loadstring(L, "return _VERSION") == 0 && lua_pcallk(L, 0, 1, 0, 0, NULL) == 0)
    host = lua_tolstring(L, -1, NULL);
  luaL_error(L, "this rille.core was built for %s and cannot run in %s", LUA_VERSION, host);
}
#else
static void refuse_foreign_host(lua_State *L) {
  lua_getglobal(L, "_VERSION");
  const char *host = lua_tostring(L, -1);
  if (host && strcmp(host, LUA_VERSION) != 0)
    luaL_error(L, "this rille.core was built for %s and cannot run in %s", LUA_VERSION, host);
  lua_pop(L, 1);
}
#endif

RL_LUA_EXPORT int luaopen_rille_core(lua_State *L);

int luaopen_rille_core(lua_State *L) {
  refuse_foreign_host(L);
  if (!rille_version_check(RILLE_VERSION_MAJOR, RILLE_VERSION_MINOR))
    return luaL_error(L, "this rille.core needs librille %s, but %s is loaded", RILLE_VERSION_TEXT, rille_version());
  lua_getfield(L, LUA_REGISTRYINDEX, REGISTRY_KEY); /* one binding per Lua state */
  if (lua_istable(L, -1)) return 1;
  rl_binding *b = (rl_binding *)rl_new_userdata(L, sizeof *b);
  memset(b, 0, sizeof *b);
  lua_createtable(L, RL_REF_END, 0);
  lua_pushcclosure(L, build_module, 2);
  lua_call(L, 0, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, REGISTRY_KEY);
  return 1;
}
