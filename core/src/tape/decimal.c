/* Decimals: creating, writing, converting. */
#include "tape/decimal_struct.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tape/float.h"

rl_decimal *rl_decimal_new(void) {
  rl_decimal *d = rl_alloc(sizeof *d);
  if (!d) return NULL;
  mpz_init(d->coefficient);
  d->scale = 0;
  return d;
}

void rl_decimal_free(rl_decimal *d) {
  if (!d) return;
  mpz_clear(d->coefficient);
  rl_free(d);
}

void rl_decimal_power(mpz_t out, int64_t exponent) {
  mpz_ui_pow_ui(out, 10, (unsigned long)exponent);
}

int64_t rl_decimal_digits(const mpz_t n) {
  size_t digits = mpz_sizeinbase(n, 10); /* may be too large by one */
  if (digits <= 1) return 1;
  mpz_t power;
  mpz_init(power);
  rl_decimal_power(power, (int64_t)digits - 1);
  int order = mpz_cmpabs(n, power);
  mpz_clear(power);
  return (int64_t)digits - (order < 0);
}

/* Removes trailing zeros of the fraction. */
static void strip_zeros(rl_decimal *d) {
  if (d->scale == 0 || !mpz_divisible_ui_p(d->coefficient, 10)) return;
  mpz_t ten, stripped;
  mpz_init_set_ui(ten, 10);
  mpz_init(stripped);
  int64_t zeros = (int64_t)mpz_remove(stripped, d->coefficient, ten);
  if (zeros > d->scale) {
    rl_decimal_power(ten, zeros - d->scale);
    mpz_mul(stripped, stripped, ten);
    zeros = d->scale;
  }
  mpz_swap(d->coefficient, stripped);
  d->scale -= zeros;
  mpz_clear(stripped);
  mpz_clear(ten);
}

static void make_canonical(rl_decimal *d) {
  if (mpz_sgn(d->coefficient) == 0) {
    d->scale = 0;
  } else if (d->scale < 0 && d->scale >= -RL_DECIMAL_DIGITS) {
    mpz_t power;
    mpz_init(power);
    rl_decimal_power(power, -d->scale);
    mpz_mul(d->coefficient, d->coefficient, power);
    d->scale = 0;
    mpz_clear(power);
  } else {
    strip_zeros(d);
  }
}

rille_status rl_decimal_finish(rl_decimal *d, rl_decimal **out, rl_error *err) {
  make_canonical(d);
  if (d->scale < 0 || d->scale > RL_DECIMAL_DIGITS || mpz_sizeinbase(d->coefficient, 10) > RL_DECIMAL_DIGITS) {
    rl_decimal_free(d);
    return rl_fail(err, RL_P2020, "a decimal may have at most %d digits", RL_DECIMAL_DIGITS);
  }
  *out = d;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ in */

/* text: in the text form, terminated; this removes the point from it. */
static rille_status from_normal_text(char *text, rl_decimal **out, rl_error *err) {
  rl_decimal *d = rl_decimal_new();
  if (!d) return rl_fail_nomem(err);
  char *point = strchr(text, '.');
  if (point) {
    size_t fraction = strlen(point + 1);
    d->scale = (int64_t)fraction;
    memmove(point, point + 1, fraction + 1);
  }
  (void)mpz_set_str(d->coefficient, text, 10); /* cannot fail: the text consists of digits */
  return rl_decimal_finish(d, out, err);
}

rille_status rl_decimal_parse(rl_str text, rl_decimal **out, rl_error *err) {
  rl_buf normal;
  rl_buf_init(&normal);
  rille_status status = rl_decimal_normalize(text, &normal, err);
  if (status == RILLE_OK && !rl_buf_z(&normal)) status = rl_fail_nomem(err);
  if (status == RILLE_OK && normal.len > 2 * RL_DECIMAL_DIGITS)
    status = rl_fail(err, RL_P2020, "a decimal may have at most %d digits", RL_DECIMAL_DIGITS);
  if (status == RILLE_OK) status = from_normal_text(normal.p, out, err);
  rl_buf_dispose(&normal);
  return status;
}

rille_status rl_decimal_of_int(int64_t i, rl_decimal **out, rl_error *err) {
  rl_decimal *d = rl_decimal_new();
  if (!d) return rl_fail_nomem(err);
  uint64_t magnitude = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  mpz_import(d->coefficient, 1, 1, sizeof magnitude, 0, 0, &magnitude);
  if (i < 0) mpz_neg(d->coefficient, d->coefficient);
  return rl_decimal_finish(d, out, err);
}

rille_status rl_decimal_of_float(double f, rl_decimal **out, rl_error *err) {
  char text[RL_FLOAT_MAX];
  if (!isfinite(f)) return rl_fail(err, RL_P2006, "a decimal must be finite");
  return rl_decimal_parse(rl_str_make(text, rl_float_text(f, text)), out, err);
}

/* ------------------------------------------------------------------ out */

void rl_decimal_write(const rl_decimal *d, rl_buf *out) {
  size_t scale = (size_t)d->scale;
  size_t room = mpz_sizeinbase(d->coefficient, 10) + 2;
  if (!rl_buf_reserve(out, room + scale + 2)) return;
  char *start = out->p + out->len;
  (void)mpz_get_str(start, 10, d->coefficient);
  size_t sign = *start == '-', length = strlen(start);
  size_t digits = length - sign;
  if (scale >= digits && scale > 0) { /* zeros between the point and the first digit, and one before it */
    size_t zeros = scale - digits + 1;
    memmove(start + sign + zeros, start + sign, digits);
    memset(start + sign, '0', zeros);
    length += zeros;
  }
  if (scale > 0) {
    char *point = start + length - scale;
    memmove(point + 1, point, scale);
    *point = '.';
    length++;
  }
  out->len += length;
}

/* Digits beyond these only make the number a little larger: 767 digits decide every case of rounding to a double. */
#define FLOAT_DIGITS 800

double rl_decimal_to_float(const rl_decimal *d) {
  char text[FLOAT_DIGITS + 64];
  long long exponent = -(long long)d->scale;
  mpz_t head, tail, power;
  mpz_inits(head, tail, power, (mpz_ptr)NULL);
  int64_t excess = rl_decimal_digits(d->coefficient) - FLOAT_DIGITS;
  bool cut = excess > 0;
  if (cut) {
    rl_decimal_power(power, excess);
    mpz_tdiv_qr(head, tail, d->coefficient, power);
    exponent += excess;
  } else {
    mpz_set(head, d->coefficient);
  }
  (void)mpz_get_str(text, 10, head);
  if (cut && mpz_sgn(tail) != 0) {
    memcpy(text + strlen(text), "1", 2);
    exponent--;
  }
  size_t length = strlen(text);
  /* No point: strtod would expect that of the locale. */
  (void)snprintf(text + length, sizeof text - length, "e%lld", exponent);
  mpz_clears(head, tail, power, (mpz_ptr)NULL);
  return strtod(text, NULL);
}

bool rl_decimal_is_whole(const rl_decimal *d) {
  return d->scale == 0;
}

bool rl_decimal_to_int(const rl_decimal *d, int64_t *out) {
  if (!rl_decimal_is_whole(d) || mpz_sizeinbase(d->coefficient, 2) > 64) return false;
  uint64_t magnitude = 0;
  mpz_export(&magnitude, NULL, 1, sizeof magnitude, 0, 0, d->coefficient);
  bool negative = mpz_sgn(d->coefficient) < 0;
  if (magnitude > (uint64_t)INT64_MAX + negative) return false;
  *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
  return true;
}
