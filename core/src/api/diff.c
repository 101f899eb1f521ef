/* What it takes to bring one database into the form of another. */
#include "api/handle.h"
#include "base/alloc.h"
#include "migrate/compare_sources.h"

struct rille_diff {
  rl_comparison comparison;
  rl_buf script;
  const char **texts; /* subject and SQL of each step, then each warning */
};

static rille_status keep_texts(rille_diff *d, rl_error *err) {
  const rl_diff *x = &d->comparison.diff;
  d->texts = RL_NEW_ARRAY(&d->comparison.arena, const char *, 2 * x->steps.count + x->warnings.count + 1);
  size_t n = 0;
  for (size_t i = 0; d->texts && i < x->steps.count; i++) {
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->steps.items[i].subject);
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->steps.items[i].sql);
  }
  for (size_t i = 0; d->texts && i < x->warnings.count; i++)
    d->texts[n++] = rl_arena_strdup(&d->comparison.arena, x->warnings.items[i].text);
  bool kept = d->texts != NULL;
  for (size_t i = 0; i < n; i++) kept &= d->texts[i] != NULL;
  return kept ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rille_diff_open(const rille_diff_options *options, rille_diff **out, rille_error **err) {
  rl_error error = {0};
  rille_diff_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_diff_options", &error);
  if (st == RILLE_OK && ((o.from_schema && o.from_url) || (o.to_schema && o.to_url)))
    st = rl_fail(&error, RL_VALIDATION, "schema and url exclude each other: a source is one thing");
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rille_diff *d = rl_calloc(1, sizeof *d);
  if (!d) return rl_box(rl_fail_nomem(&error), &error, err);
  rl_buf_init(&d->script);
  rl_diff_source from = {o.from_schema ? o.from_schema->schema : NULL, rl_str_of(o.from_url)};
  rl_diff_source to = {o.to_schema ? o.to_schema->schema : NULL, rl_str_of(o.to_url)};
  st = rl_compare_sources(&d->comparison, &from, &to, &error);
  if (st == RILLE_OK) st = keep_texts(d, &error);
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
                          .subject = d->texts[2 * i],
                          .sql = d->texts[2 * i + 1]};
  rl_write_struct(out, &full, sizeof full);
}

size_t rille_diff_warning_count(const rille_diff *d) {
  return d->comparison.diff.warnings.count;
}

const char *rille_diff_warning_get(const rille_diff *d, size_t i) {
  return i < d->comparison.diff.warnings.count ? d->texts[2 * d->comparison.diff.steps.count + i] : NULL;
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
