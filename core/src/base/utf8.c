/* UTF-8: whether a string is valid, and where the first invalid byte is. */
#include "base/str.h"

/* What may follow a lead byte: how many bytes, and the range of the first of them. The narrow ranges exclude overlong
 * forms, surrogates and numbers above U+10FFFF. */
typedef struct sequence {
  unsigned char more, low, high;
} sequence;

static sequence sequence_of(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return (sequence){1, 0x80, 0xBF};
  if (lead == 0xE0) return (sequence){2, 0xA0, 0xBF};
  if (lead == 0xED) return (sequence){2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return (sequence){2, 0x80, 0xBF};
  if (lead == 0xF0) return (sequence){3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return (sequence){3, 0x80, 0xBF};
  if (lead == 0xF4) return (sequence){3, 0x80, 0x8F};
  return (sequence){0, 0, 0};
}

/* Returns the length of the well-formed sequence at p, or 0. */
static size_t sequence_length(const unsigned char *p, size_t left) {
  if (p[0] < 0x80) return 1;
  sequence s = sequence_of(p[0]);
  if (s.more == 0 || left <= s.more || p[1] < s.low || p[1] > s.high) return 0;
  for (size_t i = 2; i <= s.more; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  return (size_t)s.more + 1;
}

size_t rl_utf8_sequence(const char *p, size_t left) {
  return sequence_length((const unsigned char *)p, left);
}

bool rl_utf8_valid(rl_str s, size_t *bad) {
  const unsigned char *p = (const unsigned char *)s.p;
  size_t at = 0;
  while (at < s.len) {
    uint64_t eight;
    if (s.len - at >= sizeof eight) { /* most text is ASCII: eight bytes per step */
      memcpy(&eight, p + at, sizeof eight);
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    size_t len = sequence_length(p + at, s.len - at);
    if (len == 0) {
      if (bad) *bad = at;
      return false;
    }
    at += len;
  }
  return true;
}
