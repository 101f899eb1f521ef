/* Nested writes of relations whose foreign key is in the other row: one child, or many. */
#include "plan/write.h"

typedef struct scope {
  const rl_nested *nested;
  const rl_relation *relation;
  const rl_model *child;
  const rl_at *row;
  bool one, created;
  rl_filter *mine; /* selects the children of the row */
  rl_assigns key;  /* turns a row into a child */
} scope;

static void refuse_orphans(rl_builder *b, const scope *s) {
  if (s->relation->key_side->required) rl_refuse_required(b, s->relation, s->nested->path);
}

/* Disconnects the current child of a one-to-one relation. */
static void make_room(rl_builder *b, const scope *s, const rl_at *but) {
  if (s->one && !s->created) rl_displace(b, s->relation, s->row, but);
}

/* Updates children, or what becomes one. */
static void set_columns(rl_builder *b, const scope *s, const rl_assigns *assigns, rl_filter *where, rl_filter *keys,
                        const rl_raise *none) {
  rl_target target = {.model = s->child, .where = where, .keys = keys, .none = none};
  rl_update_scoped(b, &target, assigns, NULL);
}

static void insert(rl_builder *b, const scope *s) {
  rl_creation creation = {.write = s->nested->create, .extra = &s->key, .path = s->nested->path};
  rl_create_row(b, &creation);
}

static void create(rl_builder *b, const scope *s) {
  make_room(b, s, NULL);
  insert(b, s);
}

/* Returns the rows with the parent's key as additional columns, which no row gives. */
static rl_rows *with_key(rl_builder *b, const scope *s) {
  rl_rows *rows = RL_MAKE(b, rl_rows);
  *rows = *s->nested->rows;
  rows->columns = RL_MAKE_ARRAY(b, rl_rows_column, s->nested->rows->column_count + s->relation->count);
  rows->column_count = 0;
  for (size_t i = 0; i < s->nested->rows->column_count; i++) {
    const rl_rows_column *column = &s->nested->rows->columns[i];
    if (!rl_assign_of(s->key.items, s->key.count, column->field)) rows->columns[rows->column_count++] = *column;
  }
  for (size_t i = 0; i < s->relation->count; i++)
    rows->columns[rows->column_count++] = (rl_rows_column){
        .field = s->relation->fields[i], .missing = rl_at_row_value(b, s->row, s->relation->references[i])};
  return rows;
}

static void create_many(rl_builder *b, const scope *s) {
  rl_step *step = rl_add_insert(b, s->child);
  step->as.insert->rows = with_key(b, s);
  step->as.insert->skip_duplicates = step->as.insert->rows->skip_duplicates;
  rl_written written = rl_written_by_rows(step->as.insert->rows, true);
  rl_scoped_keep(b, step, &written, NULL);
}

/* Reads the rows that get the parent's key, and locks them until then. */
static rl_at read_to_connect(rl_builder *b, const scope *s, rl_filter *where, const rl_raise *none, bool many) {
  rl_target target = {.model = s->child, .where = where, .none = none, .many = many};
  return rl_read_to_write(b, &target, &s->key, NULL);
}

static void connect(rl_builder *b, const scope *s) {
  const rl_raise *none = s->one ? rl_raise_related(b, s->nested, "connect") : rl_raise_connect(b, s->nested);
  if (!s->one || s->created) {
    set_columns(b, s, &s->key, s->nested->where, NULL, none);
    return;
  }
  rl_at found = read_to_connect(b, s, s->nested->where, none, false);
  make_room(b, s, &found);
  set_columns(b, s, &s->key, NULL, rl_where_identity(b, &found, false), NULL);
}

static void connect_or_create(rl_builder *b, const scope *s) {
  if (s->nested->key_in_create && !s->nested->create->nested_count && (!s->one || s->created)) {
    rl_create_unless_there(b, s->nested->create, &s->key, s->nested->where);
    connect(b, s);
    return;
  }
  rl_at found = read_to_connect(b, s, s->nested->where, NULL, false);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  make_room(b, s, &found);
  set_columns(b, s, &s->key, NULL, rl_where_identity(b, &found, false), NULL);
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  create(b, s);
  b->guard = before;
}

static void disconnect(rl_builder *b, const scope *s) {
  refuse_orphans(b, s);
  rl_assigns none = {0};
  rl_assigns_no_key(b, &none, s->relation);
  set_columns(b, s, &none, s->nested->where, s->mine, NULL);
}

static rl_filter *any_of(rl_builder *b, rl_filter **items, size_t count) {
  rl_filter *any = RL_MAKE(b, rl_filter);
  any->kind = count ? RL_FILTER_OR : RL_FILTER_FALSE;
  any->items = items;
  any->count = count;
  return any;
}

/* The named rows become the children, all others are disconnected. A missing row is skipped, as in Prisma. */
static void set(rl_builder *b, const scope *s) {
  rl_filter *named = any_of(b, s->nested->items, s->nested->item_count);
  if (!s->relation->key_side->required) {
    rl_assigns none = {0};
    rl_assigns_no_key(b, &none, s->relation);
    set_columns(b, s, &none, rl_plan_scope(b, s->child), s->mine, NULL);
    if (s->nested->item_count) set_columns(b, s, &s->key, named, NULL, NULL);
    return;
  }
  rl_at found = {.rowset = RL_NO_ROWSET};
  rl_filter *others = NULL;
  if (s->nested->item_count) {
    found = read_to_connect(b, s, named, NULL, true);
    others = rl_plan_filter_not(b, rl_where_identity(b, &found, true));
  }
  rl_at orphans = rl_read_rows(b, s->child, rl_where_and(b, others, rl_plan_scope(b, s->child)), s->mine, NULL, NULL);
  uint32_t before = rl_guard_on(b, orphans.rowset, false);
  rl_add_raise(b, rl_raise_required(b, s->relation));
  b->guard = before;
  if (s->nested->item_count) set_columns(b, s, &s->key, NULL, rl_where_identity(b, &found, true), NULL);
}

static void update(rl_builder *b, const scope *s) {
  rl_change change = {.write = s->nested->update,
                      .where = s->nested->where,
                      .keys = s->mine,
                      .none = rl_raise_related(b, s->nested, "update")};
  rl_change_row(b, &change);
}

static void update_many(rl_builder *b, const scope *s) {
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, s->nested->update->assigns, s->nested->update->assign_count);
  rl_target target = {.model = s->child, .where = s->nested->where, .keys = s->mine};
  if (assigns.count) rl_update_scoped(b, &target, &assigns, s->nested->update);
}

static void upsert(rl_builder *b, const scope *s) {
  rl_fields read = {0};
  rl_change_wants(b, s->nested->update, &read);
  rl_at found = rl_read_rows(b, s->child, s->nested->where, s->mine, &read, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  rl_change change = {.write = s->nested->update,
                      .where = s->nested->where,
                      .keys = s->mine,
                      .none = rl_raise_related(b, s->nested, "update"),
                      .found = &found};
  rl_change_row(b, &change);
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  if (s->nested->where) make_room(b, s, NULL); /* otherwise there was no child */
  insert(b, s);
  b->guard = before;
}

static void delete_one(rl_builder *b, const scope *s) {
  const rl_raise *none = s->one ? rl_raise_related(b, s->nested, "delete") : rl_raise_unconnected(b, s->nested);
  rl_delete_rows(b, s->child, s->nested->where, s->mine, NULL, none);
}

void rl_nested_child(rl_builder *b, const rl_nested *nested, const rl_at *row, bool created) {
  const rl_relation *relation = nested->relation->relation;
  scope s = {.nested = nested, .relation = relation, .child = nested->relation->target, .row = row, .created = created};
  s.one = relation->kind == RL_ONE_TO_ONE;
  s.mine = rl_where_keys(b, (const rl_field *const *)relation->fields, (const rl_field *const *)relation->references,
                         relation->count, row, false);
  rl_assigns_key(b, &s.key, relation, row);
  switch (nested->kind) {
  case RL_NESTED_CREATE: create(b, &s); break;
  case RL_NESTED_CREATE_MANY: create_many(b, &s); break;
  case RL_NESTED_CONNECT: connect(b, &s); break;
  case RL_NESTED_CONNECT_OR_CREATE: connect_or_create(b, &s); break;
  case RL_NESTED_DISCONNECT: disconnect(b, &s); break;
  case RL_NESTED_SET: set(b, &s); break;
  case RL_NESTED_DELETE: delete_one(b, &s); break;
  case RL_NESTED_DELETE_MANY: rl_delete_rows(b, s.child, nested->where, s.mine, NULL, NULL); break;
  case RL_NESTED_UPDATE: update(b, &s); break;
  case RL_NESTED_UPDATE_MANY: update_many(b, &s); break;
  case RL_NESTED_UPSERT: upsert(b, &s); break;
  }
}
