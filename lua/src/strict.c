/* Strict rows: in development, reading a key that was not selected is an error. A row gets a metatable that knows the
 * keys of its node and the fields of its model. The metatables of a layout are built once, by a function of Lua. */
#include "binding.h"

#define STRICT "strict" /* in the table of the keys of a layout */

static void add_known(lua_State *L, int key) {
  lua_pushvalue(L, key);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
}

/* Pushes the set of the keys that rows of a node may have. */
static void push_known(lua_State *L, const rl_layout *layout, uint32_t node, int keys) {
  const rl_layout_node *n = &layout->nodes[node];
  lua_newtable(L);
  for (uint32_t i = 0; i < n->columns; i++) {
    int grouped = n->group && n->group[i] >= 0;
    add_known(L, keys + (grouped ? n->group[i] : n->first_key + (int)i));
  }
  for (uint32_t i = 1; i < layout->node_count; i++)
    if (layout->nodes[i].parent == n->home) add_known(L, keys + layout->nodes[i].name_key);
}

static void push_metatable(lua_State *L, const rl_lua_op *op, const rl_layout *layout, uint32_t node, int keys) {
  int32_t model = rille_op_node_model(op->core, node);
  if (model < 0) {
    lua_pushboolean(L, 0);
    return;
  }
  rl_push_ref(L, RL_REF_STRICT);
  push_known(L, layout, node, keys);
  rl_model_facts_push(L, op->strict, model);
  lua_call(L, 2, 1);
}

void rl_strict_push(lua_State *L, const rl_lua_op *op, const rl_layout *layout, int keys) {
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_getfield(L, keys, STRICT);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, (int)layout->node_count, 0);
  for (uint32_t i = 0; i < layout->node_count; i++) {
    push_metatable(L, op, layout, i, keys);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, keys, STRICT);
}

/* core.set_strict(fn): fn(known, facts) returns the metatable of rows with these keys of a model. */
static int set_strict(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawseti(L, RL_REFS, RL_REF_STRICT);
  return 0;
}

void rl_strict_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"set_strict", set_strict}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
