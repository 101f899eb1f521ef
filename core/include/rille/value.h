/* Values: decimals, date-times, Json. No handle here is shared between threads but immutable decimals. */
#ifndef RILLE_VALUE_H
#define RILLE_VALUE_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

/* Exact decimals; immutable; each function that makes one hands it to the caller, who frees it. */
typedef struct rille_decimal rille_decimal;
RILLE_API rille_status rille_decimal_parse(const char *text, size_t len, rille_decimal **out, rille_error **err);
RILLE_API rille_status rille_decimal_of_int(int64_t i, rille_decimal **out, rille_error **err);
RILLE_API rille_status rille_decimal_of_float(double f, rille_decimal **out,
                                              rille_error **err); /* shortest text that reads back */
RILLE_API void rille_decimal_free(rille_decimal *d);
#define RILLE_DECIMAL_ADD 1
#define RILLE_DECIMAL_SUB 2
#define RILLE_DECIMAL_MUL 3
#define RILLE_DECIMAL_DIV 4
RILLE_API rille_status rille_decimal_calc(int32_t operation, const rille_decimal *a, const rille_decimal *b,
                                          rille_decimal **out, rille_error **err);
RILLE_API rille_status rille_decimal_neg(const rille_decimal *a, rille_decimal **out, rille_error **err);
RILLE_API rille_status rille_decimal_round(const rille_decimal *a, int32_t digits, rille_decimal **out,
                                           rille_error **err);
RILLE_API int rille_decimal_cmp(const rille_decimal *a, const rille_decimal *b); /* -1, 0, 1 */
RILLE_API double rille_decimal_to_float(const rille_decimal *a);
/* Texts are owned by the caller: rille_free. digits < 0: as many as it has, else exactly that many after the point. */
RILLE_API rille_status rille_decimal_text(const rille_decimal *a, int32_t digits, char **out, size_t *len,
                                          rille_error **err);

/* Date-times in microseconds since 1970-01-01T00:00:00Z. */
#define RILLE_DATETIME_MAX 40
/* 1 when text is ISO-8601 (date, or date and time with any offset or none, which is UTC), else 0. */
RILLE_API int rille_datetime_parse(const char *text, size_t len, int64_t *microseconds);
/* "2026-11-22T12:00:00.000Z", six digits when the microseconds are not zero. Returns the length; not terminated. */
RILLE_API size_t rille_datetime_format(int64_t microseconds, char *out /* RILLE_DATETIME_MAX */);
RILLE_API int64_t rille_datetime_now(void);

/* A pull reader of Json text; borrowed text must outlive it. */
typedef struct rille_json rille_json;
#define RILLE_JSON_NULL_TOKEN 1
#define RILLE_JSON_TRUE 2
#define RILLE_JSON_FALSE 3
#define RILLE_JSON_NUMBER 4
#define RILLE_JSON_TEXT 5
#define RILLE_JSON_KEY 6
#define RILLE_JSON_OPEN_OBJECT 7
#define RILLE_JSON_CLOSE_OBJECT 8
#define RILLE_JSON_OPEN_ARRAY 9
#define RILLE_JSON_CLOSE_ARRAY 10
RILLE_API rille_json *rille_json_new(void); /* NULL when memory is short; reused by rille_json_read */
RILLE_API void rille_json_free(rille_json *j);
RILLE_API void rille_json_read(rille_json *j, const char *text, size_t len);
/* RILLE_ROW with a token (p, len: text, key or the number's letters, borrowed until the next call), RILLE_DONE, or
 * VALIDATION with the offset. */
RILLE_API rille_status rille_json_next(rille_json *j, int32_t *token, const char **p, size_t *len, rille_error **err);
/* The Json text of a finished tape. *out is owned by the caller: rille_free. */
struct rille_tape;
RILLE_API rille_status rille_json_write(struct rille_tape *tape, char **out, size_t *len, rille_error **err);
/* The same with each value on a line of its own, indented by so many spaces a level; 0: on one line. */
RILLE_API rille_status rille_json_write_pretty(struct rille_tape *tape, int32_t indent, char **out, size_t *len,
                                               rille_error **err);

RILLE_API int rille_text_is_utf8(const char *text, size_t len); /* 1 when it is valid UTF-8, else 0 */

RILLE_END_DECLS
#endif
