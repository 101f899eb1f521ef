/* Numbers of JSON text as values: integers and floats if nothing is lost, otherwise decimals. */
#include "tape/decimal.h"
#include "tape/json.h"

#include <math.h>

/* A float with few digits is exact after one multiplication or division. Returns false if it has more. */
static bool short_float(rl_str t, double *out) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  int64_t mantissa = 0;
  int exponent = 0, digits = 0, point = 0;
  size_t i = t.p[0] == '-';
  for (; i < t.len && t.p[i] != 'e' && t.p[i] != 'E'; i++) {
    if (t.p[i] == '.') {
      point = 1;
      continue;
    }
    mantissa = mantissa * 10 + (t.p[i] - '0');
    if (mantissa && ++digits > 15) return false;
    exponent -= point;
  }
  if (i < t.len) {
    int sign = 1, e = 0;
    i++;
    if (i < t.len && (t.p[i] == '-' || t.p[i] == '+')) sign = t.p[i++] == '-' ? -1 : 1;
    for (; i < t.len; i++) {
      if (e > 1000) return false;
      e = e * 10 + (t.p[i] - '0');
    }
    exponent += sign * e;
  }
  if (exponent < -22 || exponent > 22) return false;
  double f = (double)mantissa;
  f = exponent < 0 ? f / powers[-exponent] : f * powers[exponent];
  *out = t.p[0] == '-' ? -f : f;
  return true;
}

static bool whole(rl_str t, int64_t *out) {
  uint64_t n = 0;
  bool negative = t.p[0] == '-';
  uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1u : 0u);
  for (size_t i = negative; i < t.len; i++) {
    if (t.p[i] < '0' || t.p[i] > '9') return false;
    uint64_t digit = (uint64_t)(t.p[i] - '0');
    if (n > (limit - digit) / 10) return false;
    n = n * 10 + digit;
  }
  if (negative && n == 0) return false; /* -0 is a float */
  *out = negative ? (int64_t)(0u - n) : (int64_t)n;
  return true;
}

static bool long_float(rl_str t, double *out) {
  rl_decimal *exact = NULL, *shortest = NULL;
  rl_error ignored = {0};
  bool same = false;
  if (rl_decimal_parse(t, &exact, &ignored) == RILLE_OK) {
    *out = rl_decimal_to_float(exact);
    same = isfinite(*out) && rl_decimal_of_float(*out, &shortest, &ignored) == RILLE_OK &&
           rl_decimal_cmp(exact, shortest) == 0;
  }
  rl_decimal_free(exact);
  rl_decimal_free(shortest);
  rl_error_clear(&ignored);
  return same;
}

rille_value_kind rl_json_number(rl_str text, int64_t *i, double *f) {
  if (whole(text, i)) return RILLE_INT;
  return short_float(text, f) || long_float(text, f) ? RILLE_FLOAT : RILLE_DECIMAL;
}
