/* Changes of a table on SQLite. If SQLite can, a column is added in place.
 * Otherwise a new table is created, gets the rows of the old one, and then its
 * name. */
#include "migrate/structure/describe.h"
#include "migrate/structure/provider.h"
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

static bool same_references(const rl_db_table *a, const rl_db_table *b) {
  for (size_t i = 0; i < a->references.count; i++)
    if (!rl_db_has_reference(b, &a->references.items[i])) return false;
  for (size_t i = 0; i < b->references.count; i++)
    if (!rl_db_has_reference(a, &b->references.items[i])) return false;
  return true;
}

/* A UNIQUE of the table's definition can only be dropped with the definition. */
static bool loses_constraint(const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < from->indexes.count; i++) {
    const rl_db_index *x = &from->indexes.items[i];
    bool stays = !x->constraint;
    for (size_t k = 0; k < to->indexes.count && !stays; k++) stays = rl_db_same_index(x, &to->indexes.items[k]);
    if (!stays) return true;
  }
  return false;
}

static bool can_be_added(const rl_db_column *c) {
  bool constant = c->def.kind == RL_DB_DEFAULT_VALUE;
  return !c->autoincrement && !c->computed && (constant || (c->def.kind == RL_DB_DEFAULT_NONE && !c->required));
}

static bool needs_rebuild(const rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  if (!rl_db_same_primary(from, to) || !same_references(from, to) || loses_constraint(from, to)) return true;
  for (size_t i = 0; i < from->columns.count; i++) {
    const rl_db_column *c = &from->columns.items[i], *now = rl_db_column_of(to, c->name);
    if (!now || !rl_db_same_column(d, c, now)) return true;
  }
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i];
    if (!rl_db_column_of(from, c->name) && !can_be_added(c)) return true;
  }
  return false;
}

static void add_columns(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i];
    if (rl_db_column_of(from, c->name)) continue;
    rl_buf_text(&d->buf, "ALTER TABLE ");
    rl_sql_table(&d->buf, d->dialect, to);
    rl_buf_text(&d->buf, " ADD COLUMN ");
    rl_sql_column(&d->buf, d->dialect, NULL, c);
    rl_differ_step(d, RL_STEP_ALTER_TABLE, to->name);
  }
}

static void add_rebuild_step(rl_differ *d, const rl_db_table *to) {
  rl_differ_step(d, RL_STEP_REDEFINE_TABLE, to->name);
}

static bool is_copied(const rl_db_table *from, const rl_db_column *c) {
  const rl_db_column *old = rl_db_column_of(from, c->name);
  return old && !c->computed;
}

static void write_copied_value(rl_differ *d, const rl_db_column *old, const rl_db_column *c) {
  bool fills = c->required && !old->required && c->def.kind != RL_DB_DEFAULT_NONE && !c->autoincrement;
  if (fills) rl_buf_text(&d->buf, "coalesce(");
  rl_sql_name(&d->buf, d->dialect, c->name);
  if (!fills) return;
  rl_buf_text(&d->buf, ", ");
  rl_sql_default(&d->buf, d->dialect, c);
  rl_buf_text(&d->buf, ") AS ");
  rl_sql_name(&d->buf, d->dialect, c->name);
}

/* Keeps the counter of AUTOINCREMENT, so it does not repeat numbers of deleted rows. */
static void keep_count(rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str temporary) {
  bool counts = false;
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i], *old = rl_db_column_of(from, c->name);
    counts |= old && old->autoincrement && c->autoincrement;
  }
  const char *const *sql = rl_migrate_part_of(d->dialect->provider)->keep_count;
  if (!counts || !sql[0]) return;
  rl_buf_text(&d->buf, sql[0]);
  rl_ddl_text(&d->buf, temporary);
  rl_buf_text(&d->buf, sql[1]);
  rl_ddl_text(&d->buf, to->name);
  add_rebuild_step(d, to);
}

static void copy_rows(rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str temporary) {
  bool any = false;
  rl_buf_text(&d->buf, "INSERT INTO ");
  rl_sql_name(&d->buf, d->dialect, temporary);
  rl_buf_text(&d->buf, " (");
  for (size_t i = 0; i < to->columns.count; i++) {
    if (!is_copied(from, &to->columns.items[i])) continue;
    rl_buf_text(&d->buf, any ? ", " : "");
    rl_sql_name(&d->buf, d->dialect, to->columns.items[i].name);
    any = true;
  }
  rl_buf_text(&d->buf, ") SELECT ");
  for (size_t i = 0, n = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i];
    if (!is_copied(from, c)) continue;
    rl_buf_text(&d->buf, n++ ? ", " : "");
    write_copied_value(d, rl_db_column_of(from, c->name), c);
  }
  rl_buf_text(&d->buf, " FROM ");
  rl_sql_table(&d->buf, d->dialect, to);
  if (any)
    add_rebuild_step(d, to);
  else
    rl_buf_reset(&d->buf);
}

/* A view or trigger that uses the table would make the rename fail while the table is missing. The script may run in a
 * database with a view that this one does not have, so the PRAGMA is always written. */
static void rename_temporary(rl_differ *d, const rl_db_table *to, rl_str temporary) {
  rl_buf_text(&d->buf, "PRAGMA legacy_alter_table=ON");
  add_rebuild_step(d, to);
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_name(&d->buf, d->dialect, temporary);
  rl_buf_text(&d->buf, " RENAME TO ");
  rl_sql_table(&d->buf, d->dialect, to);
  add_rebuild_step(d, to);
  rl_buf_text(&d->buf, "PRAGMA legacy_alter_table=OFF");
  add_rebuild_step(d, to);
}

/* An index that a schema cannot express stays, unless one of its columns is dropped. */
static bool is_left(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, const rl_db_index *x) {
  if (!rl_db_is_left(d, x) || !x->sql.len) return false;
  for (size_t i = 0; i < from->columns.count; i++) {
    rl_str name = from->columns.items[i].name;
    if (!rl_db_column_of(to, name) && rl_sql_mentions(d->dialect->provider, x->sql, name)) return false;
  }
  return true;
}

static bool has_left(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str name) {
  const rl_db_index *x = rl_db_index_of(from, name);
  return x && is_left(d, from, to, x);
}

static void recreate_dependents(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < to->indexes.count; i++) {
    if (to->indexes.items[i].opaque || has_left(d, from, to, to->indexes.items[i].name)) continue;
    rl_sql_create_index(&d->buf, d->dialect, to, &to->indexes.items[i]);
    add_rebuild_step(d, to);
  }
  for (size_t i = 0; i < from->indexes.count; i++) {
    if (!is_left(d, from, to, &from->indexes.items[i])) continue;
    rl_buf_str(&d->buf, from->indexes.items[i].sql);
    add_rebuild_step(d, to);
  }
  for (size_t i = 0; i < from->triggers.count; i++) {
    rl_buf_str(&d->buf, from->triggers.items[i]);
    add_rebuild_step(d, to);
  }
}

/* ------------------------------------------------------------------ what a schema cannot express */

/* Returns whether no dropped column is used by the computed one. */
static bool keeps_its_columns(const rl_differ *d, const rl_db_table *from, const rl_db_table *to,
                              const rl_db_column *c) {
  for (size_t i = 0; i < from->columns.count; i++) {
    rl_str name = from->columns.items[i].name;
    if (!rl_db_column_of(to, name) && !rl_str_eq(name, c->name) &&
        rl_sql_mentions(d->dialect->provider, c->generated, name))
      return false;
  }
  return true;
}

static void keep_column(const rl_differ *d, const rl_db_table *from, const rl_db_column *old, rl_db_column *c) {
  c->collation = old->collation;
  if (from->without_rowid || (c->implied && !old->autoincrement)) c->autoincrement = false;
  if (from->strict && rl_db_same_type(d, old, c)) c->type = old->type;
  if (!old->computed) return;
  c->computed = true;
  c->generated = old->generated;
  c->required = old->required;
  c->def = old->def;
}

/* Keeps foreign keys that a schema cannot express, for example to a missing table. */
static void keep_references(rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_db_table *kept) {
  rl_db_reference *all = RL_NEW_ARRAY(d->arena, rl_db_reference, from->references.count + to->references.count + 1);
  if (!all) {
    d->failed = true;
    return;
  }
  if (to->references.count) memcpy(all, to->references.items, to->references.count * sizeof *all);
  kept->references.items = all;
  for (size_t i = 0; i < from->references.count; i++) {
    const rl_db_reference *k = &from->references.items[i];
    if (!rl_db_has_reference(to, k) && rl_db_is_left_reference(d, from, k)) all[kept->references.count++] = *k;
  }
}

const rl_db_table *rl_diff_kept(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  rl_db_table *kept = RL_NEW(d->arena, rl_db_table);
  rl_db_column *columns = RL_NEW_ARRAY(d->arena, rl_db_column, from->columns.count + to->columns.count + 1);
  if (!kept || !columns) {
    d->failed = true;
    return to;
  }
  *kept = *to;
  kept->columns.items = columns;
  kept->strict = from->strict;
  kept->without_rowid = from->without_rowid;
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *old = rl_db_column_of(from, to->columns.items[i].name);
    columns[i] = to->columns.items[i];
    if (old) keep_column(d, from, old, &columns[i]);
  }
  for (size_t i = 0; i < from->columns.count; i++) {
    const rl_db_column *c = &from->columns.items[i];
    if (c->computed && !rl_db_column_of(to, c->name) && keeps_its_columns(d, from, to, c))
      columns[kept->columns.count++] = *c;
  }
  keep_references(d, from, to, kept);
  return kept;
}

bool rl_diff_redefine(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  if (!needs_rebuild(d, from, to)) {
    add_columns(d, from, to);
    return false;
  }
  rl_str temporary = rl_str_of(rl_differ_printf(d, "new_%.*s", RL_STR_ARG(to->name)));
  rl_sql_create_table(&d->buf, d->dialect, to, temporary, d->to->of_schema ? from : NULL);
  add_rebuild_step(d, to);
  keep_count(d, from, to, temporary);
  copy_rows(d, from, to, temporary);
  rl_buf_text(&d->buf, "DROP TABLE ");
  rl_sql_table(&d->buf, d->dialect, to);
  add_rebuild_step(d, to);
  rename_temporary(d, to, temporary);
  recreate_dependents(d, from, to);
  return true;
}
