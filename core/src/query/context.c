/* Helpers of bind: words, lists of arguments, and errors with the path and the nearest right name. */
#include "query/bind.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

int rl_word_id(const rl_word *words, size_t count, rl_str text) {
  for (size_t i = 0; i < count; i++)
    if (rl_str_is(text, words[i].text)) return words[i].id;
  return -1;
}

/* ------------------------------------------------------------------ names that would have been right */

void rl_choices_add(rl_choices *names, rl_str name) {
  if (names->count == names->cap) {
    size_t cap = names->cap ? names->cap * 2 : 16;
    rl_str *items = RL_NEW_ARRAY(names->arena, rl_str, cap);
    if (!items) return;
    for (size_t i = 0; i < names->count; i++) items[i] = names->items[i];
    names->items = items;
    names->cap = cap;
  }
  names->items[names->count++] = name;
}

void rl_choices_words(rl_choices *names, const rl_word *words, size_t count) {
  for (size_t i = 0; i < count; i++) rl_choices_add(names, rl_str_of(words[i].text));
}

void rl_choices_fields(rl_choices *names, const rl_model *model, bool scalars, bool relations) {
  for (size_t i = 0; i < model->field_count; i++) {
    const rl_field *f = &model->fields[i];
    if (!f->ignored && (f->is_relation ? relations : scalars)) rl_choices_add(names, f->name);
  }
}

/* ------------------------------------------------------------------ errors */

rille_status rl_nomem(rl_binder *b) {
  return rl_fail_nomem(b->err);
}

static bool faults_grow(rl_faults *f) {
  if (f->count < f->cap) return true;
  size_t cap = f->cap ? f->cap * 2 : 8;
  rl_error *items = rl_realloc(f->items, cap * sizeof *items);
  if (!items) return false;
  f->items = items;
  f->cap = cap;
  return true;
}

rille_status rl_note(rl_binder *b, rille_status status) {
  if (status != RILLE_ERROR || !b->faults) return status;
  if (b->faults->count == RL_FAULTS_MOST) { /* more than anybody reads */
    rl_error_clear(b->err);
    return RILLE_OK;
  }
  if (!faults_grow(b->faults)) {
    rl_error_clear(b->err);
    return rl_nomem(b);
  }
  rl_error *fault = &b->faults->items[b->faults->count++];
  *fault = (rl_error){0};
  rl_error_move(fault, b->err);
  return RILLE_OK;
}

void rl_faults_dispose(rl_faults *faults) {
  for (size_t i = 0; i < faults->count; i++) rl_error_clear(&faults->items[i]);
  rl_free(faults->items);
  *faults = (rl_faults){0};
}

static rl_str path_of(rl_binder *b, const rl_arg *at, const char *child) {
  rl_str path = rl_arg_path(b->arena, at);
  if (!child) return path;
  char *whole = rl_arena_printf(b->arena, "%.*s%s%s", RL_STR_ARG(path), path.len ? "." : "", child);
  return whole ? rl_str_of(whole) : path;
}

/* At the root of the arguments the message starts with the method's name. */
static rille_status fail_at(rl_binder *b, rl_code code, rl_str path, const rl_field *field, const char *format,
                            va_list args) {
  char *text = rl_arena_vprintf(b->arena, format, args);
  if (!text) return rl_nomem(b);
  rl_str at = path.len ? path : rl_str_of(rl_action_info_of((rille_action)b->query->action)->name);
  rille_status status = rl_fail(b->err, code, "%.*s: %s", RL_STR_ARG(at), text);
  if (path.len) rl_error_detail(b->err, "path", path);
  if (field) {
    rl_error_detail(b->err, "model", field->model->name);
    rl_error_detail(b->err, "field", field->name);
  }
  return status;
}

rille_status rl_bad(rl_binder *b, const rl_arg *at, const rl_field *field, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rille_status status = fail_at(b, RL_VALIDATION, path_of(b, at, NULL), field, format, args);
  va_end(args);
  return status;
}

rille_status rl_bad_code(rl_binder *b, rl_code code, const rl_arg *at, const rl_field *field, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rille_status status = fail_at(b, code, path_of(b, at, NULL), field, format, args);
  va_end(args);
  return status;
}

rille_status rl_bad_child(rl_binder *b, rl_code code, const rl_arg *at, const char *child, const rl_field *field,
                          const char *format, ...) {
  va_list args;
  va_start(args, format);
  rille_status status = fail_at(b, code, path_of(b, at, child), field, format, args);
  va_end(args);
  return status;
}

/* Writes at most twenty of the names, to keep messages about large models readable. */
static void write_allowed(rl_buf *out, const rl_choices *names) {
  if (names->count == 0) return;
  rl_buf_text(out, names->count == 1 ? "; expected " : "; expected one of ");
  for (size_t i = 0; i < names->count && i < 20; i++)
    rl_buf_printf(out, "%s`%.*s`", i ? ", " : "", RL_STR_ARG(names->items[i]));
  if (names->count > 20) rl_buf_printf(out, " and %lu more", (unsigned long)names->count - 20);
}

rille_status rl_bad_name(rl_binder *b, const rl_arg *at, rl_str written, const char *what, const rl_model *model,
                         const rl_choices *names) {
  rl_str path = rl_arg_path(b->arena, at);
  rl_buf text;
  rl_buf_init(&text);
  if (rl_str_ends(path, written))
    rl_buf_printf(&text, "unknown %s", what);
  else
    rl_buf_printf(&text, "unknown %s `%.*s`", what, RL_STR_ARG(written));
  if (model) rl_buf_printf(&text, " of %.*s", RL_STR_ARG(model->name));
  rl_str near = rl_by_meaning(written, names);
  if (!near.len) near = rl_str_nearest(written, names->items, names->count);
  bool doubled = at->parent && written.len && rl_str_eq(at->parent->key, written);
  if (doubled)
    rl_buf_printf(&text, "; it is already inside `%.*s`, so write its contents there directly", RL_STR_ARG(written));
  else if (near.len)
    rl_buf_printf(&text, "; did you mean `%.*s`?", RL_STR_ARG(near));
  else
    write_allowed(&text, names);
  const char *z = rl_buf_z(&text);
  rille_status status = z ? rl_bad(b, at, NULL, "%s", z) : rl_nomem(b);
  rl_buf_dispose(&text);
  if (model) rl_error_detail(b->err, "model", model->name);
  if (near.len) rl_error_detail(b->err, "suggestion", near);
  return status;
}

rille_status rl_bad_field(rl_binder *b, const rl_arg *at, rl_str written, const rl_model *model, bool scalars,
                          bool relations) {
  rl_choices names = {.arena = b->arena};
  rl_choices_fields(&names, model, scalars, relations);
  return rl_bad_name(b, at, written, "field", model, &names);
}

/* ------------------------------------------------------------------ arguments */

void rl_plain(rl_arg *n) {
  if (n->kind != RL_ARG_MARK) return;
  if (n->mark == RL_MARK_EMPTY_OBJECT) n->kind = RL_ARG_OBJECT;
  if (n->mark == RL_MARK_EMPTY_ARRAY) {
    n->kind = RL_ARG_LIST;
    n->expanded = true; /* there is nothing in the shape to walk */
  }
}

bool rl_is_empty_list(const rl_arg *n) {
  if (n->kind == RL_ARG_MARK) return n->mark == RL_MARK_EMPTY_ARRAY || n->mark == RL_MARK_EMPTY_OBJECT;
  return (n->kind == RL_ARG_OBJECT || n->kind == RL_ARG_LIST) && n->count == 0;
}

const char *rl_kind_text(const rl_arg *n) {
  static const char *const texts[] = {"`rille.null`", "a boolean",   "an integer", "a number", "a string", "a string",
                                      "a decimal",    "a date-time", "JSON",       NULL,       "a table",  "a list"};
  return n->kind == RL_ARG_MARK ? rl_mark_text(n->mark) : texts[n->kind];
}

rille_status rl_expect_object(rl_binder *b, rl_arg *n, const char *what) {
  rl_plain(n);
  if (n->kind == RL_ARG_OBJECT || (n->kind == RL_ARG_LIST && n->count == 0)) return RILLE_OK;
  return rl_bad(b, n, NULL, "expected %s, got %s", what, rl_kind_text(n));
}

rille_status rl_refuse_names(rl_binder *b, rl_arg *n) {
  rl_plain(n);
  rl_str first = RL_STR("name");
  if (n->kind == RL_ARG_LIST && n->count > 0) {
    RL_TRY(rl_arg_expand(b->tree, n, b->err));
    if (n->children[0].kind != RL_ARG_TEXT) return RILLE_OK;
    first = rl_str_make(n->children[0].value->as.p, n->children[0].value->len);
  } else if (n->kind == RL_ARG_TEXT) {
    first = rl_str_make(n->value->as.p, n->value->len);
  } else {
    return RILLE_OK;
  }
  return rl_bad(b, n, NULL, "expected a table with names as keys, got %s; write `{ %.*s = true }`", rl_kind_text(n),
                first.len > 60 ? 60 : (int)first.len, first.p);
}

rille_status rl_expect_number(rl_binder *b, const rl_arg *n) {
  if (n->kind == RL_ARG_INT || n->kind == RL_ARG_FLOAT) return RILLE_OK;
  return rl_bad(b, n, NULL, "expected an integer, got %s", rl_kind_text(n));
}

rille_status rl_expect_flag(rl_binder *b, rl_arg *n, bool *out) {
  if (n->kind != RL_ARG_BOOL) return rl_bad(b, n, NULL, "expected a boolean, got %s", rl_kind_text(n));
  rl_arg_pin(n);
  *out = n->value->as.i != 0;
  return RILLE_OK;
}

rille_status rl_expect_word(rl_binder *b, rl_arg *n, const rl_word *words, size_t count, int *id) {
  *id = -1;
  if (n->kind == RL_ARG_TEXT) {
    rl_arg_pin(n);
    *id = rl_word_id(words, count, rl_str_make(n->value->as.p, n->value->len));
  }
  if (*id >= 0) return RILLE_OK;
  rl_buf text;
  rl_buf_init(&text);
  for (size_t i = 0; i < count; i++)
    rl_buf_printf(&text, "%s\"%s\"", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i].text);
  rl_buf_text(&text, ", got ");
  if (n->kind == RL_ARG_TEXT && n->value->len <= 40)
    rl_buf_printf(&text, "\"%.*s\"", (int)n->value->len, n->value->as.p);
  else
    rl_buf_text(&text, rl_kind_text(n));
  const char *z = rl_buf_z(&text);
  rille_status status = z ? rl_bad(b, n, NULL, "expected %s", z) : rl_nomem(b);
  rl_buf_dispose(&text);
  return status;
}

rille_status rl_expect_many(rl_binder *b, rl_arg *n, bool empty_is_one, rl_args *out) {
  rl_plain(n);
  *out = (rl_args){n, 1};
  if (n->kind == RL_ARG_LIST) {
    RL_TRY(rl_arg_expand(b->tree, n, b->err));
    *out = (rl_args){n->children, n->count};
    return RILLE_OK;
  }
  if (n->kind != RL_ARG_OBJECT)
    return rl_bad(b, n, NULL, "expected a table or a list of tables, got %s", rl_kind_text(n));
  if (n->count == 0 && !empty_is_one) out->count = 0;
  return RILLE_OK;
}

static rille_status expect_field(rl_binder *b, rl_arg *n, const rl_model *model, const rl_field **out) {
  if (n->kind != RL_ARG_TEXT) return rl_bad(b, n, NULL, "expected the name of a field, got %s", rl_kind_text(n));
  rl_arg_pin(n);
  rl_str name = {n->value->as.p, n->value->len};
  *out = rl_find_field(model, name);
  if (*out && !(*out)->is_relation) return RILLE_OK;
  return rl_bad_field(b, n, name, model, true, false);
}

rille_status rl_expect_fields(rl_binder *b, rl_arg *n, const rl_model *model, const rl_field ***fields, size_t *count) {
  rl_args list = {n, 1};
  rl_plain(n);
  if (n->kind != RL_ARG_TEXT) RL_TRY(rl_expect_many(b, n, false, &list));
  const rl_field **found = RL_NEW_ARRAY(b->arena, const rl_field *, list.count);
  if (!found) return rl_nomem(b);
  for (size_t i = 0; i < list.count; i++) RL_TRY(expect_field(b, &list.items[i], model, &found[i]));
  *fields = found;
  *count = list.count;
  return RILLE_OK;
}

rl_arg *rl_get(rl_arg *object, const char *key) {
  return rl_arg_get(object, key);
}

const rl_field *rl_find_field(const rl_model *model, rl_str name) {
  const rl_field *f = rl_model_field(model, name);
  return f && !f->ignored ? f : NULL;
}
