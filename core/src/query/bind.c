/* The entry: which arguments an action takes, and what is made of them. */
#include "query/bind.h"

enum {
  WHERE = 1 << 0,
  SELECT = 1 << 1,
  INCLUDE = 1 << 2,
  OMIT = 1 << 3,
  ORDER_BY = 1 << 4,
  CURSOR = 1 << 5,
  TAKE = 1 << 6,
  SKIP = 1 << 7,
  DISTINCT = 1 << 8,
  LOCK = 1 << 9,
  DATA = 1 << 10,
  SKIP_DUPLICATES = 1 << 11,
  LIMIT = 1 << 12,
  CREATE = 1 << 13,
  UPDATE = 1 << 14,
  ON = 1 << 15,
  BY = 1 << 16,
  HAVING = 1 << 17,
  AGGREGATES = 1 << 18,
  STRATEGY = 1 << 19,
  SHOWN = SELECT | INCLUDE | OMIT | STRATEGY,
  CUT = ORDER_BY | CURSOR | TAKE | SKIP,
  FIND = WHERE | CUT | DISTINCT | LOCK | SHOWN
};

static const rl_word words[] = {{"where", WHERE},
                                {"select", SELECT},
                                {"include", INCLUDE},
                                {"omit", OMIT},
                                {"order_by", ORDER_BY},
                                {"cursor", CURSOR},
                                {"take", TAKE},
                                {"skip", SKIP},
                                {"distinct", DISTINCT},
                                {"lock", LOCK},
                                {"data", DATA},
                                {"skip_duplicates", SKIP_DUPLICATES},
                                {"limit", LIMIT},
                                {"create", CREATE},
                                {"update", UPDATE},
                                {"on", ON},
                                {"by", BY},
                                {"having", HAVING},
                                {"_count", AGGREGATES},
                                {"_sum", AGGREGATES},
                                {"_avg", AGGREGATES},
                                {"_min", AGGREGATES},
                                {"_max", AGGREGATES},
                                {"relation_load_strategy", STRATEGY}};

typedef struct action_arguments {
  rille_action action;
  const char *name;
  int allowed, required;
} action_arguments;

static const action_arguments actions[] = {
    {RILLE_FIND_UNIQUE, "find_unique", WHERE | LOCK | SHOWN, WHERE},
    {RILLE_FIND_UNIQUE_OR_THROW, "find_unique_or_throw", WHERE | LOCK | SHOWN, WHERE},
    {RILLE_FIND_FIRST, "find_first", FIND, 0},
    {RILLE_FIND_FIRST_OR_THROW, "find_first_or_throw", FIND, 0},
    {RILLE_FIND_MANY, "find_many", FIND, 0},
    {RILLE_CREATE, "create", DATA | SHOWN, 0},
    {RILLE_CREATE_MANY, "create_many", DATA | SKIP_DUPLICATES, DATA},
    {RILLE_CREATE_MANY_AND_RETURN, "create_many_and_return", DATA | SKIP_DUPLICATES | SHOWN, DATA},
    {RILLE_UPDATE, "update", WHERE | DATA | SHOWN, WHERE | DATA},
    {RILLE_UPDATE_MANY, "update_many", WHERE | DATA | LIMIT | ON, DATA},
    {RILLE_UPDATE_MANY_AND_RETURN, "update_many_and_return", WHERE | DATA | LIMIT | ON | SHOWN, DATA},
    {RILLE_UPSERT, "upsert", WHERE | CREATE | UPDATE | SHOWN, WHERE | CREATE | UPDATE},
    {RILLE_UPSERT_MANY, "upsert_many", DATA | ON | UPDATE, DATA | ON},
    {RILLE_DELETE, "delete", WHERE | SHOWN, WHERE},
    {RILLE_DELETE_MANY, "delete_many", WHERE | LIMIT, 0},
    {RILLE_COUNT, "count", WHERE | CUT | SELECT, 0},
    {RILLE_AGGREGATE, "aggregate", WHERE | CUT | AGGREGATES, 0},
    {RILLE_GROUP_BY, "group_by", WHERE | ORDER_BY | TAKE | SKIP | BY | HAVING | AGGREGATES, BY},
    {RILLE_EXISTS, "exists", WHERE, 0},
};

static bool is_any(rille_action action, const rille_action *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (list[i] == action) return true;
  return false;
}
#define IS_ANY(action, ...)                                                                                            \
  is_any((action), (const rille_action[]){__VA_ARGS__}, sizeof((rille_action[]){__VA_ARGS__}) / sizeof(rille_action))

/* Accepted for the sake of ported calls: here either means one statement a level, however many rows it has. */
static rille_status check_strategy(rl_binder *b, rl_node *args) {
  static const rl_word strategies[] = {{"join", 0}, {"query", 1}};
  rl_node *node = rl_get(args, "relation_load_strategy");
  int id;
  return node ? rl_expect_word(b, node, strategies, RL_COUNT_OF(strategies), &id) : RILLE_OK;
}

/* "email" beside where, or in its place. */
static rille_status misplaced(rl_binder *b, const action_arguments *a, const rl_node *member, const rl_field *f) {
  if (f->is_relation && (a->allowed & INCLUDE))
    return rl_bad(b, member, f, "a relation of %.*s; write include = { %.*s = true }, or where = { %.*s = {...} }",
                  RL_STR_ARG(f->model->name), RL_STR_ARG(f->name), RL_STR_ARG(f->name));
  rl_buf places;
  rl_buf_init(&places);
  static const rl_word kinds[] = {{"where", WHERE},   {"data", DATA}, {"create", CREATE},
                                  {"update", UPDATE}, {"by", BY},     {"_sum", AGGREGATES}};
  for (size_t i = 0; i < RL_COUNT_OF(kinds); i++) {
    if (!(a->allowed & kinds[i].id)) continue;
    const char *form = kinds[i].id == BY           ? "%s%s = { \"%.*s\" }"
                       : kinds[i].id == AGGREGATES ? "%s%s = { %.*s = true }"
                                                   : "%s%s = { %.*s = ... }";
    rl_buf_printf(&places, form, places.len ? " or " : "", kinds[i].text, RL_STR_ARG(f->name));
  }
  const char *z = rl_buf_z(&places);
  rille_status status =
      z ? rl_bad(b, member, f, "a field of %.*s; write %s", RL_STR_ARG(f->model->name), z) : rl_nomem(b);
  rl_buf_dispose(&places);
  return status;
}

static rille_status check_arguments(rl_binder *b, const action_arguments *a, rl_node *args) {
  RL_TRY(rl_expect_object(b, args, "a table of arguments"));
  for (size_t i = 0; i < args->count; i++) {
    rl_node *member = &args->children[i];
    int id = rl_word_id(words, RL_COUNT_OF(words), member->key);
    if (id > 0 && (a->allowed & id)) continue;
    const rl_field *f = id < 0 ? rl_find_field(b->query->model, member->key) : NULL;
    if (f) return misplaced(b, a, member, f);
    rl_names names = {.arena = b->arena};
    for (size_t k = 0; k < RL_COUNT_OF(words); k++)
      if (a->allowed & words[k].id) rl_names_add(&names, rl_str_of(words[k].text));
    char *what = rl_arena_printf(b->arena, "argument of %s", a->name);
    return what ? rl_bad_name(b, member, member->key, what, NULL, &names) : rl_nomem(b);
  }
  for (size_t k = 0; k < RL_COUNT_OF(words); k++)
    if ((a->required & words[k].id) && !rl_get(args, words[k].text))
      return rl_bad_child(b, RL_P2013, args, words[k].text, NULL, "missing; %s needs it", a->name);
  return check_strategy(b, args);
}

/* ------------------------------------------------------------------ where of the actions */

static bool is_all(const rl_node *where) {
  return where->kind == RL_NODE_MARK && where->mark == RL_MARK_ALL;
}

/* These say something with nothing in them: an empty list means no row, some = {} that there is a related one. */
static bool speaks_alone(rl_str key) {
  static const rl_word quantifiers[] = {{"some", 0}, {"none", 0}, {"is", 0}, {"is_not", 0}};
  return rl_is_scalar_operator(key) || rl_word_id(quantifiers, RL_COUNT_OF(quantifiers), key) >= 0;
}

/* Whether there is no value in it, however deep. */
static bool says_nothing(const rl_node *n) {
  if (n->kind == RL_NODE_LIST && !n->expanded) return n->count == 0;
  if (n->kind != RL_NODE_OBJECT && n->kind != RL_NODE_LIST) return false;
  for (size_t i = 0; i < n->count; i++)
    if (speaks_alone(n->children[i].key) || !says_nothing(&n->children[i])) return false;
  return true;
}

/* A nil disappears from a Lua table, so an empty where is taken for an accident. */
static rille_status where_of_many(rl_binder *b, rl_node *args) {
  rl_query *q = b->query;
  rl_node *where = rl_get(args, "where");
  if (where && is_all(where)) {
    q->all_rows = true;
    return RILLE_OK;
  }
  if (!where) return rl_bad_child(b, RL_P2013, args, "where", NULL, "missing; `where = rille.all` means every row");
  RL_TRY(rl_bind_where(b, q->model, where, &q->read.where));
  if (q->read.where && !says_nothing(where)) return RILLE_OK;
  return rl_bad(b, where, NULL,
                "it has no condition, so every row would be meant; if that is wanted write `where = rille.all`");
}

static rille_status check_strict(rl_binder *b, rl_node *args) {
  rl_node *where = rl_get(args, "where");
  if (!b->options || !b->options->strict_where || !where || is_all(where) || b->query->read.where) return RILLE_OK;
  return rl_bad(b, where, NULL,
                "it has no condition, and strict_where is on; if every row is wanted write `where = rille.all`");
}

/* ------------------------------------------------------------------ the actions */

static rille_status bind_find(rl_binder *b, rl_node *args) {
  rl_query *q = b->query;
  bool unique = IS_ANY(q->action, RILLE_FIND_UNIQUE, RILLE_FIND_UNIQUE_OR_THROW);
  if (unique) {
    rl_node *lock = rl_get(args, "lock");
    RL_TRY(rl_bind_unique(b, q->model, rl_get(args, "where"), &q->read.where));
    if (lock) RL_TRY(rl_bind_lock(b, lock, &q->read));
  } else {
    RL_TRY(rl_bind_read(b, q->model, args, false, &q->read));
    RL_TRY(check_strict(b, args));
  }
  return rl_bind_selection(b, q->model, args, &q->read.selection);
}

static rille_status bind_aggregation(rl_binder *b, rl_node *args) {
  rl_query *q = b->query;
  RL_TRY(rl_bind_read(b, q->model, args, q->action == RILLE_GROUP_BY, &q->read));
  RL_TRY(check_strict(b, args));
  q->read.selection.model = q->model;
  if (q->action == RILLE_EXISTS) return RILLE_OK;
  if (q->action == RILLE_COUNT) return rl_bind_count_select(b, rl_get(args, "select"));
  return q->action == RILLE_AGGREGATE ? rl_bind_aggregates(b, args) : rl_bind_group_by(b, args);
}

static rille_status bind_create(rl_binder *b, rl_node *args) {
  rl_node *data = rl_get(args, "data");
  if (!data) { /* a row of nothing but defaults */
    data = RL_NEW(b->arena, rl_node);
    if (!data) return rl_nomem(b);
    *data = (rl_node){.kind = RL_NODE_OBJECT, .key = RL_STR("data"), .parent = args};
  }
  RL_TRY(rl_bind_write(b, b->query->model, data, RL_DATA_CREATE, NULL, &b->query->create));
  return rl_bind_selection(b, b->query->model, args, &b->query->read.selection);
}

static rille_status bind_rows(rl_binder *b, rl_node *args) {
  rl_query *q = b->query;
  RL_TRY(rl_bind_rows(b, q->model, rl_get(args, "data"), NULL, true, &q->rows));
  rl_node *skip = rl_get(args, "skip_duplicates");
  if (skip) RL_TRY(rl_expect_flag(b, skip, &q->rows->skip_duplicates));
  if (q->rows->skip_duplicates && q->rows->child_count)
    return rl_bad(b, skip, NULL, "it cannot stand beside related rows: a row that is skipped could not have any");
  if (q->action == RILLE_UPSERT_MANY) return rl_bind_rows_keys(b, args, q->rows, false);
  q->read.selection.model = q->model;
  return q->action == RILLE_CREATE_MANY ? RILLE_OK : rl_bind_selection(b, q->model, args, &q->read.selection);
}

static rille_status bind_one(rl_binder *b, rl_node *args) { /* update, upsert, delete */
  rl_query *q = b->query;
  const rl_model *m = q->model;
  RL_TRY(rl_bind_unique(b, m, rl_get(args, "where"), &q->read.where));
  if (q->action == RILLE_UPDATE) RL_TRY(rl_bind_write(b, m, rl_get(args, "data"), RL_DATA_UPDATE, NULL, &q->update));
  if (q->action == RILLE_UPSERT) {
    RL_TRY(rl_bind_write(b, m, rl_get(args, "create"), RL_DATA_CREATE, NULL, &q->create));
    RL_TRY(rl_bind_write(b, m, rl_get(args, "update"), RL_DATA_UPDATE, NULL, &q->update));
    RL_TRY(rl_bind_key_again(b, q->read.where, q->create, &q->upsert_native));
  }
  return rl_bind_selection(b, m, args, &q->read.selection);
}

/* update_many whose data is a list: other values for each row, which `on` tells apart. Its keys are the condition; a
 * where beside it restricts further, and must say something, since a nil in it may have vanished. */
static rille_status bind_update_rows(rl_binder *b, rl_node *args, rl_node *data) {
  rl_query *q = b->query;
  rl_node *limit = rl_get(args, "limit");
  if (limit) return rl_bad(b, limit, NULL, "it cannot stand beside `on`: the rows of data say which rows are meant");
  if (rl_get(args, "where")) RL_TRY(where_of_many(b, args));
  RL_TRY(rl_bind_rows(b, q->model, data, NULL, false, &q->rows));
  RL_TRY(rl_bind_rows_keys(b, args, q->rows, true));
  return q->action == RILLE_UPDATE_MANY_AND_RETURN ? rl_bind_selection(b, q->model, args, &q->read.selection)
                                                   : RILLE_OK;
}

static rille_status bind_many(rl_binder *b, rl_node *args) { /* update_many, delete_many */
  rl_query *q = b->query;
  rl_node *data = rl_get(args, "data"), *limit = rl_get(args, "limit");
  q->read.selection.model = q->model;
  if (rl_get(args, "on")) return bind_update_rows(b, args, data);
  if (data && data->kind == RL_NODE_LIST)
    return rl_bad(
        b, data, NULL,
        "a list was given; one object is written to all rows, or give `on = {...}` for values of each row's own");
  RL_TRY(where_of_many(b, args));
  if (limit) RL_TRY(rl_input_count(b, limit, &q->limit));
  if (data) RL_TRY(rl_bind_write(b, q->model, data, RL_DATA_UPDATE_MANY, NULL, &q->update));
  return q->action == RILLE_UPDATE_MANY_AND_RETURN ? rl_bind_selection(b, q->model, args, &q->read.selection)
                                                   : RILLE_OK;
}

static rille_status bind_action(rl_binder *b, rl_node *args) {
  rille_action a = b->query->action;
  if (a >= RILLE_FIND_UNIQUE && a <= RILLE_FIND_MANY) return bind_find(b, args);
  if (a == RILLE_CREATE) return bind_create(b, args);
  if (IS_ANY(a, RILLE_CREATE_MANY, RILLE_CREATE_MANY_AND_RETURN, RILLE_UPSERT_MANY)) return bind_rows(b, args);
  if (IS_ANY(a, RILLE_UPDATE, RILLE_UPSERT, RILLE_DELETE)) return bind_one(b, args);
  if (IS_ANY(a, RILLE_UPDATE_MANY, RILLE_UPDATE_MANY_AND_RETURN, RILLE_DELETE_MANY)) return bind_many(b, args);
  return bind_aggregation(b, args);
}

static const action_arguments *arguments_of(rille_action action) {
  for (size_t i = 0; i < RL_COUNT_OF(actions); i++)
    if (actions[i].action == action) return &actions[i];
  return NULL;
}

static rille_status bind_call(rl_binder *b, const rl_model *model, rille_action action) {
  const action_arguments *a = arguments_of(action);
  if (!a) return rl_fail(b->err, RL_VALIDATION, "there is no action %ld", (long)action);
  b->query = RL_NEW(b->arena, rl_query);
  if (!b->query) return rl_nomem(b);
  b->query->action = action;
  b->query->model = b->query->read.model = model;
  if (model->is_view && action >= RILLE_CREATE && action <= RILLE_DELETE_MANY)
    return rl_fail(b->err, RL_VALIDATION, "%.*s is a view and can only be read", RL_STR_ARG(model->name));
  RL_TRY(check_arguments(b, a, b->tree->root));
  return bind_action(b, b->tree->root);
}

rille_status rl_bind_faults(const rl_schema *schema, const rl_model *model, rille_action action, rl_tree *tree,
                            const rl_bind_options *options, rl_arena *arena, rl_faults *faults, rl_error *err) {
  rl_binder b = {.schema = schema, .tree = tree, .options = options, .arena = arena, .faults = faults, .err = err};
  return rl_note(&b, bind_call(&b, model, action));
}

rille_status rl_bind(const rl_schema *schema, const rl_model *model, rille_action action, rl_tree *tree,
                     const rl_bind_options *options, rl_arena *arena, rl_query **out, rl_error *err) {
  rl_binder b = {.schema = schema, .tree = tree, .options = options, .arena = arena, .err = err};
  rille_status status = bind_call(&b, model, action);
  if (status == RILLE_OK) status = rl_seal(&b);
  if (status < 0) {
    rl_error_detail(err, "model", model->name);
    return status;
  }
  *out = b.query;
  return RILLE_OK;
}
