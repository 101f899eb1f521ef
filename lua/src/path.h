/* The path of a walk through nested tables, for messages. */
#ifndef RL_LUA_PATH_H
#define RL_LUA_PATH_H

#include "binding.h"

#define RL_WALK_DEPTH_MAX 200

/* One level; each is a local variable of the walk. */
typedef struct rl_path {
  const struct rl_path *up;
  const char *key; /* NULL: an element of a list */
  size_t key_len;
  size_t index; /* of an element */
  int depth;
} rl_path;

/* walk.c: raises an error with the path: `posts[2].title: what`. */
int rl_refuse_at(lua_State *L, const rl_path *at, const char *code, const char *what) RL_NORETURN;

#endif
