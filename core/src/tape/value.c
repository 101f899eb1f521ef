/* Hashing and comparing scalar values, for keys. */
#include "tape/tape.h"

uint64_t rl_value_hash(const rl_value *v, uint64_t seed) {
  switch (v->kind) {
  case RILLE_TEXT:
  case RILLE_BYTES:
  case RILLE_DECIMAL:
  case RILLE_JSON: return rl_hash(v->as.p, v->len, seed);
  default: { /* numbers, the usual keys: a few shifts are enough */
    uint64_t x = (uint64_t)v->as.i + seed;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
  }
  }
}

size_t rl_value_bytes(const rl_value *v) {
  enum { HEAD = 4, NUMBER = 8 };
  switch (v->kind) {
  case RILLE_NULL: return HEAD;
  case RILLE_BOOL:
  case RILLE_INT:
  case RILLE_FLOAT:
  case RILLE_DATETIME: return HEAD + NUMBER;
  case RILLE_LIST: break;
  default: return HEAD + (size_t)v->len;
  }
  size_t bytes = HEAD;
  for (uint32_t i = 0; i < v->len; i++) bytes += rl_value_bytes(&v->as.list[i]);
  return bytes;
}

bool rl_value_same(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
  case RILLE_TEXT:
  case RILLE_BYTES:
  case RILLE_DECIMAL:
  case RILLE_JSON: return a->len == b->len && (a->len == 0 || memcmp(a->as.p, b->as.p, a->len) == 0);
  default: return a->as.i == b->as.i;
  }
}
