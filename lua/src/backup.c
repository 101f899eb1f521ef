/* A whole database into a file, and back. */
#include <string.h>

#include "binding.h"

/* core.backup{ url, file, overwrite } */
static int backup(lua_State *L) {
  rille_backup_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  luaL_checktype(L, 1, LUA_TTABLE);
  options.url = rl_option_text(L, "url");
  options.file = rl_option_text(L, "file");
  options.overwrite = rl_option_flag(L, "overwrite");
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
  options.url = rl_option_text(L, "url");
  options.file = rl_option_text(L, "file");
  options.force = rl_option_flag(L, "force");
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_restore(&options, &box->err));
  return 0;
}

void rl_backup_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"backup", backup}, {"restore", restore}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
