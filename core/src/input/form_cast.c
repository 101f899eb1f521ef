/* Casts: the texts of a form, and the numbers of a JSON body, as values of a field's type. */
#include "input/form_cast.h"

#include <math.h>
#include <stdio.h>

#include "input/convert.h"
#include "tape/datetime.h"
#include "tape/decimal.h"
#include "tape/json.h"

#define NUMBER_BYTES_MAX 1000
#define EXACT_FLOAT 9007199254740992.0 /* 2^53 */

const char *rl_cast_type_code(const rl_field *f) {
  rl_native native = f->type.native;
  switch (f->type.scalar) {
  case RL_BOOLEAN: return "not_boolean";
  case RL_INT:
  case RL_BIGINT: return "not_integer";
  case RL_FLOAT:
  case RL_DECIMAL: return "not_number";
  case RL_DATETIME:
    return native == RL_NATIVE_DATE                                 ? "not_date"
           : native == RL_NATIVE_TIME || native == RL_NATIVE_TIMETZ ? "not_time"
                                                                    : "not_datetime";
  case RL_JSON: return "not_json";
  case RL_BYTES: return "not_bytes";
  case RL_ENUM: return "not_one_of";
  default: return native == RL_NATIVE_UUID ? "not_uuid" : "not_text";
  }
}

static rille_status refuse_type(rl_cast *c) {
  if (c->field->type.scalar == RL_ENUM) return rl_cast_refuse_enum(c);
  return rl_cast_refuse(c, rl_cast_type_code(c->field));
}

rille_status rl_cast_refuse_enum(rl_cast *c) {
  const rl_enum *e = c->field->type.enumeration;
  rl_buf names;
  rl_buf_init(&names);
  for (size_t i = 0; i < e->count; i++) rl_buf_printf(&names, "%s%.*s", i ? ", " : "", RL_STR_ARG(e->values[i].name));
  rl_str kept = names.failed ? (rl_str){NULL, 0} : rl_arena_str(c->arena, rl_buf_view(&names));
  rl_buf_dispose(&names);
  return kept.p ? rl_cast_refuse_limit(c, "not_one_of", kept) : rl_fail_nomem(c->err);
}

/* ------------------------------------------------------------------ integers */

static bool is_digit(char ch) {
  return ch >= '0' && ch <= '9';
}

static rille_status refuse_beyond(rl_cast *c, bool negative, int64_t limit) {
  char *text = rl_arena_printf(c->arena, "%lld", (long long)limit);
  if (!text) return rl_fail_nomem(c->err);
  return rl_cast_refuse_limit(c, negative ? "too_small" : "too_large", rl_str_of(text));
}

static rille_status keep_integer(rl_cast *c, int64_t i) {
  int64_t low, high;
  rl_int_range(&c->field->type, &low, &high);
  if (i < low || i > high) return refuse_beyond(c, i < low, i < low ? low : high);
  c->value = (rl_value){.kind = RILLE_INT, .as.i = i};
  return RILLE_OK;
}

/* A number that does not fit into 64 bits. */
static rille_status refuse_huge(rl_cast *c, bool negative) {
  int64_t low, high;
  rl_int_range(&c->field->type, &low, &high);
  return refuse_beyond(c, negative, negative ? low : high);
}

static rille_status cast_integer(rl_cast *c, rl_str s) {
  size_t at = s.p[0] == '+' || s.p[0] == '-';
  bool negative = s.p[0] == '-', huge = false;
  uint64_t n = 0, limit = (uint64_t)INT64_MAX + negative;
  if (at == s.len) return refuse_type(c);
  for (; at < s.len; at++) {
    if (!is_digit(s.p[at])) return refuse_type(c);
    uint64_t digit = (uint64_t)(s.p[at] - '0');
    huge = huge || n > (limit - digit) / 10;
    if (!huge) n = n * 10 + digit;
  }
  if (huge) return refuse_huge(c, negative);
  return keep_integer(c, negative ? (int64_t)(0u - n) : (int64_t)n);
}

static rille_status integer_of_float(rl_cast *c, double f) {
  if (!isfinite(f) || f != floor(f)) return refuse_type(c);
  if (fabs(f) <= EXACT_FLOAT) return keep_integer(c, (int64_t)f);
  if (c->field->type.scalar != RL_BIGINT) return refuse_huge(c, f < 0);
  return refuse_beyond(c, f < 0, (int64_t)(f < 0 ? -EXACT_FLOAT : EXACT_FLOAT));
}

static rille_status integer_of_decimal(rl_cast *c, rl_str text) {
  rl_decimal *d;
  rl_error own = {0};
  int64_t i = 0;
  if (rl_str_is(text, "NaN")) return refuse_type(c);
  rille_status status = rl_decimal_parse(text, &d, &own);
  rl_error_clear(&own);
  if (status == RILLE_NOMEM) return rl_fail_nomem(c->err);
  if (status < 0) return refuse_type(c);
  bool fits = rl_decimal_to_int(d, &i), whole = fits || rl_decimal_is_whole(d);
  rl_decimal_free(d);
  if (fits) return keep_integer(c, i);
  return whole ? refuse_huge(c, text.p[0] == '-') : refuse_type(c);
}

/* ------------------------------------------------------------------ floats and decimals */

/* [+-]digits[.digits], or [+-].digits */
static bool is_plain_number(rl_str s) {
  size_t at = s.p[0] == '+' || s.p[0] == '-', digits = 0;
  for (; at < s.len && is_digit(s.p[at]); at++) digits++;
  if (at == s.len) return digits > 0;
  if (s.p[at++] != '.') return false;
  for (digits = 0; at < s.len && is_digit(s.p[at]); at++) digits++;
  return at == s.len && digits > 0;
}

static rille_status keep_float(rl_cast *c, double f) {
  if (!isfinite(f)) return refuse_type(c);
  c->value = (rl_value){.kind = RILLE_FLOAT, .as.f = f};
  return RILLE_OK;
}

static rille_status float_of_text(rl_cast *c, rl_str text) {
  rl_decimal *d;
  rl_error own = {0};
  rille_status status = rl_decimal_parse(text, &d, &own);
  rl_error_clear(&own);
  if (status == RILLE_NOMEM) return rl_fail_nomem(c->err);
  if (status < 0) return refuse_type(c);
  double f = rl_decimal_to_float(d);
  rl_decimal_free(d);
  return isfinite(f) ? keep_float(c, f) : rl_cast_refuse(c, "out_of_range");
}

static rille_status decimal_of_text(rl_cast *c, rl_str text) {
  rl_buf buf;
  rl_error own = {0};
  rl_buf_init(&buf);
  rille_status status = rl_decimal_normalize(text, &buf, &own);
  rl_error_clear(&own);
  if (status == RILLE_OK) return rl_keep_text(&buf, RILLE_DECIMAL, c->arena, &c->value, c->err);
  rl_buf_dispose(&buf);
  return status == RILLE_NOMEM ? rl_fail_nomem(c->err) : refuse_type(c);
}

static rille_status cast_plain_number(rl_cast *c, rl_str text) {
  if (text.len > NUMBER_BYTES_MAX) return rl_cast_refuse_limit(c, "too_long", RL_STR("1000"));
  if (!is_plain_number(text)) return refuse_type(c);
  return c->field->type.scalar == RL_FLOAT ? float_of_text(c, text) : decimal_of_text(c, text);
}

static rille_status decimal_of_number(rl_cast *c, const rl_value *v) {
  rl_buf buf;
  rl_str text = {v->as.p, v->len};
  if (v->kind == RILLE_DECIMAL)
    return rl_str_is(text, "NaN")        ? refuse_type(c)
           : text.len > NUMBER_BYTES_MAX ? rl_cast_refuse(c, "out_of_range")
                                         : decimal_of_text(c, text);
  if (v->kind == RILLE_FLOAT && !isfinite(v->as.f)) return refuse_type(c);
  rl_buf_init(&buf);
  if (v->kind == RILLE_INT)
    rl_buf_int(&buf, v->as.i);
  else
    rl_json_write_float(&buf, v->as.f);
  rille_status status = buf.failed ? rl_fail_nomem(c->err) : decimal_of_text(c, rl_buf_view(&buf));
  rl_buf_dispose(&buf);
  return status;
}

rille_status rl_cast_number(rl_cast *c, const rl_value *v) {
  rl_str text = {v->as.p, v->len};
  bool number = v->kind == RILLE_INT || v->kind == RILLE_FLOAT || v->kind == RILLE_DECIMAL;
  switch (c->field->type.scalar) {
  case RL_INT:
  case RL_BIGINT:
    if (v->kind == RILLE_INT) return keep_integer(c, v->as.i);
    if (v->kind == RILLE_FLOAT) return integer_of_float(c, v->as.f);
    return number ? integer_of_decimal(c, text) : refuse_type(c);
  case RL_FLOAT:
    if (v->kind == RILLE_INT) return keep_float(c, (double)v->as.i);
    if (v->kind == RILLE_FLOAT) return keep_float(c, v->as.f);
    return number && !rl_str_is(text, "NaN") ? float_of_text(c, text) : refuse_type(c);
  case RL_DECIMAL: return number ? decimal_of_number(c, v) : refuse_type(c);
  case RL_DATETIME:
    if (v->kind != RILLE_DATETIME || !rl_datetime_in_range(v->as.i)) return refuse_type(c);
    c->value = *v;
    return RILLE_OK;
  default: return refuse_type(c);
  }
}

/* ------------------------------------------------------------------ other types */

static rille_status cast_boolean(rl_cast *c, rl_str text) {
  static const char *const words[] = {"false", "true", "off", "on", "0", "1", "no", "yes"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!rl_str_is(text, words[i])) continue;
    c->value = (rl_value){.kind = RILLE_BOOL, .as.i = (int64_t)(i % 2)};
    return RILLE_OK;
  }
  return refuse_type(c);
}

/* "2026-11-22T12:00", with nothing that says where on Earth. */
static bool has_offset(rl_str text) {
  for (size_t i = 11; i < text.len; i++)
    if (text.p[i] == 'Z' || text.p[i] == '+' || text.p[i] == '-') return true;
  return false;
}

static bool read_clock(rl_str text, int64_t *at) {
  char padded[16];
  if (text.len != 5) return rl_time_parse(text, at);
  (void)snprintf(padded, sizeof padded, "%.*s:00", 5, text.p);
  return rl_time_parse(rl_str_of(padded), at);
}

static void cast_datetime(rl_cast *c, rl_str text) {
  int64_t at;
  rl_native native = c->field->type.native;
  bool clock = native == RL_NATIVE_TIME || native == RL_NATIVE_TIMETZ;
  rl_datetime_verdict verdict = is_digit(text.p[0]) ? rl_datetime_read(text, &at) : RL_DATETIME_NONE;
  c->value = (rl_value){.kind = RILLE_DATETIME};
  if (verdict == RL_DATETIME_BEYOND || (verdict == RL_DATETIME_GOOD && !rl_datetime_in_range(at))) {
    (void)rl_cast_refuse(c, "out_of_range");
  } else if (verdict == RL_DATETIME_GOOD) {
    c->value.as.i = at;
    c->is_local = !clock && native != RL_NATIVE_DATE && text.len > 10 && !has_offset(text);
  } else if (!clock || !read_clock(text, &c->value.as.i)) {
    (void)rl_cast_refuse(c, rl_cast_type_code(c->field));
  }
}

static rille_status cast_enum(rl_cast *c, rl_str text) {
  const rl_enum_value *e = rl_enum_by_name(c->field->type.enumeration, text);
  if (!e) return rl_cast_refuse_enum(c);
  c->value = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)e->name.len, .as.p = e->name.p};
  return RILLE_OK;
}

static rille_status cast_uuid(rl_cast *c, rl_str text) {
  rl_error own = {0};
  rl_input input = {.kind = RL_INPUT_VALUE, .type = c->field->type, .field = c->field};
  rl_value given = {.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.p};
  input.type.list = false;
  rille_status status = rl_coerce(&input, &given, c->arena, &c->value, &own);
  rl_error_clear(&own);
  if (status == RILLE_NOMEM) return rl_fail_nomem(c->err);
  return status < 0 ? refuse_type(c) : RILLE_OK;
}

rille_status rl_cast_text(rl_cast *c, rl_str text) {
  switch (c->field->type.scalar) {
  case RL_BOOLEAN: return cast_boolean(c, text);
  case RL_INT:
  case RL_BIGINT: return cast_integer(c, text);
  case RL_FLOAT:
  case RL_DECIMAL: return cast_plain_number(c, text);
  case RL_DATETIME: cast_datetime(c, text); return RILLE_OK;
  case RL_ENUM: return cast_enum(c, text);
  case RL_BYTES:
    if (rl_cast_base64(text, c->arena, &c->value)) return RILLE_OK;
    return c->value.as.p ? refuse_type(c) : rl_fail_nomem(c->err);
  default:
    if (c->field->type.native == RL_NATIVE_UUID) return cast_uuid(c, text);
    c->value = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.p};
    return RILLE_OK;
  }
}
