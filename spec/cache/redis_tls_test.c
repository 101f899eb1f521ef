/* TLS to Redis: the certificate and its name are checked; names and addresses of a host; URLs. */
#include "cache/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "cache/redis/url.h"

enum { POST = 100 };

static redis_server server;
static char keys[64];
static int port, plain_port;

/* The certificates are for the server too, whose time is the machine's (make faketime). */
static void run_in_keys(const char *command) {
  char line[1024];
  snprintf(line, sizeof line, "cd '%s' && unset LD_PRELOAD FAKETIME && { %s; } >/dev/null 2>&1", keys, command);
  if (system(line) != 0) fail_msg("%s", line);
}

#define KEY "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
#define AUTHORITY(name)                                                                                                \
  "openssl req -x509 " KEY " -nodes -days 36500 -keyout " name ".key -out " name ".pem -subj /CN=" name                \
  " -addext basicConstraints=critical,CA:TRUE"

static void make_keys(void) {
  snprintf(keys, sizeof keys, "/tmp/rille-keys-XXXXXX");
  assert_non_null(mkdtemp(keys));
  run_in_keys(AUTHORITY("ca"));
  run_in_keys(AUTHORITY("other"));
  run_in_keys("openssl req " KEY " -nodes -keyout server.key -out server.csr -subj /CN=localhost");
  run_in_keys("echo subjectAltName=DNS:localhost,IP:127.0.0.2 > server.ext");
  run_in_keys("openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 36500 -out server.pem "
              "-extfile server.ext");
}

static int free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  close(fd);
  return ntohs(at.sin_port);
}

static int set_up(void **state) {
  (void)state;
  char options[512];
  make_keys();
  for (int tries = 0; tries < 20; tries++) { /* another program may take a port in between */
    port = free_port();
    plain_port = free_port();
    snprintf(options, sizeof options,
             "bind 127.0.0.1 127.0.0.2\nport %d\ntls-port %d\ntls-cert-file %s/server.pem\ntls-key-file %s/server.key\n"
             "tls-ca-cert-file %s/ca.pem\ntls-auth-clients no",
             plain_port, port, keys, keys, keys);
    if (redis_try_start(&server, options)) return 0;
  }
  return 1;
}

static int tear_down(void **state) {
  (void)state;
  char command[128];
  redis_remove(&server);
  snprintf(command, sizeof command, "rm -rf '%s'", keys);
  return system(command);
}

static void ask_at(const char *host, const char *ca, const char *problem) {
  char url[256];
  rl_remote *r = NULL;
  rl_error err = {0};
  snprintf(url, sizeof url, "rediss://%s:%d/2?timeout=20000%s%s%s", host, port, ca ? "&ca=" : "", ca ? keys : "",
           ca ? ca : "");
  if (rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
  reader a = reader_of(r, POST, 0);
  rl_remote_answer answer = ask(&a, host);
  rl_remote_figures f;
  rl_remote_count(r, &f);
  assert_string_equal(f.problem, problem);
  assert_int_equal(answer, *problem ? RL_REMOTE_NONE : RL_REMOTE_COMPUTE);
  if (!*problem) {
    char *bytes = malloc(300001);
    memset(bytes, 'x', 300000);
    bytes[300000] = '\0';
    assert_int_equal(keep(&a, bytes, NULL), RL_REMOTE_DONE);
    assert_hit(&a, host, bytes);
    free(bytes);
  }
  reader_end(&a);
  rl_remote_release(r);
}

static void test_tls(void **state) {
  (void)state;
  ask_at("localhost", "/ca.pem", "");
  ask_at("127.0.0.2", "/ca.pem", "");
  ask_at("127.0.0.1", "/ca.pem", "IP address mismatch");
  ask_at("localhost", "/other.pem", "self-signed certificate in certificate chain");
  ask_at("localhost", NULL, "self-signed certificate in certificate chain");
}

static void test_tcp(void **state) {
  (void)state;
  static const char *const hosts[] = {"localhost", "127.0.0.1"};
  for (size_t i = 0; i < 2; i++) {
    char url[64];
    rl_remote *r = NULL;
    rl_error err = {0};
    snprintf(url, sizeof url, "redis://%s:%d/%zu?timeout=20000", hosts[i], plain_port, i);
    assert_int_equal(rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, &err), RILLE_OK);
    reader a = reader_of(r, POST, 0);
    fill(&a, "posts", "rows");
    assert_hit(&a, "posts", "rows");
    reader_end(&a);
    rl_remote_release(r);
  }
}

/* ------------------------------------------------------------------ URLs */

static void test_urls(void **state) {
  (void)state;
  static const struct {
    const char *url, *display, *user, *password, *ca;
    int db, limit;
  } right[] = {
      {"redis://localhost", "redis://localhost:6379/0", NULL, NULL, NULL, 0, 50},
      {"redis://localhost/", "redis://localhost:6379/0", NULL, NULL, NULL, 0, 50},
      {"redis://me:p%40ss%3a%2F@db.example:7000/3?timeout=80", "redis://db.example:7000/3", "me", "p@ss:/", NULL, 3,
       80},
      {"redis://:secret@[::1]:1", "redis://[::1]:1/0", NULL, "secret", NULL, 0, 50},
      {"redis://:@h", "redis://h:6379/0", NULL, "", NULL, 0, 50},
      {"rediss://h?ca=/a%20b&db=2", "rediss://h:6379/2", NULL, NULL, "/a b", 2, 50},
      {"unix:///run/redis.sock?db=5", "unix:///run/redis.sock?db=5", NULL, NULL, NULL, 5, 50},
      {"unix://me:x@/run/redis.sock", "unix:///run/redis.sock?db=0", "me", "x", NULL, 0, 50},
  };
  rl_arena arena;
  rl_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    rl_redis_url u;
    rl_error err = {0};
    if (rl_redis_parse_url(rl_str_of(right[i].url), &arena, &u, &err) != RILLE_OK)
      fail_msg("%s: %s", right[i].url, rl_error_message(&err));
    assert_string_equal(u.display, right[i].display);
    assert_string_equal(u.user ? u.user : "-", right[i].user ? right[i].user : "-");
    assert_string_equal(u.password ? u.password : "-", right[i].password ? right[i].password : "-");
    assert_string_equal(u.ca ? u.ca : "-", right[i].ca ? right[i].ca : "-");
    assert_int_equal(u.db, right[i].db);
    assert_int_equal(u.limit_ms, right[i].limit);
  }
  rl_arena_dispose(&arena);
}

static void test_wrong_urls(void **state) {
  (void)state;
  static const char *const wrong[][2] = {
      {"memcached://h", "or `memory`"},
      {"redis://", "the URL has no host"},
      {"redis://h:0", "port: expected"},
      {"redis://h:x", "port: expected"},
      {"redis://h:65536", "port: expected"},
      {"redis://[::1", "no host"},
      {"redis://[::1]x", "no host"},
      {"redis://h/x", "database: expected"},
      {"redis://h/0?secret", "unknown parameter; known are `db`, `timeout`"},
      {"redis://h/0?ca=secret", "unknown parameter"},
      {"redis://h?timeout=0", "`timeout`: expected an integer from 1"},
      {"redis://u:secret%zz@h", "password is not percent-encoded"},
      {"redis://u:secret%00@h", "password contains a zero byte"},
      {"redis://u:sec@ret@h", "percent-encode"},
      {"redis://u:sec/ret@h", "percent-encode"},
      {"redis://secret@h", "a user without a password"},
      {"unix://", "no path"},
      {"unix://u:secret@", "no path"},
      {"rediss://h?ca=/nonexistent/secret", "the file of authorities cannot be read"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    rl_remote *r = NULL;
    rl_error err = {0};
    assert_int_equal(rl_remote_open(rl_str_of(wrong[i][0]), REDIS_PREFIX, REDIS_MOST, &r, &err), RILLE_ERROR);
    assert_int_equal(err.code, RL_VALIDATION);
    if (!strstr(rl_error_message(&err), wrong[i][1])) fail_msg("%s: %s", wrong[i][0], rl_error_message(&err));
    assert_null(strstr(rl_error_message(&err), "sec"));
    rl_error_clear(&err);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tls),
      cmocka_unit_test(test_tcp),
      cmocka_unit_test(test_urls),
      cmocka_unit_test(test_wrong_urls),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
