/* The arena: alignment, reuse, formatting, memory shortage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "failing_allocator.h"

static void test_allocations_are_aligned_and_apart(void **state) {
  (void)state;
  rl_arena a;
  rl_arena_init(&a, 0);
  unsigned char *blocks[500];
  for (size_t i = 0; i < 500; i++) {
    blocks[i] = rl_arena_alloc(&a, i * 7 + 1);
    assert_non_null(blocks[i]);
    assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
    memset(blocks[i], (int)(i & 0xFF), i * 7 + 1);
  }
  for (size_t i = 0; i < 500; i++)
    for (size_t j = 0; j < i * 7 + 1; j++) assert_int_equal(blocks[i][j], i & 0xFF);
  rl_arena_dispose(&a);
}

static void test_zeroed_and_overflowing(void **state) {
  (void)state;
  rl_arena a;
  rl_arena_init(&a, 64);
  int *numbers = RL_NEW_ARRAY(&a, int, 1000);
  for (size_t i = 0; i < 1000; i++) assert_int_equal(numbers[i], 0);
  assert_null(rl_arena_array(&a, SIZE_MAX / 2, 3));
  assert_null(rl_arena_alloc(&a, SIZE_MAX));
  assert_null(rl_arena_alloc(&a, SIZE_MAX - 64));
  assert_non_null(rl_arena_alloc(&a, 0));
  rl_arena_dispose(&a);
}

static bool fill(void *argument) {
  rl_arena *a = argument;
  for (size_t i = 0; i < 100; i++)
    if (!rl_arena_alloc(a, 100 + i)) return false;
  return rl_arena_alloc(a, 300000) != NULL;
}

static void test_steady_state_allocates_nothing(void **state) {
  (void)state;
  rl_arena a;
  rl_arena_init(&a, 0);
  for (int i = 0; i < 8; i++) {
    assert_true(rl_arena_alloc(&a, 5000));
    assert_true(rl_arena_alloc(&a, 3000));
    rl_arena_reset(&a);
  }
#ifndef RL_ARENA_MALLOC
  failing_allocator f = {.left = 0};
  rl_allocator_set(failing_alloc, &f);
  assert_non_null(rl_arena_alloc(&a, 5000));
  assert_non_null(rl_arena_alloc(&a, 3000));
  rl_allocator_set(NULL, NULL);
#endif
  rl_arena_dispose(&a);
}

static void test_texts(void **state) {
  (void)state;
  rl_arena a;
  rl_arena_init(&a, 16);
  assert_string_equal(rl_arena_strdup(&a, RL_STR("abc")), "abc");
  assert_string_equal(rl_arena_strdup(&a, (rl_str){NULL, 0}), "");
  rl_str copy = rl_arena_str(&a, rl_str_make("hello", 4));
  assert_int_equal(copy.len, 4);
  assert_string_equal(copy.p, "hell");
  assert_string_equal(rl_arena_printf(&a, "%d-%s", 42, "x"), "42-x");
  char *padded = rl_arena_printf(&a, "%5000d", 7);
  assert_int_equal(strlen(padded), 5000);
  rl_arena_dispose(&a);
}

static bool fill_and_dispose(void *argument) {
  (void)argument;
  rl_arena a;
  rl_arena_init(&a, 0);
  bool done = fill(&a);
  rl_arena_reset(&a);
  done = done && rl_arena_printf(&a, "%9000d", 1) && rl_arena_str(&a, RL_STR("x")).p;
  rl_arena_dispose(&a);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(fill_and_dispose, NULL, false) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_allocations_are_aligned_and_apart), cmocka_unit_test(test_zeroed_and_overflowing),
      cmocka_unit_test(test_steady_state_allocates_nothing),    cmocka_unit_test(test_texts),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
