/* JSON text: a pull reader, and functions that write parts of it. */
#ifndef RL_TAPE_JSON_H
#define RL_TAPE_JSON_H

#include "base/buf.h"
#include "base/error.h"

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
void rl_json_write_text(rl_buf *out, rl_str s); /* quoted and escaped */
void rl_json_write_float(
    rl_buf *out,
    double f); /* the shortest text that reads back the same; an integral value has no point; "null" if not finite */

#endif
