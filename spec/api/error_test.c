/* Errors as a caller of the public interface sees them. */
#include "../base/failing_allocator.h"
#include "running/running.h"

static void test_boxing(void **state) {
  (void)state;
  rl_error e = {0};
  rille_error *out = NULL;
  assert_int_equal(rl_box(RILLE_OK, &e, &out), RILLE_OK);
  assert_null(out);
  rl_fail(&e, RL_P2002, "twice");
  const rl_str names[] = {RL_STR("a"), RL_STR("b")};
  rl_error_detail_list(&e, "target", names, 2);
  rl_error_detail(&e, "model", RL_STR("User"));
  memcpy(e.sqlstate, "23505", 6);
  e.native = 7;
  assert_int_equal(rl_box(RILLE_ERROR, &e, &out), RILLE_ERROR);
  assert_int_equal(e.code, RL_CODE_NONE);
  assert_string_equal(rille_error_code(out), "P2002");
  assert_int_equal(rille_error_kind(out), RILLE_KIND_CONSTRAINT);
  assert_string_equal(rille_error_message(out), "twice");
  assert_string_equal(rille_error_sqlstate(out), "23505");
  assert_int_equal(rille_error_native(out), 7);
  assert_int_equal(rille_error_retryable(out), 0);
  assert_int_equal(rille_error_detail_count(out), 2);
  assert_string_equal(rille_error_detail_key(out, 0), "target");
  assert_true(rille_error_detail_is_list(out, 0));
  assert_int_equal(rille_error_detail_value_count(out, 0), 2);
  assert_string_equal(rille_error_detail_value(out, 0, 1), "b");
  assert_false(rille_error_detail_is_list(out, 1));
  assert_string_equal(rille_error_detail_value(out, 1, 0), "User");
  /* beyond the end */
  assert_null(rille_error_detail_key(out, 2));
  assert_null(rille_error_detail_value(out, 0, 2));
  assert_null(rille_error_detail_value(out, 9, 0));
  assert_int_equal(rille_error_detail_value_count(out, 9), 0);
  rille_error_free(out);
  rille_error_free(NULL);
}

static void test_ignored(void **state) {
  (void)state;
  rl_error e = {0};
  rl_fail(&e, RL_P2034, "again");
  assert_int_equal(rl_box(RILLE_ERROR, &e, NULL), RILLE_ERROR);
  assert_int_equal(e.code, RL_CODE_NONE);
  rille_error *out = NULL;
  rl_fail(&e, RL_P2034, "again");
  rl_box(RILLE_ERROR, &e, &out);
  assert_int_equal(rille_error_retryable(out), 1);
  rille_error_free(out);
}

/* Without memory the error is a static one, and the status says so. */
static void test_no_memory(void **state) {
  (void)state;
  rl_error e = {0};
  rille_error *out = NULL;
  rl_fail_nomem(&e);
  assert_int_equal(rl_box(RILLE_NOMEM, &e, &out), RILLE_NOMEM);
  assert_string_equal(rille_error_code(out), "INTERNAL");
  assert_true(strlen(rille_error_message(out)) > 0);
  rille_error_free(out);
  rille_error_free(out);
  /* nor for the box of another one */
  rl_fail(&e, RL_P2002, "twice");
  failing_allocator f = {.left = 0};
  rl_allocator_set(failing_alloc, &f);
  rille_status st = rl_box(RILLE_ERROR, &e, &out);
  f.left = -1;
  rl_allocator_set(NULL, NULL);
  assert_int_equal(st, RILLE_NOMEM);
  assert_string_equal(rille_error_code(out), "INTERNAL");
  rille_error_free(out);
  /* a status alone suffices */
  assert_int_equal(rl_box(RILLE_NOMEM, &e, &out), RILLE_NOMEM);
  assert_string_equal(rille_error_code(out), "INTERNAL");
  rille_error_free(out);
}

static void test_version(void **state) {
  (void)state;
  assert_string_equal(rille_version(), RILLE_VERSION_TEXT);
  assert_int_equal(rille_version_check(RILLE_VERSION_MAJOR, RILLE_VERSION_MINOR), 1);
  assert_int_equal(rille_version_check(RILLE_VERSION_MAJOR, RILLE_VERSION_MINOR + 1), 0);
  assert_int_equal(rille_version_check(RILLE_VERSION_MAJOR + 1, 0), 0);
}

static void test_libraries(void **state) {
  (void)state;
  rille_libraries l = {.struct_size = sizeof l};
  rille_libraries_get(&l);
  assert_true(l.libpq[0] >= '1' && l.libpq[0] <= '9' && strchr(l.libpq, '.'));
  assert_int_equal(strncmp(l.sqlite, "3.", 2), 0);
  /* no further than the caller's struct */
  rille_libraries small = {.struct_size = (uint32_t)offsetof(rille_libraries, sqlite)};
  rille_libraries_get(&small);
  assert_string_equal(small.libpq, l.libpq);
  assert_string_equal(small.sqlite, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_boxing),  cmocka_unit_test(test_ignored),   cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_version), cmocka_unit_test(test_libraries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
