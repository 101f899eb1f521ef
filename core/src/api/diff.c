/* What it takes to bring one database into the form of another. */
#include <stddef.h>

#include "api/handle.h"
#include "base/alloc.h"
#include "migrate/diff/sources.h"

struct rille_diff {
  rl_comparison comparison;
  rl_buf script;
  const char **texts;   /* subject, SQL and changes of each step, then each warning */
  rl_renames guesses;   /* terminated copies */
  const char **counted; /* warnings as a live database has them; NULL: not counted */
  size_t counted_count;
  bool blocked;
};

static rille_status keep_guesses(rille_diff *d, rl_error *err) {
  rl_arena *arena = &d->comparison.arena;
  const rl_renames *all = &d->comparison.guesses;
  for (size_t i = 0; i < all->count; i++) {
    rl_rename *r = RL_DB_ADD(arena, &d->guesses);
    if (!r) return rl_fail_nomem(err);
    *r = (rl_rename){all->items[i].what, rl_arena_str(arena, all->items[i].table),
                     rl_arena_str(arena, all->items[i].from), rl_arena_str(arena, all->items[i].to)};
    if (!r->table.p || !r->from.p || !r->to.p) return rl_fail_nomem(err);
  }
  return RILLE_OK;
}

static rille_status keep_texts(rille_diff *d, rl_error *err) {
  const rl_diff *x = &d->comparison.diff;
  d->texts = RL_NEW_ARRAY(&d->comparison.arena, const char *, 3 * x->steps.count + x->warnings.count + 1);
  size_t n = 0;
  for (size_t i = 0; d->texts && i < x->steps.count; i++) {
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->steps.items[i].subject);
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->steps.items[i].sql);
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->steps.items[i].changes);
  }
  for (size_t i = 0; d->texts && i < x->warnings.count; i++)
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->warnings.items[i].text);
  bool kept = d->texts != NULL;
  for (size_t i = 0; i < n; i++) kept &= d->texts[i] != NULL;
  return kept ? RILLE_OK : rl_fail_nomem(err);
}

static const char *kind_of_rename(const char *what) {
  static const char *const all[] = {"table", "column", "enum value"};
  for (size_t i = 0; what && i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i], what) == 0) return all[i];
  return NULL;
}

static rille_status read_renames(const rille_diff_options *o, rl_renames *out, rl_error *err) {
  *out = (rl_renames){0};
  if (!o->rename_count) return RILLE_OK;
  out->items = rl_calloc(o->rename_count, sizeof *out->items);
  if (!out->items) return rl_fail_nomem(err);
  for (size_t i = 0; i < o->rename_count; i++) {
    const rille_rename *r = &o->renames[i];
    const char *what = kind_of_rename(r->what);
    if (!what || !r->from || !r->to)
      return rl_fail(err, RL_VALIDATION, "renames: each has what (\"table\", \"column\", \"enum value\"), from and to");
    out->items[out->count++] = (rl_rename){what, rl_str_of(r->table), rl_str_of(r->from), rl_str_of(r->to)};
  }
  return RILLE_OK;
}

rille_status rille_diff_open(const rille_diff_options *options, rille_diff **out, rille_error **err) {
  rl_error error = {0};
  rille_diff_options o;
  rille_status st =
      rl_read_options(&o, sizeof o, options, offsetof(rille_diff_options, names), "rille_diff_options", &error);
  if (st == RILLE_OK && ((o.from_schema && o.from_url) || (o.to_schema && o.to_url)))
    st = rl_fail(&error, RL_VALIDATION, "schema and url exclude each other: a source is one thing");
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rille_diff *d = rl_calloc(1, sizeof *d);
  if (!d) return rl_box(rl_fail_nomem(&error), &error, err);
  rl_buf_init(&d->script);
  rl_diff_source from = {o.from_schema ? o.from_schema->schema : NULL, rl_str_of(o.from_url)};
  rl_diff_source to = {o.to_schema ? o.to_schema->schema : NULL, rl_str_of(o.to_url)};
  rl_renames renames;
  rl_comparison_hints hints = {o.names ? o.names->schema : NULL, &renames, o.mirror != 0, o.past};
  st = read_renames(&o, &renames, &error);
  if (st == RILLE_OK) st = rl_compare_sources(&d->comparison, &from, &to, &hints, &error);
  rl_free(renames.items);
  if (st == RILLE_OK) st = keep_texts(d, &error);
  if (st == RILLE_OK) st = keep_guesses(d, &error);
  if (st == RILLE_OK) {
    rl_diff_script(&d->comparison.diff, d->comparison.dialect, &d->script);
    if (!rl_buf_z(&d->script)) st = rl_fail_nomem(&error);
  }
  for (int i = 0; i < 2; i++) /* no connection is kept, nor a schema borrowed,
                                 longer than this call */
    if (d->comparison.open[i]) rl_session_close(&d->comparison.sessions[i]);
  d->comparison.open[0] = d->comparison.open[1] = false;
  if (st == RILLE_OK)
    *out = d;
  else
    rille_diff_free(d);
  return rl_box(st, &error, err);
}

size_t rille_diff_step_count(const rille_diff *d) {
  return d->comparison.diff.steps.count;
}

void rille_diff_step_get(const rille_diff *d, size_t i, rille_diff_step *out) {
  if (i >= d->comparison.diff.steps.count) return;
  rille_diff_step full = {.kind = rl_diff_step_kind(d->comparison.diff.steps.items[i].order),
                          .subject = d->texts[3 * i],
                          .sql = d->texts[3 * i + 1],
                          .changes = d->texts[3 * i + 2]};
  rl_write_struct(out, &full, sizeof full);
}

size_t rille_diff_warning_count(const rille_diff *d) {
  return d->counted ? d->counted_count : d->comparison.diff.warnings.count;
}

const char *rille_diff_warning_get(const rille_diff *d, size_t i) {
  if (i >= rille_diff_warning_count(d)) return NULL;
  return d->counted ? d->counted[i] : d->texts[3 * d->comparison.diff.steps.count + i];
}

static rille_status count_rows(rille_diff *d, rl_session *s, rl_error *err) {
  rl_arena *arena = &d->comparison.arena;
  rl_str *texts = NULL;
  size_t count = 0;
  bool blocked = false;
  rille_status st = rl_diff_count(s, &d->comparison.diff, arena, &texts, &count, &blocked, err);
  if (st != RILLE_OK) return st;
  const char **kept = RL_NEW_ARRAY(arena, const char *, count + 1);
  for (size_t i = 0; kept && i < count; i++)
    if (!(kept[i] = rl_arena_strdup(arena, texts[i]))) return rl_fail_nomem(err);
  if (!kept) return rl_fail_nomem(err);
  d->counted = kept;
  d->counted_count = count;
  d->blocked = blocked;
  return RILLE_OK;
}

rille_status rille_diff_count_rows(rille_diff *d, const char *url, rille_error **err) {
  rl_error error = {0};
  rl_session s;
  rille_status st = rl_session_open_existing(&s, rl_str_of(url), &error);
  if (st == RILLE_OK) {
    st = count_rows(d, &s, &error);
    rl_session_close(&s);
  }
  return rl_box(st, &error, err);
}

int rille_diff_is_blocked(const rille_diff *d) {
  return d->blocked;
}

size_t rille_diff_guess_count(const rille_diff *d) {
  return d->guesses.count;
}

void rille_diff_guess_get(const rille_diff *d, size_t i, rille_rename *out) {
  if (i >= d->guesses.count) return;
  const rl_rename *r = &d->guesses.items[i];
  rille_rename full = {.what = r->what, .table = r->table.p, .from = r->from.p, .to = r->to.p};
  rl_write_struct(out, &full, sizeof full);
}

const char *rille_diff_script(const rille_diff *d) {
  return d->script.p;
}

void rille_diff_free(rille_diff *d) {
  if (!d) return;
  rl_comparison_dispose(&d->comparison);
  rl_buf_dispose(&d->script);
  rl_free(d);
}
