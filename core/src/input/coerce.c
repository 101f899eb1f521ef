/* Converts one scalar to the type of a column. */
#include "base/hex.h"
#include "input/convert.h"
#include "tape/datetime.h"
#include "tape/decimal.h"
#include "tape/json.h"

#include <math.h>
#include <stdio.h>

/* ------------------------------------------------------------------ numbers */

void rl_int_range(const rl_type *t, int64_t *low, int64_t *high) {
  *low = INT32_MIN;
  *high = INT32_MAX;
  if (t->scalar == RL_BIGINT) {
    *low = INT64_MIN;
    *high = INT64_MAX;
  } else if (t->native == RL_NATIVE_SMALLINT) {
    *low = INT16_MIN;
    *high = INT16_MAX;
  } else if (t->native == RL_NATIVE_OID) {
    *low = 0;
    *high = UINT32_MAX;
  }
}

static rille_status out_of_range(const rl_input *input, const char *number, rl_error *err) {
  const rl_type *t = &input->type;
  const char *name = t->scalar == RL_BIGINT ? "BigInt" : "Int";
  int64_t low, high;
  rl_int_range(t, &low, &high);
  rl_code code = t->scalar == RL_BIGINT ? RL_P2033 : RL_P2020;
  return rl_refuse_value(input, code, err, "expected an integer from %lld to %lld (%s%s%s), got %s", (long long)low,
                         (long long)high, name, t->native ? " @db." : "", t->native ? rl_native_name(t->native) : "",
                         number);
}

static rille_status float_to_int(const rl_input *input, double f, int64_t *out, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  if (isnan(f))
    rl_buf_text(&text, "NaN");
  else
    rl_buf_printf(&text, "%.17g", f);
  const char *z = rl_buf_z(&text);
  rille_status status = RILLE_OK;
  if (!z)
    status = rl_fail_nomem(err);
  else if (!isfinite(f) || f != floor(f))
    status = rl_refuse_value(input, RL_VALIDATION, err, "expected an integer, got %s", z);
  else if (f < -9223372036854775808.0 || f >= 9223372036854775808.0)
    status = out_of_range(input, z, err);
  else
    *out = (int64_t)f;
  rl_buf_dispose(&text);
  return status;
}

static rille_status decimal_to_int(const rl_input *input, rl_str text, rl_arena *arena, int64_t *out, rl_error *err) {
  rl_decimal *d;
  rille_status status = rl_decimal_parse(text, &d, err);
  if (status < 0) return status;
  bool fits = rl_decimal_to_int(d, out), whole = fits || rl_decimal_is_whole(d);
  rl_decimal_free(d);
  if (fits) return RILLE_OK;
  if (!whole) return rl_refuse_value(input, RL_VALIDATION, err, "expected an integer, got %.*s", RL_STR_ARG(text));
  enum { SHOWN = 60 };
  char *z =
      rl_arena_printf(arena, "%.*s%s", text.len > SHOWN ? SHOWN : (int)text.len, text.p, text.len > SHOWN ? "..." : "");
  return z ? out_of_range(input, z, err) : rl_fail_nomem(err);
}

static rille_status to_int(const rl_input *input, const rl_value *v, rl_arena *arena, rl_value *out, rl_error *err) {
  int64_t i = v->as.i, low, high;
  rille_status status = RILLE_OK;
  if (v->kind == RILLE_FLOAT)
    status = float_to_int(input, v->as.f, &i, err);
  else if (v->kind == RILLE_DECIMAL)
    status = decimal_to_int(input, rl_str_make(v->as.p, v->len), arena, &i, err);
  else if (v->kind != RILLE_INT)
    return rl_refuse_kind(input, v, "an integer", err);
  if (status < 0) return status;
  rl_int_range(&input->type, &low, &high);
  if (i < low || i > high) {
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)i);
    return out_of_range(input, number, err);
  }
  *out = (rl_value){.kind = RILLE_INT, .as.i = i};
  return RILLE_OK;
}

static rille_status to_float(const rl_input *input, const rl_value *v, rl_value *out, rl_error *err) {
  *out = (rl_value){.kind = RILLE_FLOAT};
  if (v->kind == RILLE_FLOAT) {
    out->as.f = v->as.f;
  } else if (v->kind == RILLE_INT) {
    out->as.f = (double)v->as.i;
  } else if (v->kind == RILLE_DECIMAL && !rl_str_is(rl_str_make(v->as.p, v->len), "NaN")) {
    rl_decimal *d;
    rille_status status = rl_decimal_parse(rl_str_make(v->as.p, v->len), &d, err);
    if (status < 0) return status;
    out->as.f = rl_decimal_to_float(d);
    rl_decimal_free(d);
    if (!isfinite(out->as.f)) return rl_refuse_value(input, RL_P2020, err, "the decimal is out of range for Float");
  } else {
    return rl_refuse_kind(input, v, "a number", err);
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ strings */

static rille_status check_text(const rl_input *input, rl_str s, rl_error *err) {
  size_t bad;
  const char *nul = s.len ? memchr(s.p, 0, s.len) : NULL;
  if (nul)
    return rl_refuse_value(input, RL_VALIDATION, err, "a string cannot contain a zero byte (byte %lu)",
                           (unsigned long)(nul - s.p) + 1);
  if (rl_utf8_valid(s, &bad)) return RILLE_OK;
  return rl_refuse_value(input, RL_VALIDATION, err, "a string must be valid UTF-8 (byte %lu is not)",
                         (unsigned long)bad + 1);
}

/* Reads 32 hexadecimal digits, with all hyphens or without any; out: lower case with hyphens. */
static rille_status to_uuid(const rl_input *input, rl_str s, rl_arena *arena, rl_value *out, rl_error *err) {
  char text[36];
  bool hyphens = s.len == 36, good = hyphens || s.len == 32;
  for (size_t i = 0, at = 0; good && i < 36; i++) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen) {
      good = !hyphens || s.p[at++] == '-';
      text[i] = '-';
      continue;
    }
    int digit = rl_hex_digit(s.p[at++]);
    good = digit >= 0;
    text[i] = good ? "0123456789abcdef"[digit] : '0';
  }
  if (!good)
    return rl_refuse_value(input, RL_VALIDATION, err, "expected a UUID like 123e4567-e89b-12d3-a456-426614174000");
  rl_str kept = rl_arena_str(arena, rl_str_make(text, 36));
  if (!kept.p) return rl_fail_nomem(err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = 36, .as.p = kept.p};
  return RILLE_OK;
}

static rille_status to_text(const rl_input *input, const rl_value *v, rl_arena *arena, rl_value *out, rl_error *err) {
  if (v->kind == RILLE_INT && input->transform == RL_TRANSFORM_JSON_PATH) { /* a position in an array */
    rl_buf text;
    rl_buf_init(&text);
    rl_buf_int(&text, v->as.i);
    return rl_keep_text(&text, RILLE_TEXT, arena, out, err);
  }
  if (v->kind != RILLE_TEXT && v->kind != RILLE_BYTES) return rl_refuse_kind(input, v, "a string", err);
  rl_str s = {v->as.p, v->len};
  rille_status status = check_text(input, s, err);
  if (status < 0) return status;
  if (input->type.native == RL_NATIVE_UUID && input->transform <= RL_TRANSFORM_PUSHED)
    return to_uuid(input, s, arena, out, err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = v->len, .as.p = v->as.p};
  return RILLE_OK;
}

static rille_status unknown_enum(const rl_input *input, rl_str written, rl_error *err) {
  const rl_enum *e = input->type.enumeration;
  rl_buf text;
  rl_buf_init(&text);
  for (size_t i = 0; i < e->count; i++) rl_buf_printf(&text, "%s`%.*s`", i ? ", " : "", RL_STR_ARG(e->values[i].name));
  const char *z = rl_buf_z(&text);
  rille_status status =
      !z ? rl_fail_nomem(err)
         : rl_refuse_value(input, RL_VALIDATION, err, "expected a value of %.*s (%s), got `%.*s`", RL_STR_ARG(e->name),
                           z, written.len > 60 ? 60 : (int)written.len, written.p);
  rl_buf_dispose(&text);
  return status;
}

static rille_status to_enum(const rl_input *input, const rl_value *v, rl_value *out, rl_error *err) {
  if (v->kind != RILLE_TEXT) return rl_refuse_kind(input, v, "the name of an enum value", err);
  rl_str s = {v->as.p, v->len};
  rille_status status = check_text(input, s, err);
  if (status < 0) return status;
  const rl_enum_value *e = rl_enum_by_name(input->type.enumeration, s);
  if (!e) return unknown_enum(input, s, err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)e->column.len, .as.p = e->column.p};
  return RILLE_OK;
}

/* ------------------------------------------------------------------ JSON */

static rille_status to_json(const rl_input *input, const rl_value *v, rl_arena *arena, rl_value *out, rl_error *err) {
  if (v->kind == RILLE_JSON) {
    *out = *v;
    return RILLE_OK;
  }
  if (v->kind == RILLE_BYTES)
    return rl_refuse_value(input, RL_VALIDATION, err, "JSON cannot contain bytes; encode them as a string");
  rl_str s = {v->as.p, v->len};
  if (v->kind == RILLE_TEXT && !rl_utf8_valid(s, NULL)) return check_text(input, s, err);
  if (v->kind == RILLE_FLOAT && !isfinite(v->as.f))
    return rl_refuse_value(input, RL_VALIDATION, err, "JSON cannot contain NaN or infinity");
  if (v->kind == RILLE_DECIMAL && rl_str_is(s, "NaN"))
    return rl_refuse_value(input, RL_VALIDATION, err, "JSON cannot contain NaN");
  rl_buf text;
  rl_buf_init(&text);
  char time[RL_DATETIME_MAX];
  switch (v->kind) {
  case RILLE_BOOL: rl_buf_text(&text, v->as.i ? "true" : "false"); break;
  case RILLE_INT: rl_buf_int(&text, v->as.i); break;
  case RILLE_FLOAT: rl_json_write_float(&text, v->as.f); break;
  case RILLE_TEXT: rl_json_write_text(&text, s); break;
  case RILLE_DECIMAL: rl_buf_str(&text, s); break;
  case RILLE_DATETIME: rl_json_write_text(&text, rl_str_make(time, rl_datetime_format(v->as.i, time))); break;
  default: rl_buf_text(&text, "null"); break;
  }
  return rl_keep_text(&text, RILLE_JSON, arena, out, err);
}

/* ------------------------------------------------------------------ entry */

rille_status rl_coerce(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out, rl_error *err) {
  if (value->kind == RILLE_NULL && input->type.scalar != RL_JSON) {
    *out = (rl_value){.kind = RILLE_NULL};
    return input->nullable ? RILLE_OK : rl_refuse_value(input, RL_VALIDATION, err, "cannot be `rille.null`");
  }
  switch (input->type.scalar) {
  case RL_BOOLEAN:
    if (value->kind != RILLE_BOOL) return rl_refuse_kind(input, value, "a boolean", err);
    *out = *value;
    return RILLE_OK;
  case RL_INT:
  case RL_BIGINT: return to_int(input, value, arena, out, err);
  case RL_FLOAT: return to_float(input, value, out, err);
  case RL_DECIMAL: return rl_coerce_decimal(input, value, arena, out, err);
  case RL_DATETIME: return rl_coerce_datetime(input, value, out, err);
  case RL_JSON: return to_json(input, value, arena, out, err);
  case RL_ENUM: return to_enum(input, value, out, err);
  case RL_BYTES:
    if (value->kind != RILLE_TEXT && value->kind != RILLE_BYTES) return rl_refuse_kind(input, value, "a string", err);
    *out = (rl_value){.kind = RILLE_BYTES, .len = value->len, .as.p = value->as.p};
    return RILLE_OK;
  default: return to_text(input, value, arena, out, err);
  }
}
