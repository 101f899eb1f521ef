/* Foreign keys of PostgreSQL: what is dropped before the tables change and what
 * is added after. */
#include "migrate/diff.h"
#include "migrate/render.h"

static bool same_names(const rl_str *a, const rl_str *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!rl_str_eq(a[i], b[i])) return false;
  return true;
}

static bool same_reference(const rl_db_reference *a, const rl_db_reference *b) {
  return a->count == b->count && same_names(a->columns, b->columns, a->count) &&
         same_names(a->targets, b->targets, a->count) && rl_str_eq(a->target, b->target) &&
         rl_str_eq(a->target_namespace, b->target_namespace) && a->on_delete == b->on_delete &&
         a->on_update == b->on_update;
}

static bool column_changes(const rl_differ *d, rl_str namespace_, rl_str table, rl_str column) {
  const rl_db_table *from = rl_db_table_of(d->from, namespace_, table), *to = rl_db_table_of(d->to, namespace_, table);
  const rl_db_column *a = from ? rl_db_column_of(from, column) : NULL, *b = to ? rl_db_column_of(to, column) : NULL;
  return a && b && !rl_db_same_type(d, a, b);
}

/* The key that a reference leans on goes, although another one may take its
 * place. */
static bool key_changes(const rl_differ *d, const rl_db_reference *k) {
  const rl_db_table *from = rl_db_table_of(d->from, k->target_namespace, k->target);
  const rl_db_table *to = rl_db_table_of(d->to, k->target_namespace, k->target);
  if (!from || !to) return from || to;
  if (!rl_db_same_primary(from, to)) return true;
  for (size_t i = 0; i < from->indexes.count; i++) {
    const rl_db_index *x = &from->indexes.items[i];
    bool stays = !x->unique || x->opaque;
    for (size_t j = 0; j < to->indexes.count && !stays; j++) stays = rl_db_same_index(x, &to->indexes.items[j]);
    if (!stays) return true;
  }
  return false;
}

static bool is_disturbed(const rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  for (size_t i = 0; i < k->count; i++)
    if (column_changes(d, t->namespace_, t->name, k->columns[i]) ||
        column_changes(d, k->target_namespace, k->target, k->targets[i]))
      return true;
  return key_changes(d, k);
}

static void begin(rl_differ *d, const rl_db_table *t) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, t);
}

static const rl_db_reference *same_in(const rl_db_table *t, const rl_db_reference *k, bool by_name) {
  for (size_t i = 0; t && i < t->references.count; i++)
    if (same_reference(&t->references.items[i], k) && (!by_name || rl_str_eq(t->references.items[i].name, k->name)))
      return &t->references.items[i];
  return NULL;
}

static const rl_db_reference *counterpart(const rl_db_table *t, const rl_db_reference *k) {
  const rl_db_reference *same = same_in(t, k, true);
  return same ? same : same_in(t, k, false);
}

static void drop(rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  begin(d, t);
  rl_buf_text(&d->buf, " DROP CONSTRAINT ");
  rl_sql_name(&d->buf, d->dialect, k->name);
  rl_differ_step(d, RL_STEP_DROP_FOREIGN_KEY, t->name);
}

static void add(rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  begin(d, t);
  rl_buf_text(&d->buf, " ADD ");
  rl_sql_reference(&d->buf, d->dialect, k);
  rl_differ_step(d, RL_STEP_ADD_FOREIGN_KEY, t->name);
}

static void drop_gone(rl_differ *d, const rl_db_table *from) {
  const rl_db_table *to = rl_db_table_of(d->to, from->namespace_, from->name);
  for (size_t i = 0; i < from->references.count; i++) {
    const rl_db_reference *k = &from->references.items[i], *now = counterpart(to, k);
    if (!now || is_disturbed(d, from, k)) {
      drop(d, from, k);
    } else if (!rl_str_eq(now->name, k->name)) {
      begin(d, from);
      rl_buf_text(&d->buf, " RENAME CONSTRAINT ");
      rl_sql_name(&d->buf, d->dialect, k->name);
      rl_buf_text(&d->buf, " TO ");
      rl_sql_name(&d->buf, d->dialect, now->name);
      rl_differ_rename(d, from->name, k->name, now->name);
    }
  }
}

static void add_new(rl_differ *d, const rl_db_table *to) {
  const rl_db_table *from = rl_db_table_of(d->from, to->namespace_, to->name);
  for (size_t i = 0; i < to->references.count; i++) {
    const rl_db_reference *k = &to->references.items[i];
    if (!counterpart(from, k) || is_disturbed(d, from, k)) add(d, to, k);
  }
}

void rl_diff_references(rl_differ *d) {
  for (size_t i = 0; i < d->from->tables.count; i++) drop_gone(d, &d->from->tables.items[i]);
  for (size_t i = 0; i < d->to->tables.count; i++) add_new(d, &d->to->tables.items[i]);
}
