/* Tables with metamethods for their content (proxies, read-only tables): the content as a plain table, or the reason it
 * cannot be read. Read raw, a proxy is empty: a filter would be lost, and an empty filter means every row. */
#include "binding.h"

#define KEYS_MAX 10000000
#define CHAIN_MAX 100

/* Pushes a metamethod of the metatable at meta, raw. Returns 0 and pushes nothing if there is none. */
static int push_metamethod(lua_State *L, int meta, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, meta);
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

int rl_is_empty_table(lua_State *L, int index) {
  lua_pushnil(L);
  if (!lua_next(L, index)) return 1;
  lua_pop(L, 2);
  return 0;
}

/* Returns whether it is a function, or a value with __call. */
static int can_be_called(lua_State *L, int index) {
  if (lua_isfunction(L, index)) return 1;
  if (!luaL_getmetafield(L, index, "__call")) return 0;
  lua_pop(L, 1);
  return 1;
}

/* Replaces the iterator on the stack (function, state, control) by a table of what it returns. */
static const char *collect_pairs(lua_State *L) {
  int iterator = lua_gettop(L) - 2;
  if (!can_be_called(L, iterator)) return "its __pairs returns no iterator";
  lua_newtable(L);
  for (int n = 0; n < KEYS_MAX; n++) {
    lua_pushvalue(L, iterator);
    lua_pushvalue(L, iterator + 1);
    lua_pushvalue(L, iterator + 2);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) {
      lua_pop(L, 2);
      lua_replace(L, iterator);
      lua_settop(L, iterator);
      return NULL;
    }
    lua_pushvalue(L, -2);
    lua_replace(L, iterator + 2);
    if (lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) != lua_tonumber(L, -2))
      return "its __pairs returns NaN as a key";
    lua_rawset(L, iterator + 3);
  }
  return "its __pairs does not end";
}

static const char *copy_by_pairs(lua_State *L, int index) {
  if (!can_be_called(L, lua_gettop(L))) return "its __pairs is not a function";
  lua_pushvalue(L, index);
  lua_call(L, 1, 3);
  const char *why = collect_pairs(L);
  if (!why && rl_is_empty_table(L, lua_gettop(L))) why = "its __pairs returns nothing; write {} for an empty table";
  return why;
}

/* Copies a list: its length is from __len, its elements from indexing. */
static const char *copy_by_length(lua_State *L, int index) {
  if (!can_be_called(L, lua_gettop(L))) return "its __len is not a function";
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  double n = lua_type(L, -1) == LUA_TNUMBER ? (double)lua_tonumber(L, -1) : -1;
  lua_pop(L, 1);
  if (!(n >= 0 && n <= KEYS_MAX && floor(n) == n)) return "its __len returns no length";
  if (n < 1) return "it has a metatable with __len and no elements; write {} for an empty table";
  lua_createtable(L, (int)n, 0);
  int copy = lua_gettop(L);
  for (int i = 1; i <= (int)n; i++) {
    lua_pushinteger(L, i);
    lua_gettable(L, index);
    if (lua_isnil(L, -1)) return "its __len counts elements that indexing does not return";
    lua_rawseti(L, copy, i);
  }
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? (double)lua_tonumber(L, -2) : 0;
    if (!(key >= 1 && key <= n && floor(key) == key)) return "its __len makes it a list, but it has other keys as well";
  }
  return NULL;
}

/* Returns whether the table at index contains only methods: functions, and names of metamethods. For a list, only
 * elements matter. */
static int has_only_methods(lua_State *L, int index, int of_list) {
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    int named = lua_type(L, -2) == LUA_TSTRING;
    const char *name = named ? lua_tostring(L, -2) : "";
    int method = named && (of_list || lua_isfunction(L, -1) || (name[0] == '_' && name[1] == '_'));
    if (method) continue;
    lua_pop(L, 2);
    return 0;
  }
  return 1;
}

/* An object of a class has its values itself. The __index is at the top of the stack. */
static const char *check_class(lua_State *L, int index) {
  int top = lua_gettop(L), of_list = rl_rawlen(L, index) > 0;
  const char *why = "its metatable has __index but no __pairs, so its keys are unknown; pass a plain table";
  if (rl_is_empty_table(L, index)) return why;
  for (int i = 0; i < CHAIN_MAX; i++) {
    if (!lua_istable(L, -1) || !has_only_methods(L, lua_gettop(L), of_list)) return why;
    if (!lua_getmetatable(L, -1) || !push_metamethod(L, lua_gettop(L), "__index")) {
      lua_settop(L, top);
      return NULL;
    }
  }
  return why;
}

/* The metatable is at the top of the stack. */
static const char *read_metatable(lua_State *L, int index, int *copied) {
  int meta = lua_gettop(L);
  *copied = 0;
  if (push_metamethod(L, meta, RL_STRICT_ROW)) return NULL; /* a strict row has its values itself */
  *copied = 1;
  if (push_metamethod(L, meta, "__pairs")) return copy_by_pairs(L, index);
  if (push_metamethod(L, meta, "__len")) return copy_by_length(L, index);
  *copied = 0;
  return push_metamethod(L, meta, "__index") ? check_class(L, index) : NULL;
}

int rl_runs_code(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return 0;
  int top = lua_gettop(L);
  int runs = push_metamethod(L, top, "__pairs") || push_metamethod(L, top, "__len");
  lua_settop(L, top - 1);
  return runs;
}

int rl_plain_table(lua_State *L, const rl_binding *b, int index, const char **why) {
  int top = lua_gettop(L), copied = 0;
  luaL_checkstack(L, 12, "tables are nested too deeply");
  *why = NULL;
  if (!lua_getmetatable(L, index)) return 0;
  rl_own_table own = rl_own_table_of(b, lua_topointer(L, -1));
  if (!own.is_array && !own.is_object) *why = read_metatable(L, index, &copied);
  if (*why || !copied) {
    lua_settop(L, top);
    return 0;
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return 1;
}

/* core.plain(table, what): returns the table itself if it is plain, otherwise a plain table of what its metamethods
 * return. */
static int push_plain(lua_State *L) {
  const char *why;
  luaL_checktype(L, 1, LUA_TTABLE);
  const char *what = luaL_checkstring(L, 2);
  lua_settop(L, 2);
  int copied = rl_plain_table(L, rl_binding_of(L), 1, &why);
  if (why) rl_lua_raise(L, "VALIDATION", "%s: %s", what, why);
  if (!copied) lua_settop(L, 1);
  return 1;
}

void rl_plain_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"plain", push_plain}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
