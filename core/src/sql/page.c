/* Pages: which of the selected rows are returned, and in which order. Uses plain limits if possible, row numbers to
 * count rows per parent or per distinct value, and a reversed order for the last rows. */
#include "sql/datetime.h"
#include "sql/render.h"

typedef struct page {
  rl_writer *w;
  const rl_select *s;
  uint32_t alias, link;
  bool named, raw;
  bool window; /* counted per parent */
  bool limit;  /* LIMIT and OFFSET are enough */
  rl_expr *orders;
  rl_expr *outer; /* the same for the level above: w.o0, w.o1, ... */
} page;

static rl_expr *new_exprs(rl_writer *w, size_t count) {
  rl_expr *exprs = RL_NEW_ARRAY(&w->scratch, rl_expr, count + 1);
  if (!exprs) rl_w_nomem(w);
  return exprs;
}

static void limit_and_offset(rl_writer *w, const rl_input *take, const rl_input *skip) {
  if (take) rl_w_f(w, " LIMIT %s", rl_x_param(w, take));
  if (!skip) return;
  if (!take) rl_w_text(w, w->dialect->forms->unlimited);
  rl_w_f(w, " OFFSET %s", rl_x_param(w, skip));
}

static void write_limit(const page *p) {
  if (p->s->take_none)
    rl_w_text(p->w, " LIMIT 0");
  else if (p->limit)
    limit_and_offset(p->w, p->s->take, p->s->skip);
}

static void write_lock(rl_writer *w, const rl_select *s, uint32_t alias) {
  static const char *const modes[] = {[RL_LOCK_NONE] = "",
                                      [RL_LOCK_UPDATE] = "UPDATE",
                                      [RL_LOCK_NO_KEY_UPDATE] = "NO KEY UPDATE",
                                      [RL_LOCK_SHARE] = "SHARE",
                                      [RL_LOCK_KEY_SHARE] = "KEY SHARE"};
  if (s->lock == RL_LOCK_NONE || !w->dialect->features.row_locks) return;
  rl_w_f(w, " FOR %s OF t%u", modes[s->lock], (unsigned)alias);
  if (s->lock_wait != RL_LOCK_BLOCK) rl_w_text(w, s->lock_wait == RL_LOCK_NOWAIT ? " NOWAIT" : " SKIP LOCKED");
}

/* ------------------------------------------------------------------ FROM and WHERE */

static void link_condition(rl_writer *w, const rl_select *s, uint32_t link) {
  rl_expr parent = rl_x(w, "t%u.%s", (unsigned)link, rl_x_identifier(w, rl_link_column(s->link_from_a)));
  if (rl_input_is_list(s->link_keys))
    rl_w_text(w, w->dialect->forms->in_list(w, parent, s->link_keys, false, false));
  else
    rl_w_f(w, "%s = %s", parent, rl_x_param(w, s->link_keys));
}

static void write_from(rl_writer *w, const rl_select *s, uint32_t alias, uint32_t link) {
  rl_w_text(w, " FROM ");
  rl_w_table(w, s->model);
  rl_w_f(w, " AS t%u", (unsigned)alias);
  if (!s->link) return;
  rl_w_text(w, " INNER JOIN ");
  rl_sql_join_table(w, s->link);
  rl_w_f(w, " AS t%u ON t%u.%s = %s", (unsigned)link, (unsigned)link,
         rl_x_identifier(w, rl_link_column(!s->link_from_a)), rl_x_column(w, alias, rl_model_link_id(s->model)));
}

void rl_sql_from_where(rl_writer *w, const rl_select *s, uint32_t alias, uint32_t link, const rl_expr *orders) {
  write_from(w, s, alias, link);
  const char *join = " WHERE ";
  if (s->keys) {
    rl_w_text(w, join);
    rl_sql_filter(w, s->keys, alias, false);
    join = " AND ";
  }
  if (s->link && s->link_keys) {
    rl_w_text(w, join);
    link_condition(w, s, link);
    join = " AND ";
  }
  if (!rl_filter_is_true(s->where)) {
    rl_w_text(w, join);
    if (s->cursor || join[1] == 'A')
      rl_sql_filter(w, s->where, alias, false);
    else
      rl_sql_condition(w, s->where, alias, false);
    join = " AND ";
  }
  if (s->cursor) {
    rl_w_text(w, join);
    rl_sql_cursor(w, s, orders, alias, link);
    join = " AND ";
  }
  const rl_field *extreme = rl_sql_guarded_extreme(w, s);
  if (extreme) rl_sql_datetime_guards(w, extreme, alias, join);
  for (size_t i = 0; i < s->order_count && !extreme; i++) {
    if (!rl_order_is_guarded(w, &s->orders[i])) continue;
    rl_sql_datetime_guards(w, s->orders[i].field, alias, join);
    join = " AND ";
  }
}

/* ------------------------------------------------------------------ levels */

static size_t write_partition(const page *p, bool outer) {
  rl_writer *w = p->w;
  const rl_select *s = p->s;
  if (!s->per_parent) return 0;
  size_t count = s->link ? 1 : s->keys ? s->keys->field_count : 0;
  for (size_t i = 0; i < count; i++) {
    rl_w_comma(w, i);
    if (outer)
      rl_w_f(w, "w.p%zu", i);
    else if (s->link)
      rl_w_f(w, "t%u.%s", (unsigned)p->link, rl_x_identifier(w, rl_link_column(s->link_from_a)));
    else
      rl_w_text(w, rl_x_column(w, p->alias, s->keys->fields[i]));
  }
  return count;
}

static void write_row_number(const page *p, bool outer, bool by_distinct, const char *name) {
  rl_writer *w = p->w;
  rl_w_text(w, ", ROW_NUMBER() OVER (PARTITION BY ");
  size_t written = write_partition(p, outer);
  for (size_t i = 0; by_distinct && i < p->s->distinct_count; i++) {
    rl_w_comma(w, written++);
    rl_w_text(w, rl_x_datetime(w, rl_x_column(w, p->alias, p->s->distinct[i]), p->s->distinct[i]));
  }
  if (written == 0) rl_w_text(w, "1");
  rl_sql_order_by(w, p->s, outer ? p->outer : p->orders, p->s->reverse);
  rl_w_f(w, ") AS %s", name);
}

/* Writes columns p0, p1, ..., by which a level above counts. */
static void write_partition_columns(const page *p) {
  const rl_select *s = p->s;
  if (!s->per_parent) return;
  if (s->link) rl_w_f(p->w, ", t%u.%s AS p0", (unsigned)p->link, rl_x_identifier(p->w, rl_link_column(s->link_from_a)));
  for (size_t i = 0; !s->link && s->keys && i < s->keys->field_count; i++)
    rl_w_f(p->w, ", %s AS p%zu", rl_x_column(p->w, p->alias, s->keys->fields[i]), i);
}

static void write_group(const page *p) {
  rl_writer *w = p->w;
  for (size_t i = 0; i < p->s->by_count; i++)
    rl_w_f(w, "%s%s", i > 0 ? ", " : " GROUP BY ",
           rl_x_grouped(w, p->s->periods ? p->s->periods[i] : RL_PERIOD_NONE, rl_x_column(w, p->alias, p->s->by[i]),
                        p->s->by[i]));
  if (rl_filter_is_true(p->s->having)) return;
  rl_w_text(w, " HAVING ");
  rl_sql_condition(w, p->s->having, p->alias, false);
}

static void write_columns(const page *p, bool named) {
  rl_writer *w = p->w;
  for (size_t i = 0; i < p->s->column_count; i++) {
    rl_w_comma(w, i);
    rl_w_text(w, rl_x_output(w, p->s, &p->s->columns[i], p->alias, p->link, p->raw));
    if (named) rl_w_f(w, " AS c%zu", i);
  }
  if (p->s->column_count == 0) rl_w_text(w, named ? "1 AS c0" : "1");
}

/* Writes columns of an inner level, with their names there. */
static void write_outer_columns(const page *p, const char *prefix, size_t count, size_t written) {
  for (size_t i = 0; i < count; i++) {
    rl_w_comma(p->w, written + i);
    rl_w_f(p->w, "w.%s%zu", prefix, i);
    if (p->named) rl_w_f(p->w, " AS %s%zu", prefix, i);
  }
}

/* Writes the rows with all columns that the levels above need. */
static void write_base(const page *p, bool inner) {
  rl_writer *w = p->w;
  const rl_select *s = p->s;
  rl_w_text(w, "SELECT ");
  write_columns(p, inner || p->named);
  if (inner) {
    for (size_t i = 0; i < s->order_count; i++) rl_w_f(w, ", %s AS o%zu", p->orders[i], i);
    if (s->distinct_count > 0 && p->window) write_partition_columns(p);
    if (s->distinct_count > 0)
      write_row_number(p, false, true, "dn");
    else if (p->window)
      write_row_number(p, false, false, "rn");
  }
  rl_sql_from_where(w, s, p->alias, p->link, p->orders);
  write_group(p);
}

/* Writes the middle level: the first row of each distinct value. These rows are then counted or limited. */
static void write_middle(const page *p) {
  rl_writer *w = p->w;
  size_t columns = p->s->column_count ? p->s->column_count : 1;
  rl_w_text(w, "SELECT ");
  page kept = *p;
  kept.named = true;
  write_outer_columns(&kept, "c", columns, 0);
  write_outer_columns(&kept, "o", p->s->order_count, columns);
  if (p->window) write_row_number(p, true, false, "rn");
  rl_w_text(w, " FROM (");
  write_base(p, true);
  rl_w_text(w, ") AS w WHERE w.dn = 1");
  if (p->window) return;
  rl_sql_order_by(w, p->s, p->outer, true);
  write_limit(p);
}

static void write_window_range(const page *p) {
  rl_writer *w = p->w;
  const rl_input *take = p->s->take, *skip = p->s->skip;
  rl_w_text(w, " WHERE ");
  if (skip) rl_w_f(w, "w.rn > %s", rl_x_param(w, skip));
  if (skip && take) rl_w_f(w, " AND w.rn - %s <= %s", rl_x_param(w, skip), rl_x_param(w, take));
  if (!skip && take) rl_w_f(w, "w.rn <= %s", rl_x_param(w, take));
}

static void write_nested(const page *p) {
  rl_writer *w = p->w;
  const rl_select *s = p->s;
  bool distinct = s->distinct_count > 0, turned = s->reverse && p->limit;
  bool middle = distinct && (p->window || turned);
  rl_w_text(w, "SELECT ");
  write_outer_columns(p, "c", s->column_count ? s->column_count : 1, 0);
  rl_w_text(w, " FROM (");
  if (middle)
    write_middle(p);
  else
    write_base(p, true);
  if (!middle && turned) {
    rl_sql_order_by(w, s, p->orders, true);
    write_limit(p);
    write_lock(w, s, p->alias);
  }
  rl_w_text(w, ") AS w");
  if (p->window)
    write_window_range(p);
  else if (distinct && !middle)
    rl_w_text(w, " WHERE w.dn = 1");
  rl_sql_order_by(w, s, p->outer, false);
  if (!turned || s->take_none) write_limit(p);
}

static void refuse_lock(rl_writer *w, const rl_select *s) {
  if (w->status != RILLE_OK) return;
  w->status = rl_fail(w->err, RL_P2026,
                      "lock: rows of %.*s that are distinct or limited per parent cannot be locked; "
                      "lock them by their keys in a separate read",
                      RL_STR_ARG(s->model->name));
}

void rl_sql_page(rl_writer *w, const rl_select *s, bool named, bool raw) {
  page p = {.w = w, .s = s, .named = named, .raw = raw};
  p.alias = rl_w_alias(w);
  p.link = s->link ? rl_w_alias(w) : p.alias;
  bool counted = s->take || s->skip;
  p.window = s->per_parent && counted && !s->take_none;
  p.limit = counted && !p.window;
  p.orders = new_exprs(w, s->order_count);
  p.outer = new_exprs(w, s->order_count);
  if (!p.orders || !p.outer) return;
  for (size_t i = 0; i < s->order_count; i++) {
    p.orders[i] = rl_x_order(w, &s->orders[i], p.alias);
    p.outer[i] = rl_x(w, "w.o%zu", i);
  }
  bool turned = s->reverse && p.limit && s->order_count > 0;
  if (p.window || s->distinct_count > 0 || turned) {
    if (s->lock != RL_LOCK_NONE && (p.window || s->distinct_count > 0)) refuse_lock(w, s);
    write_nested(&p);
    return;
  }
  write_base(&p, false);
  rl_sql_order_by(w, s, p.orders, false);
  write_limit(&p);
  write_lock(w, s, p.alias);
}
