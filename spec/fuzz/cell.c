/* Cells from the wire: a result of PostgreSQL as a server may send it, right or not. Each line is a column:
 *
 *   TYPE FORMAT WIRE LIST HEX     number of the type, 0 text or 1 binary, rl_wire of the wire type (-: a raw query), 0
 * or 1, the bytes
 * Decoded values can be read and printed, and need no more memory than a few times the received bytes. */
#include <string.h>

#include "fuzz/fuzz.h"

#if RILLE_WITH_POSTGRES

#include "base/alloc.h"
#include "driver/postgres/pg.h"
#include "tape/datetime.h"
#include "tape/decimal.h"

enum { MOST_COLUMNS = 8, MOST_BYTES = 1024, MOST_MEMORY = 64 << 20 };

typedef struct column {
  int type, format, wire, list, len;
  char bytes[MOST_BYTES];
} column;

/* ------------------------------------------------------------------ memory */

typedef struct budget {
  size_t left;
  bool exceeded;
} budget;

static void *spend(void *context, void *ptr, size_t size) {
  budget *b = context;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  if (size > b->left) {
    b->exceeded = true;
    return NULL;
  }
  b->left -= size;
  return realloc(ptr, size);
}

/* ------------------------------------------------------------------ values */

static unsigned touched;

static void check_value(const rl_value *v, int depth) {
  FUZZ_CHECK(depth < 10);
  char text[RL_DATETIME_MAX];
  switch (v->kind) {
  case RILLE_NULL:
  case RILLE_INT:
  case RILLE_FLOAT: break;
  case RILLE_BOOL: FUZZ_CHECK(v->as.i == 0 || v->as.i == 1); break;
  case RILLE_DATETIME: FUZZ_CHECK(rl_datetime_format(v->as.i, text) < RL_DATETIME_MAX); break;
  case RILLE_LIST:
    for (uint32_t i = 0; i < v->len; i++) check_value(&v->as.list[i], depth + 1);
    break;
  case RILLE_DECIMAL: {
    rl_str s = {v->as.p, v->len};
    rl_decimal *d = NULL;
    if (rl_str_is(s, "NaN") || rl_str_is(s, "Infinity") || rl_str_is(s, "-Infinity")) break;
    FUZZ_CHECK(rl_decimal_parse(s, &d, NULL) == RILLE_OK);
    rl_decimal_free(d);
    break;
  }
  default:
    FUZZ_CHECK(v->kind == RILLE_TEXT || v->kind == RILLE_BYTES || v->kind == RILLE_JSON);
    for (uint32_t i = 0; i < v->len; i++) touched += (unsigned char)v->as.p[i];
  }
}

/* ------------------------------------------------------------------ the text */

static int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_hex(const char *p, const char *end, column *out) {
  int high = -1;
  for (; p < end && *p != '\n' && out->len < MOST_BYTES; p++) {
    int n = nibble(*p);
    if (n >= 0 && high >= 0) {
      out->bytes[out->len++] = (char)(unsigned char)(high * 16 + n);
      high = -1;
    } else if (n >= 0) {
      high = n;
    }
  }
}

static int read_number(const char **p, const char *end, int otherwise) {
  int n = 0, digits = 0;
  while (*p < end && **p == ' ') ++*p;
  for (; *p < end && **p >= '0' && **p <= '9' && digits < 9; ++*p, digits++) n = n * 10 + (**p - '0');
  if (digits == 0 && *p < end && **p == '-') ++*p;
  return digits ? n : otherwise;
}

static int read_columns(rl_str text, column *columns) {
  const char *p = text.p, *end = text.p + text.len;
  int count = 0;
  while (p < end && count < MOST_COLUMNS) {
    column *c = &columns[count++];
    c->len = 0;
    c->type = read_number(&p, end, 0);
    c->format = read_number(&p, end, 1);
    c->wire = read_number(&p, end, -1);
    c->list = read_number(&p, end, 0);
    read_hex(p, end, c);
    const char *next = memchr(p, '\n', (size_t)(end - p));
    p = next ? next + 1 : end;
  }
  return count;
}

/* ------------------------------------------------------------------ the result */

static PGresult *make_result(column *columns, int count) {
  PGresAttDesc described[MOST_COLUMNS] = {{0}};
  static char name[] = "c";
  PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
  FUZZ_CHECK(r);
  for (int i = 0; i < count; i++)
    described[i] =
        (PGresAttDesc){.name = name, .format = columns[i].format, .typid = (Oid)columns[i].type, .typlen = -1};
  FUZZ_CHECK(PQsetResultAttrs(r, count, described));
  for (int i = 0; i < count; i++) FUZZ_CHECK(PQsetvalue(r, 0, i, columns[i].bytes, columns[i].len));
  return r;
}

static void decode(rl_conn *c, const rl_stmt *stmt) {
  rl_error err = {0};
  rl_row_view row;
  rille_status st = rl_pg_describe(c, stmt, &err);
  if (st == RILLE_OK) {
    st = rl_pg_decode_row(c, &row, &err);
    for (uint32_t i = 0; st == RILLE_OK && i < row.count; i++) check_value(&row.cells[i], 0);
  }
  fuzz_check_error(st, &err);
}

static void run(const uint8_t *data, size_t size) {
  static column columns[MOST_COLUMNS];
  rl_wire_type wire_types[MOST_COLUMNS];
  int count = read_columns((rl_str){(const char *)data, size}, columns);
  if (count == 0) return;
  bool raw = columns[0].wire < 0;
  for (int i = 0; i < count; i++)
    wire_types[i] = (rl_wire_type){.wire = (rl_wire)(columns[i].wire < 0 ? 0 : columns[i].wire % (RL_WIRE_UNKNOWN + 1)),
                                   .list = columns[i].list % 2 == 1};
  rl_stmt stmt = {.columns = wire_types, .column_count = raw ? 0 : (uint32_t)count};
  rl_conn c = {.result = make_result(columns, count), .row_count = 1};
  rl_arena_init(&c.scratch, 0);
  budget b = {.left = MOST_MEMORY};
  rl_allocator_set(spend, &b);
  decode(&c, &stmt);
  rl_arena_dispose(&c.scratch);
  rl_free(c.columns);
  rl_free(c.infos);
  rl_free(c.cells);
  rl_allocator_set(NULL, NULL);
  PQclear(c.result);
  FUZZ_CHECK(!b.exceeded);
}

#else

static void run(const uint8_t *data, size_t size) {
  (void)data;
  (void)size;
}

#endif

static const char *const words[] = {"\n",
                                    " 1 - 0 ",
                                    " 0 - 0 ",
                                    "1700 1 9 0 ",
                                    "00000001",
                                    "00000000",
                                    "ffffffff",
                                    "7fffffff",
                                    "80000000",
                                    "0000ffff",
                                    "c000",
                                    "d000",
                                    "f000",
                                    "4000",
                                    "2710",
                                    "270f",
                                    "1009 1 1 1 ",
                                    "1007 1 4 1 ",
                                    "1231 1 9 1 ",
                                    "16400 1 - 0 ",
                                    "1114 1 10 0 ",
                                    "1082 1 12 0 ",
                                    "1083 1 13 0 ",
                                    "1266 1 14 0 ",
                                    "3802 1 16 0 ",
                                    "2950 1 18 0 ",
                                    "869 1 20 0 ",
                                    "1186 1 20 0 ",
                                    "1562 1 20 0 ",
                                    "20 1 5 0 ",
                                    "701 1 8 0 ",
                                    "00000019",
                                    "00000017",
                                    "00000006",
                                    "000004b0",
                                    "7fffffffffffffff",
                                    "8000000000000000",
                                    NULL};

const fuzz_harness fuzz_cell = {
    .name = "cell", .run = run, .words = words, .longest = 4096, .short_runs = 6000, .share = 2};
