/* Decimals on SQLite, which has none: its numbers become decimal text, and decimal text becomes the nearest number. */
#include "driver/sqlite/conn.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tape/decimal.h"

enum { EXACT_DIGITS = 15, EXACT_POWER = 22 }; /* a double holds any integer of 15 digits and 10^22 exactly */

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Returns whether the text is -?digits[.digits] without superfluous zeros: it is in the text form already. */
static bool is_plain(rl_str s) {
  size_t i = s.len && s.p[0] == '-' ? 1 : 0, start = i;
  while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9') i++;
  if (i == start || (i - start > 1 && s.p[start] == '0')) return false;
  if (i == s.len) return !(start == 1 && i == 2 && s.p[1] == '0');
  if (s.p[i++] != '.') return false;
  size_t point = i;
  while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9') i++;
  return i == s.len && i > point && s.p[i - 1] != '0';
}

static bool keep_decimal(rl_arena *arena, const char *p, size_t len, rl_str *out) {
  *out = rl_arena_str(arena, (rl_str){p, len});
  return out->p != NULL;
}

bool rl_sqlite_decimal_of_text(rl_str text, rl_arena *arena, rl_str *out) {
  if (is_plain(text)) {
    *out = text;
    return true;
  }
  rl_buf buf;
  rl_buf_init(&buf);
  rl_error ignored = {0};
  bool ok =
      rl_decimal_normalize(text, &buf, &ignored) == RILLE_OK && !buf.failed && keep_decimal(arena, buf.p, buf.len, out);
  rl_error_clear(&ignored);
  rl_buf_dispose(&buf);
  return ok;
}

/* Writes a number of few digits, with the fewest decimals from which it reads back the same. false: too many. */
static bool write_short_float(double f, rl_arena *arena, rl_str *out) {
  for (int decimals = 0; decimals <= 6; decimals++) {
    double scaled = f * powers[decimals];
    if (fabs(scaled) >= 1e15) return false;
    double whole = round(scaled);
    if (whole / powers[decimals] != f) continue;
    char text[40];
    int64_t digits = (int64_t)fabs(whole), unit = (int64_t)powers[decimals];
    const char *sign = f < 0 ? "-" : "";
    int n = decimals == 0
                ? snprintf(text, sizeof text, "%s%" PRId64, sign, digits)
                : snprintf(text, sizeof text, "%s%" PRId64 ".%0*" PRId64, sign, digits / unit, decimals, digits % unit);
    return keep_decimal(arena, text, (size_t)n, out);
  }
  return false;
}

bool rl_sqlite_decimal_of_float(double f, rl_arena *arena, rl_str *out) {
  if (!isfinite(f)) return false;
  if (write_short_float(f, arena, out)) return true;
  rl_error ignored = {0};
  rl_decimal *d = NULL;
  rl_buf buf;
  rl_buf_init(&buf);
  bool ok = rl_decimal_of_float(f, &d, &ignored) == RILLE_OK;
  if (ok) rl_decimal_write(d, &buf);
  ok = ok && !buf.failed && keep_decimal(arena, buf.p, buf.len, out);
  rl_decimal_free(d);
  rl_buf_dispose(&buf);
  rl_error_clear(&ignored);
  return ok;
}

/* Reads a number whose digits are few enough that one correctly rounded division gives the nearest float. strtod would
 * depend on the locale. */
static bool read_short_float(rl_str s, double *out) {
  size_t i = s.len && s.p[0] == '-' ? 1 : 0;
  int64_t digits = 0;
  int count = 0, decimals = 0;
  bool point = false;
  for (; i < s.len; i++) {
    if (s.p[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (s.p[i] < '0' || s.p[i] > '9' || ++count > EXACT_DIGITS) return false;
    digits = digits * 10 + (s.p[i] - '0');
    decimals += point ? 1 : 0;
  }
  if (count == 0) return false;
  double f = (double)digits / powers[decimals];
  *out = s.p[0] == '-' ? -f : f;
  return true;
}

bool rl_sqlite_decimal_to_float(rl_str text, double *out) {
  if (read_short_float(text, out)) return true;
  rl_error ignored = {0};
  rl_decimal *d = NULL;
  bool ok = rl_decimal_parse(text, &d, &ignored) == RILLE_OK;
  if (ok) *out = rl_decimal_to_float(d);
  rl_decimal_free(d);
  rl_error_clear(&ignored);
  return ok;
}
