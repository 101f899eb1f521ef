/* DELETE: rows of a model, or pairs of a join table. */
#include "sql/render.h"

static void write_link_side(rl_writer *w, const rl_input *input, bool a, bool keep, size_t *written) {
  if (!input) return;
  rl_expr column = rl_x_identifier(w, rl_link_column(a));
  rl_w_text(w, (*written)++ > 0 ? " AND " : " WHERE ");
  if (rl_input_is_list(input))
    rl_w_text(w, w->dialect->forms->in_list(w, column, input, keep, false));
  else
    rl_w_f(w, keep ? "%s <> %s" : "%s = %s", column, rl_x_param(w, input));
}

static void delete_links(rl_writer *w, const rl_delete *d) {
  size_t written = 0;
  rl_w_text(w, "DELETE FROM ");
  rl_sql_join_table(w, d->link);
  write_link_side(w, d->link_a, true, d->keep_a, &written);
  write_link_side(w, d->link_b, false, d->keep_b, &written);
}

/* After waiting for a row, the database checks its new version, but a subquery still sees the state at the start of
 * the statement, and so the position of the old version. */
static void as_seen(rl_writer *w, const rl_delete *d, uint32_t alias) {
  const rl_field *id = rl_model_link_id(d->model);
  uint32_t seen = rl_w_alias(w);
  rl_w_f(w, " AND t%u.ctid = (SELECT t%u.ctid FROM ", (unsigned)alias, (unsigned)seen);
  rl_w_table(w, d->model);
  rl_w_f(w, " AS t%u WHERE %s = %s)", (unsigned)seen, rl_x_column(w, seen, id), rl_x_column(w, alias, id));
}

void rl_sql_delete(rl_writer *w, const rl_delete *d) {
  if (d->link) {
    delete_links(w, d);
    return;
  }
  uint32_t alias = rl_w_alias(w);
  rl_w_text(w, "DELETE FROM ");
  rl_w_table(w, d->model);
  rl_w_f(w, " AS t%u", (unsigned)alias);
  rl_sql_target(w, d->model, d->where, d->keys, d->limit, alias);
  if (d->as_seen) as_seen(w, d, alias);
}
