/* Text: order, nearest names, hash, UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/str.h"

static void test_order_and_affixes(void **state) {
  (void)state;
  assert_true(rl_str_cmp(RL_STR("a"), RL_STR("b")) < 0);
  assert_true(rl_str_cmp(RL_STR("ab"), RL_STR("a")) > 0);
  assert_int_equal(rl_str_cmp(RL_STR("ab"), RL_STR("ab")), 0);
  assert_int_equal(rl_str_cmp((rl_str){0}, RL_STR("")), 0);
  assert_true(rl_str_cmp(RL_STR("\x7f"), RL_STR("\x80")) < 0);
  assert_true(rl_str_starts(RL_STR("abc"), RL_STR("ab")));
  assert_false(rl_str_starts(RL_STR("a"), RL_STR("ab")));
  assert_true(rl_str_ends(RL_STR("abc"), RL_STR("bc")));
  assert_false(rl_str_ends(RL_STR("abc"), RL_STR("ab")));
  assert_true(rl_str_ends(RL_STR("abc"), (rl_str){0}));
}

static void test_distance(void **state) {
  (void)state;
  assert_int_equal(rl_str_distance(RL_STR("title"), RL_STR("titel"), 9), 1);
  assert_int_equal(rl_str_distance(RL_STR("ca"), RL_STR("abc"), 9), 3);
  assert_int_equal(rl_str_distance(RL_STR("kitten"), RL_STR("sitting"), 9), 3);
  assert_int_equal(rl_str_distance(RL_STR("kitten"), RL_STR("sitting"), 2), 3);
  assert_int_equal(rl_str_distance(RL_STR("EMAIL"), RL_STR("email"), 0), 0);
  assert_int_equal(rl_str_distance(RL_STR(""), RL_STR("abc"), 9), 3);
  char a[400], b[400];
  memset(a, 'a', sizeof a);
  memset(b, 'b', sizeof b);
  assert_int_equal(rl_str_distance(rl_str_make(a, 400), rl_str_make(b, 400), 500), 400);
  assert_int_equal(rl_str_distance(rl_str_make(a, 400), rl_str_make(b, 400), 10), 11);
  assert_int_equal(rl_str_distance(rl_str_make(a, 400), rl_str_make(b, 400), SIZE_MAX), 400);
}

static void test_nearest(void **state) {
  (void)state;
  const rl_str names[] = {RL_STR("id"), RL_STR("title"), RL_STR("content"), RL_STR("createdAt"), RL_STR("authorId")};
  assert_true(rl_str_is(rl_str_nearest(RL_STR("titel"), names, 5), "title"));
  assert_true(rl_str_is(rl_str_nearest(RL_STR("createdat"), names, 5), "createdAt"));
  assert_true(rl_str_is(rl_str_nearest(RL_STR("autorID"), names, 5), "authorId"));
  assert_true(rl_str_is(rl_str_nearest(RL_STR("ID"), names, 5), "id"));
  assert_int_equal(rl_str_nearest(RL_STR("published"), names, 5).len, 0);
  assert_int_equal(rl_str_nearest(RL_STR("x"), names, 5).len, 0);
  assert_int_equal(rl_str_nearest(RL_STR(""), names, 5).len, 0);
  assert_int_equal(rl_str_nearest(RL_STR("id"), NULL, 0).len, 0);
}

static void test_hash_spreads(void **state) {
  (void)state;
  /* 2^16 keys that differ in one or two bytes must hardly collide in the low 20 bits: 2^16 balls in 2^20 bins leave
   * about 2,000 pairs. */
  static unsigned char seen[1 << 20];
  memset(seen, 0, sizeof seen);
  int collisions = 0;
  for (unsigned i = 0; i < 1 << 16; i++) {
    unsigned char key[23] = {0};
    key[i % 22] = (unsigned char)(i >> 8);
    key[22] = (unsigned char)i;
    uint64_t h = rl_hash(key, sizeof key, 7) & ((1 << 20) - 1);
    collisions += seen[h] != 0;
    seen[h] = 1;
  }
  /* Some keys are the same ones (the first byte may be zero). */
  assert_true(collisions < 4000);
  for (size_t len = 1; len < 40; len++) { /* every byte and the length count */
    unsigned char key[41] = {0};
    uint64_t whole = rl_hash(key, len, 0);
    assert_true(whole != rl_hash(key, len + 1, 0));
    assert_true(whole != rl_hash(key, len, 1));
    for (size_t i = 0; i < len; i++) {
      key[i] = 1;
      assert_true(whole != rl_hash(key, len, 0));
      key[i] = 0;
    }
  }
}

static bool valid_at(const char *text, size_t len, size_t *bad) {
  return rl_utf8_valid(rl_str_make(text, len), bad);
}

static void test_utf8(void **state) {
  (void)state;
  size_t bad = 99;
  assert_true(valid_at("", 0, &bad));
  assert_true(valid_at("plain ascii text, more than 8 bytes", 35, &bad));
  assert_true(valid_at("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9, &bad));
  assert_true(valid_at("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", 10, &bad));
  assert_int_equal(bad, 99);
  static const char *const faults[] = {"\xC0\x80",         "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                       "\xF4\x90\x80\x80", "\x80",         "\xFF",         "\xC3",
                                       "\xE2\x82",         "\xF0\x9F\x98", "\xC3(",        "\xF5\x80\x80\x80"};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    char text[32] = "0123456789";
    memcpy(text + 10, faults[i], strlen(faults[i]));
    assert_false(valid_at(text, 10 + strlen(faults[i]), &bad));
    assert_int_equal(bad, 10);
  }
}

/* Every code point, written by rule, is valid if and only if it is no surrogate. */
static void test_utf8_whole_range(void **state) {
  (void)state;
  for (unsigned long c = 0x80; c <= 0x11FFFF; c++) {
    unsigned char t[4];
    size_t len;
    if (c < 0x800) {
      t[0] = (unsigned char)(0xC0 | c >> 6);
      len = 2;
    } else if (c < 0x10000) {
      t[0] = (unsigned char)(0xE0 | c >> 12);
      t[1] = (unsigned char)(0x80 | (c >> 6 & 63));
      len = 3;
    } else {
      t[0] = (unsigned char)(0xF0 | c >> 18);
      t[1] = (unsigned char)(0x80 | (c >> 12 & 63));
      t[2] = (unsigned char)(0x80 | (c >> 6 & 63));
      len = 4;
    }
    t[len - 1] = (unsigned char)(0x80 | (c & 63));
    bool expected = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
    if (rl_utf8_valid(rl_str_make((char *)t, len), NULL) != expected) fail_msg("U+%lX", c);
    assert_false(rl_utf8_valid(rl_str_make((char *)t, len - 1), NULL));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order_and_affixes),
      cmocka_unit_test(test_distance),
      cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_hash_spreads),
      cmocka_unit_test(test_utf8),
      cmocka_unit_test(test_utf8_whole_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
