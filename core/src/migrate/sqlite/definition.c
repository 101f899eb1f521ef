/* What only the statement of a SQLite table or index tells: the pragmas are
 * silent about checks and predicates. */
#include <ctype.h>
#include <strings.h>

#include "migrate/structure/describe.h"
#include "sql/sql.h"

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
  return token.len > 1 && strchr("'\"`[", token.p[0]) ? rl_db_unquote(arena, token) : token;
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

/* Behind AS: the expression, and how it is kept. */
static bool keep_generated(scan *c, rl_arena *arena, rl_db_column *column) {
  size_t from = c->at;
  int depth = c->depth;
  next(c); /* ( */
  while (c->depth > depth && next(c).len) {}
  size_t end = c->at;
  bool stored = is_word(next(c), "STORED");
  c->at = end;
  column->generated = rl_str_of(rl_arena_printf(arena, "GENERATED ALWAYS AS %.*s %s", (int)(end - from), c->s.p + from,
                                                stored ? "STORED" : "VIRTUAL"));
  return column->generated.p != NULL;
}

/* A definition begins: of a column, or of a constraint. */
static rl_db_column *begun_column(rl_arena *arena, rl_db_table *t, rl_str token) {
  static const char *const others[] = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (is_word(token, others[i])) return NULL;
  rl_str name = name_of(arena, token);
  return name.p ? rl_db_column_of(t, name) : NULL;
}

typedef struct definition {
  scan scan;
  rl_arena *arena;
  rl_db_table *t;
  rl_db_column *column;
  rl_str constraint;
} definition;

static bool read_word(definition *d, rl_str token, rl_error *err) {
  scan *c = &d->scan;
  if (is_word(token, "CONSTRAINT")) {
    d->constraint = name_of(d->arena, next(c));
    return d->constraint.p != NULL;
  }
  if (is_word(token, "CHECK")) {
    size_t from = (size_t)(token.p - c->s.p);
    bool kept = keep_check(c, d->constraint, from, d->arena, d->t, err) == RILLE_OK;
    d->constraint = rl_str_make("", 0);
    return kept;
  }
  if (d->column && is_word(token, "COLLATE")) d->column->collation = name_of(d->arena, next(c));
  if (d->column && d->column->computed && is_word(token, "AS")) return keep_generated(c, d->arena, d->column);
  return true;
}

rille_status rl_sqlite_definition(rl_str sql, rl_arena *arena, rl_db_table *t, rl_error *err) {
  definition d = {{sql, 0, 0}, arena, t, NULL, {"", 0}};
  bool begins = false;
  for (rl_str token = next(&d.scan); token.len; token = next(&d.scan)) {
    bool opens = d.scan.depth == 1 && (token.p[0] == '(' || token.p[0] == ',');
    if (begins && d.scan.depth == 1) d.column = begun_column(arena, t, token);
    if (opens) d.constraint = rl_str_make("", 0);
    if (d.scan.depth == 1 && !opens && !read_word(&d, token, err)) return rl_fail_nomem(err);
    if (d.scan.depth == 0 && is_word(token, "STRICT")) t->strict = true;
    if (d.scan.depth == 0 && is_word(token, "WITHOUT")) t->without_rowid = true;
    begins = opens;
  }
  return RILLE_OK;
}

bool rl_sqlite_collates(rl_str sql) {
  scan c = {sql, 0, 0};
  for (rl_str token = next(&c); token.len; token = next(&c))
    if (is_word(token, "COLLATE")) return true;
  return false;
}

/* A bare name is the same in capitals or not; a quoted one is as written. */
static bool is_name(rl_str token, rl_str name) {
  if (!token.len || token.p[0] == '\'') return false;
  bool quoted = token.len > 1 && strchr("\"`[", token.p[0]);
  if (!quoted) return token.len == name.len && strncasecmp(token.p, name.p, name.len) == 0;
  return token.len == name.len + 2 && memcmp(token.p + 1, name.p, name.len) == 0;
}

bool rl_sql_mentions(rl_str sql, rl_str name) {
  scan c = {sql, 0, 0};
  for (rl_str token = next(&c); token.len; token = next(&c))
    if (is_name(token, name)) return true;
  return false;
}

rl_str rl_sql_renamed(rl_arena *arena, rl_str sql, rl_str old, rl_str now, rl_str table) {
  scan c = {sql, 0, 0};
  rl_buf b;
  size_t done = 0;
  rl_str before = {"", 0}, owner = {"", 0};
  rl_buf_init(&b);
  for (rl_str token = next(&c); token.len; token = next(&c)) {
    bool own = rl_str_is(before, ".") && (is_word(owner, "new") || is_word(owner, "old") || is_name(owner, table));
    if (is_name(token, old) && (!table.len || own)) {
      rl_buf_put(&b, sql.p + done, (size_t)(token.p - sql.p) - done);
      rl_dialect_sqlite.identifier(&b, now);
      done = c.at;
    }
    owner = before;
    before = token;
  }
  rl_buf_put(&b, sql.p + done, sql.len - done);
  rl_str text = b.failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return text;
}

rl_str rl_sqlite_predicate(rl_str sql) {
  scan c = {sql, 0, 0};
  for (rl_str token = next(&c); token.len; token = next(&c))
    if (c.depth == 0 && is_word(token, "WHERE")) return rl_str_make(sql.p + c.at, sql.len - c.at);
  return rl_str_make("", 0);
}
