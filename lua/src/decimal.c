/* rille.decimal: exact decimals. The userdata holds the text alone, so that reading a row of them costs little;
 * arithmetic parses it. */
#include <string.h>

#include "binding.h"

/* The text is the core's own, hence well-formed. */
void rl_lua_decimal_push(lua_State *L, const char *text, size_t len) {
  rl_lua_decimal *d = (rl_lua_decimal *)rl_new_userdata(L, sizeof *d + len);
  d->len = len;
  memcpy(d->text, text, len);
  d->text[len] = 0;
  rl_push_ref(L, RL_REF_DECIMAL);
  lua_setmetatable(L, -2);
}

/* What the box holds in place `from` becomes a decimal of Lua. */
static void push_result(lua_State *L, rl_lua_box *box, int from) {
  size_t len;
  rl_lua_box_check(L, box, rille_decimal_text(box->decimal[from], -1, &box->text, &len, &box->err));
  rl_lua_decimal_push(L, box->text, len);
  rl_lua_box_clear(box);
}

/* Parses the value at index into place `to` of the box: a decimal, a string, a number. */
static void load(lua_State *L, rl_lua_box *box, int index, int to) {
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
    rl_lua_raise(L, "VALIDATION", "a %s is not a number: a decimal, a string or a number is wanted",
                 luaL_typename(L, index));
  }
}

/* rille.decimal(x) */
static int make(lua_State *L) {
  lua_settop(L, 1);
  if (rl_is(L, rl_binding_of(L), 1, RL_REF_DECIMAL)) return 1;
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  push_result(L, box, 0);
  return 1;
}

static int calculate(lua_State *L, int32_t operation) {
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  load(L, box, 2, 1);
  rl_lua_box_check(L, box,
                   rille_decimal_calc(operation, box->decimal[0], box->decimal[1], &box->decimal[2], &box->err));
  push_result(L, box, 2);
  return 1;
}

static int add(lua_State *L) {
  return calculate(L, RILLE_DECIMAL_ADD);
}
static int sub(lua_State *L) {
  return calculate(L, RILLE_DECIMAL_SUB);
}
static int mul(lua_State *L) {
  return calculate(L, RILLE_DECIMAL_MUL);
}
static int divide(lua_State *L) {
  return calculate(L, RILLE_DECIMAL_DIV);
}

static int negate(lua_State *L) {
  lua_settop(L, 1);
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_neg(box->decimal[0], &box->decimal[1], &box->err));
  push_result(L, box, 1);
  return 1;
}

static int compare(lua_State *L) {
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  load(L, box, 2, 1);
  int order = rille_decimal_cmp(box->decimal[0], box->decimal[1]);
  rl_lua_box_clear(box);
  return order;
}

static int equal(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  int both = rl_is(L, b, 1, RL_REF_DECIMAL) && rl_is(L, b, 2, RL_REF_DECIMAL);
  lua_pushboolean(L, both && compare(L) == 0);
  return 1;
}

static int less(lua_State *L) {
  lua_pushboolean(L, compare(L) < 0);
  return 1;
}

static int less_or_equal(lua_State *L) {
  lua_pushboolean(L, compare(L) <= 0);
  return 1;
}

static rl_lua_decimal *check(lua_State *L) {
  rl_lua_decimal *d = (rl_lua_decimal *)rl_is(L, rl_binding_of(L), 1, RL_REF_DECIMAL);
  if (!d) rl_lua_raise(L, "VALIDATION", "a rille.decimal is wanted; is the call written with a colon?");
  return d;
}

static int to_text(lua_State *L) {
  const rl_lua_decimal *d = check(L);
  lua_pushlstring(L, d->text, d->len);
  return 1;
}

static int32_t digits(lua_State *L) {
  lua_Number n = luaL_optnumber(L, 2, 0);
  if (!(n >= 0 && n <= 10000)) rl_lua_raise(L, "VALIDATION", "digits after the point: 0 to 10000");
  return (int32_t)n;
}

/* d:round(n): half away from zero, n digits after the point at most. */
static int to_rounded(lua_State *L) {
  check(L);
  int32_t n = digits(L);
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_round(box->decimal[0], n, &box->decimal[1], &box->err));
  push_result(L, box, 1);
  return 1;
}

/* d:format(n): text with exactly n digits after the point; without n as tostring. */
static int to_format(lua_State *L) {
  check(L);
  int32_t n = lua_isnoneornil(L, 2) ? -1 : digits(L);
  size_t len;
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  rl_lua_box_check(L, box, rille_decimal_text(box->decimal[0], n, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* The number itself when it has no digits but those of an integer; integers of the Lua that has some. */
static int push_whole(lua_State *L, const rl_lua_decimal *d) {
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

/* d:tonumber(): the nearest float of a fraction. A whole number is another one when digits are lost, so it stays exact
 * or is refused. */
static int to_number(lua_State *L) {
  const rl_lua_decimal *d = check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  load(L, box, 1, 0);
  double f = rille_decimal_to_float(box->decimal[0]);
  int is_exact = isfinite(f), is_whole = !memchr(d->text, '.', d->len);
  if (is_exact && is_whole) {
    /* Not the shortest text of the float but the float itself is compared: 2^70 is exact. */
    char digits[400];
    int len = snprintf(digits, sizeof digits, "%.0f", f);
    rl_lua_box_check(L, box, rille_decimal_parse(digits, (size_t)len, &box->decimal[1], &box->err));
    is_exact = rille_decimal_cmp(box->decimal[0], box->decimal[1]) == 0;
  }
  rl_lua_box_clear(box);
  if (!is_exact && is_whole && push_whole(L, d)) return 1;
  if (!is_exact)
    rl_lua_raise(L, "P2020", "the decimal %s does not fit a number of Lua; tostring gives all its digits", d->text);
  lua_pushnumber(L, (lua_Number)f);
  return 1;
}

/* "$" .. d, d .. " EUR" */
static int concat(lua_State *L) {
  lua_settop(L, 2);
  for (int i = 1; i <= 2; i++) {
    const rl_lua_decimal *d = (const rl_lua_decimal *)rl_is(L, rl_binding_of(L), i, RL_REF_DECIMAL);
    if (d) {
      lua_pushlstring(L, d->text, d->len);
      lua_replace(L, i);
    } else if (!lua_isstring(L, i)) {
      rl_lua_raise(L, "VALIDATION", "a decimal is concatenated with strings and numbers, not with a %s",
                   luaL_typename(L, i));
    }
  }
  lua_concat(L, 2);
  return 1;
}

void rl_lua_decimal_setup(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__add", add},          {"__sub", sub},       {"__mul", mul}, {"__div", divide},
      {"__unm", negate},       {"__eq", equal},      {"__lt", less}, {"__le", less_or_equal},
      {"__tostring", to_text}, {"__concat", concat}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"round", to_rounded}, {"format", to_format}, {"tonumber", to_number}, {"tostring", to_text}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"decimal", make}, {NULL, NULL}};
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
