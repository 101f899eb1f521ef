/* Splits schema text into tokens. */
#include "schema/lexer.h"

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
static bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_name(char c) {
  return is_alnum(c) || c == '_' || c == '-';
}

uint32_t rl_lex_line_end(rl_str text, uint32_t at, uint32_t end) {
  while (at < end && text.p[at] != '\n' && text.p[at] != '\r') at++;
  return at;
}

uint32_t rl_lexer_skip_space(rl_str text, uint32_t at, uint32_t end) {
  static const char *const wide[] = {"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", NULL};
  for (;;) {
    while (at < end && (text.p[at] == ' ' || text.p[at] == '\t')) at++;
    uint32_t before = at;
    if (at + 3 <= end && !memcmp(text.p + at, "\xE2\x80", 2)) {
      unsigned char last = (unsigned char)text.p[at + 2];
      if (last >= 0x80 && last <= 0x8A) at += 3;
    }
    for (size_t i = 0; wide[i]; i++) {
      uint32_t len = (uint32_t)strlen(wide[i]);
      if (at + len <= end && !memcmp(text.p + at, wide[i], len)) at += len;
    }
    if (at == before) return at;
  }
}

static rl_token new_token(rl_str text, rl_token_kind kind, uint32_t start, uint32_t end) {
  return (rl_token){kind, {start, end}, rl_str_make(text.p + start, end - start), NULL};
}

static rl_token bad_token(rl_str text, uint32_t start, uint32_t end, const char *why) {
  rl_token t = new_token(text, RL_T_BAD, start, end);
  t.why = why;
  return t;
}

static rl_token lex_string(rl_str text, uint32_t start, uint32_t end) {
  uint32_t at = start + 1;
  while (at < end) {
    char c = text.p[at];
    if (c == '"') return new_token(text, RL_T_STRING, start, at + 1);
    if (c == '\n' || c == '\r') break;
    if ((unsigned char)c < 0x20)
      return bad_token(text, at, at + 1,
                       "A string cannot contain a control character; write an escape like `\\t` or `\\u0001`.");
    at += c == '\\' && at + 1 < end && text.p[at + 1] != '\n' && text.p[at + 1] != '\r' ? 2 : 1;
  }
  return bad_token(text, start, at, "This string never ends: its closing `\"` is missing on this line.");
}

static rl_token lex_block_comment(rl_str text, uint32_t start, uint32_t end) {
  for (uint32_t at = start + 2; at + 1 < end; at++)
    if (text.p[at] == '*' && text.p[at + 1] == '/') return new_token(text, RL_T_BLOCK_COMMENT, start, at + 2);
  /* The rest is a comment. Tokens in it would start a new search at each `/` and `*`. */
  return bad_token(text, start, end, "This comment never ends: its closing `*/` is missing.");
}

static rl_token lex_slash(rl_str text, uint32_t start, uint32_t end) {
  char next = start + 1 < end ? text.p[start + 1] : 0;
  if (next == '*') return lex_block_comment(text, start, end);
  if (next != '/')
    return bad_token(text, start, start + 1, "A single `/` has no meaning here; a comment begins with `//`.");
  bool doc = start + 2 < end && text.p[start + 2] == '/';
  return new_token(text, doc ? RL_T_DOC : RL_T_COMMENT, start, rl_lex_line_end(text, start, end));
}

/* Digits are a number unless letters follow. Then they begin a wrong name, for which the parser has a better error. */
static rl_token lex_word(rl_str text, uint32_t start, uint32_t end) {
  uint32_t at = start;
  if (text.p[at] == '-') at++;
  while (at < end && is_digit(text.p[at])) at++;
  bool number = at > start && is_digit(text.p[at - 1]);
  if (number && at + 1 < end && text.p[at] == '.' && is_digit(text.p[at + 1])) {
    at++;
    while (at < end && is_digit(text.p[at])) at++;
    return new_token(text, RL_T_NUMBER, start, at);
  }
  if (number && (at == end || !is_name(text.p[at]))) return new_token(text, RL_T_NUMBER, start, at);
  if (text.p[start] == '-') return bad_token(text, start, start + 1, "A `-` can be only before a number.");
  while (at < end && is_name(text.p[at])) at++;
  return new_token(text, RL_T_NAME, start, at);
}

static rl_token lex_mark(rl_str text, uint32_t at, uint32_t end) {
  static const struct {
    char c;
    rl_token_kind kind;
  } marks[] = {{'(', RL_T_PAREN_OPEN}, {')', RL_T_PAREN_CLOSE}, {'[', RL_T_BRACKET_OPEN}, {']', RL_T_BRACKET_CLOSE},
               {'{', RL_T_BRACE_OPEN}, {'}', RL_T_BRACE_CLOSE}, {',', RL_T_COMMA},        {':', RL_T_COLON},
               {'=', RL_T_EQUALS},     {'?', RL_T_QUESTION},    {'.', RL_T_DOT},          {'!', RL_T_BANG}};
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
    if (marks[i].c == text.p[at]) return new_token(text, marks[i].kind, at, at + 1);
  unsigned char c = (unsigned char)text.p[at];
  if (c == '_') return bad_token(text, at, at + 1, "A name cannot begin with `_`: it begins with a letter.");
  if (c == 0) return bad_token(text, at, at + 1, "The file contains a zero byte: it is not a text file.");
  if (c == '\'') return bad_token(text, at, at + 1, "A string must be in double quotes.");
  if (c < 0x80) return bad_token(text, at, at + 1, "This character has no meaning in a schema.");
  uint32_t stop = at + 1;
  while (stop < end && ((unsigned char)text.p[stop] & 0xC0) == 0x80) stop++;
  return bad_token(text, at, stop,
                   "This character has no meaning in a schema: names have the letters A to Z, digits and `_`.");
}

rl_token rl_lex(rl_str text, uint32_t at, uint32_t end) {
  at = rl_lexer_skip_space(text, at, end);
  if (at >= end) return new_token(text, RL_T_END, end, end);
  char c = text.p[at];
  if (c == '\n') return new_token(text, RL_T_NEWLINE, at, at + 1);
  if (c == '\r') return new_token(text, RL_T_NEWLINE, at, at + 1 < end && text.p[at + 1] == '\n' ? at + 2 : at + 1);
  if (c == '"') return lex_string(text, at, end);
  if (c == '/') return lex_slash(text, at, end);
  if (c == '@') {
    bool two = at + 1 < end && text.p[at + 1] == '@';
    return new_token(text, two ? RL_T_AT_AT : RL_T_AT, at, two ? at + 2 : at + 1);
  }
  if (is_alnum(c) || c == '-') return lex_word(text, at, end);
  return lex_mark(text, at, end);
}
