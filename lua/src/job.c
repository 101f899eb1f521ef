/* Jobs: operations that a loop in Lua drives, because a C function cannot yield to a scheduler in every Lua. A job runs
 * until it would block:
 *
 *   core.job_...(...) -> nil, result              it has ended
 *                     -> mode, fd, seconds, job   wait, then call core.step. mode: "r", "w" or "rw"; "t": no fd, wait
 *                                                 for the time only; "q": the job queues for a connection, and fd is
 *                                                 the bell that all jobs share
 *   core.step(job)    -> the same, without job
 *
 * A stream returns nil, rows, job (there may be more) or nil, rows. A failure raises an error and ends the job. */
#include "rows.h"

enum { KIND_RESULT = 1, KIND_AFFECTED, KIND_NOTHING, KIND_STREAM, KIND_BATCH };

/* Keys of the table of a job, the user value of its operation object: results of the calls from 1 on, and the anchors.
 */
#define ANCHORS (-1)

/* Returns the bell of this Lua state. A forked child gets a new one. */
static rille_bell *binding_bell(rl_binding *b) {
  if (b->bell && rille_bell_descriptor(b->bell) < 0) {
    rille_bell_free(b->bell);
    b->bell = NULL;
  }
  if (!b->bell) b->bell = rille_bell_new();
  return b->bell;
}

void rl_job_prepare(rl_lua_op *op, const rl_scope *scope) {
  rl_binding *b = op->binding;
  rille_op_set_blocking(op->core, 0);
  op->ticket = ++b->tickets;
  if (scope->cooperative == 2) rille_op_set_bell(op->core, binding_bell(b), op->ticket);
  op->job = KIND_RESULT;
}

int rl_push_wait(lua_State *L, const rille_wait *wait) {
  if (wait->fd < 0) {
    lua_pushliteral(L, "t");
    lua_pushnil(L);
  } else {
    lua_pushstring(L, wait->read && wait->write ? "rw" : wait->write ? "w" : "r");
    lua_pushinteger(L, wait->fd);
  }
  if (wait->timeout_ms < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)wait->timeout_ms / 1000);
  return 3;
}

static int job_push_wait(lua_State *L, rl_lua_op *op) {
  rille_wait wait = {.struct_size = (uint32_t)sizeof wait};
  const rille_bell *bell = op->binding->bell;
  rille_op_wait(op->core, &wait);
  int results = rl_push_wait(L, &wait);
  if (bell && wait.fd >= 0 && wait.fd == rille_bell_descriptor(bell)) {
    lua_pushliteral(L, "q");
    lua_replace(L, -results - 1);
  }
  return results;
}

/* core.ticket(job): returns the number of the job. */
static int push_ticket(lua_State *L) {
  const rl_lua_op *op = (const rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  lua_pushinteger(L, op ? (lua_Integer)op->ticket : 0);
  return 1;
}

/* core.called(): returns the ticket of the next job that the bell wakes, or nil. Then the bell is no longer readable.
 */
static int push_called_ticket(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  uint64_t tag;
  if (!b->bell || !rille_bell_next(b->bell, &tag)) return 0;
  lua_pushinteger(L, (lua_Integer)tag);
  return 1;
}

/* Pushes the list of results of a batch, with n. */
static int job_push_batch_results(lua_State *L, rl_lua_op *op, int keep) {
  uint32_t count = rille_op_parts(op->core);
  lua_createtable(L, (int)count, 1);
  int list = lua_gettop(L);
  for (uint32_t i = 0; i < count; i++) {
    if (rl_collect_push(L, op, keep, i) < 0) return -1;
    if (lua_isnil(L, -1) && op->keep_nulls) {
      lua_pop(L, 1);
      rl_push_ref(L, RL_REF_NULL);
    }
    lua_rawseti(L, list, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)count);
  lua_setfield(L, list, "n");
  return 0;
}

/* Returns -1 if op->err says why there is no result. */
static int job_push_result(lua_State *L, rl_lua_op *op, int keep) {
  switch (op->job) {
  case KIND_AFFECTED: rl_push_integer(L, rille_op_affected(op->core)); return 0;
  case KIND_NOTHING: lua_pushnil(L); return 0;
  case KIND_BATCH: return job_push_batch_results(L, op, keep);
  default: return rl_collect_push(L, op, keep, 0);
  }
}

static void job_name_failed_call(lua_State *L, rl_lua_op *op) {
  if (op->job != KIND_BATCH || !lua_istable(L, -1)) return;
  lua_getfield(L, -1, "meta");
  if (lua_istable(L, -1)) {
    lua_pushinteger(L, (lua_Integer)rille_op_part(op->core) + 1);
    lua_setfield(L, -2, "batch_index");
  }
  lua_pop(L, 1);
}

static void job_forget_results(lua_State *L, rl_lua_op *op, int keep) {
  for (uint32_t n = rille_op_parts(op->core); n > 0; n--) {
    lua_pushnil(L);
    lua_rawseti(L, keep, (int)n);
  }
  lua_pushnil(L);
  lua_rawseti(L, keep, ANCHORS);
}

/* Ends the job. Stack: op at `at`, its table and its anchors above. */
static void job_end(lua_State *L, rl_lua_op *op, int at) {
  rl_scope *scope = op->scope;
  job_forget_results(L, op, at + 1);
  rl_lua_op_stop(op);
  lua_pushvalue(L, at + 2); /* anchors and op, for rl_lua_op_release */
  lua_pushvalue(L, at);
  rl_lua_op_release(L, scope, op, lua_gettop(L) - 1);
  lua_pop(L, 2);
}

/* Runs the job until it would block or ends. Stack: op at `at`, its table and its anchors above. */
static int job_continue(lua_State *L, rl_lua_op *op, int at) {
  rille_status status = rl_collect(L, rl_binding_of(L), op, at + 1);
  if (status == RILLE_AGAIN) {
    op->stepped_us = rl_now_us();
    rl_lua_op_free_unowned(L, op);
    return job_push_wait(L, op);
  }
  lua_pushnil(L);
  if (status >= 0 && job_push_result(L, op, at + 1) < 0) status = RILLE_ERROR;
  if (status < 0) {
    rl_lua_op_push_error(L, op);
    job_name_failed_call(L, op);
    job_end(L, op, at);
    return lua_error(L);
  }
  if (status == RILLE_BATCH) {
    op->stepped_us = 0; /* it rests until the next batch is requested */
    lua_pushvalue(L, at);
    rl_after(L, op->scope, at + 2);
    return 3;
  }
  int result = lua_gettop(L);
  job_end(L, op, at);
  lua_settop(L, result);
  return 2;
}

/* Runs the first steps of a started operation. Stack: anchors and op at the top. */
static int job_start(lua_State *L, rl_scope *scope, rl_lua_op *op, int kind) {
  int at = lua_gettop(L);
  op->job = kind;
  op->scope = scope;
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, at - 1);
  lua_rawseti(L, -2, ANCHORS);
  lua_pushvalue(L, -1);
  rl_set_user(L, at);
  lua_pushvalue(L, at - 1);
  int results = job_continue(L, op, at);
  if (results != 3 || lua_isnil(L, -3)) return results; /* it has ended, or the job is among the results */
  lua_pushvalue(L, at);
  return 4;
}

/* Schedulers push values on the coroutine's stack while they wait, and some of them crash if it cannot grow. It grows
 * here, where being out of memory is an ordinary error. */
#define WAIT_STACK 100

/* core.job_model(model, args, method) */
static int job_model(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope;
  rl_lua_op *op = rl_op_job(L, &scope, 0);
  return job_start(L, scope, op, KIND_RESULT);
}

/* core.job_stream(model, args, batch) */
static int job_stream(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope;
  lua_Integer batch = luaL_checkinteger(L, 3);
  rl_lua_op *op = rl_op_job(L, &scope, batch < 1 ? 1 : batch > INT32_MAX ? INT32_MAX : (uint32_t)batch);
  op->stream = 1;
  return job_start(L, scope, op, KIND_STREAM);
}

/* core.job_query, core.job_execute: (scope, sql, parameters, count); core.job_script(scope, sql) */
static int job_query(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  return job_start(L, scope, rl_raw_job(L, scope, 1), KIND_RESULT);
}
static int job_execute(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  return job_start(L, scope, rl_raw_job(L, scope, 0), KIND_AFFECTED);
}
static int job_script(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  return job_start(L, scope, rl_script_job(L, scope), KIND_NOTHING);
}

/* core.job_revalidate(scope, tags, paths) */
static int job_revalidate(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  return job_start(L, scope, rl_revalidate_job(L, scope), KIND_NOTHING);
}

/* core.job_begin(scope): begins the transaction or savepoint of a scope from core.tx or core.inner_tx. */
static int job_begin(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_tx_step *start = scope->depth > 1 ? rille_op_savepoint : rille_op_begin;
  return job_start(L, scope, rl_lua_tx_job(L, scope, start), KIND_NOTHING);
}

/* core.job_finish(scope, commit): core.over must follow, even if it fails. */
static int job_finish(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_tx_step *start = rl_lua_tx_ending(scope, lua_toboolean(L, 2));
  return job_start(L, scope, rl_lua_tx_job(L, scope, start), KIND_NOTHING);
}

/* core.job_batch(scope, calls, atomic), and core.batch(scope, calls, atomic), which blocks. See batch.c. */
static int job_batch(lua_State *L) {
  rl_check_stack(L, WAIT_STACK);
  rl_scope *scope = rl_scope_check(L, 1);
  return job_start(L, scope, rl_batch_job(L, scope, 1), KIND_BATCH);
}
static int run_batch(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = rl_batch_job(L, scope, 0);
  rl_lua_op_connect(L, op);
  job_start(L, scope, op, KIND_BATCH);
  return 1;
}

static rl_lua_op *job_check(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  if (!op) rl_lua_raise(L, "VALIDATION", "expected a job, got %s", rl_type_name(L, 1));
  lua_settop(L, 1);
  return op;
}

/* core.step(job) */
static int job_step(lua_State *L) {
  rl_lua_op *op = job_check(L);
  if (!op->job) return 0;
  rl_get_user(L, 1);
  lua_rawgeti(L, 2, ANCHORS);
  return job_continue(L, op, 1);
}

/* core.stop(job): cancels the job if it has not ended. */
static int job_stop(lua_State *L) {
  rl_lua_op *op = job_check(L);
  if (!op->job) return 0;
  rl_get_user(L, 1);
  lua_rawgeti(L, 2, ANCHORS);
  job_end(L, op, 1);
  return 0;
}

void rl_job_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"job_model", job_model},
                                       {"job_stream", job_stream},
                                       {"job_query", job_query},
                                       {"job_execute", job_execute},
                                       {"job_script", job_script},
                                       {"job_revalidate", job_revalidate},
                                       {"job_begin", job_begin},
                                       {"job_finish", job_finish},
                                       {"job_batch", job_batch},
                                       {"batch", run_batch},
                                       {"step", job_step},
                                       {"stop", job_stop},
                                       {"ticket", push_ticket},
                                       {"called", push_called_ticket},
                                       {NULL, NULL}};
  rl_set_functions(L, functions);
}
