/* The parts of a decimal. Private to the tape room. */
#ifndef RL_TAPE_DECIMAL_STRUCT_H
#define RL_TAPE_DECIMAL_STRUCT_H

#include <gmp.h>

#include "tape/decimal.h"

/* More than any database stores (PostgreSQL: 131,072 digits before the point, 16,383 after it). GMP ends the process
 * when out of memory, so inputs must not cause numbers of any length. */
#define RL_DECIMAL_DIGITS 150000

/* scale >= 0, and as small as possible: equal numbers have equal parts. */
struct rl_decimal {
  mpz_t coefficient;
  int64_t scale;
};

rl_decimal *rl_decimal_new(void); /* zero; NULL when out of memory */
/* Makes the parts canonical and passes the number to the caller; frees it if it is too long. */
rille_status rl_decimal_finish(rl_decimal *d, rl_decimal **out, rl_error *err);
void rl_decimal_power(mpz_t out, int64_t exponent); /* 10^exponent */
int64_t rl_decimal_digits(const mpz_t n);           /* number of decimal digits; 1 for 0 */

#endif
