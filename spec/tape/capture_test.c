/* Json fields: their values become single scalars. And the writer's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../base/failing_allocator.h"
#include "random.h"
#include "writing.h"

static rl_map json_keys;

static int set_up_json(void **state) {
  static int present;
  rl_map_init(&json_keys);
  rl_map_put(&json_keys, RL_STR("meta"), &present);
  rl_map_put(&json_keys, RL_STR("data"), &present);
  set_up(state);
  rl_tape_json_keys(&tape, &json_keys);
  return 0;
}

static int tear_down_json(void **state) {
  rl_map_dispose(&json_keys);
  return tear_down(state);
}

static void write_payload(int items) {
  key("meta");
  open_object();
  key("list");
  open_list();
  for (int i = 0; i < items; i++)
    if (i % 2)
      text("odd");
    else
      integer(i);
  close_list();
  key("o");
  open_object();
  key("null");
  rl_tape_mark(&tape, RL_MARK_JSON_NULL, RL_STR(""));
  key("empty");
  rl_tape_mark(&tape, RL_MARK_EMPTY_ARRAY, RL_STR(""));
  close_object();
  close_object();
}

static void test_a_payload_is_one_scalar(void **state) {
  (void)state;
  open_object();
  key("data");
  open_object();
  key("id");
  integer(1);
  write_payload(3);
  key("name");
  text("x");
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kdata{kidikmetajknames}}");
  assert_json(
      "{\"data\":{\"id\":1,\"meta\":{\"list\":[0,\"odd\",2],\"o\":{\"null\":null,\"empty\":[]}},\"name\":\"x\"}}");
}

static void test_payloads_of_many_rows_share_a_run(void **state) {
  (void)state;
  open_object();
  key("data");
  open_list();
  for (int i = 0; i < 50; i++) {
    open_object();
    write_payload(i);
    close_object();
  }
  close_list();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kdata[{kmetaj}*]}");
}

static void test_scalars_given_for_a_json_field(void **state) {
  (void)state;
  open_object();
  key("create");
  open_list();
  static const char *const expected =
      "{\"create\":[{\"meta\":5},{\"meta\":\"t\"},{\"meta\":true},{\"meta\":[]},{\"meta\":{}}]}";
  for (int i = 0; i < 5; i++) {
    open_object();
    key("meta");
    if (i == 0) integer(5);
    if (i == 1) text("t");
    if (i == 2) rl_tape_bool(&tape, true);
    if (i == 3) rl_tape_mark(&tape, RL_MARK_EMPTY_ARRAY, RL_STR(""));
    if (i == 4) {
      open_object();
      close_object();
    }
    close_object();
  }
  close_list();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kcreate[{kmetaj}*]}");
  assert_json(expected);
}

static void test_null_and_marks_stay_unchanged(void **state) {
  (void)state;
  open_object();
  key("data");
  open_object();
  key("meta");
  rl_tape_null(&tape);
  key("meta");
  rl_tape_mark(&tape, RL_MARK_DB_NULL, RL_STR(""));
  key("after");
  open_object();
  close_object();
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kdata{kmetankmetamkafter{}}}");
}

static void test_set_alone_is_left_unchanged(void **state) {
  (void)state;
  open_object();
  key("data");
  open_object();
  key("meta");
  open_object();
  key("set");
  open_object();
  key("a");
  integer(1);
  close_object();
  close_object();
  key("next");
  integer(2);
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kdata{kmeta{kset{kai}}knexti}}");
}

static void test_set_with_another_key_is_a_payload(void **state) {
  (void)state;
  open_object();
  key("data");
  open_object();
  key("meta");
  open_object();
  key("set");
  open_list();
  integer(1);
  text("x");
  close_list();
  key("more");
  open_object();
  key("set");
  integer(3);
  close_object();
  close_object();
  key("next");
  integer(2);
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kdata{kmetajknexti}}");
  assert_json("{\"data\":{\"meta\":{\"set\":[1,\"x\"],\"more\":{\"set\":3}},\"next\":2}}");
}

static void test_conditions_are_not_payloads(void **state) {
  (void)state;
  open_object();
  key("where");
  open_object();
  write_payload(1);
  close_object();
  key("data");
  open_object();
  key("posts");
  open_object();
  key("update");
  open_object();
  key("where");
  open_object();
  write_payload(1);
  close_object();
  key("data"); /* a word of the query language, although a Json field has that name */
  open_object();
  write_payload(1);
  close_object();
  close_object();
  close_object();
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kwhere{kmeta{klist[i*]ko{knullmkemptym}}}"
                               "kdata{kposts{kupdate{kwhere{kmeta{klist[i*]ko{knullmkemptym}}}kdata{kmetaj}}}}}");
}

static void test_errors_in_a_payload(void **state) {
  (void)state;
  for (int i = 0; i < 7; i++) {
    open_object();
    key("data");
    open_object();
    key("meta");
    open_object();
    if (i == 0) close_list();
    if (i == 1) integer(1);
    if (i == 2) key("a"), key("b");
    if (i == 3) key("a"), text("\xC0");
    if (i == 4) key("\xC0");
    if (i == 5) key("a"), rl_tape_float(&tape, INFINITY);
    if (i == 6) key("a"), rl_tape_mark(&tape, RL_MARK_DB_NULL, RL_STR(""));
    assert_fails("data.meta");
  }
  open_object();
  key("data");
  open_object();
  key("meta");
  close_object();
  assert_fails("wrong order");
}

/* Calls in any order: the tape is valid or has an error, and a valid one can be read. */
static void test_random_calls(void **state) {
  (void)state;
  static const char *const names[] = {"data", "meta", "set", "where", "x", ""};
  uint64_t seed = 17;
  size_t good = 0, bad = 0;
  rl_arena arena;
  rl_arena_init(&arena, 0);
  for (int i = 0; i < 60000; i++) {
    rl_tape_reset(&tape);
    rl_arena_reset(&arena);
    open_object();
    for (unsigned calls = random_below(&seed, 14); calls > 0; calls--) switch (random_below(&seed, 9)) {
      case 0: open_list(); break;
      case 1: close_list(); break;
      case 2: integer(calls); break;
      case 3: rl_tape_null(&tape); break;
      case 4: close_object(); break;
      case 5: rl_tape_mark(&tape, (rl_mark)(1 + random_below(&seed, 7)), RL_STR("M.f")); break;
      default:
        key(names[random_below(&seed, 6)]);
        if (random_below(&seed, 2)) open_object();
      }
    while (tape.depth > 0 && tape.error.code == RL_CODE_NONE) {
      if (random_below(&seed, 2))
        close_object();
      else
        close_list();
    }
    rl_error e = {0};
    rl_arg_tree *tree = NULL;
    if (rl_tape_end(&tape, &e) == RILLE_OK) {
      good++;
      uint32_t at = 0, slot = 0;
      rl_tape_skip(&tape, &at, &slot);
      assert_int_equal(at, tape.shape.len);
      assert_int_equal(slot, tape.value_count);
      assert_int_equal(rl_arg_tree_read(&tape, &arena, &tree, &e), RILLE_OK);
      assert_int_equal(rl_arg_tree_address(tree, &e), RILLE_OK);
    } else {
      bad++;
      assert_true(*rl_error_message(&e));
    }
    rl_error_clear(&e);
  }
  rl_arena_dispose(&arena);
  assert_true(good > 1000 && bad > 1000);
}

/* ------------------------------------------------------------------ memory */

static bool write_all(void *argument) {
  (void)argument;
  rl_tape_init(&tape);
  rl_tape_json_keys(&tape, &json_keys);
  open_object();
  key("data");
  open_list();
  for (int i = 0; i < 100; i++) {
    open_object();
    write_payload(i);
    key("copied");
    rl_tape_text_copy(&tape, RL_STR("some text to copy"));
    key("decimal");
    rl_tape_decimal(&tape, RL_STR("1.50"));
    if (i == 50) key("odd"), rl_tape_null(&tape);
    close_object();
  }
  close_list();
  for (int i = 0; i < 30; i++) {
    key("nest");
    open_object();
  }
  for (int i = 0; i < 30; i++) close_object();
  close_object();
  rl_error e = {0};
  rille_status status = rl_tape_end(&tape, &e);
  if (status == RILLE_NOMEM && !e.nomem) abort();
  bool done = status == RILLE_OK;
  if (!done && status != RILLE_NOMEM) abort();
  rl_error_clear(&e);
  rl_tape_dispose(&tape);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  rl_tape_dispose(&tape);
  assert_true(fail_each_allocation(write_all, NULL, false) > 10);
  rl_tape_init(&tape);
}

#ifndef RL_ARENA_MALLOC /* which keeps nothing */
static void write_call(int rows) {
  rl_tape_reset(&tape);
  open_object();
  key("data");
  open_list();
  for (int i = 0; i < rows; i++) {
    open_object();
    write_payload(5);
    key("copied");
    rl_tape_text_copy(&tape, RL_STR("some text to copy"));
    close_object();
  }
  close_list();
  close_object();
  assert_ends_well();
}

static void test_steady_state_allocates_nothing(void **state) {
  (void)state;
  for (int i = 0; i < 6; i++) write_call(100);
  failing_allocator f = {.left = 0};
  rl_allocator_set(failing_alloc, &f);
  write_call(100);
  rl_allocator_set(NULL, NULL);
  assert_false(f.failed);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_payload_is_one_scalar, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_payloads_of_many_rows_share_a_run, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_scalars_given_for_a_json_field, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_null_and_marks_stay_unchanged, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_set_alone_is_left_unchanged, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_set_with_another_key_is_a_payload, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_conditions_are_not_payloads, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_errors_in_a_payload, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_random_calls, set_up_json, tear_down_json),
      cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, set_up_json, tear_down_json),
#ifndef RL_ARENA_MALLOC
      cmocka_unit_test_setup_teardown(test_steady_state_allocates_nothing, set_up_json, tear_down_json),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
