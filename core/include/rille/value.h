/* Values: decimals, date-times, JSON. Threads may share decimals, which are immutable, but no other handle here. */
#ifndef RILLE_VALUE_H
#define RILLE_VALUE_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

/* Exact, immutable decimals. The caller owns and frees each decimal that a function returns. */
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
/* The caller owns *out: rille_free. digits: the number of digits after the point; negative: as many as it has. */
RILLE_API rille_status rille_decimal_text(const rille_decimal *a, int32_t digits, char **out, size_t *len,
                                          rille_error **err);

/* Date-times in microseconds since 1970-01-01T00:00:00Z. */
#define RILLE_DATETIME_MAX 40
/* Returns 1 if the text is ISO-8601: a date, or a date and time with any offset, or none, which means UTC. */
RILLE_API int rille_datetime_parse(const char *text, size_t len, int64_t *microseconds);
/* Writes "2026-11-22T12:00:00.000Z", with six digits if there are microseconds. Returns the length; not terminated. */
RILLE_API size_t rille_datetime_format(int64_t microseconds, char *out /* RILLE_DATETIME_MAX */);
RILLE_API int64_t rille_datetime_now(void);

/* A pull reader of JSON text. It borrows the text, which must live longer. */
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
RILLE_API rille_json *rille_json_new(void); /* NULL when out of memory; rille_json_read reuses it */
RILLE_API void rille_json_free(rille_json *j);
RILLE_API void rille_json_read(rille_json *j, const char *text, size_t len);
/* Returns RILLE_ROW with a token (p, len: string, key or the text of a number, borrowed until the next call),
 * RILLE_DONE, or VALIDATION with the offset. */
RILLE_API rille_status rille_json_next(rille_json *j, int32_t *token, const char **p, size_t *len, rille_error **err);
/* Reads the text of a number token. Returns RILLE_INT and *i for an integer of 64 bits; RILLE_FLOAT and *f if the
 * shortest text of the float is the same number; otherwise RILLE_DECIMAL. */
RILLE_API rille_value_kind rille_json_number(const char *text, size_t len, int64_t *i, double *f);
/* Writes a finished tape as JSON text. The caller owns *out: rille_free. */
struct rille_tape;
RILLE_API rille_status rille_json_write(struct rille_tape *tape, char **out, size_t *len, rille_error **err);
/* Writes each value on its own line, indented by `indent` spaces per level; 0: all on one line. */
RILLE_API rille_status rille_json_write_pretty(struct rille_tape *tape, int32_t indent, char **out, size_t *len,
                                               rille_error **err);

RILLE_API int rille_text_is_utf8(const char *text, size_t len); /* returns 1 if it is valid UTF-8 */

RILLE_END_DECLS
#endif
