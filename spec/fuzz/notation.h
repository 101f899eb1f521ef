/* Calls of models as text, nearly as in Lua, for readable corpora, and changes of them that keep their structure.
 *
 *   find_many user { where = { name = "a", age = { in_ = { 1, 2 } } }, take = 2 }
 * Scalars: null true false 12 -1.5 nan "text" "text"*1000 (repeated) d"1.50" j"{}" x"ff" t86400 (seconds), and the
 * marks
 * @all @json_null @db_null @any_null @array @object @field"User.id" @unreadable"too_deep". Keys that are not names: ["a
 * b"] = 1. */
#ifndef RL_SPEC_FUZZ_NOTATION_H
#define RL_SPEC_FUZZ_NOTATION_H

#include "fuzz/fuzz.h"
#include "tape/tape.h"

enum { CALL_MOST = 12, CALL_DEPTH = 40, CALL_REPEAT = 500000 };

typedef struct call_value {
  char kind;      /* of the notation: n b i f s d j x t @ { [ */
  rl_str text;    /* s d j x @: the text */
  int64_t number; /* b i t; s: repetitions */
  double real;
  uint32_t count; /* { [ */
  uint32_t cap;
  struct call_value **items;
  rl_str *keys; /* { */
} call_value;

typedef struct call_line {
  rl_str action, model;
  call_value *arguments;
} call_line;

typedef struct call_lines {
  rl_arena *arena;
  call_line lines[CALL_MOST];
  uint32_t count;
} call_lines;

/* Reads what it can, up to CALL_MOST calls. */
void call_read(rl_str text, rl_arena *arena, call_lines *out);
void call_write(const call_lines *calls, rl_buf *out);
/* Texts are borrowed from the arena. */
void call_to_tape(const call_value *v, rl_tape *t, rl_arena *arena);

call_value *call_new(rl_arena *arena, char kind);
void call_add(rl_arena *arena, call_value *parent, rl_str key, call_value *item);

/* mutate.c: one change. names: of models and fields */
void call_change(call_lines *calls, const rl_str *names, uint32_t name_count, fuzz_random *r);

#endif
