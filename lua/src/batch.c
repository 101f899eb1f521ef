/* Batches: writes the calls of one to tapes and starts it. */
#include <stdlib.h>

#include "binding.h"

static rille_tape *new_tape(lua_State *L, rl_slot *slot) {
  rille_tape *tape = rille_tape_new();
  if (!tape) {
    rl_push_error(L, NULL);
    lua_error(L);
  }
  slot->tapes[slot->tape_count++] = tape;
  return tape;
}

/* call: stack index of { model, method, args }. */
static rille_status add_model(lua_State *L, rl_slot *slot, int call) {
  rl_binding *b = rl_binding_of(L);
  lua_rawgeti(L, call, 1);
  lua_rawgeti(L, call, 2);
  lua_rawgeti(L, call, 3);
  rl_model *m = rl_model_at(L, b, call + 1);
  if (!m) rl_raise(L, "VALIDATION", "a batch takes calls of models");
  rille_action action = rl_check_action(L, call + 2);
  rille_tape *tape = new_tape(L, slot);
  if (lua_istable(L, call + 3)) {
    rl_walk(L, b, tape, call + 3, RL_WALK_COPY);
  } else if (lua_isnil(L, call + 3)) {
    rille_tape_open_object(tape);
    rille_tape_close_object(tape);
  } else {
    const char *method = lua_tostring(L, call + 2);
    rl_raise(L, "VALIDATION", "%s takes a table of arguments, as in %s{ where = { ... } }, and got a %s", method,
             method, luaL_typename(L, call + 3));
  }
  return rille_op_batch_model(slot->op, m->model, action, tape, &slot->err);
}

/* call: stack index of { false, sql = ..., params = {...}, count = n, query = true or false, numbered = true or nil }.
 */
static rille_status add_raw(lua_State *L, rl_slot *slot, int call) {
  rl_binding *b = rl_binding_of(L);
  size_t len = 0;
  lua_getfield(L, call, "sql");
  lua_getfield(L, call, "params");
  lua_getfield(L, call, "count");
  lua_getfield(L, call, "query");
  const char *sql = luaL_checklstring(L, call + 1, &len);
  int n = (int)luaL_checkinteger(L, call + 3);
  rille_tape *tape = new_tape(L, slot);
  rille_tape_open_list(tape);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, call + 2, i);
    rl_walk(L, b, tape, -1, RL_WALK_COPY);
    lua_pop(L, 1);
  }
  rille_tape_close_list(tape);
  lua_getfield(L, call, "numbered");
  int how = (lua_toboolean(L, call + 4) ? RILLE_RAW_ROWS : 0) | (lua_toboolean(L, -1) ? RILLE_RAW_NUMBERED : 0);
  lua_pop(L, 1);
  return rille_op_batch_raw(slot->op, sql, len, tape, how, &slot->err);
}

/* calls.at tells which call an error is about. Stack: scope, calls, atomic, anchors, slot. */
static rille_status add_calls(lua_State *L, rl_slot *slot, int count) {
  for (int i = 1; i <= count; i++) {
    lua_settop(L, 5);
    lua_pushinteger(L, i);
    lua_setfield(L, 2, "at");
    lua_rawgeti(L, 2, i);
    lua_rawgeti(L, 6, 1);
    int of_model = lua_toboolean(L, -1);
    lua_settop(L, 6);
    rille_status status = of_model ? add_model(L, slot, 6) : add_raw(L, slot, 6);
    if (status < 0) return status;
  }
  lua_settop(L, 5);
  lua_pushnil(L);
  lua_setfield(L, 2, "at");
  return RILLE_OK;
}

rl_slot *rl_batch_job(lua_State *L, rl_scope *scope, int cooperative) {
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  int count = (int)rl_rawlen(L, 2);
  rl_slot *slot = rl_slot_take(L, scope, 1);
  slot->tapes = (rille_tape **)calloc((size_t)count + 1, sizeof *slot->tapes);
  if (!slot->tapes) {
    rl_push_error(L, NULL);
    lua_error(L);
  }
  if (cooperative) rl_job_prepare(slot, scope);
  rl_slot_begin(slot, scope);
  rille_status status = rille_op_batch(slot->op, rl_slot_tx(slot), lua_toboolean(L, 3), &slot->err);
  if (status >= 0) status = add_calls(L, slot, count);
  if (status >= 0) status = rille_op_batch_run(slot->op, rl_slot_tx(slot), &slot->err);
  if (status < 0) {
    lua_settop(L, 5);
    rl_slot_throw(L, scope, slot, 4);
  }
  return slot;
}
