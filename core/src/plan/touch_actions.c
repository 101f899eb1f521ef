/* What the database does on its own when rows are deleted or their fields are set: referential actions, rows of join
 * tables, and the triggers that `@touches` tells of. Actions have effects themselves, so they are followed until
 * nothing new is found. */
#include "plan/touching.h"

static rl_model_touch *state_of(rl_touching *t, const rl_model *model) {
  return &t->models[model->index];
}

void rl_touching_deletes(rl_touching *t, const rl_model *model) {
  rl_model_touch *m = state_of(t, model);
  t->changed |= !m->deleted;
  m->deleted = true;
}

void rl_touching_sets_all(rl_touching *t, const rl_model *model) {
  rl_model_touch *m = state_of(t, model);
  t->changed |= !m->updated_all;
  m->updated_all = true;
}

void rl_touching_sets(rl_touching *t, const rl_model *model, const rl_field *field) {
  rl_model_touch *m = state_of(t, model);
  if (!m->updated) m->updated = RL_NEW_ARRAY(&t->touch->arena, bool, model->column_count);
  if (!m->updated) {
    t->failed = true;
    return;
  }
  t->changed |= !m->updated[field->column_index];
  m->updated[field->column_index] = true;
}

static bool is_set(rl_touching *t, const rl_field *field) {
  const rl_model_touch *m = state_of(t, field->model);
  return m->updated_all || (m->updated && m->updated[field->column_index]);
}

/* ------------------------------------------------------------------ relations */

static bool writes_referencing(rl_action_ref action) {
  return action == RL_REF_CASCADE || action == RL_REF_SET_NULL || action == RL_REF_SET_DEFAULT;
}

static void sets_key(rl_touching *t, const rl_relation *r) {
  for (size_t i = 0; i < r->count; i++) rl_touching_sets(t, r->key_side->model, r->fields[i]);
}

static void act_on_delete(rl_touching *t, const rl_relation *r) {
  if (!state_of(t, r->other_side->model)->deleted || !writes_referencing(r->on_delete)) return;
  rl_touching_whole(t, r->key_side->model);
  if (r->on_delete == RL_REF_CASCADE)
    rl_touching_deletes(t, r->key_side->model);
  else
    sets_key(t, r);
}

static void act_on_update(rl_touching *t, const rl_relation *r) {
  for (size_t i = 0; i < r->count && writes_referencing(r->on_update); i++) {
    if (!is_set(t, r->references[i])) continue;
    rl_touching_whole(t, r->key_side->model);
    if (r->on_update == RL_REF_CASCADE)
      rl_touching_sets(t, r->key_side->model, r->fields[i]);
    else
      sets_key(t, r);
  }
}

static bool loses_links(rl_touching *t, const rl_model *model) {
  const rl_field *id = rl_model_link_id(model);
  return state_of(t, model)->deleted || (id && is_set(t, id));
}

static void act_on_relation(rl_touching *t, const rl_relation *r) {
  if (r->kind == RL_MANY_TO_MANY) {
    if (loses_links(t, r->key_side->model) || loses_links(t, r->other_side->model))
      (void)rl_touching_write(t, r->join_table, NULL);
    return;
  }
  if (r->key_side->model->is_view || r->other_side->model->is_view) return; /* there is no foreign key */
  act_on_delete(t, r);
  act_on_update(t, r);
}

/* ------------------------------------------------------------------ triggers */

static void act_of_triggers(rl_touching *t, const rl_model *model) {
  if (!state_of(t, model)->written) return;
  for (size_t i = 0; i < model->touch_count; i++) {
    const rl_model *other = model->touches[i];
    if (other->is_view) continue; /* answers from views depend on all writes */
    rl_touching_whole(t, other);
    rl_touching_deletes(t, other);
    rl_touching_sets_all(t, other);
  }
}

void rl_touching_act(rl_touching *t) {
  do {
    t->changed = false;
    for (size_t i = 0; i < t->schema->relation_count; i++) act_on_relation(t, t->schema->relations[i]);
    for (size_t i = 0; i < t->schema->model_count; i++) act_of_triggers(t, t->schema->models[i]);
  } while (t->changed && !t->failed);
}
