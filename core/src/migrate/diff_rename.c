/* Renames: those a doc comment asks for, and a changed @map between two
 * schemas. The structure that is left takes the new names, so that everything
 * after compares like with like. */
#include "migrate/diff.h"
#include "migrate/render.h"

static void rename_in_references(rl_differ *d, const rl_db_table *t, rl_str old) {
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *other = &d->from->tables.items[i];
    for (size_t k = 0; k < other->references.count; k++) {
      rl_db_reference *r = &other->references.items[k];
      if (rl_str_eq(r->target, old) && rl_str_eq(r->target_namespace, t->namespace_)) r->target = t->name;
    }
  }
}

static void rename_table(rl_differ *d, rl_db_table *from, const rl_db_table *to) {
  rl_str old = from->name;
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, from);
  rl_buf_text(&d->buf, " RENAME TO ");
  rl_sql_name(&d->buf, d->dialect, to->name);
  rl_differ_step(d, RL_STEP_RENAME, to->name);
  from->name = to->name;
  rename_in_references(d, from, old);
}

/* What the new thing was called before: what its doc comment says, as the
 * database or the old schema has it; or the thing of the same name in the old
 * schema. */
static bool was_called(rl_str renamed_from, rl_str field, rl_str name, rl_str old_field) {
  if (renamed_from.len) return rl_str_eq(renamed_from, name) || rl_str_eq(renamed_from, old_field);
  return field.len && rl_str_eq(field, old_field);
}

static void rename_tables(rl_differ *d) {
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *to = &d->to->tables.items[i];
    if (rl_db_table_of(d->from, to->namespace_, to->name)) continue;
    for (size_t k = 0; k < d->from->tables.count; k++) {
      rl_db_table *from = &d->from->tables.items[k];
      if (!rl_str_eq(from->namespace_, to->namespace_) || rl_db_table_of(d->to, from->namespace_, from->name)) continue;
      if (!was_called(to->renamed_from, to->model, from->name, from->model)) continue;
      rename_table(d, from, to);
      break;
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
  for (size_t i = 0; i < d->from->tables.count; i++) {
    rl_db_table *other = &d->from->tables.items[i];
    for (size_t k = 0; k < other->references.count; k++) {
      rl_db_reference *r = &other->references.items[k];
      if (rl_str_eq(r->target, t->name) && rl_str_eq(r->target_namespace, t->namespace_))
        rename_in_list(r->targets, r->count, old, now);
    }
  }
}

static void rename_column(rl_differ *d, rl_db_table *from, rl_db_column *c, const rl_db_column *to) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, from);
  rl_buf_text(&d->buf, " RENAME COLUMN ");
  rl_sql_name(&d->buf, d->dialect, c->name);
  rl_buf_text(&d->buf, " TO ");
  rl_sql_name(&d->buf, d->dialect, to->name);
  rl_differ_step(d, RL_STEP_RENAME, from->name);
  rl_str old = c->name;
  c->name = to->name;
  rename_everywhere(d, from, old, to->name);
}

static void rename_columns(rl_differ *d) {
  for (size_t i = 0; i < d->to->tables.count; i++) {
    const rl_db_table *to = &d->to->tables.items[i];
    rl_db_table *from = rl_db_table_of(d->from, to->namespace_, to->name);
    for (size_t k = 0; from && k < to->columns.count; k++) {
      const rl_db_column *c = &to->columns.items[k];
      for (size_t j = 0; j < from->columns.count && !rl_db_column_of(from, c->name); j++) {
        rl_db_column *old = &from->columns.items[j];
        if (!rl_db_column_of(to, old->name) && was_called(c->renamed_from, c->field, old->name, old->field))
          rename_column(d, from, old, c);
      }
    }
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
  from->name = to->name;
  rename_type_in_columns(d, from, old);
}

static bool has_value(const rl_db_enum *e, rl_str name) {
  for (size_t i = 0; i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, name)) return true;
  return false;
}

static void rename_value(rl_differ *d, rl_db_enum *e, rl_db_value *v, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TYPE ");
  rl_sql_enum_name(&d->buf, d->dialect, e, "");
  rl_buf_text(&d->buf, " RENAME VALUE ");
  rl_ddl_text(&d->buf, v->name);
  rl_buf_text(&d->buf, " TO ");
  rl_ddl_text(&d->buf, now);
  rl_differ_step(d, RL_STEP_RENAME, e->name);
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

static void rename_values(rl_differ *d, rl_db_enum *from, const rl_db_enum *to) {
  for (size_t i = 0; i < to->values.count; i++) {
    const rl_db_value *v = &to->values.items[i];
    if (!v->renamed_from.len || has_value(from, v->name)) continue;
    for (size_t k = 0; k < from->values.count; k++)
      if (rl_str_eq(from->values.items[k].name, v->renamed_from) && !has_value(to, v->renamed_from))
        rename_value(d, from, &from->values.items[k], v->name);
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
  rename_enums(d);
  rename_tables(d);
  rename_columns(d);
}
