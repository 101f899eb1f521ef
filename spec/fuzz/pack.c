/* Packed rows, as they may come from another program. A line of the input is hexadecimal; anything else is taken as it
 * is. What is read can be packed again, and reads as the same; lists take no more memory than a few times the bytes. */
#include <string.h>

#include "cache/cache.h"
#include "fuzz/fuzz.h"

enum { MOST_CELLS = 32, MOST_BYTES = 4096 };

static int nibble(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t read_hex(const uint8_t *data, size_t size, char *out) {
  size_t len = 0;
  int high = -1;
  for (size_t i = 0; i < size && len < MOST_BYTES; i++) {
    int n = nibble(data[i]);
    if (n < 0) continue;
    if (high >= 0) out[len++] = (char)(unsigned char)(high * 16 + n);
    high = high >= 0 ? -1 : n;
  }
  return len;
}

static unsigned touched;

static void check_value(const rl_value *v, int depth) {
  FUZZ_CHECK(depth <= 10);
  switch (v->kind) {
  case RILLE_NULL:
  case RILLE_INT:
  case RILLE_FLOAT:
  case RILLE_DATETIME: break;
  case RILLE_BOOL: FUZZ_CHECK(v->as.i == 0 || v->as.i == 1); break;
  case RILLE_LIST:
    for (uint32_t i = 0; i < v->len; i++) check_value(&v->as.list[i], depth + 1);
    break;
  default:
    FUZZ_CHECK(v->kind == RILLE_TEXT || v->kind == RILLE_BYTES || v->kind == RILLE_JSON || v->kind == RILLE_DECIMAL);
    for (uint32_t i = 0; i < v->len; i++) touched += (unsigned char)v->as.p[i];
  }
}

/* Reads all rows and packs them again. */
static rille_status rewrite(rl_str bytes, rl_buf *out, rl_error *err) {
  rl_value cells[MOST_CELLS];
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_unpack u = {.at = bytes.p, .end = bytes.p + bytes.len, .cells = cells, .cells_cap = MOST_CELLS, .arena = &arena};
  rille_row row;
  rille_status st;
  while ((st = rl_unpack_row(&u, &row, err)) == RILLE_ROW) {
    for (uint32_t i = 0; i < row.count; i++) check_value(&row.cells[i], 0);
    rl_pack_row(out, &row);
  }
  FUZZ_CHECK(rl_arena_bytes(&arena) <= 64 * bytes.len + 4096);
  rl_arena_dispose(&arena);
  return st;
}

static void run(const uint8_t *data, size_t size) {
  static char scratch[MOST_BYTES];
  size_t len = read_hex(data, size, scratch);
  char *exact = malloc(len ? len : 1); /* a checker sees each byte too many */
  if (!exact) exit(2);
  if (len) memcpy(exact, scratch, len);
  rl_buf once, twice;
  rl_buf_init(&once);
  rl_buf_init(&twice);
  rl_error err = {0};
  rille_status st = rewrite((rl_str){exact, len}, &once, &err);
  fuzz_check_error(st, &err);
  FUZZ_CHECK(st == RILLE_DONE || st == RILLE_ERROR);
  if (once.len) FUZZ_CHECK(rewrite(rl_buf_view(&once), &twice, &err) == RILLE_DONE);
  FUZZ_CHECK(rl_str_eq(rl_buf_view(&once), rl_buf_view(&twice)));
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
  free(exact);
}

static const char *const words[] = {
    "00010000",    "0002 0000",  "00",          "01 01",       "02 0100000000000000",  "03 000000000000f03f",
    "04 03616263", "05 02ff00",  "06 03312e35", "06 034e614e", "07 ffffffffffffff7f",  "08 027b7d",
    "09 02",       "09 0209 01", "09 00",       "ffffffff0f",  "ffffffffffffffffff01", "80",
    "7f",          NULL};

const fuzz_harness fuzz_pack = {
    .name = "pack", .run = run, .words = words, .longest = 4096, .short_runs = 6000, .share = 1};
