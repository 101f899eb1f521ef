/* URLs: an accepted URL has all that a connection needs, and no message or printed form has its password. */
#include <string.h>

#include "driver/url.h"
#include "fuzz/fuzz.h"

static bool is_in(const char *needle, rl_str text) {
  return text.len && memmem(text.p, text.len, needle, strlen(needle));
}

/* The places where a password belongs. */
static bool has_password(rl_str url, const char *head) {
  if (!rl_str_starts(url, rl_str_of(head))) return false;
  return !is_in("Pa55word", rl_str_make(url.p + strlen(head), url.len - strlen(head)));
}

static void run(const uint8_t *data, size_t size) {
  rl_str url = {(const char *)data, size};
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_conn_options o;
  rl_error err = {0};
  const rl_driver *driver = NULL;
  rille_status st = rl_driver_parse_url(url, &arena, &o, &err);
  if (st == RILLE_OK) {
    FUZZ_CHECK(o.driver && o.conninfo && o.display);
    FUZZ_CHECK(rl_driver_of_url(url, &driver, NULL) == RILLE_OK && driver == o.driver);
    /* a URL is accepted as it is written, or refused: nothing is cut at a zero byte */
    FUZZ_CHECK(!size || !memchr(url.p, 0, size));
    if (has_password(url, "postgresql://me:Pa55word@")) {
      FUZZ_CHECK(!is_in("Pa55word", rl_str_of(o.display)));
      FUZZ_CHECK(o.address && !is_in("Pa55word", rl_str_of(o.address)));
    }
  } else if (has_password(url, "postgresql://me:Pa55word")) {
    FUZZ_CHECK(!is_in("Pa55word", rl_str_of(rl_error_message(&err))));
  }
  fuzz_check_error(st, &err);
  rl_arena_dispose(&arena);
}

static const char *const words[] = {"postgresql://",
                                    "postgres://",
                                    "file:",
                                    "sqlite:",
                                    "me:Pa55word@",
                                    "@",
                                    "localhost",
                                    ":5432",
                                    "/db",
                                    "?",
                                    "&",
                                    "=",
                                    "schema=",
                                    "connection_limit=",
                                    "pool_timeout=",
                                    "connect_timeout=",
                                    "sslmode=",
                                    "require",
                                    "sslcert=",
                                    "sslkey=",
                                    "host=",
                                    "/var/run",
                                    "%00",
                                    "%2F",
                                    "%",
                                    "[::1]",
                                    ",",
                                    ":memory:",
                                    "mode=ro",
                                    "cache=shared",
                                    "options=-c",
                                    "pgbouncer=true",
                                    "statement_cache_size=",
                                    "socket_timeout=",
                                    NULL};

const fuzz_harness fuzz_url = {
    .name = "url", .run = run, .words = words, .longest = 600, .short_runs = 3000, .share = 1};
