/* Exact decimals of any length, using GMP. Text form: -?digits[.digits], no exponent, no unnecessary zeros; "NaN" is
 * not a decimal. */
#ifndef RL_TAPE_DECIMAL_H
#define RL_TAPE_DECIMAL_H

#include "base/buf.h"
#include "base/error.h"

typedef struct rl_decimal rl_decimal; /* immutable: coefficient * 10^-scale */

/* Parses a sign, digits, a point and an exponent (at most 20,000); otherwise P2006. Here and below, a number of more
 * than 150,000 digits is P2020. */
rille_status rl_decimal_parse(rl_str text, rl_decimal **out, rl_error *err);
rille_status rl_decimal_of_int(int64_t i, rl_decimal **out, rl_error *err);
rille_status rl_decimal_of_float(double f, rl_decimal **out,
                                 rl_error *err); /* the shortest decimal that reads back as f */
void rl_decimal_free(rl_decimal *d);
void rl_decimal_write(const rl_decimal *d, rl_buf *out);
double rl_decimal_to_float(const rl_decimal *d);           /* correctly rounded */
bool rl_decimal_to_int(const rl_decimal *d, int64_t *out); /* false if not integral or beyond 64 bits */
bool rl_decimal_is_whole(const rl_decimal *d);
int rl_decimal_cmp(const rl_decimal *a, const rl_decimal *b);
rille_status rl_decimal_add(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err);
rille_status rl_decimal_sub(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err);
rille_status rl_decimal_mul(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err);
/* Returns the quotient, rounded half up to 20 significant digits, or those of the operands if they have more. Division
 * by zero is P2006. */
rille_status rl_decimal_div(const rl_decimal *a, const rl_decimal *b, rl_decimal **out, rl_error *err);
rille_status rl_decimal_neg(const rl_decimal *a, rl_decimal **out, rl_error *err);
/* Rounds to n digits after the point (n may be negative), half away from zero. */
rille_status rl_decimal_round(const rl_decimal *a, int n, rl_decimal **out, rl_error *err);
/* Writes exactly n digits after the point, rounded as above: format(2) of 12.5 is "12.50". */
rille_status rl_decimal_format(const rl_decimal *a, int n, rl_buf *out, rl_error *err);
/* Converts decimal text (exponent allowed) to the text form, without GMP if it already is in that form. */
rille_status rl_decimal_normalize(rl_str text, rl_buf *out, rl_error *err);
int rl_decimal_text_cmp(rl_str a, rl_str b); /* both in the text form; -1, 0 or 1 */

#endif
