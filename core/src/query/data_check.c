/* What cannot be written together, and what is required. As in Prisma, a row is written either through its relations or
 * through its foreign keys. A row written through a relation of its parent has neither the opposite relation nor its
 * key. */
#include "query/bind.h"

static bool is_key_of(const rl_field *scalar, const rl_field *relation) {
  if (!relation->holds_key) return false;
  for (size_t i = 0; i < relation->relation->count; i++)
    if (relation->relation->fields[i] == scalar) return true;
  return false;
}

bool rl_is_parent_key(const rl_field *field, const rl_field *parent) {
  if (!parent) return false;
  return field == parent->opposite || (!field->is_relation && is_key_of(field, parent->opposite));
}

/* Returns the relation that has the field as foreign key, or NULL. */
static const rl_field *relation_of_key(const rl_field *scalar) {
  const rl_model *m = scalar->model;
  for (size_t i = 0; i < m->relation_count; i++)
    if (is_key_of(scalar, m->relations[i])) return m->relations[i];
  return NULL;
}

static rl_arg *find_member(rl_arg *data, const rl_field *field) {
  for (size_t i = 0; i < data->count; i++)
    if (rl_str_eq(data->children[i].key, field->name)) return &data->children[i];
  return NULL;
}

/* Returns a relation that data writes and whose key this model has, or NULL. If there is one, data cannot have keys. */
static const rl_field *relation_written(const rl_model *model, rl_arg *data) {
  for (size_t i = 0; i < model->relation_count; i++)
    if (model->relations[i]->holds_key && find_member(data, model->relations[i])) return model->relations[i];
  return NULL;
}

static rille_status check_together(rl_binder *b, const rl_model *model, rl_arg *data, const rl_field *written) {
  for (size_t i = 0; i < data->count; i++) {
    rl_arg *member = &data->children[i];
    const rl_field *f = rl_find_field(model, member->key);
    if (!f || f->is_relation) continue;
    const rl_field *relation = relation_of_key(f);
    if (relation == written)
      return rl_bad(b, member, f,
                    "cannot be written together with `%.*s`, whose foreign key it is; write only one of them",
                    RL_STR_ARG(written->name));
    if (relation)
      return rl_bad(
          b, member, f,
          "a foreign key cannot be written together with the relation `%.*s`; write `%.*s = { connect = ... }` instead",
          RL_STR_ARG(written->name), RL_STR_ARG(relation->name));
    if (f->def.kind == RL_DEFAULT_AUTOINCREMENT && f->type.scalar == RL_INT) /* as in Prisma; a BigInt can */
      return rl_bad(b, member, f,
                    "an autoincrement field cannot be written together with the relation `%.*s`; write the foreign key "
                    "of `%.*s` instead",
                    RL_STR_ARG(written->name), RL_STR_ARG(written->name));
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ required fields */

static bool may_be_absent(const rl_field *f) {
  return f->ignored || !f->required || f->list || f->updated_at || f->generated_by_db || f->def.kind != RL_DEFAULT_NONE;
}

static rille_status fail_missing(rl_binder *b, const rl_arg *data, const rl_field *f) {
  const rl_field *relation = relation_of_key(f);
  if (relation && relation->ignored) relation = NULL;
  const rl_field *at = relation ? relation : f;
  char *name = rl_arena_strdup(b->arena, at->name);
  if (!name) return rl_nomem(b);
  if (relation)
    return rl_bad_child(b, RL_P2012, data, name, at,
                        "missing; the relation is required: write `{ connect = ... }` or `{ create = ... }`, or `%.*s`",
                        RL_STR_ARG(f->name));
  return rl_bad_child(b, RL_P2012, data, name, at, "missing; the field is required and has no default");
}

static bool through_relation(const rl_model *model, rl_arg *data, const rl_field *scalar) {
  for (size_t i = 0; i < model->relation_count; i++)
    if (is_key_of(scalar, model->relations[i]) && find_member(data, model->relations[i])) return true;
  return false;
}

/* Returns whether data can only be Prisma's input with foreign keys, not the one with relations. */
static bool writes_keys(const rl_model *model, rl_arg *data) {
  for (size_t i = 0; i < data->count; i++) {
    const rl_field *f = rl_find_field(model, data->children[i].key);
    if (!f || f->is_relation) continue;
    if (relation_of_key(f) || (f->def.kind == RL_DEFAULT_AUTOINCREMENT && f->type.scalar == RL_INT)) return true;
  }
  return false;
}

/* Returns whether the field is a required key of optional relations only, and data writes through relations. Then none
 * is needed, and the database refuses the row (P2011) if it does not fill the column itself. */
static bool is_left_to_database(const rl_model *model, rl_arg *data, const rl_field *key) {
  bool any = false;
  for (size_t i = 0; i < model->relation_count; i++) {
    const rl_field *relation = model->relations[i];
    if (!is_key_of(key, relation) || relation->ignored) continue;
    if (relation->required) return false;
    any = true;
  }
  return any && !writes_keys(model, data);
}

static rille_status check_required(rl_binder *b, const rl_model *model, rl_arg *data, const rl_field *parent) {
  for (size_t i = 0; i < model->column_count; i++) {
    const rl_field *f = model->columns[i];
    if (may_be_absent(f) || find_member(data, f) || rl_is_parent_key(f, parent) || rl_scope_value(b, f)) continue;
    if (through_relation(model, data, f) || is_left_to_database(model, data, f)) continue;
    RL_NOTE(fail_missing(b, data, f));
  }
  return RILLE_OK;
}

rille_status rl_check_data(rl_binder *b, const rl_model *model, rl_arg *data, rl_data_mode mode,
                           const rl_field *parent) {
  const rl_field *written = relation_written(model, data);
  if (written) RL_NOTE(check_together(b, model, data, written));
  return mode == RL_DATA_CREATE ? check_required(b, model, data, parent) : RILLE_OK;
}
