/* Json text: a pull reader, and a writer of pieces. */
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
  rl_buf text;  /* unescaped text, when it had escapes */
  rl_str value; /* TEXT, KEY: the text; NUMBER: its letters; borrowed until the next call */
  unsigned depth;
  uint64_t in_object[4]; /* bit per level, 200 levels at most */
  int state;
} rl_json_reader;

void rl_json_reader_init(rl_json_reader *r, rl_str text);
void rl_json_reader_dispose(rl_json_reader *r);
/* RILLE_ROW with a token, RILLE_DONE after the one value, or an error that tells the offset. Strict RFC 8259; invalid
 * surrogates and UTF-8 are errors. */
rille_status rl_json_next(rl_json_reader *r, rl_json_token *token, rl_error *err);
void rl_json_write_text(rl_buf *out, rl_str s); /* quoted and escaped */
void rl_json_write_float(
    rl_buf *out,
    double f); /* shortest text that reads back the same; an integral value has no point; "null" when not finite */

#endif
