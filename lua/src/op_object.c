/* Operation objects: operations with their tapes. A scope keeps them between calls, so a call allocates none. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#define IDLE_MAX 8

rl_lua_tx *rl_lua_tx_new(lua_State *L, rl_lua_box *box, rl_scope *scope) {
  rl_lua_tx *tx = (rl_lua_tx *)calloc(1, sizeof *tx);
  if (!tx) rl_lua_box_throw(L, box);
  tx->refs = 1;
  tx->binding = rl_binding_of(L);
  scope->tx = tx;
  return tx;
}

void rl_lua_tx_release(rl_lua_tx *tx) {
  if (!tx || --tx->refs > 0) return;
  rl_lua_tx_roll_back(tx);
  free(tx);
}

void rl_lua_tx_roll_back(rl_lua_tx *tx) {
  rl_inside_leave(tx);
  if (!tx || !tx->tx) return;
  rille_tx_free(tx->tx);
  tx->tx = NULL;
  tx->binding->held--;
}

static rl_lua_op *op_new(lua_State *L, rl_scope *scope) {
  rl_lua_op *op = (rl_lua_op *)rl_new_userdata(L, sizeof *op);
  memset(op, 0, sizeof *op);
  op->binding = rl_binding_of(L);
  rl_push_ref(L, RL_REF_OP);
  lua_setmetatable(L, -2);
  op->core = rille_op_new(scope->client);
  op->tape = rille_tape_new();
  if (!op->core || !op->tape) {
    rl_lua_op_dispose(op);
    rl_push_error(L, NULL);
    lua_error(L);
  }
  rille_op_set_whole(op->core, 1);
  return op;
}

static inline rl_lua_op *op_take_idle(lua_State *L, rl_scope *scope) {
  if (scope->idle > 0) {
    lua_rawgeti(L, -1, scope->idle);
    lua_pushnil(L);
    lua_rawseti(L, -3, scope->idle);
    scope->idle--;
    rl_lua_op *op = (rl_lua_op *)lua_touserdata(L, -1);
    if (op && op->tape) {
      rille_tape_reset(op->tape);
      return op;
    }
    lua_pop(L, 1);
  }
  return op_new(L, scope);
}

static void op_link_running(rl_lua_op *op) {
  rl_binding *b = op->binding;
  if (op->running) return;
  op->running = 1;
  op->newer = NULL;
  op->older = b->running;
  if (b->running) b->running->newer = op;
  b->running = op;
}

static void op_unlink_running(rl_lua_op *op) {
  if (!op->running) return;
  op->running = 0;
  if (op->older) op->older->newer = op->newer;
  if (op->newer)
    op->newer->older = op->older;
  else
    op->binding->running = op->older;
}

/* The pause after a collection that freed no connection: at least this long, and this many times its duration. */
#define COLLECT_PAUSE_US 1000000
#define COLLECT_PAUSE_FACTOR 20
/* A job without a step for this long may have lost its coroutine. */
#define JOB_LOST_US 1000000

/* Counts the connections that no running call owns: of transactions and locks between two calls, of loops between two
 * batches, of coroutines that are no longer resumed, of calls that a Lua error has left. */
static int count_unowned(const rl_binding *b, const rl_lua_op *own, int64_t now) {
  int n = b->held;
  for (const rl_lua_op *s = b->running; s; s = s->older) {
    int owned = s == own || (s->job && now - s->stepped_us < JOB_LOST_US);
    if (s->tx && s->tx->tx && owned && !s->stream)
      n--;
    else if (!s->tx && !owned)
      n++;
  }
  return n;
}

/* Collects garbage if there may be objects that are no longer referenced but hold a connection. They are too small to
 * start the collector. Returns whether a connection was freed. */
static int collect_unowned(lua_State *L, rl_lua_op *own) {
  rl_binding *b = own->binding;
  int64_t begin = rl_now_us();
  if (begin < b->look_us) return 0;
  int before = count_unowned(b, own, begin);
  b->look_us = begin + COLLECT_PAUSE_US;
  if (before <= 0) return 0;
  lua_gc(L, LUA_GCCOLLECT, 0);
  int64_t end = rl_now_us(), pause = (end - begin) * COLLECT_PAUSE_FACTOR;
  int freed = count_unowned(b, own, begin) < before;
  b->look_us = freed ? 0 : end + (pause > COLLECT_PAUSE_US ? pause : COLLECT_PAUSE_US);
  return freed;
}

void rl_lua_op_wait_turn(lua_State *L, rl_lua_op *op) {
  int64_t wait_ms = 0;
  while (rl_lua_op_shares(op) && rille_op_acquire(op->core, wait_ms) == RILLE_AGAIN) {
    if (collect_unowned(L, op)) {
      wait_ms = 0;
      continue;
    }
    wait_ms = (op->binding->look_us - rl_now_us()) / 1000 + 1;
  }
}

void rl_lua_op_free_unowned(lua_State *L, rl_lua_op *op) {
  if (rl_lua_op_shares(op) && rl_now_us() >= op->binding->look_us && rille_op_acquire(op->core, 0) == RILLE_AGAIN)
    (void)collect_unowned(L, op);
}

/* While an operation object is in use, only the stack references it. After an error the collector finds it and cancels
 * the operation. */
static inline rl_lua_op *op_take_ready(lua_State *L, rl_scope *scope, int owner) {
  rl_get_user(L, owner);
  rl_lua_op *op = op_take_idle(L, scope);
  if (scope->traced) rl_set_trace(L, op);
  op->inside = RL_INSIDE_NONE;
  return op;
}

rl_lua_op *rl_lua_op_take_offline(lua_State *L, rl_scope *scope, int owner) {
  return op_take_ready(L, scope, owner);
}

rl_lua_op *rl_lua_op_take(lua_State *L, rl_scope *scope, int owner) {
  rl_lua_op *op = op_take_ready(L, scope, owner);
  if (op->binding->context_count || op->in_context) rl_context_apply(L, op);
  if (op->binding->open_count > 0) op->inside = rl_inside_check(L, scope, owner);
  return op;
}

void rl_lua_op_begin(rl_lua_op *op, rl_scope *scope) {
  op->keep_nulls = scope->keep_nulls;
  op->strict = scope->strict ? rille_client_schema(scope->client) : NULL;
  op_link_running(op);
  if (op->tx == scope->tx) return;
  rl_lua_tx_release(op->tx);
  op->tx = scope->tx;
  if (op->tx) op->tx->refs++;
}

static void op_drop_tapes(rl_lua_op *op) {
  for (int i = 0; i < op->tape_count; i++) rille_tape_free(op->tapes[i]);
  free(op->tapes);
  op->tapes = NULL;
  op->tape_count = 0;
}

void rl_lua_op_stop(rl_lua_op *op) {
  if (op->running && op->core) rille_op_reset(op->core);
  op_unlink_running(op);
  if (op->job) {
    rille_op_set_blocking(op->core, 1);
    rille_op_set_bell(op->core, NULL, 0);
  }
  op->job = 0;
  op_drop_tapes(op);
  op->stream = 0;
  if (op->tx) {
    rl_lua_tx_release(op->tx);
    op->tx = NULL;
  }
  rille_error_free(op->err);
  op->err = NULL;
  rille_free(op->text);
  op->text = NULL;
}

void rl_lua_op_release(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors) {
  op_unlink_running(op);
  if (op->tx && op->tx != scope->tx) rl_lua_op_stop(op);
  if (!scope->client || scope->idle >= IDLE_MAX) {
    rl_lua_op_dispose(op);
  } else {
    lua_pushvalue(L, anchors + 1);
    lua_rawseti(L, anchors, scope->idle + 1);
    scope->idle++;
  }
  rl_after(L, scope, anchors);
}

void rl_lua_op_push_error(lua_State *L, rl_lua_op *op) {
  rl_push_error(L, op->err);
  rl_inside_explain(L, op);
  rille_tx *tx = rl_lua_op_tx(op);
  if (!tx || !op->err) return;
  lua_getfield(L, -1, "place");
  rille_tx_failed_at(tx, lua_tostring(L, -1));
  lua_pop(L, 1);
}

int rl_lua_op_throw(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors) {
  rl_lua_op_push_error(L, op);
  rl_lua_op_stop(op);
  rl_lua_op_release(L, scope, op, anchors);
  lua_error(L);
  for (;;) {}
}

void rl_lua_op_dispose(rl_lua_op *op) {
  rl_lua_op_stop(op);
  rille_op_free(op->core);
  rille_tape_free(op->tape);
  rille_json_free(op->json);
  op->core = NULL;
  op->tape = NULL;
  op->json = NULL;
}

static int op_gc(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  if (op) rl_lua_op_dispose(op);
  return 0;
}

/* __close of an iterator: `break` releases the connection immediately. */
static int op_close(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)rl_is(L, rl_binding_of(L), 1, RL_REF_OP);
  if (op) rl_lua_op_stop(op);
  return 0;
}

void rl_lua_op_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"__gc", op_gc}, {"__close", op_close}, {NULL, NULL}};
  rl_push_ref(L, RL_REF_OP);
  rl_set_functions(L, functions);
  lua_pushliteral(L, "rille.Operation");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
