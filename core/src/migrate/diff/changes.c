/* What changes in a table, in words: a line for each column, key, index and foreign key. */
#include "migrate/diff/differ.h"

static void line(rl_differ *d) {
  if (d->buf.len) rl_buf_byte(&d->buf, '\n');
}

static void column_line(rl_differ *d, const char *what, rl_str name) {
  line(d);
  rl_buf_printf(&d->buf, "%s column %.*s", what, RL_STR_ARG(name));
}

static void default_text(rl_buf *out, const rl_db_column *c) {
  if (c->autoincrement)
    rl_buf_text(out, "counted");
  else if (c->def.kind == RL_DB_DEFAULT_NONE)
    rl_buf_text(out, "none");
  else
    rl_buf_str(out, c->def.sql);
}

static void change_column(rl_differ *d, const rl_db_column *from, const rl_db_column *to) {
  const char *before = ": ";
  column_line(d, "change", to->name);
  if (!rl_db_same_type(d, from, to)) {
    rl_buf_printf(&d->buf, "%stype %.*s to %.*s", before, RL_STR_ARG(from->type), RL_STR_ARG(to->type));
    before = ", ";
  }
  if (from->required != to->required) {
    rl_buf_printf(&d->buf, "%s%s", before, to->required ? "optional to required" : "required to optional");
    before = ", ";
  }
  if (from->autoincrement == to->autoincrement && rl_db_default_equal(&from->def, &to->def)) return;
  rl_buf_printf(&d->buf, "%sdefault ", before);
  default_text(&d->buf, from);
  rl_buf_text(&d->buf, " to ");
  default_text(&d->buf, to);
}

static void columns(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < from->columns.count; i++)
    if (!rl_db_column_of(to, from->columns.items[i].name)) column_line(d, "drop", from->columns.items[i].name);
  for (size_t i = 0; i < to->columns.count; i++) {
    const rl_db_column *c = &to->columns.items[i], *was = rl_db_column_of(from, c->name);
    if (!was)
      column_line(d, "add", c->name);
    else if (!rl_db_same_column(d, was, c))
      change_column(d, was, c);
  }
}

static void names(rl_differ *d, const rl_str *items, size_t count) {
  rl_buf_byte(&d->buf, '(');
  for (size_t i = 0; i < count; i++) rl_buf_printf(&d->buf, "%s%.*s", i ? ", " : "", RL_STR_ARG(items[i]));
  rl_buf_byte(&d->buf, ')');
}

static void primary(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  if (rl_db_same_primary(from, to)) return;
  line(d);
  rl_buf_text(&d->buf, "change primary key: ");
  names(d, from->primary.items, from->primary.count);
  rl_buf_text(&d->buf, " to ");
  names(d, to->primary.items, to->primary.count);
}

void rl_diff_index_text(rl_buf *out, const rl_db_index *x) {
  rl_buf_printf(out, "%s %.*s (", x->unique ? "unique index" : "index", RL_STR_ARG(x->name));
  for (size_t i = 0; i < x->count; i++) rl_buf_printf(out, "%s%.*s", i ? ", " : "", RL_STR_ARG(x->parts[i].column));
  rl_buf_byte(out, ')');
}

static bool has_index(const rl_db_table *t, const rl_db_index *x) {
  for (size_t i = 0; i < t->indexes.count; i++)
    if (rl_db_same_index(&t->indexes.items[i], x)) return true;
  return false;
}

static void indexes(rl_differ *d, const char *what, const rl_db_table *has, const rl_db_table *lacks) {
  for (size_t i = 0; i < has->indexes.count; i++) {
    const rl_db_index *x = &has->indexes.items[i];
    if (rl_db_is_left(d, x) || has_index(lacks, x)) continue;
    line(d);
    rl_buf_printf(&d->buf, "%s ", what);
    rl_diff_index_text(&d->buf, x);
  }
}

static void references(rl_differ *d, const char *what, const rl_db_table *has, const rl_db_table *lacks) {
  for (size_t i = 0; i < has->references.count; i++) {
    const rl_db_reference *k = &has->references.items[i];
    if (rl_db_has_reference(lacks, k)) continue;
    line(d);
    rl_buf_printf(&d->buf, "%s foreign key ", what);
    names(d, k->columns, k->count);
    rl_buf_printf(&d->buf, " to %.*s ", RL_STR_ARG(k->target));
    names(d, k->targets, k->count);
  }
}

void rl_diff_changes(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t first) {
  bool whole = first < d->out->steps.count && d->out->steps.items[first].order == RL_STEP_REDEFINE_TABLE;
  if (d->failed || first >= d->out->steps.count || (!whole && d->out->steps.items[first].order != RL_STEP_ALTER_TABLE))
    return;
  columns(d, from, to);
  primary(d, from, to);
  if (whole) { /* else they are steps of their own */
    indexes(d, "drop", from, to);
    indexes(d, "add", to, from);
    references(d, "drop", from, to);
    references(d, "add", to, from);
  }
  rl_str text = d->buf.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&d->buf));
  rl_buf_reset(&d->buf);
  if (text.p)
    d->out->steps.items[first].changes = text;
  else
    d->failed = true;
}
