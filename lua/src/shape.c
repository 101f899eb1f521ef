/* Shapes: what building rows needs to know of a result, worked out once and found again by the shape's number. */
#include <string.h>

#include "binding.h"

/* So many shapes, or keys of them, and those that were not used since the last time are forgotten. */
#define SHAPES_MAX 1000
#define KEYS_MAX 100000

static size_t column_total(const rille_node *nodes, uint32_t count) {
  size_t total = 0;
  for (uint32_t i = 0; i < count; i++) total += nodes[i].column_count;
  return total;
}

static void set_key(lua_State *L, rl_shape *shape, const char *name, size_t len) {
  lua_pushlstring(L, name, len);
  lua_rawseti(L, -2, ++shape->key_count);
}

static int same_group(const rille_column *a, const rille_column *b) {
  return a->group && b->group && a->group_len == b->group_len && memcmp(a->group, b->group, a->group_len) == 0;
}

/* Column keys first, so that column i has key first_key + i. */
static void describe_columns(lua_State *L, rl_shape *shape, rl_shape_node *node, const rille_node *from, int *group) {
  int grouped = 0;
  node->first_key = shape->key_count + 1;
  for (uint32_t i = 0; i < from->column_count; i++) {
    set_key(L, shape, from->columns[i].name, from->columns[i].name_len);
    if (from->columns[i].group) grouped = 1;
  }
  for (uint32_t i = 0; i < from->column_count; i++) {
    const rille_column *column = &from->columns[i];
    group[i] = -1;
    if (!column->group || (i > 0 && same_group(column, column - 1))) {
      if (column->group) group[i] = group[i - 1];
      if (!column->group) node->size++;
      continue;
    }
    set_key(L, shape, column->group, column->group_len);
    group[i] = shape->key_count;
    node->size++;
  }
  node->group = grouped ? group : NULL;
}

/* Where the node stands in the tree. One that continues another is below it and below itself. */
static void place(rl_shape *shape, uint32_t i, const rille_node *nodes) {
  rl_shape_node *node = &shape->nodes[i];
  int continues = nodes[i].parent == i;
  node->home = continues ? shape->nodes[i - 1].home : i;
  node->parent = continues ? node->home : nodes[i].parent;
  node->last = continues && nodes[i].child_count < nodes[i - 1].child_count;
  if (node->parent >= i || (continues && node->home + 1 < i)) return;
  shape->nodes[node->parent].children++;
  shape->nodes[node->parent].size++;
}

static void describe(lua_State *L, rl_shape *shape, const rille_node *nodes, int *groups) {
  for (uint32_t i = 0; i < shape->node_count; i++) {
    rl_shape_node *node = &shape->nodes[i];
    place(shape, i, nodes);
    node->list = nodes[i].list;
    node->columns = nodes[i].column_count;
    describe_columns(L, shape, node, &nodes[i], groups);
    groups += nodes[i].column_count;
    if (i == 0) continue;
    set_key(L, shape, nodes[i].name, nodes[i].name_len);
    node->name_key = shape->key_count;
  }
}

/* Pushes the shape with its keys as user value. */
static rl_shape *make(lua_State *L, const rille_node *nodes, uint32_t count, uint64_t id) {
  size_t columns = column_total(nodes, count);
  size_t head = sizeof(rl_shape) + count * sizeof(rl_shape_node);
  rl_shape *shape = (rl_shape *)rl_new_userdata(L, head + columns * sizeof(int));
  memset(shape, 0, head);
  shape->id = id;
  shape->node_count = count;
  lua_createtable(L, (int)(columns + count), 0);
  describe(L, shape, nodes, (int *)(void *)((char *)shape + head));
  rl_set_user(L, -2);
  return shape;
}

/* Two generations: what is found in the older one moves to the newer one. */
static void remember(lua_State *L, rl_binding *b, const rl_shape *shape) {
  if (b->shape_count >= SHAPES_MAX || b->shape_keys >= KEYS_MAX) {
    b->shape_count = b->shape_keys = 0;
    rl_push_ref(L, RL_REF_SHAPES);
    lua_rawseti(L, RL_REFS, RL_REF_OLD_SHAPES);
    lua_newtable(L);
    lua_rawseti(L, RL_REFS, RL_REF_SHAPES);
  }
  b->shape_count++;
  b->shape_keys += shape->key_count;
  uint64_t id = shape->id;
  rl_push_ref(L, RL_REF_SHAPES);
  lua_pushvalue(L, -2);
  rl_rawset_id(L, -2, id);
  lua_pop(L, 1);
}

static rl_shape *find(lua_State *L, int generation, uint64_t id) {
  rl_push_ref(L, generation);
  rl_rawget_id(L, -1, id);
  rl_shape *shape = (rl_shape *)lua_touserdata(L, -1);
  return shape && shape->id == id ? shape : NULL;
}

rl_shape *rl_shape_push(lua_State *L, rl_binding *b, const rille_op *op) {
  const rille_node *nodes = NULL;
  uint32_t count = 0;
  uint64_t id = rille_op_shape(op, &nodes, &count);
  rl_shape *shape = id ? find(L, RL_REF_SHAPES, id) : NULL;
  if (!shape) {
    shape = id ? find(L, RL_REF_OLD_SHAPES, id) : NULL;
    if (!shape) shape = make(L, nodes, count, id);
    if (id) remember(L, b, shape);
  }
  rl_get_user(L, -1);
  int keys = lua_gettop(L);
  luaL_checkstack(L, shape->key_count + (int)count + LUA_MINSTACK, "the result has too many columns");
  for (int i = 1; i <= shape->key_count; i++) lua_rawgeti(L, keys, i);
  return shape;
}
