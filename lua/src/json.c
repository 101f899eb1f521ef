/* JSON text to Lua values: Json columns, and rille.json.decode. Arrays get the metatable of rille.array, null is
 * rille.null. */
#include <string.h>

#include "binding.h"

#define DEPTH_MAX 1000

/* A short number like 1e20000 may be a decimal with thousands of digits. All decimals of a text may have this many
 * digits more than the text has bytes. */
#define EXTRA_DIGITS_MAX 1000000

typedef struct reader {
  lua_State *L;
  rille_json *json;
  rl_lua_op *op;
  rille_error **err;
  int depth;
  int decoded;   /* the tables are marked as decoded: the text comes from outside */
  size_t digits; /* how many decimals may still have */
} reader;

typedef struct token {
  int32_t kind;
  const char *p;
  size_t len;
} token;

static void json_raise(reader *r) RL_NORETURN;
static void json_raise(reader *r) {
  rl_push_error(r->L, *r->err);
  rille_error_free(*r->err);
  *r->err = NULL;
  if (r->op) rl_lua_op_stop(r->op); /* releases its connection now, not when it is collected */
  lua_error(r->L);
  for (;;) {}
}

/* Reads the next token. Returns 0 at the end of the text. */
static int json_next_token(reader *r, token *t) {
  rille_status status = rille_json_next(r->json, &t->kind, &t->p, &t->len, r->err);
  if (status < 0) json_raise(r);
  return status == RILLE_ROW;
}

/* Pushes a number of many digits: as a float if its shortest text is the same number, otherwise as a decimal. */
static void json_push_long_number(reader *r, const token *t) {
  lua_State *L = r->L;
  size_t len;
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status status = rille_decimal_parse(t->p, t->len, &box->decimal[0], &box->err);
  if (status < 0 && r->op) rl_lua_op_stop(r->op);
  rl_lua_box_check(L, box, status);
  double f = rille_decimal_to_float(box->decimal[0]);
  int same = isfinite(f) && rille_decimal_of_float(f, &box->decimal[1], NULL) >= 0 &&
             rille_decimal_cmp(box->decimal[0], box->decimal[1]) == 0;
  if (same) {
    lua_pushnumber(L, (lua_Number)f);
  } else {
    rl_lua_box_check(L, box, rille_decimal_text(box->decimal[0], -1, &box->text, &len, &box->err));
    if (len > r->digits && r->op) rl_lua_op_stop(r->op);
    if (len > r->digits)
      rl_lua_raise(L, "VALIDATION", "the numbers of the JSON text have too many digits when written out");
    r->digits -= len;
    rl_lua_decimal_push(L, box->text, len);
  }
  rl_lua_box_clear(box);
  lua_remove(L, -2);
}

static void json_push_number(reader *r, const token *t) {
  int64_t i = 0;
  double f = 0;
  rille_value_kind kind = rille_json_number(t->p, t->len, &i, &f);
#if LUA_VERSION_NUM < 503
  if (kind == RILLE_INT && (i > (int64_t)RL_EXACT_DOUBLE || i < -(int64_t)RL_EXACT_DOUBLE)) kind = RILLE_DECIMAL;
#endif
  if (kind == RILLE_INT)
    rl_push_integer(r->L, i);
  else if (kind == RILLE_FLOAT)
    lua_pushnumber(r->L, (lua_Number)f);
  else
    json_push_long_number(r, t);
}

static void json_push_token(reader *r, const token *t);

static void json_set_metatable(reader *r, int ref) {
  rl_push_ref(r->L, ref);
  lua_setmetatable(r->L, -2);
}

static void json_push_object(reader *r) {
  token t;
  lua_newtable(r->L);
  if (r->decoded) json_set_metatable(r, RL_REF_DECODED_JSON_OBJECT);
  while (json_next_token(r, &t) && t.kind != RILLE_JSON_CLOSE_OBJECT) {
    lua_pushlstring(r->L, t.p, t.len);
    if (!json_next_token(r, &t)) break;
    json_push_token(r, &t);
    lua_rawset(r->L, -3);
  }
}

static void json_push_array(reader *r) {
  token t;
  int n = 0;
  lua_newtable(r->L);
  json_set_metatable(r, r->decoded ? RL_REF_DECODED_JSON_ARRAY : RL_REF_ARRAY);
  while (json_next_token(r, &t) && t.kind != RILLE_JSON_CLOSE_ARRAY) {
    json_push_token(r, &t);
    lua_rawseti(r->L, -2, ++n);
  }
}

static void json_push_token(reader *r, const token *t) {
  lua_State *L = r->L;
  luaL_checkstack(L, 8, "JSON is nested too deeply");
  switch (t->kind) {
  case RILLE_JSON_TRUE:
  case RILLE_JSON_FALSE: lua_pushboolean(L, t->kind == RILLE_JSON_TRUE); break;
  case RILLE_JSON_NUMBER: json_push_number(r, t); break;
  case RILLE_JSON_TEXT: lua_pushlstring(L, t->p, t->len); break;
  case RILLE_JSON_OPEN_OBJECT:
  case RILLE_JSON_OPEN_ARRAY:
    if (++r->depth > DEPTH_MAX) {
      if (r->op) rl_lua_op_stop(r->op);
      rl_lua_raise(L, "VALIDATION", "JSON is nested more than %d levels deep", DEPTH_MAX);
    }
    if (t->kind == RILLE_JSON_OPEN_OBJECT)
      json_push_object(r);
    else
      json_push_array(r);
    r->depth--;
    break;
  default: rl_push_ref(L, RL_REF_NULL); break;
  }
}

static void push_json(reader *r, const char *text, size_t len) {
  token t;
  rille_json_read(r->json, text, len);
  if (!json_next_token(r, &t)) {
    rl_push_ref(r->L, RL_REF_NULL);
    return;
  }
  json_push_token(r, &t);
  json_next_token(r, &t); /* anything after the value is an error */
}

void rl_json_push(lua_State *L, rille_json *json, rl_lua_op *op, rille_error **err, const char *text, size_t len) {
  reader r = {L, json, op, err, 0, 0, len + EXTRA_DIGITS_MAX};
  push_json(&r, text, len);
}

/* rille.json.decode(text). Building tables may run a finalizer that decodes as well, so the reader leaves the binding
 * meanwhile. */
static int json_decode(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  rl_lua_box *box = rl_lua_box_push(L);
  box->json = b->json ? b->json : rille_json_new();
  b->json = NULL;
  if (!box->json) rl_lua_box_throw(L, box);
  reader r = {L, box->json, NULL, &box->err, 0, 1, len + EXTRA_DIGITS_MAX};
  push_json(&r, text, len);
  if (!b->json) {
    b->json = box->json;
    box->json = NULL;
  }
  return 1;
}

void rl_json_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", json_decode}, {NULL, NULL}};
  lua_newtable(L);
  rl_set_functions(L, functions);
  lua_setfield(L, -2, "json");
  rl_encode_setup(L);
}
