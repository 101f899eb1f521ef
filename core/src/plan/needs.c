/* Examines finished steps: which rowsets each one reads, and whether it needs something that the database does not
 * support. */
#include "plan/needs.h"

typedef struct walk {
  uint64_t needs;
  bool search; /* a full-text search somewhere */
} walk;

static void see_rowset(walk *w, uint32_t rowset) {
  if (rowset != RL_NO_ROWSET) w->needs |= rowset < 63 ? UINT64_C(1) << rowset : UINT64_MAX;
}

static void see_input(walk *w, const rl_input *input) {
  if (!input) return;
  if (input->kind == RL_INPUT_CELL || input->kind == RL_INPUT_KEYS) see_rowset(w, input->rowset);
  for (size_t i = 0; input->kind == RL_INPUT_ARRAY && i < input->count; i++) see_input(w, &input->items[i]);
}

static void see_filter(walk *w, const rl_filter *filter) {
  if (!filter) return;
  see_input(w, filter->input);
  see_filter(w, filter->inner);
  see_filter(w, filter->scope);
  w->search = w->search || filter->kind == RL_FILTER_SEARCH;
  for (size_t i = 0; filter->items && i < filter->count; i++) see_filter(w, filter->items[i]);
  for (size_t i = 0; filter->kind == RL_FILTER_KEYS && i < filter->field_count; i++) see_input(w, filter->inputs[i]);
}

static void see_assigns(walk *w, const rl_assign *assigns, size_t count) {
  for (size_t i = 0; i < count; i++) see_input(w, assigns[i].input);
}

static void see_select(walk *w, const rl_select *select) {
  see_filter(w, select->where);
  see_filter(w, select->keys);
  see_filter(w, select->cursor);
  see_filter(w, select->having);
  see_input(w, select->link_keys);
  see_input(w, select->take);
  see_input(w, select->skip);
  for (size_t i = 0; i < select->column_count; i++) see_filter(w, select->columns[i].where);
  for (size_t i = 0; i < select->order_count; i++) {
    const rl_order *order = &select->orders[i];
    w->search = w->search || order->kind == RL_ORDER_RELEVANCE;
    for (size_t k = 0; order->scopes && k < order->path_count + (order->kind == RL_ORDER_COUNT ? 1 : 0); k++)
      see_filter(w, order->scopes[k]);
  }
}

static void see_rows(walk *w, const rl_rows *rows) {
  for (size_t i = 0; rows && i < rows->column_count; i++) see_input(w, rows->columns[i].missing);
}

static void see_insert(walk *w, const rl_insert *insert) {
  see_assigns(w, insert->assigns, insert->assign_count);
  see_assigns(w, insert->on_conflict, insert->on_conflict_count);
  see_filter(w, insert->conflict_where);
  see_rows(w, insert->rows);
  see_input(w, insert->link_a);
  see_input(w, insert->link_b);
}

static void see_update(walk *w, const rl_update *update) {
  see_assigns(w, update->assigns, update->assign_count);
  see_filter(w, update->where);
  see_filter(w, update->keys);
  see_input(w, update->limit);
  see_rows(w, update->rows);
}

static void see_delete(walk *w, const rl_delete *gone) {
  see_filter(w, gone->where);
  see_filter(w, gone->keys);
  see_input(w, gone->link_a);
  see_input(w, gone->link_b);
  see_input(w, gone->limit);
}

static walk see_step(const rl_plan *plan, const rl_step *step) {
  walk w = {0, false};
  switch (step->kind) {
  case RL_STEP_SELECT: see_select(&w, step->as.select); break;
  case RL_STEP_INSERT: see_insert(&w, step->as.insert); break;
  case RL_STEP_UPDATE: see_update(&w, step->as.update); break;
  case RL_STEP_DELETE: see_delete(&w, step->as.delete_); break;
  case RL_STEP_RAISE:
  case RL_STEP_MERGE: break;
  }
  for (size_t i = 0; i < step->agreement_count; i++) {
    see_input(&w, step->agreements[i].one);
    see_input(&w, step->agreements[i].other);
  }
  see_rowset(&w, step->from);
  see_rowset(&w, step->expected);
  for (uint32_t g = step->guard; g != RL_NO_GUARD; g = plan->guards[g].parent) see_rowset(&w, plan->guards[g].rowset);
  return w;
}

void rl_plan_needs(rl_plan *plan) {
  for (size_t i = 0; i < plan->step_count; i++) plan->steps[i].needs = see_step(plan, &plan->steps[i]).needs;
}

void rl_plan_check(rl_builder *b, const rl_plan *plan) {
  for (size_t i = 0; i < plan->step_count && !b->features->full_text; i++)
    if (see_step(plan, &plan->steps[i]).search)
      rl_refuse(
          b, RL_P2026, "where",
          "`search` and `_relevance` need full-text search, which this database does not have; use `contains`, or `query_raw` on an FTS5 table");
}
