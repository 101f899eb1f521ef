/* Deleting: one statement where its returned columns are all that is asked for, else what goes is read first. What
 * referential actions do to other rows comes after the statement, which tells the rows that are really gone. */
#include "plan/read.h"
#include "plan/write.h"

static void act_on_gone(rl_builder *b, rl_step *step, const rl_model *model, const rl_fields *wanted) {
  rl_at gone = rl_step_keeps(b, step, model, wanted);
  gone.many = true;
  rl_referential_delete(b, &gone);
}

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
  rl_fields key = {0};
  rl_fields_add_key(b, &key, query->model);
  rl_at row = rl_show_root(b, read, read->where, NULL, &key, none);
  rl_filter *still = rl_where_beyond_key(query->model, read->where);
  rl_step *step = rl_add_delete(b, query->model, still, rl_where_identity(b, &row, false));
  step->if_none = none;
  if (acts) act_on_gone(b, step, query->model, &wanted);
}

rl_step *rl_delete_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, rl_input *limit,
                        const rl_raise *none) {
  rl_fields wanted = {0};
  rl_step *step = rl_add_delete(b, model, where, keys);
  step->as.delete_->limit = limit;
  step->if_none = none;
  if (rl_referential_delete_wants(b, model, &wanted)) act_on_gone(b, step, model, &wanted);
  return step;
}

void rl_plan_delete_many(rl_builder *b) {
  rl_delete_rows(b, b->query->model, b->query->read.where, NULL, b->query->limit, NULL)->counts = true;
}
