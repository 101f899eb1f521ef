/* The scope of a client: conditions on every row that a call reaches. Each value behind the arguments is one layer, {
 * scope = { ["*"] = {...}, post = {...} }, except = { country = null } }; all layers hold. */
#include "query/bind.h"

#define EVERY_MODEL "*"

static bool is_named(const rl_schema *s, const rl_arg *names, const rl_model *model) {
  for (size_t i = 0; names && i < names->count; i++)
    if (rl_schema_model(s, names->children[i].key) == model) return true;
  return false;
}

/* ------------------------------------------------------------------ binding */

static rille_status bind_layer(rl_binder *b, rl_arg *layer, const rl_model *model, rl_filters *list) {
  rl_arg *scope = rl_get(layer, "scope"), *except = rl_get(layer, "except");
  for (size_t i = 0; scope && i < scope->count; i++) {
    rl_arg *member = &scope->children[i];
    bool every = rl_str_is(member->key, EVERY_MODEL) && !is_named(b->schema, except, model);
    if (!every && rl_schema_model(b->schema, member->key) != model) continue;
    rl_filter *f;
    RL_TRY(rl_bind_where(b, model, member, &f));
    RL_TRY(rl_filters_add(b, list, f));
  }
  return RILLE_OK;
}

/* Not rl_filters_and, which joins the searches of its items: a scope stays apart. */
static rille_status keep_all(rl_binder *b, const rl_filters *list, rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_AND, NULL, out));
  (*out)->items = list->items;
  (*out)->count = list->count;
  return RILLE_OK;
}

static rille_status bind_layers(rl_binder *b, const rl_model *model, rl_filter **out) {
  rl_filters list = {0};
  for (size_t i = 0; i < b->tree->suffix_count; i++) RL_TRY(bind_layer(b, &b->tree->suffix[i], model, &list));
  *out = NULL;
  if (list.count == 0) return RILLE_OK;
  RL_TRY(keep_all(b, &list, out));
  (*out)->is_scope = true;
  return RILLE_OK;
}

rille_status rl_scope_of(rl_binder *b, const rl_model *model, rl_filter **out) {
  *out = NULL;
  if (!b->tree->suffix_count || b->in_scope) return RILLE_OK;
  rl_query *q = b->query;
  if (!q->scopes) q->scopes = RL_NEW_ARRAY(b->arena, rl_model_scope, b->schema->model_count);
  if (!q->scopes) return rl_nomem(b);
  rl_model_scope *own = &q->scopes[model->index];
  if (!own->bound) {
    b->in_scope = true;
    rille_status status = bind_layers(b, model, &own->where);
    b->in_scope = false;
    RL_TRY(status);
  }
  own->bound = true;
  *out = own->where;
  return RILLE_OK;
}

rille_status rl_scope_add(rl_binder *b, const rl_model *model, rl_filter **where) {
  rl_filter *scope;
  RL_TRY(rl_scope_of(b, model, &scope));
  if (!scope) return RILLE_OK;
  if (!*where) {
    *where = scope;
    return RILLE_OK;
  }
  rl_filters list = {0};
  RL_TRY(rl_filters_add(b, &list, *where));
  RL_TRY(rl_filters_add(b, &list, scope));
  return keep_all(b, &list, where);
}

/* ------------------------------------------------------------------ what is written */

static bool gives(const rl_filter *f, const rl_field *field) {
  if (f->field != field || f->negated || f->aggregate || f->insensitive) return false;
  if (f->kind == RL_FILTER_IS_NULL) return true;
  return f->kind == RL_FILTER_COMPARE && f->op == RL_OP_EQ && f->input && f->input->kind == RL_INPUT_VALUE &&
         f->input->arg && f->input->arg->value;
}

const rl_filter *rl_scope_gives(const rl_filter *scope, const rl_field *field) {
  if (!scope || scope->kind != RL_FILTER_AND || scope->negated) return scope && gives(scope, field) ? scope : NULL;
  const rl_filter *found = NULL;
  for (size_t i = 0; i < scope->count && !found; i++) found = rl_scope_gives(scope->items[i], field);
  return found;
}

const rl_filter *rl_scope_value(const rl_binder *b, const rl_field *field) {
  if (!b->query->scopes) return NULL;
  return rl_scope_gives(b->query->scopes[field->model->index].where, field);
}

rille_status rl_scope_check_assign(rl_binder *b, const rl_arg *at, rl_assign *assign) {
  const rl_filter *value = rl_scope_value(b, assign->field);
  if (!value) return RILLE_OK;
  const rl_input *given = assign->input;
  bool same = assign->op == RL_SET && value->kind == RL_FILTER_IS_NULL && !given;
  if (assign->op == RL_SET && value->input && given && given->kind == RL_INPUT_VALUE && given->arg)
    RL_TRY(rl_arg_pin_same(b->tree, given->arg, value->input->arg, &same, b->err));
  if (same) {
    assign->input = value->input;
    return RILLE_OK;
  }
  return rl_bad(b, at, assign->field, "the scope of the client has another value for `%.*s`; leave the field out",
                RL_STR_ARG(assign->field->name));
}

static bool is_key_given(const rl_field *relation, const bool *given) {
  const rl_relation *r = relation->relation;
  for (size_t i = 0; i < r->count; i++)
    if (given[r->fields[i]->column_index]) return true;
  return false;
}

rille_status rl_scope_keys(rl_binder *b, const rl_model *model, const bool *given, const rl_field *but,
                           const rl_field ***keys, size_t *count) {
  *count = 0;
  if (!b->tree->suffix_count) return RILLE_OK;
  *keys = RL_NEW_ARRAY(b->arena, const rl_field *, model->relation_count + 1);
  if (!*keys) return rl_nomem(b);
  for (size_t i = 0; i < model->relation_count; i++) {
    const rl_field *relation = model->relations[i];
    rl_filter *scope;
    if (!relation->holds_key || relation == but || !is_key_given(relation, given)) continue;
    RL_TRY(rl_scope_of(b, relation->target, &scope));
    if (scope) (*keys)[(*count)++] = relation;
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ checked once, when a client is derived */

static rille_status refuse_empty(rl_binder *b, const rl_arg *at) {
  return rl_bad(b, at, NULL, "a scope without a condition would be no scope; a nil disappears from a Lua table");
}

/* An empty list of values means no row, and `some = {}` that there is a related row. */
static bool may_be_empty(const rl_arg *n) {
  static const rl_word quantifiers[] = {{"some", 0}, {"none", 0}, {"is", 0}, {"is_not", 0}};
  if (!n->parent || n->parent->kind != RL_ARG_OBJECT) return false;
  return rl_is_scalar_operator(n->key) || rl_word_id(quantifiers, RL_COUNT_OF(quantifiers), n->key) >= 0;
}

/* Each empty table may once have had a condition. */
static rille_status check_filled(rl_binder *b, rl_arg *n) {
  rl_plain(n);
  if (n->kind != RL_ARG_OBJECT && n->kind != RL_ARG_LIST) return RILLE_OK;
  if (n->count == 0) return may_be_empty(n) ? RILLE_OK : refuse_empty(b, n);
  if (n->kind == RL_ARG_LIST && n->element != RL_ARG_OBJECT && n->element != RL_ARG_LIST && !n->mixed) return RILLE_OK;
  if (n->kind == RL_ARG_LIST) RL_TRY(rl_arg_expand(b->tree, n, b->err));
  for (size_t i = 0; i < n->count; i++) RL_TRY(check_filled(b, &n->children[i]));
  return RILLE_OK;
}

static rille_status check_model(rl_binder *b, const rl_arg *at) {
  rl_choices names = {.arena = b->arena};
  if (rl_schema_model(b->schema, at->key)) return RILLE_OK;
  for (size_t i = 0; i < b->schema->model_count; i++) rl_choices_add(&names, b->schema->models[i]->client_names[0]);
  return rl_bad_name(b, at, at->key, "model", NULL, &names);
}

/* Returns the first field of "*" that the model lacks; NULL: none. */
static const rl_arg *lacking(const rl_arg *every, const rl_model *model) {
  for (size_t i = 0; i < every->count; i++) {
    if (rl_word_id(rl_grouping_words, RL_COUNT_OF(rl_grouping_words), every->children[i].key) >= 0) continue;
    if (!rl_find_field(model, every->children[i].key)) return &every->children[i];
  }
  return NULL;
}

static rille_status check_every_model(rl_binder *b, rl_arg *every, const rl_arg *except) {
  for (size_t i = 0; i < b->schema->model_count; i++) {
    const rl_model *model = b->schema->models[i];
    if (model->ignored || is_named(b->schema, except, model)) continue;
    const rl_arg *field = lacking(every, model);
    if (field)
      return rl_bad(b, field, NULL, "%.*s has no field `%.*s`; name the models without it in `except`",
                    RL_STR_ARG(model->name), RL_STR_ARG(field->key));
    rl_filter *f;
    RL_TRY(rl_bind_where(b, model, every, &f));
  }
  return RILLE_OK;
}

static rille_status check_layer(rl_binder *b, rl_arg *layer) {
  rl_arg *scope = rl_get(layer, "scope"), *except = rl_get(layer, "except");
  RL_TRY(rl_expect_object(b, scope, "a table of models and their conditions"));
  if (scope->count == 0) return refuse_empty(b, scope);
  for (size_t i = 0; except && i < except->count; i++) RL_TRY(check_model(b, &except->children[i]));
  for (size_t i = 0; i < scope->count; i++) {
    rl_arg *member = &scope->children[i];
    bool every = rl_str_is(member->key, EVERY_MODEL);
    if (!every) RL_TRY(check_model(b, member));
    RL_TRY(rl_expect_object(b, member, "a table of conditions"));
    RL_TRY(check_filled(b, member));
    rl_filter *f = NULL;
    if (every)
      RL_TRY(check_every_model(b, member, except));
    else
      RL_TRY(rl_bind_where(b, rl_schema_model(b->schema, member->key), member, &f));
  }
  return RILLE_OK;
}

rille_status rl_check_scope(const rl_schema *schema, rl_arg_tree *tree, rl_arena *arena, rl_error *err) {
  rl_binder b = {.schema = schema, .tree = tree, .arena = arena, .err = err, .in_scope = true};
  b.query = RL_NEW(arena, rl_query);
  if (!b.query) return rl_fail_nomem(err);
  b.query->action = RL_ACTION_FIND_MANY;
  for (size_t i = 0; i < tree->suffix_count; i++) {
    RL_TRY(check_layer(&b, &tree->suffix[i]));
    RL_TRY(rl_refuse_decoded_in(&b, &tree->suffix[i], RILLE_OK));
  }
  return RILLE_OK;
}
