/* The place of a call: the line of the application that called rille. Determined only for errors and events. */
#include <string.h>

#include "binding.h"

#define LEVELS_MAX 200
#define SOURCE_MAX 300

/* Returns whether the function belongs to rille, whose files are all in one folder. */
static int is_own_chunk(const rl_binding *b, const lua_Debug *ar) {
  if (ar->what[0] == 'C') return 1;
  return b->home_len && strncmp(ar->source, b->home, b->home_len) == 0;
}

/* LuaJIT does not mark tail calls. But a function of rille that was called by a name that rille does not have was
 * reached by a tail call. */
static int is_renamed_call(lua_State *L, const rl_binding *b, lua_Debug *ar) {
  if (!b->is_jit || !lua_getinfo(L, "n", ar) || !ar->name || !ar->namewhat || !*ar->namewhat) return 0;
  if (strcmp(ar->namewhat, "metamethod") == 0 || strcmp(ar->namewhat, "for iterator") == 0) return 0;
  rl_push_ref(L, RL_REF_ENTRIES);
  lua_pushstring(L, ar->name);
  lua_rawget(L, -2);
  int known = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return !known;
}

static int is_tail_call(const lua_Debug *ar) {
#if LUA_VERSION_NUM >= 502
  return ar->istailcall;
#else
  return strcmp(ar->what, "tail") == 0; /* a separate level, above the one that made the call */
#endif
}

static void push_line(lua_State *L, const lua_Debug *ar, int lost) {
  const char *file = ar->source[0] == '@' && strlen(ar->source) < SOURCE_MAX ? ar->source + 1 : ar->short_src;
  lua_pushfstring(L, "%s%s:%d", lost ? "~" : "", file, ar->currentline);
}

int rl_push_place(lua_State *L) {
#if LUA_VERSION_NUM >= 502
  static const char what[] = "Slt";
#else
  static const char what[] = "Sl";
#endif
  const rl_binding *b = rl_binding_of(L);
  lua_Debug ar;
  int lost = 0;
  for (int level = 0; level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) {
    if (!lua_getinfo(L, what, &ar)) return 0;
    int tail = is_tail_call(&ar);
#if LUA_VERSION_NUM < 502
    if (tail) {
      lost = 1;
      continue;
    }
#endif
    if (!is_own_chunk(b, &ar) && ar.currentline > 0) {
      push_line(L, &ar, lost);
      return 1;
    }
    /* The outermost Lua function of rille counts, which the application called. C functions like pcall do not reset it.
     */
    int here = tail || is_renamed_call(L, b, &ar);
    lost = ar.what[0] == 'C' ? lost || here : here;
  }
  return 0;
}

/* core.place(): returns the place, "app/posts.lua:14", or nil. */
static int push_place(lua_State *L) {
  return rl_push_place(L);
}

/* core.set_home(): the folder of the calling file is the folder of rille. Returns the start of the sources of its
 * chunks.
 */
static int set_home(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  lua_Debug ar;
  if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "S", &ar)) return 0;
  const char *slash = ar.source[0] == '@' ? strrchr(ar.source, '/') : NULL;
  size_t len = slash ? (size_t)(slash - ar.source) + 1 : 0;
  if (len >= sizeof b->home) len = 0;
  memcpy(b->home, ar.source, len);
  b->home_len = len;
  lua_getglobal(L, "jit");
  b->is_jit = lua_istable(L, -1);
  lua_pushlstring(L, b->home, b->home_len);
  return 1;
}

void rl_place_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"place", push_place}, {"set_home", set_home}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_ENTRIES);
  lua_setfield(L, -2, "entries");
}
