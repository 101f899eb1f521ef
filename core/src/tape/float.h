/* The shortest decimal text of a float. */
#ifndef RL_TAPE_FLOAT_H
#define RL_TAPE_FLOAT_H

#include <stddef.h>

#define RL_FLOAT_MAX 48 /* a locale's decimal point may be several bytes */

/* Writes digits, and a point and an exponent if needed; reads back as f. f must be finite. Returns the length;
 * terminated. */
size_t rl_float_text(double f, char out[RL_FLOAT_MAX]);
/* Returns the double nearest to the shortest decimal text that reads back as the single-precision f: 1.1 for 1.1f, for
 * which a plain conversion gives 1.10000002384185791. */
double rl_float_of_single(float f);

#endif
