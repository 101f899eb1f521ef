/* Foreign keys of PostgreSQL: which ones are dropped before the tables change,
 * and which ones are added after. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

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

/* ------------------------------------------------------------------ the keys that they depend on */

static bool has_same_index(const rl_db_table *t, const rl_db_index *x) {
  for (size_t i = 0; i < t->indexes.count; i++)
    if (rl_db_same_index(x, &t->indexes.items[i])) return true;
  return false;
}

static bool index_is_dropped(const rl_differ *d, const rl_db_table *to, const rl_db_index *x) {
  return !rl_db_is_left(d, x) && !has_same_index(to, x);
}

/* Returns whether the key that a foreign key depends on is dropped, even if another one may replace it. PostgreSQL's
 * catalogue names the index. Without a name, any suitable index counts. */
static bool loses_key(const rl_differ *d, const rl_db_reference *k) {
  const rl_db_table *from = rl_db_table_of(d->from, k->target_namespace, k->target);
  const rl_db_table *to = rl_db_table_of(d->to, k->target_namespace, k->target);
  if (!from || !to) return from || to;
  bool on_primary = k->target_index.len ? rl_str_eq(k->target_index, from->primary_name)
                                        : rl_db_primary_is_over(from, k->targets, k->count);
  if (on_primary && !rl_db_same_primary(from, to)) return true;
  for (size_t i = 0; i < from->indexes.count; i++) {
    const rl_db_index *x = &from->indexes.items[i];
    bool depends = k->target_index.len
                       ? rl_str_eq(x->name, k->target_index)
                       : x->unique && !x->opaque && !x->predicate.len && rl_db_index_is_over(x, k->targets, k->count);
    if (depends && index_is_dropped(d, to, x)) return true;
  }
  return false;
}

static bool must_be_recreated(const rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  for (size_t i = 0; i < k->count; i++)
    if (column_changes(d, t->namespace_, t->name, k->columns[i]) ||
        column_changes(d, k->target_namespace, k->target, k->targets[i]))
      return true;
  return loses_key(d, k);
}

static void write_alter_table(rl_differ *d, const rl_db_table *t) {
  rl_buf_text(&d->buf, "ALTER TABLE ");
  rl_sql_table(&d->buf, d->dialect, t);
}

static const rl_db_reference *find_same(const rl_db_table *t, const rl_db_reference *k, bool by_name) {
  for (size_t i = 0; t && i < t->references.count; i++)
    if (same_reference(&t->references.items[i], k) && (!by_name || rl_str_eq(t->references.items[i].name, k->name)))
      return &t->references.items[i];
  return NULL;
}

static const rl_db_reference *reference_counterpart(const rl_db_table *t, const rl_db_reference *k) {
  const rl_db_reference *same = find_same(t, k, true);
  return same ? same : find_same(t, k, false);
}

static void drop_reference(rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  write_alter_table(d, t);
  rl_buf_text(&d->buf, " DROP CONSTRAINT ");
  rl_sql_name(&d->buf, d->dialect, k->name);
  rl_differ_step(d, RL_STEP_DROP_FOREIGN_KEY, t->name);
}

static void add_reference(rl_differ *d, const rl_db_table *t, const rl_db_reference *k) {
  write_alter_table(d, t);
  rl_buf_text(&d->buf, " ADD ");
  rl_sql_reference(&d->buf, d->dialect, k);
  rl_differ_step(d, RL_STEP_ADD_FOREIGN_KEY, t->name);
}

static bool has_columns(const rl_db_table *t, const rl_str *columns, size_t count) {
  for (size_t i = 0; t && i < count; i++)
    if (!rl_db_column_of(t, columns[i])) return false;
  return t != NULL;
}

/* Returns whether its columns stay on both sides. A target outside the diff stays. */
static bool columns_stay(const rl_differ *d, const rl_db_table *from, const rl_db_reference *k) {
  const rl_db_table *own = rl_db_table_of(d->to, from->namespace_, from->name);
  const rl_db_table *was = rl_db_table_of(d->from, k->target_namespace, k->target);
  const rl_db_table *target = rl_db_table_of(d->to, k->target_namespace, k->target);
  return has_columns(own, k->columns, k->count) && (!was || has_columns(target, k->targets, k->count));
}

bool rl_db_is_left_reference(const rl_differ *d, const rl_db_table *from, const rl_db_reference *k) {
  return d->to->of_schema && d->from->is_live && !rl_db_can_express_reference(d->from, from, k) &&
         columns_stay(d, from, k);
}

static void drop_old_references(rl_differ *d, const rl_db_table *from) {
  const rl_db_table *to = rl_db_table_of(d->to, from->namespace_, from->name);
  for (size_t i = 0; i < from->references.count; i++) {
    const rl_db_reference *k = &from->references.items[i], *now = reference_counterpart(to, k);
    bool left = !now && rl_db_is_left_reference(d, from, k);
    if ((!now && !left) || must_be_recreated(d, from, k)) {
      drop_reference(d, from, k);
      if (left) add_reference(d, to, k);
    } else if (now && !rl_str_eq(now->name, k->name)) {
      write_alter_table(d, from);
      rl_buf_text(&d->buf, " RENAME CONSTRAINT ");
      rl_differ_rename(d, from->name, k->name, now->name);
    }
  }
}

static void add_new_references(rl_differ *d, const rl_db_table *to) {
  const rl_db_table *from = rl_db_table_of(d->from, to->namespace_, to->name);
  for (size_t i = 0; i < to->references.count; i++) {
    const rl_db_reference *k = &to->references.items[i], *was = reference_counterpart(from, k);
    if (!was || must_be_recreated(d, from, was)) add_reference(d, to, k);
  }
}

void rl_diff_references(rl_differ *d) {
  for (size_t i = 0; i < d->from->tables.count; i++) drop_old_references(d, &d->from->tables.items[i]);
  for (size_t i = 0; i < d->to->tables.count; i++) add_new_references(d, &d->to->tables.items[i]);
}
