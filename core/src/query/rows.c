/* The rows of a bulk insert. Their columns are bound here, and their cells are read when the call runs. The keys of the
 * rows are part of the shape, so it is enough to check one row of each run. */
#include "query/rows.h"

rille_status rl_bad_row(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key, rl_code code, const rl_field *f,
                        const char *text) {
  const char *dot = key.len ? "." : "";
  char *whole = w->listed ? rl_arena_printf(b->arena, "%.*s[%lu]%s%.*s", RL_STR_ARG(w->path), (unsigned long)row + 1,
                                            dot, RL_STR_ARG(key))
                          : rl_arena_printf(b->arena, "%.*s%s%.*s", RL_STR_ARG(w->path), dot, RL_STR_ARG(key));
  if (!whole) return rl_nomem(b);
  rille_status status = rl_fail(b->err, code, "%s: %s", whole, text);
  rl_error_detail(b->err, "path", rl_str_of(whole));
  rl_error_detail(b->err, "model", w->model->name);
  if (f) rl_error_detail(b->err, "field", f->name);
  return status;
}

rille_status rl_bad_decoded_row(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key, const rl_field *f,
                                rl_decoded from) {
  char *text = rl_arena_printf(b->arena, "%s is not data; use input(), or rille.trust()", rl_decoded_text(from));
  return text ? rl_bad_row(b, w, row, key, RL_VALIDATION, f, text) : rl_nomem(b);
}

static rille_status refuse_key(rl_binder *b, const rl_row_binding *w, size_t row, rl_str key) {
  const rl_field *known = rl_find_field(w->model, key);
  if (known && known->is_relation)
    return rl_bad_row(b, w, row, key, RL_VALIDATION, known,
                      "this relation cannot be written in bulk; write the foreign key, or use `create`");
  if (known)
    return rl_bad_row(b, w, row, key, RL_VALIDATION, known,
                      "cannot be given; the relation through which the row is written sets it");
  rl_choices names = {.arena = b->arena};
  rl_choices_fields(&names, w->model, true, false);
  rl_str near = rl_by_meaning(key, &names);
  if (!near.len) near = rl_str_nearest(key, names.items, names.count);
  char *text = near.len ? rl_arena_printf(b->arena, "unknown field of %.*s; did you mean `%.*s`?",
                                          RL_STR_ARG(w->model->name), RL_STR_ARG(near))
                        : rl_arena_printf(b->arena, "unknown field of %.*s", RL_STR_ARG(w->model->name));
  return text ? rl_bad_row(b, w, row, key, RL_VALIDATION, NULL, text) : rl_nomem(b);
}

/* Checks nulls and marks, which are part of the shape. */
static rille_status check_cell(rl_binder *b, const rl_row_binding *w, size_t row, const rl_field *f, uint32_t shape,
                               uint32_t slot) {
  const rl_tape *t = b->tree->tape;
  rl_value v = rl_tape_scalar(t, shape, slot);
  if (v.kind != RILLE_NULL || rl_tape_is_table(t, shape) || rl_tape_is_list(t, shape)) return RILLE_OK;
  bool json = f->type.scalar == RL_JSON;
  int64_t mark = v.as.i;
  if (mark == 0 && f->required && !(json && !f->list)) {
    rille_status status =
        rl_bad_row(b, w, row, f->name, RL_VALIDATION, f, "cannot be `rille.null`; the field is required");
    b->err->absent = true;
    return status;
  }
  if (mark == 0 && f->list)
    return rl_bad_row(b, w, row, f->name, RL_VALIDATION, f, "cannot be `rille.null`; an empty list is `{}`");
  if (mark == RL_MARK_EMPTY_ARRAY || mark == RL_MARK_EMPTY_OBJECT || mark == 0) return RILLE_OK;
  if (json && mark == RL_MARK_JSON_NULL) return RILLE_OK;
  if (json && mark == RL_MARK_DB_NULL && !f->required) return RILLE_OK;
  if (json && mark == RL_MARK_ANY_NULL)
    return rl_bad_row(b, w, row, f->name, RL_VALIDATION, f,
                      "`rille.any_null` can be used only in filters; write `rille.db_null` or `rille.json_null`");
  return rl_bad_row(b, w, row, f->name, RL_VALIDATION, f, "cannot be a field reference or a special null");
}

static rille_status check_missing(rl_binder *b, const rl_row_binding *w, size_t row) {
  for (size_t i = 0; i < w->model->column_count; i++) {
    const rl_field *f = w->model->columns[i];
    bool optional =
        f->ignored || !f->required || f->list || f->updated_at || f->generated_by_db || f->def.kind != RL_DEFAULT_NONE;
    if (optional || w->row[i] || rl_is_parent_key(f, w->parent) || rl_scope_value(b, f)) continue;
    RL_NOTE(rl_bad_row(b, w, row, f->name, RL_P2012, f, "missing; the field is required and has no default"));
  }
  return RILLE_OK;
}

/* A cell of a Json field may be a decoded table; a row and every other cell may not. */
static rille_status refuse_decoded_cell(rl_binder *b, const rl_row_binding *w, size_t row, const rl_field *f,
                                        uint32_t shape) {
  bool table = rl_tape_is_table(b->tree->tape, shape) || rl_tape_is_list(b->tree->tape, shape);
  if (!table || f->type.scalar == RL_JSON || !rl_tape_has_decoded(b->tree->tape, shape)) return RILLE_OK;
  return rl_bad_decoded_row(b, w, row, f->name, f, rl_tape_has_decoded(b->tree->tape, shape));
}

static rille_status check_row(rl_binder *b, rl_row_binding *w, size_t row, uint32_t shape, uint32_t slot) {
  const rl_tape *t = b->tree->tape;
  if (rl_tape_decoded(t, shape)) return rl_bad_decoded_row(b, w, row, RL_STR(""), NULL, rl_tape_decoded(t, shape));
  memset(w->row, 0, w->model->column_count * sizeof *w->row);
  w->kinds++;
  rl_str key;
  uint32_t value_shape, value_slot;
  while (rl_tape_member(t, &shape, &slot, &key, &value_shape, &value_slot)) {
    const rl_field *f = rl_find_field(w->model, key);
    if (f && f->is_relation && w->nests && !f->holds_key && !rl_is_parent_key(f, w->parent)) {
      RL_NOTE(rl_check_row_children(b, w, row, f, value_shape, value_slot));
      continue;
    }
    if (!f || f->is_relation || rl_is_parent_key(f, w->parent)) {
      RL_NOTE(refuse_key(b, w, row, key));
      continue;
    }
    RL_NOTE(check_cell(b, w, row, f, value_shape, value_slot));
    RL_TRY(refuse_decoded_cell(b, w, row, f, value_shape));
    w->row[f->column_index] = w->given[f->column_index] = true;
    if (w->times) w->times[f->column_index]++;
  }
  if (w->connects) return rl_check_row_connect(b, w, row);
  for (size_t i = 0; i < w->key_count; i++)
    if (!w->row[w->key[i]->column_index])
      return rl_bad_row(b, w, row, w->key[i]->name, RL_P2013, w->key[i],
                        "missing; `on` names it, so every row must have it");
  return w->defaults ? check_missing(b, w, row) : RILLE_OK;
}

static const char *kind_text_at(const rl_tape *t, uint32_t shape, uint32_t slot) {
  rl_value v = rl_tape_scalar(t, shape, slot);
  return rl_value_kind_text(&v);
}

static rille_status refuse_rows(rl_binder *b, const rl_row_binding *w, const char *text) {
  rille_status status = rl_fail(b->err, RL_VALIDATION, "%.*s%s", RL_STR_ARG(w->path), text);
  rl_error_detail(b->err, "path", w->path);
  rl_error_detail(b->err, "model", w->model->name);
  return status;
}

rille_status rl_check_rows(rl_binder *b, rl_row_binding *w, uint32_t shape, uint32_t slot) {
  const rl_tape *t = b->tree->tape;
  if (rl_tape_is_table(t, shape)) {
    rl_str key;
    uint32_t at = shape, s = slot, value_shape, value_slot;
    bool empty = !rl_tape_member(t, &at, &s, &key, &value_shape, &value_slot);
    return empty ? RILLE_OK : check_row(b, w, 0, shape, slot);
  }
  if (!rl_tape_is_list(t, shape)) {
    rl_value v = rl_tape_scalar(t, shape, slot);
    if (v.kind == RILLE_NULL && (v.as.i == RL_MARK_EMPTY_ARRAY || v.as.i == RL_MARK_EMPTY_OBJECT)) return RILLE_OK;
    char *text = rl_arena_printf(b->arena, ": expected a list of rows, got %s", rl_value_kind_text(&v));
    return text ? refuse_rows(b, w, text) : rl_nomem(b);
  }
  rl_list_walk walk;
  rl_list_walk_init(&walk, t, shape, slot);
  uint32_t row_shape, row_slot, run = UINT32_MAX;
  for (size_t row = 0; rl_list_walk_next(&walk, &row_shape, &row_slot); row++) {
    if (walk.run_index == run) continue;
    run = walk.run_index;
    if (!rl_tape_is_table(t, row_shape)) {
      char *text = rl_arena_printf(b->arena, "[%lu]: expected a row, got %s", (unsigned long)row + 1,
                                   rl_tape_is_list(t, row_shape) ? "a list" : kind_text_at(t, row_shape, row_slot));
      return text ? refuse_rows(b, w, text) : rl_nomem(b);
    }
    RL_TRY(check_row(b, w, row, row_shape, row_slot));
  }
  return RILLE_OK;
}

static rille_status check_rows_arg(rl_binder *b, rl_row_binding *w, rl_arg *n) {
  w->path = rl_arg_path(b->arena, n);
  if (!w->path.p) return rl_nomem(b);
  w->listed = n->kind == RL_ARG_LIST;
  if (n->kind != RL_ARG_OBJECT && n->kind != RL_ARG_LIST)
    return rl_bad(b, n, NULL, "expected a list of rows, got %s", rl_kind_text(n));
  return n->expanded ? RILLE_OK : rl_check_rows(b, w, n->shape_at, n->slot);
}

/* ------------------------------------------------------------------ columns */

static rille_status add_column(rl_binder *b, const rl_row_binding *w, const rl_field *f, rl_str path, rl_rows *rows) {
  rl_rows_column c = {.field = f, .only_missing = !w->given[f->column_index]};
  const rl_filter *scope = w->defaults ? rl_scope_value(b, f) : NULL;
  if (scope)
    c.missing = scope->input;
  else if (w->defaults && f->updated_at)
    RL_TRY(rl_input_now(b, f, path, &c.missing));
  else if (w->defaults && !f->ignored)
    RL_TRY(rl_input_default(b, f, path, &c.missing));
  else if (!w->defaults && !w->connects && f->updated_at)
    RL_TRY(rl_input_now(b, f, path, &c.missing));
  if (!c.missing && !scope && !w->given[f->column_index]) return RILLE_OK;
  bool always = w->times && w->times[f->column_index] == w->kinds;
  c.by_database = !c.missing && !scope && f->generated_by_db && !always;
  c.ruled = f->rules && !w->connects;
  rows->columns[rows->column_count++] = c;
  return RILLE_OK;
}

/* The keys of new rows that refer to rows of other models: what rows give, and defaults, but not what the scope gives.
 */
static rille_status keep_keys(rl_binder *b, const rl_row_binding *w, rl_rows *rows) {
  if (!b->tree->suffix_count || !w->defaults) return RILLE_OK;
  bool *given = RL_NEW_ARRAY(b->arena, bool, w->model->column_count);
  if (!given) return rl_nomem(b);
  for (size_t i = 0; i < w->model->column_count; i++) {
    const rl_field *f = w->model->columns[i];
    bool own = w->given[i] || (f->def.kind != RL_DEFAULT_NONE && !rl_scope_value(b, f));
    given[i] = own && !rl_is_parent_key(f, w->parent);
  }
  const rl_field *through = w->parent ? w->parent->opposite : NULL;
  return rl_scope_keys(b, w->model, given, through, &rows->keys, &rows->key_count);
}

rille_status rl_bind_row_columns(rl_binder *b, const rl_row_binding *w, rl_rows *rows) {
  rows->columns = RL_NEW_ARRAY(b->arena, rl_rows_column, w->model->column_count);
  if (!rows->columns) return rl_nomem(b);
  for (size_t i = 0; i < w->model->column_count; i++)
    if (!rl_is_parent_key(w->model->columns[i], w->parent))
      RL_TRY(add_column(b, w, w->model->columns[i], rows->path, rows));
  return keep_keys(b, w, rows);
}

static rille_status chain_rows(rl_binder *b, rl_rows *rows) {
  rl_sealed_rows *sealed = RL_NEW(b->arena, rl_sealed_rows);
  if (!sealed) return rl_nomem(b);
  *sealed = (rl_sealed_rows){rows, b->rows};
  b->rows = sealed;
  return RILLE_OK;
}

rille_status rl_bind_rows(rl_binder *b, const rl_model *model, rl_arg *arg, const rl_field *parent, bool defaults,
                          rl_rows **out) {
  rl_rows *rows = *out = RL_NEW(b->arena, rl_rows);
  rl_row_binding w = {.model = model, .parent = parent, .defaults = defaults};
  w.nests = defaults && !parent && b->query->action != RL_ACTION_UPSERT_MANY;
  w.given = RL_NEW_ARRAY(b->arena, bool, model->column_count);
  w.row = RL_NEW_ARRAY(b->arena, bool, model->column_count);
  w.times = RL_NEW_ARRAY(b->arena, size_t, model->column_count);
  if (!rows || !w.given || !w.row || !w.times) return rl_nomem(b);
  rl_filter *scope;
  RL_TRY(rl_scope_of(b, model, &scope));
  rl_plain(arg);
  arg->is_data = true; /* decoded tables in it are refused row by row */
  rows->model = model;
  rows->arg = arg;
  rows->single = arg->kind == RL_ARG_OBJECT; /* an empty one is an empty list */
  rows->path = rl_arg_path(b->arena, arg);
  if (!rows->path.p) return rl_nomem(b);
  RL_TRY(chain_rows(b, rows));
  RL_TRY(check_rows_arg(b, &w, arg));
  RL_TRY(rl_bind_row_columns(b, &w, rows));
  return rl_bind_children(b, &w, rows);
}

/* ------------------------------------------------------------------ upsert_many: on and update */

static bool has_field(const rl_field *const *fields, size_t count, const rl_field *f) {
  for (size_t i = 0; i < count; i++)
    if (fields[i] == f) return true;
  return false;
}

static bool has_column(const rl_rows *rows, const rl_field *f) {
  for (size_t i = 0; i < rows->column_count; i++)
    if (rows->columns[i].field == f) return true;
  return false;
}

static rille_status bind_on(rl_binder *b, rl_arg *args, rl_rows *rows, bool unique) {
  rl_arg *on = rl_get(args, "on");
  if (!on)
    return rl_bad_child(b, RL_P2013, args, "on", NULL,
                        "missing; it names the fields of the unique key by which rows are found");
  RL_TRY(rl_expect_fields(b, on, rows->model, &rows->conflict, &rows->conflict_count));
  bool known = rl_model_unique_of(rows->model, rows->conflict, rows->conflict_count) != NULL;
  if (rows->conflict_count == 0 || (unique && !known))
    return rl_bad(b, on, NULL, "the fields are not a unique key of %.*s", RL_STR_ARG(rows->model->name));
  for (size_t i = 0; rows->arg->count && i < rows->conflict_count; i++)
    if (!has_column(rows, rows->conflict[i]))
      return rl_bad(b, on, rows->conflict[i], "no row has the field `%.*s`", RL_STR_ARG(rows->conflict[i]->name));
  return RILLE_OK;
}

/* Without `update`: updates every field that rows have. Fields that only a default fills are not updated, because
 * defaults are for new rows. */
static rille_status update_given_fields(rl_binder *b, rl_rows *rows, const bool *given) {
  rows->update = RL_NEW_ARRAY(b->arena, const rl_field *, rows->column_count);
  if (!rows->update) return rl_nomem(b);
  for (size_t i = 0; i < rows->column_count; i++) {
    const rl_field *f = rows->columns[i].field;
    bool wanted = given[f->column_index] || f->updated_at;
    if (wanted && !has_field(rows->conflict, rows->conflict_count, f)) rows->update[rows->update_count++] = f;
  }
  return RILLE_OK;
}

static rille_status add_updated_at(rl_binder *b, rl_rows *rows) {
  const rl_field **all = RL_NEW_ARRAY(b->arena, const rl_field *, rows->update_count + rows->model->column_count);
  if (!all) return rl_nomem(b);
  size_t count = 0;
  for (; count < rows->update_count; count++) all[count] = rows->update[count];
  for (size_t i = 0; i < rows->model->column_count; i++) {
    const rl_field *f = rows->model->columns[i];
    if (f->updated_at && !has_field(all, count, f)) all[count++] = f;
  }
  rows->update = all;
  rows->update_count = count;
  return RILLE_OK;
}

/* For existing rows: a column that a row lacks keeps its value, but each row must have its key. */
static rille_status bind_missing_columns(rl_binder *b, rl_rows *rows, rl_arg *data) {
  rl_row_binding w = {.model = rows->model, .key = rows->conflict, .key_count = rows->conflict_count};
  w.times = RL_NEW_ARRAY(b->arena, size_t, rows->model->column_count);
  w.given = RL_NEW_ARRAY(b->arena, bool, rows->model->column_count);
  w.row = RL_NEW_ARRAY(b->arena, bool, rows->model->column_count);
  if (!w.given || !w.row || !w.times) return rl_nomem(b);
  RL_TRY(check_rows_arg(b, &w, data));
  for (size_t i = 0; i < rows->column_count; i++) {
    rl_rows_column *c = &rows->columns[i];
    if (has_field(rows->conflict, rows->conflict_count, c->field)) c->ruled = false; /* a condition, not written */
    c->by_database = !c->missing && w.times[c->field->column_index] < w.kinds;
  }
  return RILLE_OK;
}

static rille_status bind_rows_keys(rl_binder *b, rl_arg *args, rl_rows *rows, bool update_all) {
  RL_TRY(bind_on(b, args, rows, !update_all));
  rl_arg *update = update_all ? NULL : rl_get(args, "update");
  if (update && update->kind == RL_ARG_TEXT) {
    rl_arg_pin(update);
    if (rl_str_is(rl_str_make(update->value->as.p, update->value->len), "all")) update = NULL;
  }
  if (update_all) RL_TRY(bind_missing_columns(b, rows, rl_get(args, "data")));
  if (!update) {
    rl_row_binding w = {.model = rows->model};
    w.given = RL_NEW_ARRAY(b->arena, bool, rows->model->column_count);
    w.row = RL_NEW_ARRAY(b->arena, bool, rows->model->column_count);
    if (!w.given || !w.row) return rl_nomem(b);
    RL_TRY(check_rows_arg(b, &w, rl_get(args, "data")));
    return update_given_fields(b, rows, w.given);
  }
  RL_TRY(rl_expect_fields(b, update, rows->model, &rows->update, &rows->update_count));
  for (size_t i = 0; rows->arg->count && i < rows->update_count; i++)
    if (!has_column(rows, rows->update[i]))
      return rl_bad(b, update, rows->update[i], "no row has the field `%.*s`", RL_STR_ARG(rows->update[i]->name));
  return rows->update_count ? add_updated_at(b, rows) : RILLE_OK;
}

/* The keys of existing rows that get new values. */
static rille_status keep_updated_keys(rl_binder *b, rl_rows *rows) {
  if (!b->tree->suffix_count) return RILLE_OK;
  bool *given = RL_NEW_ARRAY(b->arena, bool, rows->model->column_count);
  if (!given) return rl_nomem(b);
  for (size_t i = 0; i < rows->update_count; i++) given[rows->update[i]->column_index] = true;
  return rl_scope_keys(b, rows->model, given, NULL, &rows->keys, &rows->key_count);
}

rille_status rl_bind_rows_keys(rl_binder *b, rl_arg *args, rl_rows *rows, bool update_all) {
  RL_TRY(bind_rows_keys(b, args, rows, update_all));
  return update_all ? keep_updated_keys(b, rows) : RILLE_OK;
}
