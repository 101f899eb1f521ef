/* Conversion of cells whose type on the server differs from the statement's wire type: sum() of integers is numeric, a
 * view may have text for json. */
#include "driver/postgres/pg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tape/decimal.h"

static bool keep_text(rl_conn *c, rille_value_kind kind, rl_str s, rl_value *v) {
  return rl_pg_keep(c, kind, s.p, s.len, v);
}

static bool float_to_decimal(rl_conn *c, rl_value *v) {
  if (!isfinite(v->as.f))
    return keep_text(c, RILLE_DECIMAL, rl_str_of(isnan(v->as.f) ? "NaN" : v->as.f > 0 ? "Infinity" : "-Infinity"), v);
  rl_error ignored = {0};
  rl_decimal *d = NULL;
  rl_buf buf;
  rl_buf_init(&buf);
  bool ok = rl_decimal_of_float(v->as.f, &d, &ignored) == RILLE_OK;
  if (ok) rl_decimal_write(d, &buf);
  ok = ok && !buf.failed && keep_text(c, RILLE_DECIMAL, rl_buf_view(&buf), v);
  rl_decimal_free(d);
  rl_buf_dispose(&buf);
  rl_error_clear(&ignored);
  return ok;
}

static bool convert_to_decimal(rl_conn *c, rl_value *v) {
  char text[24];
  if (v->kind == RILLE_FLOAT) return float_to_decimal(c, v);
  if (v->kind != RILLE_INT) return v->kind == RILLE_DECIMAL;
  int n = snprintf(text, sizeof text, "%" PRId64, v->as.i);
  return keep_text(c, RILLE_DECIMAL, (rl_str){text, (size_t)n}, v);
}

static bool special_float(rl_str s, double *out) {
  if (rl_str_is(s, "NaN"))
    *out = NAN;
  else if (rl_str_is(s, "Infinity"))
    *out = INFINITY;
  else if (rl_str_is(s, "-Infinity"))
    *out = -INFINITY;
  else
    return false;
  return true;
}

static bool decimal_to_number(rl_value *v, bool integer) {
  rl_error ignored = {0};
  rl_decimal *d = NULL;
  rl_str s = {v->as.p, v->len};
  rl_value out = {.kind = integer ? RILLE_INT : RILLE_FLOAT};
  if (!integer && special_float(s, &out.as.f)) {
    *v = out;
    return true;
  }
  bool ok = rl_decimal_parse(s, &d, &ignored) == RILLE_OK;
  if (ok && integer)
    ok = rl_decimal_to_int(d, &out.as.i);
  else if (ok)
    out.as.f = rl_decimal_to_float(d);
  rl_decimal_free(d);
  rl_error_clear(&ignored);
  if (ok) *v = out;
  return ok;
}

static bool convert_to_float(rl_value *v) {
  if (v->kind == RILLE_INT)
    *v = (rl_value){.kind = RILLE_FLOAT, .as.f = (double)v->as.i};
  else if (v->kind == RILLE_DECIMAL)
    return decimal_to_number(v, false);
  return v->kind == RILLE_FLOAT;
}

static bool convert_to_int(rl_value *v) {
  if (v->kind == RILLE_DECIMAL) return decimal_to_number(v, true);
  if (v->kind == RILLE_FLOAT) {
    if (!(v->as.f >= -0x1p63 && v->as.f < 0x1p63) || v->as.f != trunc(v->as.f)) return false;
    *v = (rl_value){.kind = RILLE_INT, .as.i = (int64_t)v->as.f};
  }
  if (v->kind == RILLE_BOOL) v->kind = RILLE_INT;
  return v->kind == RILLE_INT;
}

static bool has_text(const rl_value *v) {
  return v->kind == RILLE_TEXT || v->kind == RILLE_JSON || v->kind == RILLE_BYTES || v->kind == RILLE_DECIMAL;
}

static bool retag(rl_value *v, rille_value_kind kind) {
  if (!has_text(v)) return false;
  v->kind = kind;
  return true;
}

static bool convert_value(rl_conn *c, rl_wire wire, rl_value *v) {
  if (v->kind == RILLE_NULL) return true;
  if (v->kind == RILLE_LIST) return wire == RL_WIRE_ANY || wire == RL_WIRE_UNKNOWN;
  switch (wire) {
  case RL_WIRE_INT2:
  case RL_WIRE_INT4:
  case RL_WIRE_INT8:
  case RL_WIRE_OID: return convert_to_int(v);
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: return convert_to_float(v);
  case RL_WIRE_DECIMAL: return convert_to_decimal(c, v);
  case RL_WIRE_BOOL:
    if (v->kind == RILLE_INT) *v = (rl_value){.kind = RILLE_BOOL, .as.i = v->as.i != 0};
    return v->kind == RILLE_BOOL;
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: return retag(v, RILLE_JSON);
  case RL_WIRE_BYTES: return retag(v, RILLE_BYTES);
  case RL_WIRE_TEXT:
  case RL_WIRE_ENUM:
  case RL_WIRE_UUID: return retag(v, RILLE_TEXT);
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE:
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ: return v->kind == RILLE_DATETIME || v->kind == RILLE_TEXT; /* text: infinity */
  default: return true;
  }
}

bool rl_pg_convert(rl_conn *c, rl_wire wire, rl_value *v) {
  return convert_value(c, wire, v) || rl_pg_wrong_type(c);
}
