/* Nested writes of implicit many-to-many relations: rows of the join table, and the rows themselves. */
#include "plan/write.h"

typedef struct scope {
  const rl_nested *nested;
  const rl_relation *relation;
  const rl_model *other;
  const rl_at *row;
  bool from_a;    /* the row is on side A */
  rl_input *mine; /* the row's id */
  const rl_field *theirs;
} scope;

void rl_link_rows(rl_builder *b, const rl_field *field, rl_input *mine, rl_input *other) {
  bool from_a = field == field->relation->key_side;
  rl_insert *insert = rl_add_insert(b, field->target)->as.insert;
  insert->link = field->relation;
  insert->link_a = from_a ? mine : other;
  insert->link_b = from_a ? other : mine;
}

static void link_rows(rl_builder *b, const scope *s, rl_input *other) {
  rl_later(b, (rl_task){.join = s->nested->relation, .mine = s->mine, .other = other});
}

static rl_step *unlink_rows(rl_builder *b, const scope *s, rl_input *other) {
  rl_step *step = rl_add_delete(b, s->other, NULL, NULL);
  rl_delete *gone = step->as.delete_;
  gone->link = s->relation;
  gone->link_a = s->from_a ? s->mine : other;
  gone->link_b = s->from_a ? other : s->mine;
  return step;
}

static rl_fields join_fields(rl_builder *b, const scope *s) {
  rl_fields fields = {0};
  rl_fields_add(b, &fields, s->theirs);
  return fields;
}

static rl_at read_other(rl_builder *b, const scope *s, rl_filter *where, const rl_raise *none) {
  rl_fields wanted = join_fields(b, s);
  if (s->nested->update && s->nested->kind != RL_NESTED_UPDATE_MANY) rl_change_wants(b, s->nested->update, &wanted);
  return rl_read_rows(b, s->other, where, NULL, &wanted, none);
}

/* Restricts to rows that are linked to the row. */
static rl_at read_linked_rows(rl_builder *b, const scope *s, rl_filter *where, const rl_raise *none) {
  rl_at found = read_other(b, s, where, none);
  rl_select *select = b->steps[b->plan->step_count - 1]->as.select;
  select->link = s->relation;
  select->link_from_a = s->from_a;
  select->link_keys = rl_at_list(b, s->row, rl_model_link_id(s->row->model));
  return found;
}

static rl_at read_linked(rl_builder *b, const scope *s, const rl_raise *none) {
  return read_linked_rows(b, s, s->nested->where, none);
}

/* The same, as a condition of the statement that writes them. */
static rl_filter *where_linked(rl_builder *b, const scope *s) {
  const rl_field *mine = rl_model_link_id(s->row->model);
  rl_filter *linked = RL_MAKE(b, rl_filter);
  linked->kind = RL_FILTER_RELATION;
  linked->field = s->nested->relation->opposite;
  linked->quantifier = RL_SOME;
  linked->inner = rl_where_keys(b, &mine, &mine, 1, s->row, false);
  return linked;
}

static rl_filter *where_named_and_linked(rl_builder *b, const scope *s) {
  return rl_where_and(b, s->nested->where, where_linked(b, s));
}

static rl_at create_other(rl_builder *b, const scope *s) {
  rl_fields wanted = join_fields(b, s);
  rl_creation creation = {.write = s->nested->create, .wanted = &wanted};
  return rl_create_row(b, &creation);
}

static void create(rl_builder *b, const scope *s) {
  rl_at made = create_other(b, s);
  link_rows(b, s, rl_at_value(b, &made, s->theirs));
}

static void connect(rl_builder *b, const scope *s, rl_filter *where) {
  rl_at found = read_other(b, s, where, rl_raise_related(b, s->nested, "connect"));
  link_rows(b, s, rl_at_value(b, &found, s->theirs));
}

static void connect_or_create(rl_builder *b, const scope *s) {
  if (s->nested->key_in_create && !s->nested->create->nested_count) {
    rl_create_unless_there(b, s->nested->create, NULL, s->nested->where);
    connect(b, s, s->nested->where);
    return;
  }
  rl_at found = read_other(b, s, s->nested->where, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  link_rows(b, s, rl_at_value(b, &found, s->theirs));
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  create(b, s);
  b->guard = before;
}

static void disconnect(rl_builder *b, const scope *s) {
  rl_at found = read_linked(b, s, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  unlink_rows(b, s, rl_at_value(b, &found, s->theirs));
  b->guard = before;
}

/* Links to rows outside of the scope of the client stay. */
static void unlink_known(rl_builder *b, const scope *s) {
  rl_filter *known = rl_plan_scope(b, s->other);
  if (!known) {
    unlink_rows(b, s, NULL);
    return;
  }
  rl_at found = read_linked_rows(b, s, known, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  unlink_rows(b, s, rl_at_list(b, &found, s->theirs));
  b->guard = before;
}

static void set(rl_builder *b, const scope *s) {
  unlink_known(b, s);
  for (size_t i = 0; i < s->nested->item_count; i++) connect(b, s, s->nested->items[i]);
}

/* A DELETE that waits for a row reads the row again, but the join table as it was when the statement began. So it
 * leaves a row that it had to wait for to a second DELETE, which sees whether the link still exists. */
static void delete_linked(rl_builder *b, const scope *s, const rl_raise *none) {
  rl_filter *where = where_named_and_linked(b, s);
  rl_fields key = {0}, ignored = {0};
  uint32_t before = b->guard;
  if (rl_referential_delete_wants(b, s->other, &ignored)) {
    rl_assigns nothing = {0};
    rl_target target = {.model = s->other, .where = where, .none = none, .many = true};
    rl_lock_linked(b, &target, &nothing);
  } else if (b->features->concurrent_writers) {
    rl_step *first = rl_add_delete(b, s->other, where, NULL);
    first->as.delete_->as_seen = true;
    rl_fields_add_key(b, &key, s->other);
    if (none) rl_guard_on(b, rl_step_keeps(b, first, s->other, &key).rowset, true);
  }
  rl_delete_rows(b, s->other, where, NULL, NULL, none);
  b->guard = before;
}

static void update(rl_builder *b, const scope *s) {
  rl_change change = {.write = s->nested->update,
                      .where = where_named_and_linked(b, s),
                      .none = rl_raise_related(b, s->nested, "update"),
                      .linked = true};
  rl_change_row(b, &change);
}

static void update_many(rl_builder *b, const scope *s) {
  rl_assigns assigns = {0};
  rl_assigns_all(b, &assigns, s->nested->update->assigns, s->nested->update->assign_count);
  if (!assigns.count) return;
  rl_target target = {.model = s->other, .where = where_named_and_linked(b, s), .many = true};
  rl_lock_linked(b, &target, &assigns);
  rl_update_scoped(b, &target, &assigns, s->nested->update);
}

static void upsert(rl_builder *b, const scope *s) {
  rl_at found = read_linked(b, s, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  rl_change change = {.write = s->nested->update,
                      .where = s->nested->where,
                      .keys = where_linked(b, s),
                      .none = rl_raise_related(b, s->nested, "update"),
                      .found = &found,
                      .linked = true};
  rl_change_row(b, &change);
  b->guard = before;
  rl_guard_on(b, found.rowset, true);
  create(b, s);
  b->guard = before;
}

void rl_nested_join(rl_builder *b, const rl_nested *nested, const rl_at *row) {
  const rl_field *field = nested->relation;
  scope s = {.nested = nested, .relation = field->relation, .other = field->target, .row = row};
  s.from_a = field == field->relation->key_side;
  s.mine = rl_at_value(b, row, rl_model_link_id(row->model));
  s.theirs = rl_model_link_id(field->target);
  switch (nested->kind) {
  case RL_NESTED_CREATE: create(b, &s); break;
  case RL_NESTED_CONNECT: connect(b, &s, nested->where); break;
  case RL_NESTED_CONNECT_OR_CREATE: connect_or_create(b, &s); break;
  case RL_NESTED_DISCONNECT: disconnect(b, &s); break;
  case RL_NESTED_SET: set(b, &s); break;
  case RL_NESTED_DELETE: delete_linked(b, &s, rl_raise_unconnected(b, nested)); break;
  case RL_NESTED_DELETE_MANY: delete_linked(b, &s, NULL); break;
  case RL_NESTED_UPDATE: update(b, &s); break;
  case RL_NESTED_UPDATE_MANY: update_many(b, &s); break;
  case RL_NESTED_UPSERT: upsert(b, &s); break;
  case RL_NESTED_CREATE_MANY:
    rl_refuse(b, RL_VALIDATION, (const char *)rl_need(b, rl_arena_strdup(b->arena, nested->path)),
              "%.*s: cannot be used with a many-to-many relation; use `create`", RL_STR_ARG(nested->path));
  }
}
