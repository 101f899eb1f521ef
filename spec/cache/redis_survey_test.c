/* Counting what a Redis server has for the cache, and clearing it. */
#include "cache/redis_server.h"

#include "cache/redis/survey.h"

enum { POST = 100, USER = 101 };

static redis_server server;

static int tear_down(void **state) {
  (void)state;
  redis_remove(&server);
  return 0;
}

static rille_status survey(rl_remote *r, bool clears, rl_survey_figures *out, rl_error *err) {
  rl_survey s;
  rl_wait w;
  rille_status st;
  rl_survey_begin(&s, r, clears);
  while ((st = rl_survey_next(&s, &w, err)) == RILLE_AGAIN) {
    int64_t left = w.until_ms == INT64_MAX ? 30000 : w.until_ms - rl_clock_ms();
    struct pollfd q = {w.fd, (short)((w.read ? POLLIN : 0) | (w.write ? POLLOUT : 0)), 0};
    poll(&q, w.fd >= 0 ? 1 : 0, left < 0 ? 0 : (int)left);
  }
  *out = s.figures;
  rl_survey_end(&s);
  rl_survey_end(&s);
  return st;
}

static rl_survey_figures surveyed(rl_remote *r, bool clears) {
  rl_survey_figures f;
  rl_error err = {0};
  if (survey(r, clears, &f, &err) != RILLE_DONE) fail_msg("%s", rl_error_message(&err));
  return f;
}

static void refused(rl_remote *r, bool clears, const char *words) {
  rl_survey_figures f;
  rl_error err = {0};
  assert_int_equal(survey(r, clears, &f, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P1001);
  if (!strstr(rl_error_message(&err), words)) fail_msg("%s", rl_error_message(&err));
  rl_error_clear(&err);
}

static void test_counting_and_clearing(void **state) {
  (void)state;
  redis_start(&server, "maxmemory 100mb");
  rl_remote *one = redis_open(&server, 20000), *two = redis_open(&server, 20001);
  reader a = reader_of(one, POST, 0), b = reader_of(two, USER, 0), c = reader_of(one, USER, 0);
  writer w = writer_of(one, POST, 0);
  rl_survey_figures f = surveyed(one, false);
  assert_int_equal(f.entries + f.bytes + f.stamps + f.marks + f.computing + f.outdated + f.removed, 0);
  assert_true(f.memory > 100000);
  assert_int_equal(f.max_memory, 100 << 20);
  fill(&a, "posts", "some posts");
  fill(&b, "users", "some users");
  assert_int_equal(ask(&c, "other users"), RL_REMOTE_COMPUTE);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  redis_cli(&server, "SET test:hello 1");
  redis_cli(&server, "SET test:aaaaaaaaaaaaaaa:e:x 1"); /* one digit less */
  redis_cli(&server, "SET test:aaaaaaaaaaaaaaaa:x:x 1");
  redis_cli(&server, "SET test:aaaaaaaaaaaaaaaa:e:x 1"); /* of another life */
  redis_cli(&server, "SET tes:aaaaaaaaaaaaaaaa:e:x 1");
  f = surveyed(two, false);
  assert_int_equal(f.entries, 2);
  assert_true(f.bytes > 20 && f.bytes < 2000);
  assert_int_equal(f.stamps, 3); /* of posts, users, and everything */
  assert_int_equal(f.marks, 1);
  assert_int_equal(f.computing, 1);
  assert_int_equal(f.outdated, 1);
  assert_int_equal(f.removed, 0);
  assert_false(f.partial);
  f = surveyed(two, true);
  assert_int_equal(f.removed, 3);
  assert_int_equal(keep(&c, "old", NULL), RL_REMOTE_NONE); /* it began before */
  f = surveyed(one, false);
  assert_int_equal(f.entries + f.outdated + f.computing, 0);
  assert_int_equal(f.marks, 1); /* the write is still under way */
  assert_string_equal(redis_cli(&server, "EXISTS test:hello test:aaaaaaaaaaaaaaa:e:x test:aaaaaaaaaaaaaaaa:x:x"), "3");
  assert_int_equal(ask(&b, "users"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&b, "new", NULL), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_hit(&b, "users", "new");
  reader_end(&a);
  reader_end(&b);
  reader_end(&c);
  writer_end(&w);
  rl_remote_release(one);
  rl_remote_release(two);
}

/* More keys than one command looks at, values of another type, and a prefix that would be a pattern. */
static void test_many_keys(void **state) {
  (void)state;
  char url[200];
  rl_remote *r = NULL;
  redis_start(&server, "");
  snprintf(url, sizeof url, "unix://%s?timeout=20002", server.socket);
  assert_int_equal(rl_remote_open(rl_str_of(url), RL_STR("a*[b]?\\:"), REDIS_MOST, &r, NULL), RILLE_OK);
  reader x = reader_of(r, POST, 0);
  fill(&x, "posts", "x");
  char life[RL_LIFE_DIGITS + 1];
  snprintf(life, sizeof life, "%s", redis_cli(&server, "--raw KEYS '*:e:*'") + 8);
  redis_cli(&server,
            "--raw EVAL \"for i = 1, 3000 do redis.call('SET', 'a*[b]?\\\\\\\\:%s:e:' .. i, 'x') "
            "redis.call('SET', 'axxb:%s:e:' .. i, 'x') end\" 0",
            life, life);
  rl_survey_figures f = surveyed(r, false);
  assert_int_equal(f.entries, 3001);
  f = surveyed(r, true);
  assert_int_equal(f.removed, 3001);
  assert_int_equal(surveyed(r, false).entries, 0);
  assert_string_equal(redis_cli(&server, "DBSIZE"), "3002"); /* two stamps are left */
  reader_end(&x);
  rl_remote_release(r);
}

/* Who was not told is told later. */
static void test_not_told(void **state) {
  (void)state;
  rl_remote_figures owed;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20003), *two = redis_open(&server, 20004);
  reader a = reader_of(one, POST, 0), b = reader_of(two, POST, 0);
  fill(&a, "posts", "old");
  kill(server.pid, SIGSTOP);
  refused(one, true, "was not told that everything is stale: it did not answer in time");
  rl_remote_count(one, &owed);
  assert_true(owed.owes);
  kill(server.pid, SIGCONT);
  int64_t until = rl_clock_ms() + 30000;
  do assert_true(rl_clock_ms() < until);
  while (ask(&a, "posts") == RL_REMOTE_NONE); /* pays */
  rl_remote_count(one, &owed);
  assert_false(owed.owes);
  assert_int_equal(keep(&a, "new", NULL), RL_REMOTE_DONE);
  assert_hit(&b, "posts", "new");
  redis_stop(&server);
  refused(one, false, ": the server cannot be reached");
  refused(one, true, "was not told that everything is stale: the server cannot be reached");
  reader_end(&a);
  reader_end(&b);
  rl_remote_release(one);
  rl_remote_release(two);
}

/* What a user of the server must be allowed to do. */
static void test_rights(void **state) {
  (void)state;
  static const char *const rights[] = {"+@scripting +info +select +auth +time +@string +@hash +@keyspace ~test:*",
                                       "+@all -scan ~*", "+@all -info +info|server +info|replication ~*"};
  static const char *const problems[] = {NULL, "the server refused the script that lists keys", NULL};
  for (int i = 0; i < 3; i++) {
    char options[200], url[200];
    rl_remote *r = NULL;
    snprintf(options, sizeof options, "user app on >word %s", rights[i]);
    if (!redis_try_start(&server, options)) skip();
    snprintf(url, sizeof url, "unix://app:word@%s?timeout=2000%d", server.socket, 5 + i);
    assert_int_equal(rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, NULL), RILLE_OK);
    if (problems[i]) {
      refused(r, false, problems[i]);
      refused(r, true, "was told that everything is stale, but its answers were not removed: ");
    } else {
      (void)surveyed(r, false);
      (void)surveyed(r, true);
    }
    rl_remote_release(r);
    snprintf(url, sizeof url, "unix://app:wrong@%s", server.socket);
    assert_int_equal(rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, NULL), RILLE_OK);
    refused(r, true, "was not told that everything is stale: the server refused the user or the password");
    rl_remote_release(r);
    redis_stop(&server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_counting_and_clearing, tear_down),
      cmocka_unit_test_teardown(test_many_keys, tear_down),
      cmocka_unit_test_teardown(test_not_told, tear_down),
      cmocka_unit_test_teardown(test_rights, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
