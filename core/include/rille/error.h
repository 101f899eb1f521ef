/* Errors.
 *
 * A function that can fail takes `rille_error **err` last. On failure it stores a new error there, which the caller
 * frees with rille_error_free; err may be NULL. On success it stores nothing. An error is immutable: any thread may
 * read it. When out of memory, the error is static, and rille_error_free ignores it. */
#ifndef RILLE_ERROR_H
#define RILLE_ERROR_H

#include <rille/types.h>

RILLE_BEGIN_DECLS

typedef struct rille_error rille_error;

/* Strings are borrowed until the error is freed; UTF-8, terminated. */
RILLE_API const char *
rille_error_code(const rille_error *e); /* "P2002", "VALIDATION", "INTERNAL"; docs/errors.md lists all */
RILLE_API rille_kind rille_error_kind(const rille_error *e);
RILLE_API const char *rille_error_message(const rille_error *e);  /* one line; passwords never appear */
RILLE_API const char *rille_error_sqlstate(const rille_error *e); /* five characters, or "" if there is none */
RILLE_API int32_t rille_error_native(const rille_error *e);       /* the code of libpq or SQLite, 0: none */
RILLE_API int rille_error_retryable(
    const rille_error *e); /* 1: the whole transaction may be repeated: P2034, and P1008 of a locked SQLite database */

/* Details (Prisma's meta): "model", "target", "field_name", "path", "cause", ... */
RILLE_API size_t rille_error_detail_count(const rille_error *e);
RILLE_API const char *rille_error_detail_key(const rille_error *e, size_t index);
RILLE_API int rille_error_detail_is_list(const rille_error *e, size_t index);
RILLE_API size_t rille_error_detail_value_count(const rille_error *e,
                                                size_t index); /* 1 for a detail that is not a list */
RILLE_API const char *rille_error_detail_value(const rille_error *e, size_t index, size_t value);

RILLE_API void rille_error_free(rille_error *e); /* NULL is fine */

RILLE_END_DECLS
#endif
