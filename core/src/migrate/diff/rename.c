/* Renames: those a doc comment asks for, and a changed @map between two
 * schemas. The structure that is left takes the new names, so that everything
 * after compares like with like. */
#include "migrate/structure/describe.h"
#include "migrate/diff/diff.h"
#include "migrate/structure/render.h"

/* By what their targets were called, so that a rename is no walk over all tables. */
static void index_references(rl_differ *d) {
  for (size_t i = 0; i < d->from->tables.count && !d->failed; i++) {
    const rl_db_table *t = &d->from->tables.items[i];
    for (size_t k = 0; k < t->references.count && !d->failed; k++) {
      rl_incoming *slot = RL_DB_ADD(d->arena, &d->incoming);
      d->failed =
          !slot || !rl_db_names_put(d->arena, &d->targets, t->references.items[k].target, d->incoming.count - 1);
      if (slot) *slot = (rl_incoming){i, k};
    }
  }
}

static rl_db_reference *reference_at(const rl_differ *d, size_t i) {
  return &d->from->tables.items[d->incoming.items[i].table].references.items[d->incoming.items[i].reference];
}

static void rename_in_references(rl_differ *d, const rl_db_table *t, rl_str old) {
  RL_DB_EACH_NAMED(i, &d->targets, t->was) {
    rl_db_reference *r = reference_at(d, i);
    if (rl_str_eq(r->target, old) && rl_str_eq(r->target_namespace, t->namespace_)) r->target = t->name;
  }
}

/* What else SQLite writes anew by itself: the texts at hand must follow. */
static void rename_in_texts(rl_differ *d, rl_str *items, size_t count, rl_str old, rl_str now, rl_str table) {
  for (size_t i = 0; i < count; i++) {
    if (!rl_sql_mentions(items[i], old)) continue;
    rl_str text = rl_sql_renamed(d->arena, items[i], old, now, table);
    if (text.p)
      items[i] = text;
    else
      d->failed = true;
  }
}

static const rl_str anywhere = {"", 0};

/* A trigger names columns of other tables, too: where one is called the same,
 * only what stands behind the table's name is sure. */
static void rename_in_triggers(rl_differ *d, rl_db_table *t, rl_str old, rl_str now) {
  bool alone = true;
  if (!t->triggers.count) return;
  for (size_t i = 0; i < d->from->tables.count; i++)
    if (&d->from->tables.items[i] != t && rl_db_column_of(&d->from->tables.items[i], old)) alone = false;
  rename_in_texts(d, t->triggers.items, t->triggers.count, old, now, alone ? anywhere : t->name);
}

static void rename_in_table_texts(rl_differ *d, rl_db_table *t, rl_str old, rl_str now) {
  for (size_t i = 0; i < t->checks.count; i++) rename_in_texts(d, &t->checks.items[i].sql, 1, old, now, anywhere);
  for (size_t i = 0; i < t->indexes.count; i++) rename_in_texts(d, &t->indexes.items[i].sql, 1, old, now, anywhere);
  for (size_t i = 0; i < t->columns.count; i++)
    rename_in_texts(d, &t->columns.items[i].generated, 1, old, now, anywhere);
  rename_in_triggers(d, t, old, now);
}

static void rename_step(rl_differ *d, rl_str namespace_, rl_str old, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_ddl_name(d->dialect, namespace_, old, &d->buf);
  rl_buf_text(&d->buf, " RENAME TO ");
  rl_sql_name(&d->buf, d->dialect, now);
  rl_differ_step(d, RL_STEP_RENAME, now);
}

/* The structure follows; the step is the caller's. */
static void set_table_name(rl_differ *d, rl_db_table *from, rl_str now) {
  rl_str old = from->name;
  if (!rl_db_rename_table(d->arena, d->from, from, now)) d->failed = true;
  rename_in_references(d, from, old);
  for (size_t i = 0; i < d->from->tables.count && !d->types; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    rename_in_texts(d, t->triggers.items, t->triggers.count, old, now, anywhere);
    for (size_t k = 0; t == from && k < t->indexes.count; k++)
      rename_in_texts(d, &t->indexes.items[k].sql, 1, old, now, anywhere);
  }
}

void rl_diff_rename_table(rl_differ *d, rl_db_table *from, rl_str now) {
  rename_step(d, from->namespace_, from->name, now);
  set_table_name(d, from, now);
}

/* What the new thing was called before: what its doc comment says, as the
 * database or the old schema has it; or the thing of the same name in the old
 * schema. */
static bool was_called(rl_str renamed_from, rl_str field, rl_str name, rl_str old_field) {
  if (renamed_from.len) return rl_str_eq(renamed_from, name) || rl_str_eq(renamed_from, old_field);
  return field.len && rl_str_eq(field, old_field);
}

/* Its place is free, or will be: what is wanted under that name comes from
 * elsewhere, too. */
static bool table_leaves(const rl_differ *d, const rl_db_table *from) {
  const rl_db_table *heir = rl_db_table_of(d->to, from->namespace_, from->name);
  return !heir || (heir->renamed_from.len && !rl_str_eq(heir->renamed_from, from->name) &&
                   rl_db_table_of(d->from, from->namespace_, heir->renamed_from));
}

static bool rename_one_table(rl_differ *d, const rl_db_table *to) {
  RL_DB_EACH_NAMED(k, &d->from->table_names, to->renamed_from.len ? to->renamed_from : to->model) {
    rl_db_table *from = &d->from->tables.items[k];
    if (!rl_str_eq(from->namespace_, to->namespace_) || !table_leaves(d, from)) continue;
    if (!was_called(to->renamed_from, to->model, from->name, from->model)) continue;
    rl_diff_rename_table(d, from, to->name);
    return true;
  }
  return false;
}

/* What makes place for another comes first. */
static void rename_tables(rl_differ *d) {
  for (bool any = true; any && !d->failed;) {
    any = false;
    for (size_t i = 0; i < d->to->tables.count; i++) {
      const rl_db_table *to = &d->to->tables.items[i];
      if (!rl_db_table_of(d->from, to->namespace_, to->name)) any |= rename_one_table(d, to);
    }
  }
}

static void rename_in_list(rl_str *names, size_t count, rl_str old, rl_str now) {
  for (size_t i = 0; i < count; i++)
    if (rl_str_eq(names[i], old)) names[i] = now;
}

static void rename_everywhere(rl_differ *d, rl_db_table *t, rl_str old, rl_str now) {
  rename_in_list(t->primary.items, t->primary.count, old, now);
  for (size_t i = 0; i < t->indexes.count; i++)
    for (size_t k = 0; k < t->indexes.items[i].count; k++)
      if (rl_str_eq(t->indexes.items[i].parts[k].column, old)) t->indexes.items[i].parts[k].column = now;
  for (size_t i = 0; i < t->references.count; i++)
    rename_in_list(t->references.items[i].columns, t->references.items[i].count, old, now);
  RL_DB_EACH_NAMED(i, &d->targets, t->was) {
    rl_db_reference *r = reference_at(d, i);
    if (rl_str_eq(r->target, t->name) && rl_str_eq(r->target_namespace, t->namespace_))
      rename_in_list(r->targets, r->count, old, now);
  }
}

static void column_step(rl_differ *d, const rl_db_table *t, rl_str old, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, t);
  rl_buf_text(&d->buf, " RENAME COLUMN ");
  rl_sql_name(&d->buf, d->dialect, old);
  rl_buf_text(&d->buf, " TO ");
  rl_sql_name(&d->buf, d->dialect, now);
  rl_differ_step(d, RL_STEP_RENAME, t->name);
}

static void set_column_name(rl_differ *d, rl_db_table *t, rl_db_column *c, rl_str now) {
  rl_str old = c->name;
  c->name = now;
  rename_everywhere(d, t, old, now);
  if (!d->types) rename_in_table_texts(d, t, old, now);
}

void rl_diff_rename_column(rl_differ *d, rl_db_table *from, rl_db_column *c, rl_str now) {
  column_step(d, from, c->name, now);
  set_column_name(d, from, c, now);
}

static bool column_leaves(const rl_db_table *from, const rl_db_table *to, rl_str name) {
  const rl_db_column *heir = rl_db_column_of(to, name);
  return !heir ||
         (heir->renamed_from.len && !rl_str_eq(heir->renamed_from, name) && rl_db_column_of(from, heir->renamed_from));
}

static bool rename_one_column(rl_differ *d, rl_db_table *from, const rl_db_table *to, const rl_db_column *c) {
  for (size_t j = 0; j < from->columns.count; j++) {
    rl_db_column *old = &from->columns.items[j];
    if (!column_leaves(from, to, old->name) || !was_called(c->renamed_from, c->field, old->name, old->field)) continue;
    rl_diff_rename_column(d, from, old, c->name);
    return true;
  }
  return false;
}

/* Two columns that take each other's names. In a live database nothing tells
 * whether that was done before but that only one way fits. */
static bool is_swap(const rl_differ *d, const rl_db_column *x, const rl_db_column *y, const rl_db_column *wanted_x,
                    const rl_db_column *wanted_y) {
  if (!rl_str_eq(wanted_x->renamed_from, y->name) || !rl_str_eq(wanted_y->renamed_from, x->name)) return false;
  if (d->from->of_schema && d->to->of_schema)
    return !rl_str_eq(x->renamed_from, wanted_x->renamed_from) || !rl_str_eq(y->renamed_from, wanted_y->renamed_from);
  bool fits = rl_db_same_column(d, x, wanted_x) && rl_db_same_column(d, y, wanted_y);
  return !fits && rl_db_same_column(d, x, wanted_y) && rl_db_same_column(d, y, wanted_x);
}

static void swap_columns(rl_differ *d, rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < from->columns.count; i++)
    for (size_t k = i + 1; k < from->columns.count; k++) {
      rl_db_column *x = &from->columns.items[i], *y = &from->columns.items[k];
      const rl_db_column *wx = rl_db_column_of(to, x->name), *wy = rl_db_column_of(to, y->name);
      if (!wx || !wy || !is_swap(d, x, y, wx, wy)) continue;
      rl_str old = x->name;
      rl_diff_rename_column(d, from, x, rl_str_of(rl_differ_printf(d, "%.*s_swapped", RL_STR_ARG(y->name))));
      rl_str other = y->name;
      rl_diff_rename_column(d, from, y, old);
      rl_diff_rename_column(d, from, x, other);
    }
}

static void rename_columns(rl_differ *d) {
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *to = &d->to->tables.items[i];
    rl_db_table *from = rl_db_table_of(d->from, to->namespace_, to->name);
    for (bool any = from != NULL; any && !d->failed;) {
      any = false;
      for (size_t k = 0; k < to->columns.count; k++)
        if (!rl_db_column_of(from, to->columns.items[k].name))
          any |= rename_one_column(d, from, to, &to->columns.items[k]);
    }
    if (from) swap_columns(d, from, to);
  }
}

/* ------------------------------------------------------------------ enums */

static void rename_type_in_columns(rl_differ *d, const rl_db_enum *e, rl_str old) {
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    for (size_t k = 0; k < t->columns.count; k++) {
      rl_db_column *c = &t->columns.items[k];
      if (rl_str_eq(c->enum_name, old) && rl_str_eq(c->enum_namespace, e->namespace_)) c->enum_name = e->name;
    }
  }
}

static void rename_enum(rl_differ *d, rl_db_enum *from, const rl_db_enum *to) {
  rl_str old = from->name;
  rl_buf_text(&d->buf, "ALTER TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, from, "");
  rl_buf_text(&d->buf, " RENAME TO ");
  rl_sql_name(&d->buf, d->dialect, to->name);
  rl_differ_step(d, RL_STEP_RENAME, to->name);
  if (!rl_db_rename_enum(d->arena, d->from, from, to->name)) d->failed = true;
  rename_type_in_columns(d, from, old);
}

static bool has_value(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return true;
  return false;
}

static void value_step(rl_differ *d, const rl_db_enum *e, rl_str old, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, e, "");
  rl_buf_text(&d->buf, " RENAME VALUE ");
  rl_ddl_text(&d->buf, old);
  rl_buf_text(&d->buf, " TO ");
  rl_ddl_text(&d->buf, now);
  rl_differ_step(d, RL_STEP_RENAME, e->name);
}

static void rename_value(rl_differ *d, rl_db_enum *e, rl_db_value *v, rl_str now) {
  value_step(d, e, v->name, now);
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    for (size_t k = 0; k < t->columns.count; k++) {
      rl_db_column *c = &t->columns.items[k];
      bool uses = rl_str_eq(c->enum_name, e->name) && rl_str_eq(c->enum_namespace, e->namespace_);
      if (uses && c->def.kind == RL_DB_DEFAULT_VALUE && rl_str_eq(c->def.value, v->name)) c->def.value = now;
    }
  }
  v->name = now;
}

static bool value_leaves(const rl_db_enum *from, const rl_db_enum *to, rl_str name) {
  for (size_t i = 0; i < to->values.count; i++) {
    const rl_db_value *heir = &to->values.items[i];
    if (!rl_str_eq(heir->name, name)) continue;
    return heir->renamed_from.len && !rl_str_eq(heir->renamed_from, name) && has_value(from, heir->renamed_from);
  }
  return true;
}

static bool rename_one_value(rl_differ *d, rl_db_enum *from, const rl_db_enum *to, const rl_db_value *v) {
  for (size_t k = 0; k < from->values.count; k++) {
    rl_db_value *old = &from->values.items[k];
    if (!rl_str_eq(old->name, v->renamed_from) || !value_leaves(from, to, old->name)) continue;
    rename_value(d, from, old, v->name);
    return true;
  }
  return false;
}

static void rename_values(rl_differ *d, rl_db_enum *from, const rl_db_enum *to) {
  for (bool any = true; any && !d->failed;) {
    any = false;
    for (size_t i = 0; i < to->values.count; i++) {
      const rl_db_value *v = &to->values.items[i];
      if (v->renamed_from.len && !has_value(from, v->name)) any |= rename_one_value(d, from, to, v);
    }
  }
}

static void rename_enums(rl_differ *d) {
  for (size_t i = 0; i < d->to->enums.count; i++) {
    const rl_db_enum *to = &d->to->enums.items[i];
    for (size_t k = 0; k < d->from->enums.count && !rl_db_enum_of(d->from, to->namespace_, to->name); k++) {
      rl_db_enum *from = &d->from->enums.items[k];
      if (rl_str_eq(from->namespace_, to->namespace_) && !rl_db_enum_of(d->to, from->namespace_, from->name) &&
          was_called(to->renamed_from, to->model, from->name, from->model))
        rename_enum(d, from, to);
    }
    rl_db_enum *same = rl_db_enum_of(d->from, to->namespace_, to->name);
    if (same) rename_values(d, same, to);
  }
}

void rl_diff_renames(rl_differ *d) {
  index_references(d);
  if (d->types) rename_enums(d);
  rename_tables(d);
  rl_diff_joins(d);
  rename_columns(d);
}
