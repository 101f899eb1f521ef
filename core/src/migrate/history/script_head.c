/* What a script asks for in comments at its head: `-- rille: no-transaction lock_timeout=5s statement_timeout=1min`. */
#include <ctype.h>

#include "migrate/history/migrations.h"

static bool is_span(rl_str s) {
  size_t digits = 0;
  while (digits < s.len && isdigit((unsigned char)s.p[digits])) digits++;
  if (!digits) return false;
  rl_str unit = {s.p + digits, s.len - digits};
  static const char *const units[] = {"", "us", "ms", "s", "min", "h", "d"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (rl_str_is(unit, units[i])) return true;
  return false;
}

static rille_status timeout(rl_str word, const char *name, rl_str *out, rl_error *err) {
  size_t skip = strlen(name);
  *out = (rl_str){word.p + skip, word.len - skip};
  if (is_span(*out)) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "-- rille: %.*s is no time; write 500ms, 5s or 2min", RL_STR_ARG(word));
}

static rille_status take_word(rl_str word, rl_script_head *out, rl_error *err) {
  if (rl_str_is(word, "no-transaction"))
    out->no_transaction = true;
  else if (rl_str_starts(word, RL_STR("lock_timeout=")))
    return timeout(word, "lock_timeout=", &out->lock_timeout, err);
  else if (rl_str_starts(word, RL_STR("statement_timeout=")))
    return timeout(word, "statement_timeout=", &out->statement_timeout, err);
  else
    return rl_fail(err, RL_VALIDATION,
                   "-- rille: the word %.*s is not known; it is no-transaction, lock_timeout=5s or "
                   "statement_timeout=5s",
                   RL_STR_ARG(word));
  return RILLE_OK;
}

static rille_status take_line(rl_str line, rl_script_head *out, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < line.len && st == RILLE_OK;) {
    size_t from = i;
    while (i < line.len && !isspace((unsigned char)line.p[i]) && line.p[i] != ',') i++;
    if (i > from) st = take_word((rl_str){line.p + from, i - from}, out, err);
    if (i < line.len) i++;
  }
  return st;
}

static rl_str trimmed(rl_str s) {
  while (s.len && isspace((unsigned char)*s.p)) s.p++, s.len--;
  while (s.len && isspace((unsigned char)s.p[s.len - 1])) s.len--;
  return s;
}

/* A comment in stars, as dev writes warnings: it holds no words, but the head goes on after it. */
static rl_str after_comment(rl_str s) {
  for (size_t i = 2; i + 1 < s.len; i++)
    if (s.p[i] == '*' && s.p[i + 1] == '/') return (rl_str){s.p + i + 2, s.len - i - 2};
  return (rl_str){s.p + s.len, 0};
}

static rl_str line_of(rl_str s) {
  const char *end = memchr(s.p, '\n', s.len);
  return (rl_str){s.p, end ? (size_t)(end - s.p) : s.len};
}

/* The head ends with what is neither white space nor a comment. */
rille_status rl_script_head_of(rl_str script, rl_script_head *out, rl_error *err) {
  rille_status st = RILLE_OK;
  *out = (rl_script_head){0};
  if (rl_str_starts(script, RL_STR("\xef\xbb\xbf"))) script.p += 3, script.len -= 3;
  for (script = trimmed(script); script.len && st == RILLE_OK; script = trimmed(script)) {
    if (rl_str_starts(script, RL_STR("/*"))) {
      script = after_comment(script);
      continue;
    }
    if (!rl_str_starts(script, RL_STR("--"))) return RILLE_OK;
    rl_str line = line_of(script), words = trimmed((rl_str){line.p + 2, line.len - 2});
    if (rl_str_starts(words, RL_STR("rille:"))) st = take_line((rl_str){words.p + 6, words.len - 6}, out, err);
    script = (rl_str){script.p + line.len, script.len - line.len};
  }
  return st;
}
