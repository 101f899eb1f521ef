/* relationMode = "prisma": referential actions as steps, because the tables have no foreign keys. Referencing rows come
 * before the rows that are changed or deleted. */
#include "plan/write.h"
#include "input/input.h"

typedef struct rl_action_path {
  const rl_relation *relation;
  const struct rl_action_path *outer;
} rl_action_path;

/* The number of steps is finite, so an action that leads back to its own relation is followed this many times. */
enum { RL_ACTION_ROUNDS = 4 };

static bool followed_enough(const rl_builder *b, const rl_relation *relation) {
  int rounds = 0;
  for (const rl_action_path *p = b->actions; p; p = p->outer) rounds += p->relation == relation;
  return rounds >= RL_ACTION_ROUNDS;
}

static bool refers_to(const rl_relation *relation, const rl_model *model) {
  return relation->kind != RL_MANY_TO_MANY && relation->other_side->model == model;
}

static bool joins(const rl_relation *relation, const rl_model *model) {
  return relation->kind == RL_MANY_TO_MANY &&
         (relation->key_side->model == model || relation->other_side->model == model);
}

static bool touched(const rl_relation *relation, const rl_assigns *assigns) {
  for (size_t i = 0; i < relation->count; i++)
    if (rl_assign_of(assigns->items, assigns->count, relation->references[i])) return true;
  return false;
}

bool rl_referential_update_wants(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_fields *wanted) {
  bool any = false;
  for (size_t i = 0; b->schema->relation_mode_prisma && i < b->schema->relation_count; i++) {
    const rl_relation *relation = b->schema->relations[i];
    if (!refers_to(relation, model) || relation->on_update == RL_REF_NO_ACTION || !touched(relation, assigns) ||
        followed_enough(b, relation))
      continue;
    rl_fields_add_all(b, wanted, relation->references, relation->count);
    any = true;
  }
  return any;
}

bool rl_referential_delete_wants(rl_builder *b, const rl_model *model, rl_fields *wanted) {
  bool any = false;
  for (size_t i = 0; b->schema->relation_mode_prisma && i < b->schema->relation_count; i++) {
    const rl_relation *relation = b->schema->relations[i];
    bool acts = refers_to(relation, model) && relation->on_delete != RL_REF_NO_ACTION && !followed_enough(b, relation);
    if (acts) rl_fields_add_all(b, wanted, relation->references, relation->count);
    if (joins(relation, model)) rl_fields_add(b, wanted, rl_model_link_id(model));
    any = any || acts || joins(relation, model);
  }
  return any;
}

static bool reaches(const rl_builder *b, const rl_model *model, const rl_model *target, bool *seen) {
  for (size_t i = 0; i < b->schema->relation_count; i++) {
    const rl_relation *relation = b->schema->relations[i];
    if (seen[i] || !refers_to(relation, model) || relation->on_delete == RL_REF_NO_ACTION ||
        relation->on_delete == RL_REF_RESTRICT)
      continue;
    seen[i] = true;
    const rl_model *next = relation->key_side->model;
    if (next == target || (relation->on_delete == RL_REF_CASCADE && reaches(b, next, target, seen))) return true;
  }
  return false;
}

bool rl_referential_delete_reaches(rl_builder *b, const rl_model *model) {
  bool *seen = RL_MAKE_ARRAY(b, bool, b->schema->relation_count);
  return reaches(b, model, model, seen);
}

static rl_filter *referring(rl_builder *b, const rl_relation *relation, const rl_at *rows) {
  return rl_where_keys(b, (const rl_field *const *)relation->fields, (const rl_field *const *)relation->references,
                       relation->count, rows, rows->many);
}

static void restrict_rows(rl_builder *b, const rl_relation *relation, const rl_at *rows) {
  rl_at found = rl_read_rows(b, relation->key_side->model, NULL, referring(b, relation, rows), NULL, NULL);
  uint32_t before = rl_guard_on(b, found.rowset, false);
  rl_add_raise(b, rl_raise_required(b, relation));
  b->guard = before;
}

static rl_input *default_of(rl_builder *b, const rl_field *field) {
  if (field->def.kind != RL_DEFAULT_LITERAL) return NULL;
  rl_input *input = RL_MAKE(b, rl_input);
  input->kind = RL_INPUT_CONSTANT;
  input->type = field->type;
  input->field = field;
  rille_status status = rl_literal_value(field, b->arena, &input->constant, b->err);
  if (status == RILLE_OK) return input;
  b->status = status;
  longjmp(b->failed, 1);
}

/* Sets the key of the referencing rows to null or its default. */
static void let_go(rl_builder *b, const rl_relation *relation, const rl_at *rows, bool to_default) {
  rl_assigns assigns = {0};
  if (to_default) {
    for (size_t i = 0; i < relation->count; i++)
      rl_assigns_put(
          b, &assigns,
          (rl_assign){.field = relation->fields[i], .op = RL_SET, .input = default_of(b, relation->fields[i])});
  } else {
    rl_assigns_no_key(b, &assigns, relation);
  }
  if (assigns.count)
    rl_update_rows(b, relation->key_side->model, &assigns, NULL, referring(b, relation, rows), NULL, NULL);
}

/* Changes the key like the referenced fields that it copies. */
static void follow_update(rl_builder *b, const rl_relation *relation, const rl_at *rows, const rl_assigns *assigns) {
  rl_assigns copied = {0};
  for (size_t i = 0; i < relation->count; i++) {
    const rl_assign *assign = rl_assign_of(assigns->items, assigns->count, relation->references[i]);
    if (assign)
      rl_assigns_put(b, &copied, (rl_assign){.field = relation->fields[i], .op = assign->op, .input = assign->input});
  }
  rl_update_rows(b, relation->key_side->model, &copied, NULL, referring(b, relation, rows), NULL, NULL);
}

static void act(rl_builder *b, const rl_relation *relation, rl_action_ref action, const rl_at *rows,
                const rl_assigns *assigns) {
  rl_action_path path = {.relation = relation, .outer = b->actions};
  b->actions = &path;
  switch (action) {
  case RL_REF_RESTRICT: restrict_rows(b, relation, rows); break;
  case RL_REF_SET_NULL: let_go(b, relation, rows, false); break;
  case RL_REF_SET_DEFAULT: let_go(b, relation, rows, true); break;
  case RL_REF_CASCADE:
    if (assigns)
      follow_update(b, relation, rows, assigns);
    else
      rl_delete_rows(b, relation->key_side->model, NULL, referring(b, relation, rows), NULL, NULL);
    break;
  case RL_REF_NO_ACTION: break;
  }
  b->actions = path.outer;
}

/* Checks for a refusal before anything is changed. */
static bool turn(rl_action_ref action, int round) {
  return (action == RL_REF_RESTRICT) == (round == 0);
}

void rl_referential_update(rl_builder *b, const rl_at *rows, const rl_assigns *assigns) {
  if (!b->schema->relation_mode_prisma) return;
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < b->schema->relation_count; i++) {
      const rl_relation *relation = b->schema->relations[i];
      bool acts = refers_to(relation, rows->model) && touched(relation, assigns) && !followed_enough(b, relation);
      if (acts && turn(relation->on_update, round)) act(b, relation, relation->on_update, rows, assigns);
    }
}

static void unlink_rows(rl_builder *b, const rl_relation *relation, const rl_at *rows, bool on_a) {
  rl_delete *gone = rl_add_delete(b, rows->model, NULL, NULL)->as.delete_;
  gone->link = relation;
  *(on_a ? &gone->link_a : &gone->link_b) = rl_at_list(b, rows, rl_model_link_id(rows->model));
}

void rl_referential_delete(rl_builder *b, const rl_at *rows) {
  uint32_t before = rl_guard_on(b, rows->rowset, false);
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < b->schema->relation_count; i++) {
      const rl_relation *relation = b->schema->relations[i];
      bool acts = refers_to(relation, rows->model) && !followed_enough(b, relation);
      if (acts && turn(relation->on_delete, round)) act(b, relation, relation->on_delete, rows, NULL);
      if (!round || !joins(relation, rows->model)) continue;
      if (relation->key_side->model == rows->model) unlink_rows(b, relation, rows, true);
      if (relation->other_side->model == rows->model) unlink_rows(b, relation, rows, false);
    }
  b->guard = before;
}
