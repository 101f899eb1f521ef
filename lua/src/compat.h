/* One source for Lua 5.1, LuaJIT, 5.3 and 5.4: common names for what differs between their C interfaces. */
#ifndef RL_LUA_COMPAT_H
#define RL_LUA_COMPAT_H

#include <math.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#if defined(__GNUC__)
#define RL_LUA_EXPORT __attribute__((visibility("default")))
#define RL_NORETURN __attribute__((noreturn))
#else
#define RL_LUA_EXPORT
#define RL_NORETURN
#endif

/* Numbers of Lua 5.1 are doubles: beyond this an integer is not exact. */
#define RL_EXACT_DOUBLE 9007199254740992.0

#if LUA_VERSION_NUM < 502

/* Functions of 5.1 that later versions lack. They are weak so that a wrong host can load the module far enough to
 * report it. */
#pragma weak luaL_prepbuffer
#pragma weak lua_call
#pragma weak lua_getfenv
#pragma weak lua_insert
#pragma weak lua_newuserdata
#pragma weak lua_objlen
#pragma weak lua_pcall
#pragma weak lua_remove
#pragma weak lua_replace
#pragma weak lua_setfenv
#pragma weak lua_tointeger
#pragma weak lua_tonumber

static inline size_t rl_rawlen(lua_State *L, int index) {
  return lua_objlen(L, index);
}

static inline void *rl_new_userdata(lua_State *L, size_t size) {
  return lua_newuserdata(L, size);
}
static inline void rl_get_user(lua_State *L, int index) {
  lua_getfenv(L, index);
}
static inline void rl_set_user(lua_State *L, int index) {
  lua_setfenv(L, index);
}

static inline int rl_absolute(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

#else

static inline size_t rl_rawlen(lua_State *L, int index) {
  return lua_rawlen(L, index);
}
static inline int rl_absolute(lua_State *L, int index) {
  return lua_absindex(L, index);
}

#if LUA_VERSION_NUM >= 504
static inline void *rl_new_userdata(lua_State *L, size_t size) {
  return lua_newuserdatauv(L, size, 1);
}
static inline void rl_get_user(lua_State *L, int index) {
  lua_getiuservalue(L, index, 1);
}
static inline void rl_set_user(lua_State *L, int index) {
  lua_setiuservalue(L, index, 1);
}
#else
static inline void *rl_new_userdata(lua_State *L, size_t size) {
  return lua_newuserdata(L, size);
}
static inline void rl_get_user(lua_State *L, int index) {
  lua_getuservalue(L, index);
}
static inline void rl_set_user(lua_State *L, int index) {
  lua_setuservalue(L, index);
}
#endif

#endif

/* Returns whether the number at index is an integer, and sets *out. */
static inline int rl_integer(lua_State *L, int index, int64_t *out) {
#if LUA_VERSION_NUM >= 503
  if (!lua_isinteger(L, index)) return 0;
  *out = (int64_t)lua_tointeger(L, index);
  return 1;
#else
  double d = lua_tonumber(L, index);
  if (!(d >= -RL_EXACT_DOUBLE && d <= RL_EXACT_DOUBLE) || floor(d) != d) return 0;
  *out = (int64_t)d;
  return 1;
#endif
}

/* Pushes an integer. The caller checks that the numbers of this Lua have it exactly. */
static inline void rl_push_integer(lua_State *L, int64_t i) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, (lua_Integer)i);
#else
  lua_pushnumber(L, (lua_Number)i);
#endif
}

/* Pushes table[id], raw. If numbers are doubles, two ids may have one key, so the caller must check what it gets. */
static inline void rl_rawget_id(lua_State *L, int index, uint64_t id) {
#if LUA_VERSION_NUM >= 503
  lua_rawgeti(L, index, (lua_Integer)id);
#else
  index = rl_absolute(L, index);
  lua_pushnumber(L, (lua_Number)id);
  lua_rawget(L, index);
#endif
}

static inline void rl_rawset_id(lua_State *L, int index, uint64_t id) {
#if LUA_VERSION_NUM >= 503
  lua_rawseti(L, index, (lua_Integer)id);
#else
  index = rl_absolute(L, index);
  lua_pushnumber(L, (lua_Number)id);
  lua_insert(L, -2);
  lua_rawset(L, index);
#endif
}

#endif
