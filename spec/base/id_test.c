/* Ids: form, order, uniqueness over threads and a fork; clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"

static void assert_letters(const char *text, size_t len, const char *alphabet) {
  assert_int_equal(strlen(text), len);
  assert_int_equal(strspn(text, alphabet), len);
}

static void test_form(void **state) {
  (void)state;
  static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  char id[RL_ID_MAX];
  assert_int_equal(rl_id_uuid4(id), 36);
  assert_letters(id, 36, "0123456789abcdef-");
  assert_int_equal(id[14], '4');
  assert_non_null(strchr("89ab", id[19]));
  assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
  assert_int_equal(rl_id_uuid7(id), 36);
  assert_letters(id, 36, "0123456789abcdef-");
  assert_int_equal(id[14], '7');
  assert_non_null(strchr("89ab", id[19]));
  assert_int_equal(rl_id_cuid(id), 25);
  assert_letters(id, 25, base36);
  assert_int_equal(id[0], 'c');
  assert_int_equal(rl_id_cuid2(id), 24);
  assert_letters(id, 24, base36);
  assert_true(id[0] >= 'a' && id[0] <= 'z');
  assert_int_equal(rl_id_ulid(id), 26);
  assert_letters(id, 26, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
  assert_true(id[0] <= '7');
  assert_int_equal(rl_id_nanoid(id, 21), 21);
  assert_letters(id, 21, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
  assert_int_equal(rl_id_nanoid(id, 255), 255);
  assert_int_equal(rl_id_nanoid(id, 1), 0);
  assert_int_equal(rl_id_nanoid(id, 256), 0);
}

/* The time of a ulid and of a uuid of version 7 is the wall clock's. */
static void test_time_inside(void **state) {
  (void)state;
  int64_t before = rl_clock_wall_us() / 1000;
  char id[RL_ID_MAX];
  rl_id_uuid7(id);
  memmove(id + 8, id + 9, 4);
  id[12] = '\0';
  int64_t uuid = strtoll(id, NULL, 16);
  rl_id_ulid(id);
  int64_t ulid = 0;
  for (int i = 0; i < 10; i++)
    ulid = ulid * 32 + (strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", id[i]) - "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
  assert_in_range(uuid, before, before + 2000);
  assert_in_range(ulid, before, before + 2000);
}

static void assert_sorted(size_t (*make)(char *)) {
  char previous[RL_ID_MAX], id[RL_ID_MAX];
  assert_true(make(previous) > 0);
  for (int i = 0; i < 20000; i++) {
    assert_true(make(id) > 0);
    assert_true(strcmp(previous, id) < 0);
    memcpy(previous, id, sizeof id);
  }
}

static void test_order(void **state) {
  (void)state;
  assert_sorted(rl_id_uuid7);
  assert_sorted(rl_id_ulid);
  assert_sorted(rl_id_cuid);
}

enum { THREADS = 4, EACH = 5000 };
typedef struct batch {
  size_t (*make)(char *);
  char ids[EACH][40];
} batch;

static void *make_batch(void *argument) {
  batch *b = argument;
  char id[RL_ID_MAX];
  for (size_t i = 0; i < EACH; i++) {
    b->make(id);
    memcpy(b->ids[i], id, 40);
    b->ids[i][39] = '\0';
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

static void assert_unique_over_threads(size_t (*make)(char *)) {
  static batch batches[THREADS];
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    batches[i].make = make;
    assert_int_equal(pthread_create(&threads[i], NULL, make_batch, &batches[i]), 0);
  }
  char(*all)[40] = malloc(sizeof(char[40]) * THREADS * EACH);
  assert_non_null(all);
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    memcpy(all[i * EACH], batches[i].ids, sizeof batches[i].ids);
  }
  qsort(all, THREADS * EACH, sizeof *all, compare);
  for (size_t i = 1; i < THREADS * EACH; i++)
    if (strcmp(all[i - 1], all[i]) == 0) fail_msg("%s occurs twice", all[i]);
  free(all);
}

static void test_unique_over_threads(void **state) {
  (void)state;
  assert_unique_over_threads(rl_id_uuid4);
  assert_unique_over_threads(rl_id_uuid7);
  assert_unique_over_threads(rl_id_cuid);
  assert_unique_over_threads(rl_id_cuid2);
  assert_unique_over_threads(rl_id_ulid);
}

static void test_a_forked_child_goes_its_own_way(void **state) {
  (void)state;
  size_t (*const makers[])(char *) = {rl_id_uuid4, rl_id_uuid7, rl_id_cuid, rl_id_cuid2, rl_id_ulid};
  for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char mine[RL_ID_MAX] = "", theirs[RL_ID_MAX] = "";
    pid_t child = fork();
    if (child == 0) {
      size_t len = makers[i](theirs);
      _exit(write(ends[1], theirs, len) == (ssize_t)len ? 0 : 1);
    }
    assert_true(child > 0);
    makers[i](mine);
    assert_true(read(ends[0], theirs, sizeof theirs - 1) > 0);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_not_equal(mine, theirs);
    close(ends[0]);
    close(ends[1]);
  }
}

static void test_clocks(void **state) {
  (void)state;
  int64_t us = rl_clock_us(), ms = rl_clock_ms();
  assert_in_range(ms, us / 1000, us / 1000 + 1000);
  assert_true(rl_clock_us() >= us);
  assert_true(rl_clock_wall_us() > INT64_C(1700000000) * 1000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_form),
      cmocka_unit_test(test_time_inside),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_unique_over_threads),
      cmocka_unit_test(test_a_forked_child_goes_its_own_way),
      cmocka_unit_test(test_clocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
