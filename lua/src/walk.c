/* A Lua value is written to the tape in one pass. What is not a value raises an error with its path:
 * where.posts[2].title. */
#include <string.h>

#include "path.h"

#define KEY_SHOWN_MAX 100 /* bytes of a key in a message */

typedef struct walker {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  size_t tokens;
  int flags;
  rl_answer *answer; /* of the call whose arguments are walked; NULL: any other value */
} walker;

static void walk_value(walker *w, int index, const rl_path *at);

static void append_path(luaL_Buffer *out, const rl_path *at) {
  if (!at || !at->up) return;
  append_path(out, at->up);
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
  /* The path of a cycle is long: its start is enough. */
  while (at->depth > 12) at = at->up;
  append_path(&path, at);
  luaL_pushresult(&path);
  const char *text = lua_tostring(L, -1);
  rl_lua_raise(L, code, *text ? "%s: %s" : "%s%s", text, reason);
}

static int walk_refuse(walker *w, const rl_path *at, const char *what) RL_NORETURN;
static int walk_refuse(walker *w, const rl_path *at, const char *what) {
  rl_refuse_at(w->L, at, "VALIDATION", what);
}

static void walk_string(walker *w, int index) {
  size_t len;
  const char *p = lua_tolstring(w->L, index, &len);
  if (w->flags & RL_WALK_COPY)
    rille_tape_text_copy(w->tape, p, len);
  else
    rille_tape_text(w->tape, p, len);
}

static void walk_number(walker *w, int index) {
  int64_t i;
  if (rl_integer(w->L, index, &i))
    rille_tape_int(w->tape, i);
  else
    rille_tape_float(w->tape, (double)lua_tonumber(w->L, index));
}

static void walk_userdata(walker *w, int index, const rl_path *at) {
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
    walk_refuse(w, at, "expected a value, got a userdata of another library");
  }
}

/* Writes the rest of a list whose elements lua_next does not return in order, because they are in the hash part. */
static void walk_rest_of_list(walker *w, int index, size_t from, size_t n, const rl_path *at) {
  lua_State *L = w->L;
  size_t keys = 0;
  for (size_t i = from; i <= n; i++) {
    rl_path here = {at, NULL, 0, i, at->depth + 1};
    lua_rawgeti(L, index, (int)i);
    if (lua_isnil(L, -1)) walk_refuse(w, &here, "the list has a hole here; use `rille.null` for NULL");
    walk_value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? (double)lua_tonumber(L, -2) : 0;
    if (!(key >= 1 && key <= (double)n && floor(key) == key))
      walk_refuse(w, at, "the table has list elements and other keys; it must be a list or have string keys only");
    keys++;
  }
  if (keys != n) walk_refuse(w, at, "the list has a hole; use `rille.null` for NULL");
}

static void walk_list(walker *w, int index, size_t n, const rl_path *at) {
  lua_State *L = w->L;
  size_t done = 0;
  rille_tape_open_list(w->tape);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (done == n || lua_type(L, -2) != LUA_TNUMBER || (double)lua_tonumber(L, -2) != (double)(done + 1)) {
      lua_pop(L, 2);
      walk_rest_of_list(w, index, done + 1, n, at);
      done = n;
      break;
    }
    rl_path here = {at, NULL, 0, ++done, at->depth + 1};
    walk_value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  rille_tape_close_list(w->tape);
}

static void walk_object(walker *w, int index, int32_t decoded, const rl_path *at) {
  lua_State *L = w->L;
  rl_answer *answer = at->up ? NULL : w->answer;
  if (decoded)
    rille_tape_open_decoded(w->tape, decoded);
  else
    rille_tape_open_object(w->tape);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      if (lua_type(L, -2) == LUA_TNUMBER) walk_refuse(w, at, "unexpected numeric key; a list has the keys 1 to n");
      walk_refuse(w, at, "expected a string as table key");
    }
    rl_path here = {at, NULL, 0, 0, at->depth + 1};
    here.key = lua_tolstring(L, -2, &here.key_len);
    if (answer && rl_answer_take(L, answer, here.key, here.key_len)) {
      lua_pop(L, 1);
      continue;
    }
    rille_tape_key(w->tape, here.key, here.key_len);
    walk_value(w, lua_gettop(L), &here);
    lua_pop(L, 1);
  }
  rille_tape_close_object(w->tape);
}

static void walk_plain_table(walker *w, int index, const rl_path *at) {
  size_t n = rl_rawlen(w->L, index);
  if (n > 0)
    walk_list(w, index, n, at);
  else
    walk_object(w, index, 0, at);
}

static void walk_own_table(walker *w, int index, rl_own_table own, const rl_path *at) {
  size_t n = rl_rawlen(w->L, index);
  if (own.is_array && n > 0) {
    walk_list(w, index, n, at);
  } else if (!rl_is_empty_table(w->L, index)) {
    if (own.is_array) walk_refuse(w, at, "unexpected key in a rille.array, which has the keys 1 to n");
    walk_object(w, index, own.decoded, at);
  } else if (own.is_array && own.decoded) {
    rille_tape_empty_decoded_list(w->tape, own.decoded);
  } else if (own.is_array) {
    rille_tape_mark(w->tape, RILLE_MARK_EMPTY_ARRAY, "", 0);
  } else if (own.decoded) {
    walk_object(w, index, own.decoded, at);
  } else {
    rille_tape_mark(w->tape, RILLE_MARK_EMPTY_OBJECT, "", 0);
  }
}

/* A table with a foreign metatable. The strings that its metamethods build may be collected before the operation ends,
 * and they may remove strings that were walked before. So all strings are copied. */
static void walk_foreign_table(walker *w, int index, const rl_path *at) {
  const char *why;
  if (!(w->flags & RL_WALK_COPY) && rl_runs_code(w->L, index)) {
    rille_tape_keep_texts(w->tape);
    w->flags |= RL_WALK_COPY;
  }
  int copied = rl_plain_table(w->L, w->b, index, &why);
  if (why) walk_refuse(w, at, why);
  walk_plain_table(w, copied ? lua_gettop(w->L) : index, at);
  if (copied) lua_pop(w->L, 1);
}

static void walk_table(walker *w, int index, const rl_path *at) {
  lua_State *L = w->L;
  if (at->depth >= RL_WALK_DEPTH_MAX) walk_refuse(w, at, "tables are nested too deeply, or in a cycle");
  luaL_checkstack(L, 8, "tables are nested too deeply");
  if (!lua_getmetatable(L, index)) {
    walk_plain_table(w, index, at);
    return;
  }
  rl_own_table own = rl_own_table_of(w->b, lua_topointer(L, -1));
  lua_pop(L, 1);
  if (own.is_array || own.is_object)
    walk_own_table(w, index, own, at);
  else
    walk_foreign_table(w, index, at);
}

static void walk_value(walker *w, int index, const rl_path *at) {
  lua_State *L = w->L;
  w->tokens++;
  switch (lua_type(L, index)) {
  case LUA_TSTRING: walk_string(w, index); break;
  case LUA_TNUMBER: walk_number(w, index); break;
  case LUA_TTABLE: walk_table(w, index, at); break;
  case LUA_TBOOLEAN: rille_tape_bool(w->tape, lua_toboolean(L, index)); break;
  case LUA_TUSERDATA: walk_userdata(w, index, at); break;
  case LUA_TNIL: rille_tape_null(w->tape); break;
  default:
    lua_pushfstring(L, "expected a value, got %s", rl_type_name(L, index));
    walk_refuse(w, at, lua_tostring(L, -1));
  }
}

size_t rl_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags) {
  return rl_walk_call(L, b, tape, index, flags, NULL);
}

size_t rl_walk_call(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags, rl_answer *out) {
  walker w = {L, b, tape, 0, flags, out};
  rl_path top = {NULL, NULL, 0, 0, 0};
  rl_check_stack(L, 8);
  walk_value(&w, rl_absolute(L, index), &top);
  return w.tokens;
}
