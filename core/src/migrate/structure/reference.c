/* Keys and foreign keys: which are equal, and which of them a schema can express. */
#include "migrate/structure/provider.h"
#include "schema/rules.h"
#include "migrate/structure/structure.h"

bool rl_db_same_index(const rl_db_index *a, const rl_db_index *b) {
  if (a->unique != b->unique || a->count != b->count || !rl_str_eq(a->method, b->method) ||
      !rl_str_eq(a->predicate, b->predicate))
    return false;
  for (size_t i = 0; i < a->count; i++) {
    const rl_db_part *x = &a->parts[i], *y = &b->parts[i];
    bool ops = rl_str_eq(x->opclass, y->opclass) || (!x->opclass.len && y->is_default_opclass) ||
               (!y->opclass.len && x->is_default_opclass);
    if (!rl_str_eq(x->column, y->column) || x->descending != y->descending || !ops) return false;
  }
  return true;
}

const rl_db_index *rl_db_index_of(const rl_db_table *t, rl_str name) {
  for (size_t i = 0; i < t->indexes.count; i++)
    if (rl_str_eq(t->indexes.items[i].name, name)) return &t->indexes.items[i];
  return NULL;
}

bool rl_db_same_primary(const rl_db_table *a, const rl_db_table *b) {
  if (a->primary.count != b->primary.count) return false;
  for (size_t i = 0; i < a->primary.count; i++)
    if (!rl_str_eq(a->primary.items[i], b->primary.items[i])) return false;
  return true;
}

static bool same_names(const rl_str *a, const rl_str *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!rl_str_eq(a[i], b[i])) return false;
  return true;
}

/* Names are not compared: SQLite does not report those of foreign keys. */
bool rl_db_has_reference(const rl_db_table *t, const rl_db_reference *k) {
  for (size_t i = 0; i < t->references.count; i++) {
    const rl_db_reference *x = &t->references.items[i];
    if (x->count == k->count && same_names(x->columns, k->columns, k->count) &&
        same_names(x->targets, k->targets, k->count) && rl_str_eq(x->target, k->target) &&
        x->on_delete == k->on_delete && x->on_update == k->on_update)
      return true;
  }
  return false;
}

static bool has_part(const rl_db_index *x, rl_str column) {
  for (size_t i = 0; i < x->count; i++)
    if (rl_str_eq(x->parts[i].column, column)) return true;
  return false;
}

/* Compares in any order: another order of columns is the same key. */
bool rl_db_index_is_over(const rl_db_index *x, const rl_str *columns, size_t count) {
  if (x->count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!has_part(x, columns[i])) return false;
  return true;
}

bool rl_db_primary_is_over(const rl_db_table *t, const rl_str *columns, size_t count) {
  if (t->primary.count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!rl_db_is_key(t, columns[i])) return false;
  return true;
}

bool rl_db_is_unique(const rl_db_table *t, const rl_str *columns, size_t count) {
  if (rl_db_primary_is_over(t, columns, count)) return true;
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    if (x->unique && !x->opaque && !x->predicate.len && rl_db_index_is_over(x, columns, count)) return true;
  }
  return false;
}

/* ------------------------------------------------------------------ what a schema can express */

static bool columns_can_refer(const rl_db *db, const rl_db_column *a, const rl_db_column *b, const rl_db_reference *k) {
  if (!a || !b || a->list || b->list || !rl_db_same_scalar(db, a, b)) return false;
  const rl_migrate_part *part = rl_migrate_part_of(db->dialect->provider);
  if (part->hides_computed && (a->computed || b->computed)) return false;
  bool nulls = k->on_delete == RL_REF_SET_NULL || k->on_update == RL_REF_SET_NULL;
  return !(nulls && a->required) || rl_rules_of(db->dialect->provider)->takes_set_null;
}

bool rl_db_can_express_reference(const rl_db *db, const rl_db_table *t, const rl_db_reference *k) {
  const rl_db_table *to = rl_db_table_of(db, k->target_namespace, k->target);
  if (!to || !rl_db_is_unique(to, k->targets, k->count)) return false;
  for (size_t i = 0; i < k->count; i++)
    if (!columns_can_refer(db, rl_db_column_of(t, k->columns[i]), rl_db_column_of(to, k->targets[i]), k)) return false;
  return true;
}
