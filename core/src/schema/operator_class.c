/* The operator classes of PostgreSQL that a schema can name: JsonbPathOps is the database's jsonb_path_ops. */
#include "schema/operator_class.h"

static const char *const stems[] = {"Bit",       "VarBit",      "Bpchar", "Bytea",  "Date",    "Float4", "Float8",
                                    "Inet",      "Int2",        "Int4",   "Int8",   "Numeric", "Oid",    "Text",
                                    "Timestamp", "TimestampTz", "Time",   "TimeTz", "Uuid",    NULL};
static const char *const forms[] = {"BloomOps", "MinMaxOps", "MinMaxMultiOps", "InclusionOps", NULL};
static const char *const whole[] = {"InetOps", "JsonbOps", "JsonbPathOps", "ArrayOps", "TextOps", NULL};

bool rl_is_operator_class(rl_str name) {
  for (int i = 0; whole[i]; i++)
    if (rl_str_is(name, whole[i])) return true;
  for (int i = 0; stems[i]; i++) {
    rl_str stem = rl_str_of(stems[i]);
    if (!rl_str_starts(name, stem)) continue;
    for (int k = 0; forms[k]; k++)
      if (rl_str_is(rl_str_make(name.p + stem.len, name.len - stem.len), forms[k])) return true;
  }
  return false;
}

/* Returns whether the word continues: the database writes timestamptz, varbit and minmax as one word. */
static bool is_same_word(rl_str rest, size_t at) {
  return rl_str_starts(rest, RL_STR("Tz")) || rl_str_starts(rest, RL_STR("Max")) ||
         (at == 3 && rl_str_starts(rest, RL_STR("Bit")));
}

void rl_operator_class_text(rl_str name, rl_buf *out) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.p[i];
    bool upper = c >= 'A' && c <= 'Z';
    if (upper && i && !is_same_word(rl_str_make(name.p + i, name.len - i), i)) rl_buf_byte(out, '_');
    rl_buf_byte(out, upper ? (char)(c - 'A' + 'a') : c);
  }
}

/* Appends the name of stem and form if `text` is the database's name for it; otherwise leaves `out` unchanged. */
static bool append_if(rl_buf *out, const char *stem, const char *form, rl_str text) {
  size_t start = out->len;
  rl_buf_text(out, stem);
  rl_buf_text(out, form);
  size_t end = out->len;
  if (!rl_buf_reserve(out, 2 * (end - start))) return false;
  rl_operator_class_text(rl_str_make(out->p + start, end - start), out);
  bool same = rl_str_eq(rl_str_make(out->p + end, out->len - end), text);
  out->len = same ? end : start;
  return same;
}

bool rl_operator_class_name(rl_str text, rl_buf *out) {
  for (int i = 0; whole[i]; i++)
    if (append_if(out, whole[i], "", text)) return true;
  for (int i = 0; stems[i]; i++)
    for (int k = 0; forms[k]; k++)
      if (append_if(out, stems[i], forms[k], text)) return true;
  return false;
}
