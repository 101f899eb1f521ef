/* Any text as SQL, by the rules of each database: its tokens cover it, its statements can be joined again, and its
 * placeholders are numbered once. */
#include <string.h>

#include "base/sql_statements.h"
#include "fuzz/fuzz.h"
#include "run/placeholders.h"

static void check_tokens(rl_str sql, rl_provider provider) {
  rl_sql_scan scan;
  const char *at = sql.p;
  rl_sql_scan_init(&scan, sql, provider);
  for (;;) {
    rl_sql_token t = rl_sql_next(&scan);
    FUZZ_CHECK(t.text.p == at && t.text.len <= (size_t)(sql.p + sql.len - at));
    FUZZ_CHECK((t.kind == RL_SQL_END) == (t.text.len == 0));
    at += t.text.len;
    FUZZ_CHECK(!t.open || at == sql.p + sql.len);
    FUZZ_CHECK(t.number <= RL_SQL_NUMBER_MAX && (t.kind == RL_SQL_NUMBERED || t.number == 0));
    if (t.kind == RL_SQL_END) break;
  }
  FUZZ_CHECK(at == sql.p + sql.len);
}

/* The statements of the text are those of the joined statements. */
static void check_statements(rl_str sql, rl_provider provider) {
  rl_sql_cutter first, second;
  rl_sql_statement a, b;
  rl_buf joined;
  bool marked = false;
  rl_buf_init(&joined);
  rl_sql_cutter_init(&first, sql, provider);
  while (rl_sql_next_statement(&first, &a)) {
    marked |= joined.len == 0 && rl_str_starts(a.sql, RL_STR("\xEF\xBB\xBF")); /* one at the start is skipped */
    if (joined.len) rl_buf_text(&joined, "\n;\n");
    rl_buf_str(&joined, a.sql);
  }
  rl_sql_cutter_init(&first, sql, provider);
  rl_sql_cutter_init(&second, rl_buf_view(&joined), provider);
  while (!marked && rl_sql_next_statement(&first, &a)) {
    FUZZ_CHECK(rl_sql_next_statement(&second, &b));
    FUZZ_CHECK(rl_str_eq(a.sql, b.sql));
  }
  FUZZ_CHECK(marked || !rl_sql_next_statement(&second, &b));
  rl_buf_dispose(&joined);
}

static void check_placeholders(rl_str sql, rl_provider provider) {
  rl_buf once, twice;
  rl_buf_init(&once);
  rl_buf_init(&twice);
  uint32_t used = 0, again = 0;
  rl_raw_placeholders(sql, provider, false, &once, &used);
  rl_raw_placeholders(rl_buf_view(&once), provider, false, &twice, &again);
  if (used > 0) FUZZ_CHECK(rl_str_eq(rl_buf_view(&once), rl_buf_view(&twice)) && used == again);
  if (used == 0) FUZZ_CHECK(rl_str_eq(rl_buf_view(&once), sql) || memchr(sql.p, '0', sql.len));
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
}

static void run(const uint8_t *data, size_t size) {
  rl_str sql = {(const char *)data, size};
  for (RL_EACH_PROVIDER(provider)) {
    check_tokens(sql, provider);
    check_statements(sql, provider);
    check_placeholders(sql, provider);
  }
}

static const char *const words[] = {
    ";",     "'",   "''",   "\"",           "$$",        "$a$",    "$\xc3\xa9$", "--", "\n",
    "\r",    "/*",  "*/",   "E'\\'",        "U&'",       "x'",     "`",          "[",  "]",
    "BEGIN", "END", "CASE", "CREATE",       "TRIGGER t", "ATOMIC", "FUNCTION f", "(",  ")",
    "?",     "$1",  "?1",   ":a",           "@b(",       "$c::d",  "$99999999",  "?|", "a$b$c",
    "1e",    ".5",  "0x1",  "\xef\xbb\xbf", "SELECT 1",  NULL};

const fuzz_harness fuzz_sql = {
    .name = "sql", .run = run, .words = words, .longest = 1500, .short_runs = 6000, .share = 2};
