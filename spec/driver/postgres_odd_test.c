/* A server that misbehaves: its answers are refused, and the connection is not used again. */
#include "support.h"

#include "fake_server.h"

#define S(name) ((rl_wire_type){.wire = RL_WIRE_##name})

static rl_stmt select_one(const rl_wire_type *wire_type) {
  return statement(0, "SELECT c", NULL, 0, wire_type, 1);
}

/* Runs the one statement against the answer. Returns the error's code, or the value as text. */
static void expect_refused(fake_server *s, const rl_wire_type *wire_type, rl_code code) {
  char url[64];
  fixture f;
  fake_go(s, url);
  open_fixture(&f, url);
  rl_stmt stmt = wire_type ? select_one(wire_type) : statement(0, "SELECT c", NULL, 0, NULL, 0);
  rille_status st = run_statement(&f, &stmt, NULL);
  if (st != RILLE_ERROR) fail_msg("status %d", (int)st);
  assert_string_equal(rl_code_name(f.err.code), rl_code_name(code));
  assert_true(*rl_error_message(&f.err) != 0);
  assert_false(f.driver->is_usable(f.conn));
  close_fixture(&f);
  fake_close(s);
}

static void expect_bad_cell(rl_wire_type wire_type, uint32_t type, const void *cell, size_t len) {
  fake_server s;
  fake_open(&s);
  rl_buf *out = fake_answer(&s);
  fake_row(out, type, 1, cell, len);
  fake_ready(out);
  expect_refused(&s, &wire_type, RL_P2023);
}

#define BYTES(text) (text), sizeof(text) - 1

static void test_cells(void **state) {
  (void)state;
  expect_bad_cell(S(INT4), 23, BYTES("\0\0\1"));
  expect_bad_cell(S(DECIMAL), 1700, BYTES("\0\1\0\0\0\0\0\0\x27\x10"));           /* the digit 10000 */
  expect_bad_cell(S(DECIMAL), 1700, BYTES("\0\1\0\0\x12\x34\0\0\0\1"));           /* an invalid sign */
  expect_bad_cell(S(DECIMAL), 1700, BYTES("\0\1\x80\0\0\0\0\0\0\1"));             /* 131,068 zeros after the point */
  expect_bad_cell(S(TIMESTAMP), 1114, BYTES("\x7f\xff\xff\xff\xff\xff\xff\xfe")); /* beyond the server's calendar */
  expect_bad_cell(S(TIMESTAMP), 1114, BYTES("\x80\0\0\0\0\0\0\1"));
  expect_bad_cell(S(DATE), 1082, BYTES("\x7f\xff\xff\xfe"));
  expect_bad_cell(S(TIME), 1083, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"));
  expect_bad_cell(S(TIMETZ), 1266, BYTES("\0\0\0\0\0\0\0\0\x7f\xff\xff\xff"));
  expect_bad_cell(S(JSONB), 3802, BYTES("\2{}"));
  expect_bad_cell(S(UUID), 2950, BYTES("short"));
}

/* Valid on the server, but beyond 64 bits of microseconds since 1970: the value is refused, the connection usable. */
static void test_far_dates(void **state) {
  (void)state;
  static const struct {
    uint32_t type;
    rl_wire wire;
    const char *cell;
    size_t len;
  } far[] = {{1114, RL_WIRE_TIMESTAMP, "\x7f\xff\xf0\0\0\0\0\0", 8}, {1082, RL_WIRE_DATE, "\x7f\0\0\0", 4}};
  for (size_t i = 0; i < 2; i++) {
    fake_server s;
    fixture f;
    char url[64];
    rl_wire_type wire_type = {.wire = far[i].wire};
    fake_open(&s);
    rl_buf *out = fake_answer(&s);
    fake_row(out, far[i].type, 1, far[i].cell, far[i].len);
    fake_ready(out);
    fake_go(&s, url);
    open_fixture(&f, url);
    rl_stmt stmt = select_one(&wire_type);
    assert_int_equal(run_statement(&f, &stmt, NULL), RILLE_ERROR);
    assert_int_equal(f.err.code, RL_P2023);
    assert_true(f.driver->is_usable(f.conn));
    close_fixture(&f);
    fake_close(&s);
  }
}

/* dimensions, flags, type of the elements; then size and first number of each dimension */
static void array_head(rl_buf *out, int dimensions, uint32_t element, uint32_t size) {
  fake_int(out, (uint32_t)dimensions, 4);
  fake_int(out, 0, 4);
  fake_int(out, element, 4);
  for (int i = 0; i < dimensions; i++) {
    fake_int(out, size, 4);
    fake_int(out, 1, 4);
  }
}

static void test_arrays(void **state) {
  (void)state;
  rl_wire_type list = {.wire = RL_WIRE_INT4, .list = true};
  rl_buf cell;
  rl_buf_init(&cell);
  array_head(&cell, 6, 23, 500); /* room for each dimension alone, but not for their product */
  for (int i = 0; i < 2000; i++) fake_int(&cell, 0xFFFFFFFF, 4);
  expect_bad_cell(list, 1007, cell.p, cell.len);
  rl_buf_reset(&cell);
  array_head(&cell, 7, 23, 1);
  expect_bad_cell(list, 1007, cell.p, cell.len);
  static const uint32_t elements[] = {1007, 70000}; /* arrays of arrays; of a user-defined type */
  for (int i = 0; i < 2; i++) {
    rl_buf_reset(&cell);
    for (int depth = 0; depth < 20000; depth++) {
      array_head(&cell, 1, elements[i], 1);
      fake_int(&cell, (uint32_t)(20000 - depth) * 24 - 20, 4);
    }
    fake_int(&cell, 0, 4);
    cell.len -= 4;
    expect_bad_cell(list, 1007, cell.p, cell.len);
  }
  rl_buf_dispose(&cell);
}

static void test_columns(void **state) {
  (void)state;
  fake_server s;
  rl_wire_type wire_type = S(INT4);
  fake_open(&s); /* text instead of the binary format */
  rl_buf *out = fake_answer(&s);
  fake_row(out, 23, 0, "1234", 4);
  fake_ready(out);
  expect_refused(&s, &wire_type, RL_P1017);
  fake_open(&s); /* of a raw query, too */
  out = fake_answer(&s);
  fake_row(out, 23, 0, "1234", 4);
  fake_ready(out);
  expect_refused(&s, NULL, RL_P1017);
  fake_open(&s); /* two columns, expected one */
  out = fake_answer(&s);
  fake_message(out, '1', "", 0);
  fake_message(out, '2', "", 0);
  fake_columns(out, 2, (const uint32_t[]){23, 23}, 1);
  fake_complete(out, "SELECT 0");
  fake_ready(out);
  expect_refused(&s, &wire_type, RL_P1017);
  fake_open(&s); /* none at all */
  out = fake_answer(&s);
  fake_message(out, '1', "", 0);
  fake_message(out, '2', "", 0);
  fake_message(out, 'n', "", 0);
  fake_complete(out, "SELECT 0");
  fake_ready(out);
  expect_refused(&s, &wire_type, RL_P1017);
}

static void test_ready_too_early(void **state) {
  (void)state;
  fake_server s;
  rl_wire_type wire_type = S(INT4);
  fake_open(&s);
  rl_buf *out = fake_answer(&s);
  fake_ready(out);
  fake_row(out, 23, 1, "\0\0\0\1", 4);
  fake_ready(out);
  expect_refused(&s, &wire_type, RL_P1017);
}

/* One answer too many: the expected one is valid, and the connection is not used again. */
static void test_ready_twice(void **state) {
  (void)state;
  for (int whole = 0; whole < 2; whole++) {
    fake_server s;
    fixture f;
    char url[64];
    rl_wire_type wire_type = S(INT4);
    fake_open(&s);
    rl_buf *out = fake_answer(&s);
    fake_row(out, 23, 1, "\0\0\0\1", 4);
    fake_ready(out);
    if (whole) fake_row(out, 23, 1, "\0\0\0\2", 4);
    fake_ready(out);
    fake_go(&s, url);
    open_fixture(&f, url);
    rl_stmt stmt = select_one(&wire_type);
    must(&f, run_statement(&f, &stmt, NULL));
    assert_int_equal(f.cells[0].as.i, 1);
    assert_false(f.driver->is_usable(f.conn));
    close_fixture(&f);
    fake_close(&s);
  }
}

/* Abandoning ends in time, whatever the server sends meanwhile. */
static void test_abandon(void **state) {
  (void)state;
  fake_server s;
  fixture f;
  char url[64];
  rl_wire_type wire_type = S(INT4);
  fake_open(&s);
  rl_buf *out = fake_answer(&s);
  for (int i = 0; i < 3; i++) fake_ready(out);
  fake_go(&s, url);
  open_fixture(&f, url);
  rl_stmt stmt = select_one(&wire_type);
  assert_int_equal(f.driver->send(f.conn, &stmt, NULL, &f.err), RILLE_OK);
  assert_int_equal(f.driver->flush(f.conn, &f.err), RILLE_OK);
  rl_wait w;
  rille_status st;
  while ((st = f.driver->abandon(f.conn, &w, &f.err)) == RILLE_AGAIN) wait_for(&w);
  assert_int_equal(st, RILLE_OK);
  assert_false(f.driver->is_usable(f.conn));
  close_fixture(&f);
  fake_close(&s);
}

/* Lengths that no message has. */
static void test_lengths(void **state) {
  (void)state;
  static const uint32_t lengths[] = {0, 3, 0x80000000, 0xFFFFFFFF};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    fake_server s;
    rl_wire_type wire_type = S(INT4);
    fake_open(&s);
    rl_buf *out = fake_answer(&s);
    fake_message(out, '1', "", 0);
    rl_buf_byte(out, '2');
    fake_int(out, lengths[i], 4);
    expect_refused(&s, &wire_type, RL_P1017);
  }
}

/* A message that is cut in its middle, then silence: abandoning ends. */
static void test_cut(void **state) {
  (void)state;
  fake_server s;
  fixture f;
  char url[64];
  rl_wire_type wire_type = S(INT4);
  fake_open(&s);
  rl_buf *out = fake_answer(&s);
  fake_row(out, 23, 1, "\0\0\0\1", 4);
  out->len -= 16; /* of "SELECT 1" and the cell before it */
  fake_go(&s, url);
  open_fixture(&f, url);
  rl_stmt stmt = select_one(&wire_type);
  assert_int_equal(f.driver->send(f.conn, &stmt, NULL, &f.err), RILLE_OK);
  assert_int_equal(f.driver->flush(f.conn, &f.err), RILLE_OK);
  rl_row_view row;
  rl_wait w;
  int64_t affected = 0;
  for (int i = 0; i < 2; i++) { /* before the part has arrived, and after */
    rille_status waits = f.driver->next(f.conn, &row, &affected, &w, &f.err);
    assert_int_equal(waits, RILLE_AGAIN);
    if (i == 0) poll(NULL, 0, 50);
  }
  rille_status st;
  while ((st = f.driver->abandon(f.conn, &w, &f.err)) == RILLE_AGAIN) wait_for(&w);
  assert_false(f.driver->is_usable(f.conn));
  close_fixture(&f);
  fake_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cells),   cmocka_unit_test(test_far_dates),       cmocka_unit_test(test_arrays),
      cmocka_unit_test(test_columns), cmocka_unit_test(test_ready_too_early), cmocka_unit_test(test_ready_twice),
      cmocka_unit_test(test_abandon), cmocka_unit_test(test_lengths),         cmocka_unit_test(test_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
