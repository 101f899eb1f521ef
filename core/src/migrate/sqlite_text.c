/* What only the statement of a SQLite table or index tells: the pragmas are
 * silent about checks and predicates. */
#include <ctype.h>
#include <strings.h>

#include "migrate/describe.h"

typedef struct scan {
  rl_str s;
  size_t at;
  int depth;
} scan;

static void skip_quoted(scan *c) {
  char open = c->s.p[c->at], close = open == '[' ? ']' : open;
  for (c->at++; c->at < c->s.len; c->at++) {
    if (c->s.p[c->at] != close) continue;
    bool doubled = close != ']' && c->at + 1 < c->s.len && c->s.p[c->at + 1] == close;
    if (!doubled) break;
    c->at++;
  }
  if (c->at < c->s.len) c->at++;
}

static bool skip_comment(scan *c) {
  rl_str rest = rl_str_make(c->s.p + c->at, c->s.len - c->at);
  bool line = rl_str_starts(rest, RL_STR("--")), block = rl_str_starts(rest, RL_STR("/*"));
  if (!line && !block) return false;
  c->at += 2;
  while (c->at < c->s.len) {
    bool end = line ? c->s.p[c->at] == '\n' : c->s.p[c->at - 1] == '*' && c->s.p[c->at] == '/';
    c->at++;
    if (end) break;
  }
  return true;
}

static bool is_letter(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* The next token that is no comment; empty at the end. */
static rl_str next(scan *c) {
  while (c->at < c->s.len && (isspace((unsigned char)c->s.p[c->at]) || skip_comment(c)))
    if (c->at < c->s.len && isspace((unsigned char)c->s.p[c->at])) c->at++;
  size_t from = c->at;
  if (from >= c->s.len) return rl_str_make("", 0);
  char ch = c->s.p[from];
  if (strchr("'\"`[", ch)) {
    skip_quoted(c);
  } else if (is_letter(ch)) {
    while (c->at < c->s.len && is_letter(c->s.p[c->at])) c->at++;
  } else {
    c->depth += ch == '(' ? 1 : ch == ')' ? -1 : 0;
    c->at++;
  }
  return rl_str_make(c->s.p + from, c->at - from);
}

static bool is_word(rl_str s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

static rl_str name_of(rl_arena *arena, rl_str token) {
  return token.len > 1 && strchr("'\"`", token.p[0]) ? rl_db_unquote(arena, token) : token;
}

static rille_status keep_check(scan *c, rl_str name, size_t from, rl_arena *arena, rl_db_table *t, rl_error *err) {
  int depth = c->depth;
  next(c); /* ( */
  while (c->depth > depth && next(c).len) {}
  rl_db_check *check = RL_DB_ADD(arena, &t->checks);
  if (!check) return rl_fail_nomem(err);
  *check = (rl_db_check){name, rl_str_make(c->s.p + from, c->at - from)};
  return RILLE_OK;
}

rille_status rl_sqlite_checks(rl_str sql, rl_arena *arena, rl_db_table *t, rl_error *err) {
  scan c = {sql, 0, 0};
  rl_str name = {"", 0};
  for (rl_str token = next(&c); token.len; token = next(&c)) {
    if (c.depth == 1 && is_word(token, "CONSTRAINT")) {
      name = name_of(arena, next(&c));
      if (!name.p) return rl_fail_nomem(err);
    } else if (c.depth == 1 && is_word(token, "CHECK")) {
      if (keep_check(&c, name, (size_t)(token.p - sql.p), arena, t, err) != RILLE_OK) return RILLE_NOMEM;
      name = rl_str_make("", 0);
    } else if (token.p[0] == ',') {
      name = rl_str_make("", 0);
    } else if (c.depth == 0 && is_word(token, "STRICT")) {
      t->strict = true;
    } else if (c.depth == 0 && is_word(token, "WITHOUT")) {
      t->without_rowid = true;
    }
  }
  return RILLE_OK;
}

rl_str rl_sqlite_predicate(rl_str sql) {
  scan c = {sql, 0, 0};
  for (rl_str token = next(&c); token.len; token = next(&c))
    if (c.depth == 0 && is_word(token, "WHERE")) return rl_str_make(sql.p + c.at, sql.len - c.at);
  return rl_str_make("", 0);
}
