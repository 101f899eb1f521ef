/* A growing byte buffer. A failed allocation sets `failed` and makes later writes do nothing, so a writer checks once,
 * at the end. */
#ifndef RL_BASE_BUF_H
#define RL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef struct rl_buf {
  char *p; /* owned; not terminated unless rl_buf_z was called last */
  size_t len, cap;
  bool failed;
} rl_buf;

void rl_buf_init(rl_buf *b);
void rl_buf_dispose(rl_buf *b);
void rl_buf_reset(rl_buf *b);             /* length 0, memory kept, failed cleared */
bool rl_buf_grow(rl_buf *b, size_t more); /* for rl_buf_reserve */
/* Makes room for more bytes. Returns false when out of memory, now or before. */
static inline bool rl_buf_reserve(rl_buf *b, size_t more) {
  return (b->cap - b->len >= more && !b->failed) || rl_buf_grow(b, more);
}
void rl_buf_put(rl_buf *b, const void *p, size_t len);
void rl_buf_str(rl_buf *b, rl_str s);
void rl_buf_text(rl_buf *b, const char *z);
void rl_buf_byte(rl_buf *b, char c);
void rl_buf_int(rl_buf *b, int64_t i);
void rl_buf_printf(rl_buf *b, const char *format, ...);
void rl_buf_vprintf(rl_buf *b, const char *format, va_list args);
const char *rl_buf_z(rl_buf *b);     /* terminated view, NULL if failed */
rl_str rl_buf_view(const rl_buf *b); /* borrowed until the next write */
char *rl_buf_take(rl_buf *b);        /* terminated; the caller frees it with rl_free; the buffer is empty after */

#endif
