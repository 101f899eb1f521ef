/* A plan as text: one line per step. */
#include "plan/dump.h"

static void conditions(rl_buf *out, const rl_filter *where, const rl_filter *keys) {
  if (!where && !keys) return;
  rl_buf_text(out, " where ");
  if (where) rl_dump_filter(out, where);
  if (where && keys) rl_buf_text(out, " and ");
  if (keys) rl_dump_filter(out, keys);
}

static void dump_order(rl_buf *out, const rl_order *o) {
  for (size_t i = 0; i < o->path_count; i++) rl_buf_printf(out, "%.*s.", RL_STR_ARG(o->path[i]->name));
  if (o->kind == RL_ORDER_COUNT) rl_buf_text(out, "count ");
  if (o->kind == RL_ORDER_RELEVANCE) rl_buf_text(out, "relevance");
  if (o->kind == RL_ORDER_AGGREGATE) rl_buf_printf(out, "aggregate%d ", (int)o->aggregate);
  if (o->field) rl_buf_str(out, o->field->name);
  rl_buf_byte(out, o->descending ? '-' : '+');
}

static void page(rl_buf *out, const rl_select *s) {
  if (s->cursor) {
    rl_buf_text(out, " from ");
    rl_dump_filter(out, s->cursor);
  }
  if (s->distinct_count) {
    rl_buf_text(out, " distinct ");
    rl_dump_fields(out, (const rl_field *const *)s->distinct, s->distinct_count);
  }
  for (size_t i = 0; i < s->order_count; i++) {
    rl_buf_text(out, i ? " " : " order ");
    dump_order(out, &s->orders[i]);
  }
  if (s->take) {
    rl_buf_text(out, " take ");
    rl_dump_input(out, s->take);
  }
  if (s->take_none) rl_buf_text(out, " take none");
  if (s->reverse) rl_buf_text(out, " from the end");
  if (s->skip) {
    rl_buf_text(out, " skip ");
    rl_dump_input(out, s->skip);
  }
  if (s->per_parent) rl_buf_text(out, " per parent");
  if (s->aggregate_over) rl_buf_text(out, " over these");
  if (s->lock != RL_LOCK_NONE) rl_buf_text(out, s->lock == RL_LOCK_NO_KEY_UPDATE ? " lock but its key" : " lock");
}

static void select_text(rl_buf *out, const rl_select *s) {
  rl_buf_printf(out, "select %.*s ", RL_STR_ARG(s->model->name));
  rl_dump_columns(out, s->columns, s->column_count, s->visible);
  if (s->recursive) rl_buf_printf(out, " recursive %.*s", RL_STR_ARG(s->recursive->name));
  if (s->recursive && s->depth < INT32_MAX) rl_buf_printf(out, " to %d", (int)s->depth);
  conditions(out, s->where, s->keys);
  if (s->link) {
    rl_buf_printf(out, " linked by %.*s %c=", RL_STR_ARG(s->link->join_table), s->link_from_a ? 'A' : 'B');
    rl_dump_input(out, s->link_keys);
  }
  if (s->by_count) {
    rl_buf_text(out, " by ");
    rl_dump_fields(out, (const rl_field *const *)s->by, s->by_count);
  }
  if (s->having) {
    rl_buf_text(out, " having ");
    rl_dump_filter(out, s->having);
  }
  page(out, s);
}

static void link_pair(rl_buf *out, const rl_relation *link, const rl_input *a, const rl_input *b) {
  rl_buf_str(out, link->join_table);
  for (int side = 0; side < 2; side++) {
    const rl_input *input = side ? b : a;
    if (!input) continue;
    rl_buf_printf(out, " %c=", side ? 'B' : 'A');
    rl_dump_input(out, input);
  }
}

/* What the rows give is not known; columns that they lack still take a value. */
static void row_columns(rl_buf *out, const rl_rows *rows) {
  for (size_t i = 0; i < rows->column_count; i++) {
    if (!rows->columns[i].missing) continue;
    rl_buf_printf(out, " %.*s=", RL_STR_ARG(rows->columns[i].field->name));
    rl_dump_input(out, rows->columns[i].missing);
  }
}

static void insert_text(rl_buf *out, const rl_insert *s) {
  if (s->link) {
    rl_buf_text(out, s->rows ? "link rows " : "link ");
    link_pair(out, s->link, s->link_a, s->link_b);
    if (s->rows) row_columns(out, s->rows);
    return;
  }
  rl_buf_printf(out, "insert %.*s%s", RL_STR_ARG(s->model->name), s->rows ? " rows" : "");
  if (s->rows) {
    row_columns(out, s->rows);
  } else {
    rl_buf_byte(out, ' ');
    rl_dump_assigns(out, s->assigns, s->assign_count);
  }
  if (s->skip_duplicates) rl_buf_text(out, " skip duplicates");
  if (!s->conflict_count) return;
  rl_buf_text(out, " on conflict ");
  rl_dump_fields(out, s->conflict, s->conflict_count);
  rl_buf_text(out, s->rows || s->on_conflict_count ? " update" : " nothing");
  if (s->on_conflict_count) rl_buf_byte(out, ' ');
  if (s->on_conflict_count) rl_dump_assigns(out, s->on_conflict, s->on_conflict_count);
  if (!s->conflict_where) return;
  rl_buf_text(out, " where ");
  rl_dump_filter(out, s->conflict_where);
}

static void update_text(rl_buf *out, const rl_update *s) {
  rl_buf_printf(out, "update %.*s ", RL_STR_ARG(s->model->name));
  if (s->rows) {
    rl_buf_text(out, "rows on ");
    rl_dump_fields(out, (const rl_field *const *)s->rows->conflict, s->rows->conflict_count);
    rl_buf_text(out, " set ");
    rl_dump_fields(out, (const rl_field *const *)s->rows->update, s->rows->update_count);
  } else {
    rl_dump_assigns(out, s->assigns, s->assign_count);
  }
  conditions(out, s->where, s->keys);
  if (s->limit) rl_buf_text(out, " limit $");
}

static void delete_text(rl_buf *out, const rl_delete *s) {
  if (s->link) {
    rl_buf_text(out, "unlink ");
    link_pair(out, s->link, s->link_a, s->link_b);
    return;
  }
  rl_buf_printf(out, "delete %.*s", RL_STR_ARG(s->model->name));
  conditions(out, s->where, s->keys);
  if (s->limit) rl_buf_text(out, " limit $");
  if (s->as_seen) rl_buf_text(out, " as seen");
}

static void results(rl_buf *out, const rl_step *step) {
  if (step->returning_count) {
    rl_buf_text(out, " returning ");
    rl_dump_columns(out, step->returning, step->returning_count, step->returning_visible);
  }
  if (step->kind != RL_STEP_MERGE && step->rowset != RL_NO_ROWSET) {
    rl_buf_printf(out, " -> r%u(", (unsigned)step->rowset);
    for (size_t i = 0; i < step->keep_count; i++) rl_buf_printf(out, "%s%u", i ? " " : "", (unsigned)step->keep[i]);
    rl_buf_byte(out, ')');
  }
  if (step->node != RL_NO_NODE) rl_buf_printf(out, " as node %u", (unsigned)step->node);
  if (step->counts) rl_buf_text(out, " counts");
  if (step->if_none) rl_buf_printf(out, " else %s", rl_code_name(step->if_none->code));
  if (step->if_fewer && step->expected == RL_NO_ROWSET)
    rl_buf_printf(out, " if fewer %s", rl_code_name(step->if_fewer->code));
  else if (step->if_fewer)
    rl_buf_printf(out, " fewer than r%u: %s", (unsigned)step->expected, rl_code_name(step->if_fewer->code));
}

static void guards(const rl_plan *plan, rl_buf *out, uint32_t guard) {
  for (; guard != RL_NO_GUARD; guard = plan->guards[guard].parent)
    rl_buf_printf(out, "if r%u%s: ", (unsigned)plan->guards[guard].rowset,
                  plan->guards[guard].when_empty ? " is empty" : "");
}

static void step_text(const rl_plan *plan, const rl_step *step, rl_buf *out) {
  guards(plan, out, step->guard);
  switch (step->kind) {
  case RL_STEP_SELECT: select_text(out, step->as.select); break;
  case RL_STEP_INSERT: insert_text(out, step->as.insert); break;
  case RL_STEP_UPDATE: update_text(out, step->as.update); break;
  case RL_STEP_DELETE: delete_text(out, step->as.delete_); break;
  case RL_STEP_RAISE: rl_buf_printf(out, "raise %s", rl_code_name(step->error->code)); break;
  case RL_STEP_MERGE: rl_buf_printf(out, "r%u := r%u", (unsigned)step->rowset, (unsigned)step->from); break;
  }
  results(out, step);
}

void rl_plan_dump(const rl_plan *plan, rl_buf *out) {
  if (plan->atomic) rl_buf_text(out, "atomic\n");
  for (size_t i = 0; i < plan->step_count; i++) {
    rl_buf_printf(out, "%zu: ", i);
    step_text(plan, &plan->steps[i], out);
    rl_buf_byte(out, '\n');
  }
}
