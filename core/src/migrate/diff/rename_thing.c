/* Renames one table or column: adds the step, and updates the old structure. */
#include "migrate/diff/differ.h"
#include "migrate/structure/describe.h"
#include "migrate/structure/render.h"

static rl_db_reference *reference_at(const rl_differ *d, size_t i) {
  return &d->from->tables.items[d->incoming.items[i].table].references.items[d->incoming.items[i].reference];
}

static void rename_in_references(rl_differ *d, const rl_db_table *t, rl_str old) {
  RL_DB_EACH_NAMED(i, &d->targets, t->was) {
    rl_db_reference *r = reference_at(d, i);
    if (rl_str_eq(r->target, old) && rl_str_eq(r->target_namespace, t->namespace_)) r->target = t->name;
  }
}

/* Replaces the name in SQL texts of the structure, as SQLite does on its own in the catalogue. */
static void rename_in_texts(rl_differ *d, rl_str *items, size_t count, rl_str old, rl_str now, rl_str table) {
  for (size_t i = 0; i < count; i++) {
    if (!rl_sql_mentions(d->dialect->provider, items[i], old)) continue;
    rl_str text = rl_sql_renamed(d->arena, d->dialect, items[i], old, now, table);
    if (text.p)
      items[i] = text;
    else
      d->failed = true;
  }
}

static const rl_str anywhere = {"", 0};

/* A trigger also names columns of other tables. If one has the same name, only
 * names qualified with the table are replaced. */
static void rename_in_triggers(rl_differ *d, rl_db_table *t, rl_str old, rl_str now) {
  bool is_unique = true;
  if (!t->triggers.count) return;
  for (size_t i = 0; i < d->from->tables.count; i++)
    if (&d->from->tables.items[i] != t && rl_db_column_of(&d->from->tables.items[i], old)) is_unique = false;
  rename_in_texts(d, t->triggers.items, t->triggers.count, old, now, is_unique ? anywhere : t->name);
}

static void rename_in_table_texts(rl_differ *d, rl_db_table *t, rl_str old, rl_str now) {
  for (size_t i = 0; i < t->checks.count; i++) rename_in_texts(d, &t->checks.items[i].sql, 1, old, now, anywhere);
  for (size_t i = 0; i < t->indexes.count; i++) rename_in_texts(d, &t->indexes.items[i].sql, 1, old, now, anywhere);
  for (size_t i = 0; i < t->columns.count; i++)
    rename_in_texts(d, &t->columns.items[i].generated, 1, old, now, anywhere);
  rename_in_triggers(d, t, old, now);
}

static void add_table_step(rl_differ *d, rl_str namespace_, rl_str old, rl_str now) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_ddl_name(d->dialect, namespace_, old, &d->buf);
  rl_buf_text(&d->buf, " RENAME TO ");
  rl_sql_name(&d->buf, d->dialect, now);
  rl_differ_step(d, RL_STEP_RENAME, now);
}

/* Updates the structure. The caller adds the step. */
static void set_table_name(rl_differ *d, rl_db_table *from, rl_str now) {
  rl_str old = from->name;
  if (!rl_db_rename_table(d->arena, d->from, from, now)) d->failed = true;
  rename_in_references(d, from, old);
  for (size_t i = 0; i < d->from->tables.count && d->features->keeps_texts; i++) {
    rl_db_table *t = &d->from->tables.items[i];
    rename_in_texts(d, t->triggers.items, t->triggers.count, old, now, anywhere);
    for (size_t k = 0; t == from && k < t->indexes.count; k++)
      rename_in_texts(d, &t->indexes.items[k].sql, 1, old, now, anywhere);
  }
}

void rl_diff_rename_table(rl_differ *d, rl_db_table *from, rl_str now) {
  add_table_step(d, from->namespace_, from->name, now);
  set_table_name(d, from, now);
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

static void add_column_step(rl_differ *d, const rl_db_table *t, rl_str old, rl_str now) {
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
  if (d->features->keeps_texts) rename_in_table_texts(d, t, old, now);
}

void rl_diff_rename_column(rl_differ *d, rl_db_table *from, rl_db_column *c, rl_str now) {
  add_column_step(d, from, c->name, now);
  set_column_name(d, from, c, now);
}
