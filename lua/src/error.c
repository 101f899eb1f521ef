/* Errors of the core as tables with code, message, kind and meta; the box for resources of the core. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#define MESSAGE_MAX 8000 /* bytes */

static const char *error_kind_name(rille_kind kind) {
  static const char *const names[] = {"internal",  "connection",  "validation", "constraint",
                                      "not_found", "transaction", "timeout",    "migration"};
  return kind >= 0 && kind < (rille_kind)(sizeof names / sizeof *names) ? names[kind] : names[0];
}

static void set_text(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

/* Returns whether it is the line or column of an error in a schema. In other errors "column" is a name. */
static int is_number_detail(const rille_error *e, const char *key) {
  return strcmp(rille_error_code(e), "P1012") == 0 && (strcmp(key, "line") == 0 || strcmp(key, "column") == 0);
}

static void error_push_meta(lua_State *L, const rille_error *e) {
  size_t count = rille_error_detail_count(e);
  lua_createtable(L, 0, (int)count);
  for (size_t i = 0; i < count; i++) {
    if (rille_error_detail_is_list(e, i)) {
      size_t values = rille_error_detail_value_count(e, i);
      rl_new_list(L, (int)values);
      for (size_t v = 0; v < values; v++) {
        lua_pushstring(L, rille_error_detail_value(e, i, v));
        lua_rawseti(L, -2, (int)v + 1);
      }
    } else if (is_number_detail(e, rille_error_detail_key(e, i))) {
      lua_pushinteger(L, (lua_Integer)strtol(rille_error_detail_value(e, i, 0), NULL, 10));
    } else {
      lua_pushstring(L, rille_error_detail_value(e, i, 0));
    }
    lua_setfield(L, -2, rille_error_detail_key(e, i));
  }
}

/* Returns the length of the well-formed UTF-8 character at p, or 0. */
static size_t utf8_length(const unsigned char *p, size_t left) {
  static const unsigned long lowest[] = {0, 0x80, 0x800, 0x10000};
  size_t more = p[0] < 0x80 ? 0u : p[0] < 0xE0 ? 1u : p[0] < 0xF0 ? 2u : 3u;
  if ((p[0] >= 0x80 && p[0] < 0xC2) || p[0] > 0xF4 || left <= more) return 0;
  unsigned long code = more ? p[0] & (0x3Fu >> more) : p[0];
  for (size_t i = 1; i <= more; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0;
    code = code << 6 | (p[i] & 0x3Fu);
  }
  return code < lowest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : more + 1;
}

/* Pushes the text with `?` for invalid UTF-8; what is longer than `longest` is cut. */
static void push_readable_text(lua_State *L, const char *text, size_t len, size_t longest) {
  const unsigned char *p = (const unsigned char *)text;
  size_t most = len > longest ? longest : len, good = 0;
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (size_t at = 0; at < most;) {
    size_t letter = utf8_length(p + at, len - at);
    if (letter == 0) {
      luaL_addlstring(&out, text + good, at - good);
      luaL_addchar(&out, '?');
      good = at + 1;
    }
    at += letter ? letter : 1;
    if (at >= most) most = at;
  }
  luaL_addlstring(&out, text + good, most - good);
  if (most < len) luaL_addstring(&out, "...");
  luaL_pushresult(&out);
}

static void push_message_text(lua_State *L, const char *text, size_t len) {
  push_readable_text(L, text, len, MESSAGE_MAX);
}

/* core.readable(text): returns the text, with `?` for invalid UTF-8. */
static int core_readable(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  push_readable_text(L, text, len, len);
  return 1;
}

/* core.message(text): returns the text as a message: readable, and cut if it is longer than MESSAGE_MAX. */
static int core_message(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  push_message_text(L, text, len);
  return 1;
}

static void error_push_table(lua_State *L, const char *code, const char *message, const char *kind) {
  lua_createtable(L, 0, 8);
  set_text(L, "code", code);
  push_message_text(L, message, strlen(message));
  lua_setfield(L, -2, "message");
  set_text(L, "kind", kind);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "retryable");
  rl_push_ref(L, RL_REF_ERROR);
  lua_setmetatable(L, -2);
}

static void error_set_place(lua_State *L) {
  if (rl_push_place(L)) lua_setfield(L, -2, "place");
}

void rl_push_error(lua_State *L, const rille_error *e) {
  rl_check_stack(L, 16);
  if (!e) {
    error_push_table(L, "INTERNAL", "out of memory", "internal");
    lua_newtable(L);
    lua_setfield(L, -2, "meta");
    return;
  }
  error_push_table(L, rille_error_code(e), rille_error_message(e), error_kind_name(rille_error_kind(e)));
  error_set_place(L);
  lua_pushboolean(L, rille_error_retryable(e));
  lua_setfield(L, -2, "retryable");
  const char *sqlstate = rille_error_sqlstate(e);
  if (sqlstate && *sqlstate) set_text(L, "sqlstate", sqlstate);
  error_push_meta(L, e);
  lua_setfield(L, -2, "meta");
}

int rl_lua_raise(lua_State *L, const char *code, const char *format, ...) {
  va_list list;
  rl_check_stack(L, 16);
  va_start(list, format);
  const char *message = lua_pushvfstring(L, format, list);
  va_end(list);
  error_push_table(L, code, message, strcmp(code, "P2028") == 0 ? "transaction" : "validation");
  error_set_place(L);
  lua_newtable(L);
  lua_setfield(L, -2, "meta");
  lua_error(L);
  for (;;) {} /* lua_error does not return, but does not say so */
}

const char *rl_type_name(lua_State *L, int index) {
  int64_t i;
  switch (lua_type(L, index)) {
  case LUA_TNONE:
  case LUA_TNIL: return "nil";
  case LUA_TNUMBER: return rl_integer(L, index, &i) ? "an integer" : "a number";
  case LUA_TSTRING: return "a string";
  case LUA_TBOOLEAN: return "a boolean";
  case LUA_TTABLE: return "a table";
  case LUA_TFUNCTION: return "a function";
  case LUA_TTHREAD: return "a thread";
  default: return "a userdata";
  }
}

const char *rl_string(lua_State *L, int index, const char *what) {
  size_t len;
  const char *text = lua_tolstring(L, index, &len);
  if (text && memchr(text, 0, len)) rl_lua_raise(L, "VALIDATION", "%s: cannot contain a zero byte", what);
  return text;
}

const char *rl_string_arg(lua_State *L, int arg, const char *what) {
  luaL_checkstring(L, arg);
  return rl_string(L, arg, what);
}

static int error_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "code");
  lua_getfield(L, 1, "message");
  const char *code = lua_tostring(L, -2);
  const char *message = lua_tostring(L, -1);
  lua_getfield(L, 1, "place");
  const char *place = lua_tostring(L, -1);
  lua_pushfstring(L, place ? "%s: %s (%s)" : "%s: %s", code ? code : "error", message ? message : "", place);
  return 1;
}

rl_lua_box *rl_lua_box_push(lua_State *L) {
  rl_lua_box *box = (rl_lua_box *)rl_new_userdata(L, sizeof *box);
  memset(box, 0, sizeof *box);
  rl_push_ref(L, RL_REF_BOX);
  lua_setmetatable(L, -2);
  return box;
}

void rl_lua_box_clear(rl_lua_box *box) {
  rille_error_free(box->err);
  rille_free(box->text);
  for (size_t i = 0; i < sizeof box->decimal / sizeof *box->decimal; i++) rille_decimal_free(box->decimal[i]);
  rille_diagnostics_free(box->diagnostics);
  rille_json_free(box->json);
  rille_diff_free(box->diff);
  rille_faults_free(box->faults);
  rille_client_event_free(box->event);
  rille_tape_free(box->tape);
  rille_sql_reader_free(box->reader);
  rille_input_free(box->input);
  for (size_t i = 0; i < 2; i++) rille_tape_free(box->options[i]);
  memset(box, 0, sizeof *box);
}

int rl_lua_box_push_text(lua_State *L, rl_lua_box *box, size_t len) {
  lua_pushlstring(L, box->text, len);
  rl_lua_box_clear(box);
  return 1;
}

int rl_lua_box_throw(lua_State *L, rl_lua_box *box) {
  rl_push_error(L, box->err);
  rl_lua_box_clear(box);
  lua_error(L);
  for (;;) {}
}

rl_lua_box *rl_lua_box_take(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_box *box = b->box;
  b->box = NULL; /* a metamethod or a finalizer may take one meanwhile */
  if (box)
    rl_push_ref(L, RL_REF_BOX_KEPT);
  else
    box = rl_lua_box_push(L);
  if (!box->tape) box->tape = rille_tape_new();
  if (!box->tape) rl_lua_box_throw(L, box);
  rille_tape_reset(box->tape);
  return box;
}

void rl_lua_box_give(lua_State *L, int index) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_box *box = (rl_lua_box *)lua_touserdata(L, index);
  rille_tape *tape = box->tape;
  box->tape = NULL;
  rl_lua_box_clear(box);
  box->tape = tape;
  lua_pushvalue(L, index);
  lua_rawseti(L, RL_REFS, RL_REF_BOX_KEPT);
  b->box = box;
}

static int box_gc(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_box *box = (rl_lua_box *)lua_touserdata(L, 1);
  if (b->box == box) b->box = NULL;
  rl_lua_box_clear(box);
  return 0;
}

void rl_error_setup(lua_State *L) {
  static const luaL_Reg error_functions[] = {{"__tostring", error_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"message", core_message}, {"readable", core_readable}, {NULL, NULL}};
  static const luaL_Reg box_functions[] = {{"__gc", box_gc}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_ERROR);
  rl_set_functions(L, error_functions);
  set_text(L, "__name", "rille.Error");
  lua_setfield(L, -2, "error_metatable");
  rl_push_ref(L, RL_REF_BOX);
  rl_set_functions(L, box_functions);
  lua_pop(L, 1);
}
