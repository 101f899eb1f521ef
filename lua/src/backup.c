/* Backup of a database to a file, and restore. */
#include "options.h"

/* core.backup{ url, file, overwrite } */
static int backup_database(lua_State *L) {
  static const rl_option rows[] = {{"url", RL_OPTION_STRING, .at = offsetof(rille_backup_options, url)},
                                   {"file", RL_OPTION_STRING, .at = offsetof(rille_backup_options, file)},
                                   {"overwrite", RL_OPTION_FLAG, .at = offsetof(rille_backup_options, overwrite)},
                                   {0}};
  rille_backup_options options;
  rl_options_read(L, 1, "rille.backup", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_backup(&options, &box->err));
  return 0;
}

/* core.restore{ url, file, force } */
static int restore_database(lua_State *L) {
  static const rl_option rows[] = {{"url", RL_OPTION_STRING, .at = offsetof(rille_restore_options, url)},
                                   {"file", RL_OPTION_STRING, .at = offsetof(rille_restore_options, file)},
                                   {"force", RL_OPTION_FLAG, .at = offsetof(rille_restore_options, force)},
                                   {0}};
  rille_restore_options options;
  rl_options_read(L, 1, "rille.restore", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_restore(&options, &box->err));
  return 0;
}

void rl_backup_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"backup", backup_database}, {"restore", restore_database}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
