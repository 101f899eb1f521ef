/* A script cut into its statements: what a semicolon ends, and where it is only text. */
#include "migrate/history/statements.h"

#include <ctype.h>
#include <strings.h>

typedef struct cutter {
  const char *at, *end;
  bool postgres;
  const char *line_at; /* how far lines were counted */
  int line;
} cutter;

static bool is_letter(char c) {
  return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_inner(char c) {
  return is_letter(c) || isdigit((unsigned char)c) || c == '$';
}

static bool is_word(rl_str w, const char *upper) {
  return w.len == strlen(upper) && strncasecmp(w.p, upper, w.len) == 0;
}

static void skip_line(cutter *c) {
  while (c->at < c->end && *c->at != '\n') c->at++;
}

static bool opens_comment(const cutter *c) {
  return c->end - c->at > 1 && c->at[0] == '/' && c->at[1] == '*';
}

/* PostgreSQL's comments nest, and one that does not end is an error: it is a part of the statement, for the server to
 * say so. */
static bool skip_comment(cutter *c) {
  const char *from = c->at;
  int depth = 0;
  while (c->at < c->end) {
    bool two = c->at + 1 < c->end;
    if (two && c->at[0] == '/' && c->at[1] == '*' && (c->postgres || depth == 0)) {
      depth++;
      c->at += 2;
    } else if (two && c->at[0] == '*' && c->at[1] == '/') {
      c->at += 2;
      if (--depth == 0) return true;
    } else {
      c->at++;
    }
  }
  if (c->postgres) c->at = from;
  return !c->postgres;
}

/* From the quote on. A doubled quote reads as two texts side by side, which comes to the same. */
static void skip_quoted(cutter *c, char close, bool escapes) {
  c->at++;
  while (c->at < c->end && *c->at != close) c->at += escapes && *c->at == '\\' && c->at + 1 < c->end ? 2 : 1;
  if (c->at < c->end) c->at++;
}

/* $tag$ ... $tag$; a $ that opens none is passed. */
static void skip_dollar(cutter *c) {
  const char *tag = c->at, *p = c->at + 1;
  if (p < c->end && is_letter(*p))
    while (p < c->end && *p != '$' && is_inner(*p)) p++;
  if (p >= c->end || *p != '$') {
    c->at++;
    return;
  }
  size_t len = (size_t)(p + 1 - tag);
  for (c->at = p + 1; c->at < c->end; c->at++)
    if ((size_t)(c->end - c->at) >= len && memcmp(c->at, tag, len) == 0) {
      c->at += len;
      return;
    }
}

/* Whether a comment or white space was passed. */
static bool skip_blank(cutter *c) {
  bool two = c->at + 1 < c->end;
  if (isspace((unsigned char)*c->at))
    c->at++;
  else if (two && c->at[0] == '-' && c->at[1] == '-')
    skip_line(c);
  else if (opens_comment(c))
    return skip_comment(c);
  else
    return false;
  return true;
}

static rl_str take_word(cutter *c) {
  const char *from = c->at;
  while (c->at < c->end && is_inner(*c->at)) c->at++;
  return (rl_str){from, (size_t)(c->at - from)};
}

/* How deep a statement is in bodies whose semicolons are their own: those of triggers, and BEGIN ATOMIC. */
typedef struct body {
  int words; /* of the statement so far */
  int depth;
  int parentheses; /* PostgreSQL: the statements of a rule stand in them */
  bool may_have;   /* CREATE FUNCTION, PROCEDURE or TRIGGER */
  bool creates;    /* the words so far are those before the kind of thing that is created */
  bool began;      /* BEGIN was the word before */
  char before;     /* the token before: its first byte, or ';' where a statement of a body may begin */
} body;

static bool is_before_kind(rl_str w) {
  static const char *const all[] = {"CREATE", "OR", "REPLACE", "TEMP", "TEMPORARY"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (is_word(w, all[i])) return true;
  return false;
}

static bool has_body(rl_str w, bool postgres) {
  return postgres ? is_word(w, "FUNCTION") || is_word(w, "PROCEDURE") : is_word(w, "TRIGGER");
}

static void look_at_word(body *b, rl_str w, bool postgres) {
  bool begin = is_word(w, "BEGIN"), first = b->before == ';';
  b->before = *w.p;
  if (b->words == 0) b->creates = is_word(w, "CREATE");
  if (b->creates) b->may_have = has_body(w, postgres);
  b->creates = b->creates && is_before_kind(w);
  if (b->may_have && b->depth == 0 && (postgres ? b->began && is_word(w, "ATOMIC") : begin))
    b->depth = 1, b->before = ';';
  else if (b->depth && is_word(w, "CASE"))
    b->depth++;
  else if ((b->depth > 1 || (b->depth && first)) && is_word(w, "END"))
    b->depth--;
  b->began = begin;
  b->words++;
}

static void take_sign(cutter *c, body *b) {
  if (c->postgres && *c->at == '(') b->parentheses++;
  if (c->postgres && *c->at == ')' && b->parentheses) b->parentheses--;
  c->at++;
}

static void skip_token(cutter *c, body *b) {
  char ch = *c->at, before = b->before;
  b->before = ch;
  if (is_letter(ch)) {
    rl_str w = take_word(c);
    bool escapes = c->postgres && is_word(w, "E") && c->at < c->end && *c->at == '\'';
    b->before = before;
    if (escapes)
      skip_quoted(c, '\'', true);
    else if (before == '.')
      b->before = ch; /* a column, whatever it is called */
    else
      look_at_word(b, w, c->postgres);
  } else if (isdigit((unsigned char)ch)) {
    take_word(c);
  } else if (ch == '\'' || ch == '"' || (ch == '`' && !c->postgres)) {
    skip_quoted(c, ch, false);
  } else if (ch == '[' && !c->postgres) {
    skip_quoted(c, ']', false);
  } else if (ch == '$' && c->postgres) {
    skip_dollar(c);
  } else if (opens_comment(c)) {
    c->at = c->end;
  } else {
    take_sign(c, b);
  }
}

static int line_of(cutter *c, const char *p) {
  for (; c->line_at < p; c->line_at++) c->line += *c->line_at == '\n';
  return c->line;
}

static rille_status add(rl_statements *out, rl_arena *arena, rl_statement s, rl_error *err) {
  if (out->count == out->cap) {
    size_t cap = out->cap ? out->cap * 2 : 16;
    rl_statement *more = RL_NEW_ARRAY(arena, rl_statement, cap);
    if (!more) return rl_fail_nomem(err);
    if (out->count) memcpy(more, out->items, out->count * sizeof *more);
    out->items = more;
    out->cap = cap;
  }
  out->items[out->count++] = s;
  return RILLE_OK;
}

rille_status rl_statements_of(rl_str script, bool postgres, rl_arena *arena, rl_statements *out, rl_error *err) {
  cutter c = {script.p, script.p + script.len, postgres, script.p, 1};
  rille_status st = RILLE_OK;
  *out = (rl_statements){0};
  if (rl_str_starts(script, RL_STR("\xef\xbb\xbf"))) c.at += 3; /* a byte order mark is no part of the first word */
  while (c.at < c.end && st == RILLE_OK) {
    if (skip_blank(&c)) continue;
    const char *from = c.at, *last = c.at;
    body b = {0};
    while (c.at < c.end && !(*c.at == ';' && b.depth == 0 && b.parentheses == 0)) {
      if (skip_blank(&c)) continue;
      skip_token(&c, &b);
      last = c.at;
    }
    if (last > from) st = add(out, arena, (rl_statement){{from, (size_t)(last - from)}, line_of(&c, from)}, err);
    if (c.at < c.end) c.at++;
  }
  return st;
}

/* The first words, without comments. */
static size_t first_words(rl_str sql, rl_str *words, size_t most) {
  cutter c = {sql.p, sql.p + sql.len, true, sql.p, 1};
  size_t n = 0;
  while (c.at < c.end && n < most) {
    if (skip_blank(&c)) continue;
    if (is_letter(*c.at)) {
      words[n++] = take_word(&c);
    } else {
      words[n++] = (rl_str){c.at, 1};
      c.at++;
    }
  }
  return n;
}

bool rl_statement_is_transaction(rl_str sql) {
  static const char *const all[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"};
  rl_str words[3];
  size_t n = first_words(sql, words, 3);
  for (size_t i = 0; n && i < sizeof all / sizeof *all; i++)
    if (is_word(words[0], all[i])) return !(n > 1 && is_word(words[1], "TO")) && !(n > 2 && is_word(words[2], "TO"));
  return n > 1 && is_word(words[0], "PREPARE") && is_word(words[1], "TRANSACTION");
}

bool rl_statement_frees_keys(rl_str sql) {
  rl_str w[4];
  static const char *const off[] = {"OFF", "0", "FALSE", "NO"};
  size_t n = first_words(sql, w, 4);
  if (n < 4 || !is_word(w[0], "PRAGMA") || !is_word(w[1], "foreign_keys")) return false;
  for (size_t i = 0; i < sizeof off / sizeof *off; i++)
    if (is_word(w[3], off[i])) return true;
  return false;
}
