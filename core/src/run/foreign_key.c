/* Finds the foreign key that a failed statement has broken, for a database that does not say. It is certain only if the
 * schema allows one. */
#include "run/foreign_key.h"

#define MOST_FOLLOWED 64

typedef struct step_taken {
  const rl_relation *relation;
  bool deleted; /* because rows are deleted, not because values are replaced */
} step_taken;

typedef struct search {
  const rl_schema *schema;
  const rl_relation *asked; /* no other relation counts; NULL: all do */
  const rl_relation *only;  /* the relation that could be broken */
  size_t count;             /* how many there are; 2 or more: not certain */
  step_taken followed[MOST_FOLLOWED];
  size_t followed_count;
} search;

/* The fields that get a new value: those of a step, or those that a referential action of the database changes. */
typedef struct written {
  const rl_step *step;
  const rl_field **fields;
  size_t count;
} written;

static void search_found(search *s, const rl_relation *r) {
  if (s->only == r || (s->asked && s->asked != r)) return;
  s->only = r;
  s->count++;
}

/* Returns whether a relation is followed for the first time: schemas have circles. */
static bool search_follow(search *s, const rl_relation *r, bool deleted) {
  for (size_t i = 0; i < s->followed_count; i++)
    if (s->followed[i].relation == r && s->followed[i].deleted == deleted) return false;
  if (s->followed_count == MOST_FOLLOWED) {
    s->count += 2;
    return false;
  }
  s->followed[s->followed_count++] = (step_taken){r, deleted};
  return true;
}

static bool is_listed(const rl_field *const *fields, size_t count, const rl_field *f) {
  for (size_t i = 0; i < count; i++)
    if (fields[i] == f) return true;
  return false;
}

/* Returns whether the field is assigned. NULL in a new row refers to nothing, so it only counts with null_too. */
static bool is_assigned(const rl_assign *assigns, size_t count, const rl_field *f, bool null_too) {
  for (size_t i = 0; i < count; i++)
    if (assigns[i].field == f) return null_too || assigns[i].input;
  return false;
}

static bool is_inserted(const rl_insert *insert, const rl_field *f) {
  for (size_t i = 0; insert->rows && i < insert->rows->column_count; i++)
    if (insert->rows->columns[i].field == f) return true;
  return f->def.kind != RL_DEFAULT_NONE || is_assigned(insert->assigns, insert->assign_count, f, false) ||
         is_assigned(insert->on_conflict, insert->on_conflict_count, f, true);
}

static bool is_updated(const rl_update *update, const rl_field *f) {
  if (update->rows && is_listed(update->rows->update, update->rows->update_count, f)) return true;
  return is_assigned(update->assigns, update->assign_count, f, true);
}

static bool is_written(const written *w, const rl_field *f) {
  if (!w->step) return is_listed(w->fields, w->count, f);
  return w->step->kind == RL_STEP_INSERT ? is_inserted(w->step->as.insert, f) : is_updated(w->step->as.update, f);
}

static bool any_written(const written *w, const rl_field *const *fields, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_written(w, fields[i])) return true;
  return false;
}

/* Searches the foreign keys of the model, except the one through which the values came. */
static void search_own_references(search *s, const rl_model *m, const written *w, const rl_relation *but) {
  for (size_t i = 0; i < s->schema->relation_count; i++) {
    const rl_relation *r = s->schema->relations[i];
    if (r != but && r->count && r->key_side->model == m && any_written(w, r->fields, r->count)) search_found(s, r);
  }
}

/* Searches the foreign keys that refer to replaced values. */
static void search_replaced_values(search *s, const rl_model *m, const written *w) {
  for (size_t i = 0; i < s->schema->relation_count; i++) {
    const rl_relation *r = s->schema->relations[i];
    if (!r->count || r->key_side->target != m || !any_written(w, r->references, r->count)) continue;
    bool stays = r->on_update == RL_REF_RESTRICT || r->on_update == RL_REF_NO_ACTION;
    if (stays || r->on_update == RL_REF_SET_DEFAULT) search_found(s, r);
    if (stays || !search_follow(s, r, false)) continue;
    written next = {NULL, r->fields, r->count};
    if (r->on_update != RL_REF_SET_NULL) search_own_references(s, r->key_side->model, &next, r);
    search_replaced_values(s, r->key_side->model, &next);
  }
}

/* Searches the foreign keys that refer to deleted rows. */
static void search_deleted_rows(search *s, const rl_model *m) {
  for (size_t i = 0; i < s->schema->relation_count; i++) {
    const rl_relation *r = s->schema->relations[i];
    if (!r->count || r->key_side->target != m) continue;
    bool stays = r->on_delete == RL_REF_RESTRICT || r->on_delete == RL_REF_NO_ACTION;
    if (stays || r->on_delete == RL_REF_SET_DEFAULT) search_found(s, r);
    if (stays || !search_follow(s, r, true)) continue;
    written next = {NULL, r->fields, r->count};
    if (r->on_delete == RL_REF_CASCADE) search_deleted_rows(s, r->key_side->model);
    if (r->on_delete == RL_REF_SET_DEFAULT) search_own_references(s, r->key_side->model, &next, r);
    if (r->on_delete != RL_REF_CASCADE) search_replaced_values(s, r->key_side->model, &next);
  }
}

/* Searches the foreign keys that the rows of the step have. */
static void search_references(search *s, const rl_step *step) {
  written w = {step, NULL, 0};
  if (step->kind == RL_STEP_INSERT && !step->as.insert->link)
    search_own_references(s, step->as.insert->model, &w, NULL);
  else if (step->kind == RL_STEP_UPDATE)
    search_own_references(s, step->as.update->model, &w, NULL);
}

/* Searches the foreign keys that refer to the rows of the step. */
static void search_referenced(search *s, const rl_step *step) {
  written w = {step, NULL, 0};
  if (step->kind == RL_STEP_INSERT && !step->as.insert->link) {
    const rl_insert *insert = step->as.insert;
    if (insert->on_conflict_count || (insert->rows && insert->rows->update_count))
      search_replaced_values(s, insert->model, &w);
  } else if (step->kind == RL_STEP_UPDATE) {
    search_replaced_values(s, step->as.update->model, &w);
  } else if (step->kind == RL_STEP_DELETE && !step->as.delete_->link) {
    search_deleted_rows(s, step->as.delete_->model);
  }
}

const rl_relation *rl_broken_relation(const rl_schema *schema, const rl_step *step) {
  search s = {.schema = schema};
  if (schema->relation_mode_prisma) return NULL;
  search_references(&s, step);
  search_referenced(&s, step);
  return s.count == 1 ? s.only : NULL;
}

const char *rl_broken_side(const rl_schema *schema, const rl_step *step, const rl_relation *relation) {
  search own = {.schema = schema, .asked = relation}, other = own;
  search_references(&own, step);
  search_referenced(&other, step);
  if (!own.count == !other.count) return NULL;
  return own.count ? "referencing" : "referenced";
}
