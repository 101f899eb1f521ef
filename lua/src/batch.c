/* Batches: the calls of one are written to tapes, and it is started. */
#include <stdlib.h>

#include "binding.h"

static rille_tape *batch_new_tape(lua_State *L, rl_lua_op *op) {
  rille_tape *tape = rille_tape_new();
  if (!tape) {
    rl_push_error(L, NULL);
    lua_error(L);
  }
  op->tapes[op->tape_count++] = tape;
  return tape;
}

/* call: stack index of { model, method, args }. */
static rille_status batch_add_model(lua_State *L, rl_lua_op *op, int call) {
  rl_binding *b = rl_binding_of(L);
  lua_rawgeti(L, call, 1);
  lua_rawgeti(L, call, 2);
  lua_rawgeti(L, call, 3);
  rl_lua_model *m = rl_lua_model_at(L, b, call + 1);
  if (!m) rl_lua_raise(L, "VALIDATION", "batch: expected a model");
  rille_action action = rl_check_action(L, call + 2);
  rl_answer answer = {0};
  rille_tape *tape = batch_new_tape(L, op);
  if (lua_istable(L, call + 3)) {
    rl_walk_call(L, b, tape, call + 3, RL_WALK_COPY, &answer);
    rl_answer_check(L, &answer, action);
  } else if (lua_isnil(L, call + 3)) {
    rille_tape_open_object(tape);
    rille_tape_close_object(tape);
  } else {
    const char *method = lua_tostring(L, call + 2);
    rl_lua_raise(L, "VALIDATION", "%s: expected a table of arguments, as in %s{ where = { ... } }, got %s", method,
                 method, rl_type_name(L, call + 3));
  }
  rl_answer_apply(op, m->scope, &answer);
  return rille_op_batch_model(op->core, m->model, action, tape, &op->err);
}

/* call: stack index of { false, sql = ..., params = {...}, count = n, query = true or false, numbered = true or nil,
 * models = {...} or nil }. */
static rille_status batch_add_raw(lua_State *L, rl_lua_op *op, int call) {
  rl_binding *b = rl_binding_of(L);
  size_t len = 0;
  lua_getfield(L, call, "sql");
  lua_getfield(L, call, "params");
  lua_getfield(L, call, "count");
  lua_getfield(L, call, "query");
  const char *sql = luaL_checklstring(L, call + 1, &len);
  int n = (int)luaL_checkinteger(L, call + 3);
  rille_tape *tape = batch_new_tape(L, op);
  rille_tape_open_list(tape);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, call + 2, i);
    rl_walk(L, b, tape, -1, RL_WALK_COPY);
    lua_pop(L, 1);
  }
  rille_tape_close_list(tape);
  lua_getfield(L, call, "numbered");
  int how = (lua_toboolean(L, call + 4) ? RILLE_RAW_ROWS : 0) | (lua_toboolean(L, -1) ? RILLE_RAW_NUMBERED : 0);
  lua_getfield(L, call, "models");
  rille_status status = rl_raw_touches(L, op, lua_gettop(L));
  lua_pop(L, 2);
  if (status < 0) return status;
  return rille_op_batch_raw(op->core, sql, len, tape, how, &op->err);
}

/* Sets calls.at to the number of the call, for errors. Stack: scope, calls, atomic, anchors, op. */
static rille_status batch_add_calls(lua_State *L, rl_lua_op *op, int count) {
  for (int i = 1; i <= count; i++) {
    lua_settop(L, 5);
    lua_pushinteger(L, i);
    lua_setfield(L, 2, "at");
    lua_rawgeti(L, 2, i);
    lua_rawgeti(L, 6, 1);
    int of_model = lua_toboolean(L, -1);
    lua_settop(L, 6);
    rille_status status = of_model ? batch_add_model(L, op, 6) : batch_add_raw(L, op, 6);
    if (status < 0) return status;
  }
  lua_settop(L, 5);
  lua_pushnil(L);
  lua_setfield(L, 2, "at");
  return RILLE_OK;
}

rl_lua_op *rl_batch_job(lua_State *L, rl_scope *scope, int cooperative) {
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  int count = (int)rl_rawlen(L, 2);
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  op->tapes = (rille_tape **)calloc((size_t)count + 1, sizeof *op->tapes);
  if (!op->tapes) {
    rl_push_error(L, NULL);
    lua_error(L);
  }
  if (cooperative) rl_job_prepare(op, scope);
  rl_lua_op_begin(op, scope);
  int how = lua_type(L, 3) == LUA_TSTRING ? RILLE_BATCH_SNAPSHOT : lua_toboolean(L, 3) ? RILLE_BATCH_ATOMIC : 0;
  rille_status status = rille_op_batch(op->core, rl_lua_op_tx(op), how, &op->err);
  if (status >= 0) status = batch_add_calls(L, op, count);
  if (status >= 0) status = rille_op_batch_run(op->core, rl_lua_op_tx(op), &op->err);
  if (status < 0) {
    lua_settop(L, 5);
    rl_lua_op_throw(L, scope, op, 4);
  }
  return op;
}
