/* Converts decimals and date-times from all forms that are accepted. */
#include "input/convert.h"
#include "tape/datetime.h"
#include "tape/decimal.h"
#include "tape/json.h"

#include <math.h>
#include <time.h>

/* ------------------------------------------------------------------ Decimal */

static rille_status normalize_decimal(const rl_input *input, rl_str text, rl_arena *arena, rl_value *out,
                                      rl_error *err) {
  rl_buf buf;
  rl_error own = {0};
  rl_buf_init(&buf);
  rille_status status = rl_decimal_normalize(text, &buf, &own);
  bool nomem = status == RILLE_NOMEM;
  rl_error_clear(&own);
  if (status == RILLE_OK) return rl_keep_text(&buf, RILLE_DECIMAL, arena, out, err);
  rl_buf_dispose(&buf);
  if (nomem) return rl_fail_nomem(err);
  return rl_refuse_value(input, RL_VALIDATION, err, "expected a decimal number, got `%.*s`",
                         text.len > 60 ? 60 : (int)text.len, text.p);
}

rille_status rl_coerce_decimal(const rl_input *input, const rl_value *v, rl_arena *arena, rl_value *out,
                               rl_error *err) {
  rl_str text = {v->as.p, v->len};
  rl_buf buf;
  switch (v->kind) {
  case RILLE_TEXT: return normalize_decimal(input, text, arena, out, err);
  case RILLE_DECIMAL:
    if (rl_str_is(text, "NaN")) return rl_refuse_value(input, RL_VALIDATION, err, "expected a decimal number, got NaN");
    *out = *v;
    return RILLE_OK;
  case RILLE_INT:
    rl_buf_init(&buf);
    rl_buf_int(&buf, v->as.i);
    return rl_keep_text(&buf, RILLE_DECIMAL, arena, out, err);
  case RILLE_FLOAT: {
    if (!isfinite(v->as.f))
      return rl_refuse_value(input, RL_VALIDATION, err, "expected a finite number, got %s",
                             isnan(v->as.f) ? "NaN" : "infinity");
    rl_buf_init(&buf);
    rl_json_write_float(&buf, v->as.f);
    rille_status status =
        buf.failed ? rl_fail_nomem(err) : normalize_decimal(input, rl_buf_view(&buf), arena, out, err);
    rl_buf_dispose(&buf);
    return status;
  }
  default: return rl_refuse_kind(input, v, "a decimal, a number or a string", err);
  }
}

/* ------------------------------------------------------------------ DateTime */

#define SECOND 1000000
#define FIRST_SECOND (-62135596800LL) /* 0001-01-01 */
#define LAST_SECOND 253402300799LL    /* 9999-12-31 */

static rille_status refuse_seconds(const rl_input *input, double seconds, rl_error *err) {
  return rl_refuse_value(input, RL_P2020, err,
                         "expected a date-time in the years 1 to 9999, got %.17g seconds since 1970%s", seconds,
                         fabs(seconds / 1000) < (double)LAST_SECOND ? "; did you mean milliseconds?" : "");
}

static rille_status datetime_of_microseconds(const rl_input *input, int64_t us, rl_value *out, rl_error *err) {
  *out = (rl_value){.kind = RILLE_DATETIME, .as.i = us};
  return rl_datetime_in_range(us)
             ? RILLE_OK
             : rl_refuse_value(input, RL_P2020, err, "expected a date-time in the years 1 to 9999");
}

static rille_status datetime_of_text(const rl_input *input, rl_str text, rl_value *out, rl_error *err) {
  int64_t at;
  bool clock = input->type.native == RL_NATIVE_TIME || input->type.native == RL_NATIVE_TIMETZ;
  rl_datetime_verdict verdict = rl_datetime_read(text, &at);
  if (verdict != RL_DATETIME_GOOD && clock && rl_time_parse(text, &at)) verdict = RL_DATETIME_GOOD;
  *out = (rl_value){.kind = RILLE_DATETIME, .as.i = at};
  if (verdict == RL_DATETIME_GOOD) return RILLE_OK;
  int shown = text.len > 60 ? 60 : (int)text.len;
  if (verdict == RL_DATETIME_BEYOND)
    return rl_refuse_value(input, RL_P2020, err, "expected a date-time in the years 1 to 9999, got `%.*s`", shown,
                           text.p);
  bool infinite = rl_str_is(text, "infinity") || rl_str_is(text, "-infinity");
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.p};
  if (infinite && !clock) return RILLE_OK; /* PostgreSQL reads and writes these words */
  return rl_refuse_value(input, RL_VALIDATION, err,
                         "expected an ISO-8601 date-time like 2026-11-22T12:00:00Z or 2026-11-22, got `%.*s`", shown,
                         text.p);
}

/* A value that rounding moves past the last year is out of range too. */
static rille_status datetime_of_number(const rl_input *input, const rl_value *v, rl_value *out, rl_error *err) {
  double f = v->kind == RILLE_INT ? (double)v->as.i : v->as.f;
  if (!(fabs(f) < 1e12)) return refuse_seconds(input, f, err);
  int64_t us = v->kind == RILLE_INT ? v->as.i * SECOND : (int64_t)floor(f * SECOND + 0.5);
  if (!rl_datetime_in_range(us)) return refuse_seconds(input, f, err);
  *out = (rl_value){.kind = RILLE_DATETIME, .as.i = us};
  return RILLE_OK;
}

rille_status rl_coerce_datetime(const rl_input *input, const rl_value *v, rl_value *out, rl_error *err) {
  switch (v->kind) {
  case RILLE_DATETIME: return datetime_of_microseconds(input, v->as.i, out, err);
  case RILLE_TEXT: return datetime_of_text(input, rl_str_make(v->as.p, v->len), out, err);
  case RILLE_INT:
  case RILLE_FLOAT: return datetime_of_number(input, v, out, err);
  default:
    return rl_refuse_kind(input, v, "an ISO-8601 string, seconds since 1970 or a table of `os.date(\"*t\")`", err);
  }
}

/* ------------------------------------------------------------------ tables of os.date("*t") */

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SEC, PART_COUNT };
static const char *const part_names[PART_COUNT] = {"year", "month", "day", "hour", "min", "sec"};

typedef struct date_table {
  int64_t parts[PART_COUNT];
  bool given[PART_COUNT];
  bool local; /* it has yday, so os.date returned it */
  int isdst;  /* -1: unknown */
} date_table;

static rille_status read_parts(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, date_table *out,
                               rl_error *err) {
  rl_str key;
  uint32_t value_shape, value_slot;
  while (rl_tape_member(t, &shape, &slot, &key, &value_shape, &value_slot)) {
    size_t i = 0;
    while (i < PART_COUNT && !rl_str_is(key, part_names[i])) i++;
    rl_value v = rl_tape_scalar(t, value_shape, value_slot);
    if (rl_str_is(key, "yday")) out->local = true;
    if (rl_str_is(key, "isdst") && v.kind == RILLE_BOOL) out->isdst = v.as.i != 0;
    if (rl_str_is(key, "isdst") || rl_str_is(key, "yday") || rl_str_is(key, "wday")) continue;
    bool whole = v.kind == RILLE_INT || (v.kind == RILLE_FLOAT && isfinite(v.as.f) && v.as.f == floor(v.as.f));
    if (i == PART_COUNT || !whole)
      return rl_refuse_value(input, RL_VALIDATION, err, "`%.*s` of a date table %s", RL_STR_ARG(key),
                             whole ? "is unknown; expected year, month, day, hour, min or sec" : "must be an integer");
    out->parts[i] =
        v.kind == RILLE_INT ? v.as.i : (int64_t)fmax(-1e15, fmin(1e15, v.as.f)); /* refused as out of range */
    out->given[i] = true;
  }
  return RILLE_OK;
}

static bool local_seconds(const date_table *d, int64_t *out) {
  struct tm tm = {.tm_year = (int)d->parts[YEAR] - 1900,
                  .tm_mon = (int)d->parts[MONTH] - 1,
                  .tm_mday = (int)d->parts[DAY],
                  .tm_hour = (int)d->parts[HOUR],
                  .tm_min = (int)d->parts[MINUTE],
                  .tm_sec = (int)d->parts[SEC],
                  .tm_isdst = d->isdst,
                  .tm_wday = -1};
  *out = (int64_t)mktime(&tm);
  return tm.tm_wday >= 0; /* -1 second is a date-time too */
}

static int64_t utc_seconds(const int64_t p[PART_COUNT]) {
  int64_t month = p[MONTH] - 1, carry = month >= 0 ? month / 12 : (month - 11) / 12;
  int64_t days = rl_days_from_civil(p[YEAR] + carry, (int)(month - carry * 12) + 1, 1) + p[DAY] - 1;
  return days * 86400 + p[HOUR] * 3600 + p[MINUTE] * 60 + p[SEC];
}

/* Reads the table like os.time: hour is 12 by default, and parts beyond their range carry over. A table of os.date is
 * local time; one that was written by hand is UTC. */
rille_status rl_coerce_date_table(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_value *out,
                                  rl_error *err) {
  date_table d = {.parts = {0, 1, 1, 12, 0, 0}, .isdst = -1};
  rille_status status = read_parts(input, t, shape, slot, &d, err);
  if (status < 0) return status;
  for (size_t i = YEAR; i <= DAY; i++)
    if (!d.given[i]) return rl_refuse_value(input, RL_VALIDATION, err, "a date table needs `%s`", part_names[i]);
  for (size_t i = 0; i < PART_COUNT; i++)
    if (d.parts[i] < -1000000000 || d.parts[i] > 1000000000)
      return rl_refuse_value(input, RL_P2020, err, "`%s` of the date table is out of range", part_names[i]);
  int64_t seconds = 0;
  bool known = true;
  if (d.local)
    known = local_seconds(&d, &seconds);
  else
    seconds = utc_seconds(d.parts);
  if (!known || seconds < FIRST_SECOND || seconds > LAST_SECOND)
    return rl_refuse_value(input, RL_P2020, err, "expected a date table in the years 1 to 9999");
  *out = (rl_value){.kind = RILLE_DATETIME, .as.i = seconds * SECOND};
  return RILLE_OK;
}
