/* Integers as decimal text, two digits at a time. */
#ifndef RL_BASE_DIGITS_H
#define RL_BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

#define RL_INT_TEXT_MAX 20 /* -9223372036854775808 */

extern const char rl_two_digits[201]; /* "000102...99" */

/* n: below 100 */
static inline char *rl_put_two(char *to, uint32_t n) {
  memcpy(to, rl_two_digits + (size_t)n * 2, 2);
  return to + 2;
}
/* Writes at most RL_INT_TEXT_MAX bytes, not terminated. Returns their end. */
char *rl_put_int(char *to, int64_t i);

#endif
