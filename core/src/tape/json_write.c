/* Writing parts of JSON text. */
#include "base/base64.h"
#include "tape/float.h"
#include "tape/json.h"

#include <math.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The longest escape: \u0000. */
#define ESCAPE_MAX 6u

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

/* Returns whether none of eight bytes is a control, a quote, a backslash or a part of a longer sequence. */
static bool is_plain(uint64_t eight) {
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
  uint64_t quotes = eight ^ (ones * '"'), backslashes = eight ^ (ones * '\\');
  uint64_t controls = (eight - ones * 0x20) & ~eight;
  uint64_t escapes = ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes);
  return ((eight | controls | escapes) & highs) == 0;
}

static uint64_t load(const char *p, size_t size) {
  uint64_t word = 0;
  memcpy(&word, p, size);
  return word;
}

/* The end of a string that is shorter than eight bytes. */
static size_t copy_short(char *to, const char *p, size_t len) {
  const uint64_t blanks = UINT64_C(0x2020202020202020);
  if (len >= 4) { /* two halves that overlap */
    uint32_t low, high;
    memcpy(&low, p, sizeof low);
    memcpy(&high, p + len - 4, sizeof high);
    if (!is_plain((uint64_t)high << 32 | low)) return 0;
    memcpy(to, &low, sizeof low);
    memcpy(to + len - 4, &high, sizeof high);
    return len;
  }
  uint64_t word = blanks << 24;
  if (len == 0) return 0;
  for (size_t i = 0; i < 3; i++) word |= (uint64_t)(unsigned char)p[i < len ? i : 0] << (8 * i);
  if (!is_plain(word)) return 0;
  for (size_t i = 0; i < len; i++) to[i] = p[i];
  return len;
}

#if defined(__SSE2__)
/* As is_plain, of sixteen bytes. Compared with their sign, bytes from 0x80 on are below a blank, too. */
static size_t copy_blocks(char *to, const char *p, size_t len) {
  const __m128i blank = _mm_set1_epi8(' '), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  size_t at = 0;
  for (; len - at >= 16; at += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
    __m128i found = _mm_or_si128(_mm_cmplt_epi8(block, blank),
                                 _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
    if (_mm_movemask_epi8(found)) return at;
    _mm_storeu_si128((__m128i *)(void *)(to + at), block);
  }
  return at;
}
#else
static size_t copy_blocks(char *to, const char *p, size_t len) {
  (void)to, (void)p, (void)len;
  return 0;
}
#endif

size_t rl_json_copy_plain(char *to, const char *p, size_t len) {
  if (len < 8) return copy_short(to, p, len);
  size_t at = len < 16 ? 0 : copy_blocks(to, p, len);
  for (; len - at >= 8; at += 8) {
    uint64_t word = load(p + at, sizeof word);
    if (!is_plain(word)) return at;
    memcpy(to + at, &word, sizeof word);
  }
  if (at == len) return len;
  uint64_t word = load(p + len - 8, sizeof word); /* overlaps what is copied already */
  if (!is_plain(word)) return at;
  memcpy(to + len - 8, &word, sizeof word);
  return len;
}

/* A string on its way out. There is always room for what is left of it, unescaped, and the closing quote. */
typedef struct text_copy {
  const char *from, *end;
  char *to;
} text_copy;

static void copy_plain(text_copy *c) {
  size_t len = rl_json_copy_plain(c->to, c->from, (size_t)(c->end - c->from));
  c->from += len;
  c->to += len;
}

/* Writes the escape of the next byte. Returns false when out of memory. */
static bool copy_escaped(rl_buf *out, text_copy *c, char letter) {
  static const char hex[] = "0123456789abcdef";
  unsigned char byte = (unsigned char)*c->from++;
  out->len = (size_t)(c->to - out->p);
  if (!rl_buf_reserve(out, (size_t)(c->end - c->from) + ESCAPE_MAX + 1)) return false;
  c->to = out->p + out->len;
  const char escape[ESCAPE_MAX] = {'\\', letter, '0', '0', hex[byte >> 4], hex[byte & 15]};
  size_t len = letter == 'u' ? ESCAPE_MAX : 2;
  memcpy(c->to, escape, ESCAPE_MAX);
  c->to += len;
  return true;
}

/* The rest of a string, from the first byte that may need care. */
static bool copy_with_care(rl_buf *out, text_copy *c) {
  bool valid = true;
  while (c->from < c->end) {
    unsigned char byte = (unsigned char)*c->from;
    if (byte >= 0x80) {
      size_t len = rl_utf8_sequence(c->from, (size_t)(c->end - c->from));
      valid = valid && len > 0;
      for (len += len == 0; len > 0; len--) *c->to++ = *c->from++;
      if (c->from < c->end && (unsigned char)*c->from < 0x80) copy_plain(c);
      continue;
    }
    char letter = escape_of(byte);
    if (!letter) {
      *c->to++ = *c->from++;
      continue;
    }
    if (!copy_escaped(out, c, letter)) return valid;
    copy_plain(c);
  }
  return valid;
}

bool rl_json_write_text(rl_buf *out, rl_str s) {
  if (!rl_buf_reserve(out, s.len + 2)) return true;
  text_copy c = {s.p, s.p + s.len, out->p + out->len};
  *c.to++ = '"';
  copy_plain(&c);
  bool valid = c.from == c.end || copy_with_care(out, &c);
  if (out->failed) return valid;
  *c.to++ = '"';
  out->len = (size_t)(c.to - out->p);
  return valid;
}

void rl_json_write_float(rl_buf *out, double f) {
  char text[RL_FLOAT_MAX];
  if (isfinite(f))
    rl_buf_put(out, text, rl_float_text(f, text));
  else
    rl_buf_text(out, "null"); /* like other JSON encoders: JSON has no such number */
}

void rl_json_write_base64(rl_buf *out, rl_str bytes) {
  if (bytes.len > SIZE_MAX / 2 || !rl_buf_reserve(out, rl_base64_length(bytes.len) + 2)) {
    out->failed = true;
    return;
  }
  char *to = out->p + out->len;
  *to++ = '"';
  to = rl_base64_encode(bytes.p, bytes.len, to);
  *to++ = '"';
  out->len = (size_t)(to - out->p);
}
