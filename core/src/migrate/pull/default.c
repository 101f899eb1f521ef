/* Defaults of columns as a schema writes them. */
#include "migrate/pull/text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hex.h"
#include "tape/datetime.h"
#include "tape/json.h"

void rl_pull_quote(rl_buf *out, rl_str s) {
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (c == '\n' || c == '\r' || c == '\t') {
      rl_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
      continue;
    }
    if (c == '"' || c == '\\') rl_buf_byte(out, '\\');
    rl_buf_byte(out, c);
  }
  rl_buf_byte(out, '"');
}

static bool is_number(rl_str s) {
  for (size_t i = 0; i < s.len; i++)
    if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(i == 0 && s.p[i] == '-') && !(i && s.p[i] == '.')) return false;
  return s.len > 0 && s.p[s.len - 1] != '.' && s.p[s.len - 1] != '-';
}

/* Returns whether the text is an integer of 32 bits. big: of 64 bits. */
static bool is_integer(rl_str s, bool big) {
  char text[24];
  if (!s.len || s.len >= sizeof text || memchr(s.p, '.', s.len)) return false;
  memcpy(text, s.p, s.len);
  text[s.len] = 0;
  errno = 0;
  long long n = strtoll(text, NULL, 10);
  return errno == 0 && (big || (n >= INT32_MIN && n <= INT32_MAX));
}

static bool is_json(rl_puller *p, rl_str s) {
  rl_json_reader r;
  rl_json_token token;
  rl_error wrong = {0};
  rl_json_reader_init(&r, s);
  rille_status st;
  do st = rl_json_next(&r, &token, &wrong);
  while (st == RILLE_ROW);
  p->failed |= st == RILLE_NOMEM || wrong.nomem;
  rl_json_reader_dispose(&r);
  rl_error_clear(&wrong);
  return st == RILLE_DONE;
}

static bool has_value(const rl_puller *p, const rl_db_column *c, rl_str value) {
  const rl_db_enum *e = rl_db_enum_of(p->db, c->enum_namespace, c->enum_name);
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, value)) return true;
  return false;
}

/* On SQLite a date-time is a text. Another text for the same date-time is another default. */
static bool is_canonical_datetime(rl_puller *p, rl_str value, rl_str iso) {
  rl_buf again;
  rl_buf_init(&again);
  rl_ddl_datetime(&again, iso);
  bool same = again.len == value.len + 2 && memcmp(again.p + 1, value.p, value.len) == 0;
  p->failed |= again.failed;
  rl_buf_dispose(&again);
  return same;
}

static bool write_datetime(rl_puller *p, rl_str value, rl_str native) {
  int64_t us;
  char text[RL_DATETIME_MAX];
  bool plain = !native.len || rl_str_starts(native, RL_STR("Timestamp"));
  if (!plain || !rl_datetime_parse(value, &us)) return false;
  size_t n = rl_datetime_format(us, text);
  rl_str iso = rl_str_make(text, n);
  if (rl_ddl_features_of(p->db->dialect)->text_datetimes && !is_canonical_datetime(p, value, iso)) return false;
  rl_pull_quote(p->out, iso);
  return true;
}

/* Writes bytes given as \x0102ff. */
static bool write_bytes(rl_puller *p, rl_str value) {
  if (!rl_str_starts(value, RL_STR("\\x")) || value.len % 2) return false;
  uint8_t *bytes = rl_arena_alloc(p->arena, value.len / 2 + 1);
  if (!bytes) p->failed = true;
  for (size_t i = 2; bytes && i < value.len; i += 2) {
    int high = rl_hex_digit(value.p[i]), low = rl_hex_digit(value.p[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i / 2 - 1] = (uint8_t)(high * 16 + low);
  }
  if (bytes) rl_json_write_base64(p->out, rl_str_make((const char *)bytes, value.len / 2 - 1));
  return true;
}

/* Returns false, and writes nothing, if the value needs dbgenerated(). */
static bool write_value(rl_puller *p, const rl_db_column *c, rl_str scalar, rl_str native) {
  rl_str v = c->def.value;
  bool is_int = rl_str_is(scalar, "Int") || rl_str_is(scalar, "BigInt");
  bool number = is_int || rl_str_is(scalar, "Float") || rl_str_is(scalar, "Decimal");
  if (c->enum_name.len) {
    if (!has_value(p, c, v) || !rl_db_can_express_value(v)) return false;
    rl_buf_str(p->out, rl_pull_enum_value(p, c, v));
    return true;
  }
  if (number) {
    if (!is_number(v) || (is_int && !is_integer(v, rl_str_is(scalar, "BigInt")))) return false;
    rl_buf_str(p->out, v);
    return true;
  }
  if (rl_str_is(scalar, "Boolean")) {
    if (!rl_str_is(v, "true") && !rl_str_is(v, "false")) return false;
    rl_buf_str(p->out, v);
    return true;
  }
  if (rl_str_is(scalar, "DateTime")) return write_datetime(p, v, native);
  if (rl_str_is(scalar, "Bytes")) return write_bytes(p, v);
  if (rl_str_is(scalar, "Json") && !is_json(p, v)) return false;
  if (!rl_str_is(scalar, "String") && !rl_str_is(scalar, "Json")) return false;
  rl_pull_quote(p->out, v);
  return true;
}

static bool write_list(rl_puller *p, const rl_db_column *c, rl_str scalar, rl_str native) {
  size_t before = p->out->len;
  rl_str rest = c->def.value;
  rl_db_column item = *c;
  rl_buf_byte(p->out, '[');
  while (rest.len) {
    size_t n = 0;
    while (n < rest.len && rest.p[n] != RL_DB_LIST_END) n++;
    item.def.value = rl_str_make(rest.p, n);
    if (rest.p != c->def.value.p) rl_buf_text(p->out, ", ");
    if (!write_value(p, &item, scalar, native)) {
      p->out->len = before;
      return false;
    }
    n += n < rest.len;
    rest = rl_str_make(rest.p + n, rest.len - n);
  }
  rl_buf_byte(p->out, ']');
  return true;
}

static bool is_client_default(rl_default_kind kind) {
  switch (kind) {
  case RL_DEFAULT_UUID4:
  case RL_DEFAULT_UUID7:
  case RL_DEFAULT_CUID:
  case RL_DEFAULT_CUID2:
  case RL_DEFAULT_ULID:
  case RL_DEFAULT_NANOID: return true;
  default: return false;
  }
}

static void write_client_default(rl_buf *out, const rl_default *d) {
  switch (d->kind) {
  case RL_DEFAULT_UUID4: rl_buf_text(out, "uuid(4)"); return;
  case RL_DEFAULT_UUID7: rl_buf_text(out, "uuid(7)"); return;
  case RL_DEFAULT_CUID: rl_buf_text(out, "cuid()"); return;
  case RL_DEFAULT_CUID2: rl_buf_text(out, "cuid(2)"); return;
  case RL_DEFAULT_ULID: rl_buf_text(out, "ulid()"); return;
  default: rl_buf_printf(out, d->size ? "nanoid(%d)" : "nanoid()", (int)d->size); return;
  }
}

/* Returns n * 2 of GENERATED ALWAYS AS (n * 2) STORED. */
static rl_str computed_expression(const rl_puller *p, const rl_db_column *c) {
  size_t from = 0, to = c->generated.len;
  while (from < to && c->generated.p[from] != '(') from++;
  while (to > from && c->generated.p[to - 1] != ')') to--;
  return rl_db_bare(p->db->dialect->provider, rl_str_make(c->generated.p + from, to - from));
}

void rl_pull_default(rl_puller *p, const rl_db_column *c, const rl_field *known, rl_str scalar, rl_str native) {
  size_t before = p->out->len;
  if (c->computed) { /* the database computes it from other columns */
    rl_buf_text(p->out, " @default(dbgenerated(");
    rl_pull_quote(p->out, computed_expression(p, c));
    rl_buf_text(p->out, "))");
    return;
  }
  bool none = c->def.kind == RL_DB_DEFAULT_NONE && !c->autoincrement;
  if (none && !(known && is_client_default(known->def.kind))) return;
  rl_buf_text(p->out, " @default(");
  if (none) {
    write_client_default(p->out, &known->def);
  } else if (c->autoincrement && (rl_ddl_features_of(p->db->dialect)->sequences || c->def.kind == RL_DB_DEFAULT_NONE) &&
             (rl_str_is(scalar, "Int") || rl_str_is(scalar, "BigInt"))) {
    if (!rl_ddl_features_of(p->db->dialect)->sequences && known && known->def.kind == RL_DEFAULT_NONE) {
      p->out->len = before; /* the row id needs no default */
      return;
    }
    rl_buf_text(p->out, "autoincrement()");
  } else if (c->def.kind == RL_DB_DEFAULT_NOW && rl_str_is(scalar, "DateTime")) {
    rl_buf_text(p->out, "now()");
  } else if (!(c->list && c->def.kind == RL_DB_DEFAULT_LIST && write_list(p, c, scalar, native)) &&
             (c->list || c->def.kind != RL_DB_DEFAULT_VALUE || !write_value(p, c, scalar, native))) {
    rl_buf_text(p->out, "dbgenerated(");
    rl_pull_quote(p->out, c->def.sql);
    rl_buf_byte(p->out, ')');
  }
  rl_buf_byte(p->out, ')');
}
