/* JSON by hand, for W11. The database is trusted to give valid UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "yardstick.h"

void text_room(lua_State *L, struct text *t, size_t more) {
  if (t->capacity - t->len >= more) return;
  size_t capacity = (t->len + more) * 2;
  char *grown = realloc(t->p, capacity);
  if (!grown) luaL_error(L, "yardstick: out of memory");
  t->p = grown;
  t->capacity = capacity;
}

void text_put(lua_State *L, struct text *t, const char *p, size_t len) {
  text_room(L, t, len);
  memcpy(t->p + t->len, p, len);
  t->len += len;
}

void text_integer(lua_State *L, struct text *t, int64_t i) {
  char digits[20];
  size_t at = sizeof digits;
  uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  do digits[--at] = (char)('0' + u % 10);
  while (u /= 10);
  if (i < 0) digits[--at] = '-';
  text_put(L, t, digits + at, sizeof digits - at);
}

/* Whether eight bytes have nothing that must be escaped. */
static bool plain(uint64_t w) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t quote = w ^ (ones * '"'), backslash = w ^ (ones * '\\');
  return ((((w - ones * 32) & ~w) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & (ones * 128)) == 0;
}

static char *put_escaped(char *to, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  static const char letters[] = {[8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};
  if (c >= 32 && c != '"' && c != '\\') {
    *to++ = (char)c;
    return to;
  }
  *to++ = '\\';
  if (c >= 32) {
    *to++ = (char)c;
  } else if (c < sizeof letters && letters[c]) {
    *to++ = letters[c];
  } else {
    memcpy(to, "u00", 3);
    to[3] = hex[c >> 4];
    to[4] = hex[c & 15];
    to += 5;
  }
  return to;
}

void text_string(lua_State *L, struct text *t, const char *p, size_t len) {
  const char *end = p + len;
  text_room(L, t, len * 6 + 2);
  char *to = t->p + t->len;
  *to++ = '"';
  while (p < end) {
    uint64_t w;
    if (end - p >= 8 && (memcpy(&w, p, 8), plain(w))) {
      memcpy(to, &w, 8);
      p += 8;
      to += 8;
    } else {
      to = put_escaped(to, (unsigned char)*p++);
    }
  }
  *to++ = '"';
  t->len = (size_t)(to - t->p);
}
