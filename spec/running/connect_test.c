/* Connecting: names that are slow to resolve, resolve later, or never; attempts and their end. For names that end in
 * .test the resolver is the test's. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>

#include "run/connect.h"
#include "run/drive.h"
#include "running/running.h"

static _Atomic int asked;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  resolver *system_one = NULL;
  *(void **)&system_one = dlsym(RTLD_NEXT, "getaddrinfo");
  const char *end = name ? strstr(name, ".test") : NULL;
  if (!end) return system_one(name, service, hints, out);
  int nth = ++asked;
  if (strncmp(name, "slow", 4) == 0) usleep(300000);
  if (strncmp(name, "none", 4) == 0) return EAI_NONAME;
  if (strncmp(name, "later", 5) == 0 && nth < 3) return EAI_AGAIN;
  return system_one("127.0.0.1", service, hints, out);
}

typedef struct target {
  rl_arena arena;
  rl_conn_options options;
} target;

/* The test server under another name. */
static void aim(target *t, const char *host, const char *parameters) {
  char url[512];
  const char *base = postgres_url(), *port = strrchr(base, ':');
  snprintf(url, sizeof url, "postgresql://postgres@%s:%.*s/postgres?%s", host, (int)strspn(port + 1, "0123456789"),
           port + 1, parameters);
  rl_error err = {0};
  rl_arena_init(&t->arena, 0);
  asked = 0;
  if (rl_driver_parse_url(rl_str_of(url), &t->arena, &t->options, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
}

static rille_status finish(rl_connecting *c, rl_error *err) {
  rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
  rille_status st;
  while ((st = rl_connecting_poll(c, &wait, err)) == RILLE_AGAIN) rl_wait_block(&wait, c->deadline_ms);
  return st;
}

static void expect_connected(target *t, uint32_t attempts) {
  rl_connecting c;
  rl_error err = {0};
  rl_connecting_begin(&c, &t->options, 0, false);
  if (finish(&c, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
  assert_int_equal(c.attempts, attempts);
  t->options.driver->close(rl_connecting_take(&c));
  rl_connecting_stop(&c);
  rl_arena_dispose(&t->arena);
}

static void test_slow_name(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  target t;
  aim(&t, "slow.test", "");
  rl_connecting c;
  rl_error err = {0};
  rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
  rl_connecting_begin(&c, &t.options, 0, false);
  assert_int_equal(rl_connecting_poll(&c, &wait, &err), RILLE_AGAIN); /* it would have to wait for the resolver */
  assert_int_equal(asked <= 1, true);
  assert_true(wait.fd >= 0 && wait.read);
  assert_true(wait.until_ms <= c.deadline_ms);
  assert_int_equal(finish(&c, &err), RILLE_OK);
  t.options.driver->close(rl_connecting_take(&c));
  rl_connecting_stop(&c);
  rl_arena_dispose(&t.arena);
}

/* The waiting connection may be freed before the resolver answers. */
static void test_given_up(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  target t;
  aim(&t, "slow.test", "");
  rl_connecting c;
  rl_error err = {0};
  rl_wait wait;
  rl_connecting_begin(&c, &t.options, 0, false);
  assert_int_equal(rl_connecting_poll(&c, &wait, &err), RILLE_AGAIN);
  rl_connecting_stop(&c);
  rl_connecting_stop(&c);
  rl_arena_dispose(&t.arena);
  usleep(400000); /* the thread ends meanwhile, otherwise the sanitizers report it */
}

static void test_names(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  target t;
  aim(&t, "later.test", "");
  expect_connected(&t, 3);
  aim(&t, "none.test,slow.test", "");
  expect_connected(&t, 1);
  aim(&t, "slow.test,127.0.0.1", "sslmode=disable");
  expect_connected(&t, 1);
}

static void expect_failure(const char *host, const char *parameters, bool once, const char *words, bool several) {
  target t;
  rl_connecting c;
  rl_error err = {0};
  aim(&t, host, parameters);
  rl_connecting_begin(&c, &t.options, 0, once);
  assert_int_equal(finish(&c, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1001);
  assert_true(err.not_sent);
  if (!strstr(err.message, words)) fail_msg("'%s' in '%s'", words, err.message);
  assert_int_equal(c.attempts > 1, several);
  assert_int_equal(rl_error_get(&err, "attempts").len > 0, several);
  rl_error_clear(&err);
  rl_connecting_stop(&c);
  rl_arena_dispose(&t.arena);
}

static void test_failures(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  expect_failure("none.test", "", false, "the host `none.test` has no address", false);
  expect_failure("127.0.0.1:1,127.0.0.1", "connect_timeout=1&target_session_attrs=standby", false,
                 "127.0.0.1:1, 127.0.0.1:", true);
  expect_failure("127.0.0.1:1,127.0.0.1", "connect_timeout=1&target_session_attrs=standby", true, "127.0.0.1:1, ",
                 false);
}

/* Without a limit, a server that does not answer is waited for, but one that refuses connections is not asked forever.
 */
static void test_no_limit(void **state) {
  (void)state;
  target t;
  rl_connecting c;
  rl_error err = {0};
  rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
  rl_arena_init(&t.arena, 0);
  static const char url[] = "postgresql://postgres@127.0.0.1:1/postgres?connect_timeout=0";
  assert_int_equal(rl_driver_parse_url(rl_str_of(url), &t.arena, &t.options, &err), RILLE_OK);
  rl_connecting_begin(&c, &t.options, 0, false);
  while (!rl_connecting_pauses(&c)) {
    assert_int_equal(rl_connecting_poll(&c, &wait, &err), RILLE_AGAIN);
    if (!rl_connecting_pauses(&c)) rl_wait_block(&wait, rl_clock_ms() + 1000);
  }
  assert_true(c.deadline_ms > rl_clock_ms() + 1000000);
  assert_in_range(c.repeat_until_ms, rl_clock_ms() + 1000, rl_clock_ms() + 6000);
  c.repeat_until_ms = rl_clock_ms() + 100;
  assert_int_equal(finish(&c, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1001);
  assert_non_null(strstr(rl_error_message(&err), "attempts within 5000 ms"));
  rl_error_clear(&err);
  rl_connecting_stop(&c);
  rl_arena_dispose(&t.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_slow_name), cmocka_unit_test(test_given_up),
                                     cmocka_unit_test(test_names), cmocka_unit_test(test_failures),
                                     cmocka_unit_test(test_no_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
