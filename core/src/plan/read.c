/* The select of one level of a read: columns, conditions, a total order if rows are counted, and the root of a result.
 */
#include "plan/read.h"
#include "plan/raise.h"

static bool covers(const rl_index *index, const rl_order *orders, size_t count) {
  for (size_t i = 0; i < index->count; i++) {
    bool found = false;
    for (size_t k = 0; k < count && !found; k++)
      found = orders[k].kind == RL_ORDER_FIELD && !orders[k].path_count && orders[k].field == index->fields[i].field;
    if (!found || !index->fields[i].field->required) return false;
  }
  return true;
}

bool rl_order_is_unique(const rl_model *model, const rl_order *orders, size_t count) {
  for (size_t i = 0; i < model->index_count; i++)
    if (rl_index_is_unique(&model->indexes[i]) && covers(&model->indexes[i], orders, count)) return true;
  return false;
}

/* find_first without an order takes any row, as in Prisma: sorting by the key could prevent the use of an index for the
 * condition. */
static bool any_row_will_do(const rl_builder *b, const rl_read *read) {
  rille_action action = (rille_action)b->query->action;
  bool first = action == RILLE_FIND_FIRST || action == RILLE_FIND_FIRST_OR_THROW;
  return first && read == &b->query->read && !read->order_count && !read->skip && !read->cursor &&
         !read->distinct_count && !read->reverse;
}

/* A page with the caller's own order is left unchanged, as in Prisma: another column could prevent the database from
 * reading the page from an index. */
static bool order_will_do(const rl_builder *b, const rl_read *read) {
  return read == &b->query->read && read->order_count && !read->cursor && !read->distinct_count && !read->reverse;
}

/* Makes the order of a select total if it has take, skip or a cursor. */
static void order_total(rl_builder *b, rl_select *select, const rl_read *read) {
  bool counts_off = read->take || read->skip || read->cursor || read->distinct_count || read->reverse;
  const rl_index *key = rl_model_key(read->model);
  if (!counts_off || !key || any_row_will_do(b, read) || order_will_do(b, read) ||
      rl_order_is_unique(read->model, read->orders, read->order_count))
    return;
  rl_order *orders = RL_MAKE_ARRAY(b, rl_order, read->order_count + key->count);
  if (read->order_count) memcpy(orders, read->orders, read->order_count * sizeof *orders);
  /* rows that are equal in the caller's order: the last ones are counted from the first of them, as in Prisma */
  bool descending = read->reverse && read->order_count;
  for (size_t i = 0; i < key->count; i++)
    orders[read->order_count + i] =
        (rl_order){.kind = RL_ORDER_FIELD, .field = key->fields[i].field, .descending = descending};
  select->orders = orders;
  select->order_count = read->order_count + key->count;
  select->order_total = true;
}

rl_step *rl_add_read(rl_builder *b, const rl_read *read) {
  rl_step *step = rl_add_select(b, read->model, read->where, NULL);
  rl_select *select = step->as.select;
  select->orders = read->orders;
  select->order_count = read->order_count;
  select->take = read->take;
  select->skip = read->skip;
  select->reverse = read->reverse;
  select->take_none = read->take_none;
  select->cursor = read->cursor;
  select->distinct = read->distinct;
  select->distinct_count = read->distinct_count;
  select->lock = read->lock;
  select->lock_wait = read->lock_wait;
  if (read->lock != RL_LOCK_NONE && !b->features->row_locks)
    rl_refuse(b, RL_P2026, "lock",
              "lock: this database cannot lock rows; leave `lock` out, because only one transaction writes at a time");
  order_total(b, select, read);
  return step;
}

void rl_columns_of(rl_builder *b, const rl_selection *selection, rl_columns *columns) {
  for (size_t i = 0; i < selection->field_count; i++) rl_columns_field(b, columns, selection->fields[i]);
  for (size_t i = 0; i < selection->count_count; i++) {
    const rl_relation_count *count = &selection->counts[i];
    rl_columns_add(b, columns,
                   (rl_column){.kind = RL_COLUMN_COUNT,
                               .relation = count->relation,
                               .where = count->where,
                               .group = RL_STR("_count"),
                               .name = count->relation->name});
  }
}

rl_at rl_show(rl_builder *b, rl_shown *shown, const rl_selection *selection) {
  rl_step *step = shown->step;
  rl_fields keep = shown->keep;
  rl_include_wants(b, selection, &keep);
  rl_at at = {.model = selection->model, .rowset = RL_NO_ROWSET, .fields = keep};
  if (keep.count) {
    step->keep = RL_MAKE_ARRAY(b, uint32_t, keep.count);
    for (size_t i = 0; i < keep.count; i++) step->keep[i] = rl_columns_field(b, &shown->columns, keep.items[i]);
    step->keep_count = keep.count;
    at.rowset = step->rowset = rl_add_rowset(b);
  }
  rl_step_columns(b, step, &shown->columns, shown->visible);
  step->node = shown->node;
  rl_node_plan *node = &b->plan->nodes[shown->node];
  node->columns = step->kind == RL_STEP_SELECT ? step->as.select->columns : step->returning;
  node->column_count = shown->visible;
  return at;
}

rl_at rl_show_returned(rl_builder *b, rl_step *step, const rl_selection *selection, const rl_fields *keep) {
  rl_shown shown = {.step = step};
  shown.node = rl_add_node(b, RL_NO_NODE, (rl_str){NULL, 0}, b->plan->result != RILLE_RESULT_ROW, selection->model);
  rl_columns_of(b, selection, &shown.columns);
  shown.visible = shown.columns.count;
  if (keep) rl_fields_add_all(b, &shown.keep, keep->items, keep->count);
  return rl_show(b, &shown, selection);
}

static rl_input *one(rl_builder *b) {
  rl_input *input = RL_MAKE(b, rl_input);
  input->kind = RL_INPUT_CONSTANT;
  input->type.scalar = RL_INT;
  input->constant.kind = RILLE_INT;
  input->constant.as.i = 1;
  return input;
}

rl_at rl_show_root(rl_builder *b, const rl_read *read, rl_filter *where, rl_filter *keys, const rl_fields *keep,
                   const rl_raise *none) {
  rl_step *step = rl_add_select(b, read->model, where, keys);
  step->if_none = none;
  rl_at root = rl_show_returned(b, step, &read->selection, keep);
  rl_show_below(b, &read->selection, &root);
  return root;
}

bool rl_can_return(const rl_builder *b, const rl_selection *selection) {
  return b->features->returning && !selection->count_count;
}

void rl_show_below(rl_builder *b, const rl_selection *selection, const rl_at *root) {
  rl_include_all(b, selection, 0, root, b->plan->result == RILLE_RESULT_ROW);
}

void rl_plan_find(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  bool first = query->action == RILLE_FIND_FIRST || query->action == RILLE_FIND_FIRST_OR_THROW;
  rl_step *step = rl_add_read(b, read);
  if (first && !step->as.select->take) step->as.select->take = one(b);
  if (query->action == RILLE_FIND_UNIQUE_OR_THROW || query->action == RILLE_FIND_FIRST_OR_THROW)
    step->if_none = rl_raise_not_found(b, query->model, "no row matches the query");
  rl_at root = rl_show_returned(b, step, &read->selection, NULL);
  rl_show_below(b, &read->selection, &root);
}
