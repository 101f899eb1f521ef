/* Directives in comments at the head of a script: `-- rille: no-transaction lock_timeout=5s statement_timeout=1min`. */
#include <ctype.h>

#include "base/sql_scan.h"
#include "migrate/history/migrations.h"

static bool is_duration(rl_str s) {
  size_t digits = 0;
  while (digits < s.len && isdigit((unsigned char)s.p[digits])) digits++;
  if (!digits) return false;
  rl_str unit = {s.p + digits, s.len - digits};
  static const char *const units[] = {"", "us", "ms", "s", "min", "h", "d"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (rl_str_is(unit, units[i])) return true;
  return false;
}

static rille_status read_timeout(rl_str word, const char *name, rl_str *out, rl_error *err) {
  size_t skip = strlen(name);
  *out = (rl_str){word.p + skip, word.len - skip};
  if (is_duration(*out)) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "-- rille: `%.*s` has no valid duration; write 500ms, 5s or 2min",
                 RL_STR_ARG(word));
}

static rille_status read_word(rl_str word, rl_script_head *out, rl_error *err) {
  if (rl_str_is(word, "no-transaction"))
    out->no_transaction = true;
  else if (rl_str_starts(word, RL_STR("lock_timeout=")))
    return read_timeout(word, "lock_timeout=", &out->lock_timeout, err);
  else if (rl_str_starts(word, RL_STR("statement_timeout=")))
    return read_timeout(word, "statement_timeout=", &out->statement_timeout, err);
  else
    return rl_fail(err, RL_VALIDATION,
                   "-- rille: unknown word `%.*s`; expected `no-transaction`, `lock_timeout=5s` or "
                   "`statement_timeout=5s`",
                   RL_STR_ARG(word));
  return RILLE_OK;
}

static rille_status read_directives(rl_str line, rl_script_head *out, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < line.len && st == RILLE_OK;) {
    size_t from = i;
    while (i < line.len && !isspace((unsigned char)line.p[i]) && line.p[i] != ',') i++;
    if (i > from) st = read_word((rl_str){line.p + from, i - from}, out, err);
    if (i < line.len) i++;
  }
  return st;
}

static rl_str trimmed(rl_str s) {
  while (s.len && isspace((unsigned char)*s.p)) s.p++, s.len--;
  while (s.len && isspace((unsigned char)s.p[s.len - 1])) s.len--;
  return s;
}

/* The head ends at the first statement. A block comment, in which dev writes warnings, has no directives, but does not
 * end the head. */
rille_status rl_script_head_of(rl_str script, rl_provider provider, rl_script_head *out, rl_error *err) {
  rille_status st = RILLE_OK;
  rl_sql_scan scan;
  *out = (rl_script_head){0};
  if (rl_str_starts(script, RL_STR("\xef\xbb\xbf"))) script = rl_str_make(script.p + 3, script.len - 3);
  rl_sql_scan_init(&scan, script, provider);
  for (rl_sql_token t = rl_sql_next(&scan); st == RILLE_OK && rl_sql_is_blank(&scan, t); t = rl_sql_next(&scan)) {
    if (t.kind != RL_SQL_COMMENT || *t.text.p != '-') continue;
    rl_str words = trimmed(rl_str_make(t.text.p + 2, t.text.len - 2));
    if (rl_str_starts(words, RL_STR("rille:"))) st = read_directives(rl_str_make(words.p + 6, words.len - 6), out, err);
  }
  return st;
}
