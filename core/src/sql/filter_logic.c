/* AND, OR and NOT. Databases limit the depth of expressions, and to some of them a long list of terms is a deep one.
 * So long lists become balanced trees, and deep expressions are written so that a parser needs little memory. */
#include "sql/render.h"

enum { FLAT_TERMS = 64, DEEP_LEVELS = 8 };

static const char or_sign[] = " OR ", and_sign[] = " AND ";

typedef struct terms {
  rl_writer *w;
  const rl_filter *const *items;
  const char *sign;
  uint32_t alias;
  bool negative;       /* an odd number of negations is around them, */
  bool deep, inverted; /* deep: and each is to be written as its opposite */
} terms;

static bool is_logic(const rl_filter *f) {
  return f->kind == RL_FILTER_AND || f->kind == RL_FILTER_OR || f->kind == RL_FILTER_NOT;
}

/* Returns the depth of AND, OR and NOT, up to `most`. */
static size_t levels(const rl_filter *f, size_t most) {
  if (most == 0 || !is_logic(f)) return 0;
  size_t deepest = 0;
  for (size_t i = 0; i < f->count; i++) {
    size_t within = levels(f->items[i], most - 1);
    if (within > deepest) deepest = within;
  }
  return deepest + 1;
}

static void write_deep(const terms *t, const rl_filter *f, bool negated);

static void write_range(const terms *t, size_t from, size_t to) {
  rl_writer *w = t->w;
  if (to - from > FLAT_TERMS) {
    size_t middle = from + (to - from) / 2;
    rl_w_text(w, "(");
    write_range(t, from, middle);
    rl_w_f(w, ")%s(", t->sign);
    write_range(t, middle, to);
    rl_w_text(w, ")");
    return;
  }
  for (size_t i = from; i < to; i++) {
    if (i > from) rl_w_text(w, t->sign);
    if (t->deep)
      write_deep(t, t->items[i], t->items[i]->negated);
    else
      rl_sql_filter(w, t->items[i], t->alias, t->negative);
  }
}

/* ------------------------------------------------------------------ nested deeply */

/* Sorts the items of f with the deepest first, so a parser does not keep the others in the meantime. */
static const rl_filter *const *deepest_first(rl_writer *w, const rl_filter *f) {
  const rl_filter **items = RL_NEW_ARRAY(&w->scratch, const rl_filter *, f->count);
  if (!items) {
    rl_w_nomem(w);
    return (const rl_filter *const *)f->items;
  }
  size_t deepest = 0, most = 0;
  for (size_t i = 0; i < f->count; i++) {
    size_t within = levels(f->items[i], SIZE_MAX);
    if (within > most) {
      most = within;
      deepest = i;
    }
    items[i] = f->items[i];
  }
  items[deepest] = f->items[0];
  items[0] = f->items[deepest];
  return items;
}

static void write_leaf(const terms *t, const rl_filter *f) {
  rl_w_text(t->w, t->inverted ? "NOT (" : "");
  if (t->inverted)
    rl_sql_condition(t->w, f, t->alias, t->negative);
  else
    rl_sql_filter(t->w, f, t->alias, t->negative);
  rl_w_text(t->w, t->inverted ? ")" : "");
}

/* NOT moves inwards to single conditions, which is right for unknown too: NOT (a AND b) is NOT a OR NOT b. */
static void write_deep(const terms *t, const rl_filter *f, bool negated) {
  if (!is_logic(f)) {
    write_leaf(t, f);
    return;
  }
  if (f->count == 0) {
    rl_w_text(t->w, (f->kind != RL_FILTER_OR) != (negated != t->inverted) ? "TRUE" : "FALSE");
    return;
  }
  bool turns = negated != (f->kind == RL_FILTER_NOT);
  terms within = *t;
  within.inverted = t->inverted != turns;
  within.negative = t->negative != turns;
  bool any = (f->kind == RL_FILTER_OR) != within.inverted;
  within.sign = any ? or_sign : and_sign;
  within.items = deepest_first(t->w, f);
  if (!rl_w_ok(t->w)) return;
  bool brackets = f->count > 1 && (any || t->sign != or_sign); /* AND binds more tightly than OR */
  if (f->count == 1) within.sign = t->sign;
  rl_w_text(t->w, brackets ? "(" : "");
  write_range(&within, 0, f->count);
  rl_w_text(t->w, brackets ? ")" : "");
}

/* ------------------------------------------------------------------ entry */

void rl_sql_filter_logic(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  terms t = {.w = w, .alias = alias, .negative = negative};
  if (levels(f, DEEP_LEVELS) == DEEP_LEVELS) {
    t.deep = true;
    write_deep(&t, f, false);
    return;
  }
  bool not_ = f->kind == RL_FILTER_NOT;
  if (f->count == 0) {
    rl_w_text(w, f->kind == RL_FILTER_OR ? "FALSE" : "TRUE"); /* a NOT without conditions excludes nothing */
    return;
  }
  t.items = (const rl_filter *const *)f->items;
  t.negative = negative != not_;
  t.sign = f->kind == RL_FILTER_OR ? or_sign : and_sign;
  rl_w_text(w, not_ ? "NOT (" : "");
  write_range(&t, 0, f->count);
  rl_w_text(w, not_ ? ")" : "");
}
