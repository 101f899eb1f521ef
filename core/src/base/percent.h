/* Percent-encoding in URLs. */
#ifndef RL_BASE_PERCENT_H
#define RL_BASE_PERCENT_H

#include "base/str.h"

/* Writes the decoded text, at most s.len bytes, without a zero byte at the end. Returns false if a `%` is not followed
 * by two hexadecimal digits. The text may contain zero bytes. */
bool rl_percent_decode(rl_str s, char *to, size_t *len);

#endif
