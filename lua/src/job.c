/* Jobs: operations that a Lua loop drives, because a C function cannot wait for a scheduler in every Lua. Each start
 * goes on until it would block:
 *
 *   core.job_...(...) -> nil, result              it has ended
 *                     -> mode, fd, seconds, job   wait ("r", "w" or "rw"; "t": fd is nil, only time counts; "q": the
 *                                                 job queues, and fd is the bell that all of them share), then
 *   core.step(job)    -> as above, without job
 *
 * A stream answers nil, rows, job (more may come) or nil, rows. What fails raises, and the job is over. */
#include "rows.h"

enum { KIND_RESULT = 1, KIND_AFFECTED, KIND_NOTHING, KIND_STREAM, KIND_BATCH };

/* Fields of the table that lies behind a job's operation object: its parts' results from 1 on, and what must live as
 * long. */
#define ANCHORS (-1)

/* One for the whole state, and another one in a forked child. */
static rille_bell *bell_of(rl_binding *b) {
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
  if (scope->cooperative == 2) rille_op_set_bell(op->core, bell_of(b), op->ticket);
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

static int push_wait(lua_State *L, rl_lua_op *op) {
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

/* core.ticket(job): its number. */
static int ticket(lua_State *L) {
  const rl_lua_op *op = (const rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  lua_pushinteger(L, op ? (lua_Integer)op->ticket : 0);
  return 1;
}

/* core.called(): the ticket of the next job that the bell calls; nil: there is none, and the bell is silent. */
static int called(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  uint64_t tag;
  if (!b->bell || !rille_bell_next(b->bell, &tag)) return 0;
  lua_pushinteger(L, (lua_Integer)tag);
  return 1;
}

/* A list of the parts' results and their number. */
static void push_parts(lua_State *L, rl_lua_op *op, int keep) {
  uint32_t count = rille_op_parts(op->core);
  lua_createtable(L, (int)count, 1);
  int list = lua_gettop(L);
  for (uint32_t i = 0; i < count; i++) {
    rl_collect_push(L, op, keep, i);
    if (lua_isnil(L, -1) && op->keep_nulls) {
      lua_pop(L, 1);
      rl_push_ref(L, RL_REF_NULL);
    }
    lua_rawseti(L, list, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)count);
  lua_setfield(L, list, "n");
}

static void push_end(lua_State *L, rl_lua_op *op, int keep) {
  switch (op->job) {
  case KIND_AFFECTED: rl_push_integer(L, rille_op_affected(op->core)); return;
  case KIND_NOTHING: lua_pushnil(L); return;
  case KIND_BATCH: push_parts(L, op, keep); return;
  default: rl_collect_push(L, op, keep, 0);
  }
}

static void name_part(lua_State *L, rl_lua_op *op) {
  if (op->job != KIND_BATCH || !lua_istable(L, -1)) return;
  lua_getfield(L, -1, "meta");
  if (lua_istable(L, -1)) {
    lua_pushinteger(L, (lua_Integer)rille_op_part(op->core) + 1);
    lua_setfield(L, -2, "batch_index");
  }
  lua_pop(L, 1);
}

static void forget_results(lua_State *L, rl_lua_op *op, int keep) {
  for (uint32_t n = rille_op_parts(op->core); n > 0; n--) {
    lua_pushnil(L);
    lua_rawseti(L, keep, (int)n);
  }
  lua_pushnil(L);
  lua_rawseti(L, keep, ANCHORS);
}

/* The job is over. Stack: op at `at`, its table above. */
static void end_job(lua_State *L, rl_lua_op *op, int at) {
  rl_scope *scope = op->scope;
  forget_results(L, op, at + 1);
  rl_lua_op_stop(op);
  lua_pushvalue(L, at + 2); /* as give wants them: anchors, op */
  lua_pushvalue(L, at);
  rl_lua_op_give(L, scope, op, lua_gettop(L) - 1);
  lua_pop(L, 2);
}

/* Stack: op, its table, its anchors from `at` on, and nothing above. */
static int go_on(lua_State *L, rl_lua_op *op, int at) {
  rille_status status = rl_collect(L, rl_binding_of(L), op, at + 1);
  if (status == RILLE_AGAIN) {
    op->stepped_us = rl_now_us();
    rl_lua_op_look(L, op);
    return push_wait(L, op);
  }
  lua_pushnil(L);
  if (status < 0) {
    rl_lua_op_push_error(L, op);
    name_part(L, op);
    end_job(L, op, at);
    return lua_error(L);
  }
  push_end(L, op, at + 1);
  if (status == RILLE_BATCH) {
    op->stepped_us = 0; /* nobody sees to it until the next batch is wanted */
    lua_pushvalue(L, at);
    rl_after(L, op->scope, at + 2);
    return 3;
  }
  int result = lua_gettop(L);
  end_job(L, op, at);
  lua_settop(L, result);
  return 2;
}

/* The first steps of what has been started. Stack: anchors and op at the top. */
static int begin_job(lua_State *L, rl_scope *scope, rl_lua_op *op, int kind) {
  int at = lua_gettop(L);
  op->job = kind;
  op->scope = scope;
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, at - 1);
  lua_rawseti(L, -2, ANCHORS);
  lua_pushvalue(L, -1);
  rl_set_user(L, at);
  lua_pushvalue(L, at - 1);
  int results = go_on(L, op, at);
  if (results != 3 || lua_isnil(L, -3)) return results; /* ended, or the job is told already */
  lua_pushvalue(L, at);
  return 4;
}

/* Schedulers that wait for a job put something on its coroutine's stack, and some of them die where that cannot grow:
 * it grows here, where a shortage of memory is an error like any other. */
#define ROOM_TO_WAIT 100

/* core.job_model(model, args, method) */
static int job_model(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope;
  rl_lua_op *op = rl_op_job(L, &scope, 0);
  return begin_job(L, scope, op, KIND_RESULT);
}

/* core.job_stream(model, args, batch) */
static int job_stream(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope;
  lua_Integer batch = luaL_checkinteger(L, 3);
  rl_lua_op *op = rl_op_job(L, &scope, batch < 1 ? 1 : batch > INT32_MAX ? INT32_MAX : (uint32_t)batch);
  op->stream = 1;
  return begin_job(L, scope, op, KIND_STREAM);
}

/* core.job_query, core.job_execute: (scope, sql, parameters, count); core.job_script(scope, sql) */
static int job_query(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  return begin_job(L, scope, rl_raw_job(L, scope, 1), KIND_RESULT);
}
static int job_execute(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  return begin_job(L, scope, rl_raw_job(L, scope, 0), KIND_AFFECTED);
}
static int job_script(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  return begin_job(L, scope, rl_script_job(L, scope), KIND_NOTHING);
}

/* core.job_begin(scope), of core.tx or core.inner_tx */
static int job_begin(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_tx_step *start = scope->depth > 1 ? rille_op_savepoint : rille_op_begin;
  return begin_job(L, scope, rl_lua_tx_job(L, scope, start), KIND_NOTHING);
}

/* core.job_finish(scope, commit): core.over follows, whatever comes of it. */
static int job_finish(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_tx_step *start = rl_lua_tx_ending(scope, lua_toboolean(L, 2));
  return begin_job(L, scope, rl_lua_tx_job(L, scope, start), KIND_NOTHING);
}

/* core.job_batch(scope, calls, atomic), core.batch(scope, calls, atomic): the second blocks. See batch.c. */
static int job_batch(lua_State *L) {
  rl_check_stack(L, ROOM_TO_WAIT);
  rl_scope *scope = rl_scope_check(L, 1);
  return begin_job(L, scope, rl_batch_job(L, scope, 1), KIND_BATCH);
}
static int batch(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_lua_op *op = rl_batch_job(L, scope, 0);
  rl_lua_op_connect(L, op);
  begin_job(L, scope, op, KIND_BATCH);
  return 1;
}

static rl_lua_op *check_job(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  if (!op) rl_lua_raise(L, "VALIDATION", "a job is wanted");
  lua_settop(L, 1);
  return op;
}

/* core.step(job) */
static int step(lua_State *L) {
  rl_lua_op *op = check_job(L);
  if (!op->job) return 0;
  rl_get_user(L, 1);
  lua_rawgeti(L, 2, ANCHORS);
  return go_on(L, op, 1);
}

/* core.stop(job): gives up what has not ended. */
static int stop(lua_State *L) {
  rl_lua_op *op = check_job(L);
  if (!op->job) return 0;
  rl_get_user(L, 1);
  lua_rawgeti(L, 2, ANCHORS);
  end_job(L, op, 1);
  return 0;
}

void rl_job_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"job_model", job_model},
                                       {"job_stream", job_stream},
                                       {"job_query", job_query},
                                       {"job_execute", job_execute},
                                       {"job_script", job_script},
                                       {"job_begin", job_begin},
                                       {"job_finish", job_finish},
                                       {"job_batch", job_batch},
                                       {"batch", batch},
                                       {"step", step},
                                       {"stop", stop},
                                       {"ticket", ticket},
                                       {"called", called},
                                       {NULL, NULL}};
  rl_set_functions(L, functions);
}
