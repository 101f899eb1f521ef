/* Native types: what their columns can hold, so that a value which the database would refuse is a fault before. */
#include <arpa/inet.h>
#include <float.h>
#include <math.h>

#include "input/form_cast.h"
#include "schema/rules.h"
#include "tape/decimal.h"

/* ------------------------------------------------------------------ texts */

static size_t characters(const rl_value *v) {
  size_t n = 0;
  for (uint32_t i = 0; i < v->len; i++) n += ((unsigned char)v->as.p[i] & 0xC0) != 0x80;
  return n;
}

static int32_t first_argument(const rl_type *t, int32_t otherwise) {
  return t->arg_count ? t->args[0] : otherwise;
}

static rille_status refuse_number(rl_cast *c, const char *code, int32_t limit) {
  char *text = rl_arena_printf(c->arena, "%d", (int)limit);
  return text ? rl_cast_refuse_limit(c, code, rl_str_of(text)) : rl_fail_nomem(c->err);
}

static rille_status check_bits(rl_cast *c, int32_t limit, bool exact) {
  const rl_value *v = &c->value;
  for (uint32_t i = 0; i < v->len; i++)
    if (v->as.p[i] != '0' && v->as.p[i] != '1') return rl_cast_refuse(c, "bad_format");
  if (limit > 0 && v->len > (uint32_t)limit) return refuse_number(c, "too_long", limit);
  return exact && v->len < (uint32_t)limit ? refuse_number(c, "too_short", limit) : RILLE_OK;
}

/* An IPv4 or IPv6 address, with or without the bits of its network. */
static bool is_address(rl_str s) {
  char text[64];
  unsigned char address[16];
  const char *slash = s.len && s.len < sizeof text ? memchr(s.p, '/', s.len) : NULL;
  size_t len = slash ? (size_t)(slash - s.p) : s.len;
  if (len >= sizeof text) return false;
  memcpy(text, s.p, len);
  text[len] = 0;
  bool v4 = inet_pton(AF_INET, text, address) == 1;
  if (!v4 && inet_pton(AF_INET6, text, address) != 1) return false;
  if (!slash) return true;
  size_t digits = s.len - len - 1;
  int bits = 0;
  if (digits == 0 || digits > 3) return false;
  for (size_t i = len + 1; i < s.len; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return false;
    bits = bits * 10 + (s.p[i] - '0');
  }
  return bits <= (v4 ? 32 : 128);
}

static rille_status check_text(rl_cast *c) {
  const rl_type *t = &c->field->type;
  int32_t limit = 0;
  switch (t->native) {
  case RL_NATIVE_VARCHAR: limit = first_argument(t, 0); break;
  case RL_NATIVE_CHAR: limit = first_argument(t, 1); break;
  case RL_NATIVE_BIT: return check_bits(c, first_argument(t, 1), true);
  case RL_NATIVE_VARBIT: return check_bits(c, first_argument(t, 0), false);
  case RL_NATIVE_INET:
    return is_address(rl_str_make(c->value.as.p, c->value.len)) ? RILLE_OK : rl_cast_refuse(c, "bad_format");
  default: return RILLE_OK;
  }
  if (limit == 0 || c->value.len <= (uint32_t)limit || characters(&c->value) <= (size_t)limit) return RILLE_OK;
  return refuse_number(c, "too_long", limit);
}

/* ------------------------------------------------------------------ numbers */

static rille_status check_real(rl_cast *c) {
  double f = fabs(c->value.as.f);
  float near = (float)c->value.as.f;
  return (f > 0 && f < (double)FLT_MIN) || !isfinite(near) ? rl_cast_refuse(c, "out_of_range") : RILLE_OK;
}

static rille_status check_money(rl_cast *c, rl_str text) {
  static const rl_str low = {"-92233720368547758.08", 21}, high = {"92233720368547758.07", 20};
  if (rl_decimal_text_cmp(text, low) < 0) return rl_cast_refuse_limit(c, "too_small", low);
  return rl_decimal_text_cmp(text, high) > 0 ? rl_cast_refuse_limit(c, "too_large", high) : RILLE_OK;
}

#define DIGITS_MAX 1000      /* of a number in a form */
#define LIMIT_DIGITS_MAX 100 /* of a limit in a message */

/* The limit is the largest number with so many digits: "999.99". */
static rille_status refuse_digits(rl_cast *c, bool negative, int32_t whole, int32_t fraction) {
  rl_buf text;
  if (whole + fraction > LIMIT_DIGITS_MAX) return rl_cast_refuse(c, "out_of_range");
  rl_buf_init(&text);
  if (negative) rl_buf_byte(&text, '-');
  if (whole == 0) rl_buf_byte(&text, '0');
  for (int32_t i = 0; i < whole; i++) rl_buf_byte(&text, '9');
  if (fraction) rl_buf_byte(&text, '.');
  for (int32_t i = 0; i < fraction; i++) rl_buf_byte(&text, '9');
  rl_str kept = text.failed ? (rl_str){NULL, 0} : rl_arena_str(c->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return kept.p ? rl_cast_refuse_limit(c, negative ? "too_small" : "too_large", kept) : rl_fail_nomem(c->err);
}

static rille_status check_digits(rl_cast *c, rl_str text, int32_t precision, int32_t scale) {
  bool negative = text.p[0] == '-';
  rl_str digits = rl_str_make(text.p + negative, text.len - negative);
  const char *point = memchr(digits.p, '.', digits.len);
  size_t whole = point ? (size_t)(point - digits.p) : digits.len, fraction = point ? digits.len - whole - 1 : 0;
  if (whole == 1 && digits.p[0] == '0') whole = 0;
  if (whole > (size_t)(precision - scale)) return refuse_digits(c, negative, precision - scale, scale);
  return fraction > (size_t)scale ? refuse_number(c, "too_precise", scale) : RILLE_OK;
}

static rille_status check_decimal(rl_cast *c) {
  const rl_type *t = &c->field->type;
  const rl_schema_rules *rules = rl_rules_of(c->field->model->schema->provider);
  rl_str text = {c->value.as.p, c->value.len};
  if (t->native == RL_NATIVE_MONEY) {
    rille_status status = check_digits(c, text, DIGITS_MAX, 2);
    return status < 0 || c->code ? status : check_money(c, text);
  }
  if (t->native == RL_NATIVE_DECIMAL && t->arg_count)
    return check_digits(c, text, t->args[0], t->arg_count > 1 ? t->args[1] : 0);
  int32_t scale = rules->decimal_scale ? rules->decimal_scale : DIGITS_MAX;
  return rules->decimal_whole ? check_digits(c, text, rules->decimal_whole + scale, scale) : RILLE_OK;
}

rille_status rl_cast_check_native(rl_cast *c) {
  switch (c->field->type.scalar) {
  case RL_STRING: return check_text(c);
  case RL_FLOAT: return c->field->type.native == RL_NATIVE_REAL ? check_real(c) : RILLE_OK;
  case RL_DECIMAL: return check_decimal(c);
  default: return RILLE_OK;
  }
}
