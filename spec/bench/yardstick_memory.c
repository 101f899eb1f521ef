/* Lua tables from rows in memory, for W12: what a hit of a cache cannot do without. Date-times are kept as the text
 * that Lua gets. */
#include <stdlib.h>
#include <string.h>

#include "yardstick.h"

struct cell {
  bool is_null;
  int64_t number;
  char *text;
  size_t len;
};

struct page {
  const struct model *model;
  int count;
  struct cell *cells; /* by row, then by column */
};

static void keep_cell(lua_State *L, enum kind kind, struct cell *cell) {
  if (lua_isnil(L, -1)) {
    cell->is_null = true;
  } else if (kind == INTEGER) {
    cell->number = lua_tointeger(L, -1);
  } else if (kind == BOOLEAN) {
    cell->number = lua_toboolean(L, -1);
  } else {
    const char *text = lua_tolstring(L, -1, &cell->len);
    cell->text = malloc(cell->len + 1);
    if (!cell->text) luaL_error(L, "out of memory");
    memcpy(cell->text, text, cell->len + 1);
  }
}

static int page_gc(lua_State *L) {
  struct page *page = lua_touserdata(L, 1);
  int cells = page->cells ? page->count * page->model->count : 0;
  for (int i = 0; i < cells; i++) free(page->cells[i].text);
  free(page->cells);
  page->cells = NULL;
  return 0;
}

/* yardstick.remember(rows, "post" or "user"): returns a page of them. */
int l_remember(lua_State *L) {
  const struct model *model = luaL_checkstring(L, 2)[0] == 'u' ? &user_model : &post_model;
  struct page *page = lua_newuserdatauv(L, sizeof *page, 0);
  *page = (struct page){model, (int)luaL_len(L, 1), NULL};
  lua_newtable(L);
  lua_pushcfunction(L, page_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  page->cells = calloc((size_t)(page->count * model->count), sizeof *page->cells);
  if (!page->cells) return luaL_error(L, "out of memory");
  for (int i = 0; i < page->count; i++) {
    lua_rawgeti(L, 1, i + 1);
    for (int c = 0; c < model->count; c++) {
      lua_getfield(L, -1, model->names[c]);
      keep_cell(L, model->kinds[c], &page->cells[i * model->count + c]);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return 1;
}

static void push_row(lua_State *L, const struct model *model, const struct cell *cells, int keys) {
  lua_createtable(L, 0, model->count);
  for (int c = 0; c < model->count; c++) {
    if (cells[c].is_null) continue;
    lua_pushvalue(L, keys + c);
    switch (model->kinds[c]) {
    case INTEGER: lua_pushinteger(L, cells[c].number); break;
    case BOOLEAN: lua_pushboolean(L, (int)cells[c].number); break;
    default: lua_pushlstring(L, cells[c].text, cells[c].len); break;
    }
    lua_rawset(L, -3);
  }
}

/* yardstick.recall(page): returns its rows as new tables. yardstick.recall_one(page): its first row. */
int l_recall(lua_State *L) {
  const struct page *page = lua_touserdata(L, 1);
  int keys = push_keys(L, page->model);
  lua_createtable(L, page->count, 0);
  for (int i = 0; i < page->count; i++) {
    push_row(L, page->model, page->cells + i * page->model->count, keys);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

int l_recall_one(lua_State *L) {
  const struct page *page = lua_touserdata(L, 1);
  push_row(L, page->model, page->cells, push_keys(L, page->model));
  return 1;
}
