/* Date-times: the calendar, parsing and formatting ISO-8601. */
#include "tape/datetime.h"

#include "base/digits.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define EXPANDED_YEARS 290000 /* 64-bit microseconds reach a little farther, and so does PostgreSQL */

/* Divides, rounding towards minus infinity. */
static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

/* Years start on 1 March here, so the leap day is the last day of its year. An era of 400 years has 146,097 days. */
int64_t rl_days_from_civil(int64_t year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = floor_div(y, 400);
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468; /* 1970-01-01 is day 719,468 after 0000-03-01 */
}

void rl_civil_from_days(int64_t days, int64_t *year, int *month, int *day) {
  int64_t shifted = days + 719468;
  int64_t era = floor_div(shifted, 146097);
  uint32_t day_of_era = (uint32_t)(shifted - era * 146097); /* small numbers from here on: 32 bits are faster */
  uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t month_from_march = (5 * day_of_year + 2) / 153;
  *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

/* ------------------------------------------------------------------ in */

typedef struct scanner {
  const char *at, *end;
} scanner;

static bool take(scanner *s, char c) {
  if (s->at == s->end || *s->at != c) return false;
  s->at++;
  return true;
}

static bool next_is_digit(const scanner *s) {
  return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* Reads exactly `digits` digits, a number from low to high. */
static bool take_number(scanner *s, int digits, int low, int high, int *out) {
  int n = 0;
  for (int i = 0; i < digits; i++) {
    if (!next_is_digit(s)) return false;
    n = n * 10 + (*s->at++ - '0');
  }
  *out = n;
  return n >= low && n <= high;
}

/* Reads a year: four digits, or in the expanded form a sign and six. Other numbers of digits are years too, but not
 * supported. */
static bool take_year(scanner *s, int64_t *year, bool *expanded, bool *beyond) {
  bool minus = take(s, '-');
  *expanded = minus || take(s, '+');
  int digits = 0;
  int64_t n = 0;
  for (; next_is_digit(s) && digits < 9; digits++) n = n * 10 + (*s->at++ - '0');
  *year = minus ? -n : n;
  *beyond = *expanded ? digits != 6 || n > EXPANDED_YEARS || (minus && n == 0) : digits != 4 || n == 0;
  return digits >= 4;
}

static int days_in_month(int64_t year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

/* *beyond: no value has that year; *microseconds has no date then. */
static bool take_date(scanner *s, int64_t *microseconds, bool *expanded, bool *beyond) {
  int month, day;
  int64_t year;
  *microseconds = 0;
  if (!take_year(s, &year, expanded, beyond) || !take(s, '-') || !take_number(s, 2, 1, 12, &month) || !take(s, '-') ||
      !take_number(s, 2, 1, days_in_month(year, month), &day))
    return false;
  if (!*beyond) *microseconds = rl_days_from_civil(year, month, day) * DAY;
  return true;
}

/* Reads 1 to 9 digits; digits beyond a microsecond are cut. */
static bool take_fraction(scanner *s, int64_t *microseconds) {
  int64_t unit = SECOND / 10, sum = 0;
  int digits = 0;
  for (; next_is_digit(s); digits++, unit /= 10) sum += unit * (*s->at++ - '0');
  *microseconds = sum;
  return digits >= 1 && digits <= 9;
}

static bool take_time(scanner *s, bool needs_seconds, int64_t *microseconds) {
  int hour, minute, second = 0;
  int64_t fraction = 0;
  if (!take_number(s, 2, 0, 23, &hour) || !take(s, ':') || !take_number(s, 2, 0, 59, &minute)) return false;
  bool has_seconds = take(s, ':');
  if (has_seconds && !take_number(s, 2, 0, 59, &second)) return false;
  if (!has_seconds && needs_seconds) return false;
  if (has_seconds && take(s, '.') && !take_fraction(s, &fraction)) return false;
  *microseconds = hour * HOUR + minute * MINUTE + second * SECOND + fraction;
  return true;
}

/* Reads Z, +hh:mm, +hhmm, +hh or nothing, up to the end of the text. */
static bool take_offset(scanner *s, int64_t *microseconds) {
  int hour, minute = 0;
  *microseconds = 0;
  if (s->at == s->end) return true;
  if (take(s, 'Z')) return s->at == s->end;
  bool west = take(s, '-');
  if (!west && !take(s, '+')) return false;
  if (!take_number(s, 2, 0, 23, &hour)) return false;
  bool colon = take(s, ':');
  if ((colon || s->at < s->end) && !take_number(s, 2, 0, 59, &minute)) return false;
  *microseconds = (hour * HOUR + minute * MINUTE) * (west ? -1 : 1);
  return s->at == s->end;
}

bool rl_datetime_in_range(int64_t microseconds) {
  return microseconds >= rl_days_from_civil(1, 1, 1) * DAY && microseconds < rl_days_from_civil(10000, 1, 1) * DAY;
}

rl_datetime_verdict rl_datetime_read(rl_str text, int64_t *microseconds) {
  if (text.len == 0) return RL_DATETIME_NONE;
  scanner s = {text.p, text.p + text.len};
  int64_t date, time = 0, offset = 0;
  bool expanded, beyond;
  if (!take_date(&s, &date, &expanded, &beyond)) return RL_DATETIME_NONE;
  if (s.at < s.end) {
    if (!take(&s, 'T') && !take(&s, ' ')) return RL_DATETIME_NONE;
    if (!take_time(&s, false, &time) || !take_offset(&s, &offset)) return RL_DATETIME_NONE;
  }
  *microseconds = date + time - offset;
  /* The offset must not move a four-digit year out of its range. */
  if (beyond || (!expanded && !rl_datetime_in_range(*microseconds))) return RL_DATETIME_BEYOND;
  return RL_DATETIME_GOOD;
}

bool rl_datetime_parse(rl_str text, int64_t *microseconds) {
  int64_t found;
  if (rl_datetime_read(text, &found) != RL_DATETIME_GOOD || !rl_datetime_in_range(found)) return false;
  *microseconds = found;
  return true;
}

bool rl_time_parse(rl_str text, int64_t *microseconds) {
  if (text.len == 0) return false;
  scanner s = {text.p, text.p + text.len};
  int64_t time, offset;
  if (!take_time(&s, true, &time) || !take_offset(&s, &offset)) return false;
  *microseconds = (time - offset + DAY) % DAY;
  return true;
}

/* ------------------------------------------------------------------ out */

static char *put_four(char *out, uint32_t n) {
  return rl_put_two(rl_put_two(out, n / 100), n % 100);
}

/* Writes years outside 0001 to 9999 in ISO's expanded form: a sign and six digits. */
static char *put_year(char *out, int64_t year) {
  if (year >= 1 && year <= 9999) return put_four(out, (uint32_t)year);
  *out++ = year < 0 ? '-' : '+';
  uint32_t positive = (uint32_t)(year < 0 ? -year : year);
  return put_four(rl_put_two(out, positive / 10000), positive % 10000);
}

static char *put_separated(char *out, char separator, uint32_t n) {
  *out = separator;
  return rl_put_two(out + 1, n);
}

static char *put_fraction(char *out, uint32_t microseconds) {
  *out++ = '.';
  uint32_t milliseconds = microseconds / 1000, rest = microseconds % 1000;
  *out++ = (char)('0' + milliseconds / 100);
  out = rl_put_two(out, milliseconds % 100);
  if (rest == 0) return out;
  *out++ = (char)('0' + rest / 100);
  return rl_put_two(out, rest % 100);
}

static size_t format(int64_t microseconds, const char *zone, char *out) {
  int64_t days = floor_div(microseconds, DAY), year;
  int64_t time = microseconds % DAY;
  if (time < 0) time += DAY;
  uint32_t seconds = (uint32_t)(time / SECOND);
  int month, day;
  rl_civil_from_days(days, &year, &month, &day);
  char *at = put_separated(put_year(out, year), '-', (uint32_t)month);
  at = put_separated(at, '-', (uint32_t)day);
  at = put_separated(at, 'T', seconds / 3600);
  at = put_separated(at, ':', seconds / 60 % 60);
  at = put_separated(at, ':', seconds % 60);
  at = put_fraction(at, (uint32_t)(time - (int64_t)seconds * SECOND));
  size_t zone_length = strlen(zone);
  memcpy(at, zone, zone_length + 1);
  return (size_t)(at - out) + zone_length;
}

size_t rl_datetime_format(int64_t microseconds, char out[RL_DATETIME_MAX]) {
  return format(microseconds, "Z", out);
}

size_t rl_datetime_format_offset(int64_t microseconds, char out[RL_DATETIME_MAX]) {
  return format(microseconds, "+00:00", out);
}
