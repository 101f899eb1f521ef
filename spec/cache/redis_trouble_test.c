/* The cache in Redis when something is wrong: the server is away, silent, new, full, refuses or lies. */
#include "cache/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>

#include "base/failing_allocator.h"

enum { POST = 100, USER = 101 };

static redis_server server;

static int tear_down(void **state) {
  (void)state;
  redis_remove(&server);
  return 0;
}

static void wait_while_away(rl_remote *r) {
  rl_remote_figures f;
  int64_t until = rl_clock_ms() + 30000;
  for (rl_remote_count(r, &f); f.away; rl_remote_count(r, &f)) {
    assert_true(rl_clock_ms() < until);
    usleep(5000);
  }
}

/* Asks until the server is used again. */
static rl_remote_answer ask_when_back(reader *x, const char *key) {
  int64_t until = rl_clock_ms() + 30000;
  rl_remote_answer answer;
  while ((answer = ask(x, key)) == RL_REMOTE_NONE) {
    assert_true(rl_clock_ms() < until);
    wait_while_away(x->remote);
  }
  return answer;
}

static void assert_problem(rl_remote *r, const char *problem) {
  rl_remote_figures f;
  rl_remote_count(r, &f);
  assert_string_equal(f.problem, problem);
}

static void test_away_in_the_middle_of_a_commit(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000), *two = redis_open(&server, 20001);
  reader a = reader_of(one, POST, 0), b = reader_of(two, POST, 0), u = reader_of(one, USER, 0);
  writer w = writer_of(one, POST, 0);
  rl_remote_figures f;
  fill(&a, "posts", "old");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  redis_stop(&server);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_NONE);
  rl_remote_count(one, &f);
  assert_true(f.away);
  assert_true(f.owes);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  /* a whole write while it is away */
  assert_int_equal(mark(&w), RL_REMOTE_NONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_NONE);
  redis_start(&server, "");
  assert_int_equal(ask_when_back(&b, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&b, "new", NULL), RL_REMOTE_DONE);
  assert_int_equal(ask_when_back(&u, "users"), RL_REMOTE_COMPUTE); /* pays */
  rl_remote_count(one, &f);
  assert_false(f.owes);
  assert_int_equal(ask(&b, "posts"), RL_REMOTE_COMPUTE); /* it was kept before the debt was paid */
  reader_end(&a);
  reader_end(&b);
  reader_end(&u);
  writer_end(&w);
  rl_remote_release(one);
  rl_remote_release(two);
}

/* A write that could not be marked: until it has ended, this process uses nothing, although the server is back. */
static void test_a_write_that_is_not_marked(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, POST, 0);
  fill(&a, "posts", "old");
  rl_talk_mark(&w.talk, one, &w.writing, &w.names);
  rl_talk_end(&w.talk);
  for (int i = 0; i < 3; i++) assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  fill(&a, "posts", "new");
  /* abandoned in the middle of its end */
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  rl_talk_settle(&w.talk, &w.writing, RL_WRITE_UNKNOWN, NULL);
  rl_talk_end(&w.talk);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled); /* it may still be committed */
  reader_end(&a);
  writer_end(&w);
  rl_remote_release(one);
}

static void test_silence(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 50);
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, POST, 0);
  (void)ask_when_back(&a, "posts");
  kill(server.pid, SIGSTOP);
  wait_while_away(one);
  int64_t before = rl_clock_ms();
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  assert_in_range(rl_clock_ms() - before, 45, 5000);
  assert_problem(one, "the server did not answer in time");
  assert_int_equal(mark(&w), RL_REMOTE_NONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_NONE);
  /* the pauses grow */
  for (int i = 0; i < 3; i++) {
    wait_while_away(one);
    assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  }
  kill(server.pid, SIGCONT);
  assert_int_not_equal(ask_when_back(&a, "posts"), RL_REMOTE_NONE);
  assert_problem(one, "");
  reader_end(&a);
  writer_end(&w);
  rl_remote_release(one);
}

/* The server comes back with what it had saved before a write. */
static void test_a_server_with_old_data(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, POST, 0);
  fill(&a, "posts", "old");
  assert_string_equal(redis_cli(&server, "SAVE"), "OK");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  redis_stop(&server);
  redis_start(&server, "");
  assert_string_not_equal(redis_cli(&server, "KEYS 'test:*:e:*'"), "");
  assert_int_equal(ask_when_back(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&a, "new", NULL), RL_REMOTE_DONE);
  assert_hit(&a, "posts", "new");
  reader_end(&a);
  writer_end(&w);
  rl_remote_release(one);
}

static rl_remote *open_url(const char *url) {
  rl_remote *r = NULL;
  rl_error err = {0};
  if (rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
  return r;
}

static void assert_refused(const char *url, const char *problem) {
  rl_remote *r = open_url(url);
  reader a = reader_of(r, POST, 0);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  assert_problem(r, problem);
  assert_null(strstr(rl_remote_display(r), "secret"));
  reader_end(&a);
  rl_remote_release(r);
}

static void assert_accepted(const char *url) {
  rl_remote *r = open_url(url);
  reader a = reader_of(r, POST, 0);
  rl_remote_answer answer = ask(&a, url);
  rl_remote_figures f;
  rl_remote_count(r, &f);
  assert_string_equal(f.problem, "");
  assert_int_equal(answer, RL_REMOTE_COMPUTE);
  reader_end(&a);
  rl_remote_release(r);
}

static const char *url_of(const char *login, const char *rest) {
  static char url[256];
  snprintf(url, sizeof url, "unix://%s%s?timeout=20000%s", login, server.socket, rest);
  return url;
}

static void test_passwords_and_databases(void **state) {
  (void)state;
  redis_start(&server, "requirepass pa:ss@secret\nuser app on >word ~* +@all");
  assert_accepted(url_of(":pa%3Ass%40secret@", ""));
  assert_accepted(url_of("app:word@", "&db=3"));
  assert_refused(url_of(":secret@", ""), "the server refused the user or the password");
  assert_refused(url_of("app:secret@", ""), "the server refused the user or the password");
  assert_refused(url_of("", ""), "the server refused the user or the password");
  assert_refused(url_of("app:word@", "&db=99"), "the server refused the login, the database or INFO");
}

static void test_a_replica_is_not_used(void **state) {
  (void)state;
  redis_start(&server, "replicaof 127.0.0.1 1\nreplica-serve-stale-data yes");
  assert_refused(url_of("", ""), "the server is a replica");
}

static void run_cli_on(const char *kind, const char *before, const char *after) {
  char key[256];
  snprintf(key, sizeof key, "%s", redis_cli(&server, "--raw KEYS 'test:*:%s:*'", kind));
  assert_true(key[0] != '\0');
  redis_cli(&server, "%s '%s' %s", before, key, after);
}

/* Each is a miss, and the next answer is kept again. */
static void test_hostile_values(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  static const struct {
    const char *kind, *before, *after;
  } cases[] = {
      {"e", "DEL", ""},
      {"e", "HSET", "v x"},
      {"e", "HSET", "v rle1"},
      {"e", "HSET", "v 'rle1\377\377\377\377'"},
      {"e", "HSET", "d ''"},
      {"e", "HSET", "d 0123456789abcdef"},
      {"e", "HSET", "d zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"},
      {"e", "HSET", "b soon"},
      {"e", "HSET", "b nan"},
      {"e", "HSET", "b 99999999999999999999"},
      {"e", "HDEL", "v"},
      {"e", "HDEL", "d"},
      {"e", "HDEL", "b"},
      {"n", "HSET", "s short"},
      {"n", "HDEL", "s"},
      {"n", "HSET", "x y"},
      {"n", "HSET", "x 99999999999999999999"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    reader a = reader_of(one, RL_NAME_EVERYTHING, 0);
    redis_cli(&server, "FLUSHALL");
    fill(&a, "posts", "rows");
    run_cli_on(cases[i].kind, cases[i].before, cases[i].after);
    fill(&a, "posts", "rows");
    assert_hit(&a, "posts", "rows");
    reader_end(&a);
  }
  reader a = reader_of(one, RL_NAME_EVERYTHING, 0);
  static const char *const kinds[] = {"e", "n"}, *const types[] = {"SET", "RPUSH", "SADD"};
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < 3; i++) {
      char key[256];
      snprintf(key, sizeof key, "%s", redis_cli(&server, "--raw KEYS 'test:*:%s:*'", kinds[k]));
      redis_cli(&server, "DEL '%s'", key);
      redis_cli(&server, "%s '%s' garbage", types[i], key);
      fill(&a, "posts", "rows");
      assert_hit(&a, "posts", "rows");
    }
  /* a lock that never ends */
  assert_int_equal(ask(&a, "users"), RL_REMOTE_COMPUTE);
  run_cli_on("f", "PERSIST", "");
  assert_int_equal(ask(&a, "users"), RL_REMOTE_COMPUTE);
  reader_end(&a);
  rl_remote_release(one);
}

/* An entry under the key of another one, as by RENAME. */
static void test_an_entry_of_another_key(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  reader a = reader_of(one, POST, 0);
  fill(&a, "posts of one tenant", "secret");
  char from[256], to[256];
  snprintf(from, sizeof from, "%s", redis_cli(&server, "--raw KEYS 'test:*:e:*'"));
  assert_int_equal(ask(&a, "posts of another"), RL_REMOTE_COMPUTE);
  snprintf(to, sizeof to, "%.*s%s", (int)(strlen(from) - RL_ENTRY_DIGITS), from, a.work.entry);
  redis_cli(&server, "RENAME '%s' '%s'", from, to);
  assert_int_equal(ask(&a, "posts of another"), RL_REMOTE_COMPUTE);
  reader_end(&a);
  rl_remote_release(one);
}

static void test_eviction(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, POST, USER);
  fill(&a, "posts", "old");
  redis_cli(&server, "CONFIG SET maxmemory-policy noeviction");
  redis_cli(&server, "CONFIG SET maxmemory 1");
  assert_hit(&a, "posts", "old");
  assert_int_equal(ask(&a, "users"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled);
  (void)mark(&w);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  redis_cli(&server, "CONFIG SET maxmemory 0");
  fill(&a, "posts", "new");
  redis_cli(&server, "CONFIG SET maxmemory-policy allkeys-lru");
  redis_cli(&server, "CONFIG SET maxmemory 1");
  assert_int_not_equal(ask(&a, "posts"), RL_REMOTE_HIT);
  redis_cli(&server, "CONFIG SET maxmemory 0");
  assert_int_equal(ask_when_back(&a, "posts"), RL_REMOTE_COMPUTE);
  reader_end(&a);
  writer_end(&w);
  rl_remote_release(one);
}

static void test_debts_are_bounded(void **state) {
  (void)state;
  redis_start(&server, "");
  rl_remote *one = redis_open(&server, 20000);
  reader a = reader_of(one, POST, 0);
  fill(&a, "posts", "old");
  kill(server.pid, SIGSTOP);
  for (rl_name n = 10000; n < 13000; n++) {
    writer w = writer_of(one, n, 0);
    rl_talk_mark(&w.talk, one, &w.writing, &w.names);
    rl_talk_end(&w.talk);
    rl_remote_owe(&w.writing, RL_WRITE_DONE, NULL);
    writer_end(&w);
  }
  kill(server.pid, SIGCONT);
  assert_int_equal(ask_when_back(&a, "posts"), RL_REMOTE_COMPUTE); /* everything is stale */
  reader_end(&a);
  rl_remote_release(one);
}

/* ------------------------------------------------------------------ servers that are none */

typedef struct liar {
  int listener, port;
  const char *answer;
  size_t len;
  pthread_t thread;
} liar;

static void *lie(void *context) {
  liar *l = context;
  char ignored[4096];
  int fd = accept(l->listener, NULL, NULL);
  if (fd < 0) return NULL;
  (void)!read(fd, ignored, sizeof ignored);
  (void)!send(fd, l->answer, l->len, MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  while (read(fd, ignored, sizeof ignored) > 0) {}
  close(fd);
  return NULL;
}

static void assert_liar(const char *answer, const char *problem) {
  liar l = {.answer = answer, .len = strlen(answer)};
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  l.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(l.listener, (const struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(l.listener, 1), 0);
  assert_int_equal(getsockname(l.listener, (struct sockaddr *)&at, &size), 0);
  char url[64];
  snprintf(url, sizeof url, "redis://127.0.0.1:%d?timeout=20000", ntohs(at.sin_port));
  assert_int_equal(pthread_create(&l.thread, NULL, lie, &l), 0);
  assert_refused(url, problem);
  pthread_join(l.thread, NULL);
  close(l.listener);
}

#define SCRIPTS "$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n"
#define GREETING SCRIPTS "$9\r\n\nrun_id:1\r\n$13\r\n\nrole:master\n\r\n"

static void test_what_is_no_redis(void **state) {
  (void)state;
  static const char form[] = "the server's answer has another form", none[] = "the server sent what is no reply",
                    greeting[] = "the server's greeting is not that of Redis";
  assert_liar("HTTP/1.1 400 Bad Request\r\n\r\n", none);
  assert_liar("", "the server closed the connection");
  assert_liar("$99999999999\r\n", "the server closed the connection");
  assert_liar("*2147483647\r\n", none);
  assert_liar("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", none);
  assert_liar("+OK\r\n", greeting);
  assert_liar(":1\r\n", greeting);
  assert_liar("-LOADING x\r\n", "the server is loading its data");
  assert_liar(SCRIPTS "$9\r\n\nrun_id:1\r\n$12\r\n\nrole:slave\n\r\n", "the server is a replica");
  assert_liar(GREETING "-ERR no scripts here\r\n", "the server refused a script");
  assert_liar(GREETING "+OK\r\n", form);
  assert_liar(GREETING ":1\r\n", form);
  assert_liar(GREETING "*0\r\n", form);
  assert_liar(GREETING "*1\r\n:4\r\n", form);
  assert_liar(GREETING "*2\r\n:4\r\n:0\r\n", form);
  assert_liar(GREETING "*4\r\n:4\r\n:0\r\n:5\r\n$1\r\nx\r\n", form);
  assert_liar(GREETING "*4\r\n:1\r\n:0\r\n$1\r\nx\r\n:1\r\n", form);
  assert_liar(GREETING "*1\r\n:9\r\n", form);
  assert_refused("redis://127.0.0.1:1?timeout=20000", "the server cannot be reached");
  assert_refused("unix:///nonexistent/socket?timeout=20000", "the server cannot be reached");
}

/* ------------------------------------------------------------------ memory */

/* Each time other names and keys: what an earlier run has marked or locked stays so for a while. */
static bool talk_once(void *argument) {
  static unsigned runs;
  char key[16];
  rl_remote *r = NULL;
  rl_error err = {0};
  char url[200];
  (void)argument;
  snprintf(url, sizeof url, "unix://%s?timeout=20002", server.socket);
  rille_status st = rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, &err);
  rl_error_clear(&err);
  if (st != RILLE_OK) return false;
  snprintf(key, sizeof key, "key %u", ++runs);
  reader a = reader_of(r, 1000 + runs, 0);
  writer w = writer_of(r, 1000 + runs, 0);
  bool good = mark(&w) == RL_REMOTE_DONE;
  good = settle(&w, RL_WRITE_DONE, NULL) == RL_REMOTE_DONE && good;
  good = good && ask(&a, key) == RL_REMOTE_COMPUTE && keep(&a, "rows", NULL) == RL_REMOTE_DONE;
  good = good && ask(&a, key) == RL_REMOTE_HIT;
  reader_end(&a);
  writer_end(&w);
  rl_remote_release(r);
  return good;
}

static void test_each_allocation_may_fail(void **state) {
  (void)state;
  redis_start(&server, "");
  assert_true(talk_once(NULL));
  assert_true(fail_each_allocation(talk_once, NULL, true) > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_away_in_the_middle_of_a_commit, tear_down),
      cmocka_unit_test_teardown(test_a_write_that_is_not_marked, tear_down),
      cmocka_unit_test_teardown(test_silence, tear_down),
      cmocka_unit_test_teardown(test_a_server_with_old_data, tear_down),
      cmocka_unit_test_teardown(test_passwords_and_databases, tear_down),
      cmocka_unit_test_teardown(test_a_replica_is_not_used, tear_down),
      cmocka_unit_test_teardown(test_hostile_values, tear_down),
      cmocka_unit_test_teardown(test_an_entry_of_another_key, tear_down),
      cmocka_unit_test_teardown(test_eviction, tear_down),
      cmocka_unit_test_teardown(test_debts_are_bounded, tear_down),
      cmocka_unit_test(test_what_is_no_redis),
      cmocka_unit_test_teardown(test_each_allocation_may_fail, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
