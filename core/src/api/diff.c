/* The public functions that compare two databases or schemas. */
#include <stddef.h>

#include "api/migrations.h"
#include "base/alloc.h"
#include "migrate/diff/sources.h"

struct rille_diff {
  rl_comparison comparison;
  rl_buf script;
  rille_diff_step *steps; /* for the caller, in the comparison's arena, like: */
  rille_diff_change **changes;
  rille_diff_warning *losses;   /* every warning, without the database's rows */
  rille_diff_warning *warnings; /* the same; after counting, those that concern rows */
  size_t warning_count;
  rl_renames guesses;
  bool blocked;
};

static const int32_t step_kinds[RL_STEP_COUNT] = {
    [RL_STEP_CREATE_SCHEMA] = RILLE_STEP_CREATE_SCHEMA,
    [RL_STEP_CREATE_EXTENSION] = RILLE_STEP_CREATE_EXTENSION,
    [RL_STEP_CREATE_ENUM] = RILLE_STEP_CREATE_ENUM,
    [RL_STEP_ALTER_ENUM] = RILLE_STEP_ALTER_ENUM,
    [RL_STEP_DROP_ENUM] = RILLE_STEP_DROP_ENUM,
    [RL_STEP_CREATE_TABLE] = RILLE_STEP_CREATE_TABLE,
    [RL_STEP_ALTER_TABLE] = RILLE_STEP_ALTER_TABLE,
    [RL_STEP_REDEFINE_TABLE] = RILLE_STEP_REDEFINE_TABLE,
    [RL_STEP_DROP_TABLE] = RILLE_STEP_DROP_TABLE,
    [RL_STEP_CREATE_INDEX] = RILLE_STEP_CREATE_INDEX,
    [RL_STEP_RENAME_INDEX] = RILLE_STEP_RENAME_INDEX,
    [RL_STEP_DROP_INDEX] = RILLE_STEP_DROP_INDEX,
    [RL_STEP_ADD_FOREIGN_KEY] = RILLE_STEP_ADD_FOREIGN_KEY,
    [RL_STEP_DROP_FOREIGN_KEY] = RILLE_STEP_DROP_FOREIGN_KEY,
    [RL_STEP_CREATE_VIEW] = RILLE_STEP_CREATE_VIEW,
    [RL_STEP_DROP_VIEW] = RILLE_STEP_DROP_VIEW,
    [RL_STEP_RENAME] = RILLE_STEP_RENAME,
};
static const int32_t change_kinds[RL_CHANGE_COUNT] = {
    [RL_CHANGE_ADD_COLUMN] = RILLE_CHANGE_ADD_COLUMN,
    [RL_CHANGE_DROP_COLUMN] = RILLE_CHANGE_DROP_COLUMN,
    [RL_CHANGE_ALTER_COLUMN] = RILLE_CHANGE_ALTER_COLUMN,
    [RL_CHANGE_PRIMARY_KEY] = RILLE_CHANGE_ALTER_PRIMARY_KEY,
    [RL_CHANGE_ADD_INDEX] = RILLE_CHANGE_ADD_INDEX,
    [RL_CHANGE_DROP_INDEX] = RILLE_CHANGE_DROP_INDEX,
    [RL_CHANGE_ADD_FOREIGN_KEY] = RILLE_CHANGE_ADD_FOREIGN_KEY,
    [RL_CHANGE_DROP_FOREIGN_KEY] = RILLE_CHANGE_DROP_FOREIGN_KEY,
    [RL_CHANGE_RENAME] = RILLE_CHANGE_RENAME,
};
static const int32_t warning_kinds[RL_WARNING_COUNT] = {
    [RL_WARNING_DROP_TABLE] = RILLE_WARNING_DROP_TABLE,
    [RL_WARNING_DROP_COLUMN] = RILLE_WARNING_DROP_COLUMN,
    [RL_WARNING_ADD_REQUIRED_COLUMN] = RILLE_WARNING_ADD_REQUIRED_COLUMN,
    [RL_WARNING_MAKE_REQUIRED] = RILLE_WARNING_MAKE_REQUIRED,
    [RL_WARNING_CAST] = RILLE_WARNING_CAST,
    [RL_WARNING_REMAKE_COLUMN] = RILLE_WARNING_REMAKE_COLUMN,
    [RL_WARNING_REMAKE_REQUIRED] = RILLE_WARNING_REMAKE_REQUIRED_COLUMN,
    [RL_WARNING_ADD_UNIQUE] = RILLE_WARNING_ADD_UNIQUE,
    [RL_WARNING_DROP_ENUM_VALUES] = RILLE_WARNING_DROP_ENUM_VALUES,
    [RL_WARNING_VIEW_IN_THE_WAY] = RILLE_WARNING_VIEW_IN_THE_WAY,
};

/* ------------------------------------------------------------------ terminated copies */

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

static bool keep_change(rl_arena *arena, const rl_diff_change *x, rille_diff_change *out) {
  *out = (rille_diff_change){.kind = change_kinds[x->kind],
                             .name = rl_diff_change_kind(x->kind),
                             .subject = rl_arena_strdup(arena, x->name),
                             .text = rl_arena_strdup(arena, x->text)};
  return out->subject && out->text;
}

static bool keep_step(rl_arena *arena, const rl_diff_step *x, rille_diff_step *out, rille_diff_change **changes) {
  *out = (rille_diff_step){.kind = step_kinds[x->order],
                           .name = rl_diff_step_kind(x->order),
                           .subject = rl_arena_strdup(arena, x->subject),
                           .sql = rl_arena_strdup(arena, x->sql),
                           .change_count = x->changes.count};
  *changes = RL_NEW_ARRAY(arena, rille_diff_change, x->changes.count + 1);
  bool kept = out->subject && out->sql && *changes;
  for (size_t i = 0; i < x->changes.count && kept; i++) kept = keep_change(arena, &x->changes.items[i], &(*changes)[i]);
  return kept;
}

static rille_status keep_steps(rille_diff *d, rl_error *err) {
  const rl_diff *x = &d->comparison.diff;
  rl_arena *arena = &d->comparison.arena;
  d->steps = RL_NEW_ARRAY(arena, rille_diff_step, x->steps.count + 1);
  d->changes = RL_NEW_ARRAY(arena, rille_diff_change *, x->steps.count + 1);
  bool kept = d->steps && d->changes;
  for (size_t i = 0; i < x->steps.count && kept; i++)
    kept = keep_step(arena, &x->steps.items[i], &d->steps[i], &d->changes[i]);
  return kept ? RILLE_OK : rl_fail_nomem(err);
}

bool rl_copy_warning(rl_arena *arena, const rl_diff_warning *w, int64_t rows, rl_str text, rille_diff_warning *out) {
  const char **items = RL_NEW_ARRAY(arena, const char *, w->item_count + 1);
  *out = (rille_diff_warning){.kind = warning_kinds[w->kind],
                              .name = rl_diff_warning_kind(w->kind),
                              .table = rl_arena_strdup(arena, w->table),
                              .column = rl_arena_strdup(arena, w->column),
                              .subject = rl_arena_strdup(arena, w->name),
                              .items = items,
                              .item_count = w->item_count,
                              .rows = rows,
                              .blocks = w->blocks,
                              .text = rl_arena_strdup(arena, text)};
  bool kept = items && out->table && out->column && out->subject && out->text;
  for (size_t i = 0; i < w->item_count && kept; i++) kept = (items[i] = rl_arena_strdup(arena, w->items[i])) != NULL;
  return kept;
}

static rille_status keep_warnings(rille_diff *d, rl_error *err) {
  const rl_diff *x = &d->comparison.diff;
  d->losses = RL_NEW_ARRAY(&d->comparison.arena, rille_diff_warning, x->warnings.count + 1);
  if (!d->losses) return rl_fail_nomem(err);
  for (size_t i = 0; i < x->warnings.count; i++) {
    const rl_diff_warning *w = &x->warnings.items[i];
    if (!rl_copy_warning(&d->comparison.arena, w, -1, w->text, &d->losses[i])) return rl_fail_nomem(err);
  }
  d->warnings = d->losses;
  d->warning_count = x->warnings.count;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ opening */

static const char *kind_of_rename(const char *what) {
  static const char *const all[] = {"table", "column", "enum value"};
  for (size_t i = 0; what && i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i], what) == 0) return all[i];
  return NULL;
}

static rille_status read_rename(const rille_rename *r, rl_rename *out, rl_error *err) {
  const char *what = kind_of_rename(r->what);
  if (!what || !r->from || !r->to)
    return rl_fail(err, RL_VALIDATION, "renames: each has what (\"table\", \"column\", \"enum value\"), from and to");
  *out = (rl_rename){what, rl_str_of(r->table), rl_str_of(r->from), rl_str_of(r->to)};
  return RILLE_OK;
}

static rille_status read_renames(const rille_diff_options *o, rl_renames *out, rl_error *err) {
  const void *at = o->renames;
  *out = (rl_renames){0};
  if (!o->rename_count) return RILLE_OK;
  out->items = rl_calloc(o->rename_count, sizeof *out->items);
  if (!out->items) return rl_fail_nomem(err);
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < o->rename_count && st == RILLE_OK; i++) {
    rille_rename r;
    st = rl_read_element(&r, sizeof r, &at, offsetof(rille_rename, to) + sizeof r.to, "rille_rename", err);
    if (st == RILLE_OK) st = read_rename(&r, &out->items[out->count++], err);
  }
  return st;
}

/* Closes the connections. Neither they nor the schemas are used after the call. */
static void close_sources(rille_diff *d) {
  for (int i = 0; i < 2; i++)
    if (d->comparison.open[i]) rl_session_close(&d->comparison.sessions[i]);
  d->comparison.open[0] = d->comparison.open[1] = false;
}

static rille_status diff_compare(rille_diff *d, const rille_diff_options *o, rl_error *err) {
  rl_renames renames;
  rl_diff_source from = {o->from_schema ? o->from_schema->schema : NULL, rl_str_of(o->from_url)};
  rl_diff_source to = {o->to_schema ? o->to_schema->schema : NULL, rl_str_of(o->to_url)};
  rl_comparison_hints hints = {o->names ? o->names->schema : NULL, &renames, o->mirror != 0, o->past};
  rille_status st = read_renames(o, &renames, err);
  if (st == RILLE_OK) st = rl_compare_sources(&d->comparison, &from, &to, &hints, err);
  rl_free(renames.items);
  if (st == RILLE_OK) st = keep_steps(d, err);
  if (st == RILLE_OK) st = keep_warnings(d, err);
  if (st == RILLE_OK) st = keep_guesses(d, err);
  if (st == RILLE_OK) {
    rl_diff_script(&d->comparison.diff, d->comparison.dialect, &d->script);
    if (!rl_buf_z(&d->script)) st = rl_fail_nomem(err);
  }
  close_sources(d);
  return st;
}

rille_status rille_diff_open(const rille_diff_options *options, rille_diff **out, rille_error **err) {
  rl_error error = {0};
  rille_diff_options o;
  rille_status st =
      rl_read_options(&o, sizeof o, options, offsetof(rille_diff_options, names), "rille_diff_options", &error);
  if (st == RILLE_OK && ((o.from_schema && o.from_url) || (o.to_schema && o.to_url)))
    st = rl_fail(&error, RL_VALIDATION, "a source cannot have both a schema and a URL; use one of them");
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rille_diff *d = rl_calloc(1, sizeof *d);
  if (!d) return rl_box(rl_fail_nomem(&error), &error, err);
  rl_buf_init(&d->script);
  st = diff_compare(d, &o, &error);
  if (st == RILLE_OK)
    *out = d;
  else
    rille_diff_free(d);
  return rl_box(st, &error, err);
}

size_t rille_diff_step_count(const rille_diff *d) {
  return d->comparison.diff.steps.count;
}

void rille_diff_step_at(const rille_diff *d, size_t i, rille_diff_step *out) {
  if (i < rille_diff_step_count(d)) rl_write_struct(out, &d->steps[i], sizeof d->steps[i]);
}

void rille_diff_change_at(const rille_diff *d, size_t step, size_t i, rille_diff_change *out) {
  if (step >= rille_diff_step_count(d) || i >= d->steps[step].change_count) return;
  rl_write_struct(out, &d->changes[step][i], sizeof d->changes[step][i]);
}

size_t rille_diff_warning_count(const rille_diff *d) {
  return d->warning_count;
}

void rille_diff_warning_at(const rille_diff *d, size_t i, rille_diff_warning *out) {
  if (i < d->warning_count) rl_write_struct(out, &d->warnings[i], sizeof d->warnings[i]);
}

static rille_status count_rows(rille_diff *d, rl_session *s, rl_error *err) {
  rl_arena *arena = &d->comparison.arena;
  rl_counted_warnings found;
  rille_status st = rl_diff_count(s, &d->comparison.diff, arena, &found, err);
  if (st != RILLE_OK) return st;
  rille_diff_warning *kept = RL_NEW_ARRAY(arena, rille_diff_warning, found.count + 1);
  if (!kept) return rl_fail_nomem(err);
  for (size_t i = 0; i < found.count; i++) {
    const rl_counted_warning *w = &found.items[i];
    kept[i] = d->losses[w->about - d->comparison.diff.warnings.items]; /* its own names ended with the connections */
    kept[i].rows = w->rows;
    kept[i].text = rl_arena_strdup(arena, w->text);
    if (!kept[i].text) return rl_fail_nomem(err);
  }
  d->warnings = kept;
  d->warning_count = found.count;
  d->blocked = found.blocked;
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
