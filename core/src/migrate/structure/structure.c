/* Lists of a structure, and the meaning of default expressions. */
#include "migrate/structure/structure.h"

#include <ctype.h>
#include <strings.h>

#include "base/sql_scan.h"
#include "tape/decimal.h"

void *rl_db_grow(rl_arena *arena, const void *items, size_t count, size_t *cap, size_t size) {
  size_t more = *cap ? *cap * 2 : 4;
  void *p = rl_arena_array(arena, more, size);
  if (!p) return NULL;
  if (count) memcpy(p, items, count * size);
  *cap = more;
  return p;
}

rl_db_column *rl_db_column_of(const rl_db_table *t, rl_str name) {
  for (size_t i = 0; i < t->columns.count; i++)
    if (rl_str_eq(t->columns.items[i].name, name)) return &t->columns.items[i];
  return NULL;
}

bool rl_db_is_other(const rl_db *db, rl_str namespace_, rl_str name) {
  for (size_t i = 0; i < db->others.count; i++)
    if (rl_str_eq(db->others.items[i].table, name) && rl_str_eq(db->others.items[i].namespace_, namespace_))
      return true;
  return false;
}

bool rl_db_is_key(const rl_db_table *t, rl_str column) {
  for (size_t i = 0; i < t->primary.count; i++)
    if (rl_str_eq(t->primary.items[i], column)) return true;
  return false;
}

/* ------------------------------------------------------------------ expressions */

static rl_str trim(rl_str s) {
  while (s.len && isspace((unsigned char)s.p[0])) s = rl_str_make(s.p + 1, s.len - 1);
  while (s.len && isspace((unsigned char)s.p[s.len - 1])) s.len--;
  return s;
}

/* Returns the string literal at the start of the expression. */
static rl_str first_string(rl_provider provider, rl_str s) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, s, provider);
  return rl_sql_next(&scan).text;
}

/* Returns the position of the parenthesis or bracket that closes the first one; the length if there is none. */
static size_t closing_position(rl_provider provider, rl_str s) {
  rl_sql_scan scan;
  int depth = 0;
  rl_sql_scan_init(&scan, s, provider);
  for (rl_sql_token t = rl_sql_next(&scan); t.kind != RL_SQL_END; t = rl_sql_next(&scan)) {
    if (rl_sql_is_sign(t, '(') || rl_sql_is_sign(t, '[')) depth++;
    if ((rl_sql_is_sign(t, ')') || rl_sql_is_sign(t, ']')) && --depth == 0) return (size_t)(t.text.p - s.p);
  }
  return s.len;
}

rl_str rl_db_bare(rl_provider provider, rl_str s) {
  s = trim(s);
  while (s.len >= 2 && s.p[0] == '(' && closing_position(provider, s) == s.len - 1)
    s = trim(rl_str_make(s.p + 1, s.len - 2));
  return s;
}

rl_str rl_db_unquote(rl_arena *arena, rl_str quoted) {
  char *p = rl_arena_alloc(arena, quoted.len + 1);
  if (!p) return (rl_str){NULL, 0};
  size_t n = 0;
  char doubled = quoted.p[0] == '[' ? 0 : quoted.p[0]; /* nothing is doubled in brackets */
  for (size_t i = 1; i + 1 < quoted.len; i++) {
    p[n++] = quoted.p[i];
    if (quoted.p[i] == doubled) i++;
  }
  p[n] = 0;
  return rl_str_make(p, n);
}

static bool is_word(rl_str s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

static size_t skip_digits(rl_str s, size_t i) {
  while (i < s.len && isdigit((unsigned char)s.p[i])) i++;
  return i;
}

/* Accepts -1, .5, 5. and 1e-3, but no sum. */
static bool is_number(rl_str s) {
  size_t from = s.len && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0, i = skip_digits(s, from);
  size_t digits = i - from;
  if (i < s.len && s.p[i] == '.') {
    size_t point = ++i;
    i = skip_digits(s, i);
    digits += i - point;
  }
  if (digits && i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
    if (++i < s.len && (s.p[i] == '-' || s.p[i] == '+')) i++;
    size_t exponent = i;
    i = skip_digits(s, i);
    if (i == exponent) return false;
  }
  return digits && i == s.len;
}

/* Returns whether what follows a literal is empty or a cast: ::character varying(3)[] */
static bool is_cast(rl_provider provider, rl_str s) {
  rl_sql_scan scan;
  if (!s.len) return true;
  if (s.len < 3 || memcmp(s.p, "::", 2) != 0) return false;
  rl_sql_scan_init(&scan, rl_str_make(s.p + 2, s.len - 2), provider);
  for (rl_sql_token t = rl_sql_next(&scan); t.kind != RL_SQL_END; t = rl_sql_next(&scan)) {
    bool sign = t.kind == RL_SQL_SIGN && strchr("()[],.:", *t.text.p) && *t.text.p;
    bool part = t.kind == RL_SQL_WORD || t.kind == RL_SQL_NUMBER || t.kind == RL_SQL_SPACE;
    if (!sign && !part && !(t.kind == RL_SQL_NAME && *t.text.p == '"')) return false;
  }
  return true;
}

static rl_db_default scalar_default(rl_arena *arena, rl_provider provider, rl_str sql);

static bool put_item(rl_buf *out, rl_str item) {
  rl_buf_str(out, item);
  rl_buf_byte(out, RL_DB_LIST_END);
  return !memchr(item.p, RL_DB_LIST_END, item.len);
}

/* Reads the elements of {a,"b, c",d}, without the braces. */
static bool read_braces(rl_str s, rl_buf *out) {
  for (size_t i = 0; i < s.len;) {
    rl_buf item;
    rl_buf_init(&item);
    bool quoted = s.p[i] == '"', good = s.p[i] != '{';
    if (quoted) i++;
    for (; i < s.len && (quoted ? s.p[i] != '"' : s.p[i] != ','); i++) {
      if (s.p[i] == '\\' && i + 1 < s.len) i++;
      rl_buf_byte(&item, s.p[i]);
    }
    if (quoted) i++;
    good = good && (quoted || !is_word(rl_buf_view(&item), "NULL")) && put_item(out, rl_buf_view(&item));
    if (item.failed) out->failed = true;
    rl_buf_dispose(&item);
    if (!good || (i < s.len && s.p[i++] != ',')) return false;
  }
  return true;
}

/* Reads the elements of ARRAY['a'::text, 'b, c']. */
static bool read_items(rl_arena *arena, rl_provider provider, rl_str s, rl_buf *out) {
  rl_sql_scan scan;
  const char *from = s.p;
  int depth = 0;
  rl_sql_scan_init(&scan, s, provider);
  for (;;) {
    rl_sql_token t = rl_sql_next(&scan);
    bool end = t.kind == RL_SQL_END;
    depth += rl_sql_is_sign(t, '(') || rl_sql_is_sign(t, '[');
    depth -= rl_sql_is_sign(t, ')') || rl_sql_is_sign(t, ']');
    if (!end && !(depth == 0 && rl_sql_is_sign(t, ','))) continue;
    rl_str item = rl_str_make(from, (size_t)(t.text.p - from));
    rl_db_default d = scalar_default(arena, provider, item);
    if (d.kind != RL_DB_DEFAULT_VALUE || !d.value.p || !put_item(out, d.value)) return end && !trim(item).len;
    if (end) return true;
    from = t.text.p + 1;
  }
}

/* Reads ARRAY[...]::text[] or '{...}'::text[]. Returns false for anything else. */
static bool read_list(rl_arena *arena, rl_provider provider, rl_str s, rl_buf *out) {
  if (s.len > 6 && is_word(rl_str_make(s.p, 6), "ARRAY[")) {
    rl_str list = rl_str_make(s.p + 5, s.len - 5);
    size_t end = closing_position(provider, list);
    if (end == list.len || !is_cast(provider, rl_str_make(list.p + end + 1, list.len - end - 1))) return false;
    return read_items(arena, provider, rl_str_make(list.p + 1, end - 1), out);
  }
  if (s.len < 4 || s.p[0] != '\'' || !rl_str_ends(s, RL_STR("[]"))) return false;
  rl_str first = first_string(provider, s), rest = rl_str_make(s.p + first.len, s.len - first.len);
  rl_str text = is_cast(provider, rest) ? rl_db_unquote(arena, first) : (rl_str){NULL, 0};
  return text.p && text.len >= 2 && text.p[0] == '{' && text.p[text.len - 1] == '}' &&
         read_braces(rl_str_make(text.p + 1, text.len - 2), out);
}

rl_db_default rl_db_default_of(rl_arena *arena, rl_provider provider, rl_str sql) {
  rl_str s = rl_db_bare(provider, sql);
  rl_db_default d = {RL_DB_DEFAULT_LIST, {NULL, 0}, sql};
  rl_buf items;
  rl_buf_init(&items);
  bool is_list = read_list(arena, provider, s, &items);
  if (is_list && !items.failed) d.value = rl_arena_str(arena, rl_buf_view(&items));
  if (is_list && !d.value.p) d.kind = RL_DB_DEFAULT_VALUE; /* value.p is NULL: the copy failed */
  rl_buf_dispose(&items);
  return is_list ? d : scalar_default(arena, provider, sql);
}

static rl_db_default scalar_default(rl_arena *arena, rl_provider provider, rl_str sql) {
  rl_str s = rl_db_bare(provider, sql);
  rl_db_default d = {RL_DB_DEFAULT_EXPRESSION, s, sql};
  if (!s.len || is_word(s, "NULL") || (s.len > 6 && is_word(rl_str_make(s.p, 6), "NULL::"))) {
    d.kind = RL_DB_DEFAULT_NONE;
  } else if (is_word(s, "CURRENT_TIMESTAMP") || is_word(s, "now()") || is_word(s, "datetime('now')")) {
    d.kind = RL_DB_DEFAULT_NOW;
  } else if (is_word(s, "true") || is_word(s, "false")) {
    d.kind = RL_DB_DEFAULT_VALUE;
    d.value = is_word(s, "true") ? RL_STR("true") : RL_STR("false");
  } else if (is_number(s)) {
    d.kind = RL_DB_DEFAULT_VALUE;
  } else if (s.p[0] == '\'') {
    rl_str first = first_string(provider, s);
    if (is_cast(provider, rl_str_make(s.p + first.len, s.len - first.len))) {
      d.kind = RL_DB_DEFAULT_VALUE;
      d.value = rl_db_unquote(arena, first);
    }
  } else { /* 0::numeric, (1.5)::double precision */
    size_t end = 0;
    while (end < s.len && s.p[end] != ':') end++;
    rl_str number = rl_db_bare(provider, rl_str_make(s.p, end));
    if (end < s.len && is_number(number) && is_cast(provider, rl_str_make(s.p + end, s.len - end))) {
      d.kind = RL_DB_DEFAULT_VALUE;
      d.value = number;
    }
  }
  return d;
}

static bool same_number(rl_str a, rl_str b) {
  if (!is_number(a) || !is_number(b)) return false;
  rl_decimal *x = NULL, *y = NULL;
  bool same = rl_decimal_parse(a, &x, NULL) == RILLE_OK && rl_decimal_parse(b, &y, NULL) == RILLE_OK &&
              rl_decimal_cmp(x, y) == 0;
  rl_decimal_free(x);
  rl_decimal_free(y);
  return same;
}

bool rl_db_default_equal(const rl_db_default *a, const rl_db_default *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == RL_DB_DEFAULT_NONE || a->kind == RL_DB_DEFAULT_NOW) return true;
  return rl_str_eq(a->value, b->value) || (a->kind == RL_DB_DEFAULT_VALUE && same_number(a->value, b->value));
}
