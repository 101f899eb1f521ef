/* The rows of a bulk insert, one at a time. Rows of one run have the same keys, so which column a key means is worked
 * out once a run. */
#include "query/convert.h"
#include "query/peek.h"

struct rl_rows_walk {
  const rl_rows *rows;
  rl_inputs *in;
  rl_list_walk list;
  uint32_t list_shape, list_slot;
  bool is_list;
  bool single_left;
  size_t row;        /* from 1, of the row at hand */
  uint32_t run;      /* the run that `columns` is of */
  uint32_t *columns; /* of the k-th key of a row */
  size_t key_count;
  rl_input *inputs; /* one a column, for coercion */
  bool *present;
};

/* A single row as data; {} is an empty list. */
static bool is_single(const rl_rows_walk *w) {
  if (!rl_tape_is_table(w->in->tape, w->list_shape)) return false;
  uint32_t shape = w->list_shape, slot = w->list_slot, value_shape, value_slot;
  rl_str key;
  return rl_tape_member(w->in->tape, &shape, &slot, &key, &value_shape, &value_slot);
}

rille_status rl_rows_walk_new(const rl_rows *rows, rl_inputs *in, rl_rows_walk **out, rl_error *err) {
  rl_rows_walk *w = *out = RL_NEW(in->arena, rl_rows_walk);
  if (!w) return rl_fail_nomem(err);
  w->rows = rows;
  w->in = in;
  w->run = UINT32_MAX;
  w->inputs = RL_NEW_ARRAY(in->arena, rl_input, rows->column_count);
  w->present = RL_NEW_ARRAY(in->arena, bool, rows->column_count);
  w->columns = RL_NEW_ARRAY(in->arena, uint32_t, rows->model->column_count);
  if (!w->inputs || !w->present || !w->columns) return rl_fail_nomem(err);
  for (size_t i = 0; i < rows->column_count; i++) {
    const rl_field *f = rows->columns[i].field;
    w->inputs[i] =
        (rl_input){.kind = RL_INPUT_VALUE, .type = f->type, .field = f, .path = rows->path, .nullable = !f->required};
  }
  w->list_shape = rows->shape_at;
  w->list_slot = in->anchors[rows->place.anchor] + rows->place.offset;
  w->is_list = rl_tape_is_list(in->tape, w->list_shape);
  if (w->is_list) rl_list_walk_init(&w->list, in->tape, w->list_shape, w->list_slot);
  w->single_left = is_single(w);
  return RILLE_OK;
}

size_t rl_rows_walk_count(const rl_rows_walk *w) {
  if (!w->is_list) return is_single(w) ? 1 : 0;
  rl_list_walk walk;
  rl_list_walk_init(&walk, w->in->tape, w->list_shape, w->list_slot);
  size_t count = 0;
  for (uint32_t shape, slot; rl_list_walk_next(&walk, &shape, &slot);) count++;
  return count;
}

/* ------------------------------------------------------------------ one row */

static rille_status at_row(const rl_rows_walk *w, rl_str key, rl_input *input, rl_error *err) {
  char *path = w->rows->single ? rl_arena_printf(w->in->arena, "%.*s.%.*s", RL_STR_ARG(w->rows->path), RL_STR_ARG(key))
                               : rl_arena_printf(w->in->arena, "%.*s[%lu].%.*s", RL_STR_ARG(w->rows->path),
                                                 (unsigned long)w->row, RL_STR_ARG(key));
  if (!path) return rl_fail_nomem(err);
  input->path = rl_str_of(path);
  return RILLE_OK;
}

static rille_status unknown(const rl_rows_walk *w, rl_str key, rl_error *err) {
  rl_input input = {.kind = RL_INPUT_VALUE};
  rille_status status = at_row(w, key, &input, err);
  if (status < 0) return status;
  return rl_refuse_value(&input, RL_VALIDATION, err, "unknown field of %.*s", RL_STR_ARG(w->rows->model->name));
}

static rille_status learn_run(rl_rows_walk *w, uint32_t shape, uint32_t slot, rl_error *err) {
  rl_str key;
  uint32_t value_shape, value_slot;
  w->key_count = 0;
  memset(w->present, 0, w->rows->column_count * sizeof *w->present);
  while (rl_tape_member(w->in->tape, &shape, &slot, &key, &value_shape, &value_slot)) {
    uint32_t c = 0;
    while (c < w->rows->column_count && !rl_str_eq(w->rows->columns[c].field->name, key)) c++;
    if (c == w->rows->column_count || w->present[c]) return unknown(w, key, err);
    w->present[c] = true;
    w->columns[w->key_count++] = c;
  }
  return RILLE_OK;
}

static bool is_db_null(const rl_tape *t, uint32_t shape, uint32_t slot, const rl_input *input) {
  if (input->type.scalar != RL_JSON || input->type.list || rl_tape_is_table(t, shape) || rl_tape_is_list(t, shape))
    return false;
  rl_value v = rl_tape_scalar(t, shape, slot);
  if (v.kind != RILLE_NULL) return false;
  return v.as.i == RL_MARK_DB_NULL || (v.as.i == 0 && input->nullable);
}

/* Json null stays a value where the column is required; elsewhere a null is SQL's. */
static rille_status read_cell(rl_rows_walk *w, const rl_input *input, uint32_t shape, uint32_t slot, rl_value *out,
                              rl_error *err) {
  const rl_tape *t = w->in->tape;
  if (is_db_null(t, shape, slot, input)) {
    *out = (rl_value){.kind = RILLE_NULL};
    return RILLE_OK;
  }
  if (!input->type.list) return rl_coerce_at(input, t, shape, slot, w->in->arena, out, err);
  if (rl_tape_is_table(t, shape)) { /* { set = {...} }, as in create */
    rl_str key;
    uint32_t at = shape, s = slot, value_shape, value_slot;
    if (rl_tape_member(t, &at, &s, &key, &value_shape, &value_slot) && rl_str_is(key, "set"))
      return rl_coerce_list(input, t, value_shape, value_slot, w->in->arena, out, err);
  }
  return rl_coerce_list(input, t, shape, slot, w->in->arena, out, err);
}

static rille_status read_members(rl_rows_walk *w, uint32_t shape, uint32_t slot, rl_value *cells, bool *given,
                                 rl_error *err) {
  rl_str key;
  uint32_t value_shape, value_slot;
  for (size_t k = 0; rl_tape_member(w->in->tape, &shape, &slot, &key, &value_shape, &value_slot) && k < w->key_count;
       k++) {
    uint32_t c = w->columns[k];
    given[c] = true;
    rl_error own = {0};
    rille_status status = read_cell(w, &w->inputs[c], value_shape, value_slot, &cells[c], &own);
    rl_error_clear(&own);
    if (status == RILLE_NOMEM) return rl_fail_nomem(err);
    if (status >= 0) continue;
    rl_input input = w->inputs[c]; /* once more, for a message that names the row */
    status = at_row(w, key, &input, err);
    return status < 0 ? status : read_cell(w, &input, value_shape, value_slot, &cells[c], err);
  }
  return RILLE_OK;
}

static rille_status fill_missing(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err) {
  for (size_t c = 0; c < w->rows->column_count; c++) {
    if (w->present[c]) continue;
    const rl_rows_column *column = &w->rows->columns[c];
    given[c] = !column->by_database;
    cells[c] = (rl_value){.kind = RILLE_NULL};
    if (!column->missing) continue;
    const rl_input *m = column->missing;
    rille_status status = m->kind == RL_INPUT_GENERATED ? rl_generate(m->generator, m->generator_size, w->in->now_us,
                                                                      w->in->arena, &cells[c], err)
                                                        : rl_input_value(m, w->in, &cells[c], err);
    if (status < 0) return status;
  }
  return RILLE_OK;
}

static rille_status read_row(rl_rows_walk *w, uint32_t run, uint32_t shape, uint32_t slot, rl_value *cells, bool *given,
                             rl_error *err) {
  rille_status status = RILLE_OK;
  w->row++;
  if (!rl_tape_is_table(w->in->tape, shape))
    return rl_fail(err, RL_VALIDATION, "%.*s: row %lu is no table", RL_STR_ARG(w->rows->path), (unsigned long)w->row);
  if (w->run != run) status = learn_run(w, shape, slot, err);
  w->run = run;
  if (status >= 0) status = read_members(w, shape, slot, cells, given, err);
  if (status >= 0) status = fill_missing(w, cells, given, err);
  return status < 0 ? status : RILLE_ROW;
}

rille_status rl_rows_walk_next(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err) {
  if (!w->is_list) {
    if (!w->single_left) return RILLE_DONE;
    w->single_left = false;
    return read_row(w, 0, w->list_shape, w->list_slot, cells, given, err);
  }
  uint32_t shape, slot;
  if (!rl_list_walk_next(&w->list, &shape, &slot)) return RILLE_DONE;
  return read_row(w, w->list.run_index, shape, slot, cells, given, err);
}
