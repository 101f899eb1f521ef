/* Names, strings and literals in the definitions of tables. */
#include "base/base64.h"
#include "sql/ddl_forms.h"
#include "tape/datetime.h"

void rl_ddl_text(rl_buf *out, rl_str s) {
  rl_buf_byte(out, '\'');
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '\'') rl_buf_byte(out, '\'');
    rl_buf_byte(out, s.p[i]);
  }
  rl_buf_byte(out, '\'');
}

void rl_ddl_table(rl_buf *out, const rl_dialect *d, const rl_ddl_forms *forms, rl_str namespace_, rl_str table) {
  if (namespace_.len && forms->features.namespaces) {
    d->identifier(out, namespace_);
    rl_buf_byte(out, '.');
  }
  d->identifier(out, table);
}

/* Writes the bytes of Base64 text as hexadecimal digits. */
static void write_hex(rl_buf *out, rl_str s) {
  uint32_t bits = 0;
  int have = 0;
  for (size_t i = 0; i < s.len; i++) {
    int digit = rl_base64_digit(s.p[i]);
    if (digit < 0) continue;
    bits = bits << 6 | (uint32_t)digit;
    have += 6;
    if (have >= 8) {
      have -= 8;
      rl_buf_printf(out, "%02x", (unsigned)(bits >> have & 0xff));
    }
  }
}

/* Writes a date-time that the server reads the same in every time zone: '2020-01-01 00:00:00 +00:00'. */
void rl_ddl_datetime(rl_buf *out, rl_str iso) {
  int64_t us;
  char text[RL_DATETIME_MAX];
  if (!rl_datetime_parse(iso, &us)) {
    rl_ddl_text(out, iso);
    return;
  }
  size_t n = rl_datetime_format(us, text); /* 2020-01-01T00:00:00.000Z */
  bool whole = us % 1000000 == 0;
  rl_buf_printf(out, "'%.10s %.8s", text, text + 11);
  if (!whole) rl_buf_put(out, text + 19, n - 20);
  rl_buf_text(out, " +00:00'");
}

void rl_ddl_literal(rl_buf *out, const rl_ddl_forms *forms, const rl_field *f, const rl_literal *l) {
  if (l->kind == RL_LITERAL_NUMBER || l->kind == RL_LITERAL_BOOL) {
    rl_buf_str(out, l->text);
  } else if (l->kind == RL_LITERAL_ENUM) {
    const rl_enum_value *v = rl_enum_by_name(f->type.enumeration, l->text);
    rl_ddl_text(out, v ? v->column : l->text);
  } else if (f->type.scalar == RL_BYTES) {
    rl_buf_printf(out, "'%s", forms->bytes_prefix);
    write_hex(out, l->text);
    rl_buf_byte(out, '\'');
  } else if (f->type.scalar == RL_DATETIME) {
    rl_ddl_datetime(out, l->text);
  } else {
    rl_ddl_text(out, l->text);
  }
}
