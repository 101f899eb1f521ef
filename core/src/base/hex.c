/* Hexadecimal digits. */
#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

void rl_hex_bytes(const void *bytes, size_t len, char *to) {
  const uint8_t *p = bytes;
  for (size_t i = 0; i < len; i++) {
    *to++ = digits[p[i] >> 4];
    *to++ = digits[p[i] & 15];
  }
}

void rl_hex_number(uint64_t number, char to[RL_HEX_NUMBER]) {
  for (size_t i = RL_HEX_NUMBER; i-- > 0; number >>= 4) to[i] = digits[number & 15];
}

bool rl_hex_read_number(rl_str s, uint64_t *out) {
  if (s.len != RL_HEX_NUMBER) return false;
  *out = 0;
  for (size_t i = 0; i < s.len; i++) {
    int digit = s.p[i] >= 'A' && s.p[i] <= 'F' ? -1 : rl_hex_digit(s.p[i]);
    if (digit < 0) return false;
    *out = *out << 4 | (unsigned)digit;
  }
  return true;
}
