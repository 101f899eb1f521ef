/* Writes of many rows by one statement: create_many, upsert_many, update_many, with or without their rows. */
#include "plan/read.h"
#include "plan/write.h"

/* The rows a statement wrote: as it returns them, or read again by their keys when more is asked for than it can
 * return. */
static void show_written(rl_builder *b, rl_step *step) {
  const rl_read *read = &b->query->read;
  if (rl_can_return(b, &read->selection)) {
    rl_at rows = rl_show_returned(b, step, &read->selection, NULL);
    rl_show_below(b, &read->selection, &rows);
    return;
  }
  rl_fields key = {0};
  rl_fields_add_key(b, &key, read->model);
  rl_at rows = rl_step_keeps(b, step, read->model, &key);
  rl_show_root(b, read, NULL, rl_where_identity(b, &rows, true), NULL, NULL);
}

void rl_plan_create_many(rl_builder *b) {
  const rl_query *query = b->query;
  rl_step *step = rl_add_insert(b, query->model);
  rl_insert *insert = step->as.insert;
  insert->rows = query->rows;
  insert->skip_duplicates = query->rows->skip_duplicates;
  insert->conflict = query->rows->conflict;
  insert->conflict_count = query->rows->conflict_count;
  if (query->action == RILLE_CREATE_MANY_AND_RETURN)
    show_written(b, step);
  else
    step->counts = true;
}

rl_step *rl_update_rows(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_filter *where,
                        rl_filter *keys, rl_input *limit, const rl_raise *none) {
  rl_fields wanted = {0};
  bool acts = rl_referential_update_wants(b, model, assigns, &wanted);
  if (acts) {
    rl_at rows = rl_read_rows(b, model, where, keys, &wanted, none);
    b->steps[b->plan->step_count - 1]->as.select->take = limit;
    rows.many = true;
    rl_referential_update(b, &rows, assigns);
    where = NULL;
    keys = rl_where_identity(b, &rows, true);
  }
  rl_step *step = rl_add_update(b, model, where, keys);
  step->as.update->assigns = assigns->items;
  step->as.update->assign_count = assigns->count;
  step->as.update->limit = acts ? NULL : limit;
  step->if_none = acts ? NULL : none;
  return step;
}

void rl_plan_update_many(rl_builder *b) {
  const rl_query *query = b->query;
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, query->update->assigns, query->update->assign_count);
  bool returns = query->action == RILLE_UPDATE_MANY_AND_RETURN;
  if (!assigns.count && returns) {
    rl_show_root(b, &query->read, query->read.where, NULL, NULL, NULL);
    return;
  }
  if (!assigns.count) return; /* nothing is changed: the count is 0 */
  rl_step *step = rl_update_rows(b, query->model, &assigns, query->read.where, NULL, query->limit, NULL);
  if (returns)
    show_written(b, step);
  else
    step->counts = true;
}
