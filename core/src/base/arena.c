/* The arena: bump allocation out of blocks that double in size and are freed together. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

struct rl_arena_block {
  rl_arena_block *next;
  size_t size;
  alignas(max_align_t) char bytes[];
};

#define FIRST_BLOCK 1024u
#define LARGEST_BLOCK (256u * 1024u)
#define ALIGNMENT (alignof(max_align_t))

void rl_arena_init(rl_arena *a, size_t first) {
  *a = (rl_arena){.grow = first ? first : FIRST_BLOCK};
}

static void use_block(rl_arena *a, rl_arena_block *b) {
  a->head = b;
  a->at = b->bytes;
  a->end = b->bytes + b->size;
}

static void free_blocks(rl_arena_block *b) {
  while (b) {
    rl_arena_block *next = b->next;
    rl_free(b);
    b = next;
  }
}

size_t rl_arena_bytes(const rl_arena *a) {
  size_t bytes = 0;
  for (const rl_arena_block *b = a->head; b; b = b->next) bytes += sizeof *b + b->size;
  return bytes;
}

void rl_arena_dispose(rl_arena *a) {
  free_blocks(a->head);
  *a = (rl_arena){.grow = FIRST_BLOCK};
}

#ifdef RL_ARENA_MALLOC
/* A kept block would hide a use after reset from the checkers. */
void rl_arena_reset(rl_arena *a) {
  free_blocks(a->head);
  a->head = NULL;
}
#else
void rl_arena_reset(rl_arena *a) {
  if (!a->head) return;
  /* Keeps the largest block, so repeated use of the same size soon allocates nothing. */
  rl_arena_block *keep = a->head;
  size_t total = keep->size < LARGEST_BLOCK ? keep->size : LARGEST_BLOCK;
  for (rl_arena_block *b = keep->next; b; b = b->next) {
    if (b->size > keep->size) keep = b;
    total = b->size < LARGEST_BLOCK - total ? total + b->size : LARGEST_BLOCK;
    if (total > a->grow) a->grow = total;
  }
  for (rl_arena_block **link = &a->head; *link; link = &(*link)->next)
    if (*link == keep) {
      *link = keep->next;
      break;
    }
  free_blocks(a->head);
  keep->next = NULL;
  use_block(a, keep);
}
#endif

static rl_arena_block *new_block(size_t size) {
  if (size > SIZE_MAX - sizeof(rl_arena_block)) return NULL;
  rl_arena_block *b = rl_alloc(sizeof(rl_arena_block) + size);
  if (b) b->size = size;
  return b;
}

/* The slow path: the head block has no room. A large request gets its own block behind the head, so the rest of the
 * head stays in use. */
static void *alloc_from_new_block(rl_arena *a, size_t size) {
#ifdef RL_ARENA_MALLOC
  bool own = true;
#else
  bool own = a->head && size > a->grow / 2;
#endif
  rl_arena_block *b = new_block(own || size > a->grow ? size : a->grow);
  if (!b) return NULL;
  if (own && a->head) {
    b->next = a->head->next;
    a->head->next = b;
    return b->bytes;
  }
  b->next = a->head;
  use_block(a, b);
  a->at += size;
  if (own) a->end = a->at;
  if (a->grow < LARGEST_BLOCK) a->grow *= 2;
  return b->bytes;
}

void *rl_arena_alloc(rl_arena *a, size_t size) {
  if (size > SIZE_MAX - ALIGNMENT) return NULL;
#ifndef RL_ARENA_MALLOC
  size = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
  if (a->head && size <= (size_t)(a->end - a->at)) {
    char *p = a->at;
    a->at += size;
    return p;
  }
#endif
  return alloc_from_new_block(a, size);
}

void *rl_arena_zalloc(rl_arena *a, size_t size) {
  void *p = rl_arena_alloc(a, size);
  if (p) memset(p, 0, size);
  return p;
}

void *rl_arena_array(rl_arena *a, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  return rl_arena_zalloc(a, count * size);
}

char *rl_arena_strdup(rl_arena *a, rl_str s) {
  if (s.len == SIZE_MAX) return NULL;
  char *copy = rl_arena_alloc(a, s.len + 1);
  if (!copy) return NULL;
  if (s.len) memcpy(copy, s.p, s.len);
  copy[s.len] = '\0';
  return copy;
}

rl_str rl_arena_str(rl_arena *a, rl_str s) {
  char *copy = rl_arena_strdup(a, s);
  return rl_str_make(copy, copy ? s.len : 0);
}

char *rl_arena_vprintf(rl_arena *a, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  char *text = len < 0 ? NULL : rl_arena_alloc(a, (size_t)len + 1);
  if (text) (void)vsnprintf(text, (size_t)len + 1, format, again);
  va_end(again);
  return text;
}

char *rl_arena_printf(rl_arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = rl_arena_vprintf(a, format, args);
  va_end(args);
  return text;
}
