/* Foreign keys: which keys they rest on, and which of them a schema can say. */
#include "migrate/diff/diff.h"
#include "migrate/pull/pull.h"

static bool has_part(const rl_db_index *x, rl_str column) {
  for (size_t i = 0; i < x->count; i++)
    if (rl_str_eq(x->parts[i].column, column)) return true;
  return false;
}

/* The order of columns makes no other key. */
static bool is_over(const rl_db_index *x, const rl_str *columns, size_t count) {
  if (x->count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!has_part(x, columns[i])) return false;
  return true;
}

static bool is_primary_over(const rl_db_table *t, const rl_str *columns, size_t count) {
  if (t->primary.count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!rl_db_is_key(t, columns[i])) return false;
  return true;
}

bool rl_db_is_unique(const rl_db_table *t, const rl_str *columns, size_t count) {
  if (is_primary_over(t, columns, count)) return true;
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    if (x->unique && !x->opaque && !x->predicate.len && is_over(x, columns, count)) return true;
  }
  return false;
}

/* ------------------------------------------------------------------ what a schema can say */

static bool pairs_with(const rl_db *db, const rl_db_column *a, const rl_db_column *b, const rl_db_reference *k) {
  if (!a || !b || a->list || b->list || !rl_pull_same_scalar(db, a, b)) return false;
  if (rl_ddl_has_types(db->dialect)) return true;
  /* a schema has no generated columns on SQLite, and takes no SetNull over what is never null */
  bool nulls = k->on_delete == RL_REF_SET_NULL || k->on_update == RL_REF_SET_NULL;
  return !a->computed && !b->computed && !(nulls && a->required);
}

bool rl_db_can_say_reference(const rl_db *db, const rl_db_table *t, const rl_db_reference *k) {
  const rl_db_table *to = rl_db_table_of(db, k->target_namespace, k->target);
  if (!to || !rl_db_is_unique(to, k->targets, k->count)) return false;
  for (size_t i = 0; i < k->count; i++)
    if (!pairs_with(db, rl_db_column_of(t, k->columns[i]), rl_db_column_of(to, k->targets[i]), k)) return false;
  return true;
}

/* ------------------------------------------------------------------ what they rest on */

static bool has_same_index(const rl_db_table *t, const rl_db_index *x) {
  for (size_t i = 0; i < t->indexes.count; i++)
    if (rl_db_same_index(x, &t->indexes.items[i])) return true;
  return false;
}

static bool index_goes(const rl_differ *d, const rl_db_table *to, const rl_db_index *x) {
  return !rl_db_is_left(d, x) && !has_same_index(to, x);
}

/* PostgreSQL's catalogue names the index. Without one any that would do is taken for it. */
bool rl_db_loses_key(const rl_differ *d, const rl_db_reference *k) {
  const rl_db_table *from = rl_db_table_of(d->from, k->target_namespace, k->target);
  const rl_db_table *to = rl_db_table_of(d->to, k->target_namespace, k->target);
  if (!from || !to) return from || to;
  bool on_primary =
      k->rests_on.len ? rl_str_eq(k->rests_on, from->primary_name) : is_primary_over(from, k->targets, k->count);
  if (on_primary && !rl_db_same_primary(from, to)) return true;
  for (size_t i = 0; i < from->indexes.count; i++) {
    const rl_db_index *x = &from->indexes.items[i];
    bool rests = k->rests_on.len ? rl_str_eq(x->name, k->rests_on)
                                 : x->unique && !x->opaque && !x->predicate.len && is_over(x, k->targets, k->count);
    if (rests && index_goes(d, to, x)) return true;
  }
  return false;
}
