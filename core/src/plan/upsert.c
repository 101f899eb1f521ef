/* upsert: one statement if the key allows it, otherwise a read and a branch for either result. */
#include "plan/read.h"
#include "plan/write.h"

static bool has_actions(rl_builder *b, const rl_write *update) {
  rl_assigns assigns = {0};
  rl_fields wanted = {0};
  rl_assigns_all(b, &assigns, update->assigns, update->assign_count);
  return rl_referential_update_wants(b, update->model, &assigns, &wanted);
}

/* No other row has a value that rille generates. */
static bool gives(const rl_write *create, const rl_index *index) {
  bool some = false;
  for (size_t i = 0; i < index->count; i++) {
    const rl_assign *assign = rl_assign_of(create->assigns, create->assign_count, index->fields[i].field);
    if (assign && assign->input && assign->input->kind == RL_INPUT_GENERATED) return false;
    some = some || assign;
  }
  return some;
}

static bool is_key(const rl_index *index, const rl_fields *key) {
  for (size_t i = 0; i < index->count; i++)
    if (rl_fields_at(key, index->fields[i].field) == RL_ABSENT) return false;
  return index->count == key->count;
}

/* Returns whether the caller gives values of another unique key: a row inserted at the same time may conflict there
 * first. */
static bool gives_other_key(const rl_write *create, const rl_fields *key) {
  for (size_t i = 0; i < create->model->index_count; i++) {
    const rl_index *index = &create->model->indexes[i];
    bool unique = index->kind == RL_INDEX_PRIMARY || index->kind == RL_INDEX_UNIQUE;
    if (unique && !is_key(index, key) && gives(create, index)) return true;
  }
  return false;
}

static rl_written written_by(const rl_write *write) {
  return rl_written_by(write->model, write->assigns, write->assign_count, write);
}

static void in_one_statement(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  rl_fields key = rl_unique_fields(b, read->where), own = {0};
  rl_step *step = rl_add_insert(b, query->model);
  rl_insert *insert = step->as.insert;
  insert->assigns = query->create->assigns;
  insert->assign_count = query->create->assign_count;
  insert->conflict = key.items;
  insert->conflict_count = key.count;
  insert->on_conflict = query->update->assigns;
  insert->on_conflict_count = query->update->assign_count;
  if (!insert->on_conflict_count) { /* the row must be returned although nothing changes: its key is set to itself */
    rl_assigns same = {0};
    rl_assigns_put(b, &same, *rl_assign_of(insert->assigns, insert->assign_count, key.items[0]));
    insert->on_conflict = same.items;
    insert->on_conflict_count = same.count;
  }
  insert->conflict_where = rl_plan_scope(b, query->model);
  step->if_none = insert->conflict_where ? rl_raise_taken(b, query->model, key.items, key.count)
                                         : rl_raise_dropped(b, query->model);
  b->plan->collides = b->features->concurrent_writers && gives_other_key(query->create, &key);
  rl_fields_add_key(b, &own, query->model);
  rl_written created = written_by(query->create), updated = written_by(query->update);
  bool scoped = rl_scope_concerns(b, &created) || rl_scope_concerns(b, &updated);
  bool returns = rl_can_return(b, &read->selection);
  rl_at row = returns ? rl_show_returned(b, step, &read->selection, scoped ? &own : NULL)
                      : rl_step_keeps(b, step, query->model, &own);
  rl_scoped_check(b, step, &created, &row); /* both, whichever was written: nothing says which */
  rl_scoped_check(b, step, &updated, &row);
  if (returns)
    rl_show_below(b, &read->selection, &row);
  else
    rl_show_root(b, read, NULL, rl_where_identity(b, &row, false), NULL, NULL);
}

void rl_plan_upsert(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  if (query->upsert_native && !query->create->nested_count && !query->update->nested_count &&
      !has_actions(b, query->update)) {
    in_one_statement(b);
    return;
  }
  rl_fields key = {0};
  rl_fields_add_key(b, &key, query->model);
  rl_fields wanted = key;
  rl_change_wants(b, query->update, &wanted);
  rl_at found = rl_read_rows(b, query->model, read->where, NULL, &wanted, NULL);
  uint32_t result = rl_add_rowset(b);

  uint32_t before = rl_guard_on(b, found.rowset, false);
  const rl_raise *gone =
      rl_raise_not_found(b, query->model, "another transaction changed or deleted the row that `where` had found");
  rl_change change = {.write = query->update, .where = read->where, .none = gone, .found = &found, .wanted = &key};
  rl_at changed = rl_change_row(b, &change);
  rl_add_merge(b, changed.rowset, result);
  b->guard = before;

  rl_guard_on(b, found.rowset, true);
  rl_creation creation = {.write = query->create, .wanted = &key, .in_rowset = true};
  rl_at created = rl_create_row(b, &creation);
  rl_add_merge(b, created.rowset, result);
  b->guard = before;

  rl_run_later(b);
  rl_at row = {.model = query->model, .rowset = result, .fields = key};
  rl_show_root(b, read, NULL, rl_where_identity(b, &row, false), NULL, NULL);
}
