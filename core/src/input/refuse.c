/* What every conversion needs: refusing a value with its path, and keeping a text that had to be made. */
#include "input/convert.h"

#include <stdarg.h>

static rille_status refuse(const rl_input *input, rl_code code, rl_error *err, const char *format, va_list args) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_vprintf(&text, format, args);
  const char *z = rl_buf_z(&text);
  rille_status status =
      z ? rl_fail(err, code, "%.*s%s%s", RL_STR_ARG(input->path), input->path.len ? ": " : "", z) : rl_fail_nomem(err);
  rl_buf_dispose(&text);
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
  rille_status status = refuse(input, code, err, format, args);
  va_end(args);
  return status;
}

static const char *kind_text(const rl_value *v) {
  static const char *const texts[] = {"null",  "a boolean", "an integer",  "a float", "a text",
                                      "bytes", "a decimal", "a date-time", "Json",    "a list"};
  return v->kind < sizeof texts / sizeof *texts ? texts[v->kind] : "a value of another kind";
}

rille_status rl_refuse_kind(const rl_input *input, const rl_value *value, const char *wanted, rl_error *err) {
  const rl_field *f = input->field;
  if (!f) return rl_refuse_value(input, RL_VALIDATION, err, "%s was given; expected is %s", kind_text(value), wanted);
  return rl_refuse_value(input, RL_VALIDATION, err, "%s was given; %.*s.%.*s takes %s", kind_text(value),
                         RL_STR_ARG(f->model->name), RL_STR_ARG(f->name), wanted);
}

rille_status rl_keep_text(rl_buf *buf, rille_value_kind kind, rl_arena *arena, rl_value *out, rl_error *err) {
  rl_str kept = buf->failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(buf));
  rl_buf_dispose(buf);
  if (!kept.p || kept.len > UINT32_MAX) return rl_fail_nomem(err);
  *out = (rl_value){.kind = kind, .len = (uint32_t)kept.len, .as.p = kept.p};
  return RILLE_OK;
}
