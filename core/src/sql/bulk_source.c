/* The rows of a statement that writes many rows: arrays with one element per row, or rows of values. */
#include "sql/bulk.h"

static void write_arrays(rl_writer *w, const rl_bulk_sql *b) {
  rl_expr *arrays = RL_NEW_ARRAY(&w->scratch, rl_expr, b->count + 1);
  if (!arrays) {
    rl_w_nomem(w);
    return;
  }
  for (size_t i = 0; i < b->count; i++) arrays[i] = rl_x_param_row(w, &b->fields[i]->type, true);
  rl_w_f(w, "SELECT * FROM %s", w->dialect->forms->arrays_source(w, arrays, b->count));
}

static void write_values(rl_writer *w, const rl_bulk_sql *b, uint32_t rows) {
  rl_w_text(w, "VALUES ");
  for (uint32_t row = 0; row < rows; row++) {
    rl_w_text(w, row > 0 ? ", (" : "(");
    for (size_t i = 0; i < b->count; i++) {
      rl_w_comma(w, i);
      rl_w_text(w, rl_x_param_row(w, &b->fields[i]->type, b->fields[i]->type.list));
    }
    rl_w_text(w, ")");
  }
}

void rl_sql_bulk_source(rl_writer *w, const rl_bulk_sql *b, uint32_t rows) {
  if (rows == 0)
    write_arrays(w, b);
  else
    write_values(w, b, rows);
}
