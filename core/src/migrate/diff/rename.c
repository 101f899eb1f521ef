/* Renames: by doc comment, or by a changed @map between two schemas. The old
 * structure gets the new names, so later parts of the diff can compare by
 * name. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

/* Indexes foreign keys by the former name of their targets, so a rename need not search all tables. */
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

/* Returns whether a thing of the old structure is the former one of a new
 * thing: the doc comment names it as in the database or in the old schema, or
 * both have the same name in the schema. */
static bool was_called(rl_str renamed_from, rl_str field, rl_str name, rl_str old_field) {
  if (renamed_from.len) return rl_str_eq(renamed_from, name) || rl_str_eq(renamed_from, old_field);
  return field.len && rl_str_eq(field, old_field);
}

/* Returns whether the table's old name is free, or will be: the wanted table of
 * that name is renamed from another one. */
static bool table_is_replaced(const rl_differ *d, const rl_db_table *from) {
  const rl_db_table *successor = rl_db_table_of(d->to, from->namespace_, from->name);
  return !successor || (successor->renamed_from.len && !rl_str_eq(successor->renamed_from, from->name) &&
                        rl_db_table_of(d->from, from->namespace_, successor->renamed_from));
}

static bool rename_one_table(rl_differ *d, const rl_db_table *to) {
  RL_DB_EACH_NAMED(k, &d->from->table_names, to->renamed_from.len ? to->renamed_from : to->model) {
    rl_db_table *from = &d->from->tables.items[k];
    if (!rl_str_eq(from->namespace_, to->namespace_) || !table_is_replaced(d, from)) continue;
    if (!was_called(to->renamed_from, to->model, from->name, from->model)) continue;
    rl_diff_rename_table(d, from, to->name);
    return true;
  }
  return false;
}

/* A rename that frees a name for another comes first. */
static void rename_tables(rl_differ *d) {
  for (bool any = true; any && !d->failed;) {
    any = false;
    for (size_t i = 0; i < d->to->tables.count; i++) {
      const rl_db_table *to = &d->to->tables.items[i];
      if (!rl_db_table_of(d->from, to->namespace_, to->name)) any |= rename_one_table(d, to);
    }
  }
}

static bool column_is_replaced(const rl_db_table *from, const rl_db_table *to, rl_str name) {
  const rl_db_column *successor = rl_db_column_of(to, name);
  return !successor || (successor->renamed_from.len && !rl_str_eq(successor->renamed_from, name) &&
                        rl_db_column_of(from, successor->renamed_from));
}

static bool rename_one_column(rl_differ *d, rl_db_table *from, const rl_db_table *to, const rl_db_column *c) {
  for (size_t j = 0; j < from->columns.count; j++) {
    rl_db_column *old = &from->columns.items[j];
    if (!column_is_replaced(from, to, old->name) || !was_called(c->renamed_from, c->field, old->name, old->field))
      continue;
    rl_diff_rename_column(d, from, old, c->name);
    return true;
  }
  return false;
}

/* Returns whether two columns swap their names. In a live database the swap is
 * still to be done if the columns fit only after it. */
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

static void add_value_step(rl_differ *d, const rl_db_enum *e, rl_str old, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, e, "");
  rl_buf_text(&d->buf, " RENAME VALUE ");
  rl_ddl_text(&d->buf, old);
  rl_buf_text(&d->buf, " TO ");
  rl_ddl_text(&d->buf, now);
  rl_differ_step(d, RL_STEP_RENAME, e->name);
}

static void rename_value(rl_differ *d, rl_db_enum *e, rl_db_value *v, rl_str now) {
  add_value_step(d, e, v->name, now);
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

static bool value_is_replaced(const rl_db_enum *from, const rl_db_enum *to, rl_str name) {
  for (size_t i = 0; i < to->values.count; i++) {
    const rl_db_value *successor = &to->values.items[i];
    if (!rl_str_eq(successor->name, name)) continue;
    return successor->renamed_from.len && !rl_str_eq(successor->renamed_from, name) &&
           has_value(from, successor->renamed_from);
  }
  return true;
}

static bool rename_one_value(rl_differ *d, rl_db_enum *from, const rl_db_enum *to, const rl_db_value *v) {
  for (size_t k = 0; k < from->values.count; k++) {
    rl_db_value *old = &from->values.items[k];
    if (!rl_str_eq(old->name, v->renamed_from) || !value_is_replaced(from, to, old->name)) continue;
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
  if (d->features->enum_types) rename_enums(d);
  rename_tables(d);
  rl_diff_joins(d);
  rename_columns(d);
}
