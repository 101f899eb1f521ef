/* Converts values of the tape that are more than one scalar: lists, tables, JSON. */
#include "input/convert.h"
#include "tape/json.h"

static rille_status coerce_json_at(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot,
                                   rl_arena *arena, rl_value *out, rl_error *err) {
  rl_buf text;
  rl_error own = {0};
  rl_buf_init(&text);
  rille_status status = rl_tape_to_json(t, shape, slot, &text, &own);
  if (status == RILLE_OK) {
    rl_error_clear(&own);
    return rl_keep_text(&text, RILLE_JSON, arena, out, err);
  }
  rl_buf_dispose(&text);
  status =
      status == RILLE_NOMEM ? rl_fail_nomem(err) : rl_refuse_value(input, own.code, err, "%s", rl_error_message(&own));
  rl_error_clear(&own);
  return status;
}

static bool is_mark(rl_value v, rl_mark mark) {
  return v.kind == RILLE_NULL && v.as.i == (int64_t)mark;
}

rille_status rl_coerce_at(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                          rl_value *out, rl_error *err) {
  bool table = rl_tape_is_table(t, shape);
  if (input->type.scalar == RL_JSON) {
    rl_value v = rl_tape_scalar(t, shape, slot);
    if (v.kind == RILLE_BYTES)
      return rl_refuse_value(input, RL_VALIDATION, err, "JSON cannot contain bytes; encode them as a string");
    return coerce_json_at(input, t, shape, slot, arena, out, err);
  }
  if (table && input->type.scalar == RL_DATETIME) return rl_coerce_date_table(input, t, shape, slot, out, err);
  if (table || rl_tape_is_list(t, shape))
    return rl_refuse_value(input, RL_VALIDATION, err, "expected a single value, got a table");
  rl_value v = rl_tape_scalar(t, shape, slot);
  if (v.kind != RILLE_NULL) return rl_coerce(input, &v, arena, out, err);
  if (v.as.i != 0) return rl_refuse_value(input, RL_VALIDATION, err, "cannot be %s", rl_value_kind_text(&v));
  *out = v;
  return RILLE_OK;
}

/* Skips nulls, because nothing equals them. The value of a list column cannot contain any. */
static rille_status add_element(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                                rl_value *items, size_t *count, rl_error *err) {
  rl_value v;
  rille_status status = rl_coerce_at(input, t, shape, slot, arena, &v, err);
  if (status < 0) return status;
  if (v.kind != RILLE_NULL)
    items[(*count)++] = v;
  else if (input->type.list)
    return rl_refuse_value(input, RL_VALIDATION, err, "a list cannot contain `rille.null`");
  return RILLE_OK;
}

/* Copies the input with the path of an element: "ids[3]". */
static rille_status element_of(const rl_input *input, size_t index, rl_arena *arena, rl_input *out, rl_error *err) {
  *out = *input;
  char *path = rl_arena_printf(arena, "%.*s[%lu]", RL_STR_ARG(input->path), (unsigned long)index);
  if (!path) return rl_fail_nomem(err);
  out->path = rl_str_of(path);
  return RILLE_OK;
}

static size_t count_elements(const rl_tape *t, uint32_t shape, uint32_t slot) {
  rl_list_walk walk;
  size_t count = 0;
  rl_list_walk_init(&walk, t, shape, slot);
  while (rl_list_walk_next(&walk, &shape, &slot)) count++;
  return count;
}

typedef struct splitting {
  rl_value *items;
  size_t count, cap;
  rl_arena *arena;
} splitting;

static bool keep_item(splitting *s, const char *from, const char *to) {
  while (from < to && (*from == ',' || *from == ' ' || *from == '\n' || *from == '\t' || *from == '\r')) from++;
  while (to > from && (to[-1] == ' ' || to[-1] == '\n' || to[-1] == '\t' || to[-1] == '\r')) to--;
  if (s->count == s->cap) {
    size_t cap = s->cap ? s->cap * 2 : 8;
    rl_value *more = RL_NEW_ARRAY(s->arena, rl_value, cap);
    if (!more) return false;
    for (size_t i = 0; i < s->count; i++) more[i] = s->items[i];
    s->items = more;
    s->cap = cap;
  }
  s->items[s->count++] = (rl_value){.kind = RILLE_JSON, .len = (uint32_t)(to - from), .as.p = from};
  return true;
}

/* Splits a list that the tape has as one JSON text into JSON values. */
static rille_status split_json(const rl_input *input, rl_str json, rl_arena *arena, rl_value *out, rl_error *err) {
  splitting s = {.arena = arena};
  rl_json_reader r;
  rl_json_token token = RL_JSON_END;
  rl_json_reader_init(&r, json);
  rille_status status = rl_json_next(&r, &token, err);
  if (status == RILLE_ROW && token != RL_JSON_OPEN_ARRAY)
    status = rl_refuse_value(input, RL_VALIDATION, err, "expected a list, got another JSON value");
  const char *from = r.at;
  while (status == RILLE_ROW) {
    status = rl_json_next(&r, &token, err);
    if (status != RILLE_ROW) break;
    bool closes = token == RL_JSON_CLOSE_OBJECT || token == RL_JSON_CLOSE_ARRAY;
    if (r.depth == 0) break;
    bool opens = token == RL_JSON_OPEN_OBJECT || token == RL_JSON_OPEN_ARRAY;
    if (r.depth != 1 || opens || (!closes && token == RL_JSON_KEY)) continue;
    if (!keep_item(&s, from, r.at)) status = rl_fail_nomem(err);
    from = r.at;
  }
  rl_json_reader_dispose(&r);
  if (status < 0) return status;
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)s.count, .as.list = s.items};
  return RILLE_OK;
}

rille_status rl_coerce_list(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                            rl_value *out, rl_error *err) {
  if (!rl_tape_is_list(t, shape)) {
    rl_value v = rl_tape_scalar(t, shape, slot);
    if (v.kind == RILLE_JSON) return split_json(input, rl_str_make(v.as.p, v.len), arena, out, err);
    bool empty = is_mark(v, RL_MARK_EMPTY_ARRAY) || is_mark(v, RL_MARK_EMPTY_OBJECT);
    if (rl_tape_is_table(t, shape)) {
      rl_str key;
      uint32_t value_shape, value_slot, at = shape;
      empty = !rl_tape_member(t, &at, &slot, &key, &value_shape, &value_slot);
    }
    *out = (rl_value){.kind = RILLE_LIST};
    return empty ? RILLE_OK
                 : rl_refuse_value(input, RL_VALIDATION, err, "expected a list, got %s",
                                   rl_tape_is_table(t, shape) ? "a table" : rl_value_kind_text(&v));
  }
  size_t total = count_elements(t, shape, slot), count = 0, index = 0;
  rl_value *items = RL_NEW_ARRAY(arena, rl_value, total);
  if (!items || total > UINT32_MAX) return rl_fail_nomem(err);
  rl_list_walk walk;
  rl_list_walk_init(&walk, t, shape, slot);
  for (uint32_t s, at; rl_list_walk_next(&walk, &at, &s); index++) {
    rl_error own = {0};
    rille_status status = add_element(input, t, at, s, arena, items, &count, &own);
    bool nomem = status == RILLE_NOMEM;
    rl_error_clear(&own);
    if (nomem) return rl_fail_nomem(err);
    if (status == RILLE_OK) continue;
    rl_input element; /* again, for a message with the element's path */
    status = element_of(input, index + 1, arena, &element, err);
    return status < 0 ? status : add_element(&element, t, at, s, arena, items, &count, err);
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = items};
  return RILLE_OK;
}
