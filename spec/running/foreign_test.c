/* Writes of others on a server: notices, the connection that listens, and what is known without it. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "running/noticing.h"

#include "run/foreign_inside.h"

static void open_postgres(world *w) {
  if (!postgres_url()) skip();
  open_cached(w, true, "");
}

static const char *database_of(const world *w) {
  static char name[64];
  const char *slash = strrchr(w->url, '/');
  snprintf(name, sizeof name, "%.*s", (int)strcspn(slash + 1, "?"), slash + 1);
  return name;
}

/* Sends a notice from another program. */
static void notify(const world *w, const char *payload) {
  char sql[300];
  snprintf(sql, sizeof sql, "SELECT pg_notify('rille_cache', E'%s')", payload);
  assert_int_equal(psql(database_of(w), sql), 0);
}

static void end_listeners(const world *w) {
  char sql[300];
  snprintf(sql, sizeof sql,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND query LIKE 'LISTEN%%'",
           database_of(w));
  assert_int_equal(psql("postgres", sql), 0);
}

static void test_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  assert_false(look(&w)); /* it does not listen yet, and does not wait until it does */
  keep_both(&w);
  notify(&w, "T:User");
  expect_stale(&w, "users");
  assert_true(is_kept(&w, "posts"));
  keep_both(&w);
  notify(&w, "hello");
  expect_stale(&w, "users");
  assert_false(is_kept(&w, "posts"));
  keep(&w, "name", 255);
  keep_both(&w);
  notify(&w, "rille1 0123456789abcdef\\nn00000000000000ff");
  expect_stale(&w, "name");
  assert_true(is_kept(&w, "posts") && is_kept(&w, "users"));
  close_world(&w);
}

static void test_own_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  keep_both(&w);
  char payload[100];
  snprintf(payload, sizeof payload, "rille1 %016llx\\neverything",
           (unsigned long long)rl_notice_instance(cache_of(&w)));
  notify(&w, payload);
  notify(&w, "T:Other");
  keep(&w, "other", rl_name_of_table(RL_STR("Other"), RL_TABLE_ANY));
  expect_stale(&w, "other"); /* so the notice before it was read */
  assert_true(is_kept(&w, "users"));
  rl_notice_outcome_unknown();
  notify(&w, payload); /* of the write whose outcome is unknown: it has committed after all */
  expect_stale(&w, "users");
  close_world(&w);
}

static void test_many_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  keep_both(&w);
  assert_int_equal(psql(database_of(&w), "SELECT pg_notify('rille_cache', 'T:t' || n) FROM generate_series(1, 5000) n; "
                                         "SELECT pg_notify('rille_cache', 'T:User')"),
                   0);
  expect_stale(&w, "users");
  look_until_known(&w);
  close_world(&w);
}

static void test_lost_listener(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  for (int i = 0; i < 3; i++) {
    keep_both(&w);
    end_listeners(&w);
    look_until_not_known(&w);
    look_until_known(&w);
    assert_false(is_kept(&w, "users")); /* whatever happened in between is not known */
  }
  close_world(&w);
}

/* The child listens itself, and leaves the parent's connection alone. */
static void test_fork(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
#ifdef __SANITIZE_THREAD__
  rl_foreign_ticks = 0; /* it allows no new thread in the child */
#endif
  keep_both(&w);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    bool good = !look(&w); /* not known: it does not listen yet */
    look_until_known(&w);
    good = good && !is_kept(&w, "users");
    keep_both(&w);
    notify(&w, "T:User");
    expect_stale(&w, "users");
    good = good && is_kept(&w, "posts");
    _exit(good ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  expect_stale(&w, "users");
  keep_both(&w);
  notify(&w, "T:Post");
  expect_stale(&w, "posts");
  assert_true(is_kept(&w, "users"));
  rl_foreign_ticks = 5;
  close_world(&w);
}

static int count_listeners(const world *w) {
  char sql[300];
  answer a;
  rille_client *c = open_client(w->url, w->schema, 1);
  snprintf(sql, sizeof sql,
           "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND query LIKE 'LISTEN%%' AND pid <> "
           "pg_backend_pid()",
           database_of(w));
  a = raw(c, NULL, sql, NULL);
  rille_client_release(c);
  return atoi(a.rows + 1);
}

static void expect_listeners(const world *w, int count) {
  for (int i = 0; i < 2000 && count_listeners(w) != count; i++) poll(NULL, 0, 10);
  assert_int_equal(count_listeners(w), count);
}

/* One connection per pool, which ends with the pool. */
static void test_life_of_the_connection(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_client *other = open_client(w.url, w.schema, 4);
  expect_listeners(&w, 0); /* nobody has looked */
  keep_both(&w);
  while (!rl_foreign_look(other->client)) poll(NULL, 0, 2);
  expect_listeners(&w, 1);
  rille_client_release(other);
  expect_listeners(&w, 1);
  assert_true(is_kept(&w, "users"));
  world again = w;
  again.client = open_client(w.url, w.schema, 3); /* another pool, which keeps the database's name */
  rille_client_release(w.client);
  expect_listeners(&w, 0);
  w.client = again.client;
  close_world(&w);
}

static void test_pooler(void **state) {
  (void)state;
  world w;
  if (!postgres_url()) skip();
  open_cached(&w, true, "pgbouncer=true");
  assert_true(look(&w)); /* only the ttl of answers counts */
  observe_warnings(w.client);
  assert_true(look(&w));
  assert_true(look(&w));
  assert_int_equal(warnings_of(w.client, "cache.listen_url"), 1);
  char url[512];
  url_with(database_of(&w), "", url, sizeof url);
  w.client->client->listen_url = rl_str_of(url);
  assert_false(look(&w));
  keep_both(&w);
  notify(&w, "T:User");
  expect_stale(&w, "users");
  assert_int_equal(warnings_of(w.client, ""), 0);
  w.client->client->listen_url = (rl_str){0};
  assert_true(look(&w));
  close_world(&w);
}

/* Notices of this database do not arrive in another one. */
static void test_another_database(void **state) {
  (void)state;
  world w;
  char url[512];
  open_postgres(&w);
  observe_warnings(w.client);
  url_with("postgres", "", url, sizeof url);
  w.client->client->listen_url = rl_str_of(url);
  int64_t until = rl_clock_after(20000);
  int warned = 0;
  while (!warned && rl_clock_ms() < until) {
    assert_false(look(&w));
    warned = warnings_of(w.client, "cache.listen_url");
    poll(NULL, 0, 2);
  }
  assert_int_equal(warned, 1);
  assert_false(look(&w));
  w.client->client->listen_url = (rl_str){0};
  look_until_known(&w);
  assert_int_equal(warnings_of(w.client, ""), 0);
  close_world(&w);
}

/* ------------------------------------------------------------------ a listener that hears nothing */

/* Passes bytes between a client and the server until it is silent: then it swallows them. One connection at a time. */
typedef struct proxy {
  int listens, port, server_port;
  _Atomic bool silent, refuses, ends;
  pthread_t thread;
} proxy;

static struct sockaddr_in local_port(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(int port) {
  struct sockaddr_in to = local_port(port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  return fd;
}

static bool pass_on(const proxy *p, int from, int to) {
  char bytes[4096];
  ssize_t n = read(from, bytes, sizeof bytes);
  return n > 0 && (p->silent || write(to, bytes, (size_t)n) == n);
}

static void pass_between(const proxy *p, int client, int server) {
  struct pollfd q[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  bool good = true;
  while (good && !p->ends) {
    if (poll(q, 2, 20) <= 0) continue;
    if (q[0].revents) good = pass_on(p, client, server);
    if (good && q[1].revents) good = pass_on(p, server, client);
  }
}

static void *run_proxy(void *argument) {
  proxy *p = argument;
  while (!p->ends) {
    struct pollfd q = {p->listens, POLLIN, 0};
    if (poll(&q, 1, 20) <= 0) continue;
    int client = accept(p->listens, NULL, NULL), server = connect_to(p->server_port);
    if (!p->refuses) pass_between(p, client, server);
    close(client);
    close(server);
  }
  return NULL;
}

static void proxy_open(proxy *p) {
  const char *base = strrchr(postgres_url(), ':');
  *p = (proxy){.server_port = atoi(base + 1)};
  struct sockaddr_in at = local_port(0);
  socklen_t len = sizeof at;
  p->listens = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(p->listens, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(p->listens, 8), 0);
  assert_int_equal(getsockname(p->listens, (struct sockaddr *)&at, &len), 0);
  p->port = ntohs(at.sin_port);
  assert_int_equal(pthread_create(&p->thread, NULL, run_proxy, p), 0);
}

static void proxy_close(proxy *p) {
  p->ends = true;
  pthread_join(p->thread, NULL);
  close(p->listens);
}

/* Opens a world whose listener goes through the proxy. */
static void open_behind(world *w, proxy *p, char *url, size_t size) {
  open_postgres(w);
  proxy_open(p);
  const char *base = postgres_url(), *colon = strrchr(base, ':');
  snprintf(url, size, "%.*s:%d/%s", (int)(colon - base), base, p->port, database_of(w));
  w->client->client->listen_url = rl_str_of(url);
}

static void close_behind(world *w, proxy *p) {
  w->client->client->listen_url = (rl_str){0};
  rl_foreign_silence_ms = 10000;
  rl_foreign_ticks = 5;
  rille_client_release(w->client);
  proxy_close(p);
  w->client = open_client(w->url, w->schema, 1);
  close_world(w);
}

static void test_silence(void **state) {
  (void)state;
  world w;
  proxy p;
  char url[512];
  if (!postgres_url()) skip();
  rl_foreign_silence_ms = 400;
  open_behind(&w, &p, url, sizeof url);
  keep_both(&w);
  int64_t from = rl_clock_ms();
  while (rl_clock_ms() - from < 1000) { /* signs of life are asked for and come, so it stays known */
    keep_both(&w);
    poll(NULL, 0, 5);
  }
  assert_true(is_kept(&w, "users"));
  p.silent = true;
  notify(&w, "T:User"); /* nobody hears it */
  look_until_not_known(&w);
  for (int i = 0; i < 50; i++) {
    assert_false(look(&w));
    poll(NULL, 0, 2);
  }
  p.silent = false;
  look_until_known(&w);
  assert_false(is_kept(&w, "users"));
  close_behind(&w, &p);
}

/* Calls that are further apart than the silence: each look asks, and gets its answer. */
static void test_rare_looks(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rl_foreign_silence_ms = 1000; /* half of it is for the answer, on a busy machine, too */
  rl_foreign_answer_ms = 10000;
  keep_both(&w);
  for (int i = 0; i < 2; i++) {
    poll(NULL, 0, 1100);
    assert_true(look(&w));
  }
  assert_true(is_kept(&w, "users"));
  notify(&w, "T:User");
  poll(NULL, 0, 1100);
  (void)look(&w);
  expect_stale(&w, "users");
  rl_foreign_silence_ms = 10000;
  rl_foreign_answer_ms = 20;
  close_world(&w);
}

/* While nobody looks, a thread reads what comes, and asks for signs of life. */
static void test_idle(void **state) {
  (void)state;
  world w;
  if (!postgres_url()) skip();
  rl_foreign_silence_ms = 500;
  open_postgres(&w);
  keep_both(&w);
  for (int i = 0; i < 2; i++) {
    poll(NULL, 0, 1200); /* longer than the longest silence */
    int64_t until = rl_clock_after(20000);
    while (!look(&w) && rl_clock_ms() < until) poll(NULL, 0, 1200); /* a busy machine */
    assert_true(is_kept(&w, "users"));
  }
  notify(&w, "T:User");
  int64_t until = rl_clock_after(20000);
  while (is_kept(&w, "users") && rl_clock_ms() < until) poll(NULL, 0, 10); /* nobody looks */
  assert_false(is_kept(&w, "users"));
  assert_true(is_kept(&w, "posts"));
  rl_foreign_silence_ms = 10000;
  close_world(&w);
}

/* Bytes that have waited in the socket say nothing about now. */
static void test_old_signs_of_life(void **state) {
  (void)state;
  world w;
  proxy p;
  char url[512];
  if (!postgres_url()) skip();
  rl_foreign_silence_ms = 400;
  rl_foreign_ticks = 0;
  open_behind(&w, &p, url, sizeof url);
  keep_both(&w);
  notify(&w, "T:Other");
  poll(NULL, 0, 300); /* it has arrived, and nobody looks */
  p.silent = true;
  poll(NULL, 0, 300);
  for (int i = 0; i < 20; i++) assert_false(look(&w));
  p.silent = false;
  look_until_known(&w);
  close_behind(&w, &p);
}

static void test_refused_listener(void **state) {
  (void)state;
  world w;
  proxy p;
  char url[512];
  if (!postgres_url()) skip();
  open_behind(&w, &p, url, sizeof url);
  observe_warnings(w.client);
  p.refuses = true;
  int64_t until = rl_clock_after(20000);
  int warned = 0;
  while (!warned && rl_clock_ms() < until) {
    assert_false(look(&w));
    warned = warnings_of(w.client, "cannot listen");
    poll(NULL, 0, 2);
  }
  assert_int_equal(warned, 1);
  p.refuses = false;
  look_until_known(&w);
  assert_int_equal(warnings_of(w.client, ""), 0);
  close_behind(&w, &p);
}

static void notify_users(const world *w) {
  notify(w, "T:User");
}

static void test_threads(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  check_threads(&w, notify_users);
  close_world(&w);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rl_foreign_ticks = 0;
  check_memory(&w);
  rl_foreign_ticks = 5;
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_notices),
      cmocka_unit_test(test_own_notices),
      cmocka_unit_test(test_many_notices),
      cmocka_unit_test(test_lost_listener),
      cmocka_unit_test(test_fork),
      cmocka_unit_test(test_life_of_the_connection),
      cmocka_unit_test(test_pooler),
      cmocka_unit_test(test_rare_looks),
      cmocka_unit_test(test_another_database),
      cmocka_unit_test(test_silence),
      cmocka_unit_test(test_idle),
      cmocka_unit_test(test_old_signs_of_life),
      cmocka_unit_test(test_refused_listener),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
