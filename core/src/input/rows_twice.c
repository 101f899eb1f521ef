/* Rejects rows of one call with the same values in the fields of `on`, because the database would choose one of them.
 */
#include "input/rows_position.h"

typedef struct keys {
  const rl_value *cells; /* row-major */
  size_t width;
  const uint32_t *columns; /* of the key */
  size_t count;
} keys;

/* Returns false if the key has a null, so it is like no other. */
static bool hash_key(const keys *k, size_t row, uint64_t *out) {
  *out = 0x9E3779B97F4A7C15u;
  for (size_t i = 0; i < k->count; i++) {
    const rl_value *v = &k->cells[row * k->width + k->columns[i]];
    if (v->kind == RILLE_NULL || v->kind == RILLE_LIST) return false;
    *out = rl_value_hash(v, *out);
  }
  return true;
}

static bool same_key(const keys *k, size_t a, size_t b) {
  for (size_t i = 0; i < k->count; i++)
    if (!rl_value_same(&k->cells[a * k->width + k->columns[i]], &k->cells[b * k->width + k->columns[i]])) return false;
  return true;
}

static bool find_twice(const keys *k, size_t rows, uint32_t *slots, size_t mask, size_t *first, size_t *second) {
  for (size_t row = 0; row < rows; row++) {
    uint64_t hash;
    if (!hash_key(k, row, &hash)) continue;
    size_t at = (size_t)hash & mask;
    while (slots[at] && !same_key(k, slots[at] - 1, row)) at = (at + 1) & mask;
    if (slots[at]) {
      *first = slots[at] - 1;
      *second = row;
      return true;
    }
    slots[at] = (uint32_t)row + 1;
  }
  return false;
}

static rille_status path_of_row(const rl_rows *rows, rl_inputs *in, size_t row, const char **out, rl_error *err) {
  rl_rows_position position;
  uint32_t shape, slot;
  rille_status status = rl_rows_position_init(&position, rows, in, err);
  if (status != RILLE_OK) return status;
  for (size_t i = 0; i <= row; i++) (void)rl_rows_position_next(&position, &shape, &slot);
  *out = rl_rows_position_path(&position, in->arena);
  return *out ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status refuse_twice(const rl_rows *rows, rl_inputs *in, size_t first, size_t second, rl_error *err) {
  const char *one, *other;
  rille_status status = path_of_row(rows, in, first, &one, err);
  if (status == RILLE_OK) status = path_of_row(rows, in, second, &other, err);
  if (status != RILLE_OK) return status;
  status = rl_fail(err, RL_VALIDATION, "%s: names the same row as %s", other, one);
  rl_error_detail(err, "path", rl_str_of(other));
  rl_error_detail(err, "model", rows->model->name);
  return status;
}

rille_status rl_rows_check_keys(const rl_rows *rows, rl_inputs *in, const rl_value *cells, size_t count,
                                rl_error *err) {
  size_t slots = 16, found = 0;
  while (slots < count * 2) slots *= 2;
  uint32_t *columns = RL_NEW_ARRAY(in->arena, uint32_t, rows->conflict_count + 1);
  uint32_t *table = RL_NEW_ARRAY(in->arena, uint32_t, slots);
  if (!columns || !table) return rl_fail_nomem(err);
  for (size_t i = 0; i < rows->conflict_count; i++)
    for (uint32_t c = 0; c < rows->column_count; c++)
      if (rows->columns[c].field == rows->conflict[i] && rows->columns[c].from == RL_FROM_ROW) columns[found++] = c;
  if (found == 0 || found < rows->conflict_count) return RILLE_OK;
  keys k = {cells, rows->column_count, columns, found};
  size_t first, second;
  return find_twice(&k, count, table, slots - 1, &first, &second) ? refuse_twice(rows, in, first, second, err)
                                                                  : RILLE_OK;
}
