/* Building tables from rows, for those who cannot pull all rows in one go. */
#ifndef RL_LUA_ROWS_H
#define RL_LUA_ROWS_H

#include "binding.h"

typedef struct rl_row_builder {
  lua_State *L;
  rl_lua_op *op;
  const rl_layout *layout;
  int list_meta; /* stack index of the metatable of lists */
  int keys;      /* stack index of key 0: key n lies at keys + n */
  int arrays;    /* stack index of node 0's array of rows; only nodes with children have one */
  int list;      /* stack index of the list that the last row of a to-many node went to */
  uint32_t list_node;
  uint64_t list_parent;
  size_t list_len;
} rl_row_builder;

/* Pushes layout and keys; the caller pushes the arrays and the list above them. */
void rl_row_builder_start(rl_row_builder *w, lua_State *L, rl_binding *b, rl_lua_op *op);
void rl_row_builder_put(rl_row_builder *w, const rille_row *row);
/* The first cell, as the value of a call that gives just one. */
void rl_push_cell(lua_State *L, rl_lua_op *op, const rille_row *row);

/* collect.c: the results of an operation that stops in between, or that has several. `index`: a table that keeps them,
 * a table a part under its number from 1 on. Pulls rows until the status is another; AGAIN: go on later. */
rille_status rl_collect(lua_State *L, rl_binding *b, rl_lua_op *op, int index);
/* Pushes the result of a part that has ended, and forgets it. */
void rl_collect_push(lua_State *L, rl_lua_op *op, int index, uint32_t part);

#endif
