/* Lua 5.4's patterns, matched byte by byte in the C locale, whatever the locale of the process. They have no captures
 * as results: a pattern either is found or is not. */
#ifndef RL_BASE_PATTERN_H
#define RL_BASE_PATTERN_H

#include "base/str.h"

/* A match that needs more steps than this is abandoned. A step is one test of a byte. */
enum { RL_PATTERN_STEPS = 100000 };

/* Returns what is wrong with a pattern, as Lua says it; static. NULL: it is well formed. */
const char *rl_pattern_error(rl_str pattern);

typedef enum rl_pattern_result { RL_PATTERN_FOUND, RL_PATTERN_NOT_FOUND, RL_PATTERN_TOO_LONG } rl_pattern_result;

/* Searches the text for a well-formed pattern, as string.find does. */
rl_pattern_result rl_pattern_find(rl_str pattern, rl_str text);

#endif
