/* The growing byte buffer. */
#include "base/buf.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/digits.h"

#define FIRST_SIZE 64u

void rl_buf_init(rl_buf *b) {
  *b = (rl_buf){0};
}

void rl_buf_dispose(rl_buf *b) {
  rl_free(b->p);
  *b = (rl_buf){0};
}

void rl_buf_reset(rl_buf *b) {
  b->len = 0;
  b->failed = false;
}

bool rl_buf_grow(rl_buf *b, size_t more) {
  size_t cap = b->cap ? b->cap : FIRST_SIZE;
  if (b->failed) return false;
  if (more > SIZE_MAX / 2 - b->len) {
    b->failed = true;
    return false;
  }
  while (cap < b->len + more) cap *= 2;
  char *p = rl_realloc(b->p, cap);
  if (!p) {
    b->failed = true;
    return false;
  }
  b->p = p;
  b->cap = cap;
  return true;
}

void rl_buf_put(rl_buf *b, const void *p, size_t len) {
  if (len == 0 || !rl_buf_reserve(b, len)) return;
  memcpy(b->p + b->len, p, len);
  b->len += len;
}

void rl_buf_str(rl_buf *b, rl_str s) {
  rl_buf_put(b, s.p, s.len);
}

void rl_buf_text(rl_buf *b, const char *z) {
  rl_buf_put(b, z, strlen(z));
}

void rl_buf_byte(rl_buf *b, char c) {
  if (rl_buf_reserve(b, 1)) b->p[b->len++] = c;
}

void rl_buf_int(rl_buf *b, int64_t i) {
  if (rl_buf_reserve(b, RL_INT_TEXT_MAX)) b->len = (size_t)(rl_put_int(b->p + b->len, i) - b->p);
}

void rl_buf_vprintf(rl_buf *b, const char *format, va_list args) {
  if (!rl_buf_reserve(b, 1)) return;
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(b->p + b->len, b->cap - b->len, format, args);
  if (len < 0)
    b->failed = true;
  else if ((size_t)len < b->cap - b->len)
    b->len += (size_t)len;
  else if (rl_buf_reserve(b, (size_t)len + 1)) {
    (void)vsnprintf(b->p + b->len, (size_t)len + 1, format, again);
    b->len += (size_t)len;
  }
  va_end(again);
}

void rl_buf_printf(rl_buf *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rl_buf_vprintf(b, format, args);
  va_end(args);
}

const char *rl_buf_z(rl_buf *b) {
  if (!rl_buf_reserve(b, 1)) return NULL;
  b->p[b->len] = '\0';
  return b->p;
}

rl_str rl_buf_view(const rl_buf *b) {
  return rl_str_make(b->p, b->len);
}

char *rl_buf_take(rl_buf *b) {
  bool whole = rl_buf_z(b) != NULL;
  char *text = b->p;
  if (!whole) {
    rl_free(text);
    text = NULL;
  }
  rl_buf_init(b);
  return text;
}
