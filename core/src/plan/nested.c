/* Nested writes: which run before the row's own statement, which after it, and which fields of the row they need. */
#include "plan/write.h"

static bool is_join(const rl_field *field) {
  return field->relation->kind == RL_MANY_TO_MANY;
}

/* An update that changes nothing does not read its row either, as in Prisma. */
static bool is_idle(const rl_nested *nested) {
  return nested->kind == RL_NESTED_UPDATE && !nested->update->assign_count && !nested->update->nested_count;
}

static bool is_before(const rl_nested *nested) {
  return nested->relation->holds_key && rl_nested_holder_is_before(nested);
}

/* Several operations on one relation: the last one wins. */
static bool begins_relation(const rl_write *write, size_t i) {
  for (size_t k = 0; k < i; k++)
    if (is_before(&write->nesteds[k]) && write->nesteds[k].relation == write->nesteds[i].relation) return false;
  return true;
}

void rl_nested_before(rl_builder *b, const rl_write *write, const rl_at *row, rl_assigns *assigns) {
  for (size_t i = 0; i < write->nested_count; i++) {
    rl_assigns key = {0};
    if (!is_before(&write->nesteds[i])) continue;
    rl_nested_holder_before(b, &write->nesteds[i], row, &key);
    if (begins_relation(write, i))
      rl_assigns_join(b, assigns, &key, write->nesteds[i].path);
    else
      rl_assigns_all(b, assigns, key.items, key.count);
  }
}

bool rl_nested_before_reads(const rl_write *write) {
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_nested *nested = &write->nesteds[i];
    bool connects = nested->kind == RL_NESTED_CONNECT || nested->kind == RL_NESTED_CONNECT_OR_CREATE;
    const rl_field *field = nested->relation;
    /* whether another row is connected by a required one-to-one relation */
    if (connects && field->holds_key && field->required && field->relation->kind == RL_ONE_TO_ONE) return true;
  }
  return false;
}

static bool only_adds(const rl_nested *nested) {
  return nested->kind <= RL_NESTED_CONNECT_OR_CREATE;
}

void rl_nested_after(rl_builder *b, const rl_write *write, const rl_at *row, bool created) {
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_nested *nested = &write->nesteds[i];
    if (is_before(nested) || is_idle(nested)) continue;
    if (!only_adds(nested)) rl_run_later(b); /* it may find, or undo, what is waiting */
    if (is_join(nested->relation))
      rl_nested_join(b, nested, row);
    else if (nested->relation->holds_key)
      rl_nested_holder_after(b, nested, row);
    else
      rl_nested_child(b, nested, row, created);
  }
}

bool rl_nested_has_after(const rl_write *write) {
  for (size_t i = 0; i < write->nested_count; i++)
    if (!is_before(&write->nesteds[i]) && !is_idle(&write->nesteds[i])) return true;
  return false;
}

void rl_nested_wants(rl_builder *b, const rl_write *write, bool created, rl_fields *wanted) {
  for (size_t i = 0; i < write->nested_count; i++) {
    const rl_field *field = write->nesteds[i].relation;
    const rl_relation *relation = field->relation;
    if (is_before(&write->nesteds[i])) continue;
    if (!created) rl_fields_add_key(b, wanted, write->model);
    if (is_join(field))
      rl_fields_add(b, wanted, rl_model_link_id(write->model));
    else if (field->holds_key)
      rl_fields_add_all(b, wanted, relation->fields, relation->count);
    else
      rl_fields_add_all(b, wanted, relation->references, relation->count);
  }
}

/* ------------------------------------------------------------------ nested writes that wait */

void rl_run_later(rl_builder *b) {
  uint32_t before = b->guard;
  while (b->later) {
    rl_task *task = b->later;
    b->later = task->next;
    b->guard = task->guard;
    if (task->write)
      rl_nested_after(b, task->write, &task->row, true);
    else
      rl_link_rows(b, task->join, task->mine, task->other);
  }
  b->guard = before;
}
