/* An arena: allocations that are freed together. Functions return NULL when out of memory and never abort. With
 * RL_ARENA_MALLOC defined, every allocation is a separate block, so leak and bounds checkers see it. */
#ifndef RL_BASE_ARENA_H
#define RL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

typedef struct rl_arena_block rl_arena_block;
typedef struct rl_arena {
  rl_arena_block *head; /* the block in use; older ones follow */
  char *at, *end;       /* free part of the head block */
  size_t grow;          /* size of the next block */
} rl_arena;

void rl_arena_init(rl_arena *a,
                   size_t first); /* allocates nothing; first: size of the first block, 0 for the default */
void rl_arena_reset(rl_arena *a); /* frees all but one block, which is kept for reuse */
void rl_arena_dispose(rl_arena *a);
size_t rl_arena_bytes(const rl_arena *a); /* total size of its blocks */

void *rl_arena_alloc(rl_arena *a, size_t size);               /* aligned for any type, not zeroed */
void *rl_arena_zalloc(rl_arena *a, size_t size);              /* zeroed */
void *rl_arena_array(rl_arena *a, size_t count, size_t size); /* zeroed; refuses an overflowing product */
char *rl_arena_strdup(rl_arena *a, rl_str s);                 /* terminated */
rl_str rl_arena_str(rl_arena *a, rl_str s);                   /* terminated copy; p is NULL when out of memory */
char *rl_arena_printf(rl_arena *a, const char *format, ...);  /* NULL when out of memory */
char *rl_arena_vprintf(rl_arena *a, const char *format, va_list args);

#define RL_NEW(arena, type) ((type *)rl_arena_zalloc((arena), sizeof(type)))
#define RL_NEW_ARRAY(arena, type, count) ((type *)rl_arena_array((arena), (count), sizeof(type)))

#endif
