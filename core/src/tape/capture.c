/* Json fields: their value becomes a single JSON scalar while it is written, so that all payloads share a shape.
 *
 * json_depth is 1 between the key of the field and its value, and 1 more for each open object or list in the value. */
#include "tape/json.h"
#include "tape/shape.h"
#include "tape/writer.h"

typedef enum word_effect { ENTER_DATA, LEAVE_DATA, STAY } word_effect;

/* Words of the query language. They are never treated as Json fields, because the writer does not know the models. A
 * Json field with such a name keeps the shape of its payload. */
static const struct {
  const char *word;
  word_effect effect;
} words[] = {
    {"data", ENTER_DATA},    {"create", ENTER_DATA},  {"update", ENTER_DATA},      {"where", LEAVE_DATA},
    {"connect", LEAVE_DATA}, {"set", LEAVE_DATA},     {"disconnect", LEAVE_DATA},  {"delete", LEAVE_DATA},
    {"select", LEAVE_DATA},  {"include", LEAVE_DATA}, {"delete_many", LEAVE_DATA}, {"omit", LEAVE_DATA},
    {"cursor", LEAVE_DATA},  {"upsert", STAY},        {"connect_or_create", STAY}, {"create_many", STAY},
    {"update_many", STAY},   {"push", STAY},
};

void rl_capture_look_at_key(rl_tape *t, rl_tape_level *object, rl_str key) {
  object->key_context = object->context;
  if (object->context == RL_CONTEXT_OFF || key.len == 0) return;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (words[i].word[0] != key.p[0] || !rl_str_is(key, words[i].word)) continue;
    if (words[i].effect == ENTER_DATA) object->key_context = RL_CONTEXT_DATA;
    if (words[i].effect == LEAVE_DATA) object->key_context = RL_CONTEXT_OFF;
    return;
  }
  if (object->context == RL_CONTEXT_DATA && rl_map_get(t->json_keys, key)) {
    t->json_depth = 1;
    rl_buf_reset(&t->json);
  }
}

/* Writes the complete value as the value of the field. */
static void finish(rl_tape *t) {
  t->json_depth = 0;
  if (t->json.failed)
    (void)rl_fail_nomem(&t->error);
  else
    rl_tape_put_json(t, rl_buf_view(&t->json));
}

/* Before a value within the payload: writes the comma, or checks the key. */
static bool begin(rl_tape *t) {
  if (t->error.code != RL_CODE_NONE) return false;
  if (t->json_depth == 1) return true;
  rl_tape_level *top = rl_tape_top(t);
  if (top->kind == RL_LEVEL_JSON_LIST) {
    if (top->total++ > 0) rl_buf_byte(&t->json, ',');
    return true;
  }
  if (!top->has_key) {
    rl_tape_fault(t, RL_VALIDATION, "the arguments were written wrongly: a value without a key");
    return false;
  }
  top->has_key = false;
  return true;
}

static bool written(rl_tape *t) {
  if (t->json_depth == 1) finish(t);
  return true;
}

bool rl_capture_scalar(rl_tape *t, const rl_value *v) {
  /* Null and bytes as the whole value are not a payload: the binder decides what they mean. A JSON scalar is ready as
   * it is. */
  if (t->json_depth == 1 && (v->kind == RILLE_NULL || v->kind == RILLE_BYTES || v->kind == RILLE_JSON)) {
    t->json_depth = 0;
    return false;
  }
  if (!begin(t)) return true;
  if (v->kind == RILLE_TEXT && !rl_utf8_valid(rl_str_make(v->as.p, v->len), NULL))
    rl_tape_fault(t, RL_P2006, "a string in JSON must be valid UTF-8");
  else if (!rl_json_write_scalar(&t->json, v))
    rl_tape_fault(t, RL_P2006, "JSON cannot contain %s",
                  v->kind == RILLE_BYTES ? "bytes: encode them as a string" : "a number that is not finite");
  return written(t);
}

bool rl_capture_mark(rl_tape *t, rl_mark mark) {
  const char *text = NULL;
  if (mark == RL_MARK_EMPTY_ARRAY) text = "[]";
  if (mark == RL_MARK_EMPTY_OBJECT) text = "{}";
  if (t->json_depth > 1 && mark == RL_MARK_JSON_NULL) text = "null";
  if (!text && t->json_depth == 1) {
    t->json_depth = 0;
    return false;
  }
  if (!begin(t)) return true;
  if (text)
    rl_buf_text(&t->json, text);
  else
    rl_tape_fault(t, RL_P2006, "in JSON only rille.null and rille.json_null mean null");
  return written(t);
}

void rl_capture_open(rl_tape *t, rl_level_kind kind) {
  if (!begin(t) || !rl_tape_push_level(t, kind)) return;
  t->json_depth++;
  rl_buf_byte(&t->json, kind == RL_LEVEL_JSON_OBJECT ? '{' : '[');
}

void rl_capture_close(rl_tape *t, rl_level_kind kind) {
  if (t->error.code != RL_CODE_NONE) return;
  const rl_tape_level *top = rl_tape_top(t);
  if (t->json_depth == 1 || top->kind != kind || top->has_key) {
    rl_tape_fault(t, RL_VALIDATION, "the arguments were closed in the wrong order");
    return;
  }
  rl_buf_byte(&t->json, kind == RL_LEVEL_JSON_OBJECT ? '}' : ']');
  t->depth--;
  t->json_depth--;
  (void)written(t);
}

/* The payload starts with `set`: it is written like any object until there is a second key. */
static void try_set_only(rl_tape *t, rl_str key) {
  t->depth--;
  t->json_depth = 0;
  rl_tape_open_object(t);
  rl_tape_level *object = rl_tape_top(t);
  if (t->error.code != RL_CODE_NONE) return;
  object->set_only = true;
  object->context = RL_CONTEXT_OFF;
  rl_tape_key(t, key);
}

void rl_capture_key(rl_tape *t, rl_str key) {
  if (t->error.code != RL_CODE_NONE) return;
  rl_tape_level *top = rl_tape_top(t);
  if (t->json_depth == 1 || top->kind != RL_LEVEL_JSON_OBJECT || top->has_key) {
    rl_tape_fault(t, RL_VALIDATION, "the arguments were written wrongly: a key where none may stand");
    return;
  }
  if (t->json_depth == 2 && top->total == 0 && !top->decoded && rl_str_is(key, "set")) {
    try_set_only(t, key);
    return;
  }
  if (!rl_utf8_valid(key, NULL)) {
    rl_tape_fault(t, RL_P2006, "a key in JSON must be valid UTF-8");
    return;
  }
  if (top->total++ > 0) rl_buf_byte(&t->json, ',');
  rl_json_write_text(&t->json, key);
  rl_buf_byte(&t->json, ':');
  top->has_key = true;
}

/* A payload that started with `set` has more keys, so it is a payload like any other. Converts what was written back to
 * JSON. */
void rl_capture_second_key(rl_tape *t, rl_str key) {
  const rl_tape_level *object = rl_tape_top(t);
  uint32_t shape_at = object->shape_at, slot = object->slot;
  rl_buf_reset(&t->json);
  rl_buf_text(&t->json, "{\"set\":");
  rl_error error = {0};
  rille_status status = rl_tape_to_json(t, rl_shape_past_key(t, shape_at + 1), slot, &t->json, &error);
  if (status == RILLE_ERROR) rl_tape_fault(t, error.code, "%s", rl_error_message(&error));
  if (status == RILLE_NOMEM) (void)rl_fail_nomem(&t->error);
  rl_error_clear(&error);
  if (status < 0) return;
  t->depth--;
  t->shape.len = shape_at;
  t->value_count = slot;
  rl_tape_top(t)->has_key = true;
  rl_tape_level *payload = rl_tape_push_level(t, RL_LEVEL_JSON_OBJECT);
  if (!payload) return;
  payload->total = 1;
  t->json_depth = 2;
  rl_capture_key(t, key);
}
