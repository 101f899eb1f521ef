/* A borrowed string: a pointer and a length; not terminated unless stated. */
#ifndef RL_BASE_STR_H
#define RL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct rl_str {
  const char *p;
  size_t len;
} rl_str;

#define RL_STR(literal) ((rl_str){(literal), sizeof(literal) - 1})
#define RL_STR_ARG(s) (int)(s).len, (s).p /* for "%.*s" */

static inline rl_str rl_str_make(const char *p, size_t len) {
  return (rl_str){p, len};
}
static inline rl_str rl_str_of(const char *z) {
  return (rl_str){z, z ? strlen(z) : 0};
}
static inline bool rl_str_eq(rl_str a, rl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}
static inline bool rl_str_is(rl_str a, const char *z) {
  return rl_str_eq(a, rl_str_of(z));
}
int rl_str_cmp(rl_str a, rl_str b);                        /* bytewise order */
bool rl_str_is_any_case(rl_str a, const char *lower_case); /* ASCII letters */
bool rl_str_starts(rl_str s, rl_str prefix);
bool rl_str_ends(rl_str s, rl_str suffix);
rl_str rl_str_trim(rl_str s); /* without the spaces, tabs and line ends at both ends */

/* Damerau-Levenshtein distance, case-insensitive; stops at limit + 1. */
size_t rl_str_distance(rl_str a, rl_str b, size_t limit);

/* Returns the candidate nearest to what was written, or an empty string if none is near enough. */
rl_str rl_str_nearest(rl_str written, const rl_str *candidates, size_t count);

uint64_t rl_hash(const void *p, size_t len, uint64_t seed); /* fast, good, not for cryptography */

/* Returns whether it is valid UTF-8 (no surrogates, no overlong forms, <= U+10FFFF). *bad receives the offset of the
 * first invalid byte. */
bool rl_utf8_valid(rl_str s, size_t *bad);
/* Returns the length of the well-formed sequence that begins at p, or 0. left: the bytes from p on, at least 1. */
size_t rl_utf8_sequence(const char *p, size_t left);

#endif
