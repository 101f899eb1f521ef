/* What every conversion needs: rejecting a value with its path, and keeping new text. */
#include "input/convert.h"

#include <stdarg.h>

static rille_status refuse_with(const rl_input *input, rl_code code, rl_error *err, const char *format, va_list args) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_vprintf(&text, format, args);
  const char *z = rl_buf_z(&text);
  rille_status status =
      z ? rl_fail(err, code, "%.*s%s%s", RL_STR_ARG(input->path), input->path.len ? ": " : "", z) : rl_fail_nomem(err);
  rl_buf_dispose(&text);
  if (err) err->wrong_type = code != RL_INPUT;
  if (input->path.len) rl_error_detail(err, "path", input->path);
  if (input->field) {
    rl_error_detail(err, "model", input->field->model->name);
    rl_error_detail(err, "field", input->field->name);
  }
  return status;
}

rille_status rl_refuse_value(const rl_input *input, rl_code code, rl_error *err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rille_status status = refuse_with(input, code, err, format, args);
  va_end(args);
  return status;
}

const char *rl_mark_text(rl_mark mark) {
  switch (mark) {
  case RL_MARK_JSON_NULL: return "`rille.json_null`";
  case RL_MARK_DB_NULL: return "`rille.db_null`";
  case RL_MARK_ANY_NULL: return "`rille.any_null`";
  case RL_MARK_ALL: return "`rille.all`";
  case RL_MARK_FIELD: return "a field reference";
  case RL_MARK_EMPTY_ARRAY: return "an empty list";
  case RL_MARK_EMPTY_OBJECT: return "an empty table";
  case RL_MARK_UNREADABLE: return "something that is no value";
  }
  return "a mark";
}

const char *rl_value_kind_text(const rl_value *v) {
  static const char *const texts[] = {"`rille.null`", "a boolean", "an integer",  "a number", "a string",
                                      "a string",     "a decimal", "a date-time", "JSON",     "a list"};
  if (v->kind == RILLE_NULL && v->as.i) return rl_mark_text((rl_mark)v->as.i);
  return v->kind < sizeof texts / sizeof *texts ? texts[v->kind] : "a value of another kind";
}

rille_status rl_refuse_kind(const rl_input *input, const rl_value *value, const char *expected, rl_error *err) {
  return rl_refuse_value(input, RL_VALIDATION, err, "expected %s, got %s", expected, rl_value_kind_text(value));
}

rille_status rl_keep_text(rl_buf *buf, rille_value_kind kind, rl_arena *arena, rl_value *out, rl_error *err) {
  rl_str kept = buf->failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(buf));
  rl_buf_dispose(buf);
  if (!kept.p || kept.len > UINT32_MAX) return rl_fail_nomem(err);
  *out = (rl_value){.kind = kind, .len = (uint32_t)kept.len, .as.p = kept.p};
  return RILLE_OK;
}
