/* Inserts and updates of many rows. A statement has one array per column and a bounded size, or a fixed number of rows.
 */
#include "run/bulk.h"

#include "run/raise.h"

/* The most bytes of rows in one statement. PostgreSQL accepts messages of less than 1 GB, and both sides hold a whole
 * message in memory. Larger statements are hardly faster. */
#define STATEMENT_BYTES ((size_t)16 << 20)

/* The statement for rows that have values in the same columns. A column that the database fills itself is left out. */
typedef struct bulk_variant {
  bool *has_value;
  rl_step_sql sql;
  rl_stmt main, one;
  struct bulk_variant *next;
} bulk_variant;

struct rl_bulk {
  uint32_t step;
  const rl_rows *rows;
  size_t columns, total;
  rl_value *cells; /* row-major */
  bool *has_value; /* row-major; NULL: every cell has a value */
  bool large;      /* the rows do not fit into one statement */
  bool several;    /* with arrays: more than one statement, for its size or because rows differ in their columns */
  size_t at;       /* rows sent so far */
  int64_t done;    /* rows that the statements found or created */
  bulk_variant *variants;
};

/* Returns how many rows from `from` on take at most `most` bytes on the wire, at least one. The bytes are an estimate.
 */
static size_t bulk_rows_within(const rl_bulk *b, size_t from, size_t to, size_t most) {
  size_t bytes = 0, row = from;
  for (; row < to && bytes <= most; row++) {
    const rl_value *cells = b->cells + row * b->columns;
    for (size_t c = 0; c < b->columns; c++) bytes += rl_value_bytes(&cells[c]);
  }
  return bytes > most && row - from > 1 ? row - from - 1 : row - from;
}

static const bool *bulk_row_has_value(const rl_bulk *b, size_t row) {
  return b->has_value ? b->has_value + row * b->columns : NULL;
}

/* Counts the rows from `at` on that have the same columns and fit into one statement. */
static size_t bulk_count_next_rows(const rl_bulk *b) {
  size_t n = b->has_value ? 1 : b->total - b->at;
  while (b->has_value && b->at + n < b->total &&
         memcmp(bulk_row_has_value(b, b->at), bulk_row_has_value(b, b->at + n), b->columns * sizeof(bool)) == 0)
    n++;
  return b->large ? bulk_rows_within(b, b->at, b->at + n, STATEMENT_BYTES) : n;
}

static rille_status bulk_read_rows(rl_call *call, rl_bulk *b, rl_error *err) {
  rl_rows_walk *walk = NULL;
  rille_status st = rl_rows_walk_new(b->rows, &call->inputs, &walk, err);
  if (st != RILLE_OK) return st;
  b->columns = b->rows->column_count;
  size_t count = rl_rows_walk_count(walk);
  b->cells = RL_NEW_ARRAY(call->arena, rl_value, count * b->columns + 1);
  bool *has_value = RL_NEW_ARRAY(call->arena, bool, count * b->columns + 1);
  if (!b->cells || !has_value) return rl_fail_nomem(err);
  bool all = true;
  while (b->total < count && (st = rl_rows_walk_next(walk, b->cells + b->total * b->columns,
                                                     has_value + b->total * b->columns, err)) == RILLE_ROW) {
    for (size_t i = 0; i < b->columns; i++) all = all && has_value[b->total * b->columns + i];
    b->total++;
  }
  b->has_value = all ? NULL : has_value;
  b->large = bulk_rows_within(b, 0, b->total, STATEMENT_BYTES) < b->total;
  b->several = b->total && bulk_count_next_rows(b) < b->total;
  if (st >= 0 && b->rows->conflict_count) return rl_rows_check_keys(b->rows, &call->inputs, b->cells, b->total, err);
  return st < 0 ? st : RILLE_OK;
}

static bool all_have_values(const bool *has_value, size_t n) {
  for (size_t i = 0; has_value && i < n; i++)
    if (!has_value[i]) return false;
  return true;
}

static rille_status bulk_find_variant(rl_call *call, rl_bulk *b, const bool *has_value, bulk_variant **out,
                                      rl_error *err) {
  for (bulk_variant *v = b->variants; v; v = v->next)
    if (memcmp(v->has_value, has_value, b->columns * sizeof(bool)) == 0) {
      *out = v;
      return RILLE_OK;
    }
  bulk_variant *v = RL_NEW(call->arena, bulk_variant);
  if (v) v->has_value = RL_NEW_ARRAY(call->arena, bool, b->columns + 1);
  if (!v || !v->has_value) return rl_fail_nomem(err);
  memcpy(v->has_value, has_value, b->columns * sizeof(bool));
  rille_status st = rl_sql_render_bulk(call->context->dialect, call->context->schema,
                                       &call->compiled->plan->steps[b->step], has_value, call->arena, &v->sql, err);
  if (st != RILLE_OK) return st;
  rl_run_describe_stmt(&v->sql.main, &v->main);
  rl_run_describe_stmt(&v->sql.one, &v->one);
  v->main.id = v->one.id = 0; /* used in this operation only: not worth preparing */
  v->next = b->variants;
  b->variants = v;
  *out = v;
  return RILLE_OK;
}

static rille_status bulk_fixed_params(rl_call *call, const rl_template *t, uint32_t fixed, rl_value *params,
                                      rl_error *err) {
  for (uint32_t i = t->param_count - fixed; i < t->param_count; i++) {
    rille_status st = rl_input_value(t->inputs[i], &call->inputs, &params[i], err);
    if (st != RILLE_OK) return st;
  }
  return RILLE_OK;
}

static rille_status bulk_array_params(rl_call *call, rl_bulk *b, const bool *has_value, size_t rows, rl_value *params,
                                      rl_error *err) {
  uint32_t p = 0;
  for (size_t c = 0; c < b->columns; c++) {
    if (has_value && !has_value[c]) continue;
    rl_value *list = rl_arena_alloc(call->arena, (rows + 1) * sizeof *list);
    if (!list) return rl_fail_nomem(err);
    for (size_t r = 0; r < rows; r++) list[r] = b->cells[(b->at + r) * b->columns + c];
    params[p].kind = RILLE_LIST;
    params[p].len = (uint32_t)rows;
    params[p].as.list = list;
    p++;
  }
  return RILLE_OK;
}

static void bulk_value_params(const rl_bulk *b, const bool *has_value, size_t rows, rl_value *params) {
  uint32_t p = 0;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < b->columns; c++)
      if (!has_value || has_value[c]) params[p++] = b->cells[(b->at + r) * b->columns + c];
}

static rille_status bulk_send_next(rl_call *call, rl_exchange *io, rl_bulk *b, rl_error *err) {
  const rl_step_sql *sql = &call->compiled->program->steps[b->step];
  const rl_stmt *main = &call->compiled->steps[b->step].main, *one = &call->compiled->steps[b->step].one;
  const bool *has_value = bulk_row_has_value(b, b->at);
  size_t rows = bulk_count_next_rows(b);
  rille_status st = RILLE_OK;
  if (!all_have_values(has_value, b->columns)) {
    bulk_variant *v = NULL;
    st = bulk_find_variant(call, b, has_value, &v, err);
    if (st != RILLE_OK) return st;
    sql = &v->sql;
    main = &v->main;
    one = &v->one;
  } else {
    has_value = NULL;
  }
  bool values = sql->bulk == RL_BULK_VALUES;
  bool single = values && rows < sql->rows_per;
  const rl_template *t = single ? &sql->one : &sql->main;
  if (values) rows = single ? 1 : sql->rows_per;
  rl_value *params = b->cells + b->at * b->columns;
  if (!values || has_value || sql->fixed_params) {
    params = RL_NEW_ARRAY(call->arena, rl_value, t->param_count + 1);
    if (!params) return rl_fail_nomem(err);
    if (values)
      bulk_value_params(b, has_value, rows, params);
    else
      st = bulk_array_params(call, b, has_value, rows, params, err);
    if (st == RILLE_OK) st = bulk_fixed_params(call, t, sql->fixed_params, params, err);
    if (st != RILLE_OK) return st;
  }
  b->at += rows;
  io->statements++;
  uint32_t index =
      (uint32_t)(b->at > rows ? io->sent_count - 1 : io->sent_count); /* later statements have the place of the first */
  rl_dispatch d = {.call = call, .stmt = single ? one : main, .params = params, .index = index};
  return rl_exchange_send(io, &d, err);
}

rille_status rl_bulk_read(rl_call *call, uint32_t step, rl_bulk **out, rl_error *err) {
  rl_bulk *b = RL_NEW(call->arena, rl_bulk);
  if (!b) return rl_fail_nomem(err);
  b->step = step;
  b->rows = rl_step_rows(&call->compiled->plan->steps[step]);
  *out = b;
  return bulk_read_rows(call, b, err);
}

rille_status rl_bulk_start(rl_call *call, rl_exchange *io, uint32_t step, rl_error *err) {
  rl_bulk *b = call->bulks ? call->bulks[step] : NULL;
  if (!b) {
    rille_status st = rl_bulk_read(call, step, &b, err);
    if (st != RILLE_OK) return st;
  }
  if (b->total == 0) return RILLE_DONE;
  call->bulk = b;
  return bulk_send_next(call, io, b, err);
}

bool rl_bulk_is_several(const rl_call *call, uint32_t step) {
  return call->bulks && call->bulks[step] && call->bulks[step]->several;
}

void rl_bulk_rewind(rl_call *call) {
  call->bulk = NULL;
  for (size_t i = 0; call->bulks && i < call->compiled->plan->step_count; i++)
    if (call->bulks[i]) {
      call->bulks[i]->at = 0;
      call->bulks[i]->done = 0;
    }
}

rille_status rl_bulk_more(rl_call *call, rl_exchange *io, rl_error *err) {
  rl_bulk *b = call->bulk;
  if (b->at >= b->total) {
    call->bulk = NULL;
    return RILLE_DONE;
  }
  rille_status st = bulk_send_next(call, io, b, err);
  return st == RILLE_OK ? io->driver->flush(io->conn, err) : st;
}

rille_status rl_bulk_check(rl_call *call, uint32_t index, int64_t affected, rl_error *err) {
  rl_bulk *b = call->bulk;
  if (!b) return RILLE_OK; /* no rows */
  b->done += affected;
  if (b->at < b->total || b->done >= (int64_t)b->total) return RILLE_OK;
  return rl_raise_error(call->compiled->plan->steps[index].if_fewer, call->compiled->model, err);
}
