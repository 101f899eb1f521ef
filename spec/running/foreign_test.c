/* Writes of others: what a client's cache is told of what other processes and programs write, by LISTEN or by the
 * version of a file. */
#include <pthread.h>
#include <sqlite3.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "running/running.h"

#include "cache/cache.h"
#include "run/foreign.h"
#include "run/foreign_inside.h"

/* ------------------------------------------------------------------ what the cache keeps */

static rl_cache *cache_of(world *w) {
  assert_true(rl_cache_own(&w->client->client->answers));
  return w->client->client->answers;
}

static void open_cached(world *w, bool postgres, const char *parameters) {
  open_world(w, postgres, blog_schema, parameters, 4);
  rl_client *c = w->client->client;
  assert_true(c->answers && rl_cache_activate(c->answers, &(rl_cache_limits){0}));
}

static bool look(world *w) {
  return rl_foreign_look(w->client->client);
}

/* Looks until it is known what others did. */
static void look_until_known(world *w) {
  int64_t until = rl_clock_after(20000);
  while (!look(w)) {
    if (rl_clock_ms() > until) fail_msg("it never became known");
    poll(NULL, 0, 2);
  }
}

static void look_until_not_known(world *w) {
  int64_t until = rl_clock_after(20000);
  while (look(w)) {
    if (rl_clock_ms() > until) fail_msg("the loss was not noticed");
    poll(NULL, 0, 2);
  }
}

static rl_question question(const char *key) {
  return (rl_question){.key = rl_str_of(key), .ttl_ms = INT64_MAX};
}

/* Keeps an answer under the name of a table, or under that of its rows, or under another one. */
static void keep(world *w, const char *key, rl_name name) {
  rl_question q = question(key);
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_names names;
  rl_names_init(&names);
  rl_names_add(&names, name);
  assert_int_equal(rl_cache_ask(cache_of(w), &q, &entry, &flight, &seat), RL_CACHE_COMPUTE);
  rl_flight_note(flight, &names);
  assert_true(rl_flight_land(flight, RL_STR("answer"), true));
  rl_names_dispose(&names);
}

static bool is_kept(world *w, const char *key) {
  rl_question q = question(key);
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_cache_answer a = rl_cache_ask(cache_of(w), &q, &entry, &flight, &seat);
  if (a == RL_CACHE_HIT) rl_cache_entry_release(entry);
  if (a == RL_CACHE_COMPUTE) rl_flight_fail(flight, NULL);
  assert_true(a == RL_CACHE_HIT || a == RL_CACHE_COMPUTE);
  return a == RL_CACHE_HIT;
}

static void keep_both(world *w) {
  look_until_known(w);
  if (!is_kept(w, "users")) keep(w, "users", rl_name_of_table(RL_STR("User"), RL_TABLE_ANY));
  if (!is_kept(w, "posts")) keep(w, "posts", rl_name_of_table(RL_STR("Post"), RL_TABLE_ANY));
}

/* Looks until what was kept is stale: a notice takes a moment. */
static void expect_stale(world *w, const char *key) {
  int64_t until = rl_clock_after(20000);
  for (;;) {
    (void)look(w);
    if (!is_kept(w, key)) return;
    if (rl_clock_ms() > until) fail_msg("%s: still kept", key);
    poll(NULL, 0, 2);
  }
}

/* ------------------------------------------------------------------ PostgreSQL */

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
  snprintf(payload, sizeof payload, "rille1 %016llx\\neverything", (unsigned long long)rl_notice_instance());
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

static int warnings_of(rille_client *c, const char *words) {
  int found = 0;
  const rille_client_event *e;
  while (rille_client_next_event(c, &e) == RILLE_OK) {
    if (e->kind == RILLE_CLIENT_EVENT_WARN && !strstr(e->message, words)) fail_msg("warning: %s", e->message);
    found += e->kind == RILLE_CLIENT_EVENT_WARN;
    rille_client_event_free(e);
  }
  return found;
}

static void observe_warnings(rille_client *c) {
  rille_error *err = NULL;
  rille_observe_options o = {.struct_size = sizeof o, .what = RILLE_OBSERVE_WARNINGS};
  must(rille_client_observe(c, &o, &err), err);
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

/* Bytes that have waited in the socket say nothing about now. */
static void test_old_signs_of_life(void **state) {
  (void)state;
  world w;
  proxy p;
  char url[512];
  if (!postgres_url()) skip();
  rl_foreign_silence_ms = 400;
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

/* ------------------------------------------------------------------ SQLite */

/* Runs SQL as another program does. */
static void other_writes(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  char *message = NULL;
  if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
  sqlite3_close(db);
}

static void own_write(world *w, rille_tx *tx, const char *email) {
  char data[100];
  snprintf(data, sizeof data, "{'data':{'email':'%s'}}", email);
  answer a = call(w->client, tx, "User", RILLE_CREATE, data);
  if (a.status != RILLE_DONE) fail_msg("%s", a.message);
}

static void check_file(world *w) {
  keep_both(w);
  for (int i = 0; i < 20; i++) assert_true(look(w) && is_kept(w, "users"));
  own_write(w, NULL, "first");
  look_until_known(w); /* the writer was not asked before, so this may count as a write of others */
  keep_both(w);
  for (int i = 0; i < 20; i++) {
    char email[20];
    snprintf(email, sizeof email, "own%d", i);
    own_write(w, NULL, email);
    assert_true(look(w));
    assert_true(is_kept(w, "posts")); /* our own: the cache was told in another way */
    keep_both(w);
  }
  for (int i = 0; i < 5; i++) {
    own_write(w, NULL, i == 0 ? "a" : i == 1 ? "b" : i == 2 ? "c" : i == 3 ? "d" : "e");
    other_writes(w->path, "UPDATE User SET name = 'y'");
    assert_true(look(w));
    assert_false(is_kept(w, "posts"));
    keep_both(w);
  }
  other_writes(w->path, "BEGIN; UPDATE User SET name = 'x'; ROLLBACK");
  assert_true(look(w) && is_kept(w, "users"));
}

static void test_file(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  check_file(&w);
  close_world(&w);
}

/* While the writer is in use, its commits cannot be told from those of others. */
static void test_busy_writer(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  own_write(&w, NULL, "first");
  keep_both(&w);
  own_write(&w, NULL, "second");
  keep_both(&w);
  rille_tx *tx = begin_tx(w.client, NULL);
  own_write(&w, tx, "third");
  assert_true(look(&w)); /* nothing was committed */
  assert_true(is_kept(&w, "posts"));
  step(w.client, tx, rille_op_rollback);
  rille_tx_free(tx);
  own_write(&w, NULL, "fourth"); /* moves the version; nobody looks yet */
  tx = begin_tx(w.client, NULL);
  assert_false(look(&w));
  assert_false(look(&w));
  step(w.client, tx, rille_op_rollback);
  rille_tx_free(tx);
  look_until_known(&w);
  assert_true(is_kept(&w, "posts"));
  close_world(&w);
}

/* A rollback journal: a writer that commits excludes readers, so the version cannot be read. */
static void test_locked_file(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  own_write(&w, NULL, "first");
  rille_client_release(w.client);
  other_writes(w.path, "PRAGMA journal_mode = DELETE");
  w.client = open_client(w.url, w.schema, 2);
  rl_client *c = w.client->client;
  assert_true(c->answers && rl_cache_activate(c->answers, &(rl_cache_limits){0}));
  keep_both(&w);
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open_v2(w.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE; UPDATE User SET name = 'y'", NULL, NULL, NULL), SQLITE_OK);
  for (int i = 0; i < 10; i++) assert_false(look(&w));
  assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  look_until_known(&w);
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

static void test_replaced_file(void **state) {
  (void)state;
  world w, other;
  char kept[200];
  open_cached(&w, false, "");
  keep_both(&w);
  open_world(&other, false, blog_schema, "", 1);
  own_write(&other, NULL, "somebody");
  rille_client_release(other.client);
  other.client = NULL;
  snprintf(kept, sizeof kept, "%s.kept", w.path);
  assert_int_equal(rename(w.path, kept), 0);
  look_until_not_known(&w); /* there is no database */
  assert_false(look(&w));
  remove_files(w.path);
  assert_int_equal(rename(other.path, w.path), 0);
  look_until_known(&w);
  assert_false(is_kept(&w, "users"));
  keep_both(&w);
  expect_rows(raw(w.client, NULL, "SELECT email FROM User", NULL), "(somebody)");
  other_writes(w.path, "UPDATE User SET name = 'x'");
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  unlink(kept);
  rille_schema_release(other.schema);
  remove_files(other.path);
  close_world(&w);
}

static void test_read_only_file(void **state) {
  (void)state;
  world w;
  if (geteuid() == 0) skip();
  open_cached(&w, false, "");
  assert_int_equal(chmod(w.path, 0444), 0);
  keep_both(&w);
  assert_true(look(&w) && is_kept(&w, "users"));
  assert_int_equal(chmod(w.path, 0644), 0);
  other_writes(w.path, "UPDATE User SET name = 'x'");
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

static void test_memory(void **state) {
  (void)state;
  world w = {0};
  w.schema = open_schema(blog_schema, false);
  snprintf(w.url, sizeof w.url, "sqlite::memory:");
  push_schema(w.url, w.schema);
  w.client = open_client(w.url, w.schema, 1);
  observe_warnings(w.client);
  assert_true(look(&w));
  assert_true(look(&w));
  assert_int_equal(warnings_of(w.client, ""), 0);
  rille_client_release(w.client);
  rille_schema_release(w.schema);
}

static void test_file_in_a_fork(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  keep_both(&w);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    look_until_known(&w);
    bool good = !is_kept(&w, "users");
    keep_both(&w);
    own_write(&w, NULL, "child");
    good = good && look(&w);
    _exit(good ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(look(&w));
  assert_false(is_kept(&w, "users"));
  close_world(&w);
}

/* ------------------------------------------------------------------ threads */

typedef struct looker {
  world *w;
  _Atomic bool *ends;
  int64_t known; /* how often it was known */
} looker;

static void *look_on(void *argument) {
  looker *l = argument;
  while (!*l->ends) l->known += rl_foreign_look(l->w->client->client);
  return NULL;
}

static void check_threads(world *w) {
  _Atomic bool ends = false;
  looker lookers[4];
  pthread_t threads[4];
  look_until_known(w);
  for (int i = 0; i < 4; i++) {
    lookers[i] = (looker){.w = w, .ends = &ends};
    assert_int_equal(pthread_create(&threads[i], NULL, look_on, &lookers[i]), 0);
  }
  for (int i = 0; i < 10; i++) {
    if (w->postgres)
      notify(w, "T:User");
    else
      other_writes(w->path, "UPDATE User SET name = 'x'");
    char email[20];
    snprintf(email, sizeof email, "thread%d", i);
    own_write(w, NULL, email);
    expect_stale(w, "users");
    keep_both(w);
  }
  ends = true;
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_true(lookers[i].known > 0);
  }
}

static void test_threads(void **state) {
  (void)state;
  world w;
  open_cached(&w, false, "");
  check_threads(&w);
  close_world(&w);
  if (!postgres_url()) return;
  open_postgres(&w);
  check_threads(&w);
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
      cmocka_unit_test(test_silence),
      cmocka_unit_test(test_old_signs_of_life),
      cmocka_unit_test(test_refused_listener),
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_busy_writer),
      cmocka_unit_test(test_locked_file),
      cmocka_unit_test(test_replaced_file),
      cmocka_unit_test(test_read_only_file),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_file_in_a_fork),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
