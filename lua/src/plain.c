/* Tables that answer by metamethods (proxies, read-only tables): what they hold as a plain table, or why that cannot be
 * told. Walked raw, a proxy is empty: a filter would vanish, and an empty filter means every row. */
#include "binding.h"

#define KEYS_MAX 10000000
#define CHAIN_MAX 100

/* The metamethod of the metatable at meta, raw, onto the stack; 0 and nothing there when it has none. */
static int push_metamethod(lua_State *L, int meta, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, meta);
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

static int is_empty(lua_State *L, int index) {
  lua_pushnil(L);
  if (!lua_next(L, index)) return 1;
  lua_pop(L, 2);
  return 0;
}

/* A value of another library may be called as well. */
static int can_be_called(lua_State *L, int index) {
  if (lua_isfunction(L, index)) return 1;
  if (!luaL_getmetafield(L, index, "__call")) return 0;
  lua_pop(L, 1);
  return 1;
}

/* What the iterator on the stack (function, state, control) gives, as a table in its place. */
static const char *collect(lua_State *L) {
  int iterator = lua_gettop(L) - 2;
  if (!can_be_called(L, iterator)) return "its __pairs gives no iterator";
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
    if (lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) != lua_tonumber(L, -2)) return "NaN is no key";
    lua_rawset(L, iterator + 3);
  }
  return "its __pairs does not come to an end";
}

static const char *by_pairs(lua_State *L, int index) {
  if (!can_be_called(L, lua_gettop(L))) return "its __pairs is no function";
  lua_pushvalue(L, index);
  lua_call(L, 1, 3);
  const char *why = collect(L);
  if (!why && is_empty(L, lua_gettop(L))) why = "its __pairs gives nothing; what holds nothing is written as {}";
  return why;
}

/* The length that __len tells, and the elements that indexing gives. */
static const char *by_length(lua_State *L, int index) {
  if (!can_be_called(L, lua_gettop(L))) return "its __len is no function";
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  double n = lua_type(L, -1) == LUA_TNUMBER ? (double)lua_tonumber(L, -1) : -1;
  lua_pop(L, 1);
  if (!(n >= 0 && n <= KEYS_MAX && floor(n) == n)) return "its __len gives no length";
  if (n < 1) return "it has a metatable with __len and no elements; what holds nothing is written as {}";
  lua_createtable(L, (int)n, 0);
  int copy = lua_gettop(L);
  for (int i = 1; i <= (int)n; i++) {
    lua_pushinteger(L, i);
    lua_gettable(L, index);
    if (lua_isnil(L, -1)) return "its __len counts elements that indexing does not give";
    lua_rawseti(L, copy, i);
  }
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? (double)lua_tonumber(L, -2) : 0;
    if (!(key >= 1 && key <= n && floor(key) == key)) return "a list by its __len that has other keys as well";
  }
  return NULL;
}

/* Whether the table at index holds nothing but methods: functions, and names of metamethods. Of a list only elements
 * would matter. */
static int is_class(lua_State *L, int index, int of_list) {
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

/* An object of a class holds its values itself. The __index is at the top of the stack. */
static const char *by_class(lua_State *L, int index) {
  int top = lua_gettop(L), of_list = rl_rawlen(L, index) > 0;
  const char *why = "its metatable has an __index but no __pairs, so that its keys cannot be told; give a plain table";
  if (is_empty(L, index)) return why;
  for (int i = 0; i < CHAIN_MAX; i++) {
    if (!lua_istable(L, -1) || !is_class(L, lua_gettop(L), of_list)) return why;
    if (!lua_getmetatable(L, -1) || !push_metamethod(L, lua_gettop(L), "__index")) {
      lua_settop(L, top);
      return NULL;
    }
  }
  return why;
}

/* The metatable is at the top of the stack. */
static const char *look(lua_State *L, int index, int *copied) {
  int meta = lua_gettop(L);
  *copied = 1;
  if (push_metamethod(L, meta, "__pairs")) return by_pairs(L, index);
  if (push_metamethod(L, meta, "__len")) return by_length(L, index);
  *copied = 0;
  return push_metamethod(L, meta, "__index") ? by_class(L, index) : NULL;
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
  const void *meta = lua_topointer(L, -1);
  if (meta != b->identity[RL_REF_ARRAY] && meta != b->identity[RL_REF_OBJECT]) *why = look(L, index, &copied);
  if (*why || !copied) {
    lua_settop(L, top);
    return 0;
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return 1;
}

/* core.plain(table, what): the table itself where nothing but it has its keys, else a plain table of what its
 * metamethods give. */
static int plain(lua_State *L) {
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
  static const luaL_Reg functions[] = {{"plain", plain}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
