/* Listeners: the steps of listening. Lua waits between them. */
#include <string.h>

#include "binding.h"

#define NAME "rille.Listener"

typedef struct listener {
  rille_listener *listener;
  rl_binding *counted; /* counts it in `listeners`; NULL: not counted */
  int64_t until;       /* deadline, rl_now_us; 0: none */
} listener;

static listener *listener_check(lua_State *L) {
  listener *l = (listener *)luaL_checkudata(L, 1, NAME);
  if (!l->listener) rl_lua_raise(L, "VALIDATION", "the listener is closed");
  return l;
}

#define LISTENERS_MIN 8

/* Counts the listener. Collects garbage if there are many: a loop left by `break` in a Lua without __close, or by an
 * error that ends the coroutine, keeps its connection until it is collected, and is too small to start the collector.
 */
static void listener_count(lua_State *L, listener *l) {
  rl_binding *b = rl_binding_of(L);
  if (b->listeners >= LISTENERS_MIN && b->listeners >= b->listener_limit) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    b->listener_limit = 2 * b->listeners;
  }
  l->counted = b;
  b->listeners++;
}

/* core.listen(scope, channels): returns a listener that is not connected yet. */
static int listener_open(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  listener *l = (listener *)rl_new_userdata(L, sizeof *l);
  memset(l, 0, sizeof *l);
  luaL_getmetatable(L, NAME);
  lua_setmetatable(L, -2);
  rl_lua_box_check(L, box, rille_listener_open(scope->client, &l->listener, &box->err));
  for (size_t i = 1, n = rl_rawlen(L, 2); i <= n; i++) {
    size_t len = 0;
    lua_rawgeti(L, 2, (int)i);
    const char *name = luaL_checklstring(L, -1, &len);
    rl_lua_box_check(L, box, rille_listener_add(l->listener, name, len, &box->err));
    lua_pop(L, 1);
  }
  listener_count(L, l);
  return 1;
}

/* core.listen_limit(listener, milliseconds or nil): sets the deadline, counted from now. */
static int listener_set_limit(lua_State *L) {
  listener *l = listener_check(L);
  l->until = lua_isnil(L, 2) ? 0 : rl_now_us() + rl_span_ms(luaL_checknumber(L, 2)) * 1000;
  return 0;
}

static int listener_push_event(lua_State *L, const rille_event *e) {
  switch (e->kind) {
  case RILLE_EVENT_HEARD:
    lua_pushliteral(L, "heard");
    lua_pushstring(L, e->channel);
    lua_pushstring(L, e->payload);
    lua_pushinteger(L, e->pid);
    return 4;
  case RILLE_EVENT_LISTENING:
    lua_pushliteral(L, "listening");
    lua_pushboolean(L, e->again);
    return 2;
  default: lua_pushliteral(L, "lost"); return 1;
  }
}

/* core.listen_next(listener): returns "heard", channel, payload, pid; "listening", again; "lost"; "late"; or, as a job,
 * mode, fd, seconds. */
static int listener_next(lua_State *L) {
  listener *l = listener_check(L);
  rille_event e;
  rille_wait wait;
  memset(&e, 0, sizeof e);
  memset(&wait, 0, sizeof wait);
  e.struct_size = (uint32_t)sizeof e;
  wait.struct_size = (uint32_t)sizeof wait;
  lua_settop(L, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status status = rille_listener_next(l->listener, &e, &box->err);
  rl_lua_box_check(L, box, status);
  if (status == RILLE_ROW) return listener_push_event(L, &e);
  rille_listener_wait(l->listener, &wait);
  if (l->until) {
    int64_t left = (l->until - rl_now_us() + 999) / 1000;
    if (left <= 0) {
      lua_pushliteral(L, "late");
      return 1;
    }
    if (wait.timeout_ms < 0 || left < wait.timeout_ms) wait.timeout_ms = left;
  }
  return rl_push_wait(L, &wait);
}

static int listener_close(lua_State *L) {
  listener *l = (listener *)luaL_checkudata(L, 1, NAME);
  rille_listener_close(l->listener);
  l->listener = NULL;
  if (l->counted) l->counted->listeners--;
  l->counted = NULL;
  return 0;
}

void rl_listen_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"listen", listener_open},
                                       {"listen_limit", listener_set_limit},
                                       {"listen_next", listener_next},
                                       {"listen_close", listener_close},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", listener_close}, {NULL, NULL}};
  rl_set_functions(L, functions);
  luaL_newmetatable(L, NAME);
  rl_set_functions(L, meta);
  lua_pop(L, 1);
}
