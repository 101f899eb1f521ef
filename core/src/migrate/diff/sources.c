/* The difference between two sources. */
#include "migrate/diff/sources.h"

static rille_status set_dialect(rl_comparison *c, const rl_diff_source *s, rl_error *err) {
  const rl_dialect *d = NULL;
  const rl_driver *driver = NULL;
  if (s->url.len) {
    rille_status st = rl_driver_of_url(s->url, &driver, err);
    if (st != RILLE_OK) return st;
    d = rl_dialect_of(driver);
  } else if (s->schema) {
    d = rl_dialects[s->schema->provider];
  }
  if (c->dialect && d && c->dialect != d)
    return rl_fail(err, RL_P1012,
                   "`from` is for %s and `to` for %s; only databases of the same kind "
                   "can be compared",
                   rl_provider_title(c->dialect->provider), rl_provider_title(d->provider));
  if (d) c->dialect = d;
  return RILLE_OK;
}

static rille_status load_structure(rl_comparison *c, int side, const rl_diff_source *s, const rl_schema *other,
                                   rl_error *err) {
  c->structures[side] = (rl_db){.dialect = c->dialect, .of_schema = true};
  if (s->schema) return rl_db_of_schema(c->dialect, s->schema, &c->arena, &c->structures[side], err);
  if (!s->url.len) return RILLE_OK;
  rille_status st = rl_session_open_existing(&c->sessions[side], s->url, err);
  if (st != RILLE_OK) return st;
  c->open[side] = true;
  return rl_db_describe(&c->sessions[side], c->dialect, other ? other->namespaces : NULL,
                        other ? other->namespace_count : 0, &c->structures[side], err);
}

static rille_status use_hints(rl_comparison *c, const rl_comparison_hints *hints, rl_error *err) {
  for (int i = 0; hints && i < 2; i++)
    if (c->open[i]) c->structures[i].past = hints->past;
  if (hints && hints->mirror) rl_renames_mirror(&c->structures[0], &c->structures[1], &c->arena);
  if (hints && hints->renames) rl_renames_apply(&c->structures[1], hints->renames);
  return rl_renames_guess(&c->structures[0], &c->structures[1], &c->arena, &c->guesses, err);
}

rille_status rl_compare_sources(rl_comparison *c, const rl_diff_source *from, const rl_diff_source *to,
                                const rl_comparison_hints *hints, rl_error *err) {
  *c = (rl_comparison){0};
  rl_arena_init(&c->arena, 0);
  const rl_schema *names = hints ? hints->names : NULL;
  rille_status st = set_dialect(c, from, err);
  if (st == RILLE_OK) st = set_dialect(c, to, err);
  if (st == RILLE_OK && !c->dialect)
    st = rl_fail(err, RL_P1012,
                 "neither `from` nor `to` says which database it is for; a schema "
                 "needs a `datasource` block with a provider");
  if (st == RILLE_OK) st = load_structure(c, 0, from, to->schema ? to->schema : names, err);
  if (st == RILLE_OK) st = load_structure(c, 1, to, from->schema ? from->schema : names, err);
  if (st == RILLE_OK && c->open[0] && to->schema)
    st = rl_db_normalize(&c->sessions[0], &c->structures[1], &c->structures[0], err);
  if (st == RILLE_OK && c->open[1] && from->schema)
    st = rl_db_normalize(&c->sessions[1], &c->structures[0], &c->structures[1], err);
  if (st == RILLE_OK) st = use_hints(c, hints, err);
  return st == RILLE_OK ? rl_db_diff(&c->structures[0], &c->structures[1], &c->arena, &c->diff, err) : st;
}

void rl_comparison_dispose(rl_comparison *c) {
  for (int i = 0; i < 2; i++)
    if (c->open[i]) rl_session_close(&c->sessions[i]);
  rl_arena_dispose(&c->arena);
}

/* Returns the text with the number instead of {n}. */
static rl_str with_count(rl_arena *arena, rl_str text, rl_str n) {
  for (size_t i = 0; i + 3 <= text.len; i++)
    if (memcmp(text.p + i, "{n}", 3) == 0)
      return rl_str_of(rl_arena_printf(arena, "%.*s%.*s%.*s", (int)i, text.p, RL_STR_ARG(n), (int)(text.len - i - 3),
                                       text.p + i + 3));
  return text;
}

/* Runs the query of a warning. *out is empty if the number is 0. */
static rille_status count_warning_rows(rl_session *s, const rl_diff_warning *w, rl_arena *arena, rl_str *out,
                                       rl_error *err) {
  rl_str *found = NULL;
  size_t n = 0;
  char *sql = rl_arena_strdup(arena, w->count_sql);
  rille_status st = sql ? rl_session_texts(s, sql, &found, &n, err) : rl_fail_nomem(err);
  *out = st == RILLE_OK && n && !rl_str_is(found[0], "0") ? found[0] : (rl_str){"", 0};
  return st;
}

static int64_t number_of(rl_str digits) {
  int64_t n = 0;
  for (size_t i = 0; i < digits.len; i++) n = n * 10 + (digits.p[i] - '0');
  return n;
}

rille_status rl_diff_count(rl_session *s, const rl_diff *diff, rl_arena *arena, rl_counted_warnings *out,
                           rl_error *err) {
  *out = (rl_counted_warnings){RL_NEW_ARRAY(arena, rl_counted_warning, diff->warnings.count + 1), 0, false};
  if (!out->items) return rl_fail_nomem(err);
  for (size_t i = 0; i < diff->warnings.count; i++) {
    const rl_diff_warning *w = &diff->warnings.items[i];
    rl_counted_warning counted = {w, -1, w->text};
    if (w->count_sql.len) {
      rl_str n;
      rille_status st = count_warning_rows(s, w, arena, &n, err);
      if (st != RILLE_OK) return st;
      if (!n.len) continue;
      counted.rows = number_of(n);
      counted.text = with_count(arena, w->counted, n);
      if (!counted.text.p) return rl_fail_nomem(err);
    }
    out->items[out->count++] = counted;
    out->blocked |= w->blocks;
  }
  return RILLE_OK;
}
