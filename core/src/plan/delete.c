/* Deleting: one statement if its returned columns are enough, otherwise the rows are read first. Referential actions
 * come before the rows are deleted, because the tables may have foreign keys after all. */
#include "plan/read.h"
#include "plan/write.h"

/* Returns whether the actions may change whether the conditions hold for the rows, or delete some of the rows. */
static bool may_disturb(rl_builder *b, const rl_model *model, const rl_filter *where, const rl_filter *keys) {
  return rl_filter_has_relation(where) || rl_filter_has_relation(keys) || rl_referential_delete_reaches(b, model);
}

static rl_step *delete_found(rl_builder *b, const rl_at *rows, rl_filter *still, const rl_raise *none) {
  rl_step *step = rl_add_delete(b, rows->model, still, rl_where_identity(b, rows, rows->many));
  step->if_none = none;
  return step;
}

void rl_plan_delete(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  const rl_raise *none = rl_raise_not_found(b, query->model, "no row to delete matches `where`");
  rl_fields wanted = {0};
  bool acts = rl_referential_delete_wants(b, query->model, &wanted);
  if (!acts && !read->selection.include_count && rl_can_return(b, &read->selection)) {
    rl_step *step = rl_add_delete(b, query->model, read->where, NULL);
    step->if_none = none;
    rl_show_returned(b, step, &read->selection, NULL);
    return;
  }
  bool locks = acts && may_disturb(b, query->model, read->where, NULL);
  rl_fields_add_key(b, &wanted, query->model);
  size_t reads = b->plan->step_count;
  rl_at row = rl_show_root(b, read, read->where, NULL, &wanted, none);
  if (locks) rl_lock_to_delete(b, b->steps[reads], false);
  if (acts) rl_referential_delete(b, &row);
  delete_found(b, &row, locks ? NULL : rl_where_beyond_key(query->model, read->where), locks ? NULL : none);
}

/* Deletes with rille's own referential actions. If another transaction has changed rows in the meantime, they would
 * lose their related rows: then everything is undone and starts over. */
static rl_step *delete_and_act(rl_builder *b, const rl_target *target, const rl_fields *wanted) {
  bool locks = may_disturb(b, target->model, target->where, target->keys);
  rl_at rows = rl_read_rows(b, target->model, target->where, target->keys, wanted, target->none);
  rl_step *read = b->steps[b->plan->step_count - 1];
  read->as.select->take = target->limit;
  if (locks) rl_lock_to_delete(b, read, true);
  rows.many = true;
  rl_referential_delete(b, &rows);
  if (locks) return delete_found(b, &rows, NULL, NULL);
  rl_filter *still = rl_where_and(b, rl_where_beyond_key(target->model, target->where), target->keys);
  rl_step *step = delete_found(b, &rows, still, target->none);
  step->if_fewer = rl_raise_outdated(b, target->model);
  step->expected = rows.rowset;
  return step;
}

rl_step *rl_delete_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, rl_input *limit,
                        const rl_raise *none) {
  rl_fields wanted = {0};
  if (rl_referential_delete_wants(b, model, &wanted)) {
    rl_target target = {.model = model, .where = where, .keys = keys, .none = none, .limit = limit};
    return delete_and_act(b, &target, &wanted);
  }
  rl_step *step = rl_add_delete(b, model, where, keys);
  step->as.delete_->limit = limit;
  step->if_none = none;
  return step;
}

void rl_plan_delete_many(rl_builder *b) {
  rl_delete_rows(b, b->query->model, b->query->read.where, NULL, b->query->limit, NULL)->counts = true;
}
