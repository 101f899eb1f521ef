/* Slots: an operation with its tape, kept by a scope between calls, so that a call allocates nothing of its own. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#define IDLE_MAX 8

rl_tx *rl_tx_make(lua_State *L, rl_box *box, rl_scope *scope) {
  rl_tx *tx = (rl_tx *)calloc(1, sizeof *tx);
  if (!tx) rl_box_throw(L, box);
  tx->refs = 1;
  tx->binding = rl_binding_of(L);
  scope->tx = tx;
  return tx;
}

void rl_tx_drop(rl_tx *tx) {
  if (!tx || --tx->refs > 0) return;
  rl_tx_cut(tx);
  free(tx);
}

void rl_tx_cut(rl_tx *tx) {
  rl_inside_leave(tx);
  if (!tx || !tx->tx) return;
  rille_tx_free(tx->tx);
  tx->tx = NULL;
  tx->binding->held--;
}

static rl_slot *slot_new(lua_State *L, rl_scope *scope) {
  rl_slot *slot = (rl_slot *)rl_new_userdata(L, sizeof *slot);
  memset(slot, 0, sizeof *slot);
  slot->binding = rl_binding_of(L);
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

static inline rl_slot *take(lua_State *L, rl_scope *scope) {
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

static void link_running(rl_slot *slot) {
  rl_binding *b = slot->binding;
  if (slot->running) return;
  slot->running = 1;
  slot->newer = NULL;
  slot->older = b->running;
  if (b->running) b->running->newer = slot;
  b->running = slot;
}

static void unlink_running(rl_slot *slot) {
  if (!slot->running) return;
  slot->running = 0;
  if (slot->older) slot->older->newer = slot->newer;
  if (slot->newer)
    slot->newer->older = slot->older;
  else
    slot->binding->running = slot->older;
}

/* So long after a look that was in vain there is no other, nor before so many times its length. */
#define LOOK_PAUSE_US 1000000
#define LOOK_PAUSE 20
/* A job that nobody has seen to for so long may have lost its coroutine. */
#define LEFT_US 1000000

/* Connections that no running call owns: of transactions and locks between two calls, of loops between two batches, of
 * coroutines that are not resumed any more, of calls that an error of Lua's has left. */
static int count_unowned(const rl_binding *b, const rl_slot *own, int64_t now) {
  int n = b->held;
  for (const rl_slot *s = b->running; s; s = s->older) {
    int owned = s == own || (s->job && now - s->stepped_us < LEFT_US);
    if (s->tx && s->tx->tx && owned && !s->stream)
      n--;
    else if (!s->tx && !owned)
      n++;
  }
  return n;
}

/* What nobody has any more keeps its connection until it is collected, and its few bytes move no collector. */
static int look(lua_State *L, rl_slot *own) {
  rl_binding *b = own->binding;
  int64_t begin = rl_now_us();
  if (begin < b->look_us) return 0;
  int before = count_unowned(b, own, begin);
  b->look_us = begin + LOOK_PAUSE_US;
  if (before <= 0) return 0;
  lua_gc(L, LUA_GCCOLLECT, 0);
  int64_t end = rl_now_us(), pause = (end - begin) * LOOK_PAUSE;
  int freed = count_unowned(b, own, begin) < before;
  b->look_us = freed ? 0 : end + (pause > LOOK_PAUSE_US ? pause : LOOK_PAUSE_US);
  return freed;
}

void rl_slot_queue(lua_State *L, rl_slot *slot) {
  int64_t wait_ms = 0;
  while (rl_slot_shares(slot) && rille_op_acquire(slot->op, wait_ms) == RILLE_AGAIN) {
    if (look(L, slot)) {
      wait_ms = 0;
      continue;
    }
    wait_ms = (slot->binding->look_us - rl_now_us()) / 1000 + 1;
  }
}

void rl_slot_look(lua_State *L, rl_slot *slot) {
  if (rl_slot_shares(slot) && rl_now_us() >= slot->binding->look_us && rille_op_acquire(slot->op, 0) == RILLE_AGAIN)
    (void)look(L, slot);
}

/* While it is in use a slot is anchored by the stack alone: when an error jumps away, the collector finds it and ends
 * what runs. */
static inline rl_slot *take_ready(lua_State *L, rl_scope *scope, int owner) {
  rl_get_user(L, owner);
  rl_slot *slot = take(L, scope);
  if (scope->traced) rl_set_trace(L, slot);
  slot->inside = RL_INSIDE_NONE;
  return slot;
}

rl_slot *rl_slot_take_offline(lua_State *L, rl_scope *scope, int owner) {
  return take_ready(L, scope, owner);
}

rl_slot *rl_slot_take(lua_State *L, rl_scope *scope, int owner) {
  rl_slot *slot = take_ready(L, scope, owner);
  if (slot->binding->open_count > 0) slot->inside = rl_inside_look(L, scope, owner);
  return slot;
}

void rl_slot_begin(rl_slot *slot, rl_scope *scope) {
  slot->keep_nulls = scope->keep_nulls;
  link_running(slot);
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
  unlink_running(slot);
  if (slot->job) {
    rille_op_set_blocking(slot->op, 1);
    rille_op_set_bell(slot->op, NULL, 0);
  }
  slot->job = 0;
  drop_tapes(slot);
  slot->stream = 0;
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
  unlink_running(slot);
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

void rl_slot_push_error(lua_State *L, rl_slot *slot) {
  rl_push_error(L, slot->err);
  rl_inside_explain(L, slot);
  rille_tx *tx = rl_slot_tx(slot);
  if (!tx || !slot->err) return;
  lua_getfield(L, -1, "place");
  rille_tx_failed_at(tx, lua_tostring(L, -1));
  lua_pop(L, 1);
}

int rl_slot_throw(lua_State *L, rl_scope *scope, rl_slot *slot, int anchors) {
  rl_slot_push_error(L, slot);
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
