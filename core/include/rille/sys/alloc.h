/* Extension point, stable within a minor version only: the process's allocator. */
#ifndef RILLE_SYS_ALLOC_H
#define RILLE_SYS_ALLOC_H

#include <rille/types.h>

RILLE_BEGIN_DECLS

/* size 0 frees and returns NULL; ptr NULL allocates; else resizes. NULL for another size means failure. */
typedef void *rille_alloc_fn(void *context, void *ptr, size_t size);

/* Before the first use of the library. NULL restores the default. Not thread-safe. libpq, SQLite and GMP keep their own
 * allocators. */
RILLE_API void rille_allocator_set(rille_alloc_fn *fn, void *context);

RILLE_END_DECLS
#endif
