/* Hexadecimal digits. */
#ifndef RL_BASE_HEX_H
#define RL_BASE_HEX_H

#include "base/str.h"

enum { RL_HEX_NUMBER = 16 }; /* digits of 64 bits */

/* Returns the value of a digit, in either case; -1 if it is none. */
static inline int rl_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Write digits in lower case, without a zero byte at the end. */
void rl_hex_bytes(const void *bytes, size_t len, char *to); /* two for each byte */
void rl_hex_number(uint64_t number, char to[RL_HEX_NUMBER]);
/* Reads what rl_hex_number writes. Returns false if it is something else. */
bool rl_hex_read_number(rl_str digits, uint64_t *out);

#endif
