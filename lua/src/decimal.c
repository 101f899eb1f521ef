/* rille.decimal: exact decimals. The userdata has only the text, so reading rows costs little. Arithmetic parses it. */
#include <string.h>

#include "binding.h"

/* The text comes from the core and is well-formed. */
void rl_lua_decimal_push(lua_State *L, const char *text, size_t len) {
  rl_lua_decimal *d = (rl_lua_decimal *)rl_new_userdata(L, sizeof *d + len);
  d->len = len;
  memcpy(d->text, text, len);
  d->text[len] = 0;
  rl_push_ref(L, RL_REF_DECIMAL);
  lua_setmetatable(L, -2);
}

/* Pushes decimal `from` of the box. */
static void box_push_decimal(lua_State *L, rl_lua_box *box, int from) {
  size_t len;
  rl_lua_box_check(L, box, rille_decimal_text(box->decimal[from], -1, &box->text, &len, &box->err));
  rl_lua_decimal_push(L, box->text, len);
  rl_lua_box_clear(box);
}

/* Parses the value at index, a decimal, string or number, into decimal `to` of the box. */
static void box_load_decimal(lua_State *L, rl_lua_box *box, int index, int to) {
  rl_binding *b = rl_binding_of(L);
  const rl_lua_decimal *d = (const rl_lua_decimal *)rl_is(L, b, index, RL_REF_DECIMAL);
  rille_decimal **out = &box->decimal[to];
  if (d) {
    rl_lua_box_check(L, box, rille_decimal_parse(d->text, d->len, out, &box->err));
  } else if (lua_type(L, index) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    rl_lua_box_check(L, box, rille_decimal_parse(text, len, out, &box->err));
  } else if (lua_type(L, index) == LUA_TNUMBER) {
    int64_t i;
    if (rl_integer(L, index, &i))
      rl_lua_box_check(L, box, rille_decimal_of_int(i, out, &box->err));
    else
      rl_lua_box_check(L, box, rille_decimal_of_float((double)lua_tonumber(L, index), out, &box->err));
  } else {
    rl_lua_raise(L, "VALIDATION", "rille.decimal: expected a decimal, a string or a number, got %s",
                 rl_type_name(L, index));
  }
}

/* rille.decimal(x) */
static int decimal_new(lua_State *L) {
  lua_settop(L, 1);
  if (rl_is(L, rl_binding_of(L), 1, RL_REF_DECIMAL)) return 1;
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  box_push_decimal(L, box, 0);
  return 1;
}

static int decimal_calculate(lua_State *L, int32_t operation) {
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  box_load_decimal(L, box, 2, 1);
  rl_lua_box_check(L, box,
                   rille_decimal_calc(operation, box->decimal[0], box->decimal[1], &box->decimal[2], &box->err));
  box_push_decimal(L, box, 2);
  return 1;
}

static int decimal_add(lua_State *L) {
  return decimal_calculate(L, RILLE_DECIMAL_ADD);
}
static int decimal_sub(lua_State *L) {
  return decimal_calculate(L, RILLE_DECIMAL_SUB);
}
static int decimal_mul(lua_State *L) {
  return decimal_calculate(L, RILLE_DECIMAL_MUL);
}
static int decimal_div(lua_State *L) {
  return decimal_calculate(L, RILLE_DECIMAL_DIV);
}

static int decimal_negate(lua_State *L) {
  lua_settop(L, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_neg(box->decimal[0], &box->decimal[1], &box->err));
  box_push_decimal(L, box, 1);
  return 1;
}

static int decimal_compare(lua_State *L) {
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  box_load_decimal(L, box, 2, 1);
  int order = rille_decimal_cmp(box->decimal[0], box->decimal[1]);
  rl_lua_box_clear(box);
  return order;
}

static int decimal_equal(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  int both = rl_is(L, b, 1, RL_REF_DECIMAL) && rl_is(L, b, 2, RL_REF_DECIMAL);
  lua_pushboolean(L, both && decimal_compare(L) == 0);
  return 1;
}

static int decimal_less(lua_State *L) {
  lua_pushboolean(L, decimal_compare(L) < 0);
  return 1;
}

static int decimal_less_or_equal(lua_State *L) {
  lua_pushboolean(L, decimal_compare(L) <= 0);
  return 1;
}

static rl_lua_decimal *decimal_check(lua_State *L) {
  rl_lua_decimal *d = (rl_lua_decimal *)rl_is(L, rl_binding_of(L), 1, RL_REF_DECIMAL);
  if (!d)
    rl_lua_raise(L, "VALIDATION", "expected a rille.decimal, got %s; is the call written with a colon?",
                 rl_type_name(L, 1));
  return d;
}

static int decimal_tostring(lua_State *L) {
  const rl_lua_decimal *d = decimal_check(L);
  lua_pushlstring(L, d->text, d->len);
  return 1;
}

static int32_t check_digits(lua_State *L) {
  lua_Number n = luaL_optnumber(L, 2, 0);
  if (!(n >= 0 && n <= 10000)) rl_lua_raise(L, "VALIDATION", "digits: expected an integer from 0 to 10000, got %f", n);
  return (int32_t)n;
}

/* d:round(n): rounds half away from zero, to at most n digits after the point. */
static int decimal_round(lua_State *L) {
  decimal_check(L);
  int32_t n = check_digits(L);
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_round(box->decimal[0], n, &box->decimal[1], &box->err));
  box_push_decimal(L, box, 1);
  return 1;
}

/* d:format(n): returns a string with exactly n digits after the point; without n the same as tostring. */
static int decimal_format(lua_State *L) {
  decimal_check(L);
  int32_t n = lua_isnoneornil(L, 2) ? -1 : check_digits(L);
  size_t len;
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_text(box->decimal[0], n, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* Pushes the decimal if it is an integer of this Lua. Otherwise returns 0. */
static int push_exact_integer(lua_State *L, const rl_lua_decimal *d) {
#if LUA_VERSION_NUM >= 503
  int64_t n = 0;
  int negative = d->text[0] == '-';
  for (size_t i = negative ? 1 : 0; i < d->len; i++) {
    int64_t digit = d->text[i] - '0';
    if (digit < 0 || digit > 9 || n < (INT64_MIN + digit) / 10) return 0;
    n = n * 10 - digit;
  }
  if (!negative && n == INT64_MIN) return 0;
  lua_pushinteger(L, (lua_Integer)(negative ? n : -n));
  return 1;
#else
  (void)L, (void)d;
  return 0;
#endif
}

/* d:tonumber(): returns the nearest float of a fraction. An integer is returned exactly or is an error. */
static int decimal_tonumber(lua_State *L) {
  const rl_lua_decimal *d = decimal_check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  box_load_decimal(L, box, 1, 0);
  double f = rille_decimal_to_float(box->decimal[0]);
  int is_exact = isfinite(f), is_whole = !memchr(d->text, '.', d->len);
  if (is_exact && is_whole) {
    /* All digits of the float, not its shortest text: 2^70 is exact. */
    char digits[400];
    int len = snprintf(digits, sizeof digits, "%.0f", f);
    rl_lua_box_check(L, box, rille_decimal_parse(digits, (size_t)len, &box->decimal[1], &box->err));
    is_exact = rille_decimal_cmp(box->decimal[0], box->decimal[1]) == 0;
  }
  rl_lua_box_clear(box);
  if (!is_exact && is_whole && push_exact_integer(L, d)) return 1;
  if (!is_exact)
    rl_lua_raise(L, "P2020", "the decimal %s does not fit into a Lua number; tostring returns all digits", d->text);
  lua_pushnumber(L, (lua_Number)f);
  return 1;
}

/* "$" .. d, d .. " EUR" */
static int decimal_concat(lua_State *L) {
  lua_settop(L, 2);
  for (int i = 1; i <= 2; i++) {
    const rl_lua_decimal *d = (const rl_lua_decimal *)rl_is(L, rl_binding_of(L), i, RL_REF_DECIMAL);
    if (d) {
      lua_pushlstring(L, d->text, d->len);
      lua_replace(L, i);
    } else if (!lua_isstring(L, i)) {
      rl_lua_raise(L, "VALIDATION", "rille.decimal: expected a string or a number to concatenate with, got %s",
                   rl_type_name(L, i));
    }
  }
  lua_concat(L, 2);
  return 1;
}

void rl_lua_decimal_setup(lua_State *L) {
  static const luaL_Reg meta[] = {{"__add", decimal_add},
                                  {"__sub", decimal_sub},
                                  {"__mul", decimal_mul},
                                  {"__div", decimal_div},
                                  {"__unm", decimal_negate},
                                  {"__eq", decimal_equal},
                                  {"__lt", decimal_less},
                                  {"__le", decimal_less_or_equal},
                                  {"__tostring", decimal_tostring},
                                  {"__concat", decimal_concat},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"round", decimal_round},
                                     {"format", decimal_format},
                                     {"tonumber", decimal_tonumber},
                                     {"tostring", decimal_tostring},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"decimal", decimal_new}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_DECIMAL);
  rl_set_functions(L, meta);
  lua_newtable(L);
  rl_set_functions(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "rille.Decimal");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
