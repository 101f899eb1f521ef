/* Raw statements: core.query, core.execute, core.script, each (scope, sql, parameters, count). */
#include "binding.h"

static void write_params(lua_State *L, rl_binding *b, rl_slot *slot, int flags) {
  int n = (int)luaL_optinteger(L, 4, 0);
  rille_tape_open_list(slot->tape);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 3, i); /* a nil parameter is NULL */
    rl_walk(L, b, slot->tape, -1, flags);
    lua_pop(L, 1);
  }
  rille_tape_close_list(slot->tape);
}

/* The parameters lie in the table at 3 until the end: their texts stay alive. Stack afterwards: anchors at 5, slot
 * at 6. */
static rl_slot *start(lua_State *L, rl_scope *scope, int query, int job) {
  rl_binding *b = rl_binding_of(L);
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
  int numbered = lua_toboolean(L, 5) ? RILLE_RAW_NUMBERED : 0;
  lua_settop(L, 4);
  if (query) rl_before_read(L, scope, 1, "query_raw");
  rl_slot *slot = rl_slot_take(L, scope, 1);
  write_params(L, b, slot, job ? RL_WALK_COPY : 0);
  if (job) rl_job_prepare(slot, scope);
  rl_slot_begin(slot, scope);
  if (rille_op_raw(slot->op, rl_slot_tx(slot), sql, len, slot->tape, query | numbered, &slot->err) < 0)
    rl_slot_throw(L, scope, slot, 5);
  return slot;
}

static int query(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_slot *slot = start(L, scope, 1, 0);
  if (rl_push_result(L, rl_binding_of(L), slot) < 0) rl_slot_throw(L, scope, slot, 5);
  rl_slot_give(L, scope, slot, 5);
  return 1;
}

static int execute(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_slot *slot = start(L, scope, 0, 0);
  rl_slot_connect(L, slot);
  if (rl_drain(slot) < 0) rl_slot_throw(L, scope, slot, 5);
  rl_push_integer(L, rille_op_affected(slot->op));
  rl_slot_give(L, scope, slot, 5);
  return 1;
}

static int script(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  lua_settop(L, 2);
  rl_slot *slot = rl_slot_take(L, scope, 1);
  rl_slot_begin(slot, scope);
  if (rille_op_script(slot->op, rl_slot_tx(slot), sql, len, &slot->err) < 0) rl_slot_throw(L, scope, slot, 3);
  rl_slot_connect(L, slot);
  if (rl_drain(slot) < 0) rl_slot_throw(L, scope, slot, 3);
  rl_slot_give(L, scope, slot, 3);
  return 0;
}

rl_slot *rl_raw_job(lua_State *L, rl_scope *scope, int query) {
  return start(L, scope, query, 1);
}

rl_slot *rl_script_job(lua_State *L, rl_scope *scope) {
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  lua_settop(L, 2);
  rl_slot *slot = rl_slot_take(L, scope, 1);
  rl_job_prepare(slot, scope);
  rl_slot_begin(slot, scope);
  if (rille_op_script(slot->op, rl_slot_tx(slot), sql, len, &slot->err) < 0) rl_slot_throw(L, scope, slot, 3);
  return slot;
}

void rl_raw_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"query", query}, {"execute", execute}, {"script", script}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
