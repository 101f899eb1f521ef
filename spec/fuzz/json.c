/* JSON text: what the reader accepts can be written again, and reads as the same tokens. In rille's form it is JSON,
 * and its form is the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "tape/json_form.h"
#include "tape/tape.h"

/* Writes a token as JSON. comma: one is needed before the next value or key. */
static void write_token(rl_buf *out, rl_json_token token, rl_str value, bool *comma) {
  bool closes = token == RL_JSON_CLOSE_ARRAY || token == RL_JSON_CLOSE_OBJECT;
  if (*comma && !closes) rl_buf_byte(out, ',');
  *comma = true;
  switch (token) {
  case RL_JSON_NULL: rl_buf_text(out, "null"); break;
  case RL_JSON_TRUE: rl_buf_text(out, "true"); break;
  case RL_JSON_FALSE: rl_buf_text(out, "false"); break;
  case RL_JSON_NUMBER: rl_buf_str(out, value); break;
  case RL_JSON_TEXT: rl_json_write_text(out, value); break;
  case RL_JSON_KEY:
    rl_json_write_text(out, value);
    rl_buf_byte(out, ':');
    *comma = false;
    break;
  case RL_JSON_OPEN_OBJECT:
  case RL_JSON_OPEN_ARRAY:
    rl_buf_byte(out, token == RL_JSON_OPEN_ARRAY ? '[' : '{');
    *comma = false;
    break;
  case RL_JSON_CLOSE_OBJECT: rl_buf_byte(out, '}'); break;
  case RL_JSON_CLOSE_ARRAY: rl_buf_byte(out, ']'); break;
  case RL_JSON_END: break;
  }
}

static rille_status rewrite(rl_str text, rl_buf *out, rl_error *err) {
  rl_json_reader r;
  rl_json_token token;
  bool comma = false;
  rl_json_reader_init(&r, text);
  rille_status st;
  while ((st = rl_json_next(&r, &token, err)) == RILLE_ROW) write_token(out, token, r.value, &comma);
  rl_json_reader_dispose(&r);
  return st;
}

/* Numbers with too many digits have no form. */
static void check_form(rl_str text, rl_buf *once, rl_buf *twice) {
  rl_json_form form = {0};
  rl_error err = {0};
  unsigned depth, again;
  rl_buf_reset(once);
  rl_buf_reset(twice);
  rille_status st = rl_json_form_write(&form, text, once, &depth, &err);
  fuzz_check_error(st, &err);
  if (st == RILLE_OK) {
    FUZZ_CHECK(rl_json_form_write(&form, rl_buf_view(once), twice, &again, &err) == RILLE_OK);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(once), rl_buf_view(twice)) && depth == again);
  }
  rl_json_form_dispose(&form);
}

static void run(const uint8_t *data, size_t size) {
  rl_str text = {(const char *)data, size};
  rl_buf once, twice;
  rl_buf_init(&once);
  rl_buf_init(&twice);
  rl_error err = {0};
  rille_status st = rewrite(text, &once, &err);
  fuzz_check_error(st, &err);
  if (st == RILLE_DONE) {
    FUZZ_CHECK(rewrite(rl_buf_view(&once), &twice, &err) == RILLE_DONE);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(&once), rl_buf_view(&twice)));
    check_form(text, &once, &twice);
  }
  rl_tape t;
  rl_tape_init(&t);
  rl_tape_json(&t, text);
  FUZZ_CHECK((rl_tape_end(&t, &err) == RILLE_OK) == (st == RILLE_DONE));
  rl_error_clear(&err);
  rl_tape_dispose(&t);
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
}

static const char *const words[] = {"[",       "]",   "{\"a\":", "}",   ",",    "\"\"", "\\u0000", "\\ud83d\\ude00",
                                    "\\ud800", "1e5", "-0",      "0.1", "true", "null", "false",   "\\\"",
                                    " ",       NULL};

const fuzz_harness fuzz_json = {
    .name = "json", .run = run, .words = words, .longest = 4096, .short_runs = 3000, .share = 1};
