/* Decimals: comparison and arithmetic. */
#include "tape/decimal_struct.h"

#define LEAST_PRECISION 20 /* significant digits of a quotient, as in Prisma */

/* out = the coefficient of d at a scale that is not smaller than its own. */
static void coefficient_at(mpz_t out, const rl_decimal *d, int64_t scale) {
  if (scale == d->scale) {
    mpz_set(out, d->coefficient);
    return;
  }
  rl_decimal_power(out, scale - d->scale);
  mpz_mul(out, out, d->coefficient);
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

int rl_decimal_cmp(const rl_decimal *a, const rl_decimal *b) {
  int sign_a = mpz_sgn(a->coefficient), sign_b = mpz_sgn(b->coefficient);
  if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
  int order;
  if (a->scale == b->scale) {
    order = mpz_cmp(a->coefficient, b->coefficient);
  } else {
    mpz_t x, y;
    mpz_inits(x, y, (mpz_ptr)NULL);
    int64_t scale = larger(a->scale, b->scale);
    coefficient_at(x, a, scale);
    coefficient_at(y, b, scale);
    order = mpz_cmp(x, y);
    mpz_clears(x, y, (mpz_ptr)NULL);
  }
  return (order > 0) - (order < 0);
}

typedef void combine(mpz_ptr out, mpz_srcptr a, mpz_srcptr b);

static rille_status add_or_sub(const rl_decimal *a, const rl_decimal *b, combine *how, rl_decimal **out,
                               rl_error *err) {
  rl_decimal *sum = rl_decimal_new();
  if (!sum) return rl_fail_nomem(err);
  mpz_t other;
  mpz_init(other);
  sum->scale = larger(a->scale, b->scale);
  coefficient_at(sum->coefficient, a, sum->scale);
  coefficient_at(other, b, sum->scale);
  how(sum->coefficient, sum->coefficient, other);
  mpz_clear(other);
  return rl_decimal_finish(sum, out, err);
}

rille_status rl_decimal_add(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err) {
  return add_or_sub(a, b, mpz_add, out, err);
}

rille_status rl_decimal_sub(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err) {
  return add_or_sub(a, b, mpz_sub, out, err);
}

rille_status rl_decimal_mul(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err) {
  rl_decimal *product = rl_decimal_new();
  if (!product) return rl_fail_nomem(err);
  mpz_mul(product->coefficient, a->coefficient, b->coefficient);
  product->scale = a->scale + b->scale;
  return rl_decimal_finish(product, out, err);
}

rille_status rl_decimal_neg(const rl_decimal *a, rl_decimal **out, rl_error *err) {
  rl_decimal *d = rl_decimal_new();
  if (!d) return rl_fail_nomem(err);
  mpz_neg(d->coefficient, a->coefficient);
  d->scale = a->scale;
  return rl_decimal_finish(d, out, err);
}

/* quotient = n / divisor, rounded half away from zero. */
static void divide_rounding(mpz_t quotient, const mpz_t n, const mpz_t divisor) {
  mpz_t rest;
  mpz_init(rest);
  mpz_tdiv_qr(quotient, rest, n, divisor);
  mpz_mul_2exp(rest, rest, 1);
  if (mpz_cmpabs(rest, divisor) >= 0) {
    if (mpz_sgn(n) * mpz_sgn(divisor) < 0)
      mpz_sub_ui(quotient, quotient, 1);
    else
      mpz_add_ui(quotient, quotient, 1);
  }
  mpz_clear(rest);
}

/* Returns the number of digits, without trailing zeros of an integer. */
static int64_t significant_digits(const rl_decimal *d) {
  if (mpz_sgn(d->coefficient) == 0) return 1;
  mpz_t ten, stripped;
  mpz_init_set_ui(ten, 10);
  mpz_init(stripped);
  (void)mpz_remove(stripped, d->coefficient, ten);
  int64_t digits = rl_decimal_digits(stripped);
  mpz_clear(stripped);
  mpz_clear(ten);
  return digits;
}

/* n / divisor * 10^shift into quotient, rounded. */
static void divide_shifted(mpz_t quotient, const rl_decimal *a, const rl_decimal *b, int64_t shift) {
  mpz_t n, divisor, power;
  mpz_init_set(n, a->coefficient);
  mpz_init_set(divisor, b->coefficient);
  mpz_init(power);
  rl_decimal_power(power, shift < 0 ? -shift : shift);
  if (shift < 0)
    mpz_mul(divisor, divisor, power);
  else
    mpz_mul(n, n, power);
  divide_rounding(quotient, n, divisor);
  mpz_clears(n, divisor, power, (mpz_ptr)NULL);
}

/* Returns whether |a's coefficient| * 10^digits(b) >= |b's| * 10^digits(a): the first digit of the quotient is then one
 * position higher. */
static bool leads(const rl_decimal *a, const rl_decimal *b, int64_t digits_a, int64_t digits_b) {
  mpz_t x, y;
  mpz_inits(x, y, (mpz_ptr)NULL);
  rl_decimal_power(x, larger(digits_b - digits_a, 0));
  rl_decimal_power(y, larger(digits_a - digits_b, 0));
  mpz_mul(x, x, a->coefficient);
  mpz_mul(y, y, b->coefficient);
  bool result = mpz_cmpabs(x, y) >= 0;
  mpz_clears(x, y, (mpz_ptr)NULL);
  return result;
}

rille_status rl_decimal_div(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err) {
  if (mpz_sgn(b->coefficient) == 0) return rl_fail(err, RL_P2006, "a decimal cannot be divided by zero");
  rl_decimal *q = rl_decimal_new();
  if (!q) return rl_fail_nomem(err);
  if (mpz_sgn(a->coefficient) != 0) {
    int64_t precision = larger(LEAST_PRECISION, larger(significant_digits(a), significant_digits(b)));
    int64_t digits_a = rl_decimal_digits(a->coefficient), digits_b = rl_decimal_digits(b->coefficient);
    /* With this shift, the quotient of the coefficients has exactly `precision` digits before its point. */
    int64_t shift = precision - (digits_a - digits_b) - leads(a, b, digits_a, digits_b);
    divide_shifted(q->coefficient, a, b, shift);
    q->scale = a->scale - b->scale + shift;
  }
  return rl_decimal_finish(q, out, err);
}

rille_status rl_decimal_round(const rl_decimal *a, int n, rl_decimal **out, rl_error *err) {
  rl_decimal *d = rl_decimal_new();
  if (!d) return rl_fail_nomem(err);
  if (n >= a->scale) {
    mpz_set(d->coefficient, a->coefficient);
    d->scale = a->scale;
  } else if (a->scale - n <=
             rl_decimal_digits(a->coefficient)) { /* otherwise less than a tenth of the last digit remains: zero */
    mpz_t power;
    mpz_init(power);
    rl_decimal_power(power, a->scale - n);
    divide_rounding(d->coefficient, a->coefficient, power);
    mpz_clear(power);
    d->scale = n;
  }
  return rl_decimal_finish(d, out, err);
}

rille_status rl_decimal_format(const rl_decimal *a, int n, rl_buf *out, rl_error *err) {
  if (n > RL_DECIMAL_DIGITS) return rl_fail(err, RL_P2020, "at most %d digits can be written", RL_DECIMAL_DIGITS);
  rl_decimal *d = NULL;
  rille_status status = rl_decimal_round(a, n, &d, err);
  if (status < 0) return status;
  rl_decimal_write(d, out);
  if (n > 0 && d->scale == 0) rl_buf_byte(out, '.');
  for (int64_t i = d->scale; i < n; i++) rl_buf_byte(out, '0');
  rl_decimal_free(d);
  return out->failed ? rl_fail_nomem(err) : RILLE_OK;
}
