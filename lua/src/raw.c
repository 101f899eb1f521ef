/* Raw statements: core.query, core.execute, each (scope, sql, parameters, count, numbered, models, unscoped), and
 * core.script (scope, sql, models). models: a list of what the statement reads or writes, or nil. unscoped: it reaches
 * no row of a model, so a client with a scope may send it. */
#include "binding.h"

/* A statement about more models than this may be about everything. */
enum { MOST_MODELS = 64 };

rille_status rl_raw_touches(lua_State *L, rl_lua_op *op, int list) {
  int32_t models[MOST_MODELS];
  if (!lua_istable(L, list)) return RILLE_OK;
  size_t count = rl_rawlen(L, list);
  if (count > MOST_MODELS) return RILLE_OK;
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    const rl_lua_model *m = rl_lua_model_at(L, op->binding, -1);
    models[i] = m ? m->model : -1;
    lua_pop(L, 1);
  }
  return rille_op_set_touches(op->core, models, count, &op->err);
}

static void raw_write_params(lua_State *L, rl_binding *b, rl_lua_op *op, int n, int flags) {
  rille_tape_open_list(op->tape);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 3, i); /* a nil parameter is NULL */
    rl_walk(L, b, op->tape, -1, flags);
    lua_pop(L, 1);
  }
  rille_tape_close_list(op->tape);
}

/* Starts a raw statement. The table at 3 keeps the strings of the parameters alive. Stack afterwards: anchors at 5, op
 * at 6. */
static rl_lua_op *raw_start(lua_State *L, rl_scope *scope, int query, int job) {
  rl_binding *b = rl_binding_of(L);
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
  int n = (int)luaL_optinteger(L, 4, 0);
  if (lua_toboolean(L, 5)) query |= RILLE_RAW_NUMBERED;
  if (lua_toboolean(L, 7)) query |= RILLE_RAW_UNSCOPED;
  lua_settop(L, 6);
  lua_replace(L, 4); /* models */
  lua_settop(L, 4);
  if (query & RILLE_RAW_ROWS) rl_before_read(L, scope, 1, "query_raw");
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  raw_write_params(L, b, op, n, job ? RL_WALK_COPY : 0);
  if (job) rl_job_prepare(op, scope);
  rl_lua_op_begin(op, scope);
  if (rl_raw_touches(L, op, 4) < 0 || rille_op_raw(op->core, rl_lua_op_tx(op), sql, len, op->tape, query, &op->err) < 0)
    rl_lua_op_throw(L, scope, op, 5);
  return op;
}

static int raw_query(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = raw_start(L, scope, 1, 0);
  if (rl_push_result(L, rl_binding_of(L), op) < 0) rl_lua_op_throw(L, scope, op, 5);
  rl_lua_op_release(L, scope, op, 5);
  return 1;
}

static int raw_execute(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = raw_start(L, scope, 0, 0);
  rl_lua_op_connect(L, op);
  if (rl_drain(op) < 0) rl_lua_op_throw(L, scope, op, 5);
  rl_push_integer(L, rille_op_affected(op->core));
  rl_lua_op_release(L, scope, op, 5);
  return 1;
}

static rl_lua_op *script_start(lua_State *L, rl_scope *scope, int job) {
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  lua_settop(L, 3);
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  if (job) rl_job_prepare(op, scope);
  rl_lua_op_begin(op, scope);
  if (rl_raw_touches(L, op, 3) < 0 || rille_op_script(op->core, rl_lua_op_tx(op), sql, len, &op->err) < 0)
    rl_lua_op_throw(L, scope, op, 4);
  return op;
}

static int raw_script(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = script_start(L, scope, 0);
  rl_lua_op_connect(L, op);
  if (rl_drain(op) < 0) rl_lua_op_throw(L, scope, op, 4);
  rl_lua_op_release(L, scope, op, 4);
  return 0;
}

rl_lua_op *rl_raw_job(lua_State *L, rl_scope *scope, int query) {
  return raw_start(L, scope, query, 1);
}

rl_lua_op *rl_script_job(lua_State *L, rl_scope *scope) {
  return script_start(L, scope, 1);
}

void rl_raw_setup(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"query", raw_query}, {"execute", raw_execute}, {"script", raw_script}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
