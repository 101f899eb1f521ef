/* Calls as text: reading them, writing them, and writing them to a tape. Never fails: skips what makes no sense. */
#include "fuzz/notation.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct reader {
  const char *at, *end;
  rl_arena *arena;
  int64_t repeats; /* bytes left for repeated texts of the whole input */
} reader;

call_value *call_new(rl_arena *arena, char kind) {
  call_value *v = RL_NEW(arena, call_value);
  FUZZ_CHECK(v);
  v->kind = kind;
  v->number = 1;
  return v;
}

void call_add(rl_arena *arena, call_value *parent, rl_str key, call_value *item) {
  if (parent->count == parent->cap) {
    uint32_t cap = parent->cap ? parent->cap * 2 : 4;
    call_value **items = RL_NEW_ARRAY(arena, call_value *, cap);
    rl_str *keys = RL_NEW_ARRAY(arena, rl_str, cap);
    FUZZ_CHECK(items && keys);
    if (parent->count) memcpy(items, parent->items, parent->count * sizeof *items);
    if (parent->count) memcpy(keys, parent->keys, parent->count * sizeof *keys);
    parent->items = items;
    parent->keys = keys;
    parent->cap = cap;
  }
  parent->keys[parent->count] = key;
  parent->items[parent->count++] = item;
}

/* ------------------------------------------------------------------ reading */

static bool is_letter(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

static char peek(reader *r) {
  while (r->at < r->end && isspace((unsigned char)*r->at)) r->at++;
  return r->at < r->end ? *r->at : 0;
}

static bool accept(reader *r, char c) {
  if (peek(r) != c || r->at == r->end) return false;
  r->at++;
  return true;
}

static rl_str read_word(reader *r) {
  const char *from = r->at;
  while (r->at < r->end && is_letter(*r->at)) r->at++;
  return rl_str_make(from, (size_t)(r->at - from));
}

/* Reads after the opening quote. \0 is a zero byte, \xHH a byte, another character itself. */
static rl_str read_quoted(reader *r) {
  char *out = rl_arena_alloc(r->arena, (size_t)(r->end - r->at) + 1);
  size_t n = 0;
  FUZZ_CHECK(out);
  for (; r->at < r->end && *r->at != '"'; r->at++) {
    char c = *r->at;
    if (c == '\\' && r->at + 1 < r->end) {
      c = *++r->at;
      if (c == '0') c = 0;
      if (c == 'n') c = '\n';
      if (c == 'F') c = (char)0xFF; /* no UTF-8 */
    }
    out[n++] = c;
  }
  if (r->at < r->end) r->at++;
  return rl_str_make(out, n);
}

static int64_t read_digits(reader *r) {
  uint64_t n = 0;
  while (r->at < r->end && isdigit((unsigned char)*r->at)) n = n * 10 + (uint64_t)(*r->at++ - '0');
  return (int64_t)n;
}

static call_value *read_text(reader *r, char kind) {
  call_value *v = call_new(r->arena, kind);
  if (!accept(r, '"')) return v;
  v->text = read_quoted(r);
  if (kind == 's' && r->at < r->end && *r->at == '*') {
    r->at++;
    v->number = read_digits(r);
    int64_t most = r->repeats / (int64_t)(v->text.len ? v->text.len : 1);
    if (v->number < 0 || v->number > most) v->number = most;
    r->repeats -= v->number * (int64_t)v->text.len;
  }
  return v;
}

static call_value *read_number(reader *r) {
  char text[64], *stop;
  size_t n = 0;
  while (r->at < r->end && n < sizeof text - 1 && (is_letter(*r->at) || strchr("+-.", *r->at))) text[n++] = *r->at++;
  text[n] = 0;
  call_value *v = call_new(r->arena, 'i');
  v->number = (int64_t)strtoll(text, &stop, 10);
  if (*stop) {
    v->kind = 'f';
    v->real = strtod(text, NULL);
  }
  return v;
}

static call_value *read_value(reader *r, int depth);

static void read_members(reader *r, call_value *v, int depth) {
  while (peek(r) != '}' && r->at < r->end) {
    reader before = *r;
    rl_str key = {NULL, 0};
    bool keyed = false;
    if (accept(r, '[')) {
      if (accept(r, '"')) key = read_quoted(r);
      (void)accept(r, ']');
      keyed = accept(r, '=');
    } else if (is_letter(peek(r))) {
      key = read_word(r);
      keyed = accept(r, '=');
      if (!keyed) *r = before;
    }
    if (v->count == 0) v->kind = keyed ? '{' : '[';
    call_value *item = depth > 0 ? read_value(r, depth - 1) : NULL;
    if (item && keyed == (v->kind == '{')) call_add(r->arena, v, key, item);
    (void)accept(r, ',');
    if (r->at == before.at) r->at++; /* nothing was understood */
  }
  (void)accept(r, '}');
}

static call_value *read_mark(reader *r) {
  call_value *v = call_new(r->arena, '@');
  v->text = read_word(r);
  if (r->at < r->end && *r->at == '"') {
    rl_str name = read_text(r, '@')->text;
    char *all = rl_arena_printf(r->arena, "%.*s\"%.*s", RL_STR_ARG(v->text), RL_STR_ARG(name));
    FUZZ_CHECK(all);
    v->text = rl_str_of(all);
  }
  return v;
}

static call_value *read_named(reader *r) {
  reader before = *r;
  rl_str word = read_word(r);
  if (rl_str_is(word, "true") || rl_str_is(word, "false")) {
    call_value *v = call_new(r->arena, 'b');
    v->number = word.len == 4;
    return v;
  }
  if (word.len == 1 && strchr("djx", word.p[0]) && r->at < r->end && *r->at == '"') return read_text(r, word.p[0]);
  *r = before;
  if (*r->at == 't' && r->at + 1 < r->end && (isdigit((unsigned char)r->at[1]) || r->at[1] == '-')) {
    r->at++;
    call_value *v = read_number(r);
    v->number = v->kind == 'i' ? v->number : 0;
    v->kind = 't';
    return v;
  }
  if (isdigit((unsigned char)*r->at) || rl_str_is(word, "nan") || rl_str_is(word, "inf")) return read_number(r);
  (void)read_word(r);
  return call_new(r->arena, 'n');
}

static call_value *read_value(reader *r, int depth) {
  char c = peek(r);
  if (c == '{') {
    r->at++;
    call_value *v = call_new(r->arena, '{');
    read_members(r, v, depth);
    return v;
  }
  if (c == '"') return read_text(r, 's');
  if (c == '-') return read_number(r);
  if (accept(r, '@')) return read_mark(r);
  return is_letter(c) ? read_named(r) : NULL;
}

void call_read(rl_str text, rl_arena *arena, call_lines *out) {
  reader r = {text.p, text.p + text.len, arena, CALL_REPEAT};
  *out = (call_lines){.arena = arena};
  while (peek(&r) && out->count < CALL_MOST) {
    const char *before = r.at;
    call_line line = {.action = read_word(&r)};
    (void)peek(&r);
    line.model = read_word(&r);
    line.arguments = peek(&r) == '{' ? read_value(&r, CALL_DEPTH) : NULL;
    if (line.arguments && line.action.len && line.model.len) out->lines[out->count++] = line;
    if (r.at == before) r.at++;
  }
}

/* ------------------------------------------------------------------ writing */

static void write_quoted(rl_buf *out, rl_str s) {
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (c == '"' || c == '\\' || c == 0 || c == '\n' || c == (char)0xFF) rl_buf_byte(out, '\\');
    rl_buf_byte(out, c == 0 ? '0' : c == '\n' ? 'n' : c == (char)0xFF ? 'F' : c);
  }
  rl_buf_byte(out, '"');
}

static void write_key(rl_buf *out, rl_str key) {
  bool name = key.len > 0;
  for (size_t i = 0; i < key.len; i++) name = name && is_letter(key.p[i]);
  if (name) {
    rl_buf_str(out, key);
  } else {
    rl_buf_byte(out, '[');
    write_quoted(out, key);
    rl_buf_byte(out, ']');
  }
  rl_buf_text(out, " = ");
}

static void write_value(rl_buf *out, const call_value *v) {
  const char *quote;
  switch (v->kind) {
  case 'b': rl_buf_text(out, v->number ? "true" : "false"); break;
  case 'i': rl_buf_int(out, v->number); break;
  case 't':
    rl_buf_byte(out, 't');
    rl_buf_int(out, v->number);
    break;
  case 'f': rl_buf_printf(out, v->real == floor(v->real) && fabs(v->real) < 1e15 ? "%.1f" : "%.17g", v->real); break;
  case 's':
    write_quoted(out, v->text);
    if (v->number != 1) rl_buf_printf(out, "*%" PRId64, v->number);
    break;
  case 'd':
  case 'j':
  case 'x':
    rl_buf_byte(out, v->kind);
    write_quoted(out, v->text);
    break;
  case '@':
    quote = v->text.len ? memchr(v->text.p, '"', v->text.len) : NULL;
    rl_buf_byte(out, '@');
    rl_buf_str(out, quote ? rl_str_make(v->text.p, (size_t)(quote - v->text.p)) : v->text);
    if (quote) write_quoted(out, rl_str_make(quote + 1, (size_t)(v->text.p + v->text.len - quote - 1)));
    break;
  case '{':
  case '[':
    rl_buf_text(out, v->count ? "{ " : "{");
    for (uint32_t i = 0; i < v->count; i++) {
      if (i) rl_buf_text(out, ", ");
      if (v->kind == '{') write_key(out, v->keys[i]);
      write_value(out, v->items[i]);
    }
    rl_buf_text(out, v->count ? " }" : "}");
    break;
  default: rl_buf_text(out, "null");
  }
}

void call_write(const call_lines *calls, rl_buf *out) {
  for (uint32_t i = 0; i < calls->count; i++) {
    const call_line *line = &calls->lines[i];
    rl_buf_printf(out, "%.*s %.*s ", RL_STR_ARG(line->action), RL_STR_ARG(line->model));
    write_value(out, line->arguments);
    rl_buf_byte(out, '\n');
  }
}

/* ------------------------------------------------------------------ onto a tape */

static void mark_to_tape(rl_str text, rl_tape *t) {
  static const char *const names[] = {"",      "json_null", "db_null", "any_null",  "all",
                                      "field", "array",     "object",  "unreadable"};
  const char *quote = text.len ? memchr(text.p, '"', text.len) : NULL;
  rl_str name = quote ? rl_str_make(text.p, (size_t)(quote - text.p)) : text;
  for (int i = 1; i < 9; i++) {
    if (!rl_str_is(name, names[i])) continue;
    rl_str rest = {"", 0};
    if (quote) rest = rl_str_make(quote + 1, (size_t)(text.p + text.len - quote - 1));
    rl_tape_mark(t, (rl_mark)i, i == RL_MARK_FIELD || i == RL_MARK_UNREADABLE ? rest : RL_STR(""));
    return;
  }
  rl_tape_null(t);
}

static rl_str repeated(const call_value *v, rl_arena *arena) {
  if (v->number == 1) return v->text;
  size_t len = v->text.len * (size_t)v->number;
  char *out = rl_arena_alloc(arena, len + 1);
  FUZZ_CHECK(out);
  for (size_t i = 0; i < (size_t)v->number && v->text.len; i++) memcpy(out + i * v->text.len, v->text.p, v->text.len);
  return rl_str_make(out, len);
}

/* A table has each key once. */
static bool comes_again(const call_value *v, uint32_t i) {
  for (uint32_t k = i + 1; k < v->count; k++)
    if (rl_str_eq(v->keys[i], v->keys[k])) return true;
  return false;
}

void call_to_tape(const call_value *v, rl_tape *t, rl_arena *arena) {
  switch (v->kind) {
  case 'b': rl_tape_bool(t, v->number != 0); break;
  case 'i': rl_tape_int(t, v->number); break;
  case 't': rl_tape_datetime(t, (int64_t)((uint64_t)v->number * 1000000)); break;
  case 'f': rl_tape_float(t, v->real); break;
  case 's': rl_tape_text(t, repeated(v, arena)); break;
  case 'd': rl_tape_decimal(t, v->text); break;
  case 'j': rl_tape_json(t, v->text); break;
  case 'x': rl_tape_bytes(t, v->text); break;
  case '@': mark_to_tape(v->text, t); break;
  case '{':
  case '[':
    if (v->kind == '{')
      rl_tape_open_object(t);
    else
      rl_tape_open_list(t);
    for (uint32_t i = 0; i < v->count; i++) {
      if (v->kind == '{' && comes_again(v, i)) continue;
      if (v->kind == '{') rl_tape_key(t, v->keys[i]);
      call_to_tape(v->items[i], t, arena);
    }
    if (v->kind == '{')
      rl_tape_close_object(t);
    else
      rl_tape_close_list(t);
    break;
  default: rl_tape_null(t);
  }
}
