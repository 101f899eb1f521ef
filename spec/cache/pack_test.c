/* Rows as bytes and back, values of every kind; bytes that are no rows; keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache/cache.h"
#include "base/failing_allocator.h"

static rl_value of_text(rille_value_kind kind, const char *s) {
  return (rl_value){.kind = kind, .len = (uint32_t)strlen(s), .as.p = s};
}

static const rl_value inner[] = {{.kind = RILLE_INT, .as.i = 1}, {.kind = RILLE_NULL}};
static const rl_value outer[] = {{.kind = RILLE_LIST, .len = 2, .as.list = inner}, {.kind = RILLE_LIST, .len = 0}};

enum { CELLS = 16 };
static size_t every_kind(rl_value *cells) {
  size_t n = 0;
  static char long_text[70000];
  memset(long_text, 'x', sizeof long_text - 1);
  cells[n++] = (rl_value){.kind = RILLE_NULL};
  cells[n++] = (rl_value){.kind = RILLE_BOOL, .as.i = 1};
  cells[n++] = (rl_value){.kind = RILLE_BOOL, .as.i = 0};
  cells[n++] = (rl_value){.kind = RILLE_INT, .as.i = INT64_MIN};
  cells[n++] = (rl_value){.kind = RILLE_FLOAT, .as.f = -0.1};
  cells[n++] = of_text(RILLE_TEXT, "");
  cells[n++] = of_text(RILLE_TEXT, long_text);
  cells[n++] = (rl_value){.kind = RILLE_BYTES, .len = 3, .as.p = "\0\xff\n"};
  cells[n++] = of_text(RILLE_DECIMAL, "-12.50");
  cells[n++] = of_text(RILLE_DECIMAL, "NaN");
  cells[n++] = (rl_value){.kind = RILLE_DATETIME, .as.i = -1};
  cells[n++] = of_text(RILLE_JSON, "{\"a\":[1]}");
  cells[n++] = (rl_value){.kind = RILLE_LIST, .len = 2, .as.list = inner};
  cells[n++] = (rl_value){.kind = RILLE_LIST, .len = 2, .as.list = outer};
  return n;
}

static void assert_same(const rl_value *a, const rl_value *b) {
  assert_int_equal(a->kind, b->kind);
  if (a->kind == RILLE_LIST) {
    assert_int_equal(a->len, b->len);
    for (uint32_t i = 0; i < a->len; i++) assert_same(&a->as.list[i], &b->as.list[i]);
  } else if (a->kind != RILLE_NULL) {
    assert_true(rl_value_same(a, b));
  }
}

static void test_round_trip(void **state) {
  (void)state;
  rl_value cells[CELLS], got[CELLS];
  size_t count = every_kind(cells);
  rl_buf b;
  rl_buf_init(&b);
  rille_row rows[] = {
      {0, (uint32_t)count, 0, 0, cells}, {3, 2, 200, 70000, cells + 3}, {UINT32_MAX, 0, UINT64_MAX, 1, NULL}};
  for (size_t i = 0; i < 3; i++) rl_pack_row(&b, &rows[i]);
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_unpack u = {.at = b.p, .end = b.p + b.len, .cells = got, .cells_cap = CELLS, .arena = &arena};
  rl_error err = {0};
  for (size_t i = 0; i < 3; i++) {
    rille_row row;
    assert_int_equal(rl_unpack_row(&u, &row, &err), RILLE_ROW);
    assert_int_equal(row.node, rows[i].node);
    assert_int_equal(row.count, rows[i].count);
    assert_true(row.ordinal == rows[i].ordinal && row.parent == rows[i].parent);
    for (uint32_t k = 0; k < row.count; k++) assert_same(&row.cells[k], &rows[i].cells[k]);
  }
  rille_row row;
  assert_int_equal(rl_unpack_row(&u, &row, &err), RILLE_DONE);
  rl_arena_dispose(&arena);
  rl_buf_dispose(&b);
}

static rille_status unpack(const char *p, size_t len, size_t cells_cap) {
  rl_value got[CELLS];
  rl_arena arena;
  rl_arena_init(&arena, 0);
  char *exact = malloc(len ? len : 1); /* a checker sees each byte too many */
  if (len) memcpy(exact, p, len);
  rl_unpack u = {.at = exact, .end = exact + len, .cells = got, .cells_cap = cells_cap, .arena = &arena};
  rl_error err = {0};
  rille_row row;
  rille_status st;
  while ((st = rl_unpack_row(&u, &row, &err)) == RILLE_ROW) {}
  if (st == RILLE_ERROR) assert_int_equal(err.code, RL_P2023);
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  free(exact);
  return st;
}

static void test_bytes_that_are_no_rows(void **state) {
  (void)state;
  rl_value cells[CELLS];
  size_t count = every_kind(cells);
  rl_buf b;
  rl_buf_init(&b);
  cells[6] = of_text(RILLE_TEXT, "abc"); /* instead of the long one */
  rl_pack_row(&b, &(rille_row){1, (uint32_t)count, 2, 3, cells});
  assert_int_equal(unpack(b.p, b.len, CELLS), RILLE_DONE);
  assert_int_equal(unpack(b.p, b.len, count - 1), RILLE_ERROR);
  for (size_t len = 1; len < b.len; len++) assert_int_equal(unpack(b.p, len, CELLS), RILLE_ERROR);
  static const struct {
    const char *bytes;
    size_t len;
  } wrong[] = {
      {"\0\1\0\0\x0A", 5},                                      /* no kind */
      {"\0\1\0\0\1\2", 6},                                      /* no boolean */
      {"\0\1\0\0\4\xff\xff\xff\xff\x7f", 10},                   /* longer than what is left */
      {"\0\1\0\0\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 15}, /* the longest number */
      {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\0\0\0", 13},   /* more than 64 bits */
      {"\0\1\0\0\6\3"
       "1.x",
       9},
      {"\0\1\0\0\6\2"
       "1.",
       8},
      {"\0\1\0\0\6\0", 6},
      {"\0\1\0\0\6\1-", 7},
      {"\0\1\0\0\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\x09\1\0", 29}, /* too deep */
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(unpack(wrong[i].bytes, wrong[i].len, CELLS), RILLE_ERROR);
  rl_buf_dispose(&b);
}

static void key_of(rl_buf *b, const rl_value *values, size_t count) {
  rl_buf_reset(b);
  rl_pack_values(b, values, count);
}

static void test_values_as_keys(void **state) {
  (void)state;
  rl_buf a, b;
  rl_buf_init(&a);
  rl_buf_init(&b);
  rl_value one[] = {of_text(RILLE_TEXT, "ab"), of_text(RILLE_TEXT, "c")};
  rl_value two[] = {of_text(RILLE_TEXT, "a"), of_text(RILLE_TEXT, "bc")};
  char copy[] = "ab";
  rl_value same[] = {of_text(RILLE_TEXT, copy), of_text(RILLE_TEXT, "c")};
  key_of(&a, one, 2);
  key_of(&b, two, 2);
  assert_false(rl_str_eq(rl_buf_view(&a), rl_buf_view(&b)));
  key_of(&b, same, 2);
  assert_true(rl_str_eq(rl_buf_view(&a), rl_buf_view(&b)));
  key_of(&a, (rl_value[]){{.kind = RILLE_INT, .as.i = 1}}, 1);
  key_of(&b, (rl_value[]){{.kind = RILLE_DATETIME, .as.i = 1}}, 1);
  assert_false(rl_str_eq(rl_buf_view(&a), rl_buf_view(&b)));
  key_of(&a, (rl_value[]){{.kind = RL_RUN, .len = 4, .as.i = 3}}, 1);
  key_of(&b, (rl_value[]){{.kind = RL_RUN, .len = 4, .as.i = 2}}, 1);
  assert_false(rl_str_eq(rl_buf_view(&a), rl_buf_view(&b)));
  rl_buf_dispose(&a);
  rl_buf_dispose(&b);
}

static bool round_trip(void *argument) {
  (void)argument;
  rl_value cells[CELLS], got[CELLS];
  size_t count = every_kind(cells);
  rl_buf b;
  rl_buf_init(&b);
  rl_pack_row(&b, &(rille_row){0, (uint32_t)count, 0, 0, cells});
  bool done = !b.failed;
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_unpack u = {.at = b.p, .end = b.p + b.len, .cells = got, .cells_cap = CELLS, .arena = &arena};
  rl_error err = {0};
  rille_row row;
  if (done) {
    rille_status st = rl_unpack_row(&u, &row, &err);
    if (st != RILLE_ROW && st != RILLE_NOMEM) abort();
    done = st == RILLE_ROW;
  }
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  rl_buf_dispose(&b);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(round_trip, NULL, false) > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_bytes_that_are_no_rows),
      cmocka_unit_test(test_values_as_keys),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
