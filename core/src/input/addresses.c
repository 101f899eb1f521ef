/* Email addresses and URLs, as people type them into forms. */
#include "input/addresses.h"

enum { LOCAL_MOST = 64, DOMAIN_MOST = 253, LABEL_MOST = 63 };

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The parts in which a byte is allowed. Every byte beyond ASCII is a letter. */
enum { LOCAL = 1, LABEL = 2 };

#define L (LOCAL | LABEL)
#define S LOCAL
static const unsigned char classes[128] = {['0'] = L, ['1'] = L,
                                           ['2'] = L, ['3'] = L,
                                           ['4'] = L, ['5'] = L,
                                           ['6'] = L, ['7'] = L,
                                           ['8'] = L, ['9'] = L,
                                           ['A'] = L, ['B'] = L,
                                           ['C'] = L, ['D'] = L,
                                           ['E'] = L, ['F'] = L,
                                           ['G'] = L, ['H'] = L,
                                           ['I'] = L, ['J'] = L,
                                           ['K'] = L, ['L'] = L,
                                           ['M'] = L, ['N'] = L,
                                           ['O'] = L, ['P'] = L,
                                           ['Q'] = L, ['R'] = L,
                                           ['S'] = L, ['T'] = L,
                                           ['U'] = L, ['V'] = L,
                                           ['W'] = L, ['X'] = L,
                                           ['Y'] = L, ['Z'] = L,
                                           ['a'] = L, ['b'] = L,
                                           ['c'] = L, ['d'] = L,
                                           ['e'] = L, ['f'] = L,
                                           ['g'] = L, ['h'] = L,
                                           ['i'] = L, ['j'] = L,
                                           ['k'] = L, ['l'] = L,
                                           ['m'] = L, ['n'] = L,
                                           ['o'] = L, ['p'] = L,
                                           ['q'] = L, ['r'] = L,
                                           ['s'] = L, ['t'] = L,
                                           ['u'] = L, ['v'] = L,
                                           ['w'] = L, ['x'] = L,
                                           ['y'] = L, ['z'] = L,
                                           ['!'] = S, ['#'] = S,
                                           ['$'] = S, ['%'] = S,
                                           ['&'] = S, ['\''] = S,
                                           ['*'] = S, ['+'] = S,
                                           ['/'] = S, ['='] = S,
                                           ['?'] = S, ['^'] = S,
                                           ['_'] = S, ['`'] = S,
                                           ['{'] = S, ['|'] = S,
                                           ['}'] = S, ['~'] = S,
                                           ['.'] = S, ['-'] = LOCAL | LABEL};
#undef L
#undef S

static bool has_class(char c, unsigned char class) {
  return (unsigned char)c >= 0x80 || (classes[(unsigned char)c] & class);
}

static bool is_ascii(rl_str s) {
  size_t at = 0;
  for (uint64_t eight; s.len - at >= sizeof eight; at += sizeof eight) {
    memcpy(&eight, s.p + at, sizeof eight);
    if (eight & UINT64_C(0x8080808080808080)) return false;
  }
  for (; at < s.len; at++)
    if ((unsigned char)s.p[at] >= 0x80) return false;
  return true;
}

/* Spaces and controls beyond ASCII: U+0080 to U+00A0, U+1680, U+2000 to U+200F, U+2028 to U+202F, U+205F to U+2064,
 * U+3000, U+FEFF. They are invisible, and no address has them. */
static bool has_wide_space(rl_str s) {
  if (is_ascii(s)) return false;
  for (size_t i = 0; i + 1 < s.len; i++) {
    unsigned char a = (unsigned char)s.p[i], b = (unsigned char)s.p[i + 1];
    if (a == 0xC2 && b <= 0xA0) return true;
    if (i + 2 >= s.len) break;
    unsigned char c = (unsigned char)s.p[i + 2];
    if (a == 0xE1 && b == 0x9A && c == 0x80) return true;
    if (a == 0xE2 && b == 0x80 && (c <= 0x8F || (c >= 0xA8 && c <= 0xAF))) return true;
    if (a == 0xE2 && b == 0x81 && c >= 0x9F && c <= 0xA4) return true;
    if (a == 0xE3 && b == 0x80 && c == 0x80) return true;
    if (a == 0xEF && b == 0xBB && c == 0xBF) return true;
  }
  return false;
}

/* ------------------------------------------------------------------ domains */

static bool is_number(rl_str s) {
  for (size_t i = 0; i < s.len; i++)
    if (!is_digit(s.p[i])) return false;
  return true;
}

static bool is_label(rl_str s) {
  return s.len > 0 && s.len <= LABEL_MOST && s.p[0] != '-' && s.p[s.len - 1] != '-';
}

/* Checks labels with dots between them. *count is their number, *last the last one. Host names may have an underscore,
 * but mail domains may not. */
static bool is_domain(rl_str s, bool underscore, size_t *count, rl_str *last) {
  size_t from = 0;
  *count = 1;
  if (s.len > DOMAIN_MOST) return false;
  for (size_t i = 0; i < s.len; i++) {
    if (has_class(s.p[i], LABEL)) continue;
    if (s.p[i] == '.') {
      if (!is_label(rl_str_make(s.p + from, i - from))) return false;
      ++*count;
      from = i + 1;
    } else if (!underscore || s.p[i] != '_') {
      return false;
    }
  }
  *last = rl_str_make(s.p + from, s.len - from);
  return is_label(*last);
}

/* ------------------------------------------------------------------ email */

static bool is_local(rl_str s) {
  if (s.len == 0 || s.len > LOCAL_MOST || s.p[0] == '.' || s.p[s.len - 1] == '.') return false;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (c == '.' && s.p[i - 1] == '.') return false;
    if (!has_class(c, LOCAL)) return false;
  }
  return true;
}

bool rl_is_email(rl_str s) {
  const char *at = s.len ? memchr(s.p, '@', s.len) : NULL;
  if (!at || !is_local(rl_str_make(s.p, (size_t)(at - s.p)))) return false;
  size_t count;
  rl_str last, domain = rl_str_make(at + 1, s.len - (size_t)(at + 1 - s.p));
  return is_domain(domain, false, &count, &last) && count > 1 && last.len > 1 && !is_number(last) && !has_wide_space(s);
}

/* ------------------------------------------------------------------ URLs */

static bool has_prefix(rl_str s, const char *prefix) {
  size_t len = strlen(prefix);
  if (s.len < len) return false;
  for (size_t i = 0; i < len; i++) {
    char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
    if (c != prefix[i]) return false;
  }
  return true;
}

static bool is_visible(rl_str s) {
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == '"' || c == '\\' || c == '`') return false;
  }
  return !has_wide_space(s);
}

/* [::1] */
static bool is_ipv6(rl_str s) {
  if (s.len < 4 || s.p[0] != '[' || s.p[s.len - 1] != ']') return false;
  size_t colons = 0;
  for (size_t i = 1; i + 1 < s.len; i++) {
    char c = s.p[i];
    bool is_hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_hex && c != ':' && c != '.') return false;
    colons += c == ':';
  }
  return colons >= 2 && colons <= 7;
}

static bool is_port(rl_str s) {
  unsigned n = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (!is_digit(s.p[i]) || i > 4) return false;
    n = n * 10 + (unsigned)(s.p[i] - '0');
  }
  return s.len > 0 && n <= UINT16_MAX;
}

static bool is_host(rl_str s) {
  if (s.len && s.p[s.len - 1] == '.') s.len--; /* the root, like in example.com. */
  size_t count;
  rl_str last;
  return is_ipv6(s) || is_domain(s, true, &count, &last);
}

static bool is_authority(rl_str s) {
  for (size_t i = s.len; i > 0; i--)
    if (s.p[i - 1] == '@') {
      s = rl_str_make(s.p + i, s.len - i);
      break;
    }
  size_t end = s.len;
  while (end > 0 && is_digit(s.p[end - 1])) end--;
  if (end > 0 && s.p[end - 1] == ':') {
    if (!is_port(rl_str_make(s.p + end, s.len - end))) return false;
    s.len = end - 1;
  }
  return is_host(s);
}

bool rl_is_url(rl_str s) {
  size_t from = has_prefix(s, "http://") ? 7 : has_prefix(s, "https://") ? 8 : 0;
  if (!from || !is_visible(s)) return false;
  size_t to = from;
  while (to < s.len && s.p[to] != '/' && s.p[to] != '?' && s.p[to] != '#') to++;
  return is_authority(rl_str_make(s.p + from, to - from));
}
