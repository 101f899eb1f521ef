/* Rows of PostgreSQL as values. The decoding of a column is determined once per result. A row then costs one switch per
 * cell, and texts and bytes are views of the result. */
#include "driver/postgres/pg.h"

#include "base/alloc.h"
#include "tape/float.h"

enum {
  OP_TEXT,
  OP_BYTES,
  OP_JSON,
  OP_JSONB,
  OP_BOOL,
  OP_INT2,
  OP_INT4,
  OP_UINT4,
  OP_INT8,
  OP_FLOAT4,
  OP_FLOAT8,
  OP_TIMESTAMP,
  OP_DATE,
  OP_TIME,
  OP_TIMETZ,
  OP_NUMERIC,
  OP_UUID,
  OP_ARRAY,
  OP_OTHER
};

enum { FIRST_USER_OID = 16384 };

typedef struct type_row {
  Oid oid, array;
  int op;
  rl_wire wire;
} type_row;

/* The common types come first: the table is searched for every column of a result. */
static const type_row types[] = {
    {RL_OID_TEXT, 1009, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_INT4, 1007, OP_INT4, RL_WIRE_INT4},
    {RL_OID_TIMESTAMP, 1115, OP_TIMESTAMP, RL_WIRE_TIMESTAMP},
    {RL_OID_BOOL, 1000, OP_BOOL, RL_WIRE_BOOL},
    {RL_OID_INT8, 1016, OP_INT8, RL_WIRE_INT8},
    {RL_OID_FLOAT8, 1022, OP_FLOAT8, RL_WIRE_FLOAT8},
    {RL_OID_NUMERIC, 1231, OP_NUMERIC, RL_WIRE_DECIMAL},
    {RL_OID_JSONB, 3807, OP_JSONB, RL_WIRE_JSONB},
    {RL_OID_BYTEA, 1001, OP_BYTES, RL_WIRE_BYTES},
    {RL_OID_CHAR, 1002, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_NAME, 1003, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_INT2, 1005, OP_INT2, RL_WIRE_INT2},
    {RL_OID_OID, 1028, OP_UINT4, RL_WIRE_OID},
    {RL_OID_XID, 1011, OP_UINT4, RL_WIRE_OID},
    {RL_OID_CID, 1012, OP_UINT4, RL_WIRE_OID},
    {RL_OID_REGPROC, 1008, OP_UINT4, RL_WIRE_OID},
    {RL_OID_REGCLASS, 2210, OP_UINT4, RL_WIRE_OID},
    {RL_OID_REGTYPE, 2211, OP_UINT4, RL_WIRE_OID},
    {RL_OID_XID8, 271, OP_INT8, RL_WIRE_INT8},
    {RL_OID_JSON, 199, OP_JSON, RL_WIRE_JSON},
    {RL_OID_FLOAT4, 1021, OP_FLOAT4, RL_WIRE_FLOAT4},
    {RL_OID_MONEY, 791, OP_OTHER, RL_WIRE_DECIMAL},
    {RL_OID_TIMESTAMPTZ, 1185, OP_TIMESTAMP, RL_WIRE_TIMESTAMPTZ},
    {RL_OID_DATE, 1182, OP_DATE, RL_WIRE_DATE},
    {RL_OID_TIME, 1183, OP_TIME, RL_WIRE_TIME},
    {RL_OID_TIMETZ, 1270, OP_TIMETZ, RL_WIRE_TIMETZ},
    {RL_OID_UUID, 2951, OP_UUID, RL_WIRE_UUID},
    {RL_OID_VARCHAR, 1015, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_BPCHAR, 1014, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_XML, 143, OP_TEXT, RL_WIRE_UNKNOWN},
    {RL_OID_UNKNOWN, 0, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_VOID, 0, OP_TEXT, RL_WIRE_TEXT},
    {RL_OID_JSONPATH, 4073, OP_JSONB, RL_WIRE_UNKNOWN},
    {RL_OID_INTERVAL, 1187, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_INET, 1041, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_CIDR, 651, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_MACADDR, 1040, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_MACADDR8, 775, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_BIT, 1561, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_VARBIT, 1563, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_PG_LSN, 3221, OP_OTHER, RL_WIRE_UNKNOWN},
    {RL_OID_INT2, RL_OID_INT2VECTOR, OP_INT2, RL_WIRE_INT2},
    {RL_OID_OID, RL_OID_OIDVECTOR, OP_UINT4, RL_WIRE_OID},
};

static const type_row *find_type(Oid oid, bool *array) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    *array = types[i].array == oid;
    if (oid != 0 && (*array || types[i].oid == oid)) return &types[i];
  }
  *array = false;
  return NULL;
}

int rl_pg_op_of(Oid oid) {
  bool array;
  const type_row *t = find_type(oid, &array);
  return !t ? OP_OTHER : array ? OP_ARRAY : t->op;
}

static inline void set_view(rl_value *out, rille_value_kind kind, const char *p, size_t len) {
  out->kind = kind;
  out->len = (uint32_t)len;
  out->as.p = p;
}

static inline void set_int(rl_value *out, rille_value_kind kind, int64_t i) {
  out->kind = kind;
  out->len = 0;
  out->as.i = i;
}

/* Infinity has no microseconds: returns the server's text. */
static bool set_infinity(rl_value *out, bool positive) {
  set_view(out, RILLE_TEXT, positive ? "infinity" : "-infinity", positive ? 8 : 9);
  return true;
}

/* The server's calendar starts in 4713 BC and ends in the year 294276 for date-times, 5874897 for dates. Its end is
 * beyond 64 bits of microseconds since 1970. */
#define FIRST_DAY INT64_C(-2451545)
#define END_DAY INT64_C(2145031949)
#define FIRST_US INT64_C(-211813488000000000)
#define END_US INT64_C(9223371331200000000)
#define DAY_US INT64_C(86400000000)

static bool decode_timestamp(rl_conn *c, const char *p, rl_value *out) {
  int64_t us = (int64_t)rl_pg_u64(p);
  if (us == INT64_MAX || us == INT64_MIN) return set_infinity(out, us > 0);
  if (us < FIRST_US || us >= END_US) return false;
  if (us > INT64_MAX - RL_PG_EPOCH_US) return rl_pg_wrong_type(c);
  set_int(out, RILLE_DATETIME, us + RL_PG_EPOCH_US);
  return true;
}

static bool decode_date(rl_conn *c, const char *p, rl_value *out) {
  int64_t days = (int32_t)rl_pg_u32(p);
  if (days == INT32_MAX || days == INT32_MIN) return set_infinity(out, days > 0);
  if (days < FIRST_DAY || days >= END_DAY) return false;
  days += RL_PG_EPOCH_DAYS;
  if (days > INT64_MAX / DAY_US - 1) return rl_pg_wrong_type(c);
  set_int(out, RILLE_DATETIME, days * DAY_US);
  return true;
}

static bool decode_time(const char *p, rl_value *out) {
  int64_t us = (int64_t)rl_pg_u64(p);
  if (us < 0 || us > DAY_US) return false; /* 24:00 is valid */
  set_int(out, RILLE_DATETIME, us);
  return true;
}

/* Returns the time in UTC. The zone is in seconds west of Greenwich, less than 16 hours. */
static bool decode_timetz(const char *p, rl_value *out) {
  int64_t west = (int32_t)rl_pg_u32(p + 8);
  if (!decode_time(p, out) || west <= -57600 || west >= 57600) return false;
  if (west != 0) out->as.i = ((out->as.i + west * 1000000) % DAY_US + DAY_US) % DAY_US;
  return true;
}

static bool decode_uuid(rl_conn *c, const char *p, rl_value *out) {
  static const char digits[] = "0123456789abcdef";
  char *text = rl_pg_scratch(c, 36), *at = text;
  if (!text) return false;
  for (int i = 0; i < 16; i++) {
    unsigned b = (unsigned char)p[i];
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = digits[b >> 4];
    *at++ = digits[b & 15];
  }
  set_view(out, RILLE_TEXT, text, 36);
  return true;
}

static double to_double(uint64_t bits) {
  double f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/* Keeps short numbers short: 1.1 stored as real is 1.1. */
static double to_single(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return rl_float_of_single(f);
}

static bool set_float(rl_value *out, double f) {
  out->kind = RILLE_FLOAT;
  out->len = 0;
  out->as.f = f;
  return true;
}

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

/* The sizes of types with a fixed size, -1 for the others. A cell of another size is invalid. */
static const signed char sizes[] = {
    [OP_TEXT] = -1,    [OP_BYTES] = -1,    [OP_JSON] = -1,  [OP_JSONB] = -1, [OP_BOOL] = 1,
    [OP_INT2] = 2,     [OP_INT4] = 4,      [OP_UINT4] = 4,  [OP_INT8] = 8,   [OP_FLOAT4] = 4,
    [OP_FLOAT8] = 8,   [OP_TIMESTAMP] = 8, [OP_DATE] = 4,   [OP_TIME] = 8,   [OP_TIMETZ] = 12,
    [OP_NUMERIC] = -1, [OP_UUID] = 16,     [OP_ARRAY] = -1, [OP_OTHER] = -1};

static ALWAYS_INLINE bool decode_value(rl_conn *c, int op, Oid oid, const char *p, size_t len, rl_value *out) {
  if (sizes[op] >= 0 && (size_t)sizes[op] != len) return false;
  switch (op) {
  case OP_TEXT: set_view(out, RILLE_TEXT, p, len); return true;
  case OP_INT4: set_int(out, RILLE_INT, (int32_t)rl_pg_u32(p)); return true;
  case OP_INT8: set_int(out, RILLE_INT, (int64_t)rl_pg_u64(p)); return true;
  case OP_BOOL: set_int(out, RILLE_BOOL, *p != 0); return true;
  case OP_TIMESTAMP: return decode_timestamp(c, p, out);
  case OP_INT2: set_int(out, RILLE_INT, (int16_t)rl_pg_u16(p)); return true;
  case OP_UINT4: set_int(out, RILLE_INT, rl_pg_u32(p)); return true;
  case OP_FLOAT8: return set_float(out, to_double(rl_pg_u64(p)));
  case OP_FLOAT4: return set_float(out, to_single(rl_pg_u32(p)));
  case OP_BYTES: set_view(out, RILLE_BYTES, p, len); return true;
  case OP_JSON: set_view(out, RILLE_JSON, p, len); return true;
  case OP_JSONB:
    if (len < 1 || *p != 1) return false;
    set_view(out, oid == RL_OID_JSONB ? RILLE_JSON : RILLE_TEXT, p + 1, len - 1);
    return true;
  case OP_DATE: return decode_date(c, p, out);
  case OP_TIME: return decode_time(p, out);
  case OP_TIMETZ: return decode_timetz(p, out);
  case OP_UUID: return decode_uuid(c, p, out);
  default: break;
  }
  if (op == OP_NUMERIC) return rl_pg_decode_numeric(c, p, len, out);
  if (op == OP_ARRAY) return rl_pg_decode_array(c, RL_WIRE_ANY, false, p, len, out);
  /* An array of a user-defined type (an enum) in a raw query: no text starts with a zero byte. */
  if (oid >= FIRST_USER_OID && len >= 12 && p[0] == 0 && rl_pg_decode_array(c, RL_WIRE_ANY, false, p, len, out))
    return true;
  return rl_pg_decode_other(c, oid, p, len, out);
}

bool rl_pg_decode_cell(rl_conn *c, int op, Oid oid, const char *p, size_t len, rl_value *out) {
  return decode_value(c, op, oid, p, len, out);
}

static bool reserve_columns(rl_conn *c, size_t count) {
  if (count <= c->column_cap) return true;
  rl_pg_column *columns = rl_realloc(c->columns, count * sizeof *columns);
  if (columns) c->columns = columns;
  rl_column_info *infos = rl_realloc(c->infos, count * sizeof *infos);
  if (infos) c->infos = infos;
  rl_value *cells = rl_realloc(c->cells, count * sizeof *cells);
  if (cells) c->cells = cells;
  if (!columns || !infos || !cells) return false;
  c->column_cap = count;
  return true;
}

/* Returns whether the server's type may decode to another kind of value than the wire type needs. User-defined types,
 * such as enums, have numbers that are in no table. */
static bool needs_conversion(rl_wire want, rl_wire have) {
  if (want == have || want == RL_WIRE_ANY || want == RL_WIRE_UNKNOWN) return false;
  bool want_text = want == RL_WIRE_TEXT || want == RL_WIRE_ENUM || want == RL_WIRE_UUID;
  bool have_text = have == RL_WIRE_TEXT || have == RL_WIRE_UUID;
  return !(want_text && have_text);
}

static void describe_column(const PGresult *result, int i, const rl_stmt *stmt, rl_pg_column *out) {
  bool list = false;
  Oid oid = PQftype(result, i);
  const type_row *t = find_type(oid, &list);
  rl_wire wire = t ? t->wire : RL_WIRE_UNKNOWN;
  out->oid = oid;
  out->op = !t ? OP_OTHER : list ? OP_ARRAY : t->op;
  if (stmt->column_count == 0) {
    out->wire_type = (rl_wire_type){.wire = wire, .list = list};
    out->convert = false;
    return;
  }
  out->wire_type = stmt->columns[i];
  /* An array of a type that is not in the table (an enum) is known by the wire type only. */
  if (out->wire_type.list && out->op == OP_OTHER) out->op = OP_ARRAY;
  out->convert = needs_conversion(out->wire_type.wire, wire) || (list != out->wire_type.list && out->op != OP_ARRAY);
}

rille_status rl_pg_describe(rl_conn *c, const rl_stmt *stmt, rl_error *err) {
  int count = PQnfields(c->result);
  if (stmt->column_count != 0 && stmt->column_count != (uint32_t)count) {
    c->lost = true;
    return rl_fail(err, RL_P1017, "the server sent %d columns, expected %u; the connection is closed", count,
                   stmt->column_count);
  }
  if (!reserve_columns(c, (size_t)count)) return rl_fail_nomem(err);
  c->column_count = (uint32_t)count;
  for (int i = 0; i < count; i++) {
    rl_pg_column *column = &c->columns[i];
    describe_column(c->result, i, stmt, column);
    column->simple = !column->convert && column->op != OP_ARRAY;
  }
  if (count == 0 || PQbinaryTuples(c->result)) return RILLE_OK; /* 1: all columns are */
  c->lost = true;                                               /* each statement asks for the binary format */
  return rl_fail(err, RL_P1017, "the server sent text instead of the binary format; the connection is closed");
}

/* Keeps the result of a raw query without rows: its columns are asked for after its end, and the result owns the names.
 */
void rl_pg_drop_result(rl_conn *c) {
  if (c->result && c->row_count == 0 && c->column_count > 0 && !c->described)
    c->described = c->result;
  else
    PQclear(c->result);
  c->result = NULL;
  c->row = c->row_count = 0;
}

/* Fails for a cell. A valid value that the schema does not allow is an error of the schema. An invalid one is an error
 * of the server, and nothing else on the connection can be trusted. */
static rille_status fail_wrong_cell(rl_conn *c, uint32_t i, rl_error *err) {
  const char *name = PQfname(c->result, (int)i);
  bool wrong_type = c->wrong_type;
  if (c->no_memory) return rl_fail_nomem(err);
  c->lost = c->lost || !wrong_type;
  rl_fail(err, RL_P2023,
          wrong_type ? "column `%s` has a value that is not of the field's type"
                     : "column `%s`: the server sent an invalid value of the column's type; the connection is closed",
          name);
  rl_error_detail(err, "column", rl_str_of(name));
  return RILLE_ERROR;
}

static bool decode_slow(rl_conn *c, const rl_pg_column *column, const char *p, size_t len, rl_value *out) {
  if (column->op == OP_ARRAY) {
    bool ok = rl_pg_decode_array(c, column->wire_type.wire, column->convert, p, len, out);
    bool fits = ok ? column->wire_type.list || !column->convert : rl_pg_op_of(column->oid) == OP_ARRAY;
    return fits ? ok : rl_pg_wrong_type(c); /* it may be of a type that is no array */
  }
  if (!decode_value(c, column->op, column->oid, p, len, out)) return false;
  if (!column->convert) return true;
  return column->wire_type.list ? rl_pg_wrong_type(c) : rl_pg_convert(c, column->wire_type.wire, out);
}

rille_status rl_pg_decode_row(rl_conn *c, rl_row_view *row, rl_error *err) {
  if (c->scratch_used) {
    rl_arena_reset(&c->scratch);
    c->scratch_used = false;
  }
  const PGresult *result = c->result;
  int at = c->row++;
  c->no_memory = c->wrong_type = false;
  for (uint32_t i = 0; i < c->column_count; i++) {
    const rl_pg_column *column = &c->columns[i];
    rl_value *out = &c->cells[i];
    size_t len = (size_t)PQgetlength(result, at, (int)i);
    /* NULL has no length either, so only then it is worth asking. */
    if (len == 0 && PQgetisnull(result, at, (int)i)) {
      *out = (rl_value){.kind = RILLE_NULL};
      continue;
    }
    const char *p = PQgetvalue(result, at, (int)i);
    bool ok =
        column->simple ? decode_value(c, column->op, column->oid, p, len, out) : decode_slow(c, column, p, len, out);
    if (!ok) return fail_wrong_cell(c, i, err);
  }
  *row = (rl_row_view){c->cells, c->column_count};
  return RILLE_OK;
}
