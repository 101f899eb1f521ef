/* Building tables from rows, for callers that cannot pull all rows in one go. */
#ifndef RL_LUA_ROWS_H
#define RL_LUA_ROWS_H

#include "binding.h"

typedef struct rl_row_builder {
  lua_State *L;
  rl_lua_op *op;
  const rl_layout *layout;
  int list_meta; /* stack index of the metatable of lists */
  int keys;      /* stack index of key 0: key n is at keys + n */
  int strict;    /* stack index of the metatables of rows, by node + 1; 0: rows have none */
  int arrays;    /* stack index of the rows of node 0; only nodes with children have an array */
  int list;      /* stack index of the list that got the last row of a to-many node */
  uint32_t list_node;
  uint64_t list_parent;
  size_t list_len;
} rl_row_builder;

/* Pushes layout and keys. The caller pushes the arrays and the list above them. */
void rl_row_builder_start(rl_row_builder *w, lua_State *L, rl_binding *b, rl_lua_op *op);
void rl_row_builder_put(rl_row_builder *w, const rille_row *row);
/* Pushes the first cell, for a call that returns one value. */
void rl_push_cell(lua_State *L, rl_lua_op *op, const rille_row *row);

/* collect.c: pulls the rows of an operation that may stop in between, or that has several results. `index`: stack index
 * of the table that keeps them, one table per result, from 1 on. Returns the first status that is not ROW; AGAIN: to be
 * continued. */
rille_status rl_collect(lua_State *L, rl_binding *b, rl_lua_op *op, int index);
/* Pushes a result that is complete, and removes it. */
int rl_collect_push(lua_State *L, rl_lua_op *op, int index, uint32_t part);

#endif
