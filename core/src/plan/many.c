/* Writing many rows with one statement: create_many, upsert_many, update_many, with or without returning them. */
#include "plan/read.h"
#include "plan/write.h"

/* Returns whether nested writes write rows of the same model. */
static bool comes_back(const rl_rows *rows, const rl_model *model) {
  for (size_t i = 0; rows && i < rows->child_count; i++)
    if (rows->children[i]->model == model || comes_back(rows->children[i], model)) return true;
  return false;
}

/* The rows that a statement wrote: as it returns them, or read again by their keys if the caller asks for more than it
 * can return. */
static void show_written(rl_builder *b, rl_step *step, const rl_written *w) {
  const rl_read *read = &b->query->read;
  const rl_rows *written = rl_step_rows(step);
  rl_fields wanted = {0};
  if (written) rl_rows_wants(b, written, &wanted);
  if (rl_scope_concerns(b, w)) rl_fields_add_key(b, &wanted, read->model);
  if (rl_can_return(b, &read->selection) && !comes_back(written, read->model)) {
    rl_at rows = rl_show_returned(b, step, &read->selection, &wanted);
    rl_scoped_check(b, step, w, &rows);
    if (written) rl_children_after(b, written, &rows);
    rl_show_below(b, &read->selection, &rows);
    return;
  }
  rl_fields_add_key(b, &wanted, read->model);
  rl_at rows = rl_step_keeps(b, step, read->model, &wanted);
  rl_scoped_check(b, step, w, &rows);
  if (written) rl_children_after(b, written, &rows);
  rl_show_root(b, read, NULL, rl_where_identity(b, &rows, true), NULL, NULL);
}

/* A row whose key exists outside of the scope stays as it is, and is an error like any row with the key. */
static void refuse_taken(rl_builder *b, rl_step *step) {
  rl_insert *insert = step->as.insert;
  rl_filter *scope = rl_plan_scope(b, insert->model);
  if (!scope || !rl_insert_updates(insert)) return;
  insert->conflict_where = scope;
  step->if_fewer = rl_raise_taken(b, insert->model, insert->conflict, insert->conflict_count);
  step->all_or_none = true;
}

void rl_plan_create_many(rl_builder *b) {
  const rl_query *query = b->query;
  rl_step *step = rl_add_insert(b, query->model);
  rl_insert *insert = step->as.insert;
  insert->rows = query->rows;
  insert->skip_duplicates = query->rows->skip_duplicates;
  insert->conflict = query->rows->conflict;
  insert->conflict_count = query->rows->conflict_count;
  if (query->rows->child_count)
    step->if_fewer = rl_raise_dropped(b, query->model); /* children find their parents by position */
  refuse_taken(b, step);
  rl_written written = rl_written_by_rows(query->rows, true);
  if (query->action == RILLE_CREATE_MANY_AND_RETURN) {
    show_written(b, step, &written);
    return;
  }
  step->counts = true;
  rl_fields wanted = {0};
  rl_rows_wants(b, query->rows, &wanted);
  rl_at rows = rl_scoped_keep(b, step, &written, &wanted);
  rl_children_after(b, query->rows, &rows);
}

static bool rows_have(const rl_rows *rows, const rl_field *field) {
  for (size_t i = 0; i < rows->column_count; i++)
    if (rows->columns[i].field == field) return true;
  return false;
}

/* An empty list has no rows and no columns. */
static rl_filter *no_row(rl_builder *b) {
  rl_filter *none = RL_MAKE(b, rl_filter);
  none->kind = RL_FILTER_FALSE;
  return none;
}

static void show_or_count(rl_builder *b, rl_step *step, bool returns, const rl_written *written) {
  step->counts = !returns;
  if (returns)
    show_written(b, step, written);
  else
    rl_scoped_keep(b, step, written, NULL);
}

/* Updates each row with its own values. */
static void update_rows(rl_builder *b, bool returns) {
  const rl_query *query = b->query;
  rl_rows *rows = query->rows;
  rl_assigns written = {0};
  rl_fields wanted = {0};
  bool empty = !rows_have(rows, rows->conflict[0]);
  if (empty && returns) rl_show_root(b, &query->read, no_row(b), NULL, NULL, NULL);
  if (empty) return;
  for (size_t i = 0; i < rows->update_count; i++) rl_assigns_put(b, &written, (rl_assign){.field = rows->update[i]});
  if (rl_referential_update_wants(b, query->model, &written, &wanted))
    rl_refuse(b, RL_VALIDATION, "data",
              "data: other rows reference a field that is written, and relationMode = \"prisma\" must update each of "
              "them; use `update` for one row at a time");
  rl_step *step = rl_add_update(b, query->model, query->read.where, NULL);
  step->as.update->rows = rows;
  rl_written changed = rl_written_by_rows(rows, false);
  show_or_count(b, step, returns, &changed);
}

void rl_plan_update_many(rl_builder *b) {
  const rl_query *query = b->query;
  if (query->rows) {
    update_rows(b, query->action == RILLE_UPDATE_MANY_AND_RETURN);
    return;
  }
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, query->update->assigns, query->update->assign_count);
  bool returns = query->action == RILLE_UPDATE_MANY_AND_RETURN;
  if (!assigns.count && returns) {
    rl_show_root(b, &query->read, query->read.where, NULL, NULL, NULL);
    return;
  }
  if (!assigns.count) return; /* nothing changes: the count is 0 */
  rl_step *step = rl_update_rows(b, query->model, &assigns, query->read.where, NULL, query->limit, NULL);
  rl_written changed = rl_written_by(query->model, assigns.items, assigns.count, query->update);
  show_or_count(b, step, returns, &changed);
}
