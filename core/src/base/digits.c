/* Integers as decimal text. */
#include "base/digits.h"

const char rl_two_digits[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static unsigned count_digits(uint64_t u) {
  unsigned count = 1;
  for (; u >= 10000; u /= 10000) count += 4;
  return count + (u >= 10) + (u >= 100) + (u >= 1000);
}

char *rl_put_int(char *to, int64_t i) {
  uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  if (i < 0) *to++ = '-';
  char *end = to + count_digits(u), *at = end;
  for (; u >= 100; u /= 100) (void)rl_put_two(at -= 2, (uint32_t)(u % 100));
  if (u >= 10)
    (void)rl_put_two(at - 2, (uint32_t)u);
  else
    at[-1] = (char)('0' + u);
  return end;
}
