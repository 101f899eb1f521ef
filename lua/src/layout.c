/* Layouts: what building rows needs to know of a result. Computed once, and found again by the number of the layout. */
#include <string.h>

#include "binding.h"

/* Limits of a generation of layouts. When one is reached, layouts that were not used since the last time are dropped.
 */
#define LAYOUTS_MAX 1000
#define KEYS_MAX 100000

static size_t count_columns(const rille_node *nodes, uint32_t count) {
  size_t total = 0;
  for (uint32_t i = 0; i < count; i++) total += nodes[i].column_count;
  return total;
}

static void layout_add_key(lua_State *L, rl_layout *layout, const char *name, size_t len) {
  lua_pushlstring(L, name, len);
  lua_rawseti(L, -2, ++layout->key_count);
}

static int is_same_group(const rille_column *a, const rille_column *b) {
  return a->group && b->group && a->group_len == b->group_len && memcmp(a->group, b->group, a->group_len) == 0;
}

/* Adds the keys of the columns first, so column i has key first_key + i. Then those of the groups. */
static void layout_add_columns(lua_State *L, rl_layout *layout, rl_layout_node *node, const rille_node *from,
                               int *group) {
  int grouped = 0;
  node->first_key = layout->key_count + 1;
  for (uint32_t i = 0; i < from->column_count; i++) {
    layout_add_key(L, layout, from->columns[i].name, from->columns[i].name_len);
    if (from->columns[i].group) grouped = 1;
  }
  for (uint32_t i = 0; i < from->column_count; i++) {
    const rille_column *column = &from->columns[i];
    group[i] = -1;
    if (!column->group || (i > 0 && is_same_group(column, column - 1))) {
      if (column->group) group[i] = group[i - 1];
      if (!column->group) node->size++;
      continue;
    }
    layout_add_key(L, layout, column->group, column->group_len);
    group[i] = layout->key_count;
    node->size++;
  }
  node->group = grouped ? group : NULL;
}

/* Sets the place of the node in the tree. A node that continues another is its child, and its own parent. */
static void layout_place_node(rl_layout *layout, uint32_t i, const rille_node *nodes) {
  rl_layout_node *node = &layout->nodes[i];
  int continues = nodes[i].parent == i;
  node->home = continues ? layout->nodes[i - 1].home : i;
  node->parent = continues ? node->home : nodes[i].parent;
  node->last = continues && nodes[i].child_count < nodes[i - 1].child_count;
  if (node->parent >= i || (continues && node->home + 1 < i)) return;
  layout->nodes[node->parent].children++;
  layout->nodes[node->parent].size++;
}

static void layout_add_nodes(lua_State *L, rl_layout *layout, const rille_node *nodes, int *groups) {
  for (uint32_t i = 0; i < layout->node_count; i++) {
    rl_layout_node *node = &layout->nodes[i];
    layout_place_node(layout, i, nodes);
    node->list = nodes[i].list;
    node->columns = nodes[i].column_count;
    layout_add_columns(L, layout, node, &nodes[i], groups);
    groups += nodes[i].column_count;
    if (i == 0) continue;
    layout_add_key(L, layout, nodes[i].name, nodes[i].name_len);
    node->name_key = layout->key_count;
  }
}

/* Pushes a new layout, with its keys as user value. */
static rl_layout *layout_new(lua_State *L, const rille_node *nodes, uint32_t count, uint64_t id) {
  size_t columns = count_columns(nodes, count);
  size_t head = sizeof(rl_layout) + count * sizeof(rl_layout_node);
  rl_layout *layout = (rl_layout *)rl_new_userdata(L, head + columns * sizeof(int));
  memset(layout, 0, head);
  layout->id = id;
  layout->node_count = count;
  lua_createtable(L, (int)(columns + count), 0);
  layout_add_nodes(L, layout, nodes, (int *)(void *)((char *)layout + head));
  rl_set_user(L, -2);
  return layout;
}

/* Adds the layout to the newer of two generations. */
static void layout_remember(lua_State *L, rl_binding *b, const rl_layout *layout) {
  if (b->layout_count >= LAYOUTS_MAX || b->layout_keys >= KEYS_MAX) {
    b->layout_count = b->layout_keys = 0;
    rl_push_ref(L, RL_REF_LAYOUTS);
    lua_rawseti(L, RL_REFS, RL_REF_OLD_LAYOUTS);
    lua_newtable(L);
    lua_rawseti(L, RL_REFS, RL_REF_LAYOUTS);
  }
  b->layout_count++;
  b->layout_keys += layout->key_count;
  uint64_t id = layout->id;
  rl_push_ref(L, RL_REF_LAYOUTS);
  lua_pushvalue(L, -2);
  rl_rawset_id(L, -2, id);
  lua_pop(L, 1);
}

static rl_layout *layout_find(lua_State *L, int generation, uint64_t id) {
  rl_push_ref(L, generation);
  rl_rawget_id(L, -1, id);
  rl_layout *layout = (rl_layout *)lua_touserdata(L, -1);
  return layout && layout->id == id ? layout : NULL;
}

rl_layout *rl_layout_push(lua_State *L, rl_binding *b, const rille_op *core) {
  const rille_node *nodes = NULL;
  uint32_t count = 0;
  uint64_t id = rille_op_shape(core, &nodes, &count);
  rl_layout *layout = id ? layout_find(L, RL_REF_LAYOUTS, id) : NULL;
  if (!layout) {
    layout = id ? layout_find(L, RL_REF_OLD_LAYOUTS, id) : NULL;
    if (!layout) layout = layout_new(L, nodes, count, id);
    if (id) layout_remember(L, b, layout);
  }
  rl_get_user(L, -1);
  int keys = lua_gettop(L);
  luaL_checkstack(L, layout->key_count + (int)count + LUA_MINSTACK, "the result has too many columns");
  for (int i = 1; i <= layout->key_count; i++) lua_rawgeti(L, keys, i);
  return layout;
}
