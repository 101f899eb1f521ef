/* The writer: splits the arguments of a call into a shape and values as they are written.
 *
 * A list element is first written in full. If it has the shape of the element before it, the bytes just written are
 * dropped and the run gets longer. So only a change of shape moves bytes. */
#include "base/alloc.h"
#include "tape/decimal.h"
#include "tape/json.h"
#include "tape/shape.h"
#include "tape/writer.h"

#define LARGEST_TAPE (UINT32_MAX / 4) /* offsets and indices of values have 32 bits */

void rl_tape_init(rl_tape *t) {
  *t = (rl_tape){0};
  rl_buf_init(&t->shape);
  rl_buf_init(&t->json);
  rl_arena_init(&t->text, 0);
}

void rl_tape_dispose(rl_tape *t) {
  rl_buf_dispose(&t->shape);
  rl_buf_dispose(&t->json);
  rl_arena_dispose(&t->text);
  rl_error_clear(&t->error);
  rl_free(t->values);
  rl_free(t->levels);
  *t = (rl_tape){0};
}

void rl_tape_reset(rl_tape *t) {
  rl_buf_reset(&t->shape);
  rl_buf_reset(&t->json);
  rl_arena_reset(&t->text);
  if (t->error.code != RL_CODE_NONE) rl_error_clear(&t->error);
  t->value_count = 0;
  t->end.suffix = NULL;
  t->depth = 0;
  t->json_depth = 0;
}

void rl_tape_json_keys(rl_tape *t, const rl_map *keys) {
  t->json_keys = keys;
}

/* ------------------------------------------------------------------ faults */

static void write_path(const rl_tape *t, rl_buf *out) {
  for (size_t i = 0; i < t->depth; i++) {
    const rl_tape_level *l = &t->levels[i];
    if (l->kind == RL_LEVEL_LIST) {
      rl_buf_printf(out, "[%lld]", (long long)l->total + 1);
    } else if (l->kind == RL_LEVEL_OBJECT && (l->has_key || i + 1 < t->depth)) {
      if (out->len) rl_buf_byte(out, '.');
      rl_buf_str(out, rl_shape_key(t, l->key_at));
    }
  }
}

void rl_tape_fault(rl_tape *t, rl_code code, const char *format, ...) {
  if (t->error.code != RL_CODE_NONE) return;
  rl_buf path, text;
  rl_buf_init(&path);
  rl_buf_init(&text);
  write_path(t, &path);
  va_list args;
  va_start(args, format);
  rl_buf_vprintf(&text, format, args);
  va_end(args);
  if (path.failed || !rl_buf_z(&text)) {
    (void)rl_fail_nomem(&t->error);
  } else {
    rl_str where = rl_buf_view(&path);
    (void)rl_fail(&t->error, code, "%.*s%s%s", RL_STR_ARG(where), where.len ? ": " : "", text.p);
    if (where.len) rl_error_detail(&t->error, "path", where);
  }
  rl_buf_dispose(&path);
  rl_buf_dispose(&text);
}

static void misuse(rl_tape *t, const char *what) {
  rl_tape_fault(t, RL_VALIDATION, "the arguments were %s", what);
}

/* ------------------------------------------------------------------ pieces */

static bool grow_values(rl_tape *t) {
  size_t cap = t->value_cap ? t->value_cap * 2 : 64;
  if (cap > LARGEST_TAPE) {
    rl_tape_fault(t, RL_VALIDATION, "a call cannot have more than %u values", LARGEST_TAPE / 2);
    return false;
  }
  rl_value *values = rl_realloc(t->values, cap * sizeof *values);
  if (!values) {
    (void)rl_fail_nomem(&t->error);
    return false;
  }
  t->values = values;
  t->value_cap = cap;
  return true;
}

static inline void push_value(rl_tape *t, rl_value v) {
  if (t->value_count < t->value_cap || grow_values(t)) t->values[t->value_count++] = v;
}

static bool grow_shape(rl_tape *t, size_t more) {
  if (t->shape.len + more > LARGEST_TAPE) {
    misuse(t, "too large");
    return false;
  }
  if (rl_buf_reserve(&t->shape, more)) return true;
  (void)rl_fail_nomem(&t->error);
  return false;
}

static inline bool room_in_shape(rl_tape *t, size_t more) {
  return t->shape.cap - t->shape.len >= more || grow_shape(t, more);
}

static inline void put_letter(rl_tape *t, char letter) {
  if (room_in_shape(t, 1)) t->shape.p[t->shape.len++] = letter;
}

/* letter, u16 length, text */
static void put_text(rl_tape *t, const char *head, size_t head_length, rl_str s) {
  if (!room_in_shape(t, head_length + 2 + s.len)) return;
  char *p = t->shape.p + t->shape.len;
  memcpy(p, head, head_length);
  p[head_length] = (char)(s.len & 0xFF);
  p[head_length + 1] = (char)(s.len >> 8);
  if (s.len) memcpy(p + head_length + 2, s.p, s.len);
  t->shape.len += head_length + 2 + s.len;
}

/* ------------------------------------------------------------------ elements and runs */

static void begin_item(rl_tape *t, rl_tape_level *list) {
  if (list->run_count == 0) {
    list->run_slot = (uint32_t)t->value_count;
    list->run_shape = (uint32_t)t->shape.len;
    push_value(t, (rl_value){.kind = RL_RUN});
  }
  list->item_shape = (uint32_t)t->shape.len;
  list->item_slot = (uint32_t)t->value_count;
}

static void end_run(rl_tape *t, rl_tape_level *list, size_t end_slot) {
  rl_value *head = &t->values[list->run_slot];
  head->as.i = list->run_count;
  head->len = (uint32_t)(end_slot - list->run_slot);
}

/* The element just written differs from the run, so it starts a new run: a '*' and an RL_RUN value are inserted before
 * it. */
static void split_run(rl_tape *t, rl_tape_level *list, uint32_t length) {
  if (!room_in_shape(t, 1) || (t->value_count == t->value_cap && !grow_values(t))) return;
  end_run(t, list, list->item_slot);
  char *item = t->shape.p + list->item_shape;
  memmove(item + 1, item, length);
  *item = SHAPE_END_RUN;
  t->shape.len++;
  rl_value *first = &t->values[list->item_slot];
  memmove(first + 1, first, (t->value_count - list->item_slot) * sizeof *first);
  *first = (rl_value){.kind = RL_RUN};
  t->value_count++;
  list->run_slot = list->item_slot;
  list->run_shape = list->item_shape + 1;
  list->run_length = length;
  list->run_count = 1;
}

static void end_item(rl_tape *t, rl_tape_level *list) {
  if (t->error.code != RL_CODE_NONE) return;
  uint32_t length = (uint32_t)t->shape.len - list->item_shape;
  list->total++;
  if (list->run_count == 0) {
    list->run_length = length;
    list->run_count = 1;
  } else if (length == list->run_length &&
             memcmp(t->shape.p + list->run_shape, t->shape.p + list->item_shape, length) == 0) {
    t->shape.len = list->item_shape;
    list->run_count++;
  } else {
    split_run(t, list, length);
  }
}

/* ------------------------------------------------------------------ values */

static bool begin_value(rl_tape *t) {
  if (t->error.code != RL_CODE_NONE) return false;
  rl_tape_level *top = rl_tape_top(t);
  if (!top) {
    if (t->shape.len == 0) return true;
    misuse(t, "more than one value");
    return false;
  }
  if (top->kind == RL_LEVEL_LIST) {
    begin_item(t, top);
    return true;
  }
  if (!top->has_key) {
    misuse(t, "written wrongly: a value without a key");
    return false;
  }
  top->has_key = false;
  return true;
}

static inline void end_value(rl_tape *t) {
  rl_tape_level *top = rl_tape_top(t);
  if (top && top->kind == RL_LEVEL_LIST) end_item(t, top);
}

static inline void scalar(rl_tape *t, char letter, rl_value v) {
  if (t->json_depth > 0 && rl_capture_scalar(t, &v)) return;
  if (!begin_value(t)) return;
  put_letter(t, letter);
  push_value(t, v);
  end_value(t);
}

static void text_scalar(rl_tape *t, char letter, rille_value_kind kind, rl_str s) {
  if (s.len > UINT32_MAX) {
    rl_tape_fault(t, RL_P2000, "a value of %zu bytes is too long", s.len);
    return;
  }
  /* Drivers treat a NULL pointer as SQL NULL, so an empty string needs an address. */
  scalar(t, letter, (rl_value){.kind = kind, .len = (uint32_t)s.len, .as.p = s.p ? s.p : ""});
}

/* Copies the string to the tape's own memory; false after an error. */
static bool copied(rl_tape *t, rl_str *s) {
  if (t->error.code != RL_CODE_NONE) return false;
  *s = rl_arena_str(&t->text, *s);
  if (!s->p) (void)rl_fail_nomem(&t->error);
  return s->p != NULL;
}

void rl_tape_null(rl_tape *t) {
  if (t->json_depth > 0 && rl_capture_scalar(t, &(rl_value){.kind = RILLE_NULL})) return;
  if (!begin_value(t)) return;
  put_letter(t, SHAPE_NULL);
  end_value(t);
}

void rl_tape_bool(rl_tape *t, bool b) {
  scalar(t, SHAPE_BOOL, (rl_value){.kind = RILLE_BOOL, .as.i = b});
}

void rl_tape_int(rl_tape *t, int64_t i) {
  scalar(t, SHAPE_INT, (rl_value){.kind = RILLE_INT, .as.i = i});
}

void rl_tape_float(rl_tape *t, double f) {
  scalar(t, SHAPE_FLOAT, (rl_value){.kind = RILLE_FLOAT, .as.f = f});
}

void rl_tape_text(rl_tape *t, rl_str s) {
  text_scalar(t, SHAPE_TEXT, RILLE_TEXT, s);
}

void rl_tape_text_copy(rl_tape *t, rl_str s) {
  if (copied(t, &s)) text_scalar(t, SHAPE_TEXT, RILLE_TEXT, s);
}

void rl_tape_bytes(rl_tape *t, rl_str s) {
  text_scalar(t, SHAPE_BYTES, RILLE_BYTES, s);
}

void rl_tape_keep_texts(rl_tape *t) {
  for (size_t i = 0; i < t->value_count; i++) {
    rl_value *v = &t->values[i];
    if (v->kind != RILLE_TEXT && v->kind != RILLE_BYTES) continue;
    rl_str text = rl_str_make(v->as.p, v->len);
    if (!copied(t, &text)) return;
    v->as.p = text.p;
  }
}

void rl_tape_decimal(rl_tape *t, rl_str s) {
  if (t->error.code != RL_CODE_NONE) return;
  rl_buf plain;
  rl_buf_init(&plain);
  rl_error error = {0};
  if (rl_str_is(s, "NaN"))
    rl_buf_str(&plain, s);
  else if (rl_decimal_normalize(s, &plain, &error) == RILLE_ERROR)
    rl_tape_fault(t, error.code, "%s", rl_error_message(&error));
  rl_error_clear(&error);
  s = rl_buf_view(&plain);
  if (plain.failed) (void)rl_fail_nomem(&t->error);
  if (copied(t, &s)) text_scalar(t, SHAPE_DECIMAL, RILLE_DECIMAL, s);
  rl_buf_dispose(&plain);
}

void rl_tape_datetime(rl_tape *t, int64_t microseconds) {
  scalar(t, SHAPE_DATETIME, (rl_value){.kind = RILLE_DATETIME, .as.i = microseconds});
}

/* Checks that the text is JSON, because it is sent to the database and put into other JSON unchanged. */
static bool is_json(rl_tape *t, rl_str json) {
  rl_json_reader r;
  rl_json_token token;
  rl_error error = {0};
  rille_status status;
  rl_json_reader_init(&r, json);
  do {
    status = rl_json_next(&r, &token, &error);
  } while (status == RILLE_ROW);
  if (status == RILLE_NOMEM) (void)rl_fail_nomem(&t->error);
  if (status == RILLE_ERROR) rl_tape_fault(t, error.code, "%s", rl_error_message(&error));
  rl_error_clear(&error);
  rl_json_reader_dispose(&r);
  return status == RILLE_DONE;
}

void rl_tape_put_json(rl_tape *t, rl_str json) {
  if (copied(t, &json)) text_scalar(t, SHAPE_JSON, RILLE_JSON, json);
}

void rl_tape_json(rl_tape *t, rl_str json) {
  if (t->error.code == RL_CODE_NONE && is_json(t, json)) rl_tape_put_json(t, json);
}

void rl_tape_mark(rl_tape *t, rl_mark mark, rl_str text) {
  if (t->json_depth > 0 && rl_capture_mark(t, mark)) return;
  if (!begin_value(t)) return;
  if (text.len > UINT16_MAX) {
    misuse(t, "written wrongly: the text of a mark is longer than 65,535 bytes");
    return;
  }
  const char head[2] = {SHAPE_MARK, (char)mark};
  put_text(t, head, sizeof head, text);
  end_value(t);
}

void rl_tape_value(rl_tape *t, const rl_value *v) {
  rl_str text = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_BOOL: rl_tape_bool(t, v->as.i != 0); break;
  case RILLE_INT: rl_tape_int(t, v->as.i); break;
  case RILLE_FLOAT: rl_tape_float(t, v->as.f); break;
  case RILLE_TEXT: rl_tape_text(t, text); break;
  case RILLE_BYTES: rl_tape_bytes(t, text); break;
  case RILLE_DECIMAL: rl_tape_decimal(t, text); break;
  case RILLE_DATETIME: rl_tape_datetime(t, v->as.i); break;
  case RILLE_JSON: rl_tape_json(t, text); break;
  default: rl_tape_null(t); break;
  }
}

/* ------------------------------------------------------------------ objects and lists */

static bool grow_levels(rl_tape *t) {
  if (t->depth == RL_TAPE_DEPTH) {
    rl_tape_fault(t, RL_VALIDATION, "nested more than %u levels deep", RL_TAPE_DEPTH);
    return false;
  }
  if (t->depth < t->depth_cap) return true;
  size_t cap = t->depth_cap ? t->depth_cap * 2 : 16;
  rl_tape_level *levels = rl_realloc(t->levels, cap * sizeof *levels);
  if (!levels) {
    (void)rl_fail_nomem(&t->error);
    return false;
  }
  t->levels = levels;
  t->depth_cap = cap;
  return true;
}

rl_tape_level *rl_tape_push_level(rl_tape *t, rl_level_kind kind) {
  if (!grow_levels(t)) return NULL;
  const rl_tape_level *parent = rl_tape_top(t);
  rl_level_context context = RL_CONTEXT_NEUTRAL;
  if (parent) context = parent->kind == RL_LEVEL_OBJECT ? parent->key_context : parent->context;
  rl_tape_level *l = &t->levels[t->depth++];
  *l = (rl_tape_level){.kind = kind,
                       .context = context,
                       .key_context = context,
                       .shape_at = (uint32_t)t->shape.len,
                       .slot = (uint32_t)t->value_count};
  return l;
}

static void open_level(rl_tape *t, rl_level_kind kind, rl_level_kind json_kind, char letter) {
  if (t->json_depth > 0) {
    rl_capture_open(t, json_kind);
    return;
  }
  if (begin_value(t) && rl_tape_push_level(t, kind)) put_letter(t, letter);
}

static bool may_close(rl_tape *t, rl_level_kind kind) {
  if (t->error.code != RL_CODE_NONE) return false;
  const rl_tape_level *top = rl_tape_top(t);
  if (top && top->kind == kind && !top->has_key) return true;
  misuse(t, top && top->has_key ? "written wrongly: a key without a value" : "closed in the wrong order");
  return false;
}

void rl_tape_open_object(rl_tape *t) {
  open_level(t, RL_LEVEL_OBJECT, RL_LEVEL_JSON_OBJECT, SHAPE_OPEN_OBJECT);
}

static char letter_of(rl_decoded from) {
  return from == RL_DECODED_FORM ? SHAPE_OPEN_DECODED_FORM : SHAPE_OPEN_DECODED_JSON;
}

void rl_tape_open_decoded(rl_tape *t, rl_decoded from) {
  open_level(t, RL_LEVEL_OBJECT, RL_LEVEL_JSON_OBJECT, letter_of(from));
  if (t->error.code == RL_CODE_NONE) rl_tape_top(t)->decoded = true;
}

/* The text of the mark says where the list comes from. */
void rl_tape_empty_decoded_list(rl_tape *t, rl_decoded from) {
  char letter = letter_of(from);
  rl_tape_mark(t, RL_MARK_EMPTY_ARRAY, rl_str_make(&letter, 1));
}

void rl_tape_open_list(rl_tape *t) {
  open_level(t, RL_LEVEL_LIST, RL_LEVEL_JSON_LIST, SHAPE_OPEN_LIST);
}

void rl_tape_close_object(rl_tape *t) {
  if (t->json_depth > 0) {
    rl_capture_close(t, RL_LEVEL_JSON_OBJECT);
    return;
  }
  if (!may_close(t, RL_LEVEL_OBJECT)) return;
  put_letter(t, SHAPE_CLOSE_OBJECT);
  t->depth--;
  end_value(t);
}

void rl_tape_close_list(rl_tape *t) {
  if (t->json_depth > 0) {
    rl_capture_close(t, RL_LEVEL_JSON_LIST);
    return;
  }
  if (!may_close(t, RL_LEVEL_LIST)) return;
  rl_tape_level *list = rl_tape_top(t);
  if (list->run_count > 0) {
    end_run(t, list, t->value_count);
    put_letter(t, SHAPE_END_RUN);
  }
  put_letter(t, SHAPE_CLOSE_LIST);
  t->depth--;
  end_value(t);
}

void rl_tape_key(rl_tape *t, rl_str key) {
  if (t->json_depth > 0) {
    rl_capture_key(t, key);
    return;
  }
  if (t->error.code != RL_CODE_NONE) return;
  rl_tape_level *top = rl_tape_top(t);
  if (!top || top->kind != RL_LEVEL_OBJECT || top->has_key) {
    misuse(t, "written wrongly: a key where none may stand");
    return;
  }
  if (key.len > UINT16_MAX) {
    rl_tape_fault(t, RL_VALIDATION, "a key of %zu bytes: at most 65,535 are allowed", key.len);
    return;
  }
  if (top->set_only && t->shape.len > top->shape_at + 1) {
    rl_capture_second_key(t, key);
    return;
  }
  top->key_at = (uint32_t)t->shape.len;
  put_text(t, &(const char){SHAPE_KEY}, 1, key);
  top->has_key = t->error.code == RL_CODE_NONE;
  if (t->json_keys) rl_capture_look_at_key(t, top, key);
}

/* ------------------------------------------------------------------ the end */

rille_status rl_tape_end(rl_tape *t, rl_error *err) {
  if (t->depth > 0) misuse(t, "not closed");
  if (t->shape.len == 0) misuse(t, "not written");
  if (!t->values) (void)grow_values(t); /* so every value has an address, even a null */
  if (t->error.code == RL_CODE_NONE) return RILLE_OK;
  rl_code code = t->error.code;
  bool nomem = t->error.nomem;
  if (err) {
    rl_error_move(err, &t->error);
    t->error.code = code; /* an invalid tape stays invalid until reset */
    t->error.nomem = nomem;
  }
  return nomem ? RILLE_NOMEM : RILLE_ERROR;
}

uint64_t rl_tape_hash(const rl_tape *t) {
  return rl_hash(t->shape.p, t->shape.len, 0);
}

static bool room_for_values(rl_tape *t, size_t more) {
  while (t->value_cap - t->value_count < more)
    if (!grow_values(t)) return false;
  return true;
}

rille_status rl_tape_append(rl_tape *t, const rl_tape_suffix *s, rl_error *err) {
  if (t->end.suffix) { /* of the last call */
    t->shape.len = t->end.shape;
    t->value_count = t->end.values;
  }
  t->end.suffix = NULL;
  if (!s) return RILLE_OK;
  t->end = (struct rl_tape_end){t->shape.len, t->value_count, s};
  if (!room_in_shape(t, s->shape.len) || !room_for_values(t, s->value_count)) return rl_tape_end(t, err);
  memcpy(t->shape.p + t->shape.len, s->shape.p, s->shape.len);
  if (s->value_count) memcpy(t->values + t->value_count, s->values, s->value_count * sizeof *s->values);
  t->shape.len += s->shape.len;
  t->value_count += s->value_count;
  return RILLE_OK;
}
