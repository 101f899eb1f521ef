/* Tables of implicit many-to-many relations. The models' names decide the table's name and which model is A and which
 * is B. So renaming a model may rename the table and exchange its sides. */
#include "schema/rules.h"
#include "migrate/diff/differ.h"

static const rl_str side_a = {"A", 1}, side_b = {"B", 1};

static bool is_join_table(const rl_db_table *t) {
  return t->columns.count == 2 && t->name.len > 1 && t->name.p[0] == '_' && rl_db_column_of(t, side_a) &&
         rl_db_column_of(t, side_b);
}

static rl_str namespace_of(const rl_db *db, const rl_model *m) {
  return rl_ddl_features_of(db->dialect)->namespaces ? m->namespace_ : (rl_str){"", 0};
}

/* Returns the model's former name by doc comment or confirmed rename, or its name. */
static rl_str former_name(const rl_db *db, const rl_model *m) {
  const rl_db_table *t = rl_db_table_of(db, namespace_of(db, m), m->table);
  return t && t->renamed_from.len ? t->renamed_from : m->name;
}

static rl_str join_name(const rl_db *db, rl_arena *arena, rl_str a, rl_str b) {
  bool in_order = rl_str_cmp(a, b) <= 0;
  rl_str first = in_order ? a : b, second = in_order ? b : a;
  rl_str name = rl_str_of(rl_arena_printf(arena, "_%.*sTo%.*s", RL_STR_ARG(first), RL_STR_ARG(second)));
  size_t limit = rl_rules_of(db->dialect->provider)->name_limit;
  if (limit && name.len > limit) name.len = limit;
  return name;
}

bool rl_join_former_name(const rl_db *db, const rl_relation *r, int which, rl_arena *arena, rl_str *out) {
  const rl_model *a = r->key_side->model, *b = r->other_side->model;
  rl_str was_a = former_name(db, a), was_b = former_name(db, b);
  if (!rl_str_eq(r->join_table, join_name(db, arena, a->name, b->name))) return false; /* the schema names it */
  *out = join_name(db, arena, which == 2 ? a->name : was_a, which == 1 ? b->name : was_b);
  return out->p && !rl_str_eq(*out, r->join_table);
}

bool rl_join_changes_sides(const rl_db *db, const rl_relation *r) {
  return r->key_side->model != r->other_side->model &&
         rl_str_cmp(former_name(db, r->key_side->model), former_name(db, r->other_side->model)) > 0;
}

/* ------------------------------------------------------------------ renaming */

/* Returns whether `t` is a join table that no table of `to` corresponds to. */
static bool is_unmatched_join(const rl_differ *d, const rl_db_table *t) {
  return t && is_join_table(t) && !rl_db_table_of(d->to, t->namespace_, t->name);
}

static rl_db_table *find_by_former_name(rl_differ *d, const rl_db_table *to) {
  for (int which = 0; which < 3; which++) { /* both models are renamed, or one of them */
    rl_str name;
    if (!rl_join_former_name(d->to, to->join, which, d->arena, &name)) continue;
    rl_db_table *t = rl_db_table_of(d->from, to->namespace_, name);
    if (is_unmatched_join(d, t)) return t;
  }
  return NULL;
}

static const rl_db_reference *reference_of(const rl_db_table *t, rl_str column) {
  for (size_t i = 0; i < t->references.count; i++)
    if (t->references.items[i].count == 1 && rl_str_eq(t->references.items[i].columns[0], column))
      return &t->references.items[i];
  return NULL;
}

static bool same_target(const rl_db_reference *a, const rl_db_reference *b) {
  return a && b && rl_str_eq(a->target, b->target) && rl_str_eq(a->target_namespace, b->target_namespace);
}

/* Returns 1 for the same sides, -1 for exchanged ones, 0 for others or without foreign keys. */
static int compare_sides(const rl_db_table *from, const rl_db_table *to) {
  const rl_db_reference *fa = reference_of(from, side_a), *fb = reference_of(from, side_b);
  const rl_db_reference *ta = reference_of(to, side_a), *tb = reference_of(to, side_b);
  if (same_target(fa, ta) && same_target(fb, tb)) return 1;
  return same_target(fa, tb) && same_target(fb, ta) ? -1 : 0;
}

static bool has_renamed_model(const rl_differ *d, const rl_relation *r) {
  const rl_model *a = r->key_side->model, *b = r->other_side->model;
  return !rl_str_eq(former_name(d->to, a), a->name) || !rl_str_eq(former_name(d->to, b), b->name);
}

/* Returns whether a table that `t` refers to is renamed. For join tables without a relation in a schema. */
static bool has_renamed_target(const rl_differ *d, const rl_db_table *t) {
  for (size_t i = 0; i < t->references.count; i++) {
    const rl_db_table *to =
        rl_db_table_of(d->from, t->references.items[i].target_namespace, t->references.items[i].target);
    if (to && !rl_str_eq(to->was, to->name)) return true;
  }
  return false;
}

/* Finds the only join table between the two models. The doc comment may give a table's name, from which the model's
 * former name does not follow. */
static rl_db_table *find_by_sides(rl_differ *d, const rl_db_table *to) {
  rl_db_table *found = NULL;
  if (to->join ? !has_renamed_model(d, to->join) : !has_renamed_target(d, to)) return NULL;
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    if (!is_unmatched_join(d, t) || !compare_sides(t, to)) continue;
    if (found) return NULL;
    found = t;
  }
  return found;
}

/* ------------------------------------------------------------------ exchanging */

static bool was_renamed(const rl_differ *d, const rl_model *m) {
  const rl_db_table *t = rl_db_table_of(d->from, namespace_of(d->from, m), m->table);
  return t && !rl_str_eq(t->was, t->name);
}

/* Compares two schemas without foreign keys by their models. */
static bool models_are_exchanged(const rl_differ *d, const rl_relation *was, const rl_relation *now) {
  const rl_model *a = was->key_side->model, *b = was->other_side->model;
  const rl_db_table *ta = rl_db_table_was(d->from, namespace_of(d->from, a), a->table);
  const rl_db_table *tb = rl_db_table_was(d->from, namespace_of(d->from, b), b->table);
  return ta && tb && ta != tb && rl_str_eq(ta->name, now->other_side->model->table) &&
         rl_str_eq(tb->name, now->key_side->model->table);
}

static bool is_exchanged(const rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  int sides = compare_sides(from, to);
  bool moved = !rl_str_eq(from->was, from->name);
  if (sides) return sides < 0;
  if (to->exchanged) return moved;
  if (!to->join) return false;
  if (from->join) return models_are_exchanged(d, from->join, to->join);
  moved = moved || was_renamed(d, to->join->key_side->model) || was_renamed(d, to->join->other_side->model);
  return moved && rl_join_changes_sides(d->to, to->join);
}

static void exchange_sides(rl_differ *d, rl_db_table *t) {
  rl_db_column *a = rl_db_column_of(t, side_a), *b = rl_db_column_of(t, side_b);
  rl_diff_rename_column(d, t, a, RL_STR("A_exchanged"));
  rl_diff_rename_column(d, t, b, side_a);
  rl_diff_rename_column(d, t, a, side_b);
}

void rl_diff_joins(rl_differ *d) {
  for (size_t i = 0; i < d->to->tables.count && !d->failed; i++) {
    const rl_db_table *to = &d->to->tables.items[i];
    rl_db_table *from = is_join_table(to) ? rl_db_table_of(d->from, to->namespace_, to->name) : NULL;
    if (!from && is_join_table(to)) {
      from = to->join ? find_by_former_name(d, to) : NULL;
      if (!from) from = find_by_sides(d, to);
      if (from) rl_diff_rename_table(d, from, to->name);
    }
    if (from && is_join_table(from) && is_exchanged(d, from, to)) exchange_sides(d, from);
  }
}
