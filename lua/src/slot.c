/* Slots: an operation with its tape, kept by a scope between calls, so that a call allocates nothing of its own. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#define IDLE_MAX 8

void rl_tx_drop(rl_tx *tx) {
  if (!tx || --tx->refs > 0) return;
  rille_tx_free(tx->tx);
  free(tx);
}

void rl_tx_cut(rl_tx *tx) {
  if (!tx) return;
  rille_tx_free(tx->tx);
  tx->tx = NULL;
}

static rl_slot *slot_new(lua_State *L, rl_scope *scope) {
  rl_slot *slot = (rl_slot *)rl_new_userdata(L, sizeof *slot);
  memset(slot, 0, sizeof *slot);
  rl_push_ref(L, RL_REF_SLOT);
  lua_setmetatable(L, -2);
  slot->op = rille_op_new(scope->client);
  slot->tape = rille_tape_new();
  if (!slot->op || !slot->tape) {
    rl_slot_dispose(slot);
    rl_push_error(L, NULL);
    lua_error(L);
  }
  rille_op_set_whole(slot->op, 1);
  return slot;
}

static rl_slot *take(lua_State *L, rl_scope *scope) {
  if (scope->idle > 0) {
    lua_rawgeti(L, -1, scope->idle);
    lua_pushnil(L);
    lua_rawseti(L, -3, scope->idle);
    scope->idle--;
    rl_slot *slot = (rl_slot *)lua_touserdata(L, -1);
    if (slot && slot->tape) {
      rille_tape_reset(slot->tape);
      return slot;
    }
    lua_pop(L, 1);
  }
  return slot_new(L, scope);
}

void rl_slot_streams(rl_slot *slot, rl_binding *b) {
  slot->stream = b;
  b->streams++;
}

/* A look that was in vain is followed by a pause of so many times its length. */
#define LOOK_PAUSE 20

/* A loop that is left by `break` where the Lua has no __close, or by an error that its coroutine dies of, keeps its
 * connection until it is collected, and its few bytes move no collector. So when the pool has no more connections. */
void rl_streams_look(lua_State *L, rl_binding *b, const rl_scope *scope) {
  if (!b->streams || !scope->client) return;
  int64_t begin = rl_now_us();
  if (begin < b->look_us) return;
  rille_pool_stats pool;
  memset(&pool, 0, sizeof pool);
  pool.struct_size = (uint32_t)sizeof pool;
  rille_client_pool_stats(scope->client, &pool);
  if (pool.in_use < pool.size) return;
  int before = b->streams;
  lua_gc(L, LUA_GCCOLLECT, 0);
  int64_t end = rl_now_us();
  b->look_us = b->streams < before ? 0 : end + (end - begin) * LOOK_PAUSE;
}

/* While it is in use a slot is anchored by the stack alone: when an error jumps away, the collector finds it and ends
 * what runs. */
rl_slot *rl_slot_take(lua_State *L, rl_scope *scope, int owner) {
  if (scope->depth == 0) rl_streams_look(L, rl_binding_of(L), scope);
  rl_get_user(L, owner);
  rl_slot *slot = take(L, scope);
  if (scope->traced) rl_set_trace(L, slot);
  return slot;
}

void rl_slot_begin(rl_slot *slot, rl_scope *scope) {
  slot->keep_nulls = scope->keep_nulls;
  slot->running = 1;
  if (slot->tx == scope->tx) return;
  rl_tx_drop(slot->tx);
  slot->tx = scope->tx;
  if (slot->tx) slot->tx->refs++;
}

static void drop_tapes(rl_slot *slot) {
  for (int i = 0; i < slot->tape_count; i++) rille_tape_free(slot->tapes[i]);
  free(slot->tapes);
  slot->tapes = NULL;
  slot->tape_count = 0;
}

void rl_slot_stop(rl_slot *slot) {
  if (slot->running && slot->op) rille_op_reset(slot->op);
  slot->running = 0;
  if (slot->job) rille_op_set_blocking(slot->op, 1);
  slot->job = 0;
  drop_tapes(slot);
  if (slot->stream) slot->stream->streams--;
  slot->stream = NULL;
  if (slot->tx) {
    rl_tx_drop(slot->tx);
    slot->tx = NULL;
  }
  rille_error_free(slot->err);
  slot->err = NULL;
  rille_free(slot->text);
  slot->text = NULL;
}

void rl_slot_give(lua_State *L, rl_scope *scope, rl_slot *slot, int anchors) {
  slot->running = 0;
  if (slot->tx && slot->tx != scope->tx) rl_slot_stop(slot);
  if (!scope->client || scope->idle >= IDLE_MAX) {
    rl_slot_dispose(slot);
  } else {
    lua_pushvalue(L, anchors + 1);
    lua_rawseti(L, anchors, scope->idle + 1);
    scope->idle++;
  }
  rl_after(L, scope, anchors);
}

int rl_slot_throw(lua_State *L, rl_scope *scope, rl_slot *slot, int anchors) {
  rl_push_error(L, slot->err);
  rl_slot_stop(slot);
  rl_slot_give(L, scope, slot, anchors);
  lua_error(L);
  for (;;) {}
}

void rl_slot_dispose(rl_slot *slot) {
  rl_slot_stop(slot);
  rille_op_free(slot->op);
  rille_tape_free(slot->tape);
  rille_json_free(slot->json);
  slot->op = NULL;
  slot->tape = NULL;
  slot->json = NULL;
}

static int slot_gc(lua_State *L) {
  rl_slot *slot = (rl_slot *)rl_is(L, rl_binding_of(L), 1, RL_REF_SLOT);
  if (slot) rl_slot_dispose(slot);
  return 0;
}

/* __close of an iterator's slot: `break` gives the connection back at once. */
static int slot_close(lua_State *L) {
  rl_slot *slot = (rl_slot *)rl_is(L, rl_binding_of(L), 1, RL_REF_SLOT);
  if (slot) rl_slot_stop(slot);
  return 0;
}

void rl_slot_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"__gc", slot_gc}, {"__close", slot_close}, {NULL, NULL}};
  rl_push_ref(L, RL_REF_SLOT);
  rl_set_functions(L, functions);
  lua_pushliteral(L, "rille.Operation");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
