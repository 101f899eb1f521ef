/* Calls on a client inside a transaction of the same coroutine. They run on another connection. It does not see what
 * the transaction has written, is not rolled back with it, and may wait for its locks. Nearly always the transaction's
 * own object was meant. The coroutine of each open transaction is known, and calls are compared with it. */
#include <string.h>

#include "binding.h"

static rl_lua_tx **tx_bucket(rl_binding *b, const lua_State *thread) {
  uintptr_t bits = (uintptr_t)thread;
  return &b->open[((bits >> 4) ^ (bits >> 12)) % RL_OPEN_BUCKETS];
}

/* core.enter(scope): the function of the transaction runs now, in this coroutine. */
static int inside_enter(lua_State *L) {
  rl_scope *scope = rl_scope_check(L, 1);
  rl_binding *b = rl_binding_of(L);
  rl_lua_tx *tx = scope->tx;
  if (scope->depth != 1 || tx->thread) return 0;
  rl_get_user(L, 1);
  lua_pushthread(L);
  lua_setfield(L, -2, "thread"); /* so no other coroutine can get its address */
  rl_lua_tx **head = tx_bucket(b, L);
  tx->thread = L;
  tx->client = scope->client;
  tx->older = *head;
  tx->newer = NULL;
  if (*head) (*head)->newer = tx;
  *head = tx;
  b->open_count++;
  return 0;
}

void rl_inside_leave(rl_lua_tx *tx) {
  if (!tx || !tx->thread) return;
  if (tx->older) tx->older->newer = tx->newer;
  if (tx->newer)
    tx->newer->older = tx->older;
  else
    *tx_bucket(tx->binding, tx->thread) = tx->older;
  tx->binding->open_count--;
  tx->thread = NULL;
  tx->client = NULL;
}

/* core.leave(scope): the function of the transaction does not receive its object, so calls on the client are meant. */
static int inside_leave(lua_State *L) {
  rl_inside_leave(rl_scope_check(L, 1)->tx);
  return 0;
}

static rl_inside find_open_tx(lua_State *L, const rl_scope *scope) {
  rl_inside found = RL_INSIDE_NONE;
  for (const rl_lua_tx *tx = *tx_bucket(rl_binding_of(L), L); tx; tx = tx->older) {
    if (tx->thread != L) continue;
    if (rille_client_same_pool(tx->client, scope->client)) return RL_INSIDE_POOL;
    if (rille_client_same_database(tx->client, scope->client)) found = RL_INSIDE_DATABASE;
  }
  return found;
}

/* The call continues even if the function fails. */
static void report_inside_call(lua_State *L, const rl_scope *scope, int owner) {
  int top = lua_gettop(L);
  rl_check_stack(L, LUA_MINSTACK);
  const rl_lua_model *m = rl_lua_model_at(L, rl_binding_of(L), owner);
  rl_get_user(L, owner);
  rl_watcher_function(L, top + 1, "inside");
  if (lua_isfunction(L, -1)) {
    if (!rl_push_place(L)) lua_pushnil(L);
    rille_schema *schema = rille_client_schema(scope->client);
    lua_pushstring(L, m ? rille_schema_model_name(schema, m->model) : NULL);
    lua_pushstring(L, m ? rille_schema_model_client(schema, m->model) : NULL);
    lua_pcall(L, 3, 0, 0);
  }
  lua_settop(L, top);
}

rl_inside rl_inside_check(lua_State *L, const rl_scope *scope, int owner) {
  if (scope->tx) return scope->tx->inside;
  rl_inside found = find_open_tx(L, scope);
  if (found == RL_INSIDE_POOL) report_inside_call(L, scope, owner);
  return found;
}

static int is_wait_error(const rl_lua_op *op) {
  const char *code = rille_error_code(op->err);
  int begins = op->tx && op->tx->tx && !op->tx->thread;
  if (strcmp(code, "P2028") == 0) return begins;
  return strcmp(code, "P1008") == 0 || strcmp(code, "P2024") == 0;
}

void rl_inside_explain(lua_State *L, const rl_lua_op *op) {
  if (op->inside == RL_INSIDE_NONE || !op->err || !is_wait_error(op)) return;
  lua_getfield(L, -1, "message");
  lua_pushfstring(L,
                  "%s; the call was made inside db:transaction, but not on its tx: it waits on another connection for "
                  "what the transaction itself holds",
                  lua_tostring(L, -1));
  lua_setfield(L, -3, "message");
  lua_pop(L, 1);
  lua_getfield(L, -1, "meta");
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "inside_transaction");
  lua_pop(L, 1);
}

void rl_inside_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"enter", inside_enter}, {"leave", inside_leave}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
