/* A whole database into a file, and back. */
#include <string.h>

#include "binding.h"

static const char *text_field(lua_State *L, const char *key) {
  lua_getfield(L, 1, key); /* stays on the stack, which keeps it alive */
  return lua_tostring(L, -1);
}

static int flag_field(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  return lua_toboolean(L, -1);
}

/* core.backup{ url, file, overwrite } */
static int backup(lua_State *L) {
  rille_backup_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  luaL_checktype(L, 1, LUA_TTABLE);
  options.url = text_field(L, "url");
  options.file = text_field(L, "file");
  options.overwrite = flag_field(L, "overwrite");
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_backup(&options, &box->err));
  return 0;
}

/* core.restore{ url, file, force } */
static int restore(lua_State *L) {
  rille_restore_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  luaL_checktype(L, 1, LUA_TTABLE);
  options.url = text_field(L, "url");
  options.file = text_field(L, "file");
  options.force = flag_field(L, "force");
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_restore(&options, &box->err));
  return 0;
}

void rl_backup_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"backup", backup}, {"restore", restore}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
