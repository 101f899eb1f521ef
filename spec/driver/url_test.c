/* Database URLs: what is understood, removed and rejected, and that no password is printed. */
#include "support.h"

#include "../base/failing_allocator.h"
#include "driver/url.h"

typedef struct parsed {
  rl_arena arena;
  rl_conn_options o;
  rl_error err;
  rille_status status;
} parsed;

static parsed *parse(const char *url) {
  static parsed p;
  memset(&p, 0, sizeof p);
  rl_arena_init(&p.arena, 0);
  p.status = rl_driver_parse_url(rl_str_of(url), &p.arena, &p.o, &p.err);
  return &p;
}

static void end(parsed *p) {
  rl_error_clear(&p->err);
  rl_arena_dispose(&p->arena);
}

static parsed *good(const char *url) {
  parsed *p = parse(url);
  if (p->status != RILLE_OK) fail_msg("%s: %s", url, rl_error_message(&p->err));
  return p;
}

/* Expects P1013 with `part` in its message and without the secret. */
static void bad(const char *url, const char *part) {
  parsed *p = parse(url);
  if (p->status != RILLE_ERROR || p->err.code != RL_P1013) fail_msg("%s was accepted", url);
  const char *message = rl_error_message(&p->err);
  if (!strstr(message, part)) fail_msg("'%s' does not say '%s'", message, part);
  if (strstr(message, "s3cr")) fail_msg("'%s' contains the password", message);
  end(p);
}

static void schemes(void **state) {
  (void)state;
  bad("", "empty");
  bad("dev.db", "does not begin with a scheme");
  bad("mysql://root@localhost/db", "unknown scheme `mysql`");
  bad("postgre://localhost/db", "did you mean `postgres`");
  bad("sqllite::memory:", "did you mean `sqlite`");
  bad("://x", "scheme");
  const rl_driver *driver = NULL;
  rl_error err = {0};
  assert_int_equal(rl_driver_of_url(RL_STR("POSTGRES://h/d"), &driver, &err), RILLE_OK);
  assert_string_equal(rl_provider_name(driver->provider), "postgresql");
  assert_int_equal(rl_driver_of_url(RL_STR("file:x"), &driver, &err), RILLE_OK);
  assert_string_equal(rl_provider_name(driver->provider), "sqlite");
  assert_int_equal(rl_driver_of_url((rl_str){"file:a\0b", 8}, &driver, &err), RILLE_ERROR);
  assert_null(driver);
  rl_error_clear(&err);
}

static void sqlite_path(const char *url, const char *path, bool memory) {
  parsed *p = good(url);
  assert_string_equal(p->o.conninfo, path);
  assert_int_equal(p->o.memory, memory);
  assert_string_equal(p->o.display, url);
  end(p);
}

static void sqlite_urls(void **state) {
  (void)state;
  sqlite_path("file:./dev.db", "./dev.db", false);
  sqlite_path("file:/tmp/a b%20c.db", "/tmp/a b%20c.db", false);
  sqlite_path("file:///tmp/x.db", "/tmp/x.db", false);
  sqlite_path("sqlite://dev.db", "dev.db", false);
  sqlite_path("sqlite:///tmp/x.db", "/tmp/x.db", false);
  sqlite_path("sqlite:dev.db", "dev.db", false);
  sqlite_path("sqlite::memory:", ":memory:", true);
  sqlite_path("file::memory:", ":memory:", true);
  parsed *p =
      good("file:dev.db?connection_limit=3&socket_timeout=10&pool_timeout=0&connect_timeout=2&statement_cache_size=0");
  assert_string_equal(p->o.conninfo, "dev.db");
  assert_int_equal(p->o.connection_limit, 3);
  assert_int_equal(p->o.socket_timeout_ms, 10000);
  assert_true(p->o.pool_timeout_ms > INT64_C(1000000000)); /* 0 is no limit */
  assert_int_equal(p->o.connect_timeout_ms, 2000);
  assert_int_equal(p->o.statement_cache_size, 0);
  end(p);
  p = good("file:dev.db");
  assert_int_equal(p->o.connection_limit, 0);
  assert_int_equal(p->o.socket_timeout_ms, -1);
  assert_int_equal(p->o.pool_timeout_ms, -1);
  assert_int_equal(p->o.statement_cache_size, -1);
  end(p);
  bad("file:", "names no file");
  bad("sqlite://", "names no file");
  bad("file:dev.db?conection_limit=3", "did you mean `connection_limit`");
  bad("file:dev.db?mode=memory", "unknown parameter `mode`");
  bad("file:dev.db?connection_limit=0", "expected an integer, 1 or more, got `0`");
  bad("file:dev.db?connection_limit=-1", "expected an integer, 0 or more, got `-1`");
  bad("file:dev.db?connection_limit=99999999999999999999", "expected an integer");
  bad("file:dev.db?socket_timeout=", "expected an integer");
}

static void postgres_parts(void **state) {
  (void)state;
  parsed *p = good("postgresql://us%40er:s3cret@db.example:6543/my%20db?schema=app&connection_limit=5&sslmode=disable");
  assert_string_equal(p->o.user, "us@er");
  assert_string_equal(p->o.host, "db.example");
  assert_string_equal(p->o.database, "my db");
  assert_int_equal(p->o.port, 6543);
  assert_string_equal(p->o.search_path, "app");
  assert_int_equal(p->o.connection_limit, 5);
  assert_false(p->o.pooled);
  assert_string_equal(p->o.conninfo, "postgresql://us%40er:s3cret@db.example:6543/my%20db?sslmode=disable");
  assert_string_equal(p->o.display,
                      "postgresql://us%40er@db.example:6543/my%20db?schema=app&connection_limit=5&sslmode=disable");
  end(p);
  p = good("postgres://h1:1,h2:2/db?target_session_attrs=read-write&application_name=x&options=-c%20a.b%3D1");
  assert_string_equal(p->o.host, "h1,h2");
  assert_int_equal(p->o.port, 1);
  assert_null(p->o.user);
  assert_null(p->o.search_path);
  end(p);
  p = good("postgresql:///db?host=/var/run/socket&user=me&password=s3cret&port=7");
  assert_string_equal(p->o.host, "/var/run/socket");
  assert_string_equal(p->o.user, "me");
  assert_int_equal(p->o.port, 7);
  assert_null(strstr(p->o.display, "s3cret"));
  assert_non_null(strstr(p->o.conninfo, "s3cret"));
  end(p);
  p = good("postgresql://");
  assert_null(p->o.host);
  assert_int_equal(p->o.port, 5432);
  end(p);
  p = good("postgresql://u@[::1]:5433/db?schema=we%22ird%20one");
  assert_string_equal(p->o.host, "::1");
  assert_int_equal(p->o.port, 5433);
  assert_string_equal(p->o.search_path, "we\"ird one");
  end(p);
}

/* Returns whether two URLs name the same: "origin" (server and database) or "parameters" (all that libpq gets). */
static bool same_text(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const char *what, const char *one, const char *two) {
  char first[1024] = "";
  bool by_origin = strcmp(what, "origin") == 0;
  parsed *p = good(one);
  const char *text = by_origin ? p->o.origin : p->o.parameters;
  bool there = text != NULL;
  if (there) assert_true((size_t)snprintf(first, sizeof first, "%s", text) < sizeof first);
  end(p);
  p = good(two);
  bool equal = same_text(there ? first : NULL, by_origin ? p->o.origin : p->o.parameters);
  end(p);
  return equal;
}

static void postgres_origin(void **state) {
  (void)state;
  assert_true(same("origin", "postgresql://u@h:5432/db", "postgresql://v:s@h:5432/db?application_name=x"));
  assert_true(same("origin", "postgresql://u@h:5432/db", "postgresql://u@h/db"));
  assert_false(same("origin", "postgresql://?service=a", "postgresql://?service=b"));
  assert_false(same("origin", "postgresql://u@h/db?hostaddr=10.0.0.1", "postgresql://u@h/db?hostaddr=10.0.0.2"));
  assert_false(same("origin", "postgresql://u@h/", "postgresql://v@h/")); /* the database has the user's name */
}

static void postgres_parameters(void **state) {
  (void)state;
  const char *plain = "postgresql://u:s3cret@h/db";
  assert_true(same("parameters", plain, "postgresql://u:0ther@h/db"));
  assert_true(same("parameters", plain, "postgresql://h/db?user=u&connection_limit=3"));
  assert_true(same("parameters", "postgresql://h/db?user=u&options=x", "postgresql://u@h/db?options=x&schema=app"));
  assert_false(same("parameters", plain, "postgresql://v:s3cret@h/db"));
  assert_false(
      same("parameters", "postgresql://u@h/db?options=-c%20role%3Da", "postgresql://u@h/db?options=-c%20role%3Db"));
  parsed *p = good(plain);
  assert_null(strstr(p->o.parameters, "s3cret"));
  end(p);
}

/* libpq takes from the environment what a URL does not say. */
static void postgres_environment(void **state) {
  (void)state;
  static const char *const names[] = {"PGHOST", "PGPORT", "PGDATABASE", "PGHOSTADDR"};
  static const char *const values[] = {"/tmp/x", "7777", "other", "10.0.0.9"};
  char before[1024];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    parsed *p = good("postgresql:///?user=u");
    (void)snprintf(before, sizeof before, "%s", p->o.origin ? p->o.origin : "");
    end(p);
    const char *old = getenv(names[i]);
    char *kept = old ? strdup(old) : NULL;
    setenv(names[i], values[i], 1);
    p = good("postgresql:///?user=u");
    assert_non_null(p->o.origin);
    assert_string_not_equal(p->o.origin, before);
    end(p);
    if (kept)
      setenv(names[i], kept, 1);
    else
      unsetenv(names[i]);
    free(kept);
  }
  setenv("PGOPTIONS", "-c app.tenant=7", 1);
  parsed *p = good("postgresql://u@h/db");
  assert_non_null(strstr(p->o.parameters, "app.tenant=7"));
  end(p);
  unsetenv("PGOPTIONS");
}

static void poolers(void **state) {
  (void)state;
  parsed *p = good("postgresql://u@ep-x-pooler.eu.example/db");
  assert_true(p->o.pooled);
  end(p);
  p = good("postgresql://u@h/db?pgbouncer=true&supa=base-pooler.x");
  assert_true(p->o.pooled);
  assert_string_equal(p->o.conninfo, "postgresql://u@h/db");
  end(p);
  p = good("postgresql://u@h/db?pgbouncer=false&statement_cache_size=7");
  assert_false(p->o.pooled);
  assert_int_equal(p->o.statement_cache_size, 7);
  end(p);
  bad("postgresql://u@h/db?pgbouncer=perhaps", "expected `true` or `false`, got `perhaps`");
}

static void expect_conninfo(const char *url, const char *part, bool there) {
  parsed *p = good(url);
  if ((strstr(p->o.conninfo, part) != NULL) != there) fail_msg("%s became %s", url, p->o.conninfo);
  end(p);
}

static void tls_words(void **state) {
  (void)state;
  expect_conninfo("postgresql://h/d?sslmode=no-verify", "sslmode=require", true);
  expect_conninfo("postgresql://h/d?sslmode=prefer", "sslmode=prefer", true);
  expect_conninfo("postgresql://h/d?sslmode=verify-full&sslrootcert=ca.pem", "sslrootcert=ca.pem", true);
  expect_conninfo("postgresql://h/d?sslmode=require&sslaccept=strict", "sslmode=verify-full", true);
  expect_conninfo("postgresql://h/d?sslmode=require&sslaccept=accept_invalid_certs", "sslaccept", false);
  expect_conninfo("postgresql://h/d?sslcert=ca.pem", "sslrootcert=ca.pem", true); /* Prisma's meaning */
  expect_conninfo("postgresql://h/d?sslcert=me.pem&sslkey=me.key", "sslcert=me.pem", true);
  expect_conninfo("postgresql://h/d?channel_binding=require", "channel_binding=require", true);
  bad("postgresql://h/d?sslaccept=maybe", "expected `strict` or `accept_invalid_certs`, got `maybe`");
  bad("postgresql://h/d?sslidentity=me.p12", "use `sslcert` and `sslkey`");
}

static void postgres_refusals(void **state) {
  (void)state;
  bad("postgresql:h/d", "postgresql://user:password@host");
  bad("postgresql://u:s3cr/et@h/d", "percent-encode");
  bad("postgresql://u:s3cret@h:port/d", "percent-encode");
  bad("postgresql://u:s3c@ret@h:5432/d", "percent-encode");
  bad("postgresql://u:s3c?ret@h:5432/d", "percent-encode");
  bad("postgresql://u:s3cret@h/d?conect_timeout=1", "parameters");
  bad("postgresql://u@h/d?conect_timeout=1", "conect_timeout");
  bad("postgresql://h/d?connect_timeout=soon", "expected an integer");
  bad("postgresql://u:s3%zzcret@h/d", "percent-encode");
  bad("postgresql://h/d?schema=a%0", "percent-encoded");
  bad("postgresql://h/d?schema=a%00b", "percent-encoded");
}

static void expect_shown(const char *url, const char *wanted) {
  rl_buf b;
  rl_buf_init(&b);
  rl_url_write_redacted(rl_str_of(url), &b);
  const char *shown = rl_buf_z(&b);
  if (!shown || strcmp(shown, wanted) != 0) fail_msg("%s is shown as %s, not %s", url, shown, wanted);
  rl_buf_dispose(&b);
}

static void shown_urls(void **state) {
  (void)state;
  expect_shown("postgres://u:s3cr@h:1,h2:2/d", "postgres://u@h:1,h2:2/d");
  expect_shown("postgresql://:s3cr@h/d", "postgresql://h/d");
  expect_shown("POSTGRESQL://u:s3cr:s3cr@h/d", "POSTGRESQL://u@h/d");
  expect_shown("postgresql://u:s3#cr s3[cr@h", "postgresql://u@h");
  expect_shown("postgresql://u@h/d?password=s3cr&sslmode=require&sslpassword=s3cr",
               "postgresql://u@h/d?sslmode=require");
  expect_shown("postgresql://u@h/d?p%61ssword=s3cr&options=-c%20x.y=s3cr&schema=a", "postgresql://u@h/d?schema=a");
  expect_shown("postgresql://h/d?user=me@h&application_name=a", "postgresql://h/d?application_name=a");
  expect_shown("postgresql://u:s3cr@s3cr@h/d", "postgresql:***");
  expect_shown("postgresql://u:s3/cr@h/d", "postgresql:***");
  expect_shown("postgresql://u:s3cr?s3cr@h/d", "postgresql:***");
  expect_shown("postgresql://u:12?user=s3cr@h/d", "postgresql:***");
  expect_shown("postgresql:u:s3cr", "postgresql:***");
  expect_shown("postgresql://u:s3cr/d", "postgresql:***");
  expect_shown("postgresql://[::1]:5432,h:1/d", "postgresql://[::1]:5432,h:1/d");
  expect_shown("host=h password=s3cr", "***");
  expect_shown("", "***");
  expect_shown("file:./a b.db?connection_limit=1&key=s3cr", "file:./a b.db?connection_limit=1");
  expect_shown("sqlite::memory:", "sqlite::memory:");
}

/* All that libpq would take as a password, and all that it would read from one that is not encoded. */
static void secrets(void **state) {
  (void)state;
  bad("postgresql://u:12?user=s3cr@h/d", "percent-encode");
  bad("postgresql://u:s3cr@h?x=y@z", "percent-encode");
  bad("postgresql://u@h/d?p%61ssword=s3%zzcr", "percent-encode");
  bad("postgresql://u@h/d?password=a&s3cr", "percent-encode");
  bad("postgresql://u@h/d?sslpassword=a=s3cr", "percent-encode");
  bad("postgresql://:s3%cr@h/d", "percent-encode");
  bad("host=h password=s3cr:x", "does not begin with a scheme");
  parsed *p = good("postgresql://:s3cr@h/d");
  assert_string_equal(p->o.display, "postgresql://h/d");
  end(p);
}

static bool parses(void *argument) {
  parsed *p = parse(argument);
  bool ok = p->status != RILLE_NOMEM && !p->err.nomem;
  if (p->status != RILLE_OK) assert_true(p->err.code != RL_CODE_NONE);
  end(p);
  return ok;
}

static void memory_shortage(void **state) {
  (void)state;
  char file[] = "file:dev.db?connection_limit=2",
       server[] = "postgresql://u:p@h:1/d?schema=a%20b&sslmode=require&sslcert=x";
  char wrong[] = "postgresql://u@h/d?nonsense=1";
  assert_true(fail_each_allocation(parses, file, false) > 0);
  assert_true(fail_each_allocation(parses, server, false) > 0);
  assert_true(fail_each_allocation(parses, wrong, true) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schemes),         cmocka_unit_test(sqlite_urls),         cmocka_unit_test(postgres_parts),
      cmocka_unit_test(poolers),         cmocka_unit_test(tls_words),           cmocka_unit_test(postgres_refusals),
      cmocka_unit_test(memory_shortage), cmocka_unit_test(shown_urls),          cmocka_unit_test(secrets),
      cmocka_unit_test(postgres_origin), cmocka_unit_test(postgres_parameters), cmocka_unit_test(postgres_environment)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
