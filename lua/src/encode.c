/* Values as Json text, for rille.json.encode: keys in an order that does not change, decimals as texts; what is of a
 * model as its schema has it. */
#include <stdlib.h>
#include <string.h>

#include "path.h"

/* What a value is known to be. */
enum { ANY, ROWS, BYTES, BIG, JSON };

typedef struct is {
  int what;
  int32_t model; /* of ROWS */
} is;

static const is any = {ANY, -1};

typedef struct encoder {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  const rille_schema *schema;
  int models; /* stack: model + 1 -> its fields, by number their names */
  int big_as_text, copying;
} encoder;

typedef struct sorted_key {
  const char *p;
  size_t len;
} sorted_key;

static void value(encoder *e, int index, is known, const rl_path *at);

static void put_text(encoder *e, const char *p, size_t len, int copy) {
  if (copy || e->copying)
    rille_tape_text_copy(e->tape, p, len);
  else
    rille_tape_text(e->tape, p, len);
}

static void base64(encoder *e, const char *bytes, size_t len) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *p = (const unsigned char *)bytes;
  char *out = (char *)rl_new_userdata(e->L, len / 3 * 4 + 8), *to = out;
  for (; len > 2; len -= 3, p += 3) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
    *to++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
    *to++ = digits[p[2] & 63];
  }
  if (len) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];
    *to++ = '=';
    if (len > 1) to[-1] = digits[(p[1] & 15) << 2];
    *to++ = '=';
  }
  put_text(e, out, (size_t)(to - out), 1);
  lua_pop(e->L, 1);
}

static void text(encoder *e, int index, is known, const rl_path *at) {
  size_t len;
  const char *p = lua_tolstring(e->L, index, &len);
  if (known.what == BYTES) {
    base64(e, p, len);
    return;
  }
  if (!rille_text_is_utf8(p, len))
    rl_refuse_at(e->L, at, "P2006",
                 "a text in Json must be valid UTF-8; with `model`, the Bytes of a row become base64");
  put_text(e, p, len, 0);
}

static void integer(encoder *e, int64_t i, is known) {
  int64_t exact = (int64_t)RL_EXACT_DOUBLE;
  char digits[24];
  if (e->big_as_text && (known.what == BIG || i > exact || i < -exact))
    put_text(e, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)i), 1);
  else
    rille_tape_int(e->tape, i);
}

static void number(encoder *e, int index, is known, const rl_path *at) {
  int64_t i;
  double f = (double)lua_tonumber(e->L, index);
  if (rl_integer(e->L, index, &i))
    integer(e, i, known);
  else if (isfinite(f))
    rille_tape_float(e->tape, f);
  else
    rl_refuse_at(e->L, at, "P2006", "Json has no number that is not finite");
}

/* A BigInt beyond a Lua's numbers comes as a decimal, and so do long numbers of Json columns. */
static void decimal(encoder *e, const rl_lua_decimal *d, is known) {
  int is_number = known.what == JSON || (known.what == BIG && !e->big_as_text);
  if (is_number)
    rille_tape_decimal(e->tape, d->text, d->len);
  else
    put_text(e, d->text, d->len, 0);
}

static void userdata(encoder *e, int index, is known, const rl_path *at) {
  const void *p = lua_touserdata(e->L, index);
  const void *const *identity = e->b->identity;
  int null_of_others = lua_type(e->L, index) == LUA_TLIGHTUSERDATA && !p;
  if (null_of_others || p == identity[RL_REF_NULL] || p == identity[RL_REF_JSON_NULL])
    rille_tape_null(e->tape);
  else if (rl_is(e->L, e->b, index, RL_REF_DECIMAL))
    decimal(e, (const rl_lua_decimal *)p, known);
  else
    rl_refuse_at(e->L, at, "VALIDATION", "this userdata has no form in Json; for null there is rille.null");
}

static void list(encoder *e, int index, size_t n, is known, const rl_path *at) {
  lua_State *L = e->L;
  size_t keys = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) keys++;
  rille_tape_open_list(e->tape);
  for (size_t i = 1; i <= n; i++) {
    rl_path here = {at, NULL, 0, i, at->depth + 1};
    lua_rawgeti(L, index, (int)i);
    if (lua_isnil(L, -1)) rl_refuse_at(L, &here, "VALIDATION", "the list has a hole here; rille.null stands for null");
    value(e, lua_gettop(L), known, &here);
    lua_pop(L, 1);
  }
  rille_tape_close_list(e->tape);
  if (keys != n)
    rl_refuse_at(L, at, "VALIDATION", "a table with list elements and other keys is neither a list nor an object");
}

/* The key at the top of the stack, with the table's value. */
static void member(encoder *e, int index, is known, const rl_path *at) {
  lua_State *L = e->L;
  rl_path here = {at, NULL, 0, 0, at->depth + 1};
  here.key = lua_tolstring(L, -1, &here.key_len);
  if (!rille_text_is_utf8(here.key, here.key_len)) rl_refuse_at(L, at, "P2006", "a key in Json must be valid UTF-8");
  rille_tape_key(e->tape, here.key, here.key_len);
  lua_pushvalue(L, -1);
  lua_rawget(L, index);
  value(e, lua_gettop(L), known, &here);
  lua_pop(L, 1);
}

static int by_bytes(const void *a, const void *b) {
  const sorted_key *x = (const sorted_key *)a, *y = (const sorted_key *)b;
  int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Whether the key below the top is a field of the model, which is written in the schema's order. names: 0 for none. */
static int has_place(lua_State *L, int names) {
  if (!names) return 0;
  lua_pushvalue(L, -2);
  lua_rawget(L, names);
  int has = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return has;
}

/* How many keys there are that stand in no place of their own; only texts can be keys. names: stack index of a table
 * that has those with a place as keys, 0: none. */
static size_t count_keys(encoder *e, int index, int names, const rl_path *at) {
  lua_State *L = e->L;
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      rl_refuse_at(L, at, "VALIDATION",
                   lua_type(L, -2) == LUA_TNUMBER ? "a numeric key that no list from 1 on explains"
                                                  : "a key that is no string");
    if (has_place(L, names)) continue;
    count++;
  }
  return count;
}

static void sorted_members(encoder *e, int index, int names, is known, const rl_path *at) {
  lua_State *L = e->L;
  size_t count = count_keys(e, index, names, at), n = 0;
  if (count == 0) return;
  sorted_key *keys = (sorted_key *)rl_new_userdata(L, count * sizeof *keys);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (has_place(L, names)) continue;
    if (n < count) keys[n].p = lua_tolstring(L, -2, &keys[n].len), n++;
  }
  qsort(keys, n, sizeof *keys, by_bytes);
  for (size_t i = 0; i < n; i++) {
    size_t len = keys[i].len;
    lua_pushlstring(L, keys[i].p, len);
    is what = known;
    if (names && !(len == 4 && memcmp(keys[i].p, "_min", 4) == 0) && !(len == 4 && memcmp(keys[i].p, "_max", 4) == 0) &&
        !(len == 4 && memcmp(keys[i].p, "_sum", 4) == 0))
      what = any;
    member(e, index, what, at);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static is is_of(const rille_field_info *f) {
  static const char *const types[] = {"Bytes", "BigInt", "Json"};
  static const int kinds[] = {BYTES, BIG, JSON};
  if (f->kind == RILLE_FIELD_RELATION) return (is){ROWS, f->target};
  for (size_t i = 0; f->kind == RILLE_FIELD_SCALAR && i < sizeof kinds / sizeof *kinds; i++)
    if (f->type.len == strlen(types[i]) && memcmp(f->type.p, types[i], f->type.len) == 0) return (is){kinds[i], -1};
  return any;
}

/* Pushes what is known of the fields, and above it their names: by number, and each name with true. */
static const is *push_fields(encoder *e, int32_t model, uint32_t *count) {
  lua_State *L = e->L;
  rille_model_info m = {.struct_size = sizeof m};
  rille_schema_model_get(e->schema, model, &m);
  *count = m.field_count;
  lua_rawgeti(L, e->models, model + 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    is *fields = (is *)rl_new_userdata(L, (m.field_count + 1) * sizeof *fields);
    lua_createtable(L, (int)m.field_count, (int)m.field_count);
    for (uint32_t i = 0; i < m.field_count; i++) {
      rille_field_info f = {.struct_size = sizeof f};
      rille_schema_field_get(e->schema, model, i, &f);
      fields[i] = is_of(&f);
      lua_pushlstring(L, f.name.p, f.name.len);
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, (int)i + 1);
      lua_pushboolean(L, 1);
      lua_rawset(L, -3);
    }
    rl_set_user(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, e->models, model + 1);
  }
  rl_get_user(L, -1);
  return (const is *)lua_touserdata(L, -2);
}

/* Fields in the order of the schema, then what else there is: `_count`, and what the caller has put there. A table
 * without any field of the model stands around rows. */
static void row(encoder *e, int index, int32_t model, const rl_path *at) {
  lua_State *L = e->L;
  uint32_t count, found = 0;
  const is *fields = push_fields(e, model, &count);
  int names = lua_gettop(L);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, names, (int)i + 1);
    lua_pushvalue(L, -1);
    lua_rawget(L, index);
    int is_there = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (is_there) member(e, index, fields[i], at);
    lua_pop(L, 1);
    found += (uint32_t)is_there;
  }
  sorted_members(e, index, found ? names : 0, (is){ROWS, model}, at);
  lua_pop(L, 2);
}

static void plain_table(encoder *e, int index, const void *meta, is known, const rl_path *at) {
  size_t n = rl_rawlen(e->L, index);
  int is_object = meta && meta == e->b->identity[RL_REF_OBJECT];
  if (!is_object && (n > 0 || (meta && meta == e->b->identity[RL_REF_ARRAY]))) {
    if (n == 0) {
      lua_pushnil(e->L);
      if (lua_next(e->L, index))
        rl_refuse_at(e->L, at, "VALIDATION", "a rille.array with keys that are not 1, 2, 3, ...");
      rille_tape_mark(e->tape, RILLE_MARK_EMPTY_ARRAY, "", 0);
      return;
    }
    list(e, index, n, known, at);
    return;
  }
  rille_tape_open_object(e->tape);
  if (known.what == ROWS)
    row(e, index, known.model, at);
  else
    sorted_members(e, index, 0, known, at);
  rille_tape_close_object(e->tape);
}

static void table(encoder *e, int index, is known, const rl_path *at) {
  lua_State *L = e->L;
  const char *why = NULL;
  if (at->depth >= RL_WALK_DEPTH_MAX) rl_refuse_at(L, at, "VALIDATION", "tables are nested too deeply, or in a circle");
  luaL_checkstack(L, 20, "tables are nested too deeply");
  const void *meta = NULL;
  if (lua_getmetatable(L, index)) {
    meta = lua_topointer(L, -1);
    lua_pop(L, 1);
  }
  int copying = e->copying, copied = meta ? rl_plain_table(L, e->b, index, &why) : 0;
  if (why) rl_refuse_at(L, at, "VALIDATION", why);
  if (copied) e->copying = 1; /* its texts may go before the text is written */
  plain_table(e, copied ? lua_gettop(L) : index, meta, known, at);
  if (copied) lua_pop(L, 1);
  e->copying = copying;
}

static void value(encoder *e, int index, is known, const rl_path *at) {
  lua_State *L = e->L;
  switch (lua_type(L, index)) {
  case LUA_TSTRING: text(e, index, known, at); break;
  case LUA_TNUMBER: number(e, index, known, at); break;
  case LUA_TTABLE: table(e, index, known, at); break;
  case LUA_TBOOLEAN: rille_tape_bool(e->tape, lua_toboolean(L, index)); break;
  case LUA_TUSERDATA:
  case LUA_TLIGHTUSERDATA: userdata(e, index, known, at); break;
  case LUA_TNIL: rille_tape_null(e->tape); break;
  default:
    lua_pushfstring(L, "a %s is not a value", luaL_typename(L, index));
    rl_refuse_at(L, at, "VALIDATION", lua_tostring(L, -1));
  }
}

/* core.json.encode(value, pretty, big integers as texts, model), or (..., schema or scope, name of a model) */
static int encode(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  size_t len;
  luaL_checkany(L, 1);
  lua_settop(L, 5);
  encoder e = {.L = L, .b = b, .big_as_text = lua_toboolean(L, 3)};
  is known = any;
  const rl_lua_model *model = rl_lua_model_at(L, b, 4);
  if (model) {
    rl_scope_must_be_open(L, model->scope);
    e.schema = rille_client_schema(model->scope->client);
    known = (is){ROWS, model->model};
  } else if (!lua_isnil(L, 4)) {
    const char *name = lua_tolstring(L, 5, &len);
    if (!name)
      rl_lua_raise(L, "VALIDATION", "json.encode: `model`: the name of a model is wanted, or a model such as db.user");
    e.schema = rl_lua_schema_at(L, 4);
    known = (is){ROWS, rille_schema_model(e.schema, name, len)};
    if (known.model < 0) rl_lua_raise(L, "VALIDATION", "`model`: the schema has no model `%s`", name);
  }
  rl_lua_box *box = rl_lua_box_push(L);
  lua_newtable(L);
  e.models = lua_gettop(L);
  box->tape = b->tape ? b->tape : rille_tape_new(); /* a finalizer or a metamethod may encode too */
  b->tape = NULL;
  if (!box->tape) rl_lua_box_throw(L, box);
  e.tape = box->tape;
  rille_tape_reset(e.tape);
  rl_path top = {NULL, NULL, 0, 0, 0};
  value(&e, 1, known, &top);
  rl_lua_box_check(L, box, rille_json_write_pretty(e.tape, lua_toboolean(L, 2) ? 2 : 0, &box->text, &len, &box->err));
  if (!b->tape) {
    b->tape = box->tape;
    box->tape = NULL;
  }
  return rl_lua_box_push_text(L, box, len);
}

void rl_encode_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"encode", encode}, {NULL, NULL}};
  lua_getfield(L, -1, "json");
  rl_set_functions(L, functions);
  lua_pop(L, 1);
}
