/* Nested writes of relations whose foreign key is in the row itself. What gives the key a new value runs before the
 * row's statement and becomes part of it. */
#include "plan/write.h"

static const rl_field *const *constant(const rl_field **fields) {
  return (const rl_field *const *)fields;
}

bool rl_nested_holder_is_before(const rl_nested *nested) {
  switch (nested->kind) {
  case RL_NESTED_CREATE:
  case RL_NESTED_CONNECT:
  case RL_NESTED_CONNECT_OR_CREATE: return true;
  case RL_NESTED_DISCONNECT: return !nested->where;
  default: return false;
  }
}

static rl_fields references(rl_builder *b, const rl_relation *relation) {
  rl_fields fields = {0};
  rl_fields_add_all(b, &fields, relation->references, relation->count);
  return fields;
}

static rl_at connect(rl_builder *b, const rl_nested *nested, const rl_at *row) {
  const rl_relation *relation = nested->relation->relation;
  rl_fields wanted = references(b, relation);
  rl_at target =
      rl_read_rows(b, nested->relation->target, nested->where, NULL, &wanted, rl_raise_related(b, nested, "connect"));
  if (relation->kind == RL_ONE_TO_ONE) rl_displace(b, relation, &target, row);
  return target;
}

static rl_at create(rl_builder *b, const rl_nested *nested, const rl_fields *wanted, bool in_rowset) {
  rl_creation creation = {.write = nested->create, .wanted = wanted, .in_rowset = in_rowset};
  return rl_create_row(b, &creation);
}

static rl_at connect_or_create(rl_builder *b, const rl_nested *nested, const rl_at *row) {
  const rl_relation *relation = nested->relation->relation;
  if (nested->key_in_create && !nested->create->nested_count) {
    rl_create_unless_there(b, nested->create, NULL, nested->where);
    return connect(b, nested, row);
  }
  rl_fields wanted = references(b, relation);
  rl_at found = rl_read_rows(b, nested->relation->target, nested->where, NULL, &wanted, NULL);
  uint32_t result = rl_add_rowset(b);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  if (relation->kind == RL_ONE_TO_ONE) rl_displace(b, relation, &found, row);
  rl_add_merge(b, found.rowset, result);
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  rl_at created = create(b, nested, &found.fields, true);
  rl_add_merge(b, created.rowset, result);
  b->guard = before;
  found.rowset = result;
  return found;
}

/* Returns whether the key of another relation shares a column with this one. Both values are then compared as the
 * database returns them. */
static bool shares_columns(const rl_relation *relation) {
  const rl_model *model = relation->key_side->model;
  for (size_t i = 0; i < model->relation_count; i++) {
    const rl_relation *other = model->relations[i]->relation;
    if (!model->relations[i]->holds_key || other == relation) continue;
    for (size_t k = 0; k < relation->count; k++)
      for (size_t n = 0; n < other->count; n++)
        if (relation->fields[k] == other->fields[n]) return true;
  }
  return false;
}

void rl_nested_holder_before(rl_builder *b, const rl_nested *nested, const rl_at *row, rl_assigns *assigns) {
  const rl_relation *relation = nested->relation->relation;
  rl_fields wanted = references(b, relation);
  rl_at target;
  switch (nested->kind) {
  case RL_NESTED_CREATE: target = create(b, nested, &wanted, shares_columns(relation)); break;
  case RL_NESTED_CONNECT: target = connect(b, nested, row); break;
  case RL_NESTED_CONNECT_OR_CREATE: target = connect_or_create(b, nested, row); break;
  default:
    if (nested->relation->required) rl_refuse_required(b, relation, nested->path);
    rl_assigns_no_key(b, assigns, relation);
    return;
  }
  rl_assigns_key(b, assigns, relation, &target);
}

/* Writes the row's own key in a separate statement. */
static void write_key(rl_builder *b, const rl_at *row, const rl_assigns *assigns) {
  rl_target target = {.model = row->model, .keys = rl_where_identity(b, row, false)};
  rl_update_scoped(b, &target, assigns, NULL);
}

static void upsert(rl_builder *b, const rl_nested *nested, const rl_at *row, rl_filter *mine) {
  const rl_relation *relation = nested->relation->relation;
  rl_fields wanted = references(b, relation), read = {0};
  rl_change_wants(b, nested->update, &read);
  rl_at found = rl_read_rows(b, nested->relation->target, nested->where, mine, &read, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  rl_change change = {.write = nested->update,
                      .where = nested->where,
                      .keys = mine,
                      .none = rl_raise_related(b, nested, "update"),
                      .found = &found};
  rl_change_row(b, &change);
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  rl_at created = create(b, nested, &wanted, false);
  rl_assigns key = {0};
  rl_assigns_key(b, &key, relation, &created);
  write_key(b, row, &key);
  b->guard = before;
}

static void disconnect(rl_builder *b, const rl_nested *nested, const rl_at *row, rl_filter *mine) {
  const rl_relation *relation = nested->relation->relation;
  if (nested->relation->required) rl_refuse_required(b, relation, nested->path);
  rl_at found = rl_read_rows(b, nested->relation->target, nested->where, mine, NULL, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  rl_assigns none = {0};
  rl_assigns_no_key(b, &none, relation);
  write_key(b, row, &none);
  b->guard = before;
}

void rl_nested_holder_after(rl_builder *b, const rl_nested *nested, const rl_at *row) {
  const rl_relation *relation = nested->relation->relation;
  rl_filter *mine =
      rl_where_keys(b, constant(relation->references), constant(relation->fields), relation->count, row, false);
  switch (nested->kind) {
  case RL_NESTED_DISCONNECT: disconnect(b, nested, row, mine); return;
  case RL_NESTED_DELETE:
    rl_delete_rows(b, nested->relation->target, nested->where, mine, NULL, rl_raise_related(b, nested, "delete"));
    return;
  case RL_NESTED_UPSERT: upsert(b, nested, row, mine); return;
  default: break;
  }
  rl_change change = {
      .write = nested->update, .where = nested->where, .keys = mine, .none = rl_raise_related(b, nested, "update")};
  rl_change_row(b, &change);
}
