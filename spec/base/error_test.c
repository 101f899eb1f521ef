/* Errors: the first fault stays, details, memory shortage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "failing_allocator.h"

static void test_fill_and_read(void **state) {
  (void)state;
  rl_error e = {0};
  assert_string_equal(rl_error_message(&e), "");
  assert_int_equal(rl_fail(&e, RL_P2002, "unique %s", "x"), RILLE_ERROR);
  assert_int_equal(rl_fail(&e, RL_P2003, "later"), RILLE_ERROR);
  assert_int_equal(e.code, RL_P2002);
  assert_string_equal(rl_error_message(&e), "unique x");
  const rl_str target[] = {RL_STR("a"), RL_STR("b")};
  rl_error_detail_list(&e, "target", target, 2);
  rl_error_detail(&e, "model", RL_STR("User"));
  rl_error_detail(&e, "model", RL_STR("Post"));
  assert_int_equal(e.detail_count, 2);
  assert_true(e.details[0].is_list);
  assert_int_equal(e.details[0].count, 2);
  assert_string_equal(e.details[0].values[1], "b");
  assert_true(rl_str_is(rl_error_get(&e, "model"), "User"));
  assert_int_equal(rl_error_get(&e, "field").len, 0);
  rl_error to = {0};
  rl_fail(&to, RL_P1000, "old");
  rl_error_move(&to, &e);
  assert_int_equal(e.code, RL_CODE_NONE);
  assert_int_equal(to.code, RL_P2002);
  rl_error_clear(&to);
  rl_error_clear(&e);
  assert_int_equal(rl_fail(NULL, RL_P2002, "nobody listens"), RILLE_ERROR);
  assert_int_equal(rl_fail_nomem(NULL), RILLE_NOMEM);
}

static void test_long_message(void **state) {
  (void)state;
  rl_error e = {0};
  rl_fail(&e, RL_VALIDATION, "%100000d", 1);
  assert_int_equal(strlen(rl_error_message(&e)), 100000);
  rl_error_clear(&e);
}

/* What is quoted comes from anywhere, and may have been cut within a letter. */
static void test_messages_are_utf8(void **state) {
  (void)state;
  rl_error e = {0};
  rl_fail(&e, RL_VALIDATION, "%s is no \xC3\xA9t\xC3\xA9: %.*s", "\xFFx\xE2\x82", 2, "a\xC3\xA9");
  assert_string_equal(rl_error_message(&e), "?x?? is no \xC3\xA9t\xC3\xA9: a?");
  rl_error_clear(&e);
}

static void test_codes(void **state) {
  (void)state;
  assert_string_equal(rl_code_name(RL_P2002), "P2002");
  assert_string_equal(rl_code_name(RL_VALIDATION), "VALIDATION");
  assert_int_equal(rl_code_kind(RL_P2002), RILLE_KIND_CONSTRAINT);
  assert_int_equal(rl_code_kind(RL_P2024), RILLE_KIND_TIMEOUT);
  assert_string_equal(rl_code_title(RL_P2002), "Unique constraint failed");
  assert_string_equal(rl_code_name((rl_code)9999), "INTERNAL");
}

static void test_nomem(void **state) {
  (void)state;
  rl_error e = {0};
  assert_int_equal(rl_fail_nomem(&e), RILLE_NOMEM);
  assert_true(e.nomem);
  assert_string_equal(rl_error_message(&e), "out of memory");
  assert_int_equal(rl_fail(&e, RL_P2002, "later"), RILLE_NOMEM);
  rl_error_detail(&e, "model", RL_STR("User"));
  assert_int_equal(e.detail_count, 0);
  rl_error_clear(&e);
  assert_int_equal(e.code, RL_CODE_NONE);
}

static bool make_error(void *argument) {
  rl_error e = {0};
  rille_status status = rl_fail(&e, RL_P2002, "%200d", 5);
  const rl_str target[] = {RL_STR("a"), RL_STR("b")};
  rl_error_detail_list(&e, "target", target, 2);
  rl_error_detail(&e, "model", RL_STR("User"));
  bool done = status == RILLE_ERROR && e.detail_count == 2;
  *(bool *)argument = (status == RILLE_NOMEM) == e.nomem && *rl_error_message(&e);
  rl_error_clear(&e);
  return done && *(bool *)argument;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  bool sound = false;
  assert_true(fail_each_allocation(make_error, &sound, false) > 5);
  assert_true(sound);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fill_and_read), cmocka_unit_test(test_long_message),
      cmocka_unit_test(test_codes),         cmocka_unit_test(test_messages_are_utf8),
      cmocka_unit_test(test_nomem),         cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
