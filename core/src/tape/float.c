/* The shortest decimal text of a float. */
#include "tape/float.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The C library writes the locale's decimal point, which may be any bytes. Bytes that cannot be in a number become one
 * '.'. */
static size_t without_locale(char *text) {
  size_t len = 0;
  bool point = false;
  for (const char *c = text; *c; c++) {
    bool plain = (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e';
    if (!plain && point) continue;
    if (!plain) point = true;
    text[len++] = plain ? *c : '.';
  }
  text[len] = '\0';
  return len;
}

static bool reads_back(double f, int digits, char *out) {
  (void)snprintf(out, RL_FLOAT_MAX, "%.*g", digits, f);
  double back = strtod(out, NULL);
  return back >= f && back <= f;
}

/* Finds the smallest number of decimals with which f reads back. The products are exact: f has 24 bits, 10^6 needs 14
 * more. */
static bool few_decimals(float f, double *out) {
  static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
  for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
    double shortened = round((double)f * powers[i]) / powers[i];
    float back = (float)shortened;
    if (!(back >= f && back <= f)) continue;
    *out = shortened;
    return true;
  }
  return false;
}

double rl_float_of_single(float f) {
  double out = (double)f;
  if (!isfinite(f)) return out;
  if (fabs(out) < 16777216 && few_decimals(f, &out)) return out; /* 2^24: integers below are exact */
  char text[RL_FLOAT_MAX];
  int digits = fabsf(f) < FLT_MIN ? 1 : 6; /* a normal float always keeps 6 */
  for (; digits <= 9; digits++) {
    (void)snprintf(text, sizeof text, "%.*g", digits, (double)f);
    float back = strtof(text, NULL);
    if (back >= f && back <= f) return strtod(text, NULL);
  }
  return out;
}

size_t rl_float_text(double f, char out[RL_FLOAT_MAX]) {
  if (fabs(f) <= 9007199254740992.0 && f <= floor(f) && !(f >= 0 && signbit(f))) /* 2^53: integers below are exact */
    return (size_t)snprintf(out, RL_FLOAT_MAX, "%lld", (long long)f);
  /* A normal double always keeps 15 digits, so fewer need not be tried. */
  int digits = fabs(f) < DBL_MIN ? 1 : 15;
  while (digits < 17 && !reads_back(f, digits, out)) digits++;
  if (digits == 17) (void)snprintf(out, RL_FLOAT_MAX, "%.17g", f);
  return without_locale(out);
}
