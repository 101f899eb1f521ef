/* Confirmed renames, and pairs of names that might be renames. */
#include "migrate/diff/rename_hints.h"

#include "migrate/diff/differ.h"

static rl_db_value *value_of(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return &e->values.items[i];
  return NULL;
}

void rl_renames_apply(rl_db *to, const rl_renames *hints) {
  for (size_t i = 0; i < hints->count; i++) {
    const rl_rename *r = &hints->items[i];
    if (strcmp(r->what, "table") == 0) {
      rl_db_table *t = rl_db_table_named(to, r->to);
      if (t) t->renamed_from = r->from;
    } else if (strcmp(r->what, "column") == 0) {
      rl_db_table *t = rl_db_table_named(to, r->table);
      rl_db_column *c = t ? rl_db_column_of(t, r->to) : NULL;
      if (c) c->renamed_from = r->from;
    } else {
      rl_db_value *v = value_of(rl_db_enum_named(to, r->table), r->to);
      if (v) v->renamed_from = r->from;
    }
  }
}

/* ------------------------------------------------------------------ mirrored renames */

/* Returns whether the column swapped its name with another one. */
static bool is_swapped(const rl_db_table *t, const rl_db_column *c) {
  const rl_db_column *other = rl_db_column_of(t, c->renamed_from);
  return other && rl_str_eq(other->renamed_from, c->name);
}

/* The other structure knows only names of the database. A doc comment may have a name of the schema, which is not found
 * there. */
static void mirror_table(const rl_db_table *t, const rl_db *to) {
  rl_db_table *other = rl_db_table_named(to, t->name);
  if (!other && t->renamed_from.len) {
    other = rl_db_table_named(to, t->renamed_from);
    if (other) other->renamed_from = t->name;
  }
  for (size_t i = 0; other && i < t->columns.count; i++) {
    const rl_db_column *c = &t->columns.items[i];
    if (!c->renamed_from.len || (rl_db_column_of(other, c->name) && !is_swapped(t, c))) continue;
    rl_db_column *old = rl_db_column_of(other, c->renamed_from);
    if (old) old->renamed_from = c->name;
  }
}

/* The former name of a join table follows from its models. */
static void mirror_join(const rl_db *from, const rl_db_table *t, const rl_db *to, rl_arena *arena) {
  rl_db_table *other = rl_db_table_named(to, t->name);
  for (int which = 0; which < 3 && !other; which++) {
    rl_str name;
    if (!rl_join_former_name(from, t->join, which, arena, &name)) continue;
    other = rl_db_table_named(to, name);
    if (other && rl_db_table_named(from, name)) other = NULL;
    if (other) other->renamed_from = t->name;
  }
  if (other) other->exchanged = rl_join_changes_sides(from, t->join);
}

void rl_renames_mirror(const rl_db *from, rl_db *to, rl_arena *arena) {
  for (size_t i = 0; i < from->tables.count; i++)
    if (from->tables.items[i].join) mirror_join(from, &from->tables.items[i], to, arena);
  for (size_t i = 0; i < from->tables.count; i++) mirror_table(&from->tables.items[i], to);
  for (size_t i = 0; i < from->enums.count; i++) {
    const rl_db_enum *e = &from->enums.items[i];
    rl_db_enum *other = rl_db_enum_named(to, e->name);
    if (!other && e->renamed_from.len) {
      other = rl_db_enum_named(to, e->renamed_from);
      if (other) other->renamed_from = e->name;
    }
    for (size_t k = 0; other && k < e->values.count; k++) {
      const rl_db_value *v = &e->values.items[k];
      rl_db_value *old = v->renamed_from.len && !value_of(other, v->name) ? value_of(other, v->renamed_from) : NULL;
      if (old) old->renamed_from = v->name;
    }
  }
}

/* ------------------------------------------------------------------ guesses */

typedef struct guesser {
  const rl_db *from, *to;
  rl_differ differ; /* for comparing types */
  rl_arena *arena;
  rl_renames *out;
  bool failed;
} guesser;

static void add_guess(guesser *g, rl_rename r) {
  rl_rename *slot = RL_DB_ADD(g->arena, g->out);
  if (slot)
    *slot = r;
  else
    g->failed = true;
}

static rl_db_table *former_table(const guesser *g, const rl_db_table *t) {
  rl_db_table *same = rl_db_table_named(g->from, t->name);
  return same || !t->renamed_from.len ? same : rl_db_table_named(g->from, t->renamed_from);
}

/* Returns whether `to` has the old column: under its name, or renamed. */
static bool is_accounted_for(const rl_db_table *to, rl_str old) {
  for (size_t i = 0; i < to->columns.count; i++)
    if (rl_str_eq(to->columns.items[i].renamed_from, old) || rl_str_eq(to->columns.items[i].name, old)) return true;
  return false;
}

static bool same_field(const rl_db_column *a, const rl_db_column *b) {
  return a->field.len && rl_str_eq(a->field, b->field); /* only @map changed: that is a rename already */
}

static void guess_columns(guesser *g, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i];
    if (c->renamed_from.len || rl_db_column_of(from, c->name)) continue;
    for (size_t k = 0; k < from->columns.count; k++) {
      const rl_db_column *old = &from->columns.items[k];
      if (is_accounted_for(to, old->name) || same_field(old, c) || !rl_db_same_type(&g->differ, old, c)) continue;
      add_guess(g, (rl_rename){"column", to->name, old->name, c->name});
    }
  }
}

/* Returns whether the tables have at least half of their columns in common. */
static bool is_similar(const rl_db_table *a, const rl_db_table *b) {
  size_t same = 0, most = a->columns.count > b->columns.count ? a->columns.count : b->columns.count;
  for (size_t i = 0; i < a->columns.count; i++) same += rl_db_column_of(b, a->columns.items[i].name) != NULL;
  return same * 2 >= most;
}

enum { MAX_PAIRS = 10000 }; /* of tables; more would be too many questions */

typedef struct table_list {
  const rl_db_table **items;
  size_t count;
} table_list;

static table_list make_table_list(guesser *g, size_t max) {
  table_list list = {RL_NEW_ARRAY(g->arena, const rl_db_table *, max + 1), 0};
  if (!list.items) g->failed = true;
  return list;
}

/* Lists the tables that are dropped and not known to be renamed. */
static table_list dropped_tables(guesser *g) {
  table_list dropped = make_table_list(g, g->from->tables.count);
  rl_db_names renamed = {0};
  for (size_t i = 0; i < g->to->tables.count && !g->failed; i++)
    if (g->to->tables.items[i].renamed_from.len)
      g->failed = !rl_db_names_put(g->arena, &renamed, g->to->tables.items[i].renamed_from, i);
  for (size_t k = 0; k < g->from->tables.count && !g->failed; k++) {
    const rl_db_table *old = &g->from->tables.items[k];
    bool stays = rl_db_table_named(g->to, old->name) != NULL;
    RL_DB_EACH_NAMED(i, &renamed, old->name) stays |= rl_str_eq(g->to->tables.items[i].renamed_from, old->name);
    if (!stays) dropped.items[dropped.count++] = old;
  }
  return dropped;
}

static void guess_tables(guesser *g) {
  table_list dropped = dropped_tables(g), created = make_table_list(g, g->to->tables.count);
  for (size_t i = 0; i < g->to->tables.count && !g->failed; i++) {
    const rl_db_table *t = &g->to->tables.items[i], *same = former_table(g, t);
    if (same)
      guess_columns(g, same, t);
    else
      created.items[created.count++] = t;
  }
  if (created.count && dropped.count > MAX_PAIRS / created.count) return;
  for (size_t i = 0; i < created.count; i++)
    for (size_t k = 0; k < dropped.count; k++) {
      const rl_db_table *old = dropped.items[k], *t = created.items[i];
      if (rl_str_eq(old->namespace_, t->namespace_) && is_similar(old, t))
        add_guess(g, (rl_rename){"table", {NULL, 0}, old->name, t->name});
    }
}

static void guess_values(guesser *g) {
  for (size_t i = 0; i < g->to->enums.count; i++) {
    const rl_db_enum *e = &g->to->enums.items[i], *old = rl_db_enum_named(g->from, e->name);
    for (size_t k = 0; old && k < e->values.count; k++) {
      const rl_db_value *v = &e->values.items[k];
      if (v->renamed_from.len || value_of(old, v->name)) continue;
      for (size_t j = 0; j < old->values.count; j++) {
        rl_str dropped = old->values.items[j].name;
        bool stays = value_of(e, dropped) != NULL;
        for (size_t n = 0; n < e->values.count; n++) stays |= rl_str_eq(e->values.items[n].renamed_from, dropped);
        if (!stays) add_guess(g, (rl_rename){"enum value", e->name, dropped, v->name});
      }
    }
  }
}

rille_status rl_renames_guess(const rl_db *from, const rl_db *to, rl_arena *arena, rl_renames *out, rl_error *err) {
  guesser g = {
      .from = from,
      .to = to,
      .differ = {.to = to, .dialect = to->dialect, .features = rl_ddl_features_of(to->dialect), .arena = arena},
      .arena = arena,
      .out = out};
  guess_tables(&g);
  guess_values(&g);
  return g.failed ? rl_fail_nomem(err) : RILLE_OK;
}
