/* Texts in a form that have an inner form: base64, and JSON within bounds. */
#include <math.h>

#include "base/base64.h"
#include "input/form_cast.h"
#include "schema/rules.h"
#include "tape/decimal.h"
#include "tape/json.h"

/* ------------------------------------------------------------------ base64 */

bool rl_cast_base64(rl_str s, rl_arena *arena, rl_value *out) {
  size_t padding = 0, len = 0;
  uint32_t bits = 0, held = 0;
  while (padding < 2 && s.len > padding && s.p[s.len - 1 - padding] == '=') padding++;
  bool good = padding == 0 || s.len % 4 == 0;
  s.len -= padding;
  char *bytes = rl_arena_alloc(arena, s.len / 4 * 3 + 4);
  *out = (rl_value){.kind = RILLE_BYTES, .as.p = bytes};
  if (!bytes) return false;
  for (size_t i = 0; good && i < s.len; i++) {
    int digit = rl_base64_digit(s.p[i]);
    good = digit >= 0;
    bits = bits << 6 | (uint32_t)(digit & 63);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[len++] = (char)(bits >> held & 0xFF);
  }
  out->len = (uint32_t)len;
  return good && s.len % 4 != 1 && (bits & ((1u << held) - 1)) == 0;
}

/* ------------------------------------------------------------------ JSON */

#define JSON_DEPTH_MAX 200
#define JSON_KEY_MAX 65535
#define JSON_EXPONENT_MAX 5000
#define JSON_DIGITS_MAX 500000 /* of all numbers with exponents, written out */

typedef struct json_check {
  rl_json_reader reader;
  const rl_json_limits *limits;
  uint32_t depth, fields;
  uint32_t items[JSON_DEPTH_MAX + 1]; /* of the list at each depth */
  bool is_list[JSON_DEPTH_MAX + 1];
  size_t digits;
} json_check;

static bool has_zero(rl_str s) {
  return s.len && memchr(s.p, 0, s.len);
}

/* Written out, 1e9999 has ten thousand digits. */
static bool is_bounded_number(json_check *j, rl_str number) {
  long exponent = 0;
  for (size_t i = 0; i < number.len; i++) {
    if (number.p[i] != 'e' && number.p[i] != 'E') continue;
    for (i++; i < number.len; i++)
      if (number.p[i] >= '0' && number.p[i] <= '9' && exponent < 100000) exponent = exponent * 10 + (number.p[i] - '0');
  }
  j->digits += (size_t)exponent;
  return exponent <= JSON_EXPONENT_MAX && number.len <= JSON_EXPONENT_MAX && j->digits <= JSON_DIGITS_MAX;
}

/* Returns whether a number that is the whole text is stored as infinity. Without memory it is not: the write decides.
 */
static bool is_stored_as_infinity(const rl_field *field, rl_str number) {
  if (!rl_rules_of(field->model->schema->provider)->json_floats) return false;
  rl_decimal *d = NULL;
  rl_error own = {0};
  bool infinite = rl_decimal_parse(number, &d, &own) == RILLE_OK && !isfinite(rl_decimal_to_float(d));
  rl_decimal_free(d);
  rl_error_clear(&own);
  return infinite;
}

static const char *check_token(json_check *j, rl_json_token token) {
  rl_str value = j->reader.value;
  bool closes = token == RL_JSON_CLOSE_ARRAY || token == RL_JSON_CLOSE_OBJECT;
  if (closes) {
    j->depth--;
    return NULL;
  }
  if (token == RL_JSON_KEY) {
    if (has_zero(value)) return "bad_text";
    return value.len > JSON_KEY_MAX ? "too_long" : ++j->fields > j->limits->fields ? "too_many" : NULL;
  }
  if (j->is_list[j->depth] && ++j->items[j->depth] > j->limits->items) return "too_many";
  if (token == RL_JSON_TEXT) return has_zero(value) ? "bad_text" : NULL;
  if (token == RL_JSON_NUMBER) return is_bounded_number(j, value) ? NULL : "out_of_range";
  if (token != RL_JSON_OPEN_ARRAY && token != RL_JSON_OPEN_OBJECT) return NULL;
  if (++j->depth > j->limits->depth || j->depth > JSON_DEPTH_MAX) return "too_deep";
  j->items[j->depth] = 0;
  j->is_list[j->depth] = token == RL_JSON_OPEN_ARRAY;
  return NULL;
}

rille_status rl_cast_json(rl_cast *c, rl_str json, const rl_json_limits *limits, bool *is_null) {
  json_check j = {.limits = limits};
  rl_json_token token = RL_JSON_END;
  rl_error own = {0};
  rille_status status;
  const char *code = NULL;
  *is_null = false;
  rl_json_reader_init(&j.reader, json);
  while (!code && (status = rl_json_next(&j.reader, &token, &own)) == RILLE_ROW) {
    if (token == RL_JSON_NULL && j.depth == 0) *is_null = true;
    code = check_token(&j, token);
    if (!code && token == RL_JSON_NUMBER && j.depth == 0 && is_stored_as_infinity(c->field, j.reader.value))
      code = "out_of_range";
  }
  if (!code && status == RILLE_ERROR) code = "not_json";
  rl_json_reader_dispose(&j.reader);
  rl_error_clear(&own);
  if (!code && status == RILLE_NOMEM) return rl_fail_nomem(c->err);
  if (code) return rl_cast_refuse(c, code);
  c->value = (rl_value){.kind = RILLE_JSON, .len = (uint32_t)json.len, .as.p = json.p};
  return RILLE_OK;
}
