/* The byte buffer and the hash map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/map.h"
#include "failing_allocator.h"

static void test_pieces(void **state) {
  (void)state;
  rl_buf b;
  rl_buf_init(&b);
  assert_string_equal(rl_buf_z(&b), "");
  rl_buf_text(&b, "a");
  rl_buf_byte(&b, '=');
  rl_buf_int(&b, INT64_MIN);
  rl_buf_byte(&b, ' ');
  rl_buf_int(&b, INT64_MAX);
  rl_buf_byte(&b, ' ');
  rl_buf_int(&b, 0);
  rl_buf_printf(&b, " %s|%0200d", "x", 5);
  rl_buf_str(&b, RL_STR(""));
  rl_buf_put(&b, NULL, 0);
  assert_memory_equal(rl_buf_z(&b), "a=-9223372036854775808 9223372036854775807 0 x|000", 50);
  assert_int_equal(strlen(rl_buf_z(&b)), 47 + 200);
  assert_int_equal(rl_buf_view(&b).len, b.len);
  char *taken = rl_buf_take(&b);
  assert_int_equal(strlen(taken), 47 + 200);
  assert_null(b.p);
  assert_int_equal(b.len, 0);
  rl_free(taken);
  taken = rl_buf_take(&b);
  assert_string_equal(taken, "");
  rl_free(taken);
}

static void test_a_failed_buffer_stays_failed_until_reset(void **state) {
  (void)state;
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, "ab");
  assert_false(rl_buf_reserve(&b, SIZE_MAX - 1));
  assert_true(b.failed);
  rl_buf_text(&b, "cd");
  rl_buf_printf(&b, "%d", 1);
  assert_int_equal(b.len, 2);
  assert_null(rl_buf_z(&b));
  rl_buf_reset(&b);
  rl_buf_text(&b, "ef");
  assert_string_equal(rl_buf_z(&b), "ef");
  rl_buf_dispose(&b);
  assert_false(rl_buf_reserve(&b, SIZE_MAX));
  assert_null(rl_buf_take(&b));
  assert_false(b.failed);
}

static bool write_much(void *argument) {
  (void)argument;
  rl_buf b;
  rl_buf_init(&b);
  for (int i = 0; i < 300; i++) rl_buf_printf(&b, "%d,", i);
  char *text = rl_buf_take(&b);
  bool done = text != NULL;
  rl_free(text);
  return done;
}

enum { KEYS = 5000 };

static bool fill_map(void *argument) {
  char(*names)[16] = argument;
  rl_map m;
  rl_map_init(&m);
  bool done = true;
  for (size_t i = 0; i < KEYS && done; i++) done = rl_map_put(&m, rl_str_of(names[i]), names[i]);
  size_t kept = m.count;
  for (size_t i = 0; i < kept; i++) /* what was put before the failure is still there */
    if (rl_map_get(&m, rl_str_of(names[i])) != names[i]) abort();
  rl_map_dispose(&m);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  static char names[KEYS][16];
  for (size_t i = 0; i < KEYS; i++) (void)snprintf(names[i], sizeof names[i], "key%zu", i);
  assert_true(fail_each_allocation(write_much, NULL, false) > 3);
  assert_true(fail_each_allocation(fill_map, names, false) > 10);
}

static void test_map(void **state) {
  (void)state;
  rl_map m;
  rl_map_init(&m);
  int a = 1, b = 2, c = 3;
  assert_null(rl_map_get(&m, RL_STR("a")));
  assert_true(rl_map_put(&m, RL_STR("a"), &a));
  assert_true(rl_map_put(&m, RL_STR(""), &b));
  assert_true(rl_map_put(&m, RL_STR("a"), &c));
  assert_int_equal(m.count, 2);
  assert_ptr_equal(rl_map_get(&m, RL_STR("a")), &c);
  assert_ptr_equal(rl_map_get(&m, RL_STR("")), &b);
  assert_null(rl_map_get(&m, RL_STR("b")));
  assert_true(rl_str_is(m.entries[0].key, "a"));
  rl_map_dispose(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_a_failed_buffer_stays_failed_until_reset),
      cmocka_unit_test(test_every_allocation_may_fail),
      cmocka_unit_test(test_map),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
