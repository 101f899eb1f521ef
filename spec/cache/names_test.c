/* Names: what is equal, what differs, what has none; lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache/names.h"
#include "base/failing_allocator.h"

static rl_value text(const char *s) {
  return (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)strlen(s), .as.p = s};
}
static rl_value integer(int64_t i) {
  return (rl_value){.kind = RILLE_INT, .as.i = i};
}
static rl_name key_of(rl_value v) {
  return rl_name_of_key(RL_STR("User"), &v, 1);
}

static void test_names_are_the_same_in_every_process(void **state) {
  (void)state;
  assert_true(rl_name_of_table(RL_STR("User"), RL_TABLE_ANY) == UINT64_C(0x36cb81f93878416a));
  assert_true(key_of(integer(17)) == UINT64_C(0x8f24c00b88e3944));
  assert_true(rl_name_of_path(RL_STR("/posts/*")) == UINT64_C(0x9caa7e93ff6dc6f4));
}

static void test_parts_of_a_table_differ(void **state) {
  (void)state;
  rl_name any = rl_name_of_table(RL_STR("User"), RL_TABLE_ANY), rows = rl_name_of_table(RL_STR("User"), RL_TABLE_ROWS);
  rl_name none = rl_name_of_table(RL_STR("User"), RL_TABLE_NONE);
  assert_true(any != rows && rows != none && any != none);
  assert_true(any != rl_name_of_table(RL_STR("Post"), RL_TABLE_ANY));
  assert_true(any == rl_name_of_table(RL_STR("user"), RL_TABLE_ANY));
  assert_true(any > RL_NAME_ANY_WRITE);
  assert_true(key_of(integer(7)) != any);
  assert_true(rl_name_of_tag(RL_STR("/a")) != rl_name_of_path(RL_STR("/a")));
}

static void test_kinds_are_told_apart(void **state) {
  (void)state;
  rl_name any = rl_name_of_table(RL_STR("User"), RL_TABLE_ANY);
  assert_true(rl_name_rows_of(any) == rl_name_of_table(RL_STR("User"), RL_TABLE_ROWS));
  rl_name others[] = {rl_name_of_table(RL_STR("User"), RL_TABLE_ROWS), rl_name_of_table(RL_STR("User"), RL_TABLE_NONE),
                      rl_name_of_tag(RL_STR("User")), rl_name_of_path(RL_STR("/User")), RL_NAME_ANY_WRITE};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(rl_name_is_row(others[i]));
    assert_int_equal(rl_name_rows_of(others[i]), 0);
  }
  assert_false(rl_name_is_row(any));
  assert_true(rl_name_is_row(key_of(integer(7))));
  assert_int_equal(rl_name_rows_of(key_of(integer(7))), 0);
}

static void test_keys_that_a_collation_may_take_for_equal(void **state) {
  (void)state;
  assert_true(key_of(text("Ann-Marie")) == key_of(text("annmarie")));
  assert_true(key_of(text("a1")) != key_of(text("a2")));
  assert_true(key_of(text("a01")) == key_of(text("A1")));
  assert_true(key_of(text("a10")) != key_of(text("a1")));
  assert_true(key_of(text("100")) != key_of(text("1")));
  assert_true(key_of(text("17")) == key_of(integer(17)));
  assert_true(key_of(text("0")) == key_of(integer(0)));
  assert_true(key_of(integer(12)) != key_of(integer(21)));
  assert_true(key_of(integer(INT64_MIN)) == key_of(text("9223372036854775808")));
  assert_int_equal(key_of(text("M\xC3\xBCller")), 0);
  assert_true(key_of(text("")) != 0);
}

static void test_values_without_a_name(void **state) {
  (void)state;
  static const rille_value_kind none[] = {RILLE_NULL,  RILLE_FLOAT, RILLE_DECIMAL, RILLE_DATETIME,
                                          RILLE_BYTES, RILLE_JSON,  RILLE_LIST};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    rl_value v = {.kind = none[i]};
    assert_int_equal(rl_name_of_key(RL_STR("User"), &v, 1), 0);
  }
}

static void test_keys_of_several_values(void **state) {
  (void)state;
  rl_value a[] = {text("ab"), text("c")}, b[] = {text("a"), text("bc")}, c[] = {integer(1), integer(23)},
           d[] = {integer(12), integer(3)};
  assert_true(rl_name_of_key(RL_STR("T"), a, 2) != rl_name_of_key(RL_STR("T"), b, 2));
  assert_true(rl_name_of_key(RL_STR("T"), c, 2) != rl_name_of_key(RL_STR("T"), d, 2));
  assert_true(rl_name_of_key(RL_STR("T"), c, 1) == rl_name_of_key(RL_STR("T"), (rl_value[]){integer(1)}, 1));
}

static bool has(const rl_names *n, rl_name name) {
  for (size_t i = 0; i < n->count; i++)
    if (n->items[i] == name) return true;
  return false;
}

static void test_paths(void **state) {
  (void)state;
  rl_names n;
  rl_names_init(&n);
  rl_names_add_path(&n, RL_STR("/posts/7/comments"));
  assert_int_equal(n.count, 4);
  assert_true(has(&n, rl_name_of_path(RL_STR("/posts/7/comments"))));
  assert_true(has(&n, rl_name_of_path(RL_STR("/posts/7/*"))));
  assert_true(has(&n, rl_name_of_path(RL_STR("/posts/*"))));
  assert_true(has(&n, rl_name_of_path(RL_STR("/*"))));
  assert_false(has(&n, rl_name_of_path(RL_STR("/posts"))));
  rl_names_clear(&n);
  rl_names_add_path(&n, RL_STR("/posts"));
  assert_false(has(&n, rl_name_of_path(RL_STR("/posts/*"))));
  assert_int_equal(n.count, 2);
  rl_names_dispose(&n);
}

static void test_lists(void **state) {
  (void)state;
  rl_names n, m;
  rl_names_init(&n);
  rl_names_init(&m);
  assert_true(rl_names_is_empty(&n));
  for (rl_name i = RL_MOST_NAMES; i > 0; i--) rl_names_add(&n, i * 7);
  for (rl_name i = 1; i <= RL_MOST_NAMES; i++) rl_names_add(&n, i * 7);
  assert_int_equal(n.count, RL_MOST_NAMES);
  assert_false(n.everything);
  rl_names_add_all(&m, &n);
  assert_int_equal(m.count, RL_MOST_NAMES);
  rl_names_add(&n, 5);
  assert_true(n.everything);
  assert_int_equal(n.count, 0);
  rl_names_add_all(&m, &n);
  assert_true(m.everything);
  rl_names_clear(&m);
  assert_true(rl_names_is_empty(&m));
  rl_names_dispose(&n);
  rl_names_dispose(&m);
}

/* Too little is never the answer. */
static bool add_many(void *argument) {
  (void)argument;
  rl_names n;
  rl_names_init(&n);
  for (rl_name i = 1; i < 100; i++) rl_names_add(&n, i);
  bool done = n.count == 99;
  if (!done && !n.everything) abort();
  rl_names_dispose(&n);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(add_many, NULL, false) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_are_the_same_in_every_process),
      cmocka_unit_test(test_parts_of_a_table_differ),
      cmocka_unit_test(test_kinds_are_told_apart),
      cmocka_unit_test(test_keys_that_a_collation_may_take_for_equal),
      cmocka_unit_test(test_values_without_a_name),
      cmocka_unit_test(test_keys_of_several_values),
      cmocka_unit_test(test_paths),
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
