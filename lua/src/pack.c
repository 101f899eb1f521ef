/* Lua values as bytes and back, for values that the cache keeps: nil, booleans, numbers, strings, decimals, sentinels,
 * and trees of tables of these. Keys are sorted, so equal values have equal bytes.
 *
 *   value  := 'n' | 't' | 'f' | 'i' int64 | 'd' double | 's' length bytes | 'x' length text of a decimal | 'm' sentinel
 *           | '{' kind (value value)* '}'          kind: 0 plain; otherwise which of rille's metatables,
 *             from 1 on. What was decoded stays so, since it is no condition
 *   length := u32; numbers are in the byte order of this machine */
#include <stdlib.h>
#include <string.h>

#include "path.h"

#define SENTINELS (RL_REF_ALL - RL_REF_NULL + 1)
#define TABLE_KINDS (RL_REF_DECODED_FORM_OBJECT - RL_REF_ARRAY + 1)

/* ------------------------------------------------------------------ writing */

typedef struct packer {
  lua_State *L;
  const rl_binding *b;
  int at; /* stack index of the userdata that has the bytes */
  size_t len, cap;
} packer;

static char *packer_reserve(packer *p, size_t more) {
  char *bytes = (char *)lua_touserdata(p->L, p->at);
  if (p->cap - p->len < more) {
    size_t cap = (p->len + more) * 2;
    char *grown = (char *)rl_new_userdata(p->L, cap);
    memcpy(grown, bytes, p->len);
    lua_replace(p->L, p->at);
    p->cap = cap;
    bytes = grown;
  }
  return bytes + p->len;
}

static void put(packer *p, char tag, const void *bytes, size_t len) {
  char *to = packer_reserve(p, len + 1);
  *to = tag;
  if (len) memcpy(to + 1, bytes, len);
  p->len += len + 1;
}

static void put_text(packer *p, char tag, const char *text, size_t len, const rl_path *at) {
  if (len > UINT32_MAX) rl_refuse_at(p->L, at, "VALIDATION", "a string this long cannot be kept");
  uint32_t length = (uint32_t)len;
  put(p, tag, &length, sizeof length);
  memcpy(packer_reserve(p, len), text, len);
  p->len += len;
}

static void put_number(packer *p, int index) {
  int64_t i;
  double d = (double)lua_tonumber(p->L, index);
  if (rl_integer(p->L, index, &i))
    put(p, 'i', &i, sizeof i);
  else
    put(p, 'd', &d, sizeof d);
}

static void put_userdata(packer *p, int index, const rl_path *at) {
  const void *u = lua_touserdata(p->L, index);
  const rl_lua_decimal *d = (const rl_lua_decimal *)rl_is(p->L, p->b, index, RL_REF_DECIMAL);
  if (d) {
    put_text(p, 'x', d->text, d->len, at);
    return;
  }
  for (char i = 0; i < SENTINELS; i++) {
    if (u != p->b->identity[RL_REF_NULL + i]) continue;
    put(p, 'm', &i, 1);
    return;
  }
  rl_refuse_at(p->L, at, "VALIDATION",
               "a userdata cannot be kept, only nil, booleans, numbers, strings, decimals and "
               "tables of them");
}

/* A key to sort: integers, then other numbers, booleans, strings. */
typedef struct pack_key {
  int kind; /* of pack_key_kind */
  double number;
  int64_t integer;
  const char *p;
  size_t len;
} pack_key;
enum pack_key_kind { KEY_INTEGER, KEY_NUMBER, KEY_BOOLEAN, KEY_STRING };

static int compare_keys(const void *left, const void *right) {
  const pack_key *a = (const pack_key *)left, *b = (const pack_key *)right;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (a->kind == KEY_NUMBER) return a->number < b->number ? -1 : a->number > b->number;
  if (a->kind != KEY_STRING) return a->integer < b->integer ? -1 : a->integer > b->integer;
  int order = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);
  return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

/* The key is below the top. */
static pack_key read_key(packer *p, const rl_path *at) {
  pack_key k = {KEY_INTEGER, 0, 0, NULL, 0};
  int64_t i;
  switch (lua_type(p->L, -2)) {
  case LUA_TSTRING:
    k.kind = KEY_STRING;
    k.p = lua_tolstring(p->L, -2, &k.len);
    break;
  case LUA_TBOOLEAN:
    k.kind = KEY_BOOLEAN;
    k.integer = lua_toboolean(p->L, -2);
    break;
  case LUA_TNUMBER:
    if (rl_integer(p->L, -2, &i)) {
      k.integer = i;
    } else {
      k.kind = KEY_NUMBER;
      k.number = (double)lua_tonumber(p->L, -2);
    }
    break;
  default:
    rl_refuse_at(p->L, at, "VALIDATION", "a key of a table that is kept must be a string, a number or a boolean");
  }
  return k;
}

static void push_key(lua_State *L, const pack_key *k) {
  if (k->kind == KEY_STRING)
    lua_pushlstring(L, k->p, k->len);
  else if (k->kind == KEY_BOOLEAN)
    lua_pushboolean(L, (int)k->integer);
  else if (k->kind == KEY_NUMBER)
    lua_pushnumber(L, (lua_Number)k->number);
  else
    rl_push_integer(L, k->integer);
}

static void pack_value(packer *p, int index, const rl_path *at);

static void pack_pair(packer *p, int table, const pack_key *k, const rl_path *at) {
  rl_path below = {at, k->p, k->len, (size_t)k->integer, at->depth + 1};
  push_key(p->L, k);
  pack_value(p, lua_gettop(p->L), &below);
  lua_rawget(p->L, table);
  pack_value(p, lua_gettop(p->L), &below);
  lua_pop(p->L, 1);
}

/* Writes the elements of a list without sorting. Returns how many there are from 1 on without a gap. */
static size_t pack_elements(packer *p, int table, const rl_path *at) {
  size_t n = 0;
  for (;; n++) {
    pack_key k = {KEY_INTEGER, 0, (int64_t)n + 1, NULL, 0};
    lua_rawgeti(p->L, table, (int)n + 1);
    int is_end = lua_isnil(p->L, -1);
    lua_pop(p->L, 1);
    if (is_end) return n;
    pack_pair(p, table, &k, at);
  }
}

static void pack_other_pairs(packer *p, int table, size_t elements, const rl_path *at) {
  lua_State *L = p->L;
  size_t count = 0, filled = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) count++;
  if (count == elements) return;
  count -= elements;
  pack_key *keys = (pack_key *)rl_new_userdata(L, count * sizeof *keys);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    pack_key k = read_key(p, at);
    if (k.kind == KEY_INTEGER && k.integer >= 1 && (uint64_t)k.integer <= elements) continue;
    if (filled < count) keys[filled++] = k;
  }
  qsort(keys, filled, sizeof *keys, compare_keys);
  for (size_t i = 0; i < filled; i++) pack_pair(p, table, &keys[i], at);
  lua_pop(L, 1);
}

static void pack_table(packer *p, int index, const rl_path *at) {
  lua_State *L = p->L;
  const char *why;
  char kind = 0;
  if (at->depth >= RL_WALK_DEPTH_MAX) rl_refuse_at(L, at, "VALIDATION", "tables are nested too deeply to be kept");
  rl_check_stack(L, 16);
  if (lua_getmetatable(L, index)) {
    rl_own_table own = rl_own_table_of(p->b, lua_topointer(L, -1));
    if (own.is_array || own.is_object) kind = (char)(1 + 2 * own.decoded + own.is_object);
    lua_pop(L, 1);
  }
  if (!kind && rl_plain_table(L, p->b, index, &why)) index = lua_gettop(L);
  int top = lua_gettop(L);
  put(p, '{', &kind, 1);
  pack_other_pairs(p, index, pack_elements(p, index, at), at);
  put(p, '}', NULL, 0);
  lua_settop(L, top);
}

static void pack_value(packer *p, int index, const rl_path *at) {
  size_t len;
  const char *text;
  switch (lua_type(p->L, index)) {
  case LUA_TNIL: put(p, 'n', NULL, 0); break;
  case LUA_TBOOLEAN: put(p, lua_toboolean(p->L, index) ? 't' : 'f', NULL, 0); break;
  case LUA_TNUMBER: put_number(p, index); break;
  case LUA_TSTRING:
    text = lua_tolstring(p->L, index, &len);
    put_text(p, 's', text, len, at);
    break;
  case LUA_TUSERDATA: put_userdata(p, index, at); break;
  case LUA_TTABLE: {
    int top = lua_gettop(p->L);
    pack_table(p, index, at);
    lua_settop(p->L, top);
    break;
  }
  default:
    lua_pushfstring(p->L, "%s cannot be kept", rl_type_name(p->L, index));
    rl_refuse_at(p->L, at, "VALIDATION", lua_tostring(p->L, -1));
  }
}

/* core.pack(value, what): returns the bytes of a value. what: its place, for errors. */
static int push_packed(lua_State *L) {
  const char *what = luaL_checkstring(L, 2);
  lua_settop(L, 2);
  rl_path root = {NULL, NULL, 0, 0, 0}, at = {&root, what, strlen(what), 0, 1};
  packer p = {L, rl_binding_of(L), 3, 0, 256};
  (void)rl_new_userdata(L, p.cap);
  pack_value(&p, 1, &at);
  lua_pushlstring(L, (const char *)lua_touserdata(L, 3), p.len);
  return 1;
}

/* ------------------------------------------------------------------ reading */

typedef struct unpacker {
  lua_State *L;
  const char *at, *end;
} unpacker;

/* Bytes from a store outside of this process may be anything. */
static int unpack_refuse(const unpacker *u) RL_NORETURN;
static int unpack_refuse(const unpacker *u) {
  rl_lua_raise(u->L, "P2023", "a value from the cache is damaged");
}

static const char *take(unpacker *u, size_t len) {
  const char *p = u->at;
  if ((size_t)(u->end - p) < len) unpack_refuse(u);
  u->at += len;
  return p;
}

static uint32_t take_length(unpacker *u) {
  uint32_t length;
  memcpy(&length, take(u, sizeof length), sizeof length);
  return length;
}

static void unpack_value(unpacker *u, int depth);

static void unpack_table(unpacker *u, int depth) {
  lua_State *L = u->L;
  char kind = *take(u, 1);
  if (kind < 0 || kind > TABLE_KINDS || depth >= RL_WALK_DEPTH_MAX) unpack_refuse(u);
  rl_check_stack(L, 8);
  lua_newtable(L);
  while (u->at < u->end && *u->at != '}') {
    unpack_value(u, depth + 1);
    int bad = lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) != lua_tonumber(L, -1));
    if (bad) unpack_refuse(u);
    unpack_value(u, depth + 1);
    lua_rawset(L, -3);
  }
  (void)take(u, 1);
  if (!kind) return;
  rl_push_ref(L, RL_REF_ARRAY + kind - 1);
  lua_setmetatable(L, -2);
}

static void unpack_value(unpacker *u, int depth) {
  int64_t i;
  double d;
  uint32_t len;
  switch (*take(u, 1)) {
  case 'n': lua_pushnil(u->L); break;
  case 't': lua_pushboolean(u->L, 1); break;
  case 'f': lua_pushboolean(u->L, 0); break;
  case 'i':
    memcpy(&i, take(u, sizeof i), sizeof i);
    rl_push_integer(u->L, i);
    break;
  case 'd':
    memcpy(&d, take(u, sizeof d), sizeof d);
    lua_pushnumber(u->L, (lua_Number)d);
    break;
  case 's':
    len = take_length(u);
    lua_pushlstring(u->L, take(u, len), len);
    break;
  case 'x':
    len = take_length(u);
    rl_lua_decimal_push(u->L, take(u, len), len);
    break;
  case 'm': {
    int sentinel = (unsigned char)*take(u, 1);
    if (sentinel >= SENTINELS) unpack_refuse(u);
    rl_push_ref(u->L, RL_REF_NULL + sentinel);
    break;
  }
  case '{': unpack_table(u, depth); break;
  default: unpack_refuse(u);
  }
}

/* core.unpack(bytes): returns the value. Raises P2023 if the bytes are none of core.pack. */
static int push_unpacked(lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len);
  unpacker u = {L, bytes, bytes + len};
  unpack_value(&u, 0);
  if (u.at != u.end) unpack_refuse(&u);
  return 1;
}

void rl_pack_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"pack", push_packed}, {"unpack", push_unpacked}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
