/* core.providers(): the databases that rille supports, as in rille_provider. */
#include <rille/provider.h>

#include "binding.h"

static void set_text(lua_State *L, const char *key, const char *text) {
  if (!text || !*text) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, int value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, key);
}

static void push_provider(lua_State *L, const rille_provider *p) {
  lua_newtable(L);
  set_text(L, "name", p->name);
  set_text(L, "title", p->title);
  set_text(L, "id", p->id);
  set_text(L, "first_url", p->first_url);
  set_text(L, "memory_url", p->memory_url);
  set_text(L, "library", p->library);
  set_text(L, "library_version", p->library_version);
  set_flag(L, "built", p->built);
  set_flag(L, "server", p->server);
  set_flag(L, "file_based", p->file_based);
  set_flag(L, "notifications", p->notifications);
  set_flag(L, "advisory_locks", p->advisory_locks);
  set_flag(L, "nulls_largest", p->nulls_largest);
  lua_newtable(L);
  for (int i = 0; p->schemes[i]; i++) {
    lua_pushstring(L, p->schemes[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "schemes");
}

static int push_providers(lua_State *L) {
  rille_provider p = {.struct_size = (uint32_t)sizeof p};
  lua_newtable(L);
  for (size_t i = 0; rille_provider_get(i, &p); i++) {
    push_provider(L, &p);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

void rl_provider_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"providers", push_providers}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
