/* Decoding of numeric: digits of base 10000 become plain decimal text. */
#include "driver/postgres/pg.h"

enum { HEADER = 8, NEGATIVE = 0x4000, NOT_A_NUMBER = 0xC000, PLUS_INFINITY = 0xD000, MINUS_INFINITY = 0xF000 };
enum { MOST_FRACTION = 4096 }; /* digits of base 10000 after the point; the server has at most 16383 decimal digits */

static bool set_static(rl_value *out, const char *text) {
  *out = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)strlen(text), .as.p = text};
  return true;
}

static char *put4(char *at, unsigned digit) {
  at[0] = (char)('0' + digit / 1000);
  at[1] = (char)('0' + digit / 100 % 10);
  at[2] = (char)('0' + digit / 10 % 10);
  at[3] = (char)('0' + digit % 10);
  return at + 4;
}

/* Positions outside the stored digits are zero. */
static unsigned digit_at(const char *digits, int count, int i) {
  return i >= 0 && i < count ? rl_pg_u16(digits + 2 * i) : 0;
}

static char *put_whole(char *at, const char *digits, int count, int weight) {
  if (weight < 0) {
    *at++ = '0';
    return at;
  }
  char *start = at;
  for (int i = 0; i <= weight; i++) at = put4(at, digit_at(digits, count, i));
  char *first = start;
  while (first < at - 1 && *first == '0') first++;
  memmove(start, first, (size_t)(at - first));
  return at - (first - start);
}

static char *put_fraction(char *at, const char *digits, int count, int weight) {
  if (count <= weight + 1) return at;
  char *point = at;
  *at++ = '.';
  for (int i = weight + 1; i < count; i++) at = put4(at, digit_at(digits, count, i));
  while (at[-1] == '0') at--;
  return at - 1 == point ? point : at;
}

static bool are_digits(const char *digits, int count) {
  for (int i = 0; i < count; i++)
    if (rl_pg_u16(digits + 2 * i) > 9999) return false;
  return true;
}

bool rl_pg_decode_numeric(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len < HEADER) return false;
  int count = rl_pg_u16(p), weight = (int16_t)rl_pg_u16(p + 2), sign = rl_pg_u16(p + 4);
  if (sign == NOT_A_NUMBER) return set_static(out, "NaN");
  if (sign == PLUS_INFINITY) return set_static(out, "Infinity");
  if (sign == MINUS_INFINITY) return set_static(out, "-Infinity");
  if (len != HEADER + 2 * (size_t)count || (sign != 0 && sign != NEGATIVE)) return false;
  if (count > weight + 1 + MOST_FRACTION || !are_digits(p + HEADER, count)) return false;
  if (count == 0) weight = 0; /* zero, whatever its weight */
  const char *digits = p + HEADER;
  size_t whole = weight >= 0 ? 4 * ((size_t)weight + 1) : 1;
  size_t fraction = count > weight + 1 ? 4 * (size_t)(count - weight - 1) : 0;
  char *text = rl_pg_scratch(c, whole + fraction + 3);
  if (!text) return false;
  char *at = text;
  if (sign == NEGATIVE && count > 0) *at++ = '-';
  at = put_whole(at, digits, count, weight);
  at = put_fraction(at, digits, count, weight);
  *out = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)(at - text), .as.p = text};
  return true;
}
