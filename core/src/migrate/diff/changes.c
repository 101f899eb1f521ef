/* Descriptions of what changes in a table: each column, key, index and foreign key. */
#include "migrate/diff/differ.h"

static void write_default(rl_buf *out, const rl_db_column *c) {
  if (c->autoincrement)
    rl_buf_text(out, "autoincrement()");
  else if (c->def.kind == RL_DB_DEFAULT_NONE)
    rl_buf_text(out, "none");
  else
    rl_buf_str(out, c->def.sql);
}

static void describe_column(rl_differ *d, const rl_db_column *from, const rl_db_column *to) {
  const char *separator = ": ";
  rl_buf_printf(&d->buf, "change column %.*s", RL_STR_ARG(to->name));
  if (!rl_db_same_type(d, from, to)) {
    rl_buf_printf(&d->buf, "%stype %.*s to %.*s", separator, RL_STR_ARG(from->type), RL_STR_ARG(to->type));
    separator = ", ";
  }
  if (from->required != to->required) {
    rl_buf_printf(&d->buf, "%s%s", separator, to->required ? "optional to required" : "required to optional");
    separator = ", ";
  }
  if (from->autoincrement == to->autoincrement && rl_db_default_equal(&from->def, &to->def)) return;
  rl_buf_printf(&d->buf, "%sdefault ", separator);
  write_default(&d->buf, from);
  rl_buf_text(&d->buf, " to ");
  write_default(&d->buf, to);
}

static void list_columns(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t step) {
  for (size_t i = 0; i < from->columns.count; i++) {
    rl_str name = from->columns.items[i].name;
    if (rl_db_column_of(to, name)) continue;
    rl_buf_printf(&d->buf, "drop column %.*s", RL_STR_ARG(name));
    rl_differ_change(d, step, RL_CHANGE_DROP_COLUMN, name);
  }
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i], *was = rl_db_column_of(from, c->name);
    if (was && rl_db_same_column(d, was, c)) continue;
    if (was)
      describe_column(d, was, c);
    else
      rl_buf_printf(&d->buf, "add column %.*s", RL_STR_ARG(c->name));
    rl_differ_change(d, step, was ? RL_CHANGE_ALTER_COLUMN : RL_CHANGE_ADD_COLUMN, c->name);
  }
}

static void write_names(rl_differ *d, const rl_str *items, size_t count) {
  rl_buf_byte(&d->buf, '(');
  for (size_t i = 0; i < count; i++) rl_buf_printf(&d->buf, "%s%.*s", i ? ", " : "", RL_STR_ARG(items[i]));
  rl_buf_byte(&d->buf, ')');
}

static void list_primary_key(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t step) {
  if (rl_db_same_primary(from, to)) return;
  rl_buf_text(&d->buf, "change primary key: ");
  write_names(d, from->primary.items, from->primary.count);
  rl_buf_text(&d->buf, " to ");
  write_names(d, to->primary.items, to->primary.count);
  rl_differ_change(d, step, RL_CHANGE_PRIMARY_KEY, to->primary_name);
}

static void describe_index(rl_buf *out, const rl_db_index *x) {
  rl_buf_printf(out, "%s %.*s (", x->unique ? "unique index" : "index", RL_STR_ARG(x->name));
  for (size_t i = 0; i < x->count; i++) rl_buf_printf(out, "%s%.*s", i ? ", " : "", RL_STR_ARG(x->parts[i].column));
  rl_buf_byte(out, ')');
}

void rl_diff_change_index(rl_differ *d, rl_change_kind kind, const rl_db_index *x) {
  if (d->failed) return;
  describe_index(&d->buf, x);
  rl_differ_change(d, d->out->steps.count - 1, kind, x->name);
}

static bool has_same_index(const rl_db_table *t, const rl_db_index *x) {
  for (size_t i = 0; i < t->indexes.count; i++)
    if (rl_db_same_index(&t->indexes.items[i], x)) return true;
  return false;
}

static void list_indexes(rl_differ *d, bool adds, const rl_db_table *has, const rl_db_table *lacks, size_t step) {
  for (size_t i = 0; i < has->indexes.count; i++) {
    const rl_db_index *x = &has->indexes.items[i];
    if (rl_db_is_left(d, x) || has_same_index(lacks, x)) continue;
    rl_buf_text(&d->buf, adds ? "add " : "drop ");
    describe_index(&d->buf, x);
    rl_differ_change(d, step, adds ? RL_CHANGE_ADD_INDEX : RL_CHANGE_DROP_INDEX, x->name);
  }
}

static void list_foreign_keys(rl_differ *d, bool adds, const rl_db_table *has, const rl_db_table *lacks, size_t step) {
  for (size_t i = 0; i < has->references.count; i++) {
    const rl_db_reference *k = &has->references.items[i];
    if (rl_db_has_reference(lacks, k)) continue;
    rl_buf_text(&d->buf, adds ? "add foreign key " : "drop foreign key ");
    write_names(d, k->columns, k->count);
    rl_buf_printf(&d->buf, " to %.*s ", RL_STR_ARG(k->target));
    write_names(d, k->targets, k->count);
    rl_differ_change(d, step, adds ? RL_CHANGE_ADD_FOREIGN_KEY : RL_CHANGE_DROP_FOREIGN_KEY, k->name);
  }
}

void rl_diff_changes(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t first) {
  if (d->failed || first >= d->out->steps.count) return;
  rl_step_order order = d->out->steps.items[first].order;
  bool whole = order == RL_STEP_REDEFINE_TABLE;
  if (!whole && order != RL_STEP_ALTER_TABLE) return;
  list_columns(d, from, to, first);
  list_primary_key(d, from, to, first);
  if (!whole) return; /* indexes and foreign keys have their own steps */
  list_indexes(d, false, from, to, first);
  list_indexes(d, true, to, from, first);
  list_foreign_keys(d, false, from, to, first);
  list_foreign_keys(d, true, to, from, first);
}
