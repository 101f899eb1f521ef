/* The hash function: 8 bytes per step; each step folds a 64 x 64 to 128 bit product into 64 bits. */
#include "base/str.h"

/* Odd constants with about half of the bits set; other such numbers would work as well. */
#define MIX_A UINT64_C(0x8f1bbcdc62a6d5e9)
#define MIX_B UINT64_C(0xca62c1d6e9b5a7d3)
#define MIX_C UINT64_C(0x6ed9eba1b7e15163)

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 wide;

static inline uint64_t fold(uint64_t a, uint64_t b) {
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#else
static inline uint64_t fold(uint64_t a, uint64_t b) {
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
  uint64_t middle = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
  uint64_t low = (middle << 32) | (uint32_t)ll;
  return low ^ (hh + (lh >> 32) + (hl >> 32) + (middle >> 32));
}
#endif

static inline uint64_t read64(const unsigned char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Up to seven bytes as a number. */
static inline uint64_t read_rest(const unsigned char *p, size_t len) {
  uint64_t v = 0;
  if (len >= 4) {
    uint32_t low, high;
    memcpy(&low, p, sizeof low);
    memcpy(&high, p + len - 4, sizeof high); /* overlaps low; the length distinguishes the cases */
    return ((uint64_t)high << 32) | low;
  }
  for (size_t i = 0; i < len; i++) v = (v << 8) | p[i];
  return v;
}

uint64_t rl_hash(const void *bytes, size_t len, uint64_t seed) {
  const unsigned char *p = bytes;
  size_t left = len;
  uint64_t h = seed ^ MIX_A, g = seed + MIX_C;
  for (; left >= 16; left -= 16, p += 16) { /* two chains, so the products are computed in parallel */
    h = fold(h ^ read64(p), MIX_B);
    g = fold(g ^ read64(p + 8), MIX_C);
  }
  if (left >= 8) {
    h = fold(h ^ read64(p), MIX_B);
    p += 8;
    left -= 8;
  }
  if (left) g = fold(g ^ read_rest(p, left), MIX_C);
  return fold(fold(h ^ MIX_C, g ^ MIX_A) ^ len, MIX_B);
}
