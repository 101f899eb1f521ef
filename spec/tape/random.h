/* A small random generator for tests: the same numbers on every machine. */
#ifndef RL_SPEC_RANDOM_H
#define RL_SPEC_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 31) * UINT64_C(0xd6e8feb86659fd93);
  return x ^ x >> 32;
}

static inline unsigned random_below(uint64_t *state, unsigned limit) {
  return (unsigned)((random_next(state) >> 32) % limit);
}

#endif
