/* What happens to a value before it is bound: patterns for LIKE, paths into JSON, and others. */
#include "input/convert.h"
#include "input/rules.h"
#include "tape/json.h"

static rille_status like_pattern(const rl_input *input, rl_arena *arena, rl_value *v, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  if (input->transform != RL_TRANSFORM_STARTS_WITH) rl_buf_byte(&text, '%');
  for (uint32_t i = 0; i < v->len; i++) {
    char c = v->as.p[i];
    if (c == '%' || c == '_' || c == '\\') rl_buf_byte(&text, '\\');
    rl_buf_byte(&text, c);
  }
  if (input->transform != RL_TRANSFORM_ENDS_WITH) rl_buf_byte(&text, '%');
  return rl_keep_text(&text, RILLE_TEXT, arena, v, err);
}

static rille_status wrap_in_json_array(rl_arena *arena, rl_value *v, rl_error *err) {
  uint32_t i = 0;
  while (i < v->len && (v->as.p[i] == ' ' || v->as.p[i] == '\n' || v->as.p[i] == '\t' || v->as.p[i] == '\r')) i++;
  if (i < v->len && v->as.p[i] == '[') return RILLE_OK;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_byte(&text, '[');
  rl_buf_put(&text, v->as.p, v->len);
  rl_buf_byte(&text, ']');
  return rl_keep_text(&text, RILLE_JSON, arena, v, err);
}

/* ------------------------------------------------------------------ paths: "$.a.b[0]" as its steps */

typedef struct steps {
  rl_value items[200];
  size_t count;
} steps;

static bool add_step(steps *s, rl_arena *arena, const char *p, size_t len) {
  if (s->count == sizeof s->items / sizeof *s->items) return false;
  rl_str kept = rl_arena_str(arena, rl_str_make(p, len));
  s->items[s->count++] = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)len, .as.p = kept.p};
  return kept.p != NULL;
}

/* Reads one step at `at`: .name, ."name", [0] or ["name"]. Returns the position after it; NULL: not a step. */
static const char *read_step(steps *s, rl_arena *arena, const char *at, const char *end) {
  char close = *at == '[' ? ']' : 0;
  if (*at != '.' && !close) return NULL;
  at++;
  const char *from = at, *to;
  if (at < end && *at == '"') {
    from = ++at;
    while (at < end && *at != '"') at++;
    to = at;
    if (at++ == end) return NULL;
  } else {
    while (at < end && *at != '[' && *at != (close ? close : '.')) at++;
    to = at;
    if (from == to) return NULL;
  }
  if (close && (at == end || *at++ != close)) return NULL;
  return add_step(s, arena, from, (size_t)(to - from)) ? at : NULL;
}

static rille_status split_json_path(const rl_input *input, rl_arena *arena, rl_value *v, rl_error *err) {
  if (v->kind == RILLE_LIST) return RILLE_OK;
  steps s = {.count = 0};
  const char *at = v->as.p, *end = v->as.p + v->len;
  bool good = at < end && *at == '$';
  for (at++; good && at < end;) {
    at = read_step(&s, arena, at, end);
    good = at != NULL;
  }
  if (!good)
    return rl_refuse_value(input, RL_VALIDATION, err,
                           "expected a path like `{ \"a\", \"b\", \"0\" }` or \"$.a.b[0]\", got `%.*s`",
                           v->len > 60 ? 60 : (int)v->len, v->as.p);
  rl_value *items = RL_NEW_ARRAY(arena, rl_value, s.count);
  if (!items) return rl_fail_nomem(err);
  if (s.count) memcpy(items, s.items, s.count * sizeof *items);
  *v = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)s.count, .as.list = items};
  return RILLE_OK;
}

rille_status rl_transform_value(const rl_input *input, rl_arena *arena, rl_value *v, rl_error *err) {
  if (v->kind == RILLE_NULL) return RILLE_OK;
  switch (input->transform) {
  case RL_TRANSFORM_RULES: return rl_rules_apply(input, false, arena, v, err);
  case RL_TRANSFORM_PUSHED: return rl_rules_apply(input, true, arena, v, err);
  case RL_TRANSFORM_CONTAINS:
  case RL_TRANSFORM_STARTS_WITH:
  case RL_TRANSFORM_ENDS_WITH: return v->kind == RILLE_TEXT ? like_pattern(input, arena, v, err) : RILLE_OK;
  case RL_TRANSFORM_ABSOLUTE:
    if (v->kind == RILLE_INT && v->as.i < 0) v->as.i = v->as.i == INT64_MIN ? INT64_MAX : -v->as.i;
    return RILLE_OK;
  case RL_TRANSFORM_JSON_ARRAY: return wrap_in_json_array(arena, v, err);
  case RL_TRANSFORM_TSQUERY:
  case RL_TRANSFORM_WORDS: return rl_transform_search(input, arena, v, err);
  case RL_TRANSFORM_JSON_PATH: return split_json_path(input, arena, v, err);
  default: return RILLE_OK;
  }
}
