/* A tape: the arguments of one call, written token by token.
 *
 * Writers do not fail one by one; what went wrong is told when the tape is used. Texts and bytes are borrowed (unless
 * the writer says copy): they must stay alive and unchanged until the operation that the tape was given to has ended.
 * One thread at a time. A tape is reused with rille_tape_reset, which keeps its memory. */
#ifndef RILLE_TAPE_H
#define RILLE_TAPE_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_tape rille_tape;

RILLE_API rille_tape *rille_tape_new(void); /* NULL when memory is short */
RILLE_API void rille_tape_free(rille_tape *t);
RILLE_API void rille_tape_reset(rille_tape *t);
/* Tells the schema that the calls are for: payloads of its Json fields are then taken as one value whatever their
 * nesting, so that calls with other payloads are still the same call to the plan cache. Optional. The schema is
 * borrowed as long as the tape is used; NULL forgets it. Survives a reset. */
struct rille_schema;
RILLE_API void rille_tape_set_schema(rille_tape *t, const struct rille_schema *s);

RILLE_API void rille_tape_open_object(rille_tape *t);
RILLE_API void rille_tape_close_object(rille_tape *t);
RILLE_API void rille_tape_open_list(rille_tape *t);
RILLE_API void rille_tape_close_list(rille_tape *t);
RILLE_API void rille_tape_key(rille_tape *t, const char *key, size_t len); /* before each value of an object; copied */
RILLE_API void rille_tape_null(rille_tape *t);
RILLE_API void rille_tape_bool(rille_tape *t, int b);
RILLE_API void rille_tape_int(rille_tape *t, int64_t i);
RILLE_API void rille_tape_float(rille_tape *t, double f);
RILLE_API void rille_tape_text(rille_tape *t, const char *p, size_t len); /* borrowed; also for Bytes fields */
RILLE_API void rille_tape_text_copy(rille_tape *t, const char *p, size_t len);
/* Copies the texts and bytes that were borrowed so far: their owner may let them go now. */
RILLE_API void rille_tape_keep_texts(rille_tape *t);
RILLE_API void rille_tape_decimal(rille_tape *t, const char *p, size_t len); /* copied */
RILLE_API void rille_tape_datetime(rille_tape *t, int64_t microseconds);

/* Values that stand for something else. */
#define RILLE_MARK_JSON_NULL 1
#define RILLE_MARK_DB_NULL 2
#define RILLE_MARK_ANY_NULL 3
#define RILLE_MARK_ALL 4          /* every row, as `where` of update_many and delete_many */
#define RILLE_MARK_FIELD 5        /* a column: text is "Model.field" */
#define RILLE_MARK_EMPTY_ARRAY 6  /* Json [] */
#define RILLE_MARK_EMPTY_OBJECT 7 /* Json {} */
RILLE_API void rille_tape_mark(rille_tape *t, int32_t mark, const char *text, size_t len);

RILLE_END_DECLS
#endif
