/* count, aggregate, exists and group_by: one select whose columns are computed. */
#include "plan/read.h"

static bool counts_off(const rl_read *read) {
  return read->take || read->skip || read->cursor || read->distinct_count || read->take_none;
}

static void show_columns(rl_builder *b, rl_step *step, const rl_columns *columns) {
  step->node = rl_add_node(b, RL_NO_NODE, (rl_str){NULL, 0}, b->plan->result == RILLE_RESULT_ROWS, b->query->model);
  rl_step_columns(b, step, columns, columns->count);
  b->plan->nodes[step->node].columns = step->as.select->columns;
  b->plan->nodes[step->node].column_count = columns->count;
}

static void add_aggregates(rl_builder *b, rl_columns *columns) {
  const rl_query *query = b->query;
  for (size_t i = 0; i < query->aggregate_count; i++) {
    const rl_aggregate_column *a = &query->aggregates[i];
    rl_str group = query->action == RILLE_COUNT ? (rl_str){NULL, 0} : a->group;
    rl_columns_add(
        b, columns,
        (rl_column){.kind = RL_COLUMN_AGGREGATE, .fn = a->fn, .field = a->field, .group = group, .name = a->name});
  }
}

void rl_plan_aggregate(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  if (read->cursor && read->order_count && !rl_order_is_unique(read->model, read->orders, read->order_count))
    rl_refuse(b, RL_P2019, "cursor", "cursor: needs an `order_by` that ends in a unique field");
  rl_step *step = rl_add_read(b, read);
  rl_select *select = step->as.select;
  select->aggregate_over = counts_off(read);
  if (!select->aggregate_over) { /* the order does not matter if rows are only counted */
    select->orders = NULL;
    select->order_count = 0;
    select->order_total = false;
  }
  rl_columns columns = {0};
  if (query->action == RILLE_EXISTS)
    rl_columns_add(b, &columns, (rl_column){.kind = RL_COLUMN_EXISTS, .name = RL_STR("exists")});
  else if (query->count_plain)
    rl_columns_add(b, &columns,
                   (rl_column){.kind = RL_COLUMN_AGGREGATE, .fn = RL_AGG_COUNT_ALL, .name = RL_STR("_all")});
  else
    add_aggregates(b, &columns);
  show_columns(b, step, &columns);
}

void rl_plan_group(rl_builder *b) {
  const rl_query *query = b->query;
  const rl_read *read = &query->read;
  rl_step *step = rl_add_select(b, query->model, read->where, NULL);
  rl_select *select = step->as.select;
  select->orders = read->orders;
  select->order_count = read->order_count;
  select->take = read->take;
  select->skip = read->skip;
  select->reverse = read->reverse;
  select->take_none = read->take_none;
  select->by = query->by;
  select->periods = query->periods;
  select->by_count = query->by_count;
  select->having = query->having;
  rl_columns columns = {0};
  for (size_t i = 0; i < query->by_count; i++) {
    uint32_t at = rl_columns_field(b, &columns, query->by[i]);
    columns.items[at].period = query->periods[i];
  }
  add_aggregates(b, &columns);
  show_columns(b, step, &columns);
}
