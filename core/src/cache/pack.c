/* Rows and values as bytes. A number is 8 bytes in the order of the machine, a length is a varint:
 *
 *   row   := varint node, varint count, varint ordinal, varint parent, count cells
 *   cell  := kind as one byte, then
 *            BOOL: 1 byte; INT, FLOAT, DATETIME: 8 bytes; TEXT, BYTES, DECIMAL, JSON: varint length, bytes;
 *            LIST: varint length, that many cells */
#include "cache/cache.h"

enum { MOST_LEVELS = 10 /* of lists in lists; databases have 6 at most */ };

static void put_varint(rl_buf *out, uint64_t n) {
  char bytes[10];
  size_t len = 0;
  for (; n >= 0x80; n >>= 7) bytes[len++] = (char)(unsigned char)(n | 0x80);
  bytes[len++] = (char)n;
  rl_buf_put(out, bytes, len);
}

static void put_value(rl_buf *out, const rl_value *v) {
  rl_buf_byte(out, (char)v->kind);
  switch (v->kind) {
  case RILLE_NULL: break;
  case RILLE_BOOL: rl_buf_byte(out, v->as.i != 0); break;
  case RL_RUN:
    put_varint(out, v->len);
    rl_buf_put(out, &v->as.i, sizeof v->as.i);
    break;
  case RILLE_INT:
  case RILLE_DATETIME: rl_buf_put(out, &v->as.i, sizeof v->as.i); break;
  case RILLE_FLOAT: rl_buf_put(out, &v->as.f, sizeof v->as.f); break;
  case RILLE_LIST:
    put_varint(out, v->len);
    for (uint32_t i = 0; i < v->len; i++) put_value(out, &v->as.list[i]);
    break;
  default: put_varint(out, v->len); rl_buf_put(out, v->as.p, v->len);
  }
}

void rl_pack_row(rl_buf *out, const rille_row *row) {
  put_varint(out, row->node);
  put_varint(out, row->count);
  put_varint(out, row->ordinal);
  put_varint(out, row->parent);
  for (uint32_t i = 0; i < row->count; i++) put_value(out, &row->cells[i]);
}

void rl_pack_values(rl_buf *out, const rl_value *values, size_t count) {
  put_varint(out, count);
  for (size_t i = 0; i < count; i++) put_value(out, &values[i]);
}

/* ------------------------------------------------------------------ reading */

static bool take_long_varint(rl_unpack *u, uint64_t *out) {
  uint64_t n = 0;
  for (unsigned shift = 0; shift < 64 && u->at < u->end; shift += 7) {
    unsigned char byte = (unsigned char)*u->at++;
    if (shift == 63 && byte > 1) return false;
    n |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) {
      *out = n;
      return true;
    }
  }
  return false;
}

static inline bool take_varint(rl_unpack *u, uint64_t *out) {
  if (u->at < u->end && (unsigned char)*u->at < 0x80) {
    *out = (unsigned char)*u->at++;
    return true;
  }
  return take_long_varint(u, out);
}

/* Reads a length of what takes at least a byte each, so it is no longer than what is left. */
static inline bool take_length(rl_unpack *u, uint32_t *out) {
  uint64_t n;
  if (!take_varint(u, &n) || n > (uint64_t)(u->end - u->at) || n > UINT32_MAX) return false;
  *out = (uint32_t)n;
  return true;
}

static inline bool take_number(rl_unpack *u, void *out) {
  if (u->end - u->at < 8) return false;
  memcpy(out, u->at, 8);
  u->at += 8;
  return true;
}

/* The binding reads decimals without a check. */
static bool is_decimal(const char *p, uint32_t len) {
  static const rl_str words[] = {{"NaN", 3}, {"Infinity", 8}, {"-Infinity", 9}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (rl_str_eq((rl_str){p, len}, words[i])) return true;
  const char *end = p + len, *point = NULL;
  if (p < end && *p == '-') p++;
  const char *first = p;
  for (; p < end; p++) {
    if (*p == '.' && !point && p > first)
      point = p;
    else if (*p < '0' || *p > '9')
      return false;
  }
  return p > first && point != end - 1;
}

static bool take_list(rl_unpack *u, rl_value *out, int level);

static inline bool take_scalar(rl_unpack *u, rille_value_kind kind, rl_value *out) {
  out->kind = kind;
  out->len = 0;
  switch (kind) {
  case RILLE_NULL: out->as.i = 0; return true;
  case RILLE_BOOL:
    if (u->at == u->end || (unsigned char)*u->at > 1) return false;
    out->as.i = *u->at++;
    return true;
  case RILLE_INT:
  case RILLE_DATETIME: return take_number(u, &out->as.i);
  case RILLE_FLOAT: return take_number(u, &out->as.f);
  case RILLE_TEXT:
  case RILLE_BYTES:
  case RILLE_JSON:
  case RILLE_DECIMAL:
    if (!take_length(u, &out->len)) return false;
    out->as.p = u->at;
    u->at += out->len;
    return kind != RILLE_DECIMAL || is_decimal(out->as.p, out->len);
  default: return false;
  }
}

static inline bool take_value(rl_unpack *u, rl_value *out, int level) {
  if (u->at == u->end) return false;
  rille_value_kind kind = (unsigned char)*u->at++;
  return kind == RILLE_LIST ? take_list(u, out, level) : take_scalar(u, kind, out);
}

/* Checks a list without memory: lists in lists could otherwise claim much more than there are bytes. */
static bool skip_list(rl_unpack *u, int level) {
  uint32_t len;
  if (level >= MOST_LEVELS || !take_length(u, &len)) return false;
  for (uint32_t i = 0; i < len; i++) {
    rl_value v;
    if (u->at == u->end) return false;
    rille_value_kind kind = (unsigned char)*u->at++;
    if (kind == RILLE_LIST ? !skip_list(u, level + 1) : !take_scalar(u, kind, &v)) return false;
  }
  return true;
}

static bool take_list(rl_unpack *u, rl_value *out, int level) {
  rl_unpack probe = *u;
  if (level == 0 && !skip_list(&probe, 0)) return false;
  out->kind = RILLE_LIST;
  out->as.list = NULL;
  if (!take_length(u, &out->len)) return false;
  rl_value *items = rl_arena_alloc(u->arena, (out->len ? out->len : 1) * sizeof *items);
  if (!items) {
    u->out_of_memory = true;
    return false;
  }
  out->as.list = items;
  for (uint32_t i = 0; i < out->len; i++)
    if (!take_value(u, &items[i], level + 1)) return false;
  return true;
}

static rille_status unpack_fail(const rl_unpack *u, rl_error *err) {
  if (u->out_of_memory) return rl_fail_nomem(err);
  return rl_fail(err, RL_P2023, "the cache contains bytes that are no rows");
}

rille_status rl_unpack_row(rl_unpack *u, rille_row *row, rl_error *err) {
  if (u->at == u->end) return RILLE_DONE;
  uint64_t node;
  if (!take_varint(u, &node) || node > UINT32_MAX || !take_length(u, &row->count) || row->count > u->cells_cap ||
      !take_varint(u, &row->ordinal) || !take_varint(u, &row->parent))
    return unpack_fail(u, err);
  row->node = (uint32_t)node;
  row->cells = u->cells;
  rl_value *cell = u->cells;
  for (uint32_t i = row->count; i > 0; i--, cell++)
    if (!take_value(u, cell, 0)) return unpack_fail(u, err);
  return RILLE_ROW;
}
