/* Memory from the process's injectable allocator. Every function may fail and then returns NULL. */
#ifndef RL_BASE_ALLOC_H
#define RL_BASE_ALLOC_H

#include <stddef.h>

/* One function does everything: size 0 frees, ptr NULL allocates, otherwise it resizes. */
typedef void *rl_alloc_fn(void *context, void *ptr, size_t size);

/* Replaces the allocator; only before the first allocation, or in a test that owns the process. NULL restores the
 * default. */
void rl_allocator_set(rl_alloc_fn *fn, void *context);

void *rl_alloc(size_t size);
void *rl_calloc(size_t count, size_t size); /* zeroed; fails if the product overflows */
void *rl_realloc(void *ptr, size_t size);
void rl_free(void *ptr);
char *rl_strndup(const char *text, size_t len); /* terminated copy */

#endif
