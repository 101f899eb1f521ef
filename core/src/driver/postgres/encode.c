/* Parameters for PostgreSQL: binary if the type has a simple binary form, otherwise text. The type's number is always
 * sent, so the server never guesses. It could guess numeric for an integer, and then not use an index. */
#include "driver/postgres/pg.h"

#include <math.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "tape/datetime.h"
#include "tape/json.h"

typedef struct oid_row {
  Oid oid, array;
  bool binary;
} oid_row;

static const oid_row oids[] = {
    [RL_WIRE_ANY] = {0, 0, false},
    [RL_WIRE_TEXT] = {RL_OID_TEXT, 1009, true},
    [RL_WIRE_BOOL] = {RL_OID_BOOL, 1000, true},
    [RL_WIRE_INT2] = {RL_OID_INT2, 1005, true},
    [RL_WIRE_INT4] = {RL_OID_INT4, 1007, true},
    [RL_WIRE_INT8] = {RL_OID_INT8, 1016, true},
    [RL_WIRE_OID] = {RL_OID_OID, 1028, true},
    [RL_WIRE_FLOAT4] = {RL_OID_FLOAT4, 1021, true},
    [RL_WIRE_FLOAT8] = {RL_OID_FLOAT8, 1022, true},
    [RL_WIRE_DECIMAL] = {RL_OID_NUMERIC, 1231, false},
    [RL_WIRE_TIMESTAMP] = {RL_OID_TIMESTAMP, 1115, true},
    [RL_WIRE_TIMESTAMPTZ] = {RL_OID_TIMESTAMPTZ, 1185, true},
    [RL_WIRE_DATE] = {RL_OID_DATE, 1182, true},
    [RL_WIRE_TIME] = {RL_OID_TIME, 1183, true},
    [RL_WIRE_TIMETZ] = {RL_OID_TIMETZ, 1270, true},
    [RL_WIRE_JSON] = {RL_OID_JSON, 199, false},
    [RL_WIRE_JSONB] = {RL_OID_JSONB, 3807, false},
    [RL_WIRE_BYTES] = {RL_OID_BYTEA, 1001, true},
    [RL_WIRE_UUID] = {RL_OID_UUID, 2951, true},
    [RL_WIRE_ENUM] = {0, 0, false},
    [RL_WIRE_UNKNOWN] = {0, 0, false},
};

static void put_be(rl_buf *out, uint64_t n, int size) {
  char bytes[8];
  for (int i = 0; i < size; i++) bytes[i] = (char)(unsigned char)(n >> (8 * (size - 1 - i)));
  rl_buf_put(out, bytes, (size_t)size);
}

static void put_float8(rl_buf *out, double f) {
  uint64_t bits;
  memcpy(&bits, &f, sizeof bits);
  put_be(out, bits, 8);
}

static void put_float4(rl_buf *out, double f) {
  float single = (float)f;
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  put_be(out, bits, 4);
}

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

enum { US_PER_SECOND = 1000000 };
static const int64_t day_us = INT64_C(86400) * US_PER_SECOND;

/* Returns the time within its day. */
static int64_t time_of_day(int64_t us) {
  return us - floor_div(us, day_us) * day_us;
}

/* Writes the usual form. The server accepts more forms, as text. */
static bool put_uuid(rl_buf *out, rl_str s) {
  char bytes[16];
  size_t n = 0;
  if (s.len != 36) return false;
  for (size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (s.p[i++] != '-') return false;
      continue;
    }
    int high = rl_hex_digit(s.p[i]), low = rl_hex_digit(s.p[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[n++] = (char)(unsigned char)(high << 4 | low);
    i += 2;
  }
  rl_buf_put(out, bytes, 16);
  return true;
}

static bool put_datetime(rl_buf *out, rl_wire wire, int64_t us) {
  switch (wire) {
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
    if (us < INT64_MIN + 1 + RL_PG_EPOCH_US) return false;
    put_be(out, (uint64_t)(us - RL_PG_EPOCH_US), 8);
    return true;
  case RL_WIRE_DATE: put_be(out, (uint64_t)(floor_div(us, day_us) - RL_PG_EPOCH_DAYS), 4); return true;
  case RL_WIRE_TIME: put_be(out, (uint64_t)time_of_day(us), 8); return true;
  case RL_WIRE_TIMETZ:
    put_be(out, (uint64_t)time_of_day(us), 8);
    put_be(out, 0, 4);
    return true;
  default: return false;
  }
}

static bool put_int(rl_buf *out, rl_wire wire, int64_t i) {
  switch (wire) {
  case RL_WIRE_INT2: put_be(out, (uint64_t)i, 2); return true;
  case RL_WIRE_INT4:
  case RL_WIRE_OID: put_be(out, (uint64_t)i, 4); return true;
  case RL_WIRE_INT8: put_be(out, (uint64_t)i, 8); return true;
  case RL_WIRE_FLOAT4: put_float4(out, (double)i); return true;
  case RL_WIRE_FLOAT8: put_float8(out, (double)i); return true;
  default: return false;
  }
}

bool rl_pg_write_scalar(rl_buf *out, rl_wire wire, const rl_value *v) {
  switch (v->kind) {
  case RILLE_TEXT:
    if (wire == RL_WIRE_UUID) return put_uuid(out, (rl_str){v->as.p, v->len});
    if (wire != RL_WIRE_TEXT) return false;
    rl_buf_put(out, v->as.p, v->len);
    return true;
  case RILLE_INT: return put_int(out, wire, v->as.i);
  case RILLE_BOOL:
    if (wire != RL_WIRE_BOOL) return false;
    rl_buf_byte(out, v->as.i ? 1 : 0);
    return true;
  case RILLE_FLOAT:
    if (wire == RL_WIRE_FLOAT8)
      put_float8(out, v->as.f);
    else if (wire == RL_WIRE_FLOAT4)
      put_float4(out, v->as.f);
    else
      return false;
    return true;
  case RILLE_DATETIME: return put_datetime(out, wire, v->as.i);
  case RILLE_BYTES:
    if (wire != RL_WIRE_BYTES) return false;
    rl_buf_put(out, v->as.p, v->len);
    return true;
  default: return false;
  }
}

static void write_float_text(rl_buf *out, double f) {
  if (isnan(f))
    rl_buf_text(out, "NaN");
  else if (isinf(f))
    rl_buf_text(out, f > 0 ? "Infinity" : "-Infinity");
  else
    rl_json_write_float(out, f);
}

/* Writes "2026-11-22T12:00:00.000Z": the whole, its first ten characters, or what is between T and Z. The server does
 * not accept a sign before a year: years after 9999 have more digits, years before 1 are followed by BC. */
static void write_datetime_text(rl_buf *out, rl_wire wire, int64_t us) {
  char text[RL_DATETIME_MAX];
  size_t len = rl_datetime_format(us, text);
  const char *t = memchr(text, 'T', len);
  size_t date = t ? (size_t)(t - text) : len;
  if (!rl_datetime_in_range(us) && (wire == RL_WIRE_TIMESTAMP || wire == RL_WIRE_TIMESTAMPTZ || wire == RL_WIRE_DATE)) {
    int64_t year;
    int month, day;
    rl_civil_from_days(floor_div(us, day_us), &year, &month, &day);
    rl_buf_printf(out, "%04lld-%02d-%02d", (long long)(year > 0 ? year : 1 - year), month, day);
    if (wire != RL_WIRE_DATE) rl_buf_put(out, text + date, len - date);
    if (year < 1) rl_buf_text(out, " BC");
    return;
  }
  if (wire == RL_WIRE_DATE || !t)
    rl_buf_put(out, text, date);
  else if (wire == RL_WIRE_TIME || wire == RL_WIRE_TIMETZ)
    rl_buf_put(out, t + 1, len - date - 2);
  else
    rl_buf_put(out, text, len);
}

static void write_bytea_text(rl_buf *out, rl_str s) {
  static const char digits[] = "0123456789abcdef";
  rl_buf_text(out, "\\x");
  for (size_t i = 0; i < s.len; i++) {
    unsigned b = (unsigned char)s.p[i];
    rl_buf_byte(out, digits[b >> 4]);
    rl_buf_byte(out, digits[b & 15]);
  }
}

void rl_pg_write_text(rl_buf *out, rl_wire wire, const rl_value *v) {
  rl_str s = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_BOOL: rl_buf_text(out, v->as.i ? "true" : "false"); break;
  case RILLE_INT: rl_buf_int(out, v->as.i); break;
  case RILLE_FLOAT: write_float_text(out, v->as.f); break;
  case RILLE_DATETIME: write_datetime_text(out, wire, v->as.i); break;
  case RILLE_LIST: rl_pg_write_array_text(out, wire, v); break;
  case RILLE_TEXT:
  case RILLE_DECIMAL:
  case RILLE_JSON: rl_buf_str(out, s); break;
  default: write_bytea_text(out, s); break;
  }
}

/* Returns whether the value is neither too large for a single float nor so small that it would become zero. The server
 * refuses both as text. */
static bool fits_single(double f) {
  float single = (float)f;
  return !isfinite(f) || (isfinite(single) && (fabsf(single) > 0 || !(fabs(f) > 0)));
}

static bool pg_in_range(rl_wire wire, const rl_value *v) {
  if (v->kind == RILLE_INT) {
    if (wire == RL_WIRE_INT4) return v->as.i >= INT32_MIN && v->as.i <= INT32_MAX;
    if (wire == RL_WIRE_INT2) return v->as.i >= INT16_MIN && v->as.i <= INT16_MAX;
    if (wire == RL_WIRE_OID) return v->as.i >= 0 && v->as.i <= UINT32_MAX;
  }
  if (v->kind == RILLE_DATETIME && (wire == RL_WIRE_TIMESTAMP || wire == RL_WIRE_TIMESTAMPTZ || wire == RL_WIRE_DATE))
    return v->as.i >= rl_days_from_civil(-4713, 11, 24) * day_us; /* the server's first day */
  if (v->kind == RILLE_FLOAT && wire == RL_WIRE_FLOAT4) return fits_single(v->as.f);
  return true;
}

static rille_status out_of_range(const rl_value *v, uint32_t position, rl_error *err) {
  if (v->kind == RILLE_INT)
    return rl_fail(err, RL_P2020, "parameter $%u: %lld is out of range for the column's type", position,
                   (long long)v->as.i);
  if (v->kind == RILLE_DATETIME)
    return rl_fail(err, RL_P2020, "parameter $%u: a date-time before 4713 BC is out of range for the column's type",
                   position);
  return rl_fail(err, RL_P2020, "parameter $%u: %g is out of range for the column's type", position, v->as.f);
}

static bool all_in_range(rl_wire wire, const rl_value *v) {
  if (v->kind != RILLE_LIST) return pg_in_range(wire, v);
  for (uint32_t i = 0; i < v->len; i++)
    if (!all_in_range(wire, &v->as.list[i])) return false;
  return true;
}

/* Sends bytes with their own type if the place has none: no text form would say what they are. */
static rl_wire effective_wire(rl_wire_type wire_type, const rl_value *v) {
  return wire_type.wire == RL_WIRE_ANY && v->kind == RILLE_BYTES ? RL_WIRE_BYTES : wire_type.wire;
}

static rille_status encode_text(rl_conn *c, rl_wire wire, const rl_value *v, uint32_t position, rl_pg_param *out,
                                rl_error *err) {
  rl_pg_write_text(&c->bytes, wire, v);
  size_t len = c->bytes.failed ? 0 : c->bytes.len - out->offset;
  if (len && memchr(c->bytes.p + out->offset, 0, len))
    return rl_fail(err, RL_P2007, "parameter $%u: a string with a zero byte cannot be stored", position);
  rl_buf_byte(&c->bytes, 0);
  out->length = (int)len;
  return RILLE_OK;
}

static rille_status encode_value(rl_conn *c, rl_wire_type wire_type, const rl_value *v, uint32_t position,
                                 rl_pg_param *out, rl_error *err) {
  rl_wire wire = effective_wire(wire_type, v);
  const oid_row *t = &oids[wire];
  bool list = v->kind == RILLE_LIST;
  *out = (rl_pg_param){.offset = SIZE_MAX, .type = list || wire_type.list ? t->array : t->oid};
  if (v->kind == RILLE_NULL) return RILLE_OK;
  if (!all_in_range(wire, v)) return out_of_range(list ? &v->as.list[0] : v, position, err);
  out->offset = c->bytes.len;
  if (t->binary && (list ? rl_pg_write_array(&c->bytes, wire, v) : rl_pg_write_scalar(&c->bytes, wire, v))) {
    out->format = 1;
    out->length = (int)(c->bytes.len - out->offset);
    return RILLE_OK;
  }
  if (!c->bytes.failed) c->bytes.len = out->offset;
  return encode_text(c, wire, v, position, out, err);
}

static bool reserve_params(rl_conn *c, size_t more) {
  if (c->param_cap - c->param_count >= more) return true;
  size_t cap = (c->param_count + more) * 2;
  rl_pg_param *params = rl_realloc(c->params, cap * sizeof *params);
  if (!params) return false;
  c->params = params;
  c->param_cap = cap;
  return true;
}

/* The server closes the connection on a longer message. The rest of the 1 GiB is for what is sent with the values. */
#define MOST_BYTES (((size_t)1 << 30) - ((size_t)1 << 20))

rille_status rl_pg_encode(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err) {
  size_t bytes = c->bytes.len;
  if (!reserve_params(c, stmt->param_count)) return rl_fail_nomem(err);
  rille_status s = RILLE_OK;
  for (uint32_t i = 0; i < stmt->param_count && s == RILLE_OK; i++) {
    s = encode_value(c, stmt->params[i], &params[i], i + 1, &c->params[c->param_count + i], err);
    if (s == RILLE_OK && c->bytes.len - bytes > MOST_BYTES)
      s = rl_fail(err, RL_P2029,
                  "the parameters of the statement need more than 1 GB, and PostgreSQL accepts at most 1 GB");
  }
  if (s == RILLE_OK && c->bytes.failed) s = rl_fail_nomem(err);
  if (s == RILLE_OK)
    c->param_count += stmt->param_count;
  else if (!c->bytes.failed)
    c->bytes.len = bytes;
  return s;
}
