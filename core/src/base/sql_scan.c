/* The scanner of SQL. */
#include "base/sql_scan.h"

static const rl_sql_rules *const sql_rules[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_sql_rules_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};

/* Classes of bytes, whatever the locale. */
enum { BLANK = 1, DIGIT = 2, LETTER = 4, DOLLAR = 8, NAME = DIGIT | LETTER | DOLLAR };

static unsigned class_of(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80) return LETTER;
  if (c >= '0' && c <= '9') return DIGIT;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return BLANK;
  return c == '$' ? DOLLAR : 0;
}

bool rl_sql_is_name_byte(char c) {
  return class_of(c) & NAME;
}

const rl_sql_rules *rl_sql_rules_of(rl_provider provider) {
  return sql_rules[provider];
}

void rl_sql_scan_init(rl_sql_scan *s, rl_str sql, rl_provider provider) {
  if (!sql.p) sql = RL_STR("");
  *s = (rl_sql_scan){.rules = rl_sql_rules_of(provider), .at = sql.p, .end = sql.p + sql.len};
}

static bool is_at(const rl_sql_scan *s, const char *p, char a, char b) {
  return s->end - p > 1 && p[0] == a && p[1] == b;
}

static const char *past_class(const rl_sql_scan *s, const char *p, unsigned classes) {
  while (p < s->end && class_of(*p) & classes) p++;
  return p;
}

static rl_sql_token token(rl_sql_scan *s, rl_sql_kind kind, const char *to, bool open) {
  rl_sql_token t = {.kind = kind, .open = open, .text = {s->at, (size_t)(to - s->at)}};
  s->at = to;
  return t;
}

/* From the first quote on. A doubled quote is one within, but not of names in brackets. */
static rl_sql_token quoted(rl_sql_scan *s, rl_sql_kind kind, const char *quote, bool backslashes) {
  char close = *quote == '[' ? ']' : *quote;
  for (const char *p = quote + 1; p < s->end; p++) {
    if (backslashes && *p == '\\')
      p++;
    else if (*p == close && (close == ']' || !is_at(s, p, close, close)))
      return token(s, kind, p + 1, false);
    else if (*p == close)
      p++;
  }
  return token(s, kind, s->end, true);
}

static rl_sql_token string(rl_sql_scan *s, const char *quote, bool backslashes) {
  rl_sql_token t = quoted(s, RL_SQL_STRING, quote, backslashes);
  s->continues = backslashes;
  s->new_line = false;
  return t;
}

static rl_sql_token line_comment(rl_sql_scan *s) {
  const char *p = s->at + 2;
  while (p < s->end && *p != s->rules->line_ends[0] && *p != s->rules->line_ends[1]) p++;
  return token(s, RL_SQL_COMMENT, p, false);
}

static rl_sql_token block_comment(rl_sql_scan *s) {
  int depth = 1;
  for (const char *p = s->at + 2; p < s->end; p++) {
    if (is_at(s, p, '*', '/')) {
      p++;
      if (--depth == 0) return token(s, RL_SQL_COMMENT, p + 1, false);
    } else if (s->rules->nested_comments && is_at(s, p, '/', '*')) {
      p++;
      depth++;
    }
  }
  return token(s, RL_SQL_COMMENT, s->end, true);
}

/* `$tag$ ... $tag$`. The end of another tag may be the beginning of this one. */
static rl_sql_token dollar_quoted(rl_sql_scan *s, size_t tag) {
  const char *p = s->at + tag;
  while ((size_t)(s->end - p) >= tag) {
    p = memchr(p, '$', (size_t)(s->end - p) - tag + 1);
    if (!p) break;
    if (memcmp(p, s->at, tag) == 0) return token(s, RL_SQL_STRING, p + tag, false);
    p++;
  }
  return token(s, RL_SQL_STRING, s->end, true);
}

/* Length of the tag that begins here, with both its dollars; 0 when it is none. */
static size_t dollar_tag(const rl_sql_scan *s) {
  const char *p = s->at + 1;
  if (p < s->end && class_of(*p) & LETTER) p = past_class(s, p, LETTER | DIGIT);
  return p < s->end && *p == '$' ? (size_t)(p + 1 - s->at) : 0;
}

static rl_sql_token numbered(rl_sql_scan *s) {
  uint32_t n = 0;
  const char *p = s->at + 1;
  for (; p < s->end && class_of(*p) & DIGIT; p++)
    n = n < RL_SQL_NUMBER_MAX ? n * 10 + (uint32_t)(*p - '0') : RL_SQL_NUMBER_MAX;
  rl_sql_token t = token(s, RL_SQL_NUMBERED, p, false);
  t.number = n < RL_SQL_NUMBER_MAX ? n : RL_SQL_NUMBER_MAX;
  return t;
}

/* SQLite's `:name`, where `::` and a last part in parentheses may belong to the name, as in Tcl. */
static rl_sql_token named(rl_sql_scan *s) {
  const char *p = s->at + 1;
  size_t letters = 0;
  for (; p < s->end; p++) {
    if (class_of(*p) & NAME) {
      letters++;
    } else if (*p == '(' && letters) {
      while (p < s->end && *p != ')' && !(class_of(*p) & BLANK)) p++;
      if (p < s->end && *p == ')') p++;
      break;
    } else if (is_at(s, p, ':', ':')) {
      p++;
    } else {
      break;
    }
  }
  return letters ? token(s, RL_SQL_NAMED, p, false) : token(s, RL_SQL_SIGN, s->at + 1, false);
}

static rl_sql_token dollar(rl_sql_scan *s) {
  bool digit = s->end - s->at > 1 && class_of(s->at[1]) & DIGIT;
  size_t tag = s->rules->dollar_quotes ? dollar_tag(s) : 0;
  if (digit) return numbered(s);
  if (tag) return dollar_quoted(s, tag);
  return s->rules->named_placeholders ? named(s) : token(s, RL_SQL_SIGN, s->at + 1, false);
}

static rl_sql_token question(rl_sql_scan *s) {
  bool digit = s->end - s->at > 1 && class_of(s->at[1]) & DIGIT;
  return !s->rules->question_operators && digit ? numbered(s) : token(s, RL_SQL_QUESTION, s->at + 1, false);
}

/* 1, 1.5, .5, 1e-3, 0xff. */
static rl_sql_token number(rl_sql_scan *s) {
  const char *p = past_class(s, s->at, DIGIT);
  if (p < s->end && *p == '.' && !is_at(s, p, '.', '.')) p = past_class(s, p + 1, DIGIT);
  bool exponent = p < s->end && (*p == 'e' || *p == 'E');
  if (exponent && s->end - p > 2 && (p[1] == '+' || p[1] == '-') && class_of(p[2]) & DIGIT)
    p = past_class(s, p + 2, DIGIT);
  if (p < s->end && class_of(*p) & LETTER) p = past_class(s, p, NAME);
  return token(s, RL_SQL_NUMBER, p, false);
}

/* A word, or the string or name whose prefix it is: E'', B'', X'', N'', U&'', U&"". On SQLite X'' alone, and the others
 * come to the same when they are two tokens. */
static rl_sql_token word(rl_sql_scan *s) {
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  const char *p = past_class(s, s->at, NAME);
  if (s->rules->blank_marks && p - s->at >= 3 && memcmp(s->at, byte_order_mark, 3) == 0)
    return token(s, RL_SQL_SPACE, s->at + 3, false);
  bool one = p == s->at + 1 && p < s->end;
  char letter = one ? (char)(*s->at | 0x20) : 0;
  bool prefix = s->rules->string_prefixes ? letter && strchr("ebxn", letter) : letter == 'x';
  if (prefix && *p == '\'') return string(s, p, s->rules->string_prefixes && letter == 'e');
  if (s->rules->string_prefixes && letter == 'u' && (is_at(s, p, '&', '\'') || is_at(s, p, '&', '"')))
    return p[1] == '"' ? quoted(s, RL_SQL_NAME, p + 1, false) : string(s, p + 1, false);
  return token(s, RL_SQL_WORD, p, false);
}

static rl_sql_token space(rl_sql_scan *s) {
  const char *p = past_class(s, s->at, BLANK);
  for (const char *c = s->at; s->continues && c < p; c++) s->new_line |= *c == '\n' || *c == '\r';
  return token(s, RL_SQL_SPACE, p, false);
}

static rl_sql_token sign(rl_sql_scan *s) {
  const char *p = s->at;
  bool odd = s->rules->odd_names;
  switch (*p) {
  case '"': return quoted(s, RL_SQL_NAME, p, false);
  case '`':
  case '[':
    if (odd) return quoted(s, RL_SQL_NAME, p, false);
    break;
  case '?': return question(s);
  case '$': return dollar(s);
  case ':':
  case '@':
    if (s->rules->named_placeholders) return named(s);
    break;
  case '.':
    if (s->end - p > 1 && class_of(p[1]) & DIGIT) return number(s);
    break;
  case '/':
    /* SQLite takes a comment that has nothing at all in it for two signs. */
    if (is_at(s, p, '/', '*') && (s->end - p > 2 || !s->rules->open_comments)) return block_comment(s);
    break;
  default: break;
  }
  return token(s, RL_SQL_SIGN, p + 1, false);
}

rl_sql_token rl_sql_next(rl_sql_scan *s) {
  if (s->at == s->end) return token(s, RL_SQL_END, s->at, false);
  unsigned class = class_of(*s->at);
  if (class == BLANK) return space(s);
  if (is_at(s, s->at, '-', '-')) return line_comment(s); /* between the parts of an E'' too */
  bool goes_on = s->continues && s->new_line;
  s->continues = false;
  if (*s->at == '\'') return string(s, s->at, goes_on);
  if (class == LETTER) return word(s);
  if (class == DIGIT) return number(s);
  return sign(s);
}

rl_sql_token rl_sql_next_solid(rl_sql_scan *s) {
  rl_sql_token t = rl_sql_next(s);
  while (rl_sql_is_blank(s, t)) t = rl_sql_next(s);
  return t;
}

bool rl_sql_is_word(rl_sql_token t, const char *upper) {
  if (t.kind != RL_SQL_WORD || t.text.len != strlen(upper)) return false;
  for (size_t i = 0; i < t.text.len; i++) {
    char c = t.text.p[i];
    if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != upper[i]) return false;
  }
  return true;
}

void rl_sql_place_move(rl_sql_place *p, const char *to) {
  for (; p->at < to; p->at++) {
    bool ends = *p->at == '\n';
    p->line += ends;
    p->column = ends ? 1 : p->column + (((unsigned char)*p->at & 0xC0) != 0x80);
  }
}
