/* Lua 5.4's patterns: the check of a pattern, and the matcher. */
#include "base/pattern.h"

/* Lua's own limits. The second bounds the depth of recursion: each quantifier and each capture of a pattern is one
 * level. */
enum { CAPTURES_MOST = 32, LEVELS_MOST = 200 };

/* ------------------------------------------------------------------ classes of bytes, in the C locale */

static bool is_in(unsigned char c, unsigned char low, unsigned char high) {
  return c >= low && c <= high;
}
static bool is_upper(unsigned char c) {
  return is_in(c, 'A', 'Z');
}
static bool is_lower(unsigned char c) {
  return is_in(c, 'a', 'z');
}
static bool is_digit(unsigned char c) {
  return is_in(c, '0', '9');
}
static bool is_alpha(unsigned char c) {
  return is_upper(c) || is_lower(c);
}

/* Whether c is in the class that a letter behind % names. An upper-case letter is the complement, any other byte
 * stands for itself. */
static bool class_has(unsigned char class, unsigned char c) {
  bool has;
  switch (is_upper(class) ? class - 'A' + 'a' : class) {
  case 'a': has = is_alpha(c); break;
  case 'c': has = c < 0x20 || c == 0x7F; break;
  case 'd': has = is_digit(c); break;
  case 'g': has = is_in(c, 0x21, 0x7E); break;
  case 'l': has = is_lower(c); break;
  case 'p': has = is_in(c, 0x21, 0x7E) && !is_alpha(c) && !is_digit(c); break;
  case 's': has = c == ' ' || is_in(c, '\t', '\r'); break;
  case 'u': has = is_upper(c); break;
  case 'w': has = is_alpha(c) || is_digit(c); break;
  case 'x': has = is_digit(c) || is_in(c, 'a', 'f') || is_in(c, 'A', 'F'); break;
  case 'z': has = c == 0; break;
  default: return class == c;
  }
  return is_upper(class) ? !has : has;
}

/* Whether the set between `at`, which is its [, and `end`, which is behind its ], has c. */
static bool set_has(const unsigned char *at, const unsigned char *end, unsigned char c) {
  const unsigned char *close = end - 1;
  bool wanted = at[1] != '^';
  if (!wanted) at++;
  while (++at < close) {
    if (*at == '%') {
      if (class_has(*++at, c)) return wanted;
    } else if (at[1] == '-' && at + 2 < close) {
      at += 2;
      if (at[-2] <= c && c <= *at) return wanted;
    } else if (*at == c) {
      return wanted;
    }
  }
  return !wanted;
}

/* Returns the end of the class of one byte that begins at p: `.`, `%a`, `[...]` or a byte. NULL: it has none. */
static const unsigned char *class_end(const unsigned char *p, const unsigned char *end) {
  if (*p == '%') return p + 1 < end ? p + 2 : NULL;
  if (*p++ != '[') return p;
  if (p < end && *p == '^') p++;
  do { /* the first byte is part of the set, even a ] */
    if (p == end) return NULL;
    if (*p++ == '%' && p < end) p++;
  } while (p < end && *p != ']');
  return p < end ? p + 1 : NULL;
}

static bool is_quantifier(unsigned char c) {
  return c == '*' || c == '+' || c == '-' || c == '?';
}

/* ------------------------------------------------------------------ the check */

typedef struct captures {
  bool closed[CAPTURES_MOST];
  int count, levels;
} captures;

static int last_open(const captures *c) {
  int i = c->count - 1;
  while (i >= 0 && c->closed[i]) i--;
  return i;
}

static const char *check_parenthesis(captures *c, bool opens) {
  c->levels++;
  if (opens) {
    if (c->count == CAPTURES_MOST) return "it has more than 32 captures";
    c->closed[c->count++] = false;
    return NULL;
  }
  int open = last_open(c);
  if (open < 0) return "it closes a capture that it did not open";
  c->closed[open] = true;
  return NULL;
}

/* Behind %: a reference, a balance or a frontier. *p moves behind it; it does not move for a class. */
static const char *check_special(captures *c, const unsigned char **p, const unsigned char *end) {
  const unsigned char *at = *p + 1;
  if (at == end) return "it ends with `%`";
  if (is_digit(*at)) {
    int index = *at - '1';
    if (index < 0 || index >= c->count || !c->closed[index]) return "it refers to a capture that is not complete";
    *p = at + 1;
  } else if (*at == 'b') {
    if (end - at < 3) return "`%b` needs two characters";
    *p = at + 3;
  } else if (*at == 'f') {
    if (at + 1 == end || at[1] != '[') return "`%f` needs a set in brackets";
    *p = class_end(at + 1, end);
    if (!*p) return "a `]` is missing";
  }
  return NULL;
}

static const char *check_item(captures *c, const unsigned char **p, const unsigned char *end) {
  const unsigned char *from = *p;
  if (*from == '(' || *from == ')') {
    bool is_position = *from == '(' && from + 1 < end && from[1] == ')';
    const char *why = check_parenthesis(c, *from == '(');
    if (is_position && !why) why = check_parenthesis(c, false);
    *p = from + (is_position ? 2 : 1);
    return why;
  }
  if (*from == '%') {
    const char *why = check_special(c, p, end);
    if (why || *p != from) return why;
  }
  *p = class_end(from, end);
  if (!*p) return "a `]` is missing";
  if (*p < end && is_quantifier(**p)) {
    c->levels++;
    ++*p;
  }
  return NULL;
}

const char *rl_pattern_error(rl_str pattern) {
  const unsigned char *p = (const unsigned char *)pattern.p, *end = p + pattern.len;
  captures c = {.count = 0};
  if (p < end && *p == '^') p++;
  while (p < end) {
    const char *why = check_item(&c, &p, end);
    if (why) return why;
  }
  if (last_open(&c) >= 0) return "a capture is not closed";
  return c.levels > LEVELS_MOST ? "it has more than 200 captures and quantifiers" : NULL;
}

/* ------------------------------------------------------------------ the matcher */

enum { LENGTH_OPEN = -1, LENGTH_POSITION = -2 };

typedef struct matching {
  const unsigned char *text, *text_end, *pattern_end;
  int steps; /* left */
  int count;
  struct {
    const unsigned char *start;
    ptrdiff_t length;
  } captures[CAPTURES_MOST];
} matching;

/* NULL: no match. */
static const unsigned char *match(matching *m, const unsigned char *s, const unsigned char *p);

/* Whether the byte at s is in the class from p to `end`. Each test is a step; without steps nothing matches. */
static bool is_single(matching *m, const unsigned char *s, const unsigned char *p, const unsigned char *end) {
  if (s >= m->text_end || m->steps <= 0) return false;
  m->steps--;
  switch (*p) {
  case '.': return true;
  case '%': return class_has(p[1], *s);
  case '[': return set_has(p, end, *s);
  default: return *p == *s;
  }
}

/* `*` and `+`: as many as there are, then fewer. */
static const unsigned char *match_most(matching *m, const unsigned char *s, const unsigned char *p,
                                       const unsigned char *end, ptrdiff_t least) {
  ptrdiff_t i = 0;
  while (is_single(m, s + i, p, end)) i++;
  for (; i >= least && m->steps > 0; i--) {
    const unsigned char *found = match(m, s + i, end + 1);
    if (found) return found;
  }
  return NULL;
}

/* `-`: as few as possible. */
static const unsigned char *match_least(matching *m, const unsigned char *s, const unsigned char *p,
                                        const unsigned char *end) {
  for (;;) {
    const unsigned char *found = match(m, s, end + 1);
    if (found) return found;
    if (!is_single(m, s, p, end)) return NULL;
    s++;
  }
}

static const unsigned char *match_open(matching *m, const unsigned char *s, const unsigned char *p, ptrdiff_t length) {
  m->captures[m->count].start = s;
  m->captures[m->count++].length = length;
  const unsigned char *found = match(m, s, p);
  if (!found) m->count--;
  return found;
}

static const unsigned char *match_close(matching *m, const unsigned char *s, const unsigned char *p) {
  int open = m->count - 1;
  while (open > 0 && m->captures[open].length != LENGTH_OPEN) open--;
  m->captures[open].length = s - m->captures[open].start;
  const unsigned char *found = match(m, s, p);
  if (!found) m->captures[open].length = LENGTH_OPEN;
  return found;
}

/* Returns the end of the balanced part that begins at s; NULL: there is none. */
static const unsigned char *skip_balance(matching *m, const unsigned char *s, unsigned char open, unsigned char close) {
  if (s >= m->text_end || *s != open) return NULL;
  for (int depth = 1; ++s < m->text_end && m->steps-- > 0;) {
    if (*s == close) {
      if (--depth == 0) return s + 1;
    } else if (*s == open) {
      depth++;
    }
  }
  return NULL;
}

/* Returns the end of what repeats a capture at s; NULL: something else is there. */
static const unsigned char *skip_again(matching *m, const unsigned char *s, int index) {
  ptrdiff_t length = m->captures[index].length;
  if (length < 0 || m->text_end - s < length || length > m->steps) return NULL;
  m->steps -= (int)length;
  return length == 0 || memcmp(m->captures[index].start, s, (size_t)length) == 0 ? s + length : NULL;
}

static bool is_frontier(const matching *m, const unsigned char *s, const unsigned char *set, const unsigned char *end) {
  unsigned char before = s == m->text ? 0 : s[-1], after = s < m->text_end ? *s : 0;
  return !set_has(set, end, before) && set_has(set, end, after);
}

/* %b, %f and references at p. *p moves behind it, s behind what it matches; *special is false for a class. */
static const unsigned char *match_special(matching *m, const unsigned char *s, const unsigned char **p, bool *special) {
  const unsigned char *at = *p;
  *special = true;
  if (at[1] == 'b') {
    *p = at + 4;
    return skip_balance(m, s, at[2], at[3]);
  }
  if (at[1] == 'f') {
    *p = class_end(at + 2, m->pattern_end);
    return is_frontier(m, s, at + 2, *p) ? s : NULL;
  }
  if (is_digit(at[1])) {
    *p = at + 2;
    return skip_again(m, s, at[1] - '1');
  }
  *special = false;
  return s;
}

/* One class with its quantifier, and what follows. *p is NULL when the rest has been matched too. */
static const unsigned char *match_class(matching *m, const unsigned char *s, const unsigned char **p) {
  const unsigned char *from = *p, *end = class_end(from, m->pattern_end);
  unsigned char quantifier = end < m->pattern_end ? *end : 0;
  if (is_quantifier(quantifier)) *p = NULL;
  switch (quantifier) {
  case '*': return match_most(m, s, from, end, 0);
  case '+': return match_most(m, s, from, end, 1);
  case '-': return match_least(m, s, from, end);
  case '?': {
    const unsigned char *found = is_single(m, s, from, end) ? match(m, s + 1, end + 1) : NULL;
    return found ? found : match(m, s, end + 1);
  }
  default: *p = end; return is_single(m, s, from, end) ? s + 1 : NULL;
  }
}

static const unsigned char *match(matching *m, const unsigned char *s, const unsigned char *p) {
  while (s && p && p < m->pattern_end) {
    if (m->steps-- <= 0) return NULL;
    if (*p == '(') {
      bool is_position = p[1] == ')'; /* the capture is closed, so there is a byte */
      return match_open(m, s, p + (is_position ? 2 : 1), is_position ? LENGTH_POSITION : LENGTH_OPEN);
    }
    if (*p == ')') return match_close(m, s, p + 1);
    if (*p == '$' && p + 1 == m->pattern_end) return s == m->text_end ? s : NULL;
    bool special = false;
    if (*p == '%') s = match_special(m, s, &p, &special);
    if (!special) s = match_class(m, s, &p);
  }
  return s;
}

rl_pattern_result rl_pattern_find(rl_str pattern, rl_str text) {
  const unsigned char *p = (const unsigned char *)pattern.p, *s = (const unsigned char *)(text.len ? text.p : "");
  matching m = {.text = s, .text_end = s + text.len, .pattern_end = p + pattern.len, .steps = RL_PATTERN_STEPS};
  bool is_anchored = pattern.len && *p == '^';
  if (is_anchored) p++;
  for (; s <= m.text_end; s++) {
    m.count = 0;
    if (match(&m, s, p)) return RL_PATTERN_FOUND;
    if (m.steps <= 0) return RL_PATTERN_TOO_LONG;
    if (is_anchored) break;
  }
  return RL_PATTERN_NOT_FOUND;
}
