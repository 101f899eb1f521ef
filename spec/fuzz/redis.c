/* What comes from a Redis server: replies, in pieces, and the entries in them; and URLs of a store.
 *
 *   - Replies end, and are no larger than what was received by a constant factor.
 *   - An entry that is accepted has the key, and is written as it was read.
 *   - No message has the password of a URL.
 *
 * An input is a URL, or the bytes of a server. */
#include <string.h>

#include "fuzz/fuzz.h"

#if RILLE_WITH_REDIS
#include "cache/redis/entry.h"

enum { MOST = 4096 };
static const rl_str key = {"key", 3};

/* Returns whether a text has the password once: then it is the password's place. */
static bool has_once(rl_str text) {
  const char *at = memmem(text.p, text.len, "Pa55word", 8);
  return at && !memmem(at + 1, (size_t)(text.p + text.len - at - 1), "Pa55word", 8);
}

static void read_url(rl_str url) {
  rl_arena arena;
  rl_redis_url out;
  rl_error err = {0};
  rl_arena_init(&arena, 0);
  rille_status st = rl_redis_parse_url(url, &arena, &out, &err);
  if (st == RILLE_OK) {
    FUZZ_CHECK(out.display && (out.host ? out.port && !out.path : out.path && !out.port) && out.limit_ms > 0);
    if (out.password && strstr(out.password, "Pa55word") && has_once(url)) FUZZ_CHECK(!strstr(out.display, "Pa55word"));
  } else if (!memmem(url.p, url.len, "/Pa55word", 9)) {
    FUZZ_CHECK(!strstr(rl_error_message(&err), "Pa55word"));
  }
  fuzz_check_error(st, &err);
  rl_arena_dispose(&arena);
}

static void read_entry(rl_str notes, rl_str value) {
  rl_remote_work work;
  rl_buf again;
  rl_str bytes;
  rl_remote_work_init(&work);
  rl_buf_init(&again);
  if (rl_entry_read_notes(&work, notes)) {
    rl_entry_write_notes(&again, &work);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(&again), notes));
  }
  rl_buf_reset(&again);
  if (rl_entry_read_value(value, key, &bytes)) {
    rl_entry_write_value(&again, key, bytes);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(&again), value));
  }
  rl_buf_dispose(&again);
  rl_remote_work_dispose(&work);
}

static size_t walk(const rl_reply *r, int depth) {
  size_t count = 1;
  FUZZ_CHECK(depth < 4);
  for (size_t i = 0; i < r->count; i++) {
    FUZZ_CHECK(r->items[i] != NULL);
    count += walk(r->items[i], depth + 1);
  }
  rl_str notes = {"", 0}, value = {"", 0};
  int64_t kind;
  (void)rl_reply_integer_at(r, 0, &kind);
  if (rl_reply_text_at(r, 2, &notes) && rl_reply_text_at(r, 3, &value)) read_entry(notes, value);
  return count;
}

static void read_replies(rl_str data) {
  size_t piece = data.len ? (unsigned char)data.p[data.len - 1] % 7 : 0; /* the last byte decides; 0: all at once */
  if (piece == 0) piece = data.len + 1;
  rl_replies *r = rl_replies_new(MOST);
  const rl_reply *reply;
  rille_status st = RILLE_OK;
  for (size_t at = 0; at < data.len && st >= 0; at += piece) {
    size_t len = data.len - at < piece ? data.len - at : piece;
    if (!rl_replies_feed(r, data.p + at, len)) break;
    while ((st = rl_replies_next(r, &reply)) == RILLE_OK) FUZZ_CHECK(walk(reply, 0) <= data.len);
  }
  rl_replies_forget(r);
  rl_replies_free(r);
}

static void run(const uint8_t *data, size_t size) {
  rl_str text = {(const char *)data, size};
  if (rl_redis_is_url(text))
    read_url(text);
  else
    read_replies(text);
}
#else
static void run(const uint8_t *data, size_t size) {
  (void)data, (void)size;
}
#endif

static const char *const words[] = {"redis://",
                                    "rediss://",
                                    "unix://",
                                    "me:Pa55word@",
                                    ":Pa55word@",
                                    "[::1]",
                                    ":6379",
                                    "/0",
                                    "?db=",
                                    "&timeout=",
                                    "ca=/",
                                    "%2F",
                                    "%00",
                                    "\r\n",
                                    "*4\r\n",
                                    "*-1\r\n",
                                    "*0\r\n",
                                    "$-1\r\n",
                                    "$0\r\n\r\n",
                                    "$48\r\n",
                                    "$11\r\nrle1\003",
                                    ":1\r\n",
                                    "+OK\r\n",
                                    "-ERR\r\n",
                                    "0123456789abcdef",
                                    NULL};

const fuzz_harness fuzz_redis = {
    .name = "redis", .run = run, .words = words, .longest = 2000, .short_runs = 5000, .share = 1};
