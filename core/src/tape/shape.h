/* The letters of a shape, and moving in it. Private to the tape room. */
#ifndef RL_TAPE_SHAPE_H
#define RL_TAPE_SHAPE_H

#include "tape/tape.h"

#define SHAPE_NULL 'n'
#define SHAPE_BOOL 'b'
#define SHAPE_INT 'i'
#define SHAPE_FLOAT 'f'
#define SHAPE_TEXT 's'
#define SHAPE_BYTES 'x'
#define SHAPE_DECIMAL 'd'
#define SHAPE_DATETIME 't'
#define SHAPE_JSON 'j'
#define SHAPE_MARK 'm'
#define SHAPE_KEY 'k'
#define SHAPE_OPEN_OBJECT '{'
#define SHAPE_OPEN_DECODED_JSON '(' /* an object that rille.json.decode made; closed like any object */
#define SHAPE_OPEN_DECODED_FORM '<' /* ... that rille.form made */
#define SHAPE_CLOSE_OBJECT '}'
#define SHAPE_OPEN_LIST '['
#define SHAPE_CLOSE_LIST ']'
#define SHAPE_END_RUN '*'

#define SHAPE_KEY_HEAD 3u  /* letter and u16 length */
#define SHAPE_MARK_HEAD 4u /* letter, mark and u16 length */

static inline char rl_shape_at(const rl_tape *t, uint32_t at) {
  return t->shape.p[at];
}

static inline uint32_t rl_shape_u16(const rl_tape *t, uint32_t at) {
  return (uint32_t)(unsigned char)t->shape.p[at] | (uint32_t)(unsigned char)t->shape.p[at + 1] << 8;
}

static inline rl_str rl_shape_key(const rl_tape *t, uint32_t at) {
  return rl_str_make(t->shape.p + at + SHAPE_KEY_HEAD, rl_shape_u16(t, at + 1));
}

static inline uint32_t rl_shape_past_key(const rl_tape *t, uint32_t at) {
  return at + SHAPE_KEY_HEAD + rl_shape_u16(t, at + 1);
}

static inline rl_mark rl_shape_mark(const rl_tape *t, uint32_t at) {
  return (rl_mark)(unsigned char)t->shape.p[at + 1];
}

static inline rl_str rl_shape_mark_text(const rl_tape *t, uint32_t at) {
  return rl_str_make(t->shape.p + at + SHAPE_MARK_HEAD, rl_shape_u16(t, at + 2));
}

/* Returns the offset past the value at `at`. *slots receives the number of its values, or UINT32_MAX if it contains a
 * list, because the number then depends on the call. slots may be NULL. */
uint32_t rl_shape_past(const rl_tape *t, uint32_t at, uint32_t *slots);

#endif
