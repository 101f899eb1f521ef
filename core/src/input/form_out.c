/* What reading a form finds: faults with their paths, the data as tokens, date-times without an offset. */
#include "base/alloc.h"
#include "input/form_read.h"

void rl_form_init(rl_form *form) {
  *form = (rl_form){0};
  rl_arena_init(&form->arena, 0);
}

void rl_form_dispose(rl_form *form) {
  rl_arena_dispose(&form->arena);
  rl_free(form->tokens);
  rl_free(form->faults);
  rl_free(form->locals);
  *form = (rl_form){0};
}

/* Makes room for one more element of an array. */
static bool grow(void **items, size_t count, size_t *cap, size_t size) {
  if (count < *cap) return true;
  size_t more = *cap ? *cap * 2 : 16;
  void *grown = rl_realloc(*items, more * size);
  if (!grown) return false;
  *items = grown;
  *cap = more;
  return true;
}

/* ------------------------------------------------------------------ paths */

#define NAME_SHOWN_MAX 100

/* Writes a name that comes from outside: short, and valid UTF-8. */
static void write_name(rl_str name, rl_buf *out) {
  if (name.len > NAME_SHOWN_MAX) name.len = NAME_SHOWN_MAX;
  bool valid = rl_utf8_valid(name, NULL);
  for (size_t i = 0; i < name.len; i++) {
    unsigned char c = (unsigned char)name.p[i];
    rl_buf_byte(out, c < 32 || c == 127 || (c >= 128 && !valid) ? '?' : (char)c);
  }
}

static void write_path(const rl_arg *n, rl_buf *out) {
  if (!n || !n->parent) return;
  write_path(n->parent, out);
  if (out->len) rl_buf_byte(out, '.');
  if (n->parent->kind == RL_ARG_LIST)
    rl_buf_printf(out, "%lu", (unsigned long)n->index + 1);
  else
    write_name(n->key, out);
}

static rl_str path_of(rl_form_reading *r, const rl_arg *at, rl_str child) {
  rl_buf path;
  rl_buf_init(&path);
  write_path(at, &path);
  if (child.len) {
    if (path.len) rl_buf_byte(&path, '.');
    write_name(child, &path);
  }
  if (!path.len) rl_buf_text(&path, "base");
  rl_str kept = path.failed ? (rl_str){NULL, 0} : rl_arena_str(r->arena, rl_buf_view(&path));
  rl_buf_dispose(&path);
  return kept;
}

/* ------------------------------------------------------------------ faults */

/* Returns whether a fault shows the value: a scalar, and if it is text, valid UTF-8. */
static bool is_shown(const rl_arg *at) {
  if (!at->value) return false;
  if (at->kind == RL_ARG_TEXT) return rl_utf8_valid(rl_str_make(at->value->as.p, at->value->len), NULL);
  return at->kind == RL_ARG_BOOL || at->kind == RL_ARG_INT || at->kind == RL_ARG_FLOAT || at->kind == RL_ARG_DECIMAL;
}

rille_status rl_form_add_fault_text(rl_form_reading *r, const rl_arg *at, rl_str child, const char *code, rl_str limit,
                                    rl_str message, bool own) {
  rl_form *out = r->out;
  if (out->fault_count == RL_FORM_FAULTS_MAX) return RILLE_OK;
  rl_form_fault fault = {
      .path = path_of(r, at, child), .code = code, .message = message, .limit = limit, .own_message = own};
  if (!child.len && at && is_shown(at)) fault.value = *at->value;
  if (!fault.path.p || !message.p ||
      !grow((void **)&out->faults, out->fault_count, &out->fault_cap, sizeof *out->faults))
    return rl_fail_nomem(r->err);
  out->faults[out->fault_count++] = fault;
  return RILLE_OK;
}

rille_status rl_form_add_fault(rl_form_reading *r, const rl_arg *at, rl_str child, const rl_field *field,
                               const char *code, rl_str limit) {
  rl_buf text;
  rl_buf_init(&text);
  rl_form_words(code, field, limit, &text);
  rl_str kept = text.failed ? (rl_str){NULL, 0} : rl_arena_str(r->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return rl_form_add_fault_text(r, at, child, code, limit, kept, false);
}

/* ------------------------------------------------------------------ data */

rille_status rl_form_add_local(rl_form_reading *r, int64_t at, int32_t *minutes) {
  rl_form *out = r->out;
  *minutes = out->local_count < r->options->offset_count ? r->options->offsets[out->local_count] : r->options->zone;
  if (!grow((void **)&out->locals, out->local_count, &out->local_cap, sizeof *out->locals))
    return rl_fail_nomem(r->err);
  out->locals[out->local_count++] = at;
  return RILLE_OK;
}

static rille_status put_token(rl_form_reading *r, rl_form_token token) {
  rl_form *out = r->out;
  if (!grow((void **)&out->tokens, out->token_count, &out->token_cap, sizeof *out->tokens))
    return rl_fail_nomem(r->err);
  out->tokens[out->token_count++] = token;
  return RILLE_OK;
}

rille_status rl_form_put(rl_form_reading *r, rl_form_token_kind kind) {
  return put_token(r, (rl_form_token){.kind = kind});
}

rille_status rl_form_put_key(rl_form_reading *r, rl_str name) {
  rl_value value = {.kind = RILLE_TEXT, .len = (uint32_t)name.len, .as.p = name.p};
  return put_token(r, (rl_form_token){.kind = RL_FORM_KEY, .value = value});
}

rille_status rl_form_put_value(rl_form_reading *r, const rl_value *v) {
  rille_status status;
  if (v->kind != RILLE_LIST) return put_token(r, (rl_form_token){.kind = RL_FORM_VALUE, .value = *v});
  status = rl_form_put(r, RL_FORM_OPEN_LIST);
  for (uint32_t i = 0; status == RILLE_OK && i < v->len; i++) status = rl_form_put_value(r, &v->as.list[i]);
  return status < 0 ? status : rl_form_put(r, RL_FORM_CLOSE_LIST);
}
