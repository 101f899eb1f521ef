/* Creating a row: first the rows it needs, then the row, then the rows that need it. */
#include "plan/read.h"
#include "plan/write.h"

/* Nested writes one level deep cannot change the row again, so what the INSERT returned stays valid. But a row may be
 * connected to itself. */
bool rl_returned_stays_true(const rl_write *write) {
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_nested *nested = &write->nesteds[i];
    if (nested->create && nested->create->nested_count) return false;
    if (nested->relation->target == write->model && nested->kind >= RL_NESTED_CONNECT) return false;
  }
  return true;
}

static rl_step *insert_one(rl_builder *b, const rl_write *write, const rl_assigns *assigns) {
  rl_step *step = rl_add_insert(b, write->model);
  step->as.insert->assigns = assigns->items;
  step->as.insert->assign_count = assigns->count;
  step->agreements = assigns->agreements;
  step->agreement_count = assigns->agreement_count;
  return step;
}

/* Each row of a bulk insert has its own generated values, so the parent's value has to come back from the database. */
static void return_generated(rl_builder *b, const rl_write *write, const rl_assigns *assigns, rl_fields *returned) {
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_relation *relation = write->nesteds[i].relation->relation;
    for (size_t k = 0; write->nesteds[i].kind == RL_NESTED_CREATE_MANY && k < relation->count; k++) {
      const rl_assign *assign = rl_assign_of(assigns->items, assigns->count, relation->references[k]);
      if (assign && assign->input && assign->input->kind == RL_INPUT_GENERATED)
        rl_fields_add(b, returned, assign->field);
    }
  }
}

/* Where the row's fields are: known before, or returned. */
static rl_at locate(rl_builder *b, const rl_creation *c, rl_step *step, const rl_assigns *assigns, bool scoped) {
  rl_fields wanted = {0}, returned = {0};
  if (c->wanted) rl_fields_add_all(b, &wanted, c->wanted->items, c->wanted->count);
  rl_nested_wants(b, c->write, true, &wanted);
  if (scoped) rl_fields_add_key(b, &wanted, c->write->model);
  rl_at at = {.model = c->write->model, .rowset = RL_NO_ROWSET};
  if (!c->in_rowset) {
    at.assigns = assigns->items;
    at.assign_count = assigns->count;
  }
  for (size_t i = 0; i < wanted.count; i++)
    if (!rl_at_has(&at, wanted.items[i])) rl_fields_add(b, &returned, wanted.items[i]);
  return_generated(b, c->write, assigns, &returned);
  rl_at kept = {.rowset = RL_NO_ROWSET};
  if (c->show)
    kept = rl_show_returned(b, step, c->show, &returned);
  else if (returned.count)
    kept = rl_step_keeps(b, step, c->write->model, &returned);
  at.rowset = kept.rowset;
  at.fields = kept.fields;
  return at;
}

rl_at rl_create_row(rl_builder *b, const rl_creation *c) {
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, c->write->assigns, c->write->assign_count);
  rl_nested_before(b, c->write, NULL, &assigns);
  if (c->extra) rl_assigns_join(b, &assigns, c->extra, c->path);
  rl_step *step = insert_one(b, c->write, &assigns);
  rl_written written = rl_written_by(c->write->model, assigns.items, assigns.count, c->write);
  rl_at at = locate(b, c, step, &assigns, rl_scope_concerns(b, &written));
  if (step->returning_count) step->if_none = rl_raise_dropped(b, c->write->model);
  rl_scoped_check(b, step, &written, &at);
  if (rl_nested_has_after(c->write)) rl_later(b, (rl_task){.write = c->write, .row = at});
  return at;
}

rl_fields rl_unique_fields(rl_builder *b, const rl_filter *unique) {
  rl_fields fields = {0};
  if (unique->is_scope) return fields;
  if (unique->kind == RL_FILTER_COMPARE && unique->op == RL_OP_EQ) rl_fields_add(b, &fields, unique->field);
  for (size_t i = 0; unique->kind == RL_FILTER_AND && i < unique->count; i++) {
    rl_fields inner = rl_unique_fields(b, unique->items[i]);
    rl_fields_add_all(b, &fields, inner.items, inner.count);
  }
  for (size_t i = 0; unique->kind == RL_FILTER_KEYS && i < unique->field_count; i++)
    rl_fields_add(b, &fields, unique->fields[i]);
  return fields;
}

void rl_create_unless_there(rl_builder *b, const rl_write *write, const rl_assigns *extra, const rl_filter *unique) {
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, write->assigns, write->assign_count);
  if (extra) rl_assigns_all(b, &assigns, extra->items, extra->count);
  rl_step *step = insert_one(b, write, &assigns);
  rl_fields key = rl_unique_fields(b, unique);
  step->as.insert->conflict = key.items;
  step->as.insert->conflict_count = key.count;
}

void rl_plan_create(rl_builder *b) {
  const rl_read *read = &b->query->read;
  rl_creation c = {.write = b->query->create};
  bool shows = rl_can_return(b, &read->selection) && rl_returned_stays_true(c.write);
  rl_fields key = {0};
  rl_fields_add_key(b, &key, c.write->model);
  if (shows) {
    c.show = &read->selection;
    rl_at at = rl_create_row(b, &c);
    rl_run_later(b);
    rl_show_below(b, c.show, &at);
    return;
  }
  c.wanted = &key;
  rl_at at = rl_create_row(b, &c);
  rl_run_later(b);
  rl_show_root(b, read, NULL, rl_where_identity(b, &at, false), NULL, NULL);
}
