/* Transactions: scopes with their own connection. Lua decides what runs. Here are the steps. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"

/* Moves an idle operation object from the parent to the new scope, so a short transaction needs no new one. Stack:
 * parent at 1, new scope at the top. */
static void tx_borrow_op(lua_State *L, rl_scope *parent, rl_scope *scope) {
  rl_get_user(L, -1);
  rl_get_user(L, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "parent");
  if (parent->cooperative) {
    lua_getfield(L, -1, "hook");
    lua_setfield(L, -3, "hook");
  }
  rl_watcher_inherit(L, scope, parent);
  if (parent->idle > 0) {
    lua_rawgeti(L, -1, parent->idle);
    lua_rawseti(L, -3, 1);
    lua_pushnil(L);
    lua_rawseti(L, -2, parent->idle);
    parent->idle--;
    scope->idle = 1;
  }
  lua_pop(L, 2);
}

/* Runs a step on the scope at index. */
static void tx_run_step(lua_State *L, rl_scope *scope, int index, rl_lua_tx_step *start) {
  rl_lua_op *op = rl_lua_op_take(L, scope, index);
  int anchors = lua_gettop(L) - 1;
  rl_lua_op_begin(op, scope);
  if (start(op->core, rl_lua_op_tx(op), &op->err) < 0) rl_lua_op_throw(L, scope, op, anchors);
  rl_lua_op_connect(L, op);
  if (rl_drain(op) < 0) rl_lua_op_throw(L, scope, op, anchors);
  rl_lua_op_release(L, scope, op, anchors);
  lua_settop(L, anchors - 1);
}

static rl_lua_tx *tx_new(lua_State *L, rl_lua_box *box, rl_scope *scope, const rille_tx_options *options) {
  rl_lua_tx *tx = rl_lua_tx_new(L, box, scope);
  rl_lua_box_check(L, box, rille_tx_new(scope->client, options, &tx->tx, &box->err));
  tx->binding->held++;
  return tx;
}

static const rl_option_word isolation_levels[] = {{"read_uncommitted", RILLE_ISOLATION_READ_UNCOMMITTED},
                                                  {"read_committed", RILLE_ISOLATION_READ_COMMITTED},
                                                  {"repeatable_read", RILLE_ISOLATION_REPEATABLE_READ},
                                                  {"serializable", RILLE_ISOLATION_SERIALIZABLE},
                                                  {NULL, 0}};

static const rl_option tx_options[] = {
    {"isolation_level", RL_OPTION_WORD, .at = offsetof(rille_tx_options, isolation), .words = isolation_levels},
    {"max_wait", RL_OPTION_SPAN, .at = offsetof(rille_tx_options, max_wait_ms)},
    {"timeout", RL_OPTION_SPAN, .at = offsetof(rille_tx_options, timeout_ms)},
    {"read_only", RL_OPTION_FLAG, .at = offsetof(rille_tx_options, read_only)},
    {0}};

/* Pushes the scope of a transaction that has not begun. Stack: client, options. */
static rl_scope *tx_push_scope(lua_State *L) {
  rl_scope *parent = rl_scope_check(L, 1);
  rille_tx_options options;
  lua_settop(L, 2);
  rl_options_read(L, 2, "transaction", tx_options, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_scope *scope = rl_scope_push(L);
  scope->client = rille_client_retain(parent->client);
  scope->keep_nulls = parent->keep_nulls;
  scope->strict = parent->strict;
  scope->cooperative = parent->cooperative;
  scope->depth = 1;
  rl_inside inside = rl_binding_of(L)->open_count > 0 ? rl_inside_check(L, parent, 1) : RL_INSIDE_NONE;
  tx_new(L, box, scope, &options)->inside = inside;
  tx_borrow_op(L, parent, scope);
  return scope;
}

/* Pushes the scope of a savepoint. Stack: its parent. */
static rl_scope *tx_push_savepoint(lua_State *L) {
  rl_scope *parent = rl_scope_check(L, 1);
  lua_settop(L, 1);
  rl_scope *scope = rl_scope_push(L);
  scope->client = rille_client_retain(parent->client);
  scope->keep_nulls = parent->keep_nulls;
  scope->strict = parent->strict;
  scope->cooperative = parent->cooperative;
  scope->depth = parent->depth + 1;
  scope->tx = parent->tx;
  scope->tx->refs++;
  tx_borrow_op(L, parent, scope);
  return scope;
}

/* core.begin(client, options): begins a transaction and returns its scope. */
static int tx_begin(lua_State *L) {
  rl_scope *scope = tx_push_scope(L);
  int index = lua_gettop(L);
  tx_run_step(L, scope, index, rille_op_begin);
  lua_settop(L, index);
  return 1;
}

/* core.nest(scope): sets a savepoint and returns its scope. */
static int tx_nest(lua_State *L) {
  rl_scope *scope = tx_push_savepoint(L);
  tx_run_step(L, scope, 2, rille_op_savepoint);
  return 1;
}

/* core.tx(client, options), core.inner_tx(scope): return scopes for core.job_begin. */
static int tx_scope(lua_State *L) {
  tx_push_scope(L);
  return 1;
}
static int tx_inner_scope(lua_State *L) {
  tx_push_savepoint(L);
  return 1;
}

rl_lua_op *rl_lua_tx_job(lua_State *L, rl_scope *scope, rl_lua_tx_step *start) {
  lua_settop(L, 1);
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  rl_job_prepare(op, scope);
  rl_lua_op_begin(op, scope);
  if (start(op->core, rl_lua_op_tx(op), &op->err) < 0) rl_lua_op_throw(L, scope, op, 2);
  return op;
}

/* Ends the scope. Its operation objects move to the parent, or are freed. */
static void tx_end_scope(lua_State *L, rl_scope *scope) {
  scope->ended = 1;
  rl_get_user(L, 1);
  int anchors = lua_gettop(L);
  if (scope->depth == 1) {
    rl_inside_leave(scope->tx);
    lua_pushnil(L);
    lua_setfield(L, anchors, "thread");
  }
  lua_getfield(L, anchors, "parent");
  lua_getfield(L, anchors + 1, "scope");
  rl_scope *parent = (rl_scope *)rl_is(L, rl_binding_of(L), -1, RL_REF_SCOPE);
  for (; parent && scope->idle > 0; scope->idle--) {
    lua_rawgeti(L, anchors, scope->idle);
    rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), -1, RL_REF_OP);
    if (op && parent->client && !parent->ended && parent->idle < 2) {
      rl_lua_op_stop(op);
      lua_rawseti(L, anchors + 1, parent->idle + 1);
      parent->idle++;
    } else {
      if (op) rl_lua_op_dispose(op);
      lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_rawseti(L, anchors, scope->idle);
  }
  rl_lua_tx_release(scope->tx);
  scope->tx = NULL;
  rille_client_release(scope->client);
  scope->client = NULL;
}

rl_lua_tx_step *rl_lua_tx_ending(const rl_scope *scope, int commit) {
  if (scope->depth > 1) return commit ? rille_op_release_savepoint : rille_op_rollback_savepoint;
  return commit ? rille_op_commit : rille_op_rollback;
}

/* core.over(scope, failed): ends the scope after a job has ended the transaction. */
static int tx_over(lua_State *L) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCOPE);
  int failed = lua_toboolean(L, 2);
  lua_settop(L, 1);
  if (!scope || !scope->client || scope->depth == 0) return 0;
  if (failed && scope->depth == 1) rl_lua_tx_roll_back(scope->tx);
  tx_end_scope(L, scope);
  return 0;
}

/* core.finish(scope, commit): commits or rolls back, and ends the scope in both cases. Raises the error of the
 * database. Then the transaction is rolled back, even if other objects reference it. If a savepoint cannot be rolled
 * back, the whole transaction is. */
static int tx_finish(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  int commit = lua_toboolean(L, 2);
  lua_settop(L, 1);
  rl_lua_tx_step *start = rl_lua_tx_ending(scope, commit);
  rl_lua_op *op = rl_lua_op_take(L, scope, 1);
  rl_lua_op_begin(op, scope);
  int failed = start(op->core, rl_lua_op_tx(op), &op->err) < 0 || rl_drain(op) < 0;
  if (failed)
    rl_push_error(L, op->err);
  else
    lua_pushnil(L);
  if (failed) rl_lua_op_stop(op);
  if (failed && (scope->depth == 1 || !commit)) rl_lua_tx_roll_back(scope->tx);
  rl_lua_op_release(L, scope, op, 2);
  tx_end_scope(L, scope);
  lua_settop(L, 4);
  return failed ? lua_error(L) : 0;
}

/* Returns a pause of up to 10, 20, 40, ... 1000 ms. The clock decides how long, so concurrent transactions differ. */
static int64_t retry_pause_us(lua_State *L) {
  int attempt = (int)luaL_checkinteger(L, 1);
  int64_t most = attempt < 7 ? 10000LL << (attempt < 1 ? 0 : attempt - 1) : 1000000LL;
  int64_t scattered = (rille_datetime_now() % 1000003 * 2654435761LL) & 0x7fffffff;
  return most / 2 + scattered % (most / 2);
}

/* core.back_off(attempt): sleeps. */
static int tx_back_off(lua_State *L) {
  int64_t wait = retry_pause_us(L);
  struct timespec span = {(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
  nanosleep(&span, NULL);
  return 0;
}

/* core.pause(attempt): returns the seconds that back_off would sleep. */
static int tx_pause(lua_State *L) {
  lua_pushnumber(L, (lua_Number)retry_pause_us(L) / 1e6);
  return 1;
}

void rl_lua_tx_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"begin", tx_begin},       {"nest", tx_nest},   {"finish", tx_finish},
                                       {"back_off", tx_back_off}, {"tx", tx_scope},    {"inner_tx", tx_inner_scope},
                                       {"over", tx_over},         {"pause", tx_pause}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
