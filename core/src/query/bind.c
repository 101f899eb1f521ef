/* The entry: builds the query of an action from its arguments. */
#include "query/bind.h"

/* ------------------------------------------------------------------ where of the actions */

static bool is_all(const rl_arg *where) {
  return where->kind == RL_ARG_MARK && where->mark == RL_MARK_ALL;
}

/* Returns whether the key is a condition even with an empty value: an empty list means no row, `some = {}` that there
 * is a related row. */
static bool is_condition_when_empty(rl_str key) {
  static const rl_word quantifiers[] = {{"some", 0}, {"none", 0}, {"is", 0}, {"is_not", 0}};
  return rl_is_scalar_operator(key) || rl_word_id(quantifiers, RL_COUNT_OF(quantifiers), key) >= 0;
}

/* Returns whether the table has no value on any level. */
static bool has_no_condition(const rl_arg *n) {
  if (n->kind == RL_ARG_LIST && !n->expanded) return n->count == 0;
  if (n->kind != RL_ARG_OBJECT && n->kind != RL_ARG_LIST) return false;
  for (size_t i = 0; i < n->count; i++)
    if (is_condition_when_empty(n->children[i].key) || !has_no_condition(&n->children[i])) return false;
  return true;
}

/* A nil disappears from a Lua table, so an empty `where` is treated as a mistake. */
static rille_status bind_where_of_many(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  rl_arg *where = rl_get(args, "where");
  if (where && is_all(where)) {
    q->all_rows = true;
    return RILLE_OK;
  }
  if (!where) return rl_bad_child(b, RL_P2013, args, "where", NULL, "missing; `where = rille.all` means every row");
  RL_TRY(rl_bind_where(b, q->model, where, &q->read.where));
  if (q->read.where && !has_no_condition(where)) return RILLE_OK;
  return rl_bad(b, where, NULL,
                "without a condition it would mean every row; if you want that, write `where = rille.all`");
}

static rille_status check_strict(rl_binder *b, rl_arg *args) {
  rl_arg *where = rl_get(args, "where");
  if (!b->options || !b->options->strict_where || !where || is_all(where) || b->query->read.where) return RILLE_OK;
  return rl_bad(b, where, NULL,
                "without a condition it means every row, which `strict_where` refuses; if you want that, write "
                "`where = rille.all`");
}

/* ------------------------------------------------------------------ the actions */

static rille_status bind_find_unique(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  rl_arg *lock = rl_get(args, "lock");
  RL_TRY(rl_bind_unique(b, q->model, rl_get(args, "where"), &q->read.where));
  if (lock) RL_TRY(rl_bind_lock(b, lock, &q->read));
  return rl_bind_selection(b, q->model, args, &q->read.selection);
}

static rille_status bind_find(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  RL_TRY(rl_bind_read(b, q->model, args, false, &q->read));
  RL_TRY(check_strict(b, args));
  RL_TRY(rl_scope_add(b, q->model, &q->read.where));
  return rl_bind_selection(b, q->model, args, &q->read.selection);
}

static rille_status bind_aggregation(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  RL_TRY(rl_bind_read(b, q->model, args, q->action == RL_ACTION_GROUP_BY, &q->read));
  RL_TRY(check_strict(b, args));
  RL_TRY(rl_scope_add(b, q->model, &q->read.where));
  q->read.selection.model = q->model;
  if (q->action == RL_ACTION_EXISTS) return RILLE_OK;
  if (q->action == RL_ACTION_COUNT) return rl_bind_count_select(b, rl_get(args, "select"));
  return q->action == RL_ACTION_AGGREGATE ? rl_bind_aggregates(b, args) : rl_bind_group_by(b, args);
}

static rille_status bind_create(rl_binder *b, rl_arg *args) {
  rl_arg *data = rl_get(args, "data");
  if (!data) { /* a row of defaults only */
    data = RL_NEW(b->arena, rl_arg);
    if (!data) return rl_nomem(b);
    *data = (rl_arg){.kind = RL_ARG_OBJECT, .key = RL_STR("data"), .parent = args};
  }
  RL_TRY(rl_bind_write(b, b->query->model, data, RL_DATA_CREATE, NULL, &b->query->create));
  return rl_bind_selection(b, b->query->model, args, &b->query->read.selection);
}

static rille_status bind_rows(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  RL_TRY(rl_bind_rows(b, q->model, rl_get(args, "data"), NULL, true, &q->rows));
  rl_arg *skip = rl_get(args, "skip_duplicates");
  if (skip) RL_TRY(rl_expect_flag(b, skip, &q->rows->skip_duplicates));
  if (q->rows->skip_duplicates && q->rows->child_count)
    return rl_bad(b, skip, NULL, "cannot be used with related rows; a skipped row could not have any");
  if (q->action == RL_ACTION_UPSERT_MANY) return rl_bind_rows_keys(b, args, q->rows, false);
  q->read.selection.model = q->model;
  return q->action == RL_ACTION_CREATE_MANY ? RILLE_OK : rl_bind_selection(b, q->model, args, &q->read.selection);
}

static rille_status bind_one(rl_binder *b, rl_arg *args) { /* update, upsert, delete */
  rl_query *q = b->query;
  const rl_model *m = q->model;
  RL_TRY(rl_bind_unique(b, m, rl_get(args, "where"), &q->read.where));
  if (q->action == RL_ACTION_UPDATE)
    RL_TRY(rl_bind_write(b, m, rl_get(args, "data"), RL_DATA_UPDATE, NULL, &q->update));
  if (q->action == RL_ACTION_UPSERT) {
    RL_TRY(rl_bind_write(b, m, rl_get(args, "create"), RL_DATA_CREATE, NULL, &q->create));
    RL_TRY(rl_bind_write(b, m, rl_get(args, "update"), RL_DATA_UPDATE, NULL, &q->update));
    RL_TRY(rl_bind_key_again(b, q->read.where, q->create, &q->upsert_native));
  }
  return rl_bind_selection(b, m, args, &q->read.selection);
}

/* Binds update_many with a list as data: different values per row, which `on` identifies. The keys of the rows are the
 * condition. A `where` restricts further, and must have a condition, because a nil in it may have disappeared. */
static rille_status bind_update_rows(rl_binder *b, rl_arg *args, rl_arg *data) {
  rl_query *q = b->query;
  rl_arg *limit = rl_get(args, "limit");
  if (limit)
    return rl_bad(b, limit, NULL, "cannot be used with `on`; the rows of `data` already say which rows are updated");
  if (rl_get(args, "where")) RL_TRY(bind_where_of_many(b, args));
  RL_TRY(rl_scope_add(b, q->model, &q->read.where));
  RL_TRY(rl_bind_rows(b, q->model, data, NULL, false, &q->rows));
  RL_TRY(rl_bind_rows_keys(b, args, q->rows, true));
  return q->action == RL_ACTION_UPDATE_MANY_AND_RETURN ? rl_bind_selection(b, q->model, args, &q->read.selection)
                                                       : RILLE_OK;
}

static rille_status bind_many(rl_binder *b, rl_arg *args) { /* update_many, delete_many */
  rl_query *q = b->query;
  rl_arg *data = rl_get(args, "data"), *limit = rl_get(args, "limit");
  q->read.selection.model = q->model;
  if (rl_get(args, "on")) return bind_update_rows(b, args, data);
  if (data && data->kind == RL_ARG_LIST)
    return rl_bad(b, data, NULL, "expected a table, got a list; for different values per row, give `on = {...}` too");
  RL_TRY(bind_where_of_many(b, args));
  RL_TRY(rl_scope_add(b, q->model, &q->read.where));
  if (limit) RL_TRY(rl_input_count(b, limit, &q->limit));
  if (data) RL_TRY(rl_bind_write(b, q->model, data, RL_DATA_UPDATE_MANY, NULL, &q->update));
  return q->action == RL_ACTION_UPDATE_MANY_AND_RETURN ? rl_bind_selection(b, q->model, args, &q->read.selection)
                                                       : RILLE_OK;
}

static rille_status bind_action(rl_binder *b, rl_arg *args) {
  switch (b->query->action) {
  case RL_ACTION_FIND_UNIQUE:
  case RL_ACTION_FIND_UNIQUE_OR_THROW: return bind_find_unique(b, args);
  case RL_ACTION_FIND_FIRST:
  case RL_ACTION_FIND_FIRST_OR_THROW:
  case RL_ACTION_FIND_MANY: return bind_find(b, args);
  case RL_ACTION_CREATE: return bind_create(b, args);
  case RL_ACTION_CREATE_MANY:
  case RL_ACTION_CREATE_MANY_AND_RETURN:
  case RL_ACTION_UPSERT_MANY: return bind_rows(b, args);
  case RL_ACTION_UPDATE:
  case RL_ACTION_UPSERT:
  case RL_ACTION_DELETE: return bind_one(b, args);
  case RL_ACTION_UPDATE_MANY:
  case RL_ACTION_UPDATE_MANY_AND_RETURN:
  case RL_ACTION_DELETE_MANY: return bind_many(b, args);
  case RL_ACTION_COUNT:
  case RL_ACTION_AGGREGATE:
  case RL_ACTION_GROUP_BY:
  case RL_ACTION_EXISTS: return bind_aggregation(b, args);
  }
  return rl_fail(b->err, RL_INTERNAL, "action %d is not bound", (int)b->query->action);
}

/* An update of which only the data is to be checked: it has no condition yet. */
static bool is_only_data(const rl_binder *b) {
  rl_arg *args = b->tree->root;
  return b->faults && b->query->action == RL_ACTION_UPDATE && args->kind == RL_ARG_OBJECT && args->count == 1 &&
         rl_get(args, "data");
}

static rille_status bind_call(rl_binder *b, const rl_model *model, rille_action action) {
  const rl_action_info *info = rl_action_info_of(action);
  if (!info) return rl_fail(b->err, RL_VALIDATION, "unknown action %ld", (long)action);
  b->query = RL_NEW(b->arena, rl_query);
  if (!b->query) return rl_nomem(b);
  b->query->action = (rl_action)action;
  b->query->model = b->query->read.model = model;
  if (model->is_view && info->writes)
    return rl_fail(b->err, RL_VALIDATION, "%s: %.*s is a view and cannot be written", info->name,
                   RL_STR_ARG(model->name));
  if (is_only_data(b))
    return rl_bind_write(b, model, rl_get(b->tree->root, "data"), RL_DATA_UPDATE, NULL, &b->query->update);
  RL_TRY(rl_check_arguments(b, b->tree->root));
  return bind_action(b, b->tree->root);
}

rille_status rl_bind_faults(const rl_schema *schema, const rl_model *model, rille_action action, rl_arg_tree *tree,
                            const rl_bind_options *options, rl_arena *arena, rl_faults *faults, rl_error *err) {
  rl_binder b = {.schema = schema, .tree = tree, .options = options, .arena = arena, .faults = faults, .err = err};
  rille_status status = rl_note(&b, bind_call(&b, model, action));
  if (status == RILLE_OK) status = rl_note(&b, rl_note_rows(&b));
  return status == RILLE_OK ? rl_note(&b, rl_refuse_decoded(&b, RILLE_OK)) : status;
}

rille_status rl_bind(const rl_schema *schema, const rl_model *model, rille_action action, rl_arg_tree *tree,
                     const rl_bind_options *options, rl_arena *arena, rl_query **out, rl_error *err) {
  rl_binder b = {.schema = schema, .tree = tree, .options = options, .arena = arena, .err = err};
  rille_status status = rl_refuse_decoded(&b, bind_call(&b, model, action));
  if (status == RILLE_OK) status = rl_seal(&b);
  if (status < 0) {
    rl_error_detail(err, "model", model->name);
    return status;
  }
  *out = b.query;
  return RILLE_OK;
}
