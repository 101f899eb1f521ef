/* The state of one run over schema text: memory, joined sources, small strings. */
#include "schema/build.h"

#include <limits.h>

void *rl_build_alloc(rl_build *b, rl_arena *arena, size_t count, size_t size) {
  void *p = rl_arena_array(arena, count ? count : 1, size);
  if (!p) longjmp(b->nomem, 1);
  return p;
}

void rl_build_put(rl_build *b, rl_map *map, rl_str key, void *value) {
  if (!rl_map_put(map, key, value)) longjmp(b->nomem, 1);
}

rl_str rl_build_format(rl_build *b, rl_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *p = rl_arena_vprintf(arena, format, args);
  va_end(args);
  if (!p) longjmp(b->nomem, 1);
  return rl_str_of(p);
}

rl_str rl_build_join(rl_build *b, rl_arena *arena, const rl_str *parts, size_t count, const char *between) {
  size_t gap = strlen(between), len = 0;
  for (size_t i = 0; i < count; i++) len += parts[i].len + gap;
  char *p = rl_build_alloc(b, arena, len + 1, 1), *at = p;
  for (size_t i = 0; i < count; i++) {
    if (i > 0) {
      memcpy(at, between, gap);
      at += gap;
    }
    if (parts[i].len) memcpy(at, parts[i].p, parts[i].len);
    at += parts[i].len;
  }
  return rl_str_make(p, (size_t)(at - p));
}

/* Each file ends with a line end in the joined text, so no line continues in the next file. */
bool rl_build_sources(rl_build *b, const rl_source *sources, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) {
    if (sources[i].text.len > RL_SCHEMA_MOST_BYTES) return false;
    total += sources[i].text.len + 1;
    if (total > RL_SCHEMA_MOST_BYTES + count) return false;
  }
  char *text = rl_build_alloc(b, b->keep, total + 1, 1);
  b->files = RL_TEMP_ARRAY(b, rl_file, count);
  b->file_count = count;
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    rl_str s = sources[i].text;
    b->files[i].name = sources[i].file;
    b->files[i].start = (uint32_t)at;
    if (s.len) memcpy(text + at, s.p, s.len);
    at += s.len;
    text[at++] = '\n';
    b->files[i].end = (uint32_t)at;
  }
  b->text = rl_str_make(text, at);
  return true;
}

rl_str rl_suggest(rl_build *b, rl_str written, const rl_str *candidates, size_t count) {
  rl_str near = rl_str_nearest(written, candidates, count);
  if (!near.len) return RL_STR("");
  return rl_build_format(b, &b->temp, " Did you mean `%.*s`?", RL_STR_ARG(near));
}

rl_str rl_suggest_of(rl_build *b, rl_str written, const char *const *candidates) {
  size_t count = 0;
  while (candidates[count]) count++;
  rl_str *list = RL_TEMP_ARRAY(b, rl_str, count);
  for (size_t i = 0; i < count; i++) list[i] = rl_str_of(candidates[i]);
  return rl_suggest(b, written, list, count);
}
