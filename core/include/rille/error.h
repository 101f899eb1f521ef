/* What went wrong.
 *
 * A function that can fail takes `rille_error **err` last. On failure it stores a new error there, owned by the caller,
 * who frees it with rille_error_free; NULL may be passed to ignore it. On success it stores nothing. An error is
 * immutable: any thread may read it. When memory is short the error is a static one, which rille_error_free leaves
 * alone. */
#ifndef RILLE_ERROR_H
#define RILLE_ERROR_H

#include <rille/types.h>

RILLE_BEGIN_DECLS

typedef struct rille_error rille_error;

/* Texts are borrowed until the error is freed; UTF-8, terminated. */
RILLE_API const char *
rille_error_code(const rille_error *e); /* "P2002", "VALIDATION", "INTERNAL"; docs/errors.md lists all */
RILLE_API rille_kind rille_error_kind(const rille_error *e);
RILLE_API const char *rille_error_message(const rille_error *e); /* one line; passwords never appear */
RILLE_API const char *
rille_error_sqlstate(const rille_error *e);                 /* five characters, or "" when the database gave none */
RILLE_API int32_t rille_error_native(const rille_error *e); /* the driver's own code, 0 when there is none */
RILLE_API int rille_error_retryable(const rille_error *e);  /* 1 when the whole transaction may be repeated: P2034, and
                                                               P1008 of an SQLite database that others kept locked */

/* Details (Prisma's meta): "model", "target", "field_name", "path", "cause", ... */
RILLE_API size_t rille_error_detail_count(const rille_error *e);
RILLE_API const char *rille_error_detail_key(const rille_error *e, size_t index);
RILLE_API int rille_error_detail_is_list(const rille_error *e, size_t index);
RILLE_API size_t rille_error_detail_value_count(const rille_error *e, size_t index); /* 1 unless it is a list */
RILLE_API const char *rille_error_detail_value(const rille_error *e, size_t index, size_t value);

RILLE_API void rille_error_free(rille_error *e); /* NULL is fine */

RILLE_END_DECLS
#endif
