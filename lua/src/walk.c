/* A Lua value to the tape, in one pass. What it cannot carry is an error that names its place: where.posts[2].title. */
#include <string.h>

#include "path.h"

#define KEY_SHOWN_MAX 100 /* bytes of a key in a message */

typedef struct walk {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  size_t tokens;
  int flags;
} walk;

typedef rl_path place;

static void value(walk *w, int index, const place *at);

static void add_path(luaL_Buffer *out, const place *at) {
  if (!at || !at->up) return;
  add_path(out, at->up);
  if (at->key) {
    if (at->up->up) luaL_addchar(out, '.');
    luaL_addlstring(out, at->key, at->key_len > KEY_SHOWN_MAX ? KEY_SHOWN_MAX : at->key_len);
    if (at->key_len > KEY_SHOWN_MAX) luaL_addstring(out, "...");
  } else {
    char number[32];
    int len = snprintf(number, sizeof number, "[%lu]", (unsigned long)at->index);
    luaL_addlstring(out, number, (size_t)len);
  }
}

int rl_refuse_at(lua_State *L, const rl_path *at, const char *code, const char *what) {
  luaL_Buffer path;
  rl_check_stack(L, LUA_MINSTACK);
  const char *reason = lua_pushfstring(L, "%s", what);
  luaL_buffinit(L, &path);
  /* A cycle makes an endless path: its head says enough. */
  while (at->depth > 12) at = at->up;
  add_path(&path, at);
  luaL_pushresult(&path);
  const char *text = lua_tostring(L, -1);
  rl_lua_raise(L, code, *text ? "`%s`: %s" : "%s%s", text, reason);
}

static int refuse(walk *w, const place *at, const char *what) RL_NORETURN;
static int refuse(walk *w, const place *at, const char *what) {
  rl_refuse_at(w->L, at, "VALIDATION", what);
}

static void text(walk *w, int index) {
  size_t len;
  const char *p = lua_tolstring(w->L, index, &len);
  if (w->flags & RL_WALK_COPY)
    rille_tape_text_copy(w->tape, p, len);
  else
    rille_tape_text(w->tape, p, len);
}

static void number(walk *w, int index) {
  int64_t i;
  if (rl_integer(w->L, index, &i))
    rille_tape_int(w->tape, i);
  else
    rille_tape_float(w->tape, (double)lua_tonumber(w->L, index));
}

static void userdata(walk *w, int index, const place *at) {
  const void *p = lua_touserdata(w->L, index);
  const void *const *identity = w->b->identity;
  if (p == identity[RL_REF_NULL]) {
    rille_tape_null(w->tape);
  } else if (p == identity[RL_REF_JSON_NULL]) {
    rille_tape_mark(w->tape, RILLE_MARK_JSON_NULL, "", 0);
  } else if (p == identity[RL_REF_DB_NULL]) {
    rille_tape_mark(w->tape, RILLE_MARK_DB_NULL, "", 0);
  } else if (p == identity[RL_REF_ANY_NULL]) {
    rille_tape_mark(w->tape, RILLE_MARK_ANY_NULL, "", 0);
  } else if (p == identity[RL_REF_ALL]) {
    rille_tape_mark(w->tape, RILLE_MARK_ALL, "", 0);
  } else if (rl_is(w->L, w->b, index, RL_REF_DECIMAL)) {
    const rl_lua_decimal *d = (const rl_lua_decimal *)p;
    rille_tape_decimal(w->tape, d->text, d->len);
  } else if (rl_is(w->L, w->b, index, RL_REF_FIELD)) {
    const rl_lua_field *f = (const rl_lua_field *)p;
    rille_tape_mark(w->tape, RILLE_MARK_FIELD, f->text, f->len);
  } else {
    refuse(w, at, "a userdata of another library is not a value");
  }
}

/* The elements that table traversal did not give in their order: the list lies partly in the hash part of the table. */
static void scattered(walk *w, int index, size_t from, size_t n, const place *at) {
  lua_State *L = w->L;
  size_t keys = 0;
  for (size_t i = from; i <= n; i++) {
    place here = {at, NULL, 0, i, at->depth + 1};
    lua_rawgeti(L, index, (int)i);
    if (lua_isnil(L, -1)) refuse(w, &here, "the list has a hole here; rille.null stands for NULL");
    value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? (double)lua_tonumber(L, -2) : 0;
    if (!(key >= 1 && key <= (double)n && floor(key) == key))
      refuse(w, at, "a table with list elements and other keys is neither a list nor an object");
    keys++;
  }
  if (keys != n) refuse(w, at, "the list has a hole; rille.null stands for NULL");
}

static void list(walk *w, int index, size_t n, const place *at) {
  lua_State *L = w->L;
  size_t done = 0;
  rille_tape_open_list(w->tape);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (done == n || lua_type(L, -2) != LUA_TNUMBER || (double)lua_tonumber(L, -2) != (double)(done + 1)) {
      lua_pop(L, 2);
      scattered(w, index, done + 1, n, at);
      done = n;
      break;
    }
    place here = {at, NULL, 0, ++done, at->depth + 1};
    value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  rille_tape_close_list(w->tape);
}

static void object(walk *w, int index, const place *at) {
  lua_State *L = w->L;
  rille_tape_open_object(w->tape);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      if (lua_type(L, -2) == LUA_TNUMBER) refuse(w, at, "a numeric key that no list from 1 on explains");
      refuse(w, at, "a key that is no string");
    }
    place here = {at, NULL, 0, 0, at->depth + 1};
    here.key = lua_tolstring(L, -2, &here.key_len);
    rille_tape_key(w->tape, here.key, here.key_len);
    value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  rille_tape_close_object(w->tape);
}

static int is_empty(lua_State *L, int index) {
  lua_pushnil(L);
  if (!lua_next(L, index)) return 1;
  lua_pop(L, 2);
  return 0;
}

/* meta: of rille's own metatables; NULL for none. */
static void plain_table(walk *w, int index, const void *meta, const place *at) {
  lua_State *L = w->L;
  size_t n = rl_rawlen(L, index);
  if (meta && meta == w->b->identity[RL_REF_OBJECT]) {
    if (is_empty(L, index))
      rille_tape_mark(w->tape, RILLE_MARK_EMPTY_OBJECT, "", 0);
    else
      object(w, index, at);
  } else if (n > 0) {
    list(w, index, n, at);
  } else if (meta && meta == w->b->identity[RL_REF_ARRAY]) {
    if (!is_empty(L, index)) refuse(w, at, "a rille.array with keys that are not 1, 2, 3, ...");
    rille_tape_mark(w->tape, RILLE_MARK_EMPTY_ARRAY, "", 0);
  } else {
    object(w, index, at);
  }
}

/* A table with a metatable of somebody else's. What its metamethods make may go before the operation ends, and they
 * may take away what was walked before. */
static void foreign_table(walk *w, int index, const place *at) {
  const char *why;
  if (!(w->flags & RL_WALK_COPY) && rl_runs_code(w->L, index)) {
    rille_tape_keep_texts(w->tape);
    w->flags |= RL_WALK_COPY;
  }
  int copied = rl_plain_table(w->L, w->b, index, &why);
  if (why) refuse(w, at, why);
  plain_table(w, copied ? lua_gettop(w->L) : index, NULL, at);
  if (copied) lua_pop(w->L, 1);
}

static void table(walk *w, int index, const place *at) {
  lua_State *L = w->L;
  if (at->depth >= RL_WALK_DEPTH_MAX) refuse(w, at, "tables are nested too deeply, or in a circle");
  luaL_checkstack(L, 8, "tables are nested too deeply");
  if (!lua_getmetatable(L, index)) {
    plain_table(w, index, NULL, at);
    return;
  }
  const void *meta = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (meta == w->b->identity[RL_REF_OBJECT] || meta == w->b->identity[RL_REF_ARRAY])
    plain_table(w, index, meta, at);
  else
    foreign_table(w, index, at);
}

static void value(walk *w, int index, const place *at) {
  lua_State *L = w->L;
  w->tokens++;
  switch (lua_type(L, index)) {
  case LUA_TSTRING: text(w, index); break;
  case LUA_TNUMBER: number(w, index); break;
  case LUA_TTABLE: table(w, index, at); break;
  case LUA_TBOOLEAN: rille_tape_bool(w->tape, lua_toboolean(L, index)); break;
  case LUA_TUSERDATA: userdata(w, index, at); break;
  case LUA_TNIL: rille_tape_null(w->tape); break;
  default: lua_pushfstring(L, "a %s is not a value", luaL_typename(L, index)); refuse(w, at, lua_tostring(L, -1));
  }
}

size_t rl_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags) {
  walk w = {L, b, tape, 0, flags};
  place top = {NULL, NULL, 0, 0, 0};
  rl_check_stack(L, 8);
  value(&w, rl_absolute(L, index), &top);
  return w.tokens;
}
