/* The related rows of the rows of a create_many: `create`, `create_many` and `connect` of rows that have the foreign
 * key or are joined by a table. They are written in bulk too, all rows of one relation together. */
#include "query/rows.h"

enum { CREATE, CREATE_MANY, CONNECT };
static const rl_word words[] = {{"create", CREATE}, {"create_many", CREATE_MANY}, {"connect", CONNECT}};

static rille_status children_of(rl_binder *b, rl_row_binding *w, const rl_field *f, bool connects,
                                rl_row_children **out) {
  rl_row_children **at = &w->children;
  while (*at && ((*at)->relation != f || (*at)->w.connects != connects)) at = &(*at)->next;
  *out = *at;
  if (*at) return RILLE_OK;
  rl_row_children *c = *out = *at = RL_NEW(b->arena, rl_row_children);
  if (!c) return rl_nomem(b);
  c->relation = f;
  c->w = (rl_row_binding){
      .model = f->target, .parent = f, .defaults = !connects, .nests = !connects, .connects = connects};
  rl_filter *scope;
  RL_TRY(rl_scope_of(b, f->target, &scope));
  c->w.given = RL_NEW_ARRAY(b->arena, bool, f->target->column_count);
  c->w.row = RL_NEW_ARRAY(b->arena, bool, f->target->column_count);
  return c->w.given && c->w.row ? RILLE_OK : rl_nomem(b);
}

static rille_status check_part(rl_binder *b, rl_row_binding *w, const rl_field *f, rl_str path, bool connects,
                               uint32_t shape, uint32_t slot) {
  rl_row_children *c;
  RL_TRY(children_of(b, w, f, connects, &c));
  rl_row_binding part = c->w;
  part.path = path;
  part.listed = rl_tape_is_list(b->tree->tape, shape);
  if (f->list || !part.listed) {
    RL_TRY(rl_check_rows(b, &part, shape, slot));
    c->w.key = part.key;
    c->w.key_count = part.key_count;
    c->w.children = part.children;
    return RILLE_OK;
  }
  rille_status status = rl_fail(b->err, RL_VALIDATION, "%.*s: expected one row, got a list", RL_STR_ARG(path));
  rl_error_detail(b->err, "path", path);
  return status;
}

/* Checks { data = {...} }. */
static rille_status check_create_many(rl_binder *b, rl_row_binding *w, const rl_field *f, rl_str path, uint32_t shape,
                                      uint32_t slot) {
  rl_str key;
  uint32_t value_shape, value_slot;
  const char *wrong = "expected `{ data = {...} }`";
  if (rl_tape_is_table(b->tree->tape, shape) &&
      rl_tape_member(b->tree->tape, &shape, &slot, &key, &value_shape, &value_slot)) {
    char *inner = rl_arena_printf(b->arena, "%.*s.data", RL_STR_ARG(path));
    if (!inner) return rl_nomem(b);
    uint32_t data_shape = value_shape, data_slot = value_slot;
    bool data = rl_str_is(key, "data");
    if (data && !rl_tape_member(b->tree->tape, &shape, &slot, &key, &value_shape, &value_slot))
      return check_part(b, w, f, rl_str_of(inner), false, data_shape, data_slot);
    wrong = "expected only `data`; a skipped row could not have related rows";
  }
  rille_status status = rl_fail(b->err, RL_VALIDATION, "%.*s: %s", RL_STR_ARG(path), wrong);
  rl_error_detail(b->err, "path", path);
  return status;
}

rille_status rl_check_row_children(rl_binder *b, rl_row_binding *w, size_t row, const rl_field *f, uint32_t shape,
                                   uint32_t slot) {
  const char *expected = "expected `create`, `create_many` or `connect`; related rows are written in bulk too";
  if (!rl_tape_is_table(b->tree->tape, shape)) return rl_bad_row(b, w, row, f->name, RL_VALIDATION, f, expected);
  rl_str key;
  uint32_t value_shape, value_slot;
  rl_decoded decoded = rl_tape_decoded(b->tree->tape, shape);
  if (decoded) return rl_bad_decoded_row(b, w, row, f->name, f, decoded);
  while (rl_tape_member(b->tree->tape, &shape, &slot, &key, &value_shape, &value_slot)) {
    int id = rl_word_id(words, RL_COUNT_OF(words), key);
    char *name = rl_arena_printf(b->arena, "%.*s.%.*s", RL_STR_ARG(f->name), RL_STR_ARG(key));
    if (!name) return rl_nomem(b);
    bool joined = f->relation->kind == RL_MANY_TO_MANY;
    if (id < 0 || (id == CREATE_MANY && (!f->list || joined)))
      return rl_bad_row(b, w, row, rl_str_of(name), RL_VALIDATION, f, expected);
    char *path = w->listed
                     ? rl_arena_printf(b->arena, "%.*s[%lu].%s", RL_STR_ARG(w->path), (unsigned long)row + 1, name)
                     : rl_arena_printf(b->arena, "%.*s.%s", RL_STR_ARG(w->path), name);
    if (!path) return rl_nomem(b);
    decoded = rl_tape_decoded(b->tree->tape, value_shape);
    if (decoded) return rl_bad_decoded_row(b, w, row, rl_str_of(name), f, decoded);
    if (id == CREATE_MANY)
      RL_TRY(check_create_many(b, w, f, rl_str_of(path), value_shape, value_slot));
    else
      RL_TRY(check_part(b, w, f, rl_str_of(path), id == CONNECT, value_shape, value_slot));
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ connect */

static bool is_row_key(const rl_row_binding *w, const rl_index *index) {
  size_t given = 0;
  if (!rl_index_is_unique(index)) return false;
  for (size_t i = 0; i < w->model->column_count; i++) given += w->row[i] ? 1 : 0;
  if (index->count != given) return false;
  for (size_t i = 0; i < index->count; i++)
    if (!w->row[index->fields[i].field->column_index]) return false;
  return true;
}

rille_status rl_check_row_connect(rl_binder *b, rl_row_binding *w, size_t row) {
  const rl_index *key = NULL;
  for (size_t i = 0; i < w->model->index_count && !key; i++)
    if (is_row_key(w, &w->model->indexes[i])) key = &w->model->indexes[i];
  bool join_key = key && key->count == 1 && key == w->model->primary;
  bool same = key && (!w->key_count || key->count == w->key_count);
  for (size_t i = 0; same && i < w->key_count; i++) same = w->row[w->key[i]->column_index];
  const char *wrong = !key    ? "expected the fields of one unique key"
                      : !same ? "all connected rows must be named by the same key"
                              : NULL;
  if (!wrong && w->parent->relation->kind == RL_MANY_TO_MANY && !join_key)
    wrong = "rows of a many-to-many relation must be connected by their id here";
  if (!wrong && w->parent->relation->kind == RL_MANY_TO_MANY && b->query->scopes &&
      b->query->scopes[w->model->index].where)
    wrong = "rows of a many-to-many relation cannot be connected in bulk by a client with a scope; use `create`";
  if (wrong) return rl_bad_row(b, w, row, w->model->columns[0]->name, RL_VALIDATION, w->parent, wrong);
  if (w->key_count) return RILLE_OK;
  w->key = RL_NEW_ARRAY(b->arena, const rl_field *, key->count);
  if (!w->key) return rl_nomem(b);
  for (; w->key_count < key->count; w->key_count++) w->key[w->key_count] = key->fields[w->key_count].field;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the end */

static rille_status bind_part(rl_binder *b, const rl_row_children *c, rl_rows *parent, rl_rows **out) {
  rl_rows *rows = *out = RL_NEW(b->arena, rl_rows);
  if (!rows) return rl_nomem(b);
  rows->model = c->w.model;
  rows->parent = parent;
  rows->via = c->relation;
  rows->connects = c->w.connects;
  rows->conflict = c->w.key;
  rows->conflict_count = c->w.key_count;
  char *path = rl_arena_printf(b->arena, "%.*s[].%.*s", RL_STR_ARG(parent->path), RL_STR_ARG(c->relation->name));
  if (!path) return rl_nomem(b);
  rows->path = rl_str_of(path);
  RL_TRY(rl_bind_row_columns(b, &c->w, rows));
  return rl_bind_children(b, &c->w, rows);
}

/* Binds in the order of the schema: relation by relation, new rows before connected ones. */
rille_status rl_bind_children(rl_binder *b, const rl_row_binding *w, rl_rows *rows) {
  size_t count = 0;
  for (const rl_row_children *c = w->children; c; c = c->next) count++;
  rows->children = RL_NEW_ARRAY(b->arena, rl_rows *, count + 1);
  if (!rows->children) return rl_nomem(b);
  for (size_t i = 0; i < w->model->relation_count; i++)
    for (int connects = 0; connects < 2; connects++)
      for (const rl_row_children *c = w->children; c; c = c->next)
        if (c->relation == w->model->relations[i] && c->w.connects == (connects != 0))
          RL_TRY(bind_part(b, c, rows, &rows->children[rows->child_count++]));
  return RILLE_OK;
}
