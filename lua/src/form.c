/* Tables from outside, of any decoder, on a tape; and lists of names. */
#include "form.h"

#include <string.h>

#define TOKENS_MAX 1000000
#define KEY_MAX 65535
#define NAMES_DEPTH_MAX 30

typedef struct form_walk {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  const rl_form_bounds *bounds;
  size_t fields, tokens;
  int over; /* the form as a whole is beyond a bound */
} form_walk;

static void walk_value(form_walk *w, int index, int depth);

static void put_unreadable(form_walk *w, const char *why) {
  rille_tape_mark(w->tape, RILLE_MARK_UNREADABLE, why, strlen(why));
}

/* ------------------------------------------------------------------ what a table is */

typedef struct table_kind {
  size_t names, numbers;
  double largest; /* number */
  int is_odd;     /* it has other keys, or a name that is too long */
} table_kind;

/* Counts the keys, up to the bounds. */
static table_kind kind_of(form_walk *w, int index) {
  lua_State *L = w->L;
  table_kind k = {0, 0, 0, 0};
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    size_t len = 0;
    double n = 0;
    if (lua_type(L, -2) == LUA_TSTRING)
      (void)lua_tolstring(L, -2, &len);
    else if (lua_type(L, -2) == LUA_TNUMBER)
      n = (double)lua_tonumber(L, -2);
    if (lua_type(L, -2) == LUA_TSTRING) k.names++;
    if (n >= 1 && floor(n) == n) k.numbers++;
    if (n > k.largest) k.largest = n;
    k.is_odd = k.is_odd || len > KEY_MAX || (lua_type(L, -2) != LUA_TSTRING && !(n >= 1 && floor(n) == n));
    if (k.names <= w->bounds->fields && k.numbers <= w->bounds->items) continue;
    lua_pop(L, 2);
    break;
  }
  return k;
}

static int is_list_metatable(lua_State *L, int index) {
  if (!luaL_getmetafield(L, index, "__jsontype")) return 0;
  const char *type = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  int list = strcmp(type, "array") == 0;
  lua_pop(L, 1);
  return list;
}

/* dkjson's null is an empty table that encodes itself. */
static int is_null_table(lua_State *L, int index) {
  if (!luaL_getmetafield(L, index, "__tojson")) return 0;
  lua_pop(L, 1);
  lua_pushnil(L);
  if (!lua_next(L, index)) return 1;
  lua_pop(L, 2);
  return 0;
}

/* ------------------------------------------------------------------ tables */

static void walk_list(form_walk *w, int index, size_t n, int depth) {
  rille_tape_open_list(w->tape);
  for (size_t i = 1; i <= n && !w->over; i++) {
    lua_rawgeti(w->L, index, (int)i);
    walk_value(w, lua_gettop(w->L), depth + 1);
    lua_pop(w->L, 1);
  }
  rille_tape_close_list(w->tape);
}

static void walk_object(form_walk *w, int index, int32_t decoded, int depth) {
  lua_State *L = w->L;
  if (decoded)
    rille_tape_open_decoded(w->tape, decoded);
  else
    rille_tape_open_object(w->tape);
  lua_pushnil(L);
  while (!w->over && lua_next(L, index)) {
    size_t len;
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &len) : NULL;
    if (key && len <= KEY_MAX) {
      w->over = ++w->fields > w->bounds->fields;
      rille_tape_key(w->tape, key, len);
      walk_value(w, lua_gettop(L), depth + 1);
    }
    lua_pop(L, 1);
  }
  rille_tape_close_object(w->tape);
}

static void walk_keys(form_walk *w, int index, rl_own_table own, int depth) {
  table_kind k = kind_of(w, index);
  int root = depth == 1;
  if (k.names > w->bounds->fields)
    w->over = 1;
  else if (k.numbers > w->bounds->items && !(root && k.names))
    put_unreadable(w, "too_many");
  else if (k.numbers && !k.names && !k.is_odd && k.largest == (double)k.numbers)
    walk_list(w, index, k.numbers, depth);
  else if (!root && (k.is_odd || k.numbers))
    put_unreadable(w, "");
  else if (k.names || k.numbers || k.is_odd)
    walk_object(w, index, own.decoded, depth);
  else if (own.is_array && own.decoded)
    rille_tape_empty_decoded_list(w->tape, own.decoded);
  else if (own.is_array || is_list_metatable(w->L, index))
    rille_tape_mark(w->tape, RILLE_MARK_EMPTY_ARRAY, "", 0);
  else
    walk_object(w, index, own.decoded, depth);
}

static void walk_foreign(form_walk *w, int index, int depth) {
  const char *why;
  rl_own_table none = {0, 0, 0};
  int copied = rl_plain_table(w->L, w->b, index, &why);
  if (why) rl_lua_raise(w->L, "VALIDATION", "input: form: %s", why);
  walk_keys(w, copied ? lua_gettop(w->L) : index, none, depth);
  if (copied) lua_pop(w->L, 1);
}

static void walk_table(form_walk *w, int index, int depth) {
  lua_State *L = w->L;
  rl_own_table own = {0, 0, 0};
  if (depth > w->bounds->depth) {
    put_unreadable(w, "too_deep");
    return;
  }
  luaL_checkstack(L, 20, "tables are nested too deeply");
  if (!lua_getmetatable(L, index)) {
    walk_keys(w, index, own, depth);
    return;
  }
  own = rl_own_table_of(w->b, lua_topointer(L, -1));
  lua_pop(L, 1);
  if (own.is_array || own.is_object)
    walk_keys(w, index, own, depth);
  else if (is_null_table(L, index))
    rille_tape_null(w->tape);
  else
    walk_foreign(w, index, depth);
}

/* ------------------------------------------------------------------ scalars */

/* Copies, because the result is built while finalizers may run, and they may change the form. */
static void walk_string(form_walk *w, int index) {
  size_t len;
  const char *p = lua_tolstring(w->L, index, &len);
  rille_tape_text_copy(w->tape, p, len);
}

static void walk_number(form_walk *w, int index) {
  int64_t i;
  if (rl_integer(w->L, index, &i))
    rille_tape_int(w->tape, i);
  else
    rille_tape_float(w->tape, (double)lua_tonumber(w->L, index));
}

static void walk_userdata(form_walk *w, int index) {
  const void *p = lua_touserdata(w->L, index);
  const void *const *identity = w->b->identity;
  if (!p || p == identity[RL_REF_NULL] || p == identity[RL_REF_JSON_NULL] || p == identity[RL_REF_DB_NULL]) {
    rille_tape_null(w->tape); /* NULL: of cjson and ngx */
  } else if (rl_is(w->L, w->b, index, RL_REF_DECIMAL)) {
    const rl_lua_decimal *d = (const rl_lua_decimal *)p;
    rille_tape_decimal(w->tape, d->text, d->len);
  } else {
    put_unreadable(w, "");
  }
}

static void walk_value(form_walk *w, int index, int depth) {
  lua_State *L = w->L;
  if (++w->tokens > TOKENS_MAX) w->over = 1;
  if (w->over) {
    rille_tape_null(w->tape);
    return;
  }
  switch (lua_type(L, index)) {
  case LUA_TSTRING: walk_string(w, index); break;
  case LUA_TNUMBER: walk_number(w, index); break;
  case LUA_TBOOLEAN: rille_tape_bool(w->tape, lua_toboolean(L, index)); break;
  case LUA_TTABLE: walk_table(w, index, depth); break;
  case LUA_TNIL: rille_tape_null(w->tape); break;
  case LUA_TLIGHTUSERDATA:
  case LUA_TUSERDATA: walk_userdata(w, index); break;
  default: put_unreadable(w, ""); break;
  }
}

void rl_form_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, const rl_form_bounds *bounds) {
  form_walk w = {L, b, tape, bounds, 0, 0, 0};
  rl_check_stack(L, 20);
  walk_value(&w, rl_absolute(L, index), 1);
  if (!w.over) return;
  rille_tape_reset(tape);
  put_unreadable(&w, "too_many");
}

/* ------------------------------------------------------------------ names */

typedef struct names_walk {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  const char *what;
} names_walk;

/* The path is at the top of the stack. */
static void write_names(const names_walk *w, int index, int depth);

static void write_name(const names_walk *w, int path, int depth) {
  lua_State *L = w->L;
  int value = lua_gettop(L), key = value - 1;
  size_t len;
  const char *name = lua_tolstring(L, key, &len);
  if (len > KEY_MAX) rl_lua_raise(L, "VALIDATION", "%s: a name is longer than 65,535 bytes", w->what);
  rille_tape_key(w->tape, name, len);
  switch (lua_type(L, value)) {
  case LUA_TBOOLEAN: rille_tape_bool(w->tape, lua_toboolean(L, value)); break;
  case LUA_TSTRING: {
    const char *word = lua_tolstring(L, value, &len);
    rille_tape_text_copy(w->tape, word, len);
    break;
  }
  case LUA_TTABLE:
    lua_pushfstring(L, "%s.%s", lua_tostring(L, path), name);
    write_names(w, value, depth + 1);
    lua_pop(L, 1);
    break;
  default:
    rl_lua_raise(L, "VALIDATION", "%s.%s: expected true or a list of fields, got %s", lua_tostring(L, path), name,
                 rl_type_name(L, value));
  }
}

static void write_names(const names_walk *w, int index, int depth) {
  lua_State *L = w->L;
  const char *why;
  int path = lua_gettop(L);
  if (depth > NAMES_DEPTH_MAX)
    rl_lua_raise(L, "VALIDATION", "%s: tables are nested too deeply, or in a cycle", w->what);
  luaL_checkstack(L, 20, "tables are nested too deeply");
  int copied = rl_plain_table(L, w->b, index, &why);
  if (why) rl_lua_raise(L, "VALIDATION", "%s: %s", lua_tostring(L, path), why);
  if (copied) index = lua_gettop(L);
  rille_tape_open_object(w->tape);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      write_name(w, path, depth);
      continue;
    }
    if (lua_type(L, -2) != LUA_TNUMBER || lua_type(L, -1) != LUA_TSTRING) {
      lua_pushvalue(L, -2);
      rl_lua_raise(L, "VALIDATION", "%s[%s]: expected the name of a field, got %s", lua_tostring(L, path),
                   lua_type(L, -1) == LUA_TNUMBER ? lua_tostring(L, -1) : "?", rl_type_name(L, -2));
    }
    size_t len;
    const char *name = lua_tolstring(L, -1, &len);
    rille_tape_key(w->tape, name, len > KEY_MAX ? KEY_MAX : len);
    rille_tape_bool(w->tape, 1);
  }
  rille_tape_close_object(w->tape);
  if (copied) lua_pop(L, 1);
}

void rl_form_names(lua_State *L, const rl_binding *b, rille_tape *tape, int index, const char *what) {
  names_walk w = {L, b, tape, what};
  index = rl_absolute(L, index);
  if (!lua_istable(L, index))
    rl_lua_raise(L, "VALIDATION", "%s: expected a list of fields, as in { \"title\", tags = { \"name\" } }, got %s",
                 what, rl_type_name(L, index));
  lua_pushstring(L, what);
  write_names(&w, index, 1);
  lua_pop(L, 1);
}
