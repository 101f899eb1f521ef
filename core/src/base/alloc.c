/* Memory: all allocations of the core go through one function, which a host or a test can replace. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The injected allocator; NULL means the C library's. Set before the first allocation, so it needs no lock. */
static rl_alloc_fn *allocator;
static void *allocator_context;

void rl_allocator_set(rl_alloc_fn *fn, void *context) {
  allocator = fn;
  allocator_context = context;
}

void *rl_realloc(void *ptr, size_t size) {
  if (size == 0) size = 1; /* NULL must mean failure only */
  if (size > PTRDIFF_MAX) return NULL;
  return allocator ? allocator(allocator_context, ptr, size) : realloc(ptr, size);
}

void *rl_alloc(size_t size) {
  return rl_realloc(NULL, size);
}

void *rl_calloc(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  void *p = rl_alloc(count * size);
  if (p) memset(p, 0, count * size);
  return p;
}

void rl_free(void *ptr) {
  if (!ptr) return;
  if (allocator)
    (void)allocator(allocator_context, ptr, 0);
  else
    free(ptr);
}

char *rl_strndup(const char *text, size_t len) {
  if (len == SIZE_MAX) return NULL;
  char *copy = rl_alloc(len + 1);
  if (!copy) return NULL;
  if (len) memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}
