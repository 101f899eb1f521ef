/* Results that are not pulled in one go. What has been built is kept in a table until more rows arrive. */
#include "rows.h"

/* Keys of the table of a result that do not belong to the rows of a node. */
#define LIST_NODE (-1)
#define LIST_PARENT (-2)
#define LIST_LENGTH (-3)
#define LIST (-4)
#define VALUE (-5)

typedef struct collector {
  rl_row_builder w;
  lua_State *L;
  rl_binding *b;
  rl_lua_op *op;
  int parts, base; /* stack indices: the table of results; the top when no result is open */
  uint32_t part;   /* the open result: number of its call in the batch; UINT32_MAX: none */
  int table;       /* stack index of its table */
  int cell;        /* the result is one value */
} collector;

static void table_put_number(lua_State *L, int table, int key, lua_Number n) {
  lua_pushnumber(L, n);
  lua_rawseti(L, table, key);
}

static lua_Number table_get_number(lua_State *L, int table, int key) {
  lua_rawgeti(L, table, key);
  lua_Number n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return n;
}

static void collector_close_part(collector *c) {
  lua_State *L = c->L;
  if (c->part == UINT32_MAX) return;
  if (!c->cell && c->w.layout->node_count > 1) {
    table_put_number(L, c->table, LIST_NODE, (lua_Number)c->w.list_node);
    table_put_number(L, c->table, LIST_PARENT, (lua_Number)c->w.list_parent);
    table_put_number(L, c->table, LIST_LENGTH, (lua_Number)c->w.list_len);
    lua_pushvalue(L, c->w.list);
    lua_rawseti(L, c->table, LIST);
  }
  lua_settop(L, c->base);
  c->part = UINT32_MAX;
}

/* Pushes the arrays of the nodes. is_new: creates them, for the first row. */
static void collector_push_arrays(collector *c, int is_new) {
  lua_State *L = c->L;
  rl_row_builder *w = &c->w;
  rl_row_builder_start(w, L, c->b, c->op);
  luaL_checkstack(L, (int)w->layout->node_count + LUA_MINSTACK, "too many relations");
  w->arrays = lua_gettop(L) + 1;
  for (uint32_t i = 0; i < w->layout->node_count; i++) {
    if (!is_new) {
      lua_rawgeti(L, c->table, (int)i + 1);
    } else if (i == 0 || w->layout->nodes[i].children) {
      rl_new_list(L, 0);
      lua_pushvalue(L, -1);
      lua_rawseti(L, c->table, (int)i + 1);
    } else {
      lua_pushnil(L);
    }
  }
  lua_rawgeti(L, c->table, LIST);
  w->list = lua_gettop(L);
  w->list_node = UINT32_MAX;
  if (lua_isnil(L, -1)) return;
  w->list_node = (uint32_t)table_get_number(L, c->table, LIST_NODE);
  w->list_parent = (uint64_t)table_get_number(L, c->table, LIST_PARENT);
  w->list_len = (size_t)table_get_number(L, c->table, LIST_LENGTH);
}

/* Drops all rows received so far. */
static void collector_discard(collector *c) {
  lua_settop(c->L, c->base);
  c->part = UINT32_MAX;
  for (uint32_t i = rille_op_parts(c->op->core); i > 0; i--) {
    lua_pushnil(c->L);
    lua_rawseti(c->L, c->parts, (int)i);
  }
}

static void collector_open_part(collector *c, uint32_t part) {
  lua_State *L = c->L;
  rille_result kind = rille_op_result(c->op->core);
  c->part = part;
  c->cell = kind == RILLE_RESULT_INTEGER || kind == RILLE_RESULT_BOOLEAN;
  lua_rawgeti(L, c->parts, (int)part + 1);
  int is_new = !lua_istable(L, -1);
  if (is_new) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, c->parts, (int)part + 1);
  }
  c->table = lua_gettop(L);
  if (!c->cell) collector_push_arrays(c, is_new);
}

static void collector_add_row(collector *c, const rille_row *row) {
  if (!c->cell) {
    rl_row_builder_put(&c->w, row);
  } else if (row->count > 0) {
    rl_push_cell(c->L, c->op, row);
    lua_rawseti(c->L, c->table, VALUE);
  }
}

rille_status rl_collect(lua_State *L, rl_binding *b, rl_lua_op *op, int index) {
  collector c = {.L = L, .b = b, .op = op, .parts = index, .base = lua_gettop(L), .part = UINT32_MAX};
  rille_row row;
  rille_status status;
  while ((status = rille_op_next(op->core, &row, &op->err)) == RILLE_ROW || status == RILLE_RESTART) {
    if (status == RILLE_RESTART) {
      collector_discard(&c);
      continue;
    }
    uint32_t part = rille_op_part(op->core);
    if (part != c.part) {
      collector_close_part(&c);
      collector_open_part(&c, part);
    }
    collector_add_row(&c, &row);
  }
  collector_close_part(&c);
  return status;
}

/* Pushes a result. table: stack index of its table, or of nil if there was no row. Returns -1 if op->err says why there
 * is no result. */
static int push_part_result(lua_State *L, rl_lua_op *op, int table) {
  int rows = lua_istable(L, table);
  switch (rille_op_result(op->core)) {
  case RILLE_RESULT_ROW:
  case RILLE_RESULT_ROWS:
    if (rows) lua_rawgeti(L, table, 1);
    if (rille_op_result(op->core) == RILLE_RESULT_ROWS) {
      if (!rows) rl_new_list(L, 0);
    } else if (rows) {
      lua_rawgeti(L, -1, 1);
    } else {
      lua_pushnil(L);
    }
    return 0;
  case RILLE_RESULT_INTEGER:
  case RILLE_RESULT_BOOLEAN:
    if (rows)
      lua_rawgeti(L, table, VALUE);
    else
      lua_pushnil(L);
    return 0;
  case RILLE_RESULT_JSON: return rl_answer_push(L, op);
  case RILLE_RESULT_COUNT:
    lua_createtable(L, 0, 1);
    rl_push_integer(L, rille_op_affected(op->core));
    lua_setfield(L, -2, "count");
    return 0;
  default: lua_pushnil(L); return 0;
  }
}

int rl_collect_push(lua_State *L, rl_lua_op *op, int index, uint32_t part) {
  rille_op_set_part(op->core, part);
  lua_rawgeti(L, index, (int)part + 1);
  int table = lua_gettop(L);
  if (push_part_result(L, op, table) < 0) return -1;
  lua_replace(L, table);
  lua_settop(L, table);
  lua_pushnil(L);
  lua_rawseti(L, index, (int)part + 1);
  return 0;
}
