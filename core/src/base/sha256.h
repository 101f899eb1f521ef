/* SHA-256 (FIPS 180-4). */
#ifndef RL_BASE_SHA256_H
#define RL_BASE_SHA256_H

#include "base/str.h"

#define RL_SHA256_BYTES 32
#define RL_SHA256_HEX 65 /* 64 digits and the end */

/* Writes the digest of all parts, one after the other. */
void rl_sha256(const rl_str *parts, size_t count, char out[RL_SHA256_BYTES]);
/* The same in lower-case hexadecimal. */
void rl_sha256_hex(const rl_str *parts, size_t count, char out[RL_SHA256_HEX]);

#endif
