/* The writer: shapes, runs, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "writing.h"

static void test_find_by_id(void **state) {
  (void)state;
  open_object();
  key("where");
  open_object();
  key("id");
  integer(7);
  close_object();
  close_object();
  assert_ends_well();
  assert_string_equal(shape(), "{kwhere{kidi}}");
  assert_int_equal(tape.value_count, 1);
  assert_int_equal(tape.values[0].as.i, 7);
  assert_json("{\"where\":{\"id\":7}}");
}

static void test_every_scalar(void **state) {
  (void)state;
  open_list();
  rl_tape_null(&tape);
  rl_tape_bool(&tape, true);
  integer(INT64_MIN);
  rl_tape_float(&tape, 0.1);
  text("a\"b");
  rl_tape_decimal(&tape, RL_STR("12.50"));
  rl_tape_datetime(&tape, 0);
  rl_tape_json(&tape, RL_STR("{\"a\": [1]}"));
  rl_tape_mark(&tape, RL_MARK_EMPTY_ARRAY, RL_STR(""));
  rl_tape_mark(&tape, RL_MARK_EMPTY_OBJECT, RL_STR(""));
  rl_tape_mark(&tape, RL_MARK_JSON_NULL, RL_STR(""));
  open_list();
  close_list();
  open_object();
  close_object();
  close_list();
  assert_ends_well();
  assert_json("[null,true,-9223372036854775808,0.1,\"a\\\"b\",12.5,\"1970-01-01T00:00:00.000Z\",{\"a\": "
              "[1]},[],{},null,[],{}]");
}

static void test_runs(void **state) {
  (void)state;
  open_list();
  for (int i = 0; i < 5; i++) integer(i);
  text("x");
  text("y");
  integer(9);
  close_list();
  assert_ends_well();
  assert_string_equal(shape(), "[i*s*i*]");
  assert_int_equal(tape.value_count, 8 + 3);
  assert_int_equal(tape.values[0].kind, RL_RUN);
  assert_int_equal(tape.values[0].as.i, 5);
  assert_int_equal(tape.values[0].len, 6);
  assert_int_equal(tape.values[6].as.i, 2);
  assert_int_equal(tape.values[6].len, 3);
  assert_int_equal(tape.values[9].len, 2);
  assert_json("[0,1,2,3,4,\"x\",\"y\",9]");
}

static void test_nested_runs(void **state) {
  (void)state;
  open_list();
  for (int i = 1; i <= 3; i++) {
    open_object();
    key("a");
    open_list();
    for (int j = 0; j < i; j++) integer(j);
    close_list();
    key("b");
    text("t");
    close_object();
  }
  close_list();
  assert_ends_well();
  assert_string_equal(shape(), "[{ka[i*]kbs}*]");
  assert_int_equal(tape.values[0].as.i, 3);
  assert_int_equal(tape.values[0].len, 1 + 3 + 4 + 5);
  assert_int_equal(tape.values[0].len, tape.value_count);
  assert_json("[{\"a\":[0],\"b\":\"t\"},{\"a\":[0,1],\"b\":\"t\"},{\"a\":[0,1,2],\"b\":\"t\"}]");
}

static uint64_t hash_of_list(int count) {
  rl_tape_reset(&tape);
  open_list();
  for (int i = 0; i < count; i++) integer(i);
  close_list();
  assert_ends_well();
  return rl_tape_hash(&tape);
}

static void test_length_is_not_part_of_the_shape(void **state) {
  (void)state;
  assert_true(hash_of_list(3) == hash_of_list(3000));
  assert_true(hash_of_list(3) != hash_of_list(0));
}

static void test_misuse(void **state) {
  (void)state;
  assert_fails("not written");
  open_object();
  assert_fails("not closed");
  open_object();
  integer(1);
  assert_fails("without a key");
  open_object();
  key("a");
  key("b");
  assert_fails("a key where none may stand");
  open_list();
  key("a");
  assert_fails("a key where none may stand");
  open_object();
  key("a");
  close_object();
  assert_fails("a key without a value");
  open_object();
  close_list();
  assert_fails("wrong order");
  close_object();
  assert_fails("wrong order");
  integer(1);
  integer(2);
  assert_fails("more than one value");
  for (int i = 0; i < 201; i++) open_list();
  assert_fails("nested more than 200 levels deep");
  rl_tape_json(&tape, RL_STR("{\"a\":}"));
  assert_fails("offset 5");
  rl_tape_decimal(&tape, RL_STR("1.2.3"));
  assert_fails("1.2.3");
  static char long_key[70000];
  open_object();
  rl_tape_key(&tape, rl_str_make(long_key, sizeof long_key));
  assert_fails("70000 bytes");
  integer(1);
  assert_ends_well();
}

static void test_an_error_names_its_path(void **state) {
  (void)state;
  open_object();
  key("where");
  open_object();
  key("OR");
  open_list();
  integer(1);
  open_object();
  key("price");
  rl_tape_decimal(&tape, RL_STR("dear"));
  rl_error e = {0};
  assert_int_equal(rl_tape_end(&tape, &e), RILLE_ERROR);
  assert_int_equal(e.code, RL_P2006);
  assert_true(rl_str_is(rl_error_get(&e, "path"), "where.OR[2].price"));
  assert_non_null(strstr(rl_error_message(&e), "where.OR[2].price"));
  rl_error_clear(&e);
}

static void test_limits(void **state) {
  (void)state;
  for (int i = 0; i < 200; i++) open_list();
  for (int i = 0; i < 200; i++) close_list();
  assert_ends_well();
  rl_tape_reset(&tape);
  static char longest[65535];
  open_object();
  rl_tape_key(&tape, rl_str_make(longest, sizeof longest));
  rl_tape_text(&tape, (rl_str){NULL, 0});
  close_object();
  assert_ends_well();
  assert_non_null(tape.values[0].as.p);
}

static void test_what_json_cannot_contain(void **state) {
  (void)state;
  rl_error e = {0};
  rl_buf out;
  rl_buf_init(&out);
  rl_tape_bytes(&tape, RL_STR("\x01"));
  assert_ends_well();
  assert_int_equal(rl_tape_to_json(&tape, 0, 0, &out, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_tape_reset(&tape);
  rl_tape_float(&tape, NAN);
  assert_int_equal(rl_tape_to_json(&tape, 0, 0, &out, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_tape_reset(&tape);
  rl_tape_decimal(&tape, RL_STR("NaN"));
  assert_int_equal(rl_tape_to_json(&tape, 0, 0, &out, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_tape_reset(&tape);
  text("\xFF");
  assert_int_equal(rl_tape_to_json(&tape, 0, 0, &out, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_tape_reset(&tape);
  rl_tape_mark(&tape, RL_MARK_FIELD, RL_STR("A.b"));
  assert_int_equal(rl_tape_to_json(&tape, 0, 0, &out, &e), RILLE_ERROR);
  rl_error_clear(&e);
  rl_buf_dispose(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_find_by_id, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_every_scalar, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_runs, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_nested_runs, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_length_is_not_part_of_the_shape, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_misuse, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_an_error_names_its_path, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_json_cannot_contain, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
