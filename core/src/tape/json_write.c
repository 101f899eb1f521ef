/* Writing parts of JSON text. */
#include "tape/float.h"
#include "tape/json.h"

#include <math.h>

/* The letter after the backslash, 'u' for a numeric escape, 0: no escape. */
static char escape_of(unsigned char c) {
  switch (c) {
  case '"': return '"';
  case '\\': return '\\';
  case '\b': return 'b';
  case '\f': return 'f';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return c < 0x20 ? 'u' : 0;
  }
}

void rl_json_write_text(rl_buf *out, rl_str s) {
  static const char hex[] = "0123456789abcdef";
  rl_buf_byte(out, '"');
  size_t written = 0;
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.p[i];
    char letter = escape_of(c);
    if (!letter) continue;
    rl_buf_put(out, s.p + written, i - written);
    written = i + 1;
    const char escape[6] = {'\\', letter, '0', '0', hex[c >> 4], hex[c & 15]};
    rl_buf_put(out, escape, letter == 'u' ? 6 : 2);
  }
  if (s.len) rl_buf_put(out, s.p + written, s.len - written);
  rl_buf_byte(out, '"');
}

void rl_json_write_float(rl_buf *out, double f) {
  char text[RL_FLOAT_MAX];
  if (isfinite(f))
    rl_buf_put(out, text, rl_float_text(f, text));
  else
    rl_buf_text(out, "null"); /* like other JSON encoders: JSON has no such number */
}
