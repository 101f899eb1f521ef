/* Parameters for SQLite, in the forms in which Prisma stores them: booleans as 0 and 1, date-times as ISO text,
 * decimals as numbers. */
#include "driver/sqlite/conn.h"

#include <math.h>

#include "tape/datetime.h"
#include "tape/decimal.h"

static rille_status bind_check(rl_conn *c, int rc, rl_error *err) {
  return rc == SQLITE_OK ? RILLE_OK : rl_sqlite_fail(c, rc, err);
}

static rille_status bind_text(rl_conn *c, sqlite3_stmt *stmt, int index, rl_str s, rl_error *err) {
  return bind_check(c, sqlite3_bind_text64(stmt, index, s.len ? s.p : "", s.len, SQLITE_TRANSIENT, SQLITE_UTF8), err);
}

static rille_status bind_bytes(rl_conn *c, sqlite3_stmt *stmt, int index, rl_str s, rl_error *err) {
  if (s.len == 0) return bind_check(c, sqlite3_bind_zeroblob(stmt, index, 0), err);
  return bind_check(c, sqlite3_bind_blob64(stmt, index, s.p, s.len, SQLITE_TRANSIENT), err);
}

static rille_status bind_refuse(int index, const char *what, rl_error *err) {
  return rl_fail(err, RL_P2020, "parameter $%d: %s", index, what);
}

/* Refuses NaN, which SQLite would turn into NULL. */
static rille_status bind_float(rl_conn *c, sqlite3_stmt *stmt, int index, double f, rl_error *err) {
  if (isnan(f)) return bind_refuse(index, "SQLite has no NaN", err);
  return bind_check(c, sqlite3_bind_double(stmt, index, f), err);
}

static rille_status bind_datetime(rl_conn *c, sqlite3_stmt *stmt, int index, rl_datetime_style style,
                                  int64_t microseconds, rl_error *err) {
  if (!rl_datetime_in_range(microseconds)) return bind_refuse(index, RL_SQLITE_BEYOND, err);
  char text[RL_DATETIME_MAX];
  if (style == RL_DATETIME_BRIEF)
    return bind_text(c, stmt, index, (rl_str){text, rl_sqlite_brief_text(c, microseconds, text)}, err);
  if (c->options->unixepoch_ms)
    return bind_check(c, sqlite3_bind_int64(stmt, index, rl_sqlite_epoch_ms(microseconds)), err);
  size_t len = rl_datetime_format_offset(microseconds, text);
  return bind_text(c, stmt, index, (rl_str){text, len}, err);
}

static bool fits_integer(rl_str s, int64_t *out) {
  size_t i = s.len && s.p[0] == '-' ? 1 : 0;
  if (i == s.len || s.len - i > 18) return false;
  int64_t n = 0;
  for (; i < s.len; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return false;
    n = n * 10 + (s.p[i] - '0');
  }
  *out = s.p[0] == '-' ? -n : n;
  return true;
}

/* Binds a number, not text: compared with an expression that has no column's affinity, text would be greater than any
 * number. */
static rille_status bind_decimal(rl_conn *c, sqlite3_stmt *stmt, int index, rl_str s, rl_error *err) {
  int64_t i;
  double f;
  if (fits_integer(s, &i)) return bind_check(c, sqlite3_bind_int64(stmt, index, i), err);
  if (!rl_sqlite_decimal_to_float(s, &f)) return bind_text(c, stmt, index, s, err);
  if (!isfinite(f)) return bind_refuse(index, "SQLite stores decimals as floats, which end at 1.8e308", err);
  return bind_check(c, sqlite3_bind_double(stmt, index, f), err);
}

/* A column declared JSONB turns a bare number into an integer or a float. Infinity would be no JSON, and every filter
 * on the column would fail. */
static rille_status bind_json(rl_conn *c, sqlite3_stmt *stmt, int index, rl_str s, rl_error *err) {
  if (s.len && (s.p[0] == '-' || (s.p[0] >= '0' && s.p[0] <= '9'))) {
    rl_error own = {0};
    rl_decimal *d = NULL;
    rille_status status = rl_decimal_parse(s, &d, &own);
    bool finite = status == RILLE_OK && isfinite(rl_decimal_to_float(d));
    rl_decimal_free(d);
    rl_error_clear(&own);
    if (status == RILLE_NOMEM) return rl_fail_nomem(err);
    if (!finite)
      return bind_refuse(index, "SQLite stores a Json that is a number as a float, which ends at 1.8e308", err);
  }
  return bind_text(c, stmt, index, s, err);
}

static rille_status bind_list(rl_conn *c, sqlite3_stmt *stmt, int index, rl_wire_type wire_type, const rl_value *v,
                              rl_error *err) {
  rl_buf json;
  rl_buf_init(&json);
  rille_status s = rl_sqlite_list_to_json(c, v, wire_type, &json, err);
  if (s == RILLE_OK) s = bind_text(c, stmt, index, rl_buf_view(&json), err);
  rl_buf_dispose(&json);
  return s;
}

rille_status rl_sqlite_bind(rl_conn *c, sqlite3_stmt *stmt, int index, rl_wire_type wire_type, const rl_value *v,
                            rl_error *err) {
  rl_str s = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_NULL: return bind_check(c, sqlite3_bind_null(stmt, index), err);
  case RILLE_BOOL:
  case RILLE_INT: return bind_check(c, sqlite3_bind_int64(stmt, index, v->as.i), err);
  case RILLE_FLOAT: return bind_float(c, stmt, index, v->as.f, err);
  case RILLE_TEXT:
    if (wire_type.wire == RL_WIRE_DECIMAL) return bind_decimal(c, stmt, index, s, err);
    if (rl_sqlite_is_datetime(wire_type.wire)) return bind_refuse(index, RL_SQLITE_BEYOND, err); /* infinity */
    return bind_text(c, stmt, index, s, err);
  case RILLE_JSON: return bind_json(c, stmt, index, s, err);
  case RILLE_DECIMAL: return bind_decimal(c, stmt, index, s, err);
  case RILLE_DATETIME: return bind_datetime(c, stmt, index, wire_type.datetime_style, v->as.i, err);
  case RILLE_LIST: return bind_list(c, stmt, index, wire_type, v, err);
  default: return bind_bytes(c, stmt, index, s, err);
  }
}
