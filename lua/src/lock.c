/* Advisory locks: the steps of taking and releasing one. Lua waits between them. */
#include <string.h>

#include "binding.h"

#define NAME "rille.Lock"

typedef struct lock {
  rille_lock *lock;
  rl_binding *binding; /* counts it in `held` */
} lock;

static lock *lock_check(lua_State *L) {
  lock *l = (lock *)luaL_checkudata(L, 1, NAME);
  if (!l->lock) rl_lua_raise(L, "VALIDATION", "the advisory lock has been released");
  return l;
}

/* core.lock(scope, key, shared, wait): key: a string or an integer; wait: milliseconds. */
static int lock_new(lua_State *L) {
  rille_lock_options options;
  rl_scope *scope = rl_scope_check(L, 1);
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  if (lua_type(L, 2) == LUA_TSTRING)
    options.key = lua_tolstring(L, 2, &options.key_len);
  else
    options.number = (int64_t)luaL_checkinteger(L, 2);
  options.shared = lua_toboolean(L, 3);
  options.wait_ms = rl_span_ms(luaL_checknumber(L, 4));
  lua_settop(L, 4);
  if (rl_binding_of(L)->open_count > 0) (void)rl_inside_check(L, scope, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  lock *l = (lock *)rl_new_userdata(L, sizeof *l);
  l->lock = NULL;
  luaL_getmetatable(L, NAME);
  lua_setmetatable(L, -2);
  l->binding = rl_binding_of(L);
  rl_lua_box_check(L, box, rille_lock_new(scope->client, &options, &l->lock, &box->err));
  l->binding->held++;
  return 1;
}

static int lock_step(lua_State *L, rille_status (*next_step)(rille_lock *, rille_error **)) {
  lock *l = lock_check(L);
  lua_settop(L, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status status = next_step(l->lock, &box->err);
  rl_lua_box_check(L, box, status);
  if (status != RILLE_AGAIN) {
    lua_pushboolean(L, status == RILLE_OK);
    return 1;
  }
  rille_wait wait;
  memset(&wait, 0, sizeof wait);
  wait.struct_size = (uint32_t)sizeof wait;
  rille_lock_wait(l->lock, &wait);
  return rl_push_wait(L, &wait);
}

/* core.lock_take(lock): returns true; false if another session has it; or, as a job, mode, fd, seconds. */
static int lock_take(lua_State *L) {
  return lock_step(L, rille_lock_take);
}
/* core.lock_release(lock): returns true; or mode, fd, seconds. */
static int lock_release(lua_State *L) {
  return lock_step(L, rille_lock_release);
}

static int lock_close(lua_State *L) {
  lock *l = (lock *)luaL_checkudata(L, 1, NAME);
  if (!l->lock) return 0;
  rille_lock_free(l->lock);
  l->lock = NULL;
  l->binding->held--;
  return 0;
}

void rl_lock_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"lock", lock_new},
                                       {"lock_take", lock_take},
                                       {"lock_release", lock_release},
                                       {"lock_close", lock_close},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", lock_close}, {NULL, NULL}};
  rl_set_functions(L, functions);
  luaL_newmetatable(L, NAME);
  rl_set_functions(L, meta);
  lua_pop(L, 1);
}
