/* A server that sends without end: connecting and calls keep their time limits, memory stays small, and the pool
 * continues with another connection. */
#include <sys/resource.h>

#include "running/running.h"

#include "driver/fake_server.h"

static const char user_schema[] = "model User {\n  id Int @id\n}\n";

/* Far less than the server sends. Sanitizers keep freed memory for a while. */
#ifdef __SANITIZE_ADDRESS__
enum { MOST_KB = 1 << 20 };
#else
enum { MOST_KB = 64 << 10 };
#endif

static long peak_kb(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

typedef struct odd {
  fake_server server;
  rille_schema *schema;
  rille_client *base, *client;
} odd;

/* Connections after the first are normal, and answer one query. */
static void begin(odd *o, fake_stage stage) {
  fake_open(&o->server);
  o->server.stage = stage;
  o->server.flooded = 1;
  rl_buf *out = fake_answer(&o->server);
  fake_row(out, 25, 1, "well", 4);
  fake_ready(out);
}

static void go(odd *o, const char *parameters, int64_t timeout_ms) {
  char base[64], url[1024], password[600] = {0};
  rille_error *err = NULL;
  fake_go(&o->server, base);
  memset(password, 'p', o->server.reads ? 1 : sizeof password - 1);
  snprintf(url, sizeof url, "postgresql://u:%s@%s&%s", password, strchr(base, '@') + 1, parameters);
  o->schema = open_schema(user_schema, true);
  o->base = open_client(url, o->schema, 1);
  rille_derive_options d = {.struct_size = sizeof d, .timeout_ms = timeout_ms};
  must(rille_client_derive(o->base, &d, &o->client, &err), err);
}

static void end(odd *o) {
  rille_client_release(o->client);
  rille_client_release(o->base);
  rille_schema_release(o->schema);
  fake_close(&o->server);
}

static answer ask(rille_client *client, bool cooperative) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(client);
  rille_op_set_blocking(op, !cooperative);
  drain(op, rille_op_raw(op, NULL, "SELECT c", 8, NULL, 1, &err), err, &a);
  rille_op_free(op);
  return a;
}

/* The connection was closed, though the server may still get a cancel request. */
static void expect_closed(odd *o) {
  for (int i = 0; i < 3000 && o->server.closed < o->server.floods; i++) poll(NULL, 0, 10);
  assert_int_equal(o->server.closed, o->server.floods);
}

/* The first call fails with the code and the text, in time. The second gets a usable connection. */
static void expect_failure(odd *o, const char *code, const char *words, int64_t least_ms, bool cooperative) {
  long before = peak_kb();
  int64_t from = rl_clock_ms();
  answer a = ask(o->client, cooperative);
  int64_t took = rl_clock_ms() - from;
  if (strcmp(a.code, code) != 0 || !strstr(a.message, words)) fail_msg("%s: '%s', not %s", a.code, a.message, code);
  if (took < least_ms || took > 30000) fail_msg("it took %lld ms", (long long)took);
  long grown = peak_kb() - before;
  if (grown > MOST_KB) fail_msg("memory grew by %ld kB", grown);
  expect_closed(o);
  expect_rows(ask(o->base, cooperative), "(well)"); /* without the time limit: valgrind is slow */
  assert_int_equal(pool_stats(o->client).in_use, 0);
}

static const char notice[] = "SNOTICE\0VNOTICE\0C00000\0Mso it goes on\0";

static void add_status(rl_buf *out, int number) {
  char text[64];
  int n = snprintf(text, sizeof text, "setting%d", number) + 1;
  n += snprintf(text + n, sizeof text - (size_t)n, "value") + 1;
  fake_message(out, 'S', text, (size_t)n);
}

typedef void filler(rl_buf *out);

static void notices(rl_buf *out) {
  for (int i = 0; i < 200; i++) fake_message(out, 'N', notice, sizeof notice);
}

static void statuses(rl_buf *out) {
  for (int i = 0; i < 200; i++) add_status(out, i);
}

static void notifications(rl_buf *out) {
  for (int i = 0; i < 200; i++) fake_message(out, 'A', "\0\0\0\1channel\0payload", 20);
}

static void passwords(rl_buf *out) {
  for (int i = 0; i < 200; i++) fake_message(out, 'R', "\0\0\0\3", 4);
}

/* ------------------------------------------------------------------ before the session is ready */

static void test_connecting(void **state) {
  (void)state;
  static const struct {
    fake_stage stage;
    filler *fill;
  } floods[] = {{FAKE_BEFORE_READY, notices}, {FAKE_BEFORE_READY, statuses}, {FAKE_BEFORE_LOGIN, passwords}};
  for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
    odd o = {0};
    begin(&o, floods[i].stage);
    floods[i].fill(&o.server.flood);
    o.server.reads = true;
    go(&o, "connect_timeout=1", 0);
    /* "within 1000 ms" if the call sees it first, "within `connect_timeout`" if the attempt does */
    expect_failure(&o, "P1001", "within ", 900, i % 2);
    end(&o);
  }
}

/* The server asks for a password again and again, and reads none. Libpq must not wait for it, because it would read on
 * without end. The attempt fails, and the next one succeeds. */
static void test_unread(void **state) {
  (void)state;
  long before = peak_kb();
  odd o = {0};
  begin(&o, FAKE_BEFORE_LOGIN);
  passwords(&o.server.flood);
  go(&o, "connect_timeout=20", 0);
  expect_rows(ask(o.client, false), "(well)");
  assert_int_equal(o.server.floods, 1);
  expect_closed(&o);
  long grown = peak_kb() - before;
  if (grown > MOST_KB) fail_msg("memory grew by %ld kB", grown);
  end(&o);
}

/* ------------------------------------------------------------------ during a call */

static void test_calls(void **state) {
  (void)state;
  static filler *const floods[] = {notices, statuses, notifications};
  for (int limit = 0; limit < 2; limit++) /* that of the call, that of the URL */
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
      odd o = {0};
      begin(&o, FAKE_BEFORE_ANSWER);
      floods[i](&o.server.flood);
      go(&o, limit ? "socket_timeout=1" : "connect_timeout=5", limit ? 0 : 300);
      expect_failure(&o, "P1008", limit ? "socket_timeout" : "timeout of 300 ms", 300, i % 2);
      end(&o);
    }
}

/* Cut within a row, then silence. */
static void test_cut(void **state) {
  (void)state;
  for (int cooperative = 0; cooperative < 2; cooperative++) {
    odd o = {0};
    begin(&o, FAKE_BEFORE_ANSWER);
    o.server.once = true;
    fake_row(&o.server.flood, 25, 1, "never whole", 11);
    o.server.flood.len -= 18;
    go(&o, "connect_timeout=5", 300);
    expect_failure(&o, "P1008", "timeout of 300 ms", 300, cooperative);
    end(&o);
  }
}

/* A huge length allocates nothing: the error comes immediately. */
static void test_length(void **state) {
  (void)state;
  static const char types[] = {'D', 'T', 'E', 'N', 'S', 'C', 'Z', '1'};
  for (size_t i = 0; i < sizeof types; i++) {
    odd o = {0};
    begin(&o, FAKE_BEFORE_ANSWER);
    o.server.once = true;
    rl_buf_byte(&o.server.flood, types[i]);
    fake_int(&o.server.flood, 0x7FFFFFFF, 4);
    rl_buf_text(&o.server.flood, "and so on");
    go(&o, "connect_timeout=5", 20000);
    expect_failure(&o, "P1017", "lost synchronization", 0, i % 2);
    end(&o);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_connecting), cmocka_unit_test(test_unread), cmocka_unit_test(test_calls),
      cmocka_unit_test(test_cut),        cmocka_unit_test(test_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
