/* Reads the rows of a bulk write, one at a time. Rows of one run have the same keys, so the columns of the keys are
 * looked up once per run. */
#include "input/convert.h"
#include "input/rows_position.h"
#include "input/rules.h"

struct rl_rows_walk {
  const rl_rows *rows;
  rl_inputs *in;
  rl_rows_position position;
  size_t row;        /* number of the current row, from 1 */
  uint32_t run;      /* the shape of the rows to which `columns` belongs */
  uint32_t *columns; /* columns[k]: of the k-th key of a row */
  size_t key_count;
  rl_input *inputs; /* one per column, for coercion */
  bool *present;
  uint32_t *ruled; /* columns with rules */
  size_t ruled_count;
};

rille_status rl_rows_walk_new(const rl_rows *rows, rl_inputs *in, rl_rows_walk **out, rl_error *err) {
  rl_rows_walk *w = *out = RL_NEW(in->arena, rl_rows_walk);
  if (!w) return rl_fail_nomem(err);
  w->rows = rows;
  w->in = in;
  w->run = UINT32_MAX;
  w->inputs = RL_NEW_ARRAY(in->arena, rl_input, rows->column_count);
  w->present = RL_NEW_ARRAY(in->arena, bool, rows->column_count);
  w->columns = RL_NEW_ARRAY(in->arena, uint32_t, rows->model->field_count);
  w->ruled = rows->model->has_rules ? RL_NEW_ARRAY(in->arena, uint32_t, rows->column_count) : NULL;
  if (!w->inputs || !w->present || !w->columns || (rows->model->has_rules && !w->ruled)) return rl_fail_nomem(err);
  for (size_t i = 0; i < rows->column_count; i++) {
    const rl_field *f = rows->columns[i].field;
    w->inputs[i] =
        (rl_input){.kind = RL_INPUT_VALUE, .type = f->type, .field = f, .path = rows->path, .nullable = !f->required};
    if (rows->columns[i].ruled) w->ruled[w->ruled_count++] = (uint32_t)i;
  }
  return rl_rows_position_init(&w->position, rows, in, err);
}

size_t rl_rows_walk_count(const rl_rows_walk *w) {
  rl_rows_position position;
  rl_error ignored = {0};
  uint32_t shape, slot;
  size_t count = 0;
  if (rl_rows_position_init(&position, w->rows, w->in, &ignored) == RILLE_OK)
    while (rl_rows_position_next(&position, &shape, &slot)) count++;
  rl_error_clear(&ignored);
  return count;
}

/* ------------------------------------------------------------------ one row */

static rille_status set_path_in_row(const rl_rows_walk *w, rl_str key, rl_input *input, rl_error *err) {
  const char *row = rl_rows_position_path(&w->position, w->in->arena);
  char *path = row ? rl_arena_printf(w->in->arena, "%s.%.*s", row, RL_STR_ARG(key)) : NULL;
  if (!path) return rl_fail_nomem(err);
  input->path = rl_str_of(path);
  return RILLE_OK;
}

static rille_status refuse_unknown_key(const rl_rows_walk *w, rl_str key, rl_error *err) {
  rl_input input = {.kind = RL_INPUT_VALUE};
  rille_status status = set_path_in_row(w, key, &input, err);
  if (status < 0) return status;
  return rl_refuse_value(&input, RL_VALIDATION, err, "unknown field of %.*s", RL_STR_ARG(w->rows->model->name));
}

#define NO_COLUMN UINT32_MAX

static uint32_t column_of(const rl_rows *rows, rl_str key) {
  for (uint32_t c = 0; c < rows->column_count; c++)
    if (rows->columns[c].from == RL_FROM_ROW && rl_str_eq(rows->columns[c].field->name, key)) return c;
  return NO_COLUMN;
}

/* Returns whether the key is a relation, whose rows are walked separately. */
static bool is_child(const rl_rows *rows, rl_str key) {
  for (size_t i = 0; i < rows->child_count; i++)
    if (rl_str_eq(rows->children[i]->via->name, key)) return true;
  return false;
}

static rille_status learn_run(rl_rows_walk *w, uint32_t shape, uint32_t slot, rl_error *err) {
  rl_str key;
  uint32_t value_shape, value_slot;
  w->key_count = 0;
  memset(w->present, 0, w->rows->column_count * sizeof *w->present);
  while (rl_tape_member(w->in->tape, &shape, &slot, &key, &value_shape, &value_slot)) {
    uint32_t c = column_of(w->rows, key);
    bool skipped = c == NO_COLUMN && (w->rows->loose || is_child(w->rows, key));
    if (!skipped && (c == NO_COLUMN || w->present[c])) return refuse_unknown_key(w, key, err);
    if (!skipped) w->present[c] = true;
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

/* JSON null is a value if the column is required; every other null is SQL NULL. */
rille_status rl_read_cell(const rl_tape *t, const rl_input *input, uint32_t shape, uint32_t slot, rl_arena *arena,
                          rl_value *out, rl_error *err) {
  if (is_db_null(t, shape, slot, input)) {
    *out = (rl_value){.kind = RILLE_NULL};
    return RILLE_OK;
  }
  if (!input->type.list) return rl_coerce_at(input, t, shape, slot, arena, out, err);
  if (rl_tape_is_table(t, shape)) { /* { set = {...} }, as in create */
    rl_str key;
    uint32_t at = shape, s = slot, value_shape, value_slot;
    if (rl_tape_member(t, &at, &s, &key, &value_shape, &value_slot) && rl_str_is(key, "set"))
      return rl_coerce_list(input, t, value_shape, value_slot, arena, out, err);
  }
  return rl_coerce_list(input, t, shape, slot, arena, out, err);
}

static rille_status read_members(rl_rows_walk *w, uint32_t shape, uint32_t slot, rl_value *cells, bool *given,
                                 rl_error *err) {
  rl_str key;
  uint32_t value_shape, value_slot;
  const rl_tape *t = w->in->tape;
  for (size_t k = 0; rl_tape_member(t, &shape, &slot, &key, &value_shape, &value_slot) && k < w->key_count; k++) {
    uint32_t c = w->columns[k];
    if (c == NO_COLUMN) continue;
    given[c] = true;
    rl_error own = {0};
    rille_status status = rl_read_cell(t, &w->inputs[c], value_shape, value_slot, w->in->arena, &cells[c], &own);
    rl_error_clear(&own);
    if (status == RILLE_NOMEM) return rl_fail_nomem(err);
    if (status >= 0) continue;
    rl_input input = w->inputs[c]; /* again, for a message with the row's path */
    status = set_path_in_row(w, key, &input, err);
    return status < 0 ? status : rl_read_cell(t, &input, value_shape, value_slot, w->in->arena, &cells[c], err);
  }
  return RILLE_OK;
}

/* Changes and checks what the row gives to fields with rules. */
static rille_status apply_rules(const rl_rows_walk *w, rl_value *cells, rl_error *err) {
  for (size_t i = 0; i < w->ruled_count; i++) {
    uint32_t c = w->ruled[i];
    if (!w->present[c] || cells[c].kind == RILLE_NULL) continue;
    uint32_t at = 0;
    rl_rule_fault fault;
    rille_status status = rl_rules_transform(w->inputs[c].field->rules, w->in->arena, &cells[c], err);
    if (status < 0) return status;
    if (!rl_rules_check(w->inputs[c].field, &cells[c], false, &at, &fault)) continue;
    rl_input input = w->inputs[c];
    status = set_path_in_row(w, input.field->name, &input, err);
    return status < 0 ? status : rl_rules_apply(&input, false, w->in->arena, &cells[c], err);
  }
  return RILLE_OK;
}

/* Reads a cell of the row's parent, or of the row that an earlier step wrote. */
static rille_status read_kept_cell(rl_rows_walk *w, const rl_rows_column *column, rl_value *out, rl_error *err) {
  const rl_rowset *set = &w->in->rowsets[column->missing->rowset];
  size_t row = column->from == RL_FROM_PARENT ? w->position.parent - 1 : w->row - 1;
  if (row >= set->rows)
    return rl_fail(err, RL_INTERNAL, "%.*s: the database returned fewer rows than were written",
                   RL_STR_ARG(w->rows->path));
  *out = set->cells[row * set->columns + column->missing->column];
  return RILLE_OK;
}

static rille_status fill_missing(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err) {
  for (size_t c = 0; c < w->rows->column_count; c++) {
    if (w->present[c]) continue;
    const rl_rows_column *column = &w->rows->columns[c];
    given[c] = !column->by_database;
    cells[c] = (rl_value){.kind = RILLE_NULL};
    if (!column->missing) continue;
    if (column->from != RL_FROM_ROW) {
      rille_status kept = read_kept_cell(w, column, &cells[c], err);
      if (kept < 0) return kept;
      continue;
    }
    const rl_input *m = column->missing;
    rille_status status = m->kind == RL_INPUT_GENERATED ? rl_generate(m->generator, m->generator_size, w->in->now_us,
                                                                      w->in->arena, &cells[c], err)
                                                        : rl_input_value(m, w->in, &cells[c], err);
    if (status < 0) return status;
  }
  return RILLE_OK;
}

static rille_status refuse_non_row(const rl_rows_walk *w, rl_error *err) {
  const char *path = rl_rows_position_path(&w->position, w->in->arena);
  return path ? rl_fail(err, RL_VALIDATION, "%s: expected a row, got another value", path) : rl_fail_nomem(err);
}

/* What the next row itself gives. */
static rille_status read_row(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err) {
  uint32_t shape, slot;
  if (!rl_rows_position_next(&w->position, &shape, &slot)) return RILLE_DONE;
  rille_status status = RILLE_OK;
  w->row++;
  if (!rl_tape_is_table(w->in->tape, shape)) return refuse_non_row(w, err);
  if (w->run != shape) status = learn_run(w, shape, slot, err);
  w->run = shape;
  if (status >= 0) status = read_members(w, shape, slot, cells, given, err);
  if (status >= 0 && w->ruled_count) status = apply_rules(w, cells, err);
  return status < 0 ? status : RILLE_ROW;
}

rille_status rl_rows_walk_next(rl_rows_walk *w, rl_value *cells, bool *given, rl_error *err) {
  rille_status status = read_row(w, cells, given, err);
  if (status != RILLE_ROW) return status;
  status = fill_missing(w, cells, given, err);
  return status < 0 ? status : RILLE_ROW;
}

rille_status rl_rows_check_rules(const rl_rows *rows, rl_inputs *in, rl_error *err) {
  rl_rows_walk *w;
  rille_status status = rl_rows_walk_new(rows, in, &w, err);
  rl_value *cells = RL_NEW_ARRAY(in->arena, rl_value, rows->column_count);
  bool *given = RL_NEW_ARRAY(in->arena, bool, rows->column_count);
  if (status == RILLE_OK && (!cells || !given)) return rl_fail_nomem(err);
  while (status >= 0 && status != RILLE_DONE) status = read_row(w, cells, given, err);
  return status < 0 ? status : RILLE_OK;
}
