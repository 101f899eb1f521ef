/* A table of both structures: its columns, its key and its indexes. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

/* ------------------------------------------------------------------ indexes */

static bool loses_column(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, const rl_db_index *x) {
  for (size_t i = 0; i < x->count; i++)
    if (rl_db_is_recreated(d, from, to, x->parts[i].column)) return true;
  return false;
}

/* Returns the index of `t` that is equal to x: the one of the same name, or one
 * whose name the other table does not have. */
static const rl_db_index *index_counterpart(const rl_differ *d, const rl_db_table *t, const rl_db_index *x,
                                            const rl_db_table *home) {
  const rl_db_index *same = rl_db_index_of(t, x->name);
  if (same) return rl_db_is_left(d, same) || rl_db_is_left(d, x) || rl_db_same_index(same, x) ? same : NULL;
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *y = &t->indexes.items[i];
    if (!y->opaque && !rl_db_index_of(home, y->name) && rl_db_same_index(x, y)) return y;
  }
  return NULL;
}

static void drop_index(rl_differ *d, const rl_db_table *t, const rl_db_index *x) {
  if (x->constraint && d->features->alters_tables) {
    rl_buf_text(&d->buf, "ALTER TABLE ");
    rl_sql_table(&d->buf, d->dialect, t);
    rl_buf_text(&d->buf, " DROP CONSTRAINT ");
    rl_sql_name(&d->buf, d->dialect, x->name);
  } else {
    rl_buf_text(&d->buf, "DROP INDEX ");
    rl_ddl_name(d->dialect, t->namespace_, x->name, &d->buf);
  }
  rl_differ_step(d, RL_STEP_DROP_INDEX, t->name);
  rl_diff_change_index(d, RL_CHANGE_DROP_INDEX, x);
}

static void create_index(rl_differ *d, const rl_db_table *t, const rl_db_index *x) {
  rl_sql_create_index(&d->buf, d->dialect, t, x);
  rl_differ_step(d, RL_STEP_CREATE_INDEX, t->name);
  rl_diff_change_index(d, RL_CHANGE_ADD_INDEX, x);
}

static void rename_index(rl_differ *d, const rl_db_table *t, const rl_db_index *from, const rl_db_index *to) {
  if (rl_str_eq(from->name, to->name) || (!d->features->alters_tables && from->constraint)) return;
  if (!d->features->renames_indexes) {
    drop_index(d, t, from);
    create_index(d, t, to);
    return;
  }
  rl_buf_text(&d->buf, "ALTER INDEX ");
  if (t->namespace_.len) {
    rl_sql_name(&d->buf, d->dialect, t->namespace_);
    rl_buf_byte(&d->buf, '.');
  }
  rl_differ_rename(d, t->name, from->name, to->name);
}

static void diff_indexes(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < from->indexes.count; i++) {
    const rl_db_index *x = &from->indexes.items[i];
    if (rl_db_is_left(d, x)) continue;
    const rl_db_index *y = index_counterpart(d, to, x, from);
    if (!y && !d->features->alters_tables && x->constraint) continue; /* another index has the same columns */
    if (!y || loses_column(d, from, to, x))
      drop_index(d, from, x);
    else
      rename_index(d, to, x, y);
  }
  for (size_t i = 0; i < to->indexes.count; i++) {
    const rl_db_index *x = &to->indexes.items[i];
    if (!x->opaque && (!index_counterpart(d, from, x, to) || loses_column(d, from, to, x))) create_index(d, to, x);
  }
}

/* ------------------------------------------------------------------ columns */

/* The ALTER TABLE statement that is being written. */
typedef struct alter {
  rl_differ *d;
  const rl_db_table *from, *to;
  rl_buf clauses;
  size_t count;
} alter;

static void begin_clause(alter *a) {
  rl_buf_text(&a->clauses, a->count++ ? ",\n" : " ");
}

static void alter_column(alter *a, const rl_db_column *c, const char *what) {
  begin_clause(a);
  rl_buf_text(&a->clauses, "ALTER COLUMN ");
  rl_sql_name(&a->clauses, a->d->dialect, c->name);
  rl_buf_text(&a->clauses, what);
}

static void drop_column(alter *a, const rl_db_column *c) {
  begin_clause(a);
  rl_buf_text(&a->clauses, "DROP COLUMN ");
  rl_sql_name(&a->clauses, a->d->dialect, c->name);
}

static void add_column(alter *a, const rl_db_column *c) {
  begin_clause(a);
  rl_buf_text(&a->clauses, "ADD COLUMN     ");
  rl_sql_column(&a->clauses, a->d->dialect, NULL, c);
}

static void write_sequence_name(rl_buf *out, const alter *a, const rl_db_column *c) {
  rl_ddl_name(a->d->dialect, a->to->namespace_, c->sequence, out);
}

static void create_sequence(alter *a, const rl_db_column *c) {
  rl_buf_text(&a->d->buf, "CREATE SEQUENCE ");
  write_sequence_name(&a->d->buf, a, c);
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
  rl_buf name;
  rl_buf_init(&name);
  write_sequence_name(&name, a, c);
  alter_column(a, c, " SET DEFAULT nextval(");
  rl_ddl_text(&a->clauses, rl_buf_view(&name));
  rl_buf_byte(&a->clauses, ')');
  if (name.failed) a->d->failed = true;
  rl_buf_dispose(&name);
}

/* Makes the column own the sequence, so both are dropped together. The sequence
 * continues after the greatest existing value. */
static void attach_sequence(alter *a, const rl_db_column *c) {
  rl_buf *b = &a->d->buf;
  rl_buf name;
  rl_buf_init(&name);
  write_sequence_name(&name, a, c);
  rl_buf_text(b, "ALTER SEQUENCE ");
  rl_buf_str(b, rl_buf_view(&name));
  rl_buf_text(b, " OWNED BY ");
  rl_sql_table(b, a->d->dialect, a->to);
  rl_buf_byte(b, '.');
  rl_sql_name(b, a->d->dialect, c->name);
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
  rl_buf_text(b, "SELECT setval(");
  rl_ddl_text(b, rl_buf_view(&name));
  rl_buf_text(b, ", coalesce((SELECT max(");
  rl_sql_name(b, a->d->dialect, c->name);
  rl_buf_text(b, ") FROM ");
  rl_sql_table(b, a->d->dialect, a->to);
  rl_buf_text(b, "), 0) + 1, false)");
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
  if (name.failed) a->d->failed = true;
  rl_buf_dispose(&name);
}

static void drop_sequence(alter *a, const rl_db_column *from) {
  if (from->identity || !from->sequence.len) return;
  rl_buf_text(&a->d->buf, "DROP SEQUENCE IF EXISTS ");
  write_sequence_name(&a->d->buf, a, from);
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
}

static void set_default(alter *a, const rl_db_column *c) {
  alter_column(a, c, " SET DEFAULT ");
  rl_sql_default(&a->clauses, a->d->dialect, c);
}

static void change_column(alter *a, const rl_db_column *from, const rl_db_column *to) {
  bool type = !rl_db_same_type(a->d, from, to), had = from->def.kind != RL_DB_DEFAULT_NONE || from->autoincrement;
  bool wants = to->def.kind != RL_DB_DEFAULT_NONE && !to->autoincrement;
  bool same =
      from->autoincrement == to->autoincrement && (to->autoincrement || rl_db_default_equal(&from->def, &to->def));
  bool keeps = from->autoincrement && to->autoincrement;
  /* a default of the old type may be invalid for the new one */
  bool drops = had && !keeps && (type || !wants) && !(same && !type);
  if (drops) alter_column(a, to, from->identity ? " DROP IDENTITY" : " DROP DEFAULT");
  if (from->required != to->required) alter_column(a, to, to->required ? " SET NOT NULL" : " DROP NOT NULL");
  if (type) {
    alter_column(a, to, " SET DATA TYPE ");
    rl_buf_str(&a->clauses, to->type);
  }
  if (wants && (!same || drops)) set_default(a, to);
  if (to->autoincrement && !from->autoincrement) create_sequence(a, to);
}

static void add_alter_step(alter *a) {
  if (!a->count) return;
  rl_buf_text(&a->d->buf, "ALTER TABLE ");
  rl_sql_table(&a->d->buf, a->d->dialect, a->to);
  rl_buf_str(&a->d->buf, rl_buf_view(&a->clauses));
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
}

static bool key_is_recreated(const alter *a) {
  for (size_t i = 0; i < a->from->primary.count; i++)
    if (rl_db_is_recreated(a->d, a->from, a->to, a->from->primary.items[i])) return true;
  return false;
}

static void write_column_clauses(alter *a) {
  const rl_db_table *from = a->from, *to = a->to;
  for (size_t i = 0; i < from->columns.count; i++) {
    const rl_db_column *c = &from->columns.items[i], *now = rl_db_column_of(to, c->name);
    if (!now || rl_db_is_recreated(a->d, from, to, c->name)) drop_column(a, c);
  }
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i], *before = rl_db_column_of(from, c->name);
    if (!before || rl_db_is_recreated(a->d, from, to, c->name)) add_column(a, c);
  }
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i], *before = rl_db_column_of(from, c->name);
    if (before && !rl_db_is_recreated(a->d, from, to, c->name) && !rl_db_same_column(a->d, before, c))
      change_column(a, before, c);
  }
}

/* Gives the sequence of a SERIAL the column's type, which limits its numbers. That of an identity follows on its own.
 */
static void retype_sequence(alter *a, const rl_db_column *from, const rl_db_column *to) {
  if (!to->autoincrement || from->identity || !from->sequence.len || rl_db_same_type(a->d, from, to)) return;
  const char *type = rl_str_is(to->type, "BIGINT")     ? "BIGINT"
                     : rl_str_is(to->type, "SMALLINT") ? "SMALLINT"
                                                       : "INTEGER";
  rl_buf_text(&a->d->buf, "ALTER SEQUENCE IF EXISTS ");
  write_sequence_name(&a->d->buf, a, from);
  rl_buf_printf(&a->d->buf, " AS %s", type);
  rl_differ_step(a->d, RL_STEP_ALTER_TABLE, a->to->name);
}

static void update_sequences(alter *a) {
  for (size_t i = 0; i < a->to->columns.count; i++) {
    const rl_db_column *c = &a->to->columns.items[i], *before = rl_db_column_of(a->from, c->name);
    if (before && before->autoincrement && !rl_db_is_recreated(a->d, a->from, a->to, c->name))
      retype_sequence(a, before, c);
    if (!before || rl_db_is_recreated(a->d, a->from, a->to, c->name) || before->autoincrement == c->autoincrement)
      continue;
    if (!c->autoincrement && rl_str_starts(c->def.sql, RL_STR("nextval(")))
      continue; /* the default names the sequence */
    if (c->autoincrement)
      attach_sequence(a, c);
    else
      drop_sequence(a, before);
  }
}

static void write_clauses(alter *a, bool drops, bool adds) {
  if (drops) {
    begin_clause(a);
    rl_buf_text(&a->clauses, "DROP CONSTRAINT ");
    rl_sql_name(&a->clauses, a->d->dialect, a->from->primary_name);
  }
  write_column_clauses(a);
  if (!adds) return;
  begin_clause(a);
  rl_buf_text(&a->clauses, "ADD CONSTRAINT ");
  rl_sql_name(&a->clauses, a->d->dialect, a->to->primary_name);
  rl_buf_text(&a->clauses, " PRIMARY KEY (");
  rl_sql_names(&a->clauses, a->d->dialect, a->to->primary.items, a->to->primary.count, ", ");
  rl_buf_byte(&a->clauses, ')');
}

static void rename_primary(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, to);
  rl_buf_text(&d->buf, " RENAME CONSTRAINT ");
  rl_differ_rename(d, to->name, from->primary_name, to->primary_name);
}

static void alter_table(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  alter a = {.d = d, .from = from, .to = to};
  rl_buf_init(&a.clauses);
  bool changes = !rl_db_same_primary(from, to) || key_is_recreated(&a);
  write_clauses(&a, changes && from->primary.count, changes && to->primary.count);
  if (a.clauses.failed) d->failed = true;
  add_alter_step(&a);
  update_sequences(&a);
  rl_buf_dispose(&a.clauses);
  if (!changes && to->primary.count && !rl_str_eq(from->primary_name, to->primary_name)) rename_primary(d, from, to);
}

void rl_diff_table(rl_differ *d, rl_db_table *from, const rl_db_table *to) {
  if (!d->features->alters_tables && d->to->of_schema) to = rl_diff_kept(d, from, to);
  rl_diff_loss(d, from, to);
  size_t first = d->out->steps.count;
  bool redefined = !d->features->alters_tables && rl_diff_redefine(d, from, to);
  if (d->features->alters_tables) alter_table(d, from, to);
  rl_diff_changes(d, from, to, first);
  if (redefined) return;
  diff_indexes(d, from, to);
}
