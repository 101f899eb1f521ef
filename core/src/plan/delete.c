/* Deleting: one statement where its returned columns are all that is asked for, else what goes is read first. */
#include "plan/read.h"
#include "plan/write.h"

void rl_plan_delete(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  const rl_raise *none = rl_raise_not_found(b, query->model, "no row to delete meets `where`");
  rl_fields wanted = {0};
  bool acts = rl_referential_delete_wants(b, query->model, &wanted);
  if (!acts && !read->selection.include_count && rl_can_return(b, &read->selection)) {
    rl_step *step = rl_add_delete(b, query->model, read->where, NULL);
    step->if_none = none;
    rl_show_returned(b, step, &read->selection, NULL);
    return;
  }
  rl_fields_add_key(b, &wanted, query->model);
  rl_at row = rl_show_root(b, read, read->where, NULL, &wanted, none);
  if (acts) rl_referential_delete(b, &row);
  rl_add_delete(b, query->model, NULL, rl_where_identity(b, &row, false));
}

rl_step *rl_delete_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, rl_input *limit,
                        const rl_raise *none) {
  rl_fields wanted = {0};
  if (rl_referential_delete_wants(b, model, &wanted)) {
    rl_at rows = rl_read_rows(b, model, where, keys, &wanted, none);
    b->steps[b->plan->step_count - 1]->as.select->take = limit;
    rows.many = true;
    rl_referential_delete(b, &rows);
    return rl_add_delete(b, model, NULL, rl_where_identity(b, &rows, true));
  }
  rl_step *step = rl_add_delete(b, model, where, keys);
  step->as.delete_->limit = limit;
  step->if_none = none;
  return step;
}

void rl_plan_delete_many(rl_builder *b) {
  rl_delete_rows(b, b->query->model, b->query->read.where, NULL, b->query->limit, NULL)->counts = true;
}
