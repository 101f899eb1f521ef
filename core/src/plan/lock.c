/* Rows that are read first and written later. Another transaction may change them in between, so either the writing
 * statement repeats the conditions, or the read locks the rows. */
#include "plan/write.h"

/* The lock that the UPDATE itself will take. A stronger one would block foreign key checks; a weaker one would have to
 * be upgraded later and could deadlock. */
static rl_lock_mode lock_for(const rl_assigns *written) {
  for (size_t i = 0; i < written->count; i++)
    if (rl_field_in_unique(written->items[i].field)) return RL_LOCK_UPDATE;
  return RL_LOCK_NO_KEY_UPDATE;
}

static void order_by_key(rl_builder *b, rl_select *select) {
  const rl_index *key = rl_model_key(select->model);
  if (!key) return;
  select->orders = RL_MAKE_ARRAY(b, rl_order, key->count);
  for (size_t i = 0; i < key->count; i++)
    select->orders[i] = (rl_order){.kind = RL_ORDER_FIELD, .field = key->fields[i].field};
  select->order_count = key->count;
}

static void lock_step(rl_builder *b, rl_step *step, const rl_assigns *written, bool many) {
  if (!b->features->row_locks) return;
  step->as.select->lock = lock_for(written);
  if (many) order_by_key(b, step->as.select);
}

void rl_lock_to_delete(rl_builder *b, rl_step *read, bool many) {
  if (!b->features->row_locks) return;
  read->as.select->lock = RL_LOCK_UPDATE;
  if (many) order_by_key(b, read->as.select);
}

rl_at rl_read_to_write(rl_builder *b, const rl_target *target, const rl_assigns *written, const rl_fields *wanted) {
  rl_at rows = rl_read_rows(b, target->model, target->where, target->keys, wanted, target->none);
  rl_step *step = b->steps[b->plan->step_count - 1];
  step->as.select->take = target->limit;
  lock_step(b, step, written, target->many);
  rows.many = target->many;
  return rows;
}

void rl_lock_linked(rl_builder *b, const rl_target *target, const rl_assigns *written) {
  if (!b->features->row_locks) return;
  rl_columns none = {0};
  rl_step *step = rl_add_select(b, target->model, target->where, target->keys);
  step->if_none = target->none;
  rl_step_columns(b, step, &none, 0);
  lock_step(b, step, written, target->many);
}

rl_at rl_lock_found(rl_builder *b, const rl_target *target, const rl_at *found, const rl_assigns *written) {
  if (!b->features->row_locks) return *found;
  rl_filter *where = rl_where_and(b, rl_where_beyond_key(target->model, target->where), target->keys);
  rl_step *step = rl_add_select(b, target->model, where, rl_where_identity(b, found, false));
  step->if_none = target->none;
  lock_step(b, step, written, false);
  return rl_step_keeps(b, step, target->model, &found->fields);
}

static bool only_names(const rl_index *key, const rl_filter *f) {
  if (f->negated) return false;
  if (f->kind == RL_FILTER_KEYS) {
    for (size_t i = 0; i < f->field_count; i++)
      if (!rl_index_has(key, f->fields[i])) return false;
    return true;
  }
  if (f->kind == RL_FILTER_AND) {
    for (size_t i = 0; i < f->count; i++)
      if (!only_names(key, f->items[i])) return false;
    return true;
  }
  if (f->kind != RL_FILTER_COMPARE || f->op != RL_OP_EQ || f->insensitive || !f->input || f->aggregate) return false;
  return rl_index_has(key, f->field);
}

rl_filter *rl_where_beyond_key(const rl_model *model, rl_filter *where) {
  const rl_index *key = rl_model_key(model);
  return where && key && only_names(key, where) ? NULL : where;
}
