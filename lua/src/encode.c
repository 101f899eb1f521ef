/* rille.json.encode: values as JSON text. Keys are always in the same order, decimals are strings. Rows of a model
 * follow its schema. */
#include <stdlib.h>
#include <string.h>

#include "path.h"

/* What is known of a value. */
enum { ANY, ROWS, COUNTS, BYTES, INT, BIG, JSON };

typedef struct known_type {
  int what;
  int32_t model; /* of ROWS; of COUNTS, whose keys are names of fields, but whose values have other types */
} known_type;

static const known_type any = {ANY, -1};

typedef struct encoder {
  lua_State *L;
  const rl_binding *b;
  rille_tape *tape;
  const rille_schema *schema;
  int models; /* stack index of a table: number of a model + 1 -> its fields, see push_model_fields */
  int big_as_text, copying;
} encoder;

typedef struct sorted_key {
  const char *p;
  size_t len;
} sorted_key;

static void encode_value(encoder *e, int index, known_type known, const rl_path *at);

static void encoder_put_text(encoder *e, const char *p, size_t len, int copy) {
  if (copy || e->copying)
    rille_tape_text_copy(e->tape, p, len);
  else
    rille_tape_text(e->tape, p, len);
}

static void encode_base64(encoder *e, const char *bytes, size_t len) {
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
  encoder_put_text(e, out, (size_t)(to - out), 1);
  lua_pop(e->L, 1);
}

static void encode_string(encoder *e, int index, known_type known, const rl_path *at) {
  size_t len;
  const char *p = lua_tolstring(e->L, index, &len);
  if (known.what == BYTES) {
    encode_base64(e, p, len);
    return;
  }
  if (!rille_text_is_utf8(p, len))
    rl_refuse_at(e->L, at, "P2006",
                 "a string in JSON must be valid UTF-8; with `model`, the Bytes of a row become base64");
  encoder_put_text(e, p, len, 0);
}

static void encode_integer(encoder *e, int64_t i, known_type known) {
  int64_t exact = (int64_t)RL_EXACT_DOUBLE;
  char digits[24];
  if (e->big_as_text && (known.what == BIG || i > exact || i < -exact))
    encoder_put_text(e, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)i), 1);
  else
    rille_tape_int(e->tape, i);
}

static void encode_number(encoder *e, int index, known_type known, const rl_path *at) {
  int64_t i;
  double f = (double)lua_tonumber(e->L, index);
  if (rl_integer(e->L, index, &i))
    encode_integer(e, i, known);
  else if (isfinite(f))
    rille_tape_float(e->tape, f);
  else
    rl_refuse_at(e->L, at, "P2006", "JSON has neither infinity nor NaN");
}

/* BigInts beyond the numbers of this Lua, and long numbers of Json columns, are decimals. */
static void encode_decimal(encoder *e, const rl_lua_decimal *d, known_type known) {
  int is_number = known.what == JSON || ((known.what == BIG || known.what == INT) && !e->big_as_text);
  if (is_number)
    rille_tape_decimal(e->tape, d->text, d->len);
  else
    encoder_put_text(e, d->text, d->len, 0);
}

static void encode_userdata(encoder *e, int index, known_type known, const rl_path *at) {
  const void *p = lua_touserdata(e->L, index);
  const void *const *identity = e->b->identity;
  int null_of_others = lua_type(e->L, index) == LUA_TLIGHTUSERDATA && !p;
  if (null_of_others || p == identity[RL_REF_NULL] || p == identity[RL_REF_JSON_NULL])
    rille_tape_null(e->tape);
  else if (rl_is(e->L, e->b, index, RL_REF_DECIMAL))
    encode_decimal(e, (const rl_lua_decimal *)p, known);
  else
    rl_refuse_at(e->L, at, "VALIDATION", "this userdata cannot be written as JSON; use `rille.null` for null");
}

static void encode_list(encoder *e, int index, size_t n, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  size_t keys = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) keys++;
  rille_tape_open_list(e->tape);
  for (size_t i = 1; i <= n; i++) {
    rl_path here = {at, NULL, 0, i, at->depth + 1};
    lua_rawgeti(L, index, (int)i);
    if (lua_isnil(L, -1)) rl_refuse_at(L, &here, "VALIDATION", "the list has a hole here; use `rille.null` for null");
    encode_value(e, lua_gettop(L), known, &here);
    lua_pop(L, 1);
  }
  rille_tape_close_list(e->tape);
  if (keys != n)
    rl_refuse_at(L, at, "VALIDATION",
                 "the table has list elements and other keys; it must be a list or have string keys only");
}

/* Writes the key at the top of the stack, and its value in the table at index. */
static void encode_member(encoder *e, int index, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  rl_path here = {at, NULL, 0, 0, at->depth + 1};
  here.key = lua_tolstring(L, -1, &here.key_len);
  if (!rille_text_is_utf8(here.key, here.key_len)) rl_refuse_at(L, at, "P2006", "a key in JSON must be valid UTF-8");
  rille_tape_key(e->tape, here.key, here.key_len);
  lua_pushvalue(L, -1);
  lua_rawget(L, index);
  encode_value(e, lua_gettop(L), known, &here);
  lua_pop(L, 1);
}

static int compare_keys(const void *a, const void *b) {
  const sorted_key *x = (const sorted_key *)a, *y = (const sorted_key *)b;
  int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Returns whether the key below the top is a field of the model. names: stack index of its names; 0: no model. */
static int is_model_field(lua_State *L, int names) {
  if (!names) return 0;
  lua_pushvalue(L, -2);
  lua_rawget(L, names);
  int has = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return has;
}

/* Returns how many keys are not fields of the model. Raises if one is not a string. names: as in is_model_field. */
static size_t count_other_keys(encoder *e, int index, int names, const rl_path *at) {
  lua_State *L = e->L;
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      rl_refuse_at(L, at, "VALIDATION",
                   lua_type(L, -2) == LUA_TNUMBER ? "unexpected numeric key; a list has the keys 1 to n"
                                                  : "expected a string as table key");
    if (is_model_field(L, names)) continue;
    count++;
  }
  return count;
}

/* Returns what is known of the value of a key that is not a field. The groups of aggregates have names of fields as
 * keys. A table without any field may contain rows. */
static known_type type_of_key(known_type known, const sorted_key *key, int names) {
  static const char *const groups[] = {"_count", "_avg", "_sum", "_min", "_max"};
  for (int i = 0; known.what == ROWS && i < 5; i++)
    if (key->len == strlen(groups[i]) && memcmp(key->p, groups[i], key->len) == 0)
      return (known_type){i < 2 ? COUNTS : ROWS, known.model};
  return names ? any : known;
}

static void encode_sorted_members(encoder *e, int index, int names, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  size_t count = count_other_keys(e, index, names, at), n = 0;
  if (count == 0) return;
  sorted_key *keys = (sorted_key *)rl_new_userdata(L, count * sizeof *keys);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (is_model_field(L, names)) continue;
    if (n < count) keys[n].p = lua_tolstring(L, -2, &keys[n].len), n++;
  }
  qsort(keys, n, sizeof *keys, compare_keys);
  for (size_t i = 0; i < n; i++) {
    size_t len = keys[i].len;
    lua_pushlstring(L, keys[i].p, len);
    encode_member(e, index, type_of_key(known, keys + i, names), at);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static known_type type_of_field(const rille_field_info *f) {
  static const char *const types[] = {"Bytes", "Int", "BigInt", "Json"};
  static const int kinds[] = {BYTES, INT, BIG, JSON};
  if (f->kind == RILLE_FIELD_RELATION) return (known_type){ROWS, f->target};
  for (size_t i = 0; f->kind == RILLE_FIELD_SCALAR && i < sizeof kinds / sizeof *kinds; i++)
    if (f->type.len == strlen(types[i]) && memcmp(f->type.p, types[i], f->type.len) == 0)
      return (known_type){kinds[i], -1};
  return any;
}

/* Pushes and returns what is known of the fields. Pushes a table of their names above: number -> name, name -> true. */
static const known_type *push_model_fields(encoder *e, int32_t model, uint32_t *count) {
  lua_State *L = e->L;
  rille_model_info m = {.struct_size = sizeof m};
  rille_schema_model_get(e->schema, model, &m);
  *count = m.field_count;
  lua_rawgeti(L, e->models, model + 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    known_type *fields = (known_type *)rl_new_userdata(L, (m.field_count + 1) * sizeof *fields);
    lua_createtable(L, (int)m.field_count, (int)m.field_count);
    for (uint32_t i = 0; i < m.field_count; i++) {
      rille_field_info f = {.struct_size = sizeof f};
      rille_schema_field_get(e->schema, model, i, &f);
      fields[i] = type_of_field(&f);
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
  return (const known_type *)lua_touserdata(L, -2);
}

/* Writes the fields in the order of the schema, then the other keys: `_count`, and what the caller has added. A table
 * without any field of the model contains rows. */
static void encode_row(encoder *e, int index, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  uint32_t count, found = 0;
  const known_type *fields = push_model_fields(e, known.model, &count);
  int names = lua_gettop(L);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, names, (int)i + 1);
    lua_pushvalue(L, -1);
    lua_rawget(L, index);
    int is_there = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (is_there) encode_member(e, index, known.what == COUNTS ? any : fields[i], at);
    lua_pop(L, 1);
    found += (uint32_t)is_there;
  }
  encode_sorted_members(e, index, found ? names : 0, known, at);
  lua_pop(L, 2);
}

static void encode_plain_table(encoder *e, int index, const void *meta, known_type known, const rl_path *at) {
  size_t n = rl_rawlen(e->L, index);
  rl_own_table own = rl_own_table_of(e->b, meta);
  if (!own.is_object && (n > 0 || own.is_array)) {
    if (n == 0) {
      lua_pushnil(e->L);
      if (lua_next(e->L, index))
        rl_refuse_at(e->L, at, "VALIDATION", "unexpected key in a rille.array, which has the keys 1 to n");
      rille_tape_mark(e->tape, RILLE_MARK_EMPTY_ARRAY, "", 0);
      return;
    }
    encode_list(e, index, n, known, at);
    return;
  }
  rille_tape_open_object(e->tape);
  if (known.what == ROWS || known.what == COUNTS)
    encode_row(e, index, known, at);
  else
    encode_sorted_members(e, index, 0, known, at);
  rille_tape_close_object(e->tape);
}

static void encode_table(encoder *e, int index, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  const char *why = NULL;
  if (at->depth >= RL_WALK_DEPTH_MAX) rl_refuse_at(L, at, "VALIDATION", "tables are nested too deeply, or in a cycle");
  luaL_checkstack(L, 20, "tables are nested too deeply");
  const void *meta = NULL;
  if (lua_getmetatable(L, index)) {
    meta = lua_topointer(L, -1);
    lua_pop(L, 1);
  }
  int copying = e->copying, copied = meta ? rl_plain_table(L, e->b, index, &why) : 0;
  if (why) rl_refuse_at(L, at, "VALIDATION", why);
  if (copied) e->copying = 1; /* its strings may be collected before the text is written */
  encode_plain_table(e, copied ? lua_gettop(L) : index, meta, known, at);
  if (copied) lua_pop(L, 1);
  e->copying = copying;
}

static void encode_value(encoder *e, int index, known_type known, const rl_path *at) {
  lua_State *L = e->L;
  switch (lua_type(L, index)) {
  case LUA_TSTRING: encode_string(e, index, known, at); break;
  case LUA_TNUMBER: encode_number(e, index, known, at); break;
  case LUA_TTABLE: encode_table(e, index, known, at); break;
  case LUA_TBOOLEAN: rille_tape_bool(e->tape, lua_toboolean(L, index)); break;
  case LUA_TUSERDATA:
  case LUA_TLIGHTUSERDATA: encode_userdata(e, index, known, at); break;
  case LUA_TNIL: rille_tape_null(e->tape); break;
  default:
    lua_pushfstring(L, "expected a value, got %s", rl_type_name(L, index));
    rl_refuse_at(L, at, "VALIDATION", lua_tostring(L, -1));
  }
}

/* core.json.encode(value, pretty, big integers as strings, model), or (..., schema or scope, name of a model) */
static int encode_json(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  size_t len;
  luaL_checkany(L, 1);
  lua_settop(L, 5);
  encoder e = {.L = L, .b = b, .big_as_text = lua_toboolean(L, 3)};
  known_type known = any;
  const rl_lua_model *model = rl_lua_model_at(L, b, 4);
  if (model) {
    rl_scope_must_be_open(L, model->scope);
    e.schema = rille_client_schema(model->scope->client);
    known = (known_type){ROWS, model->model};
  } else if (!lua_isnil(L, 4)) {
    const char *name = lua_tolstring(L, 5, &len);
    if (!name)
      rl_lua_raise(L, "VALIDATION", "json.encode: model: expected a model, as in `db.user`, or the name of one, got %s",
                   rl_type_name(L, 5));
    e.schema = rl_lua_schema_at(L, 4);
    known = (known_type){ROWS, rille_schema_model(e.schema, name, len)};
    if (known.model < 0) rl_lua_raise(L, "VALIDATION", "json.encode: model: the schema has no model `%s`", name);
  }
  rl_lua_box *box = rl_lua_box_take(L);
  int box_at = lua_gettop(L);
  lua_newtable(L);
  e.models = lua_gettop(L);
  e.tape = box->tape;
  rl_path top = {NULL, NULL, 0, 0, 0};
  encode_value(&e, 1, known, &top);
  rl_lua_box_check(L, box, rille_json_write_pretty(e.tape, lua_toboolean(L, 2) ? 2 : 0, &box->text, &len, &box->err));
  lua_pushlstring(L, box->text, len);
  rl_lua_box_give(L, box_at);
  return 1;
}

void rl_encode_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"encode", encode_json}, {NULL, NULL}};
  lua_getfield(L, -1, "json");
  rl_set_functions(L, functions);
  lua_pop(L, 1);
}
