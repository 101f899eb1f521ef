/* Errors: filling, details, the table of codes. */
#include "base/error.h"

#include "base/alloc.h"
#include "base/buf.h"

typedef struct code_row {
  const char *name;
  rille_kind kind;
  const char *title;
} code_row;

static const code_row codes[RL_CODE_COUNT] = {
    [RL_CODE_NONE] = {"", RILLE_KIND_INTERNAL, "No error"},
#define RL_CODE(code, kind, title) [RL_##code] = {#code, RILLE_KIND_##kind, title},
#include "base/error_codes.def"
#undef RL_CODE
};

static const code_row *row_of(rl_code code) {
  return &codes[code > RL_CODE_NONE && code < RL_CODE_COUNT ? code : RL_INTERNAL];
}

const char *rl_code_name(rl_code code) {
  return code == RL_CODE_NONE ? "" : row_of(code)->name;
}
rille_kind rl_code_kind(rl_code code) {
  return row_of(code)->kind;
}
const char *rl_code_title(rl_code code) {
  return code == RL_CODE_NONE ? codes[0].title : row_of(code)->title;
}

rille_status rl_fail_nomem(rl_error *err) {
  if (err && err->code == RL_CODE_NONE) {
    err->code = RL_INTERNAL;
    err->nomem = true;
  }
  return RILLE_NOMEM;
}

/* Quoted text comes from anywhere, and may be cut inside a character. */
static void make_utf8(char *text) {
  rl_str rest = rl_str_of(text);
  for (size_t bad = 0; !rl_utf8_valid(rest, &bad); rest = (rl_str){rest.p + bad + 1, rest.len - bad - 1})
    text[(size_t)(rest.p - text) + bad] = '?';
}

rille_status rl_vfail(rl_error *err, rl_code code, const char *format, va_list args) {
  if (!err) return RILLE_ERROR;
  if (err->code != RL_CODE_NONE) return err->nomem ? RILLE_NOMEM : RILLE_ERROR;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_vprintf(&text, format, args);
  char *message = rl_buf_take(&text);
  if (!message) return rl_fail_nomem(err);
  make_utf8(message);
  err->code = code == RL_CODE_NONE ? RL_INTERNAL : code;
  err->message = message;
  return RILLE_ERROR;
}

rille_status rl_fail(rl_error *err, rl_code code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rille_status status = rl_vfail(err, code, format, args);
  va_end(args);
  return status;
}

static void free_detail(rl_detail *d) {
  for (size_t i = 0; i < d->count; i++) rl_free(d->values[i]);
  rl_free(d->values);
  rl_free(d->key);
}

static const rl_detail *find_detail(const rl_error *err, const char *key) {
  for (size_t i = 0; i < err->detail_count; i++)
    if (strcmp(err->details[i].key, key) == 0) return &err->details[i];
  return NULL;
}

static bool fill_detail(rl_detail *d, const char *key, const rl_str *values, size_t count) {
  d->key = rl_strndup(key, strlen(key));
  d->values = rl_calloc(count ? count : 1, sizeof *d->values);
  if (!d->key || !d->values) return false;
  for (; d->count < count; d->count++) {
    d->values[d->count] = rl_strndup(values[d->count].p, values[d->count].len);
    if (!d->values[d->count]) return false;
  }
  return true;
}

/* A detail is left out when out of memory: the error itself matters more. */
static void add_detail(rl_error *err, const char *key, const rl_str *values, size_t count, bool is_list) {
  if (!err || err->code == RL_CODE_NONE || err->nomem || find_detail(err, key)) return;
  rl_detail *details = rl_realloc(err->details, (err->detail_count + 1) * sizeof *details);
  if (!details) return;
  err->details = details;
  rl_detail *d = &details[err->detail_count];
  *d = (rl_detail){.is_list = is_list};
  if (fill_detail(d, key, values, count))
    err->detail_count++;
  else
    free_detail(d);
}

void rl_error_detail(rl_error *err, const char *key, rl_str value) {
  add_detail(err, key, &value, 1, false);
}

void rl_error_detail_list(rl_error *err, const char *key, const rl_str *values, size_t count) {
  add_detail(err, key, values, count, true);
}

rl_str rl_error_get(const rl_error *err, const char *key) {
  const rl_detail *d = err ? find_detail(err, key) : NULL;
  return d && d->count ? rl_str_of(d->values[0]) : RL_STR("");
}

const char *rl_error_message(const rl_error *err) {
  if (!err || err->code == RL_CODE_NONE) return "";
  if (err->nomem) return "out of memory";
  return err->message ? err->message : rl_code_title(err->code);
}

void rl_error_move(rl_error *to, rl_error *from) {
  if (to == from) return;
  rl_error_clear(to);
  *to = *from;
  *from = (rl_error){0};
}

static bool copy_detail(rl_error *to, const rl_detail *from) {
  rl_detail *d = &to->details[to->detail_count++];
  d->is_list = from->is_list;
  d->key = rl_strndup(from->key, strlen(from->key));
  d->values = rl_calloc(from->count ? from->count : 1, sizeof *d->values);
  if (!d->key || !d->values) return false;
  for (; d->count < from->count; d->count++) {
    d->values[d->count] = rl_strndup(from->values[d->count], strlen(from->values[d->count]));
    if (!d->values[d->count]) return false;
  }
  return true;
}

bool rl_error_copy(rl_error *to, const rl_error *from) {
  rl_error_clear(to);
  *to = *from;
  to->message = NULL;
  to->details = NULL;
  to->detail_count = 0;
  bool done = true;
  if (from->message) {
    to->message = rl_strndup(from->message, strlen(from->message));
    done = to->message != NULL;
  }
  if (done && from->detail_count) {
    to->details = rl_calloc(from->detail_count, sizeof *to->details);
    done = to->details != NULL;
  }
  for (size_t i = 0; i < from->detail_count && done; i++) done = copy_detail(to, &from->details[i]);
  if (!done) rl_error_clear(to);
  return done;
}

void rl_error_clear(rl_error *err) {
  if (!err) return;
  for (size_t i = 0; i < err->detail_count; i++) free_detail(&err->details[i]);
  rl_free(err->details);
  rl_free(err->message);
  *err = (rl_error){0};
}

void rl_error_replace_message(rl_error *err, char *message) {
  if (!err || err->nomem) {
    rl_free(message);
    return;
  }
  rl_free(err->message);
  err->message = message;
}
