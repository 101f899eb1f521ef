/* Rows of SQLite as values: what the column was declared as decides, not how SQLite happens to store it. Texts and
 * bytes are views of SQLite's own. */
#include "driver/sqlite/conn.h"

#ifdef RILLE_WITH_SQLITE

#include <ctype.h>
#include <math.h>

#include "base/alloc.h"
#include "tape/datetime.h"
#include "tape/json.h"

static inline unsigned two(const char *p) {
  return ((unsigned)(unsigned char)p[0] - '0') * 10 + ((unsigned)(unsigned char)p[1] - '0');
}

static bool all_digits(const char *p, const char *where) {
  for (; *where; where++)
    if ((unsigned)(unsigned char)p[*where - 1] - '0' > 9) return false;
  return true;
}

/* The forms that nearly every row has: "YYYY-MM-DDTHH:MM:SS.mmm+00:00" as Prisma writes it, "YYYY-MM-DD HH:MM:SS" as
 * CURRENT_TIMESTAMP does. */
static bool usual_datetime(rl_str s, int64_t *out) {
  const char *p = s.p;
  bool full = s.len == 29 && p[10] == 'T' && p[19] == '.' && memcmp(p + 23, "+00:00", 6) == 0;
  bool brief = s.len == 19 && p[10] == ' ';
  if (!(full || brief) || p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':') return false;
  static const char places[] = "\1\2\3\4\6\7\11\12\14\15\17\20\22\23"; /* 1-based offsets of the digits */
  if (!all_digits(p, places) || (full && !all_digits(p + 20, "\1\2\3"))) return false;
  unsigned year = two(p) * 100 + two(p + 2), month = two(p + 5), day = two(p + 8);
  unsigned hour = two(p + 11), minute = two(p + 14), second = two(p + 17);
  if (year == 0 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59)
    return false;
  unsigned ms = full ? two(p + 20) * 10 + (unsigned)(p[22] - '0') : 0;
  int64_t days = rl_days_from_civil(year, (int)month, (int)day);
  *out = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + (int64_t)ms * 1000;
  return true;
}

bool rl_sqlite_datetime(rl_str text, int64_t *microseconds) {
  return usual_datetime(text, microseconds) || rl_datetime_parse(text, microseconds);
}

static rl_str text_of(sqlite3_value *v) {
  const char *p = (const char *)sqlite3_value_text(v);
  return (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)};
}

static inline void set_text(rl_value *out, rille_value_kind kind, rl_str s) {
  out->kind = kind;
  out->len = (uint32_t)s.len;
  out->as.p = s.p;
}

static void by_storage(sqlite3_value *v, int type, rl_value *out) {
  switch (type) {
  case SQLITE_INTEGER: *out = (rl_value){.kind = RILLE_INT, .as.i = sqlite3_value_int64(v)}; break;
  case SQLITE_FLOAT: *out = (rl_value){.kind = RILLE_FLOAT, .as.f = sqlite3_value_double(v)}; break;
  case SQLITE_TEXT: set_text(out, RILLE_TEXT, text_of(v)); break;
  default: {
    const void *p = sqlite3_value_blob(v);
    set_text(out, RILLE_BYTES, (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)});
  }
  }
}

static bool decode_int(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_INT;
  out->len = 0;
  if (type == SQLITE_FLOAT) {
    double f = trunc(sqlite3_value_double(v)); /* as Prisma reads it */
    if (!(f >= -0x1p63 && f < 0x1p63)) return false;
    out->as.i = (int64_t)f;
    return true;
  }
  out->as.i = sqlite3_value_int64(v);
  return type == SQLITE_INTEGER;
}

static bool decode_bool(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_BOOL;
  out->len = 0;
  if (type == SQLITE_TEXT) {
    rl_str s = text_of(v);
    out->as.i = rl_str_is(s, "true");
    return out->as.i || rl_str_is(s, "false");
  }
  out->as.i = sqlite3_value_int64(v) != 0;
  return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static bool decode_float(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_FLOAT;
  out->len = 0;
  out->as.f = sqlite3_value_double(v);
  return type == SQLITE_FLOAT || type == SQLITE_INTEGER;
}

/* A number is milliseconds since 1970, as older versions of Prisma stored it. */
static bool decode_datetime(sqlite3_value *v, int type, bool time_only, rl_value *out) {
  out->kind = RILLE_DATETIME;
  out->len = 0;
  if (type == SQLITE_TEXT) {
    rl_str s = text_of(v);
    return (time_only && rl_time_parse(s, &out->as.i)) || rl_sqlite_datetime(s, &out->as.i);
  }
  if (type == SQLITE_BLOB) return false;
  if (type == SQLITE_FLOAT && !(fabs(sqlite3_value_double(v)) < 9e15)) return false;
  int64_t ms = sqlite3_value_int64(v);
  if (ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000) return false;
  out->as.i = ms * 1000;
  return true;
}

static bool decode_decimal(rl_conn *c, sqlite3_value *v, int type, rl_value *out) {
  rl_str s;
  c->scratch_used = true;
  if (type == SQLITE_FLOAT) {
    if (!rl_sqlite_decimal_of_float(sqlite3_value_double(v), &c->scratch, &s)) return false;
  } else {
    s = text_of(v); /* SQLite writes its integers as they should be */
    if (type == SQLITE_BLOB) return false;
    if (type == SQLITE_TEXT && !rl_str_is(s, "NaN") && !rl_sqlite_decimal_of_text(s, &c->scratch, &s)) return false;
  }
  set_text(out, RILLE_DECIMAL, s);
  return true;
}

/* A column declared JSONB turns a stored bare number into SQLite's own; its Json text is that number. */
static bool decode_json(rl_conn *c, sqlite3_value *v, int type, rl_value *out) {
  if (type != SQLITE_FLOAT) {
    set_text(out, RILLE_JSON, text_of(v));
    return true;
  }
  rl_buf buf;
  rl_buf_init(&buf);
  rl_json_write_float(&buf, sqlite3_value_double(v));
  c->scratch_used = true;
  rl_str kept = rl_arena_str(&c->scratch, rl_buf_view(&buf));
  bool ok = !buf.failed && kept.p;
  rl_buf_dispose(&buf);
  if (ok) set_text(out, RILLE_JSON, kept);
  return ok;
}

/* false: what is stored does not fit the slot. */
static bool decode_cell(rl_conn *c, sqlite3_value *v, int type, rl_wire wire, rl_value *out) {
  switch (wire) {
  case RL_WIRE_ANY: by_storage(v, type, out); return true;
  case RL_WIRE_TEXT:
  case RL_WIRE_ENUM:
  case RL_WIRE_UUID:
  case RL_WIRE_UNKNOWN: set_text(out, RILLE_TEXT, text_of(v)); return true;
  case RL_WIRE_BOOL: return decode_bool(v, type, out);
  case RL_WIRE_INT2:
  case RL_WIRE_INT4:
  case RL_WIRE_INT8:
  case RL_WIRE_OID: return decode_int(v, type, out);
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: return decode_float(v, type, out);
  case RL_WIRE_DECIMAL: return decode_decimal(c, v, type, out);
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE: return decode_datetime(v, type, false, out);
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ: return decode_datetime(v, type, true, out);
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: return decode_json(c, v, type, out);
  default: {
    const void *p = sqlite3_value_blob(v);
    set_text(out, RILLE_BYTES, (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)});
    return true;
  }
  }
}

static rille_status inconsistent(sqlite3_stmt *stmt, int i, rl_error *err) {
  static const char *const stored[] = {"", "an integer", "", "text", "bytes", "NULL"};
  const char *name = sqlite3_column_name(stmt, i);
  int type = sqlite3_column_type(stmt, i);
  if (type == SQLITE_FLOAT) {
    double f = sqlite3_column_double(stmt, i);
    rl_fail(err, RL_P2023, "column %s holds %.17g, which is %s the field's type", name ? name : "?", f,
            f == floor(f) ? "out of range for" : "no value of");
  } else {
    rl_fail(err, RL_P2023, "column %s holds %s that is not a value of the field's type", name ? name : "?",
            stored[type]);
  }
  rl_error_detail(err, "column", rl_str_of(name));
  return RILLE_ERROR;
}

static rille_status decode_list(rl_conn *c, sqlite3_value *v, rl_wire wire, rl_value *out, rl_error *err) {
  c->scratch_used = true;
  return rl_sqlite_json_to_list(text_of(v), wire, &c->scratch, out, err);
}

rille_status rl_sqlite_decode_row(rl_conn *c, sqlite3_stmt *stmt, const rl_stmt *decl, rl_row_view *row,
                                  rl_error *err) {
  bool raw = decl->column_count == 0;
  if (c->scratch_used) {
    rl_arena_reset(&c->scratch);
    c->scratch_used = false;
  }
  uint32_t count = raw ? c->info_count : decl->column_count;
  for (uint32_t i = 0; i < count; i++) {
    rl_value *out = &c->cells[i];
    /* One look-up a cell; the sqlite3_column functions would each repeat it. The value is used by this thread alone. */
    sqlite3_value *v = sqlite3_column_value(stmt, (int)i);
    int type = sqlite3_value_type(v);
    rl_slot slot = raw ? c->infos[i].slot : decl->columns[i];
    if (type == SQLITE_NULL) {
      *out = (rl_value){.kind = RILLE_NULL};
    } else if (slot.list) {
      rille_status s = decode_list(c, v, slot.wire, out, err);
      if (s != RILLE_OK) return s;
    } else if (!decode_cell(c, v, type, slot.wire, out)) {
      if (!raw) return inconsistent(stmt, (int)i, err);
      by_storage(v, sqlite3_value_type(v), out);
    }
  }
  *row = (rl_row_view){c->cells, count};
  return RILLE_OK;
}

/* What the declaration of a column says beyond SQLite's own storage classes. */
static rl_wire wire_of_declaration(const char *declared) {
  static const struct {
    const char *name;
    rl_wire wire;
  } known[] = {{"BOOLEAN", RL_WIRE_BOOL}, {"DATETIME", RL_WIRE_TIMESTAMP}, {"TIMESTAMP", RL_WIRE_TIMESTAMP},
               {"DATE", RL_WIRE_DATE},    {"DECIMAL", RL_WIRE_DECIMAL},    {"JSONB", RL_WIRE_JSONB},
               {"JSON", RL_WIRE_JSON}};
  if (!declared) return RL_WIRE_ANY;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    const char *d = declared, *n = known[k].name;
    while (*n && toupper((unsigned char)*d) == *n) d++, n++;
    if (*n == 0 && (*d == 0 || *d == '(' || *d == ' ')) return known[k].wire;
  }
  return RL_WIRE_ANY;
}

static bool make_room(rl_conn *c, uint32_t count) {
  if (count > c->cell_cap) {
    rl_value *cells = rl_realloc(c->cells, count * sizeof *cells);
    if (!cells) return false;
    c->cells = cells;
    c->cell_cap = count;
  }
  if (count <= c->info_cap) return true;
  rl_column_info *infos = rl_realloc(c->infos, count * sizeof *infos);
  if (!infos) return false;
  c->infos = infos;
  c->info_cap = count;
  return true;
}

static rille_status describe_raw(rl_conn *c, sqlite3_stmt *stmt, rl_error *err) {
  rl_arena_reset(&c->names);
  for (uint32_t i = 0; i < c->info_count; i++) {
    rl_str name = rl_arena_str(&c->names, rl_str_of(sqlite3_column_name(stmt, (int)i)));
    if (!name.p) return rl_fail_nomem(err);
    rl_wire wire = wire_of_declaration(sqlite3_column_decltype(stmt, (int)i));
    c->infos[i] = (rl_column_info){name, {wire, false}};
  }
  return RILLE_OK;
}

rille_status rl_sqlite_describe(rl_conn *c, sqlite3_stmt *stmt, const rl_stmt *decl, rl_error *err) {
  uint32_t count = (uint32_t)sqlite3_column_count(stmt);
  if (!make_room(c, count)) return rl_fail_nomem(err);
  c->info_count = count;
  if (decl->column_count == 0) return describe_raw(c, stmt, err);
  if (count != decl->column_count)
    return rl_fail(err, RL_INTERNAL, "the statement returns %u columns where %u were expected", count,
                   decl->column_count);
  return RILLE_OK;
}

#endif
