/* Percent-encoding in URLs. */
#include "base/percent.h"

#include "base/hex.h"

bool rl_percent_decode(rl_str s, char *to, size_t *len) {
  *len = 0;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (c == '%') {
      int high = i + 2 < s.len ? rl_hex_digit(s.p[i + 1]) : -1, low = high >= 0 ? rl_hex_digit(s.p[i + 2]) : -1;
      if (low < 0) return false;
      c = (char)(unsigned char)(high * 16 + low);
      i += 2;
    }
    to[(*len)++] = c;
  }
  return true;
}
