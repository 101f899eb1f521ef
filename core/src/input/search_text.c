/* The text of a full-text search: a tsquery by the rules of PostgreSQL's to_tsquery, or plain words. The check here
 * accepts what the server's parser accepts, so that plain words do not become a syntax error. If the server's locale or
 * limits would decide, the text counts as words. */
#include "input/convert.h"

enum { MAX_BYTES = 40000, MAX_WORDS = 4000, MAX_NESTING = 1000, MAX_NOTS = 24 };
enum { MAX_DISTANCE = 16384 }; /* of two words, between < and > */

typedef struct parser {
  const unsigned char *at, *end;
  int open; /* parentheses */
  int nots; /* in a row */
} parser;

static bool is_space(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_operator(unsigned char c) {
  return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

/* Returns the length of a space beyond ASCII, which is a space or a letter depending on the server's locale; 0: none.
 */
static size_t wide_space(const unsigned char *at, const unsigned char *end) {
  if (end - at >= 2 && at[0] == 0xC2 && (at[1] == 0x85 || at[1] == 0xA0)) return 2;
  if (end - at < 3) return 0;
  uint32_t c = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
  bool blank = c == 0xE19A80 || c == 0xE1A08E || (c >= 0xE28080 && c <= 0xE2808B) || c == 0xE280A8 || c == 0xE280A9 ||
               c == 0xE280AF || c == 0xE2819F || c == 0xE38080 || c == 0xEFBBBF;
  return blank ? 3 : 0;
}

/* Returns false if different ones follow each other: one may be a space to the server, and the next one a letter. */
static bool skip_wide_spaces(parser *p) {
  const unsigned char *first = p->at;
  size_t len = wide_space(p->at, p->end), next;
  for (p->at += len; (next = wide_space(p->at, p->end)) > 0; p->at += next)
    if (next != len || memcmp(first, p->at, len) != 0) return false;
  return true;
}

static void skip_spaces(parser *p) {
  while (p->at < p->end && is_space(*p->at)) p->at++;
}

/* Skips the rest of a quoted operand, after its quote. */
static bool skip_quoted(parser *p) {
  const unsigned char *from = p->at;
  for (; p->at < p->end; p->at++) {
    if (*p->at == '\\') {
      if (++p->at == p->end) return false;
    } else if (*p->at == '\'') {
      if (p->at + 1 == p->end || p->at[1] != '\'') return p->at++ > from; /* an empty one is not an operand */
      p->at++;
    }
  }
  return false;
}

/* A wide space may end the word or belong to it. Returns whether the text after it means the same in both cases. */
static bool ends_alike(const parser *p) {
  return p->at == p->end || is_space(*p->at) || is_operator(*p->at);
}

static bool skip_word(parser *p) {
  while (p->at < p->end && !is_space(*p->at) && !is_operator(*p->at) && *p->at != ':') {
    if (wide_space(p->at, p->end)) return skip_wide_spaces(p) && ends_alike(p);
    if (*p->at == '\\' && ++p->at == p->end) return false;
    p->at++;
  }
  return true;
}

/* Skips ":" with weights, and "*" for a prefix. */
static void skip_modifiers(parser *p) {
  if (p->at == p->end || *p->at != ':') return;
  p->at++;
  while (p->at < p->end && strchr("abcdABCD*", *p->at)) p->at++;
}

/* Skips a word or a quoted text, and the negations and parentheses before it. */
static bool skip_operand(parser *p) {
  for (;; p->at++) {
    skip_spaces(p);
    if (p->at == p->end || *p->at == 0) return false;
    if (*p->at == '!') {
      if (++p->nots > MAX_NOTS) return false;
    } else if (*p->at == '(') {
      p->nots = 0;
      if (++p->open > MAX_NESTING) return false;
    } else {
      break;
    }
  }
  p->nots = 0;
  if (*p->at == ':' || is_operator(*p->at)) return false;
  if (wide_space(p->at, p->end)) { /* a letter must follow: a word begins with it in both cases */
    if (!skip_wide_spaces(p) || ends_alike(p) || strchr("':\\", *p->at)) return false;
  }
  if (*p->at == '\'') {
    p->at++;
    if (!skip_quoted(p)) return false;
  } else if (!skip_word(p)) {
    return false;
  }
  skip_modifiers(p);
  return true;
}

/* Skips the rest of "<->" or "<2>" after the "<". */
static bool skip_distance(parser *p) {
  if (p->at < p->end && *p->at == '-') {
    p->at++;
  } else {
    long n = 0;
    const unsigned char *from = p->at;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9' && n <= MAX_DISTANCE; p->at++) n = n * 10 + (*p->at - '0');
    if (p->at == from || n > MAX_DISTANCE) return false;
  }
  return p->at < p->end && *p->at++ == '>';
}

bool rl_is_tsquery(rl_str text) {
  parser p = {.at = (const unsigned char *)text.p, .end = (const unsigned char *)text.p + text.len};
  for (;;) {
    if (!skip_operand(&p)) return false;
    for (;;) { /* after an operand: the ends of parentheses, then an operator or nothing */
      skip_spaces(&p);
      if (p.at == p.end) return p.open == 0;
      if (*p.at != ')') break;
      p.at++;
      if (--p.open < 0) return false;
    }
    unsigned char c = *p.at++;
    if (c != '&' && c != '|' && !(c == '<' && skip_distance(&p))) return false;
  }
}

/* ------------------------------------------------------------------ words */

/* Returns the signs from `at` up to the next word. */
static rl_str signs_at(const char *at, const char *end) {
  const char *from = at;
  while (at < end) {
    size_t wide = wide_space((const unsigned char *)at, (const unsigned char *)end);
    if (!wide && !is_space((unsigned char)*at) && !is_operator((unsigned char)*at) && *at != '-' && *at != ':') break;
    at += wide ? wide : 1;
  }
  return rl_str_make(from, (size_t)(at - from));
}

/* websearch_to_tsquery allows only MAX_NOTS negations of one word, so pairs of them are left out. */
static void put_signs(rl_buf *out, rl_str signs) {
  size_t count = 0;
  for (size_t i = 0; i < signs.len; i++) count += signs.p[i] == '-';
  size_t drop = count > MAX_NOTS ? (count - MAX_NOTS + 1) & ~(size_t)1 : 0;
  for (size_t i = 0; i < signs.len; i++) {
    if (signs.p[i] == '-' && drop > 0)
      drop--;
    else
      rl_buf_byte(out, signs.p[i]);
  }
}

static rille_status plain_words(rl_arena *arena, rl_value *v, rl_error *err) {
  rl_buf out;
  rl_buf_init(&out);
  const char *at = v->as.p, *end = at + v->len;
  while (at < end) {
    rl_str signs = signs_at(at, end);
    put_signs(&out, signs);
    at += signs.len;
    const char *from = at;
    if (at < end && *at == '"') { /* quoted text has no signs */
      do at++;
      while (at < end && *at != '"');
    }
    if (at < end) at++;
    rl_buf_put(&out, from, (size_t)(at - from));
  }
  return rl_keep_text(&out, RILLE_TEXT, arena, v, err);
}

static size_t count_words(const rl_value *v) {
  size_t count = 0;
  bool inside = false;
  for (uint32_t i = 0; i < v->len; i++) {
    unsigned char c = (unsigned char)v->as.p[i];
    bool letter = c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    count += letter && !inside;
    inside = letter;
  }
  return count;
}

rille_status rl_transform_search(const rl_input *input, rl_arena *arena, rl_value *v, rl_error *err) {
  if (v->kind != RILLE_TEXT) return RILLE_OK;
  if (v->len > MAX_BYTES || count_words(v) > MAX_WORDS)
    return rl_refuse_value(input, RL_VALIDATION, err,
                           "the text is too long; a search can have at most %d words and %d bytes", MAX_WORDS,
                           MAX_BYTES);
  bool query = rl_is_tsquery(rl_str_make(v->as.p, v->len));
  if (query == (input->transform == RL_TRANSFORM_TSQUERY)) return query ? RILLE_OK : plain_words(arena, v, err);
  *v = (rl_value){.kind = RILLE_NULL};
  return RILLE_OK;
}
