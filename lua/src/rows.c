/* Rows as Lua tables. Each table is built once, with its known size and with keys that are already on the stack, and
 * put into its parent immediately. */
#include "rows.h"

#define ROWS_HINT_MAX 1024

typedef struct rl_row_builder builder;

/* Like rl_new_list, with the metatable on the stack. */
static inline void builder_push_list(builder *w, int size) {
  lua_createtable(w->L, size, 0);
  lua_pushvalue(w->L, w->list_meta);
  lua_setmetatable(w->L, -2);
}

static inline void builder_push_cell(builder *w, const rille_value *v) {
  switch (v->kind) {
  case RILLE_TEXT: lua_pushlstring(w->L, v->as.p, v->len); break;
#if LUA_VERSION_NUM >= 503
  case RILLE_INT: lua_pushinteger(w->L, (lua_Integer)v->as.i); break;
#endif
  default: rl_push_value(w->L, w->op, v);
  }
}

/* Sets a value in the table of its group. The row is at the top. The table is built for the first column of the group,
 * even without a value: `r._sum.views` must not fail if there are no rows. */
static void row_set_grouped(builder *w, int key, int group_key, const rille_value *cell) {
  lua_State *L = w->L;
  lua_pushvalue(L, group_key);
  lua_rawget(L, -2);
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, group_key);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  if (cell->kind != RILLE_NULL || w->op->keep_nulls) {
    lua_pushvalue(L, key);
    rl_push_value(L, w->op, cell);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

static void row_set_columns(builder *w, const rl_layout_node *node, const rille_row *row) {
  lua_State *L = w->L;
  for (uint32_t i = 0; i < row->count; i++) {
    int key = w->keys + node->first_key + (int)i;
    if (node->group[i] >= 0) {
      row_set_grouped(w, key, w->keys + node->group[i], &row->cells[i]);
      continue;
    }
    if (row->cells[i].kind == RILLE_NULL && !w->op->keep_nulls) continue;
    lua_pushvalue(L, key);
    builder_push_cell(w, &row->cells[i]);
    lua_rawset(L, -3);
  }
}

/* Gives a new row its empty lists. A row of the last level of a recursive include has none for the level below, which
 * was not read. */
static void row_set_children(builder *w, uint32_t node) {
  lua_State *L = w->L;
  uint32_t home = w->layout->nodes[node].home;
  int last = w->layout->nodes[node].last;
  for (uint32_t i = home + 1; i < w->layout->node_count; i++) {
    const rl_layout_node *child = &w->layout->nodes[i];
    if (child->parent != home || (child->home != i && (last || i > home + 1))) continue;
    if (!child->list && !w->op->keep_nulls) continue;
    lua_pushvalue(L, w->keys + child->name_key);
    if (child->list)
      builder_push_list(w, 0);
    else
      rl_push_ref(L, RL_REF_NULL);
    lua_rawset(L, -3);
  }
}

/* Gives a new row the metatable that refuses keys that were not read. */
static void row_set_strict(builder *w, uint32_t node) {
  lua_rawgeti(w->L, w->strict, (int)node + 1);
  if (lua_istable(w->L, -1))
    lua_setmetatable(w->L, -2);
  else
    lua_pop(w->L, 1);
}

static inline void builder_push_row(builder *w, const rille_row *row) {
  lua_State *L = w->L;
  const rl_layout_node *node = &w->layout->nodes[row->node];
  lua_createtable(L, 0, node->size);
  if (node->group) {
    row_set_columns(w, node, row);
  } else {
    const rille_value *cell = row->cells;
    int key = w->keys + node->first_key;
    int keep_nulls = w->op->keep_nulls;
    for (uint32_t i = row->count; i > 0; i--, key++, cell++) {
      if (cell->kind == RILLE_NULL && !keep_nulls) continue;
      lua_pushvalue(L, key);
      builder_push_cell(w, cell);
      lua_rawset(L, -3);
    }
  }
  if (w->layout->nodes[node->home].children) row_set_children(w, row->node);
  if (w->strict) row_set_strict(w, row->node);
}

/* Pushes the parent's table. */
static void builder_push_parent(builder *w, const rille_row *row) {
  lua_State *L = w->L;
  lua_rawgeti(L, w->arrays + (int)w->layout->nodes[row->node].parent, (int)row->parent + 1);
  if (!lua_istable(L, -1)) luaL_error(L, "rille: a row came before its parent");
}

static void builder_keep_row(builder *w, const rille_row *row) {
  uint32_t home = w->layout->nodes[row->node].home;
  if (!w->layout->nodes[home].children) return;
  lua_pushvalue(w->L, -1);
  lua_rawseti(w->L, w->arrays + (int)home, (int)row->ordinal + 1);
}

static void builder_find_list(builder *w, const rille_row *row) {
  lua_State *L = w->L;
  if (w->list_node == row->node && w->list_parent == row->parent) return;
  builder_push_parent(w, row);
  lua_pushvalue(L, w->keys + w->layout->nodes[row->node].name_key);
  lua_rawget(L, -2);
  w->list_len = rl_rawlen(L, -1);
  lua_replace(L, w->list);
  lua_pop(L, 1);
  w->list_node = row->node;
  w->list_parent = row->parent;
}

static void builder_add_child(builder *w, const rille_row *row) {
  lua_State *L = w->L;
  const rl_layout_node *node = &w->layout->nodes[row->node];
  if (node->list) {
    builder_find_list(w, row);
    builder_push_row(w, row);
    builder_keep_row(w, row);
    lua_rawseti(L, w->list, (int)++w->list_len);
    return;
  }
  builder_push_parent(w, row);
  lua_pushvalue(L, w->keys + node->name_key);
  builder_push_row(w, row);
  builder_keep_row(w, row);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static void builder_start(builder *w, lua_State *L, rl_binding *b, rl_lua_op *op) {
  w->L = L;
  w->op = op;
  w->layout = rl_layout_push(L, b, op->core);
  w->keys = lua_gettop(L) - w->layout->key_count;
  w->strict = 0;
  if (!op->strict) return;
  rl_strict_push(L, op, w->layout, w->keys);
  w->strict = lua_gettop(L);
}

static void builder_push_list_meta(builder *w) {
  rl_push_ref(w->L, RL_REF_ARRAY);
  w->list_meta = lua_gettop(w->L);
}

void rl_row_builder_start(rl_row_builder *w, lua_State *L, rl_binding *b, rl_lua_op *op) {
  builder_start(w, L, b, op);
  builder_push_list_meta(w);
}

void rl_row_builder_put(rl_row_builder *w, const rille_row *row) {
  if (row->node != 0) {
    builder_add_child(w, row);
    return;
  }
  builder_push_row(w, row);
  lua_rawseti(w->L, w->arrays, (int)row->ordinal + 1);
}

void rl_push_cell(lua_State *L, rl_lua_op *op, const rille_row *row) {
  if (row->cells[0].kind == RILLE_INT && rille_op_result(op->core) == RILLE_RESULT_BOOLEAN)
    lua_pushboolean(L, row->cells[0].as.i != 0);
  else
    rl_push_value(L, op, &row->cells[0]);
}

/* Builds a result with relations, and leaves the list of rows at the top. */
static rille_status pull_tree(builder *w, rille_row *row) {
  lua_State *L = w->L;
  rille_status status = RILLE_ROW;
  builder_push_list_meta(w);
  w->arrays = lua_gettop(L) + 1;
  for (uint32_t i = 0; i < w->layout->node_count; i++) {
    if (i == 0)
      builder_push_list(w, 0);
    else if (w->layout->nodes[i].children)
      lua_newtable(L);
    else
      lua_pushnil(L);
  }
  lua_pushnil(L);
  w->list = lua_gettop(L);
  w->list_node = UINT32_MAX;
  while (status == RILLE_ROW) {
    if (row->node == 0) {
      builder_push_row(w, row);
      lua_rawseti(L, w->arrays, (int)row->ordinal + 1);
    } else {
      builder_add_child(w, row);
    }
    status = rille_op_next(w->op->core, row, &w->op->err);
  }
  lua_settop(L, w->arrays);
  return status;
}

static rille_status pull_flat(builder *w, rille_row *row) {
  lua_State *L = w->L;
  rl_layout *layout = (rl_layout *)w->layout;
  rille_status status = RILLE_ROW;
  int n = 0;
  builder_push_list_meta(w);
  builder_push_list(w, layout->rows);
  int result = lua_gettop(L);
  while (status == RILLE_ROW) {
    builder_push_row(w, row);
    lua_rawseti(L, result, ++n);
    status = rille_op_next(w->op->core, row, &w->op->err);
  }
  layout->rows = n < ROWS_HINT_MAX ? n : ROWS_HINT_MAX;
  return status;
}

/* Pulls until the status is not ROW. */
static rille_status skip_rows(rl_lua_op *op) {
  rille_row row;
  rille_status status;
  do status = rille_op_next(op->core, &row, &op->err);
  while (status == RILLE_ROW);
  return status;
}

rille_status rl_drain(rl_lua_op *op) {
  rille_status status;
  do status = skip_rows(op);
  while (status == RILLE_RESTART);
  return status;
}

static rille_status pull_rows(lua_State *L, rl_binding *b, rl_lua_op *op, int one) {
  rille_row row;
  rille_status status = rille_op_next(op->core, &row, &op->err);
  if (status == RILLE_ROW) {
    builder w;
    builder_start(&w, L, b, op);
    if (w.layout->node_count > 1) {
      status = pull_tree(&w, &row);
      if (one) lua_rawgeti(L, -1, 1);
    } else if (one) {
      builder_push_row(&w, &row);
      status = skip_rows(op);
    } else {
      status = pull_flat(&w, &row);
    }
  } else if (one) {
    lua_pushnil(L);
  } else {
    rl_new_list(L, 0);
  }
  return status;
}

static rille_status pull_cell(lua_State *L, rl_lua_op *op) {
  rille_row row;
  rille_status status = rille_op_next(op->core, &row, &op->err);
  if (status == RILLE_ROW && row.count > 0) {
    rl_push_cell(L, op, &row);
    status = skip_rows(op);
  } else {
    lua_pushnil(L);
  }
  return status;
}

static int push_pulled_rows(lua_State *L, rl_binding *b, rl_lua_op *op, int one) {
  int base = lua_gettop(L);
  rille_status status;
  while ((status = pull_rows(L, b, op, one)) == RILLE_RESTART) lua_settop(L, base);
  return status < 0 ? -1 : 0;
}

static int push_pulled_cell(lua_State *L, rl_lua_op *op) {
  int base = lua_gettop(L);
  rille_status status;
  while ((status = pull_cell(L, op)) == RILLE_RESTART) lua_settop(L, base);
  return status < 0 ? -1 : 0;
}

int rl_push_result(lua_State *L, rl_binding *b, rl_lua_op *op) {
  rl_lua_op_connect(L, op);
  switch (rille_op_result(op->core)) {
  case RILLE_RESULT_ROW: return push_pulled_rows(L, b, op, 1);
  case RILLE_RESULT_ROWS: return push_pulled_rows(L, b, op, 0);
  case RILLE_RESULT_INTEGER:
  case RILLE_RESULT_BOOLEAN: return push_pulled_cell(L, op);
  case RILLE_RESULT_JSON: return rl_drain(op) < 0 ? -1 : rl_answer_push(L, op);
  default:
    if (rl_drain(op) < 0) return -1;
    lua_createtable(L, 0, 1);
    rl_push_integer(L, rille_op_affected(op->core));
    lua_setfield(L, -2, "count");
    return 0;
  }
}

static rille_status pull_batch(lua_State *L, rl_binding *b, rl_lua_op *op) {
  rille_row row;
  rille_status status = rille_op_next(op->core, &row, &op->err);
  if (status != RILLE_ROW) {
    lua_newtable(L);
    return status;
  }
  builder w;
  builder_start(&w, L, b, op);
  return w.layout->node_count > 1 ? pull_tree(&w, &row) : pull_flat(&w, &row);
}

static rille_status push_text_batch(lua_State *L, rl_lua_op *op) {
  rille_status status = rl_drain(op);
  return status >= 0 && rl_answer_push(L, op) < 0 ? RILLE_ERROR : status;
}

rille_status rl_push_batch(lua_State *L, rl_binding *b, rl_lua_op *op) {
  int base = lua_gettop(L);
  rille_status status;
  if (rille_op_result(op->core) == RILLE_RESULT_JSON) return push_text_batch(L, op);
  while ((status = pull_batch(L, b, op)) == RILLE_RESTART) lua_settop(L, base);
  return status;
}
