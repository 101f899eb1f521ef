/* Changing a row: first the rows that it references, then the row, then the rows that reference it. */
#include "plan/read.h"
#include "plan/write.h"

static bool touches(const rl_assigns *assigns, const rl_fields *fields) {
  for (size_t i = 0; i < assigns->count; i++)
    if (rl_fields_at(fields, assigns->items[i].field) != RL_ABSENT) return true;
  return false;
}

static bool writes_key(const rl_nested *nested) {
  switch (nested->kind) {
  case RL_NESTED_CREATE:
  case RL_NESTED_CONNECT:
  case RL_NESTED_CONNECT_OR_CREATE:
  case RL_NESTED_DISCONNECT:
  case RL_NESTED_UPSERT: return nested->relation->holds_key;
  default: return false;
  }
}

/* The fields of the row that get a value, from the caller or through a relation. */
static rl_assigns written_fields(rl_builder *b, const rl_write *write) {
  rl_assigns written = {0};
  rl_assigns_all(b, &written, write->assigns, write->assign_count);
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_relation *relation = write->nesteds[i].relation->relation;
    for (size_t k = 0; writes_key(&write->nesteds[i]) && k < relation->count; k++)
      rl_assigns_put(b, &written, (rl_assign){.field = relation->fields[k]});
  }
  return written;
}

/* Returns whether referential actions need the old values if these fields are written. */
static bool actions_want(rl_builder *b, const rl_write *write, rl_fields *wanted) {
  rl_assigns written = written_fields(b, write);
  return rl_referential_update_wants(b, write->model, &written, wanted);
}

/* How the row's own statement finds it: by its key, if it was read before. `repeats`: the statement repeats the
 * conditions that found it. */
static rl_step *add_own_update(rl_builder *b, const rl_change *change, const rl_at *before, bool repeats) {
  const rl_model *model = change->write->model;
  rl_step *step;
  if (!before) {
    step = rl_add_update(b, model, change->where, change->keys);
  } else {
    rl_filter *where = repeats ? rl_where_and(b, rl_where_beyond_key(model, change->where), change->keys) : NULL;
    step = rl_add_update(b, model, where, rl_where_identity(b, before, false));
  }
  step->if_none = !before || repeats ? change->none : NULL;
  return step;
}

/* Adds the row's own statement. Returns where the row is afterwards. */
static rl_at set_columns(rl_builder *b, rl_change *change, rl_step *step, const rl_assigns *assigns,
                         const rl_at *before, const rl_fields *fields, bool hands_on) {
  bool repeats = before && step->if_none; /* the row may have other values by now */
  step->as.update->assigns = assigns->items;
  step->as.update->assign_count = assigns->count;
  step->agreements = assigns->agreements;
  step->agreement_count = assigns->agreement_count;
  rl_written written = rl_written_by(change->write->model, assigns->items, assigns->count, change->write);
  bool scoped = rl_scope_concerns(b, &written);
  rl_at at = before ? *before : (rl_at){.model = change->write->model, .rowset = RL_NO_ROWSET};
  if (change->show && !rl_nested_has_after(change->write)) {
    rl_fields key = {0};
    if (scoped) rl_fields_add_key(b, &key, change->write->model);
    change->shown = true;
    at = rl_show_returned(b, step, change->show, &key);
  } else if (scoped || (hands_on && (!before || repeats || touches(assigns, fields)))) {
    at = rl_step_keeps(b, step, change->write->model, fields);
  }
  rl_scoped_check(b, step, &written, &at);
  return at;
}

bool rl_change_wants(rl_builder *b, const rl_write *write, rl_fields *wanted) {
  rl_fields_add_key(b, wanted, write->model);
  rl_nested_wants(b, write, false, wanted);
  return actions_want(b, write, wanted) || rl_nested_before_reads(write);
}

static bool asks_for(const rl_filter *f, const rl_relation *relation) {
  if (!f) return false;
  for (size_t i = 0; f->items && i < f->count; i++)
    if (asks_for(f->items[i], relation)) return true;
  for (size_t k = 0; k < relation->count; k++) {
    if (f->field == relation->fields[k]) return true;
    for (size_t i = 0; f->kind == RL_FILTER_KEYS && i < f->field_count; i++)
      if (f->fields[i] == relation->fields[k]) return true;
  }
  return f->kind == RL_FILTER_RELATION && f->field->relation == relation;
}

/* Disconnects the current row of a one-to-one relation first. That may be the row itself, which would no longer be
 * found by the key that it has lost. */
static bool may_lose_itself(const rl_change *change) {
  for (size_t i = 0; i < change->write->nested_count; i++) {
    const rl_nested *nested = &change->write->nesteds[i];
    bool connects = nested->kind == RL_NESTED_CONNECT || nested->kind == RL_NESTED_CONNECT_OR_CREATE;
    const rl_relation *relation = nested->relation->relation;
    if (!connects || !nested->relation->holds_key || relation->kind != RL_ONE_TO_ONE) continue;
    if (asks_for(change->where, relation) || asks_for(change->keys, relation)) return true;
  }
  return false;
}

/* Returns whether steps between the read of the row and its own statement can change whether the conditions hold. */
static bool may_disturb(rl_builder *b, const rl_change *change) {
  rl_fields ignored = {0};
  if (actions_want(b, change->write, &ignored)) return true;
  for (size_t i = 0; i < change->write->nested_count; i++) {
    const rl_nested *nested = &change->write->nesteds[i];
    if (!nested->relation->holds_key || !rl_nested_holder_is_before(nested)) continue;
    bool takes_place = nested->relation->relation->kind == RL_ONE_TO_ONE && nested->kind != RL_NESTED_DISCONNECT;
    if (takes_place || (nested->create && (nested->create->nested_count || rl_filter_has_relation(change->where))))
      return true;
  }
  return false;
}

/* Returns whether later steps depend on the row's current values although its own columns may not change: its
 * conditions, or its key to a row that is written. */
static bool must_stay(const rl_change *change) {
  const rl_write *write = change->write;
  for (size_t i = 0; i < write->nested_count; i++)
    if (write->nesteds[i].relation->holds_key && !rl_nested_holder_is_before(&write->nesteds[i])) return true;
  return rl_where_beyond_key(write->model, change->where) || rl_where_beyond_key(write->model, change->keys);
}

static bool is_locked(const rl_change *change, const rl_assigns *written) {
  return written->count || (rl_nested_has_after(change->write) && must_stay(change));
}

static rl_target target_of(const rl_change *change) {
  return (rl_target){.model = change->write->model, .where = change->where, .keys = change->keys, .none = change->none};
}

/* Ensures that a row found without a lock still meets the conditions when it is written: its own statement repeats
 * them, or it is locked here. */
static rl_at hold_found(rl_builder *b, const rl_change *change, bool *repeats) {
  rl_assigns written = written_fields(b, change->write);
  rl_target target = target_of(change);
  bool own_statement = change->write->assign_count > 0;
  for (size_t i = 0; i < change->write->nested_count; i++)
    own_statement = own_statement ||
                    (writes_key(&change->write->nesteds[i]) && rl_nested_holder_is_before(&change->write->nesteds[i]));
  *repeats = own_statement && !may_disturb(b, change);
  if (!is_locked(change, &written)) return *change->found;
  if (change->linked) rl_lock_linked(b, &target, &written);
  return *repeats ? *change->found : rl_lock_found(b, &target, change->found, &written);
}

static rl_at read_row(rl_builder *b, const rl_change *change, const rl_fields *fields) {
  rl_assigns written = written_fields(b, change->write);
  rl_target target = target_of(change);
  if (!is_locked(change, &written))
    return rl_read_rows(b, target.model, target.where, target.keys, fields, target.none);
  if (change->linked) rl_lock_linked(b, &target, &written);
  return rl_read_to_write(b, &target, &written, fields);
}

static void lock_linked(rl_builder *b, const rl_change *change) {
  rl_assigns written = written_fields(b, change->write);
  rl_target target = target_of(change);
  if (written.count) rl_lock_linked(b, &target, &written);
}

rl_at rl_change_row(rl_builder *b, rl_change *change) {
  const rl_write *write = change->write;
  bool repeats = false;
  rl_fields fields = {0};
  rl_fields_add_key(b, &fields, write->model);
  if (change->wanted) rl_fields_add_all(b, &fields, change->wanted->items, change->wanted->count);
  bool read = rl_change_wants(b, write, &fields) || change->found || may_lose_itself(change);
  bool hands_on = change->wanted || rl_nested_has_after(write);
  rl_at row = {.rowset = RL_NO_ROWSET};
  if (change->found) {
    row = hold_found(b, change, &repeats);
  } else if (read) {
    row = read_row(b, change, &fields);
  } else if (change->linked) {
    lock_linked(b, change);
  }
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, write->assigns, write->assign_count);
  rl_nested_before(b, write, read ? &row : NULL, &assigns);
  rl_run_later(b); /* nested writes below a created parent may write the row itself: its own statement comes last */
  if (assigns.count) {
    if (read) rl_referential_update(b, &row, &assigns);
    const rl_at *before = read ? &row : NULL;
    rl_step *step = add_own_update(b, change, before, repeats);
    row = set_columns(b, change, step, &assigns, before, &fields, hands_on);
  } else if (!read) {
    row = read_row(b, change, &fields);
  }
  rl_nested_after(b, write, &row, false);
  return row;
}

void rl_plan_update(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  const rl_raise *none = rl_raise_not_found(b, query->model, "no row to update matches `where`");
  if (!query->update->assign_count && !query->update->nested_count) {
    rl_show_root(b, read, read->where, NULL, NULL, none);
    return;
  }
  rl_change change = {.write = query->update, .where = read->where, .none = none};
  rl_fields key = {0};
  rl_fields_add_key(b, &key, query->model);
  if (rl_can_return(b, &read->selection) && rl_returned_stays_true(query->update)) change.show = &read->selection;
  if (!change.show || rl_nested_has_after(query->update)) change.wanted = &key;
  rl_at row = rl_change_row(b, &change);
  rl_run_later(b);
  if (change.shown)
    rl_show_below(b, &read->selection, &row);
  else
    rl_show_root(b, read, NULL, rl_where_identity(b, &row, false), NULL, NULL);
}
