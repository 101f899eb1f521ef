/* Compares the migrations with the schema: steps, losses, and pairs that might be renames. */
#include "migrate/dev/dev.h"

static bool is_same_rename(const rl_rename *a, const rl_rename *b) {
  return strcmp(a->what, b->what) == 0 && rl_str_eq(a->table, b->table) && rl_str_eq(a->from, b->from) &&
         rl_str_eq(a->to, b->to);
}

static bool list_has_rename(const rl_renames *list, const rl_rename *r) {
  for (size_t i = 0; i < list->count; i++)
    if (is_same_rename(&list->items[i], r)) return true;
  return false;
}

bool rl_dev_keep_rename(rl_dev *d, rl_renames *list, const rl_rename *r) {
  rl_rename *kept = RL_DB_ADD(&d->arena, list);
  if (!kept) return false;
  *kept = (rl_rename){r->what, rl_arena_str(&d->arena, r->table), rl_arena_str(&d->arena, r->from),
                      rl_arena_str(&d->arena, r->to)};
  return kept->table.p && kept->from.p && kept->to.p;
}

bool rl_dev_next_guess(rl_dev *d) {
  for (size_t i = 0; d->s.asks && i < d->found.guesses.count; i++) {
    d->rename = d->found.guesses.items[i];
    if (!list_has_rename(&d->refused, &d->rename) && !list_has_rename(&d->renames, &d->rename)) return true;
  }
  return false;
}

/* ------------------------------------------------------------------ copies, because a comparison ends with its
 * connections */

static bool copy_warning(rl_arena *arena, const rl_diff_warning *w, rl_diff_warning *out) {
  rl_str *items = RL_NEW_ARRAY(arena, rl_str, w->item_count + 1);
  *out = *w;
  out->table = rl_arena_str(arena, w->table);
  out->column = rl_arena_str(arena, w->column);
  out->name = rl_arena_str(arena, w->name);
  out->text = rl_arena_str(arena, w->text);
  out->counted = out->count_sql = (rl_str){"", 0};
  out->items = items;
  bool kept = items && out->table.p && out->column.p && out->name.p && out->text.p;
  for (size_t i = 0; i < w->item_count && kept; i++) kept = (items[i] = rl_arena_str(arena, w->items[i])).p != NULL;
  return kept;
}

static bool keep_losses(rl_dev *d, const rl_diff *diff) {
  rl_dev_found *f = &d->found;
  f->losses = RL_NEW_ARRAY(&d->arena, rl_diff_warning, diff->warnings.count + 1);
  for (size_t i = 0; f->losses && i < diff->warnings.count; i++)
    if (!copy_warning(&d->arena, &diff->warnings.items[i], &f->losses[f->loss_count++])) return false;
  return f->losses != NULL;
}

static bool keep_counted(rl_dev *d, const rl_counted_warnings *counted) {
  rl_dev_found *f = &d->found;
  f->blocked = counted->blocked;
  f->warnings = RL_NEW_ARRAY(&d->arena, rl_dev_warning, counted->count + 1);
  for (size_t i = 0; f->warnings && i < counted->count; i++) {
    rl_dev_warning *w = &f->warnings[f->warning_count++];
    w->rows = counted->items[i].rows;
    w->text = rl_arena_str(&d->arena, counted->items[i].text);
    if (!w->text.p || !copy_warning(&d->arena, counted->items[i].about, &w->about)) return false;
  }
  return f->warnings != NULL;
}

static bool keep_script(rl_dev *d, const rl_comparison *c) {
  rl_buf script;
  rl_buf_init(&script);
  rl_diff_script(&c->diff, c->dialect, &script);
  d->found.script = script.failed ? (rl_str){NULL, 0} : rl_arena_str(&d->arena, rl_buf_view(&script));
  rl_buf_dispose(&script);
  return d->found.script.p != NULL;
}

static rille_status keep_comparison(rl_dev *d, const rl_comparison *c, rl_error *err) {
  d->found = (rl_dev_found){.steps = c->diff.steps.count};
  bool kept = keep_script(d, c) && keep_losses(d, &c->diff);
  for (size_t i = 0; i < c->guesses.count && kept; i++)
    kept = rl_dev_keep_rename(d, &d->found.guesses, &c->guesses.items[i]);
  return kept ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status count_rows(rl_dev *d, const rl_diff *diff, rl_error *err) {
  rl_session s;
  rl_counted_warnings counted;
  rille_status st = rl_session_open_existing(&s, d->s.url, err);
  if (st != RILLE_OK) return st;
  st = rl_diff_count(&s, diff, &s.arena, &counted, err);
  if (st == RILLE_OK && !keep_counted(d, &counted)) st = rl_fail_nomem(err);
  rl_session_close(&s);
  return st;
}

/* If enums are texts in rows, reads the scripts: they show which values are already renamed. */
static rille_status read_past(rl_dev *d, rl_error *err) {
  rille_status st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_load(d->m, err);
  if (st != RILLE_OK || rl_ddl_features_of(d->m->dialect)->enum_types) return st;
  rl_buf all;
  rl_buf_init(&all);
  for (size_t i = 0; i < d->m->list.count; i++) {
    const rl_migration *x = &d->m->list.items[i];
    if (!x->has_script) continue;
    if (all.len) rl_buf_byte(&all, '\n');
    rl_buf_str(&all, x->script);
  }
  d->past = all.failed ? NULL : rl_arena_strdup(&d->arena, rl_buf_view(&all));
  rl_buf_dispose(&all);
  return d->past ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rl_dev_compare(rl_dev *d, rl_error *err) {
  rl_comparison c;
  rille_status st = d->past ? RILLE_OK : read_past(d, err);
  if (st != RILLE_OK) return st;
  rl_dev_yield_handle(d);
  const rl_diff_source from = {NULL, rl_str_of(d->shadow.url)}, to = {d->s.schema, {NULL, 0}};
  const rl_comparison_hints hints = {.renames = &d->renames, .past = d->past};
  st = rl_compare_sources(&c, &from, &to, &hints, err);
  if (st == RILLE_OK) st = keep_comparison(d, &c, err);
  if (st == RILLE_OK) st = count_rows(d, &c.diff, err);
  rl_comparison_dispose(&c);
  return st;
}
