/* Base64 (RFC 4648), with padding. */
#ifndef RL_BASE_BASE64_H
#define RL_BASE_BASE64_H

#include <stddef.h>

/* Returns the number of characters that `len` bytes become. */
static inline size_t rl_base64_length(size_t len) {
  return (len / 3 + (len % 3 != 0)) * 4;
}

/* Writes the characters, without a zero byte at the end; returns where they end. */
char *rl_base64_encode(const void *bytes, size_t len, char *to);

/* Returns the six bits of a character, of the standard or the URL-safe alphabet; -1 if it has none. */
int rl_base64_digit(char c);

#endif
