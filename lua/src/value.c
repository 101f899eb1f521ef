/* Values: sentinels, field references, arrays and objects, date-times; cells that are neither string nor integer. */
#include <string.h>
#include <time.h>

#include "binding.h"

static void push_datetime(lua_State *L, int64_t microseconds) {
  char text[RILLE_DATETIME_MAX];
  size_t len = rille_datetime_format(microseconds, text);
  lua_pushlstring(L, text, len);
}

static void push_int(lua_State *L, int64_t i) {
#if LUA_VERSION_NUM < 503
  if (i > (int64_t)RL_EXACT_DOUBLE || i < -(int64_t)RL_EXACT_DOUBLE) {
    char text[32];
    int len = snprintf(text, sizeof text, "%lld", (long long)i);
    rl_lua_decimal_push(L, text, (size_t)len);
    return;
  }
#endif
  rl_push_integer(L, i);
}

static void push_list_value(lua_State *L, rl_lua_op *op, const rille_value *v) {
  rl_check_stack(L, 6);
  rl_new_list(L, (int)v->len);
  for (uint32_t i = 0; i < v->len; i++) {
    if (v->as.list[i].kind == RILLE_NULL) /* nil would end the list */
      rl_push_ref(L, RL_REF_NULL);
    else
      rl_push_value(L, op, &v->as.list[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static void push_json_value(lua_State *L, rl_lua_op *op, const rille_value *v) {
  if (!op->json) op->json = rille_json_new();
  if (!op->json) {
    rl_push_error(L, NULL);
    rl_lua_op_stop(op);
    lua_error(L);
  }
  rl_json_push(L, op->json, op, &op->err, v->as.p, v->len);
}

void rl_push_value(lua_State *L, rl_lua_op *op, const rille_value *v) {
  switch (v->kind) {
  case RILLE_NULL:
    if (op->keep_nulls)
      rl_push_ref(L, RL_REF_NULL);
    else
      lua_pushnil(L);
    break;
  case RILLE_BOOL: lua_pushboolean(L, v->as.i != 0); break;
  case RILLE_INT: push_int(L, v->as.i); break;
  case RILLE_FLOAT: lua_pushnumber(L, (lua_Number)v->as.f); break;
  case RILLE_DECIMAL: rl_lua_decimal_push(L, v->as.p, v->len); break;
  case RILLE_DATETIME: push_datetime(L, v->as.i); break;
  case RILLE_JSON: push_json_value(L, op, v); break;
  case RILLE_LIST: push_list_value(L, op, v); break;
  default: lua_pushlstring(L, v->as.p, v->len); break; /* text, bytes, and kinds of later versions */
  }
}

static int sentinel_tostring(lua_State *L) {
  static const char *const names[] = {"rille.null", "rille.json_null", "rille.db_null", "rille.any_null", "rille.all"};
  const int *ref = (const int *)rl_is(L, rl_binding_of(L), 1, RL_REF_SENTINEL);
  lua_pushstring(L, ref ? names[*ref - RL_REF_NULL] : "rille.?");
  return 1;
}

/* rille.field("Model", "field") */
static int field_new(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  lua_pushliteral(L, ".");
  lua_insert(L, 2);
  lua_concat(L, 3);
  size_t len;
  const char *text = lua_tolstring(L, 1, &len);
  rl_lua_field *f = (rl_lua_field *)rl_new_userdata(L, sizeof *f + len);
  f->len = len;
  memcpy(f->text, text, len + 1);
  rl_push_ref(L, RL_REF_FIELD);
  lua_setmetatable(L, -2);
  return 1;
}

static int field_tostring(lua_State *L) {
  const rl_lua_field *f = (const rl_lua_field *)rl_is(L, rl_binding_of(L), 1, RL_REF_FIELD);
  lua_pushfstring(L, "rille.field(%s)", f ? f->text : "?");
  return 1;
}

static int set_list_metatable(lua_State *L, int ref) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  rl_push_ref(L, ref);
  lua_setmetatable(L, 1);
  return 1;
}

static int array_new(lua_State *L) {
  return set_list_metatable(L, RL_REF_ARRAY);
}
static int object_new(lua_State *L) {
  return set_list_metatable(L, RL_REF_OBJECT);
}

static int form_array_new(lua_State *L) {
  return set_list_metatable(L, RL_REF_DECODED_FORM_ARRAY);
}
static int form_object_new(lua_State *L) {
  return set_list_metatable(L, RL_REF_DECODED_FORM_OBJECT);
}

/* core.decoded(table): returns "array" or "object" if it was decoded from JSON or a form, otherwise nil. */
static int push_decoded(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_getmetatable(L, 1)) return 0;
  rl_own_table own = rl_own_table_of(rl_binding_of(L), lua_topointer(L, -1));
  if (!own.decoded) return 0;
  lua_pushstring(L, own.is_array ? "array" : "object");
  return 1;
}

/* rille.time(iso): returns seconds since 1970, an integer if possible. */
static int push_seconds(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  int64_t microseconds;
  if (!rille_datetime_parse(text, len, &microseconds))
    rl_lua_raise(L, "VALIDATION",
                 "rille.time: expected an ISO 8601 date or date-time, as in 2026-11-22T12:00:00Z, got \"%s\"", text);
  if (microseconds % 1000000 == 0)
    rl_push_integer(L, microseconds / 1000000);
  else
    lua_pushnumber(L, (lua_Number)microseconds / 1e6);
  return 1;
}

/* core.clock(seconds): returns the date-time that was `seconds` ago, in milliseconds like columns. */
static int push_clock(lua_State *L) {
  double back = luaL_optnumber(L, 1, 0) * 1e6;
  if (!(back > -4e18 && back < 4e18))
    rl_lua_raise(L, "VALIDATION", "expected seconds within the range of date-times, got %f", back / 1e6);
  int64_t now = rille_datetime_now() - (int64_t)back;
  push_datetime(L, now - ((now % 1000) + 1000) % 1000);
  return 1;
}

/* Sets what distinguishes arrays from objects for dkjson. */
static void name_json_type(lua_State *L, int ref, const char *type) {
  rl_push_ref(L, ref);
  lua_pushstring(L, type);
  lua_setfield(L, -2, "__jsontype");
  lua_pop(L, 1);
}

static void name_metatable(lua_State *L, int ref, const char *name, const luaL_Reg *functions) {
  rl_push_ref(L, ref);
  if (functions) rl_set_functions(L, functions);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}

void rl_value_setup(lua_State *L) {
  static const luaL_Reg sentinel_functions[] = {{"__tostring", sentinel_tostring}, {NULL, NULL}};
  static const luaL_Reg field_functions[] = {{"__tostring", field_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"field", field_new},
                                       {"array", array_new},
                                       {"object", object_new},
                                       {"form_array", form_array_new},
                                       {"form_object", form_object_new},
                                       {"decoded", push_decoded},
                                       {"time", push_seconds},
                                       {"clock", push_clock},
                                       {NULL, NULL}};
  static const char *const names[] = {"null", "json_null", "db_null", "any_null", "all"};
  name_metatable(L, RL_REF_SENTINEL, "rille.Sentinel", sentinel_functions);
  name_metatable(L, RL_REF_FIELD, "rille.Field", field_functions);
  for (int ref = RL_REF_ARRAY; ref <= RL_REF_DECODED_FORM_OBJECT; ref++) {
    int is_array = (ref - RL_REF_ARRAY) % 2 == 0;
    name_metatable(L, ref, is_array ? "rille.Array" : "rille.Object", NULL);
    name_json_type(L, ref, is_array ? "array" : "object");
  }
  for (int ref = RL_REF_NULL; ref <= RL_REF_ALL; ref++) {
    rl_push_ref(L, ref);
    lua_setfield(L, -2, names[ref - RL_REF_NULL]);
  }
  rl_set_functions(L, functions);
}
