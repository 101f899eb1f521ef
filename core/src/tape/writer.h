/* What the two halves of the writer share: the open levels, and errors. Private to the tape room. */
#ifndef RL_TAPE_WRITER_H
#define RL_TAPE_WRITER_H

#include "tape/tape.h"

#define RL_TAPE_DEPTH 200u

typedef enum rl_level_kind { RL_LEVEL_OBJECT, RL_LEVEL_LIST, RL_LEVEL_JSON_OBJECT, RL_LEVEL_JSON_LIST } rl_level_kind;

/* Whether the keys of a level may be Json fields to write. */
typedef enum rl_level_context {
  RL_CONTEXT_NEUTRAL, /* not under data, create or update yet */
  RL_CONTEXT_DATA,
  RL_CONTEXT_OFF /* in a condition or a selection: nothing below is data */
} rl_level_context;

typedef struct rl_tape_level {
  rl_level_kind kind;
  rl_level_context context, key_context; /* of this level, and of the value of its last key */
  bool has_key;                          /* objects: a key without its value yet */
  bool decoded;                          /* objects: `set` is a key like any other */
  bool set_only;                         /* an object for a Json field whose only key so far is `set` */
  uint32_t key_at;                       /* objects: offset of the last key in the shape */
  uint32_t shape_at, slot;               /* where the object or list starts */
  uint32_t run_shape, run_length;        /* lists: shape of an element of the open run */
  uint32_t run_slot;                     /* lists: the RL_RUN slot of the open run */
  uint32_t item_shape, item_slot;        /* lists: where the element being written starts */
  int64_t run_count;                     /* lists: elements of the open run; 0: none is open */
  int64_t total;                         /* elements of a list, members of a JSON object */
} rl_tape_level;

static inline rl_tape_level *rl_tape_top(const rl_tape *t) {
  return t->depth ? &t->levels[t->depth - 1] : NULL;
}

/* Keeps the first error, with the path of the value being written. */
void rl_tape_fault(rl_tape *t, rl_code code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
rl_tape_level *rl_tape_push_level(rl_tape *t, rl_level_kind kind); /* NULL after an error */
void rl_tape_put_json(rl_tape *t, rl_str json); /* like rl_tape_json, for text that is known to be JSON */

/* Json fields (capture.c): the writers call these while json_depth > 0. They return false for a scalar that must be
 * written as usual. */
void rl_capture_look_at_key(rl_tape *t, rl_tape_level *object, rl_str key);
void rl_capture_open(rl_tape *t, rl_level_kind kind);
void rl_capture_close(rl_tape *t, rl_level_kind kind);
void rl_capture_key(rl_tape *t, rl_str key);
void rl_capture_second_key(rl_tape *t, rl_str key);
bool rl_capture_scalar(rl_tape *t, const rl_value *v);
bool rl_capture_mark(rl_tape *t, rl_mark mark);

/* Writes a scalar as JSON; false if JSON has no such value. */
bool rl_json_write_scalar(rl_buf *out, const rl_value *v);

#endif
