/* Nested writes: operations on the rows of a relation inside data. Each element of a list is one operation. */
#include "query/bind.h"

static const rl_word words[] = {
    {"create", RL_NESTED_CREATE},         {"create_many", RL_NESTED_CREATE_MANY},
    {"connect", RL_NESTED_CONNECT},       {"connect_or_create", RL_NESTED_CONNECT_OR_CREATE},
    {"disconnect", RL_NESTED_DISCONNECT}, {"set", RL_NESTED_SET},
    {"delete", RL_NESTED_DELETE},         {"delete_many", RL_NESTED_DELETE_MANY},
    {"update", RL_NESTED_UPDATE},         {"update_many", RL_NESTED_UPDATE_MANY},
    {"upsert", RL_NESTED_UPSERT}};

typedef struct nesting {
  const rl_field *relation;
  rl_data_mode mode; /* of the data around it */
  rl_write *write;
  size_t cap;
} nesting;

static bool is_allowed(const nesting *n, int kind) {
  const rl_field *r = n->relation;
  bool creates = kind == RL_NESTED_CREATE || kind == RL_NESTED_CONNECT || kind == RL_NESTED_CONNECT_OR_CREATE;
  if (kind == RL_NESTED_CREATE_MANY) return r->list && r->relation->kind != RL_MANY_TO_MANY;
  if (creates) return true;
  if (n->mode == RL_DATA_CREATE) return false;
  if (kind == RL_NESTED_SET || kind == RL_NESTED_DELETE_MANY || kind == RL_NESTED_UPDATE_MANY) return r->list;
  if (kind == RL_NESTED_DISCONNECT || kind == RL_NESTED_DELETE) return r->list || !r->required;
  return true;
}

static rille_status refuse_word(rl_binder *b, const nesting *n, const rl_arg *member) {
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(words); i++)
    if (is_allowed(n, words[i].id)) rl_choices_add(&names, rl_str_of(words[i].text));
  int id = rl_word_id(words, RL_COUNT_OF(words), member->key);
  if (id < 0) return rl_bad_name(b, member, member->key, "operation on a relation", NULL, &names);
  const rl_field *r = n->relation;
  return rl_bad(b, member, r, "cannot be used here; %s",
                n->mode == RL_DATA_CREATE && id != RL_NESTED_CREATE_MANY ? "a new row has no related rows yet"
                : r->list ? "use `create` for rows of a many-to-many relation"
                : r->required && (id == RL_NESTED_DISCONNECT || id == RL_NESTED_DELETE)
                    ? "the relation is required"
                    : "the relation has only one row");
}

static rille_status add_nested(rl_binder *b, nesting *n, int kind, rl_arg *arg, rl_nested **out) {
  rl_write *w = n->write;
  if (w->nested_count == n->cap) {
    size_t cap = n->cap ? n->cap * 2 : w->nested_count + 4;
    rl_nested *items = RL_NEW_ARRAY(b->arena, rl_nested, cap);
    if (!items) return rl_nomem(b);
    for (size_t i = 0; i < w->nested_count; i++) items[i] = w->nesteds[i];
    w->nesteds = items;
    n->cap = cap;
  }
  *out = &w->nesteds[w->nested_count++];
  **out = (rl_nested){.kind = (rl_nested_kind)kind, .relation = n->relation, .path = rl_arg_path(b->arena, arg)};
  return (*out)->path.p ? RILLE_OK : rl_nomem(b);
}

/* Reads the members of an operation: found[i] is the one with the name keys[i]. Others are errors, and so are missing
 * ones among the first `required`. */
static rille_status read_parts(rl_binder *b, rl_arg *arg, const char *const *keys, rl_arg **found, size_t count,
                               size_t required) {
  RL_TRY(rl_expect_object(b, arg, "a table"));
  rl_choices names = {.arena = b->arena};
  for (size_t k = 0; k < count; k++) rl_choices_add(&names, rl_str_of(keys[k]));
  for (size_t i = 0; i < arg->count; i++) {
    size_t k = 0;
    while (k < count && !rl_str_is(arg->children[i].key, keys[k])) k++;
    if (k == count) return rl_bad_name(b, &arg->children[i], arg->children[i].key, "argument", NULL, &names);
    found[k] = &arg->children[i];
  }
  for (size_t k = 0; k < required; k++)
    if (!found[k]) return rl_bad_child(b, RL_P2013, arg, keys[k], NULL, "missing; the operation needs it");
  return RILLE_OK;
}

/* ------------------------------------------------------------------ one operation each */

static rille_status bind_create(rl_binder *b, nesting *n, rl_arg *arg) {
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_CREATE, arg, &out));
  return rl_bind_write(b, n->relation->target, arg, RL_DATA_CREATE, n->relation, &out->create);
}

static rille_status bind_create_many(rl_binder *b, nesting *n, rl_arg *arg) {
  static const char *const keys[] = {"data", "skip_duplicates"};
  rl_arg *found[2] = {NULL, NULL};
  RL_TRY(read_parts(b, arg, keys, found, 2, 1));
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_CREATE_MANY, arg, &out));
  RL_TRY(rl_bind_rows(b, n->relation->target, found[0], n->relation, true, &out->rows));
  return found[1] ? rl_expect_flag(b, found[1], &out->rows->skip_duplicates) : RILLE_OK;
}

static rille_status bind_connect(rl_binder *b, nesting *n, rl_arg *arg) {
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_CONNECT, arg, &out));
  return rl_bind_unique(b, n->relation->target, arg, &out->where);
}

static rille_status bind_connect_or_create(rl_binder *b, nesting *n, rl_arg *arg) {
  static const char *const keys[] = {"where", "create"};
  rl_arg *found[2] = {NULL, NULL};
  RL_TRY(read_parts(b, arg, keys, found, 2, 2));
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_CONNECT_OR_CREATE, arg, &out));
  RL_TRY(rl_bind_unique(b, n->relation->target, found[0], &out->where));
  RL_TRY(rl_bind_write(b, n->relation->target, found[1], RL_DATA_CREATE, n->relation, &out->create));
  if (rl_is_faulty(b)) return RILLE_OK; /* create may be incomplete */
  if (b->query->scopes && b->query->scopes[n->relation->target->index].where)
    return RILLE_OK; /* the row with the key may be outside of the scope: it must be refused, not kept */
  return rl_bind_key_again(b, out->where, out->create, &out->key_in_create);
}

/* Binds disconnect and delete: of a to-one relation true, or conditions on its row; of a to-many relation, a key. */
static rille_status bind_removal(rl_binder *b, nesting *n, int kind, rl_arg *arg) {
  const rl_field *r = n->relation;
  rl_nested *out;
  if (r->list) {
    RL_TRY(add_nested(b, n, kind, arg, &out));
    return rl_bind_unique(b, r->target, arg, &out->where);
  }
  bool on = true;
  if (arg->kind == RL_ARG_BOOL) RL_TRY(rl_expect_flag(b, arg, &on));
  if (!on) return RILLE_OK;
  RL_TRY(add_nested(b, n, kind, arg, &out));
  if (arg->kind != RL_ARG_BOOL) RL_TRY(rl_bind_where(b, r->target, arg, &out->where));
  return rl_scope_add(b, r->target, &out->where);
}

static rille_status bind_set(rl_binder *b, nesting *n, rl_arg *arg) {
  rl_args list;
  rl_nested *out;
  RL_TRY(rl_expect_many(b, arg, false, &list));
  RL_TRY(add_nested(b, n, RL_NESTED_SET, arg, &out));
  out->items = RL_NEW_ARRAY(b->arena, rl_filter *, list.count);
  if (!out->items) return rl_nomem(b);
  for (; out->item_count < list.count; out->item_count++)
    RL_TRY(rl_bind_unique(b, n->relation->target, &list.items[out->item_count], &out->items[out->item_count]));
  return RILLE_OK;
}

static rille_status bind_delete_many(rl_binder *b, nesting *n, rl_arg *arg) {
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_DELETE_MANY, arg, &out));
  bool all = arg->kind == RL_ARG_MARK && arg->mark == RL_MARK_ALL;
  if (!all) RL_TRY(rl_bind_where(b, n->relation->target, arg, &out->where));
  return rl_scope_add(b, n->relation->target, &out->where);
}

/* Returns whether a to-one update is { where, data } and not the data itself: it has no other keys. If the model has a
 * field `data`, its value must also be possible as data. */
static bool has_envelope(const rl_model *model, rl_arg *arg) {
  rl_arg *data = rl_get(arg, "data");
  if (!data || (data->kind != RL_ARG_OBJECT && !rl_is_empty_list(data))) return false;
  for (size_t i = 0; i < arg->count; i++)
    if (!rl_str_is(arg->children[i].key, "data") && !rl_str_is(arg->children[i].key, "where")) return false;
  if (!rl_find_field(model, RL_STR("data"))) return true;
  for (size_t i = 0; i < data->count; i++)
    if (!rl_find_field(model, data->children[i].key)) return false;
  return true;
}

static rille_status bind_update(rl_binder *b, nesting *n, rl_arg *arg) {
  static const char *const keys[] = {"where", "data"};
  const rl_field *r = n->relation;
  rl_arg *found[2] = {NULL, NULL};
  rl_nested *out;
  bool envelope = r->list || has_envelope(r->target, arg);
  if (envelope)
    RL_TRY(read_parts(b, arg, keys, found, 2, r->list ? 2 : 0));
  else
    found[1] = arg;
  RL_TRY(add_nested(b, n, RL_NESTED_UPDATE, arg, &out));
  if (r->list)
    RL_TRY(rl_bind_unique(b, r->target, found[0], &out->where));
  else if (found[0])
    RL_TRY(rl_bind_where(b, r->target, found[0], &out->where));
  if (!r->list) RL_TRY(rl_scope_add(b, r->target, &out->where));
  return rl_bind_write(b, r->target, found[1], RL_DATA_UPDATE, r, &out->update);
}

static rille_status bind_update_many(rl_binder *b, nesting *n, rl_arg *arg) {
  static const char *const keys[] = {"where", "data"};
  rl_arg *found[2] = {NULL, NULL};
  RL_TRY(read_parts(b, arg, keys, found, 2, 2));
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_UPDATE_MANY, arg, &out));
  bool all = found[0]->kind == RL_ARG_MARK && found[0]->mark == RL_MARK_ALL;
  if (!all) RL_TRY(rl_bind_where(b, n->relation->target, found[0], &out->where));
  RL_TRY(rl_scope_add(b, n->relation->target, &out->where));
  return rl_bind_write(b, n->relation->target, found[1], RL_DATA_UPDATE_MANY, n->relation, &out->update);
}

static rille_status bind_upsert(rl_binder *b, nesting *n, rl_arg *arg) {
  static const char *const keys[] = {"create", "update", "where"};
  const rl_field *r = n->relation;
  rl_arg *found[3] = {NULL, NULL, NULL};
  RL_TRY(read_parts(b, arg, keys, found, 3, r->list ? 3 : 2));
  rl_nested *out;
  RL_TRY(add_nested(b, n, RL_NESTED_UPSERT, arg, &out));
  if (r->list)
    RL_TRY(rl_bind_unique(b, r->target, found[2], &out->where));
  else if (found[2])
    RL_TRY(rl_bind_where(b, r->target, found[2], &out->where));
  if (!r->list) RL_TRY(rl_scope_add(b, r->target, &out->where));
  RL_TRY(rl_bind_write(b, r->target, found[0], RL_DATA_CREATE, r, &out->create));
  return rl_bind_write(b, r->target, found[1], RL_DATA_UPDATE, r, &out->update);
}

/* ------------------------------------------------------------------ all operations of a relation */

static rille_status bind_operation(rl_binder *b, nesting *n, int kind, rl_arg *arg) {
  switch (kind) {
  case RL_NESTED_CREATE: return bind_create(b, n, arg);
  case RL_NESTED_CREATE_MANY: return bind_create_many(b, n, arg);
  case RL_NESTED_CONNECT: return bind_connect(b, n, arg);
  case RL_NESTED_CONNECT_OR_CREATE: return bind_connect_or_create(b, n, arg);
  case RL_NESTED_DISCONNECT:
  case RL_NESTED_DELETE: return bind_removal(b, n, kind, arg);
  case RL_NESTED_SET: return bind_set(b, n, arg);
  case RL_NESTED_DELETE_MANY: return bind_delete_many(b, n, arg);
  case RL_NESTED_UPDATE: return bind_update(b, n, arg);
  case RL_NESTED_UPDATE_MANY: return bind_update_many(b, n, arg);
  default: return bind_upsert(b, n, arg);
  }
}

static bool takes_list(const nesting *n, int kind) {
  return n->relation->list && kind != RL_NESTED_CREATE_MANY && kind != RL_NESTED_SET;
}

static rille_status bind_kind(rl_binder *b, nesting *n, int kind, rl_arg *arg) {
  if (!takes_list(n, kind) || (arg->kind == RL_ARG_MARK && arg->mark == RL_MARK_ALL))
    return bind_operation(b, n, kind, arg);
  rl_args list;
  /* {} is one new row of defaults, or deletes every row; otherwise it is no row */
  bool empty_is_one = kind == RL_NESTED_CREATE || kind == RL_NESTED_DELETE_MANY;
  RL_TRY(rl_expect_many(b, arg, empty_is_one, &list));
  for (size_t i = 0; i < list.count; i++) RL_NOTE(bind_operation(b, n, kind, &list.items[i]));
  return RILLE_OK;
}

rille_status rl_bind_nested(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_data_mode mode, rl_write *write) {
  nesting n = {.relation = relation, .mode = mode, .write = write};
  rl_filter *scope; /* the plan may need it: other rows of the relation change too */
  RL_TRY(rl_scope_of(b, relation->target, &scope));
  n.cap = write->nested_count; /* the array is full, so the next operation gets a new one */
  if (arg->kind == RL_ARG_NULL)
    return rl_bad(b, arg, relation, "cannot be `rille.null`%s",
                  is_allowed(&n, RL_NESTED_DISCONNECT) && !relation->list
                      ? "; write `{ disconnect = true }` to remove the connection"
                      : "");
  RL_TRY(rl_expect_object(b, arg, "a table like `{ connect = {...} }` or `{ create = {...} }`"));
  if (arg->count == 0 && relation->required && mode == RL_DATA_CREATE)
    return rl_bad(b, arg, relation, "needs `create`, `connect` or `connect_or_create`");
  for (size_t i = 0; i < arg->count; i++) {
    int id = rl_word_id(words, RL_COUNT_OF(words), arg->children[i].key);
    if (id < 0 || !is_allowed(&n, id)) RL_NOTE(refuse_word(b, &n, &arg->children[i]));
  }
  for (size_t k = 0; k < RL_COUNT_OF(words); k++) {
    rl_arg *member = rl_get(arg, words[k].text);
    if (member && is_allowed(&n, words[k].id)) RL_NOTE(bind_kind(b, &n, words[k].id, member));
  }
  return RILLE_OK;
}
