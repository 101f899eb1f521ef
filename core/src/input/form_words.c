/* The messages for the person at a form. Those of rules are in rules.c. */
#include "input/form_cast.h"

/* %s: the limit. */
static const struct {
  const char *code, *text;
} texts[] = {
    {"required", "is required"},
    {"unknown", "is not expected"},
    {"repeated", "must be given only once"},
    {"conflict", "cannot be given together with %s"},
    {"bad_text", "has characters that are not allowed"},
    {"bad_format", "does not have the right format"},
    {"bad_key", "does not name anything that exists"},
    {"too_deep", "is nested too deeply"},
    {"too_many", "has too many parts"},
    {"too_long", "must be at most %s characters long"},
    {"too_short", "must be at least %s characters long"},
    {"too_small", "must be at least %s"},
    {"too_large", "must be at most %s"},
    {"too_precise", "must have at most %s digits after the point"},
    {"out_of_range", "is out of range"},
    {"not_one_of", "must be one of %s"},
    {"not_text", "must be a text"},
    {"not_boolean", "must be true or false"},
    {"not_integer", "must be a whole number"},
    {"not_number", "must be a number"},
    {"not_datetime", "must be a date and time"},
    {"not_date", "must be a date"},
    {"not_time", "must be a time"},
    {"not_json", "must be JSON"},
    {"not_bytes", "must be a file, or bytes in base64"},
    {"not_uuid", "must be a UUID"},
    {"not_list", "must be a list"},
    {"not_object", "must have fields"},
};

static void write_text(const char *text, rl_str limit, rl_buf *out) {
  const char *at = strstr(text, "%s");
  rl_buf_put(out, text, at ? (size_t)(at - text) : strlen(text));
  if (!at) return;
  rl_buf_str(out, limit);
  rl_buf_text(out, at + 2);
}

void rl_form_words(const char *code, const rl_field *field, rl_str limit, rl_buf *out) {
  if (strcmp(code, "out_of_range") == 0 && field && field->type.scalar == RL_DATETIME) {
    rl_buf_text(out, "must be between the years 1 and 9999");
    return;
  }
  if (strcmp(code, "too_long") == 0 && !limit.len) code = "bad_format";
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(texts[i].code, code) != 0) continue;
    write_text(texts[i].text, limit, out);
    return;
  }
  rl_buf_text(out, "is not valid");
}
