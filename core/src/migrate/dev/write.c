/* The folder of a new migration: its name, migration.sql, down.sql and migration.lua. */
#include <ctype.h>

#include "base/clock.h"
#include "migrate/dev/dev.h"
#include "migrate/dev/name.h"

static const char skeleton[] =
    "-- Runs in the transaction of migration.sql, after it. tx has the models of the file schema.prisma in this folder "
    "if it exists,\n"
    "-- otherwise those of the database at that time.\n"
    "return function(tx, context)\n"
    "  -- tx.user:update_many { where = { name = \"\" }, data = { name = rille.null } }\n"
    "end\n";

/* ------------------------------------------------------------------ down.sql */

static rl_str on_one_line(rl_arena *arena, const char *before, rl_str text) {
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, before);
  for (size_t i = 0; i < text.len; i++) {
    bool space = isspace((unsigned char)text.p[i]) != 0;
    if (!space)
      rl_buf_byte(&b, text.p[i]);
    else if (!i || !isspace((unsigned char)text.p[i - 1]))
      rl_buf_byte(&b, ' ');
  }
  rl_str line = b.failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return line;
}

static rille_status add_irreversible(rl_dev *d, const char *before, rl_str text, rl_error *err) {
  return rl_dev_keep(d, &d->irreversible, on_one_line(&d->arena, before, text).p) ? RILLE_OK : rl_fail_nomem(err);
}

static bool is_recreated(const rl_diff_warning *w) {
  return w->kind == RL_WARNING_REMAKE_COLUMN || w->kind == RL_WARNING_REMAKE_REQUIRED;
}

/* Lists what the migration loses, and the values that it keeps but down.sql loses. */
static rille_status list_irreversible(rl_dev *d, const rl_diff *back, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < d->found.loss_count && st == RILLE_OK; i++)
    st = add_irreversible(d, "", d->found.losses[i].text, err);
  for (size_t i = 0; i < back->warnings.count && st == RILLE_OK; i++)
    if (is_recreated(&back->warnings.items[i]))
      st = add_irreversible(d, "On the way back: ", back->warnings.items[i].text, err);
  if (st == RILLE_OK && d->s.data)
    st = add_irreversible(d, "", RL_STR("migration.lua changed rows; they are not changed back."), err);
  return st;
}

/* Lists the confirmed renames the other way round. A column's table has its old name there. */
static bool mirror_renames(rl_dev *d, rl_renames *out) {
  for (size_t i = 0; i < d->renames.count; i++) {
    const rl_rename *r = &d->renames.items[i];
    const rl_rename back = {r->what, r->table, r->to, r->from};
    if (!rl_dev_keep_rename(d, out, &back)) return false;
  }
  for (size_t i = 0; i < d->renames.count; i++) {
    const rl_rename *r = &d->renames.items[i];
    for (size_t k = 0; strcmp(r->what, "table") == 0 && k < out->count; k++)
      if (rl_str_eq(out->items[k].table, r->to)) out->items[k].table = r->from;
  }
  return true;
}

/* Writes the text of down.sql, with what is irreversible at its head. */
static rille_status write_down_script(rl_dev *d, rl_buf *out, rl_error *err) {
  rl_comparison c;
  rl_renames renames = {0};
  if (!mirror_renames(d, &renames)) return rl_fail_nomem(err);
  const rl_diff_source from = {d->s.schema, {NULL, 0}}, to = {NULL, rl_str_of(d->shadow.url)};
  const rl_comparison_hints hints = {.renames = &renames, .mirror = true, .past = d->past};
  rl_dev_yield_handle(d);
  rille_status st = rl_compare_sources(&c, &from, &to, &hints, err);
  if (st == RILLE_OK) st = list_irreversible(d, &c.diff, err);
  for (size_t i = 0; i < d->irreversible.count && st == RILLE_OK; i++)
    rl_buf_printf(out, "-- irreversible: %s\n", d->irreversible.items[i]);
  if (out->len) rl_buf_byte(out, '\n');
  if (st == RILLE_OK && c.diff.steps.count) {
    rl_buf script; /* its own: in an empty buffer a script begins without a blank line */
    rl_buf_init(&script);
    rl_diff_script(&c.diff, c.dialect, &script);
    rl_buf_str(out, rl_buf_view(&script));
    out->failed |= script.failed;
    rl_buf_dispose(&script);
  } else if (st == RILLE_OK) {
    rl_buf_text(out, "-- The structure did not change: there is nothing to undo.\n");
  }
  rl_comparison_dispose(&c);
  return st == RILLE_OK && out->failed ? rl_fail_nomem(err) : st;
}

/* ------------------------------------------------------------------ files */

static rille_status make_name(rl_dev *d, rl_error *err) {
  rl_buf slug;
  rl_buf_init(&slug);
  rille_status st = rl_migration_slug(d->s.name, &slug, err);
  if (st == RILLE_OK && !slug.len) rl_buf_text(&slug, "migration");
  size_t n = d->m->list.count;
  rl_str last = n ? d->m->list.items[n - 1].name : (rl_str){"", 0};
  if (st == RILLE_OK) {
    d->created = slug.failed
                     ? NULL
                     : rl_migration_folder_name(last, rl_buf_view(&slug), rl_clock_wall_us() / 1000000, &d->arena);
    if (!d->created) st = rl_fail_nomem(err);
  }
  rl_buf_dispose(&slug);
  return st;
}

static rille_status write_file(rl_dev *d, const char *file, rl_str text, rl_error *err) {
  return rl_folder_write(d->s.folder, rl_str_of(d->created), file, text, err);
}

rille_status rl_dev_write(rl_dev *d, rl_error *err) {
  rl_buf down;
  rille_status st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_load(d->m, err);
  if (st == RILLE_OK) st = make_name(d, err);
  if (st != RILLE_OK) return st;
  const rl_provider provider = d->m->dialect->provider; /* the way down may close the handle */
  rl_str script = d->found.script.len ? d->found.script : RL_STR("-- This is an empty migration.\n");
  rl_buf_init(&down);
  if (!d->s.no_down) st = write_down_script(d, &down, err);
  if (st == RILLE_OK) st = write_file(d, "migration.sql", script, err);
  if (st == RILLE_OK && !d->s.no_down) st = write_file(d, "down.sql", rl_buf_view(&down), err);
  if (st == RILLE_OK && d->s.data) st = write_file(d, "migration.lua", RL_STR(skeleton), err);
  if (st == RILLE_OK) st = rl_folder_write_lock(d->s.folder, provider, err);
  rl_buf_dispose(&down);
  return st;
}
