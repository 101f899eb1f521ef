/* JSON text in rille's form: the text that decoding and encoding it again would give. */
#include "tape/json_form.h"

#include <stdlib.h>

#include "tape/decimal.h"

/* 1e20000 is a decimal of many digits. All decimals of a text together may have this many more than the text. */
#define MORE_DIGITS 1000000

/* A member of an open object. */
typedef struct form_member {
  size_t key, key_len; /* the unescaped key, in `keys` */
  const char *name;    /* where it is while members are sorted */
  size_t at, end;      /* its text in the output, from the key to the end of the value */
} form_member;

/* An open object or array. */
typedef struct form_level {
  size_t at;    /* where it begins in the output */
  size_t first; /* its first member */
  size_t keys;  /* length of `keys` before it */
  bool object, unsorted, empty;
} form_level;

typedef struct forming {
  rl_json_form *f;
  rl_buf *out;
  rl_error *err;
  form_level levels[RL_JSON_DEPTH];
  unsigned depth, deepest;
  size_t digits; /* that decimals may still have */
} forming;

void rl_json_form_dispose(rl_json_form *f) {
  rl_buf_dispose(&f->keys);
  rl_buf_dispose(&f->members);
  rl_buf_dispose(&f->scratch);
}

static form_member *members_of(const rl_json_form *f) {
  return (form_member *)(void *)f->members.p;
}

static size_t member_count(const rl_json_form *f) {
  return f->members.len / sizeof(form_member);
}

static rl_str key_of(const rl_json_form *f, const form_member *m) {
  return rl_str_make(f->keys.p + m->key, m->key_len);
}

static rille_status form_write_decimal(forming *w, rl_str text) {
  rl_decimal *d = NULL;
  rille_status status = rl_decimal_parse(text, &d, w->err);
  if (status < 0) return status;
  size_t before = w->out->len;
  rl_decimal_write(d, w->out);
  rl_decimal_free(d);
  if (w->out->len - before > w->digits)
    return rl_fail(w->err, RL_VALIDATION, "the numbers of the JSON text have too many digits when written out");
  w->digits -= w->out->len - before;
  return RILLE_OK;
}

static rille_status form_write_number(forming *w, rl_str text) {
  int64_t i;
  double f;
  switch (rl_json_number(text, &i, &f)) {
  case RILLE_INT: rl_json_write_int(w->out, i, w->f->big_as_text && rl_json_is_big(i)); return RILLE_OK;
  case RILLE_FLOAT: rl_json_write_float(w->out, f); return RILLE_OK;
  default: return form_write_decimal(w, text);
  }
}

/* A comma before all but the first value of a list or key of an object. */
static void form_separate(forming *w, bool key) {
  form_level *level = w->depth ? &w->levels[w->depth - 1] : NULL;
  if (!level || level->object != key) return;
  if (!level->empty) rl_buf_byte(w->out, ',');
  level->empty = false;
}

static void form_write_key(forming *w, rl_str key) {
  rl_json_form *f = w->f;
  form_level *level = &w->levels[w->depth - 1];
  size_t count = member_count(f);
  form_separate(w, true);
  form_member m = {.key = f->keys.len, .key_len = key.len, .at = w->out->len};
  rl_buf_put(&f->keys, key.p, key.len);
  if (count > level->first && !f->keys.failed && !f->members.failed &&
      rl_str_cmp(key_of(f, &members_of(f)[count - 1]), key) >= 0)
    level->unsorted = true;
  rl_buf_put(&f->members, &m, sizeof m);
  rl_json_write_text(w->out, key);
  rl_buf_byte(w->out, ':');
}

static void form_end_value(forming *w) {
  if (!w->depth || !w->levels[w->depth - 1].object || w->f->members.failed) return;
  members_of(w->f)[member_count(w->f) - 1].end = w->out->len;
}

static void form_open_level(forming *w, bool object) {
  w->levels[w->depth++] = (form_level){
      .at = w->out->len, .first = member_count(w->f), .keys = w->f->keys.len, .object = object, .empty = true};
  if (w->depth > w->deepest) w->deepest = w->depth;
  rl_buf_byte(w->out, object ? '{' : '[');
}

/* Of equal keys the later comes last. */
static int compare_members(const void *a, const void *b) {
  const form_member *x = a, *y = b;
  int order = rl_str_cmp(rl_str_make(x->name, x->key_len), rl_str_make(y->name, y->key_len));
  return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Writes the members of an object once more in their order. Of equal keys the last is kept. */
static void form_sort_level(forming *w, const form_level *level) {
  rl_json_form *f = w->f;
  rl_buf *out = w->out;
  form_member *m = members_of(f) + level->first;
  size_t count = member_count(f) - level->first;
  rl_buf_reset(&f->scratch);
  rl_buf_put(&f->scratch, out->p + level->at, out->len - level->at);
  if (f->scratch.failed) {
    out->failed = true;
    return;
  }
  for (size_t i = 0; i < count; i++) m[i].name = f->keys.p + m[i].key;
  qsort(m, count, sizeof *m, compare_members);
  out->len = level->at + 1;
  for (size_t i = 0; i < count; i++) {
    if (i + 1 < count && rl_str_eq(key_of(f, &m[i]), key_of(f, &m[i + 1]))) continue;
    if (out->len > level->at + 1) rl_buf_byte(out, ',');
    rl_buf_put(out, f->scratch.p + (m[i].at - level->at), m[i].end - m[i].at);
  }
}

static void form_close_level(forming *w) {
  form_level *level = &w->levels[--w->depth];
  bool failed = w->out->failed || w->f->keys.failed || w->f->members.failed;
  if (level->unsorted && !failed) form_sort_level(w, level);
  rl_buf_byte(w->out, level->object ? '}' : ']');
  if (!level->object || failed) return;
  w->f->members.len = level->first * sizeof(form_member);
  w->f->keys.len = level->keys;
}

static rille_status form_write_token(forming *w, rl_json_token token, rl_str value) {
  rille_status status = RILLE_OK;
  if (token == RL_JSON_KEY) {
    form_write_key(w, value);
    return status;
  }
  if (token == RL_JSON_CLOSE_OBJECT || token == RL_JSON_CLOSE_ARRAY) {
    form_close_level(w);
    form_end_value(w);
    return status;
  }
  form_separate(w, false);
  switch (token) {
  case RL_JSON_OPEN_OBJECT:
  case RL_JSON_OPEN_ARRAY: form_open_level(w, token == RL_JSON_OPEN_OBJECT); return status;
  case RL_JSON_TRUE: rl_buf_text(w->out, "true"); break;
  case RL_JSON_FALSE: rl_buf_text(w->out, "false"); break;
  case RL_JSON_NUMBER: status = form_write_number(w, value); break;
  case RL_JSON_TEXT: rl_json_write_text(w->out, value); break;
  default: rl_buf_text(w->out, "null"); break;
  }
  form_end_value(w);
  return status;
}

rille_status rl_json_form_write(rl_json_form *f, rl_str json, rl_buf *out, unsigned *depth, rl_error *err) {
  forming w;
  w.f = f;
  w.out = out;
  w.err = err;
  w.depth = w.deepest = 0;
  w.digits = json.len + MORE_DIGITS;
  rl_buf_reset(&f->keys);
  rl_buf_reset(&f->members);
  rl_json_reader r;
  rl_json_token token = RL_JSON_END;
  rl_json_reader_init(&r, json);
  rille_status status;
  while ((status = rl_json_next(&r, &token, err)) == RILLE_ROW) {
    status = form_write_token(&w, token, r.value);
    if (status < 0) break;
  }
  rl_json_reader_dispose(&r);
  *depth = w.deepest;
  if (status < 0) return status;
  bool failed = out->failed || f->keys.failed || f->members.failed;
  return failed ? rl_fail_nomem(err) : RILLE_OK;
}
