/* Renames that somebody confirmed, and pairs that might be ones. */
#include "migrate/rename_hints.h"

static rl_db_enum *enum_named(const rl_db *db, rl_str name) {
  for (size_t i = 0; i < db->enums.count; i++)
    if (rl_str_eq(db->enums.items[i].name, name)) return &db->enums.items[i];
  return NULL;
}

static rl_db_table *table_named(const rl_db *db, rl_str name) {
  for (size_t i = 0; i < db->tables.count; i++)
    if (rl_str_eq(db->tables.items[i].name, name)) return &db->tables.items[i];
  return NULL;
}

static rl_db_value *value_of(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return &e->values.items[i];
  return NULL;
}

void rl_renames_apply(rl_db *to, const rl_renames *hints) {
  for (size_t i = 0; i < hints->count; i++) {
    const rl_rename *r = &hints->items[i];
    if (strcmp(r->what, "table") == 0) {
      rl_db_table *t = table_named(to, r->to);
      if (t) t->renamed_from = r->from;
    } else if (strcmp(r->what, "column") == 0) {
      rl_db_table *t = table_named(to, r->table);
      rl_db_column *c = t ? rl_db_column_of(t, r->to) : NULL;
      if (c) c->renamed_from = r->from;
    } else {
      rl_db_value *v = value_of(enum_named(to, r->table), r->to);
      if (v) v->renamed_from = r->from;
    }
  }
}

/* ------------------------------------------------------------------ the way back */

/* Two that have changed places: each has the name that the other had. */
static bool is_swapped(const rl_db_table *t, const rl_db_column *c) {
  const rl_db_column *other = rl_db_column_of(t, c->renamed_from);
  return other && rl_str_eq(other->renamed_from, c->name);
}

/* A doc comment may name a field by its name in the schema: on the way back only names of the database are known. */
static void mirror_table(const rl_db_table *t, const rl_db *to) {
  rl_db_table *other = table_named(to, t->name);
  if (!other && t->renamed_from.len) {
    other = table_named(to, t->renamed_from);
    if (other) other->renamed_from = t->name;
  }
  for (size_t i = 0; other && i < t->columns.count; i++) {
    const rl_db_column *c = &t->columns.items[i];
    if (!c->renamed_from.len || (rl_db_column_of(other, c->name) && !is_swapped(t, c))) continue;
    rl_db_column *old = rl_db_column_of(other, c->renamed_from);
    if (old) old->renamed_from = c->name;
  }
}

void rl_renames_mirror(const rl_db *from, rl_db *to) {
  for (size_t i = 0; i < from->tables.count; i++) mirror_table(&from->tables.items[i], to);
  for (size_t i = 0; i < from->enums.count; i++) {
    const rl_db_enum *e = &from->enums.items[i];
    rl_db_enum *other = enum_named(to, e->name);
    if (!other && e->renamed_from.len) {
      other = enum_named(to, e->renamed_from);
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
  rl_differ differ; /* for what is the same type */
  rl_arena *arena;
  rl_renames *out;
  bool failed;
} guesser;

static void add(guesser *g, rl_rename r) {
  rl_rename *slot = RL_DB_ADD(g->arena, g->out);
  if (slot)
    *slot = r;
  else
    g->failed = true;
}

static rl_db_table *before(const guesser *g, const rl_db_table *t) {
  rl_db_table *same = table_named(g->from, t->name);
  return same || !t->renamed_from.len ? same : table_named(g->from, t->renamed_from);
}

static bool is_told(const rl_db_table *to, rl_str old) {
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
      if (is_told(to, old->name) || same_field(old, c) || !rl_db_same_type(&g->differ, old, c)) continue;
      add(g, (rl_rename){"column", to->name, old->name, c->name});
    }
  }
}

/* Half of the columns, at least, are found again. */
static bool is_alike(const rl_db_table *a, const rl_db_table *b) {
  size_t same = 0, most = a->columns.count > b->columns.count ? a->columns.count : b->columns.count;
  for (size_t i = 0; i < a->columns.count; i++) same += rl_db_column_of(b, a->columns.items[i].name) != NULL;
  return same * 2 >= most;
}

static void guess_tables(guesser *g) {
  for (size_t i = 0; i < g->to->tables.count; i++) {
    const rl_db_table *t = &g->to->tables.items[i], *same = before(g, t);
    if (same) guess_columns(g, same, t);
    for (size_t k = 0; !same && k < g->from->tables.count; k++) {
      const rl_db_table *old = &g->from->tables.items[k];
      bool told = table_named(g->to, old->name) != NULL;
      for (size_t j = 0; j < g->to->tables.count; j++)
        told |= rl_str_eq(g->to->tables.items[j].renamed_from, old->name);
      if (!told && rl_str_eq(old->namespace_, t->namespace_) && is_alike(old, t))
        add(g, (rl_rename){"table", {NULL, 0}, old->name, t->name});
    }
  }
}

static void guess_values(guesser *g) {
  for (size_t i = 0; i < g->to->enums.count; i++) {
    const rl_db_enum *e = &g->to->enums.items[i], *old = enum_named(g->from, e->name);
    for (size_t k = 0; old && k < e->values.count; k++) {
      const rl_db_value *v = &e->values.items[k];
      if (v->renamed_from.len || value_of(old, v->name)) continue;
      for (size_t j = 0; j < old->values.count; j++) {
        rl_str gone = old->values.items[j].name;
        bool told = value_of(e, gone) != NULL;
        for (size_t n = 0; n < e->values.count; n++) told |= rl_str_eq(e->values.items[n].renamed_from, gone);
        if (!told) add(g, (rl_rename){"enum value", e->name, gone, v->name});
      }
    }
  }
}

rille_status rl_renames_guess(const rl_db *from, const rl_db *to, rl_arena *arena, rl_renames *out, rl_error *err) {
  guesser g = {.from = from,
               .to = to,
               .differ = {.to = to, .dialect = to->dialect, .types = rl_ddl_has_types(to->dialect), .arena = arena},
               .arena = arena,
               .out = out};
  guess_tables(&g);
  guess_values(&g);
  return g.failed ? rl_fail_nomem(err) : RILLE_OK;
}
