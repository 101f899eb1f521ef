/* What the tests of the writer share: one tape, and short names for its writers. Include after <cmocka.h>. */
#ifndef RL_SPEC_WRITING_H
#define RL_SPEC_WRITING_H

#include <string.h>

#include "tape/tape.h"

static rl_tape tape;

static inline int set_up(void **state) {
  (void)state;
  rl_tape_init(&tape);
  return 0;
}

static inline int tear_down(void **state) {
  (void)state;
  rl_tape_dispose(&tape);
  return 0;
}

static inline void key(const char *k) {
  rl_tape_key(&tape, rl_str_of(k));
}
static inline void open_object(void) {
  rl_tape_open_object(&tape);
}
static inline void close_object(void) {
  rl_tape_close_object(&tape);
}
static inline void open_list(void) {
  rl_tape_open_list(&tape);
}
static inline void close_list(void) {
  rl_tape_close_list(&tape);
}
static inline void integer(int64_t i) {
  rl_tape_int(&tape, i);
}
static inline void text(const char *z) {
  rl_tape_text(&tape, rl_str_of(z));
}

/* Returns the shape without the binary lengths. */
static inline const char *shape(void) {
  static char out[4096];
  size_t len = 0;
  for (size_t i = 0; i < tape.shape.len && len < sizeof out - 1; i++) {
    unsigned char c = (unsigned char)tape.shape.p[i];
    if (c >= 0x20) out[len++] = (char)c;
  }
  out[len] = '\0';
  return out;
}

static inline void assert_ends_well(void) {
  rl_error e = {0};
  rille_status status = rl_tape_end(&tape, &e);
  if (status != RILLE_OK) fail_msg("%s", rl_error_message(&e));
}

static inline void assert_fails(const char *message_part) {
  rl_error e = {0};
  assert_int_equal(rl_tape_end(&tape, &e), RILLE_ERROR);
  if (!strstr(rl_error_message(&e), message_part)) fail_msg("'%s' lacks '%s'", rl_error_message(&e), message_part);
  rl_error_clear(&e);
  assert_int_equal(rl_tape_end(&tape, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_tape_reset(&tape);
}

static inline void assert_json(const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  rl_error e = {0};
  if (rl_tape_to_json(&tape, 0, 0, &out, &e) != RILLE_OK) fail_msg("%s", rl_error_message(&e));
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

#endif
