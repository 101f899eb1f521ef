/* Placeholders of raw statements: both styles, as the database's own. */
#include <ctype.h>

#include "run/op.h"

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}
static bool is_at(rl_str s, size_t i, char a, char b) {
  return i + 1 < s.len && s.p[i] == a && s.p[i + 1] == b;
}

/* Past the text or name whose first quote is at i; escapes: a backslash takes the letter after it along. */
static size_t past_quotes(rl_str s, size_t i, char close, bool escapes) {
  for (size_t k = i + 1; k < s.len; k++) {
    if (escapes && s.p[k] == '\\')
      k++;
    else if (is_at(s, k, close, close) && close != ']')
      k++;
    else if (s.p[k] == close)
      return k + 1;
  }
  return s.len;
}

/* PostgreSQL's E'...'. */
static bool has_escapes(rl_str s, size_t i, bool postgres) {
  if (!postgres || i == 0 || (s.p[i - 1] != 'e' && s.p[i - 1] != 'E')) return false;
  return i == 1 || !is_word(s.p[i - 2]);
}

static size_t past_comment(rl_str s, size_t i, bool nested) {
  int depth = 0;
  while (i < s.len) {
    if (is_at(s, i, '*', '/')) {
      i += 2;
      if (--depth == 0) return i;
    } else if (is_at(s, i, '/', '*') && (nested || depth == 0)) {
      i += 2;
      depth++;
    } else {
      i++;
    }
  }
  return s.len;
}

/* Past $tag$ ... $tag$; i itself when no such text begins there. */
static size_t past_dollars(rl_str s, size_t i) {
  size_t k = i + 1;
  if (i > 0 && is_word(s.p[i - 1])) return i;
  while (k < s.len && is_word(s.p[k]) && s.p[k] != '$') k++;
  if (k >= s.len || s.p[k] != '$' || (k > i + 1 && isdigit((unsigned char)s.p[i + 1]))) return i;
  rl_str tag = rl_str_make(s.p + i, k + 1 - i);
  for (size_t e = k + 1; e + tag.len <= s.len; e++)
    if (memcmp(s.p + e, tag.p, tag.len) == 0) return e + tag.len;
  return s.len;
}

/* Past a quoted text, a quoted name, a dollar-quoted text or a comment that begins at i; i itself when none does. */
static size_t skip_quoted(rl_str s, size_t i, bool postgres) {
  switch (s.p[i]) {
  case '\'': return past_quotes(s, i, '\'', has_escapes(s, i, postgres));
  case '"': return past_quotes(s, i, '"', false);
  case '`': return postgres ? i : past_quotes(s, i, '`', false);
  case '[': return postgres ? i : past_quotes(s, i, ']', false);
  case '/': return is_at(s, i, '/', '*') ? past_comment(s, i, postgres) : i;
  case '$': return postgres ? past_dollars(s, i) : i;
  case '-': break;
  default: return i;
  }
  if (!is_at(s, i, '-', '-')) return i;
  const char *end = memchr(s.p + i, '\n', s.len - i);
  return end ? (size_t)(end - s.p) : s.len;
}

/* `$1`, and on SQLite its own `?1` as well. A letter before the dollar makes it a part of a name. */
static bool is_numbered(rl_str s, size_t i, bool postgres) {
  if (i + 1 >= s.len || !isdigit((unsigned char)s.p[i + 1])) return false;
  return s.p[i] == '$' ? i == 0 || !is_word(s.p[i - 1]) : s.p[i] == '?' && !postgres;
}

static bool has_numbered(rl_str s, bool postgres) {
  for (size_t i = 0; i < s.len;) {
    size_t after = skip_quoted(s, i, postgres);
    if (after == i && is_numbered(s, i, postgres)) return true;
    i = after == i ? i + 1 : after;
  }
  return false;
}

/* Both styles, `$1` and `?`, to the database's own; a statement that numbers its placeholders keeps its question marks,
 * which may be operators. */
void rl_raw_placeholders(rl_str s, bool postgres, rl_buf *out, uint32_t *used) {
  bool numbered = has_numbered(s, postgres);
  uint32_t n = 0, highest = 0;
  for (size_t i = 0; i < s.len;) {
    size_t after = skip_quoted(s, i, postgres);
    if (after != i) {
      rl_buf_put(out, s.p + i, after - i);
      i = after;
    } else if (numbered && is_numbered(s, i, postgres)) {
      uint32_t k = 0;
      for (i++; i < s.len && isdigit((unsigned char)s.p[i]) && k < 100000; i++) k = k * 10 + (uint32_t)(s.p[i] - '0');
      rl_buf_printf(out, postgres ? "$%u" : "?%u", k);
      if (k > highest) highest = k;
    } else if (!numbered && s.p[i] == '?') {
      /* as in "LIMIT?AND" and "?1": a part neither of the name before nor of the word after it */
      if (postgres && i > 0 && (is_word(s.p[i - 1]) || s.p[i - 1] == '?')) rl_buf_byte(out, ' ');
      rl_buf_printf(out, postgres ? "$%u" : "?%u", ++n);
      i++;
      if (postgres && i < s.len && is_word(s.p[i])) rl_buf_byte(out, ' ');
    } else {
      rl_buf_byte(out, s.p[i++]);
    }
  }
  *used = numbered ? highest : n;
}
