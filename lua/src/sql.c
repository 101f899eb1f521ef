/* The text of rille.sql: split at its placeholders, and joined again with numbers. */
#include <stdio.h>

#include "binding.h"

/* core.sql_cut(text, provider): returns the texts between its question marks. `??` is a question mark that stays. */
static int cut_sql(lua_State *L) {
  enum { BOX = 3, PIECES = 4 };
  size_t len, from = 0;
  const char *sql = luaL_checklstring(L, 1, &len), *provider = luaL_checkstring(L, 2);
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_sql_reader_new(provider, sql, len, &box->reader, &box->err));
  lua_newtable(L);
  luaL_Buffer piece;
  luaL_buffinit(L, &piece);
  int count = 0;
  rille_sql_placeholder p = {.struct_size = (uint32_t)sizeof p};
  while (rille_sql_next_placeholder(box->reader, &p) == RILLE_ROW) {
    if (sql[p.offset] != '?' || p.offset < from) continue;
    int pair = p.offset + 1 < len && sql[p.offset + 1] == '?';
    luaL_addlstring(&piece, sql + from, p.offset - from + (pair ? 1 : 0));
    from = p.offset + (pair ? 2 : 1);
    if (pair) continue;
    luaL_pushresult(&piece);
    lua_rawseti(L, PIECES, ++count);
    luaL_buffinit(L, &piece);
  }
  luaL_addlstring(&piece, sql + from, len - from);
  luaL_pushresult(&piece);
  lua_rawseti(L, PIECES, count + 1);
  rl_lua_box_clear(box);
  return 1;
}

static int is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         (unsigned char)c >= 0x80;
}

/* core.sql_numbered(texts, count): returns the texts with $1, $2, ... between them, separated from neighbouring words.
 */
static int number_sql(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  int count = (int)luaL_checkinteger(L, 2);
  char last = ' ';
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (int i = 0; i <= count; i++) {
    size_t len = 0;
    lua_rawgeti(L, 1, i + 1);
    const char *text = lua_tolstring(L, -1, &len); /* the table keeps it alive */
    lua_pop(L, 1);
    if (i > 0) {
      char number[24];
      int digits = snprintf(number, sizeof number, "%s$%d", is_name_byte(last) ? " " : "", i);
      luaL_addlstring(&out, number, (size_t)digits);
      last = '0';
      if (len && is_name_byte(*text)) luaL_addlstring(&out, " ", 1);
    }
    if (!len) continue;
    luaL_addlstring(&out, text, len);
    last = text[len - 1];
  }
  luaL_pushresult(&out);
  return 1;
}

void rl_sql_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"sql_cut", cut_sql}, {"sql_numbered", number_sql}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
