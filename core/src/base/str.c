/* Borrowed strings: comparison, and the nearest of several names for "did you mean". */
#include "base/str.h"

#include "base/alloc.h"

int rl_str_cmp(rl_str a, rl_str b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len ? memcmp(a.p, b.p, len) : 0;
  if (order != 0) return order;
  return (a.len > b.len) - (a.len < b.len);
}

bool rl_str_starts(rl_str s, rl_str prefix) {
  return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

bool rl_str_ends(rl_str s, rl_str suffix) {
  return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.p + s.len - suffix.len, suffix.p, suffix.len) == 0);
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

rl_str rl_str_trim(rl_str s) {
  while (s.len && is_blank(s.p[0])) s = rl_str_make(s.p + 1, s.len - 1);
  while (s.len && is_blank(s.p[s.len - 1])) s.len--;
  return s;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rl_str_is_any_case(rl_str a, const char *lower_case) {
  if (a.len != strlen(lower_case)) return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.p[i]) != lower_case[i]) return false;
  return true;
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Removes the common prefix and suffix: they cost nothing and are most of a misspelled name. */
static void trim_common(rl_str *a, rl_str *b) {
  while (a->len && b->len && lower(a->p[0]) == lower(b->p[0]))
    *a = rl_str_make(a->p + 1, a->len - 1), *b = rl_str_make(b->p + 1, b->len - 1);
  while (a->len && b->len && lower(a->p[a->len - 1]) == lower(b->p[b->len - 1])) a->len--, b->len--;
}

/* One cell of the table: rows i-2, i-1 and i are older, above and row. */
static size_t cell(rl_str a, rl_str b, size_t i, size_t j, const size_t *older, const size_t *above,
                   const size_t *row) {
  char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
  size_t best = smaller(smaller(above[j] + 1, row[j - 1] + 1), above[j - 1] + (x != y));
  if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && y == lower(a.p[i - 2])) best = smaller(best, older[j - 2] + 1);
  return best;
}

static size_t table_distance(rl_str a, rl_str b, size_t limit, size_t *rows) {
  size_t width = b.len + 1;
  size_t *older = rows, *above = rows + width, *row = rows + 2 * width;
  for (size_t j = 0; j < width; j++) above[j] = j;
  memcpy(older, above, width * sizeof *older);
  for (size_t i = 1; i <= a.len; i++) {
    size_t least = row[0] = i;
    for (size_t j = 1; j < width; j++) {
      row[j] = cell(a, b, i, j, older, above, row);
      least = smaller(least, row[j]);
    }
    if (least > limit + 1) return limit + 1; /* +1: a transposition can still save one */
    size_t *spare = older;
    older = above;
    above = row;
    row = spare;
  }
  return smaller(above[b.len], limit + 1);
}

size_t rl_str_distance(rl_str a, rl_str b, size_t limit) {
  if (limit == SIZE_MAX) limit--;
  trim_common(&a, &b);
  size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;
  if (difference > limit) return limit + 1;
  if (a.len == 0 || b.len == 0) return difference;
  size_t small[3 * 64];
  if (b.len < 64) return table_distance(a, b, limit, small);
  if (b.len >= SIZE_MAX / 3 / sizeof(size_t) - 1) return limit + 1;
  size_t *rows = rl_alloc(3 * (b.len + 1) * sizeof *rows);
  if (!rows) return limit + 1; /* only the suggestion is lost */
  size_t distance = table_distance(a, b, limit, rows);
  rl_free(rows);
  return distance;
}

rl_str rl_str_nearest(rl_str written, const rl_str *candidates, size_t count) {
  rl_str nearest = {NULL, 0};
  size_t limit = smaller(1 + written.len / 4, 3);
  for (size_t i = 0; i < count; i++) {
    size_t distance = rl_str_distance(written, candidates[i], limit);
    /* If every character differs, the names are not similar. */
    if (distance > limit || distance >= smaller(written.len, candidates[i].len)) continue;
    nearest = candidates[i];
    if (distance == 0) break;
    limit = distance - 1;
  }
  return nearest;
}
