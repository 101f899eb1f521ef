/* data: the columns and relations that are written, with the values that the client fills in. */
#include "query/bind.h"

typedef struct writing {
  const rl_model *model;
  const rl_field *parent;
  rl_data_mode mode;
  rl_arg *arg;
  rl_write *out;
  rl_assign *by_column; /* by column index; field is NULL: not written */
  bool *related;        /* by column index: in the key of a relation that is written */
} writing;

static rille_status refuse_key(rl_binder *b, const writing *w, const rl_arg *member) {
  const rl_field *known = rl_find_field(w->model, member->key);
  if (known && w->mode == RL_DATA_UPDATE_MANY && known->is_relation)
    return rl_bad(b, member, known,
                  "a relation cannot be written to many rows; write its foreign key, or use `update`");
  if (known)
    return rl_bad(b, member, known, "cannot be given; `%.*s`, through which the row is written, sets it",
                  RL_STR_ARG(w->parent->name));
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < w->model->field_count; i++) {
    const rl_field *f = &w->model->fields[i];
    bool relation = f->is_relation && w->mode == RL_DATA_UPDATE_MANY;
    if (!f->ignored && !relation && !rl_is_parent_key(f, w->parent)) rl_choices_add(&names, f->name);
  }
  return rl_bad_name(b, member, member->key, "field", w->model, &names);
}

static void mark_key_columns(const writing *w, const rl_field *relation) {
  for (size_t i = 0; relation->holds_key && i < relation->relation->count; i++)
    w->related[relation->relation->fields[i]->column_index] = true;
}

static rille_status bind_member(rl_binder *b, writing *w, rl_arg *member) {
  const rl_field *f = rl_find_field(w->model, member->key);
  if (!f || rl_is_parent_key(f, w->parent) || (f->is_relation && w->mode == RL_DATA_UPDATE_MANY))
    return refuse_key(b, w, member);
  if (!f->is_relation) {
    RL_TRY(rl_bind_assign(b, f, member, w->mode, &w->by_column[f->column_index]));
    return rl_scope_check_assign(b, member, &w->by_column[f->column_index]);
  }
  mark_key_columns(w, f);
  return RILLE_OK;
}

static rille_status bind_members(rl_binder *b, writing *w) {
  for (size_t i = 0; i < w->arg->count; i++) RL_NOTE(bind_member(b, w, &w->arg->children[i]));
  return RILLE_OK;
}

/* Binds relations in the order of the schema, not of the keys. */
static rille_status bind_relations(rl_binder *b, writing *w) {
  for (size_t i = 0; i < w->model->relation_count; i++)
    for (size_t k = 0; k < w->arg->count; k++)
      if (rl_str_eq(w->arg->children[k].key, w->model->relations[i]->name))
        RL_NOTE(rl_bind_nested(b, w->model->relations[i], &w->arg->children[k], w->mode, w->out));
  return RILLE_OK;
}

static rl_str path_of(rl_binder *b, const writing *w, const rl_field *f) {
  rl_str path = rl_arg_path(b->arena, w->arg);
  char *text = rl_arena_printf(b->arena, "%.*s.%.*s", RL_STR_ARG(path), RL_STR_ARG(f->name));
  return text ? rl_str_of(text) : path;
}

static rille_status fill_in_column(rl_binder *b, const writing *w, const rl_field *f, bool updated) {
  rl_assign *a = &w->by_column[f->column_index];
  if (a->field || w->related[f->column_index] || rl_is_parent_key(f, w->parent)) return RILLE_OK;
  bool creates = w->mode == RL_DATA_CREATE;
  rl_input *input = NULL;
  const rl_filter *scope = creates ? rl_scope_value(b, f) : NULL;
  if (scope) {
    *a = (rl_assign){.field = f, .op = RL_SET, .input = scope->input};
    return RILLE_OK;
  }
  if (f->updated_at && (creates || updated))
    RL_TRY(rl_input_now(b, f, path_of(b, w, f), &input));
  else if (creates && !f->ignored)
    RL_TRY(rl_input_default(b, f, path_of(b, w, f), &input));
  if (input) *a = (rl_assign){.field = f, .op = RL_SET, .input = input};
  return RILLE_OK;
}

/* Returns whether the row itself changes, so that @updatedAt does: a column, or a key through connect or create. */
static bool changes_row(const writing *w) {
  for (size_t i = 0; i < w->model->column_count; i++)
    if (w->by_column[i].field) return true;
  for (size_t i = 0; i < w->out->nested_count; i++) {
    const rl_nested *n = &w->out->nesteds[i];
    if (!n->relation->holds_key) continue;
    if (n->kind == RL_NESTED_CREATE || n->kind == RL_NESTED_CONNECT || n->kind == RL_NESTED_CONNECT_OR_CREATE)
      return true;
  }
  return false;
}

/* Returns whether the column gets a value that neither a relation nor the scope gives: the caller's, or a default. */
static bool is_own_value(const rl_binder *b, const writing *w, const rl_field *f) {
  const rl_assign *a = &w->by_column[f->column_index];
  if (w->related[f->column_index] || rl_is_parent_key(f, w->parent)) return false;
  if (!a->field) return w->mode == RL_DATA_CREATE && f->def.kind != RL_DEFAULT_NONE;
  const rl_filter *scope = rl_scope_value(b, f);
  return a->input && !(scope && a->op == RL_SET && a->input == scope->input);
}

static rille_status keep_keys(rl_binder *b, const writing *w) {
  if (!b->tree->suffix_count) return RILLE_OK;
  bool *given = RL_NEW_ARRAY(b->arena, bool, w->model->column_count);
  if (!given) return rl_nomem(b);
  for (size_t i = 0; i < w->model->column_count; i++) given[i] = is_own_value(b, w, w->model->columns[i]);
  const rl_field *through = w->parent ? w->parent->opposite : NULL;
  return rl_scope_keys(b, w->model, given, through, &w->out->keys, &w->out->key_count);
}

static rille_status keep_assigns(rl_binder *b, const writing *w) {
  w->out->assigns = RL_NEW_ARRAY(b->arena, rl_assign, w->model->column_count);
  if (!w->out->assigns) return rl_nomem(b);
  for (size_t i = 0; i < w->model->column_count; i++)
    if (w->by_column[i].field) w->out->assigns[w->out->assign_count++] = w->by_column[i];
  return RILLE_OK;
}

rille_status rl_bind_write(rl_binder *b, const rl_model *model, rl_arg *arg, rl_data_mode mode, const rl_field *parent,
                           rl_write **out) {
  writing w = {.model = model, .parent = parent, .mode = mode, .arg = arg};
  w.out = RL_NEW(b->arena, rl_write);
  w.by_column = RL_NEW_ARRAY(b->arena, rl_assign, model->column_count);
  w.related = RL_NEW_ARRAY(b->arena, bool, model->column_count);
  if (!w.out || !w.by_column || !w.related) return rl_nomem(b);
  w.out->model = model;
  w.out->is_create = mode == RL_DATA_CREATE;
  rl_filter *scope;
  RL_TRY(rl_scope_of(b, model, &scope));
  RL_TRY(rl_expect_object(b, arg, "a table with the fields to write"));
  RL_TRY(bind_members(b, &w));
  RL_TRY(rl_check_data(b, model, arg, mode, parent));
  RL_TRY(bind_relations(b, &w));
  bool updated = changes_row(&w);
  for (size_t i = 0; i < model->column_count; i++) RL_TRY(fill_in_column(b, &w, model->columns[i], updated));
  RL_TRY(keep_keys(b, &w));
  RL_TRY(keep_assigns(b, &w));
  *out = w.out;
  return RILLE_OK;
}
