/* Conversion to the text form of decimals without arithmetic: it only moves the point. */
#include "tape/decimal.h"

#define LARGEST_EXPONENT 20000

/* sign, integral digits, fraction digits, exponent: all as written */
typedef struct parts {
  bool negative;
  rl_str whole, fraction;
  int64_t exponent;
} parts;

static rl_str take_digits(const char **at, const char *end) {
  const char *start = *at;
  while (*at < end && **at >= '0' && **at <= '9') ++*at;
  return rl_str_make(start, (size_t)(*at - start));
}

static bool take_exponent(const char **at, const char *end, int64_t *out) {
  bool negative = *at < end && **at == '-';
  if (*at < end && (**at == '-' || **at == '+')) ++*at;
  rl_str digits = take_digits(at, end);
  int64_t exponent = 0;
  for (size_t i = 0; i < digits.len && exponent <= LARGEST_EXPONENT; i++)
    exponent = exponent * 10 + (digits.p[i] - '0');
  *out = negative ? -exponent : exponent;
  return digits.len > 0;
}

static bool split(rl_str text, parts *out) {
  *out = (parts){0};
  if (text.len == 0) return false;
  const char *at = text.p, *end = text.p + text.len;
  out->negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  out->whole = take_digits(&at, end);
  if (at < end && *at == '.') {
    at++;
    out->fraction = take_digits(&at, end);
  }
  if (out->whole.len + out->fraction.len == 0) return false;
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (!take_exponent(&at, end, &out->exponent)) return false;
  }
  return at == end;
}

/* Returns whether the text is -?digits[.digits] without unnecessary zeros. */
static bool is_normal(rl_str text) {
  parts p;
  if (!split(text, &p) || p.whole.len == 0 || text.p[0] == '+') return false;
  if (p.whole.p[0] == '0' && p.whole.len > 1) return false;
  size_t plain = p.negative + p.whole.len + (p.fraction.len ? p.fraction.len + 1 : 0);
  if (plain != text.len) return false; /* an exponent, or a point without digits */
  if (p.fraction.len) return p.fraction.p[p.fraction.len - 1] != '0';
  return !(p.negative && p.whole.p[0] == '0');
}

static char digit_at(const parts *p, size_t i) {
  return i < p->whole.len ? p->whole.p[i] : p->fraction.p[i - p->whole.len];
}

static void put_digits(rl_buf *out, const parts *p, size_t from, size_t to) {
  if (from < p->whole.len) {
    size_t end = to < p->whole.len ? to : p->whole.len;
    rl_buf_put(out, p->whole.p + from, end - from);
    from = end;
  }
  if (from < to) rl_buf_put(out, p->fraction.p + (from - p->whole.len), to - from);
}

static void put_zeros(rl_buf *out, size_t count) {
  if (!rl_buf_reserve(out, count)) return;
  memset(out->p + out->len, '0', count);
  out->len += count;
}

/* Writes digits first to last, with the point `point` digits after the first (before it, if negative). */
static void write_number(const parts *p, rl_buf *out) {
  size_t first = 0, last = p->whole.len + p->fraction.len;
  while (first < last && digit_at(p, first) == '0') first++;
  while (last > first && digit_at(p, last - 1) == '0') last--;
  if (first == last) {
    rl_buf_byte(out, '0');
    return;
  }
  if (p->negative) rl_buf_byte(out, '-');
  int64_t point = (int64_t)p->whole.len + p->exponent - (int64_t)first;
  int64_t count = (int64_t)(last - first);
  if (point <= 0) {
    rl_buf_text(out, "0.");
    put_zeros(out, (size_t)-point);
    put_digits(out, p, first, last);
  } else if (point >= count) {
    put_digits(out, p, first, last);
    put_zeros(out, (size_t)(point - count));
  } else {
    put_digits(out, p, first, first + (size_t)point);
    rl_buf_byte(out, '.');
    put_digits(out, p, first + (size_t)point, last);
  }
}

rille_status rl_decimal_normalize(rl_str text, rl_buf *out, rl_error *err) {
  parts p;
  if (is_normal(text)) {
    rl_buf_str(out, text);
  } else if (!split(text, &p)) {
    rl_str shown = rl_str_make(text.p, text.len < 40 ? text.len : 40);
    return rl_fail(err, RL_P2006, "'%.*s%s' is not a decimal: digits with an optional sign, point and exponent are",
                   RL_STR_ARG(shown), text.len > 40 ? "..." : "");
  } else if (p.exponent > LARGEST_EXPONENT || p.exponent < -LARGEST_EXPONENT) {
    return rl_fail(err, RL_P2006, "the exponent of a decimal must lie between -%d and %d", LARGEST_EXPONENT,
                   LARGEST_EXPONENT);
  } else {
    write_number(&p, out);
  }
  return out->failed ? rl_fail_nomem(err) : RILLE_OK;
}

/* Without their signs. */
static int compare_sizes(const parts *a, const parts *b) {
  if (a->whole.len != b->whole.len) return a->whole.len < b->whole.len ? -1 : 1;
  int order = rl_str_cmp(a->whole, b->whole);
  return order ? order : rl_str_cmp(a->fraction, b->fraction); /* fractions have no zeros at their ends */
}

int rl_decimal_text_cmp(rl_str a, rl_str b) {
  parts left, right;
  if (!split(a, &left) || !split(b, &right)) return rl_str_cmp(a, b);
  if (left.negative != right.negative) return left.negative ? -1 : 1;
  int order = left.negative ? compare_sizes(&right, &left) : compare_sizes(&left, &right);
  return (order > 0) - (order < 0);
}
