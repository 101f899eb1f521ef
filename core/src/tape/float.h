/* The shortest decimal text of a float. Private to the tape room. */
#ifndef RL_TAPE_FLOAT_H
#define RL_TAPE_FLOAT_H

#include <stddef.h>

#define RL_FLOAT_MAX 48 /* a locale's decimal point may be several bytes */

/* Digits, a point and an exponent where needed; reads back as f. f must be finite. Returns the length; terminated. */
size_t rl_float_text(double f, char out[RL_FLOAT_MAX]);

#endif
