/* Input: a table from outside as data for create and update, or its faults. */
#include <string.h>

#include "form.h"

/* ------------------------------------------------------------------ the result as tables */

static void push_token(lua_State *L, rl_lua_box *box, int32_t token, const rille_value *v);

static void push_table(lua_State *L, rl_lua_box *box) {
  int32_t token = 0;
  rille_value value;
  lua_newtable(L);
  while (rille_input_next(box->input, &token, &value) == RILLE_ROW && token == RILLE_INPUT_KEY) {
    lua_pushlstring(L, value.as.p, value.len);
    if (rille_input_next(box->input, &token, &value) != RILLE_ROW) break;
    push_token(L, box, token, &value);
    lua_rawset(L, -3);
  }
}

static void push_list(lua_State *L, rl_lua_box *box) {
  int32_t token = 0;
  rille_value value;
  rl_new_list(L, 0);
  for (int i = 1; rille_input_next(box->input, &token, &value) == RILLE_ROW && token != RILLE_INPUT_CLOSE_LIST; i++) {
    push_token(L, box, token, &value);
    lua_rawseti(L, -2, i);
  }
}

static void push_json(lua_State *L, rl_lua_box *box, const rille_value *v) {
  if (!box->json) box->json = rille_json_new();
  if (!box->json) rl_lua_box_throw(L, box);
  rl_json_push(L, box->json, NULL, &box->err, v->as.p, v->len);
}

static void push_token(lua_State *L, rl_lua_box *box, int32_t token, const rille_value *v) {
  luaL_checkstack(L, 10, "tables are nested too deeply");
  if (token == RILLE_INPUT_OPEN_OBJECT)
    push_table(L, box);
  else if (token == RILLE_INPUT_OPEN_LIST)
    push_list(L, box);
  else if (v->kind == RILLE_NULL)
    rl_push_ref(L, RL_REF_NULL);
  else if (v->kind == RILLE_JSON)
    push_json(L, box, v);
  else
    rl_push_value(L, NULL, v);
}

/* ------------------------------------------------------------------ faults */

static void set_text(lua_State *L, const char *key, rille_text text) {
  lua_pushlstring(L, text.p, text.len);
  lua_setfield(L, -2, key);
}

/* Pushes { path, code, message, limit, value }, and `own`: the message is the schema's. */
static void push_fault(lua_State *L, const rille_input *input, size_t index) {
  rille_input_fault f;
  memset(&f, 0, sizeof f);
  f.struct_size = (uint32_t)sizeof f;
  rille_input_fault_get(input, index, &f);
  lua_createtable(L, 0, 6);
  set_text(L, "path", f.path);
  set_text(L, "code", f.code);
  set_text(L, "message", f.message);
  if (f.limit.len) set_text(L, "limit", f.limit);
  if (f.value.kind != RILLE_NULL) {
    rl_push_value(L, NULL, &f.value);
    lua_setfield(L, -2, "value");
  }
  if (!f.own_message) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "own");
}

static void push_faults(lua_State *L, const rille_input *input) {
  size_t count = rille_input_fault_count(input);
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    push_fault(L, input, i);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* ------------------------------------------------------------------ options */

#define OPTIONS_AT 3
#define OFFSETS_MAX 1000000

/* Returns the number of an option, or `usual`. */
static uint32_t number_option(lua_State *L, const char *name, uint32_t usual) {
  lua_getfield(L, OPTIONS_AT, name);
  double n = lua_type(L, -1) == LUA_TNUMBER ? (double)lua_tonumber(L, -1) : usual;
  lua_pop(L, 1);
  return n < 1 ? 1 : n > 1e9 ? 1000000000 : (uint32_t)n;
}

static int has_option(lua_State *L, const char *name) {
  lua_getfield(L, OPTIONS_AT, name);
  int on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Pushes the minutes of the option `offsets` as a block of memory. */
static void read_offsets(lua_State *L, rille_input_options *o) {
  lua_getfield(L, OPTIONS_AT, "offsets");
  size_t n = lua_istable(L, -1) ? rl_rawlen(L, -1) : 0;
  if (n > OFFSETS_MAX) n = OFFSETS_MAX;
  int32_t *minutes = (int32_t *)rl_new_userdata(L, (n + 1) * sizeof *minutes);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -2, (int)i + 1);
    minutes[i] = (int32_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
  o->offsets = minutes;
  o->offset_count = (uint32_t)n;
}

static rille_tape *new_tape(lua_State *L, rl_lua_box *box) {
  rille_tape *tape = rille_tape_new();
  if (!tape) rl_lua_box_throw(L, box);
  return tape;
}

/* Writes an option that lists names to a tape of the box. */
static rille_tape *read_names(lua_State *L, rl_lua_box *box, int number, const char *name, const char *what) {
  lua_getfield(L, OPTIONS_AT, name);
  if (lua_isnil(L, -1) && number > 0) {
    lua_pop(L, 1);
    return NULL;
  }
  box->options[number] = new_tape(L, box);
  rl_form_names(L, rl_binding_of(L), box->options[number], -1, what);
  return box->options[number]; /* the table stays on the stack: its strings are borrowed */
}

static void read_options(lua_State *L, rl_lua_box *box, rille_input_options *o) {
  memset(o, 0, sizeof *o);
  o->struct_size = (uint32_t)sizeof *o;
  o->mode = has_option(L, "update") ? RILLE_INPUT_UPDATE : RILLE_INPUT_CREATE;
  o->report_unknown = has_option(L, "report_unknown");
  o->max_depth = number_option(L, "depth", 8);
  o->max_items = number_option(L, "items", 1000);
  o->max_fields = number_option(L, "fields", 1000);
  lua_getfield(L, OPTIONS_AT, "zone");
  o->zone = rl_string(L, -1, "input: zone"); /* NULL: UTC, or a function */
  read_offsets(L, o);
  o->allow = read_names(L, box, 0, "allow", "input: allow");
  o->required = read_names(L, box, 1, "required", "input: required");
}

/* ------------------------------------------------------------------ the functions */

/* Pushes the date-times without an offset, as texts like 2026-07-01T12:00:00. */
static void push_locals(lua_State *L, const rille_input *input) {
  char text[RILLE_DATETIME_MAX];
  size_t count = rille_input_local_count(input);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    size_t len = rille_datetime_format(rille_input_local(input, i), text);
    lua_pushlstring(L, text, len > 19 ? 19 : len);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* Raises if the date-times without an offset are not those of the option `locals`, whose offsets were used: the form is
 * another one than when it was read first. */
static void check_locals(lua_State *L, const rille_input *input) {
  lua_getfield(L, OPTIONS_AT, "locals");
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  push_locals(L, input);
  size_t count = rl_rawlen(L, -1);
  int same = rl_rawlen(L, -2) == count;
  for (size_t i = 1; same && i <= count; i++) {
    lua_rawgeti(L, -2, (int)i);
    lua_rawgeti(L, -2, (int)i);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
  if (!same) rl_lua_raise(L, "VALIDATION", "input: form: it has changed while `zone` was called");
}

/* core.input(model, form, options): returns the data; or nil and the faults. If options.ask and there are date-times
 * without an offset: false and these. options: allow, required, update, report_unknown, zone, offsets, locals, depth,
 * items, fields. */
static int read_input(lua_State *L) {
  const rl_binding *b = rl_binding_of(L);
  rl_lua_model *m = rl_lua_model_at(L, b, 1);
  rille_input_options options;
  if (!m) rl_lua_raise(L, "VALIDATION", "input is a method: call it with a colon, as in db.user:input(form, ...)");
  rl_scope_must_be_open(L, m->scope);
  lua_settop(L, OPTIONS_AT);
  rl_lua_box *box = rl_lua_box_push(L);
  read_options(L, box, &options);
  rl_form_bounds bounds = {(int)options.max_depth, options.max_items, options.max_fields};
  box->tape = new_tape(L, box);
  rl_form_walk(L, b, box->tape, 2, &bounds);
  rl_lua_box_check(
      L, box,
      rille_input_read(rille_client_schema(m->scope->client), m->model, box->tape, &options, &box->input, &box->err));
  check_locals(L, box->input);
  if (has_option(L, "ask") && rille_input_local_count(box->input) > 0) {
    lua_pushboolean(L, 0);
    push_locals(L, box->input);
  } else if (rille_input_fault_count(box->input) > 0) {
    lua_pushnil(L);
    push_faults(L, box->input);
  } else {
    int32_t token = 0;
    rille_value value;
    (void)rille_input_next(box->input, &token, &value);
    push_table(L, box);
    lua_pushnil(L);
  }
  rl_lua_box_clear(box);
  return 2;
}

/* core.messages(owner): returns what the client of a model, or of a scope, has as `messages`, or nil. */
static int push_messages(lua_State *L) {
  const rl_binding *b = rl_binding_of(L);
  const rl_lua_model *m = rl_lua_model_at(L, b, 1);
  const rl_scope *scope = m ? m->scope : (const rl_scope *)rl_is(L, b, 1, RL_REF_SCOPE);
  if (!scope) return 0;
  lua_settop(L, 1);
  rl_get_user(L, 1);
  for (int depth = scope->depth; depth > 0; depth--) {
    lua_getfield(L, -1, "parent");
    lua_replace(L, -2);
  }
  lua_getfield(L, -1, "messages");
  return 1;
}

void rl_input_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"input", read_input}, {"messages", push_messages}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
