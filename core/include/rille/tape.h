/* A tape: the arguments of one call, written token by token.
 *
 * Writers do not return errors; the first error is reported when the tape is used. Strings and bytes are borrowed,
 * unless the function copies: they must stay alive and unchanged until the operation that uses the tape has ended. One
 * thread at a time. rille_tape_reset makes a tape reusable and keeps its memory. */
#ifndef RILLE_TAPE_H
#define RILLE_TAPE_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_tape rille_tape;

RILLE_API rille_tape *rille_tape_new(void); /* NULL when out of memory */
RILLE_API void rille_tape_free(rille_tape *t);
RILLE_API void rille_tape_reset(rille_tape *t);
/* Sets the schema of the calls. A value of a Json field is then one value, whatever its nesting, so that calls with
 * different JSON share a plan. Optional. The schema is borrowed while the tape is used; NULL removes it. A reset keeps
 * it. */
struct rille_schema;
RILLE_API void rille_tape_set_schema(rille_tape *t, const struct rille_schema *s);

RILLE_API void rille_tape_open_object(rille_tape *t);
/* Opens an object that was decoded from JSON or from a form, which came from outside; rille_tape_close_object closes
 * it. It is accepted as a value, such as that of a Json field, and refused as a condition, an operator or a nested
 * write. */
#define RILLE_DECODED_JSON 1
#define RILLE_DECODED_FORM 2
RILLE_API void rille_tape_open_decoded(rille_tape *t, int32_t from);
RILLE_API void rille_tape_empty_decoded_list(rille_tape *t, int32_t from); /* the same for a list without elements */
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
/* Copies the strings and bytes that were borrowed so far, so that their owner may free them. */
RILLE_API void rille_tape_keep_texts(rille_tape *t);
RILLE_API void rille_tape_decimal(rille_tape *t, const char *p, size_t len); /* copied */
RILLE_API void rille_tape_datetime(rille_tape *t, int64_t microseconds);

/* Special values. */
#define RILLE_MARK_JSON_NULL 1
#define RILLE_MARK_DB_NULL 2
#define RILLE_MARK_ANY_NULL 3
#define RILLE_MARK_ALL 4          /* every row, for the `where` of update_many and delete_many */
#define RILLE_MARK_FIELD 5        /* a column: text is "Model.field" */
#define RILLE_MARK_EMPTY_ARRAY 6  /* JSON [] */
#define RILLE_MARK_EMPTY_OBJECT 7 /* JSON {} */
RILLE_API void rille_tape_mark(rille_tape *t, int32_t mark, const char *text, size_t len);

RILLE_END_DECLS
#endif
