/* Base64. */
#include "base/base64.h"

char *rl_base64_encode(const void *bytes, size_t len, char *to) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *p = bytes;
  for (; len > 2; len -= 3, p += 3) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
    *to++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
    *to++ = digits[p[2] & 63];
  }
  if (len) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];
    *to++ = len > 1 ? digits[(p[1] & 15) << 2] : '=';
    *to++ = '=';
  }
  return to;
}

int rl_base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}
