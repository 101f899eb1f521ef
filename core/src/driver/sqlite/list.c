/* Lists on SQLite, which has none. Parameters become the text of a JSON array for json_each, and such a text is read
 * back as a list. */
#include "driver/sqlite/conn.h"

#include <math.h>

#include "base/hex.h"
#include "tape/datetime.h"
#include "tape/json.h"

/* Writes bytes as hex, since json_each has none. The statement compares hex(column) with them. */
static void write_hex_bytes(rl_buf *out, rl_str bytes) {
  static const char digits[] = "0123456789ABCDEF";
  rl_buf_byte(out, '"');
  if (rl_buf_reserve(out, bytes.len * 2)) {
    for (size_t i = 0; i < bytes.len; i++) {
      unsigned b = (unsigned char)bytes.p[i];
      out->p[out->len++] = digits[b >> 4];
      out->p[out->len++] = digits[b & 15];
    }
  }
  rl_buf_byte(out, '"');
}

static void write_datetime(const rl_conn *c, int64_t us, rl_datetime_style style, rl_buf *out) {
  char text[RL_DATETIME_MAX];
  if (c->options->unixepoch_ms) {
    rl_buf_int(out, rl_sqlite_epoch_ms(us));
  } else {
    rl_buf_byte(out, '"');
    rl_buf_put(out, text, rl_datetime_format_offset(us, text));
    rl_buf_byte(out, '"');
  }
  if (style != RL_DATETIME_BOTH) return;
  rl_buf_text(out, ",\"");
  rl_buf_put(out, text, rl_sqlite_brief_text(c, us, text));
  rl_buf_byte(out, '"');
}

static rille_status write_element(const rl_conn *c, const rl_value *v, rl_wire_type wire_type, rl_buf *out,
                                  rl_error *err) {
  rl_str s = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_NULL: rl_buf_text(out, "null"); break;
  case RILLE_BOOL:
  case RILLE_INT: rl_buf_int(out, v->as.i); break;
  case RILLE_FLOAT:
    if (isnan(v->as.f)) return rl_fail(err, RL_P2020, "in a list: SQLite has no NaN");
    if (isfinite(v->as.f))
      rl_json_write_float(out, v->as.f);
    else
      rl_buf_text(out, v->as.f > 0 ? "9e999" : "-9e999");
    break;
  case RILLE_TEXT:
    if (rl_sqlite_is_datetime(wire_type.wire))
      return rl_fail(err, RL_P2020, "in a list: %s", RL_SQLITE_BEYOND); /* infinity */
    rl_json_write_text(out, s);
    break;
  case RILLE_JSON: rl_json_write_text(out, s); break;
  case RILLE_DECIMAL:
    if (rl_str_is(s, "NaN"))
      rl_buf_text(out, "null");
    else
      rl_buf_str(out, s);
    break;
  case RILLE_DATETIME:
    if (!rl_datetime_in_range(v->as.i)) return rl_fail(err, RL_P2020, "in a list: %s", RL_SQLITE_BEYOND);
    write_datetime(c, v->as.i, wire_type.datetime_style, out);
    break;
  case RILLE_LIST: return rl_sqlite_list_to_json(c, v, wire_type, out, err);
  default: write_hex_bytes(out, s); break;
  }
  return RILLE_OK;
}

rille_status rl_sqlite_list_to_json(const rl_conn *c, const rl_value *list, rl_wire_type wire_type, rl_buf *out,
                                    rl_error *err) {
  rl_buf_byte(out, '[');
  for (uint32_t i = 0; i < list->len; i++) {
    if (i > 0) rl_buf_byte(out, ',');
    rille_status s = write_element(c, &list->as.list[i], wire_type, out, err);
    if (s != RILLE_OK) return s;
  }
  rl_buf_byte(out, ']');
  return out->failed ? rl_fail_nomem(err) : RILLE_OK;
}

static bool read_hex(rl_str s, rl_arena *arena, rl_value *out) {
  char *bytes = rl_arena_alloc(arena, s.len / 2 + 1);
  if (!bytes || s.len % 2) return false;
  for (size_t i = 0; i < s.len; i += 2) {
    int high = rl_hex_digit(s.p[i]), low = rl_hex_digit(s.p[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i / 2] = (char)(unsigned char)(high << 4 | low);
  }
  *out = (rl_value){.kind = RILLE_BYTES, .len = (uint32_t)(s.len / 2), .as.p = bytes};
  return true;
}

static bool read_integer(rl_str s, int64_t *out) {
  bool negative = s.len && s.p[0] == '-';
  uint64_t n = 0, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (s.len == (negative ? 1u : 0u)) return false;
  for (size_t i = negative ? 1 : 0; i < s.len; i++) {
    unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
    if (digit > 9 || n > (limit - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

static bool read_text(rl_str s, rl_wire wire, rl_arena *arena, rl_value *out) {
  rl_str kept = rl_arena_str(arena, s); /* the reader reuses its buffer */
  if (!kept.p) return false;
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)kept.len, .as.p = kept.p};
  switch (wire) {
  case RL_WIRE_BYTES: return read_hex(kept, arena, out);
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: out->kind = RILLE_JSON; return true;
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE: out->kind = RILLE_DATETIME; return rl_sqlite_read_any_datetime(kept, &out->as.i);
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ:
    out->kind = RILLE_DATETIME;
    return rl_time_parse(kept, &out->as.i) || rl_sqlite_read_any_datetime(kept, &out->as.i);
  case RL_WIRE_DECIMAL:
    if (!rl_sqlite_decimal_of_text(kept, arena, &kept)) return false;
    *out = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)kept.len, .as.p = kept.p};
    return true;
  default: return true;
  }
}

static bool read_number(rl_str s, rl_wire wire, rl_arena *arena, rl_value *out) {
  rl_str kept;
  switch (wire) {
  case RL_WIRE_DECIMAL:
    if (!(kept = rl_arena_str(arena, s)).p || !rl_sqlite_decimal_of_text(kept, arena, &kept)) return false;
    *out = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)kept.len, .as.p = kept.p};
    return true;
  case RL_WIRE_BOOL: out->kind = RILLE_BOOL; return read_integer(s, &out->as.i) && (out->as.i = out->as.i != 0, true);
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE:
    out->kind = RILLE_DATETIME;
    if (!read_integer(s, &out->as.i) || out->as.i > INT64_MAX / 1000 || out->as.i < INT64_MIN / 1000) return false;
    out->as.i *= 1000;
    return true;
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: out->kind = RILLE_FLOAT; return rl_sqlite_decimal_to_float(s, &out->as.f);
  default: break;
  }
  out->kind = RILLE_INT;
  if (read_integer(s, &out->as.i)) return true;
  out->kind = RILLE_FLOAT;
  return rl_sqlite_decimal_to_float(s, &out->as.f);
}

static bool read_element(const rl_json_reader *r, rl_json_token token, rl_wire wire, rl_arena *arena, rl_value *out) {
  *out = (rl_value){.kind = RILLE_NULL};
  switch (token) {
  case RL_JSON_NULL: return true;
  case RL_JSON_TRUE:
  case RL_JSON_FALSE: *out = (rl_value){.kind = RILLE_BOOL, .as.i = token == RL_JSON_TRUE}; return true;
  case RL_JSON_NUMBER: return read_number(r->value, wire, arena, out);
  case RL_JSON_TEXT: return read_text(r->value, wire, arena, out);
  default: return false;
  }
}

/* Grows by doubling inside the arena. The arena frees the old arrays with the row. */
static rl_value *grow_items(rl_arena *arena, rl_value *items, uint32_t count, uint32_t *cap) {
  if (count < *cap) return items;
  uint32_t more = *cap ? *cap * 2 : 8;
  rl_value *bigger = rl_arena_array(arena, more, sizeof *bigger);
  if (!bigger) return NULL;
  if (count) memcpy(bigger, items, count * sizeof *items);
  *cap = more;
  return bigger;
}

static rille_status read_elements(rl_json_reader *r, rl_wire wire, rl_arena *arena, rl_value *out, rl_error *err) {
  rl_value *items = NULL;
  uint32_t count = 0, cap = 0;
  rl_json_token token;
  for (;;) {
    rille_status s = rl_json_next(r, &token, err);
    if (s < 0) return s;
    if (token == RL_JSON_CLOSE_ARRAY) break;
    items = grow_items(arena, items, count, &cap);
    if (!items) return rl_fail_nomem(err);
    if (!read_element(r, token, wire, arena, &items[count]))
      return rl_fail(err, RL_P2023, "a stored list has an element of another type");
    count++;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = count, .as.list = items};
  return RILLE_OK;
}

rille_status rl_sqlite_json_to_list(rl_str json, rl_wire wire, rl_arena *arena, rl_value *out, rl_error *err) {
  rl_json_reader r;
  rl_json_reader_init(&r, json);
  rl_json_token token = RL_JSON_END;
  rille_status s = rl_json_next(&r, &token, err);
  if (s >= 0 && token != RL_JSON_OPEN_ARRAY) s = rl_fail(err, RL_P2023, "a stored list is not a JSON array");
  if (s >= 0) s = read_elements(&r, wire, arena, out, err);
  rl_json_reader_dispose(&r);
  return s < 0 ? s : RILLE_OK;
}
