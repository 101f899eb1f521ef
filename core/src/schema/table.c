/* Writes rows with aligned columns. */
#include "schema/table.h"

static rl_row *add_row(rl_table *t) {
  rl_row *row = RL_TEMP(t->b, rl_row);
  if (t->last)
    t->last->next = row;
  else
    t->first = row;
  t->last = row;
  return row;
}

rl_row *rl_table_row(rl_table *t) {
  return add_row(t);
}

void rl_table_loose(rl_table *t, rl_str text) {
  rl_row *row = add_row(t);
  row->loose = true;
  row->suffix = text;
}

static void write_spaces(rl_buf *out, size_t count) {
  while (count-- > 0) rl_buf_byte(out, ' ');
}

static int count_used_columns(const rl_row *row) {
  int n = RL_TABLE_COLUMNS;
  while (n > 0 && !row->columns[n - 1].len) n--;
  return n;
}

static void write_row(rl_table *t, const rl_row *row, const size_t *widths) {
  int used = count_used_columns(row);
  if (used || row->suffix.len) write_spaces(t->out, (size_t)t->indent);
  for (int i = 0; i < used; i++) {
    rl_buf_str(t->out, row->columns[i]);
    if (i + 1 < used) write_spaces(t->out, widths[i] - row->columns[i].len + 1);
  }
  if (used && row->suffix.len) rl_buf_byte(t->out, ' ');
  rl_buf_str(t->out, row->suffix);
  rl_buf_byte(t->out, '\n');
}

void rl_table_render(rl_table *t) {
  size_t widths[RL_TABLE_COLUMNS] = {0};
  for (const rl_row *row = t->first; row; row = row->next)
    for (int i = 0; i < RL_TABLE_COLUMNS; i++)
      if (row->columns[i].len > widths[i]) widths[i] = row->columns[i].len;
  for (const rl_row *row = t->first; row; row = row->next) write_row(t, row, widths);
  t->first = t->last = NULL;
}
