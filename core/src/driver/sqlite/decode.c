/* Rows of SQLite as values. The wire type decides, not SQLite's storage class. Texts and bytes are views of SQLite's
 * own. */
#include "driver/sqlite/conn.h"

#include <ctype.h>
#include <math.h>

#include "base/alloc.h"
#include "tape/datetime.h"
#include "tape/json.h"

static rl_str value_text(sqlite3_value *v) {
  const char *p = (const char *)sqlite3_value_text(v);
  return (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)};
}

static inline void set_text(rl_value *out, rille_value_kind kind, rl_str s) {
  out->kind = kind;
  out->len = (uint32_t)s.len;
  out->as.p = s.p;
}

static void decode_by_storage(sqlite3_value *v, int type, rl_value *out) {
  switch (type) {
  case SQLITE_INTEGER: *out = (rl_value){.kind = RILLE_INT, .as.i = sqlite3_value_int64(v)}; break;
  case SQLITE_FLOAT: *out = (rl_value){.kind = RILLE_FLOAT, .as.f = sqlite3_value_double(v)}; break;
  case SQLITE_TEXT: set_text(out, RILLE_TEXT, value_text(v)); break;
  default: {
    const void *p = sqlite3_value_blob(v);
    set_text(out, RILLE_BYTES, (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)});
  }
  }
}

/* A float without a fraction equals the integer. No integer would find any other float. */
static bool decode_int(sqlite3_value *v, int type, rl_wire wire, rl_value *out) {
  out->kind = RILLE_INT;
  out->len = 0;
  if (type == SQLITE_FLOAT) {
    double f = sqlite3_value_double(v);
    if (!(f >= -0x1p63 && f < 0x1p63) || f < trunc(f) || f > trunc(f)) return false;
    out->as.i = (int64_t)f;
  } else {
    out->as.i = sqlite3_value_int64(v);
    if (type != SQLITE_INTEGER) return false;
  }
  return wire == RL_WIRE_INT8 ||
         (out->as.i >= INT32_MIN && out->as.i <= (wire == RL_WIRE_OID ? UINT32_MAX : INT32_MAX));
}

/* Accepts 0 and 1 only: no filter would find others. */
static bool decode_bool(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_BOOL;
  out->len = 0;
  out->as.i = sqlite3_value_int64(v);
  return type == SQLITE_INTEGER && (out->as.i == 0 || out->as.i == 1);
}

/* The same for a raw query, which has no filter. */
static bool decode_any_bool(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_BOOL;
  out->len = 0;
  if (type == SQLITE_TEXT) {
    rl_str s = value_text(v);
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

static bool decode_datetime(const rl_conn *c, sqlite3_value *v, int type, rl_datetime_style style, rl_value *out) {
  out->kind = RILLE_DATETIME;
  out->len = 0;
  if (type == SQLITE_TEXT) return rl_sqlite_read_datetime(c, value_text(v), style, &out->as.i);
  return type == SQLITE_INTEGER && rl_sqlite_read_epoch(c, sqlite3_value_int64(v), &out->as.i);
}

/* Reads a number as milliseconds since 1970, the form of older versions of Prisma. */
static bool decode_any_datetime(sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_DATETIME;
  out->len = 0;
  if (type == SQLITE_TEXT) return rl_sqlite_read_any_datetime(value_text(v), &out->as.i);
  if (type == SQLITE_BLOB) return false;
  if (type == SQLITE_FLOAT && !(fabs(sqlite3_value_double(v)) < 9e15)) return false;
  return rl_sqlite_read_any_epoch(sqlite3_value_int64(v), &out->as.i);
}

static bool decode_time(const rl_conn *c, sqlite3_value *v, int type, rl_value *out) {
  out->kind = RILLE_DATETIME;
  out->len = 0;
  if (type == SQLITE_TEXT && rl_time_parse(value_text(v), &out->as.i)) return true;
  return decode_datetime(c, v, type, RL_DATETIME_WRITTEN, out);
}

/* any: also accepts those stored as text, to which no number is equal. */
static bool decode_decimal(rl_conn *c, sqlite3_value *v, int type, bool any, rl_value *out) {
  rl_str s;
  c->scratch_used = true;
  if (type == SQLITE_FLOAT) {
    if (!rl_sqlite_decimal_of_float(sqlite3_value_double(v), &c->scratch, &s)) return false;
  } else {
    s = value_text(v); /* SQLite's text of an integer is the text form */
    if (type == SQLITE_BLOB || (type == SQLITE_TEXT && !any)) return false;
    if (type == SQLITE_TEXT && !rl_str_is(s, "NaN") && !rl_sqlite_decimal_of_text(s, &c->scratch, &s)) return false;
  }
  set_text(out, RILLE_DECIMAL, s);
  return true;
}

/* In a column declared JSONB, SQLite turns a stored bare number into a number. Its JSON text is that number. */
static bool decode_json(rl_conn *c, sqlite3_value *v, int type, rl_value *out) {
  if (type != SQLITE_FLOAT) {
    set_text(out, RILLE_JSON, value_text(v));
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

static void set_bytes(sqlite3_value *v, rl_value *out) {
  const void *p = sqlite3_value_blob(v);
  set_text(out, RILLE_BYTES, (rl_str){p ? p : "", (size_t)sqlite3_value_bytes(v)});
}

/* Decodes a cell. false: rille stores no value of the wire type like this, so no filter would find it. Text and bytes
 * are accepted for each other, since a migration from one to the other leaves rows as they are. */
static bool decode_cell(rl_conn *c, sqlite3_value *v, int type, rl_wire_type wire_type, rl_value *out) {
  switch (wire_type.wire) {
  case RL_WIRE_ANY: decode_by_storage(v, type, out); return true;
  case RL_WIRE_TEXT:
  case RL_WIRE_ENUM:
  case RL_WIRE_UUID:
  case RL_WIRE_UNKNOWN: set_text(out, RILLE_TEXT, value_text(v)); return true;
  case RL_WIRE_BOOL: return decode_bool(v, type, out);
  case RL_WIRE_INT2:
  case RL_WIRE_INT4:
  case RL_WIRE_INT8:
  case RL_WIRE_OID: return decode_int(v, type, wire_type.wire, out);
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: return decode_float(v, type, out);
  case RL_WIRE_DECIMAL: return decode_decimal(c, v, type, false, out);
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE: return decode_datetime(c, v, type, wire_type.datetime_style, out);
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ: return decode_time(c, v, type, out);
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: return decode_json(c, v, type, out);
  case RL_WIRE_BYTES: set_bytes(v, out); return true;
  }
  return false;
}

/* Decodes a cell of a raw query by the declaration of its column if possible, otherwise by its storage class. */
static void decode_raw(rl_conn *c, sqlite3_value *v, int type, rl_wire wire, rl_value *out) {
  bool good = false;
  switch (wire) {
  case RL_WIRE_BOOL: good = decode_any_bool(v, type, out); break;
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_DATE: good = decode_any_datetime(v, type, out); break;
  case RL_WIRE_DECIMAL: good = decode_decimal(c, v, type, true, out); break;
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: good = decode_json(c, v, type, out); break;
  default: break;
  }
  if (!good) decode_by_storage(v, sqlite3_value_type(v), out);
}

static rille_status fail_wrong_cell(const rl_conn *c, sqlite3_stmt *stmt, int i, rl_wire_type wire_type,
                                    rl_error *err) {
  static const char *const stored[] = {"", "an integer", "a number", "text", "bytes", "NULL"};
  const char *name = sqlite3_column_name(stmt, i);
  int type = sqlite3_column_type(stmt, i);
  if (!name) return rl_fail_nomem(err);
  const char *p = type == SQLITE_BLOB ? NULL : (const char *)sqlite3_column_text(stmt, i);
  rl_str text = p ? rl_str_of(p) : rl_str_of(stored[type]);
  if (rl_sqlite_is_datetime(wire_type.wire)) {
    rl_sqlite_fail_datetime(c, name, type != SQLITE_TEXT, text, err);
    return RILLE_ERROR;
  }
  double f = type == SQLITE_FLOAT ? sqlite3_column_double(stmt, i) : 0;
  static const char fix[] = ", and no filter would find it; correct the row with an UPDATE";
  if (type == SQLITE_FLOAT)
    rl_fail(err, RL_P2023, "column `%s` has %.17g, which is %s the field's type", name, f,
            f >= floor(f) && f <= floor(f) ? "out of range for" : "not a value of");
  else
    rl_fail(err, RL_P2023, "column `%s` has %s (%.*s) that is not a value of the field's type%s", name, stored[type],
            text.len > 40 ? 40 : (int)text.len, text.p, fix);
  rl_error_detail(err, "column", rl_str_of(name));
  return RILLE_ERROR;
}

static rille_status decode_list(rl_conn *c, sqlite3_value *v, rl_wire wire, rl_value *out, rl_error *err) {
  c->scratch_used = true;
  return rl_sqlite_json_to_list(value_text(v), wire, &c->scratch, out, err);
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
    /* One look-up per cell. Each sqlite3_column function would repeat it. Only this thread uses the value. */
    sqlite3_value *v = sqlite3_column_value(stmt, (int)i);
    int type = sqlite3_value_type(v);
    rl_wire_type wire_type = raw ? c->infos[i].wire_type : decl->columns[i];
    if (type == SQLITE_NULL) {
      *out = (rl_value){.kind = RILLE_NULL};
    } else if (wire_type.list) {
      rille_status s = decode_list(c, v, wire_type.wire, out, err);
      if (s != RILLE_OK) return s;
    } else if (raw) {
      decode_raw(c, v, type, wire_type.wire, out);
    } else if (!decode_cell(c, v, type, wire_type, out)) {
      return fail_wrong_cell(c, stmt, (int)i, wire_type, err);
    }
  }
  *row = (rl_row_view){c->cells, count};
  return RILLE_OK;
}

/* Returns the wire type of a column's declaration. ANY: by storage class. */
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

static bool reserve_cells(rl_conn *c, uint32_t count) {
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
    c->infos[i] = (rl_column_info){name, {.wire = wire}};
  }
  return RILLE_OK;
}

rille_status rl_sqlite_describe(rl_conn *c, sqlite3_stmt *stmt, const rl_stmt *decl, rl_error *err) {
  uint32_t count = (uint32_t)sqlite3_column_count(stmt);
  if (!reserve_cells(c, count)) return rl_fail_nomem(err);
  c->info_count = count;
  if (decl->column_count == 0) return describe_raw(c, stmt, err);
  if (count != decl->column_count)
    return rl_fail(err, RL_INTERNAL, "the statement returns %u columns where %u were expected", count,
                   decl->column_count);
  return RILLE_OK;
}
