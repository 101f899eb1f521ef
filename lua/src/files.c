/* What Lua's own library cannot do with files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"

/* core.file_kind(path): returns "file", "folder", "other" (a device, a pipe, a broken link), or nil if the path does
 * not exist. */
static int file_kind(lua_State *L) {
  struct stat st;
  const char *path = rl_string_arg(L, 1, "path");
  if (lstat(path, &st) != 0) return 0;
  if (S_ISLNK(st.st_mode) && stat(path, &st) != 0) memset(&st, 0, sizeof st);
  lua_pushstring(L, S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "folder" : "other");
  return 1;
}

/* core.make_private(path): creates an empty file that only its owner may read, unless the path exists. Returns true, or
 * nil and the reason. */
static int create_private_file(lua_State *L) {
  int fd = open(rl_string_arg(L, 1, "path"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  if (fd >= 0 || errno == EEXIST) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  return 2;
}

void rl_files_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"file_kind", file_kind}, {"make_private", create_private_file}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
