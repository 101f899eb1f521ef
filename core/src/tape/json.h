/* JSON text: a pull reader, and functions that write parts of it. */
#ifndef RL_TAPE_JSON_H
#define RL_TAPE_JSON_H

#include <rille/types.h>

#include "base/buf.h"
#include "base/error.h"

#define RL_JSON_DEPTH 200u /* levels of nesting */

typedef enum rl_json_token {
  RL_JSON_END,
  RL_JSON_NULL,
  RL_JSON_TRUE,
  RL_JSON_FALSE,
  RL_JSON_NUMBER,
  RL_JSON_TEXT,
  RL_JSON_KEY,
  RL_JSON_OPEN_OBJECT,
  RL_JSON_CLOSE_OBJECT,
  RL_JSON_OPEN_ARRAY,
  RL_JSON_CLOSE_ARRAY
} rl_json_token;

typedef struct rl_json_reader {
  const char *p, *at, *end;
  rl_buf text;  /* the unescaped string, if it had escapes */
  rl_str value; /* TEXT, KEY: the string; NUMBER: its text; borrowed until the next call */
  unsigned depth;
  uint64_t in_object[4]; /* one bit per level, at most 200 levels */
  int state;
} rl_json_reader;

void rl_json_reader_init(rl_json_reader *r, rl_str text);
void rl_json_reader_dispose(rl_json_reader *r);
/* Returns RILLE_ROW with a token, RILLE_DONE after the one value, or an error with the offset. Strict RFC 8259; invalid
 * surrogates and UTF-8 are errors. */
rille_status rl_json_next(rl_json_reader *r, rl_json_token *token, rl_error *err);
/* Writes a string, quoted and escaped. Returns whether it was valid UTF-8; invalid bytes are written as they are. */
bool rl_json_write_text(rl_buf *out, rl_str s);
/* Copies the bytes of a string that need neither escapes nor a check of UTF-8, up to the first that might. Returns how
 * many. There must be room for all of it. */
size_t rl_json_copy_plain(char *to, const char *p, size_t len);
void rl_json_write_base64(rl_buf *out, rl_str bytes); /* quoted */
void rl_json_write_float(
    rl_buf *out,
    double f); /* the shortest text that reads back the same; an integral value has no point; "null" if not finite */

/* Reads the text of a number: RILLE_INT, *i; RILLE_FLOAT, *f, if the shortest text of the float is the same number;
 * RILLE_DECIMAL otherwise. */
rille_value_kind rl_json_number(rl_str text, int64_t *i, double *f);
/* Returns whether not every reader of JSON keeps the integer exact: a double is exact up to 2^53. */
static inline bool rl_json_is_big(int64_t i) {
  return i > INT64_C(9007199254740992) || i < -INT64_C(9007199254740992);
}
static inline void rl_json_write_int(rl_buf *out, int64_t i, bool as_text) {
  if (as_text) rl_buf_byte(out, '"');
  rl_buf_int(out, i);
  if (as_text) rl_buf_byte(out, '"');
}

#endif
