/* The difference between two structures: the walk over what they contain, and
 * the order of the steps. */
#include "migrate/diff/differ.h"

#include "migrate/structure/render.h"

static bool has_string(const rl_str *list, size_t count, rl_str s) {
  for (size_t i = 0; i < count; i++)
    if (rl_str_eq(list[i], s)) return true;
  return false;
}

/* Returns whether the diff creates this database schema. An empty one of a live database is not copied. */
static bool namespace_is_wanted(const rl_db *db, rl_str namespace_) {
  bool wanted = db->of_schema;
  for (size_t i = 0; i < db->tables.count && !wanted; i++)
    wanted = rl_str_eq(db->tables.items[i].namespace_, namespace_);
  for (size_t i = 0; i < db->enums.count && !wanted; i++) wanted = rl_str_eq(db->enums.items[i].namespace_, namespace_);
  for (size_t i = 0; i < db->views.count && !wanted; i++) wanted = rl_str_eq(db->views.items[i].namespace_, namespace_);
  return wanted;
}

static void diff_namespaces_and_extensions(rl_differ *d) {
  for (size_t i = 0; i < d->to->namespaces.count; i++) {
    if (!namespace_is_wanted(d->to, d->to->namespaces.items[i]) ||
        has_string(d->from->namespaces.items, d->from->namespaces.count, d->to->namespaces.items[i]))
      continue;
    rl_buf_text(&d->buf, "CREATE SCHEMA IF NOT EXISTS ");
    rl_sql_name(&d->buf, d->dialect, d->to->namespaces.items[i]);
    rl_differ_step(d, RL_STEP_CREATE_SCHEMA, d->to->namespaces.items[i]);
  }
  for (size_t i = 0; d->to->of_schema && i < d->to->extensions.count; i++) {
    if (has_string(d->from->extensions.items, d->from->extensions.count, d->to->extensions.items[i])) continue;
    rl_buf_text(&d->buf, "CREATE EXTENSION IF NOT EXISTS ");
    rl_sql_name(&d->buf, d->dialect, d->to->extensions.items[i]);
    rl_differ_step(d, RL_STEP_CREATE_EXTENSION, d->to->extensions.items[i]);
  }
}

static void create_table(rl_differ *d, const rl_db_table *t) {
  rl_sql_create_table(&d->buf, d->dialect, t, t->name, NULL);
  rl_differ_step(d, RL_STEP_CREATE_TABLE, t->name);
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    if (x->opaque) continue;
    rl_sql_create_index(&d->buf, d->dialect, t, x);
    rl_differ_step(d, RL_STEP_CREATE_INDEX, t->name);
  }
}

static void drop_table(rl_differ *d, const rl_db_table *t) {
  rl_buf_text(&d->buf, "SELECT CAST(count(*) AS TEXT) FROM ");
  rl_ddl_name(d->dialect, t->namespace_, t->was, &d->buf);
  const char *what = rl_differ_printf(d, "You are about to drop the `%.*s` table", RL_STR_ARG(t->name));
  rl_differ_warn(
      d, &(rl_diff_warning){
             .kind = RL_WARNING_DROP_TABLE,
             .table = t->name,
             .text = rl_differ_text(d, "%s. If the table is not empty, all the data it contains will be lost.", what),
             .counted = rl_differ_text(d, "%s, which is not empty ({n} rows).", what)});
  rl_buf_text(&d->buf, "DROP TABLE ");
  rl_sql_table(&d->buf, d->dialect, t);
  rl_differ_step(d, RL_STEP_DROP_TABLE, t->name);
}

static void diff_tables(rl_differ *d) {
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *t = &d->to->tables.items[i];
    rl_db_table *before = rl_db_table_of(d->from, t->namespace_, t->name);
    if (before)
      rl_diff_table(d, before, t);
    else if (!rl_db_is_other(d->from, t->namespace_, t->name))
      create_table(d, t);
  }
  for (size_t i = 0; i < d->from->tables.count; i++) {
    const rl_db_table *t = &d->from->tables.items[i];
    if (!rl_db_table_of(d->to, t->namespace_, t->name)) drop_table(d, t);
  }
}

/* Finds the rename that frees the name that rename `i` needs, among those not yet placed. */
static size_t blocking_rename(const rl_diff_step *steps, const bool *placed, const rl_db_names *old_names, size_t i) {
  RL_DB_EACH_NAMED(k, old_names, steps[i].new_name) {
    if (k != i && !placed[k] && rl_str_eq(steps[k].old_name, steps[i].new_name)) return k;
  }
  return RL_DB_NO_NAME;
}

/* Renames while they are sorted. */
typedef struct rename_order {
  const rl_diff_step *steps;
  size_t count;
  rl_diff_step *out; /* in order, the first `done` so far */
  size_t done;
  bool *placed;
  size_t *chain;
  rl_db_names old_names;
} rename_order;

/* Breaks a ring: one gets a temporary name first, which frees its old one, and its new name last. */
static void break_ring(rl_differ *d, rename_order *o, size_t i, rl_diff_step *last) {
  rl_diff_step s = o->steps[i];
  rl_str temporary = rl_str_of(rl_differ_printf(d, "rille_aside_%zu", i));
  *last = s;
  last->sql = rl_differ_rename_sql(d, s.rename_head, temporary, s.new_name);
  last->old_name = temporary;
  s.sql = rl_differ_rename_sql(d, s.rename_head, s.old_name, temporary);
  o->out[o->done++] = s;
}

/* Follows the chain of renames that wait for each other's names, and places them from its end. */
static void place_chain(rl_differ *d, rename_order *o, size_t first) {
  size_t n = 0, next = first;
  rl_diff_step last = {0};
  while (next != RL_DB_NO_NAME) {
    o->placed[next] = true;
    o->chain[n++] = next;
    next = blocking_rename(o->steps, o->placed, &o->old_names, next);
  }
  bool is_ring = n > 1 && rl_str_eq(o->steps[o->chain[n - 1]].new_name, o->steps[first].old_name);
  if (is_ring) break_ring(d, o, first, &last);
  while (n > (is_ring ? 1 : 0)) o->out[o->done++] = o->steps[o->chain[--n]];
  if (is_ring) o->out[o->done++] = last;
}

/* Puts a rename that frees a name before the one that needs it. `out` has room for twice as many. Returns the number
 * of steps. */
static size_t sort_renames(rl_differ *d, const rl_diff_step *steps, size_t count, rl_diff_step *out) {
  rename_order o = {.steps = steps, .count = count, .out = out};
  o.placed = RL_NEW_ARRAY(d->arena, bool, count + 1);
  o.chain = RL_NEW_ARRAY(d->arena, size_t, count + 1);
  if (!o.placed || !o.chain) d->failed = true;
  for (size_t i = 0; i < count && !d->failed; i++)
    d->failed = !rl_db_names_put(d->arena, &o.old_names, steps[i].old_name, i);
  for (size_t i = 0; i < count && !d->failed; i++)
    if (!o.placed[i]) place_chain(d, &o, i);
  return o.done;
}

/* Sorts steps by kind. Steps of one kind keep their order. */
static bool sort_steps(rl_differ *d) {
  size_t n = d->out->steps.count, at = 0, renames = 0;
  for (size_t i = 0; i < n; i++) renames += d->out->steps.items[i].order == RL_STEP_RENAME_INDEX;
  rl_diff_step *sorted = RL_NEW_ARRAY(d->arena, rl_diff_step, n + renames + 1);
  rl_diff_step *found = RL_NEW_ARRAY(d->arena, rl_diff_step, renames + 1);
  if (!sorted || !found) return false;
  for (int order = 0; order < RL_STEP_COUNT; order++) {
    bool renaming = order == RL_STEP_RENAME_INDEX;
    for (size_t i = 0, k = 0; i < n; i++)
      if ((int)d->out->steps.items[i].order == order)
        *(renaming ? &found[k++] : &sorted[at++]) = d->out->steps.items[i];
    if (renaming) at += sort_renames(d, found, renames, sorted + at);
  }
  d->out->steps.items = sorted;
  d->out->steps.count = d->out->steps.cap = at;
  return !d->failed;
}

static void remember_names(rl_db *db) {
  for (size_t i = 0; i < db->tables.count; i++) {
    rl_db_table *t = &db->tables.items[i];
    t->was = t->name;
    for (size_t k = 0; k < t->columns.count; k++) t->columns.items[k].was = t->columns.items[k].name;
  }
}

rille_status rl_db_diff(rl_db *from, const rl_db *to, rl_arena *arena, rl_diff *out, rl_error *err) {
  *out = (rl_diff){0};
  rille_status st = rl_diff_circles(from, to, err);
  if (st != RILLE_OK) return st;
  rl_differ d = {.from = from,
                 .to = to,
                 .dialect = to->dialect,
                 .features = rl_ddl_features_of(to->dialect),
                 .arena = arena,
                 .out = out};
  rl_buf_init(&d.buf);
  remember_names(from);
  rl_diff_renames(&d);
  diff_namespaces_and_extensions(&d);
  if (d.features->enum_types)
    rl_diff_enums(&d);
  else
    rl_diff_values(&d);
  diff_tables(&d);
  if (d.features->adds_references) rl_diff_references(&d);
  if (d.features->guards_views) rl_diff_views(&d);
  rl_buf_dispose(&d.buf);
  return !d.failed && sort_steps(&d) ? RILLE_OK : rl_fail_nomem(err);
}
