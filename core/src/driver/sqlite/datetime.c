/* Date-times on SQLite: the form that rille writes, and how it is read. SQLite compares rows as they are stored, so a
 * filter would never find a value in another form. Such a value is refused, with the way to correct it. */
#include "driver/sqlite/conn.h"

#include <string.h>

#include "tape/datetime.h"

enum { BRIEF_LENGTH = 19, FULL_LENGTH = 29 };

static inline unsigned two_digits(const char *p) {
  return ((unsigned)(unsigned char)p[0] - '0') * 10 + ((unsigned)(unsigned char)p[1] - '0');
}

/* Eight characters, in which 0 means any digit. reach: what is added to the difference of each byte, so that only a
 * wrong byte reaches 128: 118 (v) for a digit, 127 for any other character. */
typedef struct form {
  char text[9], reach[9];
} form;

static const form date = {"0000-00-", "vvvv\x7fvv\x7f"};
static const form full_hours = {"00T00:00", "vv\x7fvv\x7fvv"};
static const form brief_hours = {"00 00:00", "vv\x7fvv\x7fvv"};
static const form full_seconds = {":00.000+", "\x7fvv\x7fvvv\x7f"};
static const form clock = {"00:00:00", "vv\x7fvv\x7fvv"};

/* Compares all eight bytes in one step: this runs for each date-time of each row. */
static inline bool has_form(const char *p, const form *f) {
  uint64_t text, wanted, reach;
  memcpy(&text, p, 8);
  memcpy(&wanted, f->text, 8);
  memcpy(&reach, f->reach, 8);
  text ^= wanted;
  return (((text + reach) | text) & UINT64_C(0x8080808080808080)) == 0;
}

static bool is_brief(rl_str s) {
  return s.len == BRIEF_LENGTH && s.p[10] == ' ';
}

static bool is_full(rl_str s) {
  return s.len == FULL_LENGTH && s.p[10] == 'T' && s.p[19] == '.' && memcmp(s.p + 23, "+00:00", 6) == 0;
}

/* Reads the two usual forms, for the days that every month has. Nearly every row has such a value. */
static bool read_usual(rl_str s, bool full, int64_t *out) {
  const char *p = s.p;
  if (!has_form(p, &date)) return false;
  if (full && !(has_form(p + 8, &full_hours) && has_form(p + 16, &full_seconds))) return false;
  if (!full && !(has_form(p + 8, &brief_hours) && has_form(p + 11, &clock))) return false;
  unsigned year = two_digits(p) * 100 + two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
  unsigned hour = two_digits(p + 11), minute = two_digits(p + 14), second = two_digits(p + 17);
  if (year == 0 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59)
    return false;
  unsigned ms = full ? two_digits(p + 20) * 10 + (unsigned)(p[22] - '0') : 0;
  int64_t days = rl_days_from_civil(year, (int)month, (int)day);
  *out = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + (int64_t)ms * 1000;
  return true;
}

bool rl_sqlite_read_any_datetime(rl_str text, int64_t *microseconds) {
  bool full = is_full(text);
  return ((full || is_brief(text)) && read_usual(text, full, microseconds)) || rl_datetime_parse(text, microseconds);
}

/* Returns whether rille would write this text for its value. */
static bool is_written(rl_str text, int64_t microseconds) {
  char again[RL_DATETIME_MAX];
  size_t len = rl_datetime_format_offset(microseconds, again);
  return rl_str_eq(text, rl_str_make(again, len));
}

static bool read_milliseconds(int64_t ms, int64_t *microseconds) {
  if (ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000) return false;
  *microseconds = ms * 1000;
  return true;
}

bool rl_sqlite_read_datetime(const rl_conn *c, rl_str text, rl_datetime_style style, int64_t *microseconds) {
  if (is_brief(text)) return style == RL_DATETIME_BOTH && rl_sqlite_read_any_datetime(text, microseconds);
  if (c->options->unixepoch_ms) return false;
  if (is_full(text)) return read_usual(text, true, microseconds) || rl_datetime_parse(text, microseconds);
  return rl_datetime_parse(text, microseconds) && is_written(text, *microseconds);
}

bool rl_sqlite_read_epoch(const rl_conn *c, int64_t ms, int64_t *microseconds) {
  return c->options->unixepoch_ms && read_milliseconds(ms, microseconds) && rl_datetime_in_range(*microseconds);
}

/* Reads any number: rille compares nothing in a raw query. */
bool rl_sqlite_read_any_epoch(int64_t ms, int64_t *microseconds) {
  return read_milliseconds(ms, microseconds);
}

int64_t rl_sqlite_epoch_ms(int64_t microseconds) {
  return microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0);
}

/* Writes no fraction if it is zero: texts of this form then sort like the date-times. */
size_t rl_sqlite_brief_text(const rl_conn *c, int64_t microseconds, char out[RL_DATETIME_MAX]) {
  if (c->options->unixepoch_ms) microseconds = rl_sqlite_epoch_ms(microseconds) * 1000;
  size_t len = rl_datetime_format(microseconds, out) - 1;
  out[10] = ' ';
  if (microseconds % 1000000 == 0) len = BRIEF_LENGTH;
  out[len] = 0;
  return len;
}

void rl_sqlite_fail_datetime(const rl_conn *c, const char *column, bool number, rl_str stored, rl_error *err) {
  static const char to_iso[] = "strftime('%Y-%m-%dT%H:%M:%f+00:00', ";
  bool ms = c->options->unixepoch_ms;
  int len = stored.len > 40 ? 40 : (int)stored.len;
  rl_str column_text = rl_str_of(column);
#define FORM "DateTime column `%s` has %.*s, which is not in the form that rille writes and compares, "
  if (ms && !number)
    rl_fail(err, RL_P2023,
            FORM
            "milliseconds since 1970; correct the rows: UPDATE <table> SET \"%s\" = CAST(round((julianday(\"%s\") - "
            "2440587.5) * 86400000) AS INTEGER) WHERE typeof(\"%s\") = 'text'",
            column, len, stored.p, column, column, column);
  else if (ms)
    rl_fail(err, RL_P2023, FORM "an integer of milliseconds since 1970, in the years 1 to 9999", column, len, stored.p);
  else if (number)
    rl_fail(err, RL_P2023,
            FORM
            "2026-11-22T12:00:00.000+00:00; if all rows have milliseconds, add `timestamp_format=unixepoch-ms` to the "
            "URL, otherwise correct them: UPDATE <table> SET \"%s\" = %s\"%s\" / 1000.0, 'unixepoch') WHERE "
            "typeof(\"%s\") <> 'text'",
            column, len, stored.p, column, to_iso, column, column);
  else
    rl_fail(err, RL_P2023,
            FORM "2026-11-22T12:00:00.000+00:00; correct the rows: UPDATE <table> SET \"%s\" = %s\"%s\") WHERE \"%s\" "
                 "NOT LIKE '____-__-__T__:__:__.___%%+00:00'",
            column, len, stored.p, column, to_iso, column, column);
#undef FORM
  rl_error_detail(err, "column", column_text);
}
